#include "infuse/show.h"

/* ---- words ---- */

Str pump_state_word(PumpState state)
{
    static const char *const words[] = { "not-started", "running", "paused", "stopped" };
    return str_from(words[state]);
}

Str phase_word(Phase phase)
{
    static const char *const words[] = { "prepare", "infuse", "recover", "home" };
    return str_from(words[phase]);
}

Str measure_word(Measure measure)
{
    static const char *const words[MEASURE_MAX] = {
        [MEASURE_WEIGHT_KG] = "weight",
        [MEASURE_HEIGHT_CM] = "height",
        [MEASURE_PRESSURE_MMHG] = "pressure",
        [MEASURE_HEART_RATE_PER_MIN] = "heart-rate",
        [MEASURE_SPO2_PERCENT] = "spo2",
        [MEASURE_BREATHS_PER_MIN] = "breaths",
        [MEASURE_DISSOCIATION_0_10] = "dissociation",
        [MEASURE_DISTRESS_0_10] = "distress",
        [MEASURE_NAUSEA_0_10] = "nausea",
        [MEASURE_MOAAS_0_5] = "moaas",
    };
    return words[measure] ? str_from(words[measure]) : STR_NONE;
}

Str alarm_id(Arena *a, const Alarm *alarm)
{
    return arena_fmt(a, "%.*s.%lld", STR_ARG(alarm->rule_id), (long long)(alarm->onset_us / 1000));
}

static Arena *arena_of(const Params *out)
{
    return out->buf.arena;
}

static void show_seconds(Params *out, const char *name, int64_t us)
{
    params_int(out, name, us / US_PER_S);
}

/* ---- who ---- */

static Str allergies_text(Arena *a, const Chart *chart)
{
    Buf b = buf_make(a, 4096);
    for (size_t i = 0; i < chart->allergies.n; i++)
        if (chart->allergies.at[i].active)
            buf_fmt(&b, "%s%.*s", b.n ? ", " : "", STR_ARG(chart->allergies.at[i].text));
    if (b.n)
        return buf_str(&b);
    return chart->allergies_asked ? S("no allergies") : S("allergies not asked");
}

static void show_identity(Params *out, const Session *session, int64_t now_us)
{
    const Chart *chart = session->chart;
    const Reading *weight = chart_latest(chart, MEASURE_WEIGHT_KG, INT64_MIN);
    params_string(out, "patient", chart->patient_id);
    params_string(out, "name", chart->name);
    params_string(out, "mrn", chart->mrn);
    params_string(out, "sex", chart->sex);
    if (chart->birth_us != TIME_NONE) {
        params_string(out, "birth-date", str_slice(time_instant(arena_of(out), chart->birth_us), 0, 10));
        params_int(out, "age-years", time_age_years(chart->birth_us, now_us));
    }
    if (weight) {
        params_string(out, "weight", reading_text(arena_of(out), weight));
        params_instant(out, "weight-at", weight->at_us);
    }
    params_string(out, "allergies", allergies_text(arena_of(out), chart));
    params_bool(out, "deceased", chart->deceased);
}

static void show_place(Params *out, const Session *session)
{
    params_string(out, "encounter", session->encounter_id);
    params_string(out, "procedure", session->procedure.id);
    params_string(out, "chair", session->chair);
    params_int(out, "number", session->number);
    params_int(out, "planned-infusions", session->chart->course.infusions_planned);
    params_code(out, "phase", phase_word(session_phase(session)));
    params_code(out, "pump-state", pump_state_word(pump_state(&session->pump)));
    params_instant(out, "opened", session->opened_us);
    params_instant(out, "started", session_started_us(session));
    params_instant(out, "stopped", session_stopped_us(session));
    params_instant(out, "closed", session->closed_us);
}

/* ---- the plan and what was given ---- */

static void show_plan(Params *out, const Session *session)
{
    const Bag *bag = &session->bag;
    params_open(out, "plan");
    params_string(out, "protocol", session->chart->course.protocol);
    params_decimal(out, "dose-mg", bag->dose_mg);
    params_decimal(out, "concentration-mg-per-ml", bag->concentration_mg_per_ml);
    params_decimal(out, "volume-ml", bag_volume_ml(bag));
    params_decimal(out, "rate-ml-per-h", bag_rate_ml_per_h(bag));
    params_int(out, "minutes", bag->duration_min);
    params_string(out, "signed-by", session->chart->course.signed_by);
    params_instant(out, "signed-at", session->chart->course.signed_us);
    params_close(out);
}

static void show_account(Params *out, const Session *session, int64_t now_us)
{
    Account account = pump_account(&session->pump, &session->segments, &session->bag, now_us);
    params_decimal(out, "given-mg", account.given_mg);
    params_decimal(out, "given-by-rate-mg", account.by_rate_mg);
    params_decimal(out, "given-ml", pump_given_ml(&session->segments, now_us));
    if (account.has_volume) {
        params_decimal(out, "given-by-volume-mg", account.by_volume_mg);
        params_decimal(out, "difference-mg", account.difference_mg);
    }
}

static void show_pump(Params *out, const Session *session, int64_t now_us)
{
    Decimal rate = pump_rate_ml_per_h(&session->pump);
    int64_t left_us = pump_time_left_us(&session->bag, &session->segments, rate, now_us);
    params_decimal(out, "rate-ml-per-h", rate);
    params_decimal(out, "rate-mg-per-min", rate_mg_per_min(rate, session->bag.concentration_mg_per_ml));
    if (left_us >= 0) {
        show_seconds(out, "time-left-s", left_us);
        params_instant(out, "ends-at", now_us + left_us);
    }
}

static void show_segments(Params *out, const Session *session, int64_t now_us)
{
    for (size_t i = 0; i < session->segments.n; i++) {
        const RateSegment *segment = &session->segments.at[i];
        params_open(out, "segment");
        params_instant(out, "from", segment->from_us);
        params_instant(out, "to", segment->to_us);
        params_decimal(out, "rate-ml-per-h", segment->rate_ml_per_h);
        params_decimal(out, "mg", segment_given_mg(segment, session->bag.concentration_mg_per_ml, now_us));
        params_close(out);
    }
}

static void show_pump_events(Params *out, const Session *session, const InfuseLimits *limits)
{
    for (size_t i = 0; i < session->pump.n; i++) {
        const PumpEvent *event = &session->pump.at[i];
        params_open(out, "pump-event");
        params_string(out, "id", event->fact.id);
        params_code(out, "code", pump_code(event->action));
        params_string(out, "title", pump_title(event->action));
        params_instant(out, "at", event->at_us);
        params_instant(out, "entered", event->entered_us);
        params_bool(out, "late", event->entered_us - event->at_us > limits->entry_late_us);
        params_bool(out, "corrected", event->fact.version > 1);
        params_string(out, "by", event->by);
        if (event->rate_ml_per_h.units > 0)
            params_decimal(out, "rate-ml-per-h", event->rate_ml_per_h);
        if (event->has_volume)
            params_decimal(out, "volume-left-ml", event->volume_left_ml);
        params_close(out);
    }
}

/* ---- what was seen ---- */

static void show_reading(Params *out, const Session *session, const Reading *reading,
                         const InfuseLimits *limits)
{
    params_open(out, "reading");
    params_string(out, "id", reading->fact.id);
    params_code(out, "measure", measure_word(reading->measure));
    params_decimal(out, "value", reading->exact);
    if (reading->measure == MEASURE_PRESSURE_MMHG)
        params_number(out, "diastolic", reading->diastolic, 6);
    params_instant(out, "at", reading->at_us);
    params_instant(out, "entered", reading->entered_us);
    params_bool(out, "late", reading->late);
    params_bool(out, "corrected", reading->fact.version > 1);
    params_string(out, "by", reading->entered_by);
    params_code(out, "state", reading->state == READING_ACCEPTED ? S("accepted") : S("quarantined"));
    params_string(out, "why", reading->why_quarantined);
    if (reading->measure == MEASURE_PRESSURE_MMHG && reading->state == READING_ACCEPTED)
        params_int(out, "level", pressure_level(reading, resting_systolic_mmhg(session), limits));
    params_close(out);
}

static void show_readings(Params *out, const Session *session, const InfuseLimits *limits)
{
    for (Measure m = MEASURE_PRESSURE_MMHG; m < MEASURE_MAX; m++)
        for (size_t i = 0; i < session->readings[m].n; i++)
            show_reading(out, session, &session->readings[m].at[i], limits);
}

/* The newest accepted value of each measure, and whether it may still be read as now. */
static void show_measure(Params *out, const Session *session, const InfuseLimits *limits, Measure m,
                         int64_t now_us)
{
    const Reading *last = session_latest(session, m);
    int64_t valid_us = session_valid_us(session, limits, m);
    params_open(out, "measure");
    params_code(out, "measure", measure_word(m));
    show_seconds(out, "valid-s", valid_us);
    if (!last) {
        params_code(out, "state", S("none"));
        params_close(out);
        return;
    }
    params_decimal(out, "value", last->exact);
    if (m == MEASURE_PRESSURE_MMHG) {
        params_number(out, "diastolic", last->diastolic, 6);
        params_int(out, "mean", (int64_t)((last->value + 2 * last->diastolic) / 3 + 0.5));
    }
    params_instant(out, "at", last->at_us);
    params_bool(out, "late", last->late);
    params_code(out, "state", now_us - last->at_us > valid_us ? S("stale") : S("current"));
    params_close(out);
}

static void show_measures(Params *out, const Session *session, const InfuseLimits *limits, int64_t now_us)
{
    for (Measure m = MEASURE_PRESSURE_MMHG; m < MEASURE_MAX; m++)
        show_measure(out, session, limits, m, now_us);
}

static void show_events(Params *out, const Session *session, const InfuseLimits *limits)
{
    for (size_t i = 0; i < session->events.n; i++) {
        const SessionEvent *event = &session->events.at[i];
        params_open(out, "event");
        params_string(out, "id", event->fact.id);
        params_code(out, "code", event->code);
        params_string(out, "title", event->title);
        params_string(out, "note", event->note);
        params_instant(out, "at", event->at_us);
        params_instant(out, "entered", event->entered_us);
        params_bool(out, "late", event->entered_us - event->at_us > limits->entry_late_us);
        params_string(out, "by", event->by);
        params_close(out);
    }
}

/* ---- what is due, what alarms ---- */

static void show_due(Params *out, const char *name, const Due *due)
{
    params_open(out, name);
    params_code(out, "code", due_code(due->kind));
    params_string(out, "title", due_title(due->kind));
    if (due->every_us)
        show_seconds(out, "every-s", due->every_us);
    params_instant(out, "last", due->last_us);
    params_instant(out, "due", due->due_us);
    params_instant(out, "alarm", due->alarm_us);
    params_close(out);
}

static void show_acknowledgements(Params *out, const Alarm *alarm)
{
    for (size_t i = 0; alarm->record && i < alarm->record->acknowledgements.n; i++) {
        const Acknowledgement *ack = &alarm->record->acknowledgements.at[i];
        params_open(out, "acknowledgement");
        params_code(out, "action", ack->action);
        params_string(out, "text", ack->text);
        params_string(out, "by", ack->by);
        params_instant(out, "at", ack->at_us);
        params_close(out);
    }
}

static void show_alarm(Params *out, const Alarm *alarm)
{
    params_open(out, "alarm");
    params_string(out, "id", alarm_id(arena_of(out), alarm));
    params_code(out, "rule", alarm->rule_id);
    params_code(out, "priority", priority_word(alarm->priority));
    params_string(out, "title", alarm->title);
    params_string(out, "detail", alarm->detail);
    params_instant(out, "onset", alarm->onset_us);
    params_bool(out, "confirmed", alarm->confirmed);
    params_bool(out, "acknowledged", alarm->acknowledged);
    show_acknowledgements(out, alarm);
    params_close(out);
}

static void show_alarms(Params *out, const Session *session, const InfuseLimits *limits, int64_t now_us)
{
    Alarms alarms = session_alarms(arena_of(out), session, limits, now_us);
    for (size_t i = 0; i < alarms.n; i++)
        show_alarm(out, &alarms.at[i]);
}

static void show_dues(Params *out, const Session *session, const InfuseLimits *limits)
{
    Dues dues = session_dues(session, limits);
    for (size_t i = 0; i < dues.n; i++)
        show_due(out, "due", &dues.at[i]);
}

static void show_gate(Params *out, const Session *session, const InfuseLimits *limits, int64_t now_us)
{
    Gate gate = start_gate(arena_of(out), session, limits, now_us);
    params_bool(out, "gate-open", gate.open);
    for (size_t i = 0; i < gate.n; i++) {
        params_open(out, "gate");
        params_code(out, "id", gate.at[i].id);
        params_bool(out, "met", gate.at[i].met);
        params_string(out, "sentence", gate.at[i].sentence);
        params_close(out);
    }
}

static void show_limit(Params *out, const char *code, PressureLimit limit, const PolicyRow *row)
{
    params_open(out, "limit");
    params_code(out, "code", str_from(code));
    params_int(out, "systolic", limit.systolic_mmhg);
    params_int(out, "diastolic", limit.diastolic_mmhg);
    params_string(out, "title", row->title);
    params_string(out, "cites", row->cites);
    params_string(out, "seen", row->seen);
    params_close(out);
}

static void show_limits(Params *out, const InfuseLimits *limits, const Policy *policy)
{
    show_limit(out, "amber", limits->amber, policy_row(policy, "infuse_pressure_amber_systolic"));
    show_limit(out, "red", limits->red, policy_row(policy, "infuse_pressure_red_systolic"));
    show_limit(out, "stop", limits->stop, policy_row(policy, "infuse_pressure_stop_systolic"));
}

/* The values as one text, as in FHIR's SampledData: a part a point would be ten times as long. */
static void show_curve(Params *out, const ExpectedCurve *curve)
{
    Buf b = buf_make(arena_of(out), 64 * 1024);
    params_open(out, "curve");
    params_string(out, "model", curve->model->id);
    params_string(out, "title", curve->model->title);
    params_string(out, "cites", curve->model->cites);
    params_string(out, "withheld", curve->withheld);
    for (size_t i = 0; i < curve->n; i++)
        buf_fmt(&b, "%s%.4g", i ? " " : "", curve->cp_ng_per_ml[i]);
    if (curve->n) {
        params_instant(out, "from", curve->from_us);
        show_seconds(out, "step-s", curve->step_us);
        params_string(out, "ng-per-ml", buf_str(&b));
        params_number(out, "now-ng-per-ml", curve->now_ng_per_ml, 4);
    }
    params_close(out);
}

static void show_curves(Params *out, const ExpectedCurves *curves)
{
    params_bool(out, "curves-are-plan", curves->is_plan);
    for (size_t i = 0; i < curves->n; i++)
        show_curve(out, &curves->at[i]);
}

void show_session(Params *out, const Session *session, const ExpectedCurves *curves, const Policy *policy,
                  int64_t now_us)
{
    InfuseLimits limits = infuse_limits(policy);
    params_instant(out, "now", now_us);
    show_identity(out, session, now_us);
    show_place(out, session);
    show_plan(out, session);
    show_account(out, session, now_us);
    show_pump(out, session, now_us);
    show_segments(out, session, now_us);
    show_pump_events(out, session, &limits);
    show_measures(out, session, &limits, now_us);
    show_readings(out, session, &limits);
    show_events(out, session, &limits);
    show_dues(out, session, &limits);
    show_alarms(out, session, &limits, now_us);
    show_limits(out, &limits, policy);
    show_curves(out, curves);
    if (session_phase(session) == PHASE_PREPARE)
        show_gate(out, session, &limits, now_us);
    params_string(out, "policy-version", policy->version);
    params_string(out, "policy-hash", policy->hash);
}

/* ---- one chair ---- */

static const Due *next_due(const Dues *dues)
{
    const Due *next = NULL;
    for (size_t i = 0; i < dues->n; i++)
        if (dues->at[i].kind != DUE_END && (!next || dues->at[i].due_us < next->due_us))
            next = &dues->at[i];
    return next;
}

static void show_trend(Params *out, const Session *session)
{
    Buf b = buf_make(arena_of(out), 4096);
    const Readings *readings = &session->readings[MEASURE_PRESSURE_MMHG];
    for (size_t i = 0; i < readings->n; i++)
        if (readings->at[i].state == READING_ACCEPTED)
            buf_fmt(&b, "%s%g", b.n ? " " : "", readings->at[i].value);
    params_string(out, "systolic-trend", buf_str(&b));
}

void show_chair(Params *out, const Session *session, const InfuseLimits *limits, int64_t now_us)
{
    Dues dues = session_dues(session, limits);
    const Due *next = next_due(&dues);
    params_string(out, "patient", session->chart->patient_id);
    params_string(out, "name", session->chart->name);
    show_place(out, session);
    show_plan(out, session);
    show_account(out, session, now_us);
    show_pump(out, session, now_us);
    show_measure(out, session, limits, MEASURE_PRESSURE_MMHG, now_us);
    show_measure(out, session, limits, MEASURE_HEART_RATE_PER_MIN, now_us);
    show_measure(out, session, limits, MEASURE_SPO2_PERCENT, now_us);
    show_trend(out, session);
    if (next)
        show_due(out, "due", next);
    show_alarms(out, session, limits, now_us);
}
