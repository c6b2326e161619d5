#include "pkpd/pkpd.h"

#include "base/hash.h"
#include "base/json.h"
#include "pkpd/parameter.h"

#include <math.h>

static const double REFERENCE_KG_MAX = 150;
static const double ADULT_YEARS = 18;

/* Every fault of a file is told, not only the first; so the readers note problems and go on. */
static Str path_of(Ctx *c, const char *path, const char *member)
{
    return arena_fmt(c->arena, "%s%s%s", path, *path ? "." : "", member);
}

static Str words(Ctx *c, Json *object, const char *path, const char *member)
{
    Str text = json_str(json_get(object, member));
    if (str_empty(str_trim(text)))
        (void)problem(c, ERR_INVALID, path_of(c, path, member), "Missing: it must be a text.");
    return text;
}

static double number(Ctx *c, Json *object, const char *path, const char *member)
{
    double value = NAN;
    if (!json_number(json_get(object, member), &value))
        (void)problem(c, ERR_INVALID, path_of(c, path, member), "Missing: it must be a number.");
    return value;
}

/* A unit per kg is already proportional to weight; any other says how it grows, so that nobody has to guess.
 */
static double exponent(Ctx *c, Json *object, const char *path, const Unit *unit)
{
    if (!unit->per_kg)
        return number(c, object, path, "weight_exponent");
    if (json_get(object, "weight_exponent"))
        (void)problem(c, ERR_INVALID, path_of(c, path, "weight_exponent"),
                      "A value per kg is proportional to weight and has no exponent.");
    return 1;
}

static void check_size(Ctx *c, const PkpdModel *model, const PkpdParameter *p, const Unit *unit,
                       const char *path)
{
    double size = p->value * unit->factor * (unit->per_kg ? model->reference_kg : 1);
    if (!(size > 0 && size <= dimension_ceiling(unit->dimension)))
        (void)problem(c, ERR_INVALID, path_of(c, path, "value"), "%g %.*s is outside what %s can be.",
                      p->value, STR_ARG(p->unit), dimension_words(unit->dimension));
}

static void read_parameter(Ctx *c, Json *object, const char *path, PkpdModel *model)
{
    PkpdParameter p = { .name = words(c, object, path, "name"),
                        .value = number(c, object, path, "value"),
                        .unit = words(c, object, path, "unit"),
                        .cites = words(c, object, path, "cites"),
                        .seen = words(c, object, path, "seen") };
    const ParameterRow *row = parameter_row(p.name);
    const Unit *unit = unit_find(p.unit);
    if (!row) {
        (void)problem(c, ERR_INVALID, path_of(c, path, "name"), "No parameter is called \"%.*s\".",
                      STR_ARG(p.name));
        return;
    }
    if (!unit || unit->dimension != row->dimension) {
        (void)problem(c, ERR_INVALID, path_of(c, path, "unit"), "%s is %s, not in \"%.*s\".", row->name,
                      dimension_words(row->dimension), STR_ARG(p.unit));
        return;
    }
    p.weight_exponent = exponent(c, object, path, unit);
    check_size(c, model, &p, unit, path);
    model->parameters[model->n_parameters++] = p;
}

static size_t times_named(const PkpdModel *model, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < model->n_parameters; i++)
        n += str_is(model->parameters[i].name, name);
    return n;
}

static bool row_belongs(const PkpdModel *model, const ParameterRow *row)
{
    Form form = model->by_clearance ? FORM_CLEARANCES : FORM_CONSTANTS;
    return (row->form == FORM_BOTH || row->form == form) && row->from_compartments <= model->compartments;
}

static void check_set(Ctx *c, const PkpdModel *model)
{
    for (const ParameterRow *row = parameter_rows; row->name; row++) {
        size_t has = times_named(model, row->name), wants = row_belongs(model, row);
        if (has < wants)
            (void)problem(c, ERR_INVALID, S("parameters"), "%s is missing.", row->name);
        if (has > wants)
            (void)problem(c, ERR_INVALID, S("parameters"), "%s %s.", row->name,
                          wants ? "stands there more than once" : "has no place in this structure");
    }
}

static void read_parameters(Ctx *c, Json *file, PkpdModel *model)
{
    Json *list = json_get(file, "parameters");
    size_t n = json_count(list);
    if (n > PKPD_PARAMETERS_MAX)
        (void)problem(c, ERR_INVALID, S("parameters"), "%zu parameters: the most is %d.", n,
                      PKPD_PARAMETERS_MAX);
    for (size_t i = 0; i < n && i < PKPD_PARAMETERS_MAX; i++)
        read_parameter(c, json_at(list, i), arena_cstr(c->arena, arena_fmt(c->arena, "parameters[%zu]", i)),
                       model);
    model->by_clearance = times_named(model, "CL") > 0;
    check_set(c, model);
}

static void read_domain(Ctx *c, Json *object, PkpdDomain *domain)
{
    *domain = (PkpdDomain){
        .age_years_min = number(c, object, "domain", "age_years_min"),
        .weight_kg_min = number(c, object, "domain", "weight_kg_min"),
        .weight_kg_max = number(c, object, "domain", "weight_kg_max"),
        .title = words(c, object, "domain", "title"),
        .cites = words(c, object, "domain", "cites"),
        .seen = words(c, object, "domain", "seen"),
    };
    if (!(domain->weight_kg_min > 0 && domain->weight_kg_min < domain->weight_kg_max))
        (void)problem(c, ERR_INVALID, S("domain"), "The weights are no range.");
    if (!(domain->age_years_min >= ADULT_YEARS))
        (void)problem(c, ERR_INVALID, S("domain.age_years_min"),
                      "Only models of adults are taken: %g years or more.", ADULT_YEARS);
}

static int read_compartments(Ctx *c, Json *file)
{
    int64_t n = 0;
    if (!json_int(json_get(file, "compartments"), &n) || n < 1 || n > PKPD_COMPARTMENTS_MAX) {
        (void)problem(c, ERR_INVALID, S("compartments"), "It must be 1 to %d.", PKPD_COMPARTMENTS_MAX);
        return 1;
    }
    return (int)n;
}

static double read_reference_kg(Ctx *c, Json *file)
{
    double kg = number(c, file, "", "reference_kg");
    if (!(kg > 0 && kg <= REFERENCE_KG_MAX))
        (void)problem(c, ERR_INVALID, S("reference_kg"), "It must be above 0 and at most %g kg.",
                      REFERENCE_KG_MAX);
    return kg;
}

static Str read_site(Ctx *c, Json *file)
{
    Str site = words(c, file, "", "sampling_site");
    if (!str_is(site, "arterial") && !str_is(site, "venous") && !str_is(site, "not known"))
        (void)problem(c, ERR_INVALID, S("sampling_site"),
                      "It must be \"arterial\", \"venous\" or \"not known\".");
    return site;
}

bool pkpd_is_star_file(Arena *a, Str json)
{
    Json *file = json_parse(a, json);
    return file && !json_get(file, "flows");
}

Err pkpd_model_load(Ctx *c, Str json, PkpdModel *ret_model)
{
    Json *file = json_parse(c->arena, json);
    if (!file)
        return problem(c, ERR_INVALID, STR_NONE, "The model file is not JSON.");
    size_t problems_before = c->problems.n;
    PkpdModel model = {
        .id = words(c, file, "", "id"),
        .title = words(c, file, "", "title"),
        .drug = words(c, file, "", "drug"),
        .cites = words(c, file, "", "cites"),
        .population = words(c, file, "", "population"),
        .sampling_site = read_site(c, file),
        .effect_endpoint = words(c, file, "", "effect_endpoint"),
        .published_check = words(c, file, "", "published_check"),
        .reference_kg = read_reference_kg(c, file),
        .compartments = read_compartments(c, file),
        .hash = content_hash(c->arena, json),
    };
    read_parameters(c, file, &model);
    read_domain(c, json_get(file, "domain"), &model.domain);
    if (c->problems.n > problems_before)
        return ERR_INVALID;
    *ret_model = model;
    return OK;
}
