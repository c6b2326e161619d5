/* Follow, pure: what a patient's reports say about the course. Plain structs in, a judgement out; no I/O, no
 * clock. */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include "chart/response.h"

typedef struct FollowJudgement {
    const Score *baseline; /* the last score in the window before infusion 1; NULL: none */
    const Score *latest;   /* the last score since infusion 1; NULL: none */
    const Score *best;     /* the lowest since infusion 1; NULL: none */
    bool judged;
    Str why_not;       /* where not judged, a sentence */
    Response response; /* where judged */
} FollowJudgement;

/* scores: of any instruments, oldest first; only those of the given one count. first_infusion_us: TIME_NONE
 * where none was started, which is "not judged". */
FollowJudgement follow_judge(Str instrument, const Score *scores, size_t n, int64_t first_infusion_us,
                             const ResponseRules *rules);

/* "PHQ-9 is 9, down 12 from 21 before treatment". One sentence, or what is missing. title: "PHQ-9". */
Str follow_headline(Arena *a, const FollowJudgement *judgement, Str title);
/* "Response, not remission: fell 57% from 21." with the rule, or why it is not judged. */
Str follow_verdict(Arena *a, const FollowJudgement *judgement, const ResponseRules *rules);

#endif
