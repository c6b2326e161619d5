/* Advice: a bounded grid of doses, durations and intervals for the coming weeks, each option with what it may
 * bring, what it risks, what it costs and how much drug it adds up to; in an order whose reasons are said in
 * words. It proposes and never decides. No option stands without its intervals, and what lies outside the
 * mood model's domain is refused with the reason. The mood model knows the dose, not how long it runs: of two
 * durations only the risks differ. */
#ifndef PKPD_ADVICE_H
#define PKPD_ADVICE_H

#include "pkpd/mood.h"

enum { ADVICE_OPTIONS_MAX = 240 };

/* Chances for one infusion, from acute effect models that the caller knows. */
typedef struct AdviceRisks {
    MoodChance pressure;     /* of passing the pressure limit at any time */
    MoodChance dissociation; /* of passing the dissociation limit */
} AdviceRisks;
/* False with a sentence where the models do not reach to this dose. */
typedef bool AdviceRiskFn(void *world, double dose_mg, double minutes, AdviceRisks *ret_risks,
                          Str *ret_why_not);

typedef struct AdviceGrid {
    const double *doses_mg_per_kg, *minutes, *intervals_d;
    size_t n_doses, n_minutes, n_intervals; /* their product is at most ADVICE_OPTIONS_MAX */
} AdviceGrid;

/* An option that may pass one of these is shown last and not ranked; INFINITY: no limit. A chance is held
 * against its limit with its upper end (p95), because the limit is there for safety. */
typedef struct AdviceLimits {
    double pressure_chance, dissociation_chance;
    double exposure_mg; /* given so far and planned, together */
    double infusions_in_7_d;
    double cost;
} AdviceLimits;

typedef struct AdviceCase {
    const MoodPosterior *posterior;
    MoodCourse given;      /* what was given, and nothing planned */
    double given_mg;       /* its sum */
    double first_d;        /* when the next infusion could be; at or after the last score */
    int horizon_d;         /* days from first_d over which options are compared */
    double dose_weight_kg; /* NAN: not known, and refused */
    double cost_per_infusion;
    const char *currency;
    AdviceGrid grid;
    AdviceLimits limits;
    AdviceRiskFn *risks;
    void *world;
    double indifferent_points; /* benefits closer than this count as the same */
} AdviceCase;

typedef struct AdviceOption {
    double dose_mg_per_kg, dose_mg, minutes, interval_d;
    int infusions; /* in the horizon */
    MoodChance
        benefit; /* MADRS points below the course without any further infusion, mean over the horizon */
    MoodChance response; /* chance of response on the horizon's last day, without and within persons */
    double benefit_above_zero_chance;
    AdviceRisks risks; /* of each infusion */
    double cost, exposure_mg;
    bool ranked;      /* within all limits */
    int benefit_step; /* 0: as good as the best ranked option, 1: indifferent_points below, ... */
    Str reason;       /* why it stands here: which limit it may pass, or what puts it before the next */
} AdviceOption;

typedef struct AdviceRefusal {
    double dose_mg_per_kg, minutes, interval_d;
    Str reason;
} AdviceRefusal;

typedef struct Advice {
    AdviceOption *options; /* ranked ones first, best first */
    size_t n, n_ranked;
    AdviceRefusal *refused;
    size_t n_refused;
    bool prior_only; /* no scores behind it: the population's, not this person's */
    Str status;      /* to be shown beside every number */
} Advice;

/* ERR_RULE with a sentence for what makes advice impossible as a whole: no dose weight, a horizon beyond the
 * model's domain, scores that contradict the model, a grid too large. */
MUST_USE Err advice(Ctx *c, const AdviceCase *question, Advice *ret_advice);

/* ---- the published stopping rule, beside the posterior ---- */

/* Percent of improvement of the measured score since the course's baseline, before infusion early + 1 and
 * after infusion end. */
typedef struct AdviceStopRule {
    int early_infusions, end_infusions;
    double early_percent, end_percent;
    const char *cites, *seen;
} AdviceStopRule;
/* Stop after 3 to 4 infusions without improvement; the percents are policy. */
extern const AdviceStopRule advice_stop_rule;

typedef enum AdviceVerdict {
    ADVICE_NOT_DUE, /* fewer infusions than the rule asks for */
    ADVICE_UNKNOWN, /* due, but no two scores of one scale */
    ADVICE_GO_ON,   /* due, and better than the limit */
    ADVICE_DECIDE,  /* the early limit is not reached: a person decides */
    ADVICE_STOP     /* the last limit is not reached: stopping is the default */
} AdviceVerdict;

typedef struct AdviceStop {
    AdviceVerdict verdict;
    int infusions;
    double improvement_percent; /* NAN: unknown */
    /* Chance of response three days after the last of end_infusions, given the scores, the rest being given
     * at the course's own dose and spacing; NAN when none is left. */
    MoodChance response_at_end;
    Str words;
} AdviceStop;

/* The baseline is the last score at or before the first dose, the present the last score of the same scale
 * after it. */
AdviceStop advice_stop(Arena *a, const MoodPosterior *posterior, const MoodHistory *history,
                       const AdviceStopRule *rule);

#endif
