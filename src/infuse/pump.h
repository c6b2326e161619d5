/* The pump's log: what people recorded that they did at the pump, and the exact arithmetic on it. The program
 * never moves a pump (safety.md, invariant 1): nothing here has a way out of the process. All numbers are
 * integers; a mg is volume times concentration, with 128 bits in between, rounded once, half away from zero,
 * to MG_PLACES. */
#ifndef INFUSE_PUMP_H
#define INFUSE_PUMP_H

#include "chart/chart.h"

enum { MG_PLACES = 3, ML_PLACES = 3 };

typedef enum PumpAction {
    PUMP_STARTED,
    PUMP_PAUSED,
    PUMP_RESUMED,
    PUMP_RATE,
    PUMP_STOPPED,
    PUMP_VOLUME_LEFT, /* what the pump showed after the stop */
    PUMP_READING,     /* a person read the pump while it ran, and it ran as recorded */
    PUMP_ACTION_MAX,
} PumpAction;

/* One record. Its stated time is at_us, its entry time entered_us: a late entry keeps both. */
typedef struct PumpEvent {
    PumpAction action;
    int64_t at_us, entered_us;
    Decimal rate_ml_per_h; /* from now on; of started, resumed and rate */
    bool has_volume;
    Decimal volume_left_ml; /* of volume-left, and of a reading that says it */
    Str by;                 /* display name */
    FactRef fact;
} PumpEvent;

/* By at_us; at the same instant by entered_us. */
typedef struct PumpLog {
    PumpEvent *at;
    size_t n, room;
} PumpLog;

typedef enum PumpState { PUMP_NOT_STARTED, PUMP_RUNNING, PUMP_ON_HOLD, PUMP_ENDED } PumpState;

typedef struct RateSegments {
    RateSegment *at;
    size_t n, room;
} RateSegments;

/* What hangs at the pump, as ordered. */
typedef struct Bag {
    Decimal dose_mg, concentration_mg_per_ml;
    int32_t duration_min;
} Bag;

/* The given milligrams, both ways. */
typedef struct Account {
    Decimal by_rate_mg; /* rate times time */
    bool has_volume;
    Decimal by_volume_mg;  /* (bag - volume left) times concentration; only with has_volume */
    Decimal difference_mg; /* by_volume - by_rate; only with has_volume */
    Decimal given_mg;      /* by volume where it was read, else by rate, at most the bag's dose */
} Account;

/* "pump-started": the code in urn:euthymia:event. */
Str pump_code(PumpAction action);
/* PUMP_ACTION_MAX for another code. */
PumpAction pump_action(Str code);
/* "Pump started". */
Str pump_title(PumpAction action);

/* Puts an event at its place in time. */
void pump_insert(Arena *a, PumpLog *log, PumpEvent event);
PumpState pump_state(const PumpLog *log);
/* The newest event of that action; NULL where there is none. */
const PumpEvent *pump_last(const PumpLog *log, PumpAction action);

/* The log without the event of that id. */
PumpLog pump_without(Arena *a, const PumpLog *log, Str event_id);
/* Whether a log tells a possible story, as pump_conflict() asks it. */
Str pump_story_conflict(Arena *a, const PumpLog *log);
/* Whether the whole log still tells a possible story with event in it: no pause of a pump that does not run,
 * nothing after the stop, one start. Absent when it does; else the sentence for the person who recorded it.
 */
Str pump_conflict(Arena *a, const PumpLog *log, PumpEvent event);

/* The stretches at one rate, oldest first; rate 0 while on hold. The last is open (to_us TIME_NONE) until the
 * stop. */
RateSegments pump_segments(Arena *a, const PumpLog *log);
/* The rate that the log says holds now; 0 where the pump does not run. */
Decimal pump_rate_ml_per_h(const PumpLog *log);

/* Given up to at_us. Never negative, never falls as at_us grows. */
Decimal pump_given_mg(const RateSegments *segments, Decimal concentration_mg_per_ml, int64_t at_us);
Decimal pump_given_ml(const RateSegments *segments, int64_t at_us);
/* mg of one stretch up to at_us. */
Decimal segment_given_mg(const RateSegment *segment, Decimal concentration_mg_per_ml, int64_t at_us);

/* Dose over concentration. */
Decimal bag_volume_ml(const Bag *bag);
/* The ordered rate: the bag's volume in its duration. */
Decimal bag_rate_ml_per_h(const Bag *bag);
/* Rounded, to be shown. */
Decimal rate_mg_per_min(Decimal rate_ml_per_h, Decimal concentration_mg_per_ml);
/* Exact: no rounding hides a rate just above a limit. */
bool rate_is_above(Decimal rate_ml_per_h, Decimal concentration_mg_per_ml, Decimal limit_mg_per_min);
/* Until the bag is empty at this rate, from what the log says was given; -1 where the rate is 0. */
int64_t pump_time_left_us(const Bag *bag, const RateSegments *segments, Decimal rate_ml_per_h, int64_t at_us);

Account pump_account(const PumpLog *log, const RateSegments *segments, const Bag *bag, int64_t at_us);

#endif
