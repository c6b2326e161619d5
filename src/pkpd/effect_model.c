#include "pkpd/effect.h"

#include "base/embed.h"
#include "base/hash.h"
#include "base/json.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MODELS_MAX = 16 };

typedef enum Structure { VITAL = 1, SCALE = 2, BOTH = VITAL | SCALE } Structure;
/* A sensitivity's SD is a pure number where s is a logarithm or a logit, else it is in the slope's unit. */
typedef enum Measure { PER_100, NG_PER_ML, PURE, POINTS, OF_SENSITIVITY, OF_VALUE, OF_READING } Measure;

/* clang-format off */
/* The limits only catch a slipped unit or decimal point. An SD has a least value because the quadrature's
 * nodes must lie closer than it. */
static const struct {
    const char *name;
    Structure structure;
    Measure measure;
    double least, most;
} rows[EFFECT_PARAMETERS] = {
    [EFFECT_SLOPE]       = { "slope",       VITAL, PER_100,        0.01, 50 },
    [EFFECT_C50]         = { "C50",         SCALE, NG_PER_ML,      1,    1e6 },
    [EFFECT_HILL]        = { "hill",        SCALE, PURE,           0.5,  6 },
    [EFFECT_BACKGROUND]  = { "background",  SCALE, POINTS,         1e-4, 5 },
    [EFFECT_TRIAL_SD]    = { "trial_sd",    BOTH,  OF_SENSITIVITY, 0,    2 },
    [EFFECT_PATIENT_SD]  = { "patient_sd",  BOTH,  OF_SENSITIVITY, 0.1,  10 },
    [EFFECT_OCCASION_SD] = { "occasion_sd", BOTH,  OF_SENSITIVITY, 0.1,  10 },
    [EFFECT_BASELINE_SD] = { "baseline_sd", VITAL, OF_VALUE,       0.5,  30 },
    [EFFECT_READING_SD]  = { "reading_sd",  BOTH,  OF_READING,     0.1,  30 },
};
/* clang-format on */

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

/* Which of the words stands there; the first where it is none of them. */
static size_t choice(Ctx *c, Json *object, Str path, const char *member, const char *const *among, size_t n)
{
    Str text = words(c, object, path, member);
    for (size_t i = 0; i < n; i++)
        if (str_is(text, among[i]))
            return i;
    (void)problem(c, ERR_INVALID, path_of(c, path, member), "\"%.*s\" is none of the words it may be.",
                  STR_ARG(text));
    return 0;
}

static Str unit_of(Ctx *c, const EffectModel *model, Measure measure)
{
    Str per_100 = arena_fmt(c->arena, "%.*s per 100 ng/mL", STR_ARG(model->unit));
    switch (measure) {
    case PER_100:
        return per_100;
    case NG_PER_ML:
        return S("ng/mL");
    case OF_SENSITIVITY:
        return model->log_normal ? S("1") : per_100;
    case OF_READING:
        return model->scale ? S("1") : model->unit;
    case OF_VALUE:
    case POINTS:
        return model->unit;
    case PURE:
        break;
    }
    return S("1");
}

static bool row_belongs(const EffectModel *model, size_t row)
{
    return rows[row].structure & (model->scale ? SCALE : VITAL);
}

static size_t row_named(Str name)
{
    size_t row = 0;
    while (row < EFFECT_PARAMETERS && !str_is(name, rows[row].name))
        row++;
    return row;
}

static EffectNumber read_number(Ctx *c, Json *object, Str path, size_t row)
{
    size_t basis = choice(c, object, path, "basis", bases, sizeof bases / sizeof *bases);
    return (EffectNumber){ .value = number(c, object, path, "value", rows[row].least, rows[row].most),
                           .basis = str_from(bases[basis]),
                           .cites = words(c, object, path, "cites"),
                           .seen = words(c, object, path, "seen") };
}

static void read_parameter(Ctx *c, Json *object, Str path, EffectModel *model)
{
    Str name = words(c, object, path, "name"), unit = words(c, object, path, "unit");
    size_t row = row_named(name);
    if (row == EFFECT_PARAMETERS || !row_belongs(model, row)) {
        (void)problem(c, ERR_INVALID, path_of(c, path, "name"), "No parameter here is called \"%.*s\".",
                      STR_ARG(name));
        return;
    }
    Str wanted = unit_of(c, model, rows[row].measure);
    if (!str_eq(unit, wanted))
        (void)problem(c, ERR_INVALID, path_of(c, path, "unit"), "%s is in \"%.*s\", not in \"%.*s\".",
                      rows[row].name, STR_ARG(wanted), STR_ARG(unit));
    if (model->parameter[row].basis.p)
        (void)problem(c, ERR_INVALID, path_of(c, path, "name"), "%s stands there twice.", rows[row].name);
    model->parameter[row] = read_number(c, object, path, row);
}

static void read_parameters(Ctx *c, Json *list, EffectModel *model)
{
    for (size_t i = 0; i < json_count(list); i++)
        read_parameter(c, json_at(list, i), arena_fmt(c->arena, "parameters[%zu]", i), model);
    for (size_t row = 0; row < EFFECT_PARAMETERS; row++) {
        if (!row_belongs(model, row))
            model->parameter[row].value = NAN;
        else if (!model->parameter[row].basis.p)
            (void)problem(c, ERR_INVALID, S("parameters"), "%s is missing.", rows[row].name);
    }
}

static void read_settings(Ctx *c, Json *list, EffectModel *model)
{
    size_t n = json_count(list);
    if (n > EFFECT_SETTINGS_MAX || (n && model->scale))
        (void)problem(c, ERR_INVALID, S("settings"), "A vital has at most %d settings, a scale none.",
                      EFFECT_SETTINGS_MAX);
    for (size_t i = 0; i < n && i < EFFECT_SETTINGS_MAX; i++) {
        Json *object = json_at(list, i);
        Str path = arena_fmt(c->arena, "settings[%zu]", i);
        model->settings[model->n_settings++] = (EffectSetting){
            .name = words(c, object, path, "name"),
            .figure = words(c, object, path, "figure"),
            .slope = number(c, object, path, "slope", rows[EFFECT_SLOPE].least, rows[EFFECT_SLOPE].most),
            .cites = words(c, object, path, "cites"),
            .seen = words(c, object, path, "seen"),
        };
    }
}

static void read_domain(Ctx *c, Json *object, EffectModel *model)
{
    Str path = S("domain");
    model->domain = words(c, object, path, "title");
    model->ce_ng_per_ml_max = number(c, object, path, "ce_ng_per_ml_max", 1, 1000);
    model->domain_cites = words(c, object, path, "cites");
    model->domain_seen = words(c, object, path, "seen");
}

static void read_range(Ctx *c, Json *file, EffectModel *model)
{
    model->least = number(c, file, STR_NONE, "least", 0, 0);
    model->most = number(c, file, STR_NONE, "most", 1, 400);
    model->falls = json_true(json_get(file, "falls"));
    if (model->scale && model->most != floor(model->most))
        (void)problem(c, ERR_INVALID, S("most"), "A scale counts in whole points.");
    if (model->falls && !model->scale)
        (void)problem(c, ERR_INVALID, S("falls"), "Only a scale can fall.");
}

Err effect_model_load(Ctx *c, Str json, EffectModel *ret_model)
{
    static const char *const structures[] = { "vital", "scale" }, *const spreads[] = { "log-normal",
                                                                                       "normal" };
    Json *file = json_parse(c->arena, json);
    if (!file)
        return problem(c, ERR_INVALID, STR_NONE, "The effect's file is not JSON.");
    size_t problems_before = c->problems.n;
    EffectModel model = {
        .id = words(c, file, STR_NONE, "id"),
        .title = words(c, file, STR_NONE, "title"),
        .unit = words(c, file, STR_NONE, "unit"),
        .scale = choice(c, file, STR_NONE, "structure", structures, 2) == 1,
        .log_normal = choice(c, file, STR_NONE, "sensitivity", spreads, 2) == 0,
        .exposure_model = words(c, file, STR_NONE, "exposure_model"),
        .left_out = words(c, file, STR_NONE, "left_out"),
        .hash = content_hash(c->arena, json),
    };
    if (model.scale && !model.log_normal)
        (void)problem(c, ERR_INVALID, S("sensitivity"), "A scale's sensitivity is log-normal.");
    read_range(c, file, &model);
    read_parameters(c, json_get(file, "parameters"), &model);
    read_settings(c, json_get(file, "settings"), &model);
    read_domain(c, json_get(file, "domain"), &model);
    if (c->problems.n > problems_before)
        return ERR_INVALID;
    *ret_model = model;
    return OK;
}

/* ---- those of the program ---- */

static EffectModel models[MODELS_MAX];
static size_t n_models;

static void load_or_stop(Ctx *c, const EmbeddedFile *file)
{
    Str json = { file->start, (size_t)(file->end - file->start) };
    if (n_models < MODELS_MAX && effect_model_load(c, json, &models[n_models]) == OK) {
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
        if (str_starts(str_from(file->path), S("data/effects/")))
            load_or_stop(&c, file);
}

const EffectModel *effect_models(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load_all);
    *ret_n = n_models;
    return models;
}

const EffectModel *effect_model(Str id)
{
    size_t n;
    const EffectModel *list = effect_models(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].id, id))
            return &list[i];
    return NULL;
}

bool effect_in_setting(const EffectModel *model, Str name, EffectModel *ret_model)
{
    for (size_t i = 0; i < model->n_settings; i++)
        if (str_eq(model->settings[i].name, name)) {
            *ret_model = *model;
            ret_model->parameter[EFFECT_SLOPE].value = model->settings[i].slope;
            ret_model->parameter[EFFECT_TRIAL_SD].value = 0;
            return true;
        }
    return false;
}
