#include "pkpd/effect.h"

#include "pkpd/draw.h"
#include "pkpd/effect_reading.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* ---- one person ---- */

double effect_at(const EffectModel *model, const EffectDraw *person, double ce_ng_per_ml)
{
    double value = model->scale ? scale_value(model, effect_logit(model, person, ce_ng_per_ml))
                                : person->baseline + vital_slope(model, person->sensitivity) * ce_ng_per_ml;
    return fmin(fmax(value, model->least), model->most);
}

EffectDraw effect_typical(const EffectModel *model, double baseline)
{
    return (EffectDraw){ .baseline = effect_resting(model, baseline) };
}

Err effect_check(Ctx *c, const EffectModel *model, double ce_ng_per_ml, Str path)
{
    if (ce_ng_per_ml >= 0 && ce_ng_per_ml <= model->ce_ng_per_ml_max)
        return OK;
    return problem(c, ERR_RULE, path,
                   "%.*s: %g ng/mL at the effect site is outside the model's domain (0 to %g: %.*s).",
                   STR_ARG(model->title), ce_ng_per_ml, model->ce_ng_per_ml_max, STR_ARG(model->domain));
}

Err effect_check_baseline(Ctx *c, const EffectModel *model, double baseline, Str path)
{
    if (model->scale && isnan(baseline))
        return OK;
    if (baseline >= model->least && baseline <= model->most)
        return OK;
    return problem(c, ERR_INVALID, path, "%.*s needs a resting value of %g to %g %.*s.",
                   STR_ARG(model->title), model->least, model->most, STR_ARG(model->unit));
}

static Err check_exposure(Ctx *c, const EffectModel *model, const EffectExposure *exposure)
{
    for (size_t i = 0; i < exposure->n; i++)
        TRY(effect_check(c, model, exposure->ce_ng_per_ml[i], arena_fmt(c->arena, "ce_ng_per_ml[%zu]", i)));
    return OK;
}

Err effect_course(Ctx *c, const EffectModel *model, const EffectDraw *person, const PkpdSystem *system,
                  const PkpdDosing *dosing, const double *times_min, size_t n, double *ret_values)
{
    TRY(effect_check_baseline(c, model, person->baseline, S("baseline")));
    PkpdPoint *points = arena_new(c->arena, PkpdPoint, n);
    pkpd_curve(system, dosing, times_min, n, points);
    for (size_t i = 0; i < n; i++)
        TRY(effect_check(c, model, points[i].ce_ng_per_ml, arena_fmt(c->arena, "times_min[%zu]", i)));
    for (size_t i = 0; i < n; i++)
        ret_values[i] = effect_at(model, person, points[i].ce_ng_per_ml);
    return OK;
}

/* ---- many persons ---- */

enum { DRAW_PERSON, DRAW_OCCASION, DRAW_BASELINE };

void effect_virtual(const EffectModel *model, double baseline, uint64_t seed, size_t n, EffectDraw *ret_draws)
{
    double person_sd = effect_person_sd(model), occasion_sd = model->parameter[EFFECT_OCCASION_SD].value;
    double rest = effect_resting(model, baseline);
    double baseline_sd = model->scale ? 0 : model->parameter[EFFECT_BASELINE_SD].value;
    uint32_t first = effect_draw_index(model, 0);
    for (size_t i = 0; i < n; i++) {
        double person = person_sd * draw_normal(seed, i, first + DRAW_PERSON);
        ret_draws[i] = (EffectDraw){
            .person = person,
            .sensitivity = person + occasion_sd * draw_normal(seed, i, first + DRAW_OCCASION),
            .baseline = fmax(model->least, rest + baseline_sd * draw_normal(seed, i, first + DRAW_BASELINE)),
        };
    }
}

/* What a reading shows of the person of that number; a standard normal makes the noise. */
static double reading(const EffectModel *model, const EffectDraw *person, double ce_ng_per_ml, double noise)
{
    double sd = model->parameter[EFFECT_READING_SD].value;
    double value = model->scale
                       ? round(scale_value(model, effect_logit(model, person, ce_ng_per_ml) + sd * noise))
                       : effect_at(model, person, ce_ng_per_ml) + sd * noise;
    return fmin(fmax(value, model->least), model->most);
}

static double noise_at(const EffectModel *model, uint64_t seed, size_t person, size_t time)
{
    assert(time < EFFECT_DRAWS / 2);
    return draw_normal(seed, person, effect_draw_index(model, (uint32_t)(EFFECT_DRAWS / 2 + time)));
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the order statistics. */
static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static EffectBand band_of(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_size);
    return (EffectBand){ quantile(values, n, 0.05), quantile(values, n, 0.25), quantile(values, n, 0.5),
                         quantile(values, n, 0.75), quantile(values, n, 0.95) };
}

Err effect_bands(Ctx *c, const EffectModel *model, const EffectDraw *draws, size_t n_draws,
                 const EffectExposure *exposure, EffectSeen seen, uint64_t seed, EffectBand *ret_bands)
{
    assert(n_draws > 0);
    TRY(check_exposure(c, model, exposure));
    TRY(effect_check_baseline(c, model, draws->baseline, S("baseline")));
    double *values = arena_new(c->arena, double, n_draws);
    for (size_t t = 0; t < exposure->n; t++) {
        double ce = exposure->ce_ng_per_ml[t];
        for (size_t i = 0; i < n_draws; i++)
            values[i] = seen == EFFECT_READING ? reading(model, &draws[i], ce, noise_at(model, seed, i, t))
                                               : effect_at(model, &draws[i], ce);
        ret_bands[t] = band_of(values, n_draws);
    }
    return OK;
}

static bool passes(const EffectModel *model, double value, double limit)
{
    return model->falls ? value <= limit : value >= limit;
}

static double standard_error(double p, size_t n)
{
    return sqrt(p * (1 - p) / (double)n);
}

Err effect_chance(Ctx *c, const EffectModel *model, const EffectDraw *draws, size_t n_draws,
                  const EffectExposure *exposure, double limit, uint64_t seed, EffectChance *ret_chance)
{
    assert(n_draws > 0);
    TRY(check_exposure(c, model, exposure));
    TRY(effect_check_baseline(c, model, draws->baseline, S("baseline")));
    size_t truly = 0, read = 0;
    for (size_t i = 0; i < n_draws; i++) {
        bool is = false, shows = false;
        for (size_t t = 0; t < exposure->n && !(is && shows); t++) {
            double ce = exposure->ce_ng_per_ml[t];
            is = is || passes(model, effect_at(model, &draws[i], ce), limit);
            shows = shows || passes(model, reading(model, &draws[i], ce, noise_at(model, seed, i, t)), limit);
        }
        truly += is;
        read += shows;
    }
    double n = (double)n_draws, is = (double)truly / n, shows = (double)read / n;
    *ret_chance = (EffectChance){ is, shows, standard_error(is, n_draws), standard_error(shows, n_draws) };
    return OK;
}
