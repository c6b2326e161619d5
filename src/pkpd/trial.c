/* One chunk of patients of one arm at a time: exposure by the population's vectors, then each patient on his
 * own. A patient's number and the trial's seed decide everything about him, and not the arm: arms differ by
 * their doses alone. */
#include "pkpd/trial.h"

#include "pkpd/draw.h"
#include "pkpd/effect.h"

#include <math.h>
#include <omp.h>
#include <string.h>

static const double MIN_PER_D = 1440, MIN_PER_H = 60, NG_PER_ML_OF_MG_PER_L = 1000;
/* The effect site follows plasma by well under a minute: it is looked at when the infusion ends and just
 * after. */
static const double AFTER_END_MIN = 0.5;

static const struct {
    const char *name, *unit;
    SketchScale scale;
} quantities[TRIAL_QUANTITIES] = {
    [TRIAL_DOSE_MG] = { "dose", "mg", SKETCH_LOG },
    [TRIAL_CMAX] = { "Cmax", "ng/mL", SKETCH_LOG },
    [TRIAL_CE_MAX] = { "Ce max, first session", "ng/mL", SKETCH_LOG },
    [TRIAL_AUC] = { "AUC, all doses", "ng h/mL", SKETCH_LOG },
    [TRIAL_C_24_H] = { "C 24 h after the last", "ng/mL", SKETCH_LOG },
    [TRIAL_SYSTOLIC_MAX] = { "systolic max, first session", "mmHg", SKETCH_LINEAR },
    [TRIAL_DISSOCIATION_MAX] = { "dissociation max, first session", "0 to 10", SKETCH_LOG },
};

Str trial_quantity_name(TrialQuantity quantity)
{
    return str_from(quantities[quantity].name);
}

Str trial_quantity_unit(TrialQuantity quantity)
{
    return str_from(quantities[quantity].unit);
}

/* ---- is it a plan ---- */

static void check_range(Ctx *c, Err err, Str path, double value, double least, double most)
{
    if (!(value >= least && value <= most))
        (void)problem(c, err, path, "%g is outside %g to %g.", value, least, most);
}

static void check_arm(Ctx *c, const TrialPlan *plan, size_t i)
{
    const TrialArm *arm = &plan->arms[i];
    const MoodDomain *domain = &plan->mood->domain;
    Str path = arena_fmt(c->arena, "arms[%zu]", i);
    if (arm->dose_mg_per_kg != 0)
        check_range(c, ERR_RULE, arena_fmt(c->arena, "%.*s.dose_mg_per_kg", STR_ARG(path)),
                    arm->dose_mg_per_kg, domain->dose_mg_per_kg_min, domain->dose_mg_per_kg_max);
    check_range(c, ERR_RULE, arena_fmt(c->arena, "%.*s.minutes", STR_ARG(path)), arm->minutes,
                domain->minutes_min, domain->minutes_max);
    check_range(c, ERR_INVALID, arena_fmt(c->arena, "%.*s.n_doses", STR_ARG(path)), arm->n_doses, 1,
                TRIAL_DOSES_MAX);
    if (arm->n_doses > 1)
        check_range(c, ERR_RULE, arena_fmt(c->arena, "%.*s.interval_d", STR_ARG(path)), arm->interval_d,
                    domain->interval_d_min, domain->horizon_d_max);
    check_range(c, ERR_RULE, arena_fmt(c->arena, "%.*s.last_dose_d", STR_ARG(path)),
                arm->interval_d * (arm->n_doses - 1), 0, domain->horizon_d_max);
}

static Err check_plan(Ctx *c, const TrialPlan *plan)
{
    size_t before = c->problems.n;
    check_range(c, ERR_INVALID, S("n_patients"), (double)plan->n_patients, 1, TRIAL_PATIENTS_MAX);
    check_range(c, ERR_INVALID, S("n_arms"), (double)plan->n_arms, 1, TRIAL_ARMS_MAX);
    check_range(c, ERR_INVALID, S("n_days"), (double)plan->n_days, 0, TRIAL_DAYS_MAX);
    for (size_t i = 0; i < plan->n_arms; i++)
        check_arm(c, plan, i);
    for (size_t i = 0; i < plan->n_days && i < TRIAL_DAYS_MAX; i++)
        check_range(c, ERR_RULE, arena_fmt(c->arena, "days[%zu]", i), plan->days[i],
                    i > 0 ? plan->days[i - 1] : 0, plan->mood->domain.horizon_d_max);
    return c->problems.n > before ? c->problems.at[before].err : OK;
}

/* ---- an arm as schedules ---- */

typedef struct Arm {
    const TrialPlan *plan;
    const TrialArm *arm;
    PopulationSchedule schedule;
    MoodCourse course;
    const EffectModel *systolic, *dissociation;
} Arm;

/* Looks: the end of each infusion and just after, and at last 24 h after the last one began. */
static size_t looks_of(const TrialArm *arm)
{
    return 2 * (size_t)arm->n_doses + 1;
}

static Arm arm_of(Arena *a, const TrialPlan *plan, const TrialArm *arm)
{
    size_t n = (size_t)arm->n_doses, n_looks = looks_of(arm);
    PkpdRate *rates = arena_new(a, PkpdRate, n);
    MoodDose *doses = arena_new(a, MoodDose, n);
    double *looks_min = arena_new(a, double, n_looks);
    for (size_t i = 0; i < n; i++) {
        double from_min = (double)i * arm->interval_d * MIN_PER_D, to_min = from_min + arm->minutes;
        rates[i] = (PkpdRate){ from_min, to_min, arm->dose_mg_per_kg / arm->minutes * MIN_PER_H };
        doses[i] = (MoodDose){ (double)i * arm->interval_d, arm->dose_mg_per_kg };
        looks_min[2 * i] = to_min;
        looks_min[2 * i + 1] = to_min + AFTER_END_MIN;
    }
    looks_min[n_looks - 1] = rates[n - 1].from_min + MIN_PER_D;
    PkpdDosing dosing = { .rates = rates, .n_rates = n };
    return (Arm){ .plan = plan,
                  .arm = arm,
                  .schedule = population_schedule(a, &dosing, looks_min, n_looks),
                  .course = { doses, n },
                  .systolic = effect_model(S("systolic")),
                  .dissociation = effect_model(S("dissociation")) };
}

/* ---- one chunk ---- */

/* What differs must not come from the same draws. */
typedef enum Topic { TOPIC_EXPOSURE, TOPIC_MOOD, TOPIC_SCORE, TOPIC_RESTING, TOPIC_EFFECT } Topic;

static uint64_t seed_of(const TrialPlan *plan, Topic topic, uint64_t chunk)
{
    uint32_t word[4], key[2] = { (uint32_t)plan->seed, (uint32_t)(plan->seed >> 32) };
    draw_philox((uint32_t[4]){ (uint32_t)topic, 1, (uint32_t)chunk, (uint32_t)(chunk >> 32) }, key, word);
    return (uint64_t)word[1] << 32 | word[0];
}

/* A thread's room, used again for each chunk. */
typedef struct Desk {
    double *curves;
    EffectDraw *systolic, *dissociation;
    TrialResult result;
} Desk;

static void add_exposure(const Arm *arm, const PopulationRun *run, const Desk *desk, size_t i,
                         TrialResult *result, double *ret_ce_max)
{
    const PopulationStar *star = &arm->plan->population->star;
    PopulationSubject subject = population_star_subject(star, run->seed, run->first_subject + i);
    double dose_mg = arm->arm->dose_mg_per_kg * subject.weight_kg, c_max = 0;
    size_t last = looks_of(arm->arm) - 1;
    for (size_t look = 0; look < last; look += 2)
        c_max = fmax(c_max, desk->curves[population_index(run, 2, i, 0, look)]);
    *ret_ce_max = fmax(desk->curves[population_index(run, 2, i, 1, 0)],
                       desk->curves[population_index(run, 2, i, 1, 1)]);
    sketch_add(&result->quantity[TRIAL_DOSE_MG], dose_mg);
    sketch_add(&result->quantity[TRIAL_CMAX], c_max);
    sketch_add(&result->quantity[TRIAL_CE_MAX], *ret_ce_max);
    sketch_add(&result->quantity[TRIAL_AUC], dose_mg * arm->arm->n_doses * NG_PER_ML_OF_MG_PER_L /
                                                 (subject.parameter[POPULATION_CL_L_PER_MIN] * MIN_PER_H));
    sketch_add(&result->quantity[TRIAL_C_24_H], desk->curves[population_index(run, 2, i, 0, last)]);
}

/* The effect is monotone in the concentration, so its highest is at the highest or at none. */
static double highest(const EffectModel *model, const EffectDraw *person, double ce_max)
{
    return fmax(effect_at(model, person, 0), effect_at(model, person, ce_max));
}

static void add_effects(const Arm *arm, uint64_t resting_seed, uint64_t subject,
                        const EffectDraw *drawn_systolic, const EffectDraw *dissociation, double ce_max,
                        TrialResult *result)
{
    const TrialPopulation *population = arm->plan->population;
    if (ce_max > fmin(arm->systolic->ce_ng_per_ml_max, arm->dissociation->ce_ng_per_ml_max)) {
        result->outside_effects++;
        return;
    }
    EffectDraw systolic = *drawn_systolic;
    systolic.baseline += population->resting_systolic_sd_mmhg * draw_normal(resting_seed, subject, 0);
    double mmhg = highest(arm->systolic, &systolic, ce_max);
    sketch_add(&result->quantity[TRIAL_SYSTOLIC_MAX], mmhg);
    sketch_add(&result->quantity[TRIAL_DISSOCIATION_MAX], highest(arm->dissociation, dissociation, ce_max));
    for (int i = 0; i < 2; i++) {
        result->systolic_passes[i].n++;
        result->systolic_passes[i].passed += mmhg >= population->systolic_limit_mmhg[i];
    }
}

typedef struct Scores {
    const MoodScale *scale;
    const MoodPerson *person;
    uint64_t seed, subject;
    uint32_t next;           /* draw */
    double drift_z, drift_d; /* the illness's own drift in its SD, and when */
} Scores;

/* A score at a time not before the last one's: the mean course, the drift since, the scale's noise, rounded.
 */
static double score_at(Scores *s, double mean_points, double time_d)
{
    double kept = exp(-s->person->drift_per_d * (time_d - s->drift_d));
    s->drift_z = kept * s->drift_z + sqrt(1 - kept * kept) * draw_normal(s->seed, s->subject, s->next++);
    s->drift_d = time_d;
    MoodNormal points = { mean_points + s->person->drift_sd_points * s->drift_z, 0 };
    MoodNormal score = mood_scale_normal(s->scale, s->person, points);
    return mood_score_round(s->scale, score.mean + score.sd * draw_normal(s->seed, s->subject, s->next++));
}

static void add_day(const Arm *arm, double before, double score, TrialDay *day)
{
    const TrialPopulation *population = arm->plan->population;
    sketch_add(&day->score, score);
    sketch_add(&day->change, score - before);
    day->response.n++;
    day->response.passed += before - score >= before * population->response_percent / 100 && before > 0;
    day->remission.n++;
    day->remission.passed += score <= population->remission_most[arm->plan->scale];
}

static void add_mood(const Arm *arm, uint64_t mood_seed, uint64_t score_seed, uint64_t subject,
                     TrialResult *result)
{
    const TrialPlan *plan = arm->plan;
    MoodPerson person = mood_draw_person(plan->mood, mood_seed, subject);
    double points[TRIAL_DAYS_MAX];
    mood_curve(&person, arm->course, plan->days, plan->n_days, points);
    Scores scores = { .scale = &plan->mood->scales[plan->scale],
                      .person = &person,
                      .seed = score_seed,
                      .subject = subject,
                      .drift_d = -INFINITY };
    double before = score_at(&scores, person.baseline_points, 0);
    for (size_t i = 0; i < plan->n_days; i++)
        add_day(arm, before, plan->days[i] > 0 ? score_at(&scores, points[i], plan->days[i]) : before,
                &result->day[i]);
}

static void clear(const TrialPlan *plan, TrialResult *result)
{
    memset(result, 0, sizeof *result);
    for (int i = 0; i < TRIAL_QUANTITIES; i++)
        result->quantity[i].scale = quantities[i].scale;
    for (size_t i = 0; i < plan->n_days; i++)
        result->day[i].score.scale = result->day[i].change.scale = SKETCH_WHOLE;
}

/* Their numbers are good with the concentrations of one drug model only. */
static bool has_effects(const Arm *arm)
{
    Str model = arm->plan->population->model->id;
    return arm->systolic && str_eq(arm->systolic->exposure_model, model) && arm->dissociation &&
           str_eq(arm->dissociation->exposure_model, model);
}

/* effect_virtual() numbers its persons from 0, so each chunk has a seed of its own. */
static void draw_effects(const Arm *arm, uint64_t seed, size_t n, Desk *desk)
{
    effect_virtual(arm->systolic, arm->plan->population->resting_systolic_mean_mmhg, seed, n, desk->systolic);
    effect_virtual(arm->dissociation, NAN, seed, n, desk->dissociation);
}

static void run_chunk(const Arm *arm, uint64_t chunk, Desk *desk)
{
    const TrialPlan *plan = arm->plan;
    uint64_t first = chunk * TRIAL_CHUNK, left = plan->n_patients - first;
    size_t n = left < TRIAL_CHUNK ? (size_t)left : TRIAL_CHUNK;
    PopulationRun run = { .schedule = &arm->schedule,
                          .seed = seed_of(plan, TOPIC_EXPOSURE, 0),
                          .first_subject = first,
                          .n_subjects = n,
                          .path = plan->path,
                          .threads = 1 };
    uint64_t mood_seed = seed_of(plan, TOPIC_MOOD, 0), score_seed = seed_of(plan, TOPIC_SCORE, 0);
    uint64_t resting_seed = seed_of(plan, TOPIC_RESTING, 0);
    clear(plan, &desk->result);
    population_star_effect_curves(&run, &plan->population->star, desk->curves);
    if (has_effects(arm))
        draw_effects(arm, seed_of(plan, TOPIC_EFFECT, chunk), n, desk);
    for (size_t i = 0; i < n; i++) {
        double ce_max;
        add_exposure(arm, &run, desk, i, &desk->result, &ce_max);
        if (has_effects(arm))
            add_effects(arm, resting_seed, first + i, &desk->systolic[i], &desk->dissociation[i], ce_max,
                        &desk->result);
        add_mood(arm, mood_seed, score_seed, first + i, &desk->result);
    }
}

/* ---- all chunks ---- */

static void merge_proportion(Proportion *into, Proportion from)
{
    into->passed += from.passed;
    into->n += from.n;
}

static void merge(const TrialPlan *plan, TrialResult *into, const TrialResult *from)
{
    for (int i = 0; i < TRIAL_QUANTITIES; i++)
        sketch_merge(&into->quantity[i], &from->quantity[i]);
    for (int i = 0; i < 2; i++)
        merge_proportion(&into->systolic_passes[i], from->systolic_passes[i]);
    into->outside_effects += from->outside_effects;
    for (size_t i = 0; i < plan->n_days; i++) {
        sketch_merge(&into->day[i].score, &from->day[i].score);
        sketch_merge(&into->day[i].change, &from->day[i].change);
        merge_proportion(&into->day[i].response, from->day[i].response);
        merge_proportion(&into->day[i].remission, from->day[i].remission);
    }
}

static Desk *desks(Arena *a, const TrialPlan *plan, int n)
{
    size_t most_looks = 0;
    for (size_t i = 0; i < plan->n_arms; i++)
        most_looks = looks_of(&plan->arms[i]) > most_looks ? looks_of(&plan->arms[i]) : most_looks;
    Desk *all = arena_new(a, Desk, n);
    for (int i = 0; i < n; i++) {
        all[i].curves = arena_new(a, double, 2 * most_looks * TRIAL_CHUNK);
        all[i].systolic = arena_new(a, EffectDraw, TRIAL_CHUNK);
        all[i].dissociation = arena_new(a, EffectDraw, TRIAL_CHUNK);
    }
    return all;
}

/* As many chunks at once as there are threads; their statistics are merged in the order of the patients. */
Err trial_run(Ctx *c, const TrialPlan *plan, TrialProgress *progress, void *user, TrialResult *ret_results)
{
    TRY(check_plan(c, plan));
    int n_threads = plan->threads > 0 ? plan->threads : omp_get_num_procs();
    Desk *all_desks = desks(c->arena, plan, n_threads);
    size_t n_chunks = (plan->n_patients + TRIAL_CHUNK - 1) / TRIAL_CHUNK;
    for (size_t i = 0; i < plan->n_arms; i++) {
        Arm arm = arm_of(c->arena, plan, &plan->arms[i]);
        clear(plan, &ret_results[i]);
        for (size_t chunk = 0; chunk < n_chunks; chunk += (size_t)n_threads) {
            int n = n_chunks - chunk < (size_t)n_threads ? (int)(n_chunks - chunk) : n_threads;
#pragma omp parallel for schedule(static, 1) num_threads(n)
            for (int k = 0; k < n; k++)
                run_chunk(&arm, chunk + (uint64_t)k, &all_desks[k]);
            for (int k = 0; k < n; k++)
                merge(plan, &ret_results[i], &all_desks[k].result);
            size_t done = (chunk + (size_t)n) * TRIAL_CHUNK;
            if (progress)
                progress(user, i * plan->n_patients + (done < plan->n_patients ? done : plan->n_patients),
                         plan->n_arms * plan->n_patients);
        }
    }
    return OK;
}
