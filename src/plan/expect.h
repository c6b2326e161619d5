/* What to expect in plasma: the curves of the models for a typical patient. Shown, never used to order:
 * nothing here returns a dose. */
#ifndef PLAN_EXPECT_H
#define PLAN_EXPECT_H

#include "pkpd/pkpd.h"
#include "plan/dose.h"

enum { EXPECT_MODELS_MAX = 4, EXPECT_POINTS_MAX = 256 };

typedef struct ExpectedCurve {
    const PkpdModel *model;
    bool shown;
    Str why_not; /* outside the model's domain */
    double cp_ng_per_ml[EXPECT_POINTS_MAX];
    double peak_ng_per_ml, peak_min; /* at the end of the infusion, for a constant rate */
} ExpectedCurve;

typedef struct Expectation {
    double minutes[EXPECT_POINTS_MAX]; /* from the start; with the end of the infusion among them */
    size_t n_minutes;
    double infusing_min; /* as the pump runs: its rate is rounded down */
    ExpectedCurve curves[EXPECT_MODELS_MAX];
    size_t n_curves;
    size_t n_shown;
} Expectation;

/* At the patient's measured weight, as the dose is ordered. age_years NAN where it is not known: then no
 * curve. */
Expectation expect_curves(Arena *a, const Dose *dose, double age_years);

#endif
