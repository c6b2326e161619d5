#include "pkpd/pkpd.h"

#include "pkpd/draw.h"

#include <assert.h>
#include <math.h>

static const double H_PER_D = 24;
/* Two rates as close as this are taken apart: their difference stands in a denominator. */
static const double RATES_APART = 1e-6;

/* ---- a person ---- */

static double value(const MoodModel *model, MoodParameter parameter)
{
    return model->parameter[parameter].value;
}

static double rate_from_half_life(double half_life)
{
    return M_LN2 / half_life;
}

static double apart_from(double decay, double rise)
{
    return fabs(rise - decay) < RATES_APART * decay ? decay * (1 + RATES_APART) : rise;
}

/* One factor stretches all that fades: who keeps a single infusion's effect for long keeps that of six for
 * long. */
static void set_rates(const MoodModel *model, double stretch, MoodPerson *person)
{
    person->fast_per_d = rate_from_half_life(value(model, MOOD_fast_d) * stretch);
    person->slow_per_d = rate_from_half_life(value(model, MOOD_slow_d) * stretch);
    person->onset_per_d =
        apart_from(person->fast_per_d, rate_from_half_life(value(model, MOOD_onset_h) / H_PER_D));
    person->slow_rise_per_d =
        apart_from(person->slow_per_d, rate_from_half_life(value(model, MOOD_slow_rise_d) * stretch));
    person->expectancy_onset_per_d = rate_from_half_life(value(model, MOOD_expectancy_onset_h) / H_PER_D);
    person->expectancy_fade_per_d = rate_from_half_life(value(model, MOOD_expectancy_fade_d) * stretch);
    person->drift_per_d = 1 / value(model, MOOD_drift_correlation_d);
}

MoodPerson mood_person(const MoodModel *model, const double z[MOOD_Z_MAX])
{
    MoodPerson person = {
        .responder = z[MOOD_Z_CLASS] < normal_quantile(value(model, MOOD_responder_share)),
        .baseline_points =
            value(model, MOOD_baseline_points) + value(model, MOOD_baseline_sd_points) * z[MOOD_Z_BASELINE],
        .expectancy_points = value(model, MOOD_expectancy_points) +
                             value(model, MOOD_expectancy_sd_points) * z[MOOD_Z_EXPECTANCY],
        .effect_points = value(model, MOOD_setting_sd_points) * z[MOOD_Z_SETTING],
        .self_rating_points = value(model, MOOD_self_rating_sd_points) * z[MOOD_Z_SELF_RATING],
        .fast_per_mg_per_kg = value(model, MOOD_fast_activity) / value(model, MOOD_standard_dose_mg_per_kg),
        .slow_per_mg_per_kg = value(model, MOOD_slow_activity) / value(model, MOOD_standard_dose_mg_per_kg),
        .drift_sd_points = value(model, MOOD_drift_sd_points),
    };
    if (person.responder)
        person.effect_points +=
            value(model, MOOD_effect_points) + value(model, MOOD_effect_sd_points) * z[MOOD_Z_EFFECT];
    set_rates(model, exp(value(model, MOOD_duration_log_sd) * z[MOOD_Z_DURATION]), &person);
    return person;
}

MoodPerson mood_draw_person(const MoodModel *model, uint64_t seed, uint64_t subject)
{
    double z[MOOD_Z_MAX];
    for (uint32_t i = 0; i < MOOD_Z_MAX; i++)
        z[i] = draw_normal(seed, subject, i);
    return mood_person(model, z);
}

/* ---- the mean course: four exponentials and the expectancy, carried from time to time ---- */

enum { FAST, FAST_RISE, SLOW, SLOW_RISE, TERMS };

typedef struct Course {
    double time_d;
    double term[TERMS];
    double expectancy_gap; /* 1 - expectancy (of its full size) at the last session */
    double session_d;
    double step_d, decay[TERMS]; /* of the last step: a daily grid asks for the same again and again */
} Course;

static void course_step(const MoodPerson *person, double to_d, Course *course)
{
    double step_d = to_d - course->time_d;
    if (step_d <= 0)
        return;
    if (step_d != course->step_d) {
        course->step_d = step_d;
        course->decay[FAST] = exp(-person->fast_per_d * step_d);
        course->decay[FAST_RISE] = exp(-person->onset_per_d * step_d);
        course->decay[SLOW] = exp(-person->slow_per_d * step_d);
        course->decay[SLOW_RISE] = exp(-person->slow_rise_per_d * step_d);
    }
    for (int i = 0; i < TERMS; i++)
        course->term[i] *= course->decay[i];
    course->time_d = to_d;
}

/* The share of the full expectancy at a time after the last session. */
static double course_expectancy(const MoodPerson *person, const Course *course, double time_d)
{
    double since_d = time_d - course->session_d;
    if (!(since_d < INFINITY))
        return 0;
    return exp(-person->expectancy_fade_per_d * since_d) *
           (1 - course->expectancy_gap * exp(-person->expectancy_onset_per_d * since_d));
}

static void course_dose(const MoodPerson *person, const MoodDose *dose, Course *course)
{
    course_step(person, dose->time_d, course);
    double fast = dose->dose_mg_per_kg * person->fast_per_mg_per_kg * person->onset_per_d /
                  (person->onset_per_d - person->fast_per_d);
    double slow = dose->dose_mg_per_kg * person->slow_per_mg_per_kg * person->slow_rise_per_d /
                  (person->slow_rise_per_d - person->slow_per_d);
    course->term[FAST] += fast;
    course->term[FAST_RISE] += fast;
    course->term[SLOW] += slow;
    course->term[SLOW_RISE] += slow;
    course->expectancy_gap = 1 - course_expectancy(person, course, dose->time_d);
    course->session_d = dose->time_d;
}

static double course_activity(const Course *course)
{
    return course->term[FAST] - course->term[FAST_RISE] + course->term[SLOW] - course->term[SLOW_RISE];
}

static Course course_begin(MoodCourse doses)
{
    return (Course){ .time_d = doses.n_doses ? doses.doses[0].time_d : 0, .session_d = -INFINITY };
}

/* Carries the course over all doses up to and at a time; i is the next dose. */
static size_t course_to(const MoodPerson *person, MoodCourse doses, size_t i, double time_d, Course *course)
{
    for (; i < doses.n_doses && doses.doses[i].time_d <= time_d; i++) {
        assert(doses.doses[i].time_d >= course->time_d);
        course_dose(person, &doses.doses[i], course);
    }
    course_step(person, time_d, course);
    return i;
}

void mood_curve(const MoodPerson *person, MoodCourse doses, const double *times_d, size_t n,
                double *ret_points)
{
    Course course = course_begin(doses);
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        assert(i == 0 || times_d[i] >= times_d[i - 1]);
        next = course_to(person, doses, next, times_d[i], &course);
        ret_points[i] = mood_points_at_activity(person, course_activity(&course)) -
                        person->expectancy_points * course_expectancy(person, &course, times_d[i]);
    }
}

double mood_at(const MoodPerson *person, MoodCourse doses, double time_d)
{
    double points;
    mood_curve(person, doses, &time_d, 1, &points);
    return points;
}

double mood_activity(const MoodPerson *person, MoodCourse doses, double time_d)
{
    Course course = course_begin(doses);
    (void)course_to(person, doses, 0, time_d, &course);
    return course_activity(&course);
}

/* ---- scores ---- */

MoodNormal mood_scale_normal(const MoodScale *scale, const MoodPerson *person, MoodNormal points)
{
    double offset = scale->self_rated ? person->self_rating_points : 0;
    return (MoodNormal){ scale->intercept + scale->slope * (points.mean + offset),
                         hypot(scale->slope * points.sd, scale->noise_sd) };
}

/* Each tail from its own side, so that what is improbable keeps its digits. */
static double normal_between(double from, double to)
{
    return from > 0 ? normal_cdf(-from) - normal_cdf(-to) : normal_cdf(to) - normal_cdf(from);
}

double mood_score_probability(const MoodScale *scale, MoodNormal score, int whole)
{
    assert(whole >= 0 && whole <= scale->most);
    double from = whole == 0 ? -INFINITY : (whole - 0.5 - score.mean) / score.sd;
    double to = whole == scale->most ? INFINITY : (whole + 0.5 - score.mean) / score.sd;
    return normal_between(from, to);
}

int mood_score_round(const MoodScale *scale, double score)
{
    return score <= 0 ? 0 : score >= scale->most ? scale->most : (int)floor(score + 0.5);
}
