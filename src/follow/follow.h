/* Follow, pure: what a patient's reports say about the course. Plain structs in, a judgement out; no I/O, no
 * clock. */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include "chart/chart.h"
#include "chart/instrument.h"
#include "chart/policy.h"

/* The numbers of the rules, out of the policy in force (data/policy/follow.json). */
typedef struct FollowRules {
    int64_t baseline_window_us; /* before infusion 1 */
    int response_percent;       /* fall from the course baseline, on the same scale */
    int partial_percent;
    int worse_points;
    int interpretable_min; /* a baseline under this leaves too little room */
    int64_t report_gap_us; /* reports further apart are not joined */
    int remission_max;     /* of the instrument: PHQ-9 under 5 is 4; -1: the scale defines none */
} FollowRules;

FollowRules follow_rules(const Policy *policy, const Instrument *instrument);

/* Several may hold at once: 18 to 4 is a response and a remission. None holds where judged is false. */
typedef struct FollowJudgement {
    const Score *baseline; /* the last score in the window before infusion 1; NULL: none */
    const Score *latest;   /* the last score since infusion 1; NULL: none */
    const Score *previous; /* the one before it; NULL: none */
    const Score *best;     /* the lowest since infusion 1; NULL: none */
    bool judged;
    Str why_not;      /* where not judged, a sentence */
    int fall_points;  /* baseline minus latest: negative is worse */
    int fall_percent; /* truncated towards zero */
    bool response, partial, remission, worse;
    bool low_baseline; /* judged, but not interpretable: the screen says so */
    bool prorated;     /* baseline or latest has missing items that were prorated */
} FollowJudgement;

/* scores: of any instruments, oldest first; only those of the given one are read. A score within 4 h of a
 * dose, one without a total, and one not older than infusion 1 as baseline are left out. first_infusion_us:
 * TIME_NONE where none was started, which is "not judged". */
FollowJudgement follow_judge(Str instrument, const Score *scores, size_t n, int64_t first_infusion_us,
                             const FollowRules *rules);

/* True where the score may enter a judgement: of this instrument, with a total, not near a dose. */
bool follow_counts(const Score *score, Str instrument);

/* "PHQ-9 is 9, down 12 from 21 before treatment". One sentence, or what is missing. title: "PHQ-9". */
Str follow_headline(Arena *a, const FollowJudgement *judgement, Str title);
/* "Response: fell by half or more (57 %, 21 to 9). Rule ..." for the line under the headline. */
Str follow_verdict(Arena *a, const FollowJudgement *judgement, const FollowRules *rules);

#endif
