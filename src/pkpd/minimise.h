/* The minimum of a smooth function of a few variables: BFGS with a backtracking line search. */
#ifndef PKPD_MINIMISE_H
#define PKPD_MINIMISE_H

#include "pkpd/symmetric.h"

/* The value at x; the gradient too where it is not NULL. INFINITY where x is impossible. */
typedef double MinimiseFn(void *of, const double *x, double *gradient);

typedef struct Minimum {
    double value;
    bool converged; /* what a further step could gain is below what was asked for */
    int iterations;
} Minimum;

/* x: where to begin, and where it ended; n at most SYMMETRIC_MAX. gain: the decrease that is not worth a
 * step. progress (may be NULL) is called once an iteration. */
Minimum minimise(MinimiseFn *f, void *of, int n, double *x, double gain, int iterations_most,
                 void (*progress)(void *of, int iteration, double value));

#endif
