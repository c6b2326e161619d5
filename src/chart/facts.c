#include "chart/facts.h"

#include "base/embed.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>

static struct {
    FactRow *at;
    size_t n, room;
} table;

static FactKind kind_of(Str word)
{
    if (str_is(word, "choice"))
        return FACT_CHOICE;
    return str_is(word, "quantity") ? FACT_QUANTITY : FACT_BOOLEAN;
}

static void read_choices(Arena *a, Json *list, FactRow *to)
{
    to->n_choices = json_count(list);
    to->choices = arena_new(a, FactChoice, to->n_choices);
    for (size_t i = 0; i < to->n_choices; i++)
        to->choices[i] = (FactChoice){ .code = json_find_str(json_at(list, i), "code"),
                                       .text = json_find_str(json_at(list, i), "text") };
}

static FactRow read_row(Arena *a, Json *json)
{
    FactRow row = { .key = json_find_str(json, "key"),
                    .title = json_find_str(json, "title"),
                    .question = json_find_str(json, "question"),
                    .kind = kind_of(json_find_str(json, "kind")),
                    .unit = json_find_str(json, "unit"),
                    .loinc = json_find_str(json, "loinc"),
                    .valid_key = json_find_str(json, "valid_days"),
                    .note_title = json_find_str(json, "note"),
                    .note_required = json_true(json_get(json, "note_required")),
                    .physician_only = json_true(json_get(json, "physician_only")) };
    read_choices(a, json_get(json, "choices"), &row);
    (void)json_number(json_get(json, "min"), &row.min);
    (void)json_number(json_get(json, "max"), &row.max);
    return row;
}

static bool row_complete(const FactRow *row)
{
    if (str_empty(row->key) || str_empty(row->title) || str_empty(row->question) || str_empty(row->valid_key))
        return false;
    if (row->kind == FACT_CHOICE)
        return row->n_choices > 1;
    return row->kind == FACT_BOOLEAN || (!str_empty(row->unit) && row->max > row->min);
}

static void load(void)
{
    Arena *a = arena_forever();
    Json *list = json_get(json_parse(a, embedded_file(S("data/policy/facts.json"))), "facts");
    for (size_t i = 0; i < json_count(list); i++) {
        FactRow row = read_row(a, json_at(list, i));
        if (!row_complete(&row)) {
            log_line(LOG_ERROR, "data/policy/facts.json: row %zu is not complete", i);
            abort();
        }
        *list_add(a, &table) = row;
    }
}

const FactRow *fact_rows(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    *ret_n = table.n;
    return table.at;
}

const FactRow *fact_row(Str key)
{
    size_t n;
    const FactRow *rows = fact_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].key, key))
            return &rows[i];
    return NULL;
}

const FactRow *fact_row_by_loinc(Str code)
{
    size_t n;
    const FactRow *rows = fact_rows(&n);
    for (size_t i = 0; code.p && i < n; i++)
        if (rows[i].loinc.p && str_eq(rows[i].loinc, code))
            return &rows[i];
    return NULL;
}

static const FactChoice *choice_of(const FactRow *row, Str code)
{
    for (size_t i = 0; i < row->n_choices; i++)
        if (str_eq(row->choices[i].code, code))
            return &row->choices[i];
    return NULL;
}

Str fact_text(Arena *a, const FactRow *row, Str value)
{
    const FactChoice *choice = choice_of(row, value);
    if (choice)
        return choice->text;
    bool has_unit = row->kind == FACT_QUANTITY && row->unit.p[0] != '{' && !str_is(row->unit, "1");
    return has_unit ? arena_fmt(a, "%.*s %.*s", STR_ARG(value), STR_ARG(row->unit)) : value;
}

bool fact_possible(Arena *a, const FactRow *row, Str value, Str *ret_why)
{
    double number;
    if (row->kind == FACT_BOOLEAN) {
        *ret_why = arena_fmt(a, "\"%.*s\" takes yes or no", STR_ARG(row->title));
        return str_is(value, "yes") || str_is(value, "no");
    }
    if (row->kind == FACT_CHOICE) {
        *ret_why = arena_fmt(a, "\"%.*s\" is not one of the answers of \"%.*s\"", STR_ARG(value),
                             STR_ARG(row->title));
        return choice_of(row, value) != NULL;
    }
    *ret_why = arena_fmt(a, "%.*s takes a number from %g to %g %.*s", STR_ARG(row->title), row->min, row->max,
                         STR_ARG(row->unit));
    return str_to_double(value, &number) && number >= row->min && number <= row->max;
}
