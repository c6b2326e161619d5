#include "pkpd/draw.h"
#include "pkpd/person_mode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = ESTIMATE_PARAMETERS, T_FREEDOM = 5 };

/* ---- parameters ---- */

static const char *const names[N] = { "CL", "V1", "Q2", "V2", "Q3", "V3", "KA", "TLAG" };

const char *estimate_parameter_name(EstimateParameter parameter)
{
    return names[parameter];
}

static bool same_word(Str word, const char *name)
{
    if (word.n != strlen(name))
        return false;
    for (size_t i = 0; i < word.n; i++)
        if ((word.p[i] >= 'a' && word.p[i] <= 'z' ? word.p[i] - 'a' + 'A' : word.p[i]) != name[i])
            return false;
    return true;
}

bool estimate_parameter_named(Str name, EstimateParameter *ret_parameter)
{
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (same_word(name, names[p]) || (p == ESTIMATE_V1 && same_word(name, "V"))) {
            *ret_parameter = p;
            return true;
        }
    return false;
}

bool estimate_has(const EstimateStructure *structure, EstimateParameter parameter)
{
    static const int from_compartments[] = { [ESTIMATE_CL] = 1, [ESTIMATE_V1] = 1, [ESTIMATE_Q2] = 2,
                                             [ESTIMATE_V2] = 2, [ESTIMATE_Q3] = 3, [ESTIMATE_V3] = 3 };
    return parameter == ESTIMATE_KA     ? structure->absorption
           : parameter == ESTIMATE_TLAG ? structure->lag
                                        : structure->compartments >= from_compartments[parameter];
}

/* ---- the mode ---- */

/* The inverse of the curvature, a column at a time, spread over all parameters. */
static void covariance_of(const Varying *varying, const PersonMode *mode, double covariance[N][N])
{
    for (int j = 0; j < varying->n; j++) {
        double column[N] = { 0 };
        column[j] = 1;
        symmetric_forward(varying->n, N, &mode->factor[0][0], column);
        symmetric_backward(varying->n, N, &mode->factor[0][0], column);
        for (int i = 0; i < varying->n; i++)
            covariance[varying->at[i]][varying->at[j]] = column[i];
    }
}

EstimateFit estimate_person(const EstimatePopulation *population, const EstimatePerson *person)
{
    Varying varying = varying_of(population);
    PersonMode mode = { 0 };
    person_mode(population, &varying, person, false, &mode);
    EstimateFit fit = { .converged = mode.converged, .objective = 2 * mode.value };
    if (mode.converged)
        covariance_of(&varying, &mode, fit.covariance);
    for (int i = 0; i < varying.n; i++)
        fit.eta[varying.at[i]] = mode.eta[i];
    person_parameters(population, &varying, mode.eta, fit.parameter);
    return fit;
}

static void compress(const Varying *varying, const double eta[N], double ret_varying[N])
{
    for (int i = 0; i < varying->n; i++)
        ret_varying[i] = eta[varying->at[i]];
}

double estimate_concentration(const EstimatePopulation *population, const double eta[ESTIMATE_PARAMETERS],
                              const EstimatePerson *person, double at)
{
    Varying varying = varying_of(population);
    double compressed[N], parameter[N];
    StarModes modes;
    compress(&varying, eta, compressed);
    person_parameters(population, &varying, compressed, parameter);
    star_modes(&population->structure, parameter, false, &modes);
    return star_response(&modes, person->doses, person->n_doses, at, NULL);
}

double estimate_residual(const EstimatePopulation *population, const double eta[ESTIMATE_PARAMETERS],
                         const EstimatePerson *person, const EstimateObservation *observation)
{
    double f = estimate_concentration(population, eta, person, observation->at);
    return (observation->value - f) / hypot(population->additive_sd, population->proportional_sd * f);
}

/* ---- draws ---- */

/* One draw of the Student t around the mode; its minus log density, less constants. */
static double propose(const Varying *varying, const PersonMode *mode, uint64_t seed, uint64_t draw,
                      double eta[N])
{
    double chi_square = 0, length = 0;
    int n = varying->n;
    for (int i = 0; i < T_FREEDOM; i++) {
        double z = draw_normal(seed, draw, (uint32_t)(n + i));
        chi_square += z * z;
    }
    double stretch = sqrt(T_FREEDOM / chi_square);
    for (int i = 0; i < n; i++) {
        eta[i] = stretch * draw_normal(seed, draw, (uint32_t)i);
        length += eta[i] * eta[i];
    }
    symmetric_backward(n, N, &mode->factor[0][0], eta);
    for (int i = 0; i < n; i++)
        eta[i] += mode->eta[i];
    return (T_FREEDOM + n) / 2.0 * log1p(length / T_FREEDOM);
}

static void normalise(EstimateDraws *draws)
{
    double highest = -INFINITY, sum = 0, squares = 0;
    for (size_t i = 0; i < draws->n; i++)
        highest = fmax(highest, draws->weight[i]);
    for (size_t i = 0; i < draws->n; i++)
        sum += draws->weight[i] = exp(draws->weight[i] - highest);
    for (size_t i = 0; i < draws->n; i++) {
        draws->weight[i] /= sum;
        squares += draws->weight[i] * draws->weight[i];
    }
    draws->effective_n = 1 / squares;
}

EstimateDraws estimate_draws(Arena *a, const EstimatePopulation *population, const EstimatePerson *person,
                             const EstimateFit *fit, size_t n, uint64_t seed)
{
    Varying varying = varying_of(population);
    EstimateDraws draws = { .n = n,
                            .eta = arena_alloc(a, sizeof *draws.eta, n),
                            .weight = arena_new(a, double, n) };
    PersonMode mode = { 0 };
    compress(&varying, fit->eta, mode.eta);
    person_mode(population, &varying, person, false, &mode);
    for (size_t i = 0; i < n; i++) {
        double eta[N] = { 0 };
        double proposed = propose(&varying, &mode, seed, i, eta);
        draws.weight[i] = proposed - person_value(population, &varying, person, eta);
        for (int k = 0; k < varying.n; k++)
            draws.eta[i][varying.at[k]] = eta[k];
    }
    normalise(&draws);
    return draws;
}

typedef struct Weighted {
    double value, weight;
} Weighted;

static int by_value(const void *a, const void *b)
{
    double x = ((const Weighted *)a)->value, y = ((const Weighted *)b)->value;
    return (x > y) - (x < y);
}

double estimate_quantile(Arena *scratch, const EstimateDraws *draws, const double *values, double p)
{
    Weighted *sorted = arena_new(scratch, Weighted, draws->n);
    for (size_t i = 0; i < draws->n; i++)
        sorted[i] = (Weighted){ values[i], draws->weight[i] };
    qsort(sorted, draws->n, sizeof *sorted, by_value);
    double below = 0;
    for (size_t i = 0; i < draws->n; i++)
        if ((below += sorted[i].weight) >= p)
            return sorted[i].value;
    return sorted[draws->n - 1].value;
}
