#include "fhir/index.h"

#include "base/time.h"
#include "fhir/index_text.h"

#include <json-c/json.h>

typedef struct Derive {
    Arena *a;
    Str type, id, param;
    int64_t number;
    int64_t element; /* of a composite: which of its elements, from 1; else 0 */
    Str patient_id;  /* of tokens by patient; else "" */
    int64_t at_us;   /* likewise; else 0 */
    DerivedRows *rows;
} Derive;

static bool same_row(DbArgs a, DbArgs b)
{
    for (size_t i = 0; i < a.n; i++)
        if (a.at[i].integer != b.at[i].integer || !str_eq(a.at[i].text, b.at[i].text))
            return false;
    return true;
}

/* A text and its coding's display are often the same words: what repeats a row just added is left out. */
static bool is_repeated(const Derive *d, IndexTable table, DbArgs args)
{
    enum { LAST_FEW = 8 };
    size_t n = d->rows->tables[table].n;
    for (size_t back = 1; back <= LAST_FEW && back <= n; back++)
        if (same_row(d->rows->tables[table].at[n - back], args))
            return true;
    return false;
}

static void add_row(Derive *d, IndexTable table, DbArgs args)
{
    d->rows->tables[table].found++;
    if (is_repeated(d, table, args))
        return;
    DbArg *copy = arena_new(d->a, DbArg, args.n);
    memcpy(copy, args.at, args.n * sizeof *copy);
    *list_add(d->a, &d->rows->tables[table]) = (DbArgs){ copy, args.n };
}

#define ROW(d, table, ...)                                                                                   \
    add_row((d), (table), ARGS(I((d)->number), T((d)->type), T((d)->param), I((d)->element), __VA_ARGS__))

/* The index has no NULL: equality then finds what is absent too. */
static Str column(Str s)
{
    return s.p ? index_clip(s) : S("");
}

/* ---- token ---- */

static void add_token(Derive *d, Str system, Str code)
{
    Str folded = code.p ? index_fold_token(d->a, code) : S("");
    if (folded.p && (folded.n || !str_empty(system)))
        ROW(d, INDEX_TOKEN, T(column(system)), T(folded), T(d->patient_id), I(d->at_us));
}

/* What :text finds a token by: beside the token's own rows, under another name. */
static void add_token_text(Derive *d, Json *value)
{
    Str exact = json_str(value);
    Str folded = exact.p && !d->element ? index_fold(d->a, exact) : STR_NONE;
    if (!folded.p)
        return;
    Derive text = *d;
    text.param = arena_fmt(d->a, "%.*s" INDEX_TEXT_SUFFIX, STR_ARG(d->param));
    ROW(&text, INDEX_STRING, T(folded), T(exact));
}

static void add_coding(Derive *d, Json *coding)
{
    add_token_text(d, json_get(coding, "display"));
    add_token(d, json_find_str(coding, "system"), json_find_str(coding, "code"));
}

static void add_concept(Derive *d, Json *concept)
{
    Json *codings = json_get(concept, "coding");
    add_token_text(d, json_get(concept, "text"));
    for (size_t i = 0; i < json_count(codings); i++)
        add_coding(d, json_at(codings, i));
}

/* "MR|12345", in the system of the identifier's type: what :of-type finds. */
static void add_identifier_of_type(Derive *d, Json *identifier)
{
    Json *codings = json_find(identifier, "type.coding");
    Str value = index_fold_token(d->a, json_find_str(identifier, "value"));
    Derive of_type = *d;
    of_type.param = arena_fmt(d->a, "%.*s" INDEX_OF_TYPE_SUFFIX, STR_ARG(d->param));
    for (size_t i = 0; value.p && !d->element && i < json_count(codings); i++) {
        Json *coding = json_at(codings, i);
        Str code = index_fold_token(d->a, json_find_str(coding, "code"));
        if (code.p)
            ROW(&of_type, INDEX_TOKEN, T(column(json_find_str(coding, "system"))),
                T(index_clip(arena_fmt(d->a, "%.*s|%.*s", STR_ARG(code), STR_ARG(value)))), T(S("")), I(0));
    }
}

static void add_identifier(Derive *d, Json *identifier)
{
    add_token_text(d, json_find(identifier, "type.text"));
    add_identifier_of_type(d, identifier);
    add_token(d, json_find_str(identifier, "system"), json_find_str(identifier, "value"));
}

static void add_contact_point(Derive *d, Json *contact)
{
    add_token(d, S(""), json_find_str(contact, "value"));
}

static void add_primitive_token(Derive *d, Json *value)
{
    if (json_object_is_type(value, json_type_boolean))
        add_token(d, S(INDEX_ANY_SYSTEM), json_true(value) ? S("true") : S("false"));
    else
        add_token(d, S(INDEX_ANY_SYSTEM),
                  json_str(value).p ? json_str(value) : json_number_text(d->a, value));
}

/* ---- string ---- */

static void add_string(Derive *d, Json *value)
{
    Str exact = json_str(value);
    Str folded = exact.p ? index_fold(d->a, exact) : STR_NONE;
    if (folded.p)
        ROW(d, INDEX_STRING, T(folded), T(exact));
}

static void add_members(Derive *d, Json *object, const char *const *members)
{
    for (; *members; members++) {
        Json *value = json_get(object, *members);
        add_string(d, value);
        for (size_t i = 0; i < json_count(value); i++)
            add_string(d, json_at(value, i));
    }
}

static void add_human_name(Derive *d, Json *name)
{
    static const char *const members[] = { "text", "family", "given", "prefix", "suffix", NULL };
    add_members(d, name, members);
}

static void add_address(Derive *d, Json *address)
{
    static const char *const members[] = { "text",  "line",       "city",    "district",
                                           "state", "postalCode", "country", NULL };
    add_members(d, address, members);
}

/* ---- date ---- */

static const TimeRange ALL_TIME = { INT64_MIN, INT64_MAX };

static void add_range(Derive *d, TimeRange range)
{
    bool is_open = range.from_us == INT64_MIN || range.to_us == INT64_MAX;
    bool is_long = is_open || range.to_us - range.from_us > US_PER_DAY;
    ROW(d, INDEX_DATE, I(range.from_us), I(range.to_us), I(is_long));
}

static void add_date(Derive *d, Json *value)
{
    TimeRange range;
    if (time_parse(json_str(value), &range))
        add_range(d, range);
}

/* An end that is not given is open. */
static bool period_range(Json *period, TimeRange *ret_range)
{
    TimeRange start = ALL_TIME, end = ALL_TIME;
    bool has_start = time_parse(json_find_str(period, "start"), &start);
    bool has_end = time_parse(json_find_str(period, "end"), &end);
    *ret_range = (TimeRange){ start.from_us, end.to_us };
    return has_start || has_end;
}

static void add_period(Derive *d, Json *period)
{
    TimeRange range;
    if (period_range(period, &range))
        add_range(d, range);
}

static void widen(TimeRange *range, TimeRange by)
{
    if (by.from_us < range->from_us)
        range->from_us = by.from_us;
    if (by.to_us > range->to_us)
        range->to_us = by.to_us;
}

/* Only the outer limits of a Timing are searched. */
static void add_timing(Derive *d, Json *timing)
{
    TimeRange outer = { INT64_MAX, INT64_MIN }, part;
    Json *events = json_get(timing, "event");
    for (size_t i = 0; i < json_count(events); i++)
        if (time_parse(json_str(json_at(events, i)), &part))
            widen(&outer, part);
    if (period_range(json_find(timing, "repeat.boundsPeriod"), &part))
        widen(&outer, part);
    if (outer.from_us < outer.to_us)
        add_range(d, outer);
}

/* ---- number and quantity ---- */

static const char *const BELOW_ALL = "";
static const char *const ABOVE_ALL = "~";

typedef struct KeyRange {
    Str low, high; /* low == high for one value */
} KeyRange;

static Str number_key(Derive *d, Json *number, const char *missing)
{
    Str text = json_number_text(d->a, number);
    Str key = text.p ? index_number(d->a, text) : STR_NONE;
    return key.p ? key : str_from(missing);
}

static bool value_range(Derive *d, Json *value, Str comparator, KeyRange *ret_range)
{
    Str key = number_key(d, value, NULL);
    if (!key.p)
        return false;
    *ret_range = (KeyRange){ str_starts(comparator, S("<")) ? str_from(BELOW_ALL) : key,
                             str_starts(comparator, S(">")) ? str_from(ABOVE_ALL) : key };
    return true;
}

static void add_number(Derive *d, Json *value)
{
    KeyRange range;
    if (value_range(d, value, STR_NONE, &range))
        ROW(d, INDEX_NUMBER, T(range.low), T(range.high));
}

static KeyRange low_to_high(Derive *d, Json *range)
{
    return (KeyRange){ number_key(d, json_find(range, "low.value"), BELOW_ALL),
                       number_key(d, json_find(range, "high.value"), ABOVE_ALL) };
}

static void add_number_range(Derive *d, Json *value)
{
    KeyRange range = low_to_high(d, value);
    ROW(d, INDEX_NUMBER, T(range.low), T(range.high));
}

static void add_quantity_row(Derive *d, KeyRange range, Str system, Str code, Str unit)
{
    ROW(d, INDEX_QUANTITY, T(column(system)), T(column(code)), T(column(unit)), T(range.low), T(range.high));
}

static void add_quantity(Derive *d, Json *quantity)
{
    KeyRange range;
    if (value_range(d, json_get(quantity, "value"), json_find_str(quantity, "comparator"), &range))
        add_quantity_row(d, range, json_find_str(quantity, "system"), json_find_str(quantity, "code"),
                         json_find_str(quantity, "unit"));
}

static void add_money(Derive *d, Json *money)
{
    KeyRange range;
    if (value_range(d, json_get(money, "value"), STR_NONE, &range))
        add_quantity_row(d, range, S("urn:iso:std:iso:4217"), json_find_str(money, "currency"), STR_NONE);
}

static void add_quantity_range(Derive *d, Json *range)
{
    Json *end = json_get(range, "low");
    if (!end)
        end = json_get(range, "high");
    add_quantity_row(d, low_to_high(d, range), json_find_str(end, "system"), json_find_str(end, "code"),
                     json_find_str(end, "unit"));
}

/* ---- reference and uri ---- */

static void add_reference_text(Derive *d, Str reference)
{
    ReferenceParts parts;
    if (index_reference_parts(reference, &parts))
        ROW(d, INDEX_REFERENCE, T(column(parts.type)), T(column(parts.type.p ? parts.id : parts.url)));
}

static void add_reference(Derive *d, Json *reference)
{
    add_reference_text(d, json_find_str(reference, "reference"));
    if (json_get(reference, "identifier"))
        add_identifier(d, json_get(reference, "identifier"));
}

/* Found with its version and without. */
static void add_canonical(Derive *d, Json *value)
{
    Str version;
    Str bare = str_cut(json_str(value), '|', &version);
    add_reference_text(d, bare);
    if (version.p)
        add_reference_text(d, json_str(value));
}

static void add_uri(Derive *d, Json *value)
{
    if (json_str(value).n)
        ROW(d, INDEX_URI, T(column(json_str(value))));
}

/* ---- which of these a value takes: by the parameter's kind and the element's type ---- */

typedef struct Indexer {
    FhirParamKind kind;
    const char *type; /* NULL: any primitive */
    void (*add)(Derive *d, Json *value);
} Indexer;

static const Indexer indexers[] = {
    { PARAM_TOKEN, "Coding", add_coding },
    { PARAM_TOKEN, "CodeableConcept", add_concept },
    { PARAM_TOKEN, "Identifier", add_identifier },
    { PARAM_TOKEN, "ContactPoint", add_contact_point },
    { PARAM_TOKEN, NULL, add_primitive_token },
    { PARAM_STRING, "HumanName", add_human_name },
    { PARAM_STRING, "Address", add_address },
    { PARAM_STRING, NULL, add_string },
    { PARAM_DATE, "Period", add_period },
    { PARAM_DATE, "Timing", add_timing },
    { PARAM_DATE, NULL, add_date },
    { PARAM_NUMBER, "Range", add_number_range },
    { PARAM_NUMBER, NULL, add_number },
    { PARAM_QUANTITY, "Quantity", add_quantity },
    { PARAM_QUANTITY, "Age", add_quantity },
    { PARAM_QUANTITY, "Duration", add_quantity },
    { PARAM_QUANTITY, "Money", add_money },
    { PARAM_QUANTITY, "Range", add_quantity_range },
    { PARAM_REFERENCE, "Reference", add_reference },
    { PARAM_REFERENCE, NULL, add_canonical },
    { PARAM_URI, NULL, add_uri },
};

static const Indexer *indexer_for(FhirParamKind kind, const FhirType *type)
{
    for (size_t i = 0; i < sizeof indexers / sizeof indexers[0]; i++) {
        const Indexer *x = &indexers[i];
        bool fits = x->type ? strcmp(x->type, type->name) == 0 : type->kind > FHIR_RESOURCE;
        if (x->kind == kind && fits)
            return x;
    }
    return NULL;
}

/* A concept with a text only, a reference with a display only: nothing to find it by, but :missing must know
 * it. */
static void mark_present(Derive *d, FhirParamKind kind)
{
    if (kind == PARAM_TOKEN)
        ROW(d, INDEX_TOKEN, T(S("")), T(S("")), T(S("")), I(0));
    if (kind == PARAM_REFERENCE)
        ROW(d, INDEX_REFERENCE, T(S("")), T(S("")));
}

static void derive_leaf(Derive *d, FhirParamKind kind, Leaf leaf)
{
    const Indexer *x = indexer_for(kind, leaf.type);
    if (!x)
        return;
    IndexTable table = kind == PARAM_REFERENCE ? INDEX_REFERENCE : INDEX_TOKEN;
    size_t found_before = d->rows->tables[table].found;
    x->add(d, leaf.value);
    if (d->rows->tables[table].found == found_before)
        mark_present(d, kind);
}

/* "x.exists() and x != false": true where there is a value other than false. */
static void derive_existence(Derive *d, const Leaves *leaves)
{
    bool exists = false;
    for (size_t i = 0; i < leaves->n; i++) {
        Json *value = leaves->at[i].value;
        exists |= !json_object_is_type(value, json_type_boolean) || json_true(value);
    }
    add_token(d, S(INDEX_ANY_SYSTEM), exists ? S("true") : S("false"));
}

static void derive_path(Derive *d, const FhirResource *definition, const FhirParam *param,
                        const FhirPath *path, Json *resource)
{
    Leaves leaves = { 0 };
    index_leaves(d->a, definition->type, resource, path, &leaves);
    if (path->exists) {
        derive_existence(d, &leaves);
        return;
    }
    for (size_t i = 0; i < leaves.n; i++)
        derive_leaf(d, param->kind, leaves.at[i]);
}

/* ---- composites ---- */

static bool has_all_parts(Arena *a, const FhirParam *param, Leaf element)
{
    for (uint8_t i = 0; i < param->n_components; i++) {
        const FhirParam *part = &param->components[i];
        Leaves leaves = { 0 };
        for (uint8_t k = 0; k < part->n_paths; k++)
            index_leaves(a, element.type, element.value, &part->paths[k], &leaves);
        if (!leaves.n)
            return false;
    }
    return true;
}

static void derive_part(Derive *d, const FhirParam *part, Leaf element)
{
    Leaves leaves = { 0 };
    for (uint8_t k = 0; k < part->n_paths; k++)
        index_leaves(d->a, element.type, element.value, &part->paths[k], &leaves);
    for (size_t i = 0; i < leaves.n; i++)
        derive_leaf(d, part->kind, leaves.at[i]);
}

/* The parts of one element carry its number, so that a search finds them together. */
static void derive_composite(Derive *d, const FhirResource *definition, const FhirParam *param,
                             Json *resource)
{
    Derive part = *d;
    for (uint8_t k = 0; k < param->n_paths; k++) {
        Leaves elements = { 0 };
        if (param->paths[k].n)
            index_leaves(d->a, definition->type, resource, &param->paths[k], &elements);
        else
            *list_add(d->a, &elements) = (Leaf){ resource, definition->type };
        for (size_t i = 0; i < elements.n; i++) {
            part.element++;
            for (uint8_t n = 0; has_all_parts(d->a, param, elements.at[i]) && n < param->n_components; n++) {
                part.param = index_part_name(d->a, param, n);
                derive_part(&part, &param->components[n], elements.at[i]);
            }
        }
    }
}

Str index_part_name(Arena *a, const FhirParam *param, int part)
{
    return arena_fmt(a, "%s.%d", param->name, part);
}

/* ---- compartment ---- */

typedef void PatientFn(void *of, Str patient_id);

static void each_patient(Arena *a, const FhirResource *definition, const FhirParam *param, Json *resource,
                         PatientFn *found, void *of)
{
    for (uint8_t i = 0; param && i < param->n_paths; i++) {
        Leaves leaves = { 0 };
        index_leaves(a, definition->type, resource, &param->paths[i], &leaves);
        for (size_t k = 0; k < leaves.n; k++) {
            ReferenceParts parts;
            Str text = json_find_str(leaves.at[k].value, "reference");
            if (index_reference_parts(text, &parts) && str_is(parts.type, "Patient"))
                found(of, parts.id);
        }
    }
}

static void each_compartment(Arena *a, const FhirResource *definition, Str id, Json *resource,
                             PatientFn *found, void *of)
{
    if (strcmp(definition->type->name, "Patient") == 0)
        found(of, id);
    for (const char *const *name = definition->patient_params; name && *name; name++)
        each_patient(a, definition, fhir_param(definition, str_from(*name)), resource, found, of);
}

static void add_compartment(void *of, Str patient_id)
{
    Derive *d = of;
    add_row(d, INDEX_COMPARTMENT, ARGS(T(patient_id), T(d->type), I(d->number)));
}

static void keep_first(void *of, Str patient_id)
{
    Str *first = of;
    if (!first->p)
        *first = patient_id;
}

Str index_patient(Arena *a, const FhirResource *definition, Str id, Json *resource)
{
    Str first = STR_NONE;
    each_compartment(a, definition, id, resource, keep_first, &first);
    return first;
}

/* ---- all of a resource ---- */

/* The resource's own columns hold these. */
static bool is_column(const FhirParam *param)
{
    return strcmp(param->name, "_id") == 0 || strcmp(param->name, "_lastUpdated") == 0;
}

/* What finds it by a reference's identifier: the tokens of the parameter that it is made of do not say whom
 * they are of. */
static void derive_identifiers(Derive *d, const FhirResource *definition, const FhirParam *param,
                               Json *resource)
{
    for (uint8_t k = 0; k < param->n_paths; k++) {
        Leaves leaves = { 0 };
        index_leaves(d->a, definition->type, resource, &param->paths[k], &leaves);
        for (size_t i = 0; i < leaves.n; i++)
            if (json_get(leaves.at[i].value, "identifier"))
                add_identifier(d, json_get(leaves.at[i].value, "identifier"));
    }
}

static void derive_paths(Derive *d, const FhirResource *definition, const FhirParam *param, Json *resource)
{
    for (uint8_t k = 0; k < param->n_paths; k++)
        derive_path(d, definition, param, &param->paths[k], resource);
}

/* "" where the resource names none. */
static Str patient_named(Arena *a, const FhirResource *definition, Json *resource)
{
    Leaves leaves = { 0 };
    ReferenceParts parts;
    index_leaves(a, definition->type, resource, fhir_param(definition, S("patient"))->paths, &leaves);
    bool is_named = leaves.n &&
                    index_reference_parts(json_find_str(leaves.at[0].value, "reference"), &parts) &&
                    str_is(parts.type, "Patient");
    return is_named ? parts.id : S("");
}

/* When it begins, by its one date. */
static int64_t begins_us(const Derive *d, const FhirResource *definition, const char *date, Json *resource)
{
    enum { FROM = 4 };
    DerivedRows rows = { 0 };
    Derive alone = *d;
    alone.rows = &rows;
    derive_paths(&alone, definition, fhir_param(definition, str_from(date)), resource);
    return rows.tables[INDEX_DATE].n ? rows.tables[INDEX_DATE].at[0].at[FROM].integer : INDEX_AT_NONE_US;
}

static void derive_param(Derive *d, const FhirResource *definition, const FhirParam *param, Json *resource)
{
    d->patient_id = param->is_by_patient ? patient_named(d->a, definition, resource) : S("");
    d->at_us = param->at && d->patient_id.n ? begins_us(d, definition, param->at, resource) : 0;
    if (param->only_target) {
        derive_identifiers(d, definition, param, resource);
    } else if (param->made_of || is_column(param)) {
        return;
    } else if (param->n_components) {
        derive_composite(d, definition, param, resource);
    } else {
        derive_paths(d, definition, param, resource);
    }
}

void index_derive(Arena *a, const FhirResource *definition, Str id, int64_t number, Json *resource,
                  DerivedRows *rows)
{
    Derive d = { .a = a, .type = str_from(definition->type->name), .id = id, .number = number, .rows = rows };
    for (uint16_t i = 0; i < definition->n_params; i++) {
        const FhirParam *param = &definition->params[i];
        d.param = str_from(param->name);
        derive_param(&d, definition, param, resource);
    }
    each_compartment(a, definition, id, resource, add_compartment, &d);
}
