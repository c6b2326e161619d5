#include "base/limits.h"
#include "base/time.h"
#include "db/db.h"
#include "fhir/bundle_link.h"
#include "fhir/json_scan.h"
#include "fhir/path_patch.h"
#include "fhir/search.h"
#include "fhir/store_change.h"
#include "fhir/validate.h"

#include <inttypes.h>
#include <sodium.h>

/* In the order in which a transaction does them. */
typedef enum Method { METHOD_DELETE, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_GET, METHOD_MAX } Method;

typedef struct Entry {
    Method method;
    const FhirResource *definition;
    Str path; /* "Bundle.entry[3]" */
    Str full_url;
    Str type, id, version; /* of the resource that it writes or reads */
    Str query;             /* of a search, or which one is written; absent: the address names it */
    bool nothing;          /* a deletion of what no query finds */
    Str if_match, if_none_exist;
    Json *resource;
    Resource result; /* of a write */
    Str answer;      /* of a read: its JSON */
} Entry;

typedef struct Bundle {
    Ctx *c;
    bool import;
    Json *json;
    Entry *entries;
    size_t n;
    Links links;   /* full_url to type/id */
    Links targets; /* type/id to the entry that writes it */
} Bundle;

static Str inner_path(Ctx *c, const Entry *e, const char *member)
{
    return arena_fmt(c->arena, "%.*s.%s", STR_ARG(e->path), member);
}

static Err refuse(Ctx *c, const Entry *e, const char *member, const char *why)
{
    return problem(c, ERR_SYNTAX, inner_path(c, e, member), "%s", why);
}

/* ---- reading the entries ---- */

static const char *const method_names[METHOD_MAX] = { [METHOD_DELETE] = "DELETE",
                                                      [METHOD_POST] = "POST",
                                                      [METHOD_PUT] = "PUT",
                                                      [METHOD_PATCH] = "PATCH",
                                                      [METHOD_GET] = "GET" };

static Err read_method(const Bundle *b, Json *json, Entry *e)
{
    Str name = json_find_str(json, "request.method");
    if (b->import && !name.p)
        name = S("POST");
    for (Method m = 0; m < METHOD_MAX; m++) {
        if (!str_is(name, method_names[m]))
            continue;
        e->method = m;
        return OK;
    }
    return refuse(b->c, e, "request.method", "the method is GET, POST, PUT, PATCH or DELETE");
}

/* "Patient", "Patient?name=x", "Patient/1", "Patient/1/_history/2" */
static Err read_url(const Bundle *b, Json *json, Entry *e)
{
    Str url = json_find_str(json, "request.url");
    if (b->import && !url.p)
        url = json_find_str(json, "resource.resourceType");
    Str place = str_cut(url, '?', &e->query), rest, version;
    e->type = str_cut(place, '/', &rest);
    e->id = str_cut(rest, '/', &version);
    if (version.p && !str_starts(version, S("_history/")))
        return refuse(b->c, e, "request.url", "not an address of a resource");
    e->version = version.p ? str_slice(version, sizeof "_history/" - 1, version.n) : STR_NONE;
    e->definition = fhir_resource(e->type);
    return e->definition ? OK : refuse(b->c, e, "request.url", "R4 has no such resource type");
}

/* W/"3" and "3" are version 3. */
static Str version_of_etag(Str etag)
{
    if (str_starts(etag, S("W/")))
        etag = str_slice(etag, 2, etag.n);
    return etag.n >= 2 && etag.p[0] == '"' ? str_slice(etag, 1, etag.n - 1) : etag;
}

/* What of an address goes with which method. */
static Err check_address(const Bundle *b, const Entry *e)
{
    bool writes_one = e->method != METHOD_POST && e->method != METHOD_GET;
    if (e->query.p && (e->method == METHOD_POST || (writes_one && (b->import || e->id.p))))
        return refuse(b->c, e, "request.url", "a query does not go with this");
    if (writes_one && !e->query.p && (!e->id.n || e->version.p))
        return refuse(b->c, e, "request.url", "this method wants Type/id, or Type?query");
    if (e->method == METHOD_POST && e->id.p)
        return refuse(b->c, e, "request.url", "a POST names the type only");
    return OK;
}

static bool is_path_patch(Json *resource)
{
    return str_is(json_find_str(resource, "resourceType"), "Parameters");
}

static Err check_resource(const Bundle *b, const Entry *e)
{
    if (e->method == METHOD_DELETE || e->method == METHOD_GET)
        return OK;
    if (!e->resource)
        return refuse(b->c, e, "resource", "this method wants a resource");
    bool is_json_patch = str_is(json_find_str(e->resource, "contentType"), "application/json-patch+json");
    if (e->method == METHOD_PATCH)
        return is_path_patch(e->resource) || is_json_patch
                   ? OK
                   : refuse(b->c, e, "resource",
                            "a patch is a Binary of application/json-patch+json, or a Parameters resource");
    if (!str_eq(json_find_str(e->resource, "resourceType"), e->type))
        return refuse(b->c, e, "resource.resourceType", "not the type that request.url names");
    if (e->method == METHOD_PUT && !e->query.p && !str_eq(json_find_str(e->resource, "id"), e->id))
        return refuse(b->c, e, "resource.id", "not the id that request.url names");
    return OK;
}

static Err read_entry(const Bundle *b, Json *json, Entry *e)
{
    e->full_url = json_find_str(json, "fullUrl");
    e->resource = json_get(json, "resource");
    TRY(read_method(b, json, e));
    TRY(read_url(b, json, e));
    e->if_match = version_of_etag(json_find_str(json, "request.ifMatch"));
    e->if_none_exist = b->import ? STR_NONE : json_find_str(json, "request.ifNoneExist");
    TRY(check_address(b, e));
    return check_resource(b, e);
}

static Err read_entries(Bundle *b)
{
    Json *list = json_get(b->json, "entry");
    b->n = json_count(list);
    if (b->n > LIMIT_BUNDLE_ENTRIES)
        return problem(b->c, ERR_TOO_LARGE, S("Bundle.entry"), "more than %d entries", LIMIT_BUNDLE_ENTRIES);
    b->entries = arena_new(b->c->arena, Entry, b->n);
    for (size_t i = 0; i < b->n; i++) {
        Entry *e = &b->entries[i];
        e->path = arena_fmt(b->c->arena, "Bundle.entry[%zu]", i);
        TRY(read_entry(b, json_at(list, i), e));
    }
    return OK;
}

/* ---- ids and links ---- */

static Str import_id(const Entry *e)
{
    static const char urn[] = "urn:uuid:";
    if (str_starts(e->full_url, S("urn:uuid:")))
        return str_slice(e->full_url, sizeof urn - 1, e->full_url.n);
    return json_find_str(e->resource, "id");
}

/* An entry whose ifNoneExist finds a resource writes nothing and stands for that resource. Of two requests
 * that ask the same at once, one waits: else neither would find what the other creates. */
static Err match_existing(const Bundle *b, Entry *e)
{
    Str id;
    TRY(tx_lock(b->c, arena_fmt(b->c->arena, "%.*s?%.*s", STR_ARG(e->type), STR_ARG(e->if_none_exist))));
    TRY(links_match(b->c, e->type, e->if_none_exist, inner_path(b->c, e, "request.ifNoneExist"), &id));
    if (!id.p)
        return OK;
    e->id = id;
    TRY(fhir_read(b->c, e->type, id, &e->result));
    e->result.unchanged = true;
    return OK;
}

static Err choose_id(const Bundle *b, Entry *e)
{
    if (e->if_none_exist.p)
        TRY(match_existing(b, e));
    if (!e->id.p && b->import)
        e->id = import_id(e);
    if (!e->id.p)
        e->id = uuid_v7(b->c->arena, b->c->random, b->c->now_us);
    return OK;
}

/* Which resource a conditional entry writes. An update that finds none makes one. */
static Err match_query(const Bundle *b, Entry *e)
{
    Str id, own = e->method == METHOD_PUT ? json_find_str(e->resource, "id") : STR_NONE;
    TRY(fhir_match(b->c, e->type, e->query, &id));
    if (id.p && own.p && !str_eq(id, own))
        return refuse(b->c, e, "resource.id", "the query finds another resource");
    if (!id.p && e->method == METHOD_PATCH)
        return problem(b->c, ERR_NOT_FOUND, inner_path(b->c, e, "request.url"),
                       "the query finds no resource");
    e->nothing = !id.p && e->method == METHOD_DELETE;
    e->id = id.p ? id : own.p ? own : uuid_v7(b->c->arena, b->c->random, b->c->now_us);
    return OK;
}

static Err link_entry(Bundle *b, Entry *e)
{
    if (e->method == METHOD_GET)
        return OK;
    if (e->method == METHOD_POST)
        TRY(choose_id(b, e));
    if (e->query.p)
        TRY(match_query(b, e));
    Str target = arena_fmt(b->c->arena, "%.*s/%.*s", STR_ARG(e->type), STR_ARG(e->id));
    if (!e->result.version && !links_add(&b->targets, target, e->path))
        return problem(b->c, ERR_SYNTAX, e->path, "%.*s is written by %.*s too", STR_ARG(target),
                       STR_ARG(links_find(&b->targets, target)));
    if (e->full_url.n && e->method != METHOD_DELETE && !links_add(&b->links, e->full_url, target))
        return refuse(b->c, e, "fullUrl", "another entry has the same fullUrl");
    return OK;
}

static Err link_entries(Bundle *b)
{
    b->links = links_make(b->c->arena, b->n);
    b->targets = links_make(b->c->arena, b->n);
    for (size_t i = 0; i < b->n; i++)
        TRY(link_entry(b, &b->entries[i]));
    return OK;
}

static Err resolve_entries(Bundle *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const Entry *e = &b->entries[i];
        if (e->resource && e->definition && e->method != METHOD_PATCH)
            TRY(links_resolve(b->c, &b->links, e->definition->type, e->resource,
                              inner_path(b->c, e, "resource")));
    }
    return OK;
}

/* ---- writing ---- */

static Err decode_patch(Ctx *c, const Entry *e, Json **ret_patch)
{
    Str data = json_find_str(e->resource, "data");
    unsigned char *bytes = (unsigned char *)arena_new(c->arena, char, data.n + 1);
    size_t n = 0;
    if (sodium_base642bin(bytes, data.n, data.p, data.n, "\r\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL) !=
        0)
        return refuse(c, e, "resource.data", "this is not base64");
    Str patch = { (const char *)bytes, n };
    TRY(json_scan(c, patch));
    *ret_patch = json_parse(c->arena, patch);
    return OK;
}

static Err patched(const Bundle *b, const Entry *e, Json **ret_json)
{
    Ctx *c = b->c;
    Resource current;
    Json *patch = e->resource;
    if (!is_path_patch(patch))
        TRY(decode_patch(c, e, &patch));
    TRY(fhir_read(c, e->type, e->id, &current));
    TRY(patch_apply(c, e->definition->type, json_parse(c->arena, current.body), patch, ret_json));
    if (!str_eq(json_find_str(*ret_json, "id"), e->id))
        return refuse(c, e, "resource.data", "a patch does not change the id");
    return fhir_validate(c, *ret_json, e->type, STR_NONE);
}

static Err prepare(const Bundle *b, const Entry *e, Change *ret_change)
{
    bool is_new = e->method == METHOD_POST && !b->import;
    if (is_new)
        return change_prepare_new(b->c, e->definition, e->id, e->resource, ret_change);
    Json *json = e->method == METHOD_DELETE ? NULL : e->resource;
    if (e->method == METHOD_PATCH)
        TRY(patched(b, e, &json));
    return change_prepare(b->c, e->definition, e->id, json, e->if_match, b->import, ret_change);
}

static Err write_method(Bundle *b, Method method, Changes *changes)
{
    for (size_t i = 0; i < b->n; i++) {
        Entry *e = &b->entries[i];
        if (e->method != method || e->result.version || e->nothing)
            continue;
        Change change;
        TRY(prepare(b, e, &change));
        e->result = change.after;
        *list_add(b->c->arena, changes) = change;
    }
    return OK;
}

static Err write_entries(Bundle *b)
{
    Changes changes = { 0 };
    TRY(write_method(b, METHOD_DELETE, &changes));
    TRY(write_method(b, METHOD_POST, &changes));
    TRY(write_method(b, METHOD_PUT, &changes));
    TRY(write_method(b, METHOD_PATCH, &changes));
    return changes_apply(b->c, &changes);
}

/* ---- reading, after the writes ---- */

static Err run_search(Ctx *c, Entry *e)
{
    SearchTerms terms;
    SearchPage page;
    TRY(search_terms_read(c, e->query, &terms));
    TRY(fhir_search(c, e->type, &terms, false, &page));
    e->answer = fhir_searchset(c, S(""), e->type, &page);
    return OK;
}

static Err run_get(Ctx *c, Entry *e)
{
    Resource r;
    if (!e->id.p)
        return run_search(c, e);
    TRY(e->version.p ? fhir_read_version(c, e->type, e->id, e->version, &r)
                     : fhir_read(c, e->type, e->id, &r));
    e->answer = r.body;
    return OK;
}

static Err read_answers(Bundle *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->entries[i].method == METHOD_GET)
            TRY(run_get(b->c, &b->entries[i]));
    return OK;
}

/* ---- the answer ---- */

static void add_write(Buf *out, const Resource *r)
{
    const char *status = r->deleted ? "204 No Content" : r->created ? "201 Created" : "200 OK";
    buf_json(out, "{'response':{'status':%s", str_from(status));
    if (!r->deleted) {
        Str location = arena_fmt(out->arena, "%.*s/%.*s/_history/%" PRId64, STR_ARG(r->type), STR_ARG(r->id),
                                 r->version);
        buf_json(out, ",'location':%s", location);
    }
    buf_json(out, ",'etag':%s,'lastModified':%t}}", arena_fmt(out->arena, "W/\"%" PRId64 "\"", r->version),
             r->updated_us);
}

static Str response_text(const Bundle *b)
{
    Buf out = buf_make(b->c->arena, LIMIT_RESPONSE_BYTES);
    buf_add(&out, S("{\"resourceType\":\"Bundle\",\"type\":\"transaction-response\""));
    for (size_t i = 0; i < b->n; i++) {
        const Entry *e = &b->entries[i];
        buf_add(&out, i ? S(",") : S(",\"entry\":["));
        if (e->nothing)
            buf_add(&out, S("{\"response\":{\"status\":\"204 No Content\"}}"));
        else if (e->method == METHOD_GET)
            buf_json(&out, "{'resource':%j,'response':{'status':'200 OK'}}", e->answer);
        else
            add_write(&out, &e->result);
    }
    buf_add(&out, b->n ? S("]}") : S("}"));
    return buf_str(&out);
}

static BundleCount *count_of(Ctx *c, BundleCounts *counts, Str type)
{
    for (size_t i = 0; i < counts->n; i++)
        if (str_eq(counts->at[i].type, type))
            return &counts->at[i];
    BundleCount *count = list_add(c->arena, counts);
    *count = (BundleCount){ .type = type };
    return count;
}

static BundleCounts count_entries(const Bundle *b)
{
    BundleCounts counts = { 0 };
    for (size_t i = 0; i < b->n; i++) {
        const Resource *r = &b->entries[i].result;
        if (b->entries[i].method == METHOD_GET || b->entries[i].nothing)
            continue;
        BundleCount *count = count_of(b->c, &counts, b->entries[i].type);
        count->unchanged += r->unchanged;
        count->deleted += r->deleted && !r->unchanged;
        count->created += r->created && !r->deleted && !r->unchanged;
        count->updated += !r->created && !r->deleted && !r->unchanged;
    }
    return counts;
}

/* ---- all of it ---- */

static Err read_bundle(Bundle *b, Str bytes)
{
    TRY(json_scan(b->c, bytes));
    b->json = json_parse(b->c->arena, bytes);
    if (!str_is(json_find_str(b->json, "resourceType"), "Bundle"))
        return problem(b->c, ERR_SYNTAX, S("resourceType"), "a Bundle is wanted here");
    Str type = json_find_str(b->json, "type");
    if (!str_is(type, "transaction") && !(b->import && str_is(type, "collection")))
        return problem(b->c, ERR_SYNTAX, S("Bundle.type"), "a transaction is wanted here, not \"%.*s\"",
                       STR_ARG(type));
    return read_entries(b);
}

/* The bundle is validated with its links resolved, so that a link to the wrong type is seen. */
static Err run(Bundle *b)
{
    TRY(link_entries(b));
    TRY(resolve_entries(b));
    TRY(fhir_validate(b->c, b->json, S("Bundle"), STR_NONE));
    TRY(write_entries(b));
    return read_answers(b);
}

Err fhir_transaction(Ctx *c, Str bytes, bool import, Str *ret_response, BundleCounts *ret_counts)
{
    Bundle b = { .c = c, .import = import };
    TRY(read_bundle(&b, bytes));
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(run(&b));
    Str response = import ? STR_NONE : response_text(&b);
    TRY(tx_commit(tx));
    if (ret_response)
        *ret_response = response;
    if (ret_counts)
        *ret_counts = count_entries(&b);
    return OK;
}
