/* PostgreSQL by libpq.
 *
 * Transactions are READ COMMITTED, not SERIALIZABLE: each write ends by raising the counter of the outbox
 * (db/outbox.h), so under SERIALIZABLE any two writes at the same time would conflict and one of them fail,
 * always. A change of one row guards itself (UPDATE ... WHERE version = $n), a decision over several takes
 * tx_lock(). */
#include "db/engine.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

/* Of pg_type: what an argument may be. */
enum { OID_INT8 = 20, OID_TEXT = 25 };
enum { FORMAT_TEXT = 0, FORMAT_BINARY = 1 };
enum { PIPELINE_ROWS = 256 };

/* ---- errors ---- */

typedef struct StateErr {
    const char *state; /* SQLSTATE, or its first characters */
    Err err;
} StateErr;

static const StateErr state_errs[] = {
    { "23505", ERR_CONFLICT },    /* unique_violation */
    { "08P01", ERR_INTERNAL },    /* protocol_violation: a wrong number of arguments */
    { "08", ERR_UNAVAILABLE },    /* connection exceptions */
    { "0A000", ERR_UNAVAILABLE }, /* this server is a standby, or the schema has moved on under a statement */
    { "26000", ERR_UNAVAILABLE }, /* a pooler gave us another server's session */
    { "40", ERR_UNAVAILABLE },    /* serialization_failure, deadlock_detected */
    { "53100", ERR_DISK_FULL },   /* disk_full */
    { "53", ERR_UNAVAILABLE },    /* too_many_connections, out_of_memory */
    { "55P03", ERR_UNAVAILABLE }, /* lock_not_available */
    { "57", ERR_UNAVAILABLE },    /* query_canceled, shutdowns */
};

static Err err_of(const char *state)
{
    for (size_t i = 0; i < sizeof state_errs / sizeof state_errs[0]; i++)
        if (strncmp(state, state_errs[i].state, strlen(state_errs[i].state)) == 0)
            return state_errs[i].err;
    return ERR_INTERNAL;
}

static Err connection_failed(Connection *k)
{
    k->lost = true;
    Str sentence = str_trim(str_from(PQerrorMessage(k->handle)));
    return trouble(k, ERR_UNAVAILABLE, "%.*s", STR_ARG(sentence));
}

/* The server's sentence is told only where it is about the SQL text or the server, not about a value. */
static Err failed(Connection *k, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!state || PQstatus(k->handle) == CONNECTION_BAD)
        return connection_failed(k);
    if (strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0)
        k->lost = true; /* another session may do better */
    if (strncmp(state, "40", 2) == 0)
        k->crossed = true;
    static const char *const telling[] = { "0A", "25", "40", "42", "53", "55", "57", "P0001" };
    const char *sentence = "a value was refused";
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++)
        if (strncmp(state, telling[i], strlen(telling[i])) == 0)
            sentence = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    return trouble(k, err_of(state), "%s (%s%s%s)", sentence, state, constraint ? " " : "",
                   constraint ? constraint : "");
}

static bool succeeded(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static void result_done(PGresult **result)
{
    PQclear(*result);
}

/* ---- connections ---- */

static void ignore_notice(void *unused, const PGresult *result)
{
    (void)unused;
    (void)result;
}

static Err postgres_script(Connection *k, const char *sql)
{
    AUTO(result_done) PGresult *result = PQexec(k->handle, sql);
    if (!succeeded(result))
        return failed(k, result);
    /* COMMIT of a transaction in which something failed is answered by ROLLBACK, without an error. */
    if (strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        return trouble(k, ERR_INTERNAL, "the transaction had failed before its commit");
    return OK;
}

static Err refuse_database(Connection *k, const char *what, const char *is)
{
    return trouble(k, ERR_INTERNAL,
                   "this database's %s is %s, and text would sort otherwise than by bytes; create one with "
                   "CREATE DATABASE name TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
                   what, is);
}

/* The last column asks the order itself: an ICU collation does not show in datcollate. */
static Err check_database(Connection *k)
{
    AUTO(result_done)
    PGresult *result = PQexec(k->handle, "SELECT pg_encoding_to_char(encoding), datcollate, 'B' < 'a'"
                                         " FROM pg_database WHERE datname = current_database()");
    if (!succeeded(result) || PQntuples(result) != 1)
        return failed(k, result);
    const char *encoding = PQgetvalue(result, 0, 0), *collation = PQgetvalue(result, 0, 1);
    if (strcmp(encoding, "UTF8") != 0)
        return refuse_database(k, "encoding", encoding);
    if (strcmp(collation, "C") != 0 && strcmp(collation, "POSIX") != 0)
        return refuse_database(k, "collation", collation);
    if (strcmp(PQgetvalue(result, 0, 2), "t") != 0)
        return refuse_database(k, "collation provider", "not libc");
    return OK;
}

/* An administrator may ask for more than synchronous_commit = on, never for less. */
#define WAIT_FOR_DISK                                                                                        \
    "SELECT set_config('synchronous_commit', 'on', true)"                                                    \
    " WHERE current_setting('synchronous_commit') NOT IN ('remote_apply', 'remote_write', 'on');"
/* A message in the log that nobody reads: its transaction's commit waits for the disk, and so for all that
 * the log holds before it. */
#define FLUSH "SELECT pg_logical_emit_message(true, 'euthymia', '')"

/* Reads outside a transaction cannot write, as on SQLite. Commits do not wait for the disk: the flush after
 * them does (barrier.c). */
static const char session_settings[] = "SET default_transaction_read_only = on;"
                                       "SET lock_timeout = '30s';"
                                       "SET idle_in_transaction_session_timeout = '5min';"
                                       "SET synchronous_commit = off";

static Err postgres_connect(Connection *k, const char *url, bool to_write)
{
    (void)to_write;
    /* What comes after dbname prevails over the URL, what comes before yields to it. */
    const char *const keys[] = { "connect_timeout", "application_name", "dbname", "client_encoding", NULL };
    const char *const values[] = { "10", "euthymia", url, "UTF8", NULL };
    k->handle = PQconnectdbParams(keys, values, 1);
    if (PQstatus(k->handle) != CONNECTION_OK)
        return connection_failed(k);
    PQsetNoticeReceiver(k->handle, ignore_notice, NULL);
    TRY(check_database(k));
    return postgres_script(k, session_settings);
}

static void postgres_disconnect(Connection *k)
{
    PQfinish(k->handle);
}

static bool postgres_in_transaction(Connection *k)
{
    return PQtransactionStatus(k->handle) != PQTRANS_IDLE;
}

/* ---- statements ---- */

typedef struct StatementName {
    char text[16];
} StatementName;

static StatementName name_of(const Statement *s)
{
    StatementName name;
    (void)snprintf(name.text, sizeof name.text, "s%u", s->number);
    return name;
}

static Err postgres_prepare(Statement *s, DbArgs like)
{
    Connection *k = s->on;
    Oid types[LIMIT_SQL_ARGS];
    for (size_t i = 0; i < like.n; i++)
        types[i] = like.at[i].is_text ? OID_TEXT : OID_INT8;
    AUTO(result_done)
    PGresult *result = PQprepare(k->handle, name_of(s).text, s->text, (int)like.n, types);
    if (!succeeded(result))
        return failed(k, result);
    s->handle = s;
    return OK;
}

static void postgres_forget(Statement *s)
{
    char sql[32];
    if (!s->handle || s->on->lost)
        return;
    (void)snprintf(sql, sizeof sql, "DEALLOCATE %s", name_of(s).text);
    PQclear(PQexec(s->on->handle, sql));
}

/* Arguments as libpq wants them. They go in binary, so that a text needs no terminating NUL. */
typedef struct Params {
    const char *values[LIMIT_SQL_ARGS];
    int lengths[LIMIT_SQL_ARGS], formats[LIMIT_SQL_ARGS];
    uint64_t integers[LIMIT_SQL_ARGS]; /* big-endian */
} Params;

static void fill(Params *p, DbArgs args)
{
    for (size_t i = 0; i < args.n; i++) {
        const DbArg *arg = &args.at[i];
        p->integers[i] = __builtin_bswap64((uint64_t)arg->integer);
        p->values[i] = arg->is_null ? NULL : arg->is_text ? arg->text.p : (const char *)&p->integers[i];
        p->lengths[i] = arg->is_text ? (int)arg->text.n : (int)sizeof p->integers[i];
        p->formats[i] = FORMAT_BINARY;
    }
}

static Err postgres_run(Statement *s, DbArgs args, Rows *r)
{
    Connection *k = s->on;
    Params p;
    fill(&p, args);
    PGresult *result =
        PQexecPrepared(k->handle, name_of(s).text, (int)args.n, p.values, p.lengths, p.formats, FORMAT_TEXT);
    if (!succeeded(result)) {
        Err e = failed(k, result);
        PQclear(result);
        return e;
    }
    r->result = result;
    r->row = -1;
    return OK;
}

/* Reads the answers of what was sent up to the sync; the first failure is the one that counts. */
static Err pipeline_drain(Connection *k)
{
    Err first = OK;
    for (;;) {
        PGresult *result = PQgetResult(k->handle);
        if (!result && PQstatus(k->handle) == CONNECTION_BAD)
            return first ?: connection_failed(k);
        if (!result)
            continue; /* the end of one statement's results */
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR && first == OK)
            first = failed(k, result);
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC)
            return first;
    }
}

typedef int SendFn(Statement *s, DbArgs args);

static int send_prepared(Statement *s, DbArgs args)
{
    Params p;
    fill(&p, args);
    return PQsendQueryPrepared(s->on->handle, name_of(s).text, (int)args.n, p.values, p.lengths, p.formats,
                               FORMAT_TEXT);
}

static Err pipeline_sync(Connection *k)
{
    return PQpipelineSync(k->handle) ? pipeline_drain(k) : connection_failed(k);
}

/* ---- several rows in one statement ---- */

/* An INSERT of one row, once more for 2, 4, 8 and 16 of them: most of what a row costs is the statement. */
enum { WIDTHS = 5, WIDE_BYTES = 256 * 1024 };
typedef struct Wide {
    const Prepared *one;
    Statement *by_width[WIDTHS]; /* [0] is the statement itself; NULL: not needed, or too many arguments */
} Wide;

/* The arguments of rows rows, one after the other. */
static DbArgs wide_args(const DbArgs *rows, size_t n, DbArg room[LIMIT_SQL_ARGS])
{
    size_t taken = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rows[i].n; k++)
            room[taken++] = rows[i].at[k];
    return (DbArgs){ room, taken };
}

/* The statements that these rows need. Before the pipeline: within it nothing can be prepared. */
static Err wide_make(Arena *a, Connection *k, const Prepared *one, Wide *wide)
{
    DbArg room[LIMIT_SQL_ARGS];
    size_t columns = one->n ? one->rows[0].n : 0;
    *wide = (Wide){ .one = one, .by_width = { one->statement } };
    for (size_t i = 1; i < WIDTHS; i++) {
        size_t rows = (size_t)1 << i;
        bool is_needed = one->n >= rows && (i + 1 == WIDTHS || one->n & rows || one->n >= 2 * rows);
        if (!is_needed || rows * columns > LIMIT_SQL_ARGS)
            continue;
        const char *text = insert_of_rows(a, one->statement->text, rows, columns);
        if (text)
            TRY(statement_take(k, text, wide_args(one->rows, rows, room), &wide->by_width[i]));
    }
    return OK;
}

static void wide_give(const Wide *wide)
{
    for (size_t i = 1; i < WIDTHS; i++)
        if (wide->by_width[i])
            statement_give(wide->by_width[i]);
}

static size_t bytes_of(DbArgs args)
{
    size_t bytes = 0;
    for (size_t i = 0; i < args.n; i++)
        bytes += args.at[i].is_text ? args.at[i].text.n : sizeof(int64_t);
    return bytes;
}

/* How many of the rows from this one on go into one statement, as a power of two: as many as there are and as
 * it takes, and no more bytes than a message should have. */
static size_t width_at(const Wide *wide, size_t row, DbArg room[LIMIT_SQL_ARGS], DbArgs *ret_args)
{
    size_t width = WIDTHS - 1;
    for (;; width--) {
        if (!wide->by_width[width] || wide->one->n - row < (size_t)1 << width)
            continue;
        *ret_args = wide_args(&wide->one->rows[row], (size_t)1 << width, room);
        if (width == 0 || bytes_of(*ret_args) <= WIDE_BYTES)
            return width;
    }
}

/* The answers are read after PIPELINE_ROWS of them at the latest, so that neither side waits for the other
 * with its buffers full. */
static Err send_each(Connection *k, const Wide *each, size_t n, SendFn *send)
{
    DbArg room[LIMIT_SQL_ARGS];
    size_t sent = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t row = 0, width; row < each[i].one->n; row += (size_t)1 << width) {
            DbArgs args;
            width = width_at(&each[i], row, room, &args);
            if (!send(each[i].by_width[width], args))
                return connection_failed(k);
            if (++sent % PIPELINE_ROWS == 0)
                TRY(pipeline_sync(k));
        }
    return sent % PIPELINE_ROWS ? pipeline_sync(k) : OK;
}

static Err send_in_pipeline(Connection *k, const Wide *each, size_t n, SendFn *send)
{
    if (!PQenterPipelineMode(k->handle))
        return connection_failed(k);
    Err e = send_each(k, each, n, send);
    if (!PQexitPipelineMode(k->handle) && e == OK)
        e = connection_failed(k);
    return e;
}

static Err run_pipeline(Connection *k, const Prepared *each, size_t n, SendFn *send)
{
    AUTO(arena_done) Arena *arena = arena_create(SIZE_MAX);
    Wide wide[DB_EACH_MOST];
    size_t made = 0;
    Err e = OK;
    for (; made < n && e == OK; made++)
        e = wide_make(arena, k, &each[made], &wide[made]);
    if (e == OK)
        e = send_in_pipeline(k, wide, n, send);
    for (size_t i = 0; i < made; i++)
        wide_give(&wide[i]);
    return e;
}

static Err postgres_run_each(Connection *k, const Prepared *each, size_t n)
{
    return run_pipeline(k, each, n, send_prepared);
}

/* ---- rows ---- */

static Err postgres_next(Rows *r, bool *ret_row)
{
    *ret_row = r->row + 1 < PQntuples(r->result);
    if (*ret_row)
        r->row++;
    return OK;
}

static Str postgres_text(const Rows *r, int column)
{
    if (PQgetisnull(r->result, r->row, column))
        return STR_NONE;
    return (Str){ PQgetvalue(r->result, r->row, column), (size_t)PQgetlength(r->result, r->row, column) };
}

static int64_t postgres_integer(const Rows *r, int column)
{
    int64_t value = 0;
    (void)str_to_int(postgres_text(r, column), &value); /* a text that is no number is 0, as on SQLite */
    return value;
}

static bool postgres_null(const Rows *r, int column)
{
    return PQgetisnull(r->result, r->row, column);
}

static void postgres_finish(Rows *r)
{
    PQclear(r->result);
    r->result = NULL;
}

/* ---- through a pooler in transaction mode ---- */

/* The next statement may run in another session: nothing is prepared, every execution carries its text. The
 * types of the arguments go with it, as the server would otherwise guess them. */
static void types_of(DbArgs args, Oid types[LIMIT_SQL_ARGS])
{
    for (size_t i = 0; i < args.n; i++)
        types[i] = args.at[i].is_text ? OID_TEXT : OID_INT8;
}

static Err pooled_connect(Connection *k, const char *url, bool to_write)
{
    (void)to_write;
    const char *const keys[] = { "connect_timeout", "application_name", "dbname", "client_encoding", NULL };
    const char *const values[] = { "10", "euthymia", url, "UTF8", NULL };
    k->handle = PQconnectdbParams(keys, values, 1);
    if (PQstatus(k->handle) != CONNECTION_OK)
        return connection_failed(k);
    PQsetNoticeReceiver(k->handle, ignore_notice, NULL);
    return check_database(k);
}

static Err pooled_prepare(Statement *s, DbArgs like)
{
    (void)like;
    s->handle = s;
    return OK;
}

static void pooled_forget(Statement *s)
{
    (void)s;
}

static Err pooled_run(Statement *s, DbArgs args, Rows *r)
{
    Oid types[LIMIT_SQL_ARGS];
    Params p;
    types_of(args, types);
    fill(&p, args);
    PGresult *result =
        PQexecParams(s->on->handle, s->text, (int)args.n, types, p.values, p.lengths, p.formats, FORMAT_TEXT);
    if (!succeeded(result)) {
        Err e = failed(s->on, result);
        PQclear(result);
        return e;
    }
    r->result = result;
    r->row = -1;
    return OK;
}

static int pooled_send(Statement *s, DbArgs args)
{
    Oid types[LIMIT_SQL_ARGS];
    Params p;
    types_of(args, types);
    fill(&p, args);
    return PQsendQueryParams(s->on->handle, s->text, (int)args.n, types, p.values, p.lengths, p.formats,
                             FORMAT_TEXT);
}

static Err pooled_run_each(Connection *k, const Prepared *each, size_t n)
{
    return run_pipeline(k, each, n, pooled_send);
}

static const char may_rewrite[] =
    "SELECT current_user, relname FROM pg_class"
    " WHERE oid IN (to_regclass('audit'), to_regclass('resource_history'))"
    " AND (pg_has_role(relowner, 'MEMBER') OR has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER'))"
    " ORDER BY relname";

const Engine postgres_engine = {
    .name = "postgresql",
    .may_rewrite = may_rewrite,
    .results_detached = true,
    .begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    .flush = "BEGIN; SET LOCAL synchronous_commit TO DEFAULT; " WAIT_FOR_DISK FLUSH "; COMMIT",
    .begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
    .migration_lock = "SELECT pg_advisory_xact_lock(7310579641)",
    .connect = postgres_connect,
    .disconnect = postgres_disconnect,
    .in_transaction = postgres_in_transaction,
    .script = postgres_script,
    .prepare = postgres_prepare,
    .forget = postgres_forget,
    .run = postgres_run,
    .run_each = postgres_run_each,
    .next = postgres_next,
    .text = postgres_text,
    .integer = postgres_integer,
    .null = postgres_null,
    .finish = postgres_finish,
};

/* The settings of a session become those of each transaction. A read outside one cannot be kept from writing
 * here, as a session could be: db_query() has none that does. */
const Engine postgres_pooled_engine = {
    .name = "postgresql",
    .may_rewrite = may_rewrite,
    .results_detached = true,
    .begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
             "SET LOCAL lock_timeout = '30s';"
             "SET LOCAL idle_in_transaction_session_timeout = '5min'; SET LOCAL synchronous_commit = off",
    .flush = "BEGIN; " WAIT_FOR_DISK FLUSH "; COMMIT",
    .begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
    .migration_lock = "SELECT pg_advisory_xact_lock(7310579641)",
    .connect = pooled_connect,
    .disconnect = postgres_disconnect,
    .in_transaction = postgres_in_transaction,
    .script = postgres_script,
    .prepare = pooled_prepare,
    .forget = pooled_forget,
    .run = pooled_run,
    .run_each = pooled_run_each,
    .next = postgres_next,
    .text = postgres_text,
    .integer = postgres_integer,
    .null = postgres_null,
    .finish = postgres_finish,
};
