/* Drug models with metabolites, absorption and delays: any compartments joined by first-order flows, with
 * doses that enter at once or at a constant rate. A model is a data file (data/drugs/ID.json with "flows"); a
 * model of a star of compartments (pkpd.h) can be turned into a network too, with its effect site.
 *
 * All flows are linear, so between two changes of the input the state is a matrix exponential, which is
 * computed without a subtraction: the matrix shifted by its largest rate has no negative element, its series
 * is summed for a small part of the time and then squared. Every concentration keeps its digits, however near
 * the rates of the model lie to each other. Where a flow changes with time (Flint 2017's norketamine), the
 * rate of the middle of each step of at most a minute is taken. */
#ifndef PKPD_NETWORK_H
#define PKPD_NETWORK_H

#include "pkpd/exposure.h"

enum {
    NETWORK_STATES = 18,
    NETWORK_PARAMETERS = 40,
    NETWORK_FLOWS = 40,
    NETWORK_OUTPUTS = 4,
    NETWORK_FACTORS = 4
};

/* As typed: "iv", "im", "sc", "in" (one device), "po", "sl". */
typedef enum PkpdRoute { ROUTE_IV, ROUTE_IM, ROUTE_SC, ROUTE_IN, ROUTE_PO, ROUTE_SL, ROUTES } PkpdRoute;
const char *pkpd_route_word(PkpdRoute route);

typedef struct PkpdDose {
    PkpdRoute route;
    double mg, at_min;
    double over_min; /* of an infusion; 0: at once, or as the route absorbs it */
} PkpdDose;

/* One number of the file. Variances are of the natural logarithm; NAN where none is published. */
typedef struct NetworkParameter {
    Str name;
    double value;  /* in L, L/min, /min, min or 1, at the reference weight */
    double factor; /* from the file's unit to that */
    double weight_exponent;
    double age_from_years, per_year; /* added per year above; 0: no such covariate */
    double between_subjects, between_occasions;
    Str unit, cites, seen, table;
} NetworkParameter;

typedef struct PkpdNetwork PkpdNetwork;

/* Every fault is told with its path ("flows[3].from"). Lives in c's arena. */
MUST_USE Err network_load(Ctx *c, Str json, const PkpdNetwork **ret_network);
/* A star as a network: outputs Cp and Ce in ng/mL. */
const PkpdNetwork *network_of_star(Arena *a, const PkpdModel *model);
/* "simons2022" and "simons-2022" are the same; stars too. NULL where there is none. */
const PkpdNetwork *network_find(Arena *a, Str name);
/* Every model's id, stars too, NULL at the end. */
const char *const *network_names(Arena *a);

Str network_id(const PkpdNetwork *network);
const NetworkParameter *network_parameters(const PkpdNetwork *network, size_t *ret_n);
size_t network_outputs(const PkpdNetwork *network);
const char *network_output_name(const PkpdNetwork *network, size_t i);
const char *network_output_unit(const PkpdNetwork *network, size_t i);
/* False where the paper has no such route. IM and SC are always there: assumed where the paper has none. */
bool network_has_route(const PkpdNetwork *network, PkpdRoute route);
/* What the file says of a published figure that it was checked with; "none at hand: ..." else. */
Str network_published_check(const PkpdNetwork *network);
Str network_hash(const PkpdNetwork *network);

typedef struct NetworkPerson {
    double age_years, weight_kg;
} NetworkPerson;

/* In place of a parameter's own value, in the file's unit. */
typedef struct NetworkOverride {
    Str name;
    double value;
} NetworkOverride;
typedef struct NetworkOverrides {
    NetworkOverride *at;
    size_t n, room;
} NetworkOverrides;

/* What changes a person's exposure: a genotype, a medicine (data/covariates.json). NAN where a factor is not
 * known: nothing is then changed, which is said by its absence and is not a finding of no effect. */
typedef struct NetworkCovariate {
    Str id, title, cites, seen;
    double clearance;                  /* times the parent's clearance */
    double iv_exposure, oral_exposure; /* times the area under the curve, by route */
} NetworkCovariate;
const NetworkCovariate *network_covariates(Arena *a, size_t *ret_n);
/* NULL where there is none of that id. */
const NetworkCovariate *network_covariate(Arena *a, Str id);

/* A published bioavailability. Where several stand for one route they are all shown, and never averaged. */
typedef struct Bioavailability {
    Str route, drug, cites, seen;
    double fraction, dose_mg; /* dose_mg: NAN where it does not depend on it */
} Bioavailability;
const Bioavailability *network_bioavailability(Arena *a, size_t *ret_n);

/* A covariate is applied before the overrides. ret_values[i * network_outputs() + k] is output k at
 * times_min[i], which are in order; at the moment of a bolus the value after it. ERR_RULE outside the model's
 * domain or for a route that it does not have, ERR_INVALID for an override of no
 * parameter. covariate and overrides may be NULL; a covariate on clearance is refused (ERR_RULE) where the
 * model has no single clearance. */
MUST_USE Err network_curve(Ctx *c, const PkpdNetwork *network, const NetworkPerson *person,
                           const NetworkCovariate *covariate, const NetworkOverrides *overrides,
                           const PkpdDose *doses, size_t n_doses, const double *times_min, size_t n_times,
                           double *ret_values);

#endif
