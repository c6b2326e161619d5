#include "server/form.h"

#include "base/buf.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool percent_decode(Arena *a, Str raw, bool is_form, Str *ret_text)
{
    char *p = arena_alloc(a, 1, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] != '%') {
            p[n++] = is_form && raw.p[i] == '+' ? ' ' : raw.p[i];
            continue;
        }
        if (raw.n - i < 3 || hex_digit(raw.p[i + 1]) < 0 || hex_digit(raw.p[i + 2]) < 0)
            return false;
        p[n++] = (char)(hex_digit(raw.p[i + 1]) * 16 + hex_digit(raw.p[i + 2]));
        i += 2;
    }
    if (!str_is_text((Str){ p, n }))
        return false;
    *ret_text = (Str){ p, n };
    return true;
}

bool form_parse(Arena *a, Str raw, size_t limit, SearchTerms *ret_terms)
{
    SearchTerms terms = { 0 };
    for (Str rest = raw; !str_empty(rest);) {
        Str value, pair = str_cut(rest, '&', &rest);
        if (str_empty(pair))
            continue;
        Str name = str_cut(pair, '=', &value);
        SearchTerm term;
        if (terms.n == limit || !percent_decode(a, name, true, &term.name) ||
            !percent_decode(a, value.p ? value : S(""), true, &term.value))
            return false;
        *list_add(a, &terms) = term;
    }
    *ret_terms = terms;
    return true;
}

Str form_value(const SearchTerms *terms, const char *name)
{
    for (size_t i = 0; i < terms->n; i++)
        if (str_is(terms->at[i].name, name))
            return terms->at[i].value;
    return STR_NONE;
}

Str cookie_value(Str header, const char *name)
{
    for (Str rest = header; !str_empty(rest);) {
        Str value, pair = str_trim(str_cut(rest, ';', &rest));
        if (str_is(str_cut(pair, '=', &value), name))
            return value;
    }
    return STR_NONE;
}

Str percent_encode(Arena *a, Str text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:";
    Buf b = buf_make(a, text.n * 3 + 1);
    for (size_t i = 0; i < text.n; i++)
        if (memchr(plain, text.p[i], sizeof plain - 1))
            buf_char(&b, text.p[i]);
        else
            buf_fmt(&b, "%%%02X", (unsigned)(unsigned char)text.p[i]);
    return buf_str(&b);
}
