/* Random numbers without a state: each is a pure function of who (seed, subject) and which (index), so
 * virtual patient 7,000,000 is the same one whether he is drawn first, last, alone, or on another thread. The
 * generator is Philox 4x32 with ten rounds (cites: Salmon, Moraes, Dror, Shaw 2011, Parallel random numbers:
 * as easy as 1, 2, 3; seen: memory), checked against its published known answers. Never for anything secret.
 */
#ifndef PKPD_DRAW_H
#define PKPD_DRAW_H

#include <stdint.h>

/* The generator itself: 128 bits of a counter become 128 random bits under a key of 64. */
void draw_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t ret_words[4]);

/* Uniform in (0, 1): an odd multiple of 2^-53, never 0 and never 1. One subject has 2^32 of them, and those
 * of two subjects or two seeds never meet. */
double draw_unit(uint64_t seed, uint64_t subject, uint32_t index);
/* Standard normal: normal_quantile() of draw_unit() at the same place, so it reaches 8.2 at most. */
double draw_normal(uint64_t seed, uint64_t subject, uint32_t index);

/* The standard normal distribution: the probability below x, and the x below which probability p lies.
 * normal_quantile() is -INFINITY at 0, INFINITY at 1 and NAN outside. Both are good to 1e-14 relative while
 * |x| is below 8 (the quantile: absolute near its zero). */
double normal_cdf(double x);
double normal_quantile(double p);

#endif
