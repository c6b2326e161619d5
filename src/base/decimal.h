/* Decimal: an exact number with a fixed count of decimal places, for what must never be a floating-point
 * number: doses, pump rates, the drug ledger. 40.0 mg is {400, 1}; 0.40 mg/mL is {40, 2}. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/arena.h"

typedef struct Decimal {
    int64_t units; /* value = units / 10^places */
    int places;    /* 0 to 9 */
} Decimal;

/* Plain decimal text ("0.50", "-3", "40"). False for exponents, more than 9 places, or what does not fit. */
bool decimal_parse(Str text, Decimal *ret_value);
/* With exactly d.places places: {400, 1} is "40.0". */
Str decimal_text(Arena *a, Decimal d);
/* As a person reads it, without trailing zeros: {400, 1} is "40", {5, 1} is "0.5". */
Str decimal_plain(Arena *a, Decimal d);
double decimal_to_double(Decimal d);
/* The same value in other places: rounds half away from zero where places shrink. */
Decimal decimal_round(Decimal d, int places);
/* Towards zero instead. */
Decimal decimal_truncate(Decimal d, int places);
/* <0, 0, >0, whatever the places. */
int decimal_cmp(Decimal a, Decimal b);

#endif
