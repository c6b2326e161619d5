/* FHIR over HTTP: each handler is a few header rules round one call of the record. */
#include "base/json.h"
#include "base/limits.h"
#include "fhir/capability.h"
#include "fhir/definitions.h"
#include "fhir/json_scan.h"
#include "fhir/store.h"
#include "server/access.h"
#include "server/negotiate.h"
#include "server/operations.h"
#include "server/patient.h"
#include "server/route.h"

static const char fhir_json[] = "application/fhir+json; charset=utf-8";

/* ---- what a request asks for ---- */

static Err not_supported(Request *r, Str what)
{
    r->answer.is_not_supported = true;
    return problem(&r->ctx, ERR_METHOD, STR_NONE, "%.*s is not supported by this release.", STR_ARG(what));
}

/* _format and _pretty say how to answer; any other parameter changes what is asked, so an interaction that
 * does not know it must not run as if it were not there. */
static Err check_plain_query(Request *r)
{
    SearchTerms terms;
    if (!form_parse(r->ctx.arena, r->query, LIMIT_SEARCH_TERMS, &terms))
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
    for (size_t i = 0; i < terms.n; i++)
        if (!str_is(terms.at[i].name, "_format") && !str_is(terms.at[i].name, "_pretty"))
            return not_supported(r, terms.at[i].name);
    return OK;
}

static Err check_format(Request *r)
{
    SearchTerms terms = { 0 };
    (void)form_parse(r->ctx.arena, r->query, LIMIT_SEARCH_TERMS, &terms);
    Str format = form_value(&terms, "_format");
    if (format.p ? format_is_json(format) : accept_takes_json(request_header(r, "Accept")))
        return OK;
    return problem(&r->ctx, ERR_ACCEPT, STR_NONE, "Answers are application/fhir+json, version 4.0, only.");
}

static Err check_type(Request *r)
{
    if (fhir_resource(r->type))
        return OK;
    return problem(&r->ctx, ERR_NOT_FOUND, STR_NONE, "FHIR R4 has no resource type %.*s.", STR_ARG(r->type));
}

static Err check_json_body(Request *r)
{
    if (media_of(request_header(r, "Content-Type")) == MEDIA_JSON)
        return OK;
    return problem(&r->ctx, ERR_MEDIA, STR_NONE, "The body must be application/fhir+json.");
}

static Err if_match_of(Request *r, Str *ret_version)
{
    if (etag_version(request_header(r, "If-Match"), ret_version))
        return OK;
    return problem(&r->ctx, ERR_SYNTAX, S("If-Match"), "If-Match names one version, as W/\"3\".");
}

/* ---- how it is answered ---- */

static void answer_version_headers(Request *r, const Resource *resource)
{
    answer_header(r, "ETag", etag_of_version(r->ctx.arena, resource->version));
    answer_header(r, "Last-Modified", http_date(r->ctx.arena, resource->updated_us));
}

static Err answer_resource(Request *r, const Resource *resource)
{
    answer_version_headers(r, resource);
    if (etag_listed(request_header(r, "If-None-Match"), etag_of_version(r->ctx.arena, resource->version)))
        r->answer.status = 304;
    else
        answer_body(r, 200, fhir_json, resource->body);
    return OK;
}

static void answer_written(Request *r, const Resource *resource)
{
    Ctx *c = &r->ctx;
    int status = resource->created ? 201 : 200;
    Str base = request_base(r);
    answer_version_headers(r, resource);
    answer_header(r, "Location",
                  arena_fmt(c->arena, "%.*s/%.*s/%.*s/_history/%lld", STR_ARG(base), STR_ARG(resource->type),
                            STR_ARG(resource->id), (long long)resource->version));
    PreferReturn returns = prefer_of(request_header(r, "Prefer")).returns;
    if (returns == RETURN_MINIMAL)
        r->answer.status = status;
    else if (returns == RETURN_OUTCOME)
        answer_body(r, status, fhir_json, outcome_text(c, OK, "information"));
    else
        answer_body(r, status, fhir_json, resource->body);
}

/* ---- reads ---- */

Err fhir_http_metadata(Request *r)
{
    TRY(check_format(r));
    answer_body(r, 200, fhir_json,
                fhir_capability(&r->ctx, request_base(r), operation_tables, operation_tables_n));
    return OK;
}

/* Made from the rows; another OperationDefinition may be stored like any resource. */
Err fhir_http_definition(Request *r)
{
    TRY(check_format(r));
    Str definition =
        fhir_operation_definition(&r->ctx, request_base(r), r->id, operation_tables, operation_tables_n);
    r->type = S("OperationDefinition");
    if (!definition.p)
        return fhir_http_read(r);
    answer_body(r, 200, fhir_json, definition);
    return OK;
}

static Err begin_read(Request *r)
{
    TRY(check_format(r));
    TRY(check_type(r));
    TRY(access_check(&r->ctx, r->type, CAN_READ));
    return r->id.p ? patient_of_resource(r) : OK;
}

static Err explain_missing(Request *r, Err err)
{
    if (err == ERR_NOT_FOUND)
        return problem(&r->ctx, err, STR_NONE, "There is no %.*s/%.*s.", STR_ARG(r->type), STR_ARG(r->id));
    if (err == ERR_GONE)
        return problem(&r->ctx, err, STR_NONE, "%.*s/%.*s was deleted.", STR_ARG(r->type), STR_ARG(r->id));
    return err;
}

Err fhir_http_read(Request *r)
{
    Resource resource;
    TRY(begin_read(r));
    TRY(check_plain_query(r));
    TRY(explain_missing(r, fhir_read(&r->ctx, r->type, r->id, &resource)));
    return answer_resource(r, &resource);
}

Err fhir_http_vread(Request *r)
{
    Resource resource;
    TRY(begin_read(r));
    TRY(check_plain_query(r));
    TRY(explain_missing(r, fhir_read_version(&r->ctx, r->type, r->id, r->version, &resource)));
    return answer_resource(r, &resource);
}

static Err search(Request *r, const SearchTerms *terms)
{
    SearchPage page;
    bool strict = prefer_of(request_header(r, "Prefer")).strict;
    patient_of_search(r, terms);
    TRY(fhir_search(&r->ctx, r->type, terms, strict, &page));
    answer_body(r, 200, fhir_json, fhir_searchset(&r->ctx, request_base(r), r->type, &page));
    return OK;
}

static Err add_terms(Request *r, Str form, SearchTerms *terms)
{
    SearchTerms more;
    if (!form_parse(r->ctx.arena, form, LIMIT_SEARCH_TERMS, &more))
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE,
                       "The search cannot be decoded, or has more than %d parameters.", LIMIT_SEARCH_TERMS);
    for (size_t i = 0; i < more.n; i++)
        if (!str_is(more.at[i].name, "_format") && !str_is(more.at[i].name, "_pretty"))
            *list_add(r->ctx.arena, terms) = more.at[i];
    return OK;
}

Err fhir_http_search(Request *r)
{
    SearchTerms terms = { 0 };
    TRY(begin_read(r));
    TRY(add_terms(r, r->query, &terms));
    return search(r, &terms);
}

Err fhir_http_search_post(Request *r)
{
    SearchTerms terms = { 0 };
    TRY(begin_read(r));
    if (r->body.n && media_of(request_header(r, "Content-Type")) != MEDIA_FORM)
        return problem(&r->ctx, ERR_MEDIA, STR_NONE, "The body must be application/x-www-form-urlencoded.");
    TRY(add_terms(r, r->query, &terms));
    TRY(add_terms(r, r->body, &terms));
    return search(r, &terms);
}

/* ---- writes ---- */

static Err begin_write(Request *r, Interaction interaction)
{
    TRY(check_format(r));
    TRY(check_type(r));
    TRY(check_plain_query(r));
    return access_check(&r->ctx, r->type, interaction);
}

Err fhir_http_create(Request *r)
{
    Resource resource;
    TRY(begin_write(r, CAN_CREATE));
    TRY(check_json_body(r));
    if (request_header(r, "If-None-Exist").p)
        return not_supported(r, S("Conditional create"));
    TRY(fhir_create(&r->ctx, r->type, r->body, &resource));
    r->id = resource.id;
    TRY(patient_of_resource(r));
    answer_written(r, &resource);
    return OK;
}

Err fhir_http_update(Request *r)
{
    Resource resource;
    Str if_match;
    TRY(begin_write(r, CAN_UPDATE));
    TRY(check_json_body(r));
    TRY(if_match_of(r, &if_match));
    TRY(fhir_update(&r->ctx, r->type, r->id, r->body, if_match, &resource));
    if (resource.created)
        TRY(access_check(&r->ctx, r->type, CAN_CREATE));
    TRY(patient_of_resource(r));
    answer_written(r, &resource);
    return OK;
}

Err fhir_http_delete(Request *r)
{
    Str if_match;
    TRY(begin_write(r, CAN_DELETE));
    TRY(if_match_of(r, &if_match));
    TRY(patient_of_resource(r));
    Err err = fhir_delete(&r->ctx, r->type, r->id, if_match);
    if (err != ERR_GONE)
        TRY(explain_missing(r, err));
    r->answer.status = 204;
    return OK;
}

/* ---- bundles ---- */

static const struct {
    const char *method;
    Interaction interaction;
} entry_methods[] = {
    { "GET", CAN_READ },   { "HEAD", CAN_READ },    { "POST", CAN_CREATE },
    { "PUT", CAN_UPDATE }, { "PATCH", CAN_UPDATE }, { "DELETE", CAN_DELETE },
};

/* The type that an entry's address names: what stands before the first slash or question mark. */
static Str type_of_url(Str url)
{
    Str rest;
    return str_cut(str_cut(url, '?', &rest), '/', &rest);
}

static Err check_entry(Ctx *c, Json *entry, size_t i)
{
    Str method = json_find_str(entry, "request.method"),
        type = type_of_url(json_find_str(entry, "request.url"));
    Str resource_type = json_find_str(entry, "resource.resourceType");
    for (size_t m = 0; m < sizeof entry_methods / sizeof entry_methods[0]; m++) {
        if (!str_is(method, entry_methods[m].method))
            continue;
        Str denied =
            !access_allows(c->user.role, type, entry_methods[m].interaction) ? type
            : resource_type.p && !access_allows(c->user.role, resource_type, entry_methods[m].interaction)
                ? resource_type
                : STR_NONE;
        if (!denied.p)
            return OK;
        return problem(c, ERR_FORBIDDEN, arena_fmt(c->arena, "Bundle.entry[%zu]", i), "%.*s: %s",
                       STR_ARG(denied), access_refusal(c->user.role, denied, entry_methods[m].interaction));
    }
    return OK; /* the record refuses what is no method, with its path */
}

static Err check_entries(Ctx *c, Json *bundle)
{
    Json *entries = json_get(bundle, "entry");
    for (size_t i = 0; i < json_count(entries); i++)
        TRY(check_entry(c, json_at(entries, i), i));
    return OK;
}

Err fhir_http_bundle(Request *r)
{
    Ctx *c = &r->ctx;
    Str response;
    TRY(check_format(r));
    TRY(check_plain_query(r));
    TRY(check_json_body(r));
    TRY(json_scan(c, r->body));
    Json *bundle = json_parse(c->arena, r->body);
    if (!str_is(json_find_str(bundle, "resourceType"), "Bundle"))
        return problem(c, ERR_SYNTAX, S("resourceType"), "The body must be a Bundle.");
    if (str_is(json_find_str(bundle, "type"), "batch"))
        return not_supported(r, S("A batch"));
    TRY(check_entries(c, bundle));
    patient_of_bundle(r, bundle);
    TRY(fhir_transaction(c, r->body, false, &response, NULL));
    answer_body(r, 200, fhir_json, response);
    return OK;
}

Err fhir_http_later(Request *r)
{
    if (r->type.p)
        TRY(check_type(r));
    return not_supported(r, str_from(r->route->title));
}
