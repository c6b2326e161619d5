#include "db/engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static Err err_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return ERR_UNAVAILABLE;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? ERR_CONFLICT
                                                                                        : ERR_INTERNAL;
    default:
        return ERR_INTERNAL;
    }
}

/* A full disk may show as a failed write of the log (SQLITE_IOERR_WRITE) as well as SQLITE_FULL. */
static Err failed(Connection *k)
{
    sqlite3 *handle = k->handle;
    int code = sqlite3_extended_errcode(handle);
    bool no_room = (code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(handle) == ENOSPC;
    Err e = no_room ? ERR_DISK_FULL : err_of(code);
    return trouble(k, e ?: ERR_INTERNAL, "%s", sqlite3_errmsg(handle));
}

/* ---- connections ---- */

static void pause_1ms(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
}

/* SQLite's own handler sleeps up to 100 ms, and then a process that only writes now and then (a command
 * beside the server) finds the lock taken nearly every time. */
static int wait_while_busy(void *connection, int tries)
{
    const Connection *k = connection;
    pause_1ms();
    return tries < k->db->busy_ms;
}

/* Two processes that open a new file at once meet here; SQLite does not call the busy handler for this step.
 */
static Err set_wal(Connection *k)
{
    for (int tries = 0;; tries++) {
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(k->handle, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_step(stmt);
        bool is_wal =
            code == SQLITE_ROW && sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
        sqlite3_finalize(stmt);
        if (is_wal)
            return OK;
        if (code == SQLITE_ROW)
            return trouble(k, ERR_INTERNAL,
                           "%s: this file system cannot hold a write-ahead log; use a local disk",
                           k->db->url);
        if ((code & 0xff) != SQLITE_BUSY || tries >= k->db->busy_ms)
            return failed(k);
        pause_1ms();
    }
}

/* What each write runs: kept prepared. */
static bool is_of_every_write(const char *sql)
{
    static const char *const texts[] = { "SAVEPOINT job", "RELEASE job", "BEGIN IMMEDIATE", "COMMIT" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(sql, texts[i]) == 0)
            return true;
    return false;
}

static Err run_kept(Connection *k, const char *sql)
{
    Statement *s = NULL;
    TRY(statement_take(k, sql, NO_ARGS, &s));
    Err e = sqlite3_step(s->handle) == SQLITE_DONE ? OK : failed(k);
    sqlite3_reset(s->handle);
    statement_give(s);
    return e;
}

static Err sqlite_script(Connection *k, const char *sql)
{
    if (is_of_every_write(sql))
        return run_kept(k, sql);
    return sqlite3_exec(k->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : failed(k);
}

static Err set_up(Connection *k, bool to_write)
{
    sqlite3_extended_result_codes(k->handle, 1);
    sqlite3_busy_handler(k->handle, wait_while_busy, k);
    TRY(sqlite_script(k, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
    if (!to_write)
        return sqlite_script(k, "PRAGMA query_only = ON; PRAGMA cache_size = -16000");
    TRY(set_wal(k));
    /* With recursive triggers a row that REPLACE takes away counts as deleted. */
    return sqlite_script(k, "PRAGMA recursive_triggers = ON; PRAGMA cache_size = -64000; PRAGMA "
                            "wal_autocheckpoint = 16000; PRAGMA temp_store = MEMORY;"
                            "PRAGMA journal_size_limit = 67108864");
}

/* Patients' data are for the user of the program alone; the log beside the file takes over its mode. An
 * existing file is left alone: closing a descriptor of it would drop the locks that this process holds on it.
 */
static void create_private(const char *file)
{
    int fd = open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd >= 0)
        close(fd);
}

/* Its count of memory takes one lock for every allocation of every thread, and nobody reads it. */
static void settle_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* What SQLite is about to compile, asked of us for each thing that the statement does. */
static int only_add(void *unused, int action, const char *first, const char *second, const char *schema,
                    const char *trigger)
{
    static const char *const tables[] = { "audit", "resource_history" };
    (void)unused, (void)schema, (void)trigger;
    const char *table = NULL;
    if (action == SQLITE_UPDATE || action == SQLITE_DELETE || action == SQLITE_DROP_TABLE)
        table = first;
    if (action == SQLITE_ALTER_TABLE || action == SQLITE_DROP_TRIGGER)
        table = second;
    if (action == SQLITE_CREATE_TRIGGER || action == SQLITE_CREATE_TEMP_TRIGGER)
        return SQLITE_DENY;
    if (action == SQLITE_PRAGMA && second &&
        (sqlite3_stricmp(first, "writable_schema") == 0 || sqlite3_stricmp(first, "recursive_triggers") == 0))
        return SQLITE_DENY;
    for (size_t i = 0; table && i < sizeof tables / sizeof tables[0]; i++)
        if (sqlite3_stricmp(table, tables[i]) == 0)
            return SQLITE_DENY;
    return SQLITE_OK;
}

/* Statements that were compiled before are the migrations' own. Readers cannot write at all. */
static void sqlite_guard(Connection *k)
{
    sqlite3_set_authorizer(k->handle, only_add, NULL);
}

static Err sqlite_connect(Connection *k, const char *file, bool to_write)
{
    if (!*file || file[0] == ':')
        return trouble(k, ERR_INTERNAL, "'%s' is not the name of a file", file);
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, settle_library);
    if (to_write)
        create_private(file);
    sqlite3 *handle = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (to_write ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(file, &handle, flags, NULL);
    k->handle = handle;
    if (code != SQLITE_OK)
        return trouble(k, ERR_INTERNAL, "%s: %s", file, handle ? sqlite3_errmsg(handle) : "no memory");
    return set_up(k, to_write);
}

static void sqlite_disconnect(Connection *k)
{
    int code = sqlite3_close(k->handle);
    assert(code == SQLITE_OK); /* else a statement is still open */
    (void)code;
}

static bool sqlite_in_transaction(Connection *k)
{
    return !sqlite3_get_autocommit(k->handle);
}

/* ---- statements ---- */

/* SQLite numbers parameters by first appearance, so $2 may be its first: the name says which argument is
 * meant. 0 where it does not. */
static int64_t argument_of(sqlite3_stmt *stmt, int at)
{
    const char *name = sqlite3_bind_parameter_name(stmt, at);
    int64_t number = 0;
    return name && name[0] == '$' && str_to_int(str_from(name + 1), &number) ? number : 0;
}

static bool is_in_order(sqlite3_stmt *stmt)
{
    int n = sqlite3_bind_parameter_count(stmt), at = 1;
    while (at <= n && argument_of(stmt, at) == at)
        at++;
    return at > n;
}

static Err sqlite_prepare(Statement *s, DbArgs like)
{
    (void)like;
    sqlite3_stmt *stmt = NULL;
    const char *rest = NULL;
    if (sqlite3_prepare_v3(s->on->handle, s->text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &rest) != SQLITE_OK)
        return failed(s->on);
    s->handle = stmt;
    s->in_order = stmt && is_in_order(stmt);
    if (!stmt || *rest)
        return trouble(s->on, ERR_INTERNAL, "a text must be one statement");
    return OK;
}

static void sqlite_forget(Statement *s)
{
    sqlite3_finalize(s->handle);
}

/* keeper: SQLITE_STATIC where the argument outlives what is done with it, else SQLITE_TRANSIENT. */
static int bind_one(sqlite3_stmt *stmt, int at, DbArg arg, sqlite3_destructor_type keeper)
{
    if (arg.is_null)
        return sqlite3_bind_null(stmt, at);
    if (arg.is_text)
        return sqlite3_bind_text64(stmt, at, arg.text.p, arg.text.n, keeper, SQLITE_UTF8);
    return sqlite3_bind_int64(stmt, at, arg.integer);
}

static Err bind_all(Statement *s, DbArgs args, sqlite3_destructor_type keeper)
{
    int n = sqlite3_bind_parameter_count(s->handle);
    if ((size_t)n != args.n)
        return trouble(s->on, ERR_INTERNAL, "the statement has %d parameters and %zu arguments", n, args.n);
    for (int at = 1; at <= n; at++) {
        int64_t number = s->in_order ? at : argument_of(s->handle, at);
        if (number < 1 || number > n)
            return trouble(s->on, ERR_INTERNAL, "parameters are $1 to $%d", n);
        if (bind_one(s->handle, at, args.at[number - 1], keeper) != SQLITE_OK)
            return failed(s->on);
    }
    return OK;
}

static void sqlite_reset(Statement *s)
{
    sqlite3_reset(s->handle);
    sqlite3_clear_bindings(s->handle);
}

static Err step(Statement *s, bool *ret_row)
{
    int code = sqlite3_step(s->handle);
    *ret_row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? OK : failed(s->on);
}

static Err sqlite_run(Statement *s, DbArgs args, Rows *r)
{
    Err e = bind_all(s, args, SQLITE_TRANSIENT);
    if (e == OK)
        e = step(s, &r->row_ready);
    if (e != OK)
        sqlite_reset(s);
    else
        r->row = r->row_ready ? 0 : -1;
    return e;
}

static Err run_many(Statement *s, const DbArgs *rows, size_t n)
{
    Err e = OK;
    for (size_t i = 0; e == OK && i < n; i++) {
        bool row = true;
        e = bind_all(s, rows[i], SQLITE_STATIC);
        while (e == OK && row)
            e = step(s, &row);
        sqlite_reset(s);
    }
    return e;
}

static Err sqlite_run_each(Connection *k, const Prepared *each, size_t n)
{
    Err e = OK;
    (void)k;
    for (size_t i = 0; e == OK && i < n; i++)
        e = run_many(each[i].statement, each[i].rows, each[i].n);
    return e;
}

/* ---- rows ---- */

/* A finished statement that is stepped again would run again: hence row < 0 for "at the end". */
static Err sqlite_next(Rows *r, bool *ret_row)
{
    if (r->row_ready) {
        r->row_ready = false;
        *ret_row = true;
        return OK;
    }
    if (r->row < 0)
        return OK;
    Err e = step(r->statement, ret_row);
    if (!*ret_row)
        r->row = -1;
    return e;
}

static Str sqlite_text(const Rows *r, int column)
{
    sqlite3_stmt *stmt = r->statement->handle;
    const char *p = (const char *)sqlite3_column_text(stmt, column);
    return p ? (Str){ p, (size_t)sqlite3_column_bytes(stmt, column) } : STR_NONE;
}

static int64_t sqlite_integer(const Rows *r, int column)
{
    return sqlite3_column_int64(r->statement->handle, column);
}

static bool sqlite_null(const Rows *r, int column)
{
    return sqlite3_column_type(r->statement->handle, column) == SQLITE_NULL;
}

static void sqlite_finish(Rows *r)
{
    sqlite_reset(r->statement);
}

const Engine sqlite_engine = {
    .name = "sqlite",
    .one_writer = true,
    .owns_schema = true,
    .guard = sqlite_guard,
    .begin = "BEGIN IMMEDIATE",
    .begin_snapshot = "BEGIN",
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .in_transaction = sqlite_in_transaction,
    .integrity = "PRAGMA integrity_check(1)",
    .script = sqlite_script,
    .prepare = sqlite_prepare,
    .forget = sqlite_forget,
    .run = sqlite_run,
    .run_each = sqlite_run_each,
    .next = sqlite_next,
    .text = sqlite_text,
    .integer = sqlite_integer,
    .null = sqlite_null,
    .finish = sqlite_finish,
};
