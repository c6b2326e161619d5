#include "infuse/pump.h"

#include <assert.h>

static const struct {
    const char *code, *title;
} ACTIONS[PUMP_ACTION_MAX] = {
    [PUMP_STARTED] = { "pump-started", "Pump started" },
    [PUMP_PAUSED] = { "pump-paused", "Pump paused" },
    [PUMP_RESUMED] = { "pump-resumed", "Pump resumed" },
    [PUMP_RATE] = { "rate-changed", "Rate changed" },
    [PUMP_STOPPED] = { "pump-stopped", "Pump stopped" },
    [PUMP_VOLUME_LEFT] = { "volume-left", "Volume left" },
    [PUMP_READING] = { "pump-reading", "Pump read" },
};

Str pump_code(PumpAction action)
{
    return str_from(ACTIONS[action].code);
}

Str pump_title(PumpAction action)
{
    return str_from(ACTIONS[action].title);
}

PumpAction pump_action(Str code)
{
    PumpAction action = 0;
    while (action < PUMP_ACTION_MAX && !str_is(code, ACTIONS[action].code))
        action++;
    return action;
}

/* ---- the log ---- */

static bool is_before(const PumpEvent *a, const PumpEvent *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->entered_us < b->entered_us;
}

void pump_insert(Arena *a, PumpLog *log, PumpEvent event)
{
    *list_add(a, log) = event;
    for (size_t i = log->n - 1; i > 0 && is_before(&log->at[i], &log->at[i - 1]); i--) {
        PumpEvent earlier = log->at[i];
        log->at[i] = log->at[i - 1];
        log->at[i - 1] = earlier;
    }
}

static const char STATE_WORDS[][16] = { [PUMP_NOT_STARTED] = "not started",
                                        [PUMP_RUNNING] = "running",
                                        [PUMP_ON_HOLD] = "paused",
                                        [PUMP_ENDED] = "stopped" };

/* In which states an action is a possible next step, as bits, and the state after it. PUMP_RATE and the two
 * readings leave the state as it is. */
#define IN(state) (1u << (state))
static const struct {
    unsigned from;
    int to; /* -1: the same */
} STEPS[PUMP_ACTION_MAX] = {
    [PUMP_STARTED] = { IN(PUMP_NOT_STARTED), PUMP_RUNNING },
    [PUMP_PAUSED] = { IN(PUMP_RUNNING), PUMP_ON_HOLD },
    [PUMP_RESUMED] = { IN(PUMP_ON_HOLD), PUMP_RUNNING },
    [PUMP_RATE] = { IN(PUMP_RUNNING), -1 },
    [PUMP_STOPPED] = { IN(PUMP_RUNNING) | IN(PUMP_ON_HOLD), PUMP_ENDED },
    [PUMP_VOLUME_LEFT] = { IN(PUMP_ENDED), -1 },
    [PUMP_READING] = { IN(PUMP_RUNNING) | IN(PUMP_ON_HOLD) | IN(PUMP_ENDED), -1 },
};

static PumpState state_after(PumpState state, PumpAction action)
{
    return STEPS[action].to < 0 ? state : (PumpState)STEPS[action].to;
}

PumpState pump_state(const PumpLog *log)
{
    PumpState state = PUMP_NOT_STARTED;
    for (size_t i = 0; i < log->n; i++)
        state = state_after(state, log->at[i].action);
    return state;
}

const PumpEvent *pump_last(const PumpLog *log, PumpAction action)
{
    for (size_t i = log->n; i > 0; i--)
        if (log->at[i - 1].action == action)
            return &log->at[i - 1];
    return NULL;
}

static Str conflict_text(Arena *a, const PumpEvent *event, PumpState state, bool is_the_new_one)
{
    Str title = pump_title(event->action);
    LocalTime at = time_local(event->at_us);
    if (is_the_new_one)
        return arena_fmt(a, "\"%.*s\" at %02d:%02d does not fit: by the record the pump was %s then.",
                         STR_ARG(title), at.hour, at.minute, STATE_WORDS[state]);
    return arena_fmt(
        a, "That does not fit what is recorded: \"%.*s\" at %02d:%02d would come while the pump was %s.",
        STR_ARG(title), at.hour, at.minute, STATE_WORDS[state]);
}

/* The first event of a log that cannot follow what came before it; NULL where there is none. */
static const PumpEvent *first_misfit(const PumpLog *log, PumpState *ret_state)
{
    PumpState state = PUMP_NOT_STARTED;
    for (size_t i = 0; i < log->n; i++) {
        const PumpEvent *event = &log->at[i];
        *ret_state = state;
        if (!(STEPS[event->action].from & IN(state)))
            return event;
        state = state_after(state, event->action);
    }
    return NULL;
}

Str pump_story_conflict(Arena *a, const PumpLog *log)
{
    PumpState state;
    const PumpEvent *misfit = first_misfit(log, &state);
    return misfit ? conflict_text(a, misfit, state, false) : STR_NONE;
}

PumpLog pump_without(Arena *a, const PumpLog *log, Str event_id)
{
    PumpLog rest = { 0 };
    for (size_t i = 0; i < log->n; i++)
        if (str_empty(event_id) || !str_eq(log->at[i].fact.id, event_id))
            pump_insert(a, &rest, log->at[i]);
    return rest;
}

Str pump_conflict(Arena *a, const PumpLog *log, PumpEvent event)
{
    PumpState state;
    PumpLog story = pump_without(a, log, STR_NONE);
    pump_insert(a, &story, event);
    const PumpEvent *misfit = first_misfit(&story, &state);
    if (!misfit)
        return STR_NONE;
    bool is_new = misfit->at_us == event.at_us && misfit->entered_us == event.entered_us &&
                  misfit->action == event.action;
    return conflict_text(a, misfit, state, is_new);
}

/* ---- stretches at one rate ---- */

static void open_segment(Arena *a, RateSegments *segments, const PumpEvent *event, Decimal rate_ml_per_h)
{
    *list_add(a, segments) = (RateSegment){
        .from_us = event->at_us, .to_us = TIME_NONE, .rate_ml_per_h = rate_ml_per_h, .fact = event->fact
    };
}

RateSegments pump_segments(Arena *a, const PumpLog *log)
{
    RateSegments segments = { 0 };
    for (size_t i = 0; i < log->n; i++) {
        const PumpEvent *event = &log->at[i];
        if (event->action == PUMP_VOLUME_LEFT || event->action == PUMP_READING)
            continue;
        if (segments.n)
            segments.at[segments.n - 1].to_us = event->at_us;
        if (event->action != PUMP_STOPPED)
            open_segment(a, &segments, event,
                         event->action == PUMP_PAUSED ? (Decimal){ 0, 0 } : event->rate_ml_per_h);
    }
    return segments;
}

Decimal pump_rate_ml_per_h(const PumpLog *log)
{
    Decimal rate = { 0, 0 };
    for (size_t i = 0; i < log->n; i++)
        switch (log->at[i].action) {
        case PUMP_STARTED:
        case PUMP_RESUMED:
        case PUMP_RATE:
            rate = log->at[i].rate_ml_per_h;
            break;
        case PUMP_PAUSED:
        case PUMP_STOPPED:
            rate = (Decimal){ 0, 0 };
            break;
        default:
            break;
        }
    return rate;
}

/* ---- exact amounts ---- */

enum { RATE_PLACES = 3, CONCENTRATION_PLACES = 6 };

static __int128 power_of_ten(int n)
{
    __int128 p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

static int64_t divide_rounded(__int128 dividend, __int128 divisor)
{
    __int128 half = dividend < 0 ? -divisor / 2 : divisor / 2;
    return (int64_t)((dividend + half) / divisor);
}

/* Rate times time, in 10^-RATE_PLACES mL/h times microseconds: still exact. */
static __int128 rate_time(const RateSegment *segment, int64_t at_us)
{
    int64_t to_us = segment->to_us == TIME_NONE || segment->to_us > at_us ? at_us : segment->to_us;
    if (to_us <= segment->from_us)
        return 0;
    return (__int128)decimal_round(segment->rate_ml_per_h, RATE_PLACES).units * (to_us - segment->from_us);
}

static Decimal mg_of_rate_time(__int128 sum, Decimal concentration_mg_per_ml)
{
    __int128 units = sum * decimal_round(concentration_mg_per_ml, CONCENTRATION_PLACES).units;
    __int128 divisor = power_of_ten(RATE_PLACES + CONCENTRATION_PLACES - MG_PLACES) * US_PER_H;
    return (Decimal){ divide_rounded(units, divisor), MG_PLACES };
}

static __int128 rate_time_of_all(const RateSegments *segments, int64_t at_us)
{
    __int128 sum = 0;
    for (size_t i = 0; i < segments->n; i++)
        sum += rate_time(&segments->at[i], at_us);
    return sum;
}

Decimal segment_given_mg(const RateSegment *segment, Decimal concentration_mg_per_ml, int64_t at_us)
{
    return mg_of_rate_time(rate_time(segment, at_us), concentration_mg_per_ml);
}

Decimal pump_given_mg(const RateSegments *segments, Decimal concentration_mg_per_ml, int64_t at_us)
{
    return mg_of_rate_time(rate_time_of_all(segments, at_us), concentration_mg_per_ml);
}

Decimal pump_given_ml(const RateSegments *segments, int64_t at_us)
{
    __int128 divisor = power_of_ten(RATE_PLACES - ML_PLACES) * US_PER_H;
    return (Decimal){ divide_rounded(rate_time_of_all(segments, at_us), divisor), ML_PLACES };
}

/* x / y with that many places. */
static Decimal quotient(Decimal x, Decimal y, int places)
{
    assert(y.units > 0);
    __int128 dividend = (__int128)x.units * power_of_ten(y.places + places);
    return (Decimal){ divide_rounded(dividend, (__int128)y.units * power_of_ten(x.places)), places };
}

static Decimal product(Decimal x, Decimal y, int places)
{
    __int128 units = (__int128)x.units * y.units;
    int from = x.places + y.places;
    if (from <= places)
        return (Decimal){ (int64_t)(units * power_of_ten(places - from)), places };
    return (Decimal){ divide_rounded(units, power_of_ten(from - places)), places };
}

static Decimal difference(Decimal x, Decimal y, int places)
{
    return (Decimal){ decimal_round(x, places).units - decimal_round(y, places).units, places };
}

Decimal bag_volume_ml(const Bag *bag)
{
    return quotient(bag->dose_mg, bag->concentration_mg_per_ml, ML_PLACES);
}

Decimal bag_rate_ml_per_h(const Bag *bag)
{
    Decimal volume_ml = bag_volume_ml(bag);
    return (Decimal){ divide_rounded((__int128)volume_ml.units * 60, bag->duration_min), ML_PLACES };
}

Decimal rate_mg_per_min(Decimal rate_ml_per_h, Decimal concentration_mg_per_ml)
{
    Decimal mg_per_h = product(rate_ml_per_h, concentration_mg_per_ml, 6);
    return (Decimal){ divide_rounded(mg_per_h.units, 60), 6 };
}

bool rate_is_above(Decimal rate_ml_per_h, Decimal concentration_mg_per_ml, Decimal limit_mg_per_min)
{
    __int128 mg_per_h = (__int128)rate_ml_per_h.units * concentration_mg_per_ml.units;
    int places = rate_ml_per_h.places + concentration_mg_per_ml.places;
    return mg_per_h * power_of_ten(limit_mg_per_min.places) >
           (__int128)limit_mg_per_min.units * 60 * power_of_ten(places);
}

int64_t pump_time_left_us(const Bag *bag, const RateSegments *segments, Decimal rate_ml_per_h, int64_t at_us)
{
    Decimal rate = decimal_round(rate_ml_per_h, RATE_PLACES);
    if (rate.units <= 0)
        return -1;
    Decimal left_ml = difference(bag_volume_ml(bag), pump_given_ml(segments, at_us), ML_PLACES);
    if (left_ml.units <= 0)
        return 0;
    return divide_rounded((__int128)left_ml.units * US_PER_H * power_of_ten(RATE_PLACES - ML_PLACES),
                          rate.units);
}

Account pump_account(const PumpLog *log, const RateSegments *segments, const Bag *bag, int64_t at_us)
{
    Account account = { .by_rate_mg = pump_given_mg(segments, bag->concentration_mg_per_ml, at_us) };
    account.given_mg = decimal_cmp(account.by_rate_mg, bag->dose_mg) < 0 ? account.by_rate_mg : bag->dose_mg;
    const PumpEvent *left = pump_last(log, PUMP_VOLUME_LEFT);
    if (!left || left->at_us > at_us)
        return account;
    Decimal used_ml = difference(bag_volume_ml(bag), left->volume_left_ml, ML_PLACES);
    account.has_volume = true;
    account.by_volume_mg = product(used_ml, bag->concentration_mg_per_ml, MG_PLACES);
    account.difference_mg = difference(account.by_volume_mg, account.by_rate_mg, MG_PLACES);
    account.given_mg = account.by_volume_mg;
    return account;
}
