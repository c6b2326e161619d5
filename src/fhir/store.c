#include "fhir/store.h"

#include "db/db.h"
#include "fhir/bundle_link.h"
#include "fhir/json_scan.h"
#include "fhir/path_patch.h"
#include "fhir/relation.h"
#include "fhir/store_change.h"
#include "fhir/store_row.h"
#include "fhir/validate.h"

enum { CASCADE_MOST = 20000 };

/* ---- read ---- */

/* An address that no resource can have is not repeated: it may hold any bytes. */
static bool is_address(Str type, Str id)
{
    return fhir_resource(type) && store_is_id(id);
}

static Err not_found(Ctx *c, Str type, Str id)
{
    if (!is_address(type, id))
        return problem(c, ERR_NOT_FOUND, STR_NONE, "no resource has such an address");
    return problem(c, ERR_NOT_FOUND, type, "there is no %.*s/%.*s", STR_ARG(type), STR_ARG(id));
}

static Err gone(Ctx *c, const Resource *r)
{
    return problem(c, ERR_GONE, r->type, "%.*s/%.*s was deleted", STR_ARG(r->type), STR_ARG(r->id));
}

/* The patient's id is an expression: as a column it tempts PostgreSQL, without statistics, to walk all
 * patients in their order until one has this resource. */
static Err read_with_patient(Ctx *c, Str type, Str id, Resource *ret, Str *ret_patient_id)
{
    enum { PATIENT = 6 };
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT type, id, version, updated_us, deleted, body,"
                     " (SELECT MIN(p.patient_id || '') FROM compartment p WHERE p.number = resource.number)"
                     " FROM resource WHERE type = $1 AND id = $2"),
                 ARGS(T(type), T(id)), &rows));
    if (rows_next(rows)) {
        *ret = store_row_read(c->arena, rows);
        *ret_patient_id = arena_str(c->arena, rows_text(rows, PATIENT));
    }
    return rows_error(rows);
}

Err fhir_read(Ctx *c, Str type, Str id, Resource *ret)
{
    Str ignored;
    return fhir_read_of_patient(c, type, id, ret, &ignored);
}

Err fhir_read_of_patient(Ctx *c, Str type, Str id, Resource *ret, Str *ret_patient_id)
{
    Resource r = { 0 };
    *ret_patient_id = STR_NONE;
    if (is_address(type, id))
        TRY(read_with_patient(c, type, id, &r, ret_patient_id));
    if (!r.version)
        return not_found(c, type, id);
    if (r.deleted)
        return gone(c, &r);
    TRY(relation_check(c, &r));
    *ret = r;
    return OK;
}

Err fhir_read_version(Ctx *c, Str type, Str id, Str version, Resource *ret)
{
    int64_t number;
    if (!is_address(type, id) || !str_to_int(version, &number))
        return not_found(c, type, id);
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT type, id, version, updated_us, deleted, body FROM resource_history"
                     " WHERE type = $1 AND id = $2 AND version = $3"),
                 ARGS(T(type), T(id), I(number)), &rows));
    if (!rows_next(rows)) {
        TRY(rows_error(rows));
        return not_found(c, type, id);
    }
    Resource r = store_row_read(c->arena, rows);
    if (r.deleted)
        return gone(c, &r);
    TRY(relation_check(c, &r));
    *ret = r;
    return OK;
}

Err fhir_patient_compartment(Ctx *c, Str patient_id, Resources *ret)
{
    AUTO(rows_done) Rows *rows = NULL;
    Resources found = { 0 };
    if (!store_is_id(patient_id))
        return not_found(c, S("Patient"), patient_id);
    TRY(relation_check_patient(c, patient_id));
    TRY(db_query(c,
                 SQL("SELECT r.type, r.id, r.version, r.updated_us, r.deleted, r.body FROM compartment p"
                     " JOIN resource r ON r.number = p.number"
                     " WHERE p.patient_id = $1 ORDER BY r.type, r.id"),
                 ARGS(T(patient_id)), &rows));
    TRY(store_rows_read(c, rows, &found));
    *ret = found;
    return OK;
}

Err fhir_all(Ctx *c, Str type, Resources *ret)
{
    AUTO(rows_done) Rows *rows = NULL;
    Resources found = { 0 };
    TRY(db_query(c,
                 SQL("SELECT type, id, version, updated_us, deleted, body FROM resource"
                     " WHERE type = $1 AND deleted = 0 ORDER BY id"),
                 ARGS(T(type)), &rows));
    while (rows_next(rows)) {
        bool shows;
        Resource r = store_row_read(c->arena, rows);
        TRY(relation_shows(c, &r, &shows));
        if (shows)
            *list_add(c->arena, &found) = r;
    }
    TRY(rows_error(rows));
    *ret = found;
    return OK;
}

/* ---- write ---- */

static Err definition_of(Ctx *c, Str type, const FhirResource **ret_definition)
{
    *ret_definition = fhir_resource(type);
    if (*ret_definition)
        return OK;
    return problem(c, ERR_NOT_FOUND, STR_NONE, "R4 has no such resource type");
}

/* What comes from outside or from a verb goes through here and nowhere else. */
static Err read_json(Ctx *c, Str type, Str bytes, Json **ret_json)
{
    TRY(json_scan(c, bytes));
    Json *json = json_parse(c->arena, bytes);
    if (!json)
        return problem(c, ERR_SYNTAX, STR_NONE, "this is not JSON");
    TRY(fhir_validate(c, json, type, STR_NONE));
    *ret_json = json;
    return OK;
}

/* In the transaction under way or in one of its own. */
static Err apply_one(Ctx *c, Change *change, Resource *ret)
{
    Changes one = { .at = change, .n = 1 };
    TRY(changes_apply(c, &one));
    *ret = change->after;
    return OK;
}

static Err read_content(Ctx *c, Str type, Str bytes, Content *content)
{
    TRY(definition_of(c, type, &content->definition));
    return read_json(c, type, bytes, &content->json);
}

static void derive_rows(Ctx *c, Content *content)
{
    index_derive(c->arena, content->definition, content->id, 0, content->json, &content->rows);
}

Err fhir_content_new(Ctx *c, Str type, Str bytes, Content *ret_content)
{
    Content content = { .id = uuid_v7(c->arena, c->random, c->now_us) };
    Change change;
    TRY(read_content(c, type, bytes, &content));
    TRY(change_prepare_new(c, content.definition, content.id, content.json, &change));
    content.first = change.after;
    derive_rows(c, &content);
    *ret_content = content;
    return OK;
}

Err fhir_content_at(Ctx *c, Str type, Str id, Str bytes, Content *ret_content)
{
    Content content = { .id = id };
    TRY(read_content(c, type, bytes, &content));
    if (!str_eq(json_find_str(content.json, "id"), id))
        return problem(c, ERR_SYNTAX, arena_fmt(c->arena, "%.*s.id", STR_ARG(type)),
                       "the id in the content must be the one in the address");
    derive_rows(c, &content);
    *ret_content = content;
    return OK;
}

Err fhir_create_content(Ctx *c, const Content *content, Resource *ret)
{
    Change change = { .definition = content->definition,
                      .json = content->json,
                      .rows = &content->rows,
                      .before = { .type = content->first.type, .id = content->id },
                      .after = content->first };
    Resource stored;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(apply_one(c, &change, &stored));
    TRY(tx_commit(tx));
    *ret = stored;
    return OK;
}

Err fhir_create(Ctx *c, Str type, Str bytes, Resource *ret)
{
    Content content;
    TRY(fhir_content_new(c, type, bytes, &content));
    return fhir_create_content(c, &content, ret);
}

/* json NULL deletes; rows NULL: not derived yet. */
static Err write_at(Ctx *c, const FhirResource *definition, Str id, Json *json, const DerivedRows *rows,
                    Str if_match, Resource *ret)
{
    Change change;
    Resource stored;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(change_check_id(c, definition, id));
    /* Who names no version waits for the writer before him instead of being refused. */
    if (!if_match.p)
        TRY(tx_lock(c, arena_fmt(c->arena, "%s/%.*s", definition->type->name, STR_ARG(id))));
    TRY(change_prepare(c, definition, id, json, if_match, false, &change));
    change.rows = rows;
    TRY(apply_one(c, &change, &stored));
    TRY(tx_commit(tx));
    *ret = stored;
    return OK;
}

Err fhir_update_content(Ctx *c, const Content *content, Str if_match, Resource *ret)
{
    return write_at(c, content->definition, content->id, content->json, &content->rows, if_match, ret);
}

Err fhir_update(Ctx *c, Str type, Str id, Str bytes, Str if_match, Resource *ret)
{
    Content content;
    TRY(fhir_content_at(c, type, id, bytes, &content));
    return fhir_update_content(c, &content, if_match, ret);
}

Err fhir_put(Ctx *c, Str type, Str id, Str text, Resource *ret)
{
    const FhirResource *definition;
    Json *json;
    TRY(definition_of(c, type, &definition));
    TRY(read_json(c, type, text, &json));
    Str at = str_empty(id) ? json_find_str(json, "id") : id;
    return write_at(c, definition, at, json, NULL, STR_NONE, ret);
}

Err fhir_match(Ctx *c, Str type, Str query, Str *ret_id)
{
    TRY(tx_lock(c, arena_fmt(c->arena, "%.*s?", STR_ARG(type))));
    return links_match(c, type, query, type, ret_id);
}

Err fhir_check(Ctx *c, Str type, Str bytes)
{
    const FhirResource *definition;
    Json *json;
    TRY(definition_of(c, type, &definition));
    return read_json(c, type, bytes, &json);
}

Err fhir_patch(Ctx *c, Str type, Str id, Str patch, Str if_match, Resource *ret)
{
    Resource current;
    Json *patched;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    if (!if_match.p)
        TRY(tx_lock(c, arena_fmt(c->arena, "%.*s/%.*s", STR_ARG(type), STR_ARG(id))));
    TRY(fhir_read(c, type, id, &current));
    TRY(json_scan(c, patch));
    TRY(patch_apply(c, fhir_resource(type)->type, json_parse(c->arena, current.body),
                    json_parse(c->arena, patch), &patched));
    TRY(fhir_update(c, type, id, json_text(c->arena, patched), if_match, ret));
    return tx_commit(tx);
}

/* ---- deletion ---- */

/* Adds what refers to a resource that is to be deleted. */
static Err add_referrers(Ctx *c, const Resource *gone, Links *seen, Changes *changes)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(
        c,
        SQL("SELECT DISTINCT r.type, r.id FROM index_reference t JOIN resource r ON r.number = t.number"
            " WHERE t.target_id = $1 AND t.target_type = $2 ORDER BY r.type, r.id"),
        ARGS(T(gone->id), T(gone->type)), &rows));
    while (rows_next(rows)) {
        Str type = arena_str(c->arena, rows_text(rows, 0)), id = arena_str(c->arena, rows_text(rows, 1));
        if (seen->n == CASCADE_MOST)
            return problem(c, ERR_TOO_LARGE, gone->type, "more than %d resources would be deleted",
                           CASCADE_MOST);
        if (links_add(seen, arena_fmt(c->arena, "%.*s/%.*s", STR_ARG(type), STR_ARG(id)), id))
            TRY(change_prepare(c, fhir_resource(type), id, NULL, STR_NONE, false,
                               list_add(c->arena, changes)));
    }
    return rows_error(rows);
}

Err fhir_delete_with_referrers(Ctx *c, Str type, Str id, Str if_match)
{
    const FhirResource *definition;
    Changes changes = { 0 };
    AUTO(tx_done) Tx *tx = NULL;
    TRY(definition_of(c, type, &definition));
    TRY(tx_begin(c, &tx));
    Links seen = links_make(c->arena, CASCADE_MOST + 1);
    (void)links_add(&seen, arena_fmt(c->arena, "%.*s/%.*s", STR_ARG(type), STR_ARG(id)), id);
    TRY(change_prepare(c, definition, id, NULL, if_match, false, list_add(c->arena, &changes)));
    for (size_t i = 0; i < changes.n; i++) {
        Resource gone = changes.at[i].after;
        TRY(add_referrers(c, &gone, &seen, &changes));
    }
    TRY(changes_apply(c, &changes));
    return tx_commit(tx);
}

Err fhir_delete(Ctx *c, Str type, Str id, Str if_match)
{
    const FhirResource *definition;
    Resource ignored;
    TRY(definition_of(c, type, &definition));
    return write_at(c, definition, id, NULL, NULL, if_match, &ignored);
}
