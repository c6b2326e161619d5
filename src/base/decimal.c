#include "base/decimal.h"

#include <assert.h>
#include <inttypes.h>

static const int MAX_PLACES = 9;

static int64_t power_of_ten(int n)
{
    int64_t p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

bool decimal_parse(Str text, Decimal *ret_value)
{
    Str fraction;
    Str whole = str_cut(text, '.', &fraction);
    bool has_fraction = fraction.p != NULL;
    if (str_empty(whole) || (has_fraction && (str_empty(fraction) || fraction.n > (size_t)MAX_PLACES)))
        return false;
    bool negative = whole.p[0] == '-';
    int64_t units, part = 0;
    if (!str_to_int(whole, &units))
        return false;
    if (has_fraction && (fraction.p[0] == '-' || !str_to_int(fraction, &part)))
        return false;
    int places = (int)fraction.n;
    if (__builtin_mul_overflow(units, power_of_ten(places), &units) ||
        __builtin_add_overflow(units, negative ? -part : part, &units))
        return false;
    *ret_value = (Decimal){ units, places };
    return true;
}

Str decimal_text(Arena *a, Decimal d)
{
    assert(d.places >= 0 && d.places <= MAX_PLACES);
    int64_t unit = power_of_ten(d.places);
    const char *sign = d.units < 0 ? "-" : "";
    uint64_t size = d.units < 0 ? -(uint64_t)d.units : (uint64_t)d.units;
    if (d.places == 0)
        return arena_fmt(a, "%s%" PRIu64, sign, size);
    return arena_fmt(a, "%s%" PRIu64 ".%0*" PRIu64, sign, size / (uint64_t)unit, d.places,
                     size % (uint64_t)unit);
}

Str decimal_plain(Arena *a, Decimal d)
{
    while (d.places > 0 && d.units % 10 == 0)
        d.units /= 10, d.places--;
    return decimal_text(a, d);
}

double decimal_to_double(Decimal d)
{
    return (double)d.units / (double)power_of_ten(d.places);
}

Decimal decimal_truncate(Decimal d, int places)
{
    assert(places >= 0 && places <= MAX_PLACES);
    int64_t units = d.units;
    if (places >= d.places)
        units *= power_of_ten(places - d.places);
    else
        units /= power_of_ten(d.places - places);
    return (Decimal){ units, places };
}

Decimal decimal_round(Decimal d, int places)
{
    if (places >= d.places)
        return decimal_truncate(d, places);
    int64_t step = power_of_ten(d.places - places);
    int64_t half = d.units < 0 ? -step / 2 : step / 2;
    return (Decimal){ (d.units + half) / step, places };
}

int decimal_cmp(Decimal a, Decimal b)
{
    __int128 x = (__int128)a.units * power_of_ten(b.places);
    __int128 y = (__int128)b.units * power_of_ten(a.places);
    return (x > y) - (x < y);
}
