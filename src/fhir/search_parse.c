#include "fhir/search_plan.h"

#include "base/json.h"
#include "base/limits.h"
#include "fhir/index_text.h"

#include <sodium.h>

static Err refuse(Ctx *c, Str name, const char *why)
{
    return problem(c, ERR_SYNTAX, name, "%s", why);
}

bool source_is_time(Source source)
{
    return source == SOURCE_DATE || source == SOURCE_UPDATED;
}

static Source source_of(const FhirParam *param)
{
    static const Source sources[] = {
        [PARAM_NUMBER] = SOURCE_NUMBER,
        [PARAM_DATE] = SOURCE_DATE,
        [PARAM_STRING] = SOURCE_STRING,
        [PARAM_TOKEN] = SOURCE_TOKEN,
        [PARAM_URI] = SOURCE_URI,
        [PARAM_QUANTITY] = SOURCE_QUANTITY,
        [PARAM_REFERENCE] = SOURCE_REFERENCE,
        [PARAM_COMPOSITE] = SOURCE_MAX,
        [PARAM_SPECIAL] = SOURCE_MAX,
    };
    if (strcmp(param->name, "_id") == 0)
        return SOURCE_ID;
    return strcmp(param->name, "_lastUpdated") == 0 ? SOURCE_UPDATED : sources[param->kind];
}

/* ---- filters ---- */

static bool modifier_allowed(const FhirParam *param, Str modifier)
{
    static const struct {
        const char *name;
        FhirParamKind kind;
    } allowed[] = { { "exact", PARAM_STRING },
                    { "contains", PARAM_STRING },
                    { "not", PARAM_TOKEN },
                    { "identifier", PARAM_REFERENCE } };
    if (!modifier.p || str_is(modifier, "missing"))
        return true;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (allowed[i].kind == param->kind && str_is(modifier, allowed[i].name))
            return true;
    return param->kind == PARAM_REFERENCE && fhir_resource(modifier);
}

static Err parse_missing(Ctx *c, Str name, Str value, SearchFilter *filter)
{
    if (str_is(value, "true"))
        filter->presence = PRESENCE_MISSING;
    else if (str_is(value, "false"))
        filter->presence = PRESENCE_NEEDED;
    else
        return refuse(c, name, ":missing is true or false");
    return OK;
}

static Err parse_filter(Ctx *c, const FhirParam *param, Str modifier, const SearchTerm *term,
                        SearchPlan *plan)
{
    SearchFilter filter = { .source = source_of(param), .param = str_from(param->name) };
    if (filter.source == SOURCE_MAX)
        return refuse(c, term->name, "composite and special parameters are not supported");
    if (!modifier_allowed(param, modifier))
        return refuse(c, term->name, "this modifier is not supported here");
    filter.negated = str_is(modifier, "not");
    if (str_is(modifier, "identifier"))
        filter.source = SOURCE_TOKEN;
    if (str_is(modifier, "missing"))
        TRY(parse_missing(c, term->name, term->value, &filter));
    else
        TRY(search_parse_values(c, param, modifier, term->value, &filter));
    *list_add(c->arena, &plan->filters) = filter;
    return OK;
}

/* ---- what steers the result ---- */

static Err parse_count(Ctx *c, Str value, SearchPlan *plan)
{
    int64_t count;
    if (!str_to_int(value, &count) || count < 0)
        return refuse(c, S("_count"), "_count is a number, zero or more");
    plan->count = count > LIMIT_PAGE_ROWS ? LIMIT_PAGE_ROWS : count;
    if (count == 0)
        plan->total = true;
    return OK;
}

static Err parse_total(Ctx *c, Str value, SearchPlan *plan)
{
    if (!str_is(value, "none") && !str_is(value, "estimate") && !str_is(value, "accurate"))
        return refuse(c, S("_total"), "_total is none, estimate or accurate");
    plan->total |= !str_is(value, "none");
    return OK;
}

static Err parse_summary(Ctx *c, Str value, SearchPlan *plan)
{
    if (str_is(value, "false"))
        return OK;
    if (!str_is(value, "count"))
        return refuse(c, S("_summary"), "only _summary=count is supported");
    return parse_count(c, S("0"), plan);
}

static Err parse_sort(Ctx *c, Str value, SearchPlan *plan)
{
    while (value.p) {
        Str name = str_cut(value, ',', &value);
        bool descending = str_starts(name, S("-"));
        const FhirParam *param = fhir_param(plan->definition, str_slice(name, descending, name.n));
        Source source = param ? source_of(param) : SOURCE_MAX;
        if (source == SOURCE_MAX || plan->n_sort == SEARCH_SORT_KEYS)
            return refuse(
                c, S("_sort"),
                "_sort names up to 8 search parameters of the type, each once, with - for descending");
        plan->sort[plan->n_sort++] = (SortKey){ source, str_from(param->name), descending };
    }
    return OK;
}

/* The format is negotiated before a search is run. */
static Err parse_nothing(Ctx *c, Str value, SearchPlan *plan)
{
    (void)c, (void)value, (void)plan;
    return OK;
}

/* Read after all others: what it must hold depends on the sort. */
static Err parse_cursor(Ctx *c, Str text, SearchPlan *plan)
{
    size_t n = 0;
    char *bytes = arena_new(c->arena, char, text.n + 1);
    if (sodium_base642bin((unsigned char *)bytes, text.n, text.p, text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return refuse(c, S("_cursor"), "not a cursor of this server");
    Json *keys = json_parse(c->arena, (Str){ bytes, n });
    if (json_count(keys) != plan->n_sort + 1)
        return refuse(c, S("_cursor"), "the cursor is of another search");
    for (size_t i = 0; i <= plan->n_sort; i++) {
        bool is_time = i < plan->n_sort && source_is_time(plan->sort[i].source);
        int64_t at_us = 0;
        Str key = json_str(json_at(keys, i));
        if (is_time ? !json_int(json_at(keys, i), &at_us) : !key.p)
            return refuse(c, S("_cursor"), "the cursor is of another search");
        plan->cursor[i] = is_time ? I(at_us) : T(key);
    }
    plan->n_cursor = plan->n_sort + 1;
    return OK;
}

typedef struct Control {
    const char *name;
    Err (*parse)(Ctx *c, Str value, SearchPlan *plan);
} Control;

static const Control controls[] = {
    { "_count", parse_count },     { "_sort", parse_sort },      { "_total", parse_total },
    { "_summary", parse_summary }, { "_cursor", parse_nothing }, { "_format", parse_nothing },
    { "_pretty", parse_nothing },
};

static const Control *control_named(Str name)
{
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (str_is(name, controls[i].name))
            return &controls[i];
    return NULL;
}

/* ---- all terms ---- */

static Err parse_unknown(Ctx *c, Str name, bool strict)
{
    if (str_find(name, '.') < name.n || str_starts(name, S("_has")))
        return refuse(c, name, "chained parameters are not supported");
    return strict ? refuse(c, name, "there is no such search parameter") : OK;
}

static Err parse_term(Ctx *c, const SearchTerm *term, bool strict, SearchPlan *plan)
{
    if (!index_is_text(term->name) || !index_is_text(term->value))
        return refuse(c, STR_NONE, "a search parameter is not UTF-8");
    const Control *control = control_named(term->name);
    Str modifier;
    Str name = str_cut(term->name, ':', &modifier);
    const FhirParam *param = fhir_param(plan->definition, name);
    if (!control && !param)
        return parse_unknown(c, name, strict);
    if (str_empty(term->value))
        return OK;
    TRY(control ? control->parse(c, term->value, plan) : parse_filter(c, param, modifier, term, plan));
    *list_add(c->arena, &plan->used) = *term;
    return OK;
}

Err search_parse(Ctx *c, const FhirResource *definition, const SearchTerms *terms, bool strict,
                 SearchPlan *ret_plan)
{
    SearchPlan plan = { .definition = definition, .count = LIMIT_PAGE_ROWS_USUAL };
    if (terms->n > LIMIT_SEARCH_TERMS)
        return refuse(c, STR_NONE, "too many search parameters");
    for (size_t i = 0; i < terms->n; i++)
        TRY(parse_term(c, &terms->at[i], strict, &plan));
    for (size_t i = 0; i < terms->n; i++)
        if (str_is(terms->at[i].name, "_cursor"))
            TRY(parse_cursor(c, terms->at[i].value, &plan));
    *ret_plan = plan;
    return OK;
}
