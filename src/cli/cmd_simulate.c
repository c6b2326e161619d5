#include "cli/cli.h"
#include "cli/option.h"
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES_MOST = 100000, DOSES_MOST = 1000 };
static const double MINUTES_MOST = 1e7, MG_MOST = 1e5;

/* As it stands on the command line. */
typedef struct Words {
    Str model, weight_kg, age_years, sex, times, unit, with;
    bool csv, json;
} Words;

typedef struct Doses {
    PkpdDose *at;
    size_t n, room;
} Doses;

/* A time as it was asked for, and in minutes. */
typedef struct Times {
    struct Time {
        Str text;
        double at_min;
    } * at;
    size_t n, room;
} Times;

typedef struct Simulation {
    const PkpdNetwork *model;
    const NetworkCovariate *covariate; /* NULL: none */
    NetworkPerson person;
    Doses doses;
    NetworkOverrides overrides;
    Times times;
    bool json;
} Simulation;

static bool wrong(const char *option, Str text, const char *wanted)
{
    fprintf(stderr, "%s: \"%.*s\": %s\n", option, STR_ARG(text), wanted);
    return false;
}

/* ---- words ---- */

static bool number(const char *option, Str text, double least, double most, double *ret_value)
{
    char wanted[96];
    if (str_to_double(text, ret_value) && *ret_value >= least && *ret_value <= most)
        return true;
    (void)snprintf(wanted, sizeof wanted, "a number from %g to %g is needed", least, most);
    return wrong(option, text, wanted);
}

static bool minutes_of(Str unit, double *ret_minutes)
{
    *ret_minutes = str_is(unit, "min") ? 1 : str_is(unit, "h") ? 60 : str_is(unit, "d") ? 1440 : NAN;
    return !isnan(*ret_minutes);
}

/* The next word, without the spaces around it; absent at the end. */
static Str word(Str *rest)
{
    Str text = str_trim(*rest);
    if (str_empty(text)) {
        *rest = STR_NONE;
        return STR_NONE;
    }
    return str_cut(text, ' ', rest);
}

/* "40 min" */
static bool duration(Str *rest, double *ret_min)
{
    double value, unit_min;
    Str count = word(rest), unit = word(rest);
    if (!str_to_double(count, &value) || value < 0 || !minutes_of(unit, &unit_min))
        return false;
    *ret_min = value * unit_min;
    return *ret_min <= MINUTES_MOST;
}

static bool route_of(Str name, PkpdRoute *ret_route)
{
    for (PkpdRoute route = 0; route < ROUTES; route++)
        if (str_is(name, pkpd_route_word(route))) {
            *ret_route = route;
            return true;
        }
    return false;
}

/* "iv 35 mg over 40 min", "iv bolus 140 mg", "in 28 mg at 5 min" */
static bool read_dose(Str text, PkpdDose *ret_dose)
{
    static const char wanted[] =
        "a dose is 'iv 35 mg over 40 min', 'iv bolus 140 mg' or 'im 35 mg at 2 d', by iv, "
        "im, sc, in (one device), po or sl";
    PkpdDose dose = { 0 };
    Str rest = text;
    if (!route_of(word(&rest), &dose.route))
        return wrong("--dose", text, wanted);
    Str amount = word(&rest);
    bool bolus = str_is(amount, "bolus");
    if (bolus)
        amount = word(&rest);
    if (!str_to_double(amount, &dose.mg) || dose.mg <= 0 || dose.mg > MG_MOST || !str_is(word(&rest), "mg"))
        return wrong("--dose", text, wanted);
    for (Str more; (more = word(&rest)).p;) {
        double *to = str_is(more, "over") ? &dose.over_min : str_is(more, "at") ? &dose.at_min : NULL;
        if (!to || !duration(&rest, to))
            return wrong("--dose", text, wanted);
    }
    if (dose.route == ROUTE_IV && bolus == (dose.over_min > 0))
        return wrong("--dose", text, "a dose into a vein is a bolus, or over a time");
    if (dose.route != ROUTE_IV && (bolus || dose.over_min > 0))
        return wrong("--dose", text, "only a dose into a vein is a bolus or over a time");
    *ret_dose = dose;
    return true;
}

static bool add_doses(Arena *a, const Operands *texts, Doses *doses)
{
    for (size_t i = 0; i < texts->n && i < DOSES_MOST; i++) {
        PkpdDose dose;
        if (!read_dose(texts->at[i], &dose))
            return false;
        *list_add(a, doses) = dose;
    }
    return doses->n > 0 || wrong("--dose", STR_NONE, "a dose is needed");
}

static bool add_overrides(Arena *a, const Operands *texts, NetworkOverrides *overrides)
{
    for (size_t i = 0; i < texts->n; i++) {
        Str value, name = str_cut(texts->at[i], '=', &value);
        double number_there;
        if (!str_to_double(value, &number_there))
            return wrong("--param", texts->at[i], "NAME=VALUE is needed");
        *list_add(a, overrides) = (NetworkOverride){ name, number_there };
    }
    return true;
}

/* ---- times ---- */

static bool add_time(Arena *a, Str text, double unit_min, Times *times)
{
    double value;
    if (!number("--times", text, 0, MINUTES_MOST / unit_min, &value))
        return false;
    if (times->n && value * unit_min < times->at[times->n - 1].at_min)
        return wrong("--times", text, "times stand in their order");
    *list_add(a, times) = (struct Time){ text, value * unit_min };
    return true;
}

static bool listed_times(Arena *a, Str list, double unit_min, Times *times)
{
    while (list.p)
        if (times->n == TIMES_MOST || !add_time(a, str_trim(str_cut(list, ',', &list)), unit_min, times))
            return false;
    return true;
}

/* "0:240:5" */
static bool ranged_times(Arena *a, Str range, double unit_min, Times *times)
{
    Str rest = range;
    double from, to, step;
    Str from_text = str_cut(rest, ':', &rest), to_text = str_cut(rest, ':', &rest);
    if (!number("--times", from_text, 0, MINUTES_MOST, &from) ||
        !number("--times", to_text, from, MINUTES_MOST, &to) ||
        !number("--times", rest, 1e-6, MINUTES_MOST, &step))
        return false;
    double n = floor((to - from) / step * (1 + 1e-12)) + 1;
    if (n > TIMES_MOST)
        return wrong("--times", range, "there are too many times");
    for (double i = 0; i < n; i++)
        if (!add_time(a, arena_fmt(a, "%.15g", from + i * step), unit_min, times))
            return false;
    return true;
}

static bool read_times(Arena *a, const Words *words, Times *times)
{
    double unit_min;
    if (!minutes_of(words->unit, &unit_min))
        return wrong("--time-unit", words->unit, "min, h or d is needed");
    if (!words->times.p)
        return wrong("--times", STR_NONE, "the times are needed: 0:240:5, or a list with commas");
    return str_find(words->times, ':') < words->times.n ? ranged_times(a, words->times, unit_min, times)
                                                        : listed_times(a, words->times, unit_min, times);
}

static bool understand(Arena *a, const Words *words, const Operands *doses, const Operands *params,
                       Simulation *s)
{
    *s = (Simulation){ .model = network_find(a, words->model), .json = words->json };
    if (!s->model)
        return wrong("--model", words->model, "there is no such model; --help lists them");
    if (words->with.p && !(s->covariate = network_covariate(a, words->with)))
        return wrong("--with", words->with, "there is no such covariate; --help lists them");
    if (!str_is(words->sex, "male") && !str_is(words->sex, "female"))
        return wrong("--sex", words->sex, "male or female is needed");
    return number("--weight-kg", words->weight_kg, 0.5, 500, &s->person.weight_kg) &&
           number("--age-y", words->age_years, 0, 120, &s->person.age_years) &&
           add_doses(a, doses, &s->doses) && add_overrides(a, params, &s->overrides) &&
           read_times(a, words, &s->times);
}

/* ---- out ---- */

/* 17 digits are what it takes to read the same number back. */
static void print_values(const Simulation *s, const double *values)
{
    size_t outputs = network_outputs(s->model);
    printf("%s", s->json ? "[" : "time,output,value,unit\n");
    for (size_t i = 0; i < s->times.n; i++)
        for (size_t k = 0; k < outputs; k++) {
            const char *name = network_output_name(s->model, k), *unit = network_output_unit(s->model, k);
            double value = values[i * outputs + k];
            if (s->json)
                printf("%s\n {\"time\":%.*s,\"output\":\"%s\",\"value\":%.17g,\"unit\":\"%s\"}",
                       i + k ? "," : "", STR_ARG(s->times.at[i].text), name, value, unit);
            else
                printf("%.*s,%s,%.17g,%s\n", STR_ARG(s->times.at[i].text), name, value, unit);
        }
    if (s->json)
        printf("\n]\n");
}

static Err simulate(Ctx *c, const Simulation *s)
{
    double *times_min = arena_new(c->arena, double, s->times.n);
    double *values = arena_new(c->arena, double, s->times.n *network_outputs(s->model));
    for (size_t i = 0; i < s->times.n; i++)
        times_min[i] = s->times.at[i].at_min;
    TRY(network_curve(c, s->model, &s->person, s->covariate, &s->overrides, s->doses.at, s->doses.n,
                      times_min, s->times.n, values));
    print_values(s, values);
    return OK;
}

/* ---- help ---- */

static void print_models(Arena *a)
{
    printf("\nModels, their routes and parameters (each with its unit; --param takes them at 70 kg):\n");
    for (const char *const *name = network_names(a); *name; name++) {
        const PkpdNetwork *model = network_find(a, str_from(*name));
        size_t n;
        const NetworkParameter *parameters = network_parameters(model, &n);
        printf("\n  %s:", *name);
        for (PkpdRoute route = 0; route < ROUTES; route++)
            if (network_has_route(model, route))
                printf(" %s", pkpd_route_word(route));
        printf("\n   ");
        for (size_t i = 0; i < n; i++)
            printf(" %.*s[%.*s]", STR_ARG(parameters[i].name), STR_ARG(parameters[i].unit));
        printf("\n    compared with: %.*s\n", STR_ARG(network_published_check(model)));
    }
    printf("\nA hyphen in a name may be left out. IM and SC are assumed for every model (F 0.93, ka 0.12 "
           "/min, lag 2 "
           "min).\n");
}

static Str factor_words(Arena *a, double factor)
{
    return isnan(factor) ? S("-") : arena_fmt(a, "x %g", factor);
}

static void print_covariates(Arena *a)
{
    size_t n;
    const NetworkCovariate *list = network_covariates(a, &n);
    printf("\nGenotypes and medicines (--with); a dash: not known, and then nothing is changed:\n\n");
    for (size_t i = 0; i < n; i++) {
        const NetworkCovariate *row = &list[i];
        Str clearance = factor_words(a, row->clearance), iv = factor_words(a, row->iv_exposure),
            oral = factor_words(a, row->oral_exposure);
        printf("  %-16.*s clearance %.*s, area after iv %.*s, after po %.*s\n", STR_ARG(row->id),
               STR_ARG(clearance), STR_ARG(iv), STR_ARG(oral));
        printf("                   %.*s (%.*s)\n", STR_ARG(row->cites), STR_ARG(row->seen));
    }
}

static void print_bioavailability(Arena *a)
{
    size_t n;
    const Bioavailability *list = network_bioavailability(a, &n);
    printf("\nPublished bioavailabilities. They disagree, up to fourfold for the racemate from the nose; "
           "none is an "
           "average:\n\n");
    for (size_t i = 0; i < n; i++)
        printf("  %.*s  %-5g %.*s: %.*s (%.*s)\n", STR_ARG(list[i].route), list[i].fraction,
               STR_ARG(list[i].drug), STR_ARG(list[i].cites), STR_ARG(list[i].seen));
}

int cmd_simulate(int argc, char **argv)
{
    Words words = {
        .model = S("kamp2020"), .weight_kg = S("70"), .age_years = S("45"), .sex = S("male"), .unit = S("min")
    };
    Operands doses = { 0 }, params = { 0 };
    const Option options[] = {
        { "--model", "NAME", "one of the models below (kamp2020)", .text = &words.model },
        { "--dose", "DOSE",
          "'iv 35 mg over 40 min', 'iv bolus 140 mg', 'im 35 mg at 2 d'; as often as needed",
          .texts = &doses },
        { "--times", "TIMES", "a range 0:240:5, or a list with commas", .text = &words.times },
        { "--time-unit", "UNIT", "of --times: min, h or d (min)", .text = &words.unit },
        { "--weight-kg", "KG", "of the patient (70)", .text = &words.weight_kg },
        { "--age-y", "YEARS", "of the patient (45)", .text = &words.age_years },
        { "--sex", "SEX", "male or female (male); no model here depends on it", .text = &words.sex },
        { "--param", "NAME=VALUE", "in place of the model's own; as often as needed", .texts = &params },
        { "--with", "NAME", "one of the genotypes and medicines below", .text = &words.with },
        { "--csv", NULL, "CSV: time,output,value,unit (the usual)", .flag = &words.csv },
        { "--json", NULL, "JSON instead", .flag = &words.json },
        { 0 },
    };
    const Usage usage = { "euthymia simulate --model NAME --dose DOSE --times TIMES [options]",
                          "Prints what a drug model predicts for a typical patient.", options, NULL };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read == OPTIONS_HELP) {
        print_models(cli.arena);
        print_covariates(cli.arena);
        print_bioavailability(cli.arena);
    }
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    Simulation simulation;
    if (!understand(cli.arena, &words, &doses, &params, &simulation))
        return EXIT_USAGE;
    Err err = simulate(&cli.ctx, &simulation);
    return err == OK ? EXIT_DONE : (cli_exit(&cli.ctx, err), EXIT_USAGE);
}
