/* Advice: no option outside limits or domain, an order that its reasons explain, the stopping rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "pkpd/pkpd.h"

static Arena *arena;

static int begin(void **state)
{
    (void)state;
    arena = arena_create(SIZE_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena = arena_destroy(arena);
    return 0;
}

static const MoodDose given[] = { { 0, 0.5 }, { 3, 0.5 }, { 7, 0.5 } };
static const MoodScore scores[] = { { 0, MOOD_PHQ9, 19 }, { 3, MOOD_PHQ9, 13 }, { 7, MOOD_PHQ9, 9 } };
static const MoodHistory history = { { given, 3 }, scores, 3 };

static const double doses[] = { 0.05, 0.3, 0.5, 0.75, 1.2 }, minutes[] = { 20, 40, 60 },
                    intervals[] = { 0.5, 3.5, 7, 14 };

/* Risks that rise with the rate; above 70 mg nothing is known. */
static bool risks(void *world, double dose_mg, double over_min, AdviceRisks *ret_risks, Str *ret_why_not)
{
    (void)world;
    if (dose_mg > 70) {
        *ret_why_not = S("Above 70 mg nothing is known.");
        return false;
    }
    double rate = dose_mg / over_min;
    *ret_risks =
        (AdviceRisks){ { 0.1 * rate, 0.05 * rate, 0.2 * rate }, { 0.2 * rate, 0.1 * rate, 0.4 * rate } };
    return true;
}

static AdviceCase question(const MoodPosterior *posterior)
{
    return (AdviceCase){
        .posterior = posterior,
        .given = history.course,
        .given_mg = 105,
        .first_d = 10,
        .horizon_d = 28,
        .dose_weight_kg = 70,
        .cost_per_infusion = 500,
        .currency = "USD",
        .grid = { doses, minutes, intervals, 5, 3, 4 },
        .limits = { 0.15, 0.4, 450, 2, 5000 },
        .risks = risks,
        .indifferent_points = 1,
    };
}

static Advice ask(const AdviceCase *q)
{
    Ctx c = { .arena = arena };
    Advice found;
    assert_int_equal(advice(&c, q, &found), OK);
    return found;
}

static MoodPosterior posterior_of(const MoodHistory *h)
{
    return mood_posterior(arena, mood_model(S("clinic")), h, 11);
}

static void test_every_cell_is_answered_once(void **state)
{
    (void)state;
    MoodPosterior posterior = posterior_of(&history);
    AdviceCase q = question(&posterior);
    Advice a = ask(&q);
    assert_int_equal(a.n + a.n_refused, 5 * 3 * 4);
    assert_true(a.n_ranked > 0 && a.n_ranked < a.n);
    assert_false(a.prior_only);
    assert_true(str_starts(a.status, S("Illustrative")));
}

static void test_outside_the_domain_is_refused_with_its_reason(void **state)
{
    (void)state;
    MoodPosterior posterior = posterior_of(&history);
    AdviceCase q = question(&posterior);
    Advice a = ask(&q);
    const MoodDomain *d = &posterior.model->domain;
    for (size_t i = 0; i < a.n; i++) {
        const AdviceOption *o = &a.options[i];
        assert_true(o->dose_mg_per_kg >= d->dose_mg_per_kg_min && o->dose_mg_per_kg <= d->dose_mg_per_kg_max);
        assert_true(o->minutes >= d->minutes_min && o->minutes <= d->minutes_max &&
                    o->interval_d >= d->interval_d_min);
        assert_true(o->dose_mg <= 70);
    }
    /* 0.05 and 1.2 mg/kg: 24 cells; 20 min: 12 more; half a day: 6 more. */
    assert_int_equal(a.n_refused, 24 + 12 + 6);
    for (size_t i = 0; i < a.n_refused; i++)
        assert_false(str_empty(a.refused[i].reason));
}

static void test_no_ranked_option_may_pass_a_limit(void **state)
{
    (void)state;
    MoodPosterior posterior = posterior_of(&history);
    AdviceCase q = question(&posterior);
    Advice a = ask(&q);
    for (size_t i = 0; i < a.n; i++) {
        const AdviceOption *o = &a.options[i];
        bool within = o->risks.pressure.p95 <= 0.15 && o->risks.dissociation.p95 <= 0.4 &&
                      o->exposure_mg <= 450 && o->cost <= 5000 && o->interval_d >= 3.5;
        assert_true(o->ranked == within);
        assert_true(o->ranked == (i < a.n_ranked));
        assert_false(str_empty(o->reason));
    }
}

/* 28 days from an infusion on day 10: a dose at 3.5 d spacing is day 0, 3.5 ... 24.5. */
static void test_the_sums_are_right(void **state)
{
    (void)state;
    MoodPosterior posterior = posterior_of(&history);
    AdviceCase q = question(&posterior);
    Advice a = ask(&q);
    for (size_t i = 0; i < a.n; i++) {
        const AdviceOption *o = &a.options[i];
        int n = o->interval_d == 3.5 ? 8 : o->interval_d == 7 ? 4 : 2;
        assert_int_equal(o->infusions, n);
        assert_true(fabs(o->dose_mg - 70 * o->dose_mg_per_kg) < 1e-12);
        assert_true(fabs(o->exposure_mg - (105 + n * o->dose_mg)) < 1e-9);
        assert_true(fabs(o->cost - 500 * n) < 1e-9);
        assert_true(o->benefit.p05 <= o->benefit.mean && o->benefit.mean <= o->benefit.p95);
        assert_true(o->response.p05 <= o->response.mean && o->response.mean <= o->response.p95);
        assert_true(o->benefit_above_zero_chance > 0 && o->benefit_above_zero_chance <= 1);
    }
}

/* The documented order, written out once more: benefit in steps, pressure, dissociation, drug, cost. */
static void test_the_order_is_the_documented_one(void **state)
{
    (void)state;
    MoodPosterior posterior = posterior_of(&history);
    AdviceCase q = question(&posterior);
    q.limits = (AdviceLimits){ 1, 1, INFINITY, INFINITY, INFINITY };
    Advice a = ask(&q);
    double best = -INFINITY;
    for (size_t i = 0; i < a.n; i++)
        best = fmax(best, a.options[i].benefit.mean);
    for (size_t i = 0; i + 1 < a.n_ranked; i++) {
        const AdviceOption *o = &a.options[i], *next = o + 1;
        int step = (int)floor(best - o->benefit.mean), next_step = (int)floor(best - next->benefit.mean);
        assert_true(step <= next_step);
        bool because_less = strstr(arena_cstr(arena, o->reason), "expected to bring less") != NULL;
        assert_true(because_less == (step < next_step));
        if (step < next_step)
            continue;
        int pressure = (int)(20 * o->risks.pressure.mean),
            next_pressure = (int)(20 * next->risks.pressure.mean);
        assert_true(pressure <= next_pressure);
        assert_true((strstr(arena_cstr(arena, o->reason), "passing the pressure limit is lower") != NULL) ==
                    (pressure < next_pressure));
    }
}

static void test_more_drug_brings_a_responder_more(void **state)
{
    (void)state;
    MoodPosterior posterior = posterior_of(&history);
    AdviceCase q = question(&posterior);
    Advice a = ask(&q);
    double few = NAN, many = NAN;
    for (size_t i = 0; i < a.n; i++)
        if (a.options[i].dose_mg_per_kg == 0.5 && a.options[i].minutes == 40) {
            if (a.options[i].interval_d == 14)
                few = a.options[i].benefit.mean;
            if (a.options[i].interval_d == 3.5)
                many = a.options[i].benefit.mean;
        }
    assert_true(many > few + 0.5);
}

static void test_what_makes_advice_impossible(void **state)
{
    (void)state;
    MoodPosterior posterior = posterior_of(&history);
    Advice found;
    AdviceCase cases[4];
    for (int i = 0; i < 4; i++)
        cases[i] = question(&posterior);
    cases[0].dose_weight_kg = NAN;
    cases[1].horizon_d = 91;
    cases[2].grid.n_doses = 0;
    MoodPosterior thin = posterior;
    thin.effective_n = 20;
    cases[3].posterior = &thin;
    for (int i = 0; i < 4; i++) {
        Ctx c = { .arena = arena };
        assert_int_equal(advice(&c, &cases[i], &found), ERR_RULE);
        assert_int_equal(c.problems.n, 1);
    }
}

static void test_prior_only_is_said(void **state)
{
    (void)state;
    MoodPosterior prior = mood_prior(arena, mood_model(S("clinic")), 3);
    AdviceCase q = question(&prior);
    assert_true(ask(&q).prior_only);
}

/* ---- the stopping rule ---- */

static AdviceStop stop_after(int infusions, int first_score, int last_score)
{
    static MoodDose course[8];
    static MoodScore two[2];
    for (int i = 0; i < infusions; i++)
        course[i] = (MoodDose){ 3.5 * i, 0.5 };
    two[0] = (MoodScore){ 0, MOOD_PHQ9, first_score };
    two[1] = (MoodScore){ 3.5 * infusions, MOOD_PHQ9, last_score };
    MoodHistory h = { { course, (size_t)infusions }, two, 2 };
    MoodPosterior posterior = posterior_of(&h);
    return advice_stop(arena, &posterior, &h, &advice_stop_rule);
}

static void test_stopping_rule(void **state)
{
    (void)state;
    static const struct {
        int infusions, first, last;
        AdviceVerdict verdict;
    } rows[] = {
        { 2, 20, 20, ADVICE_NOT_DUE }, { 3, 20, 17, ADVICE_DECIDE }, { 3, 20, 16, ADVICE_GO_ON },
        { 4, 20, 20, ADVICE_DECIDE },  { 6, 20, 16, ADVICE_STOP },   { 6, 20, 15, ADVICE_GO_ON },
        { 6, 20, 22, ADVICE_STOP },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AdviceStop stop = stop_after(rows[i].infusions, rows[i].first, rows[i].last);
        assert_int_equal(stop.verdict, rows[i].verdict);
        assert_true(fabs(stop.improvement_percent - 100.0 * (rows[i].first - rows[i].last) / rows[i].first) <
                    1e-9);
        assert_true(isnan(stop.response_at_end.mean) == (rows[i].infusions >= 6));
        assert_false(str_empty(stop.words));
    }
    assert_true(stop_after(3, 20, 8).response_at_end.mean > stop_after(3, 20, 20).response_at_end.mean + 0.3);
}

static void test_stopping_rule_without_scores_of_one_scale(void **state)
{
    (void)state;
    static const MoodScore mixed[] = { { 0, MOOD_PHQ9, 19 }, { 8, MOOD_QIDS, 12 } };
    MoodHistory h = { history.course, mixed, 2 };
    MoodPosterior posterior = posterior_of(&h);
    AdviceStop stop = advice_stop(arena, &posterior, &h, &advice_stop_rule);
    assert_int_equal(stop.verdict, ADVICE_UNKNOWN);
    assert_true(isnan(stop.improvement_percent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_cell_is_answered_once, begin, end),
        cmocka_unit_test_setup_teardown(test_outside_the_domain_is_refused_with_its_reason, begin, end),
        cmocka_unit_test_setup_teardown(test_no_ranked_option_may_pass_a_limit, begin, end),
        cmocka_unit_test_setup_teardown(test_the_sums_are_right, begin, end),
        cmocka_unit_test_setup_teardown(test_the_order_is_the_documented_one, begin, end),
        cmocka_unit_test_setup_teardown(test_more_drug_brings_a_responder_more, begin, end),
        cmocka_unit_test_setup_teardown(test_what_makes_advice_impossible, begin, end),
        cmocka_unit_test_setup_teardown(test_prior_only_is_said, begin, end),
        cmocka_unit_test_setup_teardown(test_stopping_rule, begin, end),
        cmocka_unit_test_setup_teardown(test_stopping_rule_without_scores_of_one_scale, begin, end),
    };
    return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
