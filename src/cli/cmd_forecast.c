#include "base/time.h"
#include "cli/cli.h"
#include "cli/course_file.h"
#include "cli/option.h"
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEEP_D = 28, DAYS_MOST = 90 };

/* As it stands on the command line. */
typedef struct Words {
    Str model, scale, now, days, infusion, dose_mg_per_kg, weight_kg, seed;
    bool csv, json;
} Words;

typedef struct Forecast {
    CourseFile file;
    const MoodModel *model;
    MoodScaleId scale;
    double now_d;
    int64_t days, seed;
    MoodDose infusion;
    bool json;
} Forecast;

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
    *f = (Forecast){ .model = mood_model(words->model), .file.weight_kg = NAN, .json = words->json };
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
           positive("--dose-mg-per-kg", words->dose_mg_per_kg, COURSE_DOSE_MG_PER_KG_MOST,
                    &f->infusion.dose_mg_per_kg) &&
           (!words->weight_kg.p || positive("--weight-kg", words->weight_kg, 500, &f->file.weight_kg));
}

/* Now is the last score, without scores the last dose; the infusion in question is a day later. */
static Err place_in_time(Ctx *c, const Words *words, Forecast *f)
{
    double last_score_d = f->file.scores.n ? f->file.scores.at[f->file.scores.n - 1].time_d : -INFINITY;
    f->now_d = words->now.p       ? course_day(&f->file, words->now)
               : f->file.scores.n ? last_score_d
               : f->file.course.n ? f->file.course.at[f->file.course.n - 1].time_d
                                  : 0;
    f->infusion.time_d = words->infusion.p ? course_day(&f->file, words->infusion) : f->now_d + 1;
    if (f->now_d < last_score_d)
        return problem(c, ERR_INVALID, S("--now"), "There are scores after it.");
    if (f->infusion.time_d < f->now_d || f->infusion.time_d > f->now_d + KEEP_D)
        return problem(c, ERR_INVALID, S("--infusion"), "It lies within %d days from now on.", KEEP_D);
    const MoodDomain *domain = &f->model->domain;
    for (size_t i = 0; i < f->file.course.n; i++)
        if (f->file.course.at[i].dose_mg_per_kg > domain->dose_mg_per_kg_max)
            return problem(c, ERR_RULE, f->file.path,
                           "A dose of %g mg/kg is outside the model's domain, %g mg/kg or less.",
                           f->file.course.at[i].dose_mg_per_kg, domain->dose_mg_per_kg_max);
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
        int64_t at_us = out->f->file.origin_us + (int64_t)((out->f->now_d + row->day) * (double)US_PER_DAY);
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
    TRY(course_read(c, f->model, &f->file));
    TRY(place_in_time(c, words, f));
    MoodCourse course = { f->file.course.at, f->file.course.n };
    MoodPosterior posterior = mood_posterior(
        c->arena, f->model, &(MoodHistory){ course, f->file.scores.at, f->file.scores.n }, (uint64_t)f->seed);
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
    f.file.path = operands.at[0];
    return cli_exit(&cli.ctx, forecast(&cli.ctx, &words, &f));
}
