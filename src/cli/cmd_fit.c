#include "base/buf.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* 95 of 100 lie within this many standard errors; an observation beyond this many standard deviations is
 * told. */
static const double WITHIN_SE = 1.96, OUTLIER_SD = 3;
enum { STARTS_MOST = 100 };

/* As it stands on the command line. */
typedef struct Words {
    Str compartments, vary, error, method, nodes, starts, seed;
    bool absorption, lag, one_dose, persons, csv, json;
} Words;

typedef struct Fit {
    Str path;
    EstimateStructure structure;
    EstimateOptions options;
    Words words;
    const Operands *starts;
    bool only_persons; /* --method map: the starts are the population */
} Fit;

static bool wrong(const char *option, Str text, const char *wanted)
{
    fprintf(stderr, "%s: \"%.*s\": %s\n", option, STR_ARG(text), wanted);
    return false;
}

/* ---- words ---- */

static bool whole(const char *option, Str text, int64_t least, int64_t most, int64_t *ret_value)
{
    char wanted[96];
    if (str_to_int(text, ret_value) && *ret_value >= least && *ret_value <= most)
        return true;
    (void)snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld is needed", (long long)least,
                   (long long)most);
    return wrong(option, text, wanted);
}

static bool read_method(Str word, Fit *fit)
{
    fit->only_persons = str_is(word, "map");
    for (EstimateMethod method = 0; method < ESTIMATE_METHODS; method++)
        if (str_is(word, estimate_method_name(method))) {
            fit->options.method = method;
            return true;
        }
    return fit->only_persons || wrong("--method", word, "agq, laplace, focei or map is needed");
}

/* "CL,V1,KA": what varies; the others are the same for everyone. */
static bool apply_vary(Str list, EstimatePopulation *population)
{
    double sd_log[ESTIMATE_PARAMETERS];
    memcpy(sd_log, population->sd_log, sizeof sd_log);
    memset(population->sd_log, 0, sizeof population->sd_log);
    for (Str rest = list; rest.p;) {
        EstimateParameter parameter;
        Str name = str_trim(str_cut(rest, ',', &rest));
        if (!estimate_parameter_named(name, &parameter) || !estimate_has(&population->structure, parameter))
            return wrong("--vary", name, "there is no such parameter in this structure");
        population->sd_log[parameter] = sd_log[parameter] > 0 ? sd_log[parameter] : 0.3;
    }
    return true;
}

static bool apply_error(Str word, EstimatePopulation *population)
{
    if (!str_is(word, "additive") && !str_is(word, "proportional") && !str_is(word, "combined"))
        return wrong("--error", word, "additive, proportional or combined is needed");
    if (str_is(word, "additive"))
        population->proportional_sd = 0;
    if (str_is(word, "proportional"))
        population->additive_sd = 0;
    return true;
}

/* "CL=2.7", "SD.CL=0.3", "ADD=0.7", "PROP=0.1" */
static bool apply_start(Str text, EstimatePopulation *population)
{
    Str number_text, name = str_cut(text, '=', &number_text);
    EstimateParameter parameter;
    double value, *to = NULL;
    bool spread = str_starts(name, S("SD."));
    Str of = spread ? str_slice(name, 3, name.n) : name;
    if (str_is(name, "ADD"))
        to = &population->additive_sd;
    else if (str_is(name, "PROP"))
        to = &population->proportional_sd;
    else if (estimate_parameter_named(of, &parameter) && estimate_has(&population->structure, parameter))
        to = spread ? &population->sd_log[parameter] : &population->typical[parameter];
    if (!to || !str_to_double(number_text, &value) || !(value > 0))
        return wrong("--start", text,
                     "NAME=VALUE above 0: a parameter of the structure, SD. before it, ADD or PROP");
    if (!(*to > 0))
        return wrong("--start", text, "this is not estimated: see --vary and --error");
    *to = value;
    return true;
}

static bool understand(Fit *fit)
{
    const Words *words = &fit->words;
    int64_t compartments, nodes, starts, seed;
    if (words->csv && words->json)
        return wrong("--json", S("--csv"), "either is needed, not both");
    if (!whole("--compartments", words->compartments, 1, 3, &compartments) ||
        !whole("--nodes", words->nodes, 1, ESTIMATE_NODES_MAX, &nodes) ||
        !whole("--starts", words->starts, 1, STARTS_MOST, &starts) ||
        !whole("--seed", words->seed, 0, INT64_MAX, &seed))
        return false;
    fit->structure = (EstimateStructure){ (int)compartments, words->absorption || words->lag, words->lag };
    fit->options.nodes = (int)nodes;
    fit->options.starts = (int)starts;
    fit->options.seed = (uint64_t)seed;
    return !words->method.p || read_method(words->method, fit);
}

static bool begin(const Fit *fit, const EstimateData *data, EstimatePopulation *ret_start)
{
    *ret_start = estimate_start(&fit->structure, data);
    if ((fit->words.vary.p && !apply_vary(fit->words.vary, ret_start)) ||
        !apply_error(fit->words.error, ret_start))
        return false;
    for (size_t i = 0; i < fit->starts->n; i++)
        if (!apply_start(fit->starts->at[i], ret_start))
            return false;
    return true;
}

static int varying(const EstimatePopulation *population)
{
    int n = 0;
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        n += population->sd_log[p] > 0;
    return n;
}

/* ---- out ---- */

/* What is not said is NAN. */
typedef struct Row {
    const char *what;
    Str id;
    const char *name;
    double value, se_log, low95, high95, shrinkage;
} Row;

typedef struct Output {
    Arena *a;
    bool json, any;
} Output;

static void print_row(Output *out, Row row)
{
    static const char *const names[] = { "value", "se_log", "low95", "high95", "shrinkage" };
    const double values[] = { row.value, row.se_log, row.low95, row.high95, row.shrinkage };
    if (out->json) {
        Buf id = buf_make(out->a, LIMIT_BODY_BYTES);
        buf_json_string(&id, row.id);
        printf("%s\n {\"what\":\"%s\",\"id\":%.*s,\"name\":\"%s\"", out->any ? "," : "", row.what,
               STR_ARG(buf_str(&id)), row.name);
    } else
        printf("%s,%.*s,%s", row.what, STR_ARG(row.id), row.name);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!isfinite(values[i]))
            printf("%s", out->json ? "" : ",");
        else if (out->json)
            printf(",\"%s\":%.8g", names[i], values[i]);
        else
            printf(",%.8g", values[i]);
    printf("%s", out->json ? "}" : "\n");
    out->any = true;
}

/* A positive number and the standard error of its logarithm. */
static Row estimated(const char *what, const char *name, double value, double se_log, double shrinkage)
{
    return (Row){ what,
                  STR_NONE,
                  name,
                  value,
                  se_log,
                  value * exp(-WITHIN_SE * se_log),
                  value * exp(WITHIN_SE * se_log),
                  shrinkage };
}

static void print_population(Output *out, const EstimateResult *result)
{
    const EstimatePopulation *population = &result->population;
    print_row(out, (Row){ "objective", STR_NONE, "", result->objective, NAN, NAN, NAN, NAN });
    print_row(out, (Row){ "converged", STR_NONE, "", result->converged, NAN, NAN, NAN, NAN });
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(&population->structure, p))
            print_row(out, estimated("typical", estimate_parameter_name(p), population->typical[p],
                                     result->se_log_typical[p], NAN));
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (population->sd_log[p] > 0)
            print_row(out, estimated("sd_log", estimate_parameter_name(p), population->sd_log[p],
                                     result->se_log_sd[p], result->shrinkage[p]));
    if (population->additive_sd > 0)
        print_row(out, estimated("error", "additive", population->additive_sd, result->se_log_additive, NAN));
    if (population->proportional_sd > 0)
        print_row(out, estimated("error", "proportional", population->proportional_sd,
                                 result->se_log_proportional, NAN));
}

static void print_outliers(Output *out, const EstimatePopulation *population, const EstimatePerson *person,
                           const EstimateFit *fit)
{
    char at[32];
    for (size_t i = 0; i < person->n_observations; i++) {
        const EstimateObservation *observation = &person->observations[i];
        double residual = estimate_residual(population, fit->eta, person, observation);
        if (observation->below_limit || !(fabs(residual) > OUTLIER_SD))
            continue;
        (void)snprintf(at, sizeof at, "%g", observation->at);
        print_row(out, (Row){ "outlier_sd", person->id, at, residual, NAN, NAN, NAN, NAN });
    }
}

static void print_person(Output *out, const EstimatePopulation *population, const EstimatePerson *person,
                         const EstimateFit *fit)
{
    if (!fit->converged)
        fprintf(stderr, "Person %.*s: no mode was found.\n", STR_ARG(person->id));
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (population->sd_log[p] > 0) {
            Row row = estimated("person", estimate_parameter_name(p), fit->parameter[p],
                                fit->converged ? sqrt(fit->covariance[p][p]) : NAN, NAN);
            row.id = person->id;
            print_row(out, row);
        }
    print_outliers(out, population, person, fit);
}

static void progress(void *of, int start, int iteration, double objective)
{
    (void)of;
    fprintf(stderr, "\rstart %d, step %d: objective %.4f   ", start + 1, iteration, objective);
}

/* ---- the command ---- */

static void print_result(Arena *a, const Fit *fit, const EstimateData *data, const EstimateResult *result)
{
    Output out = { .a = a, .json = fit->words.json };
    printf("%s", out.json ? "[" : "what,id,name,value,se_log,low95,high95,shrinkage\n");
    if (!fit->only_persons)
        print_population(&out, result);
    for (size_t i = 0; (fit->words.persons || fit->only_persons) && i < data->n; i++)
        print_person(&out, &result->population, &data->persons[i], &result->persons[i]);
    if (out.json)
        printf("\n]\n");
}

static Err run(Ctx *c, Fit *fit, bool *ret_usage)
{
    Str text;
    EstimateFile file;
    EstimatePopulation start;
    TRY(cli_read(c, fit->path, &text));
    TRY(estimate_data_read(c, fit->path, text,
                           (EstimateReading){ fit->structure.absorption, fit->words.one_dose }, &file));
    *ret_usage = !begin(fit, &file.data, &start);
    if (*ret_usage)
        return OK;
    if (!fit->words.method.p && varying(&start) > ESTIMATE_AGQ_DIMENSIONS)
        fit->options.method = ESTIMATE_FOCEI;
    fprintf(stderr, "%zu persons, %zu doses, %zu observations (%zu below the limit), %s\n", file.data.n,
            file.doses, file.observations, file.below_limit,
            fit->only_persons ? "map" : estimate_method_name(fit->options.method));
    EstimateResult result = { .population = start, .persons = arena_new(c->arena, EstimateFit, file.data.n) };
    if (!fit->only_persons) {
        TRY(estimate_population(c, &start, &file.data, &fit->options, &result));
        fprintf(stderr, "\n%s",
                result.converged ? "" : "NOT CONVERGED: try --starts 5, or other --start values.\n");
    } else
        for (size_t i = 0; i < file.data.n; i++)
            result.persons[i] = estimate_person(&start, &file.data.persons[i]);
    print_result(c->arena, fit, &file.data, &result);
    return OK;
}

int cmd_fit(int argc, char **argv)
{
    Fit fit = { .options = { .method = ESTIMATE_AGQ, .progress = isatty(STDERR_FILENO) ? progress : NULL },
                .words = { .compartments = S("1"),
                           .error = S("proportional"),
                           .nodes = S("9"),
                           .starts = S("1"),
                           .seed = S("1") } };
    Words *words = &fit.words;
    Operands operands = { 0 }, starts = { 0 };
    const Option options[] = {
        { "--compartments", "N", "1 (usual), 2 or 3, in a star around the first",
          .text = &words->compartments },
        { "--absorption", NULL, "doses enter a depot (compartment 1); what is measured is compartment 2",
          .flag = &words->absorption },
        { "--lag", NULL, "and after a lag", .flag = &words->lag },
        { "--vary", "LIST", "what differs between persons: CL,V1,KA (all but TLAG)", .text = &words->vary },
        { "--error", "KIND", "proportional (usual), additive, or combined: variance a^2 + (b f)^2",
          .text = &words->error },
        { "--start", "NAME=VALUE",
          "where to begin: CL V1 Q2 V2 Q3 V3 KA TLAG, SD.CL ..., ADD, PROP; repeated", .texts = &starts },
        { "--method", "NAME",
          "agq (usual to 3 that vary), focei (usual beyond), laplace; map: --start is the population",
          .text = &words->method },
        { "--nodes", "N", "of agq in each dimension, 1 to 21 (9)", .text = &words->nodes },
        { "--starts", "N", "search from N starts and keep the best (1)", .text = &words->starts },
        { "--seed", "N", "of the other starts (1)", .text = &words->seed },
        { "--one-dose", NULL, "AMT on every row of a person is one dose at time 0",
          .flag = &words->one_dose },
        { "--persons", NULL, "each person's parameters too, and observations beyond 3 SD",
          .flag = &words->persons },
        { "--csv", NULL, "CSV, which is usual", .flag = &words->csv },
        { "--json", NULL, "a JSON list of the same rows", .flag = &words->json },
        { 0 },
    };
    const Usage usage = {
        "euthymia fit FILE [options]",
        "Estimates a population's parameters (typical values, spread, error) from concentrations, or with "
        "--method "
        "map\nonly the persons' own.\n\n"
        "FILE (- is standard input) is CSV with NONMEM's columns by name: ID TIME DV, and AMT RATE EVID CMT "
        "MDV ADDL "
        "II\nBLQ (or CENS: 1 where DV is the limit of quantification). Units are the data's own.\n\n"
        "Rows out: what,id,name,value,se_log,low95,high95,shrinkage. objective is -2 log likelihood less n "
        "log 2 pi;\n"
        "sd_log is the standard deviation of the logarithm; se_log the standard error of a value's "
        "logarithm.",
        options, &operands
    };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (operands.n != 1) {
        fprintf(stderr, "one file is needed\nusage: %s\n", usage.line);
        return EXIT_USAGE;
    }
    if (!understand(&fit))
        return EXIT_USAGE;
    bool wrong_usage = false;
    fit.path = operands.at[0];
    fit.starts = &starts;
    Err err = run(&cli.ctx, &fit, &wrong_usage);
    return wrong_usage ? EXIT_USAGE : cli_exit(&cli.ctx, err);
}
