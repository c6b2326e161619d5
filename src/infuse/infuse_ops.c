#include "infuse/infuse_ops.h"

#include "db/db.h"
#include "infuse/record.h"
#include "infuse/show.h"
#include "infuse/today.h"

static Err refuse(Ctx *c, Str why)
{
    return problem(c, ERR_RULE, STR_NONE, "%.*s", STR_ARG(why));
}

static InfuseLimits limits_in_force(void)
{
    return infuse_limits(policy_in_force());
}

/* ---- what every write shares ---- */

/* The stated time, or now. Not in the future, not before earliest_us. */
static Err read_at(Ctx *c, const OpCall *in, const InfuseLimits *limits, int64_t earliest_us, int64_t *ret_us)
{
    int64_t at_us = c->now_us;
    if (op_parameter(in, "at") && !op_time(in, "at", &at_us))
        return problem(c, ERR_INVALID, S("at"), "the time cannot be read");
    if (at_us > c->now_us + limits->entry_future_us)
        return problem(c, ERR_RULE, S("at"), "%.*s has not come yet", STR_ARG(clock_text(c->arena, at_us)));
    if (at_us < earliest_us)
        return problem(c, ERR_RULE, S("at"), "too early for this visit: not before %.*s",
                       STR_ARG(clock_text(c->arena, earliest_us)));
    *ret_us = at_us > c->now_us ? c->now_us : at_us;
    return OK;
}

/* The session of the call, for a write: it is still open. */
static Err open_session(Ctx *c, const OpCall *in, Session *ret_session)
{
    Session session;
    TRY(session_load(c, in->id, &session));
    if (session.closed_us != TIME_NONE)
        return refuse(c, S("This session is closed. A correction is still possible."));
    *ret_session = session;
    return OK;
}

/* After a write: the alarms that it raised or ended are stored with it, and the answer shows the new state.
 */
static Err settle(Ctx *c, Str encounter_id, Params *out)
{
    Session session;
    InfuseLimits limits = limits_in_force();
    TRY(session_load(c, encounter_id, &session));
    Alarms alarms = session_alarms(c->arena, &session, &limits, c->now_us);
    TRY(record_alarms(c, &session, &alarms));
    Account account = pump_account(&session.pump, &session.segments, &session.bag, c->now_us);
    params_code(out, "phase", phase_word(session_phase(&session)));
    params_code(out, "pump-state", pump_state_word(pump_state(&session.pump)));
    params_decimal(out, "given-mg", account.given_mg);
    if (alarms.n) {
        params_code(out, "alarm-priority", priority_word(alarms.at[0].priority));
        params_string(out, "alarm", alarms.at[0].title);
    }
    return OK;
}

/* ---- Patient/{id}/$session-open ---- */

static Err chair_of(Ctx *c, const OpCall *in, const OpenVisits *visits, Str patient_id, int64_t *ret_chair)
{
    Decimal number;
    int chairs = limits_in_force().chairs;
    bool is_whole = op_decimal(in, "chair", &number) && decimal_cmp(number, decimal_truncate(number, 0)) == 0;
    int64_t chair = is_whole ? decimal_truncate(number, 0).units : 0;
    if (chair < 1 || chair > chairs)
        return problem(c, ERR_INVALID, S("chair"), "a chair from 1 to %d", chairs);
    for (size_t i = 0; i < visits->n; i++) {
        const OpenVisit *visit = &visits->at[i];
        if (str_eq(visit->patient_id, patient_id))
            return problem(c, ERR_CONFLICT, S("Encounter"), "this patient already sits in %.*s",
                           STR_ARG(visit->chair));
        if (str_eq(visit->chair, chair_title(c->arena, chair)))
            return problem(c, ERR_CONFLICT, S("chair"), "%.*s is taken", STR_ARG(visit->chair));
    }
    *ret_chair = chair;
    return OK;
}

static Err session_open(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    OpenVisits visits;
    int64_t chair = 0;
    Str encounter_id;
    TRY(tx_begin(c, &tx));
    TRY(chart_load(c, in->id, &chart));
    int number = next_infusion_number(&chart);
    Str why = open_refusal(c->arena, &chart, number);
    if (!str_empty(why))
        return refuse(c, why);
    TRY(open_visits(c, &visits));
    TRY(chair_of(c, in, &visits, in->id, &chair));
    TRY(record_session(c, &chart, chair, number, &encounter_id));
    TRY(tx_commit(tx));
    params_string(out, "encounter", encounter_id);
    params_string(out, "chair", chair_title(c->arena, chair));
    params_int(out, "number", number);
    return OK;
}

/* ---- Encounter/{id}/$infuse ---- */

static Err infuse_show(Ctx *c, const OpCall *in, Params *out)
{
    Session session;
    ExpectedCurves curves;
    TRY(session_load(c, in->id, &session));
    TRY(expected_curves(c, &session, &curves));
    show_session(out, &session, &curves, policy_in_force(), c->now_us);
    return OK;
}

/* ---- Encounter/{id}/$pump ---- */

static const struct {
    const char *word;
    PumpAction action;
    bool needs_rate, needs_volume;
} PUMP_WORDS[] = {
    { "started", PUMP_STARTED, .needs_rate = true },
    { "paused", PUMP_PAUSED },
    { "resumed", PUMP_RESUMED, .needs_rate = true },
    { "rate", PUMP_RATE, .needs_rate = true },
    { "stopped", PUMP_STOPPED },
    { "volume-left", PUMP_VOLUME_LEFT, .needs_volume = true },
    { "reading", PUMP_READING },
};

/* What a decimal of the pump may hold: rounding a rate or a volume would make the record differ from the
 * display. */
static Err read_pump_decimal(Ctx *c, const OpCall *in, const char *name, Decimal *ret_value)
{
    Decimal value;
    if (!op_decimal(in, name, &value) || value.places > ML_PLACES || value.units < 0)
        return problem(c, ERR_INVALID, str_from(name),
                       "a number as the pump shows it, with at most %d decimals", ML_PLACES);
    *ret_value = value;
    return OK;
}

static Err read_pump_event(Ctx *c, const OpCall *in, const Session *session, const InfuseLimits *limits,
                           PumpEvent *ret_event)
{
    Str word = op_string(in, "action");
    size_t i = 0, n = sizeof(PUMP_WORDS) / sizeof(*PUMP_WORDS);
    while (i < n && !str_is(word, PUMP_WORDS[i].word))
        i++;
    if (i == n)
        return problem(
            c, ERR_INVALID, S("action"),
            "started, paused, resumed, rate, stopped, volume-left or reading: what was done at the pump");
    PumpEvent event = { .action = PUMP_WORDS[i].action, .entered_us = c->now_us };
    TRY(read_at(c, in, limits, session->opened_us, &event.at_us));
    if (PUMP_WORDS[i].needs_rate)
        TRY(read_pump_decimal(c, in, "rate-ml-per-h", &event.rate_ml_per_h));
    event.has_volume =
        PUMP_WORDS[i].needs_volume || (event.action == PUMP_READING && op_parameter(in, "volume-left-ml"));
    if (event.has_volume)
        TRY(read_pump_decimal(c, in, "volume-left-ml", &event.volume_left_ml));
    *ret_event = event;
    return OK;
}

static Err check_start(Ctx *c, const Session *session, const InfuseLimits *limits)
{
    Gate gate = start_gate(c->arena, session, limits, c->now_us);
    for (size_t i = 0; i < gate.n; i++)
        if (!gate.at[i].met)
            (void)problem(c, ERR_RULE, gate.at[i].id, "%.*s", STR_ARG(gate.at[i].sentence));
    return gate.open ? OK : ERR_RULE;
}

/* A person who has died is not infused; that the pump was stopped can still be written down. */
static Err check_running(Ctx *c, const Session *session, const PumpEvent *event, const InfuseLimits *limits)
{
    if (session->chart->deceased)
        return refuse(c, S("The chart says that this person has died."));
    Str why = rate_refusal(c->arena, session, event->rate_ml_per_h, limits, event->at_us);
    return str_empty(why) ? OK : refuse(c, why);
}

static Err check_pump_event(Ctx *c, const Session *session, const PumpEvent *event,
                            const InfuseLimits *limits)
{
    Str why = pump_conflict(c->arena, &session->pump, *event);
    if (!str_empty(why))
        return problem(c, ERR_CONFLICT, S("action"), "%.*s", STR_ARG(why));
    if (event->action == PUMP_STARTED)
        TRY(check_start(c, session, limits));
    if (event->action == PUMP_STARTED || event->action == PUMP_RESUMED || event->action == PUMP_RATE)
        TRY(check_running(c, session, event, limits));
    Decimal bag_ml = bag_volume_ml(&session->bag);
    if (event->has_volume && decimal_cmp(event->volume_left_ml, bag_ml) > 0)
        return problem(c, ERR_RULE, S("volume-left-ml"), "more than the %.*s mL that were in the bag",
                       STR_ARG(decimal_plain(c->arena, bag_ml)));
    return OK;
}

static Err pump_record(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Session session;
    PumpEvent event;
    InfuseLimits limits = limits_in_force();
    TRY(tx_begin(c, &tx));
    TRY(open_session(c, in, &session));
    TRY(read_pump_event(c, in, &session, &limits, &event));
    TRY(check_pump_event(c, &session, &event, &limits));
    TRY(record_pump_event(c, &session, &event));
    params_string(out, "recorded", event.fact.id);
    params_instant(out, "at", event.at_us);
    params_bool(out, "late", c->now_us - event.at_us > limits.entry_late_us);
    TRY(settle(c, in->id, out));
    return tx_commit(tx);
}

/* ---- Encounter/{id}/$vitals ---- */

/* low and high bound a scale: out of them it is refused. A vital sign has no bounds here: an implausible one
 * is kept and quarantined, which the chart decides. */
static const struct {
    const char *name;
    Measure measure;
    bool is_scale;
    int high;
} OBSERVED[] = {
    { "heart-rate", MEASURE_HEART_RATE_PER_MIN },    { "spo2", MEASURE_SPO2_PERCENT },
    { "breaths", MEASURE_BREATHS_PER_MIN },          { "dissociation", MEASURE_DISSOCIATION_0_10, true, 10 },
    { "distress", MEASURE_DISTRESS_0_10, true, 10 }, { "nausea", MEASURE_NAUSEA_0_10, true, 10 },
    { "moaas", MEASURE_MOAAS_0_5, true, 5 },
};
enum { N_OBSERVED = sizeof(OBSERVED) / sizeof(*OBSERVED) };

typedef struct Entered {
    Measure measure;
    Decimal value, diastolic;
    Str id;
} Entered;

typedef struct Entries {
    Entered *at;
    size_t n, room;
} Entries;

static Err read_pressure(Ctx *c, const OpCall *in, Entries *entries)
{
    bool has_systolic = op_parameter(in, "systolic"), has_diastolic = op_parameter(in, "diastolic");
    Entered entered = { .measure = MEASURE_PRESSURE_MMHG };
    if (!has_systolic && !has_diastolic)
        return OK;
    if (!op_decimal(in, "systolic", &entered.value))
        return problem(c, ERR_INVALID, S("systolic"), "a pressure has two numbers: the systolic is missing");
    if (!op_decimal(in, "diastolic", &entered.diastolic))
        return problem(c, ERR_INVALID, S("diastolic"),
                       "a pressure has two numbers: the diastolic is missing");
    *list_add(c->arena, entries) = entered;
    return OK;
}

static Err read_observed(Ctx *c, const OpCall *in, size_t i, Entries *entries)
{
    Entered entered = { .measure = OBSERVED[i].measure };
    Str name = str_from(OBSERVED[i].name);
    if (!op_parameter(in, OBSERVED[i].name))
        return OK;
    if (!op_decimal(in, OBSERVED[i].name, &entered.value))
        return problem(c, ERR_INVALID, name, "not a number");
    Decimal high = { OBSERVED[i].high, 0 };
    bool in_range =
        entered.value.places == 0 && entered.value.units >= 0 && decimal_cmp(entered.value, high) <= 0;
    if (OBSERVED[i].is_scale && !in_range)
        return problem(c, ERR_RULE, name, "this scale goes from 0 to %d, in whole numbers", OBSERVED[i].high);
    *list_add(c->arena, entries) = entered;
    return OK;
}

static Err read_entries(Ctx *c, const OpCall *in, Entries *ret_entries)
{
    Entries entries = { 0 };
    TRY(read_pressure(c, in, &entries));
    for (size_t i = 0; i < N_OBSERVED; i++)
        TRY(read_observed(c, in, i, &entries));
    if (!entries.n)
        return problem(c, ERR_INVALID, STR_NONE, "no vital sign and no scale value was sent");
    *ret_entries = entries;
    return OK;
}

/* The chart is the one judge of a reading: it is asked what became of each. */
static void show_quarantined(Params *out, const Chart *chart, const Entries *entries)
{
    for (size_t i = 0; i < entries->n; i++) {
        const Readings *readings = &chart->readings[entries->at[i].measure];
        for (size_t j = 0; j < readings->n; j++) {
            const Reading *reading = &readings->at[j];
            if (!str_eq(reading->fact.id, entries->at[i].id) || reading->state == READING_ACCEPTED)
                continue;
            params_open(out, "quarantined");
            params_code(out, "measure", measure_word(reading->measure));
            params_string(out, "why", reading->why_quarantined);
            params_close(out);
        }
    }
}

static Err vitals_record(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Session session;
    Entries entries;
    int64_t at_us;
    Chart chart;
    InfuseLimits limits = limits_in_force();
    TRY(tx_begin(c, &tx));
    TRY(open_session(c, in, &session));
    TRY(read_at(c, in, &limits, session.opened_us - limits.resting_valid_us, &at_us));
    TRY(read_entries(c, in, &entries));
    for (size_t i = 0; i < entries.n; i++) {
        Entered *entered = &entries.at[i];
        TRY(record_reading(c, &session, entered->measure, entered->value, entered->diastolic, at_us,
                           &entered->id));
        params_string(out, "recorded", entered->id);
    }
    TRY(chart_load(c, session.chart->patient_id, &chart));
    show_quarantined(out, &chart, &entries);
    TRY(settle(c, in->id, out));
    return tx_commit(tx);
}

/* ---- Encounter/{id}/$event ---- */

static const struct {
    const char *code, *title;
} EVENTS[] = {
    { "anxious", "Anxious" },     { "headache", "Headache" }, { "dizzy", "Dizzy" },
    { "vomited", "Vomited" },     { "restless", "Restless" }, { "low-mood", "Low mood" },
    { "reassured", "Reassured" }, { "moved", "Moved" },       { "oxygen-on", "O2 on" },
    { "iv-site", "IV site" },     { "spoke", "Spoke" },       { "note", "Note" },
    { "emergency", "Emergency" },
};

static Err event_record(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Session session;
    int64_t at_us;
    Str id, code = op_string(in, "code"), note = op_string(in, "note");
    InfuseLimits limits = limits_in_force();
    size_t i = 0, n = sizeof(EVENTS) / sizeof(*EVENTS);
    while (i < n && !str_is(code, EVENTS[i].code))
        i++;
    if (i == n)
        return problem(c, ERR_INVALID, S("code"), "not an event of a session");
    if (str_is(code, "note") && str_empty(str_trim(note)))
        return problem(c, ERR_INVALID, S("note"), "a note has a text");
    TRY(tx_begin(c, &tx));
    TRY(open_session(c, in, &session));
    TRY(read_at(c, in, &limits, session.opened_us, &at_us));
    TRY(record_event(c, &session, str_from(EVENTS[i].code), str_from(EVENTS[i].title), note, at_us, &id));
    params_string(out, "recorded", id);
    params_string(out, "title", str_from(EVENTS[i].title));
    TRY(settle(c, in->id, out));
    return tx_commit(tx);
}

/* ---- Encounter/{id}/$correct ---- */

typedef struct Correction {
    Str id, reason;
    bool withdrawn;
} Correction;

static const SessionEvent *event_of(const Session *session, Str id)
{
    for (size_t i = 0; i < session->events.n; i++)
        if (str_eq(session->events.at[i].fact.id, id))
            return &session->events.at[i];
    return NULL;
}

static const PumpEvent *pump_event_of(const Session *session, Str id)
{
    for (size_t i = 0; i < session->pump.n; i++)
        if (str_eq(session->pump.at[i].fact.id, id))
            return &session->pump.at[i];
    return NULL;
}

static const Reading *reading_of(const Session *session, Str id)
{
    for (Measure m = 0; m < MEASURE_MAX; m++)
        for (size_t i = 0; i < session->readings[m].n; i++)
            if (str_eq(session->readings[m].at[i].fact.id, id))
                return &session->readings[m].at[i];
    return NULL;
}

static Err correct_event(Ctx *c, const Session *session, const SessionEvent *event,
                         const Correction *correction)
{
    if (!correction->withdrawn)
        return problem(c, ERR_INVALID, S("withdrawn"),
                       "an event is withdrawn and recorded again, not changed");
    return record_event_withdrawal(c, session, event, correction->reason);
}

static Err correct_reading(Ctx *c, const OpCall *in, const Session *session, const Reading *reading,
                           const Correction *correction)
{
    Decimal diastolic = { (int64_t)reading->diastolic, 0 };
    if (correction->withdrawn)
        return record_reading_correction(c, session, reading, reading->exact, diastolic, true,
                                         correction->reason);
    Entries entries;
    TRY(read_entries(c, in, &entries));
    if (entries.n != 1 || entries.at[0].measure != reading->measure)
        return problem(c, ERR_INVALID, S("id"), "the correction is of another measure than the reading");
    return record_reading_correction(c, session, reading, entries.at[0].value, entries.at[0].diastolic, false,
                                     correction->reason);
}

/* Corrected where it is named, else as it was. */
static Err read_corrected(Ctx *c, const OpCall *in, const Session *session, const InfuseLimits *limits,
                          PumpEvent *event)
{
    if (op_parameter(in, "at"))
        TRY(read_at(c, in, limits, session->opened_us, &event->at_us));
    if (op_parameter(in, "rate-ml-per-h"))
        TRY(read_pump_decimal(c, in, "rate-ml-per-h", &event->rate_ml_per_h));
    if (op_parameter(in, "volume-left-ml"))
        TRY(read_pump_decimal(c, in, "volume-left-ml", &event->volume_left_ml));
    return OK;
}

static Err correct_pump_event(Ctx *c, const OpCall *in, const Session *session, const PumpEvent *event,
                              const Correction *correction)
{
    InfuseLimits limits = limits_in_force();
    PumpEvent corrected = *event;
    PumpLog log = pump_without(c->arena, &session->pump, event->fact.id);
    if (!correction->withdrawn) {
        TRY(read_corrected(c, in, session, &limits, &corrected));
        pump_insert(c->arena, &log, corrected);
        if (event->rate_ml_per_h.units > 0)
            TRY(check_running(c, session, &corrected, &limits));
    }
    Str why = pump_story_conflict(c->arena, &log);
    if (!str_empty(why))
        return problem(c, ERR_CONFLICT, S("id"), "%.*s", STR_ARG(why));
    return record_pump_correction(c, session, &log, &corrected, correction->withdrawn, correction->reason);
}

static Err correct(Ctx *c, const OpCall *in, const Session *session, const Correction *correction)
{
    const SessionEvent *event = event_of(session, correction->id);
    const PumpEvent *pump_event = pump_event_of(session, correction->id);
    const Reading *reading = reading_of(session, correction->id);
    if (event)
        return correct_event(c, session, event, correction);
    if (pump_event)
        return correct_pump_event(c, in, session, pump_event, correction);
    if (reading)
        return correct_reading(c, in, session, reading, correction);
    return problem(c, ERR_NOT_FOUND, S("id"), "this session holds no such record");
}

static Err correction_record(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Session session;
    Correction correction = { op_string(in, "id"), op_string(in, "reason"), op_true(in, "withdrawn") };
    if (str_empty(str_trim(correction.reason)))
        return problem(c, ERR_INVALID, S("reason"), "a correction says why");
    TRY(tx_begin(c, &tx));
    TRY(session_load(c, in->id, &session));
    TRY(correct(c, in, &session, &correction));
    TRY(settle(c, in->id, out));
    return tx_commit(tx);
}

/* ---- Encounter/{id}/$alarm ---- */

static const struct {
    const char *word, *text;
    bool asks_why;
} ANSWERS[] = {
    { "slowed", "Pump slowed", false },   { "paused", "Pump paused", false },
    { "stopped", "Pump stopped", false }, { "treated", "Treated", true },
    { "continued", "Continued", true },
};

static Err read_answer(Ctx *c, const OpCall *in, Str *ret_action, Str *ret_text)
{
    Str action = op_string(in, "action"), why = str_trim(op_string(in, "text"));
    size_t i = 0, n = sizeof(ANSWERS) / sizeof(*ANSWERS);
    while (i < n && !str_is(action, ANSWERS[i].word))
        i++;
    if (i == n)
        return problem(c, ERR_INVALID, S("action"), "slowed, paused, stopped, treated or continued");
    if (ANSWERS[i].asks_why && str_empty(why))
        return problem(c, ERR_INVALID, S("text"), "%s",
                       i == 3 ? "with what was it treated" : "continued, because");
    *ret_action = action;
    *ret_text = str_empty(why) ? str_from(ANSWERS[i].text)
                               : arena_fmt(c->arena, "%s: %.*s", ANSWERS[i].text, STR_ARG(why));
    return OK;
}

static const Alarm *alarm_named(Ctx *c, const Alarms *alarms, Str id)
{
    for (size_t i = 0; i < alarms->n; i++)
        if (str_eq(alarm_id(c->arena, &alarms->at[i]), id))
            return &alarms->at[i];
    return NULL;
}

static Err alarm_answer(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Session session;
    Str action, text;
    InfuseLimits limits = limits_in_force();
    TRY(read_answer(c, in, &action, &text));
    TRY(tx_begin(c, &tx));
    TRY(open_session(c, in, &session));
    Alarms alarms = session_alarms(c->arena, &session, &limits, c->now_us);
    const Alarm *alarm = alarm_named(c, &alarms, op_string(in, "alarm"));
    if (!alarm)
        return problem(c, ERR_CONFLICT, S("alarm"),
                       "this alarm is not there any more, or has changed: look again");
    TRY(record_acknowledgement(c, &session, alarm, action, text));
    TRY(settle(c, in->id, out));
    return tx_commit(tx);
}

/* ---- Encounter/{id}/$session-end ---- */

/* A pressure above a limit is never closed by closing its session. */
static Str end_refusal(Ctx *c, const Session *session)
{
    InfuseLimits limits = limits_in_force();
    Alarms alarms = session_alarms(c->arena, session, &limits, c->now_us);
    for (size_t i = 0; i < alarms.n; i++)
        if (str_is(alarms.at[i].rule_id, "EU-I-001"))
            return arena_fmt(c->arena, "The pressure alarm still stands. %.*s", STR_ARG(alarms.at[i].detail));
    PumpState state = pump_state(&session->pump);
    if (state == PUMP_RUNNING || state == PUMP_ON_HOLD)
        return S("By the record the pump is not stopped. Stop it, then record \"Pump stopped\".");
    if (state == PUMP_ENDED && !pump_last(&session->pump, PUMP_VOLUME_LEFT))
        return S("The volume left in the pump is not recorded.");
    return STR_NONE;
}

static Err session_end(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Session session;
    TRY(tx_begin(c, &tx));
    TRY(open_session(c, in, &session));
    Str why = end_refusal(c, &session);
    if (!str_empty(why))
        return refuse(c, why);
    Account account = pump_account(&session.pump, &session.segments, &session.bag, c->now_us);
    TRY(record_end(c, &session, &account));
    TRY(settle(c, in->id, out));
    TRY(tx_commit(tx));
    params_decimal(out, "given-by-rate-mg", account.by_rate_mg);
    if (account.has_volume)
        params_decimal(out, "difference-mg", account.difference_mg);
    return OK;
}

const Operation infuse_operations[] = {
    { "Patient", "session-open", OP_WRITE, ROLES_CLINICAL, session_open, "Takes a patient into a chair" },
    { "Encounter", "infuse", OP_READ, ROLES_CLINICAL_READ, infuse_show, "Shows a session as it stands now" },
    { "Encounter", "pump", OP_WRITE, ROLES_CLINICAL, pump_record, "Records what was done at the pump" },
    { "Encounter", "vitals", OP_WRITE, ROLES_CLINICAL, vitals_record,
      "Records vital signs and session scales" },
    { "Encounter", "event", OP_WRITE, ROLES_CLINICAL, event_record, "Records what happened" },
    { "Encounter", "correct", OP_WRITE, ROLES_CLINICAL, correction_record,
      "Corrects or withdraws a record of the session" },
    { "Encounter", "alarm", OP_WRITE, ROLES_CLINICAL, alarm_answer, "Records what was done about an alarm" },
    { "Encounter", "session-end", OP_WRITE, ROLES_CLINICAL, session_end, "Closes a session" },
    { NULL, "today", OP_READ, ROLES_CLINICAL_READ, today_show, "The clinic's day" },
    { 0 },
};
