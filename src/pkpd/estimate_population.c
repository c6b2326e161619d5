#include "pkpd/draw.h"
#include "pkpd/marginal.h"
#include "pkpd/minimise.h"

#include <string.h>

enum { N = ESTIMATE_PARAMETERS, COORDINATES_MAX = 2 * N + 2, ITERATIONS_MOST = 300 };
_Static_assert((int)COORDINATES_MAX <= (int)SYMMETRIC_MAX, "the optimiser takes every coordinate");

/* A decrease of the objective that is not worth a step; the steps of numerical derivatives, in logarithms;
 * how far other starts lie from the first. */
static const double GAIN = 1e-6, SLOPE_STEP = 1e-4, CURVE_STEP = 1e-2, START_SD_LOG = 0.4;

/* ---- what is estimated, as a vector of logarithms ---- */

typedef enum Kind { KIND_TYPICAL, KIND_SD, KIND_ADDITIVE, KIND_PROPORTIONAL } Kind;

typedef struct Coordinates {
    int n;
    struct {
        Kind kind;
        EstimateParameter parameter;
    } at[COORDINATES_MAX];
} Coordinates;

static Coordinates coordinates_of(const EstimatePopulation *start)
{
    Coordinates c = { 0 };
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(&start->structure, p)) {
            c.at[c.n].kind = KIND_TYPICAL;
            c.at[c.n++].parameter = p;
        }
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(&start->structure, p) && start->sd_log[p] > 0) {
            c.at[c.n].kind = KIND_SD;
            c.at[c.n++].parameter = p;
        }
    if (start->additive_sd > 0)
        c.at[c.n++].kind = KIND_ADDITIVE;
    if (start->proportional_sd > 0)
        c.at[c.n++].kind = KIND_PROPORTIONAL;
    return c;
}

static double *value_of(EstimatePopulation *population, const Coordinates *c, int i)
{
    return c->at[i].kind == KIND_TYPICAL    ? &population->typical[c->at[i].parameter]
           : c->at[i].kind == KIND_SD       ? &population->sd_log[c->at[i].parameter]
           : c->at[i].kind == KIND_ADDITIVE ? &population->additive_sd
                                            : &population->proportional_sd;
}

static double *error_of(EstimateResult *result, const Coordinates *c, int i)
{
    return c->at[i].kind == KIND_TYPICAL    ? &result->se_log_typical[c->at[i].parameter]
           : c->at[i].kind == KIND_SD       ? &result->se_log_sd[c->at[i].parameter]
           : c->at[i].kind == KIND_ADDITIVE ? &result->se_log_additive
                                            : &result->se_log_proportional;
}

static double slope_of(const MarginalGradient *gradient, const Coordinates *c, int i)
{
    return c->at[i].kind == KIND_TYPICAL    ? gradient->typical[c->at[i].parameter]
           : c->at[i].kind == KIND_SD       ? gradient->sd_log[c->at[i].parameter]
           : c->at[i].kind == KIND_ADDITIVE ? gradient->additive
                                            : gradient->proportional;
}

/* ---- the objective ---- */

/* Each person has slots of their own, and the slots are summed in order: the result does not depend on the
 * threads. */
typedef struct Work {
    const EstimateData *data;
    const EstimateOptions *options;
    EstimatePopulation population; /* what is not estimated, and the shape */
    Coordinates coordinates;
    Quadrature quadrature;
    PersonMode *modes;
    double *objective;
    MarginalGradient *gradient;
    int start;
} Work;

static Work work_of(Arena *a, const EstimatePopulation *population, const EstimateData *data,
                    const EstimateOptions *options)
{
    Work work = { .data = data,
                  .options = options,
                  .population = *population,
                  .coordinates = coordinates_of(population),
                  .modes = arena_new(a, PersonMode, data->n),
                  .objective = arena_new(a, double, data->n),
                  .gradient = arena_new(a, MarginalGradient, data->n) };
    if (options->method == ESTIMATE_AGQ)
        work.quadrature = quadrature_of_hermite(options->nodes);
    return work;
}

static double sum_of(Work *work, const EstimatePopulation *population, bool gradient)
{
    Varying varying = varying_of(population);
    const EstimateData *data = work->data;
    double sum = 0;
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t i = 0; i < data->n; i++)
        work->objective[i] =
            work->options->method == ESTIMATE_AGQ
                ? marginal_quadrature(population, &varying, &data->persons[i], &work->quadrature,
                                      &work->modes[i], gradient ? &work->gradient[i] : NULL)
                : marginal_at_mode(population, &varying, &data->persons[i],
                                   work->options->method == ESTIMATE_LAPLACE, &work->modes[i]);
    for (size_t i = 0; i < data->n; i++)
        sum += work->objective[i];
    if (isfinite(sum))
        return sum;
    /* A search that got lost is begun anew at the typical person. */
    memset(work->modes, 0, data->n * sizeof *work->modes);
    return INFINITY;
}

static EstimatePopulation population_at(const Work *work, const double *x)
{
    EstimatePopulation population = work->population;
    for (int i = 0; i < work->coordinates.n; i++)
        *value_of(&population, &work->coordinates, i) = exp(x[i]);
    return population;
}

static double value_at(Work *work, const double *x)
{
    EstimatePopulation population = population_at(work, x);
    return sum_of(work, &population, false);
}

static void differentiate(Work *work, const double *x, double *gradient)
{
    double moved[COORDINATES_MAX];
    memcpy(moved, x, (size_t)work->coordinates.n * sizeof *x);
    for (int i = 0; i < work->coordinates.n; i++) {
        moved[i] = x[i] + SLOPE_STEP;
        double above = value_at(work, moved);
        moved[i] = x[i] - SLOPE_STEP;
        gradient[i] = (above - value_at(work, moved)) / (2 * SLOPE_STEP);
        moved[i] = x[i];
    }
}

static double objective(void *of, const double *x, double *gradient)
{
    Work *work = of;
    EstimatePopulation population = population_at(work, x);
    bool exact = gradient && work->options->method == ESTIMATE_AGQ;
    double value = sum_of(work, &population, exact);
    if (!isfinite(value) || !gradient)
        return value;
    if (!exact) {
        differentiate(work, x, gradient);
        return value;
    }
    for (int k = 0; k < work->coordinates.n; k++) {
        gradient[k] = 0;
        for (size_t i = 0; i < work->data->n; i++)
            gradient[k] += slope_of(&work->gradient[i], &work->coordinates, k);
    }
    return value;
}

double estimate_objective(Arena *scratch, const EstimatePopulation *population, const EstimateData *data,
                          const EstimateOptions *options)
{
    Work work = work_of(scratch, population, data, options);
    return sum_of(&work, population, false);
}

/* ---- what is said of the estimates ---- */

static void standard_errors(Work *work, const double *x, EstimateResult *result)
{
    double curvature[SYMMETRIC_MAX][SYMMETRIC_MAX], moved[COORDINATES_MAX];
    double above[COORDINATES_MAX], below[COORDINATES_MAX];
    int n = work->coordinates.n;
    memcpy(moved, x, (size_t)n * sizeof *x);
    for (int j = 0; j < n; j++) {
        moved[j] = x[j] + CURVE_STEP;
        double value = objective(work, moved, above);
        moved[j] = x[j] - CURVE_STEP;
        if (!isfinite(value) || !isfinite(objective(work, moved, below)))
            return;
        moved[j] = x[j];
        for (int i = 0; i < n; i++)
            curvature[i][j] = (above[i] - below[i]) / (4 * CURVE_STEP); /* of the objective / 2 */
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            curvature[i][j] = (curvature[i][j] + curvature[j][i]) / 2;
    if (!symmetric_factor(n, SYMMETRIC_MAX, &curvature[0][0]))
        return;
    for (int i = 0; i < n; i++) {
        double unit[COORDINATES_MAX] = { 0 };
        unit[i] = 1;
        symmetric_forward(n, SYMMETRIC_MAX, &curvature[0][0], unit);
        symmetric_backward(n, SYMMETRIC_MAX, &curvature[0][0], unit);
        *error_of(result, &work->coordinates, i) = sqrt(unit[i]);
    }
}

static void shrink(const Work *work, EstimateResult *result)
{
    size_t n = work->data->n;
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++) {
        double mean = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            mean += result->persons[i].eta[p] / (double)n;
        for (size_t i = 0; i < n; i++)
            squares += (result->persons[i].eta[p] - mean) * (result->persons[i].eta[p] - mean);
        double sd_log = estimate_has(&result->population.structure, p) ? result->population.sd_log[p] : 0;
        result->shrinkage[p] = sd_log > 0 && n > 1 ? 1 - sqrt(squares / (double)(n - 1)) / sd_log : NAN;
    }
}

static void say_nothing(EstimateResult *result)
{
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        result->se_log_typical[p] = result->se_log_sd[p] = result->shrinkage[p] = NAN;
    result->se_log_additive = result->se_log_proportional = NAN;
}

/* ---- the search ---- */

static void tell(void *of, int iteration, double value)
{
    const Work *work = of;
    if (work->options->progress)
        work->options->progress(work->options->of, work->start, iteration, value);
}

static void place_start(Work *work, int start, double *x)
{
    for (int i = 0; i < work->coordinates.n; i++) {
        x[i] = log(*value_of(&work->population, &work->coordinates, i));
        if (start > 0 && work->coordinates.at[i].kind == KIND_TYPICAL)
            x[i] += START_SD_LOG * draw_normal(work->options->seed, (uint64_t)start, (uint32_t)i);
    }
    memset(work->modes, 0, work->data->n * sizeof *work->modes);
    work->start = start;
}

static Minimum search(Work *work, double *best_x)
{
    Minimum best = { .value = INFINITY };
    for (int start = 0; start < work->options->starts; start++) {
        double x[COORDINATES_MAX];
        place_start(work, start, x);
        Minimum one = minimise(objective, work, work->coordinates.n, x, GAIN, ITERATIONS_MOST, tell);
        if (start == 0 || one.value < best.value) {
            best = one;
            memcpy(best_x, x, sizeof x);
        }
    }
    return best;
}

static Err check_start(Ctx *c, const EstimatePopulation *start)
{
    Err err = OK;
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(&start->structure, p) && !(start->typical[p] > 0 && isfinite(start->typical[p])))
            err = problem(c, ERR_INVALID, str_from(estimate_parameter_name(p)),
                          "Its start must be a number above 0.");
    if (!(start->additive_sd >= 0 && start->proportional_sd >= 0 &&
          start->additive_sd + start->proportional_sd > 0))
        err = problem(c, ERR_INVALID, S("error"), "There must be an additive or a proportional error.");
    if (start->structure.lag && !start->structure.absorption)
        err = problem(c, ERR_INVALID, S("TLAG"), "Only absorption has a lag.");
    return err;
}

static Err check_data(Ctx *c, const EstimatePopulation *start, const EstimateData *data)
{
    size_t observations = 0;
    Err err = OK;
    for (size_t i = 0; i < data->n; i++) {
        const EstimatePerson *person = &data->persons[i];
        observations += person->n_observations;
        for (size_t k = 0; start->structure.absorption && k < person->n_doses; k++)
            if (person->doses[k].over > 0)
                err = problem(c, ERR_INVALID, person->id, "A dose that is absorbed has no RATE.");
        if (person->n_observations > 0 && person->n_doses == 0)
            err = problem(c, ERR_INVALID, person->id, "There are observations and no dose.");
    }
    return observations > 0 ? err : problem(c, ERR_INVALID, S("DV"), "There is no observation.");
}

static Err check_options(Ctx *c, const EstimatePopulation *start, const EstimateOptions *options)
{
    if (options->method != ESTIMATE_AGQ)
        return OK;
    if (varying_of(start).n > ESTIMATE_AGQ_DIMENSIONS)
        return problem(c, ERR_INVALID, S("method"),
                       "Quadrature takes up to %d parameters that vary: use FOCEI.", ESTIMATE_AGQ_DIMENSIONS);
    if (options->nodes < 1 || options->nodes > ESTIMATE_NODES_MAX)
        return problem(c, ERR_INVALID, S("nodes"), "1 to %d nodes.", ESTIMATE_NODES_MAX);
    return OK;
}

Err estimate_population(Ctx *c, const EstimatePopulation *start, const EstimateData *data,
                        const EstimateOptions *options, EstimateResult *ret_result)
{
    TRY(check_start(c, start));
    TRY(check_data(c, start, data));
    TRY(check_options(c, start, options));
    Work work = work_of(c->arena, start, data, options);
    double x[COORDINATES_MAX] = { 0 };
    Minimum minimum = search(&work, x);
    if (!isfinite(minimum.value))
        return problem(c, ERR_RULE, S("start"), "At the start the data are impossible: give other starts.");
    EstimateResult result = { .population = population_at(&work, x),
                              .objective = minimum.value,
                              .converged = minimum.converged,
                              .iterations = minimum.iterations,
                              .persons = arena_new(c->arena, EstimateFit, data->n) };
    for (size_t i = 0; i < data->n; i++)
        result.persons[i] = estimate_person(&result.population, &data->persons[i]);
    say_nothing(&result);
    memset(work.modes, 0, data->n * sizeof *work.modes);
    standard_errors(&work, x, &result);
    shrink(&work, &result);
    *ret_result = result;
    return OK;
}

const char *estimate_method_name(EstimateMethod method)
{
    static const char *const names[] = { "agq", "laplace", "focei" };
    return names[method];
}
