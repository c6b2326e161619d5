#include "pkpd/pkpd.h"

#include <assert.h>
#include <math.h>

/* Between two changes of the rate, all that the drive is made of is a sum of exponentials of the time since
 * the last change. Panels of that time double in width, so a panel's exponentials are the squares of those of
 * the panel before, and they serve every dose of the person. At an infusion's start the drive bends where the
 * concentration comes to C50, so panels begin narrow there; after one they begin with the fastest pole. */
enum { NODES = 10, PANELS = 40, MODES = PKPD_COMPARTMENTS_MAX, TOLERANCE = MODES, FAST, SLOW, RATES };

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

/* At each node exp(-rate t), t being for modes and tolerance the time since the stretch began, for the two
 * activities that since the panel began. */
typedef double Powers[RATES][NODES];

typedef struct Solver {
    const MoodTurnover *turnover;
    const PkpdSystem *system;
    double rate_per_min[RATES]; /* of a mode that is not there, 0 */
    double lag_share[MODES];    /* of a mode in the tolerance: k / (k - pole) */
    double per_tolerance_c50;   /* 1 / M50 */
    double first_width_min, slowest_pole_per_min;
    int n_panels; /* of those filled in */
    Powers powers[PANELS];
    int fine; /* so many doublings make the first panel after an infusion out of the first within one */
    Powers first_off; /* of that panel */
    /* the stretch under way, from its first minute */
    double from_min, steady, mode[MODES], tolerance;
    double steady_mode[MODES];
    bool infusing;
    int panel;
    double activity[2]; /* where the panel begins */
} Solver;

/* ---- panels ---- */

static bool is_first_off(const Solver *s, int panel)
{
    return !s->infusing && panel == s->fine;
}

static double panel_from(const Solver *s, int panel)
{
    return panel == 0 || is_first_off(s, panel) ? 0 : ldexp(s->first_width_min, panel - 1);
}

static double panel_to(const Solver *s, int panel)
{
    return ldexp(s->first_width_min, panel);
}

/* Nodes j and NODES - 1 - j stand as far from the ends: one exponential gives both. */
static void powers_of(double rate_per_min, double from_min, double width_min, double ret[NODES])
{
    double ends = exp(-rate_per_min * (2 * from_min + width_min));
    for (int j = 0; j < NODES / 2; j++) {
        ret[j] = exp(-rate_per_min * (from_min + node_at[j] * width_min));
        ret[NODES - 1 - j] = ret[j] > 0 ? ends / ret[j] : 0;
    }
}

static void powers_between(const Solver *s, double from_min, double width_min, Powers ret)
{
    for (int i = 0; i < RATES; i++)
        powers_of(s->rate_per_min[i], i < FAST ? from_min : 0, width_min, ret[i]);
}

/* From panel 2 on each node stands at twice the time of the same node before, in a panel twice as wide. */
static void fill_panel(Solver *s)
{
    int p = s->n_panels++;
    assert(p < PANELS);
    if (p < 2) {
        powers_between(s, p == 0 ? 0 : s->first_width_min, s->first_width_min, s->powers[p]);
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

/* Carries the activities over a panel: the nodes lie symmetrically, so what is left at the panel's end of the
 * drive at one node is the power at its mirror. */
static void carry(const Solver *s, double width_min, Powers e, double activity[2])
{
    double part[NODES], sum[2] = { 0 };
    drive(s, e, part);
    for (int j = 0; j < NODES; j++) {
        sum[0] += node_weight[j] * part[j] * e[FAST][NODES - 1 - j];
        sum[1] += node_weight[j] * part[j] * e[SLOW][NODES - 1 - j];
    }
    const double per_min[2] = { s->turnover->fast_per_h / MIN_PER_H, s->turnover->slow_per_h / MIN_PER_H };
    for (int i = 0; i < 2; i++)
        activity[i] =
            activity[i] * exp(-s->rate_per_min[FAST + i] * width_min) + per_min[i] * width_min * sum[i];
}

static void add_panel(Solver *s)
{
    while (s->n_panels <= s->panel)
        fill_panel(s);
    double width_min = panel_to(s, s->panel) - panel_from(s, s->panel);
    carry(s, width_min, is_first_off(s, s->panel) ? s->first_off : s->powers[s->panel], s->activity);
    s->panel++;
}

static bool forgotten(const Solver *s, double since_min)
{
    return !s->infusing && s->slowest_pole_per_min * since_min > FORGOTTEN;
}

/* Both activities at a time of the stretch; whole panels are kept, the rest is not. */
static void stretch_activity(Solver *s, double since_min, double ret_activity[2])
{
    while (panel_to(s, s->panel) <= since_min && !forgotten(s, panel_from(s, s->panel)))
        add_panel(s);
    double from_min = panel_from(s, s->panel), width_min = since_min - from_min;
    ret_activity[0] = s->activity[0];
    ret_activity[1] = s->activity[1];
    if (forgotten(s, from_min)) {
        for (int i = 0; i < 2; i++)
            ret_activity[i] *= exp(-s->rate_per_min[FAST + i] * width_min);
    } else if (width_min > 0) {
        Powers e;
        powers_between(s, from_min, width_min, e);
        carry(s, width_min, e, ret_activity);
    }
}

/* The concentrations' state at the end of the stretch becomes the start of the next one at another rate. */
static void stretch_change(Solver *s, double to_min, double rate_mg_per_h)
{
    double since_min = to_min - s->from_min, activity[2], tolerance = s->steady;
    stretch_activity(s, since_min, activity);
    tolerance += s->tolerance * exp(-s->rate_per_min[TOLERANCE] * since_min);
    s->steady = 0;
    double lag = 0;
    for (int i = 0; i < s->system->compartments; i++) {
        double left = s->mode[i] * exp(-s->rate_per_min[i] * since_min), now = s->steady_mode[i] + left;
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
    s->panel = s->infusing ? 0 : s->fine;
    s->activity[0] = activity[0];
    s->activity[1] = activity[1];
}

/* ---- a person ---- */

static void set_panels(const PkpdRate *rates, size_t n_rates, double fastest_pole_per_min, Solver *s)
{
    double most = 0;
    for (size_t i = 0; i < n_rates; i++)
        most = fmax(most, rates[i].rate_mg_per_h);
    double rise_ng_per_ml_min = most / MIN_PER_H * NG_PER_ML_IN_MG_PER_L / s->system->v1_l;
    double width_min = 1 / fastest_pole_per_min;
    double times = fmax(1, width_min * rise_ng_per_ml_min / s->turnover->c50_ng_per_ml);
    s->fine = (int)ceil(log2(times));
    s->first_width_min = ldexp(width_min, -s->fine);
    s->panel = s->fine;
    powers_between(s, 0, width_min, s->first_off);
}

static Solver solver_begin(const MoodPerson *person, const MoodTurnover *turnover, const PkpdSystem *system,
                           const PkpdRate *rates, size_t n_rates)
{
    double tolerance_per_min = M_LN2 / (turnover->tolerance_half_life_d * MIN_PER_D), fastest = 0;
    Solver s = { .turnover = turnover,
                 .system = system,
                 .from_min = n_rates ? rates[0].from_min : 0,
                 .per_tolerance_c50 = 1 / turnover->tolerance_c50_ng_per_ml,
                 .slowest_pole_per_min = INFINITY };
    for (int i = 0; i < system->compartments; i++) {
        double pole = system->pole_per_min[i];
        assert(pole >= 2 * tolerance_per_min * (1 - 1e-12));
        s.rate_per_min[i] = pole;
        s.lag_share[i] = tolerance_per_min / (tolerance_per_min - pole);
        s.slowest_pole_per_min = fmin(s.slowest_pole_per_min, pole);
        fastest = fmax(fastest, pole);
    }
    s.rate_per_min[TOLERANCE] = tolerance_per_min;
    s.rate_per_min[FAST] = person->fast_per_d / MIN_PER_D;
    s.rate_per_min[SLOW] = person->slow_per_d / MIN_PER_D;
    set_panels(rates, n_rates, fastest, &s);
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
    Solver s = solver_begin(person, turnover, system, rates, n_rates);
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
