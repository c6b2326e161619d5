#include "chart/chart.h"

#include "chart/read.h"
#include "fhir/search.h"
#include "fhir/store.h"

/* One row a type that a chart is made of; the rest of the compartment is passed over unparsed. reader NULL:
 * read when all are known (course.c). */
static const struct {
    const char *type;
    void (*reader)(const Source *from, Chart *chart);
} readers[] = {
    { "AllergyIntolerance", read_allergy },
    { "CarePlan", NULL },
    { "Condition", read_condition },
    { "DetectedIssue", read_detected_issue },
    { "MedicationAdministration", NULL },
    { "MedicationRequest", read_medication_request },
    { "MedicationStatement", read_medication_statement },
    { "Observation", read_observation },
    { "Patient", read_patient },
    { "Procedure", NULL },
    { "QuestionnaireResponse", read_response },
};

static void read_resource(Ctx *c, const Resource *resource, Sources *all, Chart *chart)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (!str_is(resource->type, readers[i].type))
            continue;
        Source from = { .c = c,
                        .fact = { resource->type, resource->id, resource->version },
                        .updated_us = resource->updated_us,
                        .json = json_parse(c->arena, resource->body) };
        *list_add(c->arena, all) = from;
        if (readers[i].reader)
            readers[i].reader(&from, chart);
    }
}

static Chart empty_chart(Ctx *c, Str patient_id)
{
    return (Chart){ .patient_id = patient_id,
                    .birth_us = TIME_NONE,
                    .deceased_us = TIME_NONE,
                    .eligibility = { .at_us = TIME_NONE },
                    .course = { .signed_us = TIME_NONE },
                    .loaded_us = c->now_us };
}

/* R4 has GuidanceResponse in no compartment: the newest one is asked for. */
static Err read_evaluation(Ctx *c, Str patient_id, Chart *chart)
{
    SearchTerm terms[] = { { S("patient"), arena_fmt(c->arena, "Patient/%.*s", STR_ARG(patient_id)) },
                           { S("_sort"), S("-_lastUpdated") },
                           { S("_count"), S("1") } };
    SearchPage found;
    TRY(fhir_search(c, S("GuidanceResponse"), &(SearchTerms){ .at = terms, .n = 3 }, true, &found));
    for (size_t i = 0; i < found.matches.n; i++) {
        const Resource *resource = &found.matches.at[i];
        Source from = { .c = c,
                        .fact = { resource->type, resource->id, resource->version },
                        .updated_us = resource->updated_us,
                        .json = json_parse(c->arena, resource->body) };
        read_guidance(&from, chart);
    }
    return OK;
}

Err chart_load(Ctx *c, Str patient_id, Chart *ret_chart)
{
    Chart chart = empty_chart(c, patient_id);
    Resources resources = { 0 };
    Sources all = { 0 };
    TRY(fhir_patient_compartment(c, patient_id, &resources));
    for (size_t i = 0; i < resources.n; i++)
        read_resource(c, &resources.at[i], &all, &chart);
    if (!chart.patient.type.p) { /* says whether there never was one or whether it was deleted */
        Resource patient;
        TRY(fhir_read(c, S("Patient"), patient_id, &patient));
        return problem(c, ERR_INTERNAL, S("Patient"), "the patient is not in the compartment's index");
    }
    sort_readings(c->arena, &chart);
    sort_facts(&chart);
    read_course(c->arena, &all, &chart);
    read_infusions(c->arena, &all, &chart);
    sort_scores(&chart);
    TRY(read_evaluation(c, patient_id, &chart));
    read_eligibility(&all, &chart);
    const Fact *asked = chart_fact(&chart, "allergies-asked", TIME_NONE);
    chart.allergies_asked |= asked && str_is(asked->value, "yes");
    *ret_chart = chart;
    return OK;
}
