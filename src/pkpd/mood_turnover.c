#include "pkpd/mood.h"

#include <assert.h>
#include <math.h>

/* Between two changes of the rate, all that the drive is made of is a sum of exponentials of the time since
 * the last change. Panels of that time double in width, so a panel's exponentials are the squares of those of
 * the panel before, and they serve every dose of the person. */
enum { NODES = 10, PANELS = 32, MODES = PKPD_COMPARTMENTS_MAX, TOLERANCE = MODES, FAST, SLOW, RATES };

static const double MIN_PER_D = 24 * 60, MIN_PER_H = 60, NG_PER_ML_IN_MG_PER_L = 1000;
/* exp(-45): less than this of a concentration drives nothing. */
static const double FORGOTTEN = 45;

/* Gauss-Legendre on (0, 1). */
static const double node_at[NODES] = { 0.01304673574141413996, 0.06746831665550774463, 0.16029521585048779688,
                                       0.28330230293537640460, 0.42556283050918439456, 0.57443716949081560544,
                                       0.71669769706462359540, 0.83970478414951220312, 0.93253168334449225537,
                                       0.98695326425858586004 };
static const double node_weight[NODES] = { 0.03333567215434406880, 0.07472567457529029657,
                                           0.10954318125799102200, 0.13463335965499817755,
                                           0.14776211235737643509, 0.14776211235737643509,
                                           0.13463335965499817755, 0.10954318125799102200,
                                           0.07472567457529029657, 0.03333567215434406880 };

/* At each node: exp(-rate t) of the modes and the tolerance, exp(+rate t) of the two activities. */
typedef double Powers[RATES][NODES];

typedef struct Solver {
    const MoodTurnover *turnover;
    const PkpdSystem *system;
    double exponent_per_min[RATES]; /* signed as in Powers; of a mode that is not there, 0 */
    double lag_share[MODES];        /* of a mode in the tolerance: k / (k - pole) */
    double per_tolerance_c50;       /* 1 / M50 */
    double first_width_min, slowest_pole_per_min;
    int n_panels; /* of those filled in */
    Powers powers[PANELS];
    /* the stretch under way, from its first minute */
    double from_min, steady, mode[MODES], tolerance, activity[2];
    double steady_mode[MODES];
    bool infusing;
    int panel;
    double integral[2]; /* over whole panels so far */
} Solver;

/* ---- panels ---- */

static double panel_from(const Solver *s, int panel)
{
    return panel == 0 ? 0 : ldexp(s->first_width_min, panel - 1);
}

static double panel_width(const Solver *s, int panel)
{
    return panel == 0 ? s->first_width_min : ldexp(s->first_width_min, panel - 1);
}

/* Nodes j and NODES - 1 - j stand as far from the panel's ends: one exponential gives both. */
static void powers_between(const Solver *s, double from_min, double width_min, Powers ret)
{
    for (int i = 0; i < RATES; i++) {
        double ends = exp(s->exponent_per_min[i] * (2 * from_min + width_min));
        for (int j = 0; j < NODES / 2; j++) {
            ret[i][j] = exp(s->exponent_per_min[i] * (from_min + node_at[j] * width_min));
            ret[i][NODES - 1 - j] = ret[i][j] > 0 ? ends / ret[i][j] : 0;
        }
    }
}

/* From panel 2 on each node stands at twice the time of the same node before. */
static void fill_panel(Solver *s)
{
    int p = s->n_panels++;
    assert(p < PANELS);
    if (p < 2) {
        powers_between(s, panel_from(s, p), panel_width(s, p), s->powers[p]);
        return;
    }
    for (int i = 0; i < RATES; i++)
        for (int j = 0; j < NODES; j++)
            s->powers[p][i][j] = s->powers[p - 1][i][j] * s->powers[p - 1][i][j];
}

/* ---- the stretch ---- */

/* C / (C + C50 (1 + M / M50)) at the nodes of a panel. */
static void drive(const Solver *s, Powers e, double ret[NODES])
{
    double c[NODES], m[NODES];
    for (int j = 0; j < NODES; j++) {
        c[j] = s->steady;
        m[j] = s->steady + s->tolerance * e[TOLERANCE][j];
    }
    for (int i = 0; i < MODES; i++)
        for (int j = 0; j < NODES; j++) {
            double part = s->mode[i] * e[i][j];
            c[j] += part;
            m[j] += part * s->lag_share[i];
        }
    double c50 = s->turnover->c50_ng_per_ml, more = c50 * s->per_tolerance_c50;
    for (int j = 0; j < NODES; j++)
        ret[j] = c[j] / (c[j] + c50 + more * m[j]);
}

/* Adds what the drive gives to each activity over a panel, as seen from the stretch's first minute. */
static void integrate(const Solver *s, double width_min, Powers e, double sum[2])
{
    double part[NODES];
    drive(s, e, part);
    for (int j = 0; j < NODES; j++) {
        double share = node_weight[j] * width_min * part[j];
        sum[0] += share * e[FAST][j];
        sum[1] += share * e[SLOW][j];
    }
}

static void add_panel(Solver *s)
{
    while (s->n_panels <= s->panel)
        fill_panel(s);
    integrate(s, panel_width(s, s->panel), s->powers[s->panel], s->integral);
    s->panel++;
}

static bool forgotten(const Solver *s, double since_min)
{
    return !s->infusing && s->slowest_pole_per_min * since_min > FORGOTTEN;
}

/* Both activities at a time of the stretch; whole panels are kept, the rest is not. */
static void stretch_activity(Solver *s, double since_min, double ret_activity[2])
{
    while (panel_from(s, s->panel) + panel_width(s, s->panel) <= since_min &&
           !forgotten(s, panel_from(s, s->panel)))
        add_panel(s);
    double from_min = panel_from(s, s->panel), width_min = since_min - from_min;
    double sum[2] = { s->integral[0], s->integral[1] };
    if (width_min > 0 && !forgotten(s, from_min)) {
        Powers e;
        powers_between(s, from_min, width_min, e);
        integrate(s, width_min, e, sum);
    }
    double per_min[2] = { s->turnover->fast_per_h / MIN_PER_H, s->turnover->slow_per_h / MIN_PER_H };
    for (int i = 0; i < 2; i++)
        ret_activity[i] =
            exp(-s->exponent_per_min[FAST + i] * since_min) * (s->activity[i] + per_min[i] * sum[i]);
}

/* The concentrations' state at the end of the stretch becomes the start of the next one at another rate. */
static void stretch_change(Solver *s, double to_min, double rate_mg_per_h)
{
    double since_min = to_min - s->from_min, activity[2], tolerance = s->steady;
    stretch_activity(s, since_min, activity);
    tolerance += s->tolerance * exp(s->exponent_per_min[TOLERANCE] * since_min);
    s->steady = 0;
    double lag = 0;
    for (int i = 0; i < s->system->compartments; i++) {
        double left = s->mode[i] * exp(s->exponent_per_min[i] * since_min), now = s->steady_mode[i] + left;
        tolerance += s->lag_share[i] * left;
        s->steady_mode[i] = rate_mg_per_h / MIN_PER_H * NG_PER_ML_IN_MG_PER_L * s->system->share[i] /
                            (s->system->v1_l * s->system->pole_per_min[i]);
        s->mode[i] = now - s->steady_mode[i];
        s->steady += s->steady_mode[i];
        lag += s->lag_share[i] * s->mode[i];
    }
    s->tolerance = tolerance - s->steady - lag;
    s->from_min = to_min;
    s->infusing = rate_mg_per_h > 0;
    s->panel = 0;
    for (int i = 0; i < 2; i++) {
        s->activity[i] = activity[i];
        s->integral[i] = 0;
    }
}

/* ---- a person ---- */

static Solver solver_begin(const MoodPerson *person, const MoodTurnover *turnover, const PkpdSystem *system,
                           double from_min)
{
    double tolerance_per_min = M_LN2 / (turnover->tolerance_half_life_d * MIN_PER_D), fastest = 0;
    Solver s = { .turnover = turnover,
                 .system = system,
                 .from_min = from_min,
                 .per_tolerance_c50 = 1 / turnover->tolerance_c50_ng_per_ml,
                 .slowest_pole_per_min = INFINITY };
    for (int i = 0; i < system->compartments; i++) {
        double pole = system->pole_per_min[i];
        assert(pole >= 2 * tolerance_per_min * (1 - 1e-12));
        s.exponent_per_min[i] = -pole;
        s.lag_share[i] = tolerance_per_min / (tolerance_per_min - pole);
        s.slowest_pole_per_min = fmin(s.slowest_pole_per_min, pole);
        fastest = fmax(fastest, pole);
    }
    s.exponent_per_min[TOLERANCE] = -tolerance_per_min;
    s.exponent_per_min[FAST] = person->fast_per_d / MIN_PER_D;
    s.exponent_per_min[SLOW] = person->slow_per_d / MIN_PER_D;
    s.first_width_min = 1 / fastest;
    return s;
}

/* The next change of the rate: 2 * i is the start of rate i, 2 * i + 1 its end. */
static double change_min(const PkpdRate *rates, size_t change)
{
    return change % 2 == 0 ? rates[change / 2].from_min : rates[change / 2].to_min;
}

void mood_turnover_curve(const MoodPerson *person, const MoodTurnover *turnover, const PkpdSystem *system,
                         const PkpdRate *rates, size_t n_rates, const double *times_min, size_t n,
                         double *ret_activity)
{
    Solver s = solver_begin(person, turnover, system, n_rates ? rates[0].from_min : 0);
    size_t change = 0;
    for (size_t i = 0; i < n; i++) {
        assert(i == 0 || times_min[i] >= times_min[i - 1]);
        for (; change < 2 * n_rates && change_min(rates, change) <= times_min[i]; change++) {
            assert(change_min(rates, change) >= s.from_min);
            stretch_change(&s, change_min(rates, change),
                           change % 2 == 0 ? rates[change / 2].rate_mg_per_h : 0);
        }
        double activity[2] = { 0 };
        if (n_rates && times_min[i] >= s.from_min)
            stretch_activity(&s, times_min[i] - s.from_min, activity);
        ret_activity[i] = activity[0] + activity[1];
    }
}
