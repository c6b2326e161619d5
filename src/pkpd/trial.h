/* A virtual trial: the same virtual patients in every arm, and what each arm does to them, as statistics.
 *
 * The population is a data file (data/populations/ID.json): a drug model, an assumed spread of its
 * parameters, weights, resting pressures, and the limits that count. Exposure comes from population.h,
 * systolic pressure and dissociation from effect.h (of the first session), the depression score from mood.h;
 * docs/models/population.md says how they are put together. Patients are drawn by number in chunks of
 * TRIAL_CHUNK and the chunks' statistics are merged in their order, so the result does not depend on the
 * number of threads, bit for bit.
 *
 *     TrialPlan plan = { .population = trial_population(S("adults-kamp-2020")) };
 *     plan.mood = mood_model(S("clinic"));
 *     plan.arms = arms, plan.n_arms = 2;
 *     plan.days = days, plan.n_days = 3;
 *     plan.n_patients = 10000;
 *     TRY(trial_run(c, &plan, NULL, NULL, results));
 */
#ifndef PKPD_TRIAL_H
#define PKPD_TRIAL_H

#include "pkpd/mood.h"
#include "pkpd/population.h"
#include "pkpd/sketch.h"

/* ---- the population ---- */

/* Where a group of its numbers comes from. */
typedef struct TrialSource {
    Str basis, cites, seen;
} TrialSource;

typedef struct TrialPopulation {
    Str id, title;
    const PkpdModel *model;
    PopulationStar star; /* doses per kg */
    TrialSource spread, weight, resting, limits, remission, response;
    double resting_systolic_mean_mmhg, resting_systolic_sd_mmhg;
    double systolic_limit_mmhg[2];
    double remission_most[MOOD_SCALES]; /* a score at or below is remission */
    double response_percent;            /* a fall by so much or more is response */
    Str hash;
} TrialPopulation;

/* Reads one file; ERR_INVALID with a problem for each fault and its path. Strings live in c's arena. */
MUST_USE Err trial_population_load(Ctx *c, Str json, TrialPopulation *ret_population);
/* Those that are part of the program, in order of their ids; trial_population() NULL for another id. */
const TrialPopulation *trial_populations(size_t *ret_n);
const TrialPopulation *trial_population(Str id);

/* ---- the plan ---- */

typedef struct TrialArm {
    Str name;
    double dose_mg_per_kg; /* 0: placebo, the same sessions without drug */
    double minutes, interval_d;
    int n_doses;
} TrialArm;

enum { TRIAL_CHUNK = 4096, TRIAL_DAYS_MAX = 64, TRIAL_DOSES_MAX = 100, TRIAL_ARMS_MAX = 16 };
enum { TRIAL_PATIENTS_MAX = 10000000 };

typedef struct TrialPlan {
    const TrialPopulation *population;
    const MoodModel *mood;
    MoodScaleId scale;
    const TrialArm *arms;
    size_t n_arms;
    const double *days; /* when scores are taken, from the first dose, ascending; at 0 just before it */
    size_t n_days;
    size_t n_patients;
    uint64_t seed;
    int threads;         /* 0: one a core */
    PopulationPath path; /* of the exposure */
} TrialPlan;

/* ---- the results ---- */

typedef enum TrialQuantity {
    TRIAL_DOSE_MG,          /* one session's */
    TRIAL_CMAX,             /* ng/mL in plasma, the highest of the course, at the end of an infusion */
    TRIAL_CE_MAX,           /* ng/mL at the effect site, the first session's highest */
    TRIAL_AUC,              /* ng h/mL, all doses, to infinity */
    TRIAL_C_24_H,           /* ng/mL in plasma, 24 h after the last infusion began */
    TRIAL_SYSTOLIC_MAX,     /* mmHg, the first session's highest */
    TRIAL_DISSOCIATION_MAX, /* points of 0 to 10, the first session's highest */
    TRIAL_QUANTITIES
} TrialQuantity;

typedef struct TrialDay {
    Sketch score, change; /* change: from the score before the first dose, negative is better */
    Proportion response, remission;
} TrialDay;

typedef struct TrialResult {
    Sketch quantity[TRIAL_QUANTITIES];
    Proportion systolic_passes[2]; /* at or above each limit during the first session */
    uint64_t
        outside_effects; /* patients whose concentration the effect models refuse: in no effect's count */
    TrialDay day[TRIAL_DAYS_MAX];
} TrialResult;

/* "Cmax", and its unit. */
Str trial_quantity_name(TrialQuantity quantity);
Str trial_quantity_unit(TrialQuantity quantity);

/* Called between chunks, from one thread: how many of all patients of all arms are done. */
typedef void TrialProgress(void *user, size_t done, size_t all);

/* ret_results has room for n_arms. ERR_RULE where an arm is outside the mood model's domain (dose, minutes,
 * interval, horizon), ERR_INVALID where the plan is none, both with a problem for each fault. progress: NULL
 * for none. */
MUST_USE Err trial_run(Ctx *c, const TrialPlan *plan, TrialProgress *progress, void *user,
                       TrialResult *ret_results);

#endif
