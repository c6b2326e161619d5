#include "pkpd/population.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double MIN_PER_H = 60;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every time at which something happens, ascending, none twice; room for all is in times. */
static size_t breaks(const PkpdDosing *dosing, const double *times_min, size_t n, double *times)
{
    size_t all = 0, different = 0;
    for (size_t i = 0; i < n; i++)
        times[all++] = times_min[i];
    for (size_t i = 0; i < dosing->n_rates; i++) {
        times[all++] = dosing->rates[i].from_min;
        times[all++] = dosing->rates[i].to_min;
    }
    for (size_t i = 0; i < dosing->n_boluses; i++)
        times[all++] = dosing->boluses[i].at_min;
    qsort(times, all, sizeof *times, by_value);
    assert(all == 0 || (times[0] >= 0 && isfinite(times[all - 1])));
    for (size_t i = 0; i < all; i++)
        if (different == 0 || times[i] > times[different - 1])
            times[different++] = times[i];
    return different;
}

static double rate_within(const PkpdDosing *dosing, double from_min, double to_min)
{
    double mg_per_h = 0;
    for (size_t i = 0; i < dosing->n_rates; i++)
        if (dosing->rates[i].from_min <= from_min && dosing->rates[i].to_min >= to_min)
            mg_per_h += dosing->rates[i].rate_mg_per_h;
    return mg_per_h / MIN_PER_H;
}

static double bolus_at(const PkpdDosing *dosing, double time_min)
{
    double mg = 0;
    for (size_t i = 0; i < dosing->n_boluses; i++)
        if (dosing->boluses[i].at_min == time_min)
            mg += dosing->boluses[i].dose_mg;
    return mg;
}

/* Looked for from the newest back: a schedule repeats what it did just before. */
static uint32_t length_index(PopulationSchedule *schedule, double *length_min, double length, double same_min)
{
    for (size_t i = schedule->n_lengths; i-- > 0;)
        if (fabs(length_min[i] - length) <= same_min)
            return (uint32_t)i;
    length_min[schedule->n_lengths] = length;
    return (uint32_t)schedule->n_lengths++;
}

PopulationSchedule population_schedule(Arena *a, const PkpdDosing *dosing, const double *times_min, size_t n)
{
    size_t room = n + 2 * dosing->n_rates + dosing->n_boluses;
    double *times = arena_new(a, double, room), *length_min = arena_new(a, double, room);
    PopulationStep *step = arena_new(a, PopulationStep, room);
    size_t n_steps = breaks(dosing, times_min, n, times), observed = 0;
    PopulationSchedule schedule = { .step = step,
                                    .n_steps = n_steps,
                                    .length_min = length_min,
                                    .n_times = n,
                                    .times_min = times_min,
                                    .dosing = *dosing };
    /* Each time is rounded by half a unit in the last place, and so is a difference. */
    double same_min = n_steps > 0 ? 8 * (nextafter(times[n_steps - 1], INFINITY) - times[n_steps - 1]) : 0;
    for (size_t i = 0; i < n_steps; i++) {
        double from_min = i > 0 ? times[i - 1] : 0;
        bool look = observed < n && times_min[observed] == times[i];
        step[i] =
            (PopulationStep){ .length = length_index(&schedule, length_min, times[i] - from_min, same_min),
                              .observation = look ? (int32_t)observed : -1,
                              .rate_mg_per_min = rate_within(dosing, from_min, times[i]),
                              .bolus_mg = bolus_at(dosing, times[i]) };
        observed += look;
    }
    assert(observed == n);
    return schedule;
}
