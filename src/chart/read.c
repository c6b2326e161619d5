#include "chart/read.h"

#include "chart/codes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

Str concept_code(Json *concept, const char *system)
{
    Json *codings = json_get(concept, "coding");
    for (size_t i = 0; i < json_count(codings); i++)
        if (str_is(json_find_str(json_at(codings, i), "system"), system))
            return json_find_str(json_at(codings, i), "code");
    return STR_NONE;
}

Str concept_text(Json *concept)
{
    static const char *const paths[] = { "text", "coding[0].display", "coding[0].code" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (!str_empty(json_find_str(concept, paths[i])))
            return json_find_str(concept, paths[i]);
    return STR_NONE;
}

int64_t time_at(Json *root, const char *path)
{
    TimeRange range;
    return time_parse(json_find_str(root, path), &range) ? range.from_us : TIME_NONE;
}

int64_t time_of(Json *resource, const char *name)
{
    static const char *const forms[] = { "DateTime", "Instant", "Period.start" };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s%s", name, forms[i]);
        int64_t at_us = time_at(resource, path);
        if (at_us != TIME_NONE)
            return at_us;
    }
    return TIME_NONE;
}

Str reference_id(Json *reference, const char *type)
{
    Str text = json_find_str(reference, "reference"), id;
    Str head = str_cut(text, '/', &id);
    return str_is(head, type) ? id : STR_NONE;
}

Json *extension_of(Json *element, const char *url)
{
    Json *list = json_get(element, "extension");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "url"), url))
            return json_at(list, i);
    return NULL;
}

/* Imported weights come with 14 decimals: what no scale measures is cut to a thousandth. */
bool exact_of(Arena *a, Json *number, Decimal *ret_value)
{
    double value;
    if (decimal_parse(json_number_text(a, number), ret_value))
        return true;
    if (!json_number(number, &value) || !(fabs(value) < 1e12))
        return false;
    *ret_value = (Decimal){ llround(value * 1000), 3 };
    return true;
}

void quarantine(const Source *from, Chart *chart, Str what, int64_t at_us, const char *why, ...)
{
    char text[300];
    va_list args;
    va_start(args, why);
    (void)vsnprintf(text, sizeof text, why, args);
    va_end(args);
    *list_add(from->c->arena, &chart->quarantined) = (Quarantined){
        .what = what, .why = arena_str(from->c->arena, str_from(text)), .at_us = at_us, .fact = from->fact
    };
}
