#include "pkpd/residual.h"

#include "pkpd/draw.h"

#include <math.h>

/* Below this the tail of the normal is taken from its asymptotic series. */
static const double TAIL = -30;

/* log Phi(z), and phi(z) / Phi(z). */
static double log_below(double z, double *ret_mills)
{
    if (z < TAIL) {
        double inverse = 1 / (z * z);
        *ret_mills = -z * (1 + inverse);
        return -z * z / 2 - log(-z * sqrt(2 * M_PI)) + log1p(-inverse);
    }
    double below = erfc(-z * M_SQRT1_2) / 2;
    *ret_mills = exp(-z * z / 2) / (sqrt(2 * M_PI) * below);
    return log(below);
}

/* prediction and limit in standard deviations: z = (limit - prediction) / sd, sd itself changes with both. */
static Surprise of_limit(ResidualError error, double f, double limit, double variance)
{
    double b2 = error.proportional_sd * error.proportional_sd, a2 = error.additive_sd * error.additive_sd;
    double sd = sqrt(variance), z = (limit - f) / sd, mills;
    double value = -log_below(z, &mills);
    double z_by_f = -1 / sd - z * b2 * f / variance;
    return (Surprise){ value, -mills * z_by_f, fmax(mills * (mills + z), 0) * z_by_f * z_by_f,
                       mills * z * a2 / variance, mills * z * b2 * f * f / variance };
}

Surprise surprise(ResidualError error, double prediction, const EstimateObservation *observation)
{
    double f = prediction, b2 = error.proportional_sd * error.proportional_sd;
    double a2 = error.additive_sd * error.additive_sd;
    double variance = a2 + b2 * f * f;
    if (observation->below_limit)
        return of_limit(error, f, observation->value, variance);
    double inverse = 1 / variance, residual = observation->value - f;
    double square = residual * residual * inverse, by_variance = (1 - square) * inverse / 2;
    double variance_by_f = 2 * b2 * f, relative = variance_by_f * inverse;
    return (Surprise){ (square + log(variance)) / 2, by_variance * variance_by_f - residual * inverse,
                       inverse + relative * relative / 2, by_variance * 2 * a2,
                       by_variance * 2 * b2 * f * f };
}
