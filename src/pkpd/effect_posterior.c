/* Given the person's part of s, sessions are independent of each other; given s of a session, its readings
 * are normal (a vital) or ordered categories (a scale) around one course. So everything is one-dimensional
 * sums over one grid of s: L(s) of each session, its average over the occasion's part, and their product. */
#include "pkpd/effect.h"

#include "pkpd/draw.h"
#include "pkpd/effect_likelihood.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double REACH_SD = 6;
/* Two-sided: of a course of ten readings that are as the model says, one course in a hundred shows one. */
static const double OUTLIER_PROBABILITY = 0.001;

static Grid make_grid(Ctx *c, const EffectModel *model)
{
    double occasion_sd = model->parameter[EFFECT_OCCASION_SD].value;
    double sd = hypot(effect_person_sd(model), occasion_sd);
    Grid grid = { .least = -REACH_SD * sd,
                  .step = 2 * REACH_SD * sd / (EFFECT_GRID - 1),
                  .kernel = arena_new(c->arena, double, EFFECT_GRID) };
    grid.reach = (int)fmin(EFFECT_GRID - 1, ceil(REACH_SD * occasion_sd / grid.step));
    for (int d = 0; d <= grid.reach; d++) {
        double z = d * grid.step / occasion_sd;
        grid.kernel[d] = exp(-z * z / 2);
    }
    return grid;
}

/* Sum of the kernel around node i over weights: what one part of s leaves for the other. */
static double smoothed(const Grid *grid, const double *weight, int i)
{
    int from = i > grid->reach ? i - grid->reach : 0;
    int to = i + grid->reach < EFFECT_GRID ? i + grid->reach : EFFECT_GRID - 1;
    double sum = 0;
    for (int j = from; j <= to; j++)
        sum += grid->kernel[i > j ? i - j : j - i] * weight[j];
    return sum;
}

/* ---- from the sessions to the person ---- */

/* log of a session's likelihood by the person's part, its occasion averaged out. */
static double *about_person(Ctx *c, const EffectModel *model, const Grid *grid, const Told *told)
{
    double *about = arena_new(c->arena, double, EFFECT_GRID), weight[EFFECT_GRID];
    if (told->session->n == 0)
        return about;
    told_likelihood(model, grid, told, NO_READING, weight);
    for (int i = 0; i < EFFECT_GRID; i++)
        about[i] = log(fmax(smoothed(grid, weight, i), 1e-300));
    return about;
}

/* The person's part by the prior and all sessions but one. */
static void person_without(const EffectModel *model, const Grid *grid, double *const *about, size_t n,
                           size_t without, double *ret_weight)
{
    double logarithm[EFFECT_GRID], sd = effect_person_sd(model);
    for (int i = 0; i < EFFECT_GRID; i++) {
        double z = grid_node(grid, i) / sd;
        logarithm[i] = -z * z / 2;
        for (size_t k = 0; k < n; k++)
            if (k != without)
                logarithm[i] += about[k][i];
    }
    grid_weights(logarithm, ret_weight);
}

/* ---- what is told ---- */

static void normalise(double *weight)
{
    double sum = 0;
    for (int i = 0; i < EFFECT_GRID; i++)
        sum += weight[i];
    for (int i = 0; i < EFFECT_GRID; i++)
        weight[i] /= sum;
}

/* Each node stands for the cell around it. */
static double grid_quantile(const Grid *grid, const double *share, double p)
{
    double below = 0;
    int i = 0;
    while (i < EFFECT_GRID - 1 && below + share[i] < p)
        below += share[i++];
    double inside = share[i] > 0 ? (p - below) / share[i] : 0.5;
    return grid_node(grid, i) + (fmin(fmax(inside, 0), 1) - 0.5) * grid->step;
}

static EffectEstimate estimate(double mean, double variance, double prior_sd)
{
    return (EffectEstimate){ .mean = mean,
                             .sd = sqrt(fmax(variance, 0)),
                             .prior_sd = prior_sd,
                             .shrinkage = prior_sd > 0 ? fmax(variance, 0) / (prior_sd * prior_sd) : 1 };
}

static EffectEstimate grid_estimate(const Grid *grid, const double *share, double prior_sd)
{
    double mean = 0, variance = 0;
    for (int i = 0; i < EFFECT_GRID; i++)
        mean += share[i] * grid_node(grid, i);
    for (int i = 0; i < EFFECT_GRID; i++)
        variance += share[i] * (grid_node(grid, i) - mean) * (grid_node(grid, i) - mean);
    EffectEstimate told = estimate(mean, variance, prior_sd);
    told.p05 = grid_quantile(grid, share, 0.05);
    told.p95 = grid_quantile(grid, share, 0.95);
    return told;
}

/* The occasion's part is the difference of the two nodes, so its distribution lies on the same steps. */
static EffectEstimate occasion_estimate(const Grid *grid, const double *person, const double *today,
                                        double prior_sd)
{
    double share[EFFECT_GRID] = { 0 };
    const int middle = (EFFECT_GRID - 1) / 2;
    int reach = grid->reach < middle ? grid->reach : middle;
    for (int i = 0; i < EFFECT_GRID; i++)
        for (int d = -reach; d <= reach; d++)
            if (i + d >= 0 && i + d < EFFECT_GRID)
                share[middle + d] += person[i] * today[i + d] * grid->kernel[d < 0 ? -d : d];
    normalise(share);
    return grid_estimate(grid, share, prior_sd);
}

typedef struct Mixture {
    const double *share;
    const double *mean; /* by node; the variance is the same at each */
    double variance;
} Mixture;

static double mixture_quantile(const Mixture *mixture, double from, double to, double p)
{
    for (int step = 0; step < 50; step++) {
        double middle = (from + to) / 2, below = 0;
        for (int i = 0; i < EFFECT_GRID; i++)
            if (mixture->share[i] > 1e-9)
                below +=
                    mixture->share[i] * normal_cdf((middle - mixture->mean[i]) / sqrt(mixture->variance));
        *(below < p ? &from : &to) = middle;
    }
    return (from + to) / 2;
}

static EffectEstimate baseline_estimate(const EffectModel *model, const Grid *grid, const double *share,
                                        const EffectSession *session)
{
    double by_node[EFFECT_GRID], mean = 0, variance = 0,
                                 prior_sd = model->parameter[EFFECT_BASELINE_SD].value;
    Mixture mixture = { .share = share, .mean = by_node };
    for (int i = 0; i < EFFECT_GRID; i++) {
        Baseline fit = vital_baseline(model, session, NO_READING, grid_node(grid, i));
        mixture.variance = fit.variance;
        by_node[i] = fit.mean;
        mean += share[i] * fit.mean;
    }
    for (int i = 0; i < EFFECT_GRID; i++)
        variance += share[i] * (by_node[i] - mean) * (by_node[i] - mean);
    EffectEstimate told = estimate(mean, variance + mixture.variance, prior_sd);
    told.p05 = mixture_quantile(&mixture, mean - 8 * told.sd, mean + 8 * told.sd, 0.05);
    told.p95 = mixture_quantile(&mixture, mean - 8 * told.sd, mean + 8 * told.sd, 0.95);
    return told;
}

/* ---- readings that do not fit ---- */

typedef LIST(EffectOutlier) Outliers;

static int by_probability(const void *a, const void *b)
{
    double x = ((const EffectOutlier *)a)->probability, y = ((const EffectOutlier *)b)->probability;
    return (x > y) - (x < y);
}

static void find_outliers(Ctx *c, const EffectModel *model, const Grid *grid, const Told *told, size_t n,
                          double *const *about, Outliers *outliers)
{
    double person[EFFECT_GRID], before[EFFECT_GRID];
    for (size_t k = 0; k < n; k++) {
        person_without(model, grid, about, n, k, person);
        for (int i = 0; i < EFFECT_GRID; i++)
            before[i] = smoothed(grid, person, i);
        for (size_t j = 0; j < told[k].session->n; j++) {
            double p = told_probability(model, grid, &told[k], j, before);
            if (p < OUTLIER_PROBABILITY)
                *list_add(c->arena, outliers) = (EffectOutlier){ k, j, p };
        }
    }
    if (outliers->n)
        qsort(outliers->at, outliers->n, sizeof *outliers->at, by_probability);
}

/* ---- the posterior ---- */

static Err check_reading(Ctx *c, const EffectModel *model, const EffectReading *reading, Str path)
{
    bool on_scale = reading->value >= model->least && reading->value <= model->most;
    if (!on_scale || (model->scale && reading->value != floor(reading->value)))
        return problem(c, ERR_INVALID, path, "%g is no reading of %.*s (%g to %g%s).", reading->value,
                       STR_ARG(model->title), model->least, model->most, model->scale ? ", whole" : "");
    return effect_check(c, model, reading->ce_ng_per_ml, path);
}

static Err check_sessions(Ctx *c, const EffectModel *model, const EffectSession *sessions, size_t n,
                          size_t *ret_readings)
{
    *ret_readings = 0;
    for (size_t k = 0; k < n; k++) {
        TRY(effect_check_baseline(c, model, sessions[k].baseline,
                                  arena_fmt(c->arena, "sessions[%zu].baseline", k)));
        for (size_t j = 0; j < sessions[k].n; j++)
            TRY(check_reading(c, model, &sessions[k].readings[j],
                              arena_fmt(c->arena, "sessions[%zu].readings[%zu]", k, j)));
        *ret_readings += sessions[k].n;
    }
    return OK;
}

static void tell_estimates(const EffectModel *model, const Grid *grid, const double *person,
                           const double *today, EffectPosterior *posterior)
{
    double of_person[EFFECT_GRID], of_s[EFFECT_GRID], squares = 0;
    double person_sd = effect_person_sd(model), occasion_sd = model->parameter[EFFECT_OCCASION_SD].value;
    for (int i = 0; i < EFFECT_GRID; i++) {
        of_person[i] = person[i] * smoothed(grid, today, i);
        of_s[i] = today[i] * smoothed(grid, person, i);
    }
    normalise(of_person);
    normalise(of_s);
    for (int i = 0; i < EFFECT_GRID; i++)
        squares += of_s[i] * of_s[i];
    posterior->effective_sample_size = 1 / squares;
    posterior->person = grid_estimate(grid, of_person, person_sd);
    posterior->sensitivity = grid_estimate(grid, of_s, hypot(person_sd, occasion_sd));
    posterior->occasion = occasion_estimate(grid, person, today, occasion_sd);
    double rest = effect_resting(model, posterior->today->baseline);
    posterior->baseline = model->scale ? (EffectEstimate){ rest, 0, rest, rest, 0, 1 }
                                       : baseline_estimate(model, grid, of_s, posterior->today);
}

Err effect_posterior(Ctx *c, const EffectModel *model, const EffectSession *sessions, size_t n,
                     EffectPosterior *ret_posterior)
{
    assert(n > 0);
    EffectPosterior posterior = { .model = model, .today = &sessions[n - 1] };
    TRY(check_sessions(c, model, sessions, n, &posterior.n_readings));
    posterior.prior_only = posterior.n_readings == 0;

    Grid grid = make_grid(c, model);
    double **about = arena_new(c->arena, double *, n);
    Told *told = arena_new(c->arena, Told, n);
    for (size_t k = 0; k < n; k++) {
        told[k] = told_session(c, model, &grid, &sessions[k]);
        about[k] = about_person(c, model, &grid, &told[k]);
    }
    double *person = arena_new(c->arena, double, EFFECT_GRID),
           *today = arena_new(c->arena, double, EFFECT_GRID);
    person_without(model, &grid, about, n, n - 1, person);
    told_likelihood(model, &grid, &told[n - 1], NO_READING, today);
    tell_estimates(model, &grid, person, today, &posterior);

    Outliers outliers = { 0 };
    find_outliers(c, model, &grid, told, n, about, &outliers);
    posterior.outliers = outliers.at;
    posterior.n_outliers = outliers.n;
    posterior.least_s = grid.least;
    posterior.step_s = grid.step;
    posterior.person_weight = person;
    posterior.today_weight = today;
    posterior.occasion_kernel = grid.kernel;
    *ret_posterior = posterior;
    return OK;
}

/* ---- draws ---- */

/* After the three of a virtual patient. */
enum { DRAW_S = 3, DRAW_PERSON, DRAW_BASELINE };

/* Given today's s, the person's part is drawn from what the kernel leaves of it. */
static double draw_person(const EffectPosterior *posterior, const Grid *grid, double s, double unit)
{
    double share[EFFECT_GRID] = { 0 };
    int i = (int)lround((s - grid->least) / grid->step);
    int from = i > grid->reach ? i - grid->reach : 0;
    int to = i + grid->reach < EFFECT_GRID ? i + grid->reach : EFFECT_GRID - 1;
    for (int j = from; j <= to; j++)
        share[j] = posterior->person_weight[j] * grid->kernel[i > j ? i - j : j - i];
    normalise(share);
    return grid_quantile(grid, share, unit);
}

static EffectDraw draw_one(const EffectPosterior *posterior, const Grid *grid, const double *of_s,
                           uint64_t seed, size_t i)
{
    const EffectModel *model = posterior->model;
    uint32_t first = effect_draw_index(model, 0);
    double s = grid_quantile(grid, of_s, draw_unit(seed, i, first + DRAW_S));
    EffectDraw draw = { .sensitivity = s,
                        .person = draw_person(posterior, grid, s, draw_unit(seed, i, first + DRAW_PERSON)),
                        .baseline = posterior->baseline.mean };
    if (!model->scale) {
        Baseline rest = vital_baseline(model, posterior->today, NO_READING, s);
        double noise = draw_normal(seed, i, first + DRAW_BASELINE);
        draw.baseline = fmax(model->least, rest.mean + sqrt(rest.variance) * noise);
    }
    return draw;
}

void effect_draws(const EffectPosterior *posterior, uint64_t seed, size_t n, EffectDraw *ret_draws)
{
    double kernel[EFFECT_GRID], of_s[EFFECT_GRID];
    Grid grid = { .least = posterior->least_s, .step = posterior->step_s, .kernel = kernel };
    for (int d = 0; d < EFFECT_GRID; d++) {
        kernel[d] = posterior->occasion_kernel[d];
        grid.reach = kernel[d] > 0 ? d : grid.reach;
    }
    for (int i = 0; i < EFFECT_GRID; i++)
        of_s[i] = posterior->today_weight[i] * smoothed(&grid, posterior->person_weight, i);
    normalise(of_s);
    for (size_t i = 0; i < n; i++)
        ret_draws[i] = draw_one(posterior, &grid, of_s, seed, i);
}
