/* Antidepressant trials: which were adequate, which failed, and whether the depression is treatment resistant
 * by rule. Pure but for the table, which is read once (data/policy/trials.json).
 *
 *     adequate = dose >= minimum AND weeks >= minimum AND adherence >= minimum
 *     failed   = adequate AND improvement below the limit
 *
 * Intolerance is not failure: a trial that ended before it was adequate does not count. A number that is not
 * known leaves the trial unknown, never adequate. */
#ifndef EVALUATE_TRIALS_H
#define EVALUATE_TRIALS_H

#include "chart/chart.h"
#include "chart/policy.h"

typedef struct TrialDrug {
    Str key, title, drug_class;
    double min_mg_per_day;
    Str cites, seen;
} TrialDrug;

const TrialDrug *trial_drugs(size_t *ret_n);
/* NULL where the table does not have it. */
const TrialDrug *trial_drug(Str key);

typedef enum TrialOutcome { TRIAL_UNKNOWN, TRIAL_NOT_ADEQUATE, TRIAL_HELPED, TRIAL_FAILED } TrialOutcome;
/* "failed". */
const char *trial_outcome_word(TrialOutcome outcome);

typedef struct TrialJudgement {
    const Trial *trial;
    const TrialDrug *drug; /* NULL: not in the table */
    TrialOutcome outcome;
    Str why; /* "3 weeks of at least 6", "the adherence is not known" */
} TrialJudgement;

typedef struct Resistance {
    TrialJudgement *at; /* every trial of the chart, in its order */
    size_t n;
    int failed;  /* different medicines that failed in the current episode */
    int unknown; /* trials of the episode that cannot be judged */
    int needed;
    bool resistant;
} Resistance;

Resistance resistance_judge(Arena *a, const Chart *chart, const Policy *policy);

#endif
