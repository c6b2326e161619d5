#include "pkpd/pkpd.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Persons behind an option's intervals; the posterior's draws are exchangeable, so the first ones do. */
enum { PERSONS = 1000 };
static const double EFFECTIVE_LEAST = 200;
/* Chances closer than this, and costs and drug closer than a tenth, are told apart only after all else. */
static const double CHANCE_STEP = 0.05, AMOUNT_STEP = 1.1;

const AdviceStopRule advice_stop_rule = {
    .early_infusions = 3,
    .end_infusions = 6,
    .early_percent = 20,
    .end_percent = 25,
    .cites =
        "Clinic policy (safety review of the stopping rule): review after 3 to 4 infusions, stop after 6",
    .seen = "policy",
};

/* ---- what a course brings, over persons ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static MoodChance spread(double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    qsort(values, n, sizeof *values, ascending);
    return (MoodChance){ sum / (double)n, values[(size_t)(0.05 * (double)(n - 1) + 0.5)],
                         values[(size_t)(0.95 * (double)(n - 1) + 0.5)] };
}

/* The horizon's days, the mean course of each person without more infusions, and room for one with. */
typedef struct Horizon {
    double *times_d, *without, *with;
    double *benefit, *response;
    size_t days;
} Horizon;

static Horizon horizon(Arena *a, const AdviceCase *q)
{
    size_t days = (size_t)q->horizon_d + 1;
    Horizon h = { arena_new(a, double, days),    arena_new(a, double, days *PERSONS),
                  arena_new(a, double, days),    arena_new(a, double, PERSONS),
                  arena_new(a, double, PERSONS), days };
    for (size_t day = 0; day < days; day++)
        h.times_d[day] = q->first_d + (double)day;
    for (size_t i = 0; i < PERSONS; i++)
        mood_curve(&q->posterior->draws[i].person, q->given, h.times_d, days, h.without + i * days);
    return h;
}

static double mean_difference(const double *higher, const double *lower, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += higher[i] - lower[i];
    return sum / (double)n;
}

/* The given doses and then one every interval until the horizon ends. */
static MoodCourse course_with(Arena *a, const AdviceCase *q, double dose_mg_per_kg, double interval_d,
                              int infusions)
{
    size_t n = q->given.n_doses + (size_t)infusions;
    MoodDose *doses = arena_new(a, MoodDose, n);
    for (size_t i = 0; i < q->given.n_doses; i++)
        doses[i] = q->given.doses[i];
    for (int i = 0; i < infusions; i++)
        doses[q->given.n_doses + (size_t)i] = (MoodDose){ q->first_d + i * interval_d, dose_mg_per_kg };
    return (MoodCourse){ doses, n };
}

static void set_benefit(Arena *a, const AdviceCase *q, const Horizon *h, AdviceOption *option)
{
    MoodCourse course = course_with(a, q, option->dose_mg_per_kg, option->interval_d, option->infusions);
    size_t above = 0;
    for (size_t i = 0; i < PERSONS; i++) {
        const MoodDraw *draw = &q->posterior->draws[i];
        mood_curve(&draw->person, course, h->times_d, h->days, h->with);
        h->benefit[i] = mean_difference(h->without + i * h->days, h->with, h->days);
        h->response[i] =
            mood_response_chance(q->posterior, draw, h->with[h->days - 1], h->times_d[h->days - 1]);
        above += h->benefit[i] > 0;
    }
    option->benefit = spread(h->benefit, PERSONS);
    option->response = spread(h->response, PERSONS);
    option->benefit_above_zero_chance = (double)above / PERSONS;
}

/* ---- options ---- */

static int infusions_within(double horizon_d, double interval_d)
{
    return (int)floor(horizon_d / interval_d + 1e-9) + (fmod(horizon_d, interval_d) > 1e-9);
}

/* In any seven days, the first and the last day not both counted. */
static double infusions_in_7_d(double interval_d)
{
    return ceil(7 / interval_d - 1e-9);
}

/* Absent where the mood model reaches to the option. */
static Str outside(Arena *a, const MoodDomain *domain, const AdviceOption *o)
{
    if (!(o->dose_mg_per_kg >= domain->dose_mg_per_kg_min && o->dose_mg_per_kg <= domain->dose_mg_per_kg_max))
        return arena_fmt(a, "%g mg/kg is outside the mood model's domain, %g to %g mg/kg.", o->dose_mg_per_kg,
                         domain->dose_mg_per_kg_min, domain->dose_mg_per_kg_max);
    if (!(o->minutes >= domain->minutes_min && o->minutes <= domain->minutes_max))
        return arena_fmt(a, "%g min is outside the mood model's domain, %g to %g min.", o->minutes,
                         domain->minutes_min, domain->minutes_max);
    if (!(o->interval_d >= domain->interval_d_min))
        return arena_fmt(a, "An interval of %g d is outside the mood model's domain, %g d or more.",
                         o->interval_d, domain->interval_d_min);
    return STR_NONE;
}

/* Absent where the option is within all limits. */
static Str beyond(Arena *a, const AdviceCase *q, const AdviceOption *o)
{
    const AdviceLimits *most = &q->limits;
    if (o->risks.pressure.p95 > most->pressure_chance)
        return arena_fmt(
            a, "The chance of passing the pressure limit may be %.0f %%; at most %.0f %% is allowed.",
            100 * o->risks.pressure.p95, 100 * most->pressure_chance);
    if (o->risks.dissociation.p95 > most->dissociation_chance)
        return arena_fmt(
            a, "The chance of passing the dissociation limit may be %.0f %%; at most %.0f %% is allowed.",
            100 * o->risks.dissociation.p95, 100 * most->dissociation_chance);
    if (o->exposure_mg > most->exposure_mg)
        return arena_fmt(a, "It would add up to %.0f mg; at most %.0f mg is allowed.", o->exposure_mg,
                         most->exposure_mg);
    if (infusions_in_7_d(o->interval_d) > most->infusions_in_7_d)
        return arena_fmt(a, "%.0f infusions in 7 days; at most %.0f are allowed.",
                         infusions_in_7_d(o->interval_d), most->infusions_in_7_d);
    if (o->cost > most->cost)
        return arena_fmt(a, "It costs %.0f %s; at most %.0f %s is allowed.", o->cost, q->currency, most->cost,
                         q->currency);
    return STR_NONE;
}

typedef struct Builder {
    Arena *a;
    const AdviceCase *q;
    Horizon horizon;
    Advice *advice;
} Builder;

static void refuse(const Builder *b, const AdviceOption *o, Str reason)
{
    b->advice->refused[b->advice->n_refused++] =
        (AdviceRefusal){ o->dose_mg_per_kg, o->minutes, o->interval_d, reason };
}

/* benefit_of: an option of the same dose and interval whose benefit is known, or NULL. */
static const AdviceOption *add_option(const Builder *b, AdviceOption o, const AdviceOption *benefit_of)
{
    const AdviceCase *q = b->q;
    Str why_not = outside(b->a, &q->posterior->model->domain, &o);
    o.dose_mg = o.dose_mg_per_kg * q->dose_weight_kg;
    if (!why_not.p && !q->risks(q->world, o.dose_mg, o.minutes, &o.risks, &why_not))
        why_not = why_not.p ? why_not : S("The acute effects of this dose are not known.");
    if (why_not.p) {
        refuse(b, &o, why_not);
        return benefit_of;
    }
    o.infusions = infusions_within(q->horizon_d, o.interval_d);
    o.exposure_mg = q->given_mg + o.infusions * o.dose_mg;
    o.cost = o.infusions * q->cost_per_infusion;
    if (benefit_of) {
        o.benefit = benefit_of->benefit;
        o.response = benefit_of->response;
        o.benefit_above_zero_chance = benefit_of->benefit_above_zero_chance;
    } else
        set_benefit(b->a, q, &b->horizon, &o);
    o.reason = beyond(b->a, q, &o);
    o.ranked = !o.reason.p;
    b->advice->n_ranked += o.ranked;
    AdviceOption *added = &b->advice->options[b->advice->n++];
    *added = o;
    return added;
}

static void add_options(const Builder *b)
{
    const AdviceGrid *grid = &b->q->grid;
    for (size_t i = 0; i < grid->n_doses; i++)
        for (size_t k = 0; k < grid->n_intervals; k++) {
            const AdviceOption *known = NULL;
            for (size_t j = 0; j < grid->n_minutes; j++)
                known = add_option(b,
                                   (AdviceOption){ .dose_mg_per_kg = grid->doses_mg_per_kg[i],
                                                   .minutes = grid->minutes[j],
                                                   .interval_d = grid->intervals_d[k] },
                                   known);
        }
}

/* ---- the order ---- */

/* What decides between two options, the first that differs: smaller is better. Steps, not values, so that the
 * order has no circles. */
typedef enum Criterion {
    LIMITS,
    BENEFIT,
    PRESSURE,
    DISSOCIATION,
    EXPOSURE,
    COST,
    INFUSIONS,
    CRITERIA
} Criterion;

static double amount_step(double amount)
{
    return amount > 0 ? floor(log(amount) / log(AMOUNT_STEP)) : -INFINITY;
}

static double key(const AdviceOption *o, Criterion criterion)
{
    switch (criterion) {
    case LIMITS:
        return !o->ranked;
    case BENEFIT:
        return o->benefit_step;
    case PRESSURE:
        return floor(o->risks.pressure.mean / CHANCE_STEP);
    case DISSOCIATION:
        return floor(o->risks.dissociation.mean / CHANCE_STEP);
    case EXPOSURE:
        return amount_step(o->exposure_mg);
    case COST:
        return amount_step(o->cost);
    case INFUSIONS:
        return o->infusions;
    case CRITERIA:
        break;
    }
    return 0;
}

static Criterion deciding(const AdviceOption *a, const AdviceOption *b)
{
    Criterion criterion = LIMITS;
    while (criterion < CRITERIA && key(a, criterion) == key(b, criterion))
        criterion++;
    return criterion;
}

/* Options alike in every criterion stand by dose, interval and duration. */
static int compare_options(const void *x, const void *y)
{
    const AdviceOption *a = x, *b = y;
    Criterion criterion = deciding(a, b);
    const double left[] = { key(a, criterion), a->dose_mg_per_kg, -a->interval_d, a->minutes };
    const double right[] = { key(b, criterion), b->dose_mg_per_kg, -b->interval_d, b->minutes };
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

static void set_steps(const AdviceCase *q, Advice *advice)
{
    double best = -INFINITY;
    for (size_t i = 0; i < advice->n; i++)
        if (advice->options[i].ranked)
            best = fmax(best, advice->options[i].benefit.mean);
    for (size_t i = 0; i < advice->n; i++) {
        AdviceOption *o = &advice->options[i];
        o->benefit_step = o->ranked ? (int)floor((best - o->benefit.mean) / q->indifferent_points) : 0;
    }
}

/* ---- the order in words ---- */

static Str told_apart(Arena *a, const AdviceCase *q, const AdviceOption *o, const AdviceOption *next)
{
    switch (deciding(o, next)) {
    case LIMITS:
        return S("the next may pass a limit");
    case BENEFIT:
        return arena_fmt(a, "the next is expected to bring less (%.1f points)", next->benefit.mean);
    case PRESSURE:
        return arena_fmt(a, "its chance of passing the pressure limit is lower (%.0f %% against %.0f %%)",
                         100 * o->risks.pressure.mean, 100 * next->risks.pressure.mean);
    case DISSOCIATION:
        return arena_fmt(a, "its chance of passing the dissociation limit is lower (%.0f %% against %.0f %%)",
                         100 * o->risks.dissociation.mean, 100 * next->risks.dissociation.mean);
    case EXPOSURE:
        return arena_fmt(a, "it adds up to less drug (%.0f mg against %.0f mg)", o->exposure_mg,
                         next->exposure_mg);
    case COST:
        return arena_fmt(a, "it costs less (%.0f %s against %.0f %s)", o->cost, q->currency, next->cost,
                         q->currency);
    case INFUSIONS:
        return arena_fmt(a, "it takes fewer infusions (%d against %d)", o->infusions, next->infusions);
    case CRITERIA:
        break;
    }
    return S("nothing tells it from the next but dose, interval or minutes");
}

static Str said(Arena *a, const AdviceCase *q, const AdviceOption *o, const AdviceOption *next)
{
    Str step = o->benefit_step == 0
                   ? arena_fmt(a, "Its expected benefit is within %g point%s of the best.",
                               q->indifferent_points, q->indifferent_points == 1 ? "" : "s")
                   : arena_fmt(a, "Its expected benefit is %g point%s or more below the best.",
                               o->benefit_step * q->indifferent_points,
                               o->benefit_step * q->indifferent_points == 1 ? "" : "s");
    if (!next)
        return step;
    return arena_fmt(a, "%.*s It stands before the next because %.*s.", STR_ARG(step),
                     STR_ARG(told_apart(a, q, o, next)));
}

static void say_reasons(Arena *a, const AdviceCase *q, Advice *advice)
{
    for (size_t i = 0; i < advice->n_ranked; i++)
        advice->options[i].reason =
            said(a, q, &advice->options[i], i + 1 < advice->n ? &advice->options[i + 1] : NULL);
}

/* ---- together ---- */

static Err check(Ctx *c, const AdviceCase *q)
{
    const MoodDomain *domain = &q->posterior->model->domain;
    size_t options = q->grid.n_doses * q->grid.n_minutes * q->grid.n_intervals;
    assert(q->indifferent_points > 0 && q->first_d >= q->posterior->as_of_d);
    if (!(q->dose_weight_kg > 0))
        return problem(c, ERR_RULE, S("dose_weight_kg"), "The dose weight is not known.");
    if (!(q->horizon_d >= 1 && q->horizon_d <= domain->horizon_d_max))
        return problem(c, ERR_RULE, S("horizon_d"), "The mood model reaches %g days, not %d.",
                       domain->horizon_d_max, q->horizon_d);
    if (options < 1 || options > ADVICE_OPTIONS_MAX)
        return problem(c, ERR_RULE, S("grid"), "%zu options: from 1 to %d are compared.", options,
                       ADVICE_OPTIONS_MAX);
    if (q->posterior->effective_n < EFFECTIVE_LEAST)
        return problem(c, ERR_RULE, S("scores"),
                       "The scores are so unlike the model that nothing is advised (effective sample %.0f).",
                       q->posterior->effective_n);
    return OK;
}

Err advice(Ctx *c, const AdviceCase *question, Advice *ret_advice)
{
    TRY(check(c, question));
    size_t most = question->grid.n_doses * question->grid.n_minutes * question->grid.n_intervals;
    Advice found = { .options = arena_new(c->arena, AdviceOption, most),
                     .refused = arena_new(c->arena, AdviceRefusal, most),
                     .prior_only = question->posterior->prior_only,
                     .status = question->posterior->model->status };
    Builder builder = { c->arena, question, horizon(c->arena, question), &found };
    add_options(&builder);
    set_steps(question, &found);
    qsort(found.options, found.n, sizeof *found.options, compare_options);
    say_reasons(c->arena, question, &found);
    *ret_advice = found;
    return OK;
}

/* ---- the stopping rule ---- */

/* The last score at or before the first dose, and the last of its scale after it; NULL where there is none.
 */
static void baseline_and_present(const MoodHistory *history, const MoodScore **ret_baseline,
                                 const MoodScore **ret_present)
{
    *ret_baseline = *ret_present = NULL;
    if (history->course.n_doses == 0)
        return;
    double first_d = history->course.doses[0].time_d;
    for (size_t i = 0; i < history->n_scores; i++) {
        const MoodScore *score = &history->scores[i];
        if (score->time_d <= first_d)
            *ret_baseline = score;
        else if (*ret_baseline && score->scale == (*ret_baseline)->scale)
            *ret_present = score;
    }
}

static double improvement_percent(const MoodHistory *history)
{
    const MoodScore *baseline, *present;
    baseline_and_present(history, &baseline, &present);
    if (!present || baseline->score == 0)
        return NAN;
    return 100.0 * (baseline->score - present->score) / baseline->score;
}

/* The course continued at its own spacing and last dose until it has so many infusions. */
static MoodCourse continued(Arena *a, MoodCourse course, size_t infusions)
{
    MoodDose *doses = arena_new(a, MoodDose, infusions);
    size_t n = course.n_doses;
    double spacing_d = n > 1 ? (course.doses[n - 1].time_d - course.doses[0].time_d) / (double)(n - 1) : 3.5;
    for (size_t i = 0; i < infusions; i++)
        doses[i] = i < n ? course.doses[i]
                         : (MoodDose){ doses[i - 1].time_d + spacing_d, course.doses[n - 1].dose_mg_per_kg };
    return (MoodCourse){ doses, infusions };
}

static MoodChance response_at_end(Arena *a, const MoodPosterior *posterior, MoodCourse course,
                                  int end_infusions)
{
    MoodChance unknown = { NAN, NAN, NAN };
    if (course.n_doses == 0 || course.n_doses >= (size_t)end_infusions)
        return unknown;
    MoodCourse whole = continued(a, course, (size_t)end_infusions);
    double at_d = fmax(whole.doses[end_infusions - 1].time_d + 3, posterior->as_of_d);
    double *chances = arena_new(a, double, PERSONS);
    for (size_t i = 0; i < PERSONS; i++) {
        const MoodDraw *draw = &posterior->draws[i];
        chances[i] = mood_response_chance(posterior, draw, mood_at(&draw->person, whole, at_d), at_d);
    }
    return spread(chances, PERSONS);
}

static AdviceVerdict verdict(const AdviceStopRule *rule, int infusions, double percent)
{
    if (infusions < rule->early_infusions)
        return ADVICE_NOT_DUE;
    if (isnan(percent))
        return ADVICE_UNKNOWN;
    if (infusions >= rule->end_infusions && percent < rule->end_percent)
        return ADVICE_STOP;
    return percent < rule->early_percent ? ADVICE_DECIDE : ADVICE_GO_ON;
}

static Str verdict_words(Arena *a, const AdviceStopRule *rule, const AdviceStop *stop)
{
    switch (stop->verdict) {
    case ADVICE_NOT_DUE:
        return arena_fmt(a, "The stopping rule asks after %d infusions.", rule->early_infusions);
    case ADVICE_UNKNOWN:
        return S("The stopping rule is due, and cannot be applied: there are no two scores of one scale.");
    case ADVICE_GO_ON:
        return arena_fmt(a, "%.0f %% better than at the baseline: the stopping rule does not ask to stop.",
                         stop->improvement_percent);
    case ADVICE_DECIDE:
        return arena_fmt(a,
                         "%.0f %% better after %d infusions, below %g %%: the prescriber decides to go on, "
                         "change or stop.",
                         stop->improvement_percent, stop->infusions, rule->early_percent);
    case ADVICE_STOP:
        return arena_fmt(a, "%.0f %% better after %d infusions, below %g %%: stopping is the default.",
                         stop->improvement_percent, stop->infusions, rule->end_percent);
    }
    return STR_NONE;
}

AdviceStop advice_stop(Arena *a, const MoodPosterior *posterior, const MoodHistory *history,
                       const AdviceStopRule *rule)
{
    AdviceStop stop = { .infusions = (int)history->course.n_doses,
                        .improvement_percent = improvement_percent(history) };
    stop.verdict = verdict(rule, stop.infusions, stop.improvement_percent);
    stop.response_at_end = response_at_end(a, posterior, history->course, rule->end_infusions);
    stop.words = verdict_words(a, rule, &stop);
    return stop;
}
