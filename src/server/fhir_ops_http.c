/* FHIR's own operations on the record: $convert, $validate, $everything, $lastn, $meta; and US Core's
 * $docref. */
#include "base/limits.h"
#include "db/db.h"
#include "fhir/definitions.h"
#include "fhir/json_scan.h"
#include "fhir/search.h"
#include "server/access.h"
#include "server/negotiate.h"
#include "server/patient.h"
#include "server/route.h"

static const char fhir_json[] = "application/fhir+json; charset=utf-8";

static Err begin(Request *r)
{
    TRY(request_check_format(r));
    if (!fhir_resource(r->type))
        return problem(&r->ctx, ERR_NOT_FOUND, STR_NONE, "FHIR R4 has no resource type %.*s.",
                       STR_ARG(r->type));
    return access_check(&r->ctx, r->type, CAN_READ);
}

static Err answer_page(Request *r, const SearchPage *page)
{
    Str bundle = fhir_searchset(&r->ctx, request_base(r), r->type, page);
    if (!bundle.p)
        return problem(&r->ctx, ERR_TOO_LARGE, STR_NONE,
                       "The answer is larger than the limit: ask for less.");
    answer_body(r, 200, fhir_json, bundle);
    return OK;
}

static Err read_terms(Request *r, SearchTerms *terms)
{
    if (form_parse(r->ctx.arena, r->query, LIMIT_SEARCH_TERMS, terms))
        return OK;
    return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
}

/* ---- $validate ---- */

/* The resource itself, or the parameter "resource" of a Parameters. */
static Str resource_of(Request *r)
{
    Json *body = json_parse(r->ctx.arena, r->body), *list = json_get(body, "parameter");
    if (!str_is(json_find_str(body, "resourceType"), "Parameters") || str_is(r->type, "Parameters"))
        return r->body;
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "name"), "resource"))
            return json_text(r->ctx.arena, json_get(json_at(list, i), "resource"));
    return r->body;
}

/* The answer is always 200 with an OperationOutcome: that something is wrong is what was asked. */
Err fhir_ops_validate(Request *r)
{
    TRY(begin(r));
    if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
        return problem(&r->ctx, ERR_MEDIA, STR_NONE, "The body must be application/fhir+json.");
    Err err = json_scan(&r->ctx, r->body);
    if (err == OK)
        err = fhir_check(&r->ctx, r->type, resource_of(r));
    if (err == OK)
        (void)problem(
            &r->ctx, OK, STR_NONE,
            "Structure, types, required codes and references are as R4 has them. Profiles were not checked.");
    answer_body(r, 200, fhir_json, outcome_text(&r->ctx, err, err == OK ? "information" : "error"));
    return OK;
}

/* ---- $convert ---- */

/* JSON is the one form that this server knows: what comes is checked, and goes back as it came. */
Err fhir_ops_convert(Request *r)
{
    TRY(request_check_format(r));
    if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
        return problem(&r->ctx, ERR_MEDIA, STR_NONE,
                       "The body must be application/fhir+json: no other form is known.");
    TRY(json_scan(&r->ctx, r->body));
    Str type = json_find_str(json_parse(r->ctx.arena, r->body), "resourceType");
    if (!fhir_resource(type))
        return problem(&r->ctx, ERR_SYNTAX, S("resourceType"), "The body must be a resource of R4.");
    TRY(fhir_check(&r->ctx, type, r->body));
    answer_body(r, 200, fhir_json, r->body);
    return OK;
}

/* ---- $everything ---- */

static Err read_compartment(Request *r, const SearchTerms *terms, Resources *ret_page, Str *ret_cursor)
{
    Resources all;
    Str cursor = form_value(terms, "_cursor"), types = form_value(terms, "_type");
    int64_t count = LIMIT_PAGE_ROWS;
    Str count_text = form_value(terms, "_count");
    if (count_text.p && (!str_to_int(count_text, &count) || count < 1))
        return problem(&r->ctx, ERR_SYNTAX, S("_count"), "_count is a number above zero.");
    TRY(fhir_patient_compartment(&r->ctx, r->id, &all));
    for (size_t i = 0; i < all.n; i++) {
        const Resource *one = &all.at[i];
        Str key = arena_fmt(r->ctx.arena, "%.*s/%.*s", STR_ARG(one->type), STR_ARG(one->id));
        bool is_wanted = !types.p;
        for (Str rest = types; rest.p && !is_wanted;)
            is_wanted = str_eq(str_cut(rest, ',', &rest), one->type);
        if (!is_wanted || !may_read(&r->ctx, one->type) || (cursor.p && str_cmp(key, cursor) <= 0))
            continue;
        if ((int64_t)ret_page->n == (count > LIMIT_PAGE_ROWS ? LIMIT_PAGE_ROWS : count))
            return OK;
        *list_add(r->ctx.arena, ret_page) = *one;
        *ret_cursor = i + 1 < all.n ? key : STR_NONE;
    }
    *ret_cursor = STR_NONE;
    return OK;
}

/* What the page refers to and is nobody's chart: practitioners, organisations, places, medications. */
static Err add_referred(Request *r, const Resources *page, Resources *included)
{
    for (size_t i = 0; i < page->n; i++) {
        AUTO(rows_done) Rows *rows = NULL;
        TRY(db_query(&r->ctx,
                     SQL("SELECT DISTINCT r.type, r.id, r.body FROM index_reference t"
                         " JOIN resource r ON r.type = t.target_type AND r.id = t.target_id"
                         " WHERE t.number = (SELECT f.number FROM resource f WHERE f.type = $1 AND f.id = "
                         "$2) AND r.deleted = 0"
                         " AND NOT EXISTS (SELECT 1 FROM compartment p WHERE p.number = r.number) ORDER BY "
                         "r.type, r.id"),
                     ARGS(T(page->at[i].type), T(page->at[i].id)), &rows));
        while (rows_next(rows)) {
            Arena *a = r->ctx.arena;
            Resource one = { .type = arena_str(a, rows_text(rows, 0)),
                             .id = arena_str(a, rows_text(rows, 1)) };
            bool is_new = may_read(&r->ctx, one.type);
            for (size_t k = 0; k < included->n && is_new; k++)
                is_new = !str_eq(included->at[k].id, one.id) || !str_eq(included->at[k].type, one.type);
            one.body = arena_str(a, rows_text(rows, 2));
            if (is_new)
                *list_add(a, included) = one;
        }
        TRY(rows_error(rows));
    }
    return OK;
}

Err fhir_ops_everything(Request *r)
{
    SearchTerms terms;
    SearchPage page = { .total = -1 };
    Resource patient;
    r->type = S("Patient");
    TRY(begin(r));
    TRY(read_terms(r, &terms));
    r->patient_id = r->id;
    TRY(fhir_read(&r->ctx, r->type, r->id, &patient));
    TRY(read_compartment(r, &terms, &page.matches, &page.next_cursor));
    TRY(add_referred(r, &page.matches, &page.included));
    for (size_t i = 0; i < terms.n; i++)
        *list_add(r->ctx.arena, &page.used) = terms.at[i];
    r->type = arena_fmt(r->ctx.arena, "Patient/%.*s/$everything", STR_ARG(r->id));
    Err err = answer_page(r, &page);
    r->type = S("Patient");
    return err;
}

/* ---- $lastn ---- */

/* Observations of one code are told apart by their first coding, without one by their text. */
static Str code_of(Arena *a, const Resource *r)
{
    Json *code = json_get(json_parse(a, r->body), "code");
    Str first = json_find_str(code, "coding[0].code"), system = json_find_str(code, "coding[0].system");
    return first.p ? arena_fmt(a, "%.*s|%.*s", STR_ARG(system), STR_ARG(first)) : json_find_str(code, "text");
}

typedef struct CodeCount {
    Str code;
    int64_t n;
} CodeCount;

static Err take_newest(Request *r, const Resources *page, int64_t most, CodeCount *counts, size_t *n_counts,
                       size_t room, Resources *ret)
{
    for (size_t i = 0; i < page->n; i++) {
        Str code = code_of(r->ctx.arena, &page->at[i]);
        size_t k = 0;
        while (k < *n_counts && !str_eq(counts[k].code, code))
            k++;
        if (k == room)
            return problem(&r->ctx, ERR_TOO_LARGE, S("code"),
                           "More than %zu codes: name those that are wanted.", room);
        if (k == *n_counts)
            counts[(*n_counts)++] = (CodeCount){ code, 0 };
        if (counts[k].n++ < most)
            *list_add(r->ctx.arena, ret) = page->at[i];
    }
    return OK;
}

/* The search is read newest first, page by page, until each code has its most or nothing is left. */
Err fhir_ops_lastn(Request *r)
{
    enum { CODES_MOST = 1000, ROWS_MOST = 20000 };
    SearchTerms terms, asked = { 0 };
    SearchPage found = { .total = -1 };
    CodeCount *counts = arena_new(r->ctx.arena, CodeCount, CODES_MOST);
    size_t n_counts = 0, rows = 0;
    int64_t most = 1;
    r->type = S("Observation");
    TRY(begin(r));
    TRY(read_terms(r, &terms));
    Str most_text = form_value(&terms, "max");
    if (most_text.p && (!str_to_int(most_text, &most) || most < 1))
        return problem(&r->ctx, ERR_SYNTAX, S("max"), "max is a number above zero.");
    for (size_t i = 0; i < terms.n; i++)
        if (!str_is(terms.at[i].name, "max") && terms.at[i].name.p[0] != '_')
            *list_add(r->ctx.arena, &asked) = terms.at[i];
    if (!asked.n)
        return problem(&r->ctx, ERR_SYNTAX, S("patient"), "$lastn wants a search: patient, category, code.");
    patient_of_search(r, &asked);
    *list_add(r->ctx.arena, &asked) = (SearchTerm){ S("_sort"), S("-date") };
    *list_add(r->ctx.arena, &asked) = (SearchTerm){ S("_count"), S("1000") };
    for (Str cursor = S(""); cursor.p;) {
        SearchPage page;
        SearchTerms one = asked;
        if (cursor.n)
            *list_add(r->ctx.arena, &one) = (SearchTerm){ S("_cursor"), cursor };
        TRY(fhir_search(&r->ctx, r->type, &one, true, &page));
        TRY(take_newest(r, &page.matches, most, counts, &n_counts, CODES_MOST, &found.matches));
        cursor = page.next_cursor;
        if ((rows += page.matches.n) > ROWS_MOST)
            return problem(&r->ctx, ERR_TOO_LARGE, STR_NONE, "More than %d observations: narrow the search.",
                           ROWS_MOST);
    }
    r->type = S("Observation/$lastn");
    for (size_t i = 0; i < terms.n; i++)
        *list_add(r->ctx.arena, &found.used) = terms.at[i];
    Err err = answer_page(r, &found);
    r->type = S("Observation");
    return err;
}

/* ---- $docref ---- */

/* An in parameter of US Core 6.1.0's docref, and the search that it stands for. */
static const struct {
    const char *name, *param, *prefix;
} docref_params[] = {
    { "patient", "patient", "" },
    { "start", "period", "ge" },
    { "end", "period", "le" },
    { "type", "type", "" },
};

static Err add_docref_term(Request *r, Str name, Str value, SearchTerms *asked)
{
    Arena *a = r->ctx.arena;
    for (size_t i = 0; i < sizeof docref_params / sizeof docref_params[0]; i++)
        if (str_is(name, docref_params[i].name)) {
            Str term = arena_fmt(a, "%s%.*s", docref_params[i].prefix, STR_ARG(value));
            *list_add(a, asked) = (SearchTerm){ str_from(docref_params[i].param), term };
            return OK;
        }
    if (str_is(name, "on-demand") && str_is(value, "false"))
        return OK;
    return problem(&r->ctx, ERR_SYNTAX, name,
                   "$docref takes patient, start, end and type; it makes no documents.");
}

/* valueId, valueDate, valueDateTime, valueBoolean or, of the type, valueCodeableConcept: as a search has it.
 */
static Str docref_value(Arena *a, Json *parameter)
{
    static const char *const plain[] = { "valueId", "valueString", "valueDate", "valueDateTime" };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (json_find_str(parameter, plain[i]).p)
            return json_find_str(parameter, plain[i]);
    Json *demand = json_get(parameter, "valueBoolean"),
         *coding = json_find(parameter, "valueCodeableConcept.coding[0]");
    if (demand)
        return json_text(a, demand);
    Str system = json_find_str(coding, "system"), code = json_find_str(coding, "code");
    return system.p ? arena_fmt(a, "%.*s|%.*s", STR_ARG(system), STR_ARG(code)) : code;
}

static Err read_docref_body(Request *r, SearchTerms *asked)
{
    if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
        return problem(&r->ctx, ERR_MEDIA, STR_NONE, "The body must be application/fhir+json.");
    TRY(json_scan(&r->ctx, r->body));
    Json *body = json_parse(r->ctx.arena, r->body), *list = json_get(body, "parameter");
    if (!str_is(json_find_str(body, "resourceType"), "Parameters"))
        return problem(&r->ctx, ERR_SYNTAX, S("resourceType"), "The body must be a Parameters resource.");
    for (size_t i = 0; i < json_count(list); i++) {
        Str value = docref_value(r->ctx.arena, json_at(list, i));
        if (!value.p)
            return problem(&r->ctx, ERR_SYNTAX, arena_fmt(r->ctx.arena, "Parameters.parameter[%zu]", i),
                           "The parameter has no value that $docref takes.");
        TRY(add_docref_term(r, json_find_str(json_at(list, i), "name"), value, asked));
    }
    return OK;
}

static Err read_docref_query(Request *r, SearchTerms *asked)
{
    SearchTerms terms;
    TRY(read_terms(r, &terms));
    for (size_t i = 0; i < terms.n; i++)
        TRY(add_docref_term(r, terms.at[i].name, terms.at[i].value, asked));
    return OK;
}

/* All that are recorded: none is made on demand. */
Err fhir_ops_docref(Request *r)
{
    SearchTerms asked = { 0 };
    SearchPage page;
    r->type = S("DocumentReference");
    TRY(begin(r));
    TRY(str_is(r->method, "POST") ? read_docref_body(r, &asked) : read_docref_query(r, &asked));
    if (!form_value(&asked, "patient").n)
        return problem(&r->ctx, ERR_SYNTAX, S("patient"), "$docref wants a patient.");
    patient_of_search(r, &asked);
    *list_add(r->ctx.arena, &asked) = (SearchTerm){ S("_count"), S("1000") };
    TRY(fhir_search(&r->ctx, r->type, &asked, true, &page));
    if (page.next_cursor.p)
        return problem(&r->ctx, ERR_TOO_LARGE, STR_NONE,
                       "More than %d documents: narrow it by start, end or type.", LIMIT_PAGE_ROWS);
    return answer_page(r, &page);
}

/* ---- $meta ---- */

Err fhir_ops_meta(Request *r)
{
    Resource resource;
    TRY(begin(r));
    TRY(patient_of_resource(r));
    TRY(fhir_read(&r->ctx, r->type, r->id, &resource));
    Json *meta = json_get(json_parse(r->ctx.arena, resource.body), "meta");
    answer_body(r, 200, fhir_json,
                json_build(r->ctx.arena,
                           "{'resourceType':'Parameters','parameter':[{'name':'return','valueMeta':%j}]}",
                           json_text(r->ctx.arena, meta)));
    return OK;
}
