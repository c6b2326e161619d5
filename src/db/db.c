#include "db/engine.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what the other files use ---- */

void *db_alloc(size_t size)
{
    void *p = calloc(1, size);
    if (!p) {
        static const char last_words[] = "euthymia: out of memory\n";
        (void)fwrite(last_words, 1, sizeof last_words - 1, stderr);
        exit(EXIT_FAILURE);
    }
    return p;
}

Err trouble(Connection *k, Err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(k->trouble, sizeof k->trouble, format, args);
    va_end(args);
    return err;
}

Err report(Ctx *c, Err err, const char *trouble, const Sql *sql)
{
    if (err == ERR_CONFLICT)
        return problem(c, err, STR_NONE, "an entry with this key exists already");
    if (err == ERR_DISK_FULL)
        return problem(c, err, STR_NONE, "there is no room left where the database is stored");
    if (sql)
        return problem(c, err, STR_NONE, "database: %s (%s:%d)", trouble, sql->file, sql->line);
    return problem(c, err, STR_NONE, "database: %s", trouble);
}

/* ---- open, close ---- */

static const Engine *engine_of(Str url)
{
    bool postgres = str_starts(url, S("postgres://")) || str_starts(url, S("postgresql://"));
    return postgres ? &postgres_engine : &sqlite_engine;
}

static Str without_scheme(Str url)
{
    return str_starts(url, S("sqlite:")) ? str_slice(url, strlen("sqlite:"), url.n) : url;
}

static Err db_start(Ctx *c, Db *db)
{
    if (db->engine->one_writer)
        TRY(writer_open(c, db, &db->writer));
    TRY(db->engine->owns_schema ? migrate(c, db, STR_NONE) : schema_check(c, db));
    if (db->engine->guard)
        db->engine->guard(writer_connection(db->writer));
    return OK;
}

static Db *db_make(Str url, const Engine *engine)
{
    Db *db = db_alloc(sizeof *db);
    Str name = without_scheme(url);
    db->engine = engine;
    db->busy_ms = BUSY_MS;
    db->url = db_alloc(name.n + 1);
    if (name.n)
        memcpy(db->url, name.p, name.n);
    pthread_mutex_init(&db->lock, NULL);
    pthread_mutex_init(&db->barrier.lock, NULL);
    pthread_cond_init(&db->barrier.ended, NULL);
    return db;
}

static Err open_with(Ctx *c, Str url, const Engine *engine, Db **ret_db)
{
    Db *db = db_make(url, engine);
    Err e = db_start(c, db);
    if (e != OK) {
        db = db_close(db);
        return e;
    }
    db->has_schema = true;
    *ret_db = db;
    return OK;
}

Err db_open(Ctx *c, Str url, Db **ret_db)
{
    return open_with(c, url, engine_of(url), ret_db);
}

Err db_open_pooled(Ctx *c, Str url, Db **ret_db)
{
    if (engine_of(url) != &postgres_engine)
        return problem(c, ERR_INVALID, S("--db-pooled"), "Only PostgreSQL has a pooler.");
    return open_with(c, url, &postgres_pooled_engine, ret_db);
}

Err db_migrate(Ctx *c, Str owner_url, Str may_use, int64_t *ret_schema)
{
    const Engine *engine = engine_of(owner_url);
    if (may_use.p && engine->owns_schema)
        return problem(c, ERR_INVALID, STR_NONE,
                       "SQLite knows no roles: whoever may write the file may do all.");
    Db *db = db_make(owner_url, engine);
    Err e = engine->one_writer ? writer_open(c, db, &db->writer) : OK;
    if (e == OK)
        e = migrate(c, db, may_use);
    db = db_close(db);
    *ret_schema = schema_newest();
    return e;
}

Err db_check_add_only(Ctx *c)
{
    const Engine *engine = c->db->engine;
    if (engine->owns_schema)
        return OK;
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query_composed(c, engine->may_rewrite, NO_ARGS, &rows));
    if (rows_next(rows))
        return problem(
            c, ERR_FORBIDDEN, STR_NONE,
            "the role %.*s could alter the audit (table %.*s): the server must run as another one. As the "
            "owner, run 'euthymia migrate --db OWNER_URL --grant ROLE', and serve as ROLE",
            STR_ARG(rows_text(rows, 0)), STR_ARG(rows_text(rows, 1)));
    return rows_error(rows);
}

Db *db_close(Db *db)
{
    if (db) {
        connections_drop_idle(db);
        db->writer = writer_close(db->writer); /* last, so that it folds the write-ahead log into the file */
        pthread_mutex_destroy(&db->lock);
        pthread_mutex_destroy(&db->barrier.lock);
        pthread_cond_destroy(&db->barrier.ended);
        free(db->url);
        free(db);
    }
    return NULL;
}

const char *db_engine_name(const Db *db)
{
    return db->engine->name;
}

bool db_has_one_writer(const Db *db)
{
    return db->engine->one_writer;
}

Err db_integrity(Ctx *c, Str *ret_fault)
{
    *ret_fault = STR_NONE;
    const char *check = c->db->engine->integrity;
    if (!check)
        return OK;
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query_composed(c, check, NO_ARGS, &rows));
    if (rows_next(rows) && !str_is(rows_text(rows, 0), "ok"))
        *ret_fault = arena_str(c->arena, rows_text(rows, 0));
    return rows_error(rows);
}

DbCounts db_counts(Db *db)
{
    return (DbCounts){
        .transactions = db->transactions,
        .commits = db->commits,
        .waiting = db->writer ? (int64_t)writer_waiting(db->writer) : 0,
    };
}

/* ---- statements ---- */

/* PostgreSQL would refuse the NUL, SQLite would store it: the answer must not depend on the engine. */
static Err check_args(Ctx *c, DbArgs args)
{
    assert(args.n <= LIMIT_SQL_ARGS);
    for (size_t i = 0; i < args.n; i++)
        if (args.at[i].is_text && args.at[i].text.n && memchr(args.at[i].text.p, 0, args.at[i].text.n))
            return problem(c, ERR_INVALID, STR_NONE, "a text holds the character U+0000");
    return OK;
}

static Err run_on(Connection *k, const char *text, DbArgs args, Rows *r)
{
    Statement *s = NULL;
    TRY(statement_take(k, text, args, &s));
    r->statement = s;
    r->engine = k->db->engine;
    Err e = r->engine->run(s, args, r);
    r->open = e == OK;
    if (e != OK || r->engine->results_detached) {
        statement_give(s);
        r->statement = NULL;
    }
    return e;
}

static Err run_in_transaction(Ctx *c, const char *text, const Sql *sql, DbArgs args, Rows *r)
{
    Tx *tx = c->tx;
    if (tx->doomed != OK)
        return tx->doomed;
    Err e = run_on(tx->connection, text, args, r);
    if (e != OK) {
        tx->doomed = e;
        return report(c, e, tx->connection->trouble, sql);
    }
    r->tx = tx;
    r->next_open = tx->open;
    tx->open = r;
    return OK;
}

/* A connection that died while it idled is found out here, and nothing has been done on it yet. */
static Err run_alone(Ctx *c, const char *text, const Sql *sql, DbArgs args, Rows *r)
{
    Connection *k = NULL;
    TRY(connection_take(c, c->db, &k));
    Err e = run_on(k, text, args, r);
    if (e != OK && k->lost) {
        TRY(connection_replace(c, &k));
        e = run_on(k, text, args, r);
    }
    if (e != OK)
        e = report(c, e, k->trouble, sql);
    if (e == OK && r->statement)
        r->borrowed = k;
    else
        connection_give(k);
    return e;
}

static Err query(Ctx *c, const char *text, const Sql *sql, DbArgs args, Rows **ret_rows)
{
    TRY(check_args(c, args));
    Rows *r = arena_new(c->arena, Rows, 1);
    r->c = c;
    TRY(c->tx ? run_in_transaction(c, text, sql, args, r) : run_alone(c, text, sql, args, r));
    *ret_rows = r;
    return OK;
}

Err db_query(Ctx *c, const Sql *sql, DbArgs args, Rows **ret_rows)
{
    return query(c, sql->text, sql, args, ret_rows);
}

Err db_query_composed(Ctx *c, const char *sql, DbArgs args, Rows **ret_rows)
{
    return query(c, sql, NULL, args, ret_rows);
}

Err db_exec(Ctx *c, const Sql *sql, DbArgs args)
{
    AUTO(tx_done) Tx *tx = NULL;
    if (!c->tx)
        TRY(tx_begin(c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, sql, args, &rows));
    while (rows_next(rows))
        ;
    TRY(rows_error(rows));
    return tx ? tx_commit(tx) : OK;
}

static Err check_rows(Ctx *c, const DbMany *many)
{
    for (size_t i = 0; i < many->n; i++)
        TRY(check_args(c, many->rows[i]));
    return OK;
}

/* Prepares each that has rows, and runs them. ret_sql: which one could not be prepared, or the first. */
static Err run_each(Connection *k, const DbMany *each, size_t n, const Sql **ret_sql)
{
    Prepared prepared[DB_EACH_MOST];
    size_t taken = 0;
    Err e = OK;
    for (size_t i = 0; e == OK && i < n; i++) {
        if (each[i].n == 0)
            continue;
        *ret_sql = taken ? *ret_sql : each[i].sql;
        prepared[taken] = (Prepared){ .rows = each[i].rows, .n = each[i].n };
        e = statement_take(k, each[i].sql->text, each[i].rows[0], &prepared[taken].statement);
        taken += e == OK;
        if (e != OK)
            *ret_sql = each[i].sql;
    }
    if (e == OK && taken)
        e = k->db->engine->run_each(k, prepared, taken);
    for (size_t i = 0; i < taken; i++)
        statement_give(prepared[i].statement);
    return e;
}

Err db_exec_each(Ctx *c, const DbMany *each, size_t n)
{
    assert(c->tx && n <= DB_EACH_MOST);
    if (c->tx->doomed != OK)
        return c->tx->doomed;
    for (size_t i = 0; i < n; i++)
        TRY(check_rows(c, &each[i]));
    Connection *k = c->tx->connection;
    const Sql *sql = NULL;
    Err e = run_each(k, each, n, &sql);
    if (e != OK) {
        c->tx->doomed = e;
        e = report(c, e, k->trouble, sql);
    }
    return e;
}

Err db_exec_many(Ctx *c, const Sql *sql, const DbArgs *rows, size_t n)
{
    return db_exec_each(c, &(DbMany){ sql, rows, n }, 1);
}

/* ---- rows ---- */

bool rows_next(Rows *r)
{
    if (!r->open || r->error != OK)
        return false;
    bool row = false;
    Err e = r->engine->next(r, &row);
    if (e != OK) {
        r->error = report(r->c, e, r->statement->on->trouble, NULL);
        if (r->tx)
            r->tx->doomed = e;
    }
    return row;
}

Str rows_text(const Rows *r, int column)
{
    return r->open ? r->engine->text(r, column) : STR_NONE;
}

int64_t rows_int(const Rows *r, int column)
{
    return r->open ? r->engine->integer(r, column) : 0;
}

bool rows_null(const Rows *r, int column)
{
    return !r->open || r->engine->null(r, column);
}

Err rows_error(const Rows *r)
{
    return r->error;
}

void rows_close(Rows *r)
{
    if (!r->open)
        return;
    r->open = false;
    r->engine->finish(r);
    if (r->statement)
        statement_give(r->statement);
    if (r->borrowed)
        connection_give(r->borrowed);
}

static void leave_transaction(Rows *r)
{
    Rows **at = &r->tx->open;
    while (*at != r)
        at = &(*at)->next_open;
    *at = r->next_open;
}

void rows_done(Rows **r)
{
    if (*r && (*r)->open) {
        if ((*r)->tx)
            leave_transaction(*r);
        rows_close(*r);
    }
    *r = NULL;
}

/* ---- all texts ---- */

extern const Sql *const __start_sql_texts[] __attribute__((weak));
extern const Sql *const __stop_sql_texts[] __attribute__((weak));

void db_sql_texts(const Sql *const **ret_first, const Sql *const **ret_end)
{
    *ret_first = __start_sql_texts;
    *ret_end = __stop_sql_texts;
}

Err db_check_texts(Ctx *c)
{
    const Sql *const *sql, *const *end;
    db_sql_texts(&sql, &end);
    Connection *k = NULL;
    TRY(connection_take(c, c->db, &k));
    Err first = OK;
    for (; sql < end; sql++) {
        Statement *s = NULL;
        Err e = statement_take(k, (*sql)->text, NO_ARGS, &s);
        if (e != OK)
            e = report(c, e, k->trouble, *sql);
        else
            statement_give(s);
        first = first ?: e;
    }
    k->lost = true; /* statements whose argument types were guessed are not kept */
    connection_give(k);
    return first;
}
