/* From a model's file to a network, and from a star to one. */
#include "base/embed.h"
#include "base/hash.h"
#include "base/json.h"
#include "pkpd/network_model.h"

#include <math.h>
#include <string.h>

static const char *const route_words[ROUTES] = { "iv", "im", "sc", "in", "po", "sl" };

const char *pkpd_route_word(PkpdRoute route)
{
    return route_words[route];
}

int network_parameter(const PkpdNetwork *network, Str name)
{
    for (size_t i = 0; i < network->n_parameters; i++)
        if (str_eq(network->parameters[i].name, name))
            return (int)i;
    return -1;
}

/* ---- units ---- */

static const struct {
    const char *name;
    double factor; /* to L, L/min, /min, min, 1 */
    double ceiling;
} units[] = {
    { "L", 1, 2000 },          { "L/kg", 1, 30 }, { "L/min", 1, 20 },
    { "L/h", 1.0 / 60, 1200 }, { "/min", 1, 20 }, { "/h", 1.0 / 60, 1200 },
    { "min", 1, 1440 },        { "h", 60, 24 },   { "1", 1, 2000 },
};

static int unit_row(Str name)
{
    int n = sizeof units / sizeof units[0];
    for (int i = 0; i < n; i++)
        if (str_is(name, units[i].name))
            return i;
    return -1;
}

/* ---- reading: every fault is noted with its path, and reading goes on ---- */

typedef struct Reader {
    Ctx *c;
    PkpdNetwork *network;
    const char *path; /* of the object that is read */
} Reader;

static void fault(Reader *r, const char *member, const char *words)
{
    (void)problem(r->c, ERR_INVALID, arena_fmt(r->c->arena, "%s%s%s", r->path, *r->path ? "." : "", member),
                  "%s", words);
}

static Str text(Reader *r, Json *object, const char *member)
{
    Str value = json_str(json_get(object, member));
    if (str_empty(str_trim(value)))
        fault(r, member, "Missing: it must be a text.");
    return value;
}

static double number(Reader *r, Json *object, const char *member)
{
    double value = NAN;
    if (!json_number(json_get(object, member), &value))
        fault(r, member, "Missing: it must be a number.");
    return value;
}

static double number_or(Json *object, const char *member, double otherwise)
{
    double value = otherwise;
    (void)json_number(json_get(object, member), &value);
    return value;
}

static int state_named(Reader *r, Str name, const char *member)
{
    for (size_t i = 0; i < r->network->n_states; i++)
        if (str_is(name, r->network->states[i]))
            return (int)i;
    fault(r, member, "There is no such state.");
    return -1;
}

static int parameter_named(Reader *r, Str name, const char *member)
{
    int i = network_parameter(r->network, name);
    if (i < 0)
        fault(r, member, "There is no such parameter.");
    return i;
}

static int parameter_or_none(Reader *r, Json *object, const char *member)
{
    Str name = json_find_str(object, member);
    return name.p ? parameter_named(r, name, member) : -1;
}

/* Names of parameters; "1-NAME" is 1 minus one. */
static void read_product(Reader *r, Json *list, const char *member, int *ret_indices, bool *ret_complements)
{
    size_t n = json_count(list);
    if (n > NETWORK_FACTORS) {
        fault(r, member, "Too many factors.");
        n = NETWORK_FACTORS;
    }
    for (size_t i = 0; i < NETWORK_FACTORS; i++)
        ret_indices[i] = -1;
    for (size_t i = 0; i < n; i++) {
        Str name = json_str(json_at(list, i));
        bool complement = str_starts(name, S("1-"));
        if (ret_complements)
            ret_complements[i] = complement;
        ret_indices[i] = parameter_named(r, complement ? str_slice(name, 2, SIZE_MAX) : name, member);
    }
}

static Quotient read_quotient(Reader *r, Json *object)
{
    Quotient q = { .times = number_or(object, "times", 1) };
    read_product(r, json_get(object, "by"), "by", q.by, q.complement);
    read_product(r, json_get(object, "per"), "per", q.per, NULL);
    return q;
}

static void read_parameter(Reader *r, Json *object, NetworkParameter *p)
{
    *p = (NetworkParameter){ .name = text(r, object, "name"),
                             .value = number(r, object, "value"),
                             .unit = text(r, object, "unit"),
                             .cites = text(r, object, "cites"),
                             .seen = text(r, object, "seen"),
                             .table = json_find_str(object, "table"),
                             .weight_exponent = number_or(object, "weight_exponent", 0),
                             .age_from_years = number_or(object, "age_from_years", 0),
                             .per_year = number_or(object, "per_year", 0),
                             .between_subjects = number_or(object, "between_subjects", NAN),
                             .between_occasions = number_or(object, "between_occasions", NAN) };
    int unit = unit_row(p->unit);
    if (unit < 0) {
        fault(r, "unit", "No such unit: L, L/kg, L/min, L/h, /min, /h, min, h or 1.");
        return;
    }
    if (!(p->value > 0 && p->value <= units[unit].ceiling))
        fault(r, "value", "It is outside what such a quantity can be.");
    p->factor = units[unit].factor * (str_is(p->unit, "L/kg") ? r->network->reference_kg : 1);
    if (str_is(p->unit, "L/kg"))
        p->weight_exponent = 1;
    p->value *= p->factor;
    p->per_year *= p->factor;
}

static void read_flow(Reader *r, Json *object, NetworkFlow *flow)
{
    Str to = json_find_str(object, "to");
    *flow = (NetworkFlow){ .from = state_named(r, text(r, object, "from"), "from"),
                           .to = to.p ? state_named(r, to, "to") : -1,
                           .rate = read_quotient(r, object),
                           .per_h = number_or(object, "per_h", 0) };
    if (flow->from >= 0 && flow->from == flow->to)
        fault(r, "to", "A flow leads to another state.");
}

static void read_output(Reader *r, Json *object, NetworkOutput *output)
{
    *output = (NetworkOutput){ .name = arena_cstr(r->c->arena, text(r, object, "name")),
                               .unit = arena_cstr(r->c->arena, text(r, object, "unit")),
                               .state = state_named(r, text(r, object, "state"), "state"),
                               .scale = read_quotient(r, object) };
}

static void read_input(Reader *r, Json *object, NetworkInput *input)
{
    Str word = text(r, object, "route");
    int route = 0;
    while (route < ROUTES && !str_is(word, route_words[route]))
        route++;
    if (route == ROUTES) {
        fault(r, "route", "No such route: iv, im, sc, in, po or sl.");
        route = 0;
    }
    *input = (NetworkInput){ .route = (PkpdRoute)route,
                             .into = state_named(r, text(r, object, "into"), "into"),
                             .fraction = read_quotient(r, object),
                             .minutes = parameter_or_none(r, object, "minutes"),
                             .lag = parameter_or_none(r, object, "lag") };
}

static PkpdDomain read_domain(Reader *r, Json *object)
{
    Reader in = { r->c, r->network, "domain" };
    r->network->age_years_max = number_or(object, "age_years_max", INFINITY);
    PkpdDomain domain = { .age_years_min = number(&in, object, "age_years_min"),
                          .weight_kg_min = number(&in, object, "weight_kg_min"),
                          .weight_kg_max = number(&in, object, "weight_kg_max"),
                          .title = text(&in, object, "title"),
                          .cites = text(&in, object, "cites"),
                          .seen = text(&in, object, "seen") };
    if (!(domain.weight_kg_min > 0 && domain.weight_kg_min < domain.weight_kg_max))
        fault(&in, "weight_kg_min", "The weights are no range.");
    return domain;
}

/* Calls read for each object of the list. */
#define READ_LIST(reader, file, member, room, list, n, read)                                                 \
    do {                                                                                                     \
        Json *objects_ = json_get(file, member);                                                             \
        if (json_count(objects_) > (room))                                                                   \
            fault(reader, member, "There are too many.");                                                    \
        for (size_t i_ = 0; i_ < json_count(objects_) && i_ < (size_t)(room); i_++) {                        \
            Str path_ = arena_fmt((reader)->c->arena, "%s[%zu]", member, i_);                                \
            Reader in_ = { (reader)->c, (reader)->network, arena_cstr((reader)->c->arena, path_) };          \
            read(&in_, json_at(objects_, i_), &(list)[i_]);                                                  \
            (n)++;                                                                                           \
        }                                                                                                    \
    } while (0)

static void read_states(Reader *r, Json *list)
{
    size_t n = json_count(list);
    if (n < 1 || n > NETWORK_STATES - 1) /* one is kept for a depot */
        fault(r, "states", "There must be at least one, and not too many.");
    for (size_t i = 0; i < n && i < NETWORK_STATES - 1; i++)
        r->network->states[r->network->n_states++] = arena_cstr(r->c->arena, json_str(json_at(list, i)));
}

static bool has_input(const PkpdNetwork *network, PkpdRoute route)
{
    for (size_t i = 0; i < network->n_inputs; i++)
        if (network->inputs[i].route == route)
            return true;
    return false;
}

/* ---- what no paper has ---- */

static int add_parameter(PkpdNetwork *network, const char *name, double value, const char *unit)
{
    static const char cites[] =
        "Assumed for every model without its own: the drug's intramuscular absorption";
    network->parameters[network->n_parameters] = (NetworkParameter){ .name = str_from(name),
                                                                     .value = value,
                                                                     .factor = 1,
                                                                     .unit = str_from(unit),
                                                                     .between_subjects = NAN,
                                                                     .between_occasions = NAN,
                                                                     .cites = str_from(cites),
                                                                     .seen = S("policy") };
    return (int)network->n_parameters++;
}

static Quotient just(int parameter)
{
    Quotient q = { .times = 1, .by = { parameter, -1, -1, -1 }, .per = { -1, -1, -1, -1 } };
    return q;
}

void network_assume_depot(PkpdNetwork *network, int central)
{
    if (has_input(network, ROUTE_IM) && has_input(network, ROUTE_SC))
        return;
    int fraction = add_parameter(network, "F_im_assumed", 0.93, "1");
    int ka = add_parameter(network, "ka_im_assumed", 0.12, "/min");
    int lag = add_parameter(network, "lag_im_assumed", 2, "min");
    int depot = (int)network->n_states++;
    network->states[depot] = "depot, assumed";
    network->flows[network->n_flows++] = (NetworkFlow){ .from = depot, .to = central, .rate = just(ka) };
    for (PkpdRoute route = ROUTE_IM; route <= ROUTE_SC; route++)
        if (!has_input(network, route))
            network->inputs[network->n_inputs++] = (NetworkInput){
                .route = route, .into = depot, .fraction = just(fraction), .minutes = -1, .lag = lag
            };
}

static int central_of(const PkpdNetwork *network)
{
    for (size_t i = 0; i < network->n_inputs; i++)
        if (network->inputs[i].route == ROUTE_IV)
            return network->inputs[i].into;
    return 0;
}

Err network_load(Ctx *c, Str json, const PkpdNetwork **ret_network)
{
    Json *file = json_parse(c->arena, json);
    if (!file)
        return problem(c, ERR_INVALID, STR_NONE, "The model file is not JSON.");
    size_t problems_before = c->problems.n;
    PkpdNetwork *n = arena_new(c->arena, PkpdNetwork, 1);
    Reader r = { c, n, "" };
    n->id = text(&r, file, "id");
    n->title = text(&r, file, "title");
    n->drug = text(&r, file, "drug");
    n->cites = text(&r, file, "cites");
    n->population = text(&r, file, "population");
    n->sampling_site = text(&r, file, "sampling_site");
    n->published_check = text(&r, file, "published_check");
    n->hash = content_hash(c->arena, json);
    n->reference_kg = number(&r, file, "reference_kg");
    READ_LIST(&r, file, "parameters", NETWORK_PARAMETERS - 3, n->parameters, n->n_parameters, read_parameter);
    read_states(&r, json_get(file, "states"));
    READ_LIST(&r, file, "flows", NETWORK_FLOWS - 1, n->flows, n->n_flows, read_flow);
    READ_LIST(&r, file, "outputs", NETWORK_OUTPUTS, n->outputs, n->n_outputs, read_output);
    READ_LIST(&r, file, "inputs", 2 * ROUTES - 2, n->inputs, n->n_inputs, read_input);
    read_product(&r, json_get(file, "clearance"), "clearance", n->clearance, NULL);
    n->device_first = parameter_or_none(&r, json_get(file, "devices"), "first");
    n->device_later = parameter_or_none(&r, json_get(file, "devices"), "later");
    n->domain = read_domain(&r, json_get(file, "domain"));
    if (c->problems.n > problems_before)
        return ERR_INVALID;
    network_assume_depot(n, central_of(n));
    *ret_network = n;
    return OK;
}

/* ---- a star as a network ---- */

static Quotient ratio(int by, int per)
{
    Quotient q = just(by);
    q.per[0] = per;
    return q;
}

static void add_flow(PkpdNetwork *n, int from, int to, Quotient rate)
{
    n->flows[n->n_flows++] = (NetworkFlow){ .from = from, .to = to, .rate = rate };
}

static int named(const PkpdNetwork *n, const char *name)
{
    return network_parameter(n, str_from(name));
}

static void copy_parameters(const PkpdModel *model, PkpdNetwork *n)
{
    for (size_t i = 0; i < model->n_parameters; i++) {
        const PkpdParameter *p = &model->parameters[i];
        int unit = unit_row(p->unit);
        double factor = units[unit].factor * (str_is(p->unit, "L/kg") ? model->reference_kg : 1);
        n->parameters[n->n_parameters++] = (NetworkParameter){ .name = p->name,
                                                               .value = p->value * factor,
                                                               .factor = factor,
                                                               .weight_exponent = p->weight_exponent,
                                                               .between_subjects = NAN,
                                                               .between_occasions = NAN,
                                                               .unit = p->unit,
                                                               .cites = p->cites,
                                                               .seen = p->seen };
    }
}

static void join(PkpdNetwork *n, bool by_clearance, int other)
{
    static const char *const flows[] = { "", "Q2", "Q3" }, *const volumes[] = { "V1", "V2", "V3" };
    static const char *const out[] = { "", "k12", "k13" }, *const back[] = { "", "k21", "k31" };
    int v1 = named(n, "V1");
    add_flow(n, 0, other, by_clearance ? ratio(named(n, flows[other]), v1) : just(named(n, out[other])));
    add_flow(n, other, 0,
             by_clearance ? ratio(named(n, flows[other]), named(n, volumes[other]))
                          : just(named(n, back[other])));
}

static const double NG_PER_ML_OF_MG_PER_L = 1000;

const PkpdNetwork *network_of_star(Arena *a, const PkpdModel *model)
{
    static const char *const states[] = { "central", "second", "third" };
    PkpdNetwork *n = arena_new(a, PkpdNetwork, 1);
    *n = (PkpdNetwork){ .id = model->id,
                        .title = model->title,
                        .cites = model->cites,
                        .published_check = model->published_check,
                        .hash = model->hash,
                        .reference_kg = model->reference_kg,
                        .domain = model->domain,
                        .age_years_max = INFINITY,
                        .device_first = -1,
                        .device_later = -1 };
    copy_parameters(model, n);
    for (int i = 0; i < NETWORK_FACTORS; i++)
        n->clearance[i] = i == 0 ? named(n, model->by_clearance ? "CL" : "k10") : -1;
    int v1 = named(n, "V1");
    for (int i = 0; i < model->compartments; i++) {
        n->states[n->n_states++] = states[i];
        if (i > 0)
            join(n, model->by_clearance, i);
    }
    add_flow(n, 0, -1, model->by_clearance ? ratio(named(n, "CL"), v1) : just(named(n, "k10")));
    int effect = (int)n->n_states++, ke0 = named(n, "ke0");
    n->states[effect] = "effect site"; /* its "amount" is a concentration, mg/L */
    n->flows[n->n_flows++] = (NetworkFlow){ .from = 0, .to = effect, .rate = ratio(ke0, v1), .copy = true };
    add_flow(n, effect, -1, just(ke0));
    Quotient none = { .times = NG_PER_ML_OF_MG_PER_L, .by = { -1, -1, -1, -1 }, .per = { -1, -1, -1, -1 } };
    Quotient per_volume = none;
    per_volume.per[0] = v1;
    n->outputs[n->n_outputs++] = (NetworkOutput){ "Cp", "ng/mL", 0, per_volume };
    n->outputs[n->n_outputs++] = (NetworkOutput){ "Ce", "ng/mL", effect, none };
    Quotient whole = { .times = 1, .by = { -1, -1, -1, -1 }, .per = { -1, -1, -1, -1 } };
    n->inputs[n->n_inputs++] = (NetworkInput){ ROUTE_IV, 0, whole, -1, -1 };
    network_assume_depot(n, 0);
    return n;
}

/* ---- finding ---- */

static Str without_hyphens(Arena *a, Str name)
{
    char *plain = arena_alloc(a, 1, name.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] != '-')
            plain[n++] = name.p[i];
    return (Str){ plain, n };
}

static const PkpdNetwork *load(Arena *a, const EmbeddedFile *file)
{
    const PkpdNetwork *network = NULL;
    Ctx c = { .arena = a };
    Str json = { file->start, (size_t)(file->end - file->start) };
    if (!pkpd_is_star_file(a, json))
        return network_load(&c, json, &network) == OK ? network : NULL;
    PkpdModel *model = arena_new(a, PkpdModel, 1);
    return pkpd_model_load(&c, json, model) == OK ? network_of_star(a, model) : NULL;
}

static Str id_of(Arena *a, const EmbeddedFile *file)
{
    Str path = str_slice(str_from(file->path), strlen("data/drugs/"), SIZE_MAX);
    return arena_str(a, str_slice(path, 0, path.n - strlen(".json")));
}

const PkpdNetwork *network_find(Arena *a, Str name)
{
    Str wanted = without_hyphens(a, name);
    for (const EmbeddedFile *file = embedded_files; file->path; file++)
        if (str_starts(str_from(file->path), S("data/drugs/")) &&
            str_eq(without_hyphens(a, id_of(a, file)), wanted))
            return load(a, file);
    return NULL;
}

const char *const *network_names(Arena *a)
{
    enum { MOST = 32 };
    const char **names = arena_new(a, const char *, MOST + 1);
    size_t n = 0;
    for (const EmbeddedFile *file = embedded_files; file->path && n < MOST; file++)
        if (str_starts(str_from(file->path), S("data/drugs/")))
            names[n++] = arena_cstr(a, id_of(a, file));
    return names;
}

Str network_id(const PkpdNetwork *network)
{
    return network->id;
}

const NetworkParameter *network_parameters(const PkpdNetwork *network, size_t *ret_n)
{
    *ret_n = network->n_parameters;
    return network->parameters;
}

size_t network_outputs(const PkpdNetwork *network)
{
    return network->n_outputs;
}

const char *network_output_name(const PkpdNetwork *network, size_t i)
{
    return network->outputs[i].name;
}

const char *network_output_unit(const PkpdNetwork *network, size_t i)
{
    return network->outputs[i].unit;
}

bool network_has_route(const PkpdNetwork *network, PkpdRoute route)
{
    return has_input(network, route);
}

Str network_published_check(const PkpdNetwork *network)
{
    return network->published_check;
}

Str network_hash(const PkpdNetwork *network)
{
    return network->hash;
}
