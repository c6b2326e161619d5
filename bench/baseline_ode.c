/* The right-hand sides of W1 and W2 for R's deSolve, which calls compiled models: the fastest that it can be.
 * The last state is the infusion's rate, which events switch on and off. */
#include <R.h>

static double w1_parameter[6], w2_parameter[17];

void w1_init(void (*fill)(int *, double *));
void w1_slopes(int *n, double *time, double *y, double *slope, double *out, int *ip);
void w2_init(void (*fill)(int *, double *));
void w2_slopes(int *n, double *time, double *y, double *slope, double *out, int *ip);

void w1_init(void (*fill)(int *, double *))
{
    int n = 6;
    fill(&n, w1_parameter);
}

/* v1 v2 v3 cl q2 q3 */
void w1_slopes(int *n, double *time, double *y, double *slope, double *out, int *ip)
{
    const double *p = w1_parameter;
    double c1 = y[0] / p[0], c2 = y[1] / p[1], c3 = y[2] / p[2];
    slope[0] = y[3] - p[3] * c1 - p[4] * (c1 - c2) - p[5] * (c1 - c3);
    slope[1] = p[4] * (c1 - c2);
    slope[2] = p[5] * (c1 - c3);
    slope[3] = 0;
}

void w2_init(void (*fill)(int *, double *))
{
    int n = 17;
    fill(&n, w2_parameter);
}

/* v1 v2 v3 cl q2 q3, delay, nk: v2 cl q2, delay, hnk: v1 v2 cl q2, dhnk: v cl */
void w2_slopes(int *n, double *time, double *y, double *slope, double *out, int *ip)
{
    const double *p = w2_parameter;
    double a = 2 / p[6], b = 2 / p[10];
    double c1 = y[0] / p[0], c2 = y[1] / p[1], c3 = y[2] / p[2];
    double n1 = y[5] / p[0], n2 = y[6] / p[7], h1 = y[9] / p[11], h2 = y[10] / p[12];
    slope[0] = y[12] - p[3] * c1 - p[4] * (c1 - c2) - p[5] * (c1 - c3);
    slope[1] = p[4] * (c1 - c2);
    slope[2] = p[5] * (c1 - c3);
    slope[3] = p[3] * c1 - a * y[3];
    slope[4] = a * (y[3] - y[4]);
    slope[5] = 0.8 * a * y[4] - p[8] * n1 - p[9] * (n1 - n2);
    slope[6] = p[9] * (n1 - n2);
    slope[7] = p[8] * n1 - b * y[7];
    slope[8] = b * (y[7] - y[8]);
    slope[9] = 0.7 * b * y[8] - p[13] * h1 - p[14] * (h1 - h2);
    slope[10] = p[14] * (h1 - h2);
    slope[11] = 0.3 * b * y[8] - p[16] * y[11] / p[15];
    slope[12] = 0;
}
