#include "infuse/infuse.h"

static const struct {
    const char *code, *title;
} KINDS[DUE_MAX] = {
    [DUE_PRESSURE] = { "pressure", "Blood pressure" },
    [DUE_VITALS] = { "vitals", "HR, SpO2, breaths" },
    [DUE_SCALES] = { "scales", "Scales" },
    [DUE_PUMP] = { "pump", "Pump reading" },
    [DUE_VOLUME_LEFT] = { "volume-left", "Pump volume left" },
    [DUE_END] = { "end", "End of infusion" },
};

Str due_code(DueKind kind)
{
    return str_from(KINDS[kind].code);
}

Str due_title(DueKind kind)
{
    return str_from(KINDS[kind].title);
}

/* Which observation a measure belongs to. */
static DueKind kind_of(Measure measure)
{
    switch (measure) {
    case MEASURE_PRESSURE_MMHG:
        return DUE_PRESSURE;
    case MEASURE_HEART_RATE_PER_MIN:
    case MEASURE_SPO2_PERCENT:
    case MEASURE_BREATHS_PER_MIN:
        return DUE_VITALS;
    case MEASURE_DISSOCIATION_0_10:
    case MEASURE_DISTRESS_0_10:
    case MEASURE_NAUSEA_0_10:
    case MEASURE_MOAAS_0_5:
        return DUE_SCALES;
    default:
        return DUE_MAX;
    }
}

/* Whether the newest accepted pressure after the start stands above a limit. */
static bool pressure_alarms(const Session *session, const InfuseLimits *limits)
{
    const Reading *last = session_latest(session, MEASURE_PRESSURE_MMHG);
    return last && last->at_us >= session_started_us(session) &&
           pressure_level(last, resting_systolic_mmhg(session), limits) > PRESSURE_GREEN;
}

static int64_t interval_us(const Session *session, const InfuseLimits *limits, DueKind kind)
{
    if (kind == DUE_PRESSURE && pressure_alarms(session, limits))
        return limits->recheck_us;
    if (session_phase(session) == PHASE_RECOVER)
        return limits->recovery_interval_us;
    switch (kind) {
    case DUE_PRESSURE:
        return limits->pressure_interval_us;
    case DUE_VITALS:
        return limits->vitals_interval_us;
    case DUE_SCALES:
        return limits->scales_interval_us;
    default:
        return limits->pump_confirm_us;
    }
}

static int64_t grace_us(const Session *session, const InfuseLimits *limits)
{
    return session_phase(session) == PHASE_RECOVER ? limits->overdue_after_us : limits->overdue_infusing_us;
}

int64_t session_valid_us(const Session *session, const InfuseLimits *limits, Measure measure)
{
    DueKind kind = kind_of(measure);
    if (session_phase(session) == PHASE_PREPARE || kind == DUE_MAX)
        return limits->resting_valid_us;
    return interval_us(session, limits, kind) + grace_us(session, limits);
}

/* The oldest of the newest readings of a kind: an observation is done when all of its parts are. TIME_NONE
 * where a part was never read. */
static int64_t last_done_us(const Session *session, DueKind kind)
{
    int64_t oldest_us = INT64_MAX;
    for (Measure m = 0; m < MEASURE_MAX; m++) {
        if (kind_of(m) != kind)
            continue;
        const Reading *last = session_latest(session, m);
        if (!last)
            return TIME_NONE;
        if (last->at_us < oldest_us)
            oldest_us = last->at_us;
    }
    return oldest_us;
}

static int64_t later(int64_t a_us, int64_t b_us)
{
    return a_us > b_us ? a_us : b_us;
}

/* Counted from the last time it was done, and not from before the start: the first comes one interval after
 * it. */
static Due observation(const Session *session, const InfuseLimits *limits, DueKind kind)
{
    Due due = { .kind = kind,
                .last_us = last_done_us(session, kind),
                .every_us = interval_us(session, limits, kind) };
    due.due_us = later(due.last_us, session_started_us(session)) + due.every_us;
    due.alarm_us = due.due_us + grace_us(session, limits);
    return due;
}

/* When a person last stood at the pump: a reading, or a record of an act there, which is one. */
static int64_t last_confirmed_us(const Session *session)
{
    return session->pump.n ? session->pump.at[session->pump.n - 1].at_us : TIME_NONE;
}

static Due pump_reading(const Session *session, const InfuseLimits *limits)
{
    int64_t last_us = last_confirmed_us(session);
    int64_t due_us = last_us + limits->pump_confirm_us;
    return (Due){ DUE_PUMP, limits->pump_confirm_us, last_us, due_us, due_us };
}

static Due volume_left(const Session *session, const InfuseLimits *limits)
{
    int64_t stopped_us = session_stopped_us(session);
    return (Due){ DUE_VOLUME_LEFT, 0, TIME_NONE, stopped_us, stopped_us + limits->volume_left_us };
}

/* From the log alone: the bag is empty then. */
static bool end_of_infusion(const Session *session, const InfuseLimits *limits, Due *ret_due)
{
    const PumpEvent *last = &session->pump.at[session->pump.n - 1];
    int64_t left_us =
        pump_time_left_us(&session->bag, &session->segments, pump_rate_ml_per_h(&session->pump), last->at_us);
    if (left_us < 0)
        return false;
    *ret_due = (Due){ DUE_END, 0, TIME_NONE, last->at_us + left_us,
                      last->at_us + left_us + limits->overdue_infusing_us };
    return true;
}

Dues session_dues(const Session *session, const InfuseLimits *limits)
{
    Dues dues = { 0 };
    Phase phase = session_phase(session);
    if (phase != PHASE_INFUSE && phase != PHASE_RECOVER)
        return dues;
    for (DueKind kind = DUE_PRESSURE; kind <= DUE_SCALES; kind++)
        dues.at[dues.n++] = observation(session, limits, kind);
    PumpState state = pump_state(&session->pump);
    if (state == PUMP_RUNNING)
        dues.at[dues.n++] = pump_reading(session, limits);
    if (state == PUMP_ENDED && !pump_last(&session->pump, PUMP_VOLUME_LEFT))
        dues.at[dues.n++] = volume_left(session, limits);
    if (state == PUMP_RUNNING && end_of_infusion(session, limits, &dues.at[dues.n]))
        dues.n++;
    return dues;
}
