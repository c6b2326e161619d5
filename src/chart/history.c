#include "chart/codes.h"
#include "chart/read.h"

void read_patient(const Source *from, Chart *chart)
{
    Json *json = from->json;
    Arena *a = from->c->arena;
    chart->patient = from->fact;
    chart->family = json_find_str(json, "name[0].family");
    chart->given = json_find_str(json, "name[0].given[0]");
    Str text = json_find_str(json, "name[0].text");
    Str joined = str_trim(arena_fmt(a, "%.*s %.*s", STR_ARG(chart->given), STR_ARG(chart->family)));
    chart->name = joined.n ? joined : text;
    chart->sex = json_find_str(json, "gender");
    chart->birth_us = time_at(json, "birthDate");
    chart->deceased_us = time_at(json, "deceasedDateTime");
    chart->deceased = json_get(json, "deceasedDateTime") || json_true(json_get(json, "deceasedBoolean"));
    Json *identifiers = json_get(json, "identifier");
    for (size_t i = 0; i < json_count(identifiers); i++)
        if (str_is(concept_code(json_get(json_at(identifiers, i), "type"), SYSTEM_IDENTIFIER_TYPE), "MR"))
            chart->mrn = json_find_str(json_at(identifiers, i), "value");
}

/* ---- conditions, medicines, allergies ---- */

static bool refuted(Json *json)
{
    Str word = json_find_str(json, "verificationStatus.coding[0].code");
    return str_is(word, "refuted") || str_is(word, "entered-in-error");
}

/* A condition without a clinical status stands until somebody says that it ended. */
static bool condition_active(Json *json)
{
    Str word = concept_code(json_get(json, "clinicalStatus"), SYSTEM_CONDITION_CLINICAL);
    if (!word.p)
        return time_of(json, "abatement") == TIME_NONE;
    return str_is(word, "active") || str_is(word, "recurrence") || str_is(word, "relapse");
}

void read_condition(const Source *from, Chart *chart)
{
    if (refuted(from->json))
        return;
    Json *code = json_get(from->json, "code");
    *list_add(from->c->arena, &chart->diagnoses) =
        (Diagnosis){ .text = concept_text(code),
                     .system = json_find_str(code, "coding[0].system"),
                     .code = json_find_str(code, "coding[0].code"),
                     .active = condition_active(from->json),
                     .onset_us = time_of(from->json, "onset"),
                     .fact = from->fact };
}

static void add_medicine(const Source *from, Chart *chart, int64_t from_us)
{
    Json *code = json_get(from->json, "medicationCodeableConcept");
    *list_add(from->c->arena, &chart->medicines) =
        (Medicine){ .text = concept_text(code),
                    .system = json_find_str(code, "coding[0].system"),
                    .code = json_find_str(code, "coding[0].code"),
                    .active = str_is(json_find_str(from->json, "status"), "active"),
                    .from_us = from_us,
                    .fact = from->fact };
}

/* The clinic's own orders of ketamine are the course, not a medicine that the patient takes. */
void read_medication_request(const Source *from, Chart *chart)
{
    bool ours = extension_of(from->json, EXTENSION("concentration-mg-per-ml")) != NULL;
    if (!ours && !str_is(json_find_str(from->json, "status"), "entered-in-error"))
        add_medicine(from, chart, time_at(from->json, "authoredOn"));
}

void read_allergy(const Source *from, Chart *chart)
{
    if (refuted(from->json))
        return;
    chart->allergies_asked = true;
    Str clinical = json_find_str(from->json, "clinicalStatus.coding[0].code");
    *list_add(from->c->arena, &chart->allergies) =
        (Allergy){ .text = concept_text(json_get(from->json, "code")),
                   .active = !clinical.p || str_is(clinical, "active"),
                   .fact = from->fact };
}

/* ---- trials ---- */

static double number_or_unknown(Json *number)
{
    double value;
    return json_number(number, &value) ? value : -1;
}

static double extension_number(Json *json, const char *url)
{
    return number_or_unknown(json_get(extension_of(json, url), "valueDecimal"));
}

static double dose_mg(Json *json)
{
    Json *quantity = json_find(json, "dosage[0].doseAndRate[0].doseQuantity");
    return str_is(json_find_str(quantity, "code"), "mg") ? number_or_unknown(json_get(quantity, "value"))
                                                         : -1;
}

static void add_trial(const Source *from, Chart *chart)
{
    Json *json = from->json, *current = extension_of(json, EXTENSION("trial-current-episode"));
    *list_add(from->c->arena, &chart->trials) =
        (Trial){ .drug = json_find_str(json, "medicationCodeableConcept.text"),
                 .peak_mg_per_day = dose_mg(json),
                 .weeks_at_dose = extension_number(json, EXTENSION("trial-weeks")),
                 .adherence_percent = extension_number(json, EXTENSION("trial-adherence-percent")),
                 .improvement_percent = extension_number(json, EXTENSION("trial-improvement-percent")),
                 .from_us = time_at(json, "effectivePeriod.start"),
                 .to_us = time_at(json, "effectivePeriod.end"),
                 .current_episode = json_true(json_get(current, "valueBoolean")),
                 .reason_stopped = json_find_str(json, "statusReason[0].text"),
                 .source = json_find_str(json, "informationSource.display"),
                 .fact = from->fact };
}

void read_medication_statement(const Source *from, Chart *chart)
{
    if (str_is(json_find_str(from->json, "status"), "entered-in-error"))
        return;
    if (str_is(json_find_str(from->json, "category.text"), "antidepressant-trial"))
        add_trial(from, chart);
    else
        add_medicine(from, chart, time_of(from->json, "effective"));
}
