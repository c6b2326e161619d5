#include "infuse/session.h"

#include "chart/codes.h"
#include "fhir/search.h"
#include "fhir/store.h"

Str chair_title(Arena *a, int64_t chair)
{
    return arena_fmt(a, "Chair %lld", (long long)chair);
}

/* ---- reading resources ---- */

static int64_t time_at(Json *resource, const char *path)
{
    TimeRange range;
    return time_parse(json_find_str(resource, path), &range) ? range.from_us : TIME_NONE;
}

/* "Patient/1" -> "1". */
static Str reference_id(Json *resource, const char *path)
{
    Str rest, reference = json_find_str(resource, path);
    (void)str_cut(reference, '/', &rest);
    return rest;
}

static Json *extension(Json *resource, const char *url)
{
    Json *list = json_get(resource, "extension");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "url"), url))
            return json_at(list, i);
    return NULL;
}

static Decimal decimal_extension(Ctx *c, Json *resource, const char *url)
{
    Decimal value = { 0, 0 };
    (void)decimal_parse(json_number_text(c->arena, json_get(extension(resource, url), "valueDecimal")),
                        &value);
    return value;
}

static int64_t integer_extension(Json *resource, const char *url)
{
    int64_t value = 0;
    (void)json_int(json_get(extension(resource, url), "valueInteger"), &value);
    return value;
}

/* The code of that system; absent where the concept has none. */
static Str code_in(Json *concept, const char *system)
{
    Json *list = json_get(concept, "coding");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "system"), system))
            return json_find_str(json_at(list, i), "code");
    return STR_NONE;
}

static FactRef fact_of(const Resource *resource)
{
    return (FactRef){ resource->type, resource->id, resource->version };
}

/* At most three terms; an absent name ends them. */
static Err find(Ctx *c, Str type, const SearchTerm *terms, size_t n, Resources *ret_found)
{
    SearchTerms asked = { 0 };
    for (size_t i = 0; i < n; i++)
        *list_add(c->arena, &asked) = terms[i];
    *list_add(c->arena, &asked) = (SearchTerm){ S("_count"), S("1000") };
    SearchPage page;
    TRY(fhir_search(c, type, &asked, true, &page));
    *ret_found = page.matches;
    return OK;
}
#define FIND(c, type, ret_found, ...)                                                                        \
    find((c), S(type), (const SearchTerm[]){ __VA_ARGS__ },                                                  \
         sizeof((const SearchTerm[]){ __VA_ARGS__ }) / sizeof(SearchTerm), (ret_found))

static Str encounter_reference(Ctx *c, Str encounter_id)
{
    return arena_fmt(c->arena, "Encounter/%.*s", STR_ARG(encounter_id));
}

/* ---- events ---- */

static Str quantity_text(Ctx *c, Json *resource)
{
    return json_number_text(c->arena, json_find(resource, "valueQuantity.value"));
}

static void add_pump_event(Ctx *c, Session *session, PumpAction action, Json *json, const Resource *resource)
{
    PumpEvent event = {
        .action = action,
        .at_us = time_at(json, "effectiveDateTime"),
        .entered_us = time_at(json, "issued"),
        .by = json_find_str(json, "performer[0].display"),
        .fact = fact_of(resource),
    };
    bool is_rate = str_is(json_find_str(json, "valueQuantity.code"), "mL/h");
    if (is_rate)
        (void)decimal_parse(quantity_text(c, json), &event.rate_ml_per_h);
    else
        event.has_volume = decimal_parse(quantity_text(c, json), &event.volume_left_ml);
    pump_insert(c->arena, &session->pump, event);
}

static void add_event(Ctx *c, Session *session, Json *json, const Resource *resource, Str code)
{
    *list_add(c->arena, &session->events) = (SessionEvent){
        .code = code,
        .title = json_find_str(json, "code.text"),
        .note = json_find_str(json, "valueString"),
        .at_us = time_at(json, "effectiveDateTime"),
        .entered_us = time_at(json, "issued"),
        .by = json_find_str(json, "performer[0].display"),
        .fact = fact_of(resource),
    };
}

static Err load_events(Ctx *c, Session *session)
{
    Resources found;
    TRY(FIND(c, "Observation", &found, { S("encounter"), encounter_reference(c, session->encounter_id) },
             { S("code"), S(SYSTEM_EVENT "|") }, { S("_sort"), S("date") }));
    for (size_t i = 0; i < found.n; i++) {
        Json *json = json_parse(c->arena, found.at[i].body);
        Str code = code_in(json_get(json, "code"), SYSTEM_EVENT);
        if (str_empty(code) || str_is(json_find_str(json, "status"), "entered-in-error"))
            continue;
        PumpAction action = pump_action(code);
        if (action != PUMP_ACTION_MAX)
            add_pump_event(c, session, action, json, &found.at[i]);
        else
            add_event(c, session, json, &found.at[i], code);
    }
    session->segments = pump_segments(c->arena, &session->pump);
    return OK;
}

/* ---- readings ---- */

static void take_readings(Ctx *c, Session *session)
{
    for (Measure m = 0; m < MEASURE_MAX; m++) {
        const Readings *all = &session->chart->readings[m];
        for (size_t i = 0; i < all->n; i++)
            if (str_eq(all->at[i].encounter_id, session->encounter_id))
                *list_add(c->arena, &session->readings[m]) = all->at[i];
    }
}

/* ---- alarms ---- */

static void add_alarm(Ctx *c, Session *session, Json *json, const Resource *resource)
{
    AlarmRecord record = {
        .rule_id = code_in(json_get(json, "code"), SYSTEM_RULE),
        .onset_us = time_at(json, "identifiedDateTime"),
        .over = str_is(json_find_str(json, "status"), "final"),
        .fact = fact_of(resource),
    };
    Json *mitigations = json_get(json, "mitigation");
    for (size_t i = 0; i < json_count(mitigations); i++) {
        Json *mitigation = json_at(mitigations, i);
        *list_add(c->arena, &record.acknowledgements) = (Acknowledgement){
            .action = code_in(json_get(mitigation, "action"), "urn:euthymia:alarm-action"),
            .text = json_find_str(mitigation, "action.text"),
            .by = json_find_str(mitigation, "author.display"),
            .at_us = time_at(mitigation, "date"),
            .stored = json_text(c->arena, mitigation),
        };
    }
    *list_add(c->arena, &session->alarms) = record;
}

static Err load_alarms(Ctx *c, Session *session)
{
    Resources found;
    TRY(FIND(c, "DetectedIssue", &found, { S("patient"), session->chart->patient_id },
             { S("code"), S(SYSTEM_RULE "|") }, { S("_sort"), S("identified") }));
    for (size_t i = 0; i < found.n; i++) {
        Json *json = json_parse(c->arena, found.at[i].body);
        bool is_ours = str_starts(code_in(json_get(json, "code"), SYSTEM_RULE), S("EU-I-")) &&
                       time_at(json, "identifiedDateTime") >= session->opened_us;
        if (is_ours)
            add_alarm(c, session, json, &found.at[i]);
    }
    return OK;
}

/* ---- the visit ---- */

static void read_procedure(Ctx *c, Session *session, Json *procedure)
{
    session->number = (int)integer_extension(procedure, EXTENSION("infusion-number"));
    session->bag = (Bag){
        .dose_mg = decimal_extension(c, procedure, EXTENSION("planned-mg")),
        .concentration_mg_per_ml = decimal_extension(c, procedure, EXTENSION("concentration-mg-per-ml")),
        .duration_min = (int32_t)integer_extension(procedure, EXTENSION("planned-minutes")),
    };
}

static Err load_procedure(Ctx *c, Session *session)
{
    Resources found;
    TRY(FIND(c, "Procedure", &found, { S("encounter"), encounter_reference(c, session->encounter_id) }));
    for (size_t i = 0; i < found.n && !session->procedure.id.p; i++) {
        Json *procedure = json_parse(c->arena, found.at[i].body);
        if (!extension(procedure, EXTENSION("planned-mg")))
            continue;
        session->procedure = fact_of(&found.at[i]);
        read_procedure(c, session, procedure);
    }
    bool is_whole = session->bag.dose_mg.units > 0 && session->bag.concentration_mg_per_ml.units > 0 &&
                    session->bag.duration_min > 0;
    if (!is_whole)
        return problem(c, ERR_NOT_FOUND, S("Encounter"), "this visit has no infusion");
    return OK;
}

static void read_encounter(Session *session, Json *encounter)
{
    session->encounter_status = json_find_str(encounter, "status");
    session->chair = json_find_str(encounter, "location[0].location.display");
    session->opened_us = time_at(encounter, "period.start");
    session->closed_us =
        str_is(session->encounter_status, "finished") ? time_at(encounter, "period.end") : TIME_NONE;
}

Err session_load(Ctx *c, Str encounter_id, Session *ret_session)
{
    Resource resource;
    TRY(fhir_read(c, S("Encounter"), encounter_id, &resource));
    Json *encounter = json_parse(c->arena, resource.body);
    Str patient_id = reference_id(encounter, "subject.reference");
    if (str_empty(patient_id))
        return problem(c, ERR_NOT_FOUND, S("Encounter.subject"), "this visit names no patient");
    Chart *chart = arena_new(c->arena, Chart, 1);
    TRY(chart_load(c, patient_id, chart));
    Session session = { .chart = chart, .encounter_id = resource.id, .encounter = fact_of(&resource) };
    read_encounter(&session, encounter);
    TRY(load_procedure(c, &session));
    TRY(load_events(c, &session));
    TRY(load_alarms(c, &session));
    take_readings(c, &session);
    *ret_session = session;
    return OK;
}

/* ---- the chairs ---- */

Err open_visits(Ctx *c, OpenVisits *ret_visits)
{
    Resources found;
    OpenVisits visits = { 0 };
    TRY(FIND(c, "Encounter", &found, { S("status"), S("in-progress") }, { S("class"), S("AMB") }));
    for (size_t i = 0; i < found.n; i++) {
        Json *encounter = json_parse(c->arena, found.at[i].body);
        Str location_id = reference_id(encounter, "location[0].location.reference");
        if (str_starts(location_id, S("chair-")))
            *list_add(c->arena, &visits) = (OpenVisit){
                .encounter_id = found.at[i].id,
                .patient_id = reference_id(encounter, "subject.reference"),
                .chair = json_find_str(encounter, "location[0].location.display"),
            };
    }
    *ret_visits = visits;
    return OK;
}
