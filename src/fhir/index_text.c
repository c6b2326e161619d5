#include "fhir/index_text.h"

#include "base/buf.h"

#include <stdlib.h>
#include <utf8proc.h>

/* ---- words ---- */

static Str map_text(Arena *a, Str s, utf8proc_option_t options)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &mapped,
                                      options | UTF8PROC_STABLE);
    Str folded = n < 0 ? STR_NONE : arena_str(a, (Str){ (const char *)mapped, (size_t)n });
    free(mapped);
    return folded;
}

Str index_clip(Str s)
{
    if (s.n <= INDEX_TEXT_BYTES)
        return s;
    size_t n = INDEX_TEXT_BYTES;
    while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}

Str index_fold(Arena *a, Str s)
{
    const utf8proc_option_t options =
        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE;
    return index_clip(map_text(a, s, options));
}

Str index_fold_token(Arena *a, Str s)
{
    return index_clip(map_text(a, s, UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
}

Str index_after_prefix(Arena *a, Str prefix)
{
    return arena_fmt(a, "%.*s\xF4\x8F\xBF\xBF", STR_ARG(prefix)); /* the last code point, never a character */
}

/* ---- numbers ---- */

/* Plus or minus digits times ten to the power of exponent; digits have no leading zeros, zero has none at
 * all. */
typedef struct Numeral {
    bool negative;
    Str digits;
    int64_t exponent;
} Numeral;

static const int64_t EXPONENT_MAX = 40000;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_exponent(Str s, int64_t *ret_exponent)
{
    if (str_starts(s, S("+")))
        s = str_slice(s, 1, s.n);
    return str_to_int(s, ret_exponent) && *ret_exponent >= -EXPONENT_MAX && *ret_exponent <= EXPONENT_MAX;
}

static Str without_leading_zeros(Str digits)
{
    while (digits.n && digits.p[0] == '0')
        digits = str_slice(digits, 1, digits.n);
    return digits;
}

static bool read_numeral(Arena *a, Str s, Numeral *ret_numeral)
{
    Numeral v = { .negative = str_starts(s, S("-")) };
    size_t at = v.negative ? 1 : 0, n_digits = 0;
    char *digits = arena_new(a, char, s.n + 1);
    bool fraction = false;
    for (; at < s.n && (is_digit(s.p[at]) || (s.p[at] == '.' && !fraction)); at++) {
        if (s.p[at] == '.') {
            fraction = true;
            continue;
        }
        digits[n_digits++] = s.p[at];
        v.exponent -= fraction;
    }
    if (at < s.n) {
        int64_t power;
        if ((s.p[at] != 'e' && s.p[at] != 'E') || !read_exponent(str_slice(s, at + 1, s.n), &power))
            return false;
        v.exponent += power;
    }
    v.digits = without_leading_zeros((Str){ digits, n_digits });
    *ret_numeral = v;
    return n_digits > 0;
}

/* Nines' complement turns "more digits is more" into its opposite, as the order of negative numbers wants. */
static void add_complement(Buf *b, Str digits)
{
    for (size_t i = 0; i < digits.n; i++)
        buf_char(b, (char)('0' + '9' - digits.p[i]));
    buf_char(b, '~');
}

/* Sign, power of the first digit, digits: "6" 50001 "54" is 54. Zero is "5", between "4..." and "6...". */
static Str numeral_key(Arena *a, Numeral v)
{
    while (v.digits.n > INDEX_NUMBER_DIGITS || (v.digits.n && v.digits.p[v.digits.n - 1] == '0'))
        v.digits.n--, v.exponent++;
    if (v.digits.n == 0)
        return S("5");
    const int64_t bias = 500000;
    int64_t power = v.exponent + (int64_t)v.digits.n - 1 + bias;
    Buf b = buf_make(a, SIZE_MAX / 4);
    buf_fmt(&b, "%c%06ld", v.negative ? '4' : '6', (long)(v.negative ? 999999 - power : power));
    if (v.negative)
        add_complement(&b, v.digits);
    else
        buf_add(&b, v.digits);
    return buf_str(&b);
}

Str index_number(Arena *a, Str number)
{
    Numeral v;
    return read_numeral(a, number, &v) ? numeral_key(a, v) : STR_NONE;
}

/* digits - 1, which must be above zero. */
static Str decrement(Arena *a, Str digits)
{
    char *p = arena_new(a, char, digits.n);
    memcpy(p, digits.p, digits.n);
    size_t i = digits.n - 1;
    for (; p[i] == '0'; i--)
        p[i] = '9';
    p[i]--;
    return without_leading_zeros((Str){ p, digits.n });
}

/* Half a unit of the last digit away from zero needs no carry: it is one more digit, 5. Towards zero it is
 * the number before, and a 5. */
static Numeral half_unit_out(Arena *a, Numeral v)
{
    return (Numeral){ v.negative, arena_fmt(a, "%.*s5", STR_ARG(v.digits)), v.exponent - 1 };
}

static Numeral half_unit_in(Arena *a, Numeral v)
{
    if (v.digits.n == 0)
        return (Numeral){ !v.negative, S("5"), v.exponent - 1 };
    return (Numeral){ v.negative, arena_fmt(a, "%.*s5", STR_ARG(decrement(a, v.digits))), v.exponent - 1 };
}

bool index_number_range(Arena *a, Str number, Str *ret_from, Str *ret_to)
{
    Numeral v;
    if (!read_numeral(a, number, &v))
        return false;
    if (v.digits.n == 0)
        v.negative = false;
    Str out = numeral_key(a, half_unit_out(a, v)), in = numeral_key(a, half_unit_in(a, v));
    *ret_from = v.negative ? out : in;
    *ret_to = v.negative ? in : out;
    return true;
}

bool index_number_about(Arena *a, Str number, Str *ret_from, Str *ret_to)
{
    double value;
    if (!str_to_double(number, &value))
        return false;
    Str low = arena_fmt(a, "%.17g", value - (value < 0 ? -value : value) / 10);
    Str high = arena_fmt(a, "%.17g", value + (value < 0 ? -value : value) / 10);
    *ret_from = index_number(a, low);
    *ret_to = index_number(a, high);
    return ret_from->p && ret_to->p;
}
