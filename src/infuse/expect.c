#include "infuse/expect.h"

#include <math.h>

static const char *const MODELS[] = { "kamp-2020", "domino-1984" };

enum { STEP_S = 30, AFTER_END_MIN = 90, POINTS_MAX = 1200 };

typedef struct History {
    PkpdRate *at;
    size_t n, room;
    int64_t zero_us; /* minute 0 of the rates */
    int64_t end_us;  /* of the last rate */
} History;

static double minutes(const History *history, int64_t at_us)
{
    return (double)(at_us - history->zero_us) / (double)US_PER_MIN;
}

static void add(Arena *a, History *history, int64_t from_us, int64_t to_us, double mg_per_h)
{
    if (mg_per_h > 0)
        *list_add(a, history) = (PkpdRate){ minutes(history, from_us), minutes(history, to_us), mg_per_h };
    history->end_us = to_us > history->end_us ? to_us : history->end_us;
}

static History planned(Arena *a, const Session *session, int64_t now_us)
{
    History history = { .zero_us = now_us, .end_us = now_us };
    double mg = decimal_to_double(session->bag.dose_mg);
    add(a, &history, now_us, now_us + session->bag.duration_min * US_PER_MIN,
        mg * 60 / session->bag.duration_min);
    return history;
}

/* What the volume says was given, relative to what the rate log says. */
static double volume_factor(const Session *session, int64_t now_us)
{
    Account account = pump_account(&session->pump, &session->segments, &session->bag, now_us);
    if (!account.has_volume || account.by_rate_mg.units <= 0)
        return 1;
    return decimal_to_double(account.by_volume_mg) / decimal_to_double(account.by_rate_mg);
}

static History given(Arena *a, const Session *session, int64_t now_us)
{
    History history = { .zero_us = session_started_us(session), .end_us = session_started_us(session) };
    double mg_per_ml =
        decimal_to_double(session->bag.concentration_mg_per_ml) * volume_factor(session, now_us);
    for (size_t i = 0; i < session->segments.n; i++) {
        const RateSegment *segment = &session->segments.at[i];
        int64_t to_us = segment->to_us;
        if (to_us == TIME_NONE) {
            int64_t left_us =
                pump_time_left_us(&session->bag, &session->segments, segment->rate_ml_per_h, now_us);
            to_us = now_us + (left_us > 0 ? left_us : 0);
        }
        add(a, &history, segment->from_us, to_us, decimal_to_double(segment->rate_ml_per_h) * mg_per_ml);
    }
    return history;
}

static PkpdPatient patient_of(const Session *session, int64_t now_us)
{
    const Chart *chart = session->chart;
    const Reading *weight = chart_latest(chart, MEASURE_WEIGHT_KG, INT64_MIN);
    return (PkpdPatient){
        .age_years = chart->birth_us == TIME_NONE ? NAN : (double)time_age_years(chart->birth_us, now_us),
        .weight_kg = weight ? weight->value : NAN,
    };
}

/* A refusal is a sentence on the screen, not a failure of the request. */
static Err system_or_sentence(Ctx *c, const Session *session, ExpectedCurve *curve, PkpdSystem *ret_system)
{
    size_t problems = c->problems.n;
    PkpdPatient patient = patient_of(session, c->now_us);
    Err e = pkpd_system(c, curve->model, &patient, ret_system);
    if (e == ERR_RULE) {
        curve->withheld =
            c->problems.n > problems ? c->problems.at[problems].text : S("outside the model's domain");
        c->problems.n = problems;
        return OK;
    }
    return e;
}

static void fill(Arena *a, const PkpdSystem *system, const History *history, int64_t now_us,
                 ExpectedCurve *curve)
{
    PkpdDosing dosing = { .rates = history->at, .n_rates = history->n };
    int64_t last_us = history->end_us + AFTER_END_MIN * US_PER_MIN;
    curve->from_us = history->zero_us;
    curve->step_us = STEP_S * US_PER_S;
    size_t n = (size_t)((last_us - curve->from_us) / curve->step_us) + 1;
    curve->n = n < POINTS_MAX ? n : POINTS_MAX;
    curve->cp_ng_per_ml = arena_new(a, double, curve->n);
    for (size_t i = 0; i < curve->n; i++) {
        double t_min = minutes(history, curve->from_us + (int64_t)i * curve->step_us);
        curve->cp_ng_per_ml[i] = pkpd_at(system, &dosing, t_min).cp_ng_per_ml;
    }
    curve->now_ng_per_ml = pkpd_at(system, &dosing, minutes(history, now_us)).cp_ng_per_ml;
}

Err expected_curves(Ctx *c, const Session *session, ExpectedCurves *ret_curves)
{
    bool is_plan = session_started_us(session) == TIME_NONE;
    History history = is_plan ? planned(c->arena, session, c->now_us) : given(c->arena, session, c->now_us);
    ExpectedCurves curves = { .is_plan = is_plan };
    for (size_t i = 0; i < sizeof(MODELS) / sizeof(*MODELS); i++) {
        ExpectedCurve *curve = &curves.at[curves.n++];
        PkpdSystem system;
        curve->model = pkpd_model(str_from(MODELS[i]));
        TRY(system_or_sentence(c, session, curve, &system));
        if (!curve->withheld.p)
            fill(c->arena, &system, &history, c->now_us, curve);
    }
    *ret_curves = curves;
    return OK;
}
