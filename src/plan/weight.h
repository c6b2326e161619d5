/* The weight that a dose is computed from. Always a measurement made here, within its age; ideal and adjusted
 * weight only ever make it smaller. */
#ifndef PLAN_WEIGHT_H
#define PLAN_WEIGHT_H

#include "chart/chart.h"
#include "plan/issue.h"
#include "plan/ratio.h"

typedef enum WeightBasis { BASIS_NONE, BASIS_ACTUAL, BASIS_IDEAL, BASIS_ADJUSTED, BASIS_MAX } WeightBasis;

typedef struct BasisWeight {
    bool usable;
    Str why_not;   /* where it is not usable */
    Decimal kg;    /* the dose weight: one decimal, rounded down, so that what is shown is what was used */
    bool measured; /* the formula gave more than the measured weight, which then stands in its place */
    Str how;       /* the formula with its numbers */
} BasisWeight;

typedef struct DoseWeights {
    const Reading *weight; /* the newest measured here within its age; NULL: nothing can be dosed */
    const Reading *height; /* the newest of an adult; NULL: BMI is not known */
    Decimal weight_kg;     /* of weight, one decimal, rounded down */
    bool has_bmi;
    Decimal bmi_kg_per_m2; /* one decimal */
    WeightBasis
        preselected; /* actual below the BMI of choice; BASIS_NONE from it on, and where BMI is not known */
    WeightBasis proposed; /* what the screen names first: adjusted where nothing is preselected */
    BasisWeight basis[BASIS_MAX];
} DoseWeights;

/* Pure. first_us: when the first infusion is to be, for whose dose the weight must be of the same day; first:
 * no infusion was given yet. What is missing, too old or looks like pounds goes to issues. */
DoseWeights dose_weights(Arena *a, const Chart *chart, const Policy *policy, int64_t first_us, bool first,
                         int64_t now_us, PlanIssues *issues);

/* "actual", "ideal", "adjusted"; BASIS_NONE for another word. */
const char *weight_basis_word(WeightBasis basis);
WeightBasis weight_basis_from_word(Str word);

#endif
