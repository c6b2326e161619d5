/* One person's share of a population's objective: the integral over their etas. */
#ifndef PKPD_MARGINAL_H
#define PKPD_MARGINAL_H

#include "pkpd/person_mode.h"

/* Nodes and weights of Gauss and Hermite: the integral of exp(-z^2) f(z). */
typedef struct Quadrature {
    int n;
    double node[ESTIMATE_NODES_MAX], weight[ESTIMATE_NODES_MAX];
} Quadrature;
Quadrature quadrature_of_hermite(int n);

/* Of -2 log likelihood, by the logarithms. */
typedef struct MarginalGradient {
    double typical[ESTIMATE_PARAMETERS], sd_log[ESTIMATE_PARAMETERS], additive, proportional;
} MarginalGradient;

/* -2 log of the integral, less log 2 pi for each observation. mode->eta is where the search for the mode
 * begins, and where it ended. INFINITY where there is no mode. */
double marginal_quadrature(const EstimatePopulation *population, const Varying *varying,
                           const EstimatePerson *person, const Quadrature *quadrature, PersonMode *mode,
                           MarginalGradient *ret_gradient);
/* The same by one node at the mode: with the expected curvature (FOCEI), or the exact one (Laplace). */
double marginal_at_mode(const EstimatePopulation *population, const Varying *varying,
                        const EstimatePerson *person, bool exact_curvature, PersonMode *mode);

#endif
