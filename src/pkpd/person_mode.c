#include "pkpd/person_mode.h"

#include <math.h>
#include <string.h>

enum { N = ESTIMATE_PARAMETERS, STEPS_MOST = 100 };

/* Stop where the next step could lower the value by no more than this. */
static const double LOOSE = 1e-6, TIGHT = 1e-20;
/* The step of a numerical second derivative. */
static const double CURVE_STEP = 1e-4;
/* The damping of Levenberg and Marquardt: how it starts once a step fails, and how it grows and shrinks. */
static const double DAMPING_FIRST = 1e-3, DAMPING_UP = 10, DAMPING_DOWN = 0.1, DAMPING_MOST = 1e12;
/* No step changes a parameter by more than this factor, e^2. */
static const double STEP_MOST = 2;

Varying varying_of(const EstimatePopulation *population)
{
    Varying varying = { 0 };
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(&population->structure, p) && population->sd_log[p] > 0) {
            varying.precision[varying.n] = 1 / (population->sd_log[p] * population->sd_log[p]);
            varying.at[varying.n++] = p;
        }
    return varying;
}

void person_parameters(const EstimatePopulation *population, const Varying *varying, const double eta[],
                       double ret_parameter[ESTIMATE_PARAMETERS])
{
    memcpy(ret_parameter, population->typical, sizeof population->typical);
    for (int i = 0; i < varying->n; i++)
        ret_parameter[varying->at[i]] *= exp(eta[i]);
}

static ResidualError error_of(const EstimatePopulation *population)
{
    return (ResidualError){ population->additive_sd, population->proportional_sd };
}

static double prior(const Varying *varying, const double eta[])
{
    double sum = 0;
    for (int i = 0; i < varying->n; i++)
        sum += eta[i] * eta[i] * varying->precision[i];
    return sum / 2;
}

static StarModes modes_at(const EstimatePopulation *population, const Varying *varying, const double eta[],
                          bool derivatives)
{
    double parameter[N];
    StarModes modes;
    person_parameters(population, varying, eta, parameter);
    star_modes(&population->structure, parameter, derivatives, &modes);
    return modes;
}

double person_value(const EstimatePopulation *population, const Varying *varying,
                    const EstimatePerson *person, const double eta[])
{
    StarModes modes = modes_at(population, varying, eta, false);
    ResidualError error = error_of(population);
    double sum = prior(varying, eta);
    for (size_t i = 0; i < person->n_observations; i++) {
        const EstimateObservation *observation = &person->observations[i];
        double f = star_response(&modes, person->doses, person->n_doses, observation->at, NULL);
        sum += surprise(error, f, observation).value;
    }
    return sum;
}

/* The value, its gradient, and, where wanted, the lower triangle of its expected curvature. */
static double look(const EstimatePopulation *population, const Varying *varying, const EstimatePerson *person,
                   const double eta[], double gradient[N], double (*curvature)[N])
{
    StarModes modes = modes_at(population, varying, eta, true);
    ResidualError error = error_of(population);
    int n = varying->n;
    for (int i = 0; i < n; i++) {
        gradient[i] = eta[i] * varying->precision[i];
        for (int j = 0; curvature && j <= i; j++)
            curvature[i][j] = i == j ? varying->precision[i] : 0;
    }
    double sum = prior(varying, eta);
    for (size_t k = 0; k < person->n_observations; k++) {
        double by[N], by_eta[N];
        double f = star_response(&modes, person->doses, person->n_doses, person->observations[k].at, by);
        Surprise s = surprise(error, f, &person->observations[k]);
        sum += s.value;
        for (int i = 0; i < n; i++)
            by_eta[i] = by[varying->at[i]];
        for (int i = 0; i < n; i++) {
            gradient[i] += s.by_prediction * by_eta[i];
            double weighted = s.curvature * by_eta[i];
            for (int j = 0; curvature && j <= i; j++)
                curvature[i][j] += weighted * by_eta[j];
        }
    }
    return sum;
}

double person_gradient(const EstimatePopulation *population, const Varying *varying,
                       const EstimatePerson *person, const double eta[],
                       double ret_gradient[ESTIMATE_PARAMETERS])
{
    return look(population, varying, person, eta, ret_gradient, NULL);
}

/* The step that the damped curvature wants; what it promises to lower the value by. */
static double step_of(int n, double (*curvature)[N], const double gradient[N], double damping,
                      double factor[N][N], double step[N])
{
    memcpy(factor, curvature, sizeof(double[N][N]));
    for (int i = 0; i < n; i++) {
        factor[i][i] *= 1 + damping;
        step[i] = -gradient[i];
    }
    if (!symmetric_factor(n, N, &factor[0][0]))
        return NAN;
    symmetric_forward(n, N, &factor[0][0], step);
    symmetric_backward(n, N, &factor[0][0], step);
    double promise = 0, longest = 0;
    for (int i = 0; i < n; i++) {
        promise -= step[i] * gradient[i];
        longest = fmax(longest, fabs(step[i]));
    }
    for (int i = 0; longest > STEP_MOST && i < n; i++)
        step[i] *= STEP_MOST / longest;
    return promise / 2;
}

/* The lower triangle. */
static void exact_curvature(const EstimatePopulation *population, const Varying *varying,
                            const EstimatePerson *person, const double eta[], double curvature[N][N])
{
    double moved[N] = { 0 }, above[N], below[N];
    memcpy(moved, eta, (size_t)varying->n * sizeof *eta);
    for (int j = 0; j < varying->n; j++) {
        moved[j] = eta[j] + CURVE_STEP;
        (void)person_gradient(population, varying, person, moved, above);
        moved[j] = eta[j] - CURVE_STEP;
        (void)person_gradient(population, varying, person, moved, below);
        moved[j] = eta[j];
        for (int i = j; i < varying->n; i++)
            curvature[i][j] = (above[i] - below[i]) / (2 * CURVE_STEP);
    }
}

bool person_exact_factor(const EstimatePopulation *population, const Varying *varying,
                         const EstimatePerson *person, const double eta[], double factor[N][N])
{
    exact_curvature(population, varying, person, eta, factor);
    return symmetric_factor(varying->n, N, &factor[0][0]);
}

/* Newton's steps with the exact curvature, which the last digits need: the expected one may be far from it
 * where a person fits badly, and then converges slowly. */
static void polish(const EstimatePopulation *population, const Varying *varying, const EstimatePerson *person,
                   PersonMode *mode)
{
    enum { POLISHES_MOST = 12 };
    double factor[N][N], gradient[N], step[N];
    mode->converged = false;
    for (int i = 0; i < POLISHES_MOST && !mode->converged; i++) {
        (void)person_gradient(population, varying, person, mode->eta, gradient);
        if (!person_exact_factor(population, varying, person, mode->eta, factor))
            return;
        double promise = 0;
        for (int k = 0; k < varying->n; k++)
            step[k] = -gradient[k];
        symmetric_forward(varying->n, N, &factor[0][0], step);
        symmetric_backward(varying->n, N, &factor[0][0], step);
        for (int k = 0; k < varying->n; k++) {
            promise -= step[k] * gradient[k] / 2;
            mode->eta[k] += step[k];
        }
        mode->converged = promise <= TIGHT;
    }
    mode->value = look(population, varying, person, mode->eta, gradient, mode->curvature);
}

/* Levenberg and Marquardt with the expected curvature; where that is far from the exact one, which slow
 * progress shows, with the exact one. */
static void descend(const EstimatePopulation *population, const Varying *varying,
                    const EstimatePerson *person, PersonMode *mode)
{
    enum { QUICK_STEPS = 10 };
    double gradient[N] = { 0 }, next_gradient[N] = { 0 }, step[N], next_eta[N] = { 0 };
    double exact[N][N], next_curvature[N][N] = { { 0 } }, damping = 0;
    mode->value = look(population, varying, person, mode->eta, gradient, mode->curvature);
    mode->converged = false;
    for (int i = 0; i < STEPS_MOST; i++) {
        double promise = NAN;
        if (i >= QUICK_STEPS) {
            exact_curvature(population, varying, person, mode->eta, exact);
            promise = step_of(varying->n, exact, gradient, damping, mode->factor, step);
        }
        if (isnan(promise))
            promise = step_of(varying->n, mode->curvature, gradient, damping, mode->factor, step);
        if (promise <= LOOSE) {
            mode->converged = true;
            return;
        }
        for (int k = 0; k < varying->n; k++)
            next_eta[k] = mode->eta[k] + step[k];
        double value = look(population, varying, person, next_eta, next_gradient, next_curvature);
        if (value < mode->value) {
            mode->value = value;
            memcpy(mode->eta, next_eta, sizeof next_eta);
            memcpy(gradient, next_gradient, sizeof gradient);
            memcpy(mode->curvature, next_curvature, sizeof next_curvature);
            damping = damping > DAMPING_FIRST ? damping * DAMPING_DOWN : 0;
        } else if ((damping = fmax(damping * DAMPING_UP, DAMPING_FIRST)) > DAMPING_MOST)
            return;
    }
}

void person_mode(const EstimatePopulation *population, const Varying *varying, const EstimatePerson *person,
                 bool tight, PersonMode *mode)
{
    descend(population, varying, person, mode);
    if (tight && mode->converged)
        polish(population, varying, person, mode);
    memcpy(mode->factor, mode->curvature, sizeof mode->curvature);
    mode->converged &= symmetric_factor(varying->n, N, &mode->factor[0][0]);
}
