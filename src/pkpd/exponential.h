/* The exponential of a matrix whose elements off the diagonal are not negative. */
#ifndef PKPD_EXPONENTIAL_H
#define PKPD_EXPONENTIAL_H

enum { EXPONENTIAL_ROWS = 19 };

typedef struct Square {
    int n;
    double at[EXPONENTIAL_ROWS][EXPONENTIAL_ROWS];
} Square;

/* exp(a t). No element off the diagonal of a is negative, and t is not. Nothing is subtracted from anything
 * of its own size, so each element of the result has a relative error of about 2^k times that of one
 * operation, k being the number of halvings of the time. */
Square exponential(const Square *a, double t);

#endif
