#include "pkpd/draw.h"

#include "pkpd/draw_constants.h"

#include <math.h>

static void philox_round(uint32_t word[4], const uint32_t key[2])
{
    uint64_t even = (uint64_t)PHILOX_MULTIPLY_0 * word[0], odd = (uint64_t)PHILOX_MULTIPLY_1 * word[2];
    word[0] = (uint32_t)(odd >> 32) ^ word[1] ^ key[0];
    word[2] = (uint32_t)(even >> 32) ^ word[3] ^ key[1];
    word[1] = (uint32_t)odd;
    word[3] = (uint32_t)even;
}

void draw_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t ret_words[4])
{
    uint32_t now[2] = { key[0], key[1] };
    for (int i = 0; i < 4; i++)
        ret_words[i] = counter[i];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        philox_round(ret_words, now);
        now[0] += PHILOX_STEP_0;
        now[1] += PHILOX_STEP_1;
    }
}

double draw_unit(uint64_t seed, uint64_t subject, uint32_t index)
{
    uint32_t counter[4] = { index / 2, 0, (uint32_t)subject, (uint32_t)(subject >> 32) };
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) }, word[4];
    draw_philox(counter, key, word);
    const uint32_t *pair = word + index % 2 * 2;
    uint64_t bits = (uint64_t)pair[1] << 32 | pair[0];
    /* 52 bits and a half: with 53 the largest would round to 1. */
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double draw_normal(uint64_t seed, uint64_t subject, uint32_t index)
{
    return normal_quantile(draw_unit(seed, subject, index));
}

double normal_cdf(double x)
{
    return erfc(-x * M_SQRT1_2) / 2;
}

/* Numerator and denominator by Horner, highest power last in the table. */
static double ratio(const double table[2][QUANTILE_TERMS], double x)
{
    double above = table[0][QUANTILE_TERMS - 1], below = table[1][QUANTILE_TERMS - 1];
    for (int i = QUANTILE_TERMS - 2; i >= 0; i--) {
        above = above * x + table[0][i];
        below = below * x + table[1][i];
    }
    return above / below;
}

double normal_quantile(double p)
{
    double from_middle = p - 0.5;
    if (fabs(from_middle) <= QUANTILE_MIDDLE)
        return from_middle *
               ratio(quantile_middle, QUANTILE_MIDDLE * QUANTILE_MIDDLE - from_middle * from_middle);
    double tail = from_middle < 0 ? p : 1 - p;
    if (!(tail > 0))
        return tail == 0 ? copysign(INFINITY, from_middle) : NAN;
    double r = sqrt(-log(tail));
    double x = r <= QUANTILE_FAR ? ratio(quantile_tail, r - 1.6) : ratio(quantile_far_tail, r - QUANTILE_FAR);
    return copysign(x, from_middle);
}
