/* Mood, one person: what their own scores say, and what to expect of the coming days.
 *
 * The posterior is found by importance sampling over seeded draws: prior draws first, then twice from a
 * mixture of the prior and a normal fitted to the weighted draws, then resampled to equal weights. The drift
 * is integrated out for each draw by a Gaussian filter whose update has the exact first two moments of a
 * rounded, bounded score. Same seed, same result, on any machine of one libm and any number of threads. */
#ifndef PKPD_MOOD_POSTERIOR_H
#define PKPD_MOOD_POSTERIOR_H

#include "pkpd/mood.h"

enum { MOOD_DRAWS = 4000, MOOD_HORIZON_MAX_D = 365, MOOD_CONFIRM_D = 7 };

typedef struct MoodScore {
    double time_d;
    MoodScaleId scale;
    int score; /* 0 to the scale's most: a programmer's error else */
} MoodScore;

/* Doses and scores in order of time; a score at the time of a dose was taken before it. */
typedef struct MoodHistory {
    MoodCourse course;
    const MoodScore *scores;
    size_t n_scores;
} MoodHistory;

/* One draw: a person, and where their drift stood at the posterior's as_of_d. */
typedef struct MoodDraw {
    MoodPerson person;
    MoodNormal drift;
} MoodDraw;

/* The 5th, 25th, 50th, 75th and 95th percentile: the 50 % band is p25 to p75, the 90 % band p05 to p95. */
typedef struct MoodBand {
    double p05, p25, p50, p75, p95;
} MoodBand;

/* A chance with what is not known about it: the spread, over draws of the person, of the chance given the
 * person (what is left to the illness's drift). */
typedef struct MoodChance {
    double mean, p05, p95;
} MoodChance;
typedef struct MoodPosterior {
    const MoodModel *model;
    MoodDraw *draws; /* equal weights */
    size_t n;
    double as_of_d;     /* the last score's time; -INFINITY without any */
    double effective_n; /* of the weights before resampling; n for the prior */
    bool prior_only;    /* no score: everything below is the population's prior */
    uint64_t seed;
} MoodPosterior;

/* Doses after the last score count in the forecast, not here. With no scores it is the prior, and says so. */
MoodPosterior mood_posterior(Arena *a, const MoodModel *model, const MoodHistory *history, uint64_t seed);
static inline MoodPosterior mood_prior(Arena *a, const MoodModel *model, uint64_t seed)
{
    return mood_posterior(a, model, &(MoodHistory){ 0 }, seed);
}

/* What the draws say of the person, for prior beside posterior. */
typedef struct MoodBelief {
    MoodBand baseline_points, expectancy_points, effect_points;
    double responder_chance;
    double effect_above_zero_chance;
} MoodBelief;
MoodBelief mood_belief(Arena *a, const MoodPosterior *posterior);

/* ---- the coming days ---- */

/* Response: latent points at most half of the person's own untreated level. */
typedef struct MoodDay {
    double time_d;
    MoodBand points; /* latent MADRS points */
    MoodBand score;  /* as it would be measured on the asked scale */
    MoodChance response;
} MoodDay;

/* The chance of response at a time at or after as_of_d for one draw whose mean course is at so many points
 * there. */
double mood_response_chance(const MoodPosterior *posterior, const MoodDraw *draw, double points,
                            double time_d);

/* Days from_d, from_d + 1 ... n of them (at most MOOD_HORIZON_MAX_D), from_d not before as_of_d. course holds
 * all doses, past and planned. ret_days has room for n. */
void mood_forecast(Arena *a, const MoodPosterior *posterior, MoodCourse course, MoodScaleId scale,
                   double from_d, size_t n, MoodDay *ret_days);

/* Response is lost on the first day above half of the untreated level that is so again MOOD_CONFIRM_D days
 * later. Given that it stands on from_d. */
typedef struct MoodLoss {
    double response_now_chance; /* on from_d; the rest holds for those draws */
    size_t n_with_response;     /* draws behind the rest: 0 leaves it NAN */
    int within_d;
    MoodBand day; /* days after from_d; INFINITY: not within within_d */
    double not_within_chance;
    double *lost_by_chance; /* [day], 0 to within_d */
} MoodLoss;
MoodLoss mood_loss(Arena *a, const MoodPosterior *posterior, MoodCourse course, double from_d, int within_d);

typedef struct MoodKeep {
    MoodChance without, with, gain; /* of keeping response for the days, without and with the infusion */
    size_t n_with_response;         /* 0: nobody to keep it, chances NAN */
} MoodKeep;
/* extra is the infusion in question, at or after from_d; the chances are for response standing on from_d. */
MoodKeep mood_keep(Arena *a, const MoodPosterior *posterior, MoodCourse course, MoodDose extra, double from_d,
                   int days);

#endif
