#include "pkpd/minimise.h"

#include <string.h>

enum { N = SYMMETRIC_MAX, HALVINGS = 40 };

/* Armijo's share of the promised decrease; how far a first step may go. */
static const double ENOUGH = 1e-4, FIRST_STEP = 0.3;

typedef struct Search {
    MinimiseFn *f;
    void *of;
    int n;
    double value, x[N], gradient[N], inverse[N][N];
} Search;

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void forget_curvature(Search *s)
{
    double steepest = sqrt(dot(s->n, s->gradient, s->gradient));
    memset(s->inverse, 0, sizeof s->inverse);
    for (int i = 0; i < s->n; i++)
        s->inverse[i][i] = FIRST_STEP / fmax(steepest, 1);
}

/* Minus the inverse curvature times the gradient; returns the slope along it. */
static double direction(const Search *s, double step[N])
{
    for (int i = 0; i < s->n; i++)
        step[i] = -dot(s->n, s->inverse[i], s->gradient);
    return dot(s->n, step, s->gradient);
}

static void learn_curvature(Search *s, const double moved[N], const double turned[N])
{
    double along = dot(s->n, moved, turned), image[N];
    if (!(along > 1e-12 * sqrt(dot(s->n, moved, moved) * dot(s->n, turned, turned))))
        return;
    for (int i = 0; i < s->n; i++)
        image[i] = dot(s->n, s->inverse[i], turned);
    double scale = (1 + dot(s->n, turned, image) / along) / along;
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->n; j++)
            s->inverse[i][j] +=
                scale * moved[i] * moved[j] - (image[i] * moved[j] + moved[i] * image[j]) / along;
}

/* Shortens the step until the value falls enough; false where it never does. */
static bool advance(Search *s, double step[N], double slope)
{
    double share = 1, x[N], gradient[N], moved[N], turned[N];
    for (int halving = 0; halving < HALVINGS; halving++) {
        for (int i = 0; i < s->n; i++)
            x[i] = s->x[i] + share * step[i];
        double value = s->f(s->of, x, gradient);
        if (value <= s->value + ENOUGH * share * slope) {
            for (int i = 0; i < s->n; i++) {
                moved[i] = x[i] - s->x[i];
                turned[i] = gradient[i] - s->gradient[i];
            }
            s->value = value;
            memcpy(s->x, x, (size_t)s->n * sizeof *x);
            memcpy(s->gradient, gradient, (size_t)s->n * sizeof *gradient);
            learn_curvature(s, moved, turned);
            return true;
        }
        /* The minimum of the parabola through what is known, within a tenth and a half. */
        double best = isfinite(value) ? -slope * share * share / (2 * (value - s->value - slope * share)) : 0;
        share = fmin(fmax(best, 0.1 * share), 0.5 * share);
    }
    return false;
}

Minimum minimise(MinimiseFn *f, void *of, int n, double *x, double gain, int iterations_most,
                 void (*progress)(void *of, int iteration, double value))
{
    Search s = { .f = f, .of = of, .n = n };
    memcpy(s.x, x, (size_t)n * sizeof *x);
    s.value = f(of, s.x, s.gradient);
    forget_curvature(&s);
    Minimum minimum = { 0 };
    bool fresh = true;
    int quiet = 0;
    while (isfinite(s.value) && minimum.iterations++ < iterations_most) {
        double step[N], before = s.value, slope = direction(&s, step);
        bool moved = slope < 0 && advance(&s, step, slope);
        if (progress)
            progress(of, minimum.iterations, s.value);
        quiet = moved && before - s.value > gain ? 0 : quiet + 1;
        if (!moved && !fresh)
            forget_curvature(&s);
        minimum.converged = quiet >= 2;
        if (minimum.converged || (!moved && fresh))
            break;
        fresh = !moved;
    }
    minimum.converged |= quiet > 0 && isfinite(s.value);
    minimum.value = s.value;
    memcpy(x, s.x, (size_t)n * sizeof *x);
    return minimum;
}
