/* The scan and the validation: what they refuse, and where they say the fault is. */
#include "base/limits.h"
#include "fhir/definitions.h"
#include "fhir/json_scan.h"
#include "fhir/validate.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct Bench {
    Ctx c;
    Random random;
} Bench;

static int setup(void **state)
{
    Bench *bench = calloc(1, sizeof *bench);
    bench->random = random_seeded(1);
    bench->c = (Ctx){ .arena = arena_create(LIMIT_REQUEST_ARENA_BYTES), .random = &bench->random };
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    Bench *bench = *state;
    arena_destroy(bench->c.arena);
    free(bench);
    return 0;
}

static Str read_file(Arena *a, Str path)
{
    FILE *f = fopen(arena_cstr(a, path), "rb");
    if (!f)
        return STR_NONE;
    Buf b = buf_make(a, LIMIT_BODY_BYTES);
    char block[65536];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        buf_bytes(&b, block, n);
    (void)fclose(f);
    return buf_str(&b);
}

static void expect_problem(const Ctx *c, const char *about, const char *path)
{
    if (c->problems.n == 0)
        fail_msg("%s: refused without a problem", about);
    if (!str_is(c->problems.at[0].path, path))
        fail_msg("%s: path \"%.*s\", want \"%s\"", about, STR_ARG(c->problems.at[0].path), path);
}

/* ---- the scan ---- */

typedef struct ScanRow {
    const char *text, *path;
} ScanRow;

static const ScanRow scan_refused[] = {
    /* duplicate names, also when written differently */
    { "{\"a\":1,\"a\":2}", "a" },
    { "{\"x\":[{\"a\":1,\"\\u0061\":2}]}", "x[0].a" },
    /* not numbers */
    { "{\"v\":NaN}", "v" },
    { "[Infinity]", "[0]" },
    { "[-Infinity]", "[0]" },
    { "[1e999]", "[0]" },
    { "[01]", "[0]" },
    { "[+1]", "[0]" },
    { "[.5]", "[0]" },
    { "[5.]", "[0]" },
    { "[0x10]", "[0]" },
    /* numbers that json-c would change */
    { "{\"n\":9223372036854775808}", "n" },
    { "{\"n\":-9223372036854775809}", "n" },
    { "{\"n\":-0}", "n" },
    /* what is JSON only to some */
    { "{'a':1}", "" },
    { "{\"a\":'b'}", "a" },
    { "{a:1}", "" },
    { "[1,]", "[1]" },
    { "{\"a\":1,}", "" },
    { "/* c */ 1", "" },
    { "[1] // c", "" },
    { "[True]", "[0]" },
    { "[nul]", "[0]" },
    { "[nullx]", "[0]" },
    /* characters */
    { "{\"s\":\"a\tb\"}", "s" },
    { "{\"s\":\"a\nb\"}", "s" },
    { "{\"s\":\"\\u0000\"}", "s" },
    { "{\"s\":\"\\ud800\"}", "s" },
    { "{\"s\":\"\\ud800\\u0041\"}", "s" },
    { "{\"s\":\"\\udc00\"}", "s" },
    { "{\"s\":\"\\x41\"}", "s" },
    { "{\"s\":\"\\u12\"}", "s" },
    { "{\"s\":\"\xc0\xaf\"}", "s" },
    { "{\"s\":\"\xe0\x80\xaf\"}", "s" },
    { "{\"s\":\"\xed\xa0\x80\"}", "s" },
    { "{\"s\":\"\xf4\x90\x80\x80\"}", "s" },
    { "{\"s\":\"\xf0\x80\x80\xaf\"}", "s" },
    { "{\"s\":\"\xff\"}", "s" },
    { "{\"s\":\"\xc3\"}", "s" },
    { "\xef\xbb\xbf{}", "" },
    /* ends */
    { "", "" },
    { " ", "" },
    { "{", "" },
    { "[1", "[0]" },
    { "{\"a\":\"b", "a" },
    { "{} {}", "" },
    { "{\"a\" 1}", "a" },
    { "[1 2]", "[0]" },
    /* the path of a fault deep inside */
    { "{\"entry\":[{},{},{},{\"resource\":{\"name\":[{\"family\":\"\x01\"}]}}]}",
      "entry[3].resource.name[0].family" },
};

static void scan_refuses_each_with_its_path(void **state)
{
    Bench *bench = *state;
    for (size_t i = 0; i < sizeof scan_refused / sizeof *scan_refused; i++) {
        bench->c.problems = (Problems){ 0 };
        if (json_scan(&bench->c, str_from(scan_refused[i].text)) != ERR_SYNTAX)
            fail_msg("accepted %s", scan_refused[i].text);
        expect_problem(&bench->c, scan_refused[i].text, scan_refused[i].path);
    }
}

static void scan_accepts_what_json_c_keeps(void **state)
{
    Bench *bench = *state;
    static const char *const accepted[] = {
        "{}",
        "[]",
        " [ 1 , -2.50 , 1E+2 , true , null ] ",
        "\"\\ud83d\\ude00 \\u00e9 \xf0\x9f\x98\x80\"",
        "{\"a\":{\"a\":{\"a\":[[],{}]}},\"b\":-0.0}",
        "9223372036854775807",
        "{\"\":1}",
    };
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        assert_int_equal(json_scan(&bench->c, str_from(accepted[i])), OK);
        assert_non_null(json_parse(bench->c.arena, str_from(accepted[i])));
    }
    assert_int_equal(json_scan(&bench->c, (Str){ "[1]\0", 4 }), ERR_SYNTAX);
}

static Str nested(Arena *a, int depth)
{
    Buf b = buf_make(a, 1 << 20);
    for (int i = 0; i < depth; i++)
        buf_char(&b, '[');
    for (int i = 0; i < depth; i++)
        buf_char(&b, ']');
    return buf_str(&b);
}

static void scan_keeps_to_the_depth_that_json_c_reads(void **state)
{
    Bench *bench = *state;
    Arena *a = bench->c.arena;
    assert_int_equal(json_scan(&bench->c, nested(a, LIMIT_JSON_DEPTH)), OK);
    assert_non_null(json_parse(a, nested(a, LIMIT_JSON_DEPTH)));
    assert_int_equal(json_scan(&bench->c, nested(a, LIMIT_JSON_DEPTH + 1)), ERR_SYNTAX);
    assert_int_equal(json_scan(&bench->c, nested(a, 100000)), ERR_SYNTAX);
}

static void scan_finds_one_repeated_name_among_many(void **state)
{
    Bench *bench = *state;
    Buf b = buf_make(bench->c.arena, LIMIT_BODY_BYTES);
    buf_char(&b, '{');
    for (int i = 0; i < 100000; i++)
        buf_fmt(&b, "\"n%d\":0,", i);
    Buf good = b;
    buf_add(&good, S("\"last\":0}"));
    assert_int_equal(json_scan(&bench->c, buf_str(&good)), OK);
    buf_add(&b, S("\"n50000\":0}"));
    assert_int_equal(json_scan(&bench->c, buf_str(&b)), ERR_SYNTAX);
    expect_problem(&bench->c, "100000 names", "n50000");
}

/* ---- the tables ---- */

static void tables_are_those_of_r4(void **state)
{
    (void)state;
    assert_int_equal(fhir_n_resources, 146);
    for (size_t i = 1; i < fhir_n_resources; i++)
        assert_true(strcmp(fhir_resources[i - 1].type->name, fhir_resources[i].type->name) < 0);
    const FhirResource *patient = fhir_resource(S("Patient"));
    assert_int_equal(fhir_element(patient->type, S("birthDate"))->type->kind, FHIR_DATE);
    assert_int_equal(fhir_element(patient->type, S("id"))->type->kind, FHIR_ID);
    assert_string_equal(fhir_element(patient->type, S("deceasedBoolean"))->choice, "deceased");
    assert_int_equal(fhir_param(patient, S("birthdate"))->kind, PARAM_DATE);
    assert_non_null(fhir_param(patient, S("_lastUpdated")));
    assert_null(fhir_resource(S("patient")));
    assert_null(fhir_resource(S("SubscriptionStatus")));
    assert_null(fhir_element(patient->type, S("birthdate")));
    const FhirType *observation = fhir_resource(S("Observation"))->type;
    const FhirType *component = fhir_element(observation, S("component"))->type;
    assert_ptr_equal(fhir_element(component, S("referenceRange"))->type,
                     fhir_element(observation, S("referenceRange"))->type);
    assert_string_equal(fhir_resource(S("Observation"))->patient_params[0], "subject");
    assert_null(fhir_resource(S("Organization"))->patient_params);
}

/* ---- validation ---- */

typedef struct ValidRow {
    const char *json, *path; /* path NULL: valid */
} ValidRow;

#define OBSERVATION "'resourceType':'Observation','status':'final','code':{'text':'x'}"

static const ValidRow valid_rows[] = {
    { "{'resourceType':'Patient'}", NULL },
    { "{" OBSERVATION "}", NULL },
    { "{'resourceType':'Observation','status':'final'}", "Observation.code" },
    { "{'id':'x'}", "Resource" },
    { "{'resourceType':'Patientt'}", "Patientt" },
    { "{'resourceType':'Patient','colour':'red'}", "Patient.colour" },
    { "{'resourceType':'Patient','name':{'family':'X'}}", "Patient.name" },
    { "{'resourceType':'Patient','name':[]}", "Patient.name" },
    { "{'resourceType':'Patient','name':[{}]}", "Patient.name[0]" },
    { "{'resourceType':'Patient','name':[null]}", "Patient.name[0]" },
    { "{'resourceType':'Patient','gender':null}", "Patient.gender" },
    { "{'resourceType':'Patient','gender':'m'}", "Patient.gender" },
    { "{'resourceType':'Patient','gender':['male']}", "Patient.gender" },
    { "{'resourceType':'Patient','contact':[{'name':{'text':'x'}},{'gender':'m'}]}",
      "Patient.contact[1].gender" },
    { "{'resourceType':'Patient','active':'true'}", "Patient.active" },
    { "{'resourceType':'Patient','birthDate':'2021-02-29'}", "Patient.birthDate" },
    { "{'resourceType':'Patient','birthDate':'1988-03-12T00:00:00Z'}", "Patient.birthDate" },
    { "{'resourceType':'Patient','birthDate':'1988-03'}", NULL },
    { "{'resourceType':'Patient','birthDate':''}", "Patient.birthDate" },
    { "{'resourceType':'Patient','deceasedBoolean':true,'deceasedDateTime':'2012'}", "Patient.deceased[x]" },
    { "{'resourceType':'Patient','deceasedDateTime':'2012-01-01T10:00:00'}", "Patient.deceasedDateTime" },
    { "{'resourceType':'Patient','deceasedString':'yes'}", "Patient.deceasedString" },
    { "{'resourceType':'Patient','multipleBirthInteger':1.5}", "Patient.multipleBirthInteger" },
    { "{'resourceType':'Patient','multipleBirthInteger':3000000000}", "Patient.multipleBirthInteger" },
    { "{'resourceType':'Patient','id':'a_b'}", "Patient.id" },
    { "{'resourceType':'Patient','managingOrganization':{'reference':'Patient/1'}}",
      "Patient.managingOrganization" },
    { "{'resourceType':'Patient','managingOrganization':{'reference':'Organization/1'}}", NULL },
    { "{'resourceType':'Patient','managingOrganization':{'reference':'urn:uuid:8adf7251-257f-4b45-8ef5-"
      "0a6b3b9fe0ef'}}",
      NULL },
    { "{'resourceType':'Patient','_birthDate':{'extension':[{'url':'u','valueString':'x'}]}}", NULL },
    { "{'resourceType':'Patient','_birthDate':{'extension':[{'url':'u'}]}}",
      "Patient._birthDate.extension[0]" },
    { "{'resourceType':'Patient','_birthDate':{}}", "Patient._birthDate" },
    { "{'resourceType':'Patient','_name':[{'id':'x'}]}", "Patient._name" },
    { "{'resourceType':'Patient','name':[{'given':['A',null],'_given':[null,{'id':'x'}]}]}", NULL },
    { "{'resourceType':'Patient','name':[{'given':['A',null]}]}", "Patient.name[0].given[1]" },
    { "{'resourceType':'Patient','extension':[{'valueString':'x'}]}", "Patient.extension[0].url" },
    { "{'resourceType':'Patient','extension':[{'url':'u','valueString':'x','extension':[{'url':'v','"
      "valueCode':'c'}]}]}",
      "Patient.extension[0]" },
    { "{'resourceType':'Patient','contained':[{'resourceType':'Organization','colour':'x'}]}",
      "Patient.contained[0].colour" },
    { "{'resourceType':'Patient','text':{'status':'generated','div':'<div>x</div>'}}", NULL },
    { "{'resourceType':'Patient','text':{'status':'generated','div':'<div><script>x</script></div>'}}",
      "Patient.text.div" },
    { "{'resourceType':'Patient','text':{'status':'generated','div':'<div "
      "onclick=\\u0022x()\\u0022>x</div>'}}",
      "Patient.text.div" },
    { "{'resourceType':'Patient','text':{'status':'generated','div':'<div><a href=\\u0022 "
      "JavaScript:x\\u0022>x</a></div>'}}",
      "Patient.text.div" },
    { "{'resourceType':'Patient','text':{'status':'generated','div':'<div><a "
      "href=\\u0022java&#115;cript:x\\u0022>x</a></div>'}}",
      "Patient.text.div" },
    { "{'resourceType':'Patient','text':{'status':'generated','div':'<div><img "
      "src=\\u0022https://x/y.png\\u0022/></div>'}}",
      "Patient.text.div" },
    { "{'resourceType':'Patient','text':{'status':'generated','div':'<p>x</p>'}}", "Patient.text.div" },
    { "{" OBSERVATION ",'valueQuantity':{'value':'5'}}", "Observation.valueQuantity.value" },
    { "{" OBSERVATION ",'valueQuantity':{'value':0.50}}", NULL },
    { "{" OBSERVATION ",'valueString':'a','valueInteger':1}", "Observation.value[x]" },
    { "{" OBSERVATION ",'issued':'2026-11-17'}", "Observation.issued" },
    { "{" OBSERVATION ",'effectiveDateTime':'2026-02-30'}", "Observation.effectiveDateTime" },
    { "{" OBSERVATION ",'valueTime':'25:00:00'}", "Observation.valueTime" },
    { "{" OBSERVATION ",'component':[{'code':{'text':'x'},'referenceRange':[{'low':{'value':true}}]}]}",
      "Observation.component[0].referenceRange[0].low.value" },
    { "{'resourceType':'Observation','status':'done','code':{'text':'x'}}", "Observation.status" },
    { "{'resourceType':'Condition','subject':{'reference':'Patient/"
      "1'},'clinicalStatus':{'coding':[{'code':'wild'}]}}",
      "Condition.clinicalStatus" },
    { "{'resourceType':'Condition','subject':{'reference':'Patient/"
      "1'},'clinicalStatus':{'coding':[{'code':'active'}]}}",
      NULL },
    { "{'resourceType':'Condition'}", "Condition.subject" },
    { "{'resourceType':'Binary','contentType':'text/plain','data':'QUJ='}", NULL },
    { "{'resourceType':'Binary','contentType':'text/plain','data':'QUJ'}", "Binary.data" },
    { "{'resourceType':'Bundle','type':'collection','entry':[{'resource':{'resourceType':'Patient','gender':'"
      "x'}}]}",
      "Bundle.entry[0].resource.gender" },
    { "{'resourceType':'MedicationRequest','status':'draft','intent':'order','subject':{'reference':'Patient/"
      "1'}}",
      "MedicationRequest.medication[x]" },
};

static Str with_double_quotes(Arena *a, const char *text)
{
    Str s = arena_str(a, str_from(text));
    char *copy = arena_new(a, char, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = s.p[i] == '\'' ? '"' : s.p[i];
    return (Str){ copy, s.n };
}

static void validation_names_the_path_of_each_fault(void **state)
{
    Bench *bench = *state;
    for (size_t i = 0; i < sizeof valid_rows / sizeof *valid_rows; i++) {
        const ValidRow *row = &valid_rows[i];
        bench->c.problems = (Problems){ 0 };
        Json *j = json_parse(bench->c.arena, with_double_quotes(bench->c.arena, row->json));
        if (!j)
            fail_msg("the row is not JSON: %s", row->json);
        Err e = fhir_validate(&bench->c, j, STR_NONE, STR_NONE);
        if (!row->path && e != OK)
            fail_msg("refused %s: %.*s", row->json, STR_ARG(bench->c.problems.at[0].text));
        if (row->path && e != ERR_INVALID)
            fail_msg("accepted %s", row->json);
        if (row->path)
            expect_problem(&bench->c, row->json, row->path);
    }
}

static void validation_wants_the_expected_type_and_path(void **state)
{
    Bench *bench = *state;
    Json *j = json_parse(bench->c.arena, S("{\"resourceType\":\"Patient\",\"gender\":\"x\"}"));
    assert_int_equal(fhir_validate(&bench->c, j, S("Observation"), STR_NONE), ERR_INVALID);
    bench->c.problems = (Problems){ 0 };
    assert_int_equal(fhir_validate(&bench->c, j, S("Patient"), S("Bundle.entry[7].resource")), ERR_INVALID);
    expect_problem(&bench->c, "gender", "Bundle.entry[7].resource.gender");
}

static bool is_accepted(Ctx *c, Str bytes)
{
    c->problems = (Problems){ 0 };
    return json_scan(c, bytes) == OK &&
           fhir_validate(c, json_parse(c->arena, bytes), STR_NONE, STR_NONE) == OK;
}

/* A valid bundle of 220 resources; with any one member renamed to what R4 does not know, it is refused. */
static void validation_notices_any_renamed_member(void **state)
{
    Bench *bench = *state;
    Ctx *c = &bench->c;
    Str bundle = read_file(c->arena, S(TEST_DATA "/synthea-milan-beatty.json"));
    assert_true(is_accepted(c, bundle));
    int tried = 0;
    for (size_t i = 1; i + 2 < bundle.n; i += 9973) {
        size_t at = i;
        while (at + 2 < bundle.n && !(bundle.p[at] == '"' && bundle.p[at + 1] == ':'))
            at++;
        if (at + 2 >= bundle.n)
            break;
        char *copy = arena_new(c->arena, char, bundle.n);
        memcpy(copy, bundle.p, bundle.n);
        copy[at - 1] = 'Q';
        if (is_accepted(c, (Str){ copy, bundle.n }))
            fail_msg("accepted with a renamed member near byte %zu: %.40s", at, copy + at - 20);
        tried++;
        arena_reset(c->arena);
        bundle = read_file(c->arena, S(TEST_DATA "/synthea-milan-beatty.json"));
    }
    assert_true(tried > 30);
}

/* Official examples that break R4 themselves. */
static const char *const faulty_examples[] = {
    "bundle-questionnaire.json",       /* items without the required linkId */
    "devicemetric-example.json",       /* parent names a DeviceDefinition, R4 wants a Device */
    "codesystem-example.json",         /* two concepts of one code, against csd-1: fhirpath.js says so too */
    "deviceusestatement-example.json", /* reasonReference names a Procedure, which R4 does not list */
    "medicationrequest0301.json", /* dispenseRequest.performer names a Practitioner, R4 wants an Organization
                                   */
};

static bool is_faulty_example(Str path)
{
    for (size_t i = 0; i < sizeof faulty_examples / sizeof *faulty_examples; i++)
        if (str_ends(path, str_from(faulty_examples[i])))
            return true;
    return false;
}

static size_t check_folder(Bench *bench, Str folder)
{
    Ctx *c = &bench->c;
    DIR *d = opendir(arena_cstr(c->arena, folder));
    if (!d)
        return 0;
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(d));) {
        Str path = arena_fmt(c->arena, "%.*s/%s", STR_ARG(folder), entry->d_name);
        if (!str_ends(path, S(".json")))
            continue;
        n++;
        if (is_accepted(c, read_file(c->arena, path)) == is_faulty_example(path))
            fail_msg("%.*s: %.*s", STR_ARG(path),
                     STR_ARG(c->problems.n ? c->problems.at[0].text : S("accepted")));
    }
    (void)closedir(d);
    return n;
}

static void official_examples_are_valid(void **state)
{
    Bench *bench = *state;
    const char *shared = getenv("EUTHYMIA_SHARED");
    if (!shared)
        skip();
    Str folder = arena_fmt(bench->c.arena, "%s/data/r4_examples", shared);
    if (check_folder(bench, folder) == 0)
        skip();
    assert_true(check_folder(bench, arena_fmt(bench->c.arena, "%s/data/synthea", shared)) >= 2);
}

static void the_text_of_decimals_survives(void **state)
{
    Bench *bench = *state;
    Arena *a = bench->c.arena;
    Str text = read_file(a, S(TEST_DATA "/observation-decimal.json"));
    assert_int_equal(json_scan(&bench->c, text), OK);
    Json *j = json_parse(a, text);
    assert_int_equal(fhir_validate(&bench->c, j, S("Observation"), STR_NONE), OK);
    /* Each "value" of the file, in its order, stands in what is written: compared as text. */
    const Str before = S("\"value\": "), after = S("\"value\":");
    Str rest = json_text(a, j);
    size_t numbers = 0;
    for (size_t i = 0; i + before.n < text.n; i++) {
        if (!str_starts(str_slice(text, i, text.n), before))
            continue;
        const char *number = text.p + i + before.n;
        Str want = arena_fmt(a, "\"value\":%.*s", (int)strcspn(number, " ,\r\n]}"), number);
        while (rest.n && !str_starts(rest, after))
            rest = str_slice(rest, 1, rest.n);
        if (!str_starts(rest, want) || !strchr(",}", rest.p[want.n]))
            fail_msg("want %.*s, got %.60s", STR_ARG(want), rest.p);
        rest = str_slice(rest, want.n, rest.n);
        numbers++;
    }
    assert_true(numbers > 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(scan_refuses_each_with_its_path),
        TEST(scan_accepts_what_json_c_keeps),
        TEST(scan_keeps_to_the_depth_that_json_c_reads),
        TEST(scan_finds_one_repeated_name_among_many),
        TEST(tables_are_those_of_r4),
        TEST(validation_names_the_path_of_each_fault),
        TEST(validation_wants_the_expected_type_and_path),
        TEST(validation_notices_any_renamed_member),
        TEST(official_examples_are_valid),
        TEST(the_text_of_decimals_survives),
    };
    return cmocka_run_group_tests_name("definitions", tests, NULL, NULL);
}
