/* What two models expect in plasma, for a typical patient of this weight, from what the rate log says was
 * given; after the stop scaled to the volume that was read. The future goes on at the rate that runs until
 * the bag is empty; before the start it is the plan, as if it began now. Never a range of patients, never a
 * reason to order. */
#ifndef INFUSE_EXPECT_H
#define INFUSE_EXPECT_H

#include "infuse/infuse.h"
#include "pkpd/pkpd.h"

typedef struct ExpectedCurve {
    const PkpdModel *model;
    Str withheld; /* the sentence, where the patient is outside the model's domain; else absent */
    int64_t from_us, step_us;
    double *cp_ng_per_ml; /* n values: from_us, from_us + step_us, ... */
    size_t n;
    double now_ng_per_ml;
} ExpectedCurve;

typedef struct ExpectedCurves {
    ExpectedCurve at[2];
    size_t n;
    bool is_plan; /* nothing was given yet */
} ExpectedCurves;

/* Weight is the newest measured in the chart, whatever its age: this is expectation, not dosing. */
MUST_USE Err expected_curves(Ctx *c, const Session *session, ExpectedCurves *ret_curves);

#endif
