/* How many virtual patients a second: W1 (three compartments, six infusions in two weeks, 200 looks) and W2
 * (the twelve-state chain, four outputs of 200), on each path this machine has. bench/README.md says how to
 * read it. */
#include "pkpd/pkpd.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOKS = 200, DOSES = 6 };

typedef struct Options {
    size_t subjects;
    int repeat;
    double baseline_w1, baseline_w2; /* patients a second; 0: none */
} Options;

/* The same patients as in baseline_desolve.R: Kamp 2020 and Simons 2022 at 70 kg, spread as assumed there. */
static const PopulationStar w1 = {
    .parameter = { { 25, 0.3, 0 },
                   { 56, 0.3, 0 },
                   { 157, 0.3, 0 },
                   { 1.4, 0.3, 0 },
                   { 161 / 60., 0.3, 0 },
                   { 79 / 60., 0.3, 0 } },
    .ke0_per_min = 1.39,
    .weight = { .typical_kg = 70, .reference_kg = 70 },
};
static const PopulationChain w2 = {
    .parameter = { [POPULATION_KETAMINE_V1_L] = { 11.6, 0.239, 0 },
                   [POPULATION_KETAMINE_V2_L] = { 39.0, 0, 0 },
                   [POPULATION_KETAMINE_V3_L] = { 174, 0, 0 },
                   [POPULATION_KETAMINE_CL_L_PER_MIN] = { 1.48, 0.170, 0 },
                   [POPULATION_KETAMINE_Q2_L_PER_MIN] = { 2.43, 0, 0 },
                   [POPULATION_KETAMINE_Q3_L_PER_MIN] = { 1.21, 0.161, 0 },
                   [POPULATION_DELAY_TO_NK_MIN] = { 20.1, 0.145, 0 },
                   [POPULATION_NK_V2_L] = { 221, 0, 0 },
                   [POPULATION_NK_CL_L_PER_MIN] = { 1.00, 0.224, 0 },
                   [POPULATION_NK_Q2_L_PER_MIN] = { 2.63, 0, 0 },
                   [POPULATION_DELAY_TO_HNK_MIN] = { 1.12, 0, 0 },
                   [POPULATION_HNK_V1_L] = { 4.4, 1.105, 0 },
                   [POPULATION_HNK_V2_L] = { 87.5, 0, 0 },
                   [POPULATION_HNK_CL_L_PER_MIN] = { 0.933, 0.321, 0 },
                   [POPULATION_HNK_Q2_L_PER_MIN] = { 1.70, 0.536, 0 },
                   [POPULATION_DHNK_V_L] = { 30, 0.3, 0 },
                   [POPULATION_DHNK_CL_L_PER_MIN] = { 0.8, 0.3, 0 } },
    .fraction_nk = 0.8,
    .fraction_hnk = 0.7,
    .fraction_dhnk = 0.3,
    .molar_mass_g_per_mol = 237.73,
    .weight = { .typical_kg = 70, .reference_kg = 70 },
};

static void run_w1(const PopulationRun *run, double *ret_curves)
{
    population_star_curves(run, &w1, ret_curves);
}

static void run_w2(const PopulationRun *run, double *ret_curves)
{
    population_chain_curves(run, &w2, ret_curves);
}

typedef struct Workload {
    const char *name;
    size_t outputs;
    double goal[POPULATION_PATHS]; /* patients a second on one thread */
    void (*run)(const PopulationRun *run, double *ret_curves);
} Workload;

static const Workload workloads[] = {
    { "W1",
      1,
      { [POPULATION_PORTABLE] = 0.12e6, [POPULATION_AVX2] = 0.5e6, [POPULATION_AVX512] = 2e6 },
      run_w1 },
    { "W2", POPULATION_CHAIN_OUTPUTS, { [POPULATION_AVX512] = 0.4e6 }, run_w2 },
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The best of several: what else runs on the machine can only add. */
static double patients_per_s(const Workload *workload, PopulationRun run, int repeat, double *curves)
{
    double best_s = INFINITY;
    for (int i = 0; i <= repeat; i++) {
        double from_s = seconds();
        workload->run(&run, curves);
        double took_s = seconds() - from_s;
        if (i > 0) /* the first one also touches the memory for the first time */
            best_s = fmin(best_s, took_s);
    }
    return (double)run.n_subjects / best_s;
}

static void print_row(const Workload *workload, PopulationRun run, double baseline, int repeat,
                      double *curves)
{
    run.threads = 1;
    double one = patients_per_s(workload, run, repeat, curves);
    run.threads = 0;
    double all = patients_per_s(workload, run, repeat, curves);
    double goal = workload->goal[run.path];
    printf("%-4s %-9.*s %12.0f %12.0f", workload->name, STR_ARG(population_path_name(run.path)), one, all);
    if (baseline > 0)
        printf(" %10.0f x", one / baseline);
    else
        printf(" %12s", "-");
    if (goal > 0)
        printf("   goal %.0f: %s", goal, one >= goal ? "met" : "NOT MET");
    puts("");
}

static PopulationSchedule two_weeks(Arena *a, PkpdRate *rates, double *looks_min)
{
    static const double days[DOSES] = { 0, 2, 4, 7, 9, 11 };
    for (int i = 0; i < DOSES; i++)
        rates[i] =
            (PkpdRate){ .from_min = days[i] * 1440, .to_min = days[i] * 1440 + 40, .rate_mg_per_h = 52.5 };
    for (int i = 0; i < LOOKS; i++)
        looks_min[i] = 100.8 * (i + 1);
    return population_schedule(a, &(PkpdDosing){ .rates = rates, .n_rates = DOSES }, looks_min, LOOKS);
}

static bool read_options(int argc, char **argv, Options *options)
{
    static const struct option known[] = {
        { "subjects", required_argument, NULL, 'n' },
        { "repeat", required_argument, NULL, 'r' },
        { "baseline-w1", required_argument, NULL, '1' },
        { "baseline-w2", required_argument, NULL, '2' },
        { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;)
        switch (c) {
        case 'n':
            options->subjects = strtoul(optarg, NULL, 10);
            break;
        case 'r':
            options->repeat = atoi(optarg);
            break;
        case '1':
            options->baseline_w1 = atof(optarg);
            break;
        case '2':
            options->baseline_w2 = atof(optarg);
            break;
        default:
            return false;
        }
    return optind == argc && options->subjects > 0 && options->repeat > 0;
}

int main(int argc, char **argv)
{
    Options options = { .subjects = 100000, .repeat = 7 };
    if (!read_options(argc, argv, &options)) {
        fputs("usage: bench_population [--subjects N] [--repeat N] [--baseline-w1 PER_S] [--baseline-w2 "
              "PER_S]\n",
              stderr);
        return 2;
    }
    Arena *arena = arena_create(1024 * 1024);
    PkpdRate rates[DOSES];
    double looks_min[LOOKS];
    PopulationSchedule schedule = two_weeks(arena, rates, looks_min);
    PopulationRun run = { .schedule = &schedule, .seed = 1, .n_subjects = options.subjects };
    double *curves = malloc(population_room(&run, POPULATION_CHAIN_OUTPUTS) * sizeof *curves);
    if (!curves) {
        fputs("bench_population: not enough memory for so many subjects\n", stderr);
        return 1;
    }
    printf("%zu patients, best of %d\n%-4s %-9s %12s %12s %12s\n", options.subjects, options.repeat, "",
           "path", "1 thread /s", "all cores /s", "to deSolve");
    for (size_t w = 0; w < sizeof workloads / sizeof *workloads; w++)
        for (run.path = POPULATION_PORTABLE; run.path < POPULATION_PATHS; run.path++)
            if (population_path_runs(run.path))
                print_row(&workloads[w], run, w == 0 ? options.baseline_w1 : options.baseline_w2,
                          options.repeat, curves);
    free(curves);
    arena_destroy(arena);
    return 0;
}
