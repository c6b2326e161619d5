/* Virtual persons a second of one thread's processor time: the mood course under six infusions, 29 daily
 * points. K-PD is the closed form from doses; turnover is driven by the concentration of Kamp 2020 at 70 kg,
 * with tolerance (goal: 50,000). bench_mood [--persons N] [--repeat N] */
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DOSES = 6, DAYS = 29 };
static const double dose_day[DOSES] = { 0, 2, 4, 7, 9, 11 };

/* Kamp 2020, 70 kg: clearances over volumes, per minute. */
static const PkpdStar kamp = {
    3,   25, 84.0 / 60 / 25, { 0, 161.0 / 60 / 25, 79.0 / 60 / 25 }, { 0, 161.0 / 60 / 56, 79.0 / 60 / 157 },
    1.39
};
static const MoodTurnover turnover = { .c50_ng_per_ml = 10.5,
                                       .tolerance_c50_ng_per_ml = 500,
                                       .tolerance_half_life_d = 7,
                                       .fast_per_h = 0.3,
                                       .slow_per_h = 0.05 };

typedef double Run(const MoodModel *model, uint64_t person);

static double run_doses(const MoodModel *model, uint64_t k)
{
    MoodDose doses[DOSES];
    double times_d[DAYS], points[DAYS];
    MoodPerson person = mood_draw_person(model, 1, k);
    for (int i = 0; i < DOSES; i++)
        doses[i] = (MoodDose){ dose_day[i], 0.5 };
    for (int i = 0; i < DAYS; i++)
        times_d[i] = i;
    mood_curve(&person, (MoodCourse){ doses, DOSES }, times_d, DAYS, points);
    return points[DAYS - 1];
}

static double run_turnover(const MoodModel *model, uint64_t k)
{
    PkpdRate rates[DOSES];
    double times_min[DAYS], activity[DAYS];
    MoodPerson person = mood_draw_person(model, 1, k);
    PkpdStar star = kamp;
    star.k10_per_min *= exp(0.3 * draw_normal(2, k, 0));
    PkpdSystem system = pkpd_star_system(&star);
    for (int i = 0; i < DOSES; i++)
        rates[i] = (PkpdRate){ dose_day[i] * 1440, dose_day[i] * 1440 + 40, 52.5 };
    for (int i = 0; i < DAYS; i++)
        times_min[i] = i * 1440;
    mood_turnover_curve(&person, &turnover, &system, rates, DOSES, times_min, DAYS, activity);
    return activity[DAYS - 1];
}

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure(const char *what, Run *run, const MoodModel *model, uint64_t persons, int repeat)
{
    double best = 0, sum = 0;
    for (int i = 0; i < repeat; i++) {
        double from_s = now_s();
        for (uint64_t k = 0; k < persons; k++)
            sum += run(model, k);
        double rate = (double)persons / (now_s() - from_s);
        best = rate > best ? rate : best;
    }
    printf("%-10s %10.0f persons/s of processor time, one thread (sum %.6g)\n", what, best, sum);
}

static int64_t option(int argc, char **argv, const char *name, int64_t usual)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return atoll(argv[i + 1]);
    return usual;
}

int main(int argc, char **argv)
{
    uint64_t persons = (uint64_t)option(argc, argv, "--persons", 50000);
    int repeat = (int)option(argc, argv, "--repeat", 3);
    const MoodModel *model = mood_model(S("drug-free"));
    measure("mood K-PD", run_doses, model, persons, repeat);
    measure("turnover", run_turnover, model, persons, repeat);
    return model ? 0 : 1;
}
