#include "base/limits.h"
#include "fhir/relation.h"
#include "fhir/store.h"
#include "fhir/store_row.h"

#include <inttypes.h>

enum { BATCH = 200 };

/* Where a page ended: newest first, so the next begins below. */
typedef struct Place {
    int64_t updated_us, version;
    Str type, id;
} Place;

static Place place_of(const Resource *r)
{
    return (Place){ r->updated_us, r->version, r->type, r->id };
}

/* "1764000000000000.3.Patient.id" */
static Str cursor_of(Ctx *c, const Resource *r)
{
    return arena_fmt(c->arena, "%" PRId64 ".%" PRId64 ".%.*s.%.*s", r->updated_us, r->version,
                     STR_ARG(r->type), STR_ARG(r->id));
}

static Err read_cursor(Ctx *c, Str cursor, Place *ret_place)
{
    *ret_place = (Place){ INT64_MAX, INT64_MAX, S(""), S("") };
    if (!cursor.p)
        return OK;
    Str rest = cursor, updated = str_cut(rest, '.', &rest), version = str_cut(rest, '.', &rest);
    ret_place->type = str_cut(rest, '.', &rest);
    ret_place->id = rest;
    if (!str_to_int(updated, &ret_place->updated_us) || !str_to_int(version, &ret_place->version) || !rest.p)
        return problem(c, ERR_SYNTAX, S("_cursor"), "not a cursor of this server");
    return OK;
}

static Err query_batch(Ctx *c, const HistoryQuery *q, const Place *below, Rows **ret_rows)
{
    if (q->id.p)
        return db_query(c,
                        SQL("SELECT type, id, version, updated_us, deleted, body FROM resource_history"
                            " WHERE type = $1 AND id = $2 AND updated_us >= $3 AND version < $4"
                            " ORDER BY version DESC LIMIT $5"),
                        ARGS(T(q->type), T(q->id), I(q->since_us), I(below->version), I(BATCH)), ret_rows);
    return db_query(c,
                    SQL("SELECT type, id, version, updated_us, deleted, body FROM resource_history"
                        " WHERE (type = $1 OR $1 = '') AND updated_us >= $2"
                        " AND (updated_us, type, id, version) < ($3, $4, $5, $6)"
                        " ORDER BY updated_us DESC, type DESC, id DESC, version DESC LIMIT $7"),
                    ARGS(T(q->type.p ? q->type : S("")), I(q->since_us), I(below->updated_us), T(below->type),
                         T(below->id), I(below->version), I(BATCH)),
                    ret_rows);
}

/* Up to one more than the page holds: that one says that there is another page. */
static Err take_batch(Ctx *c, const HistoryQuery *q, Place *below, Resources *versions, bool *ret_more)
{
    AUTO(rows_done) Rows *rows = NULL;
    int n = 0;
    TRY(query_batch(c, q, below, &rows));
    while (rows_next(rows) && (int64_t)versions->n <= q->count) {
        Resource r = store_row_read(c->arena, rows);
        *below = place_of(&r);
        n++;
        bool shows = false;
        if (may_read(c, r.type))
            TRY(relation_shows(c, &r, &shows));
        if (shows)
            *list_add(c->arena, versions) = r;
    }
    *ret_more = n == BATCH && (int64_t)versions->n <= q->count;
    return rows_error(rows);
}

Err fhir_history(Ctx *c, const HistoryQuery *query, Resources *ret_versions, Str *ret_next_cursor)
{
    Place below;
    Resources versions = { 0 };
    bool more = true;
    TRY(read_cursor(c, query->cursor, &below));
    while (more)
        TRY(take_batch(c, query, &below, &versions, &more));
    *ret_next_cursor = STR_NONE;
    if ((int64_t)versions.n > query->count) {
        versions.n = (size_t)query->count;
        if (versions.n)
            *ret_next_cursor = cursor_of(c, &versions.at[versions.n - 1]);
    }
    *ret_versions = versions;
    return OK;
}

static void add_version(Buf *b, Str base, const Resource *r)
{
    Str address = arena_fmt(b->arena, "%.*s/%.*s", STR_ARG(r->type), STR_ARG(r->id));
    const char *method = r->deleted ? "DELETE" : r->version == 1 ? "POST" : "PUT";
    const char *status = r->deleted ? "204 No Content" : r->version == 1 ? "201 Created" : "200 OK";
    buf_json(b, "{'fullUrl':%s", arena_fmt(b->arena, "%.*s/%.*s", STR_ARG(base), STR_ARG(address)));
    if (!r->deleted)
        buf_json(b, ",'resource':%j", r->body);
    buf_json(b, ",'request':{'method':%s,'url':%s},'response':{'status':%s,'etag':%s,'lastModified':%t}}",
             str_from(method), r->version == 1 && !r->deleted ? r->type : address, str_from(status),
             arena_fmt(b->arena, "W/\"%" PRId64 "\"", r->version), r->updated_us);
}

Str fhir_history_bundle(Ctx *c, Str base, const Resources *versions, Str self, Str next)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    buf_json(&b, "{'resourceType':'Bundle','type':'history','link':[{'relation':'self','url':%s}", self);
    if (next.p)
        buf_json(&b, ",{'relation':'next','url':%s}", next);
    buf_char(&b, ']');
    for (size_t i = 0; i < versions->n; i++) {
        buf_add(&b, i ? S(",") : S(",\"entry\":["));
        add_version(&b, base, &versions->at[i]);
    }
    buf_add(&b, versions->n ? S("]}") : S("}"));
    return buf_overflowed(&b) ? STR_NONE : buf_str(&b);
}
