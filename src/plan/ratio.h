/* Ratio: an exact quotient of whole numbers, for the arithmetic of a dose between its decimals: 100 mL over
 * 45 min is 400/3 mL/h until it is rounded, in a direction that somebody chose. */
#ifndef PLAN_RATIO_H
#define PLAN_RATIO_H

#include "base/decimal.h"

/* In lowest terms; den > 0. The callers bound their inputs (plan.h), so that no product overflows: an
 * overflow is a programmer's error. */
typedef struct Ratio {
    int64_t num, den;
} Ratio;

typedef enum Rounding { ROUND_NEAREST, ROUND_DOWN, ROUND_UP } Rounding; /* nearest: half away from zero */

Ratio ratio_int(int64_t value);
Ratio ratio_of(Decimal value);
Ratio ratio_add(Ratio a, Ratio b);
Ratio ratio_subtract(Ratio a, Ratio b);
Ratio ratio_multiply(Ratio a, Ratio b);
/* b is not zero. */
Ratio ratio_divide(Ratio a, Ratio b);
/* <0, 0, >0. */
int ratio_cmp(Ratio a, Ratio b);
Ratio ratio_smaller(Ratio a, Ratio b);
/* To a whole multiple of step; a is not negative. */
Ratio ratio_round_to(Ratio a, Ratio step, Rounding rounding);
/* a is not negative. */
Decimal ratio_decimal(Ratio a, int places, Rounding rounding);

#endif
