#include "pkpd/sketch.h"

#include "pkpd/draw.h"

#include <assert.h>
#include <math.h>

static const double LOG_FROM = 1e-4, BINS_PER_DOUBLING = 64;
static const double LINEAR_WIDTH = 0.25, WHOLE_FROM = -1024;

/* Where a value stands on its scale, in bins. */
static double place(SketchScale scale, double value)
{
    switch (scale) {
    case SKETCH_LOG:
        return value > LOG_FROM ? log2(value / LOG_FROM) * BINS_PER_DOUBLING : 0;
    case SKETCH_LINEAR:
        return value / LINEAR_WIDTH;
    case SKETCH_WHOLE:
        break;
    }
    return value - WHOLE_FROM;
}

static double value_at(SketchScale scale, double place)
{
    switch (scale) {
    case SKETCH_LOG:
        return LOG_FROM * exp2(place / BINS_PER_DOUBLING);
    case SKETCH_LINEAR:
        return place * LINEAR_WIDTH;
    case SKETCH_WHOLE:
        break;
    }
    return floor(place) + WHOLE_FROM;
}

static size_t bin_of(SketchScale scale, double value)
{
    double at = place(scale, value);
    return at >= SKETCH_BINS ? SKETCH_BINS - 1 : at > 0 ? (size_t)at : 0;
}

void sketch_add(Sketch *sketch, double value)
{
    double from_mean = value - sketch->mean;
    sketch->least = sketch->n == 0 ? value : fmin(sketch->least, value);
    sketch->most = sketch->n == 0 ? value : fmax(sketch->most, value);
    sketch->n++;
    sketch->mean += from_mean / (double)sketch->n;
    sketch->squares += from_mean * (value - sketch->mean);
    sketch->bin[bin_of(sketch->scale, value)]++;
}

void sketch_merge(Sketch *into, const Sketch *from)
{
    assert(into->scale == from->scale);
    if (from->n == 0)
        return;
    double n = (double)(into->n + from->n), apart = from->mean - into->mean;
    into->least = into->n == 0 ? from->least : fmin(into->least, from->least);
    into->most = into->n == 0 ? from->most : fmax(into->most, from->most);
    into->squares += from->squares + apart * apart * (double)into->n * (double)from->n / n;
    into->mean += apart * (double)from->n / n;
    into->n += from->n;
    for (size_t i = 0; i < SKETCH_BINS; i++)
        into->bin[i] += from->bin[i];
}

double sketch_sd(const Sketch *sketch)
{
    return sketch->n < 2 ? NAN : sqrt(sketch->squares / (double)(sketch->n - 1));
}

double sketch_quantile(const Sketch *sketch, double p)
{
    double rank = p * (double)sketch->n, below = 0;
    for (size_t i = 0; i < SKETCH_BINS; i++) {
        double within = sketch->bin[i];
        if (within > 0 && below + within >= rank) {
            double part = sketch->scale == SKETCH_WHOLE ? 0 : (rank - below) / within;
            return fmin(fmax(value_at(sketch->scale, (double)i + part), sketch->least), sketch->most);
        }
        below += within;
    }
    return NAN;
}

ProportionInterval proportion_interval(Proportion p)
{
    if (p.n == 0)
        return (ProportionInterval){ NAN, NAN, NAN };
    double z = normal_quantile(0.975), n = (double)p.n, share = (double)p.passed / n;
    double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    return (ProportionInterval){ share, fmax(0, middle - half), fmin(1, middle + half) };
}
