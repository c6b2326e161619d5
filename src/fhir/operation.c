#include "fhir/operation.h"

#include "base/limits.h"
#include "base/time.h"

#include <assert.h>
#include <json-c/json.h>
#include <math.h>

/* ---- in ---- */

Json *op_parameter(const OpCall *in, const char *name)
{
    Json *list = json_get(in->parameters, "parameter");
    if (!list)
        list = json_get(in->parameters, "part");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "name"), name))
            return json_at(list, i);
    return NULL;
}

/* The first of the value members that the parameter has; keys ends with NULL. */
static Json *value_of(const OpCall *in, const char *name, const char *const *keys)
{
    Json *parameter = op_parameter(in, name);
    Json *value = NULL;
    for (; parameter && *keys && !value; keys++)
        value = json_get(parameter, *keys);
    return value;
}

Str op_string(const OpCall *in, const char *name)
{
    static const char *const keys[] = { "valueString", "valueCode",      "valueUri",
                                        "valueId",     "valueCanonical", NULL };
    return json_str(value_of(in, name, keys));
}

/* json-c keeps a number's text and lends it, so that no arena is needed. */
static Str number_text(Json *value)
{
    bool has_text = json_object_is_type(value, json_type_int) ||
                    json_object_is_type(value, json_type_double) ||
                    json_object_is_type(value, json_type_string);
    return has_text ? str_from(json_object_get_string(value)) : STR_NONE;
}

bool op_decimal(const OpCall *in, const char *name, Decimal *ret_value)
{
    static const char *const keys[] = { "valueDecimal",     "valueInteger", "valuePositiveInt",
                                        "valueUnsignedInt", "valueString",  NULL };
    Str text = number_text(value_of(in, name, keys));
    return text.p && decimal_parse(text, ret_value);
}

bool op_int(const OpCall *in, const char *name, int64_t *ret_value)
{
    /* A page has one kind of number and sends a decimal: 2 is whole, 2.5 is not. */
    static const char *const keys[] = { "valueInteger", "valuePositiveInt", "valueUnsignedInt",
                                        "valueDecimal", "valueString",      NULL };
    Str text = number_text(value_of(in, name, keys));
    return text.p && str_to_int(text, ret_value);
}

bool op_true(const OpCall *in, const char *name)
{
    static const char *const keys[] = { "valueBoolean", "valueString", NULL };
    Json *value = value_of(in, name, keys);
    return json_true(value) || str_is(json_str(value), "true");
}

bool op_time(const OpCall *in, const char *name, int64_t *ret_us)
{
    static const char *const keys[] = { "valueDateTime", "valueInstant", "valueDate", "valueString", NULL };
    TimeRange range;
    if (!time_parse(json_str(value_of(in, name, keys)), &range))
        return false;
    *ret_us = range.from_us;
    return true;
}

/* ---- out ---- */

Params params_make(Arena *a)
{
    Params p = { .buf = buf_make(a, LIMIT_RESPONSE_BYTES), .first = { true } };
    buf_add(&p.buf, S("{\"resourceType\":\"Parameters\""));
    return p;
}

/* The list is opened by its first member: FHIR has no empty arrays. */
static void begin(Params *p, const char *name)
{
    if (p->first[p->depth])
        buf_add(&p->buf, p->depth ? S(",\"part\":[") : S(",\"parameter\":["));
    else
        buf_char(&p->buf, ',');
    p->first[p->depth] = false;
    buf_json(&p->buf, "{'name':%s", str_from(name));
}

void params_string(Params *p, const char *name, Str value)
{
    if (str_empty(value))
        return;
    begin(p, name);
    buf_json(&p->buf, ",'valueString':%s}", value);
}

void params_code(Params *p, const char *name, Str value)
{
    if (str_empty(value))
        return;
    begin(p, name);
    buf_json(&p->buf, ",'valueCode':%s}", value);
}

/* A FHIR integer has 32 bits; what is larger goes as a decimal. */
void params_int(Params *p, const char *name, int64_t value)
{
    bool fits = value >= INT32_MIN && value <= INT32_MAX;
    begin(p, name);
    buf_json(&p->buf, ",'%j':%d}", fits ? S("valueInteger") : S("valueDecimal"), value);
}

void params_decimal(Params *p, const char *name, Decimal value)
{
    begin(p, name);
    buf_json(&p->buf, ",'valueDecimal':%n}", decimal_text(p->buf.arena, value));
}

void params_number(Params *p, const char *name, double value, int significant)
{
    if (!isfinite(value))
        return;
    begin(p, name);
    buf_fmt(&p->buf, ",\"valueDecimal\":%.*g}", significant, value == 0 ? 0.0 : value);
}

void params_bool(Params *p, const char *name, bool value)
{
    begin(p, name);
    buf_json(&p->buf, ",'valueBoolean':%b}", (int)value);
}

void params_instant(Params *p, const char *name, int64_t at_us)
{
    if (at_us == TIME_NONE)
        return;
    begin(p, name);
    buf_json(&p->buf, ",'valueInstant':%t}", at_us);
}

void params_resource(Params *p, const char *name, Str json)
{
    begin(p, name);
    buf_json(&p->buf, ",'resource':%j}", json);
}

void params_open(Params *p, const char *name)
{
    begin(p, name);
    p->depth++;
    assert(p->depth < (int)(sizeof p->first / sizeof p->first[0]));
    p->first[p->depth] = true;
}

void params_close(Params *p)
{
    assert(p->depth > 0);
    buf_add(&p->buf, p->first[p->depth] ? S("}") : S("]}"));
    p->depth--;
}

Str params_text(Params *p)
{
    assert(p->depth == 0);
    return arena_fmt(p->buf.arena, "%.*s%s", STR_ARG(buf_str(&p->buf)), p->first[0] ? "}" : "]}");
}
