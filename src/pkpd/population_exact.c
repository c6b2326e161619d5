/* One subject whose poles meet, without partial fractions. A star's effect site goes through pkpd_curve(),
 * which needs no distance of poles. The chain goes through the exponential of its matrix for each length of
 * step: with each star in its modes the matrix is triangular, has its poles on the diagonal, and nothing
 * negative beside it. With the largest pole added to the diagonal all is positive: Taylor's series and the
 * squarings only add and multiply, nothing cancels, and the diagonal is known at each squaring. So every
 * member keeps its digits. */
#include "pkpd/population_kernel.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void population_star_exact(const PopulationRun *run, const PopulationStar *star, uint64_t subject,
                           double *ret_lane)
{
    const PopulationSchedule *schedule = run->schedule;
    PopulationSubject person = population_star_subject(star, run->seed, subject);
    PkpdStar numbers = population_star_of(star, &person);
    PkpdSystem system = pkpd_star_system(&numbers);
    double scale = star->dose_per_kg ? person.weight_kg : 1;
    for (size_t i = 0; i < schedule->n_times; i++) {
        PkpdPoint point = pkpd_at(&system, &schedule->dosing, schedule->times_min[i]);
        ret_lane[i * POPULATION_TILE] = scale * point.cp_ng_per_ml;
        ret_lane[(schedule->n_times + i) * POPULATION_TILE] = scale * point.ce_ng_per_ml;
    }
}

/* First what does not change and feeds the drug at its rate, then the modes in the order of the chain. */
enum { RATE, K0, K1, K2, DELAY_1, DELAY_2, N0, N1, DELAY_3, DELAY_4, H0, H1, D0, STATES };

typedef struct Matrix {
    double of[STATES][STATES]; /* [to][from], from <= to */
} Matrix;

/* Three stars, each with its poles and shares. */
static PkpdSystem star_of(int compartments, double v1_l, const double *flow, const double *volume)
{
    PkpdStar star = {
        .compartments = compartments, .v1_l = v1_l, .k10_per_min = flow[0] / v1_l, .ke0_per_min = 1
    };
    for (int i = 1; i < compartments; i++) {
        star.out_per_min[i] = flow[i] / v1_l;
        star.back_per_min[i] = flow[i] / volume[i];
    }
    return pkpd_star_system(&star);
}

/* A star's modes at first..: each takes its share of what flows in from each of the sources. */
static void place_star(Matrix *m, int first, const PkpdSystem *star, int source, int n_sources,
                       double per_min)
{
    for (int i = 0; i < star->compartments; i++) {
        m->of[first + i][first + i] = -star->pole_per_min[i];
        for (int j = 0; j < n_sources; j++)
            m->of[first + i][source + j] = star->share[i] * per_min;
    }
}

/* Two compartments, fed by the modes of the star before them. */
static void place_delay(Matrix *m, int first, double out_per_min, int source, int n_sources,
                        double in_per_min)
{
    for (int j = 0; j < n_sources; j++)
        m->of[first][source + j] = in_per_min;
    m->of[first][first] = m->of[first + 1][first + 1] = -out_per_min;
    m->of[first + 1][first] = out_per_min;
}

static Matrix chain_matrix(const PopulationChain *chain, const double *p)
{
    const double *k = p + POPULATION_KETAMINE_V1_L;
    double v = k[0], hv = p[POPULATION_HNK_V1_L];
    double a = 2 / p[POPULATION_DELAY_TO_NK_MIN], b = 2 / p[POPULATION_DELAY_TO_HNK_MIN];
    double n_flow[2] = { p[POPULATION_NK_CL_L_PER_MIN], p[POPULATION_NK_Q2_L_PER_MIN] };
    double h_flow[2] = { p[POPULATION_HNK_CL_L_PER_MIN], p[POPULATION_HNK_Q2_L_PER_MIN] };
    PkpdSystem ketamine = star_of(3, v, k + 3, k);
    PkpdSystem nk = star_of(2, v, n_flow, (double[]){ v, p[POPULATION_NK_V2_L] });
    PkpdSystem hnk = star_of(2, hv, h_flow, (double[]){ hv, p[POPULATION_HNK_V2_L] });
    PkpdSystem dhnk = star_of(1, p[POPULATION_DHNK_V_L], p + POPULATION_DHNK_CL_L_PER_MIN, NULL);
    Matrix m = { 0 };
    place_star(&m, K0, &ketamine, RATE, 1, 1);
    place_delay(&m, DELAY_1, a, K0, 3, p[POPULATION_KETAMINE_CL_L_PER_MIN] / v);
    place_star(&m, N0, &nk, DELAY_2, 1, a * chain->fraction_nk);
    place_delay(&m, DELAY_3, b, N0, 2, n_flow[0] / v);
    place_star(&m, H0, &hnk, DELAY_4, 1, b * chain->fraction_hnk);
    place_star(&m, D0, &dhnk, DELAY_4, 1, b * chain->fraction_dhnk);
    return m;
}

static Matrix multiply(const Matrix *a, const Matrix *b)
{
    Matrix product = { 0 };
    for (int i = 0; i < STATES; i++)
        for (int k = 0; k <= i; k++)
            for (int j = 0; j < STATES; j++) /* whole rows, zeros too: they fit vectors */
                product.of[i][j] += a->of[i][k] * b->of[k][j];
    return product;
}

/* (matrix + outflow) * time_min / n, times the term before. */
static Matrix next_term(const Matrix *term, const Matrix *matrix, double outflow, double time_min)
{
    Matrix positive = *matrix;
    for (int i = 0; i < STATES; i++) {
        positive.of[i][i] += outflow;
        for (int j = 0; j <= i; j++)
            positive.of[i][j] *= time_min;
    }
    return multiply(term, &positive);
}

static void set_diagonal(Matrix *exponential, const Matrix *matrix, double time_min)
{
    for (int i = 0; i < STATES; i++)
        exponential->of[i][i] = exp(matrix->of[i][i] * time_min);
}

static double largest_pole(const Matrix *m)
{
    double largest = 0;
    for (int i = 0; i < STATES; i++)
        largest = fmax(largest, -m->of[i][i]);
    return largest;
}

static Matrix exponential(const Matrix *m, double time_min)
{
    /* With less than 1/4 for the matrix, the first term left out is 4e-20. */
    enum { TERMS = 14, QUARTER = 2 };
    double outflow = largest_pole(m);
    int halvings = time_min > 0 ? (int)fmax(0, ceil(log2(outflow * time_min)) + QUARTER) : 0;
    double part_min = ldexp(time_min, -halvings);
    Matrix term = { 0 }, sum = { 0 };
    for (int i = 0; i < STATES; i++)
        term.of[i][i] = exp(-outflow * part_min);
    for (int n = 1; n <= TERMS; n++) {
        for (int i = 0; i < STATES * STATES; i++)
            (&sum.of[0][0])[i] += (&term.of[0][0])[i];
        term = next_term(&term, m, outflow, part_min / n);
    }
    set_diagonal(&sum, m, part_min);
    for (int i = 1; i <= halvings; i++) {
        sum = multiply(&sum, &sum);
        set_diagonal(&sum, m, ldexp(part_min, i));
    }
    return sum;
}

static void advance(const Matrix *over, const Matrix *m, const PopulationStep *step, double *state)
{
    double next[STATES] = { 0 };
    state[RATE] = step->rate_mg_per_min;
    for (int i = 0; i < STATES; i++)
        for (int j = 0; j <= i; j++)
            next[i] += over->of[i][j] * state[j];
    memcpy(state, next, sizeof next);
    for (int i = K0; i <= K2; i++)
        state[i] += m->of[i][RATE] * step->bolus_mg;
}

static void observe(const PopulationChain *chain, const PopulationSubject *person, const double *state,
                    size_t n_times, size_t observation, double *ret_lane)
{
    static const struct {
        int first, n, volume;
    } outputs[POPULATION_CHAIN_OUTPUTS] = {
        { K0, 3, POPULATION_KETAMINE_V1_L },
        { N0, 2, POPULATION_KETAMINE_V1_L },
        { H0, 2, POPULATION_HNK_V1_L },
        { D0, 1, POPULATION_DHNK_V_L },
    };
    double scale = 1000 / chain->molar_mass_g_per_mol * (chain->dose_per_kg ? person->weight_kg : 1);
    for (size_t i = 0; i < POPULATION_CHAIN_OUTPUTS; i++) {
        double amount = 0;
        for (int j = 0; j < outputs[i].n; j++)
            amount += state[outputs[i].first + j];
        ret_lane[(i * n_times + observation) * POPULATION_TILE] =
            scale * amount / person->parameter[outputs[i].volume];
    }
}

/* Steps whose length is not among the first few are computed each time: rare twice over. */
void population_chain_exact(const PopulationRun *run, const PopulationChain *chain, uint64_t subject,
                            double *ret_lane)
{
    enum { CACHED = 64 };
    const PopulationSchedule *schedule = run->schedule;
    PopulationSubject person = population_chain_subject(chain, run->seed, subject);
    Matrix matrix = chain_matrix(chain, person.parameter), cached[CACHED], computed;
    for (size_t i = 0; i < schedule->n_lengths && i < CACHED; i++)
        cached[i] = exponential(&matrix, schedule->length_min[i]);
    double state[STATES] = { 0 };
    for (size_t i = 0; i < schedule->n_steps; i++) {
        const PopulationStep *step = &schedule->step[i];
        const Matrix *over = &computed;
        if (step->length < CACHED)
            over = &cached[step->length];
        else
            computed = exponential(&matrix, schedule->length_min[step->length]);
        advance(over, &matrix, step, state);
        if (step->observation >= 0)
            observe(chain, &person, state, schedule->n_times, (size_t)step->observation, ret_lane);
    }
}
