#include "chart/codes.h"
#include "chart/policy.h"
#include "chart/read.h"
#include "chart/units.h"

#include <stdlib.h>

/* ---- one number ---- */

/* NULL where the number is believed; else why it is not. */
static const char *measured_number(Arena *a, Json *quantity, Measure measure, Decimal *ret_exact,
                                   Str *ret_detail)
{
    if (!quantity)
        return "no value was recorded";
    if (json_get(quantity, "comparator"))
        return "the value is only a limit (above or below), not a measurement";
    if (!exact_of(a, json_get(quantity, "value"), ret_exact))
        return "the value is not a number";
    Str code = json_find_str(quantity, "code");
    *ret_detail = str_empty(code) ? json_find_str(quantity, "unit") : code;
    if (str_empty(code))
        return "the unit has no code";
    if (!str_is(json_find_str(quantity, "system"), SYSTEM_UCUM))
        return "the unit is not of UCUM";
    return measure_convert(measure, code, ret_exact) ? NULL : "the unit is not one of this measurement";
}

static const char *scale_number(Json *json, Decimal *ret_exact)
{
    int64_t value;
    if (!json_int(json_get(json, "valueInteger"), &value))
        return "a scale needs a whole number";
    *ret_exact = (Decimal){ value, 0 };
    return NULL;
}

static bool within(MeasureBounds bounds, double value)
{
    return value >= bounds.from && value <= bounds.to;
}

/* ---- a pressure ---- */

static Json *component_of(Json *json, const char *loinc, size_t *ret_n)
{
    Json *found = NULL, *list = json_get(json, "component");
    *ret_n = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        if (!str_is(concept_code(json_get(json_at(list, i), "code"), SYSTEM_LOINC), loinc))
            continue;
        found = json_at(list, i);
        ++*ret_n;
    }
    return found;
}

static const char *pressure_numbers(Arena *a, Json *json, Reading *reading, Str *ret_detail)
{
    size_t n_systolic, n_diastolic;
    Decimal diastolic = { 0 };
    Json *high = component_of(json, LOINC_SYSTOLIC, &n_systolic),
         *low = component_of(json, LOINC_DIASTOLIC, &n_diastolic);
    if (n_systolic != 1 || n_diastolic != 1)
        return "a pressure needs one systolic and one diastolic value";
    const char *why = measured_number(a, json_get(high, "valueQuantity"), MEASURE_PRESSURE_MMHG,
                                      &reading->exact, ret_detail);
    if (!why)
        why =
            measured_number(a, json_get(low, "valueQuantity"), MEASURE_PRESSURE_MMHG, &diastolic, ret_detail);
    if (why)
        return why;
    reading->diastolic = decimal_to_double(diastolic);
    if (!within(diastolic_bounds(), reading->diastolic))
        return "the diastolic value is not possible";
    return reading->diastolic < decimal_to_double(reading->exact)
               ? NULL
               : "the diastolic value is not below the systolic";
}

/* ---- a reading ---- */

static const char *numbers(Arena *a, Json *json, Reading *reading, Str *ret_detail)
{
    const char *why;
    if (reading->measure == MEASURE_PRESSURE_MMHG)
        why = pressure_numbers(a, json, reading, ret_detail);
    else if (measure_is_scale(reading->measure))
        why = scale_number(json, &reading->exact);
    else
        why = measured_number(a, json_get(json, "valueQuantity"), reading->measure, &reading->exact,
                              ret_detail);
    reading->value = decimal_to_double(reading->exact);
    if (!why && !within(measure_bounds(reading->measure), reading->value))
        why = measure_is_scale(reading->measure) ? "the value is outside the range of its scale"
                                                 : "the value is not possible";
    return why;
}

static bool status_final(Str status)
{
    return str_is(status, "final") || str_is(status, "amended") || str_is(status, "corrected");
}

/* What is wrong with the reading apart from its numbers; NULL where nothing is. */
static const char *circumstances(const Source *from, const Chart *chart, const Reading *reading)
{
    if (!str_eq(reference_id(json_get(from->json, "subject"), "Patient"), chart->patient_id))
        return "it names another patient, or none";
    if (!status_final(json_find_str(from->json, "status")))
        return "its status is not final";
    if (reading->at_us == TIME_NONE)
        return "it has no time";
    int64_t ahead_us = policy_duration_us(policy_in_force(), "reading_ahead");
    return reading->at_us > from->c->now_us + ahead_us ? "its time is in the future" : NULL;
}

static Measure measure_of(Json *code)
{
    Measure measure = measure_from_scale(concept_code(code, SYSTEM_SCALE));
    if (measure != MEASURE_MAX)
        return measure;
    Json *codings = json_get(code, "coding"); /* SpO2 comes with two LOINC codes */
    for (size_t i = 0; measure == MEASURE_MAX && i < json_count(codings); i++)
        if (str_is(json_find_str(json_at(codings, i), "system"), SYSTEM_LOINC))
            measure = measure_from_loinc(json_find_str(json_at(codings, i), "code"));
    return measure;
}

static Reading reading_head(const Source *from, Measure measure)
{
    Json *json = from->json;
    Str method = concept_code(json_get(json, "method"), SYSTEM_MEASURED);
    int64_t issued_us = time_at(json, "issued");
    Reading reading = { .measure = measure,
                        .at_us = time_of(json, "effective"),
                        .entered_us = issued_us == TIME_NONE ? from->updated_us : issued_us,
                        .in_clinic = str_is(method, "clinic") || str_is(method, "device"),
                        .typed = str_is(method, "clinic") || str_is(method, "stated"),
                        .entered_by = json_find_str(json, "performer[0].display"),
                        .encounter_id = reference_id(json_get(json, "encounter"), "Encounter"),
                        .fact = from->fact };
    int64_t late_us = policy_duration_us(policy_in_force(), "reading_late");
    reading.late = reading.at_us != TIME_NONE && reading.entered_us - reading.at_us > late_us;
    return reading;
}

static void refuse(const Source *from, Chart *chart, Reading *reading, const char *why, Str detail)
{
    Arena *a = from->c->arena;
    Str value = reading_text(a, reading);
    reading->state = READING_QUARANTINED;
    reading->why_quarantined = detail.n ? arena_fmt(a, "%s (%.*s)", why, STR_ARG(detail)) : str_from(why);
    quarantine(from, chart, arena_fmt(a, "%s %.*s", measure_title(reading->measure), STR_ARG(value)),
               reading->at_us, "%.*s", STR_ARG(reading->why_quarantined));
}

bool read_reading(const Source *from, Chart *chart)
{
    Measure measure = measure_of(json_get(from->json, "code"));
    if (measure == MEASURE_MAX)
        return false;
    Reading reading = reading_head(from, measure);
    Str detail = STR_NONE;
    const char *why = numbers(from->c->arena, from->json, &reading, &detail);
    const char *circumstance = circumstances(from, chart, &reading);
    if (why || circumstance)
        refuse(from, chart, &reading, why ? why : circumstance, why ? detail : STR_NONE);
    *list_add(from->c->arena, &chart->readings[measure]) = reading;
    return true;
}

/* ---- together ---- */

static int by_time(const void *x, const void *y)
{
    const Reading *a = x, *b = y;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->entered_us != b->entered_us)
        return a->entered_us < b->entered_us ? -1 : 1;
    return str_cmp(a->fact.id, b->fact.id);
}

static void refuse_contradicted(Arena *a, Chart *chart, Reading *reading)
{
    if (reading->state == READING_QUARANTINED)
        return;
    reading->state = READING_QUARANTINED;
    reading->why_quarantined = S("another reading of the same time says otherwise");
    Str text = reading_text(a, reading);
    *list_add(a, &chart->quarantined) =
        (Quarantined){ .what = arena_fmt(a, "%s %.*s", measure_title(reading->measure), STR_ARG(text)),
                       .why = reading->why_quarantined,
                       .at_us = reading->at_us,
                       .fact = reading->fact };
}

/* A reading that was refused for another reason contradicts nothing. */
static bool contradict(const Reading *x, const Reading *y)
{
    return x->state == READING_ACCEPTED && y->state == READING_ACCEPTED &&
           (x->value != y->value || x->diastolic != y->diastolic);
}

/* Of one time: where two differ, none of them is believed, also none that agrees with one of the two. */
static void judge_simultaneous(Arena *a, Chart *chart, Reading *at, size_t n)
{
    bool differ = false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            differ |= contradict(&at[i], &at[k]);
    for (size_t i = 0; differ && i < n; i++)
        refuse_contradicted(a, chart, &at[i]);
}

static void judge_list(Arena *a, Chart *chart, Readings *list)
{
    for (size_t from = 0, to; from < list->n; from = to) {
        for (to = from + 1; to < list->n && list->at[to].at_us == list->at[from].at_us; to++)
            continue;
        judge_simultaneous(a, chart, &list->at[from], to - from);
    }
}

void sort_readings(Arena *a, Chart *chart)
{
    for (Measure m = 0; m < MEASURE_MAX; m++) {
        Readings *list = &chart->readings[m];
        if (list->n)
            qsort(list->at, list->n, sizeof *list->at, by_time);
        judge_list(a, chart, list);
    }
}

const Reading *chart_latest(const Chart *chart, Measure measure, int64_t since_us)
{
    const Readings *list = &chart->readings[measure];
    for (size_t i = list->n; i > 0; i--) {
        const Reading *reading = &list->at[i - 1];
        if (reading->state == READING_ACCEPTED)
            return reading->at_us >= since_us ? reading : NULL;
    }
    return NULL;
}

Str reading_text(Arena *a, const Reading *reading)
{
    Str value = decimal_plain(a, reading->exact);
    switch (reading->measure) {
    case MEASURE_PRESSURE_MMHG:
        return arena_fmt(a, "%.0f/%.0f", reading->value, reading->diastolic);
    case MEASURE_WEIGHT_KG:
    case MEASURE_HEIGHT_CM:
        return arena_fmt(a, "%.*s %s", STR_ARG(decimal_plain(a, decimal_round(reading->exact, 1))),
                         measure_unit(reading->measure));
    case MEASURE_SPO2_PERCENT:
        return arena_fmt(a, "%.*s %%", STR_ARG(value));
    default:
        return value;
    }
}
