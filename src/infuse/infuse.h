/* Infuse: the live record of one session. Pure decisions on a Session (which infuse/session.h reads from the
 * record): what is due, what is alarming, what stands in the way of a start. Nothing here reads a clock or a
 * database.
 *
 * Alarms follow the safety review of the thresholds: the pressure during the infusion, high, is the one limit
 * of this release; observations that are overdue, a pump that nobody confirmed and a volume left that nobody
 * read are alarms about the record itself. The bedside monitor stays the primary alarm. A pair of limits
 * means systolic OR diastolic. */
#ifndef INFUSE_INFUSE_H
#define INFUSE_INFUSE_H

#include "chart/policy.h"
#include "infuse/pump.h"

/* ---- thresholds: the rows of data/policy/infuse.json as a struct ---- */

typedef struct PressureLimit {
    int systolic_mmhg, diastolic_mmhg;
} PressureLimit;

typedef struct InfuseLimits {
    PressureLimit amber, red, stop, resting_hold;
    int rise_percent, rise_floor_mmhg;
    int resting_low_systolic_mmhg, resting_low_mean_mmhg;
    int64_t recheck_us, pressure_interval_us, vitals_interval_us, scales_interval_us, recovery_interval_us;
    int64_t overdue_infusing_us, overdue_after_us, pump_confirm_us, volume_left_us;
    int64_t resting_valid_us, resting_gap_us, weight_valid_us, gap_us, duration_min_us;
    int64_t entry_late_us, entry_future_us;
    Decimal rate_max_mg_per_min;
    int chairs;
} InfuseLimits;

InfuseLimits infuse_limits(const Policy *policy);

/* ---- the session ---- */

typedef enum Phase { PHASE_PREPARE, PHASE_INFUSE, PHASE_RECOVER, PHASE_HOME } Phase;

/* Something that happened, from a button or a note. */
typedef struct SessionEvent {
    Str code, title; /* of urn:euthymia:event */
    Str note;
    int64_t at_us, entered_us;
    Str by;
    FactRef fact;
} SessionEvent;

/* What somebody did about an alarm. */
typedef struct Acknowledgement {
    Str action, text; /* "slowed", "paused", "treated", "continued"; text: why, in own words */
    Str by;
    int64_t at_us;
    Str stored; /* the mitigation as it stands in the record */
} Acknowledgement;

/* An alarm as it was stored: found again by its rule and onset. */
typedef struct AlarmRecord {
    Str rule_id;
    int64_t onset_us;
    bool over;
    struct {
        Acknowledgement *at;
        size_t n, room;
    } acknowledgements;
    FactRef fact;
} AlarmRecord;

typedef struct Session {
    const Chart *chart;
    Str encounter_id, encounter_status, chair;
    int number; /* of this infusion in its course */
    Bag bag;
    PumpLog pump;
    RateSegments segments;          /* of pump */
    Readings readings[MEASURE_MAX]; /* of this session, also quarantined ones: oldest first */
    struct {
        SessionEvent *at;
        size_t n, room;
    } events;
    struct {
        AlarmRecord *at;
        size_t n, room;
    } alarms;
    int64_t opened_us, closed_us; /* closed TIME_NONE: still here */
    FactRef encounter, procedure;
} Session;

Phase session_phase(const Session *session);
/* TIME_NONE where it has not happened. */
int64_t session_started_us(const Session *session);
int64_t session_stopped_us(const Session *session);
/* The newest accepted reading of this session; NULL where there is none. A quarantined one is never it. */
const Reading *session_latest(const Session *session, Measure measure);

/* ---- what is due ---- */

typedef enum DueKind {
    DUE_PRESSURE,
    DUE_VITALS,
    DUE_SCALES,
    DUE_PUMP,
    DUE_VOLUME_LEFT,
    DUE_END,
    DUE_MAX
} DueKind;

typedef struct Due {
    DueKind kind;
    int64_t every_us; /* 0: once */
    int64_t last_us;  /* TIME_NONE: never yet */
    int64_t due_us;
    int64_t alarm_us; /* from then on it is an alarm; TIME_NONE: it never is */
} Due;

typedef struct Dues {
    Due at[DUE_MAX];
    size_t n;
} Dues;

Str due_code(DueKind kind);  /* "pressure" */
Str due_title(DueKind kind); /* "Blood pressure" */
/* What is to be observed next, by kind. Nothing before the start and after the end of the session. */
Dues session_dues(const Session *session, const InfuseLimits *limits);
/* How old a reading may be and still count as current: its interval and what it may be late. */
int64_t session_valid_us(const Session *session, const InfuseLimits *limits, Measure measure);

/* ---- alarms ---- */

typedef enum Priority { PRIORITY_NONE, PRIORITY_LOW, PRIORITY_MEDIUM, PRIORITY_HIGH } Priority;

/* How a pressure stands to the limits. resting_mmhg: the own resting systolic, 0 where not known. */
typedef enum PressureLevel { PRESSURE_GREEN, PRESSURE_AMBER, PRESSURE_RED, PRESSURE_STOP } PressureLevel;
PressureLevel pressure_level(const Reading *pressure, int resting_mmhg, const InfuseLimits *limits);
/* The systolic that the patient came with: the lower of the last two accepted before the start; 0: not known.
 */
int resting_systolic_mmhg(const Session *session);

typedef struct Alarm {
    Str rule_id; /* "EU-I-001" */
    Priority priority;
    Str title;              /* what to do: "BP 168/102. Recheck now, slow or pause the pump" */
    Str detail;             /* the readings and both limits */
    int64_t onset_us;       /* since when; with rule_id its identity */
    int64_t level_since_us; /* since when it is as bad as now: an earlier acknowledgement does not cover it */
    bool confirmed;         /* by a second reading, where the rule asks for one */
    bool acknowledged;
    const AlarmRecord *record; /* NULL: not stored yet */
} Alarm;

typedef struct Alarms {
    Alarm *at;
    size_t n, room;
} Alarms;

/* What alarms now, worst first. An alarm is here for as long as its cause lasts, acknowledged or not; only a
 * newer accepted observation, or the record that was missing, ends it. */
Alarms session_alarms(Arena *a, const Session *session, const InfuseLimits *limits, int64_t now_us);
/* "high". */
Str priority_word(Priority priority);

/* ---- the start ---- */

typedef struct GateItem {
    Str id; /* "pressures" */
    bool met;
    Str sentence; /* "Two resting pressures: 132/82 and 134/80" or what is missing */
} GateItem;

typedef struct Gate {
    GateItem *at;
    size_t n, room;
    bool open; /* every item is met */
} Gate;

/* Whether dosing may start now. Every item is listed, met or not; a fact that is missing or stale is not met.
 */
Gate start_gate(Arena *a, const Session *session, const InfuseLimits *limits, int64_t now_us);
/* Why no visit may be opened for this patient; absent where one may. */
Str open_refusal(Arena *a, const Chart *chart, int number);
/* The number that the next infusion of the running course would have. */
int next_infusion_number(const Chart *chart);
/* Why this rate may not be recorded as running; absent where it may. The whole dose must take the shortest
 * allowed time, counted with what was given already. */
Str rate_refusal(Arena *a, const Session *session, Decimal rate_ml_per_h, const InfuseLimits *limits,
                 int64_t at_us);

/* "10:42" in the clinic's zone. */
Str clock_text(Arena *a, int64_t at_us);

#endif
