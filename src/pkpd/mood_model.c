#include "pkpd/pkpd.h"

#include "base/embed.h"
#include "base/hash.h"
#include "base/json.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MODELS_MAX = 8 };

static const struct {
    const char *name, *unit;
    double least, most;
} rows[] = {
#define X(member, unit, least, most, what) { #member, unit, least, most },
    MOOD_PARAMETERS(X)
#undef X
};

static const char *const scale_names[MOOD_SCALES] = { "MADRS", "PHQ-9", "QIDS" };
static const char *const bases[] = { "published", "calibrated on means", "assumed" };

/* ---- reading: every fault is told, so the readers note problems and go on ---- */

static Str path_of(Ctx *c, Str path, const char *member)
{
    return arena_fmt(c->arena, "%.*s%s%s", STR_ARG(path), str_empty(path) ? "" : ".", member);
}

static Str words(Ctx *c, Json *object, Str path, const char *member)
{
    Str text = json_str(json_get(object, member));
    if (str_empty(str_trim(text)))
        (void)problem(c, ERR_INVALID, path_of(c, path, member), "Missing: it must be a text.");
    return text;
}

static double number(Ctx *c, Json *object, Str path, const char *member, double least, double most)
{
    double x = NAN;
    if (!json_number(json_get(object, member), &x))
        (void)problem(c, ERR_INVALID, path_of(c, path, member), "Missing: it must be a number.");
    else if (!(x >= least && x <= most))
        (void)problem(c, ERR_INVALID, path_of(c, path, member), "%g is outside %g to %g.", x, least, most);
    return x;
}

static Str basis(Ctx *c, Json *object, Str path)
{
    Str text = words(c, object, path, "basis");
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (str_is(text, bases[i]))
            return text;
    (void)problem(c, ERR_INVALID, path_of(c, path, "basis"),
                  "It must be \"published\", \"calibrated on means\" or \"assumed\".");
    return text;
}

static size_t row_named(Str name)
{
    size_t i = 0;
    while (i < MOOD_PARAMETERS_MAX && !str_is(name, rows[i].name))
        i++;
    return i;
}

static void read_parameter(Ctx *c, Json *object, Str path, MoodModel *model)
{
    Str name = words(c, object, path, "name"), unit = words(c, object, path, "unit");
    size_t i = row_named(name);
    if (i == MOOD_PARAMETERS_MAX) {
        (void)problem(c, ERR_INVALID, path_of(c, path, "name"), "No parameter is called \"%.*s\".",
                      STR_ARG(name));
        return;
    }
    if (!str_is(unit, rows[i].unit))
        (void)problem(c, ERR_INVALID, path_of(c, path, "unit"), "%s is in \"%s\".", rows[i].name,
                      rows[i].unit);
    if (model->parameter[i].basis.p)
        (void)problem(c, ERR_INVALID, path_of(c, path, "name"), "%s stands there twice.", rows[i].name);
    model->parameter[i] = (MoodNumber){
        .value = number(c, object, path, "value", rows[i].least, rows[i].most),
        .basis = basis(c, object, path),
        .cites = words(c, object, path, "cites"),
        .seen = words(c, object, path, "seen"),
    };
}

static void read_parameters(Ctx *c, Json *list, MoodModel *model)
{
    for (size_t i = 0; i < json_count(list); i++)
        read_parameter(c, json_at(list, i), arena_fmt(c->arena, "parameters[%zu]", i), model);
    for (size_t i = 0; i < MOOD_PARAMETERS_MAX; i++)
        if (!model->parameter[i].basis.p)
            (void)problem(c, ERR_INVALID, S("parameters"), "%s is missing.", rows[i].name);
}

static void read_scale(Ctx *c, Json *object, Str path, MoodModel *model)
{
    MoodScale scale = {
        .name = words(c, object, path, "name"),
        .most = (int)number(c, object, path, "most", 1, 100),
        .self_rated = json_true(json_get(object, "self_rated")),
        .intercept = number(c, object, path, "intercept", -30, 30),
        .slope = number(c, object, path, "slope", 0.1, 3),
        .noise_sd = number(c, object, path, "noise_sd", 0.1, 15),
        .basis = basis(c, object, path),
        .cites = words(c, object, path, "cites"),
        .seen = words(c, object, path, "seen"),
    };
    MoodScaleId id;
    if (mood_scale(scale.name, &id))
        model->scales[id] = scale;
    else
        (void)problem(c, ERR_INVALID, path_of(c, path, "name"), "No scale is called \"%.*s\".",
                      STR_ARG(scale.name));
}

static void read_scales(Ctx *c, Json *list, MoodModel *model)
{
    for (size_t i = 0; i < json_count(list); i++)
        read_scale(c, json_at(list, i), arena_fmt(c->arena, "scales[%zu]", i), model);
    for (size_t i = 0; i < MOOD_SCALES; i++)
        if (!model->scales[i].name.p)
            (void)problem(c, ERR_INVALID, S("scales"), "%s is missing.", scale_names[i]);
}

static void read_domain(Ctx *c, Json *object, MoodDomain *domain)
{
    Str path = S("domain");
    *domain = (MoodDomain){
        .dose_mg_per_kg_min = number(c, object, path, "dose_mg_per_kg_min", 0, 2),
        .dose_mg_per_kg_max = number(c, object, path, "dose_mg_per_kg_max", 0, 2),
        .minutes_min = number(c, object, path, "minutes_min", 1, 600),
        .minutes_max = number(c, object, path, "minutes_max", 1, 600),
        .interval_d_min = number(c, object, path, "interval_d_min", 0.5, 30),
        .horizon_d_max = number(c, object, path, "horizon_d_max", 1, 365),
        .cites = words(c, object, path, "cites"),
        .seen = words(c, object, path, "seen"),
    };
    if (domain->dose_mg_per_kg_min >= domain->dose_mg_per_kg_max)
        (void)problem(c, ERR_INVALID, path, "The doses are no range.");
    if (domain->minutes_min > domain->minutes_max)
        (void)problem(c, ERR_INVALID, path, "The minutes are no range.");
}

/* Both stretch with the person; were the rise the slower one, the names would lie. */
static void check_order(Ctx *c, const MoodModel *model)
{
    if (model->parameter[MOOD_slow_rise_d].value >= model->parameter[MOOD_slow_d].value)
        (void)problem(c, ERR_INVALID, S("parameters"), "slow_rise_d must be below slow_d.");
    if (model->parameter[MOOD_fast_d].value >= model->parameter[MOOD_slow_d].value)
        (void)problem(c, ERR_INVALID, S("parameters"), "fast_d must be below slow_d.");
}

Err mood_model_load(Ctx *c, Str json, MoodModel *ret_model)
{
    Json *file = json_parse(c->arena, json);
    if (!file)
        return problem(c, ERR_INVALID, STR_NONE, "The mood model is not JSON.");
    size_t problems_before = c->problems.n;
    MoodModel model = {
        .id = words(c, file, STR_NONE, "id"),
        .title = words(c, file, STR_NONE, "title"),
        .population = words(c, file, STR_NONE, "population"),
        .status = words(c, file, STR_NONE, "status"),
        .hash = content_hash(c->arena, json),
    };
    read_parameters(c, json_get(file, "parameters"), &model);
    read_scales(c, json_get(file, "scales"), &model);
    read_domain(c, json_get(file, "domain"), &model.domain);
    check_order(c, &model);
    if (c->problems.n > problems_before)
        return ERR_INVALID;
    *ret_model = model;
    return OK;
}

/* ---- names ---- */

static bool same_letters(Str text, const char *name)
{
    size_t i = 0;
    for (; *name; name++) {
        if (*name == '-' && (i == text.n || text.p[i] != '-'))
            continue;
        if (i == text.n || (text.p[i] & ~0x20) != (*name & ~0x20))
            return false;
        i++;
    }
    return i == text.n;
}

bool mood_scale(Str name, MoodScaleId *ret_scale)
{
    for (int i = 0; i < MOOD_SCALES; i++)
        if (same_letters(name, scale_names[i])) {
            *ret_scale = (MoodScaleId)i;
            return true;
        }
    return false;
}

/* ---- the populations of the program ---- */

static MoodModel models[MODELS_MAX];
static size_t n_models;

static void load_or_stop(Ctx *c, const EmbeddedFile *file)
{
    Str json = { file->start, (size_t)(file->end - file->start) };
    if (n_models < MODELS_MAX && mood_model_load(c, json, &models[n_models]) == OK) {
        n_models++;
        return;
    }
    for (size_t i = 0; i < c->problems.n; i++)
        fprintf(stderr, "%s: %.*s: %.*s\n", file->path, STR_ARG(c->problems.at[i].path),
                STR_ARG(c->problems.at[i].text));
    abort();
}

static void load_all(void)
{
    Ctx c = { .arena = arena_forever() };
    for (const EmbeddedFile *file = embedded_files; file->path; file++)
        if (str_starts(str_from(file->path), S("data/mood/")))
            load_or_stop(&c, file);
}

const MoodModel *mood_models(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load_all);
    *ret_n = n_models;
    return models;
}

const MoodModel *mood_model(Str id)
{
    size_t n;
    const MoodModel *list = mood_models(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].id, id))
            return &list[i];
    return NULL;
}
