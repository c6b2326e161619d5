#include "pkpd/estimate.h"

#include <math.h>

/* Sums over persons, to be divided. */
typedef struct Sums {
    double amount, area, highest, highest_at, value;
    double first_at; /* the earliest value above 0 after a dose */
    size_t persons, observations;
} Sums;

static void add_person(const EstimatePerson *person, Sums *sums)
{
    double highest = 0, highest_at = 0, area = 0;
    if (person->n_observations == 0 || person->n_doses == 0)
        return;
    for (size_t i = 0; i < person->n_observations; i++) {
        const EstimateObservation *o = &person->observations[i];
        if (i > 0)
            area += (o->at - o[-1].at) * (o->value + o[-1].value) / 2;
        if (o->value > highest) {
            highest = o->value;
            highest_at = o->at - person->doses[0].at;
        }
        if (o->value > 0 && o->at > person->doses[0].at)
            sums->first_at = fmin(sums->first_at, o->at - person->doses[0].at);
        sums->value += fabs(o->value);
    }
    for (size_t i = 0; i < person->n_doses; i++)
        sums->amount += person->doses[i].amount;
    sums->area += area;
    sums->highest += highest;
    sums->highest_at += highest_at;
    sums->persons++;
    sums->observations += person->n_observations;
}

static double or_one(double value)
{
    return value > 0 && isfinite(value) ? value : 1;
}

EstimatePopulation estimate_start(const EstimateStructure *structure, const EstimateData *data)
{
    Sums sums = { .first_at = INFINITY };
    for (size_t i = 0; i < data->n; i++)
        add_person(&data->persons[i], &sums);
    double clearance = or_one(sums.amount / sums.area);
    double volume = or_one(sums.amount / sums.highest),
           peak_at = or_one(sums.highest_at / (double)sums.persons);
    EstimatePopulation start = {
        .structure = *structure,
        .additive_sd = 0.1 * or_one(sums.value / (double)sums.observations),
        .proportional_sd = 0.15,
    };
    double typical[ESTIMATE_PARAMETERS] = {
        [ESTIMATE_CL] = clearance,     [ESTIMATE_V1] = volume,
        [ESTIMATE_Q2] = clearance,     [ESTIMATE_V2] = 2 * volume,
        [ESTIMATE_Q3] = clearance / 2, [ESTIMATE_V3] = 5 * volume,
        [ESTIMATE_KA] = 2.5 / peak_at, [ESTIMATE_TLAG] = or_one(sums.first_at) / 2,
    };
    for (EstimateParameter p = 0; p < ESTIMATE_PARAMETERS; p++)
        if (estimate_has(structure, p)) {
            start.typical[p] = typical[p];
            start.sd_log[p] = p == ESTIMATE_TLAG ? 0 : p == ESTIMATE_KA ? 0.6 : 0.3;
        }
    return start;
}
