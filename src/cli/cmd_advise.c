#include "base/time.h"
#include "cli/cli.h"
#include "cli/course_file.h"
#include "cli/option.h"
#include "pkpd/pkpd.h"

#include <math.h>
#include <stdio.h>

enum { HORIZON_D_MOST = 90, CHOICES_MOST = 16, DRAWS = 2000, EXPOSURES_MOST = 240 };

/* As it stands on the command line. */
typedef struct Words {
    Str model, now, first, horizon, weight_kg, age_years, systolic, cost, currency;
    Str doses, minutes, intervals;
    Str systolic_limit, dissociation_limit, pressure_chance, dissociation_chance, exposure_mg, weekly,
        cost_limit, seed;
    bool csv, json;
} Words;

typedef struct Choices {
    double at[CHOICES_MOST];
    size_t n;
} Choices;

/* What the risks of one infusion are computed from. */
typedef struct World {
    Ctx *c;
    PkpdSystem system;
    const EffectModel *systolic, *dissociation;
    EffectDraw *systolic_draws, *dissociation_draws;
    double systolic_limit, dissociation_limit;
    uint64_t seed;
} World;

typedef struct Question {
    CourseFile file;
    const MoodModel *model;
    AdviceCase ask;
    Choices doses, minutes, intervals;
    World world;
    PkpdPatient patient;
    double resting_systolic;
    int64_t horizon_d, seed;
    Str currency;
    bool json;
} Question;

static bool wrong(const char *option, Str text, const char *wanted)
{
    fprintf(stderr, "%s: \"%.*s\": %s\n", option, STR_ARG(text), wanted);
    return false;
}

static bool number(const char *option, Str text, double least, double most, double *ret_value)
{
    char wanted[96];
    if (str_to_double(text, ret_value) && *ret_value >= least && *ret_value <= most)
        return true;
    (void)snprintf(wanted, sizeof wanted, "a number from %g to %g is needed", least, most);
    return wrong(option, text, wanted);
}

static bool whole(const char *option, Str text, int64_t least, int64_t most, int64_t *ret_value)
{
    if (str_to_int(text, ret_value) && *ret_value >= least && *ret_value <= most)
        return true;
    return wrong(option, text, "a whole number in range is needed; see --help");
}

static bool choices(const char *option, Str list, double most, Choices *ret)
{
    for (Str rest = list; rest.p; ret->n++) {
        Str one = str_trim(str_cut(rest, ',', &rest));
        if (ret->n == CHOICES_MOST)
            return wrong(option, list, "at most 16 choices");
        if (!number(option, one, 1e-3, most, &ret->at[ret->n]))
            return false;
    }
    return true;
}

static bool understand(const Words *words, Question *q)
{
    TimeRange ignored;
    AdviceLimits *limits = &q->ask.limits;
    q->model = mood_model(words->model);
    q->json = words->json;
    q->currency = words->currency;
    if (!q->model)
        return wrong("--population", words->model, "drug-free or clinic is needed");
    if (words->csv && words->json)
        return wrong("--json", S("--csv"), "either is needed, not both");
    if (words->now.p && !time_parse(words->now, &ignored))
        return wrong("--now", words->now, "a date or a time is needed");
    if (words->first.p && !time_parse(words->first, &ignored))
        return wrong("--first", words->first, "a date or a time is needed");
    if (!words->weight_kg.p)
        return wrong("--weight-kg", STR_NONE,
                     "the weight is needed: every dose and every risk depends on it");
    if (!words->systolic.p)
        return wrong("--systolic", STR_NONE, "the resting systolic pressure is needed for its risk");
    return number("--weight-kg", words->weight_kg, 20, 300, &q->patient.weight_kg) &&
           number("--age-y", words->age_years, 0, 120, &q->patient.age_years) &&
           number("--systolic", words->systolic, 60, 250, &q->resting_systolic) &&
           whole("--horizon-d", words->horizon, 1, HORIZON_D_MOST, &q->horizon_d) &&
           whole("--seed", words->seed, 0, INT64_MAX, &q->seed) &&
           choices("--doses", words->doses, COURSE_DOSE_MG_PER_KG_MOST, &q->doses) &&
           choices("--minutes", words->minutes, 600, &q->minutes) &&
           choices("--intervals-d", words->intervals, HORIZON_D_MOST, &q->intervals) &&
           number("--cost", words->cost, 0, 1e6, &q->ask.cost_per_infusion) &&
           number("--systolic-limit", words->systolic_limit, 100, 260, &q->world.systolic_limit) &&
           number("--dissociation-limit", words->dissociation_limit, 0, 10, &q->world.dissociation_limit) &&
           number("--pressure-chance", words->pressure_chance, 0, 1, &limits->pressure_chance) &&
           number("--dissociation-chance", words->dissociation_chance, 0, 1, &limits->dissociation_chance) &&
           number("--exposure-mg", words->exposure_mg, 0, 1e5, &limits->exposure_mg) &&
           number("--weekly", words->weekly, 0, 14, &limits->infusions_in_7_d) &&
           number("--cost-limit", words->cost_limit, 0, 1e7, &limits->cost);
}

/* ---- risks of one infusion ---- */

static size_t exposure_of(const World *w, double dose_mg, double minutes, double ce_ng_per_ml[EXPOSURES_MOST])
{
    const PkpdRate rate = { 0, minutes, 60 * dose_mg / minutes };
    const PkpdDosing dosing = { .rates = &rate, .n_rates = 1 };
    size_t n = 0;
    for (double t = 0; t <= minutes + 30 && n < EXPOSURES_MOST; t += fmax(1, minutes / 120))
        ce_ng_per_ml[n++] = pkpd_at(&w->system, &dosing, t).ce_ng_per_ml;
    return n;
}

static Err chance(World *w, const EffectModel *model, const EffectDraw *draws, const EffectExposure *exposure,
                  double limit, MoodChance *ret_chance)
{
    EffectChance found;
    TRY(effect_chance(w->c, model, draws, DRAWS, exposure, limit, w->seed, &found));
    double half = 1.645 * found.true_value_se;
    *ret_chance =
        (MoodChance){ found.true_value, fmax(found.true_value - half, 0), fmin(found.true_value + half, 1) };
    return OK;
}

static bool risks(void *world, double dose_mg, double minutes, AdviceRisks *ret_risks, Str *ret_why_not)
{
    World *w = world;
    double ce_ng_per_ml[EXPOSURES_MOST];
    EffectExposure exposure = { ce_ng_per_ml, exposure_of(w, dose_mg, minutes, ce_ng_per_ml) };
    size_t before = w->c->problems.n;
    if (chance(w, w->systolic, w->systolic_draws, &exposure, w->systolic_limit, &ret_risks->pressure) == OK &&
        chance(w, w->dissociation, w->dissociation_draws, &exposure, w->dissociation_limit,
               &ret_risks->dissociation) == OK)
        return true;
    *ret_why_not =
        w->c->problems.n > before ? w->c->problems.at[before].text : S("Outside the effect models.");
    w->c->problems.n = before; /* told as the option's refusal */
    return false;
}

static Err prepare_risks(Ctx *c, Question *q)
{
    World *w = &q->world;
    w->c = c;
    w->seed = (uint64_t)q->seed;
    w->systolic = effect_model(S("systolic"));
    w->dissociation = effect_model(S("dissociation"));
    TRY(pkpd_system(c, pkpd_model(w->systolic->exposure_model), &q->patient, &w->system));
    w->systolic_draws = arena_new(c->arena, EffectDraw, DRAWS);
    w->dissociation_draws = arena_new(c->arena, EffectDraw, DRAWS);
    effect_virtual(w->systolic, q->resting_systolic, w->seed, DRAWS, w->systolic_draws);
    effect_virtual(w->dissociation, NAN, w->seed + 1, DRAWS, w->dissociation_draws);
    return OK;
}

/* ---- the question ---- */

static Err place_in_time(Ctx *c, const Words *words, Question *q)
{
    const CourseFile *f = &q->file;
    double last_score_d = f->scores.n ? f->scores.at[f->scores.n - 1].time_d : -INFINITY;
    double last_dose_d = f->course.n ? f->course.at[f->course.n - 1].time_d : -INFINITY;
    double now_d = words->now.p ? course_day(f, words->now) : fmax(fmax(last_score_d, last_dose_d), 0);
    if (now_d < last_score_d || now_d < last_dose_d)
        return problem(c, ERR_INVALID, S("--now"),
                       "There are rows after it: advice is on what was given, not planned.");
    q->ask.first_d = words->first.p ? course_day(f, words->first) : now_d + 1;
    return q->ask.first_d < now_d ? problem(c, ERR_INVALID, S("--first"), "It is in the past.") : OK;
}

static void ask(Question *q)
{
    q->ask.given = (MoodCourse){ q->file.course.at, q->file.course.n };
    for (size_t i = 0; i < q->file.course.n; i++)
        q->ask.given_mg += q->file.course.at[i].dose_mg_per_kg * q->patient.weight_kg;
    q->ask.horizon_d = (int)q->horizon_d;
    q->ask.dose_weight_kg = q->patient.weight_kg;
    q->ask.grid =
        (AdviceGrid){ q->doses.at, q->minutes.at, q->intervals.at, q->doses.n, q->minutes.n, q->intervals.n };
    q->ask.risks = risks;
    q->ask.world = &q->world;
    q->ask.indifferent_points = 1;
}

/* ---- out ---- */

/* Reasons are sentences: within quotes, and a quote within them twice. */
static void print_quoted(Str text, bool json)
{
    putchar('"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            putchar(json ? '\\' : '"');
        putchar(text.p[i]);
    }
    putchar('"');
}

static void print_option(const AdviceOption *o, size_t rank, bool json)
{
    static const char *const names[] = { "dose_mg_per_kg",
                                         "dose_mg",
                                         "minutes",
                                         "interval_d",
                                         "infusions",
                                         "benefit_points",
                                         "benefit_p05",
                                         "benefit_p95",
                                         "benefit_above_0_chance",
                                         "response_chance",
                                         "pressure_chance",
                                         "dissociation_chance",
                                         "cost",
                                         "exposure_mg" };
    const double values[] = { o->dose_mg_per_kg,
                              o->dose_mg,
                              o->minutes,
                              o->interval_d,
                              o->infusions,
                              o->benefit.mean,
                              o->benefit.p05,
                              o->benefit.p95,
                              o->benefit_above_zero_chance,
                              o->response.mean,
                              o->risks.pressure.mean,
                              o->risks.dissociation.mean,
                              o->cost,
                              o->exposure_mg };
    if (!json)
        printf("%s,", o->ranked ? "option" : "over_limit");
    else
        printf("%s\n {\"what\":\"%s\"", rank > 1 ? "," : "", o->ranked ? "option" : "over_limit");
    if (!json)
        printf("%zu", rank);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        json ? printf(",\"%s\":%.6g", names[i], values[i]) : printf(",%.6g", values[i]);
    printf(json ? ",\"reason\":" : ",");
    print_quoted(o->reason, json);
    printf(json ? "}" : "\n");
}

static void print_refusal(const AdviceRefusal *r, bool first, bool json)
{
    if (json)
        printf(
            "%s\n "
            "{\"what\":\"refused\",\"dose_mg_per_kg\":%.6g,\"minutes\":%.6g,\"interval_d\":%.6g,\"reason\":",
            first ? "" : ",", r->dose_mg_per_kg, r->minutes, r->interval_d);
    else
        printf("refused,,%.6g,,%.6g,%.6g,,,,,,,,,,,", r->dose_mg_per_kg, r->minutes, r->interval_d);
    print_quoted(r->reason, json);
    printf(json ? "}" : "\n");
}

static void print_advice(const Question *q, const Advice *found)
{
    printf(
        q->json
            ? "["
            : "what,rank,dose_mg_per_kg,dose_mg,minutes,interval_d,infusions,benefit_points,benefit_p05,"
              "benefit_p95,benefit_above_0_chance,response_chance,pressure_chance,dissociation_chance,cost,"
              "exposure_mg,reason\n");
    for (size_t i = 0; i < found->n; i++)
        print_option(&found->options[i], i + 1, q->json);
    for (size_t i = 0; i < found->n_refused; i++)
        print_refusal(&found->refused[i], found->n + i == 0, q->json);
    printf(q->json ? "\n]\n" : "");
}

static Err advise(Ctx *c, const Words *words, Question *q)
{
    Advice found;
    q->file.weight_kg = q->patient.weight_kg;
    q->ask.currency = arena_cstr(c->arena, q->currency);
    TRY(course_read(c, q->model, &q->file));
    TRY(place_in_time(c, words, q));
    TRY(prepare_risks(c, q));
    ask(q);
    MoodHistory history = { q->ask.given, q->file.scores.at, q->file.scores.n };
    MoodPosterior posterior = mood_posterior(c->arena, q->model, &history, (uint64_t)q->seed);
    q->ask.posterior = &posterior;
    TRY(advice(c, &q->ask, &found));
    AdviceStop stop = advice_stop(c->arena, &posterior, &history, &advice_stop_rule);
    fprintf(stderr, "%.*s%s\n%.*s\nRule: %s (%s).\n", STR_ARG(found.status),
            found.prior_only ? " No scores: this is the population's, not this person's." : "",
            STR_ARG(stop.words), advice_stop_rule.cites, advice_stop_rule.seen);
    print_advice(q, &found);
    return OK;
}

int cmd_advise(int argc, char **argv)
{
    Words words = { .model = S("clinic"),
                    .horizon = S("28"),
                    .age_years = S("45"),
                    .cost = S("0"),
                    .currency = S(""),
                    .doses = S("0.3,0.4,0.5,0.75"),
                    .minutes = S("40"),
                    .intervals = S("3.5,7,14,28"),
                    .systolic_limit = S("180"),
                    .dissociation_limit = S("8"),
                    .pressure_chance = S("0.2"),
                    .dissociation_chance = S("0.5"),
                    .exposure_mg = S("100000"),
                    .weekly = S("3"),
                    .cost_limit = S("10000000"),
                    .seed = S("1") };
    Operands operands = { 0 };
    const Option options[] = {
        { "--weight-kg", "KG", "of the person: needed", .text = &words.weight_kg },
        { "--systolic", "MMHG", "resting systolic pressure: needed", .text = &words.systolic },
        { "--age-y", "YEARS", "of the person (45)", .text = &words.age_years },
        { "--population", "ID", "clinic (usual), or drug-free: as after the trials", .text = &words.model },
        { "--now", "DATE", "the file ends there (its last row)", .text = &words.now },
        { "--first", "DATE", "when the next infusion could be (a day after now)", .text = &words.first },
        { "--horizon-d", "N", "over how many days options are compared, 1 to 90 (28)",
          .text = &words.horizon },
        { "--doses", "LIST", "mg/kg (0.3,0.4,0.5,0.75)", .text = &words.doses },
        { "--minutes", "LIST", "of one infusion (40)", .text = &words.minutes },
        { "--intervals-d", "LIST", "days between infusions (3.5,7,14,28)", .text = &words.intervals },
        { "--cost", "X", "of one infusion (0)", .text = &words.cost },
        { "--currency", "CODE", "that it is in", .text = &words.currency },
        { "--systolic-limit", "MMHG", "the limit whose passing is a risk (180)",
          .text = &words.systolic_limit },
        { "--dissociation-limit", "X", "the same of dissociation, 0 to 10 (8)",
          .text = &words.dissociation_limit },
        { "--pressure-chance", "P", "over this chance an option is not ranked (0.2)",
          .text = &words.pressure_chance },
        { "--dissociation-chance", "P", "the same of dissociation (0.5)",
          .text = &words.dissociation_chance },
        { "--exposure-mg", "MG", "given and planned together (no limit)", .text = &words.exposure_mg },
        { "--weekly", "N", "infusions in 7 days at most (3)", .text = &words.weekly },
        { "--cost-limit", "X", "of the whole option (no limit)", .text = &words.cost_limit },
        { "--seed", "N", "of the draws (1): the same seed, the same numbers", .text = &words.seed },
        { "--csv", NULL, "CSV, which is usual", .flag = &words.csv },
        { "--json", NULL, "a JSON list of the same rows", .flag = &words.json },
        { 0 },
    };
    const Usage usage = {
        "euthymia advise FILE --weight-kg KG --systolic MMHG [options]",
        "Ranks doses, durations and intervals for the coming weeks, from a person's own scores and doses. It "
        "proposes "
        "and\nnever decides.\n\n"
        "FILE (- is standard input) is CSV with the first row date,what,value, as for `euthymia "
        "forecast`.\n\n"
        "Each row out is one option with its interval, best first: expected benefit in MADRS points against "
        "no further\n"
        "infusion (90 % lie between p05 and p95), chances, cost, exposure, and the reason for its place. "
        "over_limit: may\n"
        "pass a limit, not ranked. refused: outside a model's domain. The published stopping rule stands on "
        "standard "
        "error.\n\n"
        "The models are illustrative: calibrated on published means, never validated for one person.",
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
    Question q = { .file.path = operands.at[0] };
    if (!understand(&words, &q))
        return EXIT_USAGE;
    return cli_exit(&cli.ctx, advise(&cli.ctx, &words, &q));
}
