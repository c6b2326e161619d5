#include "bed.h"

#include "base/time.h"
#include "fhir/store.h"
#include "learn/learn.h"
#include "learn/learn_ops.h"

#include <math.h>
#include <stdlib.h>

/* ---- Wilson ---- */

/* Limits found by inverting the score test by bisection in 40-digit decimals, not by the closed form. */
static const struct {
    int64_t x, n;
    double low, high;
} intervals[] = {
    { 118, 214, 0.484444108487, 0.616546768636 }, /* 55 % (48 to 62) */
    { 0, 10, 0, 0.277532799863 },
    { 10, 10, 0.722467200137, 1 },
    { 1, 1, 0.206549314377, 1 },
    { 5, 10, 0.236593090513, 0.763406909487 },
    { 1, 29, 0.006113214293, 0.171755218793 },
    { 81, 263, 0.255288519878, 0.366209576983 },
    { 155, 537, 0.251923502336, 0.328360153257 },
    { 288, 537, 0.494026522838, 0.578083333691 },
};

static void wilson_follows_the_golden_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        Proportion p = wilson(intervals[i].x, intervals[i].n);
        if (fabs(p.low - intervals[i].low) > 1e-11 || fabs(p.high - intervals[i].high) > 1e-11)
            fail_msg("%d of %d: %.12f to %.12f", (int)p.x, (int)p.n, p.low, p.high);
    }
    Proportion nothing = wilson(0, 0);
    assert_true(isnan(nothing.share) && nothing.low == 0 && nothing.high == 1);
}

static void intervals_stay_within_0_and_1_and_hold_the_share(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 300; n++)
        for (int64_t x = 0; x <= n; x++) {
            Proportion p = wilson(x, n), mirrored = wilson(n - x, n);
            assert_true(p.low >= 0 && p.high <= 1 && p.low <= p.share && p.share <= p.high);
            assert_true(fabs(p.low - (1 - mirrored.high)) < 1e-12);
        }
}

/* ---- one course ---- */

static const LearnRules rules = { .window_from_us = 14 * US_PER_DAY,
                                  .window_to_us = 31 * US_PER_DAY,
                                  .induction_gap_us = 14 * US_PER_DAY,
                                  .response = { .baseline_window_us = 7 * US_PER_DAY,
                                                .response_percent = 50,
                                                .partial_percent = 25,
                                                .worse_points = 5,
                                                .interpretable_min = 10,
                                                .remission_max = 4 } };

/* Day 0 is infusion 1; infusions every third day. */
#define DAY(n) ((int64_t)(n)*US_PER_DAY)

typedef struct Course1 {
    Infusion infusions[8];
    Score scores[8];
    Chart chart;
} Course1;

static void course(Course1 *it, size_t given, size_t planned)
{
    *it = (Course1){ 0 };
    for (size_t i = 0; i < given; i++)
        it->infusions[i] = (Infusion){ .number = (int)i + 1, .started_us = DAY(3 * i) };
    it->chart.infusions.at = it->infusions;
    it->chart.infusions.n = given;
    it->chart.scores.at = it->scores;
    it->chart.course.status = COURSE_ACTIVE;
    it->chart.course.infusions_planned = (int)planned;
}

static void report(Course1 *it, int64_t at_us, int total)
{
    it->scores[it->chart.scores.n++] =
        (Score){ .instrument = S("phq-9"), .complete = true, .total = total, .at_us = at_us };
}

static OutcomeState state_of(const Course1 *it, int64_t now_us)
{
    return learn_outcome(&it->chart, S("phq-9"), &rules, now_us).state;
}

static void an_outcome_has_one_of_six_states(void **state)
{
    (void)state;
    Course1 it;
    course(&it, 0, 6);
    assert_int_equal(state_of(&it, DAY(100)), OUTCOME_NOT_STARTED);
    course(&it, 3, 6);
    assert_int_equal(state_of(&it, DAY(10)), OUTCOME_IN_TREATMENT);
    course(&it, 6, 6);
    report(&it, -DAY(2), 20);
    assert_int_equal(state_of(&it, DAY(15 + 31)), OUTCOME_NOT_DUE);
    assert_int_equal(state_of(&it, DAY(15 + 31) + 1), OUTCOME_MISSED);
    report(&it, DAY(15 + 20), 9);
    assert_int_equal(state_of(&it, DAY(15 + 31)), OUTCOME_NOT_DUE);
    assert_int_equal(state_of(&it, DAY(15 + 31) + 1), OUTCOME_MEASURED);
    it.scores[0].at_us = -DAY(8);
    assert_int_equal(state_of(&it, DAY(15 + 31) + 1), OUTCOME_NO_BASELINE);
}

static void the_last_score_in_the_window_counts_and_no_other(void **state)
{
    (void)state;
    Course1 it;
    course(&it, 6, 6);
    report(&it, -DAY(1), 20);
    report(&it, DAY(15 + 13), 2);
    report(&it, DAY(15 + 14), 8);
    report(&it, DAY(15 + 31), 12);
    report(&it, DAY(15 + 32), 1);
    Outcome outcome = learn_outcome(&it.chart, S("phq-9"), &rules, DAY(60));
    assert_int_equal(outcome.score->total, 12);
    assert_false(outcome.response.response);
    it.scores[3].near_dose = true;
    outcome = learn_outcome(&it.chart, S("phq-9"), &rules, DAY(60));
    assert_int_equal(outcome.score->total, 8);
    assert_true(outcome.response.response);
}

static void a_course_that_stopped_short_is_judged_from_its_last_infusion(void **state)
{
    (void)state;
    Course1 it;
    course(&it, 2, 6);
    report(&it, -DAY(1), 20);
    report(&it, DAY(3 + 20), 19);
    assert_int_equal(state_of(&it, DAY(3 + 14)), OUTCOME_IN_TREATMENT);
    assert_int_equal(state_of(&it, DAY(3 + 15)), OUTCOME_NOT_DUE);
    assert_int_equal(state_of(&it, DAY(3 + 32)), OUTCOME_MEASURED);
}

static void maintenance_after_the_planned_ones_is_not_induction(void **state)
{
    (void)state;
    Course1 it;
    course(&it, 7, 6);
    report(&it, -DAY(1), 20);
    report(&it, DAY(15 + 20), 4);
    Outcome outcome = learn_outcome(&it.chart, S("phq-9"), &rules, DAY(15 + 32));
    assert_int_equal(outcome.state, OUTCOME_MEASURED);
    assert_true(outcome.response.remission);
}

static void nobody_leaves_the_denominator_unseen(void **state)
{
    (void)state;
    Cohort cohort = { 0 };
    Random random = random_seeded(15);
    for (int i = 0; i < 2000; i++) {
        Course1 it;
        course(&it, random_u64(&random) % 8, 6);
        if (random_u64(&random) % 4)
            report(&it, -DAY(random_u64(&random) % 10), (int)(random_u64(&random) % 28));
        if (random_u64(&random) % 3)
            report(&it, DAY(15 + random_u64(&random) % 40), (int)(random_u64(&random) % 28));
        Outcome outcome = learn_outcome(&it.chart, S("phq-9"), &rules, DAY(random_u64(&random) % 90));
        cohort_add(&cohort, &it.chart, &outcome);
    }
    assert_int_equal(cohort.started, cohort.in_treatment + cohort.not_due + cohort.due);
    assert_int_equal(cohort.due, cohort.measured + cohort.missed + cohort.no_baseline);
    assert_true(cohort.measured > 100 && cohort.missed > 100 && cohort.no_baseline > 100);
    assert_true(cohort.responded <= cohort.measured && cohort.remitted <= cohort.measured);
    Proportion worst = cohort_worst_case(&cohort, cohort.responded),
               best = cohort_best_case(&cohort, cohort.responded);
    Proportion seen = wilson(cohort.responded, cohort.measured);
    assert_int_equal(worst.n, cohort.due);
    assert_true(worst.share <= seen.share && seen.share <= best.share);
}

/* ---- the operation ---- */

static Str outcomes(Ctx *c)
{
    Params out = params_make(c->arena);
    OpCall call = { STR_NONE, STR_NONE, NULL };
    assert_int_equal(learn_operations[0].run(c, &call, &out), OK);
    return params_text(&out);
}

static bool contains(Str text, const char *needle)
{
    return memmem(text.p, text.n, needle, strlen(needle)) != NULL;
}

static void an_empty_clinic_has_no_rates(void **state)
{
    Ctx *c = &((Bed *)*state)->c;
    Str text = outcomes(c);
    assert_true(contains(text, "No course was started yet"));
    assert_true(contains(text, "open label"));
    assert_false(contains(text, "\"percent\""));
}

static void a_course_from_elsewhere_is_not_ours(void **state)
{
    Ctx *c = &((Bed *)*state)->c;
    Resource stored;
    assert_ok(fhir_put(c, S("Patient"), S("p1"), S("{\"resourceType\":\"Patient\"}"), &stored));
    assert_ok(fhir_put(c, S("CarePlan"), S("c1"),
                       S("{\"resourceType\":\"CarePlan\",\"status\":\"active\",\"intent\":\"plan\","
                         "\"subject\":{\"reference\":\"Patient/p1\"}}"),
                       &stored));
    assert_true(contains(outcomes(c), "No course was started yet"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_follows_the_golden_table),
        cmocka_unit_test(intervals_stay_within_0_and_1_and_hold_the_share),
        cmocka_unit_test(an_outcome_has_one_of_six_states),
        { "EU-S-13 the last score in the window counts, none near a dose",
          the_last_score_in_the_window_counts_and_no_other, NULL, NULL, NULL },
        cmocka_unit_test(a_course_that_stopped_short_is_judged_from_its_last_infusion),
        cmocka_unit_test(maintenance_after_the_planned_ones_is_not_induction),
        { "EU-S-15 nobody leaves the denominator unseen", nobody_leaves_the_denominator_unseen, NULL, NULL,
          NULL },
        { "EU-S-15 an empty clinic has no rates", an_empty_clinic_has_no_rates, bed_make, bed_remove, NULL },
        TEST_ON_BED(a_course_from_elsewhere_is_not_ours),
    };
    return cmocka_run_group_tests_name("learn", tests, NULL, NULL);
}
