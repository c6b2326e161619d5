#include "pkpd/exponential.h"

#include <assert.h>
#include <math.h>

/* The series of what is left after the halvings ends after so many terms: 0.5^20 / 20! is below 1e-24. */
enum { TERMS = 20, HALVINGS_MOST = 60 };
static const double SMALL = 0.5;

static Square multiply(const Square *a, const Square *b)
{
    Square product = { .n = a->n };
    for (int i = 0; i < a->n; i++)
        for (int k = 0; k < a->n; k++)
            if (a->at[i][k] != 0)
                for (int j = 0; j < a->n; j++)
                    product.at[i][j] += a->at[i][k] * b->at[k][j];
    return product;
}

/* The largest rate at which anything leaves, and the largest row of what then is not negative. */
static double shift_of(const Square *a)
{
    double shift = 0;
    for (int i = 0; i < a->n; i++)
        shift = fmax(shift, -a->at[i][i]);
    return shift;
}

static double norm_of(const Square *a)
{
    double norm = 0;
    for (int i = 0; i < a->n; i++) {
        double row = 0;
        for (int j = 0; j < a->n; j++)
            row += a->at[i][j];
        norm = fmax(norm, row);
    }
    return norm;
}

static Square series(const Square *small)
{
    Square sum = { .n = small->n }, term = { .n = small->n };
    for (int i = 0; i < small->n; i++)
        sum.at[i][i] = term.at[i][i] = 1;
    for (int k = 1; k <= TERMS; k++) {
        term = multiply(&term, small);
        for (int i = 0; i < small->n; i++)
            for (int j = 0; j < small->n; j++) {
                term.at[i][j] /= k;
                sum.at[i][j] += term.at[i][j];
            }
    }
    return sum;
}

Square exponential(const Square *a, double t)
{
    assert(a->n > 0 && a->n <= EXPONENTIAL_ROWS && t >= 0);
    double shift = shift_of(a);
    Square part = *a;
    for (int i = 0; i < a->n; i++)
        part.at[i][i] += shift;
    int halvings = 0;
    double step = t;
    for (double norm = norm_of(&part) * t; norm > SMALL && halvings < HALVINGS_MOST; norm /= 2, step /= 2)
        halvings++;
    for (int i = 0; i < a->n; i++)
        for (int j = 0; j < a->n; j++)
            part.at[i][j] *= step;
    Square result = series(&part);
    double decay = exp(-shift * step);
    for (int i = 0; i < a->n; i++)
        for (int j = 0; j < a->n; j++)
            result.at[i][j] *= decay;
    for (int k = 0; k < halvings; k++)
        result = multiply(&result, &result);
    return result;
}
