#include "bed.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "chart/chart.h"
#include "chart/facts.h"
#include "chart/instrument.h"
#include "chart/policy.h"
#include "chart/staff.h"
#include "chart/units.h"
#include "fhir/store.h"

#include <stdio.h>

#define PATIENT "0192f000-0000-7000-8000-000000000001"
#define OTHER   "0192f000-0000-7000-8000-000000000002"
#define MILAN   "8adf7251-257f-4b45-8ef5-0a6b3b9fe0ef"

static Ctx *context(void **state)
{
    return &((Bed *)*state)->c;
}

static void put(Ctx *c, const char *type, const char *id, Str json)
{
    Resource stored;
    Err e = fhir_put(c, str_from(type), str_from(id), json, &stored);
    bed_show_problems(c);
    assert_ok(e);
}

static int make(void **state)
{
    if (bed_make(state))
        return -1;
    Ctx *c = context(state);
    TimeRange now;
    assert_true(time_parse(S("2026-11-17T15:00:00Z"), &now));
    c->now_us = now.from_us;
    put(c, "Patient", PATIENT, json_build(c->arena, "{'resourceType':'Patient','gender':'female'}"));
    put(c, "Patient", OTHER, json_build(c->arena, "{'resourceType':'Patient','gender':'female'}"));
    return 0;
}

#define ON_BED(function) cmocka_unit_test_setup_teardown(function, make, bed_remove)
#define NAMED(name, function)                                                                                \
    {                                                                                                        \
        name, function, make, bed_remove, NULL                                                               \
    }

static Chart loaded(Ctx *c)
{
    Chart chart;
    assert_ok(chart_load(c, S(PATIENT), &chart));
    return chart;
}

/* The members of an Observation, with ' for ". */
static void observe(Ctx *c, const char *id, const char *members)
{
    Buf json = buf_make(c->arena, LIMIT_RESOURCE_BYTES);
    buf_add(&json, S("{\"resourceType\":\"Observation\","));
    for (; *members; members++)
        buf_char(&json, *members == '\'' ? '"' : *members);
    buf_char(&json, '}');
    put(c, "Observation", id, buf_str(&json));
}

/* ---- invariant 6: what becomes a reading ---- */

#define HERE     "'subject':{'reference':'Patient/" PATIENT "'},'effectiveDateTime':'2026-11-17T14:50:00Z'"
#define FINAL    "'status':'final'," HERE
#define LOINC(c) "'code':{'coding':[{'system':'http://loinc.org','code':'" c "'}]}"
#define SCALE(c) "'code':{'coding':[{'system':'urn:euthymia:scale','code':'" c "'}]}"
#define VALUE(v, u)                                                                                          \
    "'valueQuantity':{'value':" v ",'unit':'" u "','system':'http://unitsofmeasure.org','code':'" u "'}"
#define PART(code, v, u) "{" LOINC(code) "," VALUE(v, u) "}"
#define PRESSURE         LOINC("85354-9")

static const struct {
    const char *members;
    Measure measure;
    bool accepted;
    double value;
} messages[] = {
    { FINAL "," LOINC("29463-7") "," VALUE("70.5", "kg"), MEASURE_WEIGHT_KG, true, 70.5 },
    { FINAL "," LOINC("29463-7") "," VALUE("155", "[lb_av]"), MEASURE_WEIGHT_KG, true, 70.307 },
    { FINAL "," LOINC("8302-2") "," VALUE("70", "[in_i]"), MEASURE_HEIGHT_CM, true, 177.8 },
    { FINAL "," LOINC("8867-4") "," VALUE("72", "{beats}/min"), MEASURE_HEART_RATE_PER_MIN, true, 72 },
    { FINAL "," LOINC("2708-6") "," VALUE("97", "%"), MEASURE_SPO2_PERCENT, true, 97 },
    { FINAL "," PRESSURE
            ",'component':[" PART("8480-6", "130", "mm[Hg]") "," PART("8462-4", "80", "mm[Hg]") "]",
      MEASURE_PRESSURE_MMHG, true, 130 },
    { FINAL "," LOINC("55284-4") ",'component':[" PART("8462-4", "80", "mm[Hg]") "," PART("8480-6", "131",
                                                                                          "mm[Hg]") "]",
      MEASURE_PRESSURE_MMHG, true, 131 },
    { FINAL "," SCALE("dissociation-0-10") ",'valueInteger':10", MEASURE_DISSOCIATION_0_10, true, 10 },
    /* units that are not known */
    { FINAL "," LOINC("29463-7") "," VALUE("155", "lb"), MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("29463-7") ",'valueQuantity':{'value':70,'unit':'kg'}", MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("29463-7") ",'valueQuantity':{'value':70}", MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("29463-7") ",'valueQuantity':{'value':70,'system':'urn:other','code':'kg'}",
      MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("29463-7") "," VALUE("70", "cm"), MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("8867-4") "," VALUE("72", "bpm"), MEASURE_HEART_RATE_PER_MIN, false, 0 },
    { FINAL "," PRESSURE ",'component':[" PART("8480-6", "130", "mmHg") "," PART("8462-4", "80", "mmHg") "]",
      MEASURE_PRESSURE_MMHG, false, 0 },
    /* values that cannot be */
    { FINAL "," LOINC("29463-7") "," VALUE("705", "kg"), MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("29463-7") "," VALUE("-70", "kg"), MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("59408-5") "," VALUE("101", "%"), MEASURE_SPO2_PERCENT, false, 0 },
    { FINAL "," LOINC("9279-1") "," VALUE("0", "/min"), MEASURE_BREATHS_PER_MIN, false, 0 },
    { FINAL "," PRESSURE
            ",'component':[" PART("8480-6", "80", "mm[Hg]") "," PART("8462-4", "130", "mm[Hg]") "]",
      MEASURE_PRESSURE_MMHG, false, 0 },
    { FINAL "," PRESSURE ",'component':[" PART("8480-6", "130", "mm[Hg]") "]", MEASURE_PRESSURE_MMHG, false,
      0 },
    { FINAL "," PRESSURE ",'component':[" PART("8480-6", "130", "mm[Hg]") "," PART(
          "8480-6", "120", "mm[Hg]") "," PART("8462-4", "80", "mm[Hg]") "]",
      MEASURE_PRESSURE_MMHG, false, 0 },
    { FINAL "," LOINC("29463-7") ",'valueQuantity':{'value':70,'comparator':'>','system':"
                                 "'http://unitsofmeasure.org','code':'kg'}",
      MEASURE_WEIGHT_KG, false, 0 },
    { FINAL "," LOINC("29463-7") ",'dataAbsentReason':{'text':'refused'}", MEASURE_WEIGHT_KG, false, 0 },
    /* a scale has its own range and kind */
    { FINAL "," SCALE("dissociation-0-10") ",'valueInteger':11", MEASURE_DISSOCIATION_0_10, false, 0 },
    { FINAL "," SCALE("moaas-0-5") ",'valueInteger':6", MEASURE_MOAAS_0_5, false, 0 },
    { FINAL "," SCALE("nausea-0-10") "," VALUE("3", "{score}"), MEASURE_NAUSEA_0_10, false, 0 },
    /* time, status, person */
    { "'status':'final','subject':{'reference':'Patient/" PATIENT
      "'},'effectiveDateTime':'2026-11-17T15:02:00Z'," LOINC("29463-7") "," VALUE("70", "kg"),
      MEASURE_WEIGHT_KG, false, 0 },
    { "'status':'final','subject':{'reference':'Patient/" PATIENT
      "'}," LOINC("29463-7") "," VALUE("70", "kg"),
      MEASURE_WEIGHT_KG, false, 0 },
    { "'status':'preliminary'," HERE "," LOINC("29463-7") "," VALUE("70", "kg"), MEASURE_WEIGHT_KG, false,
      0 },
    { "'status':'cancelled'," HERE "," LOINC("29463-7") "," VALUE("70", "kg"), MEASURE_WEIGHT_KG, false, 0 },
    { "'status':'final','subject':{'reference':'Patient/" OTHER
      "'},'performer':[{'reference':'Patient/" PATIENT "'}],"
      "'effectiveDateTime':'2026-11-17T14:50:00Z'," LOINC("29463-7") "," VALUE("70", "kg"),
      MEASURE_WEIGHT_KG, false, 0 },
};

static void table_of_messages(void **state)
{
    Ctx *c = context(state);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        observe(c, "o1", messages[i].members);
        Chart chart = loaded(c);
        const Readings *readings = &chart.readings[messages[i].measure];
        if (readings->n != 1)
            fail_msg("message %zu is not shown at all", i);
        const Reading *latest = chart_latest(&chart, messages[i].measure, INT64_MIN);
        if ((latest != NULL) != messages[i].accepted)
            fail_msg("message %zu: %.*s", i, STR_ARG(readings->at[0].why_quarantined));
        if (latest)
            assert_true(latest->value > messages[i].value - 1e-9 && latest->value < messages[i].value + 1e-9);
        else
            assert_true(readings->at[0].why_quarantined.n > 0);
        assert_int_equal(chart.quarantined.n, messages[i].accepted ? 0 : 1);
    }
}

static void in_error_is_not_read(void **state)
{
    Ctx *c = context(state);
    observe(c, "o1", "'status':'entered-in-error'," HERE "," LOINC("29463-7") "," VALUE("70", "kg"));
    Chart chart = loaded(c);
    assert_int_equal(chart.readings[MEASURE_WEIGHT_KG].n, 0);
    assert_int_equal(chart.quarantined.n, 0);
}

static void another_range_is_not_this_scale(void **state)
{
    Ctx *c = context(state);
    observe(c, "o1", FINAL "," SCALE("nausea-0-3") ",'valueInteger':3");
    Chart chart = loaded(c);
    assert_null(chart_latest(&chart, MEASURE_NAUSEA_0_10, INT64_MIN));
    for (Measure m = 0; m < MEASURE_MAX; m++)
        assert_int_equal(chart.readings[m].n, 0);
}

static void out_of_interval_is_not_current(void **state)
{
    Ctx *c = context(state);
    observe(c, "o1", FINAL "," LOINC("29463-7") "," VALUE("70", "kg"));
    Chart chart = loaded(c);
    int64_t read_us = c->now_us - 10 * US_PER_MIN;
    assert_non_null(chart_latest(&chart, MEASURE_WEIGHT_KG, read_us));
    assert_null(chart_latest(&chart, MEASURE_WEIGHT_KG, read_us + 1));
}

static void two_truths_are_none(void **state)
{
    Ctx *c = context(state);
    observe(c, "o1", FINAL "," LOINC("29463-7") "," VALUE("70", "kg"));
    observe(c, "o2", FINAL "," LOINC("29463-7") "," VALUE("70.0", "kg"));
    Chart chart = loaded(c);
    assert_non_null(chart_latest(&chart, MEASURE_WEIGHT_KG, INT64_MIN)); /* they agree */
    observe(c, "o3", FINAL "," LOINC("29463-7") "," VALUE("90", "kg"));
    chart = loaded(c);
    assert_null(chart_latest(&chart, MEASURE_WEIGHT_KG, INT64_MIN));
}

/* ---- facts ---- */

#define FACT(key)     "'code':{'coding':[{'system':'urn:euthymia:fact','code':'" key "'}]}"
#define CHOICE(value) "'valueCodeableConcept':{'coding':[{'system':'urn:euthymia:fact','code':'" value "'}]}"

static void facts_are_judged(void **state)
{
    Ctx *c = context(state);
    observe(c, "f1", FINAL "," FACT("capacity") ",'valueBoolean':true");
    observe(c, "f2", FINAL "," FACT("psychosis") "," CHOICE("maybe"));
    observe(c, "f3", FINAL "," FACT("icsi") "," VALUE("21", "{score}"));
    observe(c, "f4", FINAL "," LOINC("1742-6") "," VALUE("22", "U/L"));
    observe(c, "f5", FINAL "," LOINC("1920-8") "," VALUE("22", "mmol/L"));
    observe(c, "f6", FINAL "," FACT("seizures") ",'valueBoolean':false");
    Chart chart = loaded(c);
    assert_true(str_is(chart_fact(&chart, "capacity", 0)->value, "yes"));
    assert_true(str_is(chart_fact(&chart, "alt", 0)->value, "22")); /* a laboratory's own code */
    assert_null(chart_fact(&chart, "psychosis", 0));
    assert_null(chart_fact(&chart, "icsi", 0));
    assert_null(chart_fact(&chart, "ast", 0));
    assert_null(chart_fact(&chart, "seizures", 0));
    assert_int_equal(chart.quarantined.n, 4);
}

static void contradicted_facts_are_not_known(void **state)
{
    Ctx *c = context(state);
    observe(c, "f1", FINAL "," FACT("escort") ",'valueBoolean':true");
    observe(c, "f2", FINAL "," FACT("escort") ",'valueBoolean':true");
    Chart chart = loaded(c);
    assert_non_null(chart_fact(&chart, "escort", 0)); /* they agree */
    observe(c, "f3", FINAL "," FACT("escort") ",'valueBoolean':false");
    chart = loaded(c);
    assert_null(chart_fact(&chart, "escort", 0));
}

static void the_newest_answer_holds(void **state)
{
    Ctx *c = context(state);
    observe(c, "f1", FINAL "," FACT("escort") ",'valueBoolean':true");
    observe(c, "f2",
            "'status':'final','subject':{'reference':'Patient/" PATIENT "'},"
            "'effectiveDateTime':'2026-11-17T14:55:00Z'," FACT("escort") ",'valueBoolean':false");
    Chart chart = loaded(c);
    assert_true(str_is(chart_fact(&chart, "escort", 0)->value, "no"));
    assert_null(chart_fact(&chart, "escort", c->now_us)); /* and an older one never stands in for it */
}

/* ---- a whole patient ---- */

static void nobody_and_deleted(void **state)
{
    Ctx *c = context(state);
    Chart chart;
    assert_int_equal(chart_load(c, S("0192f000-0000-7000-8000-00000000000f"), &chart), ERR_NOT_FOUND);
    assert_ok(fhir_delete(c, S("Patient"), S(OTHER), STR_NONE));
    assert_int_equal(chart_load(c, S(OTHER), &chart), ERR_GONE);
}

static Str file_text(Arena *a, const char *name)
{
    char path[512], part[65536];
    (void)snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    Buf b = buf_make(a, LIMIT_BODY_BYTES);
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;)
        buf_bytes(&b, part, n);
    (void)fclose(file);
    return buf_str(&b);
}

static void an_imported_patient_is_read(void **state)
{
    Ctx *c = context(state);
    Str response;
    Chart chart;
    assert_ok(fhir_transaction(c, file_text(c->arena, "synthea-milan-beatty.json"), true, &response, NULL));
    assert_ok(chart_load(c, S(MILAN), &chart));
    assert_true(str_is(chart.name, "Milan Beatty"));
    assert_true(str_is(chart.sex, "male"));
    assert_false(chart.deceased);
    assert_int_equal(chart.quarantined.n, 0);
    assert_int_equal(chart.readings[MEASURE_PRESSURE_MMHG].n, 6); /* the old code of the panel */
    const Reading *weight = chart_latest(&chart, MEASURE_WEIGHT_KG, INT64_MIN);
    assert_true(weight && !weight->in_clinic);
    assert_true(str_is(reading_text(c->arena, weight), "98.3 kg"));
    assert_int_equal(chart.diagnoses.n, 5);
    assert_int_equal(chart.medicines.n, 3);
    assert_int_equal(chart.course.status, COURSE_NONE); /* its care plans are not ours */
    assert_false(chart.allergies_asked);
}

static void a_course_and_its_infusion_are_read(void **state)
{
    Ctx *c = context(state);
    put(c, "CarePlan", "plan",
        json_build(
            c->arena,
            "{'resourceType':'CarePlan','status':'active','intent':'plan','created':'2026-11-16T10:00:00Z',"
            "'subject':{'reference':'Patient/" PATIENT "'},"
            "'instantiatesUri':['urn:euthymia:protocol:IV-6x2'],'author':{'display':'Dr Raman'},"
            "'extension':[{'url':'urn:euthymia:extension:dose-weight-kg','valueDecimal':98.4}],"
            "'activity':[{'detail':{'status':'scheduled','scheduledPeriod':{'start':'2026-11-17T14:00:00Z'}}}"
            ","
            "{'detail':{'status':'scheduled','scheduledPeriod':{'start':'2026-11-20T14:00:00Z'}}}]}"));
    put(c, "MedicationRequest", "order",
        json_build(
            c->arena,
            "{'resourceType':'MedicationRequest','status':'active','intent':'order',"
            "'subject':{'reference':'Patient/" PATIENT "'},'basedOn':[{'reference':'CarePlan/plan'}],"
            "'medicationCodeableConcept':{'text':'Ketamine'},'authoredOn':'2026-11-16T10:05:00Z',"
            "'extension':[{'url':'urn:euthymia:extension:concentration-mg-per-ml','valueDecimal':0.40}],"
            "'dosageInstruction':[{'timing':{'repeat':{'duration':40,'durationUnit':'min'}},"
            "'doseAndRate':[{'doseQuantity':{'value':40.0,'unit':'mg'}}]}]}"));
    put(c, "Procedure", "infusion",
        json_build(
            c->arena,
            "{'resourceType':'Procedure','status':'in-progress','subject':{'reference':'Patient/" PATIENT
            "'},"
            "'encounter':{'reference':'Encounter/visit'},'performedPeriod':{'start':'2026-11-17T14:30:00Z'},"
            "'extension':[{'url':'urn:euthymia:extension:infusion-number','valueInteger':1},"
            "{'url':'urn:euthymia:extension:planned-mg','valueDecimal':40.0},"
            "{'url':'urn:euthymia:extension:concentration-mg-per-ml','valueDecimal':0.40}]}"));
    put(c, "MedicationAdministration", "segment",
        json_build(c->arena,
                   "{'resourceType':'MedicationAdministration','status':'completed',"
                   "'partOf':[{'reference':'Procedure/infusion'}],'subject':{'reference':'Patient/" PATIENT
                   "'},"
                   "'medicationCodeableConcept':{'text':'Ketamine'},"
                   "'effectivePeriod':{'start':'2026-11-17T14:30:00Z','end':'2026-11-17T14:40:00Z'},"
                   "'dosage':{'rateQuantity':{'value':150,'unit':'mL/h'}}}"));
    Chart chart = loaded(c);
    assert_int_equal(chart.course.status, COURSE_ACTIVE);
    assert_true(str_is(chart.course.protocol, "IV-6x2") && str_is(chart.course.signed_by, "Dr Raman"));
    assert_int_equal(chart.course.infusions_planned, 2);
    assert_int_equal(decimal_cmp(chart.course.dose_mg, (Decimal){ 400, 1 }), 0);
    assert_int_equal(chart.course.duration_min, 40);
    assert_int_equal(chart.medicines.n, 0); /* the clinic's own order is not a medicine that she takes */
    const Infusion *infusion = chart_infusion(&chart, S("visit"));
    assert_non_null(infusion);
    assert_int_equal(infusion->n_segments, 1);
    assert_int_equal(decimal_cmp(infusion->given_mg, (Decimal){ 100, 1 }),
                     0); /* 150 mL/h, 10 min, 0.40 mg/mL */
}

/* ---- scores ---- */

static const struct {
    int values[9];
    int total;
    bool complete, prorated;
} phq9_rows[] = {
    { { 1, 2, 3, 1, 0, 2, 1, 0, 1 }, 11, true, false },
    { { 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 0, true, false },
    { { 3, 3, 3, 3, 3, 3, 3, 3, 3 }, 27, true, false },
    { { 1, 2, 3, 1, 0, 2, 1, -1, 1 }, 12, false, true },  /* 11 of 8 items: 12.375 */
    { { -1, -1, 3, 1, 0, 2, 1, 0, 1 }, 10, false, true }, /* 8 of 7 items: 10.29 */
    { { -1, -1, -1, 1, 0, 2, 1, 0, 1 }, -1, false, false },
    { { 1, 2, 3, 1, 0, 2, 1, 0, -1 }, -1, false, false }, /* the suicide item is never prorated */
    { { -1, -1, -1, -1, -1, -1, -1, -1, -1 }, -1, false, false },
};

static void phq9_vectors(void **state)
{
    (void)state;
    const Instrument *it = instrument(S("phq-9"));
    assert_non_null(it);
    for (size_t i = 0; i < sizeof phq9_rows / sizeof *phq9_rows; i++) {
        InstrumentResult r = instrument_score(it, phq9_rows[i].values);
        assert_int_equal(r.total, phq9_rows[i].total);
        assert_int_equal(r.complete, phq9_rows[i].complete);
        assert_int_equal(r.prorated, phq9_rows[i].prorated);
    }
    assert_true(str_is(instrument_score(it, phq9_rows[0].values).band->word, "moderate"));
}

static void the_screener_has_no_total(void **state)
{
    (void)state;
    const Instrument *it = instrument(S("c-ssrs"));
    int values[SCREEN_ITEMS] = { 1, 1, 1, 1, 1, 1, 1 };
    assert_int_equal(it->n_items, SCREEN_ITEMS);
    assert_int_equal(instrument_score(it, values).total, -1);
    for (size_t i = 0; i < it->n_items; i++)
        assert_true(str_empty(it->items[i].text)); /* the wording is licensed */
}

static void respond(Ctx *c, const char *id, const char *authored)
{
    put(c, "QuestionnaireResponse", id,
        json_build(c->arena,
                   "{'resourceType':'QuestionnaireResponse','questionnaire':'urn:euthymia:instrument:phq-9',"
                   "'status':'completed','subject':{'reference':'Patient/" PATIENT "'},'authored':%s,"
                   "'item':[{'linkId':'44250-9','answer':[{'valueCoding':{'code':'LA6570-1'}}]}]}",
                   str_from(authored)));
}

static void scores_near_a_dose_are_marked(void **state)
{
    Ctx *c = context(state);
    put(c, "Procedure", "infusion",
        json_build(c->arena,
                   "{'resourceType':'Procedure','status':'completed','subject':{'reference':'Patient/" PATIENT
                   "'},'performedPeriod':{'start':'2026-11-17T09:00:00Z','end':'2026-11-17T09:40:00Z'},"
                   "'extension':[{'url':'urn:euthymia:extension:infusion-number','valueInteger':1}]}"));
    respond(c, "q1", "2026-11-17T08:59:00Z");
    respond(c, "q2", "2026-11-17T09:10:00Z");
    respond(c, "q3", "2026-11-17T13:40:00Z");
    respond(c, "q4", "2026-11-17T13:40:01Z");
    Chart chart = loaded(c);
    static const bool near[] = { false, true, true, false };
    assert_int_equal(chart.scores.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(chart.scores.at[i].near_dose, near[i]);
}

/* ---- policy, facts, rota ---- */

static Err load_text(Ctx *c, const char *json)
{
    Policy policy;
    Str file = json_build(c->arena, json);
    c->problems = (Problems){ 0 };
    return policy_load(c, &file, 1, &policy);
}

#define GOOD "{'key':'k','value':1.50,'unit':'h','title':'t','cites':'c','seen':'policy'}"

static void policy_is_checked(void **state)
{
    Ctx *c = context(state);
    assert_ok(load_text(c, "{'rows':[" GOOD "]}"));
    assert_int_equal(load_text(c, "{'rows':[" GOOD "," GOOD "]}"), ERR_INVALID);
    assert_int_equal(load_text(c, "{'rows':[{'key':'k','value':1,'unit':'h','title':'t','seen':'policy'}]}"),
                     ERR_INVALID);
    assert_int_equal(
        load_text(
            c, "{'rows':[{'key':'k','value':1,'unit':'fortnight','title':'t','cites':'c','seen':'policy'}]}"),
        ERR_INVALID);
    assert_int_equal(
        load_text(c, "{'rows':[{'key':'k','value':'1','unit':'h','title':'t','cites':'c','seen':'policy'}]}"),
        ERR_INVALID);
    assert_true(policy_in_force()->n > 50);
    assert_int_equal(policy_in_force()->hash.n, 16);
}

static void every_row_says_how_it_was_seen(void **state)
{
    (void)state;
    const Policy *policy = policy_in_force();
    for (size_t i = 0; i < policy->n; i++) {
        Str seen = policy->rows[i].seen;
        bool known = str_is(seen, "paper") || str_is(seen, "label") || str_is(seen, "policy") ||
                     str_is(seen, "memory") || str_starts(seen, S("secondary: "));
        if (!known)
            fail_msg("%.*s: %.*s", STR_ARG(policy->rows[i].key), STR_ARG(seen));
    }
}

static void put_role(Ctx *c, const char *times)
{
    Str json = arena_fmt(c->arena,
                         "{'resourceType':'PractitionerRole','active':true,"
                         "'practitioner':{'reference':'Practitioner/mei','display':'Mei Castellano'},"
                         "'code':[{'coding':[{'code':'nurse'}]}],'availableTime':[%s]}",
                         times);
    put(c, "PractitionerRole", "role", json_build(c->arena, arena_cstr(c->arena, json)));
}

static StaffMember mei_at(Ctx *c, const char *instant)
{
    Staff staff;
    TimeRange at;
    assert_true(time_parse(str_from(instant), &at));
    assert_ok(staff_read(c, at.from_us, &staff));
    const StaffMember *member = staff_member(&staff, S("mei"));
    assert_non_null(member);
    return *member;
}

static void who_is_on_duty(void **state)
{
    Ctx *c = context(state);
    Staff staff;
    assert_ok(staff_read(c, c->now_us, &staff));
    assert_int_equal(staff.n, 0); /* an empty rota is nobody */
    put_role(c, "{'daysOfWeek':['tue'],'availableStartTime':'08:00:00','availableEndTime':'18:00:00'}");
    assert_false(mei_at(c, "2026-11-17T07:59:59Z").on_duty); /* a Tuesday */
    assert_true(mei_at(c, "2026-11-17T08:00:00Z").on_duty);
    assert_false(mei_at(c, "2026-11-17T18:00:00Z").on_duty);
    assert_false(mei_at(c, "2026-11-18T10:00:00Z").on_duty);
    StaffMember next = mei_at(c, "2026-11-18T10:00:00Z");
    assert_int_equal((next.on_duty_to_us - next.on_duty_from_us) / US_PER_H, 10);
    put_role(c, "{'daysOfWeek':['tue'],'availableStartTime':'20:00:00','availableEndTime':'06:00:00'}");
    assert_true(mei_at(c, "2026-11-18T05:59:00Z").on_duty); /* a night that began on Tuesday */
    assert_false(mei_at(c, "2026-11-18T06:00:00Z").on_duty);
}

int main(void)
{
    if (!time_zone_set("UTC"))
        return 1;
    const struct CMUnitTest tests[] = {
        NAMED("EU-S-06 table of messages: unit, value, range, time, status, person", table_of_messages),
        NAMED("EU-S-06 older than its interval is not current", out_of_interval_is_not_current),
        NAMED("EU-S-06 two readings of one time that differ are both set aside", two_truths_are_none),
        NAMED("EU-S-13 a scale of another range is another scale", another_range_is_not_this_scale),
        NAMED("EU-S-13 scores within 4 h of a dose are marked", scores_near_a_dose_are_marked),
        NAMED("EU-S-13 PHQ-9 vectors; the suicide item is never prorated", phq9_vectors),
        ON_BED(in_error_is_not_read),
        ON_BED(facts_are_judged),
        ON_BED(contradicted_facts_are_not_known),
        ON_BED(the_newest_answer_holds),
        ON_BED(nobody_and_deleted),
        ON_BED(an_imported_patient_is_read),
        ON_BED(a_course_and_its_infusion_are_read),
        ON_BED(the_screener_has_no_total),
        ON_BED(policy_is_checked),
        ON_BED(every_row_says_how_it_was_seen),
        ON_BED(who_is_on_duty),
    };
    return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
