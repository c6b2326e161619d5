/* Estimation: one person's parameters from their own concentrations (the mode, its covariance, weighted draws
 * of the posterior), and a population's from the data of many (marginal likelihood by adaptive Gauss-Hermite
 * quadrature, by Laplace's approximation, or by FOCEI).
 *
 * The structure is a star of one to three compartments with first-order absorption and a lag where wanted.
 * Every parameter is positive: log P = log typical + eta, eta normal with variance sd_log^2. The error of an
 * observation is normal with variance additive^2 + (proportional * prediction)^2, the second factor at the
 * person's own prediction ("interaction"). An observation below the limit of quantification enters with its
 * chance (M3, cites: Beal 2001; seen: memory).
 *
 * Units are the data's own: a time unit T, an amount A, a concentration A/L; then CL and Q are in L/T, V in
 * L, KA in 1/T, TLAG in T. Nothing is converted.
 *
 * The objective is NONMEM's: -2 log likelihood less n log 2 pi (n: observations that are not below the
 * limit). */
#ifndef PKPD_ESTIMATE_H
#define PKPD_ESTIMATE_H

#include "base/ctx.h"

typedef enum EstimateParameter {
    ESTIMATE_CL,
    ESTIMATE_V1,
    ESTIMATE_Q2,
    ESTIMATE_V2,
    ESTIMATE_Q3,
    ESTIMATE_V3,
    ESTIMATE_KA,
    ESTIMATE_TLAG,
    ESTIMATE_PARAMETERS
} EstimateParameter;

/* "CL"; read case-insensitively, "V" is V1. */
const char *estimate_parameter_name(EstimateParameter parameter);
bool estimate_parameter_named(Str name, EstimateParameter *ret_parameter);

typedef struct EstimateStructure {
    int compartments; /* 1 to 3 */
    bool absorption;  /* doses enter a depot that empties into the first compartment */
    bool lag;         /* with absorption only */
} EstimateStructure;

bool estimate_has(const EstimateStructure *structure, EstimateParameter parameter);

typedef struct EstimatePopulation {
    EstimateStructure structure;
    double typical[ESTIMATE_PARAMETERS]; /* above 0 where the structure has it */
    double sd_log[ESTIMATE_PARAMETERS];  /* 0: the same for everyone */
    double additive_sd, proportional_sd; /* either may be 0, not both */
} EstimatePopulation;

/* ---- one person ---- */

typedef struct EstimateDose {
    double at, amount, over; /* over 0: at once. A depot takes no infusion. */
} EstimateDose;

typedef struct EstimateObservation {
    double at, value;
    bool below_limit; /* value is then the limit */
} EstimateObservation;

typedef struct EstimatePerson {
    Str id;
    const EstimateDose *doses;
    size_t n_doses;
    const EstimateObservation *observations;
    size_t n_observations;
} EstimatePerson;

typedef struct EstimateFit {
    bool converged;
    double objective; /* -2 log of likelihood times prior, less its constants */
    double eta[ESTIMATE_PARAMETERS], parameter[ESTIMATE_PARAMETERS];
    /* Laplace's: the inverse of the expected curvature at the mode; 0 where sd_log is. */
    double covariance[ESTIMATE_PARAMETERS][ESTIMATE_PARAMETERS];
} EstimateFit;

/* The mode of the person's posterior. Without observations it is the typical person, with the population's
 * covariance. */
EstimateFit estimate_person(const EstimatePopulation *population, const EstimatePerson *person);

/* The concentration at one time, and how many standard deviations an observation lies from the prediction. */
double estimate_concentration(const EstimatePopulation *population, const double eta[ESTIMATE_PARAMETERS],
                              const EstimatePerson *person, double at);
double estimate_residual(const EstimatePopulation *population, const double eta[ESTIMATE_PARAMETERS],
                         const EstimatePerson *person, const EstimateObservation *observation);

/* The posterior as draws with weights that sum to 1: drawn around the mode from a Student t of 5 degrees of
 * freedom and weighted by what the posterior says (importance sampling). */
typedef struct EstimateDraws {
    size_t n;
    double (*eta)[ESTIMATE_PARAMETERS];
    double *weight;
    double effective_n; /* 1 / sum of squared weights: below a tenth of n, do not trust the intervals */
} EstimateDraws;

EstimateDraws estimate_draws(Arena *a, const EstimatePopulation *population, const EstimatePerson *person,
                             const EstimateFit *fit, size_t n, uint64_t seed);
/* The value below which the share p of the weight lies; values[i] belongs to draw i. Reorders nothing. */
double estimate_quantile(Arena *scratch, const EstimateDraws *draws, const double *values, double p);

/* ---- a population ---- */

typedef enum EstimateMethod {
    ESTIMATE_AGQ,
    ESTIMATE_LAPLACE,
    ESTIMATE_FOCEI,
    ESTIMATE_METHODS
} EstimateMethod;
const char *estimate_method_name(EstimateMethod method);

enum { ESTIMATE_AGQ_DIMENSIONS = 3, ESTIMATE_NODES_MAX = 21 };

typedef struct EstimateData {
    const EstimatePerson *persons;
    size_t n;
} EstimateData;

typedef struct EstimateOptions {
    EstimateMethod method;
    int nodes;  /* of AGQ, in each dimension: 1 to ESTIMATE_NODES_MAX */
    int starts; /* from perturbed starts too, the best is taken; 1: the given start only */
    uint64_t seed;
    void (*progress)(void *of, int start, int iteration, double objective); /* may be NULL */
    void *of;
} EstimateOptions;

typedef struct EstimateResult {
    EstimatePopulation population;
    double objective;
    bool converged;
    int iterations;
    /* Of the logarithms: typical, sd_log, additive_sd, proportional_sd; NAN where not estimated or where the
     * curvature of the objective is not positive. */
    double se_log_typical[ESTIMATE_PARAMETERS], se_log_sd[ESTIMATE_PARAMETERS];
    double se_log_additive, se_log_proportional;
    double shrinkage[ESTIMATE_PARAMETERS]; /* 1 - sd(modes) / sd_log; NAN where sd_log is 0 */
    EstimateFit *persons;                  /* as many as the data has */
} EstimateResult;

/* Where to begin, from the data: clearance from the area under the mean person's points, volume from the
 * highest, the rest in proportion; every structural parameter but TLAG varies. Rough: give what you know. */
EstimatePopulation estimate_start(const EstimateStructure *structure, const EstimateData *data);

/* The objective at given parameters. */
double estimate_objective(Arena *scratch, const EstimatePopulation *population, const EstimateData *data,
                          const EstimateOptions *options);
/* start: what is 0 in sd_log and in the errors stays 0. ERR_INVALID for no observation, a structure without a
 * parameter's start, a depot with an infusion, AGQ in more than three dimensions. */
MUST_USE Err estimate_population(Ctx *c, const EstimatePopulation *start, const EstimateData *data,
                                 const EstimateOptions *options, EstimateResult *ret_result);

/* ---- data ---- */

typedef struct EstimateReading {
    bool absorption; /* of the structure: the depot is compartment 1, what is measured 2; else 1 is both */
    bool one_dose;   /* AMT stands on every row of a person and is one dose at time 0 */
} EstimateReading;

typedef struct EstimateFile {
    EstimateData data;
    size_t observations, below_limit, doses;
} EstimateFile;

/* Columns by name, in any order, "," between: ID TIME DV, and AMT RATE EVID CMT MDV ADDL II BLQ (or CENS)
 * where they are; others are ignored, SS is refused where it is not 0. EVID 0 observation, 1 dose, 2 neither;
 * without EVID a row with AMT above 0 is a dose. A row with MDV 1 is no observation. BLQ 1: DV is the limit.
 * "." or nothing is missing. A person's rows follow each other and their times do not go back. Every fault is
 * told with its row and column. */
MUST_USE Err estimate_data_read(Ctx *c, Str path, Str csv, EstimateReading reading, EstimateFile *ret_file);

#endif
