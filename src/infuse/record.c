#include "infuse/record.h"

#include "base/limits.h"
#include "chart/codes.h"
#include "fhir/store.h"

/* ---- pieces ---- */

static Str json_of(Ctx *c, const Buf *b)
{
    return arena_str(c->arena, buf_str(b));
}

static Buf text_buf(Ctx *c)
{
    return buf_make(c->arena, LIMIT_RESOURCE_BYTES);
}

static Str reference_to(Ctx *c, const char *type, Str id)
{
    return arena_fmt(c->arena, "%s/%.*s", type, STR_ARG(id));
}

static Str patient_reference(Ctx *c, const Session *session)
{
    return reference_to(c, "Patient", session->chart->patient_id);
}

/* {"reference":"Practitioner/...","display":"..."}; without a person behind the account the display alone. */
static Str acting_person(Ctx *c)
{
    Str display = str_empty(c->user.display) ? S("unknown") : c->user.display;
    if (str_empty(c->user.person_id))
        return json_build(c->arena, "{'display':%s}", display);
    return json_build(c->arena, "{'reference':%s,'display':%s}",
                      reference_to(c, "Practitioner", c->user.person_id), display);
}

static Str quantity(Ctx *c, Decimal value, const char *unit)
{
    return json_build(c->arena, "{'value':%n,'unit':%s,'system':'" SYSTEM_UCUM "','code':%s}",
                      decimal_plain(c->arena, value), str_from(unit), str_from(unit));
}

static Str decimal_extension(Ctx *c, const char *name, Decimal value)
{
    return json_build(c->arena, "{'url':%s,'valueDecimal':%n}", arena_fmt(c->arena, EXTENSION("%s"), name),
                      decimal_plain(c->arena, value));
}

static Str integer_extension(Ctx *c, const char *name, int64_t value)
{
    return json_build(c->arena, "{'url':%s,'valueInteger':%d}", arena_fmt(c->arena, EXTENSION("%s"), name),
                      value);
}

static Err put(Ctx *c, const char *type, Str id, Str json, FactRef *ret_fact)
{
    Resource stored;
    TRY(fhir_put(c, str_from(type), id, json, &stored));
    if (ret_fact)
        *ret_fact = (FactRef){ stored.type, stored.id, stored.version };
    return OK;
}

static Str new_id(Ctx *c)
{
    return uuid_v7(c->arena, c->random, c->now_us);
}

/* ---- the chair and the visit ---- */

static Err record_chair(Ctx *c, int64_t chair, Str *ret_id)
{
    Str id = arena_fmt(c->arena, "chair-%lld", (long long)chair);
    Resource stored;
    size_t problems = c->problems.n;
    Err e = fhir_read(c, S("Location"), id, &stored);
    *ret_id = id;
    if (e != ERR_NOT_FOUND)
        return e;
    c->problems.n = problems;
    return put(
        c, "Location", id,
        json_build(
            c->arena,
            "{'resourceType':'Location','id':%s,'identifier':[{'system':'urn:euthymia:chair','value':%s}],"
            "'status':'active','name':%s,'mode':'instance','physicalType':{'coding':[{'system':"
            "'http://terminology.hl7.org/CodeSystem/location-physical-type','code':'bd',"
            "'display':'Bed'}],'text':'Treatment chair'}}",
            id, arena_fmt(c->arena, "%lld", (long long)chair), chair_title(c->arena, chair)),
        NULL);
}

static Str encounter_json(Ctx *c, const Session *session, Str chair_id, const char *status)
{
    Str period = session->closed_us == TIME_NONE
                     ? json_build(c->arena, "{'start':%t}", session->opened_us)
                     : json_build(c->arena, "{'start':%t,'end':%t}", session->opened_us, session->closed_us);
    return json_build(
        c->arena,
        "{'resourceType':'Encounter','id':%s,'status':%s,'class':{'system':"
        "'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'AMB','display':'ambulatory'},"
        "'type':[{'text':'Ketamine infusion visit'}],'subject':{'reference':%s},'participant':"
        "[{'individual':%j}],'period':%j,'location':[{'location':{'reference':%s,'display':%s}}]}",
        session->encounter_id, str_from(status), patient_reference(c, session), acting_person(c), period,
        reference_to(c, "Location", chair_id), session->chair);
}

/* "Chair 2" -> "chair-2". */
static Str chair_id_of(Ctx *c, const Session *session)
{
    return arena_fmt(c->arena, "chair-%.*s",
                     STR_ARG(str_slice(session->chair, sizeof("Chair ") - 1, session->chair.n)));
}

/* ---- the infusion ---- */

static const char *procedure_status(const Session *session)
{
    static const char *const words[] = { [PUMP_NOT_STARTED] = "preparation",
                                         [PUMP_RUNNING] = "in-progress",
                                         [PUMP_ON_HOLD] = "on-hold",
                                         [PUMP_ENDED] = "in-progress" };
    if (session->closed_us == TIME_NONE)
        return words[pump_state(&session->pump)];
    return session_started_us(session) == TIME_NONE ? "not-done" : "completed";
}

static void add_performed(Buf *b, const Session *session)
{
    int64_t started_us = session_started_us(session), stopped_us = session_stopped_us(session);
    if (started_us == TIME_NONE)
        return;
    if (stopped_us == TIME_NONE)
        buf_json(b, ",'performedPeriod':{'start':%t}", started_us);
    else
        buf_json(b, ",'performedPeriod':{'start':%t,'end':%t}", started_us, stopped_us);
}

static void add_amounts(Ctx *c, Buf *b, const Session *session)
{
    const PumpEvent *left = pump_last(&session->pump, PUMP_VOLUME_LEFT);
    buf_json(b, ",'extension':[%j,%j,%j,%j", integer_extension(c, "infusion-number", session->number),
             decimal_extension(c, "planned-mg", session->bag.dose_mg),
             decimal_extension(c, "concentration-mg-per-ml", session->bag.concentration_mg_per_ml),
             integer_extension(c, "planned-minutes", session->bag.duration_min));
    if (session_stopped_us(session) != TIME_NONE) {
        Account account = pump_account(&session->pump, &session->segments, &session->bag, c->now_us);
        buf_json(b, ",%j,%j", decimal_extension(c, "given-mg", account.given_mg),
                 decimal_extension(c, "given-by-rate-mg", account.by_rate_mg));
    }
    if (left)
        buf_json(b, ",%j", decimal_extension(c, "volume-left-ml", left->volume_left_ml));
    buf_char(b, ']');
}

static Err record_procedure(Ctx *c, const Session *session)
{
    Buf b = text_buf(c);
    buf_json(&b, "{'resourceType':'Procedure','id':%s", session->procedure.id);
    add_amounts(c, &b, session);
    if (!str_empty(session->chart->course.care_plan.id))
        buf_json(&b, ",'basedOn':[{'reference':%s}]",
                 reference_to(c, "CarePlan", session->chart->course.care_plan.id));
    buf_json(&b,
             ",'status':%s,'code':{'text':'Ketamine "
             "infusion'},'subject':{'reference':%s},'encounter':{'reference':%s}",
             str_from(procedure_status(session)), patient_reference(c, session),
             reference_to(c, "Encounter", session->encounter_id));
    add_performed(&b, session);
    buf_char(&b, '}');
    return put(c, "Procedure", session->procedure.id, json_of(c, &b), NULL);
}

Err record_session(Ctx *c, const Chart *chart, int64_t chair, int number, Str *ret_encounter_id)
{
    const Course *course = &chart->course;
    Session session = { .chart = chart,
                        .encounter_id = new_id(c),
                        .chair = chair_title(c->arena, chair),
                        .number = number,
                        .opened_us = c->now_us,
                        .closed_us = TIME_NONE };
    session.bag = (Bag){ course->dose_mg, course->concentration_mg_per_ml, course->duration_min };
    session.procedure.id = new_id(c);
    Str chair_id;
    TRY(record_chair(c, chair, &chair_id));
    TRY(put(c, "Encounter", session.encounter_id, encounter_json(c, &session, chair_id, "in-progress"),
            NULL));
    TRY(record_procedure(c, &session));
    *ret_encounter_id = session.encounter_id;
    return OK;
}

/* ---- the pump ---- */

static Str observation_head(Ctx *c, const Session *session, Str id, const char *status, int64_t at_us,
                            int64_t entered_us)
{
    return json_build(c->arena,
                      "'resourceType':'Observation','id':%s,'status':%s,'subject':{'reference':%s},"
                      "'encounter':{'reference':%s},'effectiveDateTime':%t,'issued':%t,'performer':[%j]",
                      id, str_from(status), patient_reference(c, session),
                      reference_to(c, "Encounter", session->encounter_id), at_us, entered_us,
                      acting_person(c));
}

static void add_note(Ctx *c, Buf *b, Str text)
{
    if (!str_empty(text))
        buf_json(b, ",'note':[{'authorString':%s,'time':%t,'text':%s}]",
                 str_empty(c->user.display) ? S("unknown") : c->user.display, c->now_us, text);
}

static Str event_category(void)
{
    return S("[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/observation-category\","
             "\"code\":\"procedure\",\"display\":\"Procedure\"}]}]");
}

static Str pump_event_json(Ctx *c, const Session *session, const PumpEvent *event, const char *status,
                           Str reason)
{
    Buf b = text_buf(c);
    Str title = pump_title(event->action);
    buf_json(&b,
             "{%j,'category':%j,'code':{'coding':[{'system':'" SYSTEM_EVENT
             "','code':%s,'display':%s}],'text':%s}",
             observation_head(c, session, event->fact.id, status, event->at_us, event->entered_us),
             event_category(), pump_code(event->action), title, title);
    if (event->rate_ml_per_h.units > 0)
        buf_json(&b, ",'valueQuantity':%j", quantity(c, event->rate_ml_per_h, "mL/h"));
    else if (event->has_volume)
        buf_json(&b, ",'valueQuantity':%j", quantity(c, event->volume_left_ml, "mL"));
    add_note(c, &b, reason);
    buf_char(&b, '}');
    return json_of(c, &b);
}

/* A stretch has the id of the event that opened it, so that it is found again when the log changes. */
static Str segment_json(Ctx *c, const Session *session, const RateSegment *segment, const char *status)
{
    Buf b = text_buf(c);
    Str order_id = session->chart->course.order.id;
    buf_json(
        &b,
        "{'resourceType':'MedicationAdministration','id':%s,'partOf':[{'reference':%s}],'status':%s,"
        "'medicationCodeableConcept':{'coding':[{'system':'" SYSTEM_RXNORM "',"
        "'code':'" RXNORM_KETAMINE
        "','display':'ketamine'}],'text':'Ketamine'},'subject':{'reference':%s},'context':{'reference':%s}",
        segment->fact.id, reference_to(c, "Procedure", session->procedure.id), str_from(status),
        patient_reference(c, session), reference_to(c, "Encounter", session->encounter_id));
    if (segment->to_us == TIME_NONE)
        buf_json(&b, ",'effectivePeriod':{'start':%t}", segment->from_us);
    else
        buf_json(&b, ",'effectivePeriod':{'start':%t,'end':%t}", segment->from_us, segment->to_us);
    buf_json(&b, ",'performer':[{'actor':%j}]", acting_person(c));
    if (!str_empty(order_id))
        buf_json(&b, ",'request':{'reference':%s}", reference_to(c, "MedicationRequest", order_id));
    buf_add(&b, S(",\"dosage\":{"));
    if (segment->to_us != TIME_NONE)
        buf_json(&b, "'dose':%j,",
                 quantity(c, segment_given_mg(segment, session->bag.concentration_mg_per_ml, segment->to_us),
                          "mg"));
    buf_json(&b, "'rateQuantity':%j}}", quantity(c, segment->rate_ml_per_h, "mL/h"));
    return json_of(c, &b);
}

static const char *segment_status(const RateSegment *segment)
{
    if (segment->to_us != TIME_NONE)
        return "completed";
    return segment->rate_ml_per_h.units > 0 ? "in-progress" : "on-hold";
}

static const RateSegment *segment_opened_by(const RateSegments *segments, Str event_id)
{
    for (size_t i = 0; i < segments->n; i++)
        if (str_eq(segments->at[i].fact.id, event_id))
            return &segments->at[i];
    return NULL;
}

static bool same_segment(const RateSegment *a, const RateSegment *b)
{
    return a && a->from_us == b->from_us && a->to_us == b->to_us &&
           decimal_cmp(a->rate_ml_per_h, b->rate_ml_per_h) == 0;
}

/* Writes only the stretches that differ: those that stay as they were get no new version. */
static Err record_segments(Ctx *c, const Session *before, const Session *after)
{
    for (size_t i = 0; i < after->segments.n; i++) {
        const RateSegment *segment = &after->segments.at[i];
        if (!same_segment(segment_opened_by(&before->segments, segment->fact.id), segment))
            TRY(put(c, "MedicationAdministration", segment->fact.id,
                    segment_json(c, after, segment, segment_status(segment)), NULL));
    }
    for (size_t i = 0; i < before->segments.n; i++) {
        const RateSegment *segment = &before->segments.at[i];
        if (!segment_opened_by(&after->segments, segment->fact.id))
            TRY(put(c, "MedicationAdministration", segment->fact.id,
                    segment_json(c, after, segment, "entered-in-error"), NULL));
    }
    return OK;
}

static Err record_log(Ctx *c, const Session *session, const PumpLog *log)
{
    Session after = *session;
    after.pump = *log;
    after.segments = pump_segments(c->arena, log);
    TRY(record_segments(c, session, &after));
    return record_procedure(c, &after);
}

Err record_pump_event(Ctx *c, const Session *session, PumpEvent *event)
{
    event->fact.id = new_id(c);
    TRY(put(c, "Observation", event->fact.id, pump_event_json(c, session, event, "final", STR_NONE),
            &event->fact));
    PumpLog log = { 0 };
    for (size_t i = 0; i < session->pump.n; i++)
        pump_insert(c->arena, &log, session->pump.at[i]);
    pump_insert(c->arena, &log, *event);
    return record_log(c, session, &log);
}

Err record_pump_correction(Ctx *c, const Session *session, const PumpLog *log, const PumpEvent *event,
                           bool withdrawn, Str reason)
{
    const char *status = withdrawn ? "entered-in-error" : "corrected";
    TRY(put(c, "Observation", event->fact.id, pump_event_json(c, session, event, status, reason), NULL));
    return record_log(c, session, log);
}

/* ---- events and readings ---- */

static Str event_json(Ctx *c, const Session *session, const SessionEvent *event, const char *status,
                      Str reason)
{
    Buf b = text_buf(c);
    buf_json(&b,
             "{%j,'category':%j,'code':{'coding':[{'system':'" SYSTEM_EVENT
             "','code':%s,'display':%s}],'text':%s}",
             observation_head(c, session, event->fact.id, status, event->at_us, event->entered_us),
             event_category(), event->code, event->title, event->title);
    if (!str_empty(event->note))
        buf_json(&b, ",'valueString':%s", event->note);
    add_note(c, &b, reason);
    buf_char(&b, '}');
    return json_of(c, &b);
}

Err record_event(Ctx *c, const Session *session, Str code, Str title, Str note, int64_t at_us, Str *ret_id)
{
    SessionEvent event = { code, title, note, at_us, c->now_us, STR_NONE, { .id = new_id(c) } };
    TRY(put(c, "Observation", event.fact.id, event_json(c, session, &event, "final", STR_NONE), NULL));
    *ret_id = event.fact.id;
    return OK;
}

Err record_event_withdrawal(Ctx *c, const Session *session, const SessionEvent *event, Str reason)
{
    return put(c, "Observation", event->fact.id, event_json(c, session, event, "entered-in-error", reason),
               NULL);
}

/* How each measure stands in an Observation. Vital signs have LOINC codes and a unit, scales a code of ours.
 */
static const struct {
    const char *system, *code, *title, *unit; /* unit NULL: an integer without one */
} CODES[MEASURE_MAX] = {
    [MEASURE_PRESSURE_MMHG] = { SYSTEM_LOINC, LOINC_PRESSURE_PANEL, "Blood pressure", "mm[Hg]" },
    [MEASURE_HEART_RATE_PER_MIN] = { SYSTEM_LOINC, LOINC_HEART_RATE, "Heart rate", "/min" },
    [MEASURE_SPO2_PERCENT] = { SYSTEM_LOINC, LOINC_SPO2, "Oxygen saturation", "%" },
    [MEASURE_BREATHS_PER_MIN] = { SYSTEM_LOINC, LOINC_BREATHS, "Respiratory rate", "/min" },
    [MEASURE_DISSOCIATION_0_10] = { SYSTEM_SCALE, "dissociation-0-10", "Dissociation 0-10", NULL },
    [MEASURE_DISTRESS_0_10] = { SYSTEM_SCALE, "distress-0-10", "Distress 0-10", NULL },
    [MEASURE_NAUSEA_0_10] = { SYSTEM_SCALE, "nausea-0-10", "Nausea 0-10", NULL },
    [MEASURE_MOAAS_0_5] = { SYSTEM_SCALE, "moaas-0-5", "MOAA/S 0-5", NULL },
};

static Str pressure_component(Ctx *c, const char *code, const char *title, Decimal value)
{
    return json_build(c->arena,
                      "{'code':{'coding':[{'system':'" SYSTEM_LOINC
                      "','code':%s,'display':%s}]},'valueQuantity':%j}",
                      str_from(code), str_from(title), quantity(c, value, "mm[Hg]"));
}

static void add_values(Ctx *c, Buf *b, Measure measure, Decimal value, Decimal diastolic)
{
    if (measure == MEASURE_PRESSURE_MMHG)
        buf_json(b, ",'component':[%j,%j]",
                 pressure_component(c, LOINC_SYSTOLIC, "Systolic blood pressure", value),
                 pressure_component(c, LOINC_DIASTOLIC, "Diastolic blood pressure", diastolic));
    else if (CODES[measure].unit)
        buf_json(b, ",'valueQuantity':%j", quantity(c, value, CODES[measure].unit));
    else
        buf_json(b, ",'valueInteger':%d", decimal_truncate(value, 0).units);
}

static Str reading_json(Ctx *c, const Session *session, const Reading *reading, Decimal value,
                        Decimal diastolic, const char *status, Str reason)
{
    Buf b = text_buf(c);
    Measure m = reading->measure;
    buf_json(&b,
             "{%j,'category':[{'coding':[{'system':'" SYSTEM_CATEGORY
             "','code':%s}]}],'code':{'coding':[{'system':%s,'code':%s,'display':%s}],'text':%s},"
             "'method':{'coding':[{'system':'" SYSTEM_MEASURED "','code':'clinic'}]}",
             observation_head(c, session, reading->fact.id, status, reading->at_us, reading->entered_us),
             CODES[m].unit ? S("vital-signs") : S("survey"), str_from(CODES[m].system),
             str_from(CODES[m].code), str_from(CODES[m].title), str_from(CODES[m].title));
    add_values(c, &b, m, value, diastolic);
    add_note(c, &b, reason);
    buf_char(&b, '}');
    return json_of(c, &b);
}

Err record_reading(Ctx *c, const Session *session, Measure measure, Decimal value, Decimal diastolic,
                   int64_t at_us, Str *ret_id)
{
    Reading reading = {
        .measure = measure, .at_us = at_us, .entered_us = c->now_us, .fact = { .id = new_id(c) }
    };
    TRY(put(c, "Observation", reading.fact.id,
            reading_json(c, session, &reading, value, diastolic, "final", STR_NONE), NULL));
    *ret_id = reading.fact.id;
    return OK;
}

Err record_reading_correction(Ctx *c, const Session *session, const Reading *reading, Decimal value,
                              Decimal diastolic, bool withdrawn, Str reason)
{
    const char *status = withdrawn ? "entered-in-error" : "corrected";
    return put(c, "Observation", reading->fact.id,
               reading_json(c, session, reading, value, diastolic, status, reason), NULL);
}

/* ---- alarms ---- */

static void add_implicated(Ctx *c, Buf *b, const Session *session, const Alarm *alarm)
{
    const Reading *last = session_latest(session, MEASURE_PRESSURE_MMHG);
    if (str_is(alarm->rule_id, "EU-I-001") && last)
        buf_json(b, ",'implicated':[{'reference':%s}]", reference_to(c, "Observation", last->fact.id));
}

static void add_mitigations(Buf *b, const AlarmRecord *record, Str newest)
{
    size_t n = record ? record->acknowledgements.n : 0;
    if (n == 0 && str_empty(newest))
        return;
    buf_add(b, S(",\"mitigation\":["));
    for (size_t i = 0; i < n; i++)
        buf_json(b, i ? ",%j" : "%j", record->acknowledgements.at[i].stored);
    if (!str_empty(newest))
        buf_json(b, n ? ",%j" : "%j", newest);
    buf_char(b, ']');
}

static Str severity_word(Priority priority)
{
    return priority == PRIORITY_MEDIUM ? S("moderate") : priority_word(priority);
}

static Err put_alarm(Ctx *c, const Session *session, const Alarm *alarm, const char *status, Str mitigation)
{
    Buf b = text_buf(c);
    Str id = alarm->record ? alarm->record->fact.id : new_id(c);
    int64_t onset_us = alarm->record ? alarm->record->onset_us : alarm->onset_us;
    buf_json(&b,
             "{'resourceType':'DetectedIssue','id':%s,'status':%s,'code':{'coding':[{'system':'" SYSTEM_RULE
             "',"
             "'code':%s}],'text':%s},'severity':%s,'patient':{'reference':%s},'identifiedDateTime':%t",
             id, str_from(status), alarm->rule_id, alarm->title, severity_word(alarm->priority),
             patient_reference(c, session), onset_us);
    add_implicated(c, &b, session, alarm);
    buf_json(&b, ",'detail':%s", alarm->detail);
    add_mitigations(&b, alarm->record, mitigation);
    buf_char(&b, '}');
    return put(c, "DetectedIssue", id, json_of(c, &b), NULL);
}

static bool still_alarms(const Alarms *alarms, const AlarmRecord *record)
{
    for (size_t i = 0; i < alarms->n; i++)
        if (alarms->at[i].record == record)
            return true;
    return false;
}

/* The stored text stays as it was: only its status says that the cause has gone. */
static Err close_alarm(Ctx *c, const AlarmRecord *record)
{
    Resource stored;
    TRY(fhir_read(c, S("DetectedIssue"), record->fact.id, &stored));
    Str open = S("\"status\":\"preliminary\"");
    for (size_t i = 0; i + open.n <= stored.body.n; i++)
        if (str_eq(str_slice(stored.body, i, i + open.n), open))
            return put(c, "DetectedIssue", record->fact.id,
                       arena_fmt(c->arena, "%.*s\"status\":\"final\"%.*s",
                                 STR_ARG(str_slice(stored.body, 0, i)),
                                 STR_ARG(str_slice(stored.body, i + open.n, stored.body.n))),
                       NULL);
    return OK;
}

Err record_alarms(Ctx *c, const Session *session, const Alarms *alarms)
{
    for (size_t i = 0; i < alarms->n; i++)
        if (!alarms->at[i].record)
            TRY(put_alarm(c, session, &alarms->at[i], "preliminary", STR_NONE));
    for (size_t i = 0; i < session->alarms.n; i++)
        if (!session->alarms.at[i].over && !still_alarms(alarms, &session->alarms.at[i]))
            TRY(close_alarm(c, &session->alarms.at[i]));
    return OK;
}

Err record_acknowledgement(Ctx *c, const Session *session, const Alarm *alarm, Str action, Str text)
{
    Str mitigation =
        json_build(c->arena,
                   "{'action':{'coding':[{'system':'urn:euthymia:alarm-action','code':%s}],'text':%s},"
                   "'date':%t,'author':%j}",
                   action, text, c->now_us, acting_person(c));
    return put_alarm(c, session, alarm, "preliminary", mitigation);
}

/* ---- the end ---- */

Err record_end(Ctx *c, const Session *session, const Account *account)
{
    Session ended = *session;
    Str ignored_id;
    ended.closed_us = c->now_us;
    Str note = arena_fmt(c->arena, "%.*s mg given", STR_ARG(decimal_plain(c->arena, account->given_mg)));
    TRY(record_event(c, session, S("session-ended"), S("Session ended"), note, c->now_us, &ignored_id));
    TRY(record_procedure(c, &ended));
    return put(c, "Encounter", session->encounter_id,
               encounter_json(c, &ended, chair_id_of(c, session), "finished"), NULL);
}
