/* One term of a search, read into a filter: a parameter with its modifier, a composite, a chain, _has. */
#include "fhir/search_plan.h"

#include "base/limits.h"
#include "fhir/index.h"

static Err refuse(Ctx *c, Str name, const char *why)
{
    return problem(c, ERR_SYNTAX, name, "%s", why);
}

static Err parse_at(Ctx *c, const FhirResource *definition, Str name, Str value, int depth,
                    SearchFilter *filter);

bool source_is_time(Source source)
{
    return source == SOURCE_DATE || source == SOURCE_UPDATED;
}

Source search_source(const FhirParam *param)
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

ParamRows search_rows_named(Arena *a, Str name)
{
    ParamRows rows = { 0 };
    *list_add(a, &rows.names) = name;
    return rows;
}

ParamRows search_rows(Arena *a, const FhirParam *param, const char *suffix)
{
    if (!param->made_of)
        return search_rows_named(a, arena_fmt(a, "%s%s", param->name, suffix));
    ParamRows rows = { .only_target = param->only_target ? str_from(param->only_target) : STR_NONE };
    for (const char *const *name = param->made_of; *name; name++)
        *list_add(a, &rows.names) = arena_fmt(a, "%s%s", *name, suffix);
    return rows;
}

/* ---- a parameter of its own ---- */

static bool modifier_allowed(const FhirParam *param, Str modifier)
{
    static const struct {
        const char *name;
        FhirParamKind kind;
    } allowed[] = {
        { "exact", PARAM_STRING }, { "contains", PARAM_STRING }, { "not", PARAM_TOKEN },
        { "text", PARAM_TOKEN },   { "of-type", PARAM_TOKEN },   { "identifier", PARAM_REFERENCE }
    };
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

/* "patient", and "subject" where "patient" is made of it. */
static bool are_of_patient(const FhirResource *definition, const ParamRows *rows)
{
    const FhirParam *patient = fhir_param(definition, S("patient"));
    if (!patient || rows->names.n != 1)
        return false;
    return str_is(rows->names.at[0], patient->made_of ? patient->made_of[0] : patient->name);
}

static Err parse_own(Ctx *c, const FhirResource *definition, const FhirParam *param, Str name, Str modifier,
                     Str value, SearchFilter *filter)
{
    filter->source = search_source(param);
    if (filter->source == SOURCE_MAX)
        return refuse(c, name, "special parameters are not supported");
    if (!modifier_allowed(param, modifier))
        return refuse(c, name, "this modifier is not supported here");
    filter->negated = str_is(modifier, "not");
    filter->rows = search_rows(c->arena, param,
                               str_is(modifier, "text")      ? INDEX_TEXT_SUFFIX
                               : str_is(modifier, "of-type") ? INDEX_OF_TYPE_SUFFIX
                                                             : "");
    filter->rows.is_by_patient =
        param->is_by_patient && !str_is(modifier, "text") && !str_is(modifier, "of-type");
    filter->rows.at = filter->rows.is_by_patient ? param->at : NULL;
    filter->rows.are_of_patient = are_of_patient(definition, &filter->rows);
    if (str_is(modifier, "text"))
        filter->source = SOURCE_STRING;
    if (str_is(modifier, "identifier")) {
        filter->source = SOURCE_TOKEN;
        if (param->only_target) /* tokens do not say what type they are of: these have rows of their own */
            filter->rows = search_rows_named(c->arena, str_from(param->name));
    }
    return str_is(modifier, "missing") ? parse_missing(c, name, value, filter)
                                       : search_parse_values(c, param, modifier, value, filter);
}

/* ---- a composite: "8480-6$gt140", "," for or ---- */

static Err parse_together(Ctx *c, const FhirResource *definition, const FhirParam *param, Str name, Str value,
                          SearchFilter *together)
{
    Str rest = value;
    for (int i = 0; i < param->n_components; i++) {
        Str one = search_cut(rest, '$', &rest);
        if (str_empty(one))
            return refuse(c, name, "a composite has its values in their order, $ between them");
        SearchFilter *part = list_add(c->arena, &together->branches);
        *part = (SearchFilter){ .type = together->type,
                                .source = search_source(&param->components[i]),
                                .rows = search_rows_named(c->arena, index_part_name(c->arena, param, i)) };
        if (together->kind == FILTER_ALL)
            part->rows = search_rows(c->arena, fhir_param(definition, str_from(param->made_of[i])), "");
        TRY(search_parse_values(c, &param->components[i], STR_NONE, one, part));
    }
    return rest.p ? refuse(c, name, "this composite has fewer values") : OK;
}

/* One branch for each way in which an element may hold the values. */
static Err parse_alternative(Ctx *c, const FhirResource *definition, const FhirParam *param, Str name,
                             Str value, SearchFilter *filter)
{
    bool is_union = param->made_of && fhir_param(definition, str_from(param->made_of[0]))->n_components;
    for (const char *const *part = param->made_of; is_union && *part; part++)
        TRY(parse_alternative(c, definition, fhir_param(definition, str_from(*part)), name, value, filter));
    if (is_union)
        return OK;
    SearchFilter *together = list_add(c->arena, &filter->branches);
    *together = (SearchFilter){ .kind = param->made_of ? FILTER_ALL : FILTER_TOGETHER, .type = filter->type };
    return parse_together(c, definition, param, name, value, together);
}

static Err parse_composite(Ctx *c, const FhirResource *definition, const FhirParam *param, Str name,
                           Str modifier, Str value, SearchFilter *filter)
{
    if (!param->n_components)
        return refuse(c, name, "this composite parameter is not supported");
    if (modifier.p)
        return refuse(c, name, "a composite has no modifier");
    filter->kind = FILTER_ANY;
    for (Str rest = value; rest.p;) {
        Str one = search_cut(rest, ',', &rest);
        TRY(parse_alternative(c, definition, param, name, one, filter));
    }
    return OK;
}

/* ---- chains and _has ---- */

static Err check_readable(Ctx *c, Str name, Str type)
{
    return may_read(c, type)
               ? OK
               : problem(c, ERR_FORBIDDEN, name, "This role has no access to %.*s.", STR_ARG(type));
}

static Err parse_branch(Ctx *c, const FhirResource *target, Str name, Str value, int depth,
                        SearchFilter *filter)
{
    TRY(check_readable(c, name, str_from(target->type->name)));
    return parse_at(c, target, name, value, depth + 1, list_add(c->arena, &filter->branches));
}

static bool knows(const FhirResource *definition, Str name)
{
    Str rest;
    Str head = str_cut(str_cut(name, '.', &rest), ':', &rest);
    return str_is(head, "_has") || fhir_param(definition, head);
}

/* "subject:Patient.name" or "subject.name": then every type that it may point to and that has the rest. */
static Err parse_chain(Ctx *c, const FhirResource *definition, Str name, Str value, int depth,
                       SearchFilter *filter)
{
    Str rest, modifier;
    Str head = str_cut(str_cut(name, '.', &rest), ':', &modifier);
    const FhirParam *param = fhir_param(definition, head);
    if (!param || param->kind != PARAM_REFERENCE)
        return refuse(c, name, "only a reference is followed by a chain");
    filter->kind = FILTER_CHAIN;
    filter->rows = search_rows(c->arena, param, "");
    for (const char *const *target = param->targets; target && *target && !modifier.p; target++) {
        const FhirResource *resource = fhir_resource(str_from(*target));
        if (resource && knows(resource, rest) && may_read(c, str_from(*target)))
            TRY(parse_branch(c, resource, rest, value, depth, filter));
    }
    if (modifier.p && fhir_resource(modifier))
        TRY(parse_branch(c, fhir_resource(modifier), rest, value, depth, filter));
    return filter->branches.n ? OK : refuse(c, name, "the chain leads to no type that has this parameter");
}

/* "_has:Observation:patient:code" */
static Err parse_has(Ctx *c, const FhirResource *definition, Str name, Str value, int depth,
                     SearchFilter *filter)
{
    Str rest, type, reference;
    (void)str_cut(name, ':', &rest);
    type = str_cut(rest, ':', &rest);
    reference = str_cut(rest, ':', &rest);
    const FhirResource *referring = fhir_resource(type);
    const FhirParam *param = referring && reference.p ? fhir_param(referring, reference) : NULL;
    if (!param || param->kind != PARAM_REFERENCE || str_empty(rest) || !knows(referring, rest))
        return refuse(c, name, "_has is _has:Type:reference:parameter");
    (void)definition;
    filter->kind = FILTER_HAS;
    filter->rows = search_rows(c->arena, param, "");
    return parse_branch(c, referring, rest, value, depth, filter);
}

static Err parse_at(Ctx *c, const FhirResource *definition, Str name, Str value, int depth,
                    SearchFilter *filter)
{
    enum { DEPTH_MOST = 6 };
    Str modifier;
    *filter = (SearchFilter){ .type = str_from(definition->type->name) };
    if (depth > DEPTH_MOST)
        return refuse(c, name, "the chain is too long");
    if (str_starts(name, S("_has:")))
        return parse_has(c, definition, name, value, depth, filter);
    if (str_find(name, '.') < name.n)
        return parse_chain(c, definition, name, value, depth, filter);
    const FhirParam *param = fhir_param(definition, str_cut(name, ':', &modifier));
    if (!param)
        return refuse(c, name, "there is no such search parameter");
    return param->kind == PARAM_COMPOSITE
               ? parse_composite(c, definition, param, name, modifier, value, filter)
               : parse_own(c, definition, param, name, modifier, value, filter);
}

Err search_parse_filter(Ctx *c, const FhirResource *definition, Str name, Str value, SearchFilter *ret_filter)
{
    return parse_at(c, definition, name, value, 0, ret_filter);
}
