/* Virtual trials: streaming statistics against closed forms, a trial's exposure against the log-normal's own
 * moments, and the promise that threads change nothing. */
#include "pkpd/pkpd.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static Ctx test_ctx;

static int setup(void **state)
{
    (void)state;
    test_ctx = (Ctx){ .arena = arena_create(512 * 1024 * 1024) };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(test_ctx.arena);
    return 0;
}

static void assert_near(double got, double want, double within, const char *what)
{
    if (!(fabs(got - want) <= within))
        fail_msg("%s: got %.10g, want %.10g", what, got, want);
}

/* ---- sketches ---- */

static void fill(Sketch *sketch, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        sketch_add(sketch, 250 * exp(0.3 * draw_normal(4, i, 0)));
}

/* The log-normal's own quantiles, mean and SD. */
static void test_sketch_of_a_log_normal(void **state)
{
    (void)state;
    enum { N = 200000 };
    Sketch sketch = { .scale = SKETCH_LOG };
    fill(&sketch, 0, N);
    assert_near(sketch_quantile(&sketch, 0.5), 250, 250 * 0.01, "median");
    assert_near(sketch_quantile(&sketch, 0.05), 250 * exp(-0.3 * 1.6448536269514722), 2.5, "5 %");
    assert_near(sketch_quantile(&sketch, 0.95), 250 * exp(0.3 * 1.6448536269514722), 6, "95 %");
    assert_near(sketch.mean, 250 * exp(0.045), 1, "mean");
    assert_near(sketch_sd(&sketch), 250 * exp(0.045) * sqrt(expm1(0.09)), 1, "SD");
    assert_true(isnan(sketch_quantile(&(Sketch){ .scale = SKETCH_LOG }, 0.5)));
}

static void test_sketches_merge(void **state)
{
    (void)state;
    Sketch all = { .scale = SKETCH_LOG }, first = { .scale = SKETCH_LOG }, second = { .scale = SKETCH_LOG };
    fill(&all, 0, 5000);
    fill(&first, 0, 1234);
    fill(&second, 1234, 5000);
    sketch_merge(&first, &second);
    assert_memory_equal(first.bin, all.bin, sizeof all.bin);
    assert_true(first.n == all.n && first.least == all.least && first.most == all.most);
    assert_near(first.mean, all.mean, 1e-12 * all.mean, "mean");
    assert_near(sketch_sd(&first), sketch_sd(&all), 1e-12 * sketch_sd(&all), "SD");
}

static void test_whole_numbers_have_exact_quantiles(void **state)
{
    (void)state;
    Sketch sketch = { .scale = SKETCH_WHOLE };
    for (int i = 1; i <= 9; i++)
        sketch_add(&sketch, i - 5);
    assert_true(sketch_quantile(&sketch, 0.5) == 0);
    assert_true(sketch_quantile(&sketch, 0.05) == -4 && sketch_quantile(&sketch, 0.95) == 4);
}

/* With nobody of n the upper end is z^2 / (n + z^2); with half of them the interval is symmetric. */
static void test_wilson(void **state)
{
    (void)state;
    ProportionInterval none = proportion_interval((Proportion){ 0, 20 });
    assert_near(none.high, 3.8414588206941 / 23.8414588206941, 1e-12, "none of 20");
    assert_true(none.share == 0 && none.low < 1e-15);
    ProportionInterval half = proportion_interval((Proportion){ 5, 10 });
    assert_near(half.low, 0.236593090512564, 1e-9, "five of ten");
    assert_near(half.high, 0.763406909487436, 1e-9, "five of ten");
    assert_true(isnan(proportion_interval((Proportion){ 0, 0 }).share));
}

/* ---- trials ---- */

static const double days[] = { 0, 1, 7, 28 };
enum { DAYS = 4 };

static const TrialArm arms[] = {
    { .name = { "six", 3 }, .dose_mg_per_kg = 0.5, .minutes = 40, .interval_d = 3, .n_doses = 6 },
    { .name = { "placebo", 7 }, .minutes = 40, .interval_d = 3, .n_doses = 6 },
};

static TrialPlan plan_of(size_t n_patients)
{
    return (TrialPlan){ .population = trial_population(S("adults-kamp-2020")),
                        .mood = mood_model(S("clinic")),
                        .arms = arms,
                        .n_arms = 2,
                        .days = days,
                        .n_days = DAYS,
                        .n_patients = n_patients,
                        .seed = 1 };
}

static TrialResult *run(const TrialPlan *plan)
{
    TrialResult *results = arena_new(test_ctx.arena, TrialResult, plan->n_arms);
    assert_int_equal(trial_run(&test_ctx, plan, NULL, NULL, results), OK);
    return results;
}

static void test_threads_change_nothing(void **state)
{
    (void)state;
    TrialPlan plan = plan_of(5 * TRIAL_CHUNK + 17);
    plan.threads = 1;
    TrialResult *one = run(&plan);
    for (plan.threads = 2; plan.threads < 5; plan.threads++)
        assert_memory_equal(run(&plan), one, 2 * sizeof *one);
    plan.seed = 2;
    assert_memory_not_equal(run(&plan), one, 2 * sizeof *one);
}

/* At 70 kg for all, the area under the curve is dose over a log-normal clearance, and the typical Cmax is
 * that of the reference (S2: 253 ng/mL for 35 mg over 40 min). */
static void test_exposure(void **state)
{
    (void)state;
    enum { N = 40000 };
    TrialPopulation population = *trial_population(S("adults-kamp-2020"));
    population.star.weight.typical_kg = 70;
    population.star.weight.sd_log = 0;
    TrialPlan plan = plan_of(N);
    plan.population = &population;
    const Sketch *quantity = run(&plan)[0].quantity;
    double typical = 6 * 35 * 1000 / 84.0, sd = 0.3;
    assert_near(quantity[TRIAL_DOSE_MG].mean, 35, 1e-9, "dose");
    assert_near(quantity[TRIAL_AUC].mean, typical * exp(sd * sd / 2), 5 * typical * sd / sqrt(N), "mean AUC");
    assert_near(sketch_quantile(&quantity[TRIAL_AUC], 0.5), typical, 0.01 * typical, "median AUC");
    assert_near(sketch_quantile(&quantity[TRIAL_CMAX], 0.5), 253, 0.02 * 253, "median Cmax");
    assert_true(quantity[TRIAL_CE_MAX].mean < quantity[TRIAL_CMAX].mean);
}

/* The same people: before the first dose both arms score alike, and later only the drug differs. */
static void test_arms_share_their_patients(void **state)
{
    (void)state;
    TrialPlan plan = plan_of(4000);
    TrialResult *results = run(&plan);
    const TrialDay *drug = results[0].day, *placebo = results[1].day;
    assert_memory_equal(&drug[0].score, &placebo[0].score, sizeof drug[0].score);
    assert_true(drug[0].change.mean == 0 && drug[0].response.passed == 0);
    assert_near(drug[0].score.mean, 33, 0.5, "baseline");
    for (int i = 1; i < DAYS; i++) {
        assert_true(drug[i].change.mean < placebo[i].change.mean);
        assert_true(drug[i].response.passed > placebo[i].response.passed);
        assert_int_equal(drug[i].response.n, 4000);
    }
    assert_true(results[1].quantity[TRIAL_CMAX].most == 0);
    assert_int_equal(results[0].quantity[TRIAL_SYSTOLIC_MAX].n + results[0].outside_effects, 4000);
    assert_true(results[0].systolic_passes[0].passed > results[1].systolic_passes[0].passed);
    assert_true(results[0].systolic_passes[0].passed > results[0].systolic_passes[1].passed);
}

/* Without drug nothing moves the pressure from where it rests: of a normal of the population's SD and that of
 * the day, so many are at the limit and above. */
static void test_resting_pressure(void **state)
{
    (void)state;
    TrialPlan plan = plan_of(20000);
    TrialResult *results = run(&plan);
    double day_sd = effect_model(S("systolic"))->parameter[EFFECT_BASELINE_SD].value;
    double sd = hypot(plan.population->resting_systolic_sd_mmhg, day_sd), mean = 125;
    const Sketch *mmhg = &results[1].quantity[TRIAL_SYSTOLIC_MAX];
    assert_near(mmhg->mean, mean, 5 * sd / sqrt(20000), "mean");
    assert_near(sketch_sd(mmhg), sd, 0.03 * sd, "SD");
    double share = normal_cdf(-(160 - mean) / sd);
    assert_near(proportion_interval(results[1].systolic_passes[0]).share, share, 5 * sqrt(share / 20000),
                "160 mmHg");
}

static void expect_refusal(const TrialPlan *plan, Err err, const char *path)
{
    TrialResult *results = arena_new(test_ctx.arena, TrialResult, plan->n_arms);
    test_ctx.problems.n = 0;
    assert_int_equal(trial_run(&test_ctx, plan, NULL, NULL, results), err);
    assert_true(str_is(test_ctx.problems.at[0].path, path));
    test_ctx.problems.n = 0;
}

static void test_outside_the_domain(void **state)
{
    (void)state;
    TrialArm arm = arms[0];
    TrialPlan plan = plan_of(10);
    plan.arms = &arm;
    plan.n_arms = 1;
    arm.dose_mg_per_kg = 2;
    expect_refusal(&plan, ERR_RULE, "arms[0].dose_mg_per_kg");
    arm = arms[0];
    arm.interval_d = 0.1;
    expect_refusal(&plan, ERR_RULE, "arms[0].interval_d");
    arm = arms[0];
    plan.n_patients = 0;
    expect_refusal(&plan, ERR_INVALID, "n_patients");
    double late[] = { 1, 400 };
    plan = (TrialPlan){ .population = plan.population,
                        .mood = plan.mood,
                        .arms = &arm,
                        .n_arms = 1,
                        .days = late,
                        .n_days = 2,
                        .n_patients = 10 };
    expect_refusal(&plan, ERR_RULE, "days[1]");
}

static void test_a_faulty_population(void **state)
{
    (void)state;
    TrialPopulation population;
    test_ctx.problems.n = 0;
    assert_int_equal(trial_population_load(&test_ctx, S("{"), &population), ERR_INVALID);
    assert_int_equal(trial_population_load(
                         &test_ctx, S("{\"id\":\"a\",\"title\":\"b\",\"drug_model\":\"none\"}"), &population),
                     ERR_INVALID);
    assert_true(str_is(test_ctx.problems.at[1].path, "drug_model"));
    test_ctx.problems.n = 0;
    assert_int_equal(trial_population_load(&test_ctx,
                                           S("{\"id\":\"a\",\"title\":\"b\",\"drug_model\":\"kamp-2020\","
                                             "\"spread\":[{\"name\":\"V1\",\"sd_log\":9}]}"),
                                           &population),
                     ERR_INVALID);
    assert_true(str_is(test_ctx.problems.at[0].path, "spread[0].sd_log"));
    test_ctx.problems.n = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sketch_of_a_log_normal),
        cmocka_unit_test(test_sketches_merge),
        cmocka_unit_test(test_whole_numbers_have_exact_quantiles),
        cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_exposure),
        cmocka_unit_test(test_arms_share_their_patients),
        cmocka_unit_test(test_resting_pressure),
        cmocka_unit_test(test_outside_the_domain),
        cmocka_unit_test(test_a_faulty_population),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
