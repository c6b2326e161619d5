#include "base/buf.h"
#include "base/limits.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "pkpd/pkpd.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MOST = 2000, KEEP_D = 28, DAYS_MOST = 90 };
static const double DOSE_MG_PER_KG_MOST = 2, DOSE_MG_MOST = 200;

/* As it stands on the command line. */
typedef struct Words {
    Str model, scale, now, days, infusion, dose_mg_per_kg, weight_kg, seed;
    bool csv, json;
} Words;

typedef LIST(MoodDose) Doses;
typedef LIST(MoodScore) Scores;

typedef struct Forecast {
    Str path; /* of the file that is read */
    const MoodModel *model;
    MoodScaleId scale;
    int64_t origin_us; /* day 0: that of the first row */
    Doses doses;       /* given and planned */
    Scores scores;
    double now_d;
    int64_t days, seed;
    MoodDose infusion;
    double weight_kg; /* NAN: not given */
    bool json;
} Forecast;

/* ---- the file: date,what,value ---- */

static const char *const columns[] = { "date", "what", "value" };
enum { DATE, WHAT, VALUE, COLUMNS };

static Err row_problem(Ctx *c, const Forecast *f, size_t row, int column, const char *what, Str word)
{
    return problem(c, ERR_INVALID,
                   arena_fmt(c->arena, "%.*s: row %zu, column %s", STR_ARG(f->path), row, columns[column]),
                   "%s, not \"%.*s\".", what, STR_ARG(word));
}

static Err read_file(Ctx *c, Str path, Str *ret_text)
{
    Buf bytes = buf_make(c->arena, LIMIT_BODY_BYTES);
    FILE *file = str_is(path, "-") ? stdin : fopen(arena_cstr(c->arena, path), "re");
    if (!file)
        return problem(c, ERR_NOT_FOUND, path, "%s", strerror(errno));
    char part[64 * 1024];
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;)
        buf_bytes(&bytes, part, n);
    bool failed = ferror(file) != 0;
    if (file != stdin)
        (void)fclose(file);
    if (failed || buf_overflowed(&bytes))
        return problem(c, ERR_TOO_LARGE, path, "The file cannot be read, or is too large.");
    *ret_text = buf_str(&bytes);
    return OK;
}

static Err read_dose(Ctx *c, Forecast *f, size_t row, double time_d, Str text, bool in_mg)
{
    double dose, most = in_mg ? DOSE_MG_MOST : DOSE_MG_PER_KG_MOST;
    if (!str_to_double(text, &dose) || !(dose >= 0 && dose <= most))
        return row_problem(c, f, row, VALUE, in_mg ? "A dose of 0 to 200 mg" : "A dose of 0 to 2 mg/kg",
                           text);
    if (in_mg && !(f->weight_kg > 0))
        return row_problem(c, f, row, WHAT, "A dose in mg needs --weight-kg; else it is dose_mg_per_kg",
                           S("dose_mg"));
    *list_add(c->arena, &f->doses) = (MoodDose){ time_d, in_mg ? dose / f->weight_kg : dose };
    return OK;
}

static Err read_score(Ctx *c, Forecast *f, size_t row, double time_d, MoodScaleId scale, Str text)
{
    int64_t score;
    int most = f->model->scales[scale].most;
    if (!str_to_int(text, &score) || score < 0 || score > most)
        return row_problem(c, f, row, VALUE,
                           arena_cstr(c->arena, arena_fmt(c->arena, "A whole number of 0 to %d", most)),
                           text);
    *list_add(c->arena, &f->scores) = (MoodScore){ time_d, scale, (int)score };
    return OK;
}

static Err read_row(Ctx *c, Forecast *f, size_t row, Str line)
{
    Str cell[COLUMNS], rest = line;
    for (int i = 0; i < COLUMNS; i++)
        cell[i] = str_trim(str_cut(rest, ',', &rest));
    if (rest.p)
        return row_problem(c, f, row, VALUE, "The last column", line);
    TimeRange when;
    if (!time_parse(cell[DATE], &when))
        return row_problem(c, f, row, DATE, "A date or a time (2026-11-02, 2026-11-02T09:00:00Z)",
                           cell[DATE]);
    if (f->doses.n + f->scores.n == 0)
        f->origin_us = when.from_us;
    double time_d = (double)(when.from_us - f->origin_us) / (double)US_PER_DAY;
    MoodScaleId scale;
    if (str_is(cell[WHAT], "dose_mg_per_kg") || str_is(cell[WHAT], "dose_mg"))
        return read_dose(c, f, row, time_d, cell[VALUE], str_is(cell[WHAT], "dose_mg"));
    if (mood_scale(cell[WHAT], &scale))
        return read_score(c, f, row, time_d, scale, cell[VALUE]);
    return row_problem(c, f, row, WHAT, "dose_mg_per_kg, dose_mg, PHQ-9, MADRS or QIDS", cell[WHAT]);
}

static int by_dose_time(const void *a, const void *b)
{
    double x = ((const MoodDose *)a)->time_d, y = ((const MoodDose *)b)->time_d;
    return (x > y) - (x < y);
}

static int by_score_time(const void *a, const void *b)
{
    const MoodScore *x = a, *y = b;
    return x->time_d != y->time_d ? (x->time_d > y->time_d) - (x->time_d < y->time_d)
                                  : (int)x->scale - (int)y->scale;
}

static Err read_rows(Ctx *c, Forecast *f)
{
    Str text;
    TRY(read_file(c, f->path, &text));
    Str rest = text, header = str_trim(str_cut(text, '\n', &rest));
    if (!str_is(header, "date,what,value"))
        return problem(c, ERR_INVALID, arena_fmt(c->arena, "%.*s: row 1", STR_ARG(f->path)),
                       "The first row must be date,what,value.");
    for (size_t row = 2; rest.p; row++) {
        Str line = str_trim(str_cut(rest, '\n', &rest));
        if (str_empty(line))
            continue;
        if (row > ROWS_MOST)
            return problem(c, ERR_TOO_LARGE, f->path, "At most %d rows are read.", ROWS_MOST);
        TRY(read_row(c, f, row, line));
    }
    if (f->doses.n > 1)
        qsort(f->doses.at, f->doses.n, sizeof *f->doses.at, by_dose_time);
    if (f->scores.n > 1)
        qsort(f->scores.at, f->scores.n, sizeof *f->scores.at, by_score_time);
    return OK;
}

/* ---- the options ---- */

static bool wrong(const char *option, const char *what, Str word)
{
    fprintf(stderr, "%s is %s, not \"%.*s\"\n", option, what, STR_ARG(word));
    return false;
}

static bool whole(const char *option, Str text, int64_t least, int64_t most, int64_t *ret_value)
{
    if (str_to_int(text, ret_value) && *ret_value >= least && *ret_value <= most)
        return true;
    fprintf(stderr, "%s is a whole number from %lld to %lld, not \"%.*s\"\n", option, (long long)least,
            (long long)most, STR_ARG(text));
    return false;
}

static bool positive(const char *option, Str text, double most, double *ret_value)
{
    return (str_to_double(text, ret_value) && *ret_value > 0 && *ret_value <= most) ||
           wrong(option, "a number above 0 and of this world", text);
}

static bool understand(const Words *words, Forecast *f)
{
    TimeRange ignored;
    *f = (Forecast){ .model = mood_model(words->model), .weight_kg = NAN, .json = words->json };
    if (!f->model)
        return wrong("--population", "drug-free or clinic", words->model);
    if (!mood_scale(words->scale, &f->scale))
        return wrong("--scale", "PHQ-9, MADRS or QIDS", words->scale);
    if (words->csv && words->json)
        return wrong("the output", "either --csv or --json", S("both"));
    if (words->now.p && !time_parse(words->now, &ignored))
        return wrong("--now", "a date or a time", words->now);
    if (words->infusion.p && !time_parse(words->infusion, &ignored))
        return wrong("--infusion", "a date or a time", words->infusion);
    return whole("--days", words->days, 1, DAYS_MOST, &f->days) &&
           whole("--seed", words->seed, 0, INT64_MAX, &f->seed) &&
           positive("--dose-mg-per-kg", words->dose_mg_per_kg, DOSE_MG_PER_KG_MOST,
                    &f->infusion.dose_mg_per_kg) &&
           (!words->weight_kg.p || positive("--weight-kg", words->weight_kg, 500, &f->weight_kg));
}

static double days_from_origin(const Forecast *f, Str text)
{
    TimeRange when;
    bool read = time_parse(text, &when);
    return read ? (double)(when.from_us - f->origin_us) / (double)US_PER_DAY : NAN;
}

/* Now is the last score, without scores the last dose; the infusion in question is a day later. */
static Err place_in_time(Ctx *c, const Words *words, Forecast *f)
{
    double last_score_d = f->scores.n ? f->scores.at[f->scores.n - 1].time_d : -INFINITY;
    f->now_d = words->now.p  ? days_from_origin(f, words->now)
               : f->scores.n ? last_score_d
               : f->doses.n  ? f->doses.at[f->doses.n - 1].time_d
                             : 0;
    f->infusion.time_d = words->infusion.p ? days_from_origin(f, words->infusion) : f->now_d + 1;
    if (f->now_d < last_score_d)
        return problem(c, ERR_INVALID, S("--now"), "There are scores after it.");
    if (f->infusion.time_d < f->now_d || f->infusion.time_d > f->now_d + KEEP_D)
        return problem(c, ERR_INVALID, S("--infusion"), "It lies within %d days from now on.", KEEP_D);
    const MoodDomain *domain = &f->model->domain;
    for (size_t i = 0; i < f->doses.n; i++)
        if (f->doses.at[i].dose_mg_per_kg > domain->dose_mg_per_kg_max)
            return problem(c, ERR_RULE, f->path,
                           "A dose of %g mg/kg is outside the model's domain, %g mg/kg or less.",
                           f->doses.at[i].dose_mg_per_kg, domain->dose_mg_per_kg_max);
    return OK;
}

/* ---- out: one row a quantity and day ---- */

/* What is not said of a quantity is NAN. */
typedef struct Row {
    const char *quantity;
    double day, mean;
    MoodBand band;
} Row;

typedef struct Output {
    const Forecast *f;
    Arena *a;
    bool any;
} Output;

#define NO_BAND ((MoodBand){ NAN, NAN, NAN, NAN, NAN })

static void print_csv(const Output *out, const Row *row, const double *values, size_t n)
{
    printf("%s,", row->quantity);
    if (!isnan(row->day)) {
        int64_t at_us = out->f->origin_us + (int64_t)((out->f->now_d + row->day) * (double)US_PER_DAY);
        Str date = time_instant(out->a, at_us);
        printf("%g,%.10s", row->day, arena_cstr(out->a, date));
    } else
        printf(",");
    for (size_t i = 0; i < n; i++)
        isnan(values[i]) ? printf(",") : printf(",%.6g", values[i]);
    printf("\n");
}

static void print_json(const Output *out, const Row *row, const double *values, size_t n)
{
    static const char *const names[] = { "mean", "p05", "p25", "p50", "p75", "p95" };
    printf("%s\n  {\"quantity\":\"%s\"", out->any ? "," : "", row->quantity);
    if (!isnan(row->day))
        printf(",\"day\":%g", row->day);
    for (size_t i = 0; i < n; i++)
        if (isinf(values[i]))
            printf(",\"%s\":\"inf\"", names[i]);
        else if (!isnan(values[i]))
            printf(",\"%s\":%.6g", names[i], values[i]);
    printf("}");
}

static void print_row(Output *out, Row row)
{
    const double values[] = {
        row.mean, row.band.p05, row.band.p25, row.band.p50, row.band.p75, row.band.p95
    };
    (out->f->json ? print_json : print_csv)(out, &row, values, sizeof values / sizeof *values);
    out->any = true;
}

static MoodBand ends(MoodChance chance)
{
    return (MoodBand){ chance.p05, NAN, NAN, NAN, chance.p95 };
}

static void print_belief(Output *out, const char *const names[4], const MoodBelief *belief)
{
    print_row(out, (Row){ names[0], NAN, NAN, belief->baseline_points });
    print_row(out, (Row){ names[1], NAN, NAN, belief->expectancy_points });
    print_row(out, (Row){ names[2], NAN, NAN, belief->effect_points });
    print_row(out, (Row){ names[3], NAN, belief->responder_chance, NO_BAND });
}

static void print_beliefs(Output *out, const MoodPosterior *posterior)
{
    static const char *const before[] = { "prior_baseline_points", "prior_expectancy_points",
                                          "prior_effect_points", "prior_responder_chance" };
    static const char *const after[] = { "baseline_points", "expectancy_points", "effect_points",
                                         "responder_chance" };
    MoodPosterior prior = mood_prior(out->a, posterior->model, posterior->seed);
    MoodBelief of_prior = mood_belief(out->a, &prior), belief = mood_belief(out->a, posterior);
    print_row(out, (Row){ "prior_only", NAN, posterior->prior_only, NO_BAND });
    print_row(out, (Row){ "effective_sample", NAN, posterior->effective_n, NO_BAND });
    print_belief(out, before, &of_prior);
    if (!posterior->prior_only)
        print_belief(out, after, &belief);
}

static void print_days(Output *out, const MoodPosterior *posterior, MoodCourse course)
{
    const Forecast *f = out->f;
    size_t n = (size_t)f->days + 1;
    MoodDay *days = arena_new(out->a, MoodDay, n);
    mood_forecast(out->a, posterior, course, f->scale, f->now_d, n, days);
    for (size_t i = 0; i < n; i++) {
        double day = (double)i;
        print_row(out, (Row){ "score", day, NAN, days[i].score });
        print_row(out, (Row){ "madrs_points", day, NAN, days[i].points });
        print_row(out, (Row){ "response_chance", day, days[i].response.mean, ends(days[i].response) });
    }
}

static void print_loss(Output *out, const MoodPosterior *posterior, MoodCourse course)
{
    MoodLoss loss = mood_loss(out->a, posterior, course, out->f->now_d, (int)out->f->days);
    print_row(out, (Row){ "response_now_chance", 0, loss.response_now_chance, NO_BAND });
    print_row(out, (Row){ "loss_day", NAN, NAN, loss.day });
    print_row(out, (Row){ "not_lost_within", (double)loss.within_d, loss.not_within_chance, NO_BAND });
    for (int day = 1; loss.n_with_response > 0 && day <= loss.within_d; day++)
        print_row(out, (Row){ "lost_by", day, loss.lost_by_chance[day], NO_BAND });
}

static void print_keep(Output *out, const MoodPosterior *posterior, MoodCourse course)
{
    MoodKeep keep = mood_keep(out->a, posterior, course, out->f->infusion, out->f->now_d, KEEP_D);
    print_row(out, (Row){ "keep_28_d_without", NAN, keep.without.mean, ends(keep.without) });
    print_row(out, (Row){ "keep_28_d_with", NAN, keep.with.mean, ends(keep.with) });
    print_row(out, (Row){ "keep_28_d_gain", NAN, keep.gain.mean, ends(keep.gain) });
}

static Err forecast(Ctx *c, const Words *words, Forecast *f)
{
    TRY(read_rows(c, f));
    TRY(place_in_time(c, words, f));
    MoodCourse course = { f->doses.at, f->doses.n };
    MoodPosterior posterior = mood_posterior(
        c->arena, f->model, &(MoodHistory){ course, f->scores.at, f->scores.n }, (uint64_t)f->seed);
    Output out = { f, c->arena, false };
    fprintf(stderr, "%.*s.%s\n", STR_ARG(f->model->status),
            posterior.prior_only ? " No scores: this is the population's prior only, not this person." : "");
    printf(f->json ? "[" : "quantity,day,date,mean,p05,p25,p50,p75,p95\n");
    print_beliefs(&out, &posterior);
    print_days(&out, &posterior, course);
    print_loss(&out, &posterior, course);
    print_keep(&out, &posterior, course);
    printf(f->json ? "\n]\n" : "");
    return OK;
}

int cmd_forecast(int argc, char **argv)
{
    Words words = {
        .model = S("clinic"), .scale = S("PHQ-9"), .days = S("28"), .dose_mg_per_kg = S("0.5"), .seed = S("1")
    };
    Operands operands = { 0 };
    const Option options[] = {
        { "--population", "ID", "clinic (usual), or drug-free: as after the trials", .text = &words.model },
        { "--scale", "NAME", "of the forecast score: PHQ-9 (usual), MADRS, QIDS", .text = &words.scale },
        { "--now", "DATE", "from here on (the last score; without scores the last dose)",
          .text = &words.now },
        { "--days", "N", "how far, 1 to 90 (28)", .text = &words.days },
        { "--infusion", "DATE", "the infusion that keep_28_d compares with none (a day from now)",
          .text = &words.infusion },
        { "--dose-mg-per-kg", "X", "its dose (0.5)", .text = &words.dose_mg_per_kg },
        { "--weight-kg", "KG", "for doses that the file gives in mg", .text = &words.weight_kg },
        { "--seed", "N", "of the draws (1): the same seed, the same numbers", .text = &words.seed },
        { "--csv", NULL, "CSV, which is usual", .flag = &words.csv },
        { "--json", NULL, "a JSON list of the same rows", .flag = &words.json },
        { 0 },
    };
    const Usage usage = {
        "euthymia forecast FILE [options]",
        "Prints what a depression score may do in the coming days, from a person's own scores and doses.\n\n"
        "FILE (- is standard input) is CSV with the first row date,what,value; what is PHQ-9, MADRS or QIDS "
        "with a\n"
        "score, or dose_mg_per_kg or dose_mg with an intravenous dose over about 40 min; a dose after now is "
        "planned.\n\n"
        "Each row out is one quantity: 50 % lie between p25 and p75, 90 % between p05 and p95.\n"
        "  prior_..., ..._points    what is believed of the person, before and after the scores\n"
        "  score, madrs_points      by day: as measured, and behind the measurement\n"
        "  response_chance          by day: at most half of the untreated level; the ends are of persons\n"
        "  loss_day                 days until response is lost, if it stands now; inf: not within --days\n"
        "  not_lost_within, lost_by the same as chances\n"
        "  keep_28_d_...            chance of keeping it for 28 days, without and with the infusion, and the "
        "gain\n\n"
        "The model is illustrative: calibrated on published means, never validated for one person.",
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
    Forecast f;
    if (!understand(&words, &f))
        return EXIT_USAGE;
    f.path = operands.at[0];
    return cli_exit(&cli.ctx, forecast(&cli.ctx, &words, &f));
}
