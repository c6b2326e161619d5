#include "plan/ratio.h"

#include <assert.h>

static __int128 common_divisor(__int128 a, __int128 b)
{
    while (b) {
        __int128 rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static Ratio lowest(__int128 num, __int128 den)
{
    assert(den != 0);
    if (den < 0) {
        num = -num;
        den = -den;
    }
    __int128 divisor = common_divisor(num, den);
    num /= divisor;
    den /= divisor;
    assert(num <= INT64_MAX && num >= -INT64_MAX && den <= INT64_MAX);
    return (Ratio){ (int64_t)num, (int64_t)den };
}

Ratio ratio_int(int64_t value)
{
    return (Ratio){ value, 1 };
}

Ratio ratio_of(Decimal value)
{
    int64_t den = 1;
    for (int i = 0; i < value.places; i++)
        den *= 10;
    return lowest(value.units, den);
}

Ratio ratio_add(Ratio a, Ratio b)
{
    return lowest((__int128)a.num * b.den + (__int128)b.num * a.den, (__int128)a.den * b.den);
}

Ratio ratio_subtract(Ratio a, Ratio b)
{
    return ratio_add(a, (Ratio){ -b.num, b.den });
}

Ratio ratio_multiply(Ratio a, Ratio b)
{
    return lowest((__int128)a.num * b.num, (__int128)a.den * b.den);
}

Ratio ratio_divide(Ratio a, Ratio b)
{
    return lowest((__int128)a.num * b.den, (__int128)a.den * b.num);
}

int ratio_cmp(Ratio a, Ratio b)
{
    __int128 x = (__int128)a.num * b.den, y = (__int128)b.num * a.den;
    return (x > y) - (x < y);
}

Ratio ratio_smaller(Ratio a, Ratio b)
{
    return ratio_cmp(a, b) <= 0 ? a : b;
}

Ratio ratio_round_to(Ratio a, Ratio step, Rounding rounding)
{
    assert(a.num >= 0 && step.num > 0);
    Ratio steps = ratio_divide(a, step);
    int64_t whole = steps.num / steps.den, rest = steps.num % steps.den;
    bool up = rounding == ROUND_UP ? rest > 0 : rounding == ROUND_NEAREST && rest >= steps.den - rest;
    return ratio_multiply(ratio_int(whole + up), step);
}

Decimal ratio_decimal(Ratio a, int places, Rounding rounding)
{
    int64_t parts = 1;
    for (int i = 0; i < places; i++)
        parts *= 10;
    Ratio rounded = ratio_round_to(a, (Ratio){ 1, parts }, rounding);
    return (Decimal){ rounded.num * (parts / rounded.den), places };
}
