#include "pkpd/population_kernel.h"

#include "pkpd/draw.h"

#include <assert.h>
#include <math.h>
#include <omp.h>

#if defined __has_feature
#if __has_feature(address_sanitizer)
/* clang's OpenMP keeps its threads' books until the process is gone, which is no leak of ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libomp.so";
}
#endif
#endif

/* ---- which code runs ---- */

static const struct {
    const char *name;
    const PopulationKernel *kernel;
} paths[POPULATION_PATHS] = {
    [POPULATION_BEST] = { "best", NULL },
    [POPULATION_PORTABLE] = { "portable", &population_kernel_portable },
#ifdef POPULATION_HAS_X86
    [POPULATION_AVX2] = { "avx2", &population_kernel_avx2 },
    [POPULATION_AVX512] = { "avx512", &population_kernel_avx512 },
#else
    [POPULATION_AVX2] = { "avx2", NULL },
    [POPULATION_AVX512] = { "avx512", NULL },
#endif
};

static bool machine_has(PopulationPath path)
{
#ifdef POPULATION_HAS_X86
    if (path == POPULATION_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (path == POPULATION_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#endif
    return path == POPULATION_PORTABLE;
}

PopulationPath population_path_resolve(PopulationPath path)
{
    if (path != POPULATION_BEST)
        return path;
    PopulationPath best = POPULATION_AVX512;
    while (!machine_has(best))
        best--;
    return best;
}

bool population_path_runs(PopulationPath path)
{
    return machine_has(population_path_resolve(path));
}

Str population_path_name(PopulationPath path)
{
    return str_from(paths[path].name);
}

const PopulationKernel *population_kernel(PopulationPath path)
{
    PopulationPath resolved = population_path_resolve(path);
    return machine_has(resolved) ? paths[resolved].kernel : NULL;
}

/* ---- one subject ---- */

PopulationCut population_weight_cut(const PopulationWeight *weight)
{
    PopulationCut cut = { .width = 1, .log_typical = log(weight->typical_kg / weight->reference_kg) };
    if (weight->sd_log == 0)
        return cut;
    cut.from = normal_cdf(log(weight->min_kg / weight->typical_kg) / weight->sd_log);
    cut.width = normal_cdf(log(weight->max_kg / weight->typical_kg) / weight->sd_log) - cut.from;
    return cut;
}

static PopulationSubject subject_of(const PopulationSpread *spread, int n, const PopulationWeight *weight,
                                    uint64_t seed, uint64_t subject)
{
    PopulationCut cut = population_weight_cut(weight);
    double log_weight = cut.log_typical;
    if (weight->sd_log > 0)
        log_weight +=
            weight->sd_log *
            normal_quantile(cut.from + cut.width * draw_unit(seed, subject, POPULATION_WEIGHT_DRAW));
    PopulationSubject person = { .weight_kg = weight->reference_kg * exp(log_weight) };
    for (int i = 0; i < n; i++) {
        double normal = spread[i].sd_log > 0 ? draw_normal(seed, subject, (uint32_t)i) : 0;
        person.parameter[i] =
            spread[i].typical * exp(spread[i].weight_exponent * log_weight + spread[i].sd_log * normal);
    }
    return person;
}

PopulationSubject population_star_subject(const PopulationStar *star, uint64_t seed, uint64_t subject)
{
    return subject_of(star->parameter, POPULATION_STAR_PARAMETERS, &star->weight, seed, subject);
}

PopulationSubject population_chain_subject(const PopulationChain *chain, uint64_t seed, uint64_t subject)
{
    return subject_of(chain->parameter, POPULATION_CHAIN_PARAMETERS, &chain->weight, seed, subject);
}

PkpdStar population_star_of(const PopulationStar *star, const PopulationSubject *subject)
{
    const double *p = subject->parameter;
    double v1_l = p[POPULATION_V1_L], q2 = p[POPULATION_Q2_L_PER_MIN], q3 = p[POPULATION_Q3_L_PER_MIN];
    return (PkpdStar){ .compartments = 3,
                       .v1_l = v1_l,
                       .k10_per_min = p[POPULATION_CL_L_PER_MIN] / v1_l,
                       .out_per_min = { 0, q2 / v1_l, q3 / v1_l },
                       .back_per_min = { 0, q2 / p[POPULATION_V2_L], q3 / p[POPULATION_V3_L] },
                       .ke0_per_min = star->ke0_per_min };
}

/* ---- curves of all ---- */

static size_t tiles(const PopulationRun *run)
{
    return (run->n_subjects + POPULATION_TILE - 1) / POPULATION_TILE;
}

static size_t tile_room(const PopulationRun *run, size_t n_outputs)
{
    return n_outputs * run->schedule->n_times * POPULATION_TILE;
}

size_t population_room(const PopulationRun *run, size_t n_outputs)
{
    return tiles(run) * tile_room(run, n_outputs);
}

size_t population_index(const PopulationRun *run, size_t n_outputs, size_t subject, size_t output,
                        size_t time)
{
    return (subject / POPULATION_TILE * n_outputs + output) * run->schedule->n_times * POPULATION_TILE +
           time * POPULATION_TILE + subject % POPULATION_TILE;
}

static int threads_of(const PopulationRun *run)
{
    return run->threads > 0 ? run->threads : omp_get_num_procs();
}

static const PopulationKernel *kernel_of(const PopulationRun *run)
{
    const PopulationKernel *kernel = population_kernel(run->path);
    assert(kernel);
    return kernel;
}

/* Which thread computes a tile decides nothing but when: tiles share no state. */
static void star_curves(const PopulationRun *run, const PopulationStar *star, PopulationStarTile *tile_of,
                        size_t n_outputs, double *ret_curves)
{
    size_t n = tiles(run), room = tile_room(run, n_outputs);
#pragma omp parallel for schedule(static) num_threads(threads_of(run))
    for (size_t i = 0; i < n; i++) {
        double *tile = ret_curves + i * room;
        unsigned meet = tile_of(run, star, i, tile);
        for (unsigned lane = 0; meet >> lane; lane++)
            if (meet >> lane & 1)
                population_star_exact(run, star, run->first_subject + i * POPULATION_TILE + lane,
                                      tile + lane);
    }
}

void population_star_curves(const PopulationRun *run, const PopulationStar *star, double *ret_curves)
{
    star_curves(run, star, kernel_of(run)->star, 1, ret_curves);
}

void population_star_effect_curves(const PopulationRun *run, const PopulationStar *star, double *ret_curves)
{
    star_curves(run, star, kernel_of(run)->star_effect, 2, ret_curves);
}

void population_chain_curves(const PopulationRun *run, const PopulationChain *chain, double *ret_curves)
{
    PopulationChainTile *tile_of = kernel_of(run)->chain;
    size_t n = tiles(run), room = tile_room(run, POPULATION_CHAIN_OUTPUTS);
#pragma omp parallel for schedule(static) num_threads(threads_of(run))
    for (size_t i = 0; i < n; i++) {
        double *tile = ret_curves + i * room;
        unsigned meet = tile_of(run, chain, i, tile);
        for (unsigned lane = 0; meet >> lane; lane++)
            if (meet >> lane & 1)
                population_chain_exact(run, chain, run->first_subject + i * POPULATION_TILE + lane,
                                       tile + lane);
    }
}
