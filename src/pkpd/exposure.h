/* The drug: what a dose does to the concentration in plasma and at the effect site. Numbers in, numbers out;
 * this room includes nothing but base.
 *
 * A model is a data file (data/drugs/ID.json): one to three compartments in a star around the first, and an
 * effect site. Its solution is exact for any history of constant rates and boluses: no integrator, no step,
 * no table. Always the portable path: what is shown to a person does not depend on the machine.
 *
 *     const PkpdModel *model = pkpd_model(S("kamp-2020"));
 *     PkpdSystem system;
 *     TRY(pkpd_system(c, model, &(PkpdPatient){ .age_years = 34, .weight_kg = 70 }, &system));
 *     PkpdRate rate = { .from_min = 0, .to_min = 40, .rate_mg_per_h = 52.5 };
 *     PkpdPoint peak = pkpd_at(&system, &(PkpdDosing){ .rates = &rate, .n_rates = 1 }, 40);
 */
#ifndef PKPD_EXPOSURE_H
#define PKPD_EXPOSURE_H

#include "base/ctx.h"

enum { PKPD_COMPARTMENTS_MAX = 3, PKPD_PARAMETERS_MAX = 8 };

/* ---- a model, as its file says ---- */

/* One number of the file, with where it was published (cites) and how we know it (seen: see HACKING.md). */
typedef struct PkpdParameter {
    Str name; /* "V1" "V2" "V3" "CL" "Q2" "Q3", or "V1" "k10" "k12" "k21" "k13" "k31"; and "ke0" */
    double value;
    Str unit;               /* "L" "L/kg" "L/h" "L/min" "/min" "/h" */
    double weight_exponent; /* of weight / reference weight; a unit per kg has none: it is proportional */
    Str cites, seen;
} PkpdParameter;

/* Where the model may be used. Outside, pkpd_system() refuses, and there is no way round it. */
typedef struct PkpdDomain {
    double age_years_min, weight_kg_min, weight_kg_max;
    Str title, cites, seen;
} PkpdDomain;

typedef struct PkpdModel {
    Str id, title, drug, cites, population;
    Str sampling_site;   /* "arterial", "venous", "not known" */
    Str effect_endpoint; /* what ke0 was matched to: a ke0 is good for its own model and endpoint only */
    double reference_kg;
    int compartments;
    bool by_clearance; /* parameters are volumes and clearances; else V1 and rate constants */
    PkpdParameter parameters[PKPD_PARAMETERS_MAX];
    size_t n_parameters;
    PkpdDomain domain;
    Str published_check; /* of which published figure it was compared with, or that none is at hand */
    Str hash;            /* of the file: stored with every decision that used the model */
} PkpdModel;

/* Reads one model file. ERR_INVALID, with a problem for each fault and its path ("parameters[2].unit"), where
 * a number is missing, unknown, twice there, without citation, in a unit of another dimension, or not of this
 * world. The strings live in c's arena. */
MUST_USE Err pkpd_model_load(Ctx *c, Str json, PkpdModel *ret_model);

/* Does the file hold a model of a star, and not one of a network (network.h)? */
bool pkpd_is_star_file(Arena *a, Str json);

/* The stars that are part of the program and are shown on its screens, in order of their ids; read once, they
 * live as long as the program. A faulty file there is a programmer's error and stops the program: a test
 * loads them all. */
const PkpdModel *pkpd_models(size_t *ret_n);
/* NULL where there is none of that id. */
const PkpdModel *pkpd_model(Str id);

/* ---- a patient's system ---- */

typedef struct PkpdPatient {
    double age_years, weight_kg;
} PkpdPatient;

/* One person's numbers: the first compartment, the rate out of it for good, and the rates to and from each
 * other (index 1 and 2; index 0 is not used). */
typedef struct PkpdStar {
    int compartments;
    double v1_l, k10_per_min;
    double out_per_min[PKPD_COMPARTMENTS_MAX], back_per_min[PKPD_COMPARTMENTS_MAX];
    double ke0_per_min;
} PkpdStar;

/* The plasma response to 1 mg at once is sum(share[i] * exp(-pole[i] * t)) / V1; the shares sum to 1. */
typedef struct PkpdSystem {
    int compartments;
    double pole_per_min[PKPD_COMPARTMENTS_MAX]; /* all positive */
    double share[PKPD_COMPARTMENTS_MAX];        /* none negative */
    double v1_l, clearance_l_per_min, steady_state_volume_l;
    double ke0_per_min;
} PkpdSystem;

/* All rates positive: a programmer's error else. */
PkpdSystem pkpd_star_system(const PkpdStar *star);

/* ERR_RULE outside the model's domain, with the sentence. An unknown weight or age is NAN, and outside. */
MUST_USE Err pkpd_system(Ctx *c, const PkpdModel *model, const PkpdPatient *patient, PkpdSystem *ret_system);

/* ---- doses in, concentrations out ---- */

typedef struct PkpdRate {
    double from_min, to_min; /* to_min INFINITY: still running. to_min <= from_min: nothing was given */
    double rate_mg_per_h;
} PkpdRate;

typedef struct PkpdBolus {
    double at_min, dose_mg;
} PkpdBolus;

/* Rates that overlap add up. The order is free. */
typedef struct PkpdDosing {
    const PkpdRate *rates;
    size_t n_rates;
    const PkpdBolus *boluses;
    size_t n_boluses;
} PkpdDosing;

typedef struct PkpdPoint {
    double time_min, cp_ng_per_ml, ce_ng_per_ml;
} PkpdPoint;

/* The typical patient's concentrations at one time; at the time of a bolus, just after it. */
PkpdPoint pkpd_at(const PkpdSystem *system, const PkpdDosing *dosing, double time_min);
/* The same at n times; ret_points has room for n. */
void pkpd_curve(const PkpdSystem *system, const PkpdDosing *dosing, const double *times_min, size_t n,
                PkpdPoint *ret_points);

#endif
