#include "record.h"

#include "base/time.h"
#include "fhir/capability.h"
#include "fhir/index.h"
#include "fhir/index_text.h"

#include <pthread.h>

static Ctx *context(void **state)
{
    return &((Bed *)*state)->c;
}

#define JANE S("{\"resourceType\":\"Patient\",\"active\":true,\"name\":[{\"family\":\"Doe\"}]}")

static Str patient_json(Ctx *c, Str id, const char *family)
{
    return json_build(c->arena, "{'resourceType':'Patient','id':%s,'name':[{'family':%s}]}", id,
                      str_from(family));
}

static void stores_what_was_sent(void **state)
{
    Ctx *c = context(state);
    Resource made = create(c, "Patient", JANE), read;
    assert_true(made.created);
    assert_int_equal(made.version, 1);
    assert_done(c, fhir_read(c, S("Patient"), made.id, &read));
    Str expected = json_build(c->arena,
                              "{'resourceType':'Patient','id':%s,'meta':{'versionId':'1','lastUpdated':%t},"
                              "'active':true,'name':[{'family':'Doe'}]}",
                              made.id, c->now_us);
    assert_str(read.body, expected.p);
}

static void keeps_members_of_meta(void **state)
{
    Ctx *c = context(state);
    Resource made = create(c, "Basic",
                           S("{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"},"
                             "\"meta\":{\"lastUpdated\":\"2000-01-01T00:00:00Z\",\"tag\":[{\"code\":\"a\"}],"
                             "\"versionId\":\"77\"},\"id\":\"client\"}"));
    Str expected = json_build(c->arena,
                              "{'resourceType':'Basic','code':{'text':'x'},'meta':{'lastUpdated':%t,"
                              "'tag':[{'code':'a'}],'versionId':'1'},'id':%s}",
                              c->now_us, made.id);
    assert_str(made.body, expected.p);
    assert_false(str_eq(made.id, S("client")));
}

static void keeps_the_text_of_numbers(void **state)
{
    Ctx *c = context(state);
    static const char *const numbers[] = { "0.50",
                                           "0.010",
                                           "1.0",
                                           "1e3",
                                           "1.20E-2",
                                           "100",
                                           "-2.500",
                                           "3.14159265358979323846",
                                           "0.000000000000000010",
                                           "12345678901234567.890" };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        Str json = json_build(c->arena,
                              "{'resourceType':'Observation','status':'final','code':{'text':'x'},"
                              "'valueQuantity':{'value':%n,'unit':'mg'}}",
                              str_from(numbers[i]));
        Resource made = create(c, "Observation", json), read;
        assert_done(c, fhir_read(c, S("Observation"), made.id, &read));
        assert_str(member(c, &read, "valueQuantity.value"), numbers[i]);
    }
}

static void keeps_every_version(void **state)
{
    Ctx *c = context(state);
    Resource r = create(c, "Patient", JANE), old;
    assert_done(c, fhir_update(c, S("Patient"), r.id, patient_json(c, r.id, "Roe"), S("1"), &r));
    assert_int_equal(r.version, 2);
    assert_false(r.created);
    assert_done(c, fhir_update(c, S("Patient"), r.id, patient_json(c, r.id, "Poe"), STR_NONE, &r));
    assert_int_equal(r.version, 3);
    assert_done(c, fhir_read_version(c, S("Patient"), r.id, S("1"), &old));
    assert_str(member(c, &old, "name[0].family"), "Doe");
    assert_done(c, fhir_read_version(c, S("Patient"), r.id, S("2"), &old));
    assert_str(member(c, &old, "name[0].family"), "Roe");
    assert_str(member(c, &old, "meta.versionId"), "2");
    assert_int_equal(fhir_read_version(c, S("Patient"), r.id, S("4"), &old), ERR_NOT_FOUND);
    assert_int_equal(fhir_read_version(c, S("Patient"), r.id, S("x"), &old), ERR_NOT_FOUND);
    assert_int_equal(found(c, "Patient", "family=Doe"), 0);
    assert_int_equal(found(c, "Patient", "family=Poe"), 1);
}

static void refuses_a_stale_version(void **state)
{
    Ctx *c = context(state);
    Resource r = create(c, "Patient", JANE), ignored;
    assert_done(c, fhir_update(c, S("Patient"), r.id, patient_json(c, r.id, "Roe"), S("1"), &r));
    assert_int_equal(fhir_update(c, S("Patient"), r.id, patient_json(c, r.id, "Poe"), S("1"), &ignored),
                     ERR_STALE);
    assert_int_equal(fhir_delete(c, S("Patient"), r.id, S("1")), ERR_STALE);
    assert_int_equal(
        fhir_update(c, S("Patient"), S("none"), patient_json(c, S("none"), "x"), S("1"), &ignored),
        ERR_STALE);
    assert_int_equal(found(c, "Patient", "family=Roe"), 1);
}

static void creates_at_the_given_id(void **state)
{
    Ctx *c = context(state);
    Resource r;
    assert_done(c, fhir_update(c, S("Patient"), S("mine"), patient_json(c, S("mine"), "Roe"), STR_NONE, &r));
    assert_true(r.created);
    assert_str(member(c, &r, "id"), "mine");
    assert_int_equal(
        fhir_update(c, S("Patient"), S("mine"), patient_json(c, S("other"), "Roe"), STR_NONE, &r),
        ERR_SYNTAX);
    assert_int_equal(fhir_update(c, S("Patient"), S("mine"), JANE, STR_NONE, &r), ERR_SYNTAX);
    assert_int_equal(fhir_update(c, S("Patient"), S("a_b"), patient_json(c, S("a_b"), "Roe"), STR_NONE, &r),
                     ERR_INVALID);
    assert_done(c, fhir_put(c, S("Patient"), S("put"), JANE, &r));
    assert_str(member(c, &r, "id"), "put");
    assert_done(c, fhir_put(c, S("Patient"), STR_NONE, patient_json(c, S("its-own"), "Roe"), &r));
    assert_str(r.id, "its-own");
}

static void forgets_what_is_deleted(void **state)
{
    Ctx *c = context(state);
    Resource r = create(c, "Patient", JANE), read;
    assert_done(c, fhir_delete(c, S("Patient"), r.id, STR_NONE));
    assert_int_equal(fhir_read(c, S("Patient"), r.id, &read), ERR_GONE);
    assert_int_equal(fhir_read_version(c, S("Patient"), r.id, S("2"), &read), ERR_GONE);
    assert_done(c, fhir_read_version(c, S("Patient"), r.id, S("1"), &read));
    assert_int_equal(found(c, "Patient", "family=Doe"), 0);
    assert_done(c, fhir_delete(c, S("Patient"), r.id, STR_NONE)); /* again: nothing more happens */
    assert_int_equal(fhir_read_version(c, S("Patient"), r.id, S("3"), &read), ERR_NOT_FOUND);
    assert_done(c, fhir_update(c, S("Patient"), r.id, patient_json(c, r.id, "Back"), STR_NONE, &r));
    assert_int_equal(r.version, 3);
    assert_true(r.created);
    assert_int_equal(fhir_delete(c, S("Patient"), S("never-was"), STR_NONE), ERR_NOT_FOUND);
    assert_int_equal(fhir_read(c, S("Patient"), S("never-was"), &read), ERR_NOT_FOUND);
}

static void stores_nothing_that_is_wrong(void **state)
{
    Ctx *c = context(state);
    Resource r;
    Str before = everything(c);
    assert_int_equal(fhir_create(c, S("Patient"), S("{\"resourceType\":\"Patient\",\"nmae\":[]}"), &r),
                     ERR_INVALID);
    assert_int_equal(fhir_create(c, S("Patient"), S("{\"resourceType\":\"Basic\"}"), &r), ERR_INVALID);
    assert_int_equal(
        fhir_create(c, S("Patient"), S("{\"resourceType\":\"Patient\",\"active\":true,\"active\":true}"), &r),
        ERR_SYNTAX);
    assert_int_equal(fhir_create(c, S("Nothing"), S("{}"), &r), ERR_NOT_FOUND);
    assert_str(everything(c), before.p);
}

static void finds_nothing_at_an_impossible_address(void **state)
{
    Ctx *c = context(state);
    Resource r;
    Resources chart;
    assert_int_equal(fhir_read(c, S("Patient"), S("\xFF\xFE"), &r), ERR_NOT_FOUND);
    assert_int_equal(fhir_read(c, S("Patient"), S("a\0b"), &r), ERR_NOT_FOUND);
    assert_int_equal(fhir_read(c, S("\xFF"), S("a"), &r), ERR_NOT_FOUND);
    assert_int_equal(fhir_read_version(c, S("Patient"), S("\xFF"), S("1"), &r), ERR_NOT_FOUND);
    assert_int_equal(fhir_delete(c, S("Patient"), S("\xFF"), STR_NONE), ERR_SYNTAX);
    assert_int_equal(fhir_patient_compartment(c, S("\xFF"), &chart), ERR_NOT_FOUND);
}

/* ---- compartment, events, index ---- */

static Resource observation_of(Ctx *c, Str patient_id)
{
    return create(
        c, "Observation",
        json_build(
            c->arena,
            "{'resourceType':'Observation','status':'final','code':{'text':'x'},'subject':{'reference':%s},"
            "'encounter':{'reference':'Encounter/e1'}}",
            arena_fmt(c->arena, "Patient/%.*s", STR_ARG(patient_id))));
}

static void knows_whose_chart_it_is(void **state)
{
    Ctx *c = context(state);
    Resource patient = create(c, "Patient", JANE);
    Resource other = create(c, "Patient", JANE);
    Resource mine = observation_of(c, patient.id);
    (void)observation_of(c, other.id);
    Resources chart;
    assert_done(c, fhir_patient_compartment(c, patient.id, &chart));
    assert_int_equal(chart.n, 2);
    assert_str(chart.at[0].id, mine.id.p);
    assert_str(chart.at[1].id, patient.id.p);
    assert_done(c, fhir_delete(c, S("Observation"), mine.id, STR_NONE));
    assert_done(c, fhir_patient_compartment(c, patient.id, &chart));
    assert_int_equal(chart.n, 1);
}

static void says_what_changed(void **state)
{
    Ctx *c = context(state);
    Resource patient = create(c, "Patient", JANE);
    Resource r = observation_of(c, patient.id);
    assert_done(c, fhir_delete(c, S("Observation"), r.id, STR_NONE));
    AUTO(rows_done) Rows *rows = NULL;
    assert_done(
        c,
        db_query(c, SQL("SELECT patient_id, encounter_id, version FROM event WHERE id = $1 ORDER BY number"),
                 ARGS(T(r.id)), &rows));
    for (int64_t version = 1; version <= 2; version++) {
        assert_true(rows_next(rows));
        assert_true(str_eq(rows_text(rows, 0), patient.id));
        assert_true(str_is(rows_text(rows, 1), "e1"));
        assert_int_equal(rows_int(rows, 2), version);
    }
    assert_false(rows_next(rows));
}

static void joins_the_transaction_of_its_caller(void **state)
{
    Ctx *c = context(state);
    Str before = everything(c);
    {
        AUTO(tx_done) Tx *tx = NULL;
        assert_done(c, tx_begin(c, &tx));
        (void)create(c, "Patient", JANE);
        (void)create(c, "Patient", JANE);
    }
    assert_str(everything(c), before.p);
}

/* ---- two writers ---- */

typedef struct Racer {
    const Bed *bed;
    Str id;
    int n;
    bool names_version;
    Err result;
} Racer;

static void *race(void *of)
{
    Racer *racer = of;
    Ctx c = bed_context(racer->bed);
    Random random = random_seeded((uint64_t)racer->n);
    Resource ignored;
    c.random = &random;
    Str json = patient_json(&c, racer->id, arena_fmt(c.arena, "Racer%d", racer->n).p);
    racer->result =
        fhir_update(&c, S("Patient"), racer->id, json, racer->names_version ? S("1") : STR_NONE, &ignored);
    bed_context_end(&c);
    return NULL;
}

enum { RACERS = 8 };

static int run_race(Bed *bed, Str id, bool names_version, Racer *racers)
{
    pthread_t threads[RACERS];
    int winners = 0;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (Racer){ bed, id, i, names_version, OK };
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
        winners += racers[i].result == OK;
    }
    return winners;
}

static void lets_one_of_the_racing_writers_win(void **state)
{
    Bed *bed = *state;
    Racer racers[RACERS];
    for (int round = 0; round < 10; round++) {
        Resource r = create(&bed->c, "Patient", JANE);
        assert_int_equal(run_race(bed, r.id, true, racers), 1);
        for (int i = 0; i < RACERS; i++)
            assert_true(racers[i].result == OK || racers[i].result == ERR_STALE);
        assert_done(&bed->c, fhir_read(&bed->c, S("Patient"), r.id, &r));
        assert_int_equal(r.version, 2);
    }
}

static void serves_writers_who_name_no_version_in_turn(void **state)
{
    Bed *bed = *state;
    Racer racers[RACERS];
    Resource r = create(&bed->c, "Patient", JANE);
    assert_int_equal(run_race(bed, r.id, false, racers), RACERS);
    assert_done(&bed->c, fhir_read(&bed->c, S("Patient"), r.id, &r));
    assert_int_equal(r.version, 1 + RACERS);
}

/* ---- the index's texts ---- */

static void orders_numbers_as_text(void **state)
{
    Arena *a = context(state)->arena;
    static const char *const ascending[] = { "-1e30", "-100",  "-99.5", "-1.52", "-1.5", "-0.001",
                                             "0",     "1e-40", "0.010", "0.1",   "1",    "1.05",
                                             "1.5",   "9.99",  "10",    "99",    "100",  "1e30" };
    for (size_t i = 1; i < sizeof ascending / sizeof ascending[0]; i++)
        assert_true(str_cmp(index_number(a, str_from(ascending[i - 1])),
                            index_number(a, str_from(ascending[i]))) < 0);
    assert_str(index_number(a, S("1.50")), index_number(a, S("15e-1")).p);
    assert_str(index_number(a, S("0.000")), index_number(a, S("-0.0")).p);
    assert_null(index_number(a, S("1x")).p);
}

static void knows_the_range_a_number_implies(void **state)
{
    Arena *a = context(state)->arena;
    static const struct {
        const char *number, *from, *to;
    } cases[] = { { "100", "99.5", "100.5" },    { "5.4", "5.35", "5.45" },    { "5.40", "5.395", "5.405" },
                  { "0", "-0.5", "0.5" },        { "-1.0", "-1.05", "-0.95" }, { "1e2", "50", "150" },
                  { "10.00", "9.995", "10.005" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str from, to;
        assert_true(index_number_range(a, str_from(cases[i].number), &from, &to));
        assert_str(from, index_number(a, str_from(cases[i].from)).p);
        assert_str(to, index_number(a, str_from(cases[i].to)).p);
    }
}

static void folds_case_and_accents(void **state)
{
    Arena *a = context(state)->arena;
    assert_str(index_fold(a, S("\xC3\x89lo\xC3\xAFse STRAẞE")), "eloise strasse");
    assert_null(index_fold(a, S("\xFF")).p);
}

/* ---- operations ---- */

static void reads_and_writes_parameters(void **state)
{
    Arena *a = context(state)->arena;
    Params p = params_make(a);
    params_decimal(&p, "dose", (Decimal){ 400, 1 });
    params_string(&p, "empty", S(""));
    params_instant(&p, "never", TIME_NONE);
    params_number(&p, "nothing", 0.0 / 0.0, 3);
    params_open(&p, "group");
    params_string(&p, "text", S("a \"word\""));
    params_open(&p, "bare");
    params_close(&p);
    params_bool(&p, "yes", true);
    params_close(&p);
    params_int(&p, "large", INT64_C(5000000000));
    Str text = params_text(&p);
    assert_str(text,
               "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"dose\",\"valueDecimal\":40.0},"
               "{\"name\":\"group\",\"part\":[{\"name\":\"text\",\"valueString\":\"a \\\"word\\\"\"},"
               "{\"name\":\"bare\"},{\"name\":\"yes\",\"valueBoolean\":true}]},"
               "{\"name\":\"large\",\"valueDecimal\":5000000000}]}");
    OpCall in = { .parameters = json_parse(a, text) };
    Decimal dose;
    assert_true(op_decimal(&in, "dose", &dose));
    assert_int_equal(dose.units, 400);
    assert_int_equal(dose.places, 1);
    assert_false(op_decimal(&in, "group", &dose));
    OpCall group = { .parameters = op_parameter(&in, "group") };
    assert_str(op_string(&group, "text"), "a \"word\"");
    assert_true(op_true(&group, "yes"));
    assert_false(op_true(&group, "no"));
    Params nothing = params_make(a);
    assert_str(params_text(&nothing), "{\"resourceType\":\"Parameters\"}");
    assert_null(op_parameter(&(OpCall){ 0 }, "x"));
}

static void reads_parameters_of_a_query(void **state)
{
    Arena *a = context(state)->arena;
    static const char text[] =
        "{'parameter':[{'name':'n','valueString':'12'},{'name':'t','valueString':'2026-11'},"
        "{'name':'b','valueString':'true'},{'name':'w','valueString':'12 mg'}]}";
    OpCall in = { .parameters = json_parse(a, json_build(a, text)) };
    int64_t n;
    TimeRange november;
    Decimal d;
    assert_true(op_int(&in, "n", &n));
    assert_int_equal(n, 12);
    assert_true(op_time(&in, "t", &n));
    assert_true(time_parse(S("2026-11-01"), &november));
    assert_int_equal(n, november.from_us);
    assert_true(op_true(&in, "b"));
    assert_false(op_decimal(&in, "w", &d));
}

static void declares_what_it_can_do(void **state)
{
    Ctx *c = context(state);
    static const Operation rows[] = { { "Patient", "evaluate", OP_READ, ROLES_CLINICAL, NULL, "Judges" },
                                      { NULL, "outcomes", OP_READ, ROLES_CLINICAL, NULL, "Counts" },
                                      { 0 } };
    const Operation *const tables[] = { rows };
    static const char *const of_type[] = { "read", "delete", NULL }, *const of_system[] = { "batch", NULL };
    static const char *const of_audit[] = { "read", NULL };
    static const CapabilityParam params[] = { { "date", "date" }, { 0 } };
    CapabilityType audit = { "AuditEvent", of_audit, params };
    static const CapabilityOperation defined[] = {
        { NULL, "validate", "http://hl7.org/fhir/OperationDefinition/Resource-validate" },
        { "Patient", "everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything" },
        { 0 },
    };
    Capability can = { of_type, of_system, tables, 1, defined, &audit };
    Str text = fhir_capability(c, S("http://127.0.0.1/fhir"), &can);
    Json *json = json_parse(c->arena, text);
    assert_str(json_find_str(json, "rest[0].operation[0].name"), "validate");
    assert_str(json_find_str(json, "rest[0].operation[1].name"), "outcomes");
    Resource stored = create(c, "CapabilityStatement", text);
    assert_int_equal(stored.version, 1);
}

int run_store_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(stores_what_was_sent),
        TEST_ON_BED(keeps_members_of_meta),
        TEST_ON_BED(keeps_the_text_of_numbers),
        TEST_ON_BED(keeps_every_version),
        TEST_ON_BED(refuses_a_stale_version),
        TEST_ON_BED(creates_at_the_given_id),
        TEST_ON_BED(forgets_what_is_deleted),
        TEST_ON_BED(stores_nothing_that_is_wrong),
        TEST_ON_BED(finds_nothing_at_an_impossible_address),
        TEST_ON_BED(knows_whose_chart_it_is),
        TEST_ON_BED(says_what_changed),
        TEST_ON_BED(joins_the_transaction_of_its_caller),
        TEST_ON_BED(lets_one_of_the_racing_writers_win),
        TEST_ON_BED(serves_writers_who_name_no_version_in_turn),
        TEST_ON_BED(orders_numbers_as_text),
        TEST_ON_BED(knows_the_range_a_number_implies),
        TEST_ON_BED(folds_case_and_accents),
        TEST_ON_BED(reads_and_writes_parameters),
        TEST_ON_BED(reads_parameters_of_a_query),
        TEST_ON_BED(declares_what_it_can_do),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
