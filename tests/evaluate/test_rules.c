#include "chart/facts.h"
#include "eligible.h"
#include "evaluate/ops.h"

#include <stdio.h>

static Arena *make(void)
{
    return arena_create(64 * 1024 * 1024);
}

/* ---- golden charts: each rule fires, does not, is missing ---- */

/* One answer changed in the eligible chart. value NULL: forgotten. */
typedef struct Golden {
    const char *rule, *key, *value;
    Level level;
} Golden;

static const Golden goldens[] = {
    { "EU-E-002", "level-of-care", "inpatient", LEVEL_STOP },
    { "EU-E-002", "level-of-care", "emergency-department", LEVEL_STOP },
    { "EU-E-002", "level-of-care", "intensive-outpatient", LEVEL_CAUTION },
    { "EU-E-002", "level-of-care", "outpatient", LEVEL_FINE },
    { "EU-E-002", "level-of-care", NULL, LEVEL_MISSING },
    { "EU-E-008", "safety-plan", "no", LEVEL_CAUTION }, /* the level of care was written after it */
    { "EU-E-008", "safety-plan", "yes", LEVEL_FINE },
    { "EU-E-012", "psychosis", "current", LEVEL_STOP },
    { "EU-E-012", "psychosis", "past", LEVEL_CAUTION },
    { "EU-E-012", "psychosis", "none", LEVEL_FINE },
    { "EU-E-012", "psychosis", NULL, LEVEL_MISSING },
    { "EU-E-013", "mania", "current", LEVEL_STOP },
    { "EU-E-013", "mania", "bipolar-not-stabilised", LEVEL_CAUTION },
    { "EU-E-013", "mania", "none", LEVEL_FINE },
    { "EU-E-013", "mania", NULL, LEVEL_MISSING },
    { "EU-E-021", "substance-use", "moderate-severe", LEVEL_STOP },
    { "EU-E-021", "substance-use", "ketamine-misuse", LEVEL_STOP },
    { "EU-E-021", "substance-use", "mild", LEVEL_CAUTION },
    { "EU-E-021", "substance-use", "none", LEVEL_FINE },
    { "EU-E-021", "substance-use", NULL, LEVEL_MISSING },
    { "EU-E-022", "urine-drug-screen", "stimulant-unexplained", LEVEL_STOP },
    { "EU-E-022", "urine-drug-screen", "other-unexplained", LEVEL_CAUTION },
    { "EU-E-022", "urine-drug-screen", "negative", LEVEL_FINE },
    { "EU-E-022", "urine-drug-screen", NULL, LEVEL_MISSING },
    { "EU-E-023", "monitoring-programme", "other-supply", LEVEL_STOP },
    { "EU-E-023", "monitoring-programme", "clear", LEVEL_FINE },
    { "EU-E-023", "monitoring-programme", NULL, LEVEL_MISSING },
    { "EU-E-009", "pregnancy-test", "positive", LEVEL_STOP },
    { "EU-E-009", "pregnancy-test", "hysterectomy", LEVEL_FINE },
    { "EU-E-009", "pregnancy-test", NULL, LEVEL_MISSING },
    { "EU-E-047", "breastfeeding", "yes", LEVEL_CAUTION },
    { "EU-E-047", "breastfeeding", "no", LEVEL_FINE },
    { "EU-E-047", "breastfeeding", NULL, LEVEL_MISSING },
    { "EU-E-014", "vascular-history", "yes", LEVEL_STOP },
    { "EU-E-014", "vascular-history", "no", LEVEL_FINE },
    { "EU-E-014", "vascular-history", NULL, LEVEL_MISSING },
    { "EU-E-015", "cardiovascular", "recent", LEVEL_STOP },
    { "EU-E-015", "cardiovascular", "unstable", LEVEL_STOP },
    { "EU-E-015", "cardiovascular", "stable", LEVEL_CAUTION },
    { "EU-E-015", "cardiovascular", "none", LEVEL_FINE },
    { "EU-E-015", "cardiovascular", NULL, LEVEL_MISSING },
    { "EU-E-016", "pressure-hazard", "yes", LEVEL_STOP },
    { "EU-E-016", "pressure-hazard", "no", LEVEL_FINE },
    { "EU-E-016", "pressure-hazard", NULL, LEVEL_MISSING },
    { "EU-E-017", "intracranial-pressure", "yes", LEVEL_STOP },
    { "EU-E-017", "intracranial-pressure", "no", LEVEL_FINE },
    { "EU-E-017", "intracranial-pressure", NULL, LEVEL_MISSING },
    { "EU-E-018", "eye-pressure", "yes", LEVEL_CAUTION },
    { "EU-E-018", "eye-pressure", "no", LEVEL_FINE },
    { "EU-E-018", "eye-pressure", NULL, LEVEL_MISSING },
    { "EU-E-019", "ketamine-hypersensitivity", "yes", LEVEL_STOP },
    { "EU-E-019", "ketamine-hypersensitivity", "no", LEVEL_FINE },
    { "EU-E-019", "ketamine-hypersensitivity", NULL, LEVEL_MISSING },
    { "EU-E-020", "allergies-asked", "yes", LEVEL_FINE },
    { "EU-E-020", "allergies-asked", "no", LEVEL_MISSING },
    { "EU-E-020", "allergies-asked", NULL, LEVEL_MISSING },
    { "EU-E-024", "alt", "121", LEVEL_STOP }, /* above 3 times 40 */
    { "EU-E-024", "alt", "120", LEVEL_CAUTION },
    { "EU-E-024", "ggt", "61", LEVEL_CAUTION },
    { "EU-E-024", "alp", "120", LEVEL_FINE },
    { "EU-E-024", "ggt", NULL, LEVEL_MISSING },
    { "EU-E-025", "liver-disease", "severe", LEVEL_STOP },
    { "EU-E-025", "liver-disease", "mild-moderate", LEVEL_CAUTION },
    { "EU-E-025", "liver-disease", "none", LEVEL_FINE },
    { "EU-E-025", "liver-disease", NULL, LEVEL_MISSING },
    { "EU-E-026", "bladder", "active", LEVEL_STOP },
    { "EU-E-026", "bladder", "previous", LEVEL_CAUTION },
    { "EU-E-026", "icsi", "6", LEVEL_CAUTION },
    { "EU-E-026", "icsi", "5", LEVEL_FINE },
    { "EU-E-026", "icsi", NULL, LEVEL_MISSING },
    { "EU-E-027", "airway", "untreated", LEVEL_STOP },
    { "EU-E-027", "airway", "treated", LEVEL_CAUTION },
    { "EU-E-027", "airway", "none", LEVEL_FINE },
    { "EU-E-027", "airway", NULL, LEVEL_MISSING },
    { "EU-E-028", "seizures", "uncontrolled", LEVEL_CAUTION },
    { "EU-E-028", "seizures", "none", LEVEL_FINE },
    { "EU-E-028", "seizures", NULL, LEVEL_MISSING },
    { "EU-E-040", "thyroid", "yes", LEVEL_CAUTION },
    { "EU-E-040", "thyroid", "no", LEVEL_FINE },
    { "EU-E-040", "thyroid", NULL, LEVEL_MISSING },
    { "EU-E-041", "cognition", "yes", LEVEL_CAUTION },
    { "EU-E-041", "cognition", "no", LEVEL_FINE },
    { "EU-E-041", "cognition", NULL, LEVEL_MISSING },
    { "EU-E-029", "medicines-reconciled", "yes", LEVEL_FINE },
    { "EU-E-029", "medicines-reconciled", "no", LEVEL_MISSING },
    { "EU-E-029", "medicines-reconciled", NULL, LEVEL_MISSING },
    { "EU-E-030", "benzodiazepine-mg", "20", LEVEL_CAUTION },
    { "EU-E-030", "benzodiazepine-mg", "0", LEVEL_FINE },
    { "EU-E-030", "benzodiazepine-mg", NULL, LEVEL_MISSING },
    { "EU-E-038", "capacity", "no", LEVEL_STOP },
    { "EU-E-038", "capacity", "yes", LEVEL_FINE },
    { "EU-E-038", "capacity", NULL, LEVEL_MISSING },
    { "EU-E-039", "consent", "no", LEVEL_STOP },
    { "EU-E-039", "cost-estimate", "no", LEVEL_STOP },
    { "EU-E-039", "consent", "yes", LEVEL_FINE },
    { "EU-E-039", "cost-estimate", NULL, LEVEL_MISSING },
    { "EU-E-042", "escort", "no", LEVEL_STOP },
    { "EU-E-042", "escort", "yes", LEVEL_FINE },
    { "EU-E-042", "escort", NULL, LEVEL_MISSING },
    { "EU-E-043", "fasting", "no", LEVEL_STOP },
    { "EU-E-043", "fasting", "yes", LEVEL_FINE },
    { "EU-E-043", "fasting", NULL, LEVEL_MISSING },
    { "EU-E-044", "acute-illness", "yes", LEVEL_STOP },
    { "EU-E-044", "acute-illness", "no", LEVEL_FINE },
    { "EU-E-044", "acute-illness", NULL, LEVEL_MISSING },
    { "EU-E-045", "intoxication", "yes", LEVEL_STOP },
    { "EU-E-045", "intoxication", "no", LEVEL_FINE },
    { "EU-E-045", "intoxication", NULL, LEVEL_MISSING },
    { "EU-E-046", "withdrawal", "yes", LEVEL_STOP },
    { "EU-E-046", "withdrawal", "no", LEVEL_FINE },
    { "EU-E-046", "withdrawal", NULL, LEVEL_MISSING },
};

static void golden_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        AUTO(arena_done) Arena *a = make();
        Chart chart = eligible_chart(a);
        if (goldens[i].value)
            set_fact(a, &chart, goldens[i].key, goldens[i].value);
        else
            forget_fact(&chart, goldens[i].key);
        Finding finding = finding_of(a, &chart, goldens[i].rule);
        if (finding.level != goldens[i].level)
            fail_msg("%s with %s %s: %s, not %s (%.*s)", goldens[i].rule, goldens[i].key,
                     goldens[i].value ? goldens[i].value : "not known", level_word(finding.level),
                     level_word(goldens[i].level), STR_ARG(finding.because));
    }
}

/* Rules on measurements: two pressures each, seated, minutes before now. */
static const struct {
    double systolic[2], diastolic[2];
    int minutes_ago[2];
    int n;
    Level level;
} pressures[] = {
    { { 168, 164 }, { 104, 102 }, { 20, 10 }, 2, LEVEL_STOP },
    { { 162, 161 }, { 70, 71 }, { 20, 10 }, 2, LEVEL_STOP }, /* either number is enough */
    { { 130, 128 }, { 101, 100 }, { 20, 10 }, 2, LEVEL_STOP },
    { { 168, 138 }, { 104, 86 }, { 20, 10 }, 2, LEVEL_CAUTION }, /* only one of them: not two readings */
    { { 140, 124 }, { 70, 70 }, { 20, 10 }, 2, LEVEL_CAUTION },
    { { 139, 139 }, { 89, 89 }, { 20, 10 }, 2, LEVEL_FINE },
    { { 100, 89 }, { 60, 60 }, { 20, 10 }, 2, LEVEL_STOP },     /* too low */
    { { 92, 92 }, { 43, 43 }, { 20, 10 }, 2, LEVEL_STOP },      /* mean 59 */
    { { 120, 120 }, { 80, 80 }, { 12, 10 }, 2, LEVEL_MISSING }, /* only 2 min apart */
    { { 120 }, { 80 }, { 10 }, 1, LEVEL_MISSING },
    { { 120, 120 }, { 80, 80 }, { 1200, 1190 }, 2, LEVEL_MISSING }, /* yesterday */
    { { 0 }, { 0 }, { 0 }, 0, LEVEL_MISSING },
};

static void golden_pressures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pressures / sizeof *pressures; i++) {
        AUTO(arena_done) Arena *a = make();
        Chart chart = eligible_chart(a);
        chart.readings[MEASURE_PRESSURE_MMHG] = (Readings){ 0 };
        for (int k = 0; k < pressures[i].n; k++)
            add_reading(a, &chart, MEASURE_PRESSURE_MMHG, pressures[i].systolic[k], pressures[i].diastolic[k],
                        NOW_US - pressures[i].minutes_ago[k] * US_PER_MIN, true);
        Finding finding = finding_of(a, &chart, "EU-E-003");
        if (finding.level != pressures[i].level)
            fail_msg("pressures, row %zu: %s (%.*s)", i, level_word(finding.level), STR_ARG(finding.because));
    }
}

static void golden_person(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = make();
    Chart chart = eligible_chart(a);
    assert_int_equal(finding_of(a, &chart, "EU-E-004").level, LEVEL_FINE);
    chart.birth_us = NOW_US - 17 * 366 * US_PER_DAY;
    assert_int_equal(finding_of(a, &chart, "EU-E-004").level, LEVEL_STOP);
    assert_int_equal(finding_of(a, &chart, "EU-E-004").need, OVERRIDE_NEVER);
    chart.birth_us = NOW_US - 66 * 366 * US_PER_DAY;
    assert_int_equal(finding_of(a, &chart, "EU-E-004").level, LEVEL_CAUTION);
    chart.birth_us = NOW_US - 20 * 366 * US_PER_DAY;
    assert_int_equal(finding_of(a, &chart, "EU-E-004").level, LEVEL_CAUTION);
    chart.birth_us = TIME_NONE;
    assert_int_equal(finding_of(a, &chart, "EU-E-004").level, LEVEL_MISSING);
    chart = eligible_chart(a);
    chart.sex = S("male");
    forget_fact(&chart, "pregnancy-test");
    assert_int_equal(finding_of(a, &chart, "EU-E-009").level, LEVEL_FINE);
    chart.sex = STR_NONE;
    assert_int_equal(finding_of(a, &chart, "EU-E-009").level, LEVEL_MISSING);
}

static void golden_measures(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = make();
    Chart chart = eligible_chart(a);
    assert_int_equal(finding_of(a, &chart, "EU-E-010").level, LEVEL_FINE);
    chart.readings[MEASURE_WEIGHT_KG].at[0].in_clinic = false; /* stated or imported */
    assert_int_equal(finding_of(a, &chart, "EU-E-010").level, LEVEL_MISSING);
    chart = eligible_chart(a);
    chart.readings[MEASURE_WEIGHT_KG].at[0].at_us = NOW_US - 8 * US_PER_DAY;
    assert_int_equal(finding_of(a, &chart, "EU-E-010").level, LEVEL_MISSING);
    assert_int_equal(finding_of(a, &chart, "EU-E-011").level, LEVEL_MISSING);
    chart = eligible_chart(a);
    assert_int_equal(finding_of(a, &chart, "EU-E-011").level, LEVEL_FINE);
    chart.readings[MEASURE_WEIGHT_KG].at[0].value = 45; /* 15.6 kg/m2 */
    assert_int_equal(finding_of(a, &chart, "EU-E-011").level, LEVEL_STOP);
}

static void golden_lists(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *medicine;
        Level level;
    } rows[] = {
        { "EU-E-031", "Theophylline 200 MG", LEVEL_STOP },
        { "EU-E-032", "Tranylcypromine 10 MG", LEVEL_CAUTION },
        { "EU-E-033", "Methylphenidate", LEVEL_CAUTION },
        { "EU-E-034", "lamoTRIgine 100 MG", LEVEL_CAUTION },
        { "EU-E-035", "Oxycodone 5 MG", LEVEL_CAUTION },
        { "EU-E-035", "Zolpidem", LEVEL_CAUTION },
        { "EU-E-031", "Amoxicillin 250 MG", LEVEL_FINE },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO(arena_done) Arena *a = make();
        Chart chart = eligible_chart(a);
        add_medicine(a, &chart, rows[i].medicine);
        assert_int_equal(finding_of(a, &chart, rows[i].rule).level, rows[i].level);
        forget_fact(&chart, "medicines-reconciled");
        assert_int_equal(finding_of(a, &chart, "EU-E-032").level,
                         strcmp(rows[i].rule, "EU-E-032") == 0 ? LEVEL_CAUTION : LEVEL_MISSING);
    }
    AUTO(arena_done) Arena *a = make();
    Chart chart = eligible_chart(a);
    add_medicine(a, &chart, "Lorazepam 1 MG"); /* against the answer "0 mg" */
    assert_int_equal(finding_of(a, &chart, "EU-E-030").level, LEVEL_MISSING);
    set_fact(a, &chart, "benzodiazepine-mg", "10");
    add_medicine(a, &chart, "Oxycodone 5 MG");
    assert_int_equal(finding_of(a, &chart, "EU-E-030").level, LEVEL_STOP);
    add_diagnosis(a, &chart, "Atrial Fibrillation"); /* against the answer "none" */
    assert_int_equal(finding_of(a, &chart, "EU-E-015").level, LEVEL_MISSING);
}

/* The screener's triage: 1 to 5, behaviour ever, behaviour within 3 months. */
static const struct {
    int answer[SCREEN_ITEMS];
    Level level;
} screens[] = {
    { { 1, 1, 0, 1, 0, 0, -1 }, LEVEL_STOP }, /* intent is high: the source's vector 1Y 2Y 3N 4Y */
    { { 1, 1, 1, 0, 1, 0, -1 }, LEVEL_STOP },        { { 0, 0, -1, -1, -1, 1, 1 }, LEVEL_STOP },
    { { 0, 0, -1, -1, -1, 1, 0 }, LEVEL_CAUTION },  /* 2 no, 6 lifetime only: moderate */
    { { 1, 0, -1, -1, -1, 0, -1 }, LEVEL_CAUTION }, /* 1 only: low */
    { { 1, 1, 1, 0, 0, 0, -1 }, LEVEL_CAUTION },     { { 0, 0, -1, -1, -1, 0, -1 }, LEVEL_FINE },
    { { 0, -1, -1, -1, -1, 0, -1 }, LEVEL_MISSING }, /* refused: a person asks */
    { { 1, 1, -1, -1, -1, 0, -1 }, LEVEL_MISSING },  /* 3 to 5 were due */
    { { 0, 0, -1, -1, -1, -1, -1 }, LEVEL_MISSING }, { { -1, -1, -1, -1, -1, -1, -1 }, LEVEL_MISSING },
};

static void golden_screens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
        AUTO(arena_done) Arena *a = make();
        Chart chart = eligible_chart(a);
        memcpy(chart.screens.at[0].answer, screens[i].answer, sizeof screens[i].answer);
        chart.screens.at[0].at_us = NOW_US - US_PER_MIN; /* after the level of care was written */
        assert_int_equal(finding_of(a, &chart, "EU-E-007").level, screens[i].level);
        if (screens[i].level == LEVEL_STOP) {
            fact_of(a, &chart, "level-of-care")->at_us = NOW_US;
            assert_int_equal(finding_of(a, &chart, "EU-E-007").level, LEVEL_CAUTION);
        }
    }
    AUTO(arena_done) Arena *a = make();
    Chart chart = eligible_chart(a);
    chart.screens.at[0].answer[SCREEN_WISH] = 1;
    assert_int_equal(finding_of(a, &chart, "EU-E-008").level, LEVEL_MISSING); /* a plan is due now */
    chart.screens.n = 0;
    assert_int_equal(finding_of(a, &chart, "EU-E-007").level, LEVEL_MISSING);
}

static void day_facts_wait_for_a_signed_course(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = make();
    Chart chart = eligible_chart(a);
    forget_fact(&chart, "fasting");
    chart.course.status = COURSE_NONE;
    assert_int_equal(finding_of(a, &chart, "EU-E-043").level, LEVEL_DAY);
    chart.course.status = COURSE_ACTIVE;
    assert_int_equal(finding_of(a, &chart, "EU-E-043").level, LEVEL_MISSING);
}

static void level_of_care_stands_first(void **state)
{
    (void)state;
    assert_string_equal(evaluate_rules[0].id, "EU-E-002");
}

static void dead_is_never_treated(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = make();
    Chart chart = eligible_chart(a);
    chart.deceased = true;
    assert_int_equal(verdict_of(a, &chart), VERDICT_NEVER);
    assert_int_equal(finding_of(a, &chart, "EU-E-001").need, OVERRIDE_NEVER);
}

/* ---- invariant 2 ---- */

static void not_eligible(Arena *a, const Chart *chart, const char *what, const char *key)
{
    Verdict verdict = verdict_of(a, chart);
    if (verdict == VERDICT_ELIGIBLE || verdict == VERDICT_OVERRIDDEN || verdict == VERDICT_TO_SIGN)
        fail_msg("%s %s: %s", key, what, verdict_word(verdict));
}

static void each_fact_is_needed(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *whole = make();
    Chart complete = eligible_chart(whole);
    assert_int_equal(verdict_of(whole, &complete), VERDICT_ELIGIBLE);
    for (const Answered *row = eligible_facts; row->key; row++) {
        AUTO(arena_done) Arena *a = make();
        Chart chart = eligible_chart(a);
        const char *valid_key = arena_cstr(a, fact_row(str_from(row->key))->valid_key);
        int64_t valid_us = policy_duration_us(policy_in_force(), valid_key);
        fact_of(a, &chart, row->key)->at_us = NOW_US - valid_us - 1;
        not_eligible(a, &chart, "out of date", row->key);
        fact_of(a, &chart, row->key)->at_us = NOW_US - valid_us;
        assert_int_equal(verdict_of(a, &chart), VERDICT_ELIGIBLE);
        fact_of(a, &chart, row->key)->contradicted = true;
        not_eligible(a, &chart, "contradicted", row->key);
        forget_fact(&chart, row->key);
        not_eligible(a, &chart, "not known", row->key);
    }
}

static void each_other_part_is_needed(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = make();
    for (Measure m = MEASURE_WEIGHT_KG; m <= MEASURE_PRESSURE_MMHG; m++) {
        Chart chart = eligible_chart(a);
        for (size_t i = 0; i < chart.readings[m].n; i++) {
            chart = eligible_chart(a);
            chart.readings[m].at[i].state = READING_QUARANTINED;
            not_eligible(a, &chart, "quarantined", "reading");
        }
        chart = eligible_chart(a);
        chart.readings[m].n--;
        not_eligible(a, &chart, "not known", "reading");
    }
    Chart chart = eligible_chart(a);
    chart.sex = STR_NONE;
    not_eligible(a, &chart, "not known", "sex");
    chart = eligible_chart(a);
    chart.birth_us = TIME_NONE;
    not_eligible(a, &chart, "not known", "birth date");
    chart = eligible_chart(a);
    chart.diagnoses.n = 0;
    not_eligible(a, &chart, "not known", "diagnosis");
    chart = eligible_chart(a);
    chart.trials.n = 1;
    not_eligible(a, &chart, "not known", "trial");
    chart = eligible_chart(a);
    chart.scores.n = 0;
    not_eligible(a, &chart, "not known", "PHQ-9");
    chart = eligible_chart(a);
    chart.scores.at[0].at_us = NOW_US - 8 * US_PER_DAY;
    not_eligible(a, &chart, "out of date", "PHQ-9");
    chart = eligible_chart(a);
    chart.screens.at[0].at_us = NOW_US - 8 * US_PER_DAY;
    not_eligible(a, &chart, "out of date", "C-SSRS");
}

static void an_empty_chart_is_never_fine(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = make();
    Chart chart = { .birth_us = TIME_NONE, .deceased_us = TIME_NONE, .eligibility.at_us = TIME_NONE };
    Findings findings = judge(a, &chart);
    for (size_t i = 0; i < findings.n; i++)
        if (findings.at[i].level == LEVEL_FINE)
            assert_string_equal(findings.at[i].rule->id,
                                "EU-E-001"); /* no death is recorded: all that is known */
    assert_int_equal(evaluate_verdict(&findings), VERDICT_UNKNOWN);
}

/* ---- invariant 13 ---- */

static void no_threshold_of_another_scale(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = make();
    Chart chart = eligible_chart(a);
    chart.scores.at[0].instrument = S("qids-sr16"); /* 20 of 27 there is not 20 of 27 here */
    assert_int_equal(finding_of(a, &chart, "EU-E-036").level, LEVEL_MISSING);
    chart = eligible_chart(a);
    chart.scores.at[0].complete = false;
    assert_int_equal(finding_of(a, &chart, "EU-E-036").level, LEVEL_MISSING);
}

/* ---- the table ---- */

static bool askable(const char *ask)
{
    static const char *const others[] = { "weight-kg", "height-cm", "pressure", "c-ssrs", "phq-9", "trial" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(ask, others[i]) == 0)
            return true;
    return fact_row(str_from(ask)) != NULL;
}

static void every_rule_is_complete(void **state)
{
    (void)state;
    for (const Rule *rule = evaluate_rules; rule->id; rule++) {
        assert_true(rule->title && rule->limit && rule->cites && rule->seen);
        assert_ptr_equal(evaluate_rule(str_from(rule->id)), rule); /* no id twice */
        if (rule->policy)
            (void)policy_row(policy_in_force(), rule->policy); /* stops the test where it is not there */
        for (size_t i = 0; i < RULE_ASKS_MAX && rule->asks[i]; i++)
            assert_true(askable(rule->asks[i]));
    }
    size_t n;
    const FactRow *rows = fact_rows(&n);
    AUTO(arena_done) Arena *a = make();
    for (size_t i = 0; i < n; i++)
        (void)policy_duration_us(policy_in_force(), arena_cstr(a, rows[i].valid_key));
}

int run_rule_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_answers),
        cmocka_unit_test(golden_pressures),
        cmocka_unit_test(golden_person),
        cmocka_unit_test(golden_measures),
        cmocka_unit_test(golden_lists),
        cmocka_unit_test(golden_screens),
        cmocka_unit_test(day_facts_wait_for_a_signed_course),
        cmocka_unit_test(level_of_care_stands_first),
        { "EU-E-001 a person who has died is never treated, and nobody can override it",
          dead_is_never_treated, NULL, NULL, NULL },
        { "EU-S-02 each fact in turn forgotten, out of date or contradicted: never eligible",
          each_fact_is_needed, NULL, NULL, NULL },
        { "EU-S-02 without a reading, a trial, a diagnosis, a screen, sex or birth date: never eligible",
          each_other_part_is_needed, NULL, NULL, NULL },
        { "EU-S-02 an empty chart has nothing fine", an_empty_chart_is_never_fine, NULL, NULL, NULL },
        { "EU-S-13 a score meets no threshold of another scale", no_threshold_of_another_scale, NULL, NULL,
          NULL },
        cmocka_unit_test(every_rule_is_complete),
    };
    return cmocka_run_group_tests_name("evaluate: rules", tests, NULL, NULL);
}
