#include "learn/learn.h"

#include <assert.h>
#include <math.h>

Proportion wilson(int64_t x, int64_t n)
{
    const double z = 1.959963984540054; /* the 97.5 % point of the normal distribution */
    assert(x >= 0 && x <= n);
    if (n == 0)
        return (Proportion){ 0, 0, NAN, 0, 1 };
    double count = (double)n, share = (double)x / count, z2 = z * z;
    double middle = (share + z2 / (2 * count)) / (1 + z2 / count);
    double half = z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count));
    /* At 0 and n the limits are exact; rounding would put them a hair outside. */
    return (Proportion){ x, n, share, x == 0 ? 0 : middle - half, x == n ? 1 : middle + half };
}

LearnRules learn_rules(const Policy *policy, const Instrument *scale)
{
    return (LearnRules){
        .window_from_us = policy_duration_us(policy, "learn_window_from"),
        .window_to_us = policy_duration_us(policy, "learn_window_to"),
        .induction_gap_us = policy_duration_us(policy, "learn_induction_gap"),
        .response = response_rules(policy, scale),
    };
}

/* ---- one course ---- */

typedef struct Induction {
    int64_t first_us, last_us; /* TIME_NONE: nothing was given */
    int given;
} Induction;

/* The infusions from the first on, up to the planned number, without a pause longer than the rule allows. */
static Induction induction_of(const Chart *chart, const LearnRules *rules)
{
    Induction induction = { TIME_NONE, TIME_NONE, 0 };
    int64_t first_us = response_first_infusion_us(chart);
    for (size_t i = 0; i < chart->infusions.n; i++) {
        int64_t at_us = chart->infusions.at[i].started_us;
        bool full = chart->course.infusions_planned > 0 && induction.given >= chart->course.infusions_planned;
        if (at_us == TIME_NONE || at_us < first_us)
            continue;
        if (induction.given && (full || at_us - induction.last_us > rules->induction_gap_us))
            break;
        if (induction.given == 0)
            induction.first_us = at_us;
        induction.last_us = at_us;
        induction.given++;
    }
    return induction;
}

static bool goes_on(const Chart *chart, const Induction *induction, const LearnRules *rules, int64_t now_us)
{
    return chart->course.status == COURSE_ACTIVE && induction->given < chart->course.infusions_planned &&
           now_us - induction->last_us <= rules->induction_gap_us;
}

static const Score *last_in_window(const Chart *chart, Str instrument, int64_t from_us, int64_t to_us)
{
    const Score *found = NULL;
    for (size_t i = 0; i < chart->scores.n; i++) {
        const Score *score = &chart->scores.at[i];
        if (response_counts(score, instrument) && score->at_us >= from_us && score->at_us <= to_us)
            found = score;
    }
    return found;
}

static Outcome outcome_when_due(const Chart *chart, Str instrument, const Induction *induction,
                                const LearnRules *rules)
{
    Outcome outcome = { .state = OUTCOME_NO_BASELINE };
    outcome.baseline = response_baseline(instrument, chart->scores.at, chart->scores.n, induction->first_us,
                                         &rules->response);
    if (!outcome.baseline || outcome.baseline->total == 0)
        return outcome;
    outcome.score = last_in_window(chart, instrument, induction->last_us + rules->window_from_us,
                                   induction->last_us + rules->window_to_us);
    outcome.state = outcome.score ? OUTCOME_MEASURED : OUTCOME_MISSED;
    if (outcome.score)
        outcome.response = response_judge(outcome.baseline, outcome.score, &rules->response);
    return outcome;
}

Outcome learn_outcome(const Chart *chart, Str instrument, const LearnRules *rules, int64_t now_us)
{
    Induction induction = induction_of(chart, rules);
    if (induction.given == 0)
        return (Outcome){ .state = OUTCOME_NOT_STARTED };
    if (goes_on(chart, &induction, rules, now_us))
        return (Outcome){ .state = OUTCOME_IN_TREATMENT };
    if (now_us <= induction.last_us + rules->window_to_us)
        return (Outcome){ .state = OUTCOME_NOT_DUE };
    return outcome_when_due(chart, instrument, &induction, rules);
}

/* ---- the cohort ---- */

void cohort_add(Cohort *cohort, const Chart *chart, const Outcome *outcome)
{
    if (outcome->state == OUTCOME_NOT_STARTED)
        return;
    cohort->started++;
    for (size_t i = 0; i < chart->infusions.n; i++)
        cohort->infusions += chart->infusions.at[i].started_us != TIME_NONE;
    cohort->in_treatment += outcome->state == OUTCOME_IN_TREATMENT;
    cohort->not_due += outcome->state == OUTCOME_NOT_DUE;
    cohort->missed += outcome->state == OUTCOME_MISSED;
    cohort->no_baseline += outcome->state == OUTCOME_NO_BASELINE;
    cohort->due += outcome->state >= OUTCOME_NO_BASELINE;
    if (outcome->state != OUTCOME_MEASURED)
        return;
    cohort->measured++;
    cohort->responded += outcome->response.response;
    cohort->remitted += outcome->response.remission;
    cohort->worse += outcome->response.worse;
}

Proportion cohort_worst_case(const Cohort *cohort, int64_t x)
{
    return wilson(x, cohort->due);
}

Proportion cohort_best_case(const Cohort *cohort, int64_t x)
{
    return wilson(x + cohort->due - cohort->measured, cohort->due);
}
