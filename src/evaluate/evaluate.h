/* Evaluate: who may be treated. Pure: a chart in, findings out; no I/O, no clock.
 *
 * A rule is a row of evaluate_rules and a small function (rules_*.c). Its finding says what was found, the
 * fact and its time, and who could go past it. Not known is never fine: a fact that is absent, too old or
 * contradicted gives LEVEL_MISSING. */
#ifndef EVALUATE_EVALUATE_H
#define EVALUATE_EVALUATE_H

#include "chart/chart.h"
#include "chart/override.h"
#include "chart/policy.h"

typedef enum Level {
    LEVEL_FINE,
    LEVEL_CAUTION,
    LEVEL_STOP,
    LEVEL_MISSING,
    LEVEL_DAY, /* asked on the day of an infusion; missing once a course is signed */
    LEVEL_MAX,
} Level;
/* "stop". */
const char *level_word(Level level);

typedef struct Judgement {
    Level level;
    Str because;        /* one sentence with its numbers: "168/104 and 164/102, 10 min apart" */
    FactRef fact;       /* none for LEVEL_MISSING */
    int64_t fact_at_us; /* TIME_NONE where there is none */
} Judgement;

/* What a rule looks at. */
typedef struct Asked {
    Arena *arena;
    const Chart *chart;
    const Policy *policy;
    int64_t now_us;
} Asked;

enum { RULE_ASKS_MAX = 4 };

typedef struct Rule {
    const char *id; /* "EU-E-003" */
    const char *title;
    Judgement (*judge)(const Asked *q);
    bool absolute;     /* no override, at whatever level */
    const char *limit; /* the rule in one sentence, as the screen prints it */
    const char *cites, *seen;
    const char *policy; /* the key of its main threshold; NULL: it has none. Its source is then shown too */
    /* What a person can record to answer it: keys of chart/facts.h, or "weight-kg", "height-cm", "pressure",
     * "c-ssrs", "phq-9", "trial". */
    const char *asks[RULE_ASKS_MAX];
} Rule;

/* The last row has id NULL. */
extern const Rule evaluate_rules[];
/* Stored with every evaluation; raised with every change of a rule. */
extern const char evaluate_rule_set_version[];
/* NULL where there is no such rule. */
const Rule *evaluate_rule(Str id);

typedef struct Finding {
    const Rule *rule;
    Level level;
    Str because;
    FactRef fact;
    int64_t fact_at_us;
    OverrideNeed need;
    const Override *override; /* in force; NULL: none */
    const Override *pending;  /* signed, but not by enough people; NULL: none */
} Finding;

typedef struct Findings {
    Finding *at; /* one a rule, in the order of the table */
    size_t n;
    int count[LEVEL_MAX]; /* by level, overridden ones included */
    int open[LEVEL_MAX];  /* not overridden */
} Findings;

Findings evaluate(Arena *a, const Chart *chart, const Policy *policy, int64_t now_us);

typedef enum Verdict {
    VERDICT_NEVER, /* an absolute row: nobody can go past it */
    VERDICT_STOPPED,
    VERDICT_UNKNOWN,    /* facts are missing */
    VERDICT_TO_SIGN,    /* only cautions are open */
    VERDICT_OVERRIDDEN, /* nothing is open, but something was overridden */
    VERDICT_ELIGIBLE,
} Verdict;
Verdict evaluate_verdict(const Findings *findings);
/* "never", "stopped", ... */
const char *verdict_word(Verdict verdict);
/* "Not yet: resting blood pressure first"; and a sentence with what is open. */
Str verdict_headline(Arena *a, const Findings *findings);
Str verdict_sentence(Arena *a, const Findings *findings);

#endif
