/* The database: SQL on SQLite or PostgreSQL, behind db_query() and rows_done(). One SQL text serves both
 * engines: parameters $1..$n, BIGINT and TEXT only, text ordered by bytes, no LIKE, no date or JSON
 * functions, keyset pages, INSERT ... ON CONFLICT ... RETURNING.
 *
 *     AUTO(rows_done) Rows *rows = NULL;
 *     TRY(db_query(c, SQL("SELECT body FROM resource WHERE type = $1 AND id = $2"),
 *                  ARGS(T(type), T(id)), &rows));
 *     if (!rows_next(rows))
 *         return rows_error(rows) ?: ERR_NOT_FOUND;
 *     Str body = arena_str(c->arena, rows_text(rows, 0));
 *
 * Outside a transaction a query sees the last committed state, on a read connection of its own. Inside one
 * (c->tx != NULL) it runs in it.
 *
 *     AUTO(tx_done) Tx *tx = NULL;
 *     TRY(tx_begin(c, &tx));
 *     TRY(db_exec(c, SQL("INSERT ..."), ARGS(...)));
 *     return tx_commit(tx);
 *
 * tx_done() rolls back unless tx_commit() ran. When tx_commit() returns OK the change is on the disk. On
 * SQLite all writers share one connection, a savepoint each, and the writer thread commits them in groups
 * with synchronous=FULL; on PostgreSQL a transaction is a transaction. A tx_begin() inside a transaction
 * joins it: the inner commit does nothing, an inner tx_done() without commit dooms the outer one. So does a
 * statement that fails in it: what may exist already is written with ON CONFLICT, not by trying. The end of a
 * transaction closes the rows that are still open in it. What a transaction has read is certain once
 * tx_commit() returned OK, so one that only looked is committed too. Outside a transaction db_query() cannot
 * write; db_exec() makes its own.
 *
 * A Db is shared by all threads, a Ctx is not. A thread has at most one transaction under way.
 *
 * Errors: ERR_UNAVAILABLE (busy, connection lost, serialization: try again), ERR_DISK_FULL, ERR_CONFLICT (a
 * unique key is taken), ERR_INVALID (a text with a NUL character), ERR_INTERNAL (anything else; the text is
 * in the problem list, never a patient's data). */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/ctx.h"

typedef struct Db Db;
typedef struct Tx Tx;
typedef struct Rows Rows;

/* url: "sqlite:FILE", a bare FILE, or "postgres://...". Opens, checks the engine's settings (on PostgreSQL a
 * database whose text order is not LOCALE 'C' is refused) and the schema: SQLite's is brought up to date
 * (db/migrations.c), a missing file is made; PostgreSQL's must be, by db_migrate(). The problem list says
 * what is wrong. */
MUST_USE Err db_open(Ctx *c, Str url, Db **ret_db);
/* The same through a pooler in transaction mode (pgbouncer): no named statement, no setting of a session,
 * each transaction with its own. ERR_INVALID for SQLite, which has no pooler. */
MUST_USE Err db_open_pooled(Ctx *c, Str url, Db **ret_db);
/* Brings the schema up to date, on PostgreSQL as the role that owns the tables. may_use, where not absent: a
 * role of PostgreSQL that from then on may read and write, and only add to the tables that are only added to.
 * ret_schema: the number of the newest migration. */
MUST_USE Err db_migrate(Ctx *c, Str owner_url, Str may_use, int64_t *ret_schema);
/* ERR_FORBIDDEN where the engine would let this program change the rows of audit or resource_history: where
 * on PostgreSQL its role owns them or may do it. SQLite's connections refuse it themselves. */
MUST_USE Err db_check_add_only(Ctx *c);
/* NULL is allowed; returns NULL. Waits for what is being written. */
Db *db_close(Db *db);
/* "sqlite" or "postgresql". */
const char *db_engine_name(const Db *db);

typedef struct DbArg {
    bool is_text, is_null;
    Str text;
    int64_t integer;
} DbArg;

typedef struct DbArgs {
    const DbArg *at;
    size_t n;
} DbArgs;

static inline DbArg T(Str text)
{
    return (DbArg){ .is_text = true, .is_null = !text.p, .text = text }; /* an absent Str is NULL */
}
static inline DbArg I(int64_t integer)
{
    return (DbArg){ .integer = integer };
}
/* NULL for a BIGINT column. */
#define I_NULL ((DbArg){ .is_null = true })
#define ARGS(...)                                                                                            \
    ((DbArgs){ (const DbArg[]){ __VA_ARGS__ }, sizeof((const DbArg[]){ __VA_ARGS__ }) / sizeof(DbArg) })
#define NO_ARGS ((DbArgs){ NULL, 0 })

/* A literal SQL text. Each is also put into a linker section, so that one test prepares every statement of
 * the program on both engines (db_sql_texts). */
typedef struct Sql {
    const char *text;
    const char *file;
    int line;
} Sql;
#define SQL(literal)                                                                                         \
    (__extension__({                                                                                         \
        static const Sql sql_ = { "" literal, __FILE__, __LINE__ };                                          \
        static const Sql *const sql_entry_ __attribute__((section("sql_texts"), used)) = &sql_;              \
        &sql_;                                                                                               \
    }))
/* Every SQL() of the program, for the test. */
void db_sql_texts(const Sql *const **ret_first, const Sql *const **ret_end);
/* Prepares each of them and names every one that the engine refuses. */
MUST_USE Err db_check_texts(Ctx *c);

MUST_USE Err db_query(Ctx *c, const Sql *sql, DbArgs args, Rows **ret_rows);
/* For search only (fhir/search_sql.c): a text composed of literals. Nothing of a request enters it. */
MUST_USE Err db_query_composed(Ctx *c, const char *sql, DbArgs args, Rows **ret_rows);
MUST_USE Err db_exec(Ctx *c, const Sql *sql, DbArgs args);
/* The same statement for many rows, cheaply (one prepared statement; libpq's pipeline on PostgreSQL). Inside
 * a transaction only. */
MUST_USE Err db_exec_many(Ctx *c, const Sql *sql, const DbArgs *rows, size_t n);
/* Several of those, one after the other: PostgreSQL gets them in one trip. */
enum { DB_EACH_MOST = 16 };
typedef struct DbMany {
    const Sql *sql;
    const DbArgs *rows;
    size_t n; /* 0: passed over */
} DbMany;
MUST_USE Err db_exec_each(Ctx *c, const DbMany *each, size_t n);

bool rows_next(Rows *r);
/* Borrowed until rows_next(). Absent for NULL. */
Str rows_text(const Rows *r, int column);
int64_t rows_int(const Rows *r, int column);
bool rows_null(const Rows *r, int column);
/* Why rows_next() returned false: OK at the end. */
Err rows_error(const Rows *r);
/* For AUTO(rows_done): closes. */
void rows_done(Rows **r);

MUST_USE Err tx_begin(Ctx *c, Tx **ret_tx);
MUST_USE Err tx_commit(Tx *tx);
void tx_done(Tx **tx);
/* tx_commit() in two halves, for a thread that has several transactions to do and waits once for all: they
 * are in one group. tx_leave() ends it, kept where why is OK and rolled back otherwise; with more the thread
 * keeps the turn for its next tx_begin(), and gives it back with tx_no_more(). Until tx_await() has returned,
 * nothing that the transaction did or saw may leave the program; it returns why, or how it failed. Of a
 * transaction that joined none. On PostgreSQL tx_leave() does all of it. */
void tx_leave(Tx *tx, Err why, bool more);
MUST_USE Err tx_await(Tx *tx);
void tx_no_more(Db *db);
/* Of a transaction that has ended: whether it failed because another one crossed it (a deadlock, a
 * serialization failure), so that all of it may be done once more. */
bool tx_crossed(const Tx *tx);
/* Whether transactions share one writer, so that a thread gains by doing several at once. */
bool db_has_one_writer(const Db *db);
/* A transaction that only reads, and sees one state however long it takes; no writer waits for it. End it as
 * any other. */
MUST_USE Err snapshot_begin(Ctx *c, Tx **ret_tx);
/* Until the end of the transaction no other transaction has the lock of this name ("Patient/123"). For a
 * decision that reads several rows and writes on the strength of them: SQLite's writers take turns anyway,
 * PostgreSQL's do not. Take it before reading. */
MUST_USE Err tx_lock(Ctx *c, Str name);

/* Returns when all that was committed before, by whomever, is on the disk: for what is told on the strength
 * of a read outside a transaction. On SQLite it always is. ERR_UNAVAILABLE where that is not known. */
MUST_USE Err db_await_disk(Ctx *c);
/* A number that no other resource of this database has, nor will have: for the rows that are derived from it.
 * Numbers that one program takes ascend. Inside a transaction. */
int64_t db_number(Ctx *c);

/* Reads the whole file and says what is wrong with it, absent where nothing is: SQLite's own check.
 * PostgreSQL checks its pages as it reads them; there it says nothing. */
MUST_USE Err db_integrity(Ctx *c, Str *ret_fault);

/* For the health page. Fewer commits than transactions on SQLite under load: several share one. */
typedef struct DbCounts {
    int64_t transactions, commits; /* since db_open() */
    int64_t waiting;               /* for their turn to write, now; 0 on PostgreSQL */
} DbCounts;
DbCounts db_counts(Db *db);

#endif
