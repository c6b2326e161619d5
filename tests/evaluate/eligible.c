#include "eligible.h"

const Answered eligible_facts[] = {
    { "level-of-care", "outpatient" },
    { "escort", "yes" },
    { "consent", "yes" },
    { "capacity", "yes" },
    { "cost-estimate", "yes" },
    { "fasting", "yes" },
    { "acute-illness", "no" },
    { "intoxication", "no" },
    { "withdrawal", "no" },
    { "pregnancy-test", "negative" },
    { "breastfeeding", "no" },
    { "psychosis", "none" },
    { "mania", "none" },
    { "vascular-history", "no" },
    { "cardiovascular", "none" },
    { "pressure-hazard", "no" },
    { "intracranial-pressure", "no" },
    { "eye-pressure", "no" },
    { "ketamine-hypersensitivity", "no" },
    { "allergies-asked", "yes" },
    { "substance-use", "none" },
    { "urine-drug-screen", "negative" },
    { "monitoring-programme", "clear" },
    { "liver-disease", "none" },
    { "alt", "22" },
    { "ast", "19" },
    { "alp", "70" },
    { "ggt", "18" },
    { "bladder", "none" },
    { "icsi", "0" },
    { "airway", "none" },
    { "seizures", "none" },
    { "thyroid", "no" },
    { "cognition", "no" },
    { "medicines-reconciled", "yes" },
    { "benzodiazepine-mg", "0" },
    { NULL, NULL },
};

static FactRef ref(const char *type)
{
    return (FactRef){ str_from(type), S("1"), 1 };
}

Fact *fact_of(Arena *a, Chart *chart, const char *key)
{
    for (size_t i = 0; i < chart->facts.n; i++)
        if (str_is(chart->facts.at[i].key, key))
            return &chart->facts.at[i];
    Fact *made = list_add(a, &chart->facts);
    *made = (Fact){
        .key = str_from(key), .at_us = NOW_US - US_PER_H, .by = S("Dr Raman"), .fact = ref("Observation")
    };
    return made;
}

void set_fact(Arena *a, Chart *chart, const char *key, const char *value)
{
    fact_of(a, chart, key)->value = str_from(value);
}

void forget_fact(Chart *chart, const char *key)
{
    for (size_t i = 0; i < chart->facts.n; i++)
        if (str_is(chart->facts.at[i].key, key))
            chart->facts.at[i] = chart->facts.at[--chart->facts.n];
}

void add_reading(Arena *a, Chart *chart, Measure measure, double value, double diastolic, int64_t at_us,
                 bool in_clinic)
{
    *list_add(a, &chart->readings[measure]) = (Reading){ .measure = measure,
                                                         .value = value,
                                                         .diastolic = diastolic,
                                                         .exact = { (int64_t)(value * 10), 1 },
                                                         .at_us = at_us,
                                                         .in_clinic = in_clinic,
                                                         .fact = ref("Observation") };
}

void add_trial(Arena *a, Chart *chart, const char *drug, double mg, double weeks, double adherence,
               double improvement)
{
    *list_add(a, &chart->trials) = (Trial){ .drug = str_from(drug),
                                            .peak_mg_per_day = mg,
                                            .weeks_at_dose = weeks,
                                            .adherence_percent = adherence,
                                            .improvement_percent = improvement,
                                            .from_us = TIME_NONE,
                                            .to_us = TIME_NONE,
                                            .current_episode = true,
                                            .fact = ref("MedicationStatement") };
}

void add_medicine(Arena *a, Chart *chart, const char *text)
{
    *list_add(a, &chart->medicines) = (Medicine){
        .text = str_from(text), .active = true, .from_us = TIME_NONE, .fact = ref("MedicationRequest")
    };
}

void add_diagnosis(Arena *a, Chart *chart, const char *text)
{
    *list_add(a, &chart->diagnoses) = (Diagnosis){
        .text = str_from(text), .active = true, .onset_us = TIME_NONE, .fact = ref("Condition")
    };
}

Chart eligible_chart(Arena *a)
{
    Chart chart = { .patient_id = S("1"),
                    .patient = ref("Patient"),
                    .sex = S("female"),
                    .birth_us = NOW_US - 40 * 366 * US_PER_DAY,
                    .deceased_us = TIME_NONE,
                    .allergies_asked = true,
                    .eligibility.at_us = TIME_NONE,
                    .course = { .status = COURSE_ACTIVE, .signed_us = NOW_US - US_PER_DAY },
                    .loaded_us = NOW_US };
    for (const Answered *row = eligible_facts; row->key; row++)
        set_fact(a, &chart, row->key, row->value);
    add_reading(a, &chart, MEASURE_WEIGHT_KG, 70, 0, NOW_US - US_PER_DAY, true);
    add_reading(a, &chart, MEASURE_HEIGHT_CM, 170, 0, NOW_US - US_PER_DAY, true);
    add_reading(a, &chart, MEASURE_PRESSURE_MMHG, 124, 78, NOW_US - 20 * US_PER_MIN, true);
    add_reading(a, &chart, MEASURE_PRESSURE_MMHG, 122, 76, NOW_US - 10 * US_PER_MIN, true);
    add_trial(a, &chart, "sertraline", 150, 12, 90, 10);
    add_trial(a, &chart, "mirtazapine", 45, 10, 90, 20);
    add_diagnosis(a, &chart, "Major depression disorder");
    *list_add(a, &chart.screens) = (SuicideScreen){ .answer = { 0, 0, -1, -1, -1, 0, -1 },
                                                    .at_us = NOW_US - US_PER_H,
                                                    .fact = ref("QuestionnaireResponse") };
    *list_add(a, &chart.scores) = (Score){ .instrument = S("phq-9"),
                                           .complete = true,
                                           .total = 20,
                                           .item_suicide = 0,
                                           .has_suicide_item = true,
                                           .answered = 9,
                                           .items = 9,
                                           .at_us = NOW_US - US_PER_DAY,
                                           .fact = ref("QuestionnaireResponse") };
    return chart;
}

Findings judge(Arena *a, const Chart *chart)
{
    return evaluate(a, chart, policy_in_force(), NOW_US);
}

Verdict verdict_of(Arena *a, const Chart *chart)
{
    Findings findings = judge(a, chart);
    return evaluate_verdict(&findings);
}

Finding finding_of(Arena *a, const Chart *chart, const char *rule_id)
{
    Findings findings = judge(a, chart);
    for (size_t i = 0; i < findings.n; i++)
        if (strcmp(findings.at[i].rule->id, rule_id) == 0)
            return findings.at[i];
    fail_msg("there is no rule %s", rule_id);
    return (Finding){ 0 };
}
