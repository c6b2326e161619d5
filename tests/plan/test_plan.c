/* Plan, pure: the dose arithmetic against worked examples, and the safety invariants 3, 4 and 10 as
 * properties. The limits stand here once more, as plain numbers, on purpose: the test does not ask the policy
 * what is safe. */
#include "plan/expect.h"
#include "plan/plan.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static Ctx test_ctx;
static Protocol protocol;
static const Policy *policy;
static int64_t now_us;

static int64_t instant(const char *text)
{
    TimeRange range;
    assert_true(time_parse(str_from(text), &range));
    return range.from_us;
}

static int setup(void **state)
{
    (void)state;
    test_ctx = (Ctx){ .arena = arena_create(SIZE_MAX) };
    assert_true(time_zone_set("America/New_York"));
    now_us = instant("2026-11-16T20:00:00Z"); /* Monday 15:00 in the clinic */
    policy = policy_in_force();
    return protocol_find(&test_ctx, S("IV-6x2"), &protocol) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(test_ctx.arena);
    return 0;
}

static Arena *arena(void)
{
    return test_ctx.arena;
}

static Decimal decimal(const char *text)
{
    Decimal value;
    assert_true(decimal_parse(str_from(text), &value));
    return value;
}

static void assert_decimal(Decimal got, const char *want)
{
    if (decimal_cmp(got, decimal(want)) != 0)
        fail_msg("got %.*s, want %s", STR_ARG(decimal_text(arena(), got)), want);
}

/* ---- charts ---- */

static Reading reading(Measure measure, const char *value, int64_t at_us)
{
    Decimal exact = decimal(value);
    return (Reading){ .measure = measure,
                      .state = READING_ACCEPTED,
                      .exact = exact,
                      .value = decimal_to_double(exact),
                      .at_us = at_us,
                      .entered_us = at_us,
                      .in_clinic = true,
                      .fact = { S("Observation"), S("w"), 1 } };
}

static void add_reading(Chart *chart, Measure measure, const char *value, int64_t at_us)
{
    Readings *list = &chart->readings[measure];
    *list_add(arena(), list) = reading(measure, value, at_us);
}

/* 40 years old, evaluated today with nothing open, measured an hour ago. */
static Chart chart_of(const char *sex, const char *height_cm, const char *weight_kg)
{
    Chart chart = { .patient_id = S("p"),
                    .sex = str_from(sex),
                    .birth_us = instant("1986-01-02"),
                    .loaded_us = now_us,
                    .deceased_us = TIME_NONE,
                    .eligibility = { .at_us = now_us - US_PER_H,
                                     .fact = { S("GuidanceResponse"), S("g"), 1 } } };
    if (height_cm)
        add_reading(&chart, MEASURE_HEIGHT_CM, height_cm, now_us - US_PER_H);
    if (weight_kg)
        add_reading(&chart, MEASURE_WEIGHT_KG, weight_kg, now_us - US_PER_H);
    return chart;
}

static void add_infusion(Chart *chart, int64_t started_us)
{
    *list_add(arena(), &chart->infusions) = (Infusion){ .number = (int)chart->infusions.n + 1,
                                                        .status = S("completed"),
                                                        .started_us = started_us };
}

static Plan decide(const Chart *chart, const PlanRequest *request)
{
    return plan_decide(arena(), chart, policy, &protocol, request, now_us);
}

static PlanRequest usual(WeightBasis basis)
{
    PlanRequest request = plan_usual(&protocol, now_us);
    request.basis = basis;
    return request;
}

static const PlanIssue *issue(const Plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->issues.n; i++)
        if (str_is(plan->issues.at[i].id, id))
            return &plan->issues.at[i];
    return NULL;
}

static void assert_issue(const Plan *plan, const char *id, PlanLevel level)
{
    const PlanIssue *found = issue(plan, id);
    if (!found || found->level != level)
        fail_msg("%s is %s, not %s", id, found ? plan_level_word(found->level) : "absent",
                 plan_level_word(level));
}

/* ---- worked examples ---- */

/* clinical fact base 3c: 80 kg x 0.5 = 40.0 mg; at 50 mg/mL 0.80 mL; in 100 mL 0.40 mg/mL; 40 min: 150
 * mL/h, 1.0 mg/min. */
static void eighty_kg_is_the_worked_example(void **state)
{
    (void)state;
    Chart chart = chart_of("male", "180", "80");
    PlanRequest request = usual(BASIS_NONE);
    Plan plan = decide(&chart, &request);
    assert_int_equal(plan.basis, BASIS_ACTUAL);
    assert_int_equal(plan.worst, PLAN_NOTE);
    assert_true(str_is(decimal_text(arena(), plan.dose.mg), "40.0"));
    assert_decimal(plan.dose.drug_ml, "0.80");
    assert_decimal(plan.dose.concentration_mg_per_ml, "0.40");
    assert_decimal(plan.dose.pump_ml_per_h, "150");
    assert_decimal(plan.dose.rate_mg_per_min, "1.0");
}

/* clinical fact base 3c: female, 165 cm, 110 kg: ideal 56.9, adjusted 78.1 kg; 55.0 / 28.5 / 39.0 mg after
 * rounding. safety review 2.8: a first dose is at most 0.5 mg/kg of dose weight, so 28.45 mg is rounded
 * downward, to 28.0. */
static void three_bases_are_the_worked_example(void **state)
{
    (void)state;
    static const struct {
        WeightBasis basis;
        const char *kg, *nearest_mg, *first_mg, *later_mg;
    } rows[] = {
        { BASIS_ACTUAL, "110", "55.0", "55.0", "55.0" },
        { BASIS_IDEAL, "56.9", "28.5", "28.0", "28.5" },
        { BASIS_ADJUSTED, "78.1", "39.0", "39.0", "39.0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Chart chart = chart_of("female", "165", "110");
        PlanRequest request = usual(rows[i].basis);
        Plan first = decide(&chart, &request);
        assert_decimal(first.dose.input.weight_kg, rows[i].kg);
        assert_decimal(first.dose.nearest_mg, rows[i].nearest_mg);
        assert_decimal(first.dose.mg, rows[i].first_mg);
        add_infusion(&chart, now_us - 5 * US_PER_DAY);
        Plan later = decide(&chart, &request);
        assert_decimal(later.dose.mg, rows[i].later_mg);
    }
}

/* safety review 2.8: a 40-kg, 175-cm woman has an ideal weight of 66 kg and an adjusted one of 56: actual is
 * used. */
static void ideal_weight_above_the_measured_one_is_not_used(void **state)
{
    (void)state;
    Chart chart = chart_of("female", "175", "40");
    PlanRequest request = usual(BASIS_NONE);
    Plan plan = decide(&chart, &request);
    for (int basis = BASIS_IDEAL; basis < BASIS_MAX; basis++) {
        assert_true(plan.weights.basis[basis].measured);
        assert_decimal(plan.weights.basis[basis].kg, "40");
    }
    assert_decimal(plan.dose.mg, "20");
}

static void devine_has_its_worked_values_and_its_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *sex, *height_cm, *ideal_kg; /* NULL: not usable */
    } rows[] = {
        { "female", "165", "56.9" }, /* clinical fact base 3c */
        { "female", "175", "65.9" }, /* 65.96; safety review 2.8 says 66 */
        { "male", "176", "71.3" },   /* 71.37; the screens' 71.4 is rounded to nearest */
        { "male", "152.4", "50" },   { "male", "152.3", NULL }, { "female", "140", NULL },
        { "other", "170", NULL },    { "", "170", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Chart chart = chart_of(rows[i].sex, rows[i].height_cm, "118");
        PlanRequest request = usual(BASIS_IDEAL);
        Plan plan = decide(&chart, &request);
        const BasisWeight *ideal = &plan.weights.basis[BASIS_IDEAL];
        assert_int_equal(ideal->usable, rows[i].ideal_kg != NULL);
        if (ideal->usable)
            assert_decimal(ideal->kg, rows[i].ideal_kg);
        else
            assert_issue(&plan, "EU-P-009", PLAN_REFUSED);
    }
}

static void from_bmi_30_on_nothing_is_preselected(void **state)
{
    (void)state;
    Chart below = chart_of("male", "180", "97.1"), at = chart_of("male", "180", "97.2"); /* 29.97 and 30.00 */
    PlanRequest request = usual(BASIS_NONE);
    Plan plan = decide(&below, &request);
    assert_int_equal(plan.basis, BASIS_ACTUAL);
    plan = decide(&at, &request);
    assert_int_equal(plan.basis, BASIS_NONE);
    assert_int_equal(plan.weights.proposed, BASIS_ADJUSTED);
    assert_false(plan.has_dose);
    assert_issue(&plan, "EU-P-008", PLAN_REFUSED);
    for (int basis = BASIS_ACTUAL; basis < BASIS_MAX; basis++)
        assert_true(plan.has_on_basis[basis]);
    request.basis = BASIS_IDEAL;
    plan = decide(&below, &request);
    assert_issue(&plan, "EU-P-009", PLAN_REFUSED);
}

static void the_arithmetic_is_told_in_sentences(void **state)
{
    (void)state;
    Chart chart = chart_of("female", "165", "110");
    PlanRequest request = usual(BASIS_IDEAL);
    Plan plan = decide(&chart, &request);
    DoseLines lines = dose_lines(arena(), &plan.dose);
    assert_true(str_is(lines.at[0], "56.9 kg × 0.5 mg/kg = 28.45 mg"));
    assert_true(str_is(lines.at[1],
                       "Rounded to 0.5 mg, and not past a limit (First dose: per kg of dose weight, at most: "
                       "0.5 mg/kg): 28.0 mg"));
    assert_true(str_is(lines.at[2], "28.0 mg ÷ 50 mg/mL = 0.56 mL from the vial"));
    assert_true(str_is(lines.at[4], "100 mL over 40 min = 150 mL/h, 0.7 mg/min"));
}

/* ---- each limit at its edge ---- */

static void a_first_dose_is_lowered_to_60_mg(void **state)
{
    (void)state;
    Chart chart = chart_of("male", "190", "140");
    PlanRequest request = usual(BASIS_ACTUAL);
    request.minutes = 60;
    Plan plan = decide(&chart, &request);
    assert_decimal(plan.dose.nearest_mg, "70");
    assert_decimal(plan.dose.mg, "60");
    assert_true(str_is(plan.dose.capped_by->key, "plan_first_mg_max"));
    assert_int_equal(plan.worst, PLAN_NOTE);
    request.minutes = 39; /* 60 mg in 39 min: 1.54 mg/min */
    plan = decide(&chart, &request);
    assert_issue(&plan, "EU-P-110", PLAN_REFUSED);
}

typedef struct LimitRow {
    const char *weight_kg, *mg_per_kg;
    int64_t minutes;
    const char *bag_ml;
    bool first;
    const char *id; /* of the issue that is expected; NULL: none above a note */
    PlanLevel level;
} LimitRow;

static void every_limit_bites_at_its_edge(void **state)
{
    (void)state;
    static const LimitRow rows[] = {
        { "80", "0.5", 40, "100", true, NULL, PLAN_NOTE },
        { "80", "0.51", 40, "100", true, "EU-P-102", PLAN_REFUSED },
        { "80", "0.3", 40, "100", true, NULL, PLAN_NOTE },
        { "80", "0.29", 40, "100", true, "EU-P-109", PLAN_CAUTION },
        { "80", "0.1", 40, "100", true, "EU-P-109", PLAN_CAUTION },
        { "80", "0.09", 40, "100", true, "EU-P-107", PLAN_REFUSED },
        { "80", "0.5", 39, "100", true, "EU-P-112", PLAN_CAUTION },
        { "80", "0.5", 30, "100", true, "EU-P-112", PLAN_CAUTION },
        { "80", "0.5", 29, "100", true, "EU-P-111", PLAN_REFUSED },
        { "80", "0.5", 120, "100", true, NULL, PLAN_NOTE },
        { "80", "0.5", 121, "100", true, "EU-P-113", PLAN_REFUSED },
        { "80", "0.5", 26, "100", true, "EU-P-110", PLAN_REFUSED },
        { "80", "0.5", 40, "500", true, NULL, PLAN_NOTE },
        { "80", "0.5", 30, "500", true, "EU-P-115", PLAN_REFUSED },
        { "80", "0.5", 40, "75", true, "EU-P-304", PLAN_REFUSED },
        { "80", "0.75", 60, "100", false, NULL, PLAN_NOTE },
        { "79", "0.76", 60, "100", false, "EU-P-108", PLAN_CAUTION },
        { "80", "0.76", 60, "100", false, "EU-P-105", PLAN_TYPED },
        { "80", "1.0", 60, "100", false, "EU-P-105", PLAN_TYPED },
        { "81", "1.0", 60, "100", false, "EU-P-104", PLAN_TWO },
        { "80", "1.01", 60, "100", false, "EU-P-106", PLAN_REFUSED },
        { "95", "1.0", 90, "50", false, "EU-P-104", PLAN_TWO },
        { "140", "0.72", 90, "50", false, "EU-P-103", PLAN_REFUSED },
        { "140", "0.72", 90, "100", false, "EU-P-103", PLAN_REFUSED },
        { "120", "0.84", 70, "50", false, "EU-P-114", PLAN_REFUSED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const LimitRow *row = &rows[i];
        Chart chart = chart_of("male", "230", row->weight_kg); /* tall: actual weight is the basis */
        if (!row->first)
            add_infusion(&chart, now_us - 10 * US_PER_DAY);
        PlanRequest request = usual(BASIS_ACTUAL);
        request.mg_per_kg = decimal(row->mg_per_kg);
        request.minutes = row->minutes;
        request.bag_ml = decimal(row->bag_ml);
        Plan plan = decide(&chart, &request);
        if (row->id)
            assert_issue(&plan, row->id, row->level);
        else if (plan.worst > PLAN_NOTE)
            fail_msg("row %zu: %.*s", i, STR_ARG(plan.issues.at[plan.issues.n - 1].text));
    }
}

static void a_step_up_is_small_or_has_two_prescribers(void **state)
{
    (void)state;
    static const struct {
        const char *mg_per_kg;
        const char *id;
        PlanLevel level;
    } rows[] = {
        { "0.6", NULL, PLAN_NOTE },
        { "0.61", "EU-P-117", PLAN_TWO },
        { "0.75", "EU-P-117", PLAN_TWO },
        { "0.76", "EU-P-116", PLAN_REFUSED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Chart chart = chart_of("male", "190", "100");
        add_infusion(&chart, now_us - 10 * US_PER_DAY);
        chart.course = (Course){ .status = COURSE_ENDED,
                                 .dose_mg = decimal("50.0"),
                                 .dose_weight_kg = decimal("100.0") };
        PlanRequest request = usual(BASIS_ACTUAL);
        request.mg_per_kg = decimal(rows[i].mg_per_kg);
        request.minutes = 60;
        Plan plan = decide(&chart, &request);
        assert_true(rows[i].id || (!issue(&plan, "EU-P-117") && !issue(&plan, "EU-P-116")));
        if (rows[i].id)
            assert_issue(&plan, rows[i].id, rows[i].level);
    }
}

static void pounds_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *before_kg;
        int days_before;
        const char *now_kg, *id; /* NULL: not named */
    } rows[] = {
        { "80", 3, "84", NULL }, /* 5 % exactly */
        { "80", 3, "84.1", "EU-P-006" },
        { "80", 3, "75.9", "EU-P-006" },
        { "80", 15, "84.1", NULL },
        { "80", 400, "176.4", "EU-P-005" },
        { "80", 400, "167.2", "EU-P-005" }, /* 2.09 = 2.2 less 5 % */
        { "80", 400, "167.1", NULL },
        { "176.4", 400, "80", "EU-P-005" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Chart chart = chart_of("male", "180", NULL);
        add_reading(&chart, MEASURE_WEIGHT_KG, rows[i].before_kg, now_us - rows[i].days_before * US_PER_DAY);
        add_reading(&chart, MEASURE_WEIGHT_KG, rows[i].now_kg, now_us - US_PER_MIN);
        PlanRequest request = usual(BASIS_ADJUSTED);
        Plan plan = decide(&chart, &request);
        assert_true(rows[i].id || (!issue(&plan, "EU-P-005") && !issue(&plan, "EU-P-006")));
        if (rows[i].id)
            assert_issue(&plan, rows[i].id, PLAN_TYPED);
    }
}

static void the_rate_is_rounded_down_to_a_tenth(void **state)
{
    (void)state;
    Chart chart = chart_of("male", "180", "80");
    PlanRequest request = usual(BASIS_ACTUAL);
    request.minutes = 45;
    Plan plan = decide(&chart, &request);
    assert_decimal(plan.dose.pump_ml_per_h, "133.3");
}

/* ---- dates ---- */

static void dates_alternate_and_avoid_weekends(void **state)
{
    (void)state;
    static const struct {
        const char *first, *dates[6];
    } rows[] = {
        { "2026-11-17",
          { "2026-11-17", "2026-11-20", "2026-11-24", "2026-11-27", "2026-12-01", "2026-12-04" } },
        { "2026-11-18",
          { "2026-11-18", "2026-11-20", "2026-11-25", "2026-11-27", "2026-12-02", "2026-12-04" } },
        { "2026-11-20",
          { "2026-11-20", "2026-11-24", "2026-11-27", "2026-12-01", "2026-12-04", "2026-12-08" } },
        { "2026-10-29",
          { "2026-10-29", "2026-11-02", "2026-11-05", "2026-11-09", "2026-11-12", "2026-11-16" } },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        int64_t first_us;
        assert_true(schedule_parse(&protocol, str_from(rows[r].first), &first_us));
        Schedule schedule = schedule_dates(&protocol, first_us);
        assert_int_equal(schedule.n, 6);
        for (size_t i = 0; i < 6; i++) {
            assert_true(str_is(time_local_date(arena(), schedule.at_us[i]), rows[r].dates[i]));
            assert_int_equal(time_local(schedule.at_us[i]).hour, 9); /* also over the change of the clocks */
        }
    }
    int64_t at_us;
    assert_true(schedule_parse(&protocol, S("2026-11-17T18:30:00Z"), &at_us) &&
                at_us == instant("2026-11-17T18:30:00Z"));
    assert_false(schedule_parse(&protocol, S("tomorrow"), &at_us));
    assert_false(schedule_parse(&protocol, S("2026-11"), &at_us));
}

static void sessions_too_close_or_too_many_are_refused(void **state)
{
    (void)state;
    PlanRequest request = usual(BASIS_ACTUAL);
    Chart close = chart_of("male", "180", "80");
    add_infusion(&close, request.first_us - 19 * US_PER_H);
    Plan plan = decide(&close, &request);
    assert_issue(&plan, "EU-P-201", PLAN_REFUSED);
    Chart many = chart_of("male", "180", "80");
    for (int i = 1; i <= 2; i++)
        add_infusion(&many, request.first_us - (2 * i - 1) * US_PER_DAY);
    plan = decide(&many, &request);
    assert_issue(&plan, "EU-P-202", PLAN_REFUSED);
    Chart none = chart_of("male", "180", "80");
    request.first_us = now_us - US_PER_DAY;
    plan = decide(&none, &request);
    assert_issue(&plan, "EU-P-203", PLAN_REFUSED);
}

/* ---- the gate ---- */

static void signing_waits_for_an_evaluation_of_today_without_a_stop(void **state)
{
    (void)state;
    PlanRequest request = usual(BASIS_ACTUAL);
    Chart chart = chart_of("male", "180", "80");
    Plan plan = decide(&chart, &request);
    assert_true(plan_gate(arena(), &chart, &plan, now_us).open);
    chart.eligibility.open_missing = 2;
    PlanGate gate = plan_gate(arena(), &chart, &plan, now_us);
    assert_true(gate.open && strstr(arena_cstr(arena(), gate.text), "room stays closed"));
    chart.eligibility.open_stops = 1;
    assert_false(plan_gate(arena(), &chart, &plan, now_us).open);
    chart.eligibility =
        (Eligibility){ .at_us = now_us - US_PER_DAY, .fact = { S("GuidanceResponse"), S("g"), 1 } };
    assert_false(plan_gate(arena(), &chart, &plan, now_us).open);
    chart.eligibility = (Eligibility){ .at_us = TIME_NONE };
    assert_false(plan_gate(arena(), &chart, &plan, now_us).open);
    Chart dead = chart_of("male", "180", "80");
    dead.deceased = true;
    plan = decide(&dead, &request);
    assert_int_equal(plan.worst, PLAN_REFUSED);
    assert_false(plan_gate(arena(), &dead, &plan, now_us).open);
}

/* ---- invariants ---- */

static void eu_s_03_dose_weight_never_exceeds_the_measured_weight(void **state)
{
    (void)state;
    static const char *const sexes[] = { "male", "female", "other" };
    for (int height_mm = 1200; height_mm <= 2100; height_mm += 17)
        for (int weight_hg = 300; weight_hg <= 2500; weight_hg += 43) {
            AUTO(arena_done) Arena *a = arena_create(SIZE_MAX);
            Chart chart = chart_of(sexes[(height_mm + weight_hg) % 3], "1", "1");
            chart.readings[MEASURE_HEIGHT_CM].at[0].exact = (Decimal){ height_mm, 1 };
            chart.readings[MEASURE_WEIGHT_KG].at[0].exact = (Decimal){ weight_hg, 1 };
            for (int basis = BASIS_NONE; basis < BASIS_MAX; basis++) {
                PlanRequest request = usual((WeightBasis)basis);
                Plan plan = plan_decide(a, &chart, policy, &protocol, &request, now_us);
                for (int b = BASIS_ACTUAL; b < BASIS_MAX; b++)
                    if (plan.weights.basis[b].usable) {
                        assert_true(plan.weights.basis[b].kg.units * 1 <= weight_hg &&
                                    plan.weights.basis[b].kg.places == 1);
                        assert_true(plan.weights.basis[b].kg.units > 0);
                    }
                if (plan.has_dose)
                    assert_true(decimal_cmp(plan.dose.input.weight_kg, (Decimal){ weight_hg, 1 }) <= 0);
            }
        }
}

static void eu_s_03_no_dose_without_a_clinic_weight_in_its_age(void **state)
{
    (void)state;
    static const struct {
        bool in_clinic;
        ReadingState state;
        int hours_old;
        const char *first; /* NULL: the next weekday */
        bool doses;
    } rows[] = {
        { true, READING_ACCEPTED, 1, NULL, true },
        { true, READING_ACCEPTED, 7 * 24, NULL, true },
        { true, READING_ACCEPTED, 7 * 24 + 1, NULL, false },
        { true, READING_ACCEPTED, -1, NULL, false }, /* in the future */
        { false, READING_ACCEPTED, 1, NULL, false }, /* stated or imported */
        { true, READING_QUARANTINED, 1, NULL, false },
        { true, READING_ACCEPTED, 1, "2026-11-16T21:00:00Z", true }, /* infusion 1 today: weighed today */
        { true, READING_ACCEPTED, 24, "2026-11-16T21:00:00Z", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Chart chart = chart_of("male", "180", "80");
        Reading *weight = &chart.readings[MEASURE_WEIGHT_KG].at[0];
        weight->in_clinic = rows[i].in_clinic;
        weight->state = rows[i].state;
        weight->at_us = now_us - rows[i].hours_old * US_PER_H;
        PlanRequest request = usual(BASIS_ACTUAL);
        if (rows[i].first)
            request.first_us = instant(rows[i].first);
        Plan plan = decide(&chart, &request);
        assert_int_equal(plan.has_dose, rows[i].doses);
        assert_int_equal(plan.worst == PLAN_REFUSED, !rows[i].doses);
    }
    Chart no_weight = chart_of("male", "180", NULL), no_height = chart_of("male", NULL, "80");
    PlanRequest request = usual(BASIS_ACTUAL);
    Plan plan = decide(&no_weight, &request);
    assert_false(plan.has_dose);
    assert_issue(&plan, "EU-P-001", PLAN_REFUSED);
    plan = decide(&no_height, &request);
    assert_false(plan.has_dose);
    assert_issue(&plan, "EU-P-007", PLAN_REFUSED);
}

static Decimal random_decimal(Random *random, int64_t most_units, int places)
{
    return (Decimal){ (int64_t)(random_u64(random) % (uint64_t)most_units) - most_units / 50, places };
}

static Chart random_chart(Random *random)
{
    Chart chart = chart_of(random_u64(random) % 2 ? "male" : "female", "170", "80");
    chart.readings[MEASURE_WEIGHT_KG].at[0].exact = random_decimal(random, 280000, 3);
    chart.readings[MEASURE_HEIGHT_CM].at[0].exact =
        (Decimal){ 1200 + (int64_t)(random_u64(random) % 1000), 1 };
    if (random_u64(random) % 2)
        add_infusion(&chart, now_us - 5 * US_PER_DAY);
    if (random_u64(random) % 2)
        chart.course = (Course){ .status = COURSE_ENDED,
                                 .dose_mg = random_decimal(random, 1000, 1),
                                 .dose_weight_kg = random_decimal(random, 1500, 1) };
    return chart;
}

static PlanRequest random_request(Random *random)
{
    PlanRequest request = usual((WeightBasis)(random_u64(random) % BASIS_MAX));
    request.mg_per_kg = random_decimal(random, 1300, 3);
    request.minutes = (int64_t)(random_u64(random) % 140) - 5;
    request.vial_mg_per_ml = protocol.vials_mg_per_ml[random_u64(random) % protocol.n_vials];
    request.bag_ml = protocol.bags_ml[random_u64(random) % protocol.n_bags];
    if (random_u64(random) % 20 == 0)
        request.bag_ml = random_decimal(random, 20000, 2);
    if (random_u64(random) % 20 == 0)
        request.vial_mg_per_ml = random_decimal(random, 20000, 2);
    return request;
}

/* In floating point, with room for its last digits: the arithmetic of the program is not asked about itself.
 */
static void assert_within_hard_limits(const Plan *plan)
{
    const double slack = 1e-9;
    double mg = decimal_to_double(plan->dose.mg), kg = decimal_to_double(plan->dose.input.weight_kg);
    double minutes = (double)plan->request.minutes, bag_ml = decimal_to_double(plan->request.bag_ml);
    assert_true(mg <= 100 && mg >= 0.5 && fmod(mg * 2, 1) == 0);
    assert_true(mg / kg <= 1.0 + slack && mg / kg >= 0.1 - slack);
    assert_true(!plan->first || (mg <= 60 && mg / kg <= 0.5 + slack));
    assert_true(mg / minutes <= 1.5 + slack);
    assert_true(minutes >= 30 && minutes <= 120);
    assert_true(mg / bag_ml <= 2 + slack);
    assert_true(decimal_to_double(plan->dose.pump_ml_per_h) <= bag_ml / minutes * 60 + slack);
    assert_true(decimal_to_double(plan->dose.pump_ml_per_h) <= 999);
    assert_true(plan->worst >= PLAN_TWO || mg <= 80);
    assert_true(plan->worst >= PLAN_TYPED || mg <= 60);
    assert_true(kg <= decimal_to_double(plan->weights.weight->exact) + slack);
}

static void eu_s_04_no_dose_above_a_hard_limit(void **state)
{
    (void)state;
    Random random = random_seeded(4);
    int orderable = 0;
    for (int run = 0; run < 60000; run++) {
        AUTO(arena_done) Arena *a = arena_create(SIZE_MAX);
        Chart chart = random_chart(&random);
        PlanRequest request = random_request(&random);
        Plan plan = plan_decide(a, &chart, policy, &protocol, &request, now_us);
        if (plan.worst == PLAN_REFUSED)
            continue;
        orderable++;
        assert_within_hard_limits(&plan);
    }
    assert_true(orderable > 3000); /* the property is about something */
}

static void eu_s_04_rounding_never_crosses_a_limit(void **state)
{
    (void)state;
    for (int64_t hg = 300; hg <= 2500; hg++)
        for (int first = 0; first < 2; first++) {
            DoseInput input = { .weight_kg = { hg, 1 },
                                .actual_kg = { hg, 1 },
                                .mg_per_kg = { 5, 1 },
                                .minutes = 40,
                                .vial_mg_per_ml = { 50, 0 },
                                .bag_ml = { 100, 0 },
                                .first = first };
            Dose dose = dose_compute(policy, &input);
            int64_t half_mg = dose.mg.units / 5; /* exact: one decimal, steps of 0.5 */
            assert_int_equal(dose.mg.units % 5, 0);
            assert_true(!first || (half_mg <= 120 && half_mg * 10 <= hg)); /* mg <= 60, mg <= kg / 2 */
            /* exact dose kept 80 mg, 100 mg or 1.5 mg/min: so does the rounded one */
            assert_true(hg * 5 > 80 * 100 || dose.mg.units <= 800);
            assert_true(hg * 5 > 100 * 100 || dose.mg.units <= 1000);
            assert_true(hg * 5 > 60 * 100 || dose.mg.units <= 600);
        }
}

static void eu_s_10_prediction_outside_the_domain_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *weight_kg;
        double age_years;
        size_t shown;
    } rows[] = {
        { "80", 40, 2 },   { "80", 17, 0 },  { "80", NAN, 0 },
        { "39.9", 40, 0 }, { "160", 40, 2 }, { "160.1", 40, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Chart chart = chart_of("male", "230", rows[i].weight_kg);
        PlanRequest request = usual(BASIS_ACTUAL);
        request.minutes = 60;
        Plan plan = decide(&chart, &request);
        assert_true(plan.has_dose);
        Dose before = plan.dose;
        Expectation expectation = expect_curves(arena(), &plan.dose, rows[i].age_years);
        assert_int_equal(expectation.n_shown, rows[i].shown);
        for (size_t m = 0; m < expectation.n_curves; m++)
            assert_true(expectation.curves[m].shown || expectation.curves[m].why_not.n);
        assert_memory_equal(&before, &plan.dose, sizeof before); /* a prediction changes no dose */
    }
}

/* 35 mg over 40 min at 70 kg: 253 (Kamp) and 240 (Domino) ng/mL at the end, the cross-model table. */
static void the_expected_peak_is_that_of_the_cross_model_table(void **state)
{
    (void)state;
    Chart chart = chart_of("male", "180", "70");
    PlanRequest request = usual(BASIS_ACTUAL);
    Plan plan = decide(&chart, &request);
    assert_decimal(plan.dose.mg, "35");
    Expectation expectation = expect_curves(arena(), &plan.dose, plan.age_years);
    assert_int_equal(expectation.n_shown, 2);
    assert_true(expectation.infusing_min == 40);
    assert_int_equal((int)lround(expectation.curves[0].peak_ng_per_ml), 240);
    assert_int_equal((int)lround(expectation.curves[1].peak_ng_per_ml), 253);
}

static void ratios_are_exact(void **state)
{
    (void)state;
    Ratio third = ratio_divide(ratio_int(1), ratio_int(3));
    assert_true(ratio_cmp(ratio_multiply(third, ratio_int(3)), ratio_int(1)) == 0);
    assert_true(ratio_cmp(ratio_subtract(third, ratio_int(1)), ratio_int(0)) < 0);
    assert_decimal(ratio_decimal(third, 2, ROUND_NEAREST), "0.33");
    assert_decimal(ratio_decimal(third, 2, ROUND_UP), "0.34");
    assert_decimal(ratio_round_to(ratio_of(decimal("28.25")), ratio_of(decimal("0.5")), ROUND_NEAREST).num ==
                           57
                       ? decimal("28.5")
                       : decimal("0"),
                   "28.5");
    assert_decimal(ratio_decimal(ratio_of(decimal("0.50")), 3, ROUND_DOWN), "0.5");
}

#define TEST(name, run)                                                                                      \
    {                                                                                                        \
        name, run, NULL, NULL, NULL                                                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_are_exact),
        cmocka_unit_test(eighty_kg_is_the_worked_example),
        cmocka_unit_test(three_bases_are_the_worked_example),
        cmocka_unit_test(ideal_weight_above_the_measured_one_is_not_used),
        cmocka_unit_test(devine_has_its_worked_values_and_its_bounds),
        cmocka_unit_test(from_bmi_30_on_nothing_is_preselected),
        cmocka_unit_test(the_arithmetic_is_told_in_sentences),
        cmocka_unit_test(a_first_dose_is_lowered_to_60_mg),
        cmocka_unit_test(every_limit_bites_at_its_edge),
        cmocka_unit_test(a_step_up_is_small_or_has_two_prescribers),
        cmocka_unit_test(pounds_are_named),
        cmocka_unit_test(the_rate_is_rounded_down_to_a_tenth),
        cmocka_unit_test(dates_alternate_and_avoid_weekends),
        cmocka_unit_test(sessions_too_close_or_too_many_are_refused),
        cmocka_unit_test(signing_waits_for_an_evaluation_of_today_without_a_stop),
        cmocka_unit_test(the_expected_peak_is_that_of_the_cross_model_table),
        TEST("EU-S-03 dose weight never exceeds the measured weight",
             eu_s_03_dose_weight_never_exceeds_the_measured_weight),
        TEST("EU-S-03 no dose without a clinic weight in its age",
             eu_s_03_no_dose_without_a_clinic_weight_in_its_age),
        TEST("EU-S-04 no dose above a hard limit", eu_s_04_no_dose_above_a_hard_limit),
        TEST("EU-S-04 rounding never crosses a limit", eu_s_04_rounding_never_crosses_a_limit),
        TEST("EU-S-10 prediction outside the domain is refused",
             eu_s_10_prediction_outside_the_domain_is_refused),
    };
    return cmocka_run_group_tests_name("plan", tests, setup, teardown);
}
