/* How values stand in the index so that text ordered by bytes orders them: folded words, and decimals of any
 * size and precision. Pure. */
#ifndef FHIR_INDEX_TEXT_H
#define FHIR_INDEX_TEXT_H

#include "base/arena.h"

enum {
    INDEX_TEXT_BYTES = 1000,   /* of any text in the index; PostgreSQL refuses index rows above 2.7 kB */
    INDEX_NUMBER_DIGITS = 200, /* significant ones that are compared */
};

/* At most INDEX_TEXT_BYTES, never cut inside a character. What is searched for is clipped alike. */
Str index_clip(Str s);

/* Without case, accents and compatibility forms ("É" and "e" are one), clipped. Absent where s is not UTF-8.
 */
Str index_fold(Arena *a, Str s);
/* Without case only, clipped: codes and identifiers. R4 asks servers in doubt to take tokens without case. */
Str index_fold_token(Arena *a, Str s);
/* A text that sorts after every text that starts with prefix. */
Str index_after_prefix(Arena *a, Str prefix);

/* A number's text (the grammar of JSON) as an order-preserving key: equal numbers have equal keys, whatever
 * their zeros and exponents. Absent where it is not a number or its exponent is beyond 40,000. */
Str index_number(Arena *a, Str number);
/* The half-open range that a number implies by its last digit: "5.4" is 5.35 to 5.45. False where it is no
 * number. */
bool index_number_range(Arena *a, Str number, Str *ret_from, Str *ret_to);
/* A tenth of the value to either side, for the prefix ap. */
bool index_number_about(Arena *a, Str number, Str *ret_from, Str *ret_to);

#endif
