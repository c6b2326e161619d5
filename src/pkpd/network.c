#include "pkpd/network.h"

#include "pkpd/exponential.h"
#include "pkpd/network_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EDGES_MOST = 4096 };
/* A rate that changes with time is taken as constant over so long, at its middle. */
static const double STEP_MIN = 1;
/* Devices of one session are counted from its first. */
static const double SESSION_MIN = 120;
static const double MIN_PER_H = 60;

/* ---- a person's numbers ---- */

typedef struct Values {
    double at[NETWORK_PARAMETERS];
} Values;

static double value_of(const NetworkParameter *p, const PkpdNetwork *network, const NetworkPerson *person)
{
    double value = p->value;
    if (p->per_year != 0)
        value += p->per_year * fmax(0, person->age_years - p->age_from_years);
    return value * pow(person->weight_kg / network->reference_kg, p->weight_exponent);
}

static double quotient(const Quotient *q, const Values *values)
{
    double result = q->times;
    for (int i = 0; i < NETWORK_FACTORS && q->by[i] >= 0; i++)
        result *= q->complement[i] ? 1 - values->at[q->by[i]] : values->at[q->by[i]];
    for (int i = 0; i < NETWORK_FACTORS && q->per[i] >= 0; i++)
        result /= values->at[q->per[i]];
    return result;
}

static Err override(Ctx *c, PkpdNetwork *network, const NetworkOverrides *overrides)
{
    for (size_t i = 0; overrides && i < overrides->n; i++) {
        int p = network_parameter(network, overrides->at[i].name);
        if (p < 0)
            return problem(c, ERR_INVALID, overrides->at[i].name, "the model has no such parameter");
        /* value is in the file's unit: its factor is what the file's value became. */
        network->parameters[p].value = overrides->at[i].value * network->parameters[p].factor;
    }
    return OK;
}

/* Of the vein's area under the curve: by clearance. What is not known changes nothing. */
static double clearance_factor(const NetworkCovariate *covariate)
{
    if (!isnan(covariate->clearance))
        return covariate->clearance;
    return isnan(covariate->iv_exposure) ? 1 : 1 / covariate->iv_exposure;
}

static Err change_clearance(Ctx *c, const NetworkCovariate *covariate, PkpdNetwork *n)
{
    double factor = clearance_factor(covariate);
    if (factor != 1 && n->clearance[0] < 0)
        return problem(c, ERR_RULE, covariate->id, "The model %.*s has no single clearance to change.",
                       STR_ARG(n->title));
    for (int i = 0; i < NETWORK_FACTORS && n->clearance[i] >= 0; i++)
        n->parameters[n->clearance[i]].value *= factor;
    return OK;
}

/* What of the change by mouth is not the clearance's: less or more gets in. */
static double oral_factor(const NetworkCovariate *covariate)
{
    if (!covariate || isnan(covariate->oral_exposure))
        return 1;
    return covariate->oral_exposure * clearance_factor(covariate);
}

static Err within_domain(Ctx *c, const PkpdNetwork *n, const NetworkPerson *person)
{
    if (!(person->age_years >= n->domain.age_years_min && person->age_years <= n->age_years_max))
        return problem(c, ERR_RULE, S("age"), "The model %.*s is for: %.*s", STR_ARG(n->title),
                       STR_ARG(n->domain.title));
    if (!(person->weight_kg >= n->domain.weight_kg_min && person->weight_kg <= n->domain.weight_kg_max))
        return problem(c, ERR_RULE, S("weight"), "The model %.*s is for %g to %g kg.", STR_ARG(n->title),
                       n->domain.weight_kg_min, n->domain.weight_kg_max);
    return OK;
}

/* ---- what enters, and when ---- */

typedef struct Entry {
    double from_min, to_min; /* equal: at once */
    int into;
    double mg;
} Entry;

typedef struct Entries {
    Entry *at;
    size_t n, room;
} Entries;

/* How many devices of the same session came before this one. */
static int devices_before(const PkpdDose *doses, size_t i)
{
    double session_min = doses[i].at_min;
    int n = 0;
    for (size_t k = 0; k < i; k++)
        if (doses[k].route == ROUTE_IN && session_min - doses[k].at_min <= SESSION_MIN)
            n++;
    return n;
}

static void add_entries(Arena *a, const PkpdNetwork *n, const PkpdDose *dose, Values values,
                        bool later_device, Entries *entries)
{
    if (later_device && n->device_first >= 0)
        values.at[n->device_first] *= values.at[n->device_later];
    for (size_t i = 0; i < n->n_inputs; i++) {
        const NetworkInput *input = &n->inputs[i];
        if (input->route != dose->route)
            continue;
        double lag_min = input->lag >= 0 ? values.at[input->lag] : 0;
        double minutes = input->minutes >= 0 ? values.at[input->minutes] : dose->over_min;
        double from_min = dose->at_min + lag_min;
        *list_add(a, entries) = (Entry){ from_min, from_min + minutes, input->into,
                                         dose->mg * quotient(&input->fraction, &values) };
    }
}

static Err enter(Ctx *c, const PkpdNetwork *n, const Values *values, double oral, const PkpdDose *doses,
                 size_t n_doses, Entries *entries)
{
    for (size_t i = 0; i < n_doses; i++) {
        if (!network_has_route(n, doses[i].route))
            return problem(c, ERR_RULE, S("dose"), "The model %.*s has no such route: %s.", STR_ARG(n->title),
                           pkpd_route_word(doses[i].route));
        bool later = doses[i].route == ROUTE_IN && devices_before(doses, i) > 0;
        PkpdDose dose = doses[i];
        dose.mg *= dose.route == ROUTE_PO ? oral : 1;
        add_entries(c->arena, n, &dose, *values, later, entries);
    }
    return OK;
}

/* ---- the course ---- */

typedef struct Course {
    const PkpdNetwork *network;
    const Values *values;
    const Entries *entries;
    double first_min; /* of the first dose */
    bool drifts;      /* a rate changes with time */
    double state[NETWORK_STATES];
    /* The last step's matrix: steps repeat. */
    Square step;
    double step_min, step_inputs[NETWORK_STATES];
    bool has_step;
} Course;

/* The last row and column hold the constant input. */
static Square matrix_at(const Course *course, const double *inputs_mg_per_min, double at_min)
{
    const PkpdNetwork *n = course->network;
    Square a = { .n = (int)n->n_states + 1 };
    for (size_t i = 0; i < n->n_flows; i++) {
        const NetworkFlow *flow = &n->flows[i];
        double rate = quotient(&flow->rate, course->values);
        rate *= 1 + flow->per_h * fmax(0, at_min - course->first_min) / MIN_PER_H;
        if (!flow->copy)
            a.at[flow->from][flow->from] -= rate;
        if (flow->to >= 0)
            a.at[flow->to][flow->from] += rate;
    }
    for (size_t i = 0; i < n->n_states; i++)
        a.at[i][n->n_states] = inputs_mg_per_min[i];
    return a;
}

static void apply(Course *course)
{
    size_t n = course->network->n_states;
    double next[NETWORK_STATES];
    for (size_t i = 0; i < n; i++) {
        next[i] = course->step.at[i][n];
        for (size_t j = 0; j < n; j++)
            next[i] += course->step.at[i][j] * course->state[j];
    }
    memcpy(course->state, next, n * sizeof next[0]);
}

static void advance_step(Course *course, const double *inputs, double from_min, double minutes)
{
    size_t bytes = sizeof course->step_inputs;
    bool same = course->has_step && !course->drifts && course->step_min == minutes &&
                memcmp(course->step_inputs, inputs, bytes) == 0;
    if (!same) {
        Square a = matrix_at(course, inputs, from_min + minutes / 2);
        course->step = exponential(&a, minutes);
        course->step_min = minutes;
        memcpy(course->step_inputs, inputs, bytes);
        course->has_step = true;
    }
    apply(course);
}

static void inputs_between(const Course *course, double from_min, double to_min, double *ret_inputs)
{
    double middle_min = from_min + (to_min - from_min) / 2;
    memset(ret_inputs, 0, NETWORK_STATES * sizeof *ret_inputs);
    for (size_t i = 0; i < course->entries->n; i++) {
        const Entry *e = &course->entries->at[i];
        if (e->to_min > e->from_min && e->from_min <= middle_min && middle_min < e->to_min)
            ret_inputs[e->into] += e->mg / (e->to_min - e->from_min);
    }
}

static void advance(Course *course, double from_min, double to_min)
{
    double inputs[NETWORK_STATES];
    if (!(to_min > from_min))
        return;
    inputs_between(course, from_min, to_min, inputs);
    double steps = course->drifts ? ceil((to_min - from_min) / STEP_MIN) : 1;
    double minutes = (to_min - from_min) / steps;
    for (double i = 0; i < steps; i++)
        advance_step(course, inputs, from_min + i * minutes, minutes);
}

static void take_at_once(Course *course, double at_min)
{
    for (size_t i = 0; i < course->entries->n; i++) {
        const Entry *e = &course->entries->at[i];
        if (e->to_min == e->from_min && e->from_min == at_min)
            course->state[e->into] += e->mg;
    }
}

/* ---- the times at which something changes ---- */

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static Err edges_of(Ctx *c, const Entries *entries, const double *times_min, size_t n_times,
                    double **ret_edges, size_t *ret_n)
{
    size_t n = 0, room = 2 * entries->n + n_times;
    double *edges = arena_new(c->arena, double, room);
    for (size_t i = 0; i < entries->n; i++) {
        edges[n++] = entries->at[i].from_min;
        edges[n++] = entries->at[i].to_min;
    }
    memcpy(edges + n, times_min, n_times * sizeof *times_min);
    qsort(edges, room, sizeof *edges, compare);
    *ret_edges = edges;
    *ret_n = room;
    return OK;
}

static void write_outputs(const Course *course, double *ret_values)
{
    for (size_t i = 0; i < course->network->n_outputs; i++) {
        const NetworkOutput *output = &course->network->outputs[i];
        ret_values[i] = course->state[output->state] * quotient(&output->scale, course->values);
    }
}

static void run(Course *course, const double *edges, size_t n_edges, const double *times_min, size_t n_times,
                double *ret_values)
{
    size_t next = 0;
    for (size_t i = 0; i < n_edges; i++) {
        if (i > 0)
            advance(course, edges[i - 1], edges[i]);
        if (i == 0 || edges[i] > edges[i - 1])
            take_at_once(course, edges[i]);
        for (; next < n_times && times_min[next] == edges[i]; next++)
            write_outputs(course, &ret_values[next * course->network->n_outputs]);
    }
}

static bool drifts(const PkpdNetwork *n)
{
    for (size_t i = 0; i < n->n_flows; i++)
        if (n->flows[i].per_h != 0)
            return true;
    return false;
}

static double first_of(const PkpdDose *doses, size_t n)
{
    double first_min = n ? doses[0].at_min : 0;
    for (size_t i = 1; i < n; i++)
        first_min = fmin(first_min, doses[i].at_min);
    return first_min;
}

Err network_curve(Ctx *c, const PkpdNetwork *network, const NetworkPerson *person,
                  const NetworkCovariate *covariate, const NetworkOverrides *overrides, const PkpdDose *doses,
                  size_t n_doses, const double *times_min, size_t n_times, double *ret_values)
{
    PkpdNetwork own = *network;
    Values values;
    Entries entries = { 0 };
    double *edges;
    size_t n_edges;
    TRY(within_domain(c, network, person));
    if (covariate)
        TRY(change_clearance(c, covariate, &own));
    TRY(override(c, &own, overrides));
    for (size_t i = 0; i < own.n_parameters; i++)
        values.at[i] = value_of(&own.parameters[i], &own, person);
    TRY(enter(c, &own, &values, oral_factor(covariate), doses, n_doses, &entries));
    TRY(edges_of(c, &entries, times_min, n_times, &edges, &n_edges));
    Course course = { .network = &own,
                      .values = &values,
                      .entries = &entries,
                      .first_min = first_of(doses, n_doses),
                      .drifts = drifts(&own) };
    run(&course, edges, n_edges, times_min, n_times, ret_values);
    return OK;
}
