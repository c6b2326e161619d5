/* The inside of db: what its files know of each other. An engine is one row of functions at the level of the
 * statement; everything above (pool, statement cache, transactions) is written once.
 *
 * Functions of an engine return an Err and leave the words for it in connection->trouble. They know no Ctx:
 * the caller turns the trouble into a problem, once. */
#ifndef DB_ENGINE_H
#define DB_ENGINE_H

#include "base/limits.h"
#include "db/db.h"
#include "db/outbox.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct Engine Engine;
typedef struct Connection Connection;
typedef struct Statement Statement;
typedef struct Writer Writer;

enum {
    STATEMENT_BUCKETS = 128,
    STATEMENTS_KEPT = 512, /* past that a connection forgets all and starts anew */
    BUSY_MS = 30000,
};

struct Connection {
    Db *db;
    void *handle; /* sqlite3 or PGconn */
    bool lost;    /* of no more use: closed when it is given back */
    bool crossed; /* the last failure was that of two transactions that crossed one had to end */
    char trouble[256];
    Statement *statements[STATEMENT_BUCKETS];
    size_t statements_n;
    unsigned statements_made;
    Connection *next_idle;
};

struct Statement {
    Connection *on;
    Statement *next; /* in its bucket */
    uint64_t hash;
    char *text;
    bool cached, busy;
    void *handle;  /* sqlite3_stmt; on PostgreSQL not NULL once it is prepared under its number */
    bool in_order; /* SQLite: its parameters appear as they are numbered */
    unsigned number;
};

struct Rows {
    Ctx *c;
    const Engine *engine;
    Statement *statement;
    Connection *borrowed; /* given back at the close; NULL inside a transaction */
    Tx *tx;               /* the transaction it was asked in, or NULL */
    Rows *next_open;      /* of the same transaction */
    bool open;
    Err error;
    void *result;   /* PGresult */
    int row;        /* PostgreSQL: where in it; SQLite: -1 at the end */
    bool row_ready; /* SQLite: stepped to, not yet handed out */
};

typedef enum { JOB_QUEUED, JOB_RUNNING, JOB_WAITING, JOB_ENDED } JobState;

/* A transaction as the writer sees it. */
typedef struct Job {
    struct Job *next;
    JobState state;
    bool keep; /* committed by its owner, not rolled back */
    Err result;
    char trouble[256];
    pthread_t owner;
    pthread_cond_t wake;
} Job;

struct Tx {
    Ctx *c;
    Tx *outer; /* the one that this joined; everything below is then unused but ended */
    bool ended, is_snapshot;
    bool crossed; /* see Connection */
    bool is_left; /* by tx_leave(), and its group is not awaited yet */
    Err doomed;
    Err why; /* it ended */
    Connection *connection;
    Rows *open;
    Arena *arena;  /* that it lives in, whichever its Ctx has meanwhile */
    Events events; /* to be written with the commit */
    Job job;
};

/* A statement, and the rows that it is to be run with. */
typedef struct Prepared {
    Statement *statement;
    const DbArgs *rows;
    size_t n;
} Prepared;

struct Engine {
    const char *name;
    bool one_writer;       /* all transactions share the Writer's connection */
    bool owns_schema;      /* whoever opens the database may change its tables */
    bool results_detached; /* a result lives on without its connection */
    const char *begin, *begin_snapshot;
    const char
        *flush; /* returns when all that was committed before is on the disk; NULL where a commit does */
    const char *lock;           /* takes the lock named $1 until the commit; NULL where writers take turns */
    const char *integrity;      /* one row, 'ok' or what is wrong; NULL where there is no such statement */
    const char *migration_lock; /* first statement of the migrations, likewise */
    const char *may_rewrite; /* a row (role, table) for each table that is only added to and this role could
                              * change */

    /* Fills handle. to_write: for transactions, else for reading outside one. */
    Err (*connect)(Connection *k, const char *url, bool to_write);
    /* From now on this connection may only add to the tables that are only added to; NULL where the role that
     * connects sees to it. */
    void (*guard)(Connection *k);
    void (*disconnect)(Connection *k);
    bool (*in_transaction)(Connection *k);
    /* Statements without arguments or results: BEGIN, COMMIT, the migrations. */
    Err (*script)(Connection *k, const char *sql);
    /* like: arguments whose types the statement will get; its texts are not read. */
    Err (*prepare)(Statement *s, DbArgs like);
    void (*forget)(Statement *s);
    /* To its first row: whatever a statement changes is changed when this returns. */
    Err (*run)(Statement *s, DbArgs args, Rows *r);
    /* Each with its rows, in their order. */
    Err (*run_each)(Connection *k, const Prepared *each, size_t n);
    Err (*next)(Rows *r, bool *ret_row);
    Str (*text)(const Rows *r, int column);
    int64_t (*integer)(const Rows *r, int column);
    bool (*null)(const Rows *r, int column);
    void (*finish)(Rows *r);
};

extern const Engine sqlite_engine, postgres_engine;
/* PostgreSQL behind a pooler in transaction mode: nothing of a session is relied on. */
extern const Engine postgres_pooled_engine;

/* Who waits for the disk (barrier.c). */
typedef struct Barrier {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int64_t asked, flushed; /* waits that began; those that a flush has covered */
    bool is_flushing;
} Barrier;

struct Db {
    const Engine *engine;
    Barrier barrier;
    char *url;
    pthread_mutex_t lock; /* of idle */
    Connection *idle;
    Writer *writer; /* where the engine has one_writer */
    int busy_ms;    /* how long a write waits for another before ERR_UNAVAILABLE */
    _Atomic int64_t transactions, commits;
    bool has_schema;             /* its tables are this program's newest */
    _Atomic int64_t next_number; /* 0: none was taken yet (db_number) */

    /* db/fault.h: the engine's row with some functions replaced, and what it replaced. */
    Engine fault_engine;
    const Engine *real_engine;
    _Atomic int64_t calls;
    int64_t fail_at;
    Err fail_with;
};

/* Zeroed; ends the process where there is no memory, as arenas do. */
void *db_alloc(size_t size);
/* "%s" into k->trouble; returns err. */
Err trouble(Connection *k, Err err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* An engine's trouble as a problem of c; returns err. sql may be NULL. */
Err report(Ctx *c, Err err, const char *trouble, const Sql *sql);

/* connection.c: the pool and the statement cache. */
Err connection_open(Ctx *c, Db *db, bool to_write, Connection **ret);
Connection *connection_close(Connection *k);
Err connection_take(Ctx *c, Db *db, Connection **ret);
void connection_give(Connection *k);
/* For one that was found lost before anything was done on it. The others that idle are most likely dead too,
 * so they go as well. *k is NULL where no new one can be had. */
Err connection_replace(Ctx *c, Connection **k);
void connections_drop_idle(Db *db);
Err statement_take(Connection *k, const char *text, DbArgs like, Statement **ret);
void statement_give(Statement *s);

/* db.c */
void rows_close(Rows *r);

/* outbox.c: the last statements of a transaction, as the lock that they take is everybody's. */
Err outbox_write(Ctx *c, const Events *events);

/* insert_rows.c: an INSERT of one row ("... VALUES ($1, $2)") as one of several, whose arguments follow each
 * other. NULL where it is none, or where its values ask the database, which must see the rows before. Pure.
 */
const char *insert_of_rows(Arena *a, const char *insert, size_t rows, size_t columns);

/* barrier.c: returns when all that was committed before is on the disk. ERR_UNAVAILABLE where that is not
 * known. */
Err barrier_wait(Ctx *c, Db *db);

/* writer.c: group commit. */
Err writer_open(Ctx *c, Db *db, Writer **ret);
Writer *writer_close(Writer *w);
Connection *writer_connection(Writer *w);
/* How many jobs wait for their turn. */
size_t writer_waiting(Writer *w);
/* Waits for this job's turn and opens its savepoint. Has the turn when it returns OK; else the words are in
 * job->trouble, here and below. */
Err writer_begin(Writer *w, Job *job);
/* Ends the savepoint and hands the turn on, or keeps it for this thread's next job. why: OK keeps what the
 * job did; else it is rolled back. Returns why, or how that failed. */
Err writer_leave(Writer *w, Job *job, Err why, bool keep_turn);
/* Hands on a turn that this thread kept, where it did. */
void writer_release(Writer *w);
/* Waits until the group of a job that left is on the disk. Returns what writer_leave() did, or how the group
 * failed. */
Err writer_await(Writer *w, Job *job);

/* migrations.c */
Err migrate(Ctx *c, Db *db, Str may_use);
Err schema_check(Ctx *c, Db *db);
int64_t schema_newest(void);

#endif
