/* Acute effects: the calibration against the figures as the papers print them, the posterior against plain
 * weighting of prior draws, and whether its intervals hold what they promise on virtual patients. The full
 * simulation-based calibration runs where EUTHYMIA_LONG is set. */
#include "pkpd/pkpd.h"

#include "base/embed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static Ctx test_ctx;

static int setup(void **state)
{
    (void)state;
    test_ctx = (Ctx){ .arena = arena_create(512 * 1024 * 1024) };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(test_ctx.arena);
    return 0;
}

static void forget(void)
{
    arena_reset(test_ctx.arena);
    test_ctx.problems = (Problems){ 0 };
}

static void assert_within(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: got %.6g, want %.6g within %g", what, got, want, tolerance);
}

static const EffectModel *model_of(const char *id)
{
    const EffectModel *model = effect_model(str_from(id));
    assert_non_null(model);
    return model;
}

static EffectModel in_setting(const char *id, const char *name)
{
    EffectModel model;
    assert_true(effect_in_setting(model_of(id), str_from(name), &model));
    return model;
}

/* What one source alone says: nothing is added for other trials. */
static EffectModel one_trial(const char *id)
{
    EffectModel model = *model_of(id);
    model.parameter[EFFECT_TRIAL_SD].value = 0;
    return model;
}

static double number_of(const EffectModel *model, EffectParameter parameter)
{
    return model->parameter[parameter].value;
}

static PkpdSystem kamp(void)
{
    PkpdSystem system;
    assert_int_equal(pkpd_system(&test_ctx, pkpd_model(S("kamp-2020")),
                                 &(PkpdPatient){ .age_years = 40, .weight_kg = 70 }, &system),
                     OK);
    return system;
}

static double ce_of_system(const PkpdSystem *system, double dose_mg, double time_min)
{
    PkpdRate rate = { .from_min = 0, .to_min = 40, .rate_mg_per_h = dose_mg * 60 / 40 };
    return pkpd_at(system, &(PkpdDosing){ .rates = &rate, .n_rates = 1 }, time_min).ce_ng_per_ml;
}

static double ce_at(double dose_mg, double time_min)
{
    PkpdSystem system = kamp();
    return ce_of_system(&system, dose_mg, time_min);
}

enum { CUFF = 7, RATED = 6 };
static const double cuff_min[CUFF] = { 10, 20, 30, 40, 55, 70, 85 };
static const double rated_min[RATED] = { 15, 30, 40, 55, 70, 85 };

static void exposure_of(const double *times_min, size_t n, double *ret_ce)
{
    for (size_t i = 0; i < n; i++)
        ret_ce[i] = ce_at(35, times_min[i]);
}

static const char *const ids[] = { "cadss",  "diastolic", "dissociation", "heart-rate",
                                   "nausea", "sedation",  "systolic" };
enum { EFFECTS = sizeof ids / sizeof *ids };

/* ---- the files ---- */

static void each_number_says_where_it_comes_from(void **state)
{
    (void)state;
    size_t n;
    const EffectModel *models = effect_models(&n);
    assert_int_equal(n, EFFECTS);
    for (size_t i = 0; i < n; i++) {
        assert_true(str_is(models[i].id, ids[i]));
        assert_non_null(pkpd_model(models[i].exposure_model));
        for (int k = 0; k < EFFECT_PARAMETERS; k++) {
            const EffectNumber *number = &models[i].parameter[k];
            assert_true(isnan(number->value) || (!str_empty(number->cites) && !str_empty(number->seen)));
            assert_int_equal(isnan(number->value), str_empty(number->basis));
        }
    }
}

/* The file with its first `old` replaced. */
static Str spoilt(Str file, const char *old, const char *new)
{
    const char *text = arena_cstr(test_ctx.arena, file), *at = strstr(text, old);
    assert_non_null(at);
    return arena_fmt(test_ctx.arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static void a_fault_in_a_file_is_told_with_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *file, *old, *new, *path;
    } faults[] = {
        { "systolic", "\"unit\": \"mmHg\"", "\"unit\": \"kPa\"", "parameters[0].unit" },
        { "systolic", "mmHg per 100 ng/mL", "mmHg per mg", "parameters[0].unit" },
        { "systolic", "\"value\": 2.668", "\"value\": 266.8", "parameters[0].value" },
        { "systolic", "\"value\": 2.668", "\"value\": \"2.668\"", "parameters[0].value" },
        { "systolic", "\"basis\": \"calibrated on means\"", "\"basis\": \"guessed\"", "parameters[0].basis" },
        { "systolic", "\"cites\": \"Riva", "\"cited\": \"Riva", "parameters[0].cites" },
        { "systolic", "\"name\": \"trial_sd\"", "\"name\": \"slope\"", "parameters[1].name" },
        { "systolic", "\"name\": \"slope\"", "\"name\": \"C50\"", "parameters[0].name" },
        { "systolic", "\"slope\": 1.287", "\"slope\": -1", "settings[0].slope" },
        { "systolic", "\"ce_ng_per_ml_max\": 550", "\"ce_ng_per_ml_max\": 0", "domain.ce_ng_per_ml_max" },
        { "systolic", "\"structure\": \"vital\"", "\"structure\": \"vitals\"", "structure" },
        { "cadss", "\"sensitivity\": \"log-normal\"", "\"sensitivity\": \"normal\"", "sensitivity" },
        { "cadss", "\"most\": 92", "\"most\": 92.5", "most" },
        { "cadss", "\"name\": \"hill\"", "\"name\": \"Hill\"", "parameters[1].name" },
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        Str file = embedded_file(arena_fmt(test_ctx.arena, "data/effects/%s.json", faults[i].file));
        EffectModel model;
        assert_int_equal(effect_model_load(&test_ctx, file, &model), OK);
        Str bad = spoilt(file, faults[i].old, faults[i].new);
        assert_int_equal(effect_model_load(&test_ctx, bad, &model), ERR_INVALID);
        bool told = false;
        for (size_t k = 0; k < test_ctx.problems.n; k++)
            told = told || str_is(test_ctx.problems.at[k].path, faults[i].path);
        if (!told)
            fail_msg("no problem at %s", faults[i].path);
        forget();
    }
}

/* ---- the published figures ---- */

enum { MANY = 20000 };
static EffectDraw many[MANY];

typedef struct Moments {
    double mean, sd;
} Moments;

static Moments moments(const double *values, size_t n)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - sum / (double)n) * (values[i] - sum / (double)n);
    return (Moments){ sum / (double)n, sqrt(squares / (double)(n - 1)) };
}

/* Readings less the resting reading, of many virtual patients: at one time, or the largest of all times. */
static Moments rises(const EffectModel *model, const double *times_min, size_t n_times)
{
    static double rise[MANY];
    double ce[CUFF];
    exposure_of(times_min, n_times, ce);
    effect_virtual(model, 120, 1, MANY, many);
    for (size_t i = 0; i < MANY; i++) {
        rise[i] = -INFINITY;
        for (size_t t = 0; t < n_times; t++) {
            double noise = number_of(model, EFFECT_READING_SD) * draw_normal(99, i, (uint32_t)t);
            rise[i] = fmax(rise[i], effect_at(model, &many[i], ce[t]) + noise - 120);
        }
    }
    return moments(rise, MANY);
}

/* Riva-Posse 2018 (Emory): 3.28/3.17 at 30 min. Zhou: 7.4/6.0, pulse 1.9. Yale 2024: 16.0 (SD 11.2) / 11.0
 * (SD 8.45) at 40 min. Vankawala 2021: pulse 4.09. These are means of readings at one time. Tolerance: four
 * standard errors of 20,000 virtual patients, about 0.3 mmHg. */
static void mean_rises_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        const char *id, *setting;
        double time_min, mean, sd;
    } figures[] = {
        { "systolic", "Emory", 30, 3.28, NAN }, { "systolic", "Zhou", 40, 7.4, NAN },
        { "systolic", "Yale", 40, 16.0, 11.2 }, { "diastolic", "Emory", 30, 3.17, NAN },
        { "diastolic", "Zhou", 40, 6.0, NAN },  { "diastolic", "Yale", 40, 11.0, 8.45 },
        { "heart-rate", "Zhou", 40, 1.9, NAN }, { "heart-rate", "meta-analysis", 40, 4.09, NAN },
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        EffectModel model = in_setting(figures[i].id, figures[i].setting);
        Moments rise = rises(&model, &figures[i].time_min, 1);
        assert_within(rise.mean, figures[i].mean, 0.3, figures[i].setting);
        if (!isnan(figures[i].sd))
            assert_within(rise.sd, figures[i].sd, 0.4, figures[i].setting);
    }
}

/* Wan 2015: individual peaks of 19.6/13.4, a larger thing than a mean at one time, from patients who are as
 * those at Yale. And the peak of the smaller trial's patients is far below it: the trials do disagree. */
static void mean_individual_peaks_are_the_published_ones(void **state)
{
    (void)state;
    EffectModel systolic = in_setting("systolic", "Yale"), diastolic = in_setting("diastolic", "Yale"),
                emory = in_setting("systolic", "Emory");
    assert_within(rises(&systolic, cuff_min, CUFF).mean, 19.6, 0.4, "systolic");
    assert_within(rises(&diastolic, cuff_min, CUFF).mean, 13.4, 0.4, "diastolic");
    assert_true(rises(&emory, cuff_min, CUFF).mean < 13);
}

/* van Schalkwyk 2018: CADSS 7.7 (SD 9.2), taken as that of 40 min. */
static void cadss_scores_are_the_published_ones(void **state)
{
    (void)state;
    static double scores[MANY];
    EffectModel model = one_trial("cadss");
    double ce = ce_at(35, 40);
    effect_virtual(&model, NAN, 2, MANY, many);
    for (size_t i = 0; i < MANY; i++) {
        double share = effect_at(&model, &many[i], ce) / 92;
        double noisy =
            log(share / (1 - share)) + number_of(&model, EFFECT_READING_SD) * draw_normal(98, i, 0);
        scores[i] = round(92 / (1 + exp(-noisy)));
    }
    Moments score = moments(scores, MANY);
    assert_within(score.mean, 7.7, 0.3, "mean");
    assert_within(score.sd, 9.2, 0.4, "SD");
}

/* The largest distance from rest that any of a session's ratings shows. */
static double worst_points(const EffectModel *model, double sensitivity, const double *ce, size_t person,
                           uint32_t session)
{
    EffectDraw draw = effect_typical(model, NAN);
    draw.sensitivity = sensitivity;
    double worst = 0;
    for (uint32_t t = 0; t < RATED; t++) {
        double value = effect_at(model, &draw, ce[t]), points = model->falls ? model->most - value : value;
        double share = points / model->most;
        double noisy = log(share / (1 - share)) +
                       number_of(model, EFFECT_READING_SD) * draw_normal(97, person, session * RATED + t);
        worst = fmax(worst, round(model->most / (1 + exp(-noisy))));
    }
    return worst;
}

/* Share of patients who reach the points in any of n sessions. */
static double share_reaching(const EffectModel *model, double points, uint32_t n)
{
    double ce[RATED];
    exposure_of(rated_min, RATED, ce);
    effect_virtual(model, NAN, 3, MANY, many);
    size_t reached = 0;
    for (size_t i = 0; i < MANY; i++) {
        bool any = false;
        for (uint32_t k = 0; k < n && !any; k++) {
            double occasion = number_of(model, EFFECT_OCCASION_SD) * draw_normal(96, i, k);
            any = worst_points(model, many[i].person + occasion, ce, i, k) >= points;
        }
        reached += any;
    }
    return (double)reached / MANY;
}

/* SPRAVATO label: MOAA/S below 5 in 48 to 61 % of patients, 0 in 0.3 to 0.4 %; CADSS above 4 in 61 to 84 %;
 * nausea in 98 of 346. REMS: sedation in 34.7 % of sessions. Pooled phase 3: nausea in 14.0 % in week 1. */
static void shares_of_patients_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        double points, least, most;
        uint32_t sessions;
    } figures[] = {
        { "sedation", 1, 0.48, 0.61, 8 },     { "sedation", 1, 0.337, 0.357, 1 },
        { "sedation", 5, 0.0015, 0.0055, 8 }, { "cadss", 5, 0.61, 0.84, 8 },
        { "nausea", 1, 0.27, 0.30, 8 },       { "nausea", 1, 0.13, 0.15, 2 },
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        EffectModel model = one_trial(figures[i].id);
        double share = share_reaching(&model, figures[i].points, figures[i].sessions);
        if (!(share >= figures[i].least && share <= figures[i].most))
            fail_msg("%s: %g is not %g to %g", figures[i].id, share, figures[i].least, figures[i].most);
    }
}

/* Simons 2022 part 2: drug high is half of its largest at 71 ng/mL of S-ketamine, 142 of the racemate. */
static void the_published_c50_is_half_way(void **state)
{
    (void)state;
    const EffectModel *model = model_of("dissociation");
    EffectDraw typical = effect_typical(model, NAN);
    assert_within(effect_at(model, &typical, 2 * 71), 5, 0.05, "score");
}

/* ---- what must hold for any numbers ---- */

static double resting(const EffectModel *model)
{
    return model->scale ? NAN : 110;
}

static void a_larger_dose_does_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < EFFECTS; i++) {
        const EffectModel *model = model_of(ids[i]);
        EffectDraw typical = effect_typical(model, resting(model));
        double direction = model->falls ? -1 : 1, before = effect_at(model, &typical, 0);
        for (double ce = 5; ce <= 550; ce += 5) {
            double now = effect_at(model, &typical, ce);
            assert_true(direction * (now - before) > 0);
            before = now;
        }
    }
}

static EffectChance chance_of(const EffectModel *model, double baseline, double dose_mg, double limit)
{
    double ce[CUFF];
    for (size_t i = 0; i < CUFF; i++)
        ce[i] = ce_at(dose_mg, cuff_min[i]);
    EffectChance chance;
    effect_virtual(model, baseline, 5, 4000, many);
    EffectExposure exposure = { ce, CUFF };
    assert_int_equal(effect_chance(&test_ctx, model, many, 4000, &exposure, limit, 5, &chance), OK);
    return chance;
}

static void a_larger_dose_or_baseline_passes_a_limit_more_often(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        double baseline, limit;
    } limits[] = { { "systolic", 130, 160 }, { "systolic", 130, 180 }, { "diastolic", 80, 100 },
                   { "diastolic", 80, 110 }, { "cadss", NAN, 30 },     { "sedation", NAN, 3 } };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const EffectModel *model = model_of(limits[i].id);
        EffectChance before = chance_of(model, limits[i].baseline, 7, limits[i].limit);
        for (double dose_mg = 14; dose_mg <= 70; dose_mg += 7) {
            EffectChance now = chance_of(model, limits[i].baseline, dose_mg, limits[i].limit);
            assert_true(now.true_value >= before.true_value && now.reading >= before.reading);
            before = now;
        }
        assert_true(before.true_value > 0 && before.true_value < 1 && before.true_value_se < 0.01);
    }
    const EffectModel *systolic = model_of("systolic");
    assert_true(chance_of(systolic, 145, 35, 160).reading > chance_of(systolic, 125, 35, 160).reading + 0.1);
}

/* With one time and no noise that matters, the chance is a normal probability of the logarithm. */
static void a_chance_is_what_the_distribution_says(void **state)
{
    (void)state;
    EffectModel model = *model_of("systolic");
    model.parameter[EFFECT_BASELINE_SD].value = 1e-9;
    double ce = ce_at(35, 40), needed = log(30 / (number_of(&model, EFFECT_SLOPE) * ce / 100));
    double sd = hypot(hypot(number_of(&model, EFFECT_PATIENT_SD), number_of(&model, EFFECT_TRIAL_SD)),
                      number_of(&model, EFFECT_OCCASION_SD));
    effect_virtual(&model, 130, 7, MANY, many);
    EffectChance chance;
    EffectExposure exposure = { &ce, 1 };
    assert_int_equal(effect_chance(&test_ctx, &model, many, MANY, &exposure, 160, 7, &chance), OK);
    assert_within(chance.true_value, normal_cdf(-needed / sd), 4 * chance.true_value_se, "chance");
}

static void bands_hold_what_they_say(void **state)
{
    (void)state;
    const EffectModel *model = model_of("diastolic");
    double ce[2] = { ce_at(35, 20), ce_at(35, 40) };
    EffectBand truth[2], read[2];
    EffectExposure exposure = { ce, 2 };
    effect_virtual(model, 80, 11, MANY, many);
    assert_int_equal(effect_bands(&test_ctx, model, many, MANY, &exposure, EFFECT_TRUE_VALUE, 11, truth), OK);
    assert_int_equal(effect_bands(&test_ctx, model, many, MANY, &exposure, EFFECT_READING, 11, read), OK);
    for (int t = 0; t < 2; t++) {
        size_t inside = 0;
        for (size_t i = 0; i < MANY; i++) {
            double value = effect_at(model, &many[i], ce[t]);
            inside += value >= truth[t].p25 && value <= truth[t].p75;
        }
        assert_within((double)inside / MANY, 0.5, 1e-3, "50 % band");
        assert_true(truth[t].p05 < truth[t].p25 && truth[t].p25 < truth[t].p50);
        assert_true(read[t].p95 - read[t].p05 > truth[t].p95 - truth[t].p05);
    }
}

static void values_stay_on_their_scale(void **state)
{
    (void)state;
    static const double sensitivities[] = { -50, -5, 0, 5, 50 }, ces[] = { 0, 1e-6, 100, 550 };
    for (size_t i = 0; i < EFFECTS; i++) {
        const EffectModel *model = model_of(ids[i]);
        const double baselines[] = { model->least, model->most, resting(model) };
        for (size_t b = 0; b < 3; b++)
            for (size_t s = 0; s < 5; s++)
                for (size_t k = 0; k < 4; k++) {
                    EffectDraw draw = effect_typical(model, baselines[b]);
                    draw.sensitivity = sensitivities[s];
                    double value = effect_at(model, &draw, ces[k]);
                    assert_true(value >= model->least && value <= model->most);
                }
    }
}

/* A pressure so low that noise would take it below nothing. */
static void a_reading_is_never_negative(void **state)
{
    (void)state;
    const EffectModel *model = model_of("diastolic");
    double ce = 0;
    EffectBand band;
    EffectExposure exposure = { &ce, 1 };
    effect_virtual(model, 1, 3, 1000, many);
    assert_int_equal(effect_bands(&test_ctx, model, many, 1000, &exposure, EFFECT_READING, 3, &band), OK);
    assert_true(band.p05 == 0 && band.p95 > 0);
}

static void two_effects_draw_independently_and_repeatably(void **state)
{
    (void)state;
    static EffectDraw systolic[2000], diastolic[2000], again[2000];
    effect_virtual(model_of("systolic"), 120, 42, 2000, systolic);
    effect_virtual(model_of("diastolic"), 80, 42, 2000, diastolic);
    effect_virtual(model_of("systolic"), 120, 42, 1500, again);
    double product = 0, a2 = 0, b2 = 0;
    for (size_t i = 0; i < 2000; i++) {
        product += systolic[i].sensitivity * diastolic[i].sensitivity;
        a2 += systolic[i].sensitivity * systolic[i].sensitivity;
        b2 += diastolic[i].sensitivity * diastolic[i].sensitivity;
    }
    assert_true(fabs(product / sqrt(a2 * b2)) < 0.08);
    assert_memory_equal(systolic, again, sizeof *again * 1500);
}

static void what_lies_outside_is_refused(void **state)
{
    (void)state;
    const EffectModel *systolic = model_of("systolic"), *cadss = model_of("cadss");
    PkpdSystem system = kamp();
    PkpdRate rate = { 0, 40, 52.5 }, much = { 0, 40, 150 };
    double t_min = 40, value;
    EffectDraw typical = effect_typical(systolic, 120), nobody = effect_typical(systolic, NAN);
    PkpdDosing usual = { .rates = &rate, .n_rates = 1 }, large = { .rates = &much, .n_rates = 1 };
    assert_int_equal(effect_course(&test_ctx, systolic, &typical, &system, &usual, &t_min, 1, &value), OK);
    assert_within(value, 120 + 2.668 * 2.528, 0.05, "typical rise"); /* 252.8 ng/mL: the reference's S2 */
    assert_int_equal(effect_course(&test_ctx, systolic, &typical, &system, &large, &t_min, 1, &value),
                     ERR_RULE);
    assert_int_equal(effect_course(&test_ctx, systolic, &nobody, &system, &usual, &t_min, 1, &value),
                     ERR_INVALID);
    const EffectReading half = { 250, 7.5 }, over = { 250, 93 }, far = { 551, 7 };
    const EffectReading *bad[] = { &half, &over, &far };
    for (int i = 0; i < 3; i++) {
        forget();
        EffectSession sessions[] = { { NAN, NULL, 0 }, { NAN, bad[i], 1 } };
        EffectPosterior posterior;
        assert_int_equal(effect_posterior(&test_ctx, cadss, sessions, 2, &posterior),
                         i < 2 ? ERR_INVALID : ERR_RULE);
        assert_true(str_is(test_ctx.problems.at[0].path, "sessions[1].readings[0]"));
    }
}

static void the_chance_of_either_lies_within_its_bounds(void **state)
{
    (void)state;
    assert_within(effect_either_least(0.2, 0.3), 0.3, 0, "together");
    assert_within(effect_either_most(0.2, 0.3), 0.5, 0, "apart");
    assert_within(effect_either_most(0.8, 0.3), 1, 0, "certain");
}

/* ---- the posterior ---- */

static EffectPosterior posterior_of(const EffectModel *model, const EffectSession *sessions, size_t n)
{
    EffectPosterior posterior;
    assert_int_equal(effect_posterior(&test_ctx, model, sessions, n, &posterior), OK);
    return posterior;
}

static void without_readings_it_is_the_prior(void **state)
{
    (void)state;
    for (size_t i = 0; i < EFFECTS; i++) {
        const EffectModel *model = model_of(ids[i]);
        EffectSession sessions[] = { { resting(model), NULL, 0 }, { resting(model), NULL, 0 } };
        EffectPosterior posterior = posterior_of(model, sessions, 2);
        assert_true(posterior.prior_only && posterior.n_readings == 0 && posterior.n_outliers == 0);
        assert_within(posterior.sensitivity.mean, 0, 1e-9, "mean");
        assert_within(posterior.person.shrinkage, 1, 1e-6, "person");
        assert_within(posterior.occasion.shrinkage, 1, 1e-3, "occasion");
        assert_within(posterior.person.p95, 1.6449 * posterior.person.prior_sd,
                      0.01 * posterior.person.prior_sd, "p95");
        if (!model->scale)
            assert_within(posterior.baseline.sd, number_of(model, EFFECT_BASELINE_SD), 1e-6, "baseline");
    }
}

/* The same by weighting prior draws with a likelihood written here: the baseline is drawn, not integrated. */
static double weight_of_session(const EffectModel *model, const EffectSession *session, double s,
                                double z_rest)
{
    double log_weight = 0, sd = number_of(model, EFFECT_READING_SD);
    EffectDraw draw = effect_typical(model, session->baseline);
    draw.sensitivity = s;
    if (!model->scale)
        draw.baseline += number_of(model, EFFECT_BASELINE_SD) * z_rest;
    for (size_t j = 0; j < session->n; j++) {
        double k = session->readings[j].value,
               value = effect_at(model, &draw, session->readings[j].ce_ng_per_ml);
        if (!model->scale) {
            log_weight -= (k - value) * (k - value) / (2 * sd * sd);
            continue;
        }
        double most = model->most, logit = log(value / (most - value));
        double below = k == 0 ? 0 : normal_cdf((log((k - 0.5) / (most - k + 0.5)) - logit) / sd);
        double up_to = k == most ? 1 : normal_cdf((log((k + 0.5) / (most - k - 0.5)) - logit) / sd);
        log_weight += log(up_to - below);
    }
    return exp(log_weight);
}

typedef struct Weighted {
    double person, person_sd, s, s_sd, baseline;
} Weighted;

static Weighted by_weighting(const EffectModel *model, const EffectSession *sessions, size_t n, size_t draws)
{
    double sum = 0, p = 0, p2 = 0, s1 = 0, s2 = 0, b = 0;
    double person_sd = hypot(number_of(model, EFFECT_PATIENT_SD), number_of(model, EFFECT_TRIAL_SD));
    for (size_t i = 0; i < draws; i++) {
        double person = person_sd * draw_normal(5, i, 0), s = 0, weight = 1, z = 0;
        for (size_t k = 0; k < n; k++) {
            s = person + number_of(model, EFFECT_OCCASION_SD) * draw_normal(5, i, (uint32_t)(1 + 2 * k));
            z = draw_normal(5, i, (uint32_t)(2 + 2 * k));
            weight *= weight_of_session(model, &sessions[k], s, z);
        }
        sum += weight;
        p += weight * person;
        p2 += weight * person * person;
        s1 += weight * s;
        s2 += weight * s * s;
        b += weight * z;
    }
    p /= sum;
    s1 /= sum;
    double rest_sd = model->scale ? 0 : number_of(model, EFFECT_BASELINE_SD);
    return (Weighted){ p, sqrt(p2 / sum - p * p), s1, sqrt(s2 / sum - s1 * s1),
                       sessions[n - 1].baseline + rest_sd * b / sum };
}

static const EffectReading vital_before[] = { { 120, 136 }, { 230, 151 }, { 60, 131 } },
                           vital_today[] = { { 120, 133 }, { 230, 140 } };
static const EffectSession vital_sessions[] = { { 124, vital_before, 3 }, { 130, vital_today, 2 } };
static const EffectReading rated_before[] = { { 120, 7 }, { 230, 15 } },
                           rated_today[] = { { 120, 3 }, { 230, 12 } };
static const EffectSession rated_sessions[] = { { NAN, rated_before, 2 }, { NAN, rated_today, 2 } };

static void it_agrees_with_weighted_prior_draws(void **state)
{
    (void)state;
    const EffectModel *models[] = { model_of("systolic"), model_of("cadss") };
    const EffectSession *sessions[] = { vital_sessions, rated_sessions };
    for (int i = 0; i < 2; i++) {
        EffectPosterior posterior = posterior_of(models[i], sessions[i], 2);
        Weighted want = by_weighting(models[i], sessions[i], 2, 1000000);
        assert_within(posterior.person.mean, want.person, 0.012, "person");
        assert_within(posterior.person.sd, want.person_sd, 0.01, "person sd");
        assert_within(posterior.sensitivity.mean, want.s, 0.012, "s");
        assert_within(posterior.sensitivity.sd, want.s_sd, 0.01, "s sd");
        assert_within(posterior.person.mean + posterior.occasion.mean, posterior.sensitivity.mean, 1e-6,
                      "sum");
        if (i == 0)
            assert_within(posterior.baseline.mean, want.baseline, 0.1, "baseline");
    }
}

static void its_draws_are_the_posterior(void **state)
{
    (void)state;
    EffectPosterior posterior = posterior_of(model_of("systolic"), vital_sessions, 2);
    static double person[MANY], s[MANY], rest[MANY];
    effect_draws(&posterior, 77, MANY, many);
    for (size_t i = 0; i < MANY; i++) {
        person[i] = many[i].person;
        s[i] = many[i].sensitivity;
        rest[i] = many[i].baseline;
    }
    const EffectEstimate *told[] = { &posterior.person, &posterior.sensitivity, &posterior.baseline };
    const double *drawn[] = { person, s, rest };
    for (int i = 0; i < 3; i++) {
        Moments got = moments(drawn[i], MANY);
        assert_within(got.mean, told[i]->mean, 0.03 * told[i]->sd, "mean");
        assert_within(got.sd, told[i]->sd, 0.03 * told[i]->sd, "sd");
    }
    assert_true(posterior.effective_sample_size > 10);
}

static void an_earlier_session_weighs_less(void **state)
{
    (void)state;
    const EffectModel *model = model_of("systolic");
    EffectSession empty = { 130, NULL, 0 }, told = { 124, vital_before, 3 };
    EffectSession earlier[] = { told, empty }, now[] = { empty, told };
    EffectPosterior from_earlier = posterior_of(model, earlier, 2), from_now = posterior_of(model, now, 2);
    assert_true(from_earlier.sensitivity.shrinkage < 1);
    assert_true(from_now.sensitivity.sd < from_earlier.sensitivity.sd - 0.02);
    assert_within(from_now.person.mean, from_earlier.person.mean, 1e-9, "what stays is the same");
    assert_within(from_earlier.occasion.mean, 0, 1e-9, "today is not known");
}

static void an_outlier_is_told_and_used(void **state)
{
    (void)state;
    const EffectModel *model = model_of("systolic");
    EffectReading readings[] = { { 120, 132 }, { 200, 138 }, { 230, 205 }, { 100, 131 }, { 70, 130 } };
    EffectSession sessions[] = { vital_sessions[0], { 126, readings, 5 } };
    EffectPosterior with = posterior_of(model, sessions, 2);
    assert_true(with.n_outliers >= 1);
    assert_int_equal(with.outliers[0].session, 1);
    assert_int_equal(with.outliers[0].reading, 2);
    assert_true(with.outliers[0].probability < 1e-3);
    readings[2].value = 139;
    EffectPosterior plain = posterior_of(model, sessions, 2);
    assert_int_equal(plain.n_outliers, 0);
    assert_true(with.sensitivity.mean > plain.sensitivity.mean + 0.1);

    static const EffectReading rated[] = { { 120, 4 }, { 200, 80 }, { 230, 6 }, { 100, 3 } };
    EffectSession scored = { NAN, rated, 4 };
    EffectPosterior scores = posterior_of(model_of("cadss"), &scored, 1);
    assert_true(scores.n_outliers >= 1 && scores.outliers[0].reading == 1);
}

/* No sense can be made of it, so that is what must be told: finite numbers, in order. */
static void sessions_that_contradict_each_other_are_survived(void **state)
{
    (void)state;
    enum { READINGS = 24 };
    static EffectReading calm[READINGS], wild[READINGS], low[READINGS], high[READINGS];
    for (int j = 0; j < READINGS; j++) {
        double ce = j % 2 ? 250 : 5;
        calm[j] = (EffectReading){ 250, 0 };
        wild[j] = (EffectReading){ 250, 92 };
        low[j] = (EffectReading){ ce, 125 };
        high[j] = (EffectReading){ ce, j % 2 ? 290 : 125 };
    }
    EffectSession rated[] = { { NAN, calm, READINGS }, { NAN, calm, READINGS }, { NAN, wild, READINGS } };
    EffectSession cuff[] = { { 125, low, READINGS }, { 125, low, READINGS }, { 125, high, READINGS } };
    for (int i = 0; i < 2; i++) {
        EffectPosterior posterior = posterior_of(model_of(i ? "systolic" : "cadss"), i ? cuff : rated, 3);
        const EffectEstimate *told[] = { &posterior.person, &posterior.occasion, &posterior.sensitivity };
        for (int k = 0; k < 3; k++)
            assert_true(isfinite(told[k]->mean) && isfinite(told[k]->sd) && told[k]->p05 <= told[k]->p95);
        effect_draws(&posterior, 1, 100, many);
        for (int k = 0; k < 100; k++)
            assert_true(isfinite(many[k].person) && isfinite(many[k].sensitivity) && many[k].baseline >= 0);
        assert_true(posterior.sensitivity.mean > posterior.person.mean);
    }
}

/* ---- simulation-based calibration ---- */

static bool long_run(void)
{
    return getenv("EUTHYMIA_LONG") != NULL;
}

enum { SESSIONS = 3, BINS = 20, RANK_DRAWS = 99 };

/* How the data come about. NULL structure: as the model says. */
typedef struct World {
    const EffectModel *model;
    double lag_per_min;   /* 0: the model's own effect site; else the effect follows plasma this slowly */
    double saturating_ce; /* 0: the model's own shape; else of Ce / (1 + Ce / this) */
} World;

typedef struct Patient {
    double person, sensitivity, baseline;
    EffectReading readings[SESSIONS][CUFF];
    EffectSession sessions[SESSIONS];
} Patient;

static double drive_of(const World *world, const PkpdSystem *system, double time_min)
{
    PkpdSystem slow = *system;
    if (world->lag_per_min > 0)
        slow.ke0_per_min = world->lag_per_min;
    double ce = ce_of_system(&slow, 35, time_min);
    return world->saturating_ce > 0 ? ce / (1 + ce / world->saturating_ce) : ce;
}

static double shown(const EffectModel *model, const EffectDraw *truth, double drive, double noise)
{
    double sd = number_of(model, EFFECT_READING_SD), value = effect_at(model, truth, drive);
    if (!model->scale)
        return fmin(fmax(truth->baseline + (value - truth->baseline) + sd * noise, model->least),
                    model->most);
    double share = value / model->most;
    return fmin(fmax(round(model->most / (1 + exp(-(log(share / (1 - share)) + sd * noise)))), 0),
                model->most);
}

static void make_patient(const World *world, const PkpdSystem *system, size_t i, Patient *ret)
{
    const EffectModel *model = world->model;
    double rest = model->scale ? NAN : 125;
    uint32_t index = 0;
    ret->person = hypot(number_of(model, EFFECT_PATIENT_SD), number_of(model, EFFECT_TRIAL_SD)) *
                  draw_normal(2027, i, index++);
    for (int k = 0; k < SESSIONS; k++) {
        EffectDraw truth = effect_typical(model, rest);
        truth.sensitivity =
            ret->person + number_of(model, EFFECT_OCCASION_SD) * draw_normal(2027, i, index++);
        if (!model->scale)
            truth.baseline += number_of(model, EFFECT_BASELINE_SD) * draw_normal(2027, i, index++);
        for (int t = 0; t < CUFF; t++)
            ret->readings[k][t] = (EffectReading){ ce_of_system(system, 35, cuff_min[t]),
                                                   shown(model, &truth, drive_of(world, system, cuff_min[t]),
                                                         draw_normal(2027, i, index++)) };
        ret->sessions[k] = (EffectSession){ rest, ret->readings[k], CUFF };
        ret->sensitivity = truth.sensitivity;
        ret->baseline = truth.baseline;
    }
    /* Today is under way: half of its readings are there. */
    ret->sessions[SESSIONS - 1].n = CUFF / 2;
}

typedef struct Coverage {
    double person, sensitivity, baseline; /* of 90 % intervals */
    double after;                         /* the same of the one at 55 min, when the drug falls */
    double next;                          /* of the next reading, at 40 min, of which nothing has been told */
    double flagged;                       /* share of readings called outliers */
    double chi2;                          /* of ranks in BINS bins */
} Coverage;

static bool inside(const EffectEstimate *told, double truth)
{
    return truth >= told->p05 && truth <= told->p95;
}

/* The band of 90 % for the reading that comes next, and whether it holds that reading. */
static bool next_inside(const EffectPosterior *posterior, const EffectReading *next, uint64_t seed)
{
    static EffectDraw draws[400];
    EffectBand band;
    EffectExposure exposure = { &next->ce_ng_per_ml, 1 };
    effect_draws(posterior, seed, 400, draws);
    assert_int_equal(
        effect_bands(&test_ctx, posterior->model, draws, 400, &exposure, EFFECT_READING, seed, &band), OK);
    return next->value >= band.p05 && next->value <= band.p95;
}

static Coverage coverage_of(const World *world, size_t patients)
{
    PkpdSystem system = kamp();
    double rank_bins[BINS] = { 0 }, n = (double)patients;
    Coverage sum = { 0 };
    for (size_t i = 0; i < patients; i++) {
        Patient patient;
        make_patient(world, &system, i, &patient);
        EffectPosterior posterior = posterior_of(world->model, patient.sessions, SESSIONS);
        sum.person += inside(&posterior.person, patient.person);
        sum.sensitivity += inside(&posterior.sensitivity, patient.sensitivity);
        sum.baseline += inside(&posterior.baseline, patient.baseline);
        sum.flagged += (double)posterior.n_outliers / (double)posterior.n_readings;
        sum.next += next_inside(&posterior, &patient.readings[SESSIONS - 1][CUFF / 2], 5000 + i);
        sum.after += next_inside(&posterior, &patient.readings[SESSIONS - 1][CUFF / 2 + 1], 5000 + i);
        EffectDraw draws[RANK_DRAWS];
        effect_draws(&posterior, 1000 + i, RANK_DRAWS, draws);
        int rank = 0;
        for (int k = 0; k < RANK_DRAWS; k++)
            rank += draws[k].sensitivity < patient.sensitivity;
        rank_bins[rank * BINS / (RANK_DRAWS + 1)]++;
        forget();
    }
    for (int b = 0; b < BINS; b++)
        sum.chi2 += (rank_bins[b] - n / BINS) * (rank_bins[b] - n / BINS) / (n / BINS);
    return (Coverage){ .person = sum.person / n,
                       .sensitivity = sum.sensitivity / n,
                       .baseline = sum.baseline / n,
                       .next = sum.next / n,
                       .after = sum.after / n,
                       .flagged = sum.flagged / n,
                       .chi2 = sum.chi2 };
}

static void tell(const char *what, size_t patients, const Coverage *c)
{
    print_message("%-28s n %zu  person %.3f  today %.3f  baseline %.3f  next %.3f  after %.3f  flagged %.4f  "
                  "chi2(19) %.1f\n",
                  what, patients, c->person, c->sensitivity, c->baseline, c->next, c->after, c->flagged,
                  c->chi2);
}

/* 43.8 is what a chi2 of 19 degrees exceeds once in a thousand times. The short run has three standard errors
 * of 300 patients around 90 %. */
static void check_calibration(const char *id, size_t patients, double least, double most)
{
    const EffectModel *model = model_of(id);
    Coverage c = coverage_of(&(World){ .model = model }, patients);
    tell(id, patients, &c);
    assert_true(c.person >= least && c.person <= most);
    assert_true(c.sensitivity >= least && c.sensitivity <= most);
    if (!model->scale)
        assert_true(c.baseline >= least && c.baseline <= most);
    /* Whole points: a scale's band may hold more than it must. */
    assert_true(c.next >= least && (model->scale || c.next <= most));
    assert_true(c.chi2 < 43.8);
    assert_true(c.flagged < 0.003);
}

static void intervals_cover_what_they_say(void **state)
{
    (void)state;
    if (long_run())
        for (size_t i = 0; i < EFFECTS; i++)
            check_calibration(ids[i], 2500, 0.88, 0.92);
    else {
        check_calibration("systolic", 300, 0.848, 0.952);
        check_calibration("cadss", 300, 0.848, 0.952);
    }
}

/* Not a promise but a measurement, for docs/models/effects.md: the effect lags plasma with a half-life of 14
 * min and saturates, and the model knows neither. What is asserted is that it was another structure. */
static void under_another_structure_the_intervals_are_measured(void **state)
{
    (void)state;
    size_t patients = long_run() ? 2500 : 200;
    for (int i = 0; i < 2; i++) {
        World world = { .model = model_of(i ? "cadss" : "systolic"),
                        .lag_per_min = 0.05,
                        .saturating_ce = 300 };
        Coverage c = coverage_of(&world, patients);
        tell(i ? "cadss, another structure" : "systolic, another structure", patients, &c);
        assert_true(c.sensitivity < 0.85);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_says_where_it_comes_from),
        cmocka_unit_test(a_fault_in_a_file_is_told_with_its_path),
        cmocka_unit_test(mean_rises_are_the_published_ones),
        cmocka_unit_test(mean_individual_peaks_are_the_published_ones),
        cmocka_unit_test(cadss_scores_are_the_published_ones),
        cmocka_unit_test(shares_of_patients_are_the_published_ones),
        cmocka_unit_test(the_published_c50_is_half_way),
        cmocka_unit_test(a_larger_dose_does_more),
        cmocka_unit_test(a_larger_dose_or_baseline_passes_a_limit_more_often),
        cmocka_unit_test(a_chance_is_what_the_distribution_says),
        cmocka_unit_test(bands_hold_what_they_say),
        cmocka_unit_test(values_stay_on_their_scale),
        cmocka_unit_test(a_reading_is_never_negative),
        cmocka_unit_test(two_effects_draw_independently_and_repeatably),
        cmocka_unit_test(what_lies_outside_is_refused),
        cmocka_unit_test(the_chance_of_either_lies_within_its_bounds),
        cmocka_unit_test(without_readings_it_is_the_prior),
        cmocka_unit_test(it_agrees_with_weighted_prior_draws),
        cmocka_unit_test(its_draws_are_the_posterior),
        cmocka_unit_test(an_earlier_session_weighs_less),
        cmocka_unit_test(an_outlier_is_told_and_used),
        cmocka_unit_test(sessions_that_contradict_each_other_are_survived),
        cmocka_unit_test(intervals_cover_what_they_say),
        cmocka_unit_test(under_another_structure_the_intervals_are_measured),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
