#include "bed.h"
#include "eligible.h"

#include "base/json.h"
#include "chart/chart.h"
#include "evaluate/evaluate_ops.h"
#include "fhir/store.h"

#define LIVING "0192f000-0000-7000-8000-000000000001"
#define DEAD   "0192f000-0000-7000-8000-000000000002"

static const User raman = { { "raman", 5 }, { "p-raman", 7 }, { "Dr Raman", 8 }, ROLE_PHYSICIAN };
static const User raman_as_nurse = { { "raman2", 6 }, { "p-raman", 7 }, { "Dr Raman", 8 }, ROLE_NURSE };
static const User okafor = { { "okafor", 6 }, { "p-okafor", 8 }, { "Dr Okafor", 9 }, ROLE_PHYSICIAN };
static const User mei = { { "mei", 3 }, { "p-mei", 5 }, { "Mei Castellano", 14 }, ROLE_NURSE };
static const User jo = { { "jo", 2 }, { "p-jo", 4 }, { "Jo Lind", 7 }, ROLE_NURSE };

static void put(Ctx *c, const char *type, const char *id, const char *json)
{
    Resource stored;
    Err e = fhir_put(c, str_from(type), str_from(id), json_build(c->arena, json), &stored);
    bed_show_problems(c);
    assert_ok(e);
}

static int make(void **state)
{
    if (bed_make(state))
        return -1;
    Ctx *c = &((Bed *)*state)->c;
    c->user = raman;
    put(c, "Patient", LIVING,
        "{'resourceType':'Patient','name':[{'family':'Solberg','given':['Margit']}],'gender':'female',"
        "'birthDate':'1982-03-03'}");
    put(c, "Patient", DEAD,
        "{'resourceType':'Patient','name':[{'family':'McGlynn','given':['Sherman']}],'gender':'male',"
        "'birthDate':'1936-10-06','deceasedDateTime':'2012-07-31T06:01:37Z'}");
    return 0;
}

#define ON_BED(function) cmocka_unit_test_setup_teardown(function, make, bed_remove)
#define NAMED(name, function)                                                                                \
    {                                                                                                        \
        name, function, make, bed_remove, NULL                                                               \
    }

/* ---- calling ---- */

static Ctx *context(void **state)
{
    return &((Bed *)*state)->c;
}

/* parameters: in a template of json_build(), without the list's brackets. */
static Err operate(Ctx *c, const char *id, const char *name, const char *parameters, Json **ret_answer)
{
    const Operation *op = evaluate_operations;
    while (op->name && strcmp(op->name, name) != 0)
        op++;
    assert_non_null(op->name);
    Str body = arena_fmt(c->arena, "{'resourceType':'Parameters','parameter':[%s]}", parameters);
    OpCall call = { S("Patient"), str_from(id),
                    json_parse(c->arena, json_build(c->arena, arena_cstr(c->arena, body))) };
    assert_non_null(call.parameters);
    Params out = params_make(c->arena);
    c->problems = (Problems){ 0 };
    c->now_us += US_PER_S;
    Err e = op->run(c, &call, &out);
    if (e != OK)
        bed_show_problems(c);
    if (ret_answer)
        *ret_answer = e == OK ? json_parse(c->arena, params_text(&out)) : NULL;
    return e;
}

static Err fact(Ctx *c, const char *key, const char *value, const char *note)
{
    Str text = arena_fmt(c->arena,
                         "{'name':'key','valueString':'%s'},{'name':'value','valueString':'%s'},"
                         "{'name':'note','valueString':'%s'}",
                         key, value, note);
    return operate(c, LIVING, "record-fact", arena_cstr(c->arena, text), NULL);
}

static Chart loaded(Ctx *c)
{
    Chart chart;
    assert_ok(chart_load(c, S(LIVING), &chart));
    return chart;
}

/* ---- entries ---- */

static void a_fact_comes_back(void **state)
{
    Ctx *c = context(state);
    assert_ok(fact(c, "psychosis", "past", "2009, remitted"));
    Chart chart = loaded(c);
    const Fact *found = chart_fact(&chart, "psychosis", 0);
    assert_non_null(found);
    assert_true(str_is(found->value, "past"));
    assert_true(str_is(found->note, "2009, remitted"));
    assert_true(str_is(found->by, "Dr Raman"));
}

static void impossible_entries_are_refused(void **state)
{
    Ctx *c = context(state);
    assert_int_equal(fact(c, "psychosis", "maybe", ""), ERR_INVALID);
    assert_int_equal(fact(c, "consent", "", ""), ERR_INVALID);
    assert_int_equal(fact(c, "icsi", "21", ""), ERR_INVALID); /* of 20 */
    assert_int_equal(fact(c, "alt", "-3", ""), ERR_INVALID);
    assert_int_equal(fact(c, "nonsense", "yes", ""), ERR_INVALID);
    assert_int_equal(fact(c, "escort", "yes", ""), ERR_INVALID); /* without a name */
    assert_int_equal(fact(c, "weight-kg", "980", ""), ERR_INVALID);
    assert_true(bed_said(c, "not possible"));
    assert_int_equal(operate(c, LIVING, "record-fact",
                             "{'name':'key','valueString':'pressure'},{'name':'systolic','valueDecimal':80},"
                             "{'name':'diastolic','valueDecimal':90}",
                             NULL),
                     ERR_INVALID);
    assert_int_equal(operate(c, LIVING, "record-fact",
                             "{'name':'key','valueString':'weight-kg'},{'name':'value','valueDecimal':80},"
                             "{'name':'time','valueDateTime':'2999-01-01T00:00:00Z'}",
                             NULL),
                     ERR_INVALID);
    assert_int_equal(loaded(c).facts.n, 0);
}

static void level_of_care_is_a_physicians(void **state)
{
    Ctx *c = context(state);
    c->user = mei;
    assert_int_equal(fact(c, "level-of-care", "outpatient", "well"), ERR_FORBIDDEN);
    c->user = raman;
    assert_ok(fact(c, "level-of-care", "outpatient", "well"));
}

static void readings_come_back_exact(void **state)
{
    Ctx *c = context(state);
    assert_ok(fact(c, "weight-kg", "98.40", ""));
    assert_ok(operate(c, LIVING, "record-fact",
                      "{'name':'key','valueString':'pressure'},{'name':'systolic','valueDecimal':168},"
                      "{'name':'diastolic','valueDecimal':104},{'name':'minutes-ago','valueInteger':12}",
                      NULL));
    Chart chart = loaded(c);
    const Reading *weight = chart_latest(&chart, MEASURE_WEIGHT_KG, 0);
    assert_true(weight && weight->in_clinic && weight->typed);
    assert_int_equal(weight->exact.units, 9840);
    assert_int_equal(weight->exact.places, 2);
    const Reading *pressure = chart_latest(&chart, MEASURE_PRESSURE_MMHG, 0);
    assert_true(str_is(reading_text(c->arena, pressure), "168/104"));
    assert_int_equal((c->now_us - pressure->at_us) / US_PER_S,
                     12 * 60); /* instants are kept to a millisecond */
    assert_false(pressure->late);
}

static void a_stated_weight_is_not_measured_here(void **state)
{
    Ctx *c = context(state);
    assert_ok(operate(c, LIVING, "record-fact",
                      "{'name':'key','valueString':'weight-kg'},{'name':'value','valueDecimal':80},"
                      "{'name':'how','valueCode':'stated'}",
                      NULL));
    Chart chart = loaded(c);
    assert_false(chart_latest(&chart, MEASURE_WEIGHT_KG, 0)->in_clinic);
}

static void a_trial_comes_back(void **state)
{
    Ctx *c = context(state);
    assert_int_equal(operate(c, LIVING, "record-trial", "{'name':'drug','valueString':'snake-oil'}", NULL),
                     ERR_INVALID);
    assert_ok(
        operate(c, LIVING, "record-trial",
                "{'name':'drug','valueString':'sertraline'},{'name':'peak-mg-per-day','valueDecimal':150},"
                "{'name':'weeks','valueDecimal':12},{'name':'current-episode','valueBoolean':true},"
                "{'name':'reason-stopped','valueString':'inefficacy'}",
                NULL));
    Chart chart = loaded(c);
    assert_int_equal(chart.trials.n, 1);
    const Trial *trial = &chart.trials.at[0];
    assert_true(str_is(trial->drug, "sertraline") && trial->current_episode);
    assert_true(trial->peak_mg_per_day == 150 && trial->weeks_at_dose == 12);
    assert_true(trial->adherence_percent < 0 && trial->improvement_percent < 0); /* not known is not zero */
}

/* ---- instruments ---- */

#define ITEM(n, value) "{'name':'item-" n "','valueInteger':" value "}"

static size_t tasks_open(Ctx *c)
{
    Resources all;
    size_t n = 0;
    assert_ok(fhir_patient_compartment(c, S(LIVING), &all));
    for (size_t i = 0; i < all.n; i++)
        n += str_is(all.at[i].type, "Task") &&
             str_is(json_find_str(json_parse(c->arena, all.at[i].body), "status"), "accepted");
    return n;
}

static void phq9_is_scored(void **state)
{
    Ctx *c = context(state);
    Json *answer;
    assert_ok(operate(
        c, LIVING, "record-screen",
        "{'name':'instrument','valueString':'phq-9'}," ITEM("1", "1") "," ITEM("2", "2") "," ITEM(
            "3", "3") "," ITEM("4",
                               "1") "," ITEM("5",
                                             "0") "," ITEM("6",
                                                           "2") "," ITEM("7",
                                                                         "1") "," ITEM("8",
                                                                                       "0") "," ITEM("9",
                                                                                                     "1"),
        &answer));
    Chart chart = loaded(c);
    assert_int_equal(chart.scores.n, 1); /* the total that was derived from it is not a second score */
    assert_int_equal(chart.scores.at[0].total, 11);
    assert_int_equal(chart.scores.at[0].item_suicide, 1);
    assert_int_equal(tasks_open(c), 1);
}

static void a_skipped_suicide_item_is_never_prorated(void **state)
{
    Ctx *c = context(state);
    assert_ok(operate(
        c, LIVING, "record-screen",
        "{'name':'instrument','valueString':'phq-9'}," ITEM("1", "1") "," ITEM("2", "2") "," ITEM(
            "3", "3") "," ITEM("4", "1") "," ITEM("5", "0") "," ITEM("6", "2") "," ITEM("7",
                                                                                        "1") "," ITEM("8",
                                                                                                      "0"),
        NULL));
    Chart chart = loaded(c);
    assert_int_equal(chart.scores.at[0].total, -1);
    assert_int_equal(chart.scores.at[0].item_suicide, -1);
    assert_int_equal(tasks_open(c), 1);
}

static void every_suicide_answer_opens_a_task(void **state)
{
    Ctx *c = context(state);
    const char *none =
        "{'name':'instrument','valueString':'c-ssrs'}," ITEM("1", "0") "," ITEM("2", "0") "," ITEM("6", "0");
    const char *yes =
        "{'name':'instrument','valueString':'c-ssrs'}," ITEM("1", "1") "," ITEM("2", "0") "," ITEM("6", "0");
    const char *refused = "{'name':'instrument','valueString':'c-ssrs'}," ITEM("1", "0") "," ITEM("6", "0");
    assert_ok(operate(c, LIVING, "record-screen", none, NULL));
    assert_int_equal(tasks_open(c), 0);
    assert_ok(operate(c, LIVING, "record-screen", yes, NULL));
    assert_int_equal(tasks_open(c), 1);
    assert_ok(operate(c, LIVING, "record-screen", refused, NULL));
    assert_int_equal(tasks_open(c), 2);
    assert_int_equal(loaded(c).screens.n, 3);
}

/* ---- overrides ---- */

static Err sign(Ctx *c, const char *rule, const char *reason, int64_t expires_us)
{
    return operate(
        c, LIVING, "override",
        arena_cstr(
            c->arena,
            arena_fmt(c->arena,
                      "{'name':'rule','valueString':'%s'},{'name':'reason-code','valueCode':'benefit'},"
                      "{'name':'reason','valueString':'%s'},{'name':'expires','valueDateTime':'%.*s'}",
                      rule, reason, STR_ARG(time_date_time(c->arena, expires_us)))),
        NULL);
}

static const char because[] = "Seen in person, plan agreed";

static bool in_force(Ctx *c, const char *rule)
{
    Chart chart = loaded(c);
    Findings findings = evaluate(c->arena, &chart, policy_in_force(), c->now_us);
    for (size_t i = 0; i < findings.n; i++)
        if (strcmp(findings.at[i].rule->id, rule) == 0)
            return findings.at[i].override != NULL;
    return false;
}

static void a_stop_takes_two(void **state)
{
    Ctx *c = context(state);
    int64_t tomorrow_us = c->now_us + US_PER_DAY;
    assert_ok(fact(c, "airway", "untreated", ""));
    assert_ok(sign(c, "EU-E-027", because, tomorrow_us));
    assert_false(in_force(c, "EU-E-027"));
    assert_int_equal(sign(c, "EU-E-027", because, tomorrow_us), ERR_RULE); /* the same person */
    c->user = raman_as_nurse;
    assert_int_equal(sign(c, "EU-E-027", because, tomorrow_us), ERR_RULE); /* again, by another account */
    assert_false(in_force(c, "EU-E-027"));
    c->user = mei;
    assert_ok(sign(c, "EU-E-027", because, tomorrow_us + US_PER_DAY));
    assert_true(in_force(c, "EU-E-027"));
    c->now_us = tomorrow_us; /* the second signature lengthens nothing */
    assert_false(in_force(c, "EU-E-027"));
}

static void two_nurses_are_not_enough(void **state)
{
    Ctx *c = context(state);
    assert_ok(fact(c, "airway", "untreated", ""));
    c->user = mei;
    assert_ok(sign(c, "EU-E-027", because, c->now_us + US_PER_DAY));
    c->user = jo;
    assert_int_equal(sign(c, "EU-E-027", because, c->now_us + US_PER_DAY), ERR_RULE);
    c->user = okafor;
    assert_ok(sign(c, "EU-E-027", because, c->now_us + US_PER_DAY));
    assert_true(in_force(c, "EU-E-027"));
}

static void a_caution_takes_one_prescriber(void **state)
{
    Ctx *c = context(state);
    assert_ok(fact(c, "thyroid", "yes", ""));
    c->user = mei;
    assert_int_equal(sign(c, "EU-E-040", because, c->now_us + US_PER_DAY), ERR_FORBIDDEN);
    c->user = raman;
    assert_ok(sign(c, "EU-E-040", because, c->now_us + US_PER_DAY));
    assert_true(in_force(c, "EU-E-040"));
    assert_int_equal(sign(c, "EU-E-040", because, c->now_us + US_PER_DAY), ERR_CONFLICT);
}

static void what_cannot_be_signed(void **state)
{
    Ctx *c = context(state);
    assert_ok(fact(c, "ketamine-hypersensitivity", "yes", ""));
    assert_ok(fact(c, "thyroid", "yes", ""));
    assert_int_equal(sign(c, "EU-E-019", because, c->now_us + US_PER_DAY), ERR_RULE);
    assert_true(bed_said(c, "nobody can override"));
    assert_int_equal(sign(c, "EU-E-001", because, c->now_us + US_PER_DAY), ERR_RULE); /* it is fine */
    assert_int_equal(sign(c, "EU-E-999", because, c->now_us + US_PER_DAY), ERR_INVALID);
    assert_int_equal(sign(c, "EU-E-040", "short", c->now_us + US_PER_DAY), ERR_INVALID);
    assert_int_equal(sign(c, "EU-E-040", because, c->now_us - US_PER_DAY), ERR_RULE);
    assert_int_equal(sign(c, "EU-E-040", because, c->now_us + 31 * US_PER_DAY), ERR_RULE);
    c->user.person_id = STR_NONE;
    assert_int_equal(sign(c, "EU-E-040", because, c->now_us + US_PER_DAY), ERR_FORBIDDEN);
}

/* ---- the record of an evaluation ---- */

static void an_evaluation_is_recorded(void **state)
{
    Ctx *c = context(state);
    assert_ok(fact(c, "airway", "untreated", ""));
    assert_int_equal(loaded(c).eligibility.at_us, TIME_NONE);
    assert_ok(operate(c, LIVING, "evaluate-record", "", NULL));
    Chart chart = loaded(c);
    Findings findings = evaluate(c->arena, &chart, policy_in_force(), c->now_us);
    assert_int_equal(chart.eligibility.at_us / US_PER_S, c->now_us / US_PER_S);
    assert_int_equal(chart.eligibility.open_stops, findings.open[LEVEL_STOP]);
    assert_int_equal(chart.eligibility.open_missing, findings.open[LEVEL_MISSING]);
    assert_int_equal(chart.eligibility.open_cautions, findings.open[LEVEL_CAUTION]);
    assert_ok(fact(c, "airway", "none", ""));
    assert_ok(operate(c, LIVING, "evaluate-record", "", NULL));
    assert_int_equal(loaded(c).eligibility.open_stops, 0);
}

static void an_override_opens_what_was_recorded(void **state)
{
    Ctx *c = context(state);
    assert_ok(fact(c, "airway", "untreated", ""));
    assert_ok(operate(c, LIVING, "evaluate-record", "", NULL));
    assert_int_equal(loaded(c).eligibility.open_stops, 1);
    assert_ok(sign(c, "EU-E-027", because, c->now_us + US_PER_DAY));
    assert_int_equal(loaded(c).eligibility.open_stops, 1);
    c->user = okafor;
    assert_ok(sign(c, "EU-E-027", because, c->now_us + US_PER_DAY));
    assert_int_equal(loaded(c).eligibility.open_stops, 0);
    c->now_us += 2 * US_PER_DAY;
    assert_int_equal(loaded(c).eligibility.open_stops, 1);
}

static void recording_twice_changes_nothing_more(void **state)
{
    Ctx *c = context(state);
    Resources before, after;
    assert_ok(operate(c, LIVING, "evaluate-record", "", NULL));
    assert_ok(fhir_patient_compartment(c, S(LIVING), &before));
    assert_ok(operate(c, LIVING, "evaluate-record", "", NULL));
    assert_ok(fhir_patient_compartment(c, S(LIVING), &after));
    for (size_t i = 0; i < after.n; i++)
        if (str_is(after.at[i].type, "DetectedIssue"))
            assert_int_equal(after.at[i].version, 1);
}

/* ---- the dead ---- */

static void nothing_is_recorded_of_the_dead(void **state)
{
    Ctx *c = context(state);
    Json *answer;
    assert_int_equal(operate(c, DEAD, "record-fact",
                             "{'name':'key','valueString':'weight-kg'},{'name':'value','valueDecimal':80}",
                             NULL),
                     ERR_RULE);
    assert_int_equal(operate(c, DEAD, "record-trial", "{'name':'drug','valueString':'sertraline'}", NULL),
                     ERR_RULE);
    assert_int_equal(operate(c, DEAD, "record-screen", "{'name':'instrument','valueString':'phq-9'}", NULL),
                     ERR_RULE);
    assert_int_equal(
        operate(c, DEAD, "override",
                "{'name':'rule','valueString':'EU-E-001'},{'name':'reason-code','valueCode':'benefit'},"
                "{'name':'reason','valueString':'as good as any other'},"
                "{'name':'expires','valueDateTime':'2999-01-01'}",
                NULL),
        ERR_RULE);
    assert_ok(operate(c, DEAD, "evaluate", "", &answer));
    OpCall read = { .parameters = answer };
    assert_true(str_is(op_string(&read, "verdict"), "never"));
}

static void the_bar_says_who_it_is(void **state)
{
    Ctx *c = context(state);
    Json *answer;
    assert_ok(operate(c, LIVING, "chart", "", &answer));
    OpCall read = { .parameters = answer };
    assert_true(str_is(op_string(&read, "name"), "Margit Solberg"));
    assert_true(str_is(op_string(&read, "birth-date"), "1982-03-03"));
    assert_true(str_is(op_string(&read, "allergies"), "not asked"));
    assert_null(op_parameter(&read, "weight-kg"));
    assert_ok(operate(c, "", "patients", "", &answer));
}

int run_operation_tests(void)
{
    const struct CMUnitTest tests[] = {
        ON_BED(a_fact_comes_back),
        ON_BED(impossible_entries_are_refused),
        ON_BED(level_of_care_is_a_physicians),
        ON_BED(readings_come_back_exact),
        ON_BED(a_stated_weight_is_not_measured_here),
        ON_BED(a_trial_comes_back),
        ON_BED(phq9_is_scored),
        NAMED("EU-S-13 a skipped suicide item is never prorated", a_skipped_suicide_item_is_never_prorated),
        NAMED("EU-S-08 each yes and each refusal of a suicide item has an owned task",
              every_suicide_answer_opens_a_task),
        NAMED("EU-S-05 a stop takes two different people, until it ends", a_stop_takes_two),
        NAMED("EU-S-05 two nurses are not enough for a stop", two_nurses_are_not_enough),
        NAMED("EU-S-05 a caution takes one prescriber", a_caution_takes_one_prescriber),
        NAMED("EU-S-05 no override of an absolute row, without reason or without end", what_cannot_be_signed),
        ON_BED(an_evaluation_is_recorded),
        ON_BED(an_override_opens_what_was_recorded),
        ON_BED(recording_twice_changes_nothing_more),
        NAMED("EU-E-001 nothing is recorded of a person who has died", nothing_is_recorded_of_the_dead),
        ON_BED(the_bar_says_who_it_is),
    };
    return cmocka_run_group_tests_name("evaluate: operations", tests, NULL, NULL);
}
