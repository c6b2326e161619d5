#include "pkpd/trial.h"

#include "base/embed.h"
#include "base/hash.h"
#include "base/json.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { POPULATIONS_MAX = 8 };

static const char *const parameter_names[POPULATION_STAR_PARAMETERS] = { "V1", "V2", "V3", "CL", "Q2", "Q3" };

static const struct {
    const char *name;
    double factor;
} units[] = { { "L", 1 }, { "L/min", 1 }, { "L/h", 1.0 / 60 } };

/* ---- reading: every fault is told, so the readers note problems and go on ---- */

static Str words(Ctx *c, Json *file, const char *path)
{
    Str text = json_find_str(file, path);
    if (str_empty(str_trim(text)))
        (void)problem(c, ERR_INVALID, str_from(path), "Missing: it must be a text.");
    return text;
}

static double number(Ctx *c, Json *file, const char *path, double least, double most)
{
    double x = NAN;
    if (!json_number(json_find(file, path), &x))
        (void)problem(c, ERR_INVALID, str_from(path), "Missing: it must be a number.");
    else if (!(x >= least && x <= most))
        (void)problem(c, ERR_INVALID, str_from(path), "%g is outside %g to %g.", x, least, most);
    return x;
}

/* prefix ends in what stands before "basis": "weight_kg." or "spread_". */
static TrialSource source(Ctx *c, Json *file, const char *prefix)
{
    return (
        TrialSource){ .basis = words(c, file, arena_cstr(c->arena, arena_fmt(c->arena, "%sbasis", prefix))),
                      .cites = words(c, file, arena_cstr(c->arena, arena_fmt(c->arena, "%scites", prefix))),
                      .seen = words(c, file, arena_cstr(c->arena, arena_fmt(c->arena, "%sseen", prefix))) };
}

static size_t parameter_index(Str name)
{
    size_t i = 0;
    while (i < POPULATION_STAR_PARAMETERS && !str_is(name, parameter_names[i]))
        i++;
    return i;
}

static void read_spread(Ctx *c, Json *file, PopulationStar *star)
{
    Json *list = json_get(file, "spread");
    for (size_t i = 0; i < json_count(list); i++) {
        const char *path = arena_cstr(c->arena, arena_fmt(c->arena, "spread[%zu].sd_log", i));
        size_t at = parameter_index(json_str(json_get(json_at(list, i), "name")));
        if (at == POPULATION_STAR_PARAMETERS)
            (void)problem(c, ERR_INVALID, arena_fmt(c->arena, "spread[%zu].name", i),
                          "It must be one of V1, V2, V3, CL, Q2, Q3.");
        else
            star->parameter[at].sd_log = number(c, file, path, 0, 2);
    }
}

/* Typical values from the drug model; only its own units of volume and clearance are known here. */
static void read_typical(Ctx *c, const PkpdModel *model, PopulationStar *star)
{
    for (size_t i = 0; i < model->n_parameters; i++) {
        const PkpdParameter *p = &model->parameters[i];
        if (str_is(p->name, "ke0"))
            star->ke0_per_min = p->value;
        size_t at = parameter_index(p->name);
        for (size_t u = 0; u < sizeof units / sizeof *units && at < POPULATION_STAR_PARAMETERS; u++)
            if (str_is(p->unit, units[u].name)) {
                star->parameter[at].typical = p->value * units[u].factor;
                star->parameter[at].weight_exponent = p->weight_exponent;
            }
    }
    for (size_t i = 0; i < POPULATION_STAR_PARAMETERS; i++)
        if (!(star->parameter[i].typical > 0))
            (void)problem(c, ERR_INVALID, S("drug_model"), "The model has no %s in L, L/h or L/min.",
                          parameter_names[i]);
}

static PopulationWeight read_weight(Ctx *c, Json *file, const PkpdModel *model)
{
    return (PopulationWeight){
        .typical_kg = number(c, file, "weight_kg.typical", 1, 300),
        .sd_log = number(c, file, "weight_kg.sd_log", 0, 1),
        .min_kg = number(c, file, "weight_kg.least", model->domain.weight_kg_min, 300),
        .max_kg = number(c, file, "weight_kg.most", 1, model->domain.weight_kg_max),
        .reference_kg = model->reference_kg,
    };
}

static void read_limits(Ctx *c, Json *file, TrialPopulation *population)
{
    population->resting_systolic_mean_mmhg = number(c, file, "resting_systolic_mmhg.mean", 80, 160);
    population->resting_systolic_sd_mmhg = number(c, file, "resting_systolic_mmhg.sd", 0, 40);
    population->systolic_limit_mmhg[0] = number(c, file, "systolic_limits_mmhg.first", 100, 260);
    population->systolic_limit_mmhg[1] = number(c, file, "systolic_limits_mmhg.second", 100, 260);
    population->remission_most[MOOD_MADRS] = number(c, file, "remission.madrs", 0, 60);
    population->remission_most[MOOD_PHQ9] = number(c, file, "remission.phq_9", 0, 27);
    population->remission_most[MOOD_QIDS] = number(c, file, "remission.qids", 0, 27);
    population->response_percent = number(c, file, "response_percent.value", 1, 100);
    population->weight = source(c, file, "weight_kg.");
    population->resting = source(c, file, "resting_systolic_mmhg.");
    population->limits = source(c, file, "systolic_limits_mmhg.");
    population->remission = source(c, file, "remission.");
    population->response = source(c, file, "response_percent.");
    population->spread = source(c, file, "spread_");
}

Err trial_population_load(Ctx *c, Str json, TrialPopulation *ret_population)
{
    Json *file = json_parse(c->arena, json);
    if (!file)
        return problem(c, ERR_INVALID, STR_NONE, "The population is not JSON.");
    size_t problems_before = c->problems.n;
    TrialPopulation population = { .id = words(c, file, "id"),
                                   .title = words(c, file, "title"),
                                   .model = pkpd_model(words(c, file, "drug_model")),
                                   .star = { .dose_per_kg = true },
                                   .hash = content_hash(c->arena, json) };
    if (!population.model)
        return problem(c, ERR_INVALID, S("drug_model"), "There is no such model.");
    read_typical(c, population.model, &population.star);
    read_spread(c, file, &population.star);
    population.star.weight = read_weight(c, file, population.model);
    read_limits(c, file, &population);
    if (c->problems.n > problems_before)
        return ERR_INVALID;
    *ret_population = population;
    return OK;
}

/* ---- those of the program ---- */

static TrialPopulation populations[POPULATIONS_MAX];
static size_t n_populations;

static void load_or_stop(Ctx *c, const EmbeddedFile *file)
{
    Str json = { file->start, (size_t)(file->end - file->start) };
    if (n_populations < POPULATIONS_MAX &&
        trial_population_load(c, json, &populations[n_populations]) == OK) {
        n_populations++;
        return;
    }
    for (size_t i = 0; i < c->problems.n; i++)
        fprintf(stderr, "%s: %.*s: %.*s\n", file->path, STR_ARG(c->problems.at[i].path),
                STR_ARG(c->problems.at[i].text));
    abort();
}

/* Never destroyed: the populations live as long as the program. */
static Arena *lifetime;

static void load_all(void)
{
    lifetime = arena_create(SIZE_MAX);
    Ctx c = { .arena = lifetime };
    for (const EmbeddedFile *file = embedded_files; file->path; file++)
        if (str_starts(str_from(file->path), S("data/populations/")))
            load_or_stop(&c, file);
}

const TrialPopulation *trial_populations(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load_all);
    *ret_n = n_populations;
    return populations;
}

const TrialPopulation *trial_population(Str id)
{
    size_t n;
    const TrialPopulation *list = trial_populations(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].id, id))
            return &list[i];
    return NULL;
}
