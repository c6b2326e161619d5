/* Elementary functions and random numbers of LANES at once. Included by a kernel after one of
 * vector_portable.h, vector_avx2.h and vector_avx512.h, which say what V (doubles), U (64 bits), fused() (a *
 * b + c), root() and multiply_low() (of the low 32 bits) are. No branch depends on another lane's value
 * except to leave out work whose result no lane takes: a subject's numbers do not depend on who shares his
 * vector. */
#include "pkpd/draw_constants.h"

typedef int64_t Mask __attribute__((vector_size(LANES * 8)));

static inline V splat(double x)
{
    return x - (V){ 0 };
}

static inline V choose(Mask where, V a, V b)
{
    return (V)(((U)where & (U)a) | (~(U)where & (U)b));
}

static inline bool any(Mask where)
{
    int64_t all = 0;
    for (int i = 0; i < LANES; i++)
        all |= where[i];
    return all != 0;
}

static inline V magnitude(V x)
{
    return (V)((U)x & 0x7fffffffffffffff);
}

static inline V with_sign_of(V x, V sign)
{
    return (V)((U)x | ((U)sign & 0x8000000000000000));
}

static inline V polynomial(const double *coefficient, int n, V x)
{
    V sum = splat(coefficient[n - 1]);
    for (int i = n - 2; i >= 0; i--)
        sum = fused(sum, x, splat(coefficient[i]));
    return sum;
}

/* log 2 in two parts, the first with 32 trailing zero bits: whole multiples of it are exact. */
static const double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 0x1.a39ef35793c76p-33;

/* exp(x) to 2 ulp for |x| <= 708; 0 below; above, nothing. x = n log 2 + r with |r| <= log(2) / 2, and
 * Taylor's series to r^13, whose rest is 4e-18. */
static inline V vector_exp(V x)
{
    static const double taylor[] = { 1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                     1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                     1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800 };
    /* Adding it rounds to a whole number and leaves that number in the low bits. */
    static const double ROUNDER = 0x1.8p52;
    V rounded = fused(x, splat(M_LOG2E), splat(ROUNDER)), n = rounded - ROUNDER;
    V r = fused(n, splat(-LN2_LOW), fused(n, splat(-LN2_HIGH), x));
    V r2 = r * r;
    /* Odd and even powers apart: two short chains instead of a long one. */
    V even = splat(taylor[10]), odd = splat(taylor[11]);
    for (int i = 8; i >= 0; i -= 2) {
        even = fused(even, r2, splat(taylor[i]));
        odd = fused(odd, r2, splat(taylor[i + 1]));
    }
    V result = fused(fused(odd, r, even), r2, r) + 1;
    return choose(x < -708, splat(0), (V)((U)result + ((U)rounded << 52)));
}

/* log(x) to 2 ulp for positive normal x. x = 2^k m with m near 1, and with s = (m - 1)/(m + 1) the series of
 * log(m) in s^2, its coefficients adjusted for |s| < 0.1716 (cites: Sun Microsystems 1993, fdlibm e_log.c;
 * seen: memory; test_population.c compares with 30-digit values). */
static inline V vector_log(V x)
{
    static const double series[] = { 6.666666666666735130e-01, 3.999999999940941908e-01,
                                     2.857142874366239149e-01, 2.222219843214978396e-01,
                                     1.818357216161805012e-01, 1.531383769920937332e-01,
                                     1.479819860511658591e-01 };
    static const uint64_t ROOT_HALF = 0x3fe6a09e667f3bcd, ONE = 0x3ff0000000000000,
                          TWO_52 = 0x4330000000000000;
    U from_root = (U)x - ROOT_HALF + ONE, exponent = from_root >> 52;
    V k = (V)(exponent | TWO_52) - (0x1p52 + 1023);
    V f = (V)((U)x - ((exponent - 1023) << 52)) - 1;
    V s = f / (f + 2), s2 = s * s, half = f * f * 0.5;
    V rest = s2 * polynomial(series, 7, s2);
    return fused(k, splat(LN2_HIGH), f - (half - fused(s, half + rest, k * LN2_LOW)));
}

static inline V quantile_ratio(const double table[2][QUANTILE_TERMS], V x)
{
    return polynomial(table[0], QUANTILE_TERMS, x) / polynomial(table[1], QUANTILE_TERMS, x);
}

/* normal_quantile() for p in (0, 1). */
static inline V vector_quantile(V p)
{
    V from_middle = p - 0.5;
    V middle = from_middle * quantile_ratio(quantile_middle, fused(-from_middle, from_middle,
                                                                   splat(QUANTILE_MIDDLE * QUANTILE_MIDDLE)));
    Mask in_tail = magnitude(from_middle) > QUANTILE_MIDDLE;
    if (!any(in_tail))
        return middle;
    V r = root(-vector_log(choose(from_middle < 0, p, 1 - p)));
    V tail = quantile_ratio(quantile_tail, r - 1.6);
    Mask is_far = r > QUANTILE_FAR;
    if (any(is_far))
        tail = choose(is_far, quantile_ratio(quantile_far_tail, r - QUANTILE_FAR), tail);
    return choose(in_tail, with_sign_of(tail, from_middle), middle);
}

/* 52 random bits and a half, as draw_unit() makes them: in [1, 2), less a little less than 1. */
static inline V unit_of(U high, U low)
{
    U bits = high << 32 | (low & 0xffffffff);
    return (V)(bits >> 12 | 0x3ff0000000000000) - (1 - 0x1p-53);
}

/* draw_unit() at (seed, subject, 2 * pair) and the one after. */
static inline void vector_units(uint64_t seed, U subject, uint32_t pair, V ret_units[2])
{
    U word[4] = { (U){ 0 } + pair, { 0 }, subject & 0xffffffff, subject >> 32 };
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        U even = multiply_low(word[0], (U){ 0 } + PHILOX_MULTIPLY_0);
        U odd = multiply_low(word[2], (U){ 0 } + PHILOX_MULTIPLY_1);
        word[0] = odd >> 32 ^ word[1] ^ key[0];
        word[2] = even >> 32 ^ word[3] ^ key[1];
        word[1] = odd & 0xffffffff;
        word[3] = even & 0xffffffff;
        key[0] += PHILOX_STEP_0;
        key[1] += PHILOX_STEP_1;
    }
    ret_units[0] = unit_of(word[1], word[0]);
    ret_units[1] = unit_of(word[3], word[2]);
}
