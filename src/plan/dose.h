/* The dose: from a weight to milligrams, millilitres and the pump's rate, and how far each is from its limit.
 * Exact throughout; what is rounded says so. */
#ifndef PLAN_DOSE_H
#define PLAN_DOSE_H

#include "plan/issue.h"
#include "plan/ratio.h"

typedef struct DoseInput {
    Decimal weight_kg; /* the dose weight */
    Decimal actual_kg; /* never smaller */
    Decimal mg_per_kg;
    int64_t minutes;
    Decimal vial_mg_per_ml,
        bag_ml; /* bag_ml: the final volume; the drug's volume takes the place of diluent */
    bool first; /* no infusion was given yet */
    bool has_previous;
    Ratio previous_mg_per_kg; /* of dose weight, last ordered; only with has_previous */
} DoseInput;

typedef struct Dose {
    DoseInput input;
    Decimal exact_mg;                /* weight times mg/kg, unrounded */
    Decimal nearest_mg;              /* to the policy's step */
    Decimal mg;                      /* what is ordered: nearest_mg, or less where a limit would be crossed */
    const PolicyRow *capped_by;      /* the limit that made mg smaller than nearest_mg; NULL: none did */
    Decimal drug_ml;                 /* three decimals, exact for the vials of the protocols */
    Decimal concentration_mg_per_ml; /* four decimals, exact for the bags of the protocols */
    Decimal pump_ml_per_h;           /* one decimal, rounded down: never faster than ordered */
    Decimal rate_mg_per_min, mg_per_kg_actual; /* rounded to two decimals, for people */
} Dose;

/* How far one quantity is from its limit, for a bar. */
typedef struct DoseCap {
    const PolicyRow *row;
    Decimal value;
    bool at_least; /* else at most */
} DoseCap;

typedef struct DoseCaps {
    DoseCap *at;
    size_t n, room;
} DoseCaps;

/* The largest inputs that the arithmetic takes; what is larger never reaches it. */
bool dose_input_possible(const DoseInput *input);

/* Pure. input must be possible. A first dose that would pass the first-dose limit by weight alone is lowered
 * to it; rounding never makes a dose cross a limit that the exact dose keeps. */
Dose dose_compute(const Policy *policy, const DoseInput *input);

/* Every limit that the dose breaks goes to issues, every limit with a bar to caps. */
void dose_judge(Arena *a, const Policy *policy, const Dose *dose, PlanIssues *issues, DoseCaps *caps);

/* The arithmetic in sentences, in the order in which a person would do it. */
typedef struct DoseLines {
    Str at[8];
    size_t n;
} DoseLines;
DoseLines dose_lines(Arena *a, const Dose *dose);

#endif
