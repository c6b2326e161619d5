/* Str: a borrowed run of bytes, not NUL-terminated. Whoever owns the bytes is named where they are made:
 * almost always an arena. A Str with p == NULL is absent; one with n == 0 and p != NULL is empty. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Str {
    const char *p;
    size_t n;
} Str;

/* A literal. Only for string literals: the length is taken at compile time. */
#define S(literal) ((Str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE   ((Str){ NULL, 0 })

/* For printf: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline Str str_from(const char *z)
{
    return z ? (Str){ z, strlen(z) } : STR_NONE;
}

static inline bool str_eq(Str a, Str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(Str a, const char *z)
{
    return str_eq(a, str_from(z));
}

static inline bool str_empty(Str s)
{
    return s.n == 0;
}

/* UTF-8 without a NUL: what both database engines take as text. */
bool str_is_text(Str s);
bool str_starts(Str s, Str prefix);
bool str_ends(Str s, Str suffix);
/* Bytewise order, as both database engines order text. */
int str_cmp(Str a, Str b);
/* Position of the first c, or s.n. */
size_t str_find(Str s, char c);
/* The bytes [from, to), clipped to s. */
Str str_slice(Str s, size_t from, size_t to);
Str str_trim(Str s);
/* Cuts s at the first sep: returns what is before it and leaves what is after it in *rest (absent when
 * there was no sep). */
Str str_cut(Str s, char sep, Str *rest);
/* Whole s as a decimal integer. False where it is empty, has another character or does not fit. */
bool str_to_int(Str s, int64_t *ret_value);
/* Whole s as a finite number in the grammar of JSON, whatever the locale. */
bool str_to_double(Str s, double *ret_value);

#endif
