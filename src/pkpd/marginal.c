#include "pkpd/marginal.h"

#include <string.h>

enum { N = ESTIMATE_PARAMETERS };

/* ---- the nodes ---- */

/* The orthonormal Hermite polynomial of degree n and its derivative at z. */
static double hermite(int n, double z, double *ret_slope)
{
    double now = pow(M_PI, -0.25), before = 0;
    for (int k = 0; k < n; k++) {
        double next = z * sqrt(2.0 / (k + 1)) * now - sqrt((double)k / (k + 1)) * before;
        before = now;
        now = next;
    }
    *ret_slope = sqrt(2.0 * n) * before;
    return now;
}

/* The zeros of one degree lie between those of the degree below: bisection needs no guess. */
static double zero_between(int n, double low, double high)
{
    double slope, sign = hermite(n, low, &slope);
    for (int i = 0; i < 80; i++) {
        double middle = (low + high) / 2;
        if ((hermite(n, middle, &slope) > 0) == (sign > 0))
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

Quadrature quadrature_of_hermite(int n)
{
    Quadrature q = { .n = n };
    double below[ESTIMATE_NODES_MAX + 1];
    for (int degree = 1; degree <= n; degree++) {
        double edge = sqrt(2.0 * degree + 2);
        memcpy(below, q.node, sizeof q.node);
        for (int i = 0; i < degree; i++)
            q.node[i] =
                zero_between(degree, i == 0 ? -edge : below[i - 1], i == degree - 1 ? edge : below[i]);
    }
    for (int i = 0; i < n; i++) {
        double slope;
        (void)hermite(n, q.node[i], &slope);
        q.weight[i] = 2 / (slope * slope);
    }
    return q;
}

/* ---- one node at the mode ---- */

static double log_variances(const Varying *varying)
{
    double sum = 0;
    for (int i = 0; i < varying->n; i++)
        sum -= log(varying->precision[i]);
    return sum;
}

static double log_determinant(int n, const double factor[N][N])
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += 2 * log(factor[i][i]);
    return sum;
}

double marginal_at_mode(const EstimatePopulation *population, const Varying *varying,
                        const EstimatePerson *person, bool exact_curvature, PersonMode *mode)
{
    double exact[N][N] = { { 0 } };
    person_mode(population, varying, person, true, mode);
    if (!mode->converged ||
        (exact_curvature && !person_exact_factor(population, varying, person, mode->eta, exact)))
        return INFINITY;
    return 2 * mode->value + log_variances(varying) +
           log_determinant(varying->n, exact_curvature ? exact : mode->factor);
}

/* ---- many nodes ---- */

/* What the gradient needs of one node. */
typedef struct NodeSlopes {
    double fixed[N]; /* of the parameters that do not vary */
    double additive, proportional;
} NodeSlopes;

/* Minus log of likelihood and prior at an eta. */
static double node_value(const EstimatePopulation *population, const Varying *varying,
                         const EstimatePerson *person, const double eta[], bool some_fixed,
                         NodeSlopes *slopes)
{
    double parameter[N], by[N], value = 0;
    StarModes modes;
    ResidualError error = { population->additive_sd, population->proportional_sd };
    person_parameters(population, varying, eta, parameter);
    star_modes(&population->structure, parameter, some_fixed, &modes);
    *slopes = (NodeSlopes){ 0 };
    for (size_t k = 0; k < person->n_observations; k++) {
        const EstimateObservation *observation = &person->observations[k];
        double f =
            star_response(&modes, person->doses, person->n_doses, observation->at, some_fixed ? by : NULL);
        Surprise s = surprise(error, f, observation);
        value += s.value;
        slopes->additive += s.by_log_additive;
        slopes->proportional += s.by_log_proportional;
        for (int i = 0; some_fixed && i < N; i++)
            slopes->fixed[i] += s.by_prediction * by[i];
    }
    for (int i = 0; i < varying->n; i++)
        value += eta[i] * eta[i] * varying->precision[i] / 2;
    return value;
}

/* Means over the posterior that the nodes stand for. */
typedef struct Means {
    double weight, eta[N], eta_squared[N];
    NodeSlopes slopes;
} Means;

static void add_node(Means *means, int n, double weight, const double eta[N], const NodeSlopes *slopes)
{
    means->weight += weight;
    for (int i = 0; i < n; i++) {
        means->eta[i] += weight * eta[i];
        means->eta_squared[i] += weight * eta[i] * eta[i];
    }
    for (int i = 0; i < N; i++)
        means->slopes.fixed[i] += weight * slopes->fixed[i];
    means->slopes.additive += weight * slopes->additive;
    means->slopes.proportional += weight * slopes->proportional;
}

/* Fisher's identity: the slope of a log likelihood is the posterior mean of the slope of the complete one. A
 * typical value that varies enters only through the etas, so it needs no derivative of the curve. */
static MarginalGradient gradient_of(const EstimatePopulation *population, const Varying *varying,
                                    const Means *means)
{
    MarginalGradient gradient = { .additive = 2 * means->slopes.additive / means->weight,
                                  .proportional = 2 * means->slopes.proportional / means->weight };
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(&population->structure, p))
            gradient.typical[p] = 2 * means->slopes.fixed[p] / means->weight;
    for (int i = 0; i < varying->n; i++) {
        EstimateParameter p = varying->at[i];
        gradient.typical[p] = -2 * varying->precision[i] * means->eta[i] / means->weight;
        gradient.sd_log[p] = -2 * (varying->precision[i] * means->eta_squared[i] / means->weight - 1);
    }
    return gradient;
}

static bool any_fixed(const EstimatePopulation *population)
{
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(&population->structure, p) && !(population->sd_log[p] > 0))
            return true;
    return false;
}

double marginal_quadrature(const EstimatePopulation *population, const Varying *varying,
                           const EstimatePerson *person, const Quadrature *quadrature, PersonMode *mode,
                           MarginalGradient *ret_gradient)
{
    person_mode(population, varying, person, false, mode);
    if (!mode->converged)
        return INFINITY;
    bool some_fixed = ret_gradient && any_fixed(population);
    int n = varying->n, digit[N] = { 0 };
    Means means = { 0 };
    for (int last = -1; last < n;) {
        double eta[N] = { 0 }, weight = 1, squares = 0;
        NodeSlopes slopes;
        for (int i = 0; i < n; i++) {
            double z = quadrature->node[digit[i]];
            weight *= quadrature->weight[digit[i]];
            squares += z * z;
            eta[i] = M_SQRT2 * z;
        }
        symmetric_backward(n, N, &mode->factor[0][0], eta);
        for (int i = 0; i < n; i++)
            eta[i] += mode->eta[i];
        double value = node_value(population, varying, person, eta, some_fixed, &slopes);
        add_node(&means, n, weight * exp(squares + mode->value - value), eta, &slopes);
        for (last = 0; last < n && ++digit[last] == quadrature->n; last++)
            digit[last] = 0;
    }
    if (ret_gradient)
        *ret_gradient = gradient_of(population, varying, &means);
    return 2 * mode->value + log_variances(varying) + log_determinant(n, mode->factor) + n * log(M_PI) -
           2 * log(means.weight);
}
