/* Estimation, each of one thread's processor time: W3 (the mode and its covariance, 6 parameters that vary, 4
 * concentrations of an infusion), the posterior of one person by 2,000 draws, and, with two more threads'
 * help, the population of theophylline by quadrature of 9 nodes in 3 dimensions (goals: 100,000 modes a
 * second as an aim, 20 ms, 0.2 s). bench_estimate [--persons N] [--repeat N] [--theophylline FILE] */
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OBSERVATIONS = 4, DRAWS = 2000, BYTES_MOST = 1 << 20 };
static const double observed_at_min[OBSERVATIONS] = { 20, 40, 100, 240 };

typedef struct Case {
    EstimateObservation observations[OBSERVATIONS];
    EstimatePerson person;
} Case;

static const EstimateDose infusion = { 0, 35, 40 };

/* Kamp 2020 at 70 kg in mg, L and min, with an assumed spread of 0.3 each and an error of a tenth. */
static EstimatePopulation kamp(void)
{
    EstimatePopulation population = { .structure = { .compartments = 3 }, .proportional_sd = 0.1 };
    static const double typical[] = {
        [ESTIMATE_CL] = 84.0 / 60, [ESTIMATE_V1] = 25,        [ESTIMATE_Q2] = 161.0 / 60,
        [ESTIMATE_V2] = 56,        [ESTIMATE_Q3] = 79.0 / 60, [ESTIMATE_V3] = 157
    };
    for (size_t i = 0; i < sizeof typical / sizeof *typical; i++) {
        population.typical[i] = typical[i];
        population.sd_log[i] = 0.3;
    }
    return population;
}

static void make(const EstimatePopulation *population, uint64_t subject, Case *one)
{
    double eta[ESTIMATE_PARAMETERS] = { 0 };
    one->person = (EstimatePerson){
        .doses = &infusion, .n_doses = 1, .observations = one->observations, .n_observations = OBSERVATIONS
    };
    for (uint32_t i = 0; i < ESTIMATE_KA; i++)
        eta[i] = population->sd_log[i] * draw_normal(1, subject, i);
    for (uint32_t i = 0; i < OBSERVATIONS; i++) {
        double f = estimate_concentration(population, eta, &one->person, observed_at_min[i]);
        double value = f * (1 + population->proportional_sd * draw_normal(2, subject, i));
        one->observations[i] = (EstimateObservation){ .at = observed_at_min[i], .value = value };
    }
}

static double now_s(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure_modes(const EstimatePopulation *population, const Case *cases, size_t n, int repeat)
{
    double best = 0, sum = 0;
    size_t lost = 0;
    for (int i = 0; i < repeat; i++) {
        double from_s = now_s(CLOCK_THREAD_CPUTIME_ID);
        for (size_t k = 0; k < n; k++) {
            EstimateFit fit = estimate_person(population, &cases[k].person);
            sum += fit.covariance[ESTIMATE_CL][ESTIMATE_CL];
            lost += !fit.converged;
        }
        best = fmax(best, (double)n / (now_s(CLOCK_THREAD_CPUTIME_ID) - from_s));
    }
    printf("W3 %-8s %9.0f modes with covariance/s, one thread (%zu without a mode, sum %.6g)\n",
           ESTIMATE_PATH, best, lost, sum);
}

static void measure_draws(const EstimatePopulation *population, const Case *one, int repeat)
{
    double best_s = INFINITY, effective_n = 0;
    for (int i = 0; i < repeat; i++) {
        AUTO(arena_done) Arena *a = arena_create(64u << 20);
        double from_s = now_s(CLOCK_THREAD_CPUTIME_ID);
        EstimateFit fit = estimate_person(population, &one->person);
        EstimateDraws draws = estimate_draws(a, population, &one->person, &fit, DRAWS, 1);
        best_s = fmin(best_s, now_s(CLOCK_THREAD_CPUTIME_ID) - from_s);
        effective_n = draws.effective_n;
    }
    printf("posterior  %10.2f ms for %d draws, one thread (worth %.0f)\n", 1e3 * best_s, DRAWS, effective_n);
}

static int measure_population(const char *path, int repeat)
{
    static char bytes[BYTES_MOST];
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        (void)fclose(file);
    EstimatePopulation start = { .structure = { .compartments = 1, .absorption = true }, .additive_sd = 1 };
    start.typical[ESTIMATE_CL] = 3;
    start.typical[ESTIMATE_V1] = 30;
    start.typical[ESTIMATE_KA] = 1;
    start.sd_log[ESTIMATE_CL] = start.sd_log[ESTIMATE_V1] = 0.3;
    start.sd_log[ESTIMATE_KA] = 0.5;
    EstimateOptions options = { .method = ESTIMATE_AGQ, .nodes = 9, .starts = 1 };
    double best_s = INFINITY, objective = NAN;
    for (int i = 0; i < repeat; i++) {
        AUTO(arena_done) Arena *a = arena_create(64u << 20);
        Ctx c = { .arena = a };
        EstimateFile data;
        EstimateResult result;
        double from_s = now_s(CLOCK_MONOTONIC);
        if (estimate_data_read(&c, str_from(path), (Str){ bytes, n }, (EstimateReading){ true, false },
                               &data) != OK ||
            estimate_population(&c, &start, &data.data, &options, &result) != OK) {
            fprintf(stderr, "%s: no estimate\n", path);
            return 1;
        }
        best_s = fmin(best_s, now_s(CLOCK_MONOTONIC) - from_s);
        objective = result.objective;
    }
    printf("population %10.3f s for theophylline by 9^3 nodes, all threads (objective %.3f)\n", best_s,
           objective);
    return 0;
}

static const char *option(int argc, char **argv, const char *name, const char *usual)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return usual;
}

static bool machine_has_path(void)
{
#if defined(__AVX512F__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#elif defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

int main(int argc, char **argv)
{
    if (!machine_has_path()) {
        printf("W3 " ESTIMATE_PATH ": not on this machine\n");
        return 0;
    }
    size_t persons = (size_t)atoll(option(argc, argv, "--persons", "20000"));
    int repeat = atoi(option(argc, argv, "--repeat", "3"));
    const char *theophylline = option(argc, argv, "--theophylline", NULL);
    EstimatePopulation population = kamp();
    Case *cases = calloc(persons, sizeof *cases);
    if (!cases || persons == 0)
        return 1;
    for (size_t i = 0; i < persons; i++)
        make(&population, i, &cases[i]);
    measure_modes(&population, cases, persons, repeat);
    measure_draws(&population, &cases[0], repeat);
    free(cases);
    return theophylline ? measure_population(theophylline, repeat) : 0;
}
