/* Small symmetric positive matrices: only the lower triangle is read and written. */
#ifndef PKPD_SYMMETRIC_H
#define PKPD_SYMMETRIC_H

#include <math.h>
#include <stdbool.h>

enum { SYMMETRIC_MAX = 24 };

/* m becomes its Cholesky factor L, m = L L'. False where it is not positive. */
static inline bool symmetric_factor(int n, int stride, double *m)
{
    for (int j = 0; j < n; j++) {
        double *row = m + j * stride, diagonal = row[j];
        for (int k = 0; k < j; k++)
            diagonal -= row[k] * row[k];
        if (!(diagonal > 0))
            return false;
        row[j] = sqrt(diagonal);
        double inverse = 1 / row[j];
        for (int i = j + 1; i < n; i++) {
            double *below = m + i * stride, sum = below[j];
            for (int k = 0; k < j; k++)
                sum -= below[k] * row[k];
            below[j] = sum * inverse;
        }
    }
    return true;
}

/* x becomes the solution of L x = b, and of L' x = b. */
static inline void symmetric_forward(int n, int stride, const double *factor, double *x)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= factor[i * stride + k] * x[k];
        x[i] /= factor[i * stride + i];
    }
}

static inline void symmetric_backward(int n, int stride, const double *factor, double *x)
{
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            x[i] -= factor[k * stride + i] * x[k];
        x[i] /= factor[i * stride + i];
    }
}

#endif
