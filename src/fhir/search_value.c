#include "fhir/search_plan.h"

#include "base/time.h"
#include "fhir/index.h"
#include "fhir/index_text.h"

typedef struct Reading {
    Ctx *c;
    const FhirParam *param;
    Str modifier;
} Reading;

static Err refuse(const Reading *r, const char *what, Str text)
{
    return problem(r->c, ERR_SYNTAX, str_from(r->param->name), "%s: \"%.*s\"", what, STR_ARG(text));
}

/* ---- escapes ---- */

Str search_cut(Str s, char sep, Str *rest)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != sep)
        i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
    *rest = i < s.n ? str_slice(s, i + 1, s.n) : STR_NONE;
    return str_slice(s, 0, i);
}

static Str unescape(Arena *a, Str s)
{
    char *p = arena_new(a, char, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        p[n++] = s.p[i];
    }
    return (Str){ p, n };
}

/* ---- prefix ---- */

static const char *const prefix_names[PREFIX_MAX] = {
    [PREFIX_EQ] = "eq", [PREFIX_NE] = "ne", [PREFIX_GT] = "gt", [PREFIX_GE] = "ge", [PREFIX_LT] = "lt",
    [PREFIX_LE] = "le", [PREFIX_SA] = "sa", [PREFIX_EB] = "eb", [PREFIX_AP] = "ap",
};

static Prefix take_prefix(Str *text)
{
    for (int i = 0; i < PREFIX_MAX; i++) {
        if (!str_starts(*text, str_from(prefix_names[i])))
            continue;
        *text = str_slice(*text, 2, text->n);
        return (Prefix)i;
    }
    return PREFIX_EQ;
}

/* ---- one reader a kind of parameter ---- */

typedef Err ReadFn(const Reading *r, Str text, SearchValue *value);

static Err read_token(const Reading *r, Str text, SearchValue *value)
{
    Arena *a = r->c->arena;
    Str code;
    Str system = search_cut(text, '|', &code);
    bool has_bar = code.p != NULL;
    if (!has_bar)
        code = system;
    value->system = index_clip(unescape(a, system));
    value->text = index_fold_token(a, unescape(a, code));
    if (!value->text.p || (has_bar && !code.n && !system.n))
        return refuse(r, "not a token", text);
    if (!has_bar)
        value->match = MATCH_TOKEN_CODE;
    else if (!system.n)
        value->match = MATCH_TOKEN_NO_SYSTEM;
    else
        value->match = code.n ? MATCH_TOKEN_BOTH : MATCH_TOKEN_SYSTEM;
    return OK;
}

/* system|code|value, the three of an identifier with its type. */
static Err read_of_type(const Reading *r, Str text, SearchValue *value)
{
    Arena *a = r->c->arena;
    Str code, number;
    Str system = search_cut(text, '|', &code);
    code = search_cut(code, '|', &number);
    Str folded_code = index_fold_token(a, unescape(a, code)),
        folded_number = index_fold_token(a, unescape(a, number));
    if (str_empty(code) || str_empty(number) || !folded_code.p || !folded_number.p)
        return refuse(r, ":of-type is system|code|value", text);
    value->match = MATCH_TOKEN_OF_TYPE;
    value->system = index_clip(unescape(a, system));
    value->text = index_clip(arena_fmt(a, "%.*s|%.*s", STR_ARG(folded_code), STR_ARG(folded_number)));
    return OK;
}

static Err read_string(const Reading *r, Str text, SearchValue *value)
{
    Arena *a = r->c->arena;
    Str exact = unescape(a, text);
    Str folded = index_fold(a, exact);
    if (!folded.p || folded.n == INDEX_TEXT_BYTES)
        return refuse(r, "too long, or not UTF-8", text);
    value->text = exact;
    value->low = T(folded);
    value->high = T(index_after_prefix(a, folded));
    value->match = MATCH_STRING_PREFIX;
    if (str_is(r->modifier, "exact"))
        value->match = MATCH_STRING_EXACT;
    if (str_is(r->modifier, "contains") || str_is(r->modifier, "text")) {
        value->match = MATCH_STRING_CONTAINS;
        value->text = folded;
    }
    return OK;
}

/* A tenth of the time between then and now to either side. */
static TimeRange about(TimeRange range, int64_t now_us)
{
    int64_t middle = range.from_us + (range.to_us - range.from_us) / 2;
    int64_t margin = (now_us > middle ? now_us - middle : middle - now_us) / 10;
    return (TimeRange){ range.from_us - margin, range.to_us + margin };
}

static Err read_date(const Reading *r, Str text, SearchValue *value)
{
    TimeRange range;
    Str rest = text;
    value->prefix = take_prefix(&rest);
    if (!time_parse(rest, &range))
        return refuse(r, "not a date", text);
    if (value->prefix == PREFIX_AP)
        range = about(range, r->c->now_us);
    value->match = strcmp(r->param->name, "_lastUpdated") == 0 ? MATCH_UPDATED : MATCH_DATE;
    value->low = I(range.from_us);
    value->high = I(range.to_us);
    value->value = I((value->prefix == PREFIX_AP ? range.from_us : range.to_us) - US_PER_DAY);
    return OK;
}

static Err read_number(const Reading *r, Str text, SearchValue *value)
{
    Arena *a = r->c->arena;
    Str number = text, from, to, key;
    value->prefix = take_prefix(&number);
    key = index_number(a, number);
    bool read = value->prefix == PREFIX_AP ? index_number_about(a, number, &from, &to)
                                           : index_number_range(a, number, &from, &to);
    if (!read || !key.p)
        return refuse(r, "not a number", text);
    value->match = MATCH_NUMBER;
    value->low = T(from);
    value->high = T(to);
    value->value = T(key);
    return OK;
}

/* number, number||code or number|system|code */
static Err read_quantity(const Reading *r, Str text, SearchValue *value)
{
    Arena *a = r->c->arena;
    Str rest, code;
    Str number = search_cut(text, '|', &rest);
    TRY(read_number(r, number, value));
    if (!rest.p)
        return OK;
    Str system = search_cut(rest, '|', &code);
    if (str_empty(code))
        return refuse(r, "a quantity is number, number||code or number|system|code", text);
    value->system = index_clip(unescape(a, system));
    value->text = index_clip(unescape(a, code));
    value->unit_match = system.n ? UNIT_BOTH : UNIT_CODE;
    return OK;
}

static Err read_reference(const Reading *r, Str text, SearchValue *value)
{
    ReferenceParts parts;
    Str plain = unescape(r->c->arena, text);
    if (!index_reference_parts(plain, &parts))
        return refuse(r, "not a reference", text);
    bool bare_id = str_find(plain, '/') == plain.n && str_find(plain, ':') == plain.n;
    value->text = index_clip(parts.type.p ? parts.id : plain);
    value->system = r->modifier.p ? r->modifier : parts.type;
    if (parts.type.p && r->modifier.p && !str_eq(parts.type, r->modifier))
        return refuse(r, "the type in the value is not that of the modifier", text);
    if (parts.type.p || (bare_id && r->modifier.p))
        value->match = MATCH_REFERENCE_BOTH;
    else
        value->match = bare_id ? MATCH_REFERENCE_ID : MATCH_REFERENCE_URL;
    return OK;
}

static Err read_uri(const Reading *r, Str text, SearchValue *value)
{
    value->match = MATCH_URI;
    value->text = index_clip(unescape(r->c->arena, text));
    return OK;
}

static Err read_id(const Reading *r, Str text, SearchValue *value)
{
    value->match = MATCH_ID;
    value->text = unescape(r->c->arena, text);
    return OK;
}

static ReadFn *reader_of(const FhirParam *param, Str modifier)
{
    static ReadFn *const readers[] = {
        [PARAM_NUMBER] = read_number,       [PARAM_DATE] = read_date, [PARAM_STRING] = read_string,
        [PARAM_TOKEN] = read_token,         [PARAM_URI] = read_uri,   [PARAM_QUANTITY] = read_quantity,
        [PARAM_REFERENCE] = read_reference, [PARAM_COMPOSITE] = NULL, [PARAM_SPECIAL] = NULL,
    };
    if (strcmp(param->name, "_id") == 0)
        return read_id;
    return str_is(modifier, "identifier") ? read_token
           : str_is(modifier, "of-type")  ? read_of_type
           : str_is(modifier, "text")     ? read_string
                                          : readers[param->kind];
}

Err search_parse_values(Ctx *c, const FhirParam *param, Str modifier, Str text, SearchFilter *filter)
{
    Reading r = { c, param, modifier };
    ReadFn *read = reader_of(param, modifier);
    if (!read)
        return refuse(&r, "special parameters are not supported", str_from(param->name));
    while (text.p) {
        SearchValue value = { 0 };
        Str one = search_cut(text, ',', &text);
        if (!one.n)
            continue;
        TRY(read(&r, one, &value));
        *list_add(c->arena, &filter->values) = value;
    }
    return OK;
}
