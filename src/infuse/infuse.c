#include "infuse/infuse.h"

static PressureLimit pressure_limit(const Policy *policy, const char *systolic_key, const char *diastolic_key)
{
    return (PressureLimit){ (int)policy_number(policy, systolic_key),
                            (int)policy_number(policy, diastolic_key) };
}

InfuseLimits infuse_limits(const Policy *p)
{
    return (InfuseLimits){
        .amber = pressure_limit(p, "infuse_pressure_amber_systolic", "infuse_pressure_amber_diastolic"),
        .red = pressure_limit(p, "infuse_pressure_red_systolic", "infuse_pressure_red_diastolic"),
        .stop = pressure_limit(p, "infuse_pressure_stop_systolic", "infuse_pressure_stop_diastolic"),
        .resting_hold = pressure_limit(p, "infuse_resting_hold_systolic", "infuse_resting_hold_diastolic"),
        .rise_percent = (int)policy_number(p, "infuse_pressure_rise_percent"),
        .rise_floor_mmhg = (int)policy_number(p, "infuse_pressure_rise_floor"),
        .resting_low_systolic_mmhg = (int)policy_number(p, "infuse_resting_low_systolic"),
        .resting_low_mean_mmhg = (int)policy_number(p, "infuse_resting_low_mean"),
        .recheck_us = policy_duration_us(p, "infuse_pressure_recheck"),
        .pressure_interval_us = policy_duration_us(p, "infuse_pressure_interval"),
        .vitals_interval_us = policy_duration_us(p, "infuse_vitals_interval"),
        .scales_interval_us = policy_duration_us(p, "infuse_scales_interval"),
        .recovery_interval_us = policy_duration_us(p, "infuse_recovery_interval"),
        .overdue_infusing_us = policy_duration_us(p, "infuse_overdue_infusing"),
        .overdue_after_us = policy_duration_us(p, "infuse_overdue_after"),
        .pump_confirm_us = policy_duration_us(p, "infuse_pump_confirm"),
        .volume_left_us = policy_duration_us(p, "infuse_volume_left"),
        .resting_valid_us = policy_duration_us(p, "infuse_resting_valid"),
        .resting_gap_us = policy_duration_us(p, "infuse_resting_gap"),
        .weight_valid_us = policy_duration_us(p, "infuse_weight_valid"),
        .gap_us = policy_duration_us(p, "infuse_gap"),
        .duration_min_us = policy_duration_us(p, "infuse_duration_min"),
        .entry_late_us = policy_duration_us(p, "infuse_entry_late"),
        .entry_future_us = policy_duration_us(p, "infuse_entry_future"),
        .rate_max_mg_per_min = policy_decimal(p, "infuse_rate_max"),
        .chairs = (int)policy_number(p, "infuse_chairs"),
    };
}

Phase session_phase(const Session *session)
{
    static const Phase of_state[] = { [PUMP_NOT_STARTED] = PHASE_PREPARE,
                                      [PUMP_RUNNING] = PHASE_INFUSE,
                                      [PUMP_ON_HOLD] = PHASE_INFUSE,
                                      [PUMP_ENDED] = PHASE_RECOVER };
    return session->closed_us != TIME_NONE ? PHASE_HOME : of_state[pump_state(&session->pump)];
}

static int64_t time_of(const PumpLog *log, PumpAction action)
{
    const PumpEvent *event = pump_last(log, action);
    return event ? event->at_us : TIME_NONE;
}

int64_t session_started_us(const Session *session)
{
    return time_of(&session->pump, PUMP_STARTED);
}

int64_t session_stopped_us(const Session *session)
{
    return time_of(&session->pump, PUMP_STOPPED);
}

const Reading *session_latest(const Session *session, Measure measure)
{
    const Readings *readings = &session->readings[measure];
    for (size_t i = readings->n; i > 0; i--)
        if (readings->at[i - 1].state == READING_ACCEPTED)
            return &readings->at[i - 1];
    return NULL;
}

Str priority_word(Priority priority)
{
    static const char *const words[] = { "none", "low", "medium", "high" };
    return str_from(words[priority]);
}

Str clock_text(Arena *a, int64_t at_us)
{
    LocalTime t = time_local(at_us);
    return arena_fmt(a, "%02d:%02d", t.hour, t.minute);
}
