/* What a concentration at the effect site does to a person within minutes: pressure, pulse, dissociation,
 * sedation, nausea. One effect is one data file (data/effects/ID.json); docs/models/effects.md has the
 * equations and how each number was found.
 *
 * Two structures, Ce being the concentration at the effect site in ng/mL and s one person's sensitivity today
 * (0: the typical patient):
 *     vital   value = baseline + slope exp(s) Ce / 100        where s is log-normal, else (slope + s) Ce /
 * 100 scale   value = least + range odds / (1 + odds)         odds = background odds + exp(s) (Ce / C50)^hill
 * so a scale never leaves its range. A scale that falls (MOAA/S) counts down from its top. A sensitivity is
 * s = person + occasion: the person's part stays, the occasion's is new in each session; the prior variance
 * of the person's part is that between patients and that between trials, because nobody knows which trial a
 * new patient resembles. A reading is the value with normal noise: of a vital in its unit; of a scale on the
 * logit of the value, then rounded to a whole number.
 *
 *     const EffectModel *model = effect_model(S("systolic"));
 *     EffectDraw draws[1000];
 *     effect_virtual(model, 128, seed, 1000, draws);
 *     TRY(effect_chance(c, model, draws, 1000, &exposure, 160, seed, &chance));
 */
#ifndef PKPD_EFFECT_H
#define PKPD_EFFECT_H

#include "pkpd/exposure.h"

/* ---- a model, as its file says ---- */

typedef enum EffectParameter {
    EFFECT_SLOPE,       /* vital: unit per 100 ng/mL */
    EFFECT_C50,         /* scale: ng/mL at which the typical person is half way */
    EFFECT_HILL,        /* scale */
    EFFECT_BACKGROUND,  /* scale: distance from the resting end without drug, in points */
    EFFECT_TRIAL_SD,    /* of s */
    EFFECT_PATIENT_SD,  /* of s */
    EFFECT_OCCASION_SD, /* of s */
    EFFECT_BASELINE_SD, /* vital: of today's true baseline around the resting value that was read */
    EFFECT_READING_SD,  /* of one reading: vital in its unit, scale on the logit */
    EFFECT_PARAMETERS
} EffectParameter;

typedef struct EffectNumber {
    double value; /* NAN where the structure has no such parameter */
    Str basis;    /* "published", "calibrated on means", "assumed" */
    Str cites, seen;
} EffectNumber;

/* One published figure at 0.5 mg/kg over 40 min, the slope that reproduces it, and which kind of figure it
 * is: a mean of readings at one time is smaller than a mean of individual peaks from the same patients. */
typedef struct EffectSetting {
    Str name, figure;
    double slope;
    Str cites, seen;
} EffectSetting;

enum { EFFECT_SETTINGS_MAX = 6, EFFECT_GRID = 601 };

typedef struct EffectModel {
    Str id, title, unit;
    bool scale;      /* else a vital */
    bool falls;      /* a scale whose resting end is its top */
    bool log_normal; /* how s enters a vital; a scale is always so */
    double least, most;
    EffectNumber parameter[EFFECT_PARAMETERS];
    EffectSetting settings[EFFECT_SETTINGS_MAX];
    size_t n_settings;
    Str exposure_model;      /* the numbers are good with its Ce only */
    double ce_ng_per_ml_max; /* the domain: above it every function here refuses */
    Str domain, domain_cites, domain_seen;
    Str left_out; /* what the sources did not give */
    Str hash;
} EffectModel;

/* Reads one file. ERR_INVALID with a problem for each fault and its path ("parameters[2].unit"). The strings
 * live in c's arena. */
MUST_USE Err effect_model_load(Ctx *c, Str json, EffectModel *ret_model);
/* Those that are part of the program, by id; they live as long as the program. "systolic" "diastolic"
 * "heart-rate" "dissociation" "cadss" "sedation" "nausea". */
const EffectModel *effect_models(size_t *ret_n);
const EffectModel *effect_model(Str id); /* NULL where there is none */
/* The same effect as that one trial saw it: its slope, and no variance between trials. False where the file
 * has no setting of that name. */
bool effect_in_setting(const EffectModel *model, Str name, EffectModel *ret_model);

/* ---- one person's course ---- */

typedef struct EffectDraw {
    double person, sensitivity; /* the part that stays, and s of today (with the occasion's part) */
    double baseline;            /* vital: today's; scale: the value at rest (its resting end where unknown) */
} EffectDraw;

/* The concentrations at n times, in ng/mL and the order of time. */
typedef struct EffectExposure {
    const double *ce_ng_per_ml;
    size_t n;
} EffectExposure;

/* The value, without the noise of reading. It never leaves [least, most]. */
double effect_at(const EffectModel *model, const EffectDraw *person, double ce_ng_per_ml);
/* The typical person of that baseline (a scale's NAN: at rest), or one whose sensitivities are known. */
EffectDraw effect_typical(const EffectModel *model, double baseline);
/* At n times. ERR_RULE outside the model's domain, ERR_INVALID without a vital's baseline. */
MUST_USE Err effect_course(Ctx *c, const EffectModel *model, const EffectDraw *person,
                           const PkpdSystem *system, const PkpdDosing *dosing, const double *times_min,
                           size_t n, double *ret_values);

/* ---- many persons ---- */

/* Virtual patients 0 to n - 1 of that baseline: who is who depends on seed and number only. */
void effect_virtual(const EffectModel *model, double baseline, uint64_t seed, size_t n,
                    EffectDraw *ret_draws);

/* Quantiles at one time: the middle 50 % and 90 % lie between. */
typedef struct EffectBand {
    double p05, p25, p50, p75, p95;
} EffectBand;

typedef enum EffectSeen { EFFECT_TRUE_VALUE, EFFECT_READING } EffectSeen;

/* Over draws, which are virtual patients or one person's posterior. ret_bands has room for exposure->n. */
MUST_USE Err effect_bands(Ctx *c, const EffectModel *model, const EffectDraw *draws, size_t n_draws,
                          const EffectExposure *exposure, EffectSeen seen, uint64_t seed,
                          EffectBand *ret_bands);

/* That the largest (of one that falls: the smallest) of the exposure's times reaches the limit: as it is, and
 * as one reading at each of these times would show it. se: of the draws, not of the model. */
typedef struct EffectChance {
    double true_value, reading;
    double true_value_se, reading_se;
} EffectChance;

MUST_USE Err effect_chance(Ctx *c, const EffectModel *model, const EffectDraw *draws, size_t n_draws,
                           const EffectExposure *exposure, double limit, uint64_t seed,
                           EffectChance *ret_chance);

/* Of two effects that are looked at together (systolic or diastolic), when nothing is known of how they go
 * together: the chance that at least one passes lies between these (Frechet's bounds). */
static inline double effect_either_least(double p, double q)
{
    return p > q ? p : q;
}
static inline double effect_either_most(double p, double q)
{
    return p + q < 1 ? p + q : 1;
}

/* ---- what bedside readings say of a person ---- */

typedef struct EffectReading {
    double ce_ng_per_ml; /* at its time, from what was delivered */
    double value;
} EffectReading;

typedef struct EffectSession {
    double baseline; /* the resting value before the drug; of a scale NAN: not known, at rest */
    const EffectReading *readings;
    size_t n;
} EffectSession;

/* shrinkage: posterior variance over prior variance; 1 is prior only, 0 is known. */
typedef struct EffectEstimate {
    double mean, sd, p05, p95;
    double prior_sd, shrinkage;
} EffectEstimate;

/* A reading that the model, knowing all the others, would call this improbable (two-sided). It has been used
 * all the same: leaving it out is a person's decision, made by not passing it. */
typedef struct EffectOutlier {
    size_t session, reading;
    double probability;
} EffectOutlier;

typedef struct EffectPosterior {
    const EffectModel *model;
    bool prior_only;
    size_t n_readings;
    EffectEstimate person;      /* the part of s that stays */
    EffectEstimate occasion;    /* today's part */
    EffectEstimate sensitivity; /* s of today: their sum */
    EffectEstimate baseline;    /* today's; of a scale as given, sd 0 */
    /* Of the quadrature's nodes, 1 / sum of squared weights, for today's s. Draws are independent of each
     * other, so their own effective size is their number; under 10 nodes they would be too coarse. */
    double effective_sample_size;
    const EffectOutlier
        *outliers; /* in the arena, least probable first; a gross one can make others look odd */
    size_t n_outliers;
    /* Private to effect_draws(): weights of person's part (given earlier sessions) and of today's s. */
    double least_s, step_s;
    const double *person_weight, *today_weight, *occasion_kernel;
    const EffectSession *today;
} EffectPosterior;

/* Sessions oldest first; the last is the one that is asked about, and may have no readings yet. Earlier ones
 * weigh less, because each had an occasion of its own. Exact quadrature on EFFECT_GRID nodes out to six prior
 * SD; a vital's baselines are integrated in closed form. ERR_INVALID with a path for a reading that is no
 * number, off its scale, or without a baseline; ERR_RULE for one outside the domain. The sessions must
 * outlive the posterior. */
MUST_USE Err effect_posterior(Ctx *c, const EffectModel *model, const EffectSession *sessions, size_t n,
                              EffectPosterior *ret_posterior);
/* n independent persons of the posterior, for effect_bands() and effect_chance(). */
void effect_draws(const EffectPosterior *posterior, uint64_t seed, size_t n, EffectDraw *ret_draws);

#endif
