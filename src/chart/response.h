/* Depression response, pure: how one score of a scale compares with the course's baseline on the same scale.
 * Follow judges a patient with it, learn a cohort. Numbers from the policy in force
 * (data/policy/follow.json). */
#ifndef CHART_RESPONSE_H
#define CHART_RESPONSE_H

#include "chart/chart.h"
#include "chart/instrument.h"
#include "chart/policy.h"

typedef struct ResponseRules {
    int64_t baseline_window_us; /* before infusion 1 */
    int response_percent;       /* a fall of this much of the baseline, or more */
    int partial_percent;
    int worse_points;      /* a rise of this many points, or more */
    int interpretable_min; /* a baseline under this leaves too little room */
    int remission_max;     /* of the instrument: PHQ-9 under 5 is 4; -1: the scale defines none */
} ResponseRules;

ResponseRules response_rules(const Policy *policy, const Instrument *instrument);

/* Several may hold at once: 18 to 4 is a response and a remission. */
typedef struct Response {
    int fall_points;  /* negative: a rise */
    int fall_percent; /* of the baseline, truncated towards zero */
    bool response, partial, remission, worse;
    bool low_baseline; /* not interpretable: the screen says so */
    bool prorated;     /* one of the two has missing items that were prorated */
} Response;

/* When infusion 1 of the newest course began; TIME_NONE where none was started. */
int64_t response_first_infusion_us(const Chart *chart);
/* True where the score may enter a judgement: of this instrument, with a total, not within 4 h of a dose. */
bool response_counts(const Score *score, Str instrument);
/* The last score in the window before infusion 1; NULL where there is none. scores: oldest first. */
const Score *response_baseline(Str instrument, const Score *scores, size_t n, int64_t first_infusion_us,
                               const ResponseRules *rules);
/* baseline->total must be above 0: a fall from 0 cannot be judged. */
Response response_judge(const Score *baseline, const Score *later, const ResponseRules *rules);

#endif
