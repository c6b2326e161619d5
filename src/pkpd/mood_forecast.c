#include "pkpd/pkpd.h"

#include "pkpd/draw.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Where each use of chance has its numbers, apart from those of the posterior's own draws. */
enum { SUBJECT_DRIFT = 1 << 24, SUBJECT_NOISE = 2 << 24, SUBJECT_KEEP = 3 << 24 };
/* For a chance given the person: so many persons, so many courses of the illness each. */
enum { KEEP_PERSONS = 400, KEEP_PATHS = 100 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Between the order statistics, which may be infinite: no sums with INFINITY. */
static double percentile(const double *sorted, size_t n, double p)
{
    double place = p * (double)(n - 1);
    size_t below = (size_t)place;
    double share = place - (double)below;
    if (share == 0 || below + 1 == n || sorted[below] == sorted[below + 1])
        return sorted[below];
    return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

static MoodBand band(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
    return (MoodBand){ percentile(values, n, 0.05), percentile(values, n, 0.25), percentile(values, n, 0.5),
                       percentile(values, n, 0.75), percentile(values, n, 0.95) };
}

static MoodChance chance(double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    qsort(values, n, sizeof *values, ascending);
    return (MoodChance){ n ? sum / (double)n : NAN, n ? percentile(values, n, 0.05) : NAN,
                         n ? percentile(values, n, 0.95) : NAN };
}

/* ---- what is believed of the person ---- */

MoodBelief mood_belief(Arena *a, const MoodPosterior *posterior)
{
    size_t n = posterior->n, responders = 0, above = 0;
    double *baseline = arena_new(a, double, n), *expectancy = arena_new(a, double, n),
           *effect = arena_new(a, double, n);
    for (size_t i = 0; i < n; i++) {
        const MoodPerson *person = &posterior->draws[i].person;
        baseline[i] = person->baseline_points;
        expectancy[i] = person->expectancy_points;
        effect[i] = person->effect_points;
        responders += person->responder;
        above += person->effect_points > 0;
    }
    return (MoodBelief){ band(baseline, n), band(expectancy, n), band(effect, n),
                         (double)responders / (double)n, (double)above / (double)n };
}

/* ---- paths of the score ---- */

/* One random stream of the drift: where it stands on the first day, then a step a day. */
typedef struct Stream {
    uint64_t seed, subject;
    uint32_t index;
} Stream;

static double stream_normal(Stream *stream)
{
    return draw_normal(stream->seed, stream->subject, stream->index++);
}

/* The drift, from the posterior's last score to a time; without a score, as in the population. */
static MoodNormal drift_at(const MoodPosterior *posterior, const MoodDraw *draw, double time_d)
{
    double days = time_d - posterior->as_of_d, sd = draw->person.drift_sd_points;
    if (!(days < INFINITY))
        return (MoodNormal){ 0, sd };
    double keep = exp(-draw->person.drift_per_d * days);
    return (MoodNormal){ keep * draw->drift.mean,
                         sqrt(keep * keep * draw->drift.sd * draw->drift.sd + sd * sd * (1 - keep * keep)) };
}

static double drift_begin(const MoodPosterior *posterior, const MoodDraw *draw, double from_d, Stream *stream)
{
    MoodNormal drift = drift_at(posterior, draw, from_d);
    return drift.mean + drift.sd * stream_normal(stream);
}

/* Adds one path of the drift, from where it stands on the first day, to a mean course on consecutive days. */
static void add_drift(const MoodPerson *person, double drift, size_t n, Stream stream, const double *mean,
                      double *ret_points)
{
    double keep = exp(-person->drift_per_d);
    double step_sd = person->drift_sd_points * sqrt(1 - keep * keep);
    for (size_t day = 0; day < n; day++) {
        if (day > 0)
            drift = keep * drift + step_sd * stream_normal(&stream);
        ret_points[day] = mean[day] + drift;
    }
}

static double *consecutive(Arena *a, double from_d, size_t n)
{
    double *times_d = arena_new(a, double, n);
    for (size_t day = 0; day < n; day++)
        times_d[day] = from_d + (double)day;
    return times_d;
}

/* [draw][day]: the same drift for every course of the same posterior, so that differences are the doses'. */
static double *paths(Arena *a, const MoodPosterior *posterior, MoodCourse course, double from_d, size_t n)
{
    assert(n <= MOOD_HORIZON_MAX_D + MOOD_CONFIRM_D + 1 && from_d >= posterior->as_of_d);
    double *times_d = consecutive(a, from_d, n), *mean = arena_new(a, double, n);
    double *points = arena_new(a, double, posterior->n *n);
    for (size_t i = 0; i < posterior->n; i++) {
        const MoodDraw *draw = &posterior->draws[i];
        mood_curve(&draw->person, course, times_d, n, mean);
        Stream stream = { posterior->seed, SUBJECT_DRIFT + i, 0 };
        double drift = drift_begin(posterior, draw, from_d, &stream);
        add_drift(&draw->person, drift, n, stream, mean, points + i * n);
    }
    return points;
}

static double response_limit(const MoodPerson *person)
{
    return person->baseline_points / 2;
}

double mood_response_chance(const MoodPosterior *posterior, const MoodDraw *draw, double points,
                            double time_d)
{
    MoodNormal drift = drift_at(posterior, draw, time_d);
    double room = response_limit(&draw->person) - points - drift.mean;
    return drift.sd > 0 ? normal_cdf(room / drift.sd) : room >= 0;
}

/* ---- bands of the coming days ---- */

static double measured(const MoodPosterior *posterior, const MoodScale *scale, size_t i, size_t day,
                       double points)
{
    MoodNormal score = mood_scale_normal(scale, &posterior->draws[i].person, (MoodNormal){ points, 0 });
    double noise = draw_normal(posterior->seed, SUBJECT_NOISE + i, (uint32_t)day);
    return mood_score_round(scale, score.mean + score.sd * noise);
}

/* The mean course of each draw again: the paths hold the drift already. */
static void response_chances(Arena *a, const MoodPosterior *posterior, MoodCourse course, double from_d,
                             size_t n, MoodDay *days)
{
    double *times_d = consecutive(a, from_d, n), *mean = arena_new(a, double, n);
    double *chances = arena_new(a, double, n * posterior->n);
    for (size_t i = 0; i < posterior->n; i++) {
        const MoodDraw *draw = &posterior->draws[i];
        mood_curve(&draw->person, course, times_d, n, mean);
        for (size_t day = 0; day < n; day++)
            chances[day * posterior->n + i] = mood_response_chance(posterior, draw, mean[day], times_d[day]);
    }
    for (size_t day = 0; day < n; day++)
        days[day].response = chance(chances + day * posterior->n, posterior->n);
}

void mood_forecast(Arena *a, const MoodPosterior *posterior, MoodCourse course, MoodScaleId scale_id,
                   double from_d, size_t n, MoodDay *ret_days)
{
    const MoodScale *scale = &posterior->model->scales[scale_id];
    const double *points = paths(a, posterior, course, from_d, n);
    double *latent = arena_new(a, double, posterior->n), *score = arena_new(a, double, posterior->n);
    for (size_t day = 0; day < n; day++) {
        for (size_t i = 0; i < posterior->n; i++) {
            latent[i] = points[i * n + day];
            score[i] = measured(posterior, scale, i, day, latent[i]);
        }
        ret_days[day] = (MoodDay){ .time_d = from_d + (double)day,
                                   .points = band(latent, posterior->n),
                                   .score = band(score, posterior->n) };
    }
    response_chances(a, posterior, course, from_d, n, ret_days);
}

/* ---- the day when response is lost ---- */

/* The first of the days 1..within_d that is above the limit, and MOOD_CONFIRM_D days later again; INFINITY
 * where there is none. points reaches to within_d + MOOD_CONFIRM_D. */
static double loss_day(const double *points, int within_d, double limit)
{
    for (int day = 1; day <= within_d; day++)
        if (points[day] > limit && points[day + MOOD_CONFIRM_D] > limit)
            return day;
    return INFINITY;
}

static double *lost_by(Arena *a, const double *days, size_t n, int within_d)
{
    double *chance = arena_new(a, double, (size_t)within_d + 1);
    for (size_t i = 0; i < n; i++)
        if (days[i] < INFINITY)
            chance[(int)days[i]] += 1 / (double)n;
    for (int day = 1; day <= within_d; day++)
        chance[day] += chance[day - 1];
    return chance;
}

MoodLoss mood_loss(Arena *a, const MoodPosterior *posterior, MoodCourse course, double from_d, int within_d)
{
    assert(within_d >= 1 && within_d <= MOOD_HORIZON_MAX_D);
    size_t n = (size_t)(within_d + MOOD_CONFIRM_D + 1), standing = 0, never = 0;
    const double *points = paths(a, posterior, course, from_d, n);
    double *days = arena_new(a, double, posterior->n);
    for (size_t i = 0; i < posterior->n; i++) {
        double limit = response_limit(&posterior->draws[i].person);
        if (points[i * n] > limit)
            continue;
        days[standing] = loss_day(points + i * n, within_d, limit);
        never += !(days[standing++] < INFINITY);
    }
    MoodLoss loss = { .response_now_chance = (double)standing / (double)posterior->n,
                      .n_with_response = standing,
                      .within_d = within_d,
                      .day = { NAN, NAN, NAN, NAN, NAN },
                      .not_within_chance = NAN };
    if (standing == 0)
        return loss;
    loss.not_within_chance = (double)never / (double)standing;
    loss.lost_by_chance = lost_by(a, days, standing, within_d);
    loss.day = band(days, standing);
    return loss;
}

/* ---- keeping response, with and without one more infusion ---- */

static MoodCourse with_dose(Arena *a, MoodCourse course, MoodDose extra)
{
    MoodDose *doses = arena_new(a, MoodDose, course.n_doses + 1);
    size_t i = 0;
    for (; i < course.n_doses && course.doses[i].time_d <= extra.time_d; i++)
        doses[i] = course.doses[i];
    doses[i] = extra;
    for (; i < course.n_doses; i++)
        doses[i + 1] = course.doses[i];
    return (MoodCourse){ doses, course.n_doses + 1 };
}

/* One person's mean courses, without and with the infusion, and room for a path of the drift and of each. */
typedef struct Pair {
    double *mean[2], *drift, *path;
    size_t n;
    int days;
} Pair;

/* The shares of the drift's paths, from where it stands, on which response is kept: without and with. */
static void share_kept(const MoodPerson *person, double drift, Stream stream, const Pair *pair,
                       double ret_share[2])
{
    static const double still[MOOD_HORIZON_MAX_D + MOOD_CONFIRM_D + 1];
    size_t kept[2] = { 0 };
    for (uint32_t k = 0; k < KEEP_PATHS; k++) {
        stream.index = k * (uint32_t)pair->n;
        add_drift(person, drift, pair->n, stream, still, pair->drift);
        for (int with = 0; with < 2; with++) {
            for (size_t day = 0; day < pair->n; day++)
                pair->path[day] = pair->mean[with][day] + pair->drift[day];
            kept[with] += !(loss_day(pair->path, pair->days, response_limit(person)) < INFINITY);
        }
    }
    for (int with = 0; with < 2; with++)
        ret_share[with] = (double)kept[with] / KEEP_PATHS;
}

MoodKeep mood_keep(Arena *a, const MoodPosterior *posterior, MoodCourse course, MoodDose extra, double from_d,
                   int days)
{
    assert(days >= 1 && days <= MOOD_HORIZON_MAX_D && extra.time_d >= from_d);
    size_t n = (size_t)(days + MOOD_CONFIRM_D + 1), standing = 0, stride = posterior->n / KEEP_PERSONS;
    const double *times_d = consecutive(a, from_d, n);
    double *room = arena_new(a, double, 4 * n);
    Pair pair = { { room, room + n }, room + 2 * n, room + 3 * n, n, days };
    MoodCourse more = with_dose(a, course, extra);
    double *without = arena_new(a, double, KEEP_PERSONS), *with = arena_new(a, double, KEEP_PERSONS),
           *gain = arena_new(a, double, KEEP_PERSONS);
    for (size_t i = 0; i < KEEP_PERSONS * stride; i += stride) {
        const MoodDraw *draw = &posterior->draws[i];
        mood_curve(&draw->person, course, times_d, n, pair.mean[0]);
        double drift =
            drift_begin(posterior, draw, from_d, &(Stream){ posterior->seed, SUBJECT_DRIFT + i, 0 });
        if (pair.mean[0][0] + drift > response_limit(&draw->person))
            continue;
        double share[2];
        mood_curve(&draw->person, more, times_d, n, pair.mean[1]);
        share_kept(&draw->person, drift, (Stream){ posterior->seed, SUBJECT_KEEP + i, 0 }, &pair, share);
        without[standing] = share[0];
        with[standing] = share[1];
        gain[standing++] = share[1] - share[0];
    }
    return (MoodKeep){ chance(without, standing), chance(with, standing), chance(gain, standing), standing };
}
