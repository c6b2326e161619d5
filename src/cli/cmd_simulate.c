#include "cli/cli.h"
#include "cli/option.h"
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>

enum { TIMES_MOST = 100000 };
static const double MIN_PER_H = 60;

/* As it stands on the command line. */
typedef struct Words {
    Str dose_mg, minutes, weight_kg, age_years, times, step, until, model;
    bool bolus, json;
} Words;

typedef struct Simulation {
    double dose_mg, minutes;
    bool bolus;
    PkpdPatient patient;
    double *times_min;
    size_t n_times;
    Str model; /* absent: all */
    bool json;
} Simulation;

/* ---- from words to numbers ---- */

static bool number(const char *option, Str text, double least, double most, double *ret_value)
{
    if (str_to_double(text, ret_value) && *ret_value >= least && *ret_value <= most)
        return true;
    fprintf(stderr, "%s is a number from %g to %g, not \"%.*s\"\n", option, least, most, STR_ARG(text));
    return false;
}

static bool listed_times(Arena *a, Str list, Simulation *simulation)
{
    struct {
        double *at;
        size_t n, room;
    } times = { 0 };
    while (list.p) {
        double time_min;
        if (!number("--times", str_trim(str_cut(list, ',', &list)), 0, 1e6, &time_min) ||
            times.n == TIMES_MOST)
            return false;
        *list_add(a, &times) = time_min;
    }
    simulation->times_min = times.at;
    simulation->n_times = times.n;
    return true;
}

static bool stepped_times(Arena *a, const Words *words, Simulation *simulation)
{
    double step_min, until_min;
    if (!number("--until", words->until, 0, 1e6, &until_min) ||
        !number("--step", words->step, 1e-3, 1e6, &step_min))
        return false;
    size_t n = (size_t)floor(until_min / step_min * (1 + 1e-12)) + 1;
    if (n > TIMES_MOST) {
        fprintf(stderr, "at most %d times are printed\n", TIMES_MOST);
        return false;
    }
    simulation->times_min = arena_new(a, double, n);
    simulation->n_times = n;
    for (size_t i = 0; i < n; i++)
        simulation->times_min[i] = (double)i * step_min;
    return true;
}

static bool understand(Arena *a, const Words *words, Simulation *simulation)
{
    *simulation = (Simulation){ .bolus = words->bolus, .model = words->model, .json = words->json };
    if (words->bolus == (words->minutes.p != NULL)) {
        fprintf(stderr, "either --minutes or --bolus says how the dose is given\n");
        return false;
    }
    if (words->model.p && !pkpd_model(words->model)) {
        fprintf(stderr, "there is no model \"%.*s\"\n", STR_ARG(words->model));
        return false;
    }
    return number("--dose-mg", words->dose_mg, 1e-3, 1e5, &simulation->dose_mg) &&
           (words->bolus || number("--minutes", words->minutes, 1e-3, 1e5, &simulation->minutes)) &&
           number("--weight-kg", words->weight_kg, 0, 1e3, &simulation->patient.weight_kg) &&
           number("--age", words->age_years, 0, 150, &simulation->patient.age_years) &&
           (words->times.p ? listed_times(a, words->times, simulation) : stepped_times(a, words, simulation));
}

/* ---- out ---- */

/* 17 digits are what it takes to read the same number back. */
static void print_point(const PkpdModel *model, const PkpdPoint *point, bool json, bool last)
{
    if (json)
        printf("  {\"model\":\"%.*s\",\"time_min\":%.17g,\"cp_ng_per_ml\":%.17g,\"ce_ng_per_ml\":%.17g}%s\n",
               STR_ARG(model->id), point->time_min, point->cp_ng_per_ml, point->ce_ng_per_ml,
               last ? "" : ",");
    else
        printf("%.*s,%.17g,%.17g,%.17g\n", STR_ARG(model->id), point->time_min, point->cp_ng_per_ml,
               point->ce_ng_per_ml);
}

static Err print_curve(Ctx *c, const PkpdModel *model, const Simulation *simulation, bool last)
{
    PkpdSystem system;
    TRY(pkpd_system(c, model, &simulation->patient, &system));
    PkpdBolus bolus = { .dose_mg = simulation->dose_mg };
    PkpdRate rate = { .to_min = simulation->minutes };
    if (!simulation->bolus)
        rate.rate_mg_per_h = simulation->dose_mg / simulation->minutes * MIN_PER_H;
    PkpdDosing dosing = {
        .rates = &rate, .n_rates = !simulation->bolus, .boluses = &bolus, .n_boluses = simulation->bolus
    };
    for (size_t i = 0; i < simulation->n_times; i++) {
        PkpdPoint point = pkpd_at(&system, &dosing, simulation->times_min[i]);
        print_point(model, &point, simulation->json, last && i + 1 == simulation->n_times);
    }
    return OK;
}

static Err simulate(Ctx *c, const Simulation *simulation)
{
    size_t n;
    const PkpdModel *models = pkpd_models(&n);
    const PkpdModel *only = simulation->model.p ? pkpd_model(simulation->model) : NULL;
    printf("%s\n", simulation->json ? "[" : "model,time_min,cp_ng_per_ml,ce_ng_per_ml");
    for (size_t i = 0; i < n; i++)
        if (!only || only == &models[i])
            TRY(print_curve(c, &models[i], simulation, only || i + 1 == n));
    if (simulation->json)
        printf("]\n");
    return OK;
}

int cmd_simulate(int argc, char **argv)
{
    Words words = { .weight_kg = S("70"), .age_years = S("40"), .step = S("1"), .until = S("180") };
    const Option options[] = {
        { "--dose-mg", "MG", "racemic ketamine, intravenous", .text = &words.dose_mg },
        { "--minutes", "MIN", "infused at a constant rate over so long", .text = &words.minutes },
        { "--bolus", NULL, "given at once instead (never done in a clinic: for comparing models)",
          .flag = &words.bolus },
        { "--weight-kg", "KG", "of the patient (70)", .text = &words.weight_kg },
        { "--age", "YEARS", "of the patient (40)", .text = &words.age_years },
        { "--times", "LIST", "minutes from the start, with commas", .text = &words.times },
        { "--step", "MIN", "without --times: every so many minutes (1)", .text = &words.step },
        { "--until", "MIN", "without --times: up to here (180)", .text = &words.until },
        { "--model", "ID", "one model only: domino-1984, kamp-2020", .text = &words.model },
        { "--json", NULL, "JSON instead of CSV", .flag = &words.json },
        { 0 },
    };
    const Usage usage = {
        "euthymia simulate --dose-mg MG (--minutes MIN | --bolus) [options]",
        "Prints what the drug models predict for a typical patient: plasma and effect site, ng/mL.", options,
        NULL
    };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    Simulation simulation;
    if (!understand(cli.arena, &words, &simulation))
        return EXIT_USAGE;
    return cli_exit(&cli.ctx, simulate(&cli.ctx, &simulation));
}
