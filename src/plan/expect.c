#include "plan/expect.h"

#include <math.h>

static const double SHOWN_MIN = 180, STEP_MIN = 2;

static void add_minute(Expectation *expectation, double minute)
{
    if (expectation->n_minutes < EXPECT_POINTS_MAX)
        expectation->minutes[expectation->n_minutes++] = minute;
}

/* The end of the infusion is the peak: it is a point of its own where it lies between two steps. */
static void lay_out_minutes(Expectation *expectation)
{
    double end_min = expectation->infusing_min;
    for (double minute = 0; minute <= SHOWN_MIN; minute += STEP_MIN) {
        add_minute(expectation, minute);
        if (end_min > minute && end_min < minute + STEP_MIN)
            add_minute(expectation, end_min);
    }
}

static void fill(Expectation *expectation, const PkpdSystem *system, const PkpdRate *rate,
                 ExpectedCurve *curve)
{
    PkpdDosing dosing = { .rates = rate, .n_rates = 1 };
    curve->shown = true;
    expectation->n_shown++;
    for (size_t i = 0; i < expectation->n_minutes; i++)
        curve->cp_ng_per_ml[i] = pkpd_at(system, &dosing, expectation->minutes[i]).cp_ng_per_ml;
    curve->peak_min = rate->to_min;
    curve->peak_ng_per_ml = pkpd_at(system, &dosing, rate->to_min).cp_ng_per_ml;
}

Expectation expect_curves(Arena *a, const Dose *dose, double age_years)
{
    double rate_mg_per_h =
        decimal_to_double(dose->pump_ml_per_h) * decimal_to_double(dose->concentration_mg_per_ml);
    double weight_kg = decimal_to_double(dose->input.actual_kg);
    Expectation expectation = { .infusing_min = decimal_to_double(dose->mg) / rate_mg_per_h * 60 };
    PkpdRate rate = { .to_min = expectation.infusing_min, .rate_mg_per_h = rate_mg_per_h };
    lay_out_minutes(&expectation);
    size_t n;
    const PkpdModel *models = pkpd_models(&n);
    for (size_t i = 0; i < n && i < EXPECT_MODELS_MAX; i++) {
        ExpectedCurve *curve = &expectation.curves[expectation.n_curves++];
        /* what a model refuses is said beside the chart; it is no problem of the request */
        Ctx own = { .arena = a };
        PkpdSystem system;
        curve->model = &models[i];
        if (pkpd_system(&own, &models[i], &(PkpdPatient){ .age_years = age_years, .weight_kg = weight_kg },
                        &system) == OK)
            fill(&expectation, &system, &rate, curve);
        else
            curve->why_not = own.problems.at[0].text;
    }
    return expectation;
}
