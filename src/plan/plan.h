/* Plan, pure: a chart and a request in, a plan out. Reads nothing but its arguments; the clock is one of
 * them.
 *
 * A plan is a proposal with its arithmetic, its limits and what stands against it. It becomes an order only
 * through a signature (plan_ops.h), which decides everything again. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "plan/dose.h"
#include "plan/protocol.h"
#include "plan/schedule.h"
#include "plan/weight.h"

typedef struct PlanRequest {
    WeightBasis basis; /* BASIS_NONE: the preselected one, if any */
    Decimal mg_per_kg;
    int64_t minutes;
    Decimal vial_mg_per_ml, bag_ml;
    int64_t first_us;
} PlanRequest;

typedef struct Plan {
    PlanRequest request;
    bool first;       /* no infusion was given yet */
    double age_years; /* NAN: the birth date is not known */
    DoseWeights weights;
    WeightBasis basis; /* BASIS_NONE: not chosen, and there is no dose */
    bool has_dose;
    Dose dose; /* only with has_dose */
    bool has_on_basis[BASIS_MAX];
    Dose on_basis[BASIS_MAX]; /* the same request on each usable weight */
    DoseCaps caps;
    Schedule schedule;
    PlanIssues issues;
    PlanLevel worst; /* PLAN_REFUSED wherever there is no dose */
} Plan;

/* What the protocol says, the first infusion on the next weekday. */
PlanRequest plan_usual(const Protocol *protocol, int64_t now_us);

Plan plan_decide(Arena *a, const Chart *chart, const Policy *policy, const Protocol *protocol,
                 const PlanRequest *request, int64_t now_us);

/* What stands between a plan and a signature. */
typedef struct PlanGate {
    bool open;
    Str text; /* one sentence: what is missing, or what signing opens and what it does not */
} PlanGate;

/* Pure. The eligibility must be of today and without an open stop. What is missing keeps the infusion room
 * closed, and the text says so; it does not keep the prescriber from writing the order. */
PlanGate plan_gate(Arena *a, const Chart *chart, const Plan *plan, int64_t now_us);

#endif
