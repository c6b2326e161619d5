/* What stands against a plan. Each is a sentence with its numbers, the policy row it rests on, and what it
 * asks for. */
#ifndef PLAN_ISSUE_H
#define PLAN_ISSUE_H

#include "chart/policy.h"

typedef enum PlanLevel {
    PLAN_NOTE,    /* said, asks for nothing */
    PLAN_CAUTION, /* said, with a mark */
    PLAN_TYPED,   /* the prescriber types the dose once more */
    PLAN_TWO,     /* two different prescribers */
    PLAN_REFUSED, /* cannot be drafted, signed or released */
    PLAN_LEVEL_MAX,
} PlanLevel;

typedef struct PlanIssue {
    Str id; /* "EU-P-102" */
    PlanLevel level;
    Str text;
    const PolicyRow *row; /* NULL where the rule has no number */
} PlanIssue;

typedef struct PlanIssues {
    PlanIssue *at;
    size_t n, room;
} PlanIssues;

void issue_add(Arena *a, PlanIssues *issues, const char *id, PlanLevel level, const PolicyRow *row,
               const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The highest level among them; PLAN_NOTE where there is none. */
PlanLevel issues_worst(const PlanIssues *issues);
/* "note", "caution", "typed", "two", "refused". */
const char *plan_level_word(PlanLevel level);

#endif
