#include "follow/follow.h"

FollowRules follow_rules(const Policy *policy, const Instrument *scale)
{
    return (FollowRules){
        .baseline_window_us = policy_duration_us(policy, "follow_baseline_window"),
        .response_percent = (int)policy_number(policy, "follow_response_percent"),
        .partial_percent = (int)policy_number(policy, "follow_partial_percent"),
        .worse_points = (int)policy_number(policy, "follow_worse_points"),
        .interpretable_min = (int)policy_number(policy, "follow_interpretable_min"),
        .report_gap_us = policy_duration_us(policy, "follow_report_gap"),
        .remission_max = scale ? scale->remission_max : -1,
    };
}

bool follow_counts(const Score *score, Str instrument)
{
    return str_eq(score->instrument, instrument) && score->total >= 0 && !score->near_dose;
}

static void find_scores(FollowJudgement *judgement, Str instrument, const Score *scores, size_t n,
                        int64_t first_infusion_us, const FollowRules *rules)
{
    for (size_t i = 0; i < n; i++) {
        const Score *score = &scores[i];
        if (!follow_counts(score, instrument))
            continue;
        if (score->at_us < first_infusion_us) {
            if (score->at_us >= first_infusion_us - rules->baseline_window_us)
                judgement->baseline = score;
            continue;
        }
        judgement->previous = judgement->latest;
        judgement->latest = score;
        if (!judgement->best || score->total < judgement->best->total)
            judgement->best = score;
    }
}

static Str why_not_judged(const FollowJudgement *judgement, int64_t first_infusion_us)
{
    if (first_infusion_us == TIME_NONE)
        return S("No infusion was started yet: there is nothing to compare with.");
    if (!judgement->baseline)
        return S(
            "No score in the days before infusion 1 that may serve as baseline: response cannot be judged.");
    if (!judgement->latest)
        return S("No score since infusion 1.");
    if (judgement->baseline->total == 0)
        return S("The score before infusion 1 was 0: a fall cannot be judged.");
    return STR_NONE;
}

static void judge(FollowJudgement *judgement, const FollowRules *rules)
{
    int before = judgement->baseline->total, now = judgement->latest->total;
    int fall = before - now;
    judgement->fall_points = fall;
    judgement->fall_percent = 100 * fall / before;
    /* Multiplied out: a fall of 49.9 % is not half. */
    judgement->response = 100 * fall >= rules->response_percent * before;
    judgement->partial = !judgement->response && 100 * fall >= rules->partial_percent * before;
    judgement->remission = rules->remission_max >= 0 && now <= rules->remission_max;
    judgement->worse = -fall >= rules->worse_points;
    judgement->low_baseline = before < rules->interpretable_min;
    judgement->prorated = !judgement->baseline->complete || !judgement->latest->complete;
}

FollowJudgement follow_judge(Str instrument, const Score *scores, size_t n, int64_t first_infusion_us,
                             const FollowRules *rules)
{
    FollowJudgement judgement = { 0 };
    if (first_infusion_us != TIME_NONE)
        find_scores(&judgement, instrument, scores, n, first_infusion_us, rules);
    judgement.why_not = why_not_judged(&judgement, first_infusion_us);
    judgement.judged = !judgement.why_not.p;
    if (judgement.judged)
        judge(&judgement, rules);
    return judgement;
}

Str follow_headline(Arena *a, const FollowJudgement *judgement, Str title)
{
    const Score *latest = judgement->latest;
    if (!latest)
        return arena_fmt(a, "No %.*s since treatment began", STR_ARG(title));
    if (!judgement->judged)
        return arena_fmt(a, "%.*s is %d; there is no score from before treatment to compare with",
                         STR_ARG(title), latest->total);
    int before = judgement->baseline->total, fall = judgement->fall_points;
    if (fall == 0)
        return arena_fmt(a, "%.*s is %d, as before treatment", STR_ARG(title), latest->total);
    return arena_fmt(a, "%.*s is %d, %s %d from %d before treatment", STR_ARG(title), latest->total,
                     fall > 0 ? "down" : "up", fall > 0 ? fall : -fall, before);
}

/* The strongest word that holds, for one line. */
static Str verdict_word(const FollowJudgement *judgement)
{
    if (judgement->remission && judgement->response)
        return S("Response and remission");
    if (judgement->response)
        return S("Response, not remission");
    if (judgement->remission)
        return S("Remission without response");
    if (judgement->partial)
        return S("Partial response");
    return judgement->worse ? S("Worse than before treatment") : S("No response");
}

Str follow_verdict(Arena *a, const FollowJudgement *judgement, const FollowRules *rules)
{
    if (!judgement->judged)
        return judgement->why_not;
    Str change =
        judgement->fall_percent >= 0
            ? arena_fmt(a, "fell %d%% from %d", judgement->fall_percent, judgement->baseline->total)
            : arena_fmt(a, "rose %d%% from %d", -judgement->fall_percent, judgement->baseline->total);
    return arena_fmt(
        a,
        "%.*s: %.*s. Rule: response is a fall of %d%% or more from the course baseline, remission %d or "
        "less.%s%s",
        STR_ARG(verdict_word(judgement)), STR_ARG(change), rules->response_percent, rules->remission_max,
        judgement->low_baseline ? " The baseline was low, so the change cannot be interpreted." : "",
        judgement->prorated ? " A score with missing items was prorated." : "");
}
