#include "fhir/index.h"

#include "base/limits.h"
#include "fhir/store_row.h"

/* Not a table: clang leaves the literals out where a statement expression stands in a constant initializer.
 */
static const Sql *insert_statement(IndexTable table)
{
    switch (table) {
    case INDEX_TOKEN:
        return SQL("INSERT INTO index_token (number, type, param, element, system, code, patient_id, at_us)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING");
    case INDEX_STRING:
        return SQL("INSERT INTO index_string (number, type, param, element, folded, exact)"
                   " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING");
    case INDEX_DATE:
        return SQL("INSERT INTO index_date (number, type, param, element, from_us, to_us, is_long)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING");
    case INDEX_NUMBER:
        return SQL("INSERT INTO index_number (number, type, param, element, low, high)"
                   " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING");
    case INDEX_QUANTITY:
        return SQL("INSERT INTO index_quantity (number, type, param, element, system, code, unit, low, high)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING");
    case INDEX_REFERENCE:
        return SQL("INSERT INTO index_reference (number, type, param, element, target_type, target_id)"
                   " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING");
    case INDEX_URI:
        return SQL("INSERT INTO index_uri (number, type, param, element, uri)"
                   " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING");
    case INDEX_COMPARTMENT:
        return SQL(
            "INSERT INTO compartment (patient_id, type, number) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
    case INDEX_TABLES:
        break;
    }
    return NULL;
}

static DbArgs with_number(Arena *a, IndexTable table, DbArgs row, int64_t number)
{
    DbArg *copy = arena_new(a, DbArg, row.n);
    memcpy(copy, row.at, row.n * sizeof *copy);
    copy[table == INDEX_COMPARTMENT ? 2 : 0] = I(number);
    return (DbArgs){ copy, row.n };
}

void index_append(Arena *a, const DerivedRows *more, int64_t number, DerivedRows *rows)
{
    for (IndexTable table = 0; table < INDEX_TABLES; table++)
        for (size_t i = 0; i < more->tables[table].n; i++)
            *list_add(a, &rows->tables[table]) = with_number(a, table, more->tables[table].at[i], number);
}

size_t index_statements(const DerivedRows *rows, DbMany each[INDEX_TABLES])
{
    for (IndexTable i = 0; i < INDEX_TABLES; i++)
        each[i] = (DbMany){ insert_statement(i), rows->tables[i].at, rows->tables[i].n };
    return INDEX_TABLES;
}

Err index_write(Ctx *c, const DerivedRows *rows)
{
    DbMany each[INDEX_TABLES];
    return db_exec_each(c, each, index_statements(rows, each));
}

Err index_forget(Ctx *c, int64_t number)
{
    DbArgs args = ARGS(I(number));
    TRY(db_exec(c, SQL("DELETE FROM index_token WHERE number = $1"), args));
    TRY(db_exec(c, SQL("DELETE FROM index_string WHERE number = $1"), args));
    TRY(db_exec(c, SQL("DELETE FROM index_date WHERE number = $1"), args));
    TRY(db_exec(c, SQL("DELETE FROM index_number WHERE number = $1"), args));
    TRY(db_exec(c, SQL("DELETE FROM index_quantity WHERE number = $1"), args));
    TRY(db_exec(c, SQL("DELETE FROM index_reference WHERE number = $1"), args));
    TRY(db_exec(c, SQL("DELETE FROM index_uri WHERE number = $1"), args));
    return db_exec(c, SQL("DELETE FROM compartment WHERE number = $1"), args);
}

/* ---- rebuild ---- */

static Err forget_all(Ctx *c)
{
    TRY(db_exec(c, SQL("DELETE FROM index_token"), NO_ARGS));
    TRY(db_exec(c, SQL("DELETE FROM index_string"), NO_ARGS));
    TRY(db_exec(c, SQL("DELETE FROM index_date"), NO_ARGS));
    TRY(db_exec(c, SQL("DELETE FROM index_number"), NO_ARGS));
    TRY(db_exec(c, SQL("DELETE FROM index_quantity"), NO_ARGS));
    TRY(db_exec(c, SQL("DELETE FROM index_reference"), NO_ARGS));
    TRY(db_exec(c, SQL("DELETE FROM index_uri"), NO_ARGS));
    return db_exec(c, SQL("DELETE FROM compartment"), NO_ARGS);
}

enum { BATCH = 200 };

/* The next resources after a number. */
static Err read_batch(Ctx *c, int64_t after, Resources *ret_batch)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT type, id, version, updated_us, deleted, body, number FROM resource"
                     " WHERE number > $1 AND deleted = 0 ORDER BY number LIMIT $2"),
                 ARGS(I(after), I(BATCH)), &rows));
    while (rows_next(rows))
        *list_add(c->arena, ret_batch) = store_row_read_numbered(c->arena, rows);
    return rows_error(rows);
}

static Err derive_batch(Ctx *c, const Resources *batch)
{
    DerivedRows rows = { 0 };
    for (size_t i = 0; i < batch->n; i++) {
        const Resource *r = &batch->at[i];
        const FhirResource *definition = fhir_resource(r->type);
        Json *json = json_parse(c->arena, r->body);
        if (!definition || !json)
            return problem(c, ERR_INTERNAL, r->type, "%.*s cannot be read", STR_ARG(r->id));
        index_derive(c->arena, definition, r->id, r->number, json, &rows);
    }
    return index_write(c, &rows);
}

/* A batch has its own arena: the record may be larger than one. */
static Err rebuild_batch(Ctx *c, int64_t *after, bool *ret_more)
{
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Ctx own = *c;
    own.arena = arena;
    Resources batch = { 0 };
    Err e = read_batch(&own, *after, &batch);
    if (e == OK)
        e = derive_batch(&own, &batch);
    if (e != OK)
        return problem(c, e, STR_NONE, "the index could not be rebuilt");
    if (batch.n)
        *after = batch.at[batch.n - 1].number;
    *ret_more = batch.n == BATCH;
    return OK;
}

Err index_rebuild(Ctx *c)
{
    int64_t after = INT64_MIN;
    bool more = true;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(forget_all(c));
    while (more)
        TRY(rebuild_batch(c, &after, &more));
    return tx_commit(tx);
}

/* ---- refresh ---- */

/* Grows by one whenever the same resource gives other rows than before. */
static const int64_t INDEX_RULE = 4;

static Err rule_of(Ctx *c, int64_t *ret_rule)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT value FROM counter WHERE name = 'index_rule'"), NO_ARGS, &rows));
    *ret_rule = rows_next(rows) ? rows_int(rows, 0) : 0;
    return rows_error(rows);
}

Err index_refresh(Ctx *c)
{
    int64_t rule;
    TRY(rule_of(c, &rule));
    if (rule == INDEX_RULE)
        return OK;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(index_rebuild(c));
    TRY(db_exec(c,
                SQL("INSERT INTO counter (name, value) VALUES ('index_rule', $1)"
                    " ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value"),
                ARGS(I(INDEX_RULE))));
    return tx_commit(tx);
}
