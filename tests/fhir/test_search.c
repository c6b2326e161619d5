#include "record.h"

#include "base/time.h"
#include "fhir/definitions.h"
#include "fhir/index.h"

#include <inttypes.h>

#define MILAN "8adf7251-257f-4b45-8ef5-0a6b3b9fe0ef"

static Ctx *context(void **state)
{
    return &((Bed *)*state)->c;
}

static void import_milan(Ctx *c)
{
    assert_done(c, fhir_transaction(c, test_data(c->arena, "synthea-milan-beatty.json"), true, NULL, NULL));
}

/* How many of the imported bundle's resources each search must find: counted in the file itself, with jq. -1:
 * refused. */
static const struct {
    const char *type, *query;
    int64_t n;
} golden[] = {
    /* string */
    { "Patient", "family=beat", 1 },
    { "Patient", "family=BEATTY", 1 },
    { "Patient", "family=eatty", 0 },
    { "Patient", "name=mil", 1 },
    { "Patient", "given=Milan&family=Beatty", 1 },
    { "Patient", "given=Milan&family=Other", 0 },
    { "Patient", "family=Other,Beatty", 1 },
    { "Patient", "family:exact=Beatty", 1 },
    { "Patient", "family:exact=beatty", 0 },
    { "Patient", "family:exact=Beat", 0 },
    { "Patient", "name:contains=ATT", 1 },
    { "Patient", "name:contains=xyz", 0 },
    { "Patient", "address-city=glou", 1 },
    { "Patient", "address=walsh", 0 },
    { "Patient", "address=279%20walsh", 1 },
    { "Patient", "address-postalcode=01930", 1 },
    { "Practitioner", "name=franecki", 1 },
    { "Organization", "name=BEVERLY+HOSPITAL", 1 },
    /* token */
    { "Patient", "gender=male", 1 },
    { "Patient", "gender=female", 0 },
    { "Patient", "gender:not=male", 0 },
    { "Patient", "gender:not=female", 1 },
    { "Patient", "identifier=999-93-8359", 1 },
    { "Patient", "identifier=http://hl7.org/fhir/sid/us-ssn|999-93-8359", 1 },
    { "Patient", "identifier=http://hl7.org/fhir/sid/us-npi|999-93-8359", 0 },
    { "Patient", "identifier=|999-93-8359", 0 },
    { "Patient", "identifier=http://hospital.smarthealthit.org|", 1 },
    { "Patient", "phone=555-611-5414", 1 },
    { "Patient", "telecom=555-611-5414", 1 },
    { "Patient", "email=555-611-5414", 0 },
    { "Patient", "deceased=false", 1 },
    { "Patient", "deceased=true", 0 },
    { "Patient", "language=en-US", 1 },
    { "Patient", "_tag=synthea-5-2019", 1 },
    { "Patient", "_id=" MILAN, 1 },
    { "Patient", "_id=nobody", 0 },
    { "Observation", "status=final", 124 },
    { "Observation", "code=8302-2", 6 },
    { "Observation", "code=http://loinc.org|8302-2", 6 },
    { "Observation", "code=http://snomed.info/sct|8302-2", 0 },
    { "Observation", "code=8302-2,29463-7", 12 },
    { "Observation", "code:not=8302-2", 118 },
    { "Observation", "category=vital-signs", 30 },
    { "Observation", "category=laboratory", 88 },
    { "Observation", "category=laboratory,vital-signs", 118 },
    { "Observation", "component-code=8480-6", 6 },
    { "Observation", "combo-code=8480-6", 6 },
    { "Condition", "code=http://snomed.info/sct|370143000", 1 },
    { "Condition", "clinical-status=resolved", 2 },
    { "Condition", "clinical-status=active", 3 },
    { "Encounter", "class=AMB", 15 },
    { "MedicationRequest", "status=active", 1 },
    { "MedicationRequest", "status=stopped", 2 },
    /* date */
    { "Patient", "birthdate=1973-11-24", 1 },
    { "Patient", "birthdate=1973", 1 },
    { "Patient", "birthdate=ne1973", 0 },
    { "Patient", "birthdate=gt1973-11-24", 0 },
    { "Patient", "birthdate=ge1973-11-24", 1 },
    { "Patient", "birthdate=le1973-11-24", 1 },
    { "Patient", "birthdate=lt1973-11-24", 0 },
    { "Patient", "birthdate=sa1973-11-23", 1 },
    { "Patient", "birthdate=eb1974", 1 },
    { "Patient", "birthdate=ap1975", 1 },
    { "Patient", "birthdate=ap2010", 0 },
    { "Observation", "date=2011-11-19", 19 },
    { "Observation", "date=2011-11-19T06:38:03Z", 19 },
    { "Observation", "date=2011-11-19T01:38:03-05:00", 19 },
    { "Observation", "date=ge2015", 79 },
    { "Observation", "date=lt2015", 45 },
    { "Observation", "date=ge2013&date=lt2016", 45 },
    { "Encounter", "date=2020-09", 1 },
    { "Encounter", "date=gt2020-01-01", 2 },
    { "Condition", "onset-date=1993", 1 },
    { "Patient", "_lastUpdated=ge2000", 1 },
    { "Patient", "_lastUpdated=lt2000", 0 },
    /* quantity */
    { "Observation", "value-quantity=gt180", 12 },
    { "Observation", "value-quantity=gt180||cm", 6 },
    { "Observation", "value-quantity=gt180|http://unitsofmeasure.org|cm", 6 },
    { "Observation", "value-quantity=gt180|urn:other|cm", 0 },
    { "Observation", "value-quantity=182.926588656709", 6 },
    { "Observation", "value-quantity=183", 6 },
    { "Observation", "value-quantity=le5", 19 },
    { "Observation", "value-quantity=ap100", 13 },
    { "Observation", "value-quantity:missing=true", 12 },
    { "Observation", "value-quantity:missing=false", 112 },
    /* reference */
    { "Observation", "subject=Patient/" MILAN, 124 },
    { "Observation", "subject=" MILAN, 124 },
    { "Observation", "subject:Patient=" MILAN, 124 },
    { "Observation", "subject:Group=" MILAN, 0 },
    { "Observation", "subject=Group/" MILAN, 0 },
    { "Observation", "patient=" MILAN, 124 },
    { "Observation", "patient=Patient/nobody", 0 },
    { "Observation", "patient:missing=true", 0 },
    { "Observation", "encounter=Encounter/d3638547-bd05-4ddb-90c2-402dc9dff456", 19 },
    { "DiagnosticReport", "patient=" MILAN, 11 },
    /* composites: both parts in one element */
    { "Observation", "code-value-quantity=8302-2$gt180", 6 },
    { "Observation", "code-value-quantity=8302-2$gt1000", 0 },
    { "Observation", "code-value-quantity=http://loinc.org|8302-2$gt180||cm,8302-2$gt1000", 6 },
    { "Observation", "component-code-value-quantity=8480-6$gt110", 5 },
    { "Observation", "component-code-value-quantity=8462-4$gt110", 0 },
    { "Observation", "combo-code-value-quantity=8480-6$gt110", 5 },
    /* chains and _has */
    { "Observation", "subject.name=milan", 124 },
    { "Observation", "subject:Patient.gender=male", 124 },
    { "Observation", "subject.gender:not=male", 0 },
    { "Observation", "subject.gender:not=female", 124 },
    { "Observation", "subject:Group.identifier=1", 0 },
    { "Observation", "encounter.date=2020-09", 15 },
    { "Observation", "encounter.subject.name=milan", 124 },
    { "Observation", "subject._id=" MILAN, 124 },
    { "Patient", "_has:Observation:patient:code=8302-2", 1 },
    { "Patient", "_has:Observation:patient:code=nothing", 0 },
    { "Patient", "_has:Observation:patient:_has:DiagnosticReport:result:status=final", 1 },
    { "Encounter", "_has:Observation:encounter:code-value-quantity=8302-2$gt1000", 0 },
    /* :text and :of-type */
    { "Observation", "code:text=BODY", 18 },
    { "Observation", "code:text=BODY&_revinclude=*&_include=*", 18 },
    { "Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|999-93-8359", 1 },
    { "Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|999-93-8359", 0 },
    /* several at once */
    { "Observation", "patient=" MILAN "&code=8302-2&date=ge2015&value-quantity=gt100", 4 },
    /* refused */
    { "Observation", "date=yesterday", -1 },
    { "Observation", "value-quantity=tall", -1 },
    { "Observation", "value-quantity=5|mg", -1 },
    { "Observation", "nothing=1", -1 },
    { "Observation", "status:exact=final", -1 },
    { "Observation", "code-value-quantity=8302-2", -1 },
    { "Observation", "code-value-quantity=8302-2$1$2", -1 },
    { "Observation", "code-value-quantity:missing=true", -1 },
    { "Observation", "code.name=milan", -1 },
    { "Observation", "subject.nothing=milan", -1 },
    { "Observation", "subject:Nothing.name=milan", -1 },
    { "Patient", "_has:Observation:patient=1", -1 },
    { "Patient", "_has:Observation:code:code=1", -1 },
    { "Patient", "_has:Nothing:patient:code=1", -1 },
    { "Observation", "_include=Observation:code", -1 },
    { "Observation", "_include=Observation", -1 },
    { "Observation", "_revinclude=Observation", -1 },
    { "Observation", "_summary=some", -1 },
    { "Patient", "identifier:of-type=a|b", -1 },
    { "Patient", "birthdate:text=1993", -1 },
    { "Observation", "_sort=nothing", -1 },
    { "Observation", "_cursor=nothing", -1 },
    { "Observation", "_count=-1", -1 },
    { "Observation", "subject=%FF", -1 },
    { "Observation", "_id=%C0%80", -1 },
    { "Observation", "code=a%00b", -1 },
    { "Observation", "code=%4", -1 },
    { "Nothing", "a=b", -1 },
};

static void finds_what_is_in_the_file(void **state)
{
    Ctx *c = context(state);
    import_milan(c);
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        c->problems.n = 0;
        int64_t n = found(c, golden[i].type, golden[i].query);
        if (n != golden[i].n)
            fail_msg("%s?%s finds %" PRId64 ", not %" PRId64 " (%s)", golden[i].type, golden[i].query, n,
                     golden[i].n, c->problems.n ? c->problems.at[0].text.p : "no problem");
    }
}

static void drops_an_unknown_parameter_unless_strict(void **state)
{
    Ctx *c = context(state);
    SearchTerms terms;
    SearchPage page;
    assert_done(c, search_terms_read(c, S("nothing=1&gender=male"), &terms));
    assert_done(c, fhir_search(c, S("Patient"), &terms, false, &page));
    assert_int_equal(page.used.n, 1);
    assert_int_equal(fhir_search(c, S("Patient"), &terms, true, &page), ERR_SYNTAX);
}

/* ---- what the file does not have ---- */

static void finds_numbers_and_uris(void **state)
{
    Ctx *c = context(state);
    (void)create(c, "RiskAssessment",
                 S("{\"resourceType\":\"RiskAssessment\",\"status\":\"final\",\"subject\":{\"reference\":"
                   "\"Patient/1\"},"
                   "\"prediction\":[{\"probabilityDecimal\":0.020}]}"));
    (void)create(c, "ValueSet",
                 S("{\"resourceType\":\"ValueSet\",\"status\":\"draft\",\"url\":\"http://example.org/vs\"}"));
    static const struct {
        const char *type, *query;
        int64_t n;
    } cases[] = {
        { "RiskAssessment", "probability=0.02", 1 },    { "RiskAssessment", "probability=0.03", 0 },
        { "RiskAssessment", "probability=gt0.019", 1 }, { "RiskAssessment", "probability=gt0.02", 0 },
        { "RiskAssessment", "probability=ge0.02", 1 },  { "RiskAssessment", "probability=lt2e-2", 0 },
        { "RiskAssessment", "probability=ne0.02", 0 },  { "ValueSet", "url=http://example.org/vs", 1 },
        { "ValueSet", "url=http://example.org/", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(found(c, cases[i].type, cases[i].query), cases[i].n);
}

/* R4's table of prefixes, on ranges of an hour, of two days, of two years, before 1970, and without an end.
 */
static void finds_ranges_by_each_prefix(void **state)
{
    Ctx *c = context(state);
    static const char *const periods[] = {
        "\"start\":\"2020-05-10T09:00:00Z\",\"end\":\"2020-05-10T09:59:00Z\"",
        "\"start\":\"2020-05-10\",\"end\":\"2020-05-11\"",
        "\"start\":\"2019\",\"end\":\"2020\"",
        "\"start\":\"1950-03\",\"end\":\"1950-04\"",
        "\"start\":\"2020-06-01\"",
    };
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        (void)create(c, "Encounter",
                     arena_fmt(c->arena,
                               "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":"
                               "\"AMB\"},\"period\":{%s}}",
                               periods[i]));
    static const struct {
        const char *query;
        int64_t n;
    } cases[] = {
        { "date=2020-05-10", 1 },   { "date=2020-05", 2 },      { "date=2020", 2 },
        { "date=1950", 1 },         { "date=ne2020-05-10", 4 }, { "date=gt2020-05-10", 3 },
        { "date=gt2020-05-11", 2 }, { "date=gt2020", 1 },       { "date=gt1949", 5 },
        { "date=gt1950-03", 5 },    { "date=gt1950-04", 4 },    { "date=ge2020-05-10", 4 },
        { "date=ge2020-05-11", 2 }, { "date=ge1950-04", 4 },    { "date=lt2020-05-10", 2 },
        { "date=lt2019", 1 },       { "date=le2020-05-10", 3 }, { "date=sa2020-05-09", 3 },
        { "date=sa2020-05-10", 1 }, { "date=sa1949", 5 },       { "date=eb2020-05-11", 2 },
        { "date=eb2020-05-12", 3 }, { "date=eb1951", 1 },       { "date=eb1950-04", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (found(c, "Encounter", cases[i].query) != cases[i].n)
            fail_msg("%s finds %" PRId64 ", not %" PRId64, cases[i].query,
                     found(c, "Encounter", cases[i].query), cases[i].n);
}

/* Parameters that have no rows of their own find by those of others, and no more than they should. */
static void finds_by_rows_that_parameters_share(void **state)
{
    Ctx *c = context(state);
    static const char *const observations[] = {
        "\"subject\":{\"reference\":\"Patient/"
        "x\"},\"code\":{\"coding\":[{\"code\":\"a\"}]},\"valueQuantity\":"
        "{\"value\":5}",
        "\"subject\":{\"reference\":\"Group/x\"},\"code\":{\"coding\":[{\"code\":\"a\"}]},\"valueQuantity\":"
        "{\"value\":7}",
        "\"subject\":{\"reference\":\"Patient/y\",\"identifier\":{\"value\":\"n1\"}},\"code\":{\"coding\":[{"
        "\"code\":\"b\"}]},\"component\":[{\"code\":{\"coding\":[{\"code\":\"a\"}]},\"valueQuantity\":{"
        "\"value\":"
        "9}},{\"code\":{\"coding\":[{\"code\":\"c\"}]},\"valueQuantity\":{\"value\":3}}]",
        "\"subject\":{\"reference\":\"Group/y\",\"identifier\":{\"value\":\"n1\"}},\"code\":{\"coding\":[{"
        "\"code\":\"d\"}]},\"valueDateTime\":\"2020-05-10\"",
        "\"code\":{\"coding\":[{\"code\":\"e\"},{\"code\":\"e\"}]},\"valueString\":\"words\"",
    };
    for (size_t i = 0; i < sizeof observations / sizeof observations[0]; i++)
        (void)create(c, "Observation",
                     arena_fmt(c->arena, "{\"resourceType\":\"Observation\",\"status\":\"final\",%s}",
                               observations[i]));
    static const struct {
        const char *query;
        int64_t n;
    } cases[] = {
        { "patient=x", 1 },
        { "patient=Patient/x", 1 },
        { "patient=Group/x", 0 },
        { "subject=x", 2 },
        { "subject:Group=x", 1 },
        { "patient:missing=true", 3 },
        { "patient:missing=false", 2 },
        { "subject:missing=true", 1 },
        { "patient:identifier=n1", 1 },
        { "subject:identifier=n1", 2 },
        { "combo-code=a", 3 },
        { "combo-code:not=a", 2 },
        { "combo-code=e", 1 },
        { "code=a", 2 },
        { "component-code=a", 1 },
        { "combo-value-quantity=gt6", 2 },
        { "combo-value-quantity:missing=true", 2 },
        { "code-value-quantity=a$gt6", 1 },
        { "code-value-quantity=a$gt4", 2 },
        { "code-value-quantity=a$gt6,a$lt6", 2 },
        { "component-code-value-quantity=a$gt6", 1 },
        { "component-code-value-quantity=c$gt6", 0 },
        { "combo-code-value-quantity=a$gt6", 2 },
        { "combo-code-value-quantity=c$gt6", 0 },
        { "combo-code-value-quantity=b$gt6", 0 },
        { "patient=y&combo-code-value-quantity=a$gt6", 1 },
        { "code-value-date=d$2020-05", 1 },
        { "code-value-date=d$2021", 0 },
        { "code-value-string=e$words", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (found(c, "Observation", cases[i].query) != cases[i].n)
            fail_msg("%s finds %" PRId64 ", not %" PRId64, cases[i].query,
                     found(c, "Observation", cases[i].query), cases[i].n);
    assert_int_equal(matches(c, "Observation", "_sort=patient,combo-code").n, 5);
    (void)create(c, "Group", S("{\"resourceType\":\"Group\",\"type\":\"person\",\"actual\":false}"));
    Str group = matches(c, "Group", "").at[0].id;
    (void)create(
        c, "Observation",
        arena_fmt(
            c->arena,
            "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":\"z\"}]"
            "},\"subject\":{\"reference\":\"Group/%.*s\"}}",
            STR_ARG(group)));
    assert_int_equal(found(c, "Group", "_has:Observation:subject:code=z"), 1);
    assert_int_equal(found(c, "Group", "_has:Observation:patient:code=z"), 0);
}

static void finds_without_accents_and_with_escapes(void **state)
{
    Ctx *c = context(state);
    (void)create(c, "Patient",
                 S("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"M\xC3\xBCller, Sohn\"}],"
                   "\"identifier\":[{\"system\":\"urn:x\",\"value\":\"A|1\"}]}"));
    assert_int_equal(found(c, "Patient", "family=muller"), 1);
    assert_int_equal(found(c, "Patient", "family=M%C3%9CLLER"), 1);
    assert_int_equal(found(c, "Patient", "family=muller%5C%2C%20sohn"), 1);
    assert_int_equal(found(c, "Patient", "family:exact=muller"), 0);
    assert_int_equal(found(c, "Patient", "identifier=urn:x|a%5C|1"), 1);
}

static void knows_what_is_there_without_a_code(void **state)
{
    Ctx *c = context(state);
    (void)create(
        c, "Observation",
        S("{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"words only\"},"
          "\"subject\":{\"display\":\"somebody\"}}"));
    assert_int_equal(found(c, "Observation", "code:missing=true"), 0);
    assert_int_equal(found(c, "Observation", "code:missing=false"), 1);
    assert_int_equal(found(c, "Observation", "subject:missing=true"), 0);
    assert_int_equal(found(c, "Observation", "encounter:missing=true"), 1);
}

static void finds_a_canonical_with_and_without_version(void **state)
{
    Ctx *c = context(state);
    (void)create(c, "QuestionnaireResponse",
                 S("{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\","
                   "\"questionnaire\":\"urn:euthymia:instrument:phq-9|1.0\"}"));
    assert_int_equal(found(c, "QuestionnaireResponse", "questionnaire=urn:euthymia:instrument:phq-9"), 1);
    assert_int_equal(found(c, "QuestionnaireResponse", "questionnaire=urn:euthymia:instrument:phq-9\\|1.0"),
                     1);
    assert_int_equal(found(c, "QuestionnaireResponse", "questionnaire=urn:euthymia:instrument:phq-9\\|2.0"),
                     0);
}

/* ---- order and pages ---- */

/* The order in which a search finds resources by the texts of their codes, "c b a", two on a page. */
static Str in_order(Ctx *c, const char *query)
{
    Buf b = buf_make(c->arena, 1000);
    for (Str cursor = STR_NONE;;) {
        SearchTerms terms;
        SearchPage page;
        assert_done(c, search_terms_read(c, arena_fmt(c->arena, "%s&_count=2", query), &terms));
        if (cursor.p)
            *list_add(c->arena, &terms) = (SearchTerm){ S("_cursor"), cursor };
        assert_done(c, fhir_search(c, S("Observation"), &terms, true, &page));
        for (size_t i = 0; i < page.matches.n; i++)
            buf_fmt(&b, "%s%.*s", b.n ? " " : "", STR_ARG(member(c, &page.matches.at[i], "code.text")));
        cursor = page.next_cursor;
        if (!cursor.p)
            return arena_str(c->arena, buf_str(&b));
    }
}

/* Without a date comes last both ways; an open start first going up. Asked for the code of one patient the
 * order is carried by the code's rows; asked for the status it is looked up: both must say the same. */
static void sorts_what_a_patient_has(void **state)
{
    Ctx *c = context(state);
    static const char *const dates[] = {
        "\"effectiveDateTime\":\"2020-05-10T10:00:00Z\"", "\"effectiveDateTime\":\"2020\"",
        "\"effectivePeriod\":{\"end\":\"2020-05-12\"}",   "\"status\":\"final\"",
        "\"effectiveDateTime\":\"1969-07-20\"",
    };
    static const char *const names[] = { "noon", "year", "open", "never", "moon" };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        (void)create(
            c, "Observation",
            arena_fmt(c->arena,
                      "{\"resourceType\":\"Observation\",%s%s,\"subject\":{\"reference\":\"Patient/x\"},"
                      "\"code\":{\"coding\":[{\"system\":\"urn:a\",\"code\":\"k\"},{\"system\":\"urn:b\","
                      "\"code\":\"k\"}],\"text\":\"%s\"}}",
                      i == 3 ? "" : "\"status\":\"final\",", dates[i], names[i]));
    (void)create(
        c, "Observation",
        S("{\"resourceType\":\"Observation\",\"status\":\"final\",\"effectiveDateTime\":\"2021\",\"subject\":"
          "{"
          "\"reference\":\"Patient/y\"},\"code\":{\"coding\":[{\"code\":\"k\"}],\"text\":\"other\"}}"));
    static const struct {
        const char *query, *order;
    } cases[] = {
        { "patient=x&code=k&_sort=date", "open moon year noon never" },
        { "patient=x&code=k&_sort=-date", "noon year moon open never" },
        { "patient=x&status=final&_sort=date", "open moon year noon never" },
        { "patient=x&status=final&_sort=-date", "noon year moon open never" },
        { "subject=Patient/x&code=urn:a|k,urn:b|k&_sort=-date", "noon year moon open never" },
        { "patient=x&code=k&date=ge1960&_sort=-date", "noon year moon open" },
        { "patient=x&code=k", "noon year open never moon" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_str(in_order(c, cases[i].query), cases[i].order);
    assert_int_equal(found(c, "Observation", "patient=x&code=k"), 5);
    assert_int_equal(found(c, "Observation", "patient=x&code=other"), 0);
}

static void sorts(void **state)
{
    Ctx *c = context(state);
    import_milan(c);
    Resources up = matches(c, "Observation", "code=8302-2&_sort=date");
    Resources down = matches(c, "Observation", "code=8302-2&_sort=-date");
    assert_int_equal(up.n, 6);
    assert_str(up.at[0].id, "72141715-8743-4211-b3c0-d41e9fabd340");
    assert_str(up.at[5].id, "8ea9e410-8ae8-448d-be14-46fbefd21083");
    for (size_t i = 0; i < 6; i++)
        assert_true(str_eq(up.at[i].id, down.at[5 - i].id));
    Resources codes = matches(c, "Observation", "_sort=code,-date&_count=124");
    for (size_t i = 1; i < codes.n; i++) {
        int order = str_cmp(member(c, &codes.at[i - 1], "code.coding[0].code"),
                            member(c, &codes.at[i], "code.coding[0].code"));
        int dates = str_cmp(member(c, &codes.at[i - 1], "effectiveDateTime"),
                            member(c, &codes.at[i], "effectiveDateTime"));
        assert_true(order < 0 || (order == 0 && dates >= 0));
    }
}

static void add_observation(Ctx *c, int number)
{
    (void)create(
        c, "Observation",
        json_build(c->arena,
                   "{'resourceType':'Observation','status':'final','code':{'coding':[{'code':'late'}]},"
                   "'effectiveDateTime':%s}",
                   arena_fmt(c->arena, "20%02d-01-01", number % 30)));
}

/* The number of imported matches that the pages hold, each seen once, while rows are added between the pages.
 */
static size_t page_through(Ctx *c, const char *query)
{
    SearchTerms terms;
    SearchPage page;
    SearchTerms seen = { 0 };
    assert_done(c, search_terms_read(c, str_from(query), &terms));
    size_t n_imported = 0;
    for (int number = 0;; number++) {
        assert_done(c, fhir_search(c, S("Observation"), &terms, true, &page));
        for (size_t i = 0; i < page.matches.n; i++) {
            for (size_t k = 0; k < seen.n; k++)
                assert_false(str_eq(seen.at[k].name, page.matches.at[i].id));
            *list_add(c->arena, &seen) = (SearchTerm){ page.matches.at[i].id, STR_NONE };
            n_imported += !str_is(member(c, &page.matches.at[i], "code.coding[0].code"), "late");
        }
        if (!page.next_cursor.p)
            return n_imported;
        add_observation(c, number);
        assert_done(c, search_terms_read(c, str_from(query), &terms));
        *list_add(c->arena, &terms) = (SearchTerm){ S("_cursor"), page.next_cursor };
    }
}

static void pages_hold_each_match_once(void **state)
{
    Ctx *c = context(state);
    import_milan(c);
    assert_int_equal(page_through(c, "_count=7"), 124);
    assert_int_equal(page_through(c, "_count=11&_sort=-date"), 124);
    assert_int_equal(page_through(c, "_count=11&_sort=date,-code"), 124);
    assert_int_equal(page_through(c, "_count=13&_sort=-value-quantity"), 124); /* some have none */
    assert_int_equal(page_through(c, "_count=13&_sort=-_lastUpdated,_id"), 124);
}

static void links_to_the_next_page(void **state)
{
    Ctx *c = context(state);
    import_milan(c);
    SearchTerms terms;
    SearchPage page;
    assert_done(c, search_terms_read(c, S("code=http://loinc.org|8302-2&_count=4&_total=accurate"), &terms));
    assert_done(c, fhir_search(c, S("Observation"), &terms, true, &page));
    Json *bundle = json_parse(c->arena, fhir_searchset(c, S("http://x/fhir"), S("Observation"), &page));
    int64_t total;
    assert_true(json_int(json_get(bundle, "total"), &total));
    assert_int_equal(total, 6);
    assert_int_equal(json_count(json_get(bundle, "entry")), 4);
    assert_str(json_find_str(bundle, "link[0].url"),
               "http://x/fhir/Observation?code=http:%2F%2Floinc.org%7C8302-2&_count=4&_total=accurate");
    Str next, query;
    (void)str_cut(json_find_str(bundle, "link[1].url"), '?', &query);
    next = arena_str(c->arena, query);
    assert_int_equal(matches(c, "Observation", next.p).n, 2);
}

/* ---- derived rows ---- */

static void rebuilds_the_index_as_it_was(void **state)
{
    Ctx *c = context(state);
    import_milan(c);
    Resource gone = create(c, "Patient", S("{\"resourceType\":\"Patient\",\"active\":true}"));
    assert_done(c, fhir_delete(c, S("Patient"), gone.id, STR_NONE));
    Str live = everything(c);
    assert_done(c, index_rebuild(c));
    assert_true(str_eq(everything(c), live));
}

/* Every resource is found by every token, string, reference and uri that it is indexed by. */
static void check_found_by_own_values(Ctx *c, const Resource *r)
{
    const FhirResource *definition = fhir_resource(r->type);
    DerivedRows rows = { 0 };
    index_derive(c->arena, definition, r->id, 1, json_parse(c->arena, r->body), &rows);
    static const struct {
        IndexTable table;
        size_t column;
    } exact[] = { { INDEX_TOKEN, 5 }, { INDEX_STRING, 4 }, { INDEX_REFERENCE, 5 }, { INDEX_URI, 4 } };
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        for (size_t k = 0; k < rows.tables[exact[i].table].n; k++) {
            const DbArg *row = rows.tables[exact[i].table].at[k].at;
            Str value = row[exact[i].column].text;
            if (row[3].integer != 0) /* a part of a composite is found with the others only */
                continue;
            if (!value.n || memchr(value.p, '\\', value.n) || memchr(value.p, ',', value.n) ||
                memchr(value.p, '|', value.n))
                continue;
            SearchTerm terms[] = { { row[2].text, value }, { S("_id"), r->id } };
            SearchPage page;
            assert_done(c, fhir_search(c, r->type, &(SearchTerms){ .at = terms, .n = 2 }, true, &page));
            if (page.matches.n != 1)
                fail_msg("%s/%s is not found by %s=%s", r->type.p, r->id.p, row[2].text.p, value.p);
        }
    }
}

static void finds_resources_by_their_own_values(void **state)
{
    Ctx *c = context(state);
    import_milan(c);
    Resources chart;
    assert_done(c, fhir_patient_compartment(c, S(MILAN), &chart));
    Random random = random_seeded(11);
    for (int i = 0; i < 40; i++)
        check_found_by_own_values(c, &chart.at[random_u64(&random) % chart.n]);
}

int run_search_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(finds_what_is_in_the_file),
        TEST_ON_BED(drops_an_unknown_parameter_unless_strict),
        TEST_ON_BED(finds_numbers_and_uris),
        TEST_ON_BED(sorts_what_a_patient_has),
        TEST_ON_BED(finds_ranges_by_each_prefix),
        TEST_ON_BED(finds_by_rows_that_parameters_share),
        TEST_ON_BED(finds_without_accents_and_with_escapes),
        TEST_ON_BED(knows_what_is_there_without_a_code),
        TEST_ON_BED(finds_a_canonical_with_and_without_version),
        TEST_ON_BED(sorts),
        TEST_ON_BED(pages_hold_each_match_once),
        TEST_ON_BED(links_to_the_next_page),
        TEST_ON_BED(rebuilds_the_index_as_it_was),
        TEST_ON_BED(finds_resources_by_their_own_values),
    };
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
