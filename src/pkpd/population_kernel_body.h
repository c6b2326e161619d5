/* The curves of a tile of subjects, LANES at once: the one source of all paths. Each population_PATH.c
 * includes its vector_PATH.h and then this, and exports KERNEL. */
#include "pkpd/population_kernel.h"
#include "pkpd/vector_math.h"

#define ALWAYS static inline __attribute__((always_inline))

static const double NG_PER_ML_OF_MG_PER_L = 1000, NMOL_PER_ML_OF_MMOL_PER_L = 1000;

/* ---- who ---- */

typedef struct Person {
    V parameter[POPULATION_CHAIN_PARAMETERS];
    V weight_kg;
} Person;

/* Logarithm of the weight over the reference weight. */
ALWAYS V draw_log_weight(const PopulationRun *run, const PopulationWeight *weight, U subject)
{
    PopulationCut cut = population_weight_cut(weight);
    if (weight->sd_log == 0)
        return splat(cut.log_typical);
    V units[2];
    vector_units(run->seed, subject, POPULATION_WEIGHT_DRAW / 2, units);
    V normal = vector_quantile(fused(units[POPULATION_WEIGHT_DRAW % 2], splat(cut.width), splat(cut.from)));
    return fused(normal, splat(weight->sd_log), splat(cut.log_typical));
}

ALWAYS V of_spread(const PopulationSpread *spread, V unit, V log_weight)
{
    if (spread->sd_log == 0 && spread->weight_exponent == 0)
        return splat(spread->typical);
    V exponent = log_weight * spread->weight_exponent;
    if (spread->sd_log > 0)
        exponent = fused(vector_quantile(unit), splat(spread->sd_log), exponent);
    return vector_exp(exponent) * spread->typical;
}

ALWAYS void draw_person(const PopulationRun *run, const PopulationSpread *spread, int n,
                        const PopulationWeight *weight, U subject, Person *ret_person)
{
    V log_weight = draw_log_weight(run, weight, subject);
    ret_person->weight_kg = vector_exp(log_weight) * weight->reference_kg;
    for (int i = 0; i < n; i += 2) {
        bool last = i + 1 == n;
        V units[2] = { splat(0.5), splat(0.5) };
        if (spread[i].sd_log > 0 || (!last && spread[i + 1].sd_log > 0))
            vector_units(run->seed, subject, (uint32_t)i / 2, units);
        ret_person->parameter[i] = of_spread(&spread[i], units[0], log_weight);
        if (!last)
            ret_person->parameter[i + 1] = of_spread(&spread[i + 1], units[1], log_weight);
    }
}

/* ---- poles and shares of a star ---- */

/* As in system.c: the symmetric matrix (diagonal, and what is off it) is turned by Jacobi's rotations until
 * it is diagonal; first is the first row of the product of the rotations. */
typedef struct Arrow {
    V diagonal[3], off[3], first[3]; /* off[i]: between the two that are not i */
} Arrow;

ALWAYS void rotate(Arrow *a, int p, int q)
{
    int other = 3 - p - q;
    V apart = a->diagonal[q] - a->diagonal[p], twice = 2 * a->off[other];
    /* The tiny number: where all is zero already the rotation is none. */
    V t =
        twice / with_sign_of(magnitude(apart) + root(fused(apart, apart, twice * twice)) + 0x1p-1000, apart);
    V cosine = 1 / root(fused(t, t, splat(1))), sine = t * cosine;
    V shift = t * a->off[other], op = a->off[q], oq = a->off[p], fp = a->first[p], fq = a->first[q];
    a->diagonal[p] -= shift;
    a->diagonal[q] += shift;
    a->off[other] = splat(0);
    a->off[q] = cosine * op - sine * oq;
    a->off[p] = sine * op + cosine * oq;
    a->first[p] = cosine * fp - sine * fq;
    a->first[q] = sine * fp + cosine * fq;
}

/* Rates out of the first compartment for good (k10), to others and back: n of them besides the first. */
ALWAYS void poles_and_shares(V k10, const V *out, const V *back, int n, V *ret_pole, V *ret_share)
{
    /* A fixed number, for a lane's result must not depend on when another has converged. */
    enum { SWEEPS = 5 };
    Arrow a = { .first = { splat(1), splat(0), splat(0) } };
    a.diagonal[0] = k10;
    for (int i = 0; i < n; i++) {
        a.diagonal[0] += out[i];
        a.diagonal[i + 1] = back[i];
        a.off[2 - i] = -root(out[i] * back[i]);
    }
    for (int sweep = 0; sweep < (n == 1 ? 1 : SWEEPS); sweep++) {
        rotate(&a, 0, 1);
        if (n == 2) {
            rotate(&a, 0, 2);
            rotate(&a, 1, 2);
        }
    }
    for (int i = 0; i <= n; i++) {
        ret_pole[i] = a.diagonal[i];
        ret_share[i] = a.first[i] * a.first[i];
    }
}

/* ---- modes: what decays on its own ---- */

enum { CACHED_LENGTHS = 64, MODES_MAX = 10 };
typedef struct Decays {
    V of[CACHED_LENGTHS][MODES_MAX];
} Decays;

ALWAYS void decay_of_length(const PopulationSchedule *schedule, size_t length, const V *pole, int n,
                            V *ret_decay)
{
    for (int i = 0; i < n; i++)
        ret_decay[i] = vector_exp(pole[i] * -schedule->length_min[length]);
}

ALWAYS void fill_decays(const PopulationSchedule *schedule, const V *pole, int n, Decays *decays)
{
    size_t cached = schedule->n_lengths < CACHED_LENGTHS ? schedule->n_lengths : CACHED_LENGTHS;
    for (size_t length = 0; length < cached; length++)
        decay_of_length(schedule, length, pole, n, decays->of[length]);
}

ALWAYS void store(double *curves, size_t n_times, int output, int32_t observation, int lane, V value)
{
    *(VStored *)(curves + (output * n_times + (size_t)observation) * POPULATION_TILE + lane) = (VStored)value;
}

ALWAYS U subjects_of(const PopulationRun *run, size_t tile, int lane)
{
    U subject = (U){ 0 } + (run->first_subject + tile * POPULATION_TILE + (size_t)lane);
    for (int i = 0; i < LANES; i++)
        subject[i] += (size_t)i;
    return subject;
}

/* ---- three compartments, with or without the effect site ---- */

enum { STAR_MODES = 3 };

typedef struct StarModes {
    V pole[STAR_MODES + 1];                 /* the last: the effect site's */
    V weight[STAR_MODES], gain[STAR_MODES]; /* plasma after 1 mg at once, and what 1 mg/min tends to */
    V to_effect[STAR_MODES];                /* ke0 / (ke0 - pole) */
    Mask meet;
} StarModes;

typedef struct StarState {
    V plasma[STAR_MODES], effect;
} StarState;

ALWAYS void star_modes(const PopulationStar *star, const Person *person, StarModes *m)
{
    const V *p = person->parameter;
    V per_v1 = 1 / p[POPULATION_V1_L], q2 = p[POPULATION_Q2_L_PER_MIN], q3 = p[POPULATION_Q3_L_PER_MIN];
    V out[2] = { q2 * per_v1, q3 * per_v1 };
    V back[2] = { q2 / p[POPULATION_V2_L], q3 / p[POPULATION_V3_L] };
    V share[STAR_MODES];
    poles_and_shares(p[POPULATION_CL_L_PER_MIN] * per_v1, out, back, 2, m->pole, share);
    V scale = per_v1 * NG_PER_ML_OF_MG_PER_L;
    if (star->dose_per_kg)
        scale *= person->weight_kg;
    for (int i = 0; i < STAR_MODES; i++) {
        m->weight[i] = share[i] * scale;
        m->gain[i] = m->weight[i] / m->pole[i];
    }
}

ALWAYS void add_effect_site(const PopulationStar *star, StarModes *m)
{
    V k = splat(star->ke0_per_min);
    m->meet = (Mask){ 0 };
    m->pole[STAR_MODES] = k;
    for (int i = 0; i < STAR_MODES; i++) {
        V apart = k - m->pole[i];
        m->meet |= magnitude(apart) <= POPULATION_POLES_MEET * (k + m->pole[i]);
        m->to_effect[i] = k / apart;
    }
}

/* The effect site is carried as what it is, not as a mode: a dose at once must leave it exactly where it was.
 */
ALWAYS void advance(StarState *s, const V *decay, const StarModes *m, bool effect, const PopulationStep *step)
{
    V steady[STAR_MODES] = { 0 };
    bool running = step->rate_mg_per_min != 0;
    if (running)
        for (int i = 0; i < STAR_MODES; i++) {
            steady[i] = m->gain[i] * step->rate_mg_per_min;
            s->plasma[i] -= steady[i];
        }
    if (effect) {
        V all_steady = steady[0] + steady[1] + steady[2], effect_decay = decay[STAR_MODES];
        V ce = running ? fused(s->effect - all_steady, effect_decay, all_steady) : s->effect * effect_decay;
        for (int i = 0; i < STAR_MODES; i++)
            ce = fused(s->plasma[i] * m->to_effect[i], decay[i] - effect_decay, ce);
        s->effect = ce;
    }
    for (int i = 0; i < STAR_MODES; i++)
        s->plasma[i] = running ? fused(s->plasma[i], decay[i], steady[i]) : s->plasma[i] * decay[i];
    if (step->bolus_mg != 0)
        for (int i = 0; i < STAR_MODES; i++)
            s->plasma[i] = fused(m->weight[i], splat(step->bolus_mg), s->plasma[i]);
}

ALWAYS void star_walk(const PopulationSchedule *schedule, const StarModes *modes, bool effect, int lane,
                      double *ret_tile)
{
    /* A copy, which no store to ret_tile can change: the compiler may keep it in registers. */
    StarModes m = *modes;
    int n = effect ? STAR_MODES + 1 : STAR_MODES;
    Decays decays;
    fill_decays(schedule, m.pole, n, &decays);
    StarState state = { 0 };
    for (size_t i = 0; i < schedule->n_steps; i++) {
        const PopulationStep *step = &schedule->step[i];
        V computed[STAR_MODES + 1];
        const V *decay = decays.of[step->length % CACHED_LENGTHS];
        if (step->length >= CACHED_LENGTHS) {
            decay_of_length(schedule, step->length, m.pole, n, computed);
            decay = computed;
        }
        advance(&state, decay, &m, effect, step);
        if (step->observation < 0)
            continue;
        store(ret_tile, schedule->n_times, 0, step->observation, lane,
              state.plasma[0] + state.plasma[1] + state.plasma[2]);
        if (effect)
            store(ret_tile, schedule->n_times, 1, step->observation, lane, state.effect);
    }
}

ALWAYS unsigned star_tile(const PopulationRun *run, const PopulationStar *star, size_t tile, bool effect,
                          double *ret_tile)
{
    unsigned meet = 0;
    for (int lane = 0; lane < POPULATION_TILE; lane += LANES) {
        Person person;
        StarModes modes;
        draw_person(run, star->parameter, POPULATION_STAR_PARAMETERS, &star->weight,
                    subjects_of(run, tile, lane), &person);
        star_modes(star, &person, &modes);
        if (effect) {
            add_effect_site(star, &modes);
            for (int i = 0; i < LANES; i++)
                meet |= (modes.meet[i] ? 1u : 0u) << (lane + i);
        }
        star_walk(run->schedule, &modes, effect, lane, ret_tile);
    }
    return meet;
}

static unsigned star_plasma(const PopulationRun *run, const PopulationStar *star, size_t tile,
                            double *ret_tile)
{
    return star_tile(run, star, tile, false, ret_tile);
}

static unsigned star_effect(const PopulationRun *run, const PopulationStar *star, size_t tile,
                            double *ret_tile)
{
    return star_tile(run, star, tile, true, ret_tile);
}

/* ---- the chain: ten poles, two of them double ---- */

/* The modes in the order in which the chain meets them. Each of the two delays has a mode of its double
 * pole's first power, and then one of its second, t exp(-pole t). */
enum { K0, K1, K2, TO_NK, TO_NK_TWICE, N0, N1, TO_HNK, TO_HNK_TWICE, H0, H1, D0, CHAIN_MODES };
enum { K_END = TO_NK, NK_END = TO_HNK, HNK_END = D0 };

/* Index of a mode's pole: double poles have one for both of their modes. */
static const int chain_pole[CHAIN_MODES] = { 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9 };
/* The first pole of each block, and the end. */
enum {
    K_POLE = 0,
    TO_NK_POLE = 3,
    N_POLE = 4,
    TO_HNK_POLE = 6,
    H_POLE = 7,
    D_POLE = 9,
    CHAIN_POLES = MODES_MAX
};

/* After the second delay the chain forks: its last block is HNK or DHNK; norketamine's own ends with NK. */
typedef enum Block { KETAMINE, DELAY_TO_NK, NK, DELAY_TO_HNK, HNK, DHNK } Block;
static const Block block_of_pole[CHAIN_POLES] = { KETAMINE, KETAMINE,     KETAMINE, DELAY_TO_NK, NK,
                                                  NK,       DELAY_TO_HNK, HNK,      HNK,         DHNK };

typedef struct ChainModes {
    V pole[CHAIN_POLES];
    V share[CHAIN_POLES]; /* within its own star; of no meaning for the delays */
    V part[POPULATION_CHAIN_OUTPUTS][CHAIN_MODES];
} ChainModes;

/* One block's transfer function sum(share / (s + pole)) at s, and its derivative. */
typedef struct Transfer {
    V value, slope;
} Transfer;

ALWAYS Transfer star_transfer(const ChainModes *m, int from, int to, V s)
{
    Transfer t = { splat(0), splat(0) };
    for (int i = from; i < to; i++) {
        V inverse = 1 / (s + m->pole[i]), term = m->share[i] * inverse;
        t.value += term;
        t.slope -= term * inverse;
    }
    return t;
}

/* Two equal compartments one after the other, as a density of the time spent: (a / (s + a))^2. */
ALWAYS Transfer delay_transfer(V a, V s)
{
    V inverse = 1 / (s + a), first = a * inverse, value = first * first;
    return (Transfer){ value, -2 * value * inverse };
}

ALWAYS Transfer product(Transfer f, Transfer g)
{
    return (Transfer){ f.value * g.value, fused(f.value, g.slope, f.slope * g.value) };
}

/* From dose to one output, all blocks of its chain but one, at s. */
ALWAYS Transfer all_but(const ChainModes *m, Block left_out, Block last, V s)
{
    Transfer t = { splat(1), splat(0) };
    if (left_out != KETAMINE)
        t = product(t, star_transfer(m, K_POLE, TO_NK_POLE, s));
    if (left_out != DELAY_TO_NK)
        t = product(t, delay_transfer(m->pole[TO_NK_POLE], s));
    if (left_out != NK)
        t = product(t, star_transfer(m, N_POLE, TO_HNK_POLE, s));
    if (last == NK)
        return t;
    if (left_out != DELAY_TO_HNK)
        t = product(t, delay_transfer(m->pole[TO_HNK_POLE], s));
    if (left_out == last)
        return t;
    return product(t, last == HNK ? star_transfer(m, H_POLE, D_POLE, s)
                                  : star_transfer(m, D_POLE, CHAIN_POLES, s));
}

/* False beyond the last block, and on the other branch of the fork. */
ALWAYS bool in_chain(Block block, Block last)
{
    return block <= last && !(last == DHNK && block == HNK);
}

/* The residue at a pole is its share times all other blocks there; a double pole has one of its second power,
 * and one of its first from the derivative. */
ALWAYS void partial_fractions(const ChainModes *m, Block last, V scale, V *ret_part)
{
    for (int mode = 0; mode < CHAIN_MODES; mode++) {
        int pole = chain_pole[mode];
        Block block = block_of_pole[pole];
        if (!in_chain(block, last)) {
            ret_part[mode] = splat(0);
            continue;
        }
        Transfer rest = all_but(m, block, last, -m->pole[pole]);
        if (mode == TO_NK || mode == TO_HNK) {
            V a2 = m->pole[pole] * m->pole[pole] * scale;
            ret_part[mode] = a2 * rest.slope;
            ret_part[mode + 1] = a2 * rest.value;
        } else if (mode != TO_NK_TWICE && mode != TO_HNK_TWICE) {
            ret_part[mode] = scale * m->share[pole] * rest.value;
        }
    }
}

ALWAYS void chain_poles(const V *p, ChainModes *m)
{
    V v = p[POPULATION_KETAMINE_V1_L], hv = p[POPULATION_HNK_V1_L];
    V q2 = p[POPULATION_KETAMINE_Q2_L_PER_MIN], q3 = p[POPULATION_KETAMINE_Q3_L_PER_MIN];
    V nq = p[POPULATION_NK_Q2_L_PER_MIN], hq = p[POPULATION_HNK_Q2_L_PER_MIN];
    V k_out[2] = { q2 / v, q3 / v };
    V k_back[2] = { q2 / p[POPULATION_KETAMINE_V2_L], q3 / p[POPULATION_KETAMINE_V3_L] };
    V n_out = nq / v, n_back = nq / p[POPULATION_NK_V2_L];
    V h_out = hq / hv, h_back = hq / p[POPULATION_HNK_V2_L];
    poles_and_shares(p[POPULATION_KETAMINE_CL_L_PER_MIN] / v, k_out, k_back, 2, m->pole, m->share);
    m->pole[TO_NK_POLE] = 2 / p[POPULATION_DELAY_TO_NK_MIN];
    poles_and_shares(p[POPULATION_NK_CL_L_PER_MIN] / v, &n_out, &n_back, 1, m->pole + N_POLE,
                     m->share + N_POLE);
    m->pole[TO_HNK_POLE] = 2 / p[POPULATION_DELAY_TO_HNK_MIN];
    poles_and_shares(p[POPULATION_HNK_CL_L_PER_MIN] / hv, &h_out, &h_back, 1, m->pole + H_POLE,
                     m->share + H_POLE);
    m->pole[D_POLE] = p[POPULATION_DHNK_CL_L_PER_MIN] / p[POPULATION_DHNK_V_L];
    m->share[D_POLE] = splat(1);
}

ALWAYS void chain_modes(const PopulationChain *chain, const Person *person, ChainModes *m)
{
    const V *p = person->parameter;
    V v = p[POPULATION_KETAMINE_V1_L];
    V molar = splat(NMOL_PER_ML_OF_MMOL_PER_L / chain->molar_mass_g_per_mol);
    if (chain->dose_per_kg)
        molar *= person->weight_kg;
    V nk = p[POPULATION_KETAMINE_CL_L_PER_MIN] / v * chain->fraction_nk * molar;
    V from_nk = p[POPULATION_NK_CL_L_PER_MIN] / v * nk;
    chain_poles(p, m);
    for (int i = 0; i < CHAIN_MODES; i++)
        m->part[0][i] = i < K_END ? m->share[i] * molar / v : splat(0);
    partial_fractions(m, NK, nk / v, m->part[1]);
    partial_fractions(m, HNK, from_nk * chain->fraction_hnk / p[POPULATION_HNK_V1_L], m->part[2]);
    partial_fractions(m, DHNK, from_nk * chain->fraction_dhnk / p[POPULATION_DHNK_V_L], m->part[3]);
}

/* What a unit rate tends to, in each mode. */
ALWAYS void chain_gains(const ChainModes *m, V *ret_gain)
{
    for (int i = 0; i < CHAIN_MODES; i++)
        ret_gain[i] = 1 / m->pole[chain_pole[i]];
    ret_gain[TO_NK_TWICE] *= ret_gain[TO_NK];
    ret_gain[TO_HNK_TWICE] *= ret_gain[TO_HNK];
}

/* Where poles meet, large terms of opposite sign cancel: the sum of their areas under the curve is then small
 * beside the sum of their sizes. */
ALWAYS Mask chain_meets(const ChainModes *m, const V *gain)
{
    Mask meet = { 0 };
    for (int output = 1; output < POPULATION_CHAIN_OUTPUTS; output++) {
        V sum = splat(0), size = splat(0);
        for (int i = 0; i < CHAIN_MODES; i++) {
            V area = m->part[output][i] * gain[i];
            sum += area;
            size += magnitude(area);
        }
        meet |= ~(size <= POPULATION_CANCELLATION_MAX * sum);
    }
    return meet;
}

ALWAYS void chain_advance(V *state, const V *decay, const V *gain, double length_min,
                          const PopulationStep *step)
{
    double rate = step->rate_mg_per_min;
    if (rate != 0)
        for (int i = 0; i < CHAIN_MODES; i++)
            state[i] = fused(gain[i], splat(-rate), state[i]);
    state[TO_NK_TWICE] = fused(state[TO_NK], splat(length_min), state[TO_NK_TWICE]);
    state[TO_HNK_TWICE] = fused(state[TO_HNK], splat(length_min), state[TO_HNK_TWICE]);
    for (int i = 0; i < CHAIN_MODES; i++)
        state[i] *= decay[chain_pole[i]];
    if (rate != 0)
        for (int i = 0; i < CHAIN_MODES; i++)
            state[i] = fused(gain[i], splat(rate), state[i]);
    if (step->bolus_mg != 0)
        for (int i = 0; i < CHAIN_MODES; i++)
            if (i != TO_NK_TWICE && i != TO_HNK_TWICE)
                state[i] += step->bolus_mg;
}

ALWAYS V chain_sum(const V *part, const V *state, int from, int to, V sum)
{
    for (int i = from; i < to; i++)
        sum = fused(part[i], state[i], sum);
    return sum;
}

ALWAYS void chain_observe(const ChainModes *m, const V *state, size_t n_times, int32_t observation, int lane,
                          double *ret_tile)
{
    V none = splat(0);
    store(ret_tile, n_times, 0, observation, lane, chain_sum(m->part[0], state, 0, K_END, none));
    store(ret_tile, n_times, 1, observation, lane, chain_sum(m->part[1], state, 0, NK_END, none));
    store(ret_tile, n_times, 2, observation, lane, chain_sum(m->part[2], state, 0, HNK_END, none));
    V sum = m->part[3][D0] * state[D0];
    store(ret_tile, n_times, 3, observation, lane, chain_sum(m->part[3], state, 0, H0, sum));
}

ALWAYS void chain_walk(const PopulationSchedule *schedule, const ChainModes *m, const V *gain, int lane,
                       double *ret_tile)
{
    V state[CHAIN_MODES] = { 0 };
    Decays decays;
    fill_decays(schedule, m->pole, CHAIN_POLES, &decays);
    for (size_t i = 0; i < schedule->n_steps; i++) {
        const PopulationStep *step = &schedule->step[i];
        V computed[MODES_MAX];
        const V *decay = decays.of[step->length % CACHED_LENGTHS];
        if (step->length >= CACHED_LENGTHS) {
            decay_of_length(schedule, step->length, m->pole, CHAIN_POLES, computed);
            decay = computed;
        }
        chain_advance(state, decay, gain, schedule->length_min[step->length], step);
        if (step->observation >= 0)
            chain_observe(m, state, schedule->n_times, step->observation, lane, ret_tile);
    }
}

static unsigned chain_tile(const PopulationRun *run, const PopulationChain *chain, size_t tile,
                           double *ret_tile)
{
    unsigned meet = 0;
    for (int lane = 0; lane < POPULATION_TILE; lane += LANES) {
        Person person;
        ChainModes modes;
        draw_person(run, chain->parameter, POPULATION_CHAIN_PARAMETERS, &chain->weight,
                    subjects_of(run, tile, lane), &person);
        chain_modes(chain, &person, &modes);
        V gain[CHAIN_MODES];
        chain_gains(&modes, gain);
        Mask meets = chain_meets(&modes, gain);
        for (int i = 0; i < LANES; i++)
            meet |= (meets[i] ? 1u : 0u) << (lane + i);
        chain_walk(run->schedule, &modes, gain, lane, ret_tile);
    }
    return meet;
}

/* ---- for the tests ---- */

#define OF_TILE(name, function)                                                                              \
    static void name(const double *x, double *ret)                                                           \
    {                                                                                                        \
        for (int i = 0; i < POPULATION_TILE; i += LANES)                                                     \
            *(VStored *)(ret + i) = (VStored)function((V) * (const VStored *)(x + i));                       \
    }

OF_TILE(exp_of_tile, vector_exp)
OF_TILE(log_of_tile, vector_log)
OF_TILE(quantile_of_tile, vector_quantile)

const PopulationKernel KERNEL = {
    .star = star_plasma,
    .star_effect = star_effect,
    .chain = chain_tile,
    .exp = exp_of_tile,
    .log = log_of_tile,
    .quantile = quantile_of_tile,
};
