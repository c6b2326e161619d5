#include "fhir/search_plan.h"

#include "base/json.h"
#include "base/limits.h"
#include "fhir/index_text.h"

#include <sodium.h>

static Err refuse(Ctx *c, Str name, const char *why)
{
    return problem(c, ERR_SYNTAX, name, "%s", why);
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
    if (str_is(value, "count"))
        return parse_count(c, S("0"), plan);
    return subset_of_summary(value, &plan->subset)
               ? OK
               : refuse(c, S("_summary"), "_summary is true, text, data, count or false");
}

static Err parse_elements(Ctx *c, Str value, SearchPlan *plan)
{
    (void)c;
    plan->subset = (Subset){ .kind = SUBSET_ELEMENTS, .elements = value };
    return OK;
}

static Err parse_sort(Ctx *c, Str value, SearchPlan *plan)
{
    while (value.p) {
        Str name = str_cut(value, ',', &value);
        bool descending = str_starts(name, S("-"));
        const FhirParam *param = fhir_param(plan->definition, str_slice(name, descending, name.n));
        Source source = param ? search_source(param) : SOURCE_MAX;
        if (source == SOURCE_MAX || plan->n_sort == SEARCH_SORT_KEYS)
            return refuse(
                c, S("_sort"),
                "_sort names up to 8 search parameters of the type, each once, with - for descending");
        plan->sort[plan->n_sort++] = (SortKey){ source, search_rows(c->arena, param, ""), descending };
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
        bool is_number = i < plan->n_sort ? source_is_time(plan->sort[i].source) : search_is_late(c, plan);
        int64_t number = 0;
        Str key = json_str(json_at(keys, i));
        if (is_number ? !json_int(json_at(keys, i), &number) : !key.p)
            return refuse(c, S("_cursor"), "the cursor is of another search");
        plan->cursor[i] = is_number ? I(number) : T(key);
    }
    plan->n_cursor = plan->n_sort + 1;
    return OK;
}

typedef struct Control {
    const char *name;
    Err (*parse)(Ctx *c, Str value, SearchPlan *plan);
} Control;

static const Control controls[] = {
    { "_count", parse_count },     { "_sort", parse_sort },         { "_total", parse_total },
    { "_summary", parse_summary }, { "_cursor", parse_nothing },    { "_format", parse_nothing },
    { "_pretty", parse_nothing },  { "_elements", parse_elements },
};

static const Control *control_named(Str name)
{
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (str_is(name, controls[i].name))
            return &controls[i];
    return NULL;
}

/* ---- includes ---- */

static bool is_reference_of(Str type, Str param)
{
    const FhirResource *definition = fhir_resource(type);
    const FhirParam *found = definition && param.p ? fhir_param(definition, param) : NULL;
    return definition && (!param.p || (found && found->kind == PARAM_REFERENCE));
}

/* Whose rows are those of others is followed by theirs. */
static void add_include(Ctx *c, SearchInclude include, SearchPlan *plan)
{
    const FhirParam *param = include.param.p ? fhir_param(fhir_resource(include.type), include.param) : NULL;
    if (!param || !param->made_of) {
        *list_add(c->arena, &plan->includes) = include;
        return;
    }
    if (param->only_target && include.target.p && !str_is(include.target, param->only_target))
        return;
    if (param->only_target)
        include.target = str_from(param->only_target);
    for (const char *const *name = param->made_of; *name; name++) {
        include.param = str_from(*name);
        *list_add(c->arena, &plan->includes) = include;
    }
}

/* "Observation:subject", "Observation:subject:Patient", "Observation:*", "*" */
static Err parse_include(Ctx *c, Str name, Str value, SearchPlan *plan)
{
    static const char why[] = "an include is Type:parameter, Type:parameter:TargetType, Type:* or *";
    Str modifier, param, target;
    bool reverse = str_is(str_cut(name, ':', &modifier), "_revinclude");
    Str type = str_cut(value, ':', &param);
    param = str_cut(param, ':', &target);
    if (modifier.p && !str_is(modifier, "iterate") && !str_is(modifier, "recurse"))
        return refuse(c, name, "the only modifier of an include is :iterate");
    if (str_is(type, "*"))
        type = STR_NONE;
    if (!param.p && type.p)
        return refuse(c, name, why);
    if (str_is(param, "*"))
        param = STR_NONE;
    if ((type.p && !is_reference_of(type, param)) || (target.p && !fhir_resource(target)))
        return refuse(c, name, "there is no such reference parameter or type");
    add_include(c, (SearchInclude){ reverse, modifier.p != NULL, type, param, target }, plan);
    return OK;
}

/* ---- all terms ---- */

static bool is_include(Str name)
{
    Str rest;
    Str head = str_cut(name, ':', &rest);
    return str_is(head, "_include") || str_is(head, "_revinclude");
}

/* Is it a parameter of this type, a chain, or _has? */
static bool is_filter(const FhirResource *definition, Str name)
{
    Str rest;
    Str head = str_cut(str_cut(name, '.', &rest), ':', &rest);
    return str_is(head, "_has") || fhir_param(definition, head);
}

static Err parse_term(Ctx *c, const SearchTerm *term, bool strict, SearchPlan *plan)
{
    if (!str_is_text(term->name) || !str_is_text(term->value))
        return refuse(c, STR_NONE, "a search parameter is not UTF-8");
    const Control *control = control_named(term->name);
    bool filters = is_filter(plan->definition, term->name), includes = is_include(term->name);
    if (!control && !filters && !includes)
        return strict ? refuse(c, term->name, "there is no such search parameter") : OK;
    if (str_empty(term->value))
        return OK;
    if (filters)
        TRY(search_parse_filter(c, plan->definition, term->name, term->value,
                                list_add(c->arena, &plan->filters)));
    else
        TRY(control ? control->parse(c, term->value, plan) : parse_include(c, term->name, term->value, plan));
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
