/* FHIR over HTTP: each handler is a few header rules round one call of the record. */
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "fhir/capability.h"
#include "fhir/definitions.h"
#include "fhir/json_scan.h"
#include "fhir/store.h"
#include "fhir/us_core.h"
#include "server/access.h"
#include "server/audit_event.h"
#include "server/negotiate.h"
#include "server/operations.h"
#include "server/patient.h"
#include "server/route.h"
#include "server/server_state.h"
#include "server/write.h"

static const char fhir_json[] = "application/fhir+json; charset=utf-8";

/* ---- what a request asks for ---- */

static Err not_supported(Request *r, Str what)
{
    r->answer.is_not_supported = true;
    return problem(&r->ctx, ERR_METHOD, STR_NONE, "%.*s is not supported by this release.", STR_ARG(what));
}

/* _format and _pretty say how to answer; any other parameter changes what is asked, so an interaction that
 * does not know it must not run as if it were not there. known ends with NULL. */
static Err check_query(Request *r, const char *const *known, SearchTerms *ret_terms)
{
    SearchTerms terms;
    if (!form_parse(r->ctx.arena, r->query, LIMIT_SEARCH_TERMS, &terms))
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
    *ret_terms = (SearchTerms){ 0 };
    for (size_t i = 0; i < terms.n; i++) {
        Str name = terms.at[i].name;
        bool is_known = str_is(name, "_format") || str_is(name, "_pretty");
        for (const char *const *k = known; *k && !is_known; k++)
            if ((is_known = str_is(name, *k)))
                *list_add(r->ctx.arena, ret_terms) = terms.at[i];
        if (!is_known)
            return not_supported(r, name);
    }
    return OK;
}

static Err check_plain_query(Request *r)
{
    static const char *const none[] = { NULL };
    SearchTerms ignored;
    return check_query(r, none, &ignored);
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

/* Where the dispatch table has each interaction of FHIR. */
static const struct {
    const char *code, *method, *pattern;
    bool is_system;
} interactions[] = {
    { "read", "GET", "/fhir/{type}/{id}", false },
    { "vread", "GET", "/fhir/{type}/{id}/_history/{version}", false },
    { "update", "PUT", "/fhir/{type}/{id}", false },
    { "patch", "PATCH", "/fhir/{type}/{id}", false },
    { "delete", "DELETE", "/fhir/{type}/{id}", false },
    { "history-instance", "GET", "/fhir/{type}/{id}/_history", false },
    { "history-type", "GET", "/fhir/{type}/_history", false },
    { "create", "POST", "/fhir/{type}", false },
    { "search-type", "GET", "/fhir/{type}", false },
    { "transaction", "POST", "/fhir", true },
    { "batch", "POST", "/fhir", true },
    { "search-system", "GET", "/fhir", true },
    { "history-system", "GET", "/fhir/_history", true },
};

#define SDC_OPERATION "http://hl7.org/fhir/uv/sdc/OperationDefinition/"
#define BACKPORT_OPERATION                                                                                   \
    "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-"

/* And each operation that others have defined. */
static const struct {
    CapabilityOperation operation;
    const char *method, *pattern;
} defined_operations[] = {
    { { NULL, "validate", "http://hl7.org/fhir/OperationDefinition/Resource-validate" },
      "POST",
      "/fhir/{type}/$validate" },
    { { NULL, "meta", "http://hl7.org/fhir/OperationDefinition/Resource-meta" },
      "GET",
      "/fhir/{type}/{id}/$meta" },
    { { NULL, "convert", "http://hl7.org/fhir/OperationDefinition/Resource-convert" },
      "POST",
      "/fhir/$convert" },
    { { "Patient", "everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything" },
      "GET",
      "/fhir/Patient/{id}/$everything" },
    { { "Observation", "lastn", "http://hl7.org/fhir/OperationDefinition/Observation-lastn" },
      "GET",
      "/fhir/Observation/$lastn" },
    { { "DocumentReference", "docref", US_CORE_DOCREF }, "GET", "/fhir/DocumentReference/$docref" },
    { { "Questionnaire", "populate", SDC_OPERATION "Questionnaire-populate" },
      "POST",
      "/fhir/Questionnaire/{id}/$populate" },
    { { "QuestionnaireResponse", "extract", SDC_OPERATION "QuestionnaireResponse-extract" },
      "POST",
      "/fhir/QuestionnaireResponse/{id}/$extract" },
    { { "Subscription", "status", BACKPORT_OPERATION "status" }, "GET", "/fhir/Subscription/{id}/$status" },
    { { "Subscription", "events", BACKPORT_OPERATION "events" }, "GET", "/fhir/Subscription/{id}/$events" },
};

enum { DEFINED_MOST = sizeof defined_operations / sizeof defined_operations[0] };

static void list_defined(CapabilityOperation list[DEFINED_MOST + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < DEFINED_MOST; i++)
        if (route_exists(defined_operations[i].method, defined_operations[i].pattern))
            list[n++] = defined_operations[i].operation;
    list[n] = (CapabilityOperation){ 0 };
}

Err fhir_http_metadata(Request *r)
{
    TRY(request_check_format(r));
    enum { TYPE_MOST = 16, SYSTEM_MOST = 8, TOPICS_MOST = 8 };
    CapabilityOperation defined[DEFINED_MOST + 1];
    list_defined(defined);
    const char *of_type[TYPE_MOST] = { NULL }, *of_system[SYSTEM_MOST] = { NULL };
    size_t n_type = 0, n_system = 0;
    for (size_t i = 0; i < sizeof interactions / sizeof interactions[0]; i++) {
        if (!route_exists(interactions[i].method, interactions[i].pattern))
            continue;
        if (interactions[i].is_system)
            of_system[n_system++] = interactions[i].code;
        else
            of_type[n_type++] = interactions[i].code;
    }
    const char *urls[TOPICS_MOST] = { NULL };
    for (size_t i = 0; topics[i].url && i + 1 < TOPICS_MOST; i++)
        urls[i] = topics[i].url;
    Capability can = { .type_interactions = of_type,
                       .system_interactions = of_system,
                       .tables = operation_tables,
                       .n_tables = operation_tables_n,
                       .defined = defined,
                       .special = &audit_event_capability,
                       .topics = r->server->notifier ? urls : NULL };
    answer_body(r, 200, fhir_json, fhir_capability(&r->ctx, request_base(r), &can));
    return OK;
}

/* Made from the rows; another OperationDefinition may be stored like any resource. */
Err fhir_http_definition(Request *r)
{
    TRY(request_check_format(r));
    Str definition =
        fhir_operation_definition(&r->ctx, request_base(r), r->id, operation_tables, operation_tables_n);
    r->type = S("OperationDefinition");
    if (!definition.p)
        return fhir_http_read(r);
    answer_body(r, 200, fhir_json, definition);
    return OK;
}

static Err check_read(Request *r)
{
    TRY(request_check_format(r));
    TRY(check_type(r));
    return access_check(&r->ctx, r->type, CAN_READ);
}

static Err begin_read(Request *r)
{
    TRY(check_read(r));
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

/* Part of a resource, where _elements or _summary ask for it. */
static Err take_subset(Request *r, Resource *resource)
{
    static const char *const known[] = { "_elements", "_summary", NULL };
    SearchTerms terms;
    Subset subset = { 0 };
    TRY(check_query(r, known, &terms));
    Str elements = form_value(&terms, "_elements"), summary = form_value(&terms, "_summary");
    if (elements.p)
        subset = (Subset){ .kind = SUBSET_ELEMENTS, .elements = elements };
    if (summary.p && !subset_of_summary(summary, &subset))
        return problem(&r->ctx, ERR_SYNTAX, S("_summary"),
                       "_summary of a resource is true, text, data or false.");
    resource->body = subset_body(r->ctx.arena, &subset, resource->type, resource->body);
    return OK;
}

Err fhir_http_read(Request *r)
{
    Resource resource;
    TRY(check_read(r));
    Err err = fhir_read_of_patient(&r->ctx, r->type, r->id, &resource, &r->patient_id);
    if (str_is(r->type, "Patient"))
        r->patient_id = r->id;
    TRY(explain_missing(r, err));
    TRY(take_subset(r, &resource));
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

/* ---- history ---- */

static Str history_url(Request *r, Str count, Str since, Str cursor)
{
    Str base = request_base(r);
    Buf b = buf_make(r->ctx.arena, LIMIT_URL_BYTES * 4);
    buf_add(&b, base);
    if (r->type.p)
        buf_fmt(&b, "/%.*s", STR_ARG(r->type));
    if (r->id.p)
        buf_fmt(&b, "/%.*s", STR_ARG(r->id));
    buf_fmt(&b, "/_history?_count=%.*s", STR_ARG(count));
    if (since.p)
        buf_fmt(&b, "&_since=%.*s", STR_ARG(percent_encode(r->ctx.arena, since)));
    if (cursor.p)
        buf_fmt(&b, "&_cursor=%.*s", STR_ARG(percent_encode(r->ctx.arena, cursor)));
    return buf_str(&b);
}

static Err read_history_query(Request *r, HistoryQuery *query, Str *ret_count, Str *ret_since)
{
    static const char *const known[] = { "_count", "_since", "_cursor", NULL };
    SearchTerms terms;
    TimeRange since;
    TRY(check_query(r, known, &terms));
    *ret_since = form_value(&terms, "_since");
    *ret_count = form_value(&terms, "_count");
    *query = (HistoryQuery){ .type = r->type,
                             .id = r->id,
                             .since_us = INT64_MIN,
                             .count = LIMIT_PAGE_ROWS_USUAL,
                             .cursor = form_value(&terms, "_cursor") };
    if (ret_count->p && (!str_to_int(*ret_count, &query->count) || query->count < 1))
        return problem(&r->ctx, ERR_SYNTAX, S("_count"), "_count is a number above zero.");
    query->count = query->count > LIMIT_PAGE_ROWS ? LIMIT_PAGE_ROWS : query->count;
    *ret_count = arena_fmt(r->ctx.arena, "%lld", (long long)query->count);
    if (ret_since->p && !time_parse(*ret_since, &since))
        return problem(&r->ctx, ERR_SYNTAX, S("_since"), "_since is an instant.");
    if (ret_since->p)
        query->since_us = since.from_us;
    return OK;
}

/* Of a resource, of a type, of the whole record: what the user may not read is left out. */
Err fhir_http_history(Request *r)
{
    HistoryQuery query;
    Resources versions;
    Str count, since, cursor;
    TRY(request_check_format(r));
    if (r->type.p)
        TRY(begin_read(r));
    TRY(read_history_query(r, &query, &count, &since));
    TRY(fhir_history(&r->ctx, &query, &versions, &cursor));
    if (r->id.p && !versions.n && !query.cursor.p && !since.p)
        return explain_missing(r, ERR_NOT_FOUND);
    Str self = history_url(r, count, since, query.cursor);
    Str next = cursor.p ? history_url(r, count, since, cursor) : STR_NONE;
    answer_body(r, 200, fhir_json, fhir_history_bundle(&r->ctx, request_base(r), &versions, self, next));
    return OK;
}

/* ---- search ---- */

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

/* The audit is no part of the record: it is searched at its own address. */
static Err check_types(Request *r, const SearchTerms *terms)
{
    for (Str left = form_value(terms, "_type"); left.p;)
        if (str_is(str_cut(left, ',', &left), "AuditEvent"))
            return problem(&r->ctx, ERR_SYNTAX, S("_type"), "The audit is searched alone, at AuditEvent.");
    return OK;
}

Err fhir_http_search_types(Request *r)
{
    SearchTerms terms = { 0 };
    SearchPage page;
    TRY(request_check_format(r));
    if (r->body.n && media_of(request_header(r, "Content-Type")) != MEDIA_FORM)
        return problem(&r->ctx, ERR_MEDIA, STR_NONE, "The body must be application/x-www-form-urlencoded.");
    TRY(add_terms(r, r->query, &terms));
    TRY(add_terms(r, r->body, &terms));
    TRY(check_types(r, &terms));
    patient_of_search(r, &terms);
    TRY(fhir_search_types(&r->ctx, &terms, prefer_of(request_header(r, "Prefer")).strict, &page));
    Str bundle = fhir_searchset(&r->ctx, request_base(r), S(""), &page);
    if (!bundle.p)
        return problem(&r->ctx, ERR_TOO_LARGE, STR_NONE,
                       "The answer is larger than the limit: ask for less.");
    answer_body(r, 200, fhir_json, bundle);
    return OK;
}

/* ---- writes ---- */

static Err begin_write(Request *r, Interaction interaction)
{
    TRY(request_check_format(r));
    TRY(check_type(r));
    TRY(check_plain_query(r));
    return access_check(&r->ctx, r->type, interaction);
}

Err fhir_http_create_prepare(Request *r)
{
    TRY(begin_write(r, CAN_CREATE));
    TRY(check_json_body(r));
    if (request_header(r, "If-None-Exist").p)
        return OK; /* where the query finds a resource the body is not looked at */
    r->content = arena_new(r->ctx.arena, Content, 1);
    return fhir_content_new(&r->ctx, r->type, r->body, r->content);
}

Err fhir_http_create(Request *r)
{
    Resource resource;
    Str query = request_header(r, "If-None-Exist"), found = STR_NONE;
    if (query.p)
        TRY(fhir_match(&r->ctx, r->type, query, &found));
    TRY(found.p      ? fhir_read(&r->ctx, r->type, found, &resource)
        : r->content ? fhir_create_content(&r->ctx, r->content, &resource)
                     : fhir_create(&r->ctx, r->type, r->body, &resource));
    r->id = resource.id;
    if (r->content)
        patient_of_content(r, r->content);
    else
        TRY(patient_of_resource(r));
    answer_written(r, &resource);
    return OK;
}

Err fhir_http_update_prepare(Request *r)
{
    TRY(begin_write(r, CAN_UPDATE));
    TRY(check_json_body(r));
    r->content = arena_new(r->ctx.arena, Content, 1);
    return fhir_content_at(&r->ctx, r->type, r->id, r->body, r->content);
}

Err fhir_http_update(Request *r)
{
    Resource resource;
    Str if_match;
    TRY(if_match_of(r, &if_match));
    TRY(fhir_update_content(&r->ctx, r->content, if_match, &resource));
    if (resource.created)
        TRY(access_check(&r->ctx, r->type, CAN_CREATE));
    patient_of_content(r, r->content);
    answer_written(r, &resource);
    return OK;
}

/* ?_cascade=delete deletes what refers to it too: a right of the system's role. */
static Err take_cascade(Request *r, bool *ret_cascade)
{
    static const char *const known[] = { "_cascade", NULL };
    SearchTerms terms;
    TRY(check_query(r, known, &terms));
    Str cascade = form_value(&terms, "_cascade");
    *ret_cascade = str_is(cascade, "delete");
    if (cascade.p && !*ret_cascade)
        return problem(&r->ctx, ERR_SYNTAX, S("_cascade"), "_cascade is delete.");
    return *ret_cascade && !access_may_cascade(r->ctx.user.role)
               ? problem(&r->ctx, ERR_FORBIDDEN, S("_cascade"),
                         "Only the role system deletes what refers to a resource.")
               : OK;
}

static Err delete_one(Request *r, bool cascade)
{
    Str if_match;
    TRY(if_match_of(r, &if_match));
    TRY(patient_of_resource(r));
    Err err = cascade ? fhir_delete_with_referrers(&r->ctx, r->type, r->id, if_match)
                      : fhir_delete(&r->ctx, r->type, r->id, if_match);
    if (err != ERR_GONE)
        TRY(explain_missing(r, err));
    r->answer.status = 204;
    return OK;
}

Err fhir_http_delete(Request *r)
{
    bool cascade;
    TRY(request_check_format(r));
    TRY(check_type(r));
    TRY(take_cascade(r, &cascade));
    TRY(access_check(&r->ctx, r->type, CAN_DELETE));
    return delete_one(r, cascade);
}

Err fhir_http_patch(Request *r)
{
    Resource resource;
    Str if_match;
    TRY(begin_write(r, CAN_UPDATE));
    Media media = media_of(request_header(r, "Content-Type"));
    if (media != MEDIA_PATCH && media != MEDIA_JSON)
        return problem(
            &r->ctx, ERR_MEDIA, STR_NONE,
            "A patch is application/json-patch+json, or a FHIRPath Patch in application/fhir+json.");
    Str body = str_trim(r->body);
    if (body.n && (body.p[0] == '[') != (media == MEDIA_PATCH))
        return problem(
            &r->ctx, ERR_SYNTAX, STR_NONE,
            "A JSON Patch is a list (application/json-patch+json), a FHIRPath Patch a Parameters resource "
            "(application/fhir+json).");
    TRY(if_match_of(r, &if_match));
    TRY(patient_of_resource(r));
    TRY(explain_missing(r, fhir_patch(&r->ctx, r->type, r->id, r->body, if_match, &resource)));
    answer_written(r, &resource);
    return OK;
}

/* ---- the one resource that a query finds ---- */

/* r->id becomes that of the match; absent where there is none. */
static Err match_query(Request *r, Interaction interaction)
{
    TRY(request_check_format(r));
    TRY(check_type(r));
    TRY(access_check(&r->ctx, r->type, interaction));
    if (str_empty(r->query))
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "Name a resource by its id, or by a search.");
    TRY(fhir_match(&r->ctx, r->type, r->query, &r->id));
    r->query = STR_NONE;
    return OK;
}

static Err update_match(Request *r)
{
    Resource resource;
    Str id = json_find_str(json_parse(r->ctx.arena, r->body), "id");
    if (r->id.p && id.p && !str_eq(id, r->id))
        return problem(&r->ctx, ERR_SYNTAX, S("id"),
                       "The search finds another resource than the body names.");
    if (!r->id.p)
        TRY(access_check(&r->ctx, r->type, CAN_CREATE));
    if (r->id.p || id.p)
        TRY(fhir_put(&r->ctx, r->type, r->id.p ? r->id : id, r->body, &resource));
    else
        TRY(fhir_create(&r->ctx, r->type, r->body, &resource));
    r->id = resource.id;
    TRY(patient_of_resource(r));
    answer_written(r, &resource);
    return OK;
}

Err fhir_http_where(Request *r)
{
    Interaction interaction = str_is(r->method, "DELETE") ? CAN_DELETE : CAN_UPDATE;
    TRY(match_query(r, interaction));
    if (str_is(r->method, "PUT")) {
        TRY(check_json_body(r));
        return update_match(r);
    }
    if (!r->id.p)
        return problem(&r->ctx, ERR_NOT_FOUND, r->type, "The search finds no resource.");
    return str_is(r->method, "DELETE") ? delete_one(r, false) : fhir_http_patch(r);
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
        Str denied = !access_allows(c->user.role, type, entry_methods[m].interaction) ? type
                     : resource_type.p && !str_is(method, "PATCH") &&
                             !access_allows(c->user.role, resource_type, entry_methods[m].interaction)
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

static Err transaction(Request *r)
{
    Ctx *c = &r->ctx;
    Str response;
    Json *bundle = json_parse(c->arena, r->body);
    TRY(check_entries(c, bundle));
    patient_of_bundle(r, bundle);
    TRY(fhir_transaction(c, r->body, false, &response, NULL));
    answer_body(r, 200, fhir_json, response);
    return OK;
}

/* A transaction runs in one of the database's; a batch's entries each for themselves. */
Err fhir_http_bundle(Request *r)
{
    Ctx *c = &r->ctx;
    TRY(request_check_format(r));
    TRY(check_plain_query(r));
    TRY(check_json_body(r));
    TRY(json_scan(c, r->body));
    Json *bundle = json_parse(c->arena, r->body);
    if (!str_is(json_find_str(bundle, "resourceType"), "Bundle"))
        return problem(c, ERR_SYNTAX, S("resourceType"), "The body must be a Bundle.");
    return str_is(json_find_str(bundle, "type"), "batch") ? batch_http(r, bundle)
                                                          : write_serve(r, transaction);
}
