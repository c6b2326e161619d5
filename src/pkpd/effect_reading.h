/* The two structures of pkpd/effect.h in their smallest parts. Private to pkpd. */
#ifndef PKPD_EFFECT_READING_H
#define PKPD_EFFECT_READING_H

#include "pkpd/effect.h"

#include <math.h>

/* SD of the part of s that stays: between patients, and between the trials a patient may resemble. */
static inline double effect_person_sd(const EffectModel *model)
{
    return hypot(model->parameter[EFFECT_PATIENT_SD].value, model->parameter[EFFECT_TRIAL_SD].value);
}

/* A scale whose baseline nobody knows is taken at its resting end. */
static inline double effect_resting(const EffectModel *model, double baseline)
{
    return model->scale && isnan(baseline) ? (model->falls ? model->most : model->least) : baseline;
}

/* Unit per ng/mL. */
static inline double vital_slope(const EffectModel *model, double s)
{
    double slope = model->parameter[EFFECT_SLOPE].value;
    return (model->log_normal ? slope * exp(s) : slope + s) / 100;
}

/* Points away from a scale's resting end, as a share of its range: 0 to 1. */
static inline double scale_share(const EffectModel *model, double value)
{
    return (model->falls ? model->most - value : value - model->least) / (model->most - model->least);
}

static inline double scale_value(const EffectModel *model, double logit)
{
    double share = 1 / (1 + exp(-logit)), points = share * (model->most - model->least);
    return model->falls ? model->most - points : model->least + points;
}

/* The odds that a scale shows at rest. A baseline at the far end is kept half a point away from it. */
static inline double scale_background_odds(const EffectModel *model, double baseline)
{
    double range = model->most - model->least;
    double share = fmax(scale_share(model, effect_resting(model, baseline)),
                        model->parameter[EFFECT_BACKGROUND].value / range);
    share = fmin(share, 1 - 0.5 / range);
    return share / (1 - share);
}

/* (Ce / C50)^hill, which the typical person's drug adds to the odds. */
static inline double scale_drug_odds(const EffectModel *model, double ce_ng_per_ml)
{
    return pow(ce_ng_per_ml / model->parameter[EFFECT_C50].value, model->parameter[EFFECT_HILL].value);
}

static inline double effect_logit(const EffectModel *model, const EffectDraw *person, double ce_ng_per_ml)
{
    return log(scale_background_odds(model, person->baseline) +
               exp(person->sensitivity) * scale_drug_odds(model, ce_ng_per_ml));
}

/* Random numbers of one effect: 2^20 indices a subject of its own, far from those of exposure. The upper half
 * is the noise of readings. */
enum { EFFECT_DRAWS = 1 << 20 };

static inline uint32_t effect_draw_index(const EffectModel *model, uint32_t of_what)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < model->id.n; i++)
        hash = (hash ^ (unsigned char)model->id.p[i]) * 16777619u;
    return (hash | 0x80000000u) / EFFECT_DRAWS * EFFECT_DRAWS + of_what;
}

/* ERR_RULE outside the domain. */
MUST_USE Err effect_check(Ctx *c, const EffectModel *model, double ce_ng_per_ml, Str path);
/* ERR_INVALID for one off the scale, and for a vital without one. */
MUST_USE Err effect_check_baseline(Ctx *c, const EffectModel *model, double baseline, Str path);

#endif
