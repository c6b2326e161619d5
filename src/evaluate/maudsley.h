/* Maudsley Staging Method (Fekadu 2018): five parts, total 3 to 15. Severity is the clinician's rating. Pure.
 */
#ifndef EVALUATE_MAUDSLEY_H
#define EVALUATE_MAUDSLEY_H

#include "evaluate/evaluate.h"
#include "evaluate/trials.h"

typedef struct MaudsleyPart {
    const char *title;
    int points; /* -1: not known */
    int max;
    Str text; /* "19 months"; what is missing where it is not known */
} MaudsleyPart;

enum { MAUDSLEY_PARTS = 5 };

typedef struct Maudsley {
    MaudsleyPart part[MAUDSLEY_PARTS]; /* length, severity, antidepressants failed, augmentation, ECT */
    int total;         /* -1: a part is not known, or no trial failed (then the score is not defined) */
    const char *stage; /* "mild", "moderate", "severe"; NULL without a total */
    const char *cites, *seen;
} Maudsley;

/* What the score is made of; months and failures below 0 are not known, severity NULL too. */
typedef struct MaudsleyInput {
    double episode_months;
    const char *severity; /* code of the fact: "severe-psychotic" */
    int failures;
    int augmentation, ect; /* 1 yes, 0 no, -1 not known */
} MaudsleyInput;

Maudsley maudsley_score(Arena *a, const MaudsleyInput *input);
/* Out of the chart: facts that are in date, and the trials that failed. */
Maudsley maudsley_judge(Arena *a, const Chart *chart, const Policy *policy, const Resistance *resistance,
                        int64_t now_us);

#endif
