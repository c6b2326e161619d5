#include "infuse/infuse.h"

typedef struct Asked {
    Arena *arena;
    const Session *session;
    const InfuseLimits *limits;
    int64_t now_us;
} Asked;

static GateItem met(Str sentence)
{
    return (GateItem){ .met = true, .sentence = sentence };
}

static GateItem unmet(Str sentence)
{
    return (GateItem){ .met = false, .sentence = sentence };
}

/* "16 Nov 2026" in the clinic's zone. */
static Str date_text(Arena *a, int64_t at_us)
{
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    LocalTime t = time_local(at_us);
    return arena_fmt(a, "%d %s %d", t.day, months[t.month - 1], t.year);
}

static bool is_today(const Asked *q, int64_t at_us)
{
    return at_us != TIME_NONE &&
           str_eq(time_local_date(q->arena, at_us), time_local_date(q->arena, q->now_us));
}

/* ---- the items ---- */

static GateItem alive(const Asked *q)
{
    const Chart *chart = q->session->chart;
    if (!chart->deceased)
        return met(S("The chart records no death."));
    if (chart->deceased_us == TIME_NONE)
        return unmet(S("The chart says that this person has died."));
    return unmet(
        arena_fmt(q->arena, "This person died on %.*s.", STR_ARG(date_text(q->arena, chart->deceased_us))));
}

static GateItem course(const Asked *q)
{
    const Course *course = &q->session->chart->course;
    if (course->status != COURSE_ACTIVE || str_empty(course->signed_by))
        return unmet(S("No signed course is active: it is made and signed on Plan."));
    return met(arena_fmt(q->arena, "Course signed by %.*s, %.*s.", STR_ARG(course->signed_by),
                         STR_ARG(date_text(q->arena, course->signed_us))));
}

static GateItem number(const Asked *q)
{
    int planned = q->session->chart->course.infusions_planned, this_one = q->session->number;
    if (this_one > planned)
        return unmet(arena_fmt(q->arena, "This would be infusion %d of a course of %d.", this_one, planned));
    return met(arena_fmt(q->arena, "Infusion %d of %d.", this_one, planned));
}

static GateItem evaluated(const Asked *q)
{
    const Eligibility *left = &q->session->chart->eligibility;
    if (!is_today(q, left->at_us))
        return unmet(S("No evaluation of today."));
    if (left->open_stops + left->open_missing == 0)
        return met(arena_fmt(q->arena, "Evaluated today at %.*s, no stop and nothing missing.",
                             STR_ARG(clock_text(q->arena, left->at_us))));
    return unmet(arena_fmt(q->arena, "Open in today's evaluation: stops %d, missing facts %d. %.*s",
                           left->open_stops, left->open_missing, STR_ARG(left->first_open)));
}

static GateItem weight(const Asked *q)
{
    const Reading *last =
        chart_latest(q->session->chart, MEASURE_WEIGHT_KG, q->now_us - q->limits->weight_valid_us);
    if (!last || !last->in_clinic)
        return unmet(arena_fmt(q->arena, "No weight measured here in the last %lld days.",
                               (long long)(q->limits->weight_valid_us / US_PER_DAY)));
    return met(arena_fmt(q->arena, "Weight %.*s, %.*s.", STR_ARG(reading_text(q->arena, last)),
                         STR_ARG(date_text(q->arena, last->at_us))));
}

static GateItem escort(const Asked *q)
{
    const Fact *fact = chart_fact(q->session->chart, "escort", q->now_us - US_PER_DAY);
    if (!fact || !is_today(q, fact->at_us) || str_is(fact->value, "no"))
        return unmet(S("No escort is named for today."));
    Str name = str_empty(fact->note) ? fact->value : fact->note;
    if (str_is(name, "yes"))
        return unmet(S("An escort is announced for today, but not named."));
    return met(arena_fmt(q->arena, "Escort: %.*s.", STR_ARG(name)));
}

static GateItem gap(const Asked *q)
{
    const Infusions *infusions = &q->session->chart->infusions;
    int64_t last_us = TIME_NONE;
    for (size_t i = 0; i < infusions->n; i++) {
        const Infusion *infusion = &infusions->at[i];
        if (infusion->started_us == TIME_NONE || str_eq(infusion->encounter_id, q->session->encounter_id))
            continue;
        int64_t end_us = infusion->ended_us == TIME_NONE ? infusion->started_us : infusion->ended_us;
        last_us = end_us > last_us ? end_us : last_us;
    }
    if (last_us == TIME_NONE)
        return met(S("No earlier infusion in the record."));
    long long hours = (q->now_us - last_us) / US_PER_H, wanted = q->limits->gap_us / US_PER_H;
    if (q->now_us - last_us < q->limits->gap_us)
        return unmet(arena_fmt(q->arena, "The last infusion ended %lld h ago: at least %lld h are needed.",
                               hours, wanted));
    return met(arena_fmt(q->arena, "The last infusion ended %lld h ago.", hours));
}

/* ---- resting pressures ---- */

typedef struct RestingPair {
    const Reading *first, *last; /* NULL: none */
} RestingPair;

/* The newest accepted pressure of the last hour, taken here, and the newest one far enough before it. */
static RestingPair resting_pair(const Asked *q)
{
    const Readings *readings = &q->session->chart->readings[MEASURE_PRESSURE_MMHG];
    RestingPair pair = { 0 };
    for (size_t i = readings->n; i > 0 && !pair.first; i--) {
        const Reading *reading = &readings->at[i - 1];
        bool counts = reading->state == READING_ACCEPTED && reading->in_clinic &&
                      reading->at_us <= q->now_us &&
                      reading->at_us >= q->now_us - q->limits->resting_valid_us;
        if (counts && !pair.last)
            pair.last = reading;
        else if (counts && pair.last->at_us - reading->at_us >= q->limits->resting_gap_us)
            pair.first = reading;
    }
    return pair;
}

static bool is_held(const Reading *reading, const InfuseLimits *limits)
{
    return reading->value >= limits->resting_hold.systolic_mmhg ||
           reading->diastolic >= limits->resting_hold.diastolic_mmhg;
}

static bool is_low(const Reading *reading, const InfuseLimits *limits)
{
    double mean_mmhg = (reading->value + 2 * reading->diastolic) / 3;
    return reading->value < limits->resting_low_systolic_mmhg || mean_mmhg < limits->resting_low_mean_mmhg;
}

static GateItem pressures(const Asked *q)
{
    RestingPair pair = resting_pair(q);
    const InfuseLimits *limits = q->limits;
    if (!pair.first)
        return unmet(arena_fmt(q->arena,
                               "Two resting pressures are needed, %lld min apart, in the last %lld min%s.",
                               (long long)(limits->resting_gap_us / US_PER_MIN),
                               (long long)(limits->resting_valid_us / US_PER_MIN),
                               pair.last ? "; there is one" : "; there is none"));
    Str both = arena_fmt(q->arena, "%.*s and %.*s", STR_ARG(reading_text(q->arena, pair.first)),
                         STR_ARG(reading_text(q->arena, pair.last)));
    if (is_low(pair.last, limits))
        return unmet(arena_fmt(
            q->arena, "Resting pressures %.*s: too low to start (systolic under %d or mean under %d).",
            STR_ARG(both), limits->resting_low_systolic_mmhg, limits->resting_low_mean_mmhg));
    if (is_held(pair.first, limits) && is_held(pair.last, limits))
        return unmet(arena_fmt(
            q->arena, "Resting pressures %.*s: hold, treat or reschedule (%d systolic OR %d diastolic).",
            STR_ARG(both), limits->resting_hold.systolic_mmhg, limits->resting_hold.diastolic_mmhg));
    return met(arena_fmt(q->arena, "Resting pressures %.*s.", STR_ARG(both)));
}

/* ---- the gate ---- */

static const struct {
    const char *id;
    GateItem (*judge)(const Asked *q);
} ITEMS[] = {
    { "alive", alive },   { "course", course }, { "number", number }, { "evaluation", evaluated },
    { "weight", weight }, { "escort", escort }, { "gap", gap },       { "pressures", pressures },
};

Gate start_gate(Arena *a, const Session *session, const InfuseLimits *limits, int64_t now_us)
{
    Asked asked = { a, session, limits, now_us };
    Gate gate = { .open = true };
    for (size_t i = 0; i < sizeof(ITEMS) / sizeof(*ITEMS); i++) {
        GateItem item = ITEMS[i].judge(&asked);
        item.id = str_from(ITEMS[i].id);
        gate.open &= item.met;
        *list_add(a, &gate) = item;
    }
    return gate;
}

int next_infusion_number(const Chart *chart)
{
    int number = 1;
    for (size_t i = 0; i < chart->infusions.n; i++) {
        const Infusion *infusion = &chart->infusions.at[i];
        number += infusion->started_us != TIME_NONE && infusion->started_us >= chart->course.signed_us;
    }
    return number;
}

Str open_refusal(Arena *a, const Chart *chart, int number_of_this)
{
    Session session = { .chart = chart, .number = number_of_this };
    Asked asked = { .arena = a, .session = &session };
    GateItem (*const judges[])(const Asked *) = { alive, course, number };
    for (size_t i = 0; i < sizeof(judges) / sizeof(*judges); i++) {
        GateItem item = judges[i](&asked);
        if (!item.met)
            return item.sentence;
    }
    return STR_NONE;
}

Str rate_refusal(Arena *a, const Session *session, Decimal rate_ml_per_h, const InfuseLimits *limits,
                 int64_t at_us)
{
    if (rate_ml_per_h.units <= 0)
        return S("A running pump has a rate above 0 mL/h.");
    Decimal mg_per_min = rate_mg_per_min(rate_ml_per_h, session->bag.concentration_mg_per_ml);
    if (rate_is_above(rate_ml_per_h, session->bag.concentration_mg_per_ml, limits->rate_max_mg_per_min))
        return arena_fmt(
            a,
            "%.*s mL/h is %.*s mg/min, above the limit of %.*s mg/min. If the pump runs like that, stop it "
            "and write a note.",
            STR_ARG(decimal_plain(a, rate_ml_per_h)), STR_ARG(decimal_plain(a, decimal_round(mg_per_min, 2))),
            STR_ARG(decimal_plain(a, limits->rate_max_mg_per_min)));
    int64_t started_us = session_started_us(session);
    int64_t elapsed_us = started_us == TIME_NONE ? 0 : at_us - started_us;
    int64_t left_us = pump_time_left_us(&session->bag, &session->segments, rate_ml_per_h, at_us);
    if (left_us > 0 && elapsed_us + left_us < limits->duration_min_us)
        return arena_fmt(a, "At %.*s mL/h the whole dose would take %lld min; at least %lld min are needed.",
                         STR_ARG(decimal_plain(a, rate_ml_per_h)),
                         (long long)((elapsed_us + left_us) / US_PER_MIN),
                         (long long)(limits->duration_min_us / US_PER_MIN));
    return STR_NONE;
}
