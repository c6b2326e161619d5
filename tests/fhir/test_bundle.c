#include "record.h"

#include "base/time.h"

#include <pthread.h>

static Ctx *context(void **state)
{
    return &((Bed *)*state)->c;
}

/* An entry of a transaction, with ' for ". */
static Str bundle_of(Ctx *c, const char *entries)
{
    return json_build(
        c->arena,
        arena_fmt(c->arena, "{'resourceType':'Bundle','type':'transaction','entry':[%s]}", entries).p);
}

static Str last_path(const Ctx *c)
{
    return c->problems.n ? c->problems.at[c->problems.n - 1].path : STR_NONE;
}

#define MOTHER "urn:uuid:11111111-1111-4111-8111-111111111111"
#define VISIT  "urn:uuid:22222222-2222-4222-8222-222222222222"

static const char two_entries[] =
    "{'resource':{'resourceType':'Observation','status':'final','code':{'text':'x'},"
    "'text':{'status':'generated','div':'<div xmlns=\\'http://www.w3.org/1999/xhtml\\'>"
    "<a href=\\'" MOTHER "\\'>her</a></div>'},"
    "'subject':{'reference':'" MOTHER "'},'encounter':{'reference':'" VISIT "'}},"
    "'request':{'method':'POST','url':'Observation'}},"
    "{'fullUrl':'" VISIT
    "','resource':{'resourceType':'Encounter','status':'finished','class':{'code':'AMB'},"
    "'subject':{'reference':'" MOTHER "'}},'request':{'method':'POST','url':'Encounter'}},"
    "{'fullUrl':'" MOTHER "','resource':{'resourceType':'Patient','identifier':[{'value':'" MOTHER "'}]},"
    "'request':{'method':'POST','url':'Patient'}}";

static Str without_version(Str location)
{
    Str rest;
    Str type = str_cut(location, '/', &rest);
    return (Str){ location.p, type.n + 1 + str_find(rest, '/') };
}

static void resolves_links_between_entries(void **state)
{
    Ctx *c = context(state);
    Str response;
    assert_done(c, fhir_transaction(c, bundle_of(c, two_entries), false, &response, NULL));
    Json *answer = json_parse(c->arena, response);
    assert_str(json_find_str(answer, "type"), "transaction-response");
    assert_str(json_find_str(answer, "entry[0].response.status"), "201 Created");
    Str mother = arena_str(c->arena, without_version(json_find_str(answer, "entry[2].response.location")));
    Str visit = arena_str(c->arena, without_version(json_find_str(answer, "entry[1].response.location")));
    Resource r = matches(c, "Observation", "status=final").at[0];
    assert_str(member(c, &r, "subject.reference"), mother.p);
    assert_str(member(c, &r, "encounter.reference"), visit.p);
    assert_non_null(strstr(member(c, &r, "text.div").p, arena_fmt(c->arena, "\"%s\"", mother.p).p));
    Resource patient = matches(c, "Patient", "_count=1").at[0];
    assert_str(member(c, &patient, "identifier[0].value"), MOTHER); /* a string is not a link */
}

static void does_all_or_nothing(void **state)
{
    Ctx *c = context(state);
    Str before = everything(c), ignored;
    static const struct {
        const char *entries, *path;
        Err err;
    } faults[] = {
        { "{'resource':{'resourceType':'Patient'},'request':{'method':'POST','url':'Patient'}},"
          "{'resource':{'resourceType':'Observation','code':{'text':'no status'}},"
          "'request':{'method':'POST','url':'Observation'}}",
          "Bundle.entry[1].resource.status", ERR_INVALID },
        { "{'resource':{'resourceType':'Patient'},'request':{'method':'POST','url':'Practitioner'}}",
          "Bundle.entry[0].resource.resourceType", ERR_SYNTAX },
        { "{'resource':{'resourceType':'Patient'},'request':{'method':'HEAD','url':'Patient/1'}}",
          "Bundle.entry[0].request.method", ERR_SYNTAX },
        { "{'resource':{'resourceType':'Patient'},'request':{'method':'PATCH','url':'Patient/1'}}",
          "Bundle.entry[0].resource", ERR_SYNTAX },
        { "{'resource':{'resourceType':'Patient','id':'a'},'request':{'method':'PUT','url':'Patient/a'}},"
          "{'request':{'method':'DELETE','url':'Patient/a'}}",
          "Bundle.entry[1]", ERR_SYNTAX },
        { "{'fullUrl':'" VISIT
          "','resource':{'resourceType':'Patient'},'request':{'method':'POST','url':'Patient'}},"
          "{'fullUrl':'" VISIT
          "','resource':{'resourceType':'Patient'},'request':{'method':'POST','url':'Patient'}}",
          "Bundle.entry[1].fullUrl", ERR_SYNTAX },
        { "{'resource':{'resourceType':'Patient','id':'a'},"
          "'request':{'method':'PUT','url':'Patient/a','ifMatch':'W/\\'3\\''}}",
          "Patient.meta.versionId", ERR_STALE },
        { "{'resource':{'resourceType':'Observation','status':'final','code':{'text':'x'},"
          "'subject':{'reference':'Patient?identifier=nobody'}},'request':{'method':'POST','url':'"
          "Observation'}}",
          "Bundle.entry[0].resource.subject.reference", ERR_STALE },
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        assert_int_equal(fhir_transaction(c, bundle_of(c, faults[i].entries), false, &ignored, NULL),
                         faults[i].err);
        assert_str(last_path(c), faults[i].path);
        assert_str(everything(c), before.p);
    }
}

static void deletes_first_and_reads_last(void **state)
{
    Ctx *c = context(state);
    Str response;
    Resource old = create(c, "Patient", S("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Old\"}]}"));
    Str entries = arena_fmt(c->arena,
                            "{'request':{'method':'GET','url':'Patient?family=New'}},"
                            "{'resource':{'resourceType':'Patient','name':[{'family':'New'}]},"
                            "'request':{'method':'POST','url':'Patient'}},"
                            "{'request':{'method':'DELETE','url':'Patient/%s'}}",
                            old.id.p);
    assert_done(c, fhir_transaction(c, bundle_of(c, entries.p), false, &response, NULL));
    Json *answer = json_parse(c->arena, response);
    assert_int_equal(json_count(json_find(answer, "entry[0].resource.entry")), 1);
    assert_str(json_find_str(answer, "entry[2].response.status"), "204 No Content");
    assert_int_equal(fhir_read(c, S("Patient"), old.id, &old), ERR_GONE);
}

static void creates_only_what_is_not_there(void **state)
{
    Ctx *c = context(state);
    static const char entries[] =
        "{'fullUrl':'" MOTHER
        "','resource':{'resourceType':'Patient','identifier':[{'system':'urn:x','value':'7'}]},"
        "'request':{'method':'POST','url':'Patient','ifNoneExist':'identifier=urn:x|7'}},"
        "{'resource':{'resourceType':'Observation','status':'final','code':{'text':'x'},"
        "'subject':{'reference':'" MOTHER "'}},'request':{'method':'POST','url':'Observation'}},"
        "{'resource':{'resourceType':'Flag','status':'active','code':{'text':'x'},"
        "'subject':{'reference':'Patient?identifier=urn:x|7'}},'request':{'method':'POST','url':'Flag'}}";
    (void)create(c, "Patient",
                 S("{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:x\",\"value\":\"7\"}]}"));
    Str response;
    assert_done(c, fhir_transaction(c, bundle_of(c, entries), false, &response, NULL));
    assert_str(json_find_str(json_parse(c->arena, response), "entry[0].response.status"), "200 OK");
    assert_int_equal(found(c, "Patient", ""), 1);
    Resource patient = matches(c, "Patient", "").at[0];
    assert_int_equal(found(c, "Observation", arena_fmt(c->arena, "patient=%s", patient.id.p).p), 1);
    assert_int_equal(found(c, "Flag", arena_fmt(c->arena, "patient=%s", patient.id.p).p), 1);
}

typedef struct Racer {
    const Bed *bed;
    int n, round;
    Err result;
} Racer;

static void *race(void *of)
{
    Racer *racer = of;
    Ctx c = bed_context(racer->bed);
    Random random = random_seeded((uint64_t)(racer->round * 100 + racer->n));
    Str ignored;
    c.random = &random;
    Str entries =
        arena_fmt(c.arena,
                  "{'resource':{'resourceType':'Patient','identifier':[{'system':'urn:race','value':'%d'}]},"
                  "'request':{'method':'POST','url':'Patient','ifNoneExist':'identifier=urn:race|%d'}}",
                  racer->round, racer->round);
    racer->result = fhir_transaction(&c, bundle_of(&c, entries.p), false, &ignored, NULL);
    bed_context_end(&c);
    return NULL;
}

static void run_round(const Bed *bed, int round)
{
    enum { RACERS = 8 };
    pthread_t threads[RACERS];
    Racer racers[RACERS];
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (Racer){ bed, i, round, OK };
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].result, OK);
    }
}

static void creates_one_where_many_ask_at_once(void **state)
{
    enum { ROUNDS = 10 };
    for (int round = 0; round < ROUNDS; round++)
        run_round(*state, round);
    assert_int_equal(found(context(state), "Patient", ""), ROUNDS);
}

/* ---- import ---- */

static BundleCount sum(const BundleCounts *counts)
{
    BundleCount all = { 0 };
    for (size_t i = 0; i < counts->n; i++) {
        all.created += counts->at[i].created;
        all.updated += counts->at[i].updated;
        all.unchanged += counts->at[i].unchanged;
    }
    return all;
}

static BundleCount import(Ctx *c, Str bytes)
{
    BundleCounts counts;
    assert_done(c, fhir_transaction(c, bytes, true, NULL, &counts));
    return sum(&counts);
}

static void imports_once(void **state)
{
    Ctx *c = context(state);
    Str bytes = test_data(c->arena, "synthea-milan-beatty.json");
    int64_t start_us = clock_now_us();
    assert_int_equal(import(c, bytes).created, 220);
    print_message("220 resources imported in %.0f ms\n", (double)(clock_now_us() - start_us) / 1000);
    Str first = everything(c);
    c->now_us += US_PER_DAY;
    BundleCount again = import(c, bytes);
    assert_int_equal(again.unchanged, 220);
    assert_int_equal(again.created + again.updated, 0);
    assert_true(str_eq(everything(c), first));
    Resource milan;
    assert_done(c, fhir_read(c, S("Patient"), S("8adf7251-257f-4b45-8ef5-0a6b3b9fe0ef"), &milan));
    Resources chart;
    assert_done(c, fhir_patient_compartment(c, milan.id, &chart));
    assert_int_equal(chart.n, 218); /* all but the Organization and the Practitioner */
}

static Str replaced(Ctx *c, Str text, const char *from, const char *to)
{
    const char *at = memmem(text.p, text.n, from, strlen(from));
    assert_non_null(at);
    size_t before = (size_t)(at - text.p);
    return arena_fmt(c->arena, "%.*s%s%.*s", (int)before, text.p, to, (int)(text.n - before - strlen(from)),
                     at + strlen(from));
}

static void imports_what_changed(void **state)
{
    Ctx *c = context(state);
    Str bytes = test_data(c->arena, "synthea-milan-beatty.json");
    (void)import(c, bytes);
    BundleCount again = import(c, replaced(c, bytes, "\"Gloucester\"", "\"Rockport\""));
    assert_int_equal(again.updated, 1);
    assert_int_equal(again.unchanged, 219);
    assert_int_equal(found(c, "Patient", "address-city=rockport"), 1);
}

static void imports_nothing_of_a_faulty_bundle(void **state)
{
    Ctx *c = context(state);
    Str before = everything(c);
    Str bytes = replaced(c, test_data(c->arena, "synthea-milan-beatty.json"), "\"male\"", "\"mole\"");
    assert_int_equal(fhir_transaction(c, bytes, true, NULL, NULL), ERR_INVALID);
    assert_str(last_path(c), "Bundle.entry[0].resource.gender");
    assert_str(everything(c), before.p);
}

int run_bundle_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(resolves_links_between_entries),
        TEST_ON_BED(does_all_or_nothing),
        TEST_ON_BED(deletes_first_and_reads_last),
        TEST_ON_BED(creates_only_what_is_not_there),
        TEST_ON_BED(creates_one_where_many_ask_at_once),
        TEST_ON_BED(imports_once),
        TEST_ON_BED(imports_what_changed),
        TEST_ON_BED(imports_nothing_of_a_faulty_bundle),
    };
    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
