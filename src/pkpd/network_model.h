/* A network as its file says, and as numbers at one person. Private to pkpd. */
#ifndef PKPD_NETWORK_MODEL_H
#define PKPD_NETWORK_MODEL_H

#include "pkpd/network.h"

/* A product of parameters over a product of parameters; an index below 0 ends a list. complement: 1 minus
 * that parameter stands in its place. */
typedef struct Quotient {
    double times;
    int by[NETWORK_FACTORS], per[NETWORK_FACTORS];
    bool complement[NETWORK_FACTORS]; /* of by */
} Quotient;

/* What leaves `from` for `to` (-1: for good). copy: it arrives at `to` and does not leave `from`, as at an
 * effect site. per_h: the rate grows by this part of itself with each hour from the first dose. */
typedef struct NetworkFlow {
    int from, to;
    Quotient rate;
    bool copy;
    double per_h;
} NetworkFlow;

typedef struct NetworkOutput {
    const char *name, *unit;
    int state;
    Quotient scale; /* from the state's amount in mg to the unit */
} NetworkOutput;

/* One way of a route into a state; a dose takes all of its route's. minutes below 0: at once, or over the
 * dose's own duration; else the parameter that holds the zero-order duration. lag likewise. */
typedef struct NetworkInput {
    PkpdRoute route;
    int into;
    Quotient fraction;
    int minutes, lag;
} NetworkInput;

struct PkpdNetwork {
    Str id, title, drug, cites, population, sampling_site, published_check, hash;
    double reference_kg;
    NetworkParameter parameters[NETWORK_PARAMETERS];
    const char *states[NETWORK_STATES];
    NetworkFlow flows[NETWORK_FLOWS];
    NetworkOutput outputs[NETWORK_OUTPUTS];
    NetworkInput inputs[2 * ROUTES];
    size_t n_parameters, n_states, n_flows, n_outputs, n_inputs;
    int clearance[NETWORK_FACTORS]; /* the parameters that a change of the parent's clearance multiplies; then
                                       -1 */
    int device_first, device_later; /* the parameter of the first device of a session, and its factor after */
    PkpdDomain domain;
    double age_years_max;
};

/* -1 where there is none. */
int network_parameter(const PkpdNetwork *network, Str name);

/* A dose into a muscle or under the skin where the paper has no such route: assumed, see network_file.c. */
void network_assume_depot(PkpdNetwork *network, int central);

#endif
