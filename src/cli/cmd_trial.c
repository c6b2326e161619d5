#include "cli/cli.h"
#include "cli/option.h"
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* As it stands on the command line. */
typedef struct Words {
    Str patients, seed, threads, path, population, mood, scale, days;
    bool csv, json;
} Words;

/* ---- from words to a plan ---- */

static bool wrong(const char *what, Str word)
{
    fprintf(stderr, "%s: \"%.*s\"\n", what, STR_ARG(word));
    return false;
}

static bool whole_number(const char *option, Str text, int64_t least, int64_t most, int64_t *ret_value)
{
    if (str_to_int(text, ret_value) && *ret_value >= least && *ret_value <= most)
        return true;
    fprintf(stderr, "%s is a whole number from %lld to %lld, not \"%.*s\"\n", option, (long long)least,
            (long long)most, STR_ARG(text));
    return false;
}

/* The next word of what is left; absent at its end. */
static Str next_word(Str *rest)
{
    Str word = STR_NONE;
    while (rest->p && str_empty(word))
        word = str_cut(*rest, ' ', rest);
    return word;
}

static bool next_number(Str *rest, double *ret_value)
{
    return str_to_double(next_word(rest), ret_value);
}

/* The unit after a number, where another would be a mistake in the dose. */
static bool next_is(Str *rest, const char *unit)
{
    return str_is(next_word(rest), unit);
}

static bool read_clause(Str key, Str *rest, TrialArm *arm)
{
    double n;
    if (str_is(key, "over"))
        return next_number(rest, &arm->minutes) && next_is(rest, "min");
    if (str_is(key, "every"))
        return next_number(rest, &arm->interval_d) && next_is(rest, "d");
    if (!str_is(key, "x") || !next_number(rest, &n) || n != floor(n) || !(n >= 1 && n <= TRIAL_DOSES_MAX))
        return false;
    arm->n_doses = (int)n;
    return true;
}

/* "[NAME:] (DOSE mg/kg | placebo) [over MIN min] [x TIMES] [every DAYS d]" */
static bool read_arm(Str text, TrialArm *ret_arm)
{
    TrialArm arm = { .name = text, .minutes = 40, .interval_d = 3, .n_doses = 1 };
    Str rest = text, after_name;
    Str name = str_cut(text, ':', &after_name);
    if (after_name.p) {
        arm.name = str_trim(name);
        rest = after_name;
    }
    Str dose = next_word(&rest);
    if (!str_is(dose, "placebo") &&
        !(str_to_double(dose, &arm.dose_mg_per_kg) && arm.dose_mg_per_kg > 0 && next_is(&rest, "mg/kg")))
        return wrong("an arm begins with a dose (\"0.5 mg/kg\") or \"placebo\"", text);
    for (Str key = next_word(&rest); !str_empty(key); key = next_word(&rest))
        if (!read_clause(key, &rest, &arm))
            return wrong("after the dose an arm has \"over 40 min\", \"x 6\", \"every 3 d\"", text);
    *ret_arm = arm;
    return true;
}

static bool read_arms(Arena *a, const Operands *operands, TrialPlan *plan)
{
    if (operands->n == 0 || operands->n > TRIAL_ARMS_MAX) {
        fprintf(stderr, "one to %d arms say what is given, as \"0.5 mg/kg over 40 min x 6 every 3 d\"\n",
                TRIAL_ARMS_MAX);
        return false;
    }
    TrialArm *arms = arena_new(a, TrialArm, operands->n);
    for (size_t i = 0; i < operands->n; i++)
        if (!read_arm(operands->at[i], &arms[i]))
            return false;
    plan->arms = arms;
    plan->n_arms = operands->n;
    return true;
}

static bool read_days(Arena *a, Str list, TrialPlan *plan)
{
    double *days = arena_new(a, double, TRIAL_DAYS_MAX);
    for (Str text = list; text.p; plan->n_days++) {
        Str day = str_trim(str_cut(text, ',', &text));
        if (plan->n_days == TRIAL_DAYS_MAX || !str_to_double(day, &days[plan->n_days]) ||
            days[plan->n_days] < 0 || (plan->n_days > 0 && days[plan->n_days] <= days[plan->n_days - 1]))
            return wrong("--days is an ascending list of at most 64 days", list);
    }
    plan->days = days;
    return true;
}

static bool read_path(Str name, PopulationPath *ret_path)
{
    for (PopulationPath path = POPULATION_BEST; path < POPULATION_PATHS; path++)
        if (str_eq(name, population_path_name(path))) {
            *ret_path = path;
            return population_path_runs(path) || wrong("this machine has no such instructions", name);
        }
    return wrong("--path is best, portable, avx2 or avx512", name);
}

static bool understand(Arena *a, const Words *words, const Operands *operands, TrialPlan *plan)
{
    int64_t patients, seed, threads;
    *plan = (TrialPlan){ .population = trial_population(words->population), .mood = mood_model(words->mood) };
    if (!plan->population)
        return wrong("there is no such population", words->population);
    if (!plan->mood)
        return wrong("there is no such mood model", words->mood);
    if (!mood_scale(words->scale, &plan->scale))
        return wrong("--scale is MADRS, PHQ-9 or QIDS", words->scale);
    if (words->csv && words->json)
        return wrong("either --csv or --json", S("both"));
    if (!whole_number("--patients", words->patients, 1, TRIAL_PATIENTS_MAX, &patients) ||
        !whole_number("--seed", words->seed, 0, INT64_MAX, &seed) ||
        !whole_number("--threads", words->threads, 0, 1024, &threads))
        return false;
    plan->n_patients = (size_t)patients;
    plan->seed = (uint64_t)seed;
    plan->threads = (int)threads;
    return read_path(words->path, &plan->path) && read_days(a, words->days, plan) &&
           read_arms(a, operands, plan);
}

/* ---- how far it is ---- */

typedef struct Bar {
    bool shown;
    double from_s, drawn_s;
} Bar;

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void draw_bar(void *user, size_t done, size_t all)
{
    enum { WIDTH = 40 };
    static const double REDRAW_S = 0.1;
    Bar *bar = user;
    double now_s = seconds(), took_s = now_s - bar->from_s;
    if (!bar->shown || (now_s - bar->drawn_s < REDRAW_S && done < all))
        return;
    bar->drawn_s = now_s;
    int full = (int)(WIDTH * done / all);
    fprintf(stderr, "\r[%.*s%*s] %3zu %%  %.2f million/s  %.0f s left ", full,
            "########################################", WIDTH - full, "", 100 * done / all,
            (double)done / took_s / 1e6, took_s / (double)done * (double)(all - done));
    if (done == all)
        fprintf(stderr, "\n");
}

/* ---- out: every statistic is a row, and each format prints rows ---- */

typedef struct Row {
    Str arm, quantity, unit, basis;
    double day; /* NAN: of no day */
    uint64_t n;
    double mean, sd, quantile[5]; /* NAN where there is none */
    double low, high;             /* 95 % interval of a share */
} Row;

static const double row_quantiles[] = { 0.05, 0.25, 0.5, 0.75, 0.95 };

typedef struct Printer {
    enum { TEXT, CSV, JSON } format;
    size_t rows;
} Printer;

static void csv_number(double value)
{
    if (isnan(value))
        printf(",");
    else
        printf(",%.10g", value);
}

static void csv_text(const char *before, Str text)
{
    printf("%s\"", before);
    for (size_t i = 0; i < text.n; i++)
        printf(text.p[i] == '"' ? "\"\"" : "%c", text.p[i]);
    printf("\"");
}

static void print_csv(const Row *row)
{
    csv_text("", row->arm);
    csv_text(",", row->quantity);
    csv_text(",", row->unit);
    csv_number(row->day);
    printf(",%llu", (unsigned long long)row->n);
    csv_number(row->mean);
    csv_number(row->sd);
    for (int i = 0; i < 5; i++)
        csv_number(row->quantile[i]);
    csv_number(row->low);
    csv_number(row->high);
    csv_text(",", row->basis);
    printf("\n");
}

static void json_number_member(const char *name, double value)
{
    if (!isnan(value))
        printf(",\"%s\":%.10g", name, value);
}

static void json_text_member(const char *before, const char *name, Str text)
{
    printf("%s\"%s\":\"", before, name);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '"' || text.p[i] == '\\')
            printf("\\%c", text.p[i]);
        else if ((unsigned char)text.p[i] < ' ')
            printf("\\u%04x", (unsigned char)text.p[i]);
        else
            putchar(text.p[i]);
    printf("\"");
}

static void print_json(const Row *row, bool first)
{
    static const char *const names[] = { "p05", "p25", "p50", "p75", "p95" };
    json_text_member(first ? "\n  {" : ",\n  {", "arm", row->arm);
    json_text_member(",", "quantity", row->quantity);
    json_text_member(",", "unit", row->unit);
    json_number_member("day", row->day);
    printf(",\"patients\":%llu", (unsigned long long)row->n);
    json_number_member("mean", row->mean);
    json_number_member("sd", row->sd);
    for (int i = 0; i < 5; i++)
        json_number_member(names[i], row->quantile[i]);
    json_number_member("low95", row->low);
    json_number_member("high95", row->high);
    json_text_member(",", "basis", row->basis);
    printf("}");
}

static void print_text(const Row *row)
{
    char day[24] = "";
    if (!isnan(row->day))
        (void)snprintf(day, sizeof day, "day %g", row->day);
    printf("  %-32.*s %-8s %-9.*s", STR_ARG(row->quantity), day, STR_ARG(row->unit));
    if (isnan(row->low))
        printf(" mean %-8.4g sd %-8.4g 5 %% %-8.4g median %-8.4g 95 %% %-8.4g\n", row->mean, row->sd,
               row->quantile[0], row->quantile[2], row->quantile[4]);
    else
        printf(" %6.2f %% (95 %% interval %.2f to %.2f)\n", 100 * row->mean, 100 * row->low, 100 * row->high);
}

static void print_row(Printer *printer, const Row *row)
{
    switch (printer->format) {
    case CSV:
        print_csv(row);
        break;
    case JSON:
        print_json(row, printer->rows == 0);
        break;
    case TEXT:
        print_text(row);
        break;
    }
    printer->rows++;
}

static void print_sketch(Printer *printer, Row row, const Sketch *sketch)
{
    if (sketch->n == 0)
        return;
    row.n = sketch->n;
    row.mean = sketch->mean;
    row.sd = sketch_sd(sketch);
    for (int i = 0; i < 5; i++)
        row.quantile[i] = sketch_quantile(sketch, row_quantiles[i]);
    row.low = row.high = NAN;
    print_row(printer, &row);
}

static void print_share(Printer *printer, Row row, Proportion proportion)
{
    if (proportion.n == 0)
        return;
    ProportionInterval interval = proportion_interval(proportion);
    row.n = proportion.n;
    row.unit = S("share");
    row.mean = interval.share;
    row.low = interval.low;
    row.high = interval.high;
    row.sd = NAN;
    for (int i = 0; i < 5; i++)
        row.quantile[i] = NAN;
    print_row(printer, &row);
}

static Str basis_of(TrialQuantity quantity)
{
    return quantity < TRIAL_SYSTOLIC_MAX ? S("exact under an assumed spread")
                                         : S("calibrated on means, under an assumed spread");
}

static void print_days(Printer *printer, const TrialPlan *plan, Row row, const TrialResult *result)
{
    const MoodScale *scale = &plan->mood->scales[plan->scale];
    row.basis = plan->mood->status;
    for (size_t i = 0; i < plan->n_days; i++) {
        row.day = plan->days[i];
        row.unit = scale->name;
        row.quantity = S("score");
        print_sketch(printer, row, &result->day[i].score);
        row.quantity = S("change of score");
        print_sketch(printer, row, &result->day[i].change);
        row.quantity = S("response");
        print_share(printer, row, result->day[i].response);
        row.quantity = S("remission");
        print_share(printer, row, result->day[i].remission);
    }
}

static void print_arm(Arena *a, Printer *printer, const TrialPlan *plan, const TrialArm *arm,
                      const TrialResult *result)
{
    Row row = { .arm = arm->name, .day = NAN };
    if (printer->format == TEXT)
        printf("\n%.*s: %g mg/kg over %g min, %d time%s%s\n", STR_ARG(arm->name), arm->dose_mg_per_kg,
               arm->minutes, arm->n_doses, arm->n_doses == 1 ? "" : "s",
               arm->n_doses == 1 ? "" : arena_cstr(a, arena_fmt(a, ", every %g days", arm->interval_d)));
    for (int i = 0; i < TRIAL_QUANTITIES; i++) {
        row.quantity = trial_quantity_name(i);
        row.unit = trial_quantity_unit(i);
        row.basis = basis_of(i);
        /* Without drug there is no exposure, which is not the same as one of zero. */
        if (arm->dose_mg_per_kg > 0 || i >= TRIAL_SYSTOLIC_MAX)
            print_sketch(printer, row, &result->quantity[i]);
    }
    row.basis = basis_of(TRIAL_SYSTOLIC_MAX);
    for (int i = 0; i < 2; i++) {
        row.quantity = arena_fmt(a, "systolic %g mmHg or more", plan->population->systolic_limit_mmhg[i]);
        print_share(printer, row, result->systolic_passes[i]);
    }
    if (result->outside_effects > 0)
        fprintf(stderr,
                "%.*s: %llu patients are above the concentrations that the effect models know, and in none "
                "of their rows\n",
                STR_ARG(arm->name), (unsigned long long)result->outside_effects);
    print_days(printer, plan, row, result);
}

static void print_assumption(const char *what, const TrialSource *source)
{
    fprintf(stderr, "%s (%.*s): %.*s [%.*s]\n", what, STR_ARG(source->basis), STR_ARG(source->cites),
            STR_ARG(source->seen));
}

/* On standard error, so that standard output holds the rows alone. */
static void print_assumptions(const TrialPlan *plan)
{
    const TrialPopulation *p = plan->population;
    fprintf(stderr, "%zu virtual patients an arm, seed %llu; %.*s; mood: %.*s (%.*s)\n", plan->n_patients,
            (unsigned long long)plan->seed, STR_ARG(p->title), STR_ARG(plan->mood->title),
            STR_ARG(plan->mood->status));
    print_assumption("Spread", &p->spread);
    print_assumption("Weight", &p->weight);
    print_assumption("Resting pressure", &p->resting);
    print_assumption("Limits of pressure", &p->limits);
    print_assumption("Remission", &p->remission);
    print_assumption("Response", &p->response);
    fprintf(stderr,
            "Not verified at source where the brackets do not say paper or label. Intervals are the virtual "
            "patients' sampling error only.\n");
}

static Err trial(Ctx *c, const TrialPlan *plan, const Words *words)
{
    TrialResult *results = arena_new(c->arena, TrialResult, plan->n_arms);
    Bar bar = { .shown = isatty(STDERR_FILENO), .from_s = seconds() };
    TRY(trial_run(c, plan, draw_bar, &bar, results));
    Printer printer = { .format = words->csv ? CSV : words->json ? JSON : TEXT };
    print_assumptions(plan);
    if (words->csv)
        printf("arm,quantity,unit,day,patients,mean,sd,p05,p25,p50,p75,p95,low95,high95,basis\n");
    if (words->json)
        printf("[");
    for (size_t i = 0; i < plan->n_arms; i++)
        print_arm(c->arena, &printer, plan, &plan->arms[i], &results[i]);
    if (words->json)
        printf("\n]\n");
    return OK;
}

int cmd_trial(int argc, char **argv)
{
    Words words = { .patients = S("10000"),
                    .seed = S("1"),
                    .threads = S("0"),
                    .path = S("best"),
                    .population = S("adults-kamp-2020"),
                    .mood = S("clinic"),
                    .scale = S("MADRS"),
                    .days = S("1,7,14,21,28") };
    const Option options[] = {
        { "--patients", "N", "virtual patients in each arm, up to 10 million (10000)",
          .text = &words.patients },
        { "--seed", "N", "another seed, other patients; the same seed, the same output (1)",
          .text = &words.seed },
        { "--days", "LIST", "when scores are taken, from the first dose (1,7,14,21,28)",
          .text = &words.days },
        { "--scale", "NAME", "of the score: MADRS, PHQ-9, QIDS (MADRS)", .text = &words.scale },
        { "--mood", "ID", "who is treated: clinic, drug-free (clinic)", .text = &words.mood },
        { "--population", "ID", "drug model and spread (adults-kamp-2020)", .text = &words.population },
        { "--threads", "N", "0: one a core (0); the output does not depend on it", .text = &words.threads },
        { "--path", "NAME", "best, portable, avx2, avx512 (best)", .text = &words.path },
        { "--csv", NULL, "one row a statistic", .flag = &words.csv },
        { "--json", NULL, "the same rows as JSON", .flag = &words.json },
        { 0 },
    };
    Operands operands = { 0 };
    const Usage usage = {
        "euthymia trial [options] ARM...",
        "A virtual trial. Each ARM is \"[NAME:] DOSE mg/kg [over MIN min] [x TIMES] [every DAYS "
        "d]\", or \"placebo\" in\nplace of the dose: 40 minutes, once, every 3 days where it does "
        "not say. The same virtual patients are in each\narm. Prints exposure, the pressure and "
        "dissociation of the first session, and scores, response and remission on\nthe days "
        "asked for; what is assumed goes to standard error.\n\n"
        "  euthymia trial 'once: 0.5 mg/kg' 'six: 0.5 mg/kg x 6 every 3 d' 'none: placebo x 6'",
        options, &operands
    };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    TrialPlan plan;
    if (!understand(cli.arena, &words, &operands, &plan))
        return EXIT_USAGE;
    Err err = trial(&cli.ctx, &plan, &words);
    return err == ERR_INVALID ? (cli_exit(&cli.ctx, err), EXIT_USAGE) : cli_exit(&cli.ctx, err);
}
