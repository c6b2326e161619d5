#include "pkpd/pkpd.h"

#include "pkpd/draw.h"

#include <assert.h>
#include <math.h>

enum { ROUNDS = 3, DIMENSIONS = MOOD_Z_MAX };

/* Draws of each round; the last one's are resampled. */
static const size_t round_draws[ROUNDS] = { 4096, 4096, 16384 };
/* Of the proposal: a share of prior draws keeps every weight bounded, and the fitted normal is widened. */
static const double PRIOR_SHARE = 0.2, WIDENED = 1.25;
/* A round whose weights are too uneven to fit is fitted to weights flattened until this share counts. */
static const double FIT_SHARE = 0.02;
static const double DIAGONAL_FLOOR = 1e-6;

/* ---- the likelihood: a Gaussian filter over the drift ---- */

/* The first two moments of a standard normal within [from, to]. */
static MoodNormal truncated(double from, double to, double probability)
{
    double at_from = isfinite(from) ? exp(-from * from / 2) / sqrt(2 * M_PI) : 0;
    double at_to = isfinite(to) ? exp(-to * to / 2) / sqrt(2 * M_PI) : 0;
    double mean = (at_from - at_to) / probability;
    double lean = ((isfinite(from) ? from * at_from : 0) - (isfinite(to) ? to * at_to : 0)) / probability;
    double variance = 1 + lean - mean * mean;
    return (MoodNormal){ mean, sqrt(fmax(variance, 0)) };
}

static void drift_pass(const MoodPerson *person, double days, MoodNormal *drift)
{
    double keep = exp(-person->drift_per_d * days);
    double fresh = person->drift_sd_points * person->drift_sd_points * (1 - keep * keep);
    drift->mean *= keep;
    drift->sd = sqrt(keep * keep * drift->sd * drift->sd + fresh);
}

/* Returns the log-probability of the score; moves the drift to what it says. */
static double drift_meet(const MoodScale *scale, const MoodPerson *person, double points, int score,
                         MoodNormal *drift)
{
    MoodNormal seen = mood_scale_normal(scale, person, (MoodNormal){ points + drift->mean, drift->sd });
    double probability = mood_score_probability(scale, seen, score);
    if (!(probability > 0))
        return -INFINITY;
    double from = score == 0 ? -INFINITY : (score - 0.5 - seen.mean) / seen.sd;
    double to = score == scale->most ? INFINITY : (score + 0.5 - seen.mean) / seen.sd;
    MoodNormal within = truncated(from, to, probability);
    /* The part of a standard step of the score that is drift. */
    double gain = scale->slope * drift->sd * drift->sd / seen.sd;
    drift->mean += gain * within.mean;
    drift->sd = sqrt(fmax(drift->sd * drift->sd - gain * gain * (1 - within.sd * within.sd), 0));
    return log(probability);
}

static double log_likelihood(const MoodModel *model, const MoodPerson *person, const MoodHistory *history,
                             const double *times_d, double *points, MoodNormal *ret_drift)
{
    MoodNormal drift = { 0, person->drift_sd_points };
    double sum = 0;
    mood_curve(person, history->course, times_d, history->n_scores, points);
    for (size_t i = 0; i < history->n_scores; i++) {
        const MoodScore *score = &history->scores[i];
        if (i > 0)
            drift_pass(person, score->time_d - history->scores[i - 1].time_d, &drift);
        sum += drift_meet(&model->scales[score->scale], person, points[i], score->score, &drift);
    }
    *ret_drift = drift;
    return sum;
}

/* ---- the proposal ---- */

/* A normal by its mean and the Cholesky factor of its covariance. */
typedef struct Fit {
    bool there; /* else the prior alone */
    double mean[DIMENSIONS], factor[DIMENSIONS][DIMENSIONS];
} Fit;

typedef struct Particle {
    double z[DIMENSIONS];
    double log_weight;
    MoodDraw draw;
} Particle;

static double log_standard(const double x[DIMENSIONS])
{
    double sum = 0;
    for (int i = 0; i < DIMENSIONS; i++)
        sum -= x[i] * x[i] / 2;
    return sum;
}

static double log_fitted(const Fit *fit, const double z[DIMENSIONS])
{
    double x[DIMENSIONS], log_scale = 0;
    for (int i = 0; i < DIMENSIONS; i++) {
        x[i] = z[i] - fit->mean[i];
        for (int j = 0; j < i; j++)
            x[i] -= fit->factor[i][j] * x[j];
        x[i] /= fit->factor[i][i];
        log_scale += log(fit->factor[i][i]);
    }
    return log_standard(x) - log_scale;
}

static double log_mixed(const Fit *fit, const double z[DIMENSIONS])
{
    double prior = log_standard(z);
    if (!fit->there)
        return prior;
    double fitted = log_fitted(fit, z), most = fmax(prior, fitted);
    return most + log(PRIOR_SHARE * exp(prior - most) + (1 - PRIOR_SHARE) * exp(fitted - most));
}

static void propose(const Fit *fit, uint64_t seed, uint64_t subject, double ret_z[DIMENSIONS])
{
    double x[DIMENSIONS];
    for (uint32_t i = 0; i < DIMENSIONS; i++)
        x[i] = draw_normal(seed, subject, i);
    bool prior = !fit->there || draw_unit(seed, subject, DIMENSIONS) < PRIOR_SHARE;
    for (int i = 0; i < DIMENSIONS; i++) {
        ret_z[i] = prior ? x[i] : fit->mean[i];
        for (int j = 0; !prior && j <= i; j++)
            ret_z[i] += fit->factor[i][j] * x[j];
    }
}

static double effective(const double *weights, size_t n)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weights[i];
        squares += weights[i] * weights[i];
    }
    return squares > 0 ? sum * sum / squares : 0;
}

/* Weights to a power, relative to the largest. */
static void weigh(const Particle *particles, size_t n, double power, double *ret_weights)
{
    double most = -INFINITY;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, particles[i].log_weight);
    for (size_t i = 0; i < n; i++)
        ret_weights[i] = most > -INFINITY ? exp(power * (particles[i].log_weight - most)) : 1;
}

static void moments(const Particle *particles, size_t n, const double *weights, Fit *fit)
{
    double sum = 0;
    *fit = (Fit){ .there = true };
    for (size_t k = 0; k < n; k++) {
        sum += weights[k];
        for (int i = 0; i < DIMENSIONS; i++)
            fit->mean[i] += weights[k] * particles[k].z[i];
    }
    for (int i = 0; i < DIMENSIONS; i++)
        fit->mean[i] /= sum;
    for (size_t k = 0; k < n; k++)
        for (int i = 0; i < DIMENSIONS; i++)
            for (int j = 0; j <= i; j++)
                fit->factor[i][j] += weights[k] / sum * WIDENED * (particles[k].z[i] - fit->mean[i]) *
                                     (particles[k].z[j] - fit->mean[j]);
}

/* In place: the lower triangle holds the covariance, then its factor. */
static void cholesky(Fit *fit)
{
    for (int i = 0; i < DIMENSIONS; i++)
        for (int j = 0; j <= i; j++) {
            double sum = fit->factor[i][j];
            for (int k = 0; k < j; k++)
                sum -= fit->factor[i][k] * fit->factor[j][k];
            fit->factor[i][j] = i == j ? sqrt(fmax(sum, DIAGONAL_FLOOR)) : sum / fit->factor[j][j];
        }
}

static void fit_normal(const Particle *particles, size_t n, double *weights, Fit *ret_fit)
{
    double power = 1;
    weigh(particles, n, power, weights);
    while (effective(weights, n) < FIT_SHARE * (double)n && power > 1e-3)
        weigh(particles, n, power *= 0.7, weights);
    moments(particles, n, weights, ret_fit);
    cholesky(ret_fit);
}

/* ---- together ---- */

typedef struct Search {
    const MoodModel *model;
    const MoodHistory *history;
    double *times_d, *points;
    uint64_t seed;
} Search;

static void search_round(const Search *search, const Fit *fit, uint64_t first, size_t n,
                         Particle *ret_particles)
{
    for (size_t i = 0; i < n; i++) {
        Particle *p = &ret_particles[i];
        propose(fit, search->seed, first + i, p->z);
        p->draw.person = mood_person(search->model, p->z);
        p->log_weight = log_standard(p->z) - log_mixed(fit, p->z) +
                        log_likelihood(search->model, &p->draw.person, search->history, search->times_d,
                                       search->points, &p->draw.drift);
    }
}

/* Systematic resampling: draw k stands where the running sum of weights passes (k + u) / MOOD_DRAWS. The
 * particles are taken in their order, which is random. */
static void resample(const Particle *particles, const double *weights, size_t n, double u,
                     MoodDraw *ret_draws)
{
    double sum = 0, running = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    size_t at = 0;
    running = weights[0];
    for (size_t k = 0; k < MOOD_DRAWS; k++) {
        double goal = ((double)k + u) / MOOD_DRAWS * sum;
        while (running < goal && at + 1 < n)
            running += weights[++at];
        ret_draws[k] = particles[at].draw;
    }
}

static double *score_times(Arena *a, const MoodHistory *history)
{
    double *times_d = arena_new(a, double, history->n_scores);
    for (size_t i = 0; i < history->n_scores; i++) {
        times_d[i] = history->scores[i].time_d;
        assert(i == 0 || times_d[i] >= times_d[i - 1]);
    }
    return times_d;
}

static void draw_prior(const MoodModel *model, MoodPosterior *posterior)
{
    for (size_t i = 0; i < posterior->n; i++) {
        MoodPerson person = mood_draw_person(model, posterior->seed, i);
        posterior->draws[i] = (MoodDraw){ person, { 0, person.drift_sd_points } };
    }
}

static void search_posterior(Arena *a, const Search *search, MoodPosterior *posterior)
{
    Particle *particles = arena_new(a, Particle, round_draws[ROUNDS - 1]);
    double *weights = arena_new(a, double, round_draws[ROUNDS - 1]);
    Fit fit = { 0 };
    uint64_t first = 0;
    for (int round = 0; round < ROUNDS; round++) {
        if (round > 0)
            fit_normal(particles, round_draws[round - 1], weights, &fit);
        search_round(search, &fit, first, round_draws[round], particles);
        first += round_draws[round];
    }
    size_t n = round_draws[ROUNDS - 1];
    weigh(particles, n, 1, weights);
    posterior->effective_n = effective(weights, n);
    resample(particles, weights, n, draw_unit(search->seed, first, 0), posterior->draws);
}

MoodPosterior mood_posterior(Arena *a, const MoodModel *model, const MoodHistory *history, uint64_t seed)
{
    size_t n = history->n_scores;
    MoodPosterior posterior = {
        .model = model,
        .draws = arena_new(a, MoodDraw, MOOD_DRAWS),
        .n = MOOD_DRAWS,
        .as_of_d = n ? history->scores[n - 1].time_d : -INFINITY,
        .effective_n = MOOD_DRAWS,
        .prior_only = n == 0,
        .seed = seed,
    };
    if (n == 0) {
        draw_prior(model, &posterior);
        return posterior;
    }
    Search search = { model, history, score_times(a, history), arena_new(a, double, n), seed };
    search_posterior(a, &search, &posterior);
    return posterior;
}
