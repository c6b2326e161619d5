/* Private to the population: what population_kernel_body.h is compiled into, once for each path. */
#ifndef PKPD_POPULATION_KERNEL_H
#define PKPD_POPULATION_KERNEL_H

#include "pkpd/population.h"

/* Writes the curves of one tile, whose first subject is run->first_subject + POPULATION_TILE * tile. A bit
 * that is set in what it returns says: this subject's poles meet, his curves are not good, compute them
 * otherwise. */
typedef unsigned PopulationStarTile(const PopulationRun *run, const PopulationStar *star, size_t tile,
                                    double *ret_tile);
typedef unsigned PopulationChainTile(const PopulationRun *run, const PopulationChain *chain, size_t tile,
                                     double *ret_tile);

typedef struct PopulationKernel {
    PopulationStarTile *star, *star_effect;
    PopulationChainTile *chain;
    /* ret[i] = exp(x[i]), log(x[i]), normal_quantile(x[i]) for i below POPULATION_TILE: for the tests. */
    void (*exp)(const double *x, double *ret), (*log)(const double *x, double *ret),
        (*quantile)(const double *x, double *ret);
} PopulationKernel;

extern const PopulationKernel population_kernel_portable;
#ifdef POPULATION_HAS_X86
extern const PopulationKernel population_kernel_avx2, population_kernel_avx512;
#endif
/* NULL where population_path_runs() is false. */
const PopulationKernel *population_kernel(PopulationPath path);

/* The draw that decides a subject's weight; those below are his parameters'. */
enum { POPULATION_WEIGHT_DRAW = 30 };

/* The part of the normal distribution's probability that lies within a weight's limits. */
typedef struct PopulationCut {
    double from, width, log_typical; /* log_typical: of the typical over the reference weight */
} PopulationCut;
PopulationCut population_weight_cut(const PopulationWeight *weight);

/* The exact solution where poles meet: curves of one subject into his lane of a tile. */
void population_star_exact(const PopulationRun *run, const PopulationStar *star, uint64_t subject,
                           double *ret_lane);
void population_chain_exact(const PopulationRun *run, const PopulationChain *chain, uint64_t subject,
                            double *ret_lane);

/* When poles meet. The effect site's with another: where their distance is below this part of their sum. The
 * chain's: where the sizes of its partial fractions sum up to more than so many times their sum. Either way
 * fewer than four of sixteen digits are lost before the exact solution takes over. */
static const double POPULATION_POLES_MEET = 5e-5, POPULATION_CANCELLATION_MAX = 1e3;

#endif
