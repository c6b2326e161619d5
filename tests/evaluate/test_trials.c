#include "eligible.h"
#include "evaluate/maudsley.h"

static Chart no_trials(Arena *a)
{
    Chart chart = eligible_chart(a);
    chart.trials.n = 0;
    return chart;
}

/* Adequate: dose, weeks and adherence all reached; failed: adequate and less than 50 % better (clinical fact
 * base 2a, 2b: minimum of sertraline 50 mg, six weeks, 75 %). -1 is not known. */
static const struct {
    double mg, weeks, adherence, improvement;
    TrialOutcome outcome;
} vectors[] = {
    { 150, 12, 90, 10, TRIAL_FAILED },       { 50, 6, 75, 49, TRIAL_FAILED },
    { 49, 12, 90, 10, TRIAL_NOT_ADEQUATE },  { 150, 5.9, 90, 10, TRIAL_NOT_ADEQUATE },
    { 150, 12, 74, 10, TRIAL_NOT_ADEQUATE }, { 150, 12, 90, 50, TRIAL_HELPED },
    { -1, 12, 90, 10, TRIAL_UNKNOWN },       { 150, -1, 90, 10, TRIAL_UNKNOWN },
    { 150, 12, -1, 10, TRIAL_UNKNOWN },      { 150, 12, 90, -1, TRIAL_UNKNOWN },
    { -1, 3, 90, 10, TRIAL_NOT_ADEQUATE }, /* too short, whatever the dose was */
};

static void one_trial(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
        Chart chart = no_trials(a);
        add_trial(a, &chart, "sertraline", vectors[i].mg, vectors[i].weeks, vectors[i].adherence,
                  vectors[i].improvement);
        Resistance r = resistance_judge(a, &chart, policy_in_force());
        assert_int_equal(r.at[0].outcome, vectors[i].outcome);
        assert_true(r.at[0].why.n > 0);
    }
}

static Resistance judged_trials(Arena *a, Chart *chart)
{
    return resistance_judge(a, chart, policy_in_force());
}

static void two_make_resistance(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    Chart chart = no_trials(a);
    assert_int_equal(finding_of(a, &chart, "EU-E-006").level, LEVEL_MISSING);
    add_trial(a, &chart, "sertraline", 150, 12, 90, 10);
    assert_false(judged_trials(a, &chart).resistant);
    assert_int_equal(finding_of(a, &chart, "EU-E-006").level, LEVEL_STOP);
    add_trial(a, &chart, "bupropion-xl", 300, 8, 90, 0);
    assert_true(judged_trials(a, &chart).resistant);
    assert_int_equal(finding_of(a, &chart, "EU-E-006").level, LEVEL_FINE);
}

static void the_same_medicine_counts_once(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    Chart chart = no_trials(a);
    add_trial(a, &chart, "bupropion", 300, 8, 90, 0);
    add_trial(a, &chart, "bupropion-xl", 300, 8, 90, 0);
    assert_int_equal(judged_trials(a, &chart).failed, 1);
}

static void another_episode_does_not_count(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    Chart chart = eligible_chart(a);
    chart.trials.at[0].current_episode = false;
    assert_int_equal(judged_trials(a, &chart).failed, 1);
}

/* Intolerance is not failure: fluoxetine stopped after 3 weeks for a rash. */
static void intolerance_is_not_failure(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    Chart chart = no_trials(a);
    add_trial(a, &chart, "sertraline", 150, 12, 90, 10);
    add_trial(a, &chart, "fluoxetine", 20, 3, 90, 0);
    chart.trials.at[1].reason_stopped = S("intolerance");
    assert_int_equal(judged_trials(a, &chart).failed, 1);
    assert_false(judged_trials(a, &chart).resistant);
}

static void a_medicine_outside_the_table_is_not_known(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    Chart chart = no_trials(a);
    add_trial(a, &chart, "sertraline", 150, 12, 90, 10);
    add_trial(a, &chart, "snake-oil", 150, 12, 90, 10);
    assert_int_equal(judged_trials(a, &chart).unknown, 1);
    assert_int_equal(finding_of(a, &chart, "EU-E-006").level, LEVEL_MISSING);
}

/* ---- Maudsley ---- */

static const struct {
    double months;
    const char *severity;
    int failures, augmentation, ect, total;
    const char *stage;
} stages[] = {
    { 30, "severe", 5, 1, 0, 11, "severe" }, /* the fact base's vector: 3 + 4 + 3 + 1 + 0 */
    { 12, "subsyndromal", 1, 0, 0, 3, "mild" },
    { 13, "mild", 2, 0, 0, 5, "mild" },
    { 24, "moderate", 4, 0, 0, 7, "moderate" },
    { 25, "severe", 6, 0, 0, 10, "moderate" },
    { 25, "severe-psychotic", 11, 1, 1, 15, "severe" },
    { 25, "severe-psychotic", 10, 1, 1, 14, "severe" },
    { 19, "moderate", 4, 1, 0, 8, "moderate" }, /* MADRS 33 is moderate by the table, so 8 and not 9 */
    { -1, "severe", 5, 1, 0, -1, NULL },
    { 30, NULL, 5, 1, 0, -1, NULL },
    { 30, "severe", 0, 1, 0, -1, NULL }, /* without a failure the score is not defined */
    { 30, "severe", 5, -1, 0, -1, NULL },
    { 30, "severe", 5, 1, -1, -1, NULL },
};

static void maudsley_vectors(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        MaudsleyInput input = { stages[i].months, stages[i].severity, stages[i].failures,
                                stages[i].augmentation, stages[i].ect };
        Maudsley m = maudsley_score(a, &input);
        assert_int_equal(m.total, stages[i].total);
        assert_int_equal(m.stage != NULL, stages[i].stage != NULL);
        if (m.stage)
            assert_string_equal(m.stage, stages[i].stage);
    }
}

int run_trial_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_trial),
        cmocka_unit_test(two_make_resistance),
        cmocka_unit_test(the_same_medicine_counts_once),
        cmocka_unit_test(another_episode_does_not_count),
        cmocka_unit_test(intolerance_is_not_failure),
        cmocka_unit_test(a_medicine_outside_the_table_is_not_known),
        cmocka_unit_test(maudsley_vectors),
    };
    return cmocka_run_group_tests_name("evaluate: trials and staging", tests, NULL, NULL);
}
