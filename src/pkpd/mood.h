/* Mood: a depression score (MADRS points, 0 to 60) under repeated doses. Illustrative: nothing published
 * predicts one person's course, and docs/models/mood.md says what is assumed. Never shown without its
 * interval.
 *
 *     score(t) = baseline - expectancy(t) - effect * A(t) / (1 + A(t)) + drift(t)
 *
 * A, the activity, comes from the doses alone (K-PD): each adds a fast part that rises in hours and decays in
 * days, and a slow part that repeated infusions build; both are closed forms.
 *
 * The effect is in MADRS points at full activity: a mixture of responders and of others, who have none,
 * shifted by what differs between trials; so its prior includes zero.
 *
 * Expectancy is what treatment does whatever is in the bag: it comes in hours with the first session, is
 * renewed by each, and fades after the last. Drift is the illness itself: a stationary Ornstein-Uhlenbeck
 * process.
 *
 * The turnover option at the end drives A by a concentration in plasma instead of by doses.
 * Time is in days from any origin. Doses are intravenous equivalents in mg/kg over about 40 minutes. */
#ifndef PKPD_MOOD_H
#define PKPD_MOOD_H

#include "pkpd/exposure.h"

/* ---- a population, as its file (data/mood/ID.json) says ---- */

/* clang-format off */
/*    member                         unit       least  most   what it is */
#define MOOD_PARAMETERS(X)                                                                                     \
    X(baseline_points,               "points",   10,    60,   "mean untreated score")                          \
    X(baseline_sd_points,            "points",   0.1,   20,   "SD between persons")                            \
    X(expectancy_points,             "points",  -10,    40,   "mean improvement that is not the drug's")       \
    X(expectancy_sd_points,          "points",   0.1,   20,   "SD between persons and settings")               \
    X(expectancy_onset_h,            "h",        0.1,   240,  "half-life of its coming")                       \
    X(expectancy_fade_d,             "d",        1,     1000, "half-life of its fading after a session")       \
    X(responder_share,               "1",        0.01,  0.99, "share of persons on whom the drug acts")        \
    X(effect_points,                 "points",   0,     60,   "responders: mean drug effect at full activity") \
    X(effect_sd_points,              "points",   0.1,   20,   "responders: SD between persons")                \
    X(setting_sd_points,             "points",   0.1,   20,   "SD of the drug effect between trials")          \
    X(standard_dose_mg_per_kg,       "mg/kg",    0.1,   2,    "the dose that the next two are for")            \
    X(fast_activity,                 "1",        0,     50,   "fast activity that one standard dose adds")     \
    X(slow_activity,                 "1",        0,     50,   "slow activity that one standard dose adds")     \
    X(onset_h,                       "h",        0.05,  48,   "half-life of the fast part's rise")             \
    X(fast_d,                        "d",        0.5,   60,   "half-life of the fast part's decay")            \
    X(slow_rise_d,                   "d",        0.1,   30,   "half-life of the slow part's rise")             \
    X(slow_d,                        "d",        1,     400,  "half-life of the slow part's decay")            \
    X(duration_log_sd,               "1",        0.01,  2,    "log-scale SD between persons of all that fades") \
    X(drift_sd_points,               "points",   0.1,   15,   "stationary SD of the illness's own drift")      \
    X(drift_correlation_d,           "d",        0.5,   100,  "time in which its correlation falls to 1/e")    \
    X(self_rating_sd_points,         "points",   0.1,   15,   "SD between persons of self-rating less MADRS")
/* clang-format on */

typedef enum MoodParameter {
#define X(member, unit, least, most, what) MOOD_##member,
    MOOD_PARAMETERS(X)
#undef X
        MOOD_PARAMETERS_MAX
} MoodParameter;

/* One number with its origin: basis is "published", "calibrated on means" or "assumed". */
typedef struct MoodNumber {
    double value;
    Str basis, cites, seen;
} MoodNumber;

typedef enum MoodScaleId { MOOD_MADRS, MOOD_PHQ9, MOOD_QIDS, MOOD_SCALES } MoodScaleId;

/* A score of the scale is intercept + slope * MADRS points + normal noise, rounded, and held in 0..most.
 * The line is an assumption of ours: its origin stands in the file. */
typedef struct MoodScale {
    Str name; /* "MADRS" "PHQ-9" "QIDS" */
    int most;
    bool self_rated; /* then a person's own offset applies too */
    double intercept, slope, noise_sd;
    Str basis, cites, seen;
} MoodScale;

/* Where the model may be used: mood_forecast and advice refuse outside. */
typedef struct MoodDomain {
    double dose_mg_per_kg_min, dose_mg_per_kg_max, minutes_min, minutes_max, interval_d_min;
    double horizon_d_max;
    Str cites, seen;
} MoodDomain;

typedef struct MoodModel {
    Str id, title, population, status; /* status: what a screen says beside each number of this model */
    MoodNumber parameter[MOOD_PARAMETERS_MAX];
    MoodScale scales[MOOD_SCALES];
    MoodDomain domain;
    Str hash;
} MoodModel;

/* Reads one file; ERR_INVALID with a problem for each fault and its path. Strings live in c's arena. */
MUST_USE Err mood_model_load(Ctx *c, Str json, MoodModel *ret_model);
/* The populations that are part of the program, in order of their ids; mood_model() NULL for another id. */
const MoodModel *mood_models(size_t *ret_n);
const MoodModel *mood_model(Str id);
/* The scale named so ("PHQ-9", in any case, with or without the hyphen); false for another name. */
bool mood_scale(Str name, MoodScaleId *ret_scale);

/* ---- a person and their mean course ---- */

/* The person's deviations, each standard normal in the population. */
enum {
    MOOD_Z_BASELINE,
    MOOD_Z_EXPECTANCY,
    MOOD_Z_CLASS, /* below the responder share's quantile: a responder */
    MOOD_Z_EFFECT,
    MOOD_Z_SETTING, /* shared by all persons of one trial or clinic */
    MOOD_Z_DURATION,
    MOOD_Z_SELF_RATING,
    MOOD_Z_MAX
};

typedef struct MoodPerson {
    bool responder;
    double baseline_points, expectancy_points, effect_points, self_rating_points;
    double expectancy_onset_per_d, expectancy_fade_per_d;
    double onset_per_d, fast_per_d, slow_rise_per_d, slow_per_d;
    double fast_per_mg_per_kg, slow_per_mg_per_kg; /* activity that a dose adds */
    double drift_sd_points, drift_per_d;
} MoodPerson;

MoodPerson mood_person(const MoodModel *model, const double z[MOOD_Z_MAX]);
/* Virtual person number subject: indices 0 to MOOD_Z_MAX - 1 of draw_normal(). */
MoodPerson mood_draw_person(const MoodModel *model, uint64_t seed, uint64_t subject);

typedef struct MoodDose {
    double time_d, dose_mg_per_kg; /* 0 mg/kg: a session without drug, which has its expectancy */
} MoodDose;

/* Doses in order of time. */
typedef struct MoodCourse {
    const MoodDose *doses;
    size_t n_doses;
} MoodCourse;

/* The mean course without drift at n times in order, MADRS points, not held in 0..60: just after a dose at
 * its time. O(n + doses). */
void mood_curve(const MoodPerson *person, MoodCourse course, const double *times_d, size_t n,
                double *ret_points);
double mood_at(const MoodPerson *person, MoodCourse course, double time_d);
/* A(t) alone. */
double mood_activity(const MoodPerson *person, MoodCourse course, double time_d);

/* ---- a score, given the points behind it ---- */

/* Mean and SD of what the scale's score is rounded from, for a person whose MADRS points are normal. */
typedef struct MoodNormal {
    double mean, sd;
} MoodNormal;
MoodNormal mood_scale_normal(const MoodScale *scale, const MoodPerson *person, MoodNormal points);
/* The probability of each whole score 0..most, summing to 1 over them. */
double mood_score_probability(const MoodScale *scale, MoodNormal score, int value);
/* The whole score that belongs to one draw of that normal. */
int mood_score_round(const MoodScale *scale, double score);

/* ---- the turnover option: activity driven by the concentration in plasma ---- */

/* fast' = fast_per_h * I - k_fast * fast, slow' likewise (of a baseline score R under R' = kin (1 - I) -
 * kout R this is the deviation), I = C / (C + C50 (1 + M / M50)), M' = k_tolerance (C - M). */
typedef struct MoodTurnover {
    double c50_ng_per_ml;
    double tolerance_c50_ng_per_ml; /* M50; INFINITY: no tolerance */
    double tolerance_half_life_d;
    double fast_per_h, slow_per_h;
} MoodTurnover;

/* Activity at n times (minutes, in order) under a history of rates that follow one another in order and do
 * not overlap. Exact PK and an exact propagator; the drive by Gauss-Legendre panels that double in width from
 * the fastest pole on: 1e-8 relative, by test. The tolerance half-life is at least twice the drug's terminal
 * one.
 */
void mood_turnover_curve(const MoodPerson *person, const MoodTurnover *turnover, const PkpdSystem *system,
                         const PkpdRate *rates, size_t n_rates, const double *times_min, size_t n,
                         double *ret_activity);
/* What a person's mean score is at an activity and without expectancy. */
static inline double mood_points_at_activity(const MoodPerson *person, double activity)
{
    return person->baseline_points - person->effect_points * activity / (1 + activity);
}

#include "pkpd/mood_posterior.h"

#endif
