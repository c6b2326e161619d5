#include "chart/response.h"

#include <assert.h>

ResponseRules response_rules(const Policy *policy, const Instrument *scale)
{
    return (ResponseRules){
        .baseline_window_us = policy_duration_us(policy, "response_baseline_window"),
        .response_percent = (int)policy_number(policy, "response_percent"),
        .partial_percent = (int)policy_number(policy, "response_partial_percent"),
        .worse_points = (int)policy_number(policy, "response_worse_points"),
        .interpretable_min = (int)policy_number(policy, "response_interpretable_min"),
        .remission_max = scale->remission_max,
    };
}

int64_t response_first_infusion_us(const Chart *chart)
{
    int64_t first_us = TIME_NONE;
    for (size_t i = 0; i < chart->infusions.n; i++) {
        const Infusion *infusion = &chart->infusions.at[i];
        if (infusion->started_us != TIME_NONE && (first_us == TIME_NONE || infusion->number == 1))
            first_us = infusion->started_us;
    }
    return first_us;
}

bool response_counts(const Score *score, Str instrument)
{
    return str_eq(score->instrument, instrument) && score->total >= 0 && !score->near_dose;
}

const Score *response_baseline(Str instrument, const Score *scores, size_t n, int64_t first_infusion_us,
                               const ResponseRules *rules)
{
    const Score *baseline = NULL;
    for (size_t i = 0; i < n && scores[i].at_us < first_infusion_us; i++)
        if (response_counts(&scores[i], instrument) &&
            scores[i].at_us >= first_infusion_us - rules->baseline_window_us)
            baseline = &scores[i];
    return baseline;
}

Response response_judge(const Score *baseline, const Score *later, const ResponseRules *rules)
{
    assert(baseline->total > 0 && later->total >= 0 && str_eq(baseline->instrument, later->instrument));
    int before = baseline->total, fall = before - later->total;
    /* Multiplied out: a fall of 49.9 % is not half. */
    bool response = 100 * fall >= rules->response_percent * before;
    return (Response){
        .fall_points = fall,
        .fall_percent = 100 * fall / before,
        .response = response,
        .partial = !response && 100 * fall >= rules->partial_percent * before,
        .remission = rules->remission_max >= 0 && later->total <= rules->remission_max,
        .worse = -fall >= rules->worse_points,
        .low_baseline = before < rules->interpretable_min,
        .prorated = !baseline->complete || !later->complete,
    };
}
