/* What a session's readings say of s, on a grid of it. Private to the posterior of pkpd/effect.h. */
#ifndef PKPD_EFFECT_LIKELIHOOD_H
#define PKPD_EFFECT_LIKELIHOOD_H

#include "pkpd/effect_reading.h"

/* EFFECT_GRID nodes of s, and the occasion's distribution by distance in nodes. */
typedef struct Grid {
    double least, step;
    int reach; /* nodes beyond which the kernel is nothing */
    double *kernel;
} Grid;

static inline double grid_node(const Grid *grid, int i)
{
    return grid->least + grid->step * i;
}

/* Logarithms to weights whose largest is 1. */
void grid_weights(const double *logarithm, double *ret_weight);

/* Today's baseline of a vital, given s and the readings; and their log likelihood. */
typedef struct Baseline {
    double mean, variance, log_likelihood;
} Baseline;

static const size_t NO_READING = SIZE_MAX;

/* All readings but one, or NO_READING. */
Baseline vital_baseline(const EffectModel *model, const EffectSession *session, size_t without, double s);

/* A session with what each of its readings says, so that one can be left out cheaply. */
typedef struct Told {
    const EffectSession *session;
    double *log_probability; /* of a scale: by reading, then by node */
} Told;

Told told_session(Ctx *c, const EffectModel *model, const Grid *grid, const EffectSession *session);
/* Likelihood of s by node, up to a factor. */
void told_likelihood(const EffectModel *model, const Grid *grid, const Told *told, size_t without,
                     double *ret_weight);
/* Two-sided probability of reading j, knowing what `before` (weights of s) and the session's others say. */
double told_probability(const EffectModel *model, const Grid *grid, const Told *told, size_t j,
                        const double *before);

#endif
