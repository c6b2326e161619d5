#include "fhir/store_change.h"

#include "base/limits.h"
#include "base/time.h"
#include "db/outbox.h"
#include "fhir/index.h"
#include "fhir/relation.h"
#include "fhir/store_row.h"
#include "fhir/store_text.h"

#include <inttypes.h>

/* ---- prepare ---- */

/* The text says milliseconds, so the column does too: a search by what was read finds it. */
static int64_t update_time(const Ctx *c)
{
    return c->now_us - c->now_us % 1000;
}

static Str path_of(Ctx *c, const FhirResource *definition, const char *member)
{
    return arena_fmt(c->arena, "%s.%s", definition->type->name, member);
}

static Err next_version(Ctx *c, Change *change)
{
    Resource *after = &change->after;
    after->version = change->before.version + 1;
    after->updated_us = update_time(c);
    after->created = !change->before.version || change->before.deleted;
    after->deleted = !change->json;
    if (after->deleted)
        return OK;
    after->body = store_text(c->arena, change->json, after->id, after->version, after->updated_us);
    if (!after->body.p)
        return problem(c, ERR_TOO_LARGE, str_from(change->definition->type->name), "larger than %d bytes",
                       LIMIT_RESOURCE_BYTES);
    return OK;
}

static Change change_of(const FhirResource *definition, Str id, Json *json)
{
    Str type = str_from(definition->type->name);
    return (Change){
        .definition = definition,
        .json = json,
        .before = { .type = type, .id = id },
        .after = { .type = type, .id = id },
    };
}

static Err check_match(Ctx *c, const Change *change, Str if_match)
{
    Str current = arena_fmt(c->arena, "%" PRId64, change->before.version);
    if (!if_match.p || (str_eq(if_match, current) && !change->before.deleted))
        return OK;
    return problem(c, ERR_STALE, path_of(c, change->definition, "meta.versionId"),
                   "the current version is %.*s, not %.*s", STR_ARG(current), STR_ARG(if_match));
}

/* Whether the new content, under the version that is stored, would be the very text that is stored. */
static bool same_content(Ctx *c, const Change *change)
{
    const Resource *before = &change->before;
    if (!before->version || before->deleted || !change->json)
        return false;
    return str_eq(store_text(c->arena, change->json, before->id, before->version, before->updated_us),
                  before->body);
}

Err change_check_id(Ctx *c, const FhirResource *definition, Str id)
{
    if (store_is_id(id))
        return OK;
    return problem(c, ERR_SYNTAX, path_of(c, definition, "id"),
                   "an id has 1 to 64 letters, digits, hyphens and full stops");
}

Err change_prepare_new(Ctx *c, const FhirResource *definition, Str id, Json *json, Change *ret_change)
{
    TRY(change_check_id(c, definition, id));
    Change change = change_of(definition, id, json);
    TRY(next_version(c, &change));
    *ret_change = change;
    return OK;
}

static Err prepare_over(Ctx *c, bool skip_equal, Change *change)
{
    bool gone_already = !change->json && change->before.deleted;
    if (!gone_already && !(skip_equal && same_content(c, change)))
        return next_version(c, change);
    change->after = change->before;
    change->after.unchanged = true;
    return OK;
}

Err change_prepare(Ctx *c, const FhirResource *definition, Str id, Json *json, Str if_match, bool skip_equal,
                   Change *ret_change)
{
    TRY(change_check_id(c, definition, id));
    Change change = change_of(definition, id, json);
    change.if_match = if_match.p != NULL;
    TRY(store_row_current(c, change.after.type, id, &change.before));
    if (!json && !change.before.version)
        return problem(c, ERR_NOT_FOUND, path_of(c, definition, "id"), "there is no %s/%.*s",
                       definition->type->name, STR_ARG(id));
    TRY(check_match(c, &change, if_match));
    TRY(prepare_over(c, skip_equal, &change));
    *ret_change = change;
    return OK;
}

/* ---- apply ---- */

typedef LIST(DbArgs) RowList;

static DbArgs row_of(Ctx *c, const Resource *r, bool with_number)
{
    enum { COLUMNS = 7 };
    DbArg *row = arena_new(c->arena, DbArg, COLUMNS);
    row[0] = T(r->type);
    row[1] = T(r->id);
    row[2] = I(r->version);
    row[3] = I(r->updated_us);
    row[4] = I(r->deleted);
    row[5] = T(r->body);
    row[6] = I(r->number); /* the current version's row has it, not the history */
    return (DbArgs){ row, with_number ? COLUMNS : COLUMNS - 1 };
}

/* The row moves on only from the version that was read: of two writers who read the same one, one wins. */
static Err replace_row(Ctx *c, const Change *change)
{
    const Resource *after = &change->after;
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("UPDATE resource SET version = $3, updated_us = $4, deleted = $5, body = $6"
                     " WHERE type = $1 AND id = $2 AND version = $7 RETURNING version"),
                 ARGS(T(after->type), T(after->id), I(after->version), I(after->updated_us),
                      I(after->deleted), T(after->body), I(change->before.version)),
                 &rows));
    if (rows_next(rows))
        return OK;
    TRY(rows_error(rows));
    return problem(c, change->if_match ? ERR_STALE : ERR_CONFLICT,
                   path_of(c, change->definition, "meta.versionId"), "another write came first");
}

static Err replace(Ctx *c, const Change *change)
{
    TRY(replace_row(c, change));
    return index_forget(c, change->before.number);
}

/* All that only adds rows goes to the database together. */
static Err insert_all(Ctx *c, const RowList *first, const RowList *versions, const DerivedRows *index)
{
    DbMany each[2 + INDEX_TABLES] = {
        { SQL("INSERT INTO resource (type, id, version, updated_us, deleted, body, number)"
              " VALUES ($1, $2, $3, $4, $5, $6, $7)"),
          first->at, first->n },
        { SQL("INSERT INTO resource_history (type, id, version, updated_us, deleted, body)"
              " VALUES ($1, $2, $3, $4, $5, $6)"),
          versions->at, versions->n },
    };
    return db_exec_each(c, each, 2 + index_statements(index, &each[2]));
}

static Err apply_rows(Ctx *c, const Changes *changes)
{
    RowList first = { 0 }, versions = { 0 };
    DerivedRows index = { 0 };
    for (size_t i = 0; i < changes->n; i++) {
        const Change *change = &changes->at[i];
        Resource after = change->after;
        if (after.unchanged)
            continue;
        after.number = change->before.version ? change->before.number : db_number(c);
        *list_add(c->arena, &versions) = row_of(c, &after, false);
        if (change->before.version)
            TRY(replace(c, change));
        else
            *list_add(c->arena, &first) = row_of(c, &after, true);
        if (change->json && change->rows)
            index_append(c->arena, change->rows, after.number, &index);
        else if (change->json)
            index_derive(c->arena, change->definition, after.id, after.number, change->json, &index);
    }
    return insert_all(c, &first, &versions, &index);
}

static Str encounter_of(Json *resource, Str type, Str id)
{
    if (str_is(type, "Encounter"))
        return id;
    static const char *const members[] = { "encounter.reference", "context.reference" };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        ReferenceParts parts;
        if (index_reference_parts(json_find_str(resource, members[i]), &parts) &&
            str_is(parts.type, "Encounter"))
            return parts.id;
    }
    return STR_NONE;
}

static Err add_event(Ctx *c, const Change *change)
{
    const Resource *after = &change->after;
    Json *resource = change->json ? change->json : json_parse(c->arena, change->before.body);
    Event event = {
        .at_us = c->now_us,
        .patient_id = index_patient(c->arena, change->definition, after->id, resource),
        .encounter_id = encounter_of(resource, after->type, after->id),
        .type = after->type,
        .id = after->id,
        .version = after->version,
    };
    return outbox_add(c, &event);
}

/* Asked when all rows stand: what was deleted together may have referred to each other. */
static Err check_unreferred(Ctx *c, const Resource *gone)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT r.type, r.id FROM index_reference t JOIN resource r ON r.number = t.number"
                     " WHERE t.target_id = $1 AND t.target_type = $2 LIMIT 1"),
                 ARGS(T(gone->id), T(gone->type)), &rows));
    if (rows_next(rows))
        return problem(c, ERR_CONFLICT, gone->type, "%.*s/%.*s refers to it: it cannot be deleted alone",
                       STR_ARG(rows_text(rows, 0)), STR_ARG(rows_text(rows, 1)));
    return rows_error(rows);
}

/* ---- whose patients ---- */

static bool registers_patient(const Change *change)
{
    return !change->before.version && !change->after.unchanged && str_is(change->after.type, "Patient");
}

/* Asked before any row is written: nobody becomes related by what he writes. Only a patient who was not there
 * before may be anybody's; who registers one is related from then on, as after a visit. */
static Err check_relations(Ctx *c, const Changes *changes)
{
    if (!relation_limits(c))
        return OK;
    for (size_t i = 0; i < changes->n; i++)
        if (registers_patient(&changes->at[i]))
            TRY(relation_grant(c, GRANT_REGISTERED, changes->at[i].after.id, S("registered the patient"),
                               c->now_us + RELATION_DAYS_US, NULL));
    for (size_t i = 0; i < changes->n; i++) {
        TRY(relation_check(c, &changes->at[i].before));
        TRY(relation_check(c, &changes->at[i].after));
    }
    return OK;
}

Err changes_apply(Ctx *c, const Changes *changes)
{
    TRY(check_relations(c, changes));
    TRY(apply_rows(c, changes));
    for (size_t i = 0; i < changes->n; i++)
        if (changes->at[i].after.deleted && !changes->at[i].after.unchanged)
            TRY(check_unreferred(c, &changes->at[i].after));
    for (size_t i = 0; i < changes->n; i++)
        if (!changes->at[i].after.unchanged)
            TRY(add_event(c, &changes->at[i]));
    return OK;
}
