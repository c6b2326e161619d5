#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <utf8proc.h>

bool str_is_text(Str s)
{
    utf8proc_int32_t character = 1;
    while (s.n) {
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &character);
        if (n < 1 || character == 0)
            return false;
        s = str_slice(s, (size_t)n, s.n);
    }
    return true;
}

bool str_starts(Str s, Str prefix)
{
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

bool str_ends(Str s, Str suffix)
{
    return s.n >= suffix.n && memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
}

int str_cmp(Str a, Str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

size_t str_find(Str s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : s.n;
}

Str str_slice(Str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return (Str){ s.p ? s.p + from : NULL, to - from };
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Str str_trim(Str s)
{
    while (s.n && is_space(s.p[0]))
        s.p++, s.n--;
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

Str str_cut(Str s, char sep, Str *rest)
{
    size_t at = str_find(s, sep);
    *rest = at < s.n ? str_slice(s, at + 1, s.n) : STR_NONE;
    return str_slice(s, 0, at);
}

bool str_to_int(Str s, int64_t *ret_value)
{
    size_t i = 0;
    bool negative = s.n && s.p[0] == '-';
    if (negative)
        i++;
    if (i == s.n)
        return false;
    int64_t value = 0; /* kept negative: INT64_MIN has no positive twin */
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_sub_overflow(value, (int64_t)(s.p[i] - '0'), &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *ret_value = negative ? value : -value;
    return true;
}

static size_t skip_digits(Str s, size_t i)
{
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i;
}

static bool is_json_number(Str s)
{
    size_t i = s.n && s.p[0] == '-' ? 1 : 0;
    size_t whole = skip_digits(s, i);
    if (whole == i || (s.p[i] == '0' && whole > i + 1))
        return false;
    i = whole;
    if (i < s.n && s.p[i] == '.') {
        size_t end = skip_digits(s, i + 1);
        if (end == i + 1)
            return false;
        i = end;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        size_t end = skip_digits(s, i);
        if (end == i)
            return false;
        i = end;
    }
    return i == s.n;
}

bool str_to_double(Str s, double *ret_value)
{
    char text[64];
    if (!is_json_number(s) || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    static locale_t c_locale;
    if (!c_locale)
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = strtod_l(text, NULL, c_locale);
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}
