/* Many virtual patients at once: the same exact curves as pkpd_at(), for populations of thousands to
 * millions.
 *
 * A subject is a number. His parameters are typical values times exp(sd_log * normal), drawn by draw_normal()
 * at (seed, subject, parameter), so he is the same person in every run, on every thread and in every arm of a
 * trial. Curves come from poles and shares (portable, AVX2 or AVX-512 code of one source, chosen at run
 * time); exp(-pole * dt) is computed once for each different step of the schedule. Results are bit-identical
 * for any number of threads on one path. By test: a star's paths agree with each other to 1e-12 relative and
 * with pkpd_at() to 1e-9; the chain's to 1e-10, and to 4e-12 of each curve's peak.
 * docs/models/population.md has the equations.
 *
 *     PopulationSchedule schedule = population_schedule(arena, &dosing, times_min, 200);
 *     PopulationRun run = { .schedule = &schedule, .seed = 1, .n_subjects = 1000 };
 *     double *curves = arena_new(arena, double, population_room(&run, 1));
 *     population_star_curves(&run, &star, curves);
 *     double of_subject_7 = curves[population_index(&run, 1, 7, 0, 199)];
 */
#ifndef PKPD_POPULATION_H
#define PKPD_POPULATION_H

#include "pkpd/exposure.h"

/* ---- which code runs ---- */

typedef enum PopulationPath {
    POPULATION_BEST, /* the widest this machine has */
    POPULATION_PORTABLE,
    POPULATION_AVX2,
    POPULATION_AVX512,
    POPULATION_PATHS,
} PopulationPath;

/* False where this machine, or the compiler that built the program, has no such instructions. */
bool population_path_runs(PopulationPath path);
/* What POPULATION_BEST is here; any other path is itself. */
PopulationPath population_path_resolve(PopulationPath path);
/* "best" "portable" "avx2" "avx512" */
Str population_path_name(PopulationPath path);

/* ---- what is given, and when one looks ---- */

/* From one look, dose or end of a dose to the next. */
typedef struct PopulationStep {
    uint32_t length;     /* index into length_min */
    int32_t observation; /* of the look at the end, -1: none */
    double rate_mg_per_min;
    double bolus_mg; /* at the end, before the look */
} PopulationStep;

typedef struct PopulationSchedule {
    const PopulationStep *step;
    size_t n_steps;
    const double *length_min; /* the different lengths of steps */
    size_t n_lengths;
    size_t n_times;
    const double *times_min;
    PkpdDosing dosing; /* as given */
} PopulationSchedule;

/* times_min ascending, none before 0 and none twice; nothing is given before 0 or without end. All of that is
 * a programmer's error else. Lengths that differ by no more than the rounding of the times are one.
 * Everything lives in the arena, and the dosing where it lives. */
PopulationSchedule population_schedule(Arena *a, const PkpdDosing *dosing, const double *times_min, size_t n);

/* ---- who ---- */

/* A log-normal parameter: typical * (weight / reference weight)^weight_exponent * exp(sd_log * normal). */
typedef struct PopulationSpread {
    double typical, sd_log, weight_exponent;
} PopulationSpread;

/* Body weight: log-normal, cut off at min and max (drawn within them, not moved onto them). sd_log 0: all
 * alike.
 */
typedef struct PopulationWeight {
    double typical_kg, sd_log, min_kg, max_kg, reference_kg;
} PopulationWeight;

enum {
    POPULATION_V1_L,
    POPULATION_V2_L,
    POPULATION_V3_L,
    POPULATION_CL_L_PER_MIN,
    POPULATION_Q2_L_PER_MIN,
    POPULATION_Q3_L_PER_MIN,
    POPULATION_STAR_PARAMETERS,
};

/* Three compartments and an effect site. The index of a parameter is the index of its draw. */
typedef struct PopulationStar {
    PopulationSpread parameter[POPULATION_STAR_PARAMETERS];
    double ke0_per_min;
    PopulationWeight weight;
    bool dose_per_kg; /* the schedule's doses are mg per kg of each subject */
} PopulationStar;

enum {
    POPULATION_KETAMINE_V1_L, /* also norketamine's first volume */
    POPULATION_KETAMINE_V2_L,
    POPULATION_KETAMINE_V3_L,
    POPULATION_KETAMINE_CL_L_PER_MIN,
    POPULATION_KETAMINE_Q2_L_PER_MIN,
    POPULATION_KETAMINE_Q3_L_PER_MIN,
    POPULATION_DELAY_TO_NK_MIN, /* mean, through two equal compartments */
    POPULATION_NK_V2_L,
    POPULATION_NK_CL_L_PER_MIN,
    POPULATION_NK_Q2_L_PER_MIN,
    POPULATION_DELAY_TO_HNK_MIN, /* the same */
    POPULATION_HNK_V1_L,
    POPULATION_HNK_V2_L,
    POPULATION_HNK_CL_L_PER_MIN,
    POPULATION_HNK_Q2_L_PER_MIN,
    POPULATION_DHNK_V_L,
    POPULATION_DHNK_CL_L_PER_MIN,
    POPULATION_CHAIN_PARAMETERS,
};

/* Twelve states: ketamine (3), two delays, norketamine (2), two delays, hydroxynorketamine (2) and
 * dehydronorketamine (1). What ketamine's clearance takes passes the first delay and becomes norketamine by
 * fraction_nk; norketamine's clearance passes the second and becomes the other two by their fractions. */
typedef struct PopulationChain {
    PopulationSpread parameter[POPULATION_CHAIN_PARAMETERS];
    double fraction_nk, fraction_hnk, fraction_dhnk;
    double molar_mass_g_per_mol; /* of the drug given: outputs are molar */
    PopulationWeight weight;
    bool dose_per_kg;
} PopulationChain;

/* ---- curves ---- */

typedef struct PopulationRun {
    const PopulationSchedule *schedule;
    uint64_t seed, first_subject;
    size_t n_subjects;
    PopulationPath path;
    int threads; /* 0: one a core */
} PopulationRun;

/* Subjects stand in tiles of eight, so that a vector is stored at once. */
enum { POPULATION_TILE = 8, POPULATION_CHAIN_OUTPUTS = 4 };

/* How many doubles the curves of n_outputs need (n_subjects rounded up to whole tiles). */
size_t population_room(const PopulationRun *run, size_t n_outputs);
/* Where one value stands; subject counts from 0 = first_subject. */
size_t population_index(const PopulationRun *run, size_t n_outputs, size_t subject, size_t output,
                        size_t time);

/* ret_curves has population_room(run, 1) doubles: plasma in ng/mL. */
void population_star_curves(const PopulationRun *run, const PopulationStar *star, double *ret_curves);
/* ret_curves has population_room(run, 2): plasma, then effect site, in ng/mL. */
void population_star_effect_curves(const PopulationRun *run, const PopulationStar *star, double *ret_curves);
/* ret_curves has population_room(run, POPULATION_CHAIN_OUTPUTS): ketamine, norketamine, hydroxynorketamine,
 * dehydronorketamine in nmol/mL. */
void population_chain_curves(const PopulationRun *run, const PopulationChain *chain, double *ret_curves);

/* ---- one subject ---- */

typedef struct PopulationSubject {
    double weight_kg;
    double parameter[POPULATION_CHAIN_PARAMETERS]; /* as indexed above; a star has the first six only */
} PopulationSubject;

/* The same person as in the curves, by the portable path. */
PopulationSubject population_star_subject(const PopulationStar *star, uint64_t seed, uint64_t subject);
PopulationSubject population_chain_subject(const PopulationChain *chain, uint64_t seed, uint64_t subject);
/* What pkpd_star_system() takes. */
PkpdStar population_star_of(const PopulationStar *star, const PopulationSubject *subject);

#endif
