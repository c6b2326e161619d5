/* When an override holds (safety.md, invariant 5). Pure. */
#ifndef CHART_OVERRIDE_H
#define CHART_OVERRIDE_H

#include "chart/chart.h"

typedef enum OverrideNeed {
    OVERRIDE_NEVER, /* absolute: nobody, ever */
    OVERRIDE_TWO,   /* a stop: two different people, one a physician */
    OVERRIDE_ONE,   /* a caution or a missing fact: one prescriber */
} OverrideNeed;

/* How many different people have signed: one person with two accounts, roles or sessions is one, and a signer
 * who is nobody is none. */
size_t override_people(const Override *override);
/* Enough different people, one of them a physician, a reason, and now before the expiry. */
bool override_in_force(const Override *override, OverrideNeed need, int64_t now_us);

#endif
