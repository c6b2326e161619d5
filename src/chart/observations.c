#include "chart/codes.h"
#include "chart/facts.h"
#include "chart/policy.h"
#include "chart/read.h"

#include <stdlib.h>

void read_observation(const Source *from, Chart *chart)
{
    if (str_is(json_find_str(from->json, "status"), "entered-in-error"))
        return;
    if (!read_reading(from, chart) && !read_fact(from, chart))
        (void)read_total(from, chart);
}

/* ---- facts ---- */

static const FactRow *row_of(Json *code)
{
    Str key = concept_code(code, SYSTEM_FACT);
    return key.p ? fact_row(key) : fact_row_by_loinc(concept_code(code, SYSTEM_LOINC));
}

static Str boolean_word(Json *json)
{
    if (!json_get(json, "valueBoolean"))
        return STR_NONE;
    return json_true(json_get(json, "valueBoolean")) ? S("yes") : S("no");
}

/* The answer in the form of its row; absent where it is of another kind or unit. */
static Str value_of(Arena *a, const FactRow *row, Json *json)
{
    Json *quantity = json_get(json, "valueQuantity");
    switch (row->kind) {
    case FACT_BOOLEAN:
        return boolean_word(json);
    case FACT_CHOICE:
        return concept_code(json_get(json, "valueCodeableConcept"), SYSTEM_FACT);
    default:
        if (!str_eq(json_find_str(quantity, "code"), row->unit) || json_get(quantity, "comparator"))
            return STR_NONE;
        return json_number_text(a, json_get(quantity, "value"));
    }
}

/* NULL where the answer is believed. */
static const char *wrong_circumstance(const Source *from, const Chart *chart, int64_t at_us)
{
    Str status = json_find_str(from->json, "status");
    if (!str_eq(reference_id(json_get(from->json, "subject"), "Patient"), chart->patient_id))
        return "it names another patient, or none";
    if (!str_is(status, "final") && !str_is(status, "amended") && !str_is(status, "corrected"))
        return "its status is not final";
    if (at_us == TIME_NONE)
        return "it has no time";
    return at_us > from->c->now_us + policy_duration_us(policy_in_force(), "reading_ahead")
               ? "its time is in the future"
               : NULL;
}

bool read_fact(const Source *from, Chart *chart)
{
    const FactRow *row = row_of(json_get(from->json, "code"));
    if (!row)
        return false;
    Arena *a = from->c->arena;
    Fact fact = { .key = row->key,
                  .value = value_of(a, row, from->json),
                  .note = json_find_str(from->json, "note[0].text"),
                  .at_us = time_of(from->json, "effective"),
                  .by = json_find_str(from->json, "performer[0].display"),
                  .fact = from->fact };
    Str impossible = S("the value or its unit does not answer the question");
    const char *why = wrong_circumstance(from, chart, fact.at_us);
    if (why)
        quarantine(from, chart, row->title, fact.at_us, "%s", why);
    else if (!fact.value.p || !fact_possible(a, row, fact.value, &impossible))
        quarantine(from, chart, row->title, fact.at_us, "%.*s", STR_ARG(impossible));
    else
        *list_add(a, &chart->facts) = fact;
    return true;
}

static int newest_first(const void *x, const void *y)
{
    const Fact *a = x, *b = y;
    int keys = str_cmp(a->key, b->key);
    if (keys)
        return keys;
    if (a->at_us != b->at_us)
        return a->at_us > b->at_us ? -1 : 1;
    return str_cmp(a->fact.id, b->fact.id);
}

static bool simultaneous(const Fact *x, const Fact *y)
{
    return str_eq(x->key, y->key) && x->at_us == y->at_us;
}

/* Where two answers of one time differ, none of that time is believed, also none that agrees with one of the
 * two. */
static void judge_simultaneous(Fact *at, size_t n)
{
    bool differ = false;
    for (size_t i = 1; i < n; i++)
        differ |= !str_eq(at[i].value, at[0].value);
    for (size_t i = 0; i < n; i++)
        at[i].contradicted = differ;
}

void sort_facts(Chart *chart)
{
    Fact *at = chart->facts.at;
    size_t n = chart->facts.n;
    if (n)
        qsort(at, n, sizeof *at, newest_first);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && simultaneous(&at[to], &at[from]); to++)
            continue;
        judge_simultaneous(&at[from], to - from);
    }
}

const Fact *chart_fact(const Chart *chart, const char *key, int64_t since_us)
{
    for (size_t i = 0; i < chart->facts.n; i++) {
        const Fact *fact = &chart->facts.at[i];
        if (str_is(fact->key, key)) /* the first is the newest: an older one never stands in for it */
            return fact->at_us >= since_us && !fact->contradicted ? fact : NULL;
    }
    return NULL;
}
