/* The mode of one person's posterior, over the parameters that vary: the inner problem of every method. */
#ifndef PKPD_PERSON_MODE_H
#define PKPD_PERSON_MODE_H

#include "pkpd/estimate.h"
#include "pkpd/residual.h"
#include "pkpd/star_response.h"
#include "pkpd/symmetric.h"

/* Which parameters vary, in their order: eta[i] is that of varies[i]. */
typedef struct Varying {
    int n;
    EstimateParameter at[ESTIMATE_PARAMETERS];
    double precision[ESTIMATE_PARAMETERS]; /* 1 / sd_log^2 */
} Varying;
Varying varying_of(const EstimatePopulation *population);

typedef struct PersonMode {
    bool converged;
    double value; /* minus log of likelihood times exp(-eta' Omega^-1 eta / 2) */
    double eta[ESTIMATE_PARAMETERS];
    /* The expected curvature there, and the Cholesky factor of it: rows of ESTIMATE_PARAMETERS. */
    double curvature[ESTIMATE_PARAMETERS][ESTIMATE_PARAMETERS],
        factor[ESTIMATE_PARAMETERS][ESTIMATE_PARAMETERS];
} PersonMode;

/* tight: to the last digits, for an objective that is differentiated numerically. mode->eta is where it
 * begins. */
void person_mode(const EstimatePopulation *population, const Varying *varying, const EstimatePerson *person,
                 bool tight, PersonMode *mode);

/* The parameters at an eta. */
void person_parameters(const EstimatePopulation *population, const Varying *varying, const double eta[],
                       double ret_parameter[ESTIMATE_PARAMETERS]);
/* Minus log of likelihood times exp(-eta' Omega^-1 eta / 2); and its gradient over eta. */
double person_value(const EstimatePopulation *population, const Varying *varying,
                    const EstimatePerson *person, const double eta[]);
double person_gradient(const EstimatePopulation *population, const Varying *varying,
                       const EstimatePerson *person, const double eta[],
                       double ret_gradient[ESTIMATE_PARAMETERS]);

/* The Cholesky factor of the exact curvature at an eta, by differences of the gradient. False where it is not
 * positive. */
bool person_exact_factor(const EstimatePopulation *population, const Varying *varying,
                         const EstimatePerson *person, const double eta[],
                         double factor[ESTIMATE_PARAMETERS][ESTIMATE_PARAMETERS]);

#endif
