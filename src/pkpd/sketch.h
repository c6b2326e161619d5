/* Statistics of values that are seen once and not kept. Two sketches of parts merge into that of the whole:
 * the counts exactly, mean and variance to rounding, so parts that are merged in the same order give the same
 * bits. */
#ifndef PKPD_SKETCH_H
#define PKPD_SKETCH_H

#include "base/ctx.h"

enum { SKETCH_BINS = 2048 };

/* LOG: bins 1.1 % wide from 1e-4 to 4e5, for what is positive. LINEAR: bins of 0.25 from 0 to 512, for
 * pressures. A quantile is good to half a bin. WHOLE: the whole numbers from -1024 to 1023, for scores; its
 * quantiles are exact. What lies outside counts in the first or last bin. */
typedef enum SketchScale { SKETCH_LOG, SKETCH_LINEAR, SKETCH_WHOLE } SketchScale;

typedef struct Sketch {
    SketchScale scale;
    uint64_t n;
    double mean, squares; /* squares: sum of squared distances from the mean */
    double least, most;
    uint32_t bin[SKETCH_BINS];
} Sketch;

void sketch_add(Sketch *sketch, double value);
/* Both of the same scale. */
void sketch_merge(Sketch *into, const Sketch *from);
double sketch_sd(const Sketch *sketch);                 /* NAN below two values */
double sketch_quantile(const Sketch *sketch, double p); /* NAN where there is no value */

/* How many of so many. */
typedef struct Proportion {
    uint64_t passed, n;
} Proportion;

/* Wilson's 95 % interval; NAN where n is 0. It is the virtual patients' sampling error, and of nothing else.
 */
typedef struct ProportionInterval {
    double share, low, high;
} ProportionInterval;
ProportionInterval proportion_interval(Proportion p);

#endif
