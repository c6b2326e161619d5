/* Each dose's response is summed on its own. For one pole a, the drug decays as exp(-at), and what reaches
 * the effect site (pole k) as its convolution with k exp(-kt). Those are divided differences of exponentials,
 * which lose all their digits where the two poles meet: hence the care in lagged() and
 * lagged_while_infusing(). */
#include "pkpd/pkpd.h"

#include <assert.h>
#include <math.h>

static const double MIN_PER_H = 60;
static const double NG_PER_ML_OF_MG_PER_L = 1000;
/* Relative distance of two poles below which a series replaces the difference: the difference then still has
 * 12 digits, and the series (third order in the square of the distance) has all of them. */
static const double POLES_MEET = 1e-3;

/* Integral of exp(-a s) over [0, t]. */
static double decayed(double a, double t)
{
    return -expm1(-a * t) / a;
}

/* (exp(-a t) - exp(-k t)) / (k - a), which is t exp(-a t) where the poles are equal. The slower pole is taken
 * out of the difference, so that what remains cannot overflow. */
static double lagged(double a, double k, double t)
{
    double slow = fmin(a, k), fast = fmax(a, k);
    return exp(-slow * t) * (fast == slow ? t : decayed(fast - slow, t));
}

/* m^(n+1) / n! times the integral of s^n exp(-m s) over [0, t]: one minus the first n + 1 terms of a Poisson
 * distribution, or the sum of the others where those are nearly one. */
static double gamma_fraction(int n, double mt)
{
    double term = exp(-mt), head = term, tail = 0;
    for (int i = 1; i <= n; i++) {
        term *= mt / i;
        head += term;
    }
    if (mt > n + 1)
        return 1 - head;
    for (int i = n + 1; term > tail * 1e-18; i++) {
        term *= mt / i;
        tail += term;
    }
    return tail;
}

/* Integral of lagged(a, k, s) over [0, t]. Near the meeting of the poles it is expanded around their mean m
 * in the half distance h: lagged = exp(-ms) sinh(hs)/h = exp(-ms) (s + h^2 s^3/3! + h^4 s^5/5! + ...). */
static double lagged_while_infusing(double a, double k, double t)
{
    double m = (a + k) / 2, h = (k - a) / 2, ratio = h * h / (m * m);
    if (fabs(k - a) > POLES_MEET * m)
        return (decayed(a, t) - decayed(k, t)) / (k - a);
    return (gamma_fraction(1, m * t) +
            ratio * (gamma_fraction(3, m * t) + ratio * gamma_fraction(5, m * t))) /
           (m * m);
}

typedef struct Response {
    double plasma, effect; /* mg in V1, and the same at the effect site */
} Response;

static Response after_bolus(double a, double k, double since_min)
{
    return (Response){ exp(-a * since_min), k * lagged(a, k, since_min) };
}

/* Of 1 mg/min over width_min that began since_min ago: built up while it ran, decayed since. */
static Response after_rate(double a, double k, double since_min, double width_min)
{
    double ran = fmin(since_min, width_min), rest = since_min - ran;
    Response end = { decayed(a, ran), k * lagged_while_infusing(a, k, ran) };
    return (Response){ end.plasma * exp(-a * rest),
                       end.effect * exp(-k * rest) + end.plasma * k * lagged(a, k, rest) };
}

static void add(PkpdPoint *point, Response response, double scale)
{
    point->cp_ng_per_ml += scale * response.plasma;
    point->ce_ng_per_ml += scale * response.effect;
}

static void add_mode(const PkpdDosing *dosing, double a, double k, double ng_per_ml_of_mg, PkpdPoint *point)
{
    double t = point->time_min;
    for (size_t i = 0; i < dosing->n_boluses; i++) {
        const PkpdBolus *bolus = &dosing->boluses[i];
        if (bolus->at_min <= t)
            add(point, after_bolus(a, k, t - bolus->at_min), bolus->dose_mg * ng_per_ml_of_mg);
    }
    for (size_t i = 0; i < dosing->n_rates; i++) {
        const PkpdRate *rate = &dosing->rates[i];
        if (rate->from_min < t && rate->from_min < rate->to_min)
            add(point, after_rate(a, k, t - rate->from_min, rate->to_min - rate->from_min),
                rate->rate_mg_per_h / MIN_PER_H * ng_per_ml_of_mg);
    }
}

PkpdPoint pkpd_at(const PkpdSystem *system, const PkpdDosing *dosing, double time_min)
{
    assert(system->compartments > 0);
    PkpdPoint point = { .time_min = time_min };
    for (int i = 0; i < system->compartments; i++)
        add_mode(dosing, system->pole_per_min[i], system->ke0_per_min,
                 system->share[i] / system->v1_l * NG_PER_ML_OF_MG_PER_L, &point);
    return point;
}

void pkpd_curve(const PkpdSystem *system, const PkpdDosing *dosing, const double *times_min, size_t n,
                PkpdPoint *ret_points)
{
    for (size_t i = 0; i < n; i++)
        ret_points[i] = pkpd_at(system, dosing, times_min[i]);
}
