#include "pkpd/star_response.h"

#include <math.h>

/* ---- poles ---- */

typedef struct Star {
    int n;
    double v1, cl, q[STAR_MODES], back[STAR_MODES]; /* index 0 is not used */
} Star;

static Star star_of(const EstimateStructure *structure, const double p[ESTIMATE_PARAMETERS])
{
    static const int flow[] = { 0, ESTIMATE_Q2, ESTIMATE_Q3 }, volume[] = { 0, ESTIMATE_V2, ESTIMATE_V3 };
    Star star = { .n = structure->compartments, .v1 = p[ESTIMATE_V1], .cl = p[ESTIMATE_CL] };
    for (int j = 1; j < star.n; j++) {
        star.q[j] = p[flow[j]];
        star.back[j] = p[flow[j]] / p[volume[j]];
    }
    return star;
}

static void poles_of_two(const Star *star, double pole[STAR_MODES])
{
    double k10 = star->cl / star->v1, sum = k10 + star->q[1] / star->v1 + star->back[1];
    double product = k10 * star->back[1];
    pole[0] = (sum + sqrt(fmax(sum * sum - 4 * product, 0))) / 2;
    pole[1] = product / pole[0];
}

/* The three zeros of a cubic that has three real ones, by the cosine; the smallest by the product, which
 * keeps its digits. */
static void poles_of_three(const Star *star, double pole[STAR_MODES])
{
    double k10 = star->cl / star->v1, k12 = star->q[1] / star->v1, k13 = star->q[2] / star->v1;
    double k21 = star->back[1], k31 = star->back[2];
    double a2 = k10 + k12 + k13 + k21 + k31;
    double a1 = k10 * (k21 + k31) + k12 * k31 + k13 * k21 + k21 * k31;
    double a0 = k10 * k21 * k31, third = a2 / 3;
    double spread = sqrt(fmax(third * third - a1 / 3, 0));
    double height = third * third * third - third * a1 / 2 + a0 / 2;
    double cube = spread * spread * spread;
    double angle = acos(cube > 0 ? fmin(1, fmax(-1, height / cube)) : 1) / 3;
    double cosine = cos(angle), sine = sqrt(fmax(1 - cosine * cosine, 0));
    pole[0] = third + 2 * spread * cosine;
    pole[1] = third + spread * (-cosine + sqrt(3) * sine);
    pole[2] = a0 / (pole[0] * pole[1]);
}

/* g at -pole and its first two derivatives there. */
typedef struct Slope {
    double g, first, second;
    double gap[STAR_MODES]; /* 1 / (back - pole) */
} Slope;

static Slope slope_at(const Star *star, double pole)
{
    Slope slope = { .g = star->cl - star->v1 * pole, .first = star->v1 };
    for (int j = 1; j < star->n; j++) {
        double gap = star->back[j] - pole;
        double inverse = 1 / (gap != 0 ? gap : star->back[j] * 1e-15);
        double flow = star->q[j] * star->back[j] * inverse * inverse;
        slope.gap[j] = inverse;
        slope.g -= star->q[j] * pole * inverse;
        slope.first += flow;
        slope.second -= 2 * flow * inverse;
    }
    return slope;
}

static void derive_mode(const Star *star, const Slope *slope, StarModes *modes, int k)
{
    static const int flow[] = { 0, ESTIMATE_Q2, ESTIMATE_Q3 }, volume[] = { 0, ESTIMATE_V2, ESTIMATE_V3 };
    double pole = modes->pole[k], residue = modes->residue[k];
    double g_by[STAR_DISPOSITION] = { [ESTIMATE_CL] = star->cl, [ESTIMATE_V1] = -star->v1 * pole };
    double first_by[STAR_DISPOSITION] = { [ESTIMATE_V1] = star->v1 };
    for (int j = 1; j < star->n; j++) {
        double q = star->q[j], back = star->back[j], inverse = slope->gap[j], square = inverse * inverse;
        g_by[flow[j]] = q * pole * pole * square;
        g_by[volume[j]] = -q * back * pole * square;
        first_by[flow[j]] = -2 * q * back * pole * square * inverse;
        first_by[volume[j]] = q * back * (back + pole) * square * inverse;
    }
    for (int i = 0; i < STAR_DISPOSITION; i++) {
        modes->pole_by[k][i] = residue * g_by[i];
        modes->residue_by[k][i] = -residue * residue * (first_by[i] - slope->second * modes->pole_by[k][i]);
    }
}

void star_modes(const EstimateStructure *structure, const double parameter[ESTIMATE_PARAMETERS],
                bool derivatives, StarModes *ret_modes)
{
    Star star = star_of(structure, parameter);
    ret_modes->structure = *structure;
    ret_modes->ka = structure->absorption ? parameter[ESTIMATE_KA] : 0;
    ret_modes->lag = structure->lag ? parameter[ESTIMATE_TLAG] : 0;
    if (star.n == 1)
        ret_modes->pole[0] = star.cl / star.v1;
    else
        (star.n == 2 ? poles_of_two : poles_of_three)(&star, ret_modes->pole);
    for (int k = 0; k < star.n; k++) {
        Slope slope = slope_at(&star, ret_modes->pole[k]);
        if (star.n == 3) { /* one step of Newton gives the last digits back */
            ret_modes->pole[k] += slope.g / slope.first;
            slope = slope_at(&star, ret_modes->pole[k]);
        }
        ret_modes->residue[k] = 1 / slope.first;
        if (derivatives)
            derive_mode(&star, &slope, ret_modes, k);
    }
}

/* ---- what one mode makes of one dose ---- */

/* The mean of exp(-x u) over u from 0 to 1, and minus its derivative. */
static void mean_decay(double x, double *ret_phi, double *ret_psi)
{
    if (x < 1e-2) {
        *ret_phi = 1 - x * (1.0 / 2 - x * (1.0 / 6 - x * (1.0 / 24 - x * (1.0 / 120 - x / 720))));
        *ret_psi = 1.0 / 2 - x * (1.0 / 3 - x * (1.0 / 8 - x * (1.0 / 30 - x * (1.0 / 144 - x / 840))));
        return;
    }
    *ret_phi = (x < 0.5 ? -expm1(-x) : 1 - exp(-x)) / x;
    *ret_psi = (*ret_phi - (1 - x * *ret_phi)) / x;
}

typedef struct Answer {
    double value, by_pole, by_log_ka, by_lag;
} Answer;

static Answer of_bolus(double pole, double amount, double since)
{
    double value = amount * exp(-pole * since);
    return (Answer){ value, -since * value, 0, pole * value };
}

static Answer of_infusion(double pole, const EstimateDose *dose, double since)
{
    double given = fmin(since, dose->over), after = since - given, phi, psi;
    mean_decay(pole * given, &phi, &psi);
    double scale = dose->amount / dose->over * given * exp(-pole * after);
    return (Answer){ scale * phi, -scale * (after * phi + given * psi), 0, 0 };
}

/* (exp(-pole t) - exp(-ka t)) / (ka - pole), whichever of the two is the larger and however near they are. */
static Answer of_depot(double pole, double ka, double amount, double since)
{
    double slow = fmin(pole, ka), phi, psi;
    mean_decay(fabs(ka - pole) * since, &phi, &psi);
    double scale = amount * ka * since * exp(-slow * since);
    double by_slow = -since * (phi - psi), by_fast = -since * psi;
    double by_pole = pole <= ka ? by_slow : by_fast, by_ka = pole <= ka ? by_fast : by_slow;
    double value = scale * phi;
    return (Answer){ value, scale * by_pole, value + scale * ka * by_ka,
                     pole * value - amount * ka * exp(-ka * since) };
}

static Answer answer(const StarModes *modes, int k, const EstimateDose *dose, double at)
{
    double since = at - dose->at - modes->lag;
    if (since < 0 || (since <= 0 && (modes->structure.absorption || dose->over > 0)))
        return (Answer){ 0 };
    if (modes->structure.absorption)
        return of_depot(modes->pole[k], modes->ka, dose->amount, since);
    return dose->over > 0 ? of_infusion(modes->pole[k], dose, since)
                          : of_bolus(modes->pole[k], dose->amount, since);
}

static Answer answers(const StarModes *modes, int k, const EstimateDose *doses, size_t n_doses, double at)
{
    Answer sum = { 0 };
    for (size_t i = 0; i < n_doses; i++) {
        Answer one = answer(modes, k, &doses[i], at);
        sum.value += one.value;
        sum.by_pole += one.by_pole;
        sum.by_log_ka += one.by_log_ka;
        sum.by_lag += one.by_lag;
    }
    return sum;
}

double star_response(const StarModes *modes, const EstimateDose *doses, size_t n_doses, double at,
                     double ret_by[ESTIMATE_PARAMETERS])
{
    double value = 0;
    for (int i = 0; ret_by && i < ESTIMATE_PARAMETERS; i++)
        ret_by[i] = 0;
    for (int k = 0; k < modes->structure.compartments; k++) {
        Answer sum = answers(modes, k, doses, n_doses, at);
        double residue = modes->residue[k];
        value += residue * sum.value;
        if (!ret_by)
            continue;
        for (int i = 0; i < STAR_DISPOSITION; i++)
            ret_by[i] += modes->residue_by[k][i] * sum.value + residue * sum.by_pole * modes->pole_by[k][i];
        ret_by[ESTIMATE_KA] += residue * sum.by_log_ka;
        ret_by[ESTIMATE_TLAG] += residue * sum.by_lag * modes->lag;
    }
    return value;
}
