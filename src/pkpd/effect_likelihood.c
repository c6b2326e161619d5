#include "pkpd/effect_likelihood.h"

#include "pkpd/draw.h"

#include <math.h>

/* Sessions that contradict each other beyond all sense must still have a product: no weight is nothing, and
 * two of the least do not underflow. */
static const double LEAST_LOGARITHM = -300;
/* Of the largest: nodes that add nothing to a probability of 0.001. */
static const double NEGLIGIBLE = 1e-15;

void grid_weights(const double *logarithm, double *ret_weight)
{
    double most = -INFINITY;
    for (int i = 0; i < EFFECT_GRID; i++)
        most = fmax(most, logarithm[i]);
    for (int i = 0; i < EFFECT_GRID; i++)
        ret_weight[i] = exp(fmax(logarithm[i] - most, LEAST_LOGARITHM));
}

/* Readings r = baseline + noise, the baseline normal around the resting value: their covariance is a diagonal
 * and a constant, whose inverse and determinant are known. */
Baseline vital_baseline(const EffectModel *model, const EffectSession *session, size_t without, double s)
{
    double slope = vital_slope(model, s), n = 0, sum = 0, squares = 0;
    for (size_t j = 0; j < session->n; j++) {
        if (j == without)
            continue;
        const EffectReading *reading = &session->readings[j];
        double rest = reading->value - session->baseline - slope * reading->ce_ng_per_ml;
        n++;
        sum += rest;
        squares += rest * rest;
    }
    double noise = model->parameter[EFFECT_READING_SD].value,
           wide = model->parameter[EFFECT_BASELINE_SD].value;
    double noise2 = noise * noise, wide2 = wide * wide, both = noise2 + n * wide2;
    return (Baseline){ .mean = session->baseline + wide2 * sum / both,
                       .variance = wide2 * noise2 / both,
                       .log_likelihood = -(squares - wide2 * sum * sum / both) / (2 * noise2) };
}

static double logit(double share)
{
    return log(share / (1 - share));
}

/* A reading of a scale is a band of points around it, whose edges on the logit do not depend on s. */
typedef struct Rated {
    double lower, upper;
    double background_odds, drug_odds;
    double reading_sd;
} Rated;

static Rated rated(const EffectModel *model, const EffectSession *session, size_t j)
{
    const EffectReading *reading = &session->readings[j];
    double range = model->most - model->least, points = scale_share(model, reading->value) * range;
    return (Rated){ .lower = points < 0.5 ? -INFINITY : logit((points - 0.5) / range),
                    .upper = points > range - 0.5 ? INFINITY : logit((points + 0.5) / range),
                    .background_odds = scale_background_odds(model, session->baseline),
                    .drug_odds = scale_drug_odds(model, reading->ce_ng_per_ml),
                    .reading_sd = model->parameter[EFFECT_READING_SD].value };
}

/* Standard normal deviates between which it lies, from the resting end on. */
typedef struct Between {
    double lower, upper;
} Between;

static Between between(const Rated *rated, double s)
{
    double middle = log(rated->background_odds + exp(s) * rated->drug_odds);
    return (Between){ (rated->lower - middle) / rated->reading_sd,
                      (rated->upper - middle) / rated->reading_sd };
}

/* In the tail where the digits are. */
static double probability(Between z)
{
    return z.lower > 0 ? normal_cdf(-z.lower) - normal_cdf(-z.upper)
                       : normal_cdf(z.upper) - normal_cdf(z.lower);
}

Told told_session(Ctx *c, const EffectModel *model, const Grid *grid, const EffectSession *session)
{
    Told told = { .session = session };
    if (!model->scale)
        return told;
    told.log_probability = arena_new(c->arena, double, session->n *EFFECT_GRID);
    for (size_t j = 0; j < session->n; j++) {
        Rated reading = rated(model, session, j);
        for (int i = 0; i < EFFECT_GRID; i++)
            told.log_probability[j * EFFECT_GRID + (size_t)i] =
                log(fmax(probability(between(&reading, grid_node(grid, i))), 1e-300));
    }
    return told;
}

static double log_likelihood(const EffectModel *model, const Grid *grid, const Told *told, size_t without,
                             int i)
{
    if (!model->scale)
        return vital_baseline(model, told->session, without, grid_node(grid, i)).log_likelihood;
    double sum = 0;
    for (size_t j = 0; j < told->session->n; j++)
        if (j != without)
            sum += told->log_probability[j * EFFECT_GRID + (size_t)i];
    return sum;
}

void told_likelihood(const EffectModel *model, const Grid *grid, const Told *told, size_t without,
                     double *ret_weight)
{
    double logarithm[EFFECT_GRID];
    for (int i = 0; i < EFFECT_GRID; i++)
        logarithm[i] = log_likelihood(model, grid, told, without, i);
    grid_weights(logarithm, ret_weight);
}

typedef struct Tails {
    double up_to, from; /* probability of a value up to this one, and from this one on */
} Tails;

static Tails vital_tails(const EffectModel *model, const EffectSession *session, size_t j, double s)
{
    Baseline rest = vital_baseline(model, session, j, s);
    const EffectReading *reading = &session->readings[j];
    double expected = rest.mean + vital_slope(model, s) * reading->ce_ng_per_ml;
    double z =
        (reading->value - expected) / hypot(model->parameter[EFFECT_READING_SD].value, sqrt(rest.variance));
    return (Tails){ normal_cdf(z), normal_cdf(-z) };
}

static Tails rated_tails(const Rated *rated, double s)
{
    Between z = between(rated, s);
    return (Tails){ normal_cdf(z.upper), normal_cdf(-z.lower) };
}

double told_probability(const EffectModel *model, const Grid *grid, const Told *told, size_t j,
                        const double *before)
{
    double weight[EFFECT_GRID], most = 0, sum = 0;
    Tails all = { 0, 0 };
    Rated reading = { 0 };
    if (model->scale)
        reading = rated(model, told->session, j);
    told_likelihood(model, grid, told, j, weight);
    for (int i = 0; i < EFFECT_GRID; i++)
        most = fmax(most, weight[i] *= before[i]);
    for (int i = 0; i < EFFECT_GRID; i++) {
        double share = weight[i] / most, s = grid_node(grid, i);
        if (share < NEGLIGIBLE)
            continue;
        Tails here = model->scale ? rated_tails(&reading, s) : vital_tails(model, told->session, j, s);
        sum += share;
        all.up_to += share * here.up_to;
        all.from += share * here.from;
    }
    return fmin(1, 2 * fmin(all.up_to, all.from) / sum);
}
