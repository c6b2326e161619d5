#include "follow/follow.h"

static void find_since(FollowJudgement *judgement, Str instrument, const Score *scores, size_t n,
                       int64_t first_infusion_us)
{
    for (size_t i = 0; i < n; i++) {
        const Score *score = &scores[i];
        if (score->at_us < first_infusion_us || !response_counts(score, instrument))
            continue;
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

FollowJudgement follow_judge(Str instrument, const Score *scores, size_t n, int64_t first_infusion_us,
                             const ResponseRules *rules)
{
    FollowJudgement judgement = { 0 };
    if (first_infusion_us != TIME_NONE) {
        judgement.baseline = response_baseline(instrument, scores, n, first_infusion_us, rules);
        find_since(&judgement, instrument, scores, n, first_infusion_us);
    }
    judgement.why_not = why_not_judged(&judgement, first_infusion_us);
    judgement.judged = !judgement.why_not.p;
    if (judgement.judged)
        judgement.response = response_judge(judgement.baseline, judgement.latest, rules);
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
    int before = judgement->baseline->total, fall = judgement->response.fall_points;
    if (fall == 0)
        return arena_fmt(a, "%.*s is %d, as before treatment", STR_ARG(title), latest->total);
    return arena_fmt(a, "%.*s is %d, %s %d from %d before treatment", STR_ARG(title), latest->total,
                     fall > 0 ? "down" : "up", fall > 0 ? fall : -fall, before);
}

/* The strongest word that holds, for one line. */
static const char *verdict_word(const Response *r)
{
    if (r->remission)
        return r->response ? "Response and remission" : "Remission without response";
    if (r->response)
        return "Response, not remission";
    if (r->partial)
        return "Partial response";
    return r->worse ? "Worse than before treatment" : "No response";
}

Str follow_verdict(Arena *a, const FollowJudgement *judgement, const ResponseRules *rules)
{
    if (!judgement->judged)
        return judgement->why_not;
    const Response *r = &judgement->response;
    return arena_fmt(
        a,
        "%s: %s %d%% from %d. Response is a fall of %d%% or more from the course baseline, remission %d or "
        "less.%s%s",
        verdict_word(r), r->fall_percent < 0 ? "rose" : "fell",
        r->fall_percent < 0 ? -r->fall_percent : r->fall_percent, judgement->baseline->total,
        rules->response_percent, rules->remission_max,
        r->low_baseline ? " The baseline was low, so the change cannot be interpreted." : "",
        r->prorated ? " A score with missing items was prorated." : "");
}
