/* Learn, pure: what became of the courses that were started here. Plain structs in, rates out, each with its
 * denominator, its missing and its Wilson interval; nobody is left out silently (safety.md, invariant 15). */
#ifndef LEARN_LEARN_H
#define LEARN_LEARN_H

#include "chart/response.h"

/* A proportion with its 95 % Wilson score interval (Wilson 1927), in shares of 1. n 0: nothing is known, from
 * 0 to 1. */
typedef struct Proportion {
    int64_t x, n;
    double share, low, high; /* share is NaN where n is 0 */
} Proportion;

Proportion wilson(int64_t x, int64_t n);

/* Where one course stands with its outcome. */
typedef enum OutcomeState {
    OUTCOME_NOT_STARTED,  /* no infusion was given: in no denominator */
    OUTCOME_IN_TREATMENT, /* the induction goes on */
    OUTCOME_NOT_DUE,      /* the window has not closed yet */
    OUTCOME_NO_BASELINE,  /* due, but no score before infusion 1 to compare with */
    OUTCOME_MISSED,       /* due, but no score in the window */
    OUTCOME_MEASURED,
} OutcomeState;

typedef struct Outcome {
    OutcomeState state;
    const Score *baseline, *score; /* of a measured one */
    Response response;
} Outcome;

typedef struct LearnRules {
    int64_t window_from_us, window_to_us; /* after the last induction infusion */
    int64_t induction_gap_us; /* a longer pause ends an induction that is short of its planned infusions */
    ResponseRules response;
} LearnRules;

LearnRules learn_rules(const Policy *policy, const Instrument *instrument);

/* The last score in the window counts. Due once the window has closed, so that who reports early is not
 * counted before who reports never. A course that stopped short is judged like any other. */
Outcome learn_outcome(const Chart *chart, Str instrument, const LearnRules *rules, int64_t now_us);

/* What is told of a cohort. due = measured + missed + no_baseline. */
typedef struct Cohort {
    int64_t started, in_treatment, not_due, due, measured, missed, no_baseline;
    int64_t responded, remitted, worse;
    int64_t infusions;
} Cohort;

void cohort_add(Cohort *cohort, const Chart *chart, const Outcome *outcome);
/* If all that are missing had gone badly, and if all had gone well: x of due. */
Proportion cohort_worst_case(const Cohort *cohort, int64_t x);
Proportion cohort_best_case(const Cohort *cohort, int64_t x);

#endif
