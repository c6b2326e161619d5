#include "server/dump.h"

#include "base/json.h"
#include "base/limits.h"
#include "fhir/index.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum { FORMAT = 1, PAGE_ROWS = 500, COLUMNS_MOST = 16, KEYS_MOST = 3, LINE_BYTES = 2 * LIMIT_RESPONSE_BYTES };

typedef enum TableId {
    TABLE_RESOURCE,
    TABLE_HISTORY,
    TABLE_ACCOUNT,
    TABLE_SESSION,
    TABLE_LINK,
    TABLE_IDEMPOTENCY,
    TABLE_GRANT,
    TABLE_COUNTER,
    TABLE_EVENT,
    TABLE_SUBSCRIPTION,
    TABLE_SUBSCRIPTION_EVENT,
    TABLE_AUDIT,
    TABLES
} TableId;

/* columns: a letter each, t a text, i an integer; the first n_keys of them are the key. */
typedef struct Table {
    const char *name, *columns;
    int n_keys;
} Table;

static const Table tables[TABLES] = {
    [TABLE_RESOURCE] = { "resource", "ttiiit", 2 },
    [TABLE_HISTORY] = { "resource_history", "ttiiit", 3 },
    [TABLE_ACCOUNT] = { "account", "tttttiiti", 1 },
    [TABLE_SESSION] = { "session", "ttiiitii", 1 },
    [TABLE_LINK] = { "patient_link", "ttttttttiii", 1 },
    [TABLE_IDEMPOTENCY] = { "idempotency", "tttttittit", 2 },
    [TABLE_GRANT] = { "access_grant", "ttttttiiitt", 1 },
    [TABLE_COUNTER] = { "counter", "ti", 1 },
    [TABLE_EVENT] = { "event", "iitttti", 1 },
    [TABLE_SUBSCRIPTION] = { "subscription", "tiiiiiiit", 1 },
    [TABLE_SUBSCRIPTION_EVENT] = { "subscription_event", "tiiittt", 2 },
    [TABLE_AUDIT] = { "audit", "tittttttitttttit", 1 },
};

/* Functions, not columns of the table above: see fhir/index_write.c. */
static const Sql *select_page(TableId table)
{
    switch (table) {
    case TABLE_RESOURCE:
        return SQL("SELECT type, id, version, updated_us, deleted, body FROM resource"
                   " WHERE (type, id) > ($1, $2) ORDER BY type, id LIMIT $3");
    case TABLE_HISTORY:
        return SQL("SELECT type, id, version, updated_us, deleted, body FROM resource_history"
                   " WHERE (type, id, version) > ($1, $2, $3) ORDER BY type, id, version LIMIT $4");
    case TABLE_ACCOUNT:
        return SQL(
            "SELECT name, role, person_id, display, password_hash, disabled, created_us, second_factor,"
            " second_factor_step FROM account WHERE name > $1 ORDER BY name LIMIT $2");
    case TABLE_SESSION:
        return SQL("SELECT token_hash, account, created_us, last_seen_us, expires_us, kind, revoked_us,"
                   " locked_us"
                   " FROM session WHERE token_hash > $1 ORDER BY token_hash LIMIT $2");
    case TABLE_LINK:
        return SQL("SELECT token_hash, patient_id, questionnaire, response_id, item_id, score_id, task_id,"
                   " encounter_id, created_us, expires_us, used_us FROM patient_link"
                   " WHERE token_hash > $1 ORDER BY token_hash LIMIT $2");
    case TABLE_IDEMPOTENCY:
        return SQL("SELECT key, account, method, path, body_hash, status, headers, body, created_us, state"
                   " FROM idempotency WHERE (key, account) > ($1, $2) ORDER BY key, account LIMIT $3");
    case TABLE_GRANT:
        return SQL("SELECT id, kind, person_id, display, patient_id, reason, from_us, until_us, reviewed_us,"
                   " reviewed_by, review FROM access_grant WHERE id > $1 ORDER BY id LIMIT $2");
    case TABLE_COUNTER:
        return SQL("SELECT name, value FROM counter WHERE name > $1 ORDER BY name LIMIT $2");
    case TABLE_EVENT:
        return SQL("SELECT number, at_us, patient_id, encounter_id, type, id, version FROM event"
                   " WHERE number > $1 ORDER BY number LIMIT $2");
    case TABLE_SUBSCRIPTION:
        return SQL("SELECT id, version, position, events, delivered, failures, next_us, contacted_us, why"
                   " FROM subscription WHERE id > $1 ORDER BY id LIMIT $2");
    case TABLE_SUBSCRIPTION_EVENT:
        return SQL("SELECT id, number, at_us, version, type, resource_id, patient_id FROM subscription_event"
                   " WHERE (id, number) > ($1, $2) ORDER BY id, number LIMIT $3");
    case TABLE_AUDIT:
        return SQL("SELECT id, at_us, account, role, person_id, address, method, path, status, patient_id,"
                   " interaction, request_id, reason, chain, number, hash"
                   " FROM audit WHERE id > $1 ORDER BY id LIMIT $2");
    default:
        return NULL;
    }
}

static const Sql *insert_row(TableId table)
{
    switch (table) {
    case TABLE_RESOURCE:
        return SQL("INSERT INTO resource (number, type, id, version, updated_us, deleted, body)"
                   " VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM resource), $1, $2, $3, $4, $5, $6)");
    case TABLE_HISTORY:
        return SQL("INSERT INTO resource_history (type, id, version, updated_us, deleted, body)"
                   " VALUES ($1, $2, $3, $4, $5, $6)");
    case TABLE_ACCOUNT:
        return SQL("INSERT INTO account (name, role, person_id, display, password_hash, disabled, created_us,"
                   " second_factor, second_factor_step) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    case TABLE_SESSION:
        return SQL("INSERT INTO session (token_hash, account, created_us, last_seen_us, expires_us, kind,"
                   " revoked_us, locked_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    case TABLE_LINK:
        return SQL("INSERT INTO patient_link (token_hash, patient_id, questionnaire, response_id, item_id,"
                   " score_id, task_id, encounter_id, created_us, expires_us, used_us)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    case TABLE_IDEMPOTENCY:
        return SQL("INSERT INTO idempotency (key, account, method, path, body_hash, status, headers, body,"
                   " created_us, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    case TABLE_GRANT:
        return SQL(
            "INSERT INTO access_grant (id, kind, person_id, display, patient_id, reason, from_us, until_us,"
            " reviewed_us, reviewed_by, review) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    case TABLE_COUNTER: /* a new database has its counters already */
        return SQL("INSERT INTO counter (name, value) VALUES ($1, $2)"
                   " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    case TABLE_EVENT:
        return SQL("INSERT INTO event (number, at_us, patient_id, encounter_id, type, id, version)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7)");
    case TABLE_SUBSCRIPTION:
        return SQL("INSERT INTO subscription (id, version, position, events, delivered, failures, next_us,"
                   " contacted_us, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    case TABLE_SUBSCRIPTION_EVENT:
        return SQL(
            "INSERT INTO subscription_event (id, number, at_us, version, type, resource_id, patient_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)");
    case TABLE_AUDIT:
        return SQL("INSERT INTO audit (id, at_us, account, role, person_id, address, method, path, status,"
                   " patient_id, interaction, request_id, reason, chain, number, hash)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)");
    default:
        return NULL;
    }
}

static Err newest_schema(Ctx *c, int64_t *ret_schema)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT MAX(number) FROM migration"), NO_ARGS, &rows));
    *ret_schema = rows_next(rows) ? rows_int(rows, 0) : 0;
    return rows_error(rows);
}

static Str hex_of(Arena *a, crypto_generichash_state *state)
{
    unsigned char hash[crypto_generichash_BYTES];
    char *text = arena_alloc(a, 1, sizeof hash * 2 + 1);
    (void)crypto_generichash_final(state, hash, sizeof hash);
    sodium_bin2hex(text, sizeof hash * 2 + 1, hash, sizeof hash);
    return str_from(text);
}

/* ---- out ---- */

typedef struct Writing {
    const DumpSink *sink;
    const DumpProgress *progress;
    crypto_generichash_state hash;
    int64_t rows;
} Writing;

/* Where a page starts: after these keys. */
typedef struct Cursor {
    DbArg keys[KEYS_MOST];
    char texts[KEYS_MOST][512];
} Cursor;

static Err put_line(Ctx *c, Writing *w, Str line)
{
    (void)crypto_generichash_update(&w->hash, (const unsigned char *)line.p, line.n);
    if (!w->sink->take(w->sink->to, line))
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "the copy cannot be written");
    return OK;
}

static Str row_line(Arena *a, const Table *table, const Rows *rows)
{
    Buf b = buf_make(a, LINE_BYTES);
    buf_json(&b, "[%s", str_from(table->name));
    for (int i = 0; table->columns[i]; i++) {
        buf_char(&b, ',');
        if (rows_null(rows, i))
            buf_add(&b, S("null"));
        else if (table->columns[i] == 'i')
            buf_json(&b, "%d", rows_int(rows, i));
        else
            buf_json(&b, "%s", rows_text(rows, i));
    }
    buf_add(&b, S("]\n"));
    return buf_str(&b);
}

static Cursor at_start(const Table *table)
{
    Cursor cursor = { 0 };
    for (int i = 0; i < table->n_keys; i++)
        cursor.keys[i] = table->columns[i] == 'i' ? I(INT64_MIN) : T(S(""));
    return cursor;
}

static void move_to(const Table *table, const Rows *rows, Cursor *cursor)
{
    for (int i = 0; i < table->n_keys; i++) {
        if (table->columns[i] == 'i') {
            cursor->keys[i] = I(rows_int(rows, i));
            continue;
        }
        Str text = rows_text(rows, i);
        assert(text.n < sizeof cursor->texts[i]);
        memcpy(cursor->texts[i], text.p, text.n);
        cursor->keys[i] = T((Str){ cursor->texts[i], text.n });
    }
}

static Err put_page(Ctx *c, Writing *w, TableId id, Cursor *cursor, bool *ret_more)
{
    const Table *table = &tables[id];
    DbArg args[KEYS_MOST + 1];
    memcpy(args, cursor->keys, sizeof cursor->keys);
    args[table->n_keys] = I(PAGE_ROWS);
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, select_page(id), (DbArgs){ args, (size_t)table->n_keys + 1 }, &rows));
    int n = 0;
    for (; rows_next(rows); n++) {
        Str line = row_line(c->arena, table, rows);
        move_to(table, rows, cursor);
        TRY(put_line(c, w, line));
    }
    w->rows += n;
    *ret_more = n == PAGE_ROWS;
    return rows_error(rows);
}

static Err put_table(Ctx *c, Writing *w, TableId id)
{
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Ctx one = *c;
    one.arena = arena;
    Cursor cursor = at_start(&tables[id]);
    Err err = OK;
    for (bool more = true; more && err == OK; arena_reset(arena)) {
        err = put_page(&one, w, id, &cursor, &more);
        if (err != OK)
            return problem(c, err, STR_NONE, "%s cannot be copied", tables[id].name);
        if (w->progress && w->progress->show)
            w->progress->show(w->rows);
    }
    return err;
}

static Err put_all(Ctx *c, Writing *w)
{
    int64_t schema;
    TRY(newest_schema(c, &schema));
    TRY(put_line(c, w, json_build(c->arena, "['euthymia',%d,%d]\n", (int64_t)FORMAT, schema)));
    for (TableId id = 0; id < TABLES; id++)
        TRY(put_table(c, w, id));
    Str hash = hex_of(c->arena, &w->hash);
    return put_line(c, w, json_build(c->arena, "['end',%d,%s]\n", w->rows, hash));
}

Err dump_write(Ctx *c, const DumpSink *sink, const DumpProgress *progress, int64_t *ret_rows)
{
    Writing w = { .sink = sink, .progress = progress };
    (void)crypto_generichash_init(&w.hash, NULL, 0, crypto_generichash_BYTES);
    AUTO(tx_done) Tx *tx = NULL;
    TRY(snapshot_begin(c, &tx));
    TRY(put_all(c, &w));
    *ret_rows = w.rows;
    return tx_commit(tx);
}

/* ---- in ---- */

typedef struct Reading {
    const DumpSource *source;
    const DumpProgress *progress;
    crypto_generichash_state hash;
    int64_t rows, line;
    bool ended;
} Reading;

static Err wrong(Ctx *c, const Reading *r, const char *what)
{
    return problem(c, ERR_INVALID, arena_fmt(c->arena, "line %lld", (long long)r->line), "%s", what);
}

static Err next_line(Ctx *c, Reading *r, Str *ret_line, Json **ret_json)
{
    TRY(r->source->next(r->source->from, c, ret_line));
    r->line++;
    if (!ret_line->p)
        return wrong(c, r, "the copy ends too early: nothing was stored");
    *ret_json = json_parse(c->arena, *ret_line);
    return *ret_json ? OK : wrong(c, r, "this is no line of a copy of a clinic");
}

static void hash_line(Reading *r, Str line)
{
    (void)crypto_generichash_update(&r->hash, (const unsigned char *)line.p, line.n);
    (void)crypto_generichash_update(&r->hash, (const unsigned char *)"\n", 1);
}

static Err read_head(Ctx *c, Reading *r)
{
    Str line;
    Json *json;
    int64_t format, schema, here;
    TRY(next_line(c, r, &line, &json));
    if (!str_is(json_str(json_at(json, 0)), "euthymia") || !json_int(json_at(json, 1), &format) ||
        !json_int(json_at(json, 2), &schema))
        return wrong(c, r, "this is no copy of a clinic");
    TRY(newest_schema(c, &here));
    if (format != FORMAT || schema != here)
        return problem(
            c, ERR_INVALID, STR_NONE,
            "the copy is of format %lld and schema %lld, this program reads format %d and schema %lld: "
            "use the release that made it",
            (long long)format, (long long)schema, FORMAT, (long long)here);
    hash_line(r, line);
    return OK;
}

static Err read_end(Ctx *c, Reading *r, Json *json)
{
    int64_t rows;
    if (!json_int(json_at(json, 1), &rows) || rows != r->rows)
        return wrong(c, r, "the copy does not hold as many rows as it says: nothing was stored");
    if (!str_eq(json_str(json_at(json, 2)), hex_of(c->arena, &r->hash)))
        return wrong(c, r, "the copy was altered: nothing was stored");
    r->ended = true;
    return OK;
}

static bool column(char kind, Json *value, DbArg *ret_arg)
{
    int64_t number;
    if (!value)
        *ret_arg = kind == 'i' ? I_NULL : T(STR_NONE);
    else if (kind == 'i' && json_int(value, &number))
        *ret_arg = I(number);
    else if (kind == 't' && json_str(value).p)
        *ret_arg = T(json_str(value));
    else
        return false;
    return true;
}

static Err read_row(Ctx *c, Reading *r, Json *json)
{
    Str name = json_str(json_at(json, 0));
    TableId id = 0;
    while (id < TABLES && !str_is(name, tables[id].name))
        id++;
    size_t n = id < TABLES ? strlen(tables[id].columns) : 0;
    if (n == 0 || json_count(json) != n + 1)
        return wrong(c, r, "this is no row of a table");
    DbArg args[COLUMNS_MOST];
    for (size_t i = 0; i < n; i++)
        if (!column(tables[id].columns[i], json_at(json, i + 1), &args[i]))
            return wrong(c, r, "a column has the wrong kind of value");
    r->rows++;
    return db_exec(c, insert_row(id), (DbArgs){ args, n });
}

static Err read_line(Ctx *c, Reading *r)
{
    Str line;
    Json *json;
    TRY(next_line(c, r, &line, &json));
    if (str_is(json_str(json_at(json, 0)), "end"))
        return read_end(c, r, json);
    hash_line(r, line);
    return read_row(c, r, json);
}

static Err check_empty(Ctx *c)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT name FROM account UNION ALL SELECT id FROM resource_history UNION ALL"
                     " SELECT id FROM audit LIMIT 1"),
                 NO_ARGS, &rows));
    if (rows_next(rows))
        return problem(c, ERR_CONFLICT, STR_NONE,
                       "the database holds something already: a copy goes into an empty one");
    return rows_error(rows);
}

/* Each line in an arena of its own; what went wrong is said in the caller's. */
static Err read_rows(Ctx *c, Reading *r)
{
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    while (!r->ended) {
        Ctx one = *c;
        one.arena = arena;
        one.problems = (typeof(one.problems)){ 0 };
        Err err = read_line(&one, r);
        for (size_t i = 0; i < one.problems.n; i++)
            (void)problem(c, err, arena_str(c->arena, one.problems.at[i].path), "%.*s",
                          STR_ARG(one.problems.at[i].text));
        TRY(err);
        if (r->progress && r->progress->show && r->rows % 1000 == 0)
            r->progress->show(r->rows);
        arena_reset(arena);
    }
    return OK;
}

Err dump_read(Ctx *c, const DumpSource *source, const DumpProgress *progress, int64_t *ret_rows)
{
    Reading r = { .source = source, .progress = progress };
    (void)crypto_generichash_init(&r.hash, NULL, 0, crypto_generichash_BYTES);
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(check_empty(c));
    TRY(read_head(c, &r));
    TRY(read_rows(c, &r));
    TRY(index_rebuild(c));
    *ret_rows = r.rows;
    return tx_commit(tx);
}
