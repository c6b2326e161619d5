/* Virtual patients: their vectors against libm's long double functions, their curves against pkpd_at(), the
 * reference and a 60-digit matrix exponential, each path against the portable one, and one thread against
 * more. */
#include "pkpd/pkpd.h"
#include "pkpd/population_kernel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_create(256 * 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static void assert_close(double got, double want, double relative, const char *what)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("%s: got %.17g, want %.17g, off by %.2g", what, got, want, fabs(got / want - 1));
}

/* ---- elementary functions ---- */

static double ulps(double got, long double want)
{
    return (double)(fabsl(got - want) /
                    (long double)(nextafter(fabs((double)want), INFINITY) - fabs((double)want)));
}

typedef long double Exactly(long double x);

static void check_function(void (*of_tile)(const double *, double *), Exactly *exactly, double from,
                           double to, double ulps_max)
{
    for (uint32_t i = 0; i < 20000; i++) {
        double x[POPULATION_TILE], got[POPULATION_TILE];
        for (uint32_t j = 0; j < POPULATION_TILE; j++)
            x[j] = from + (to - from) * draw_unit(1, i, j);
        of_tile(x, got);
        for (int j = 0; j < POPULATION_TILE; j++)
            if (!(ulps(got[j], exactly(x[j])) <= ulps_max))
                fail_msg("of %.17g: %.17g, off by %g ulp", x[j], got[j], ulps(got[j], exactly(x[j])));
    }
}

static void test_functions(void **state)
{
    (void)state;
    for (PopulationPath path = POPULATION_PORTABLE; path < POPULATION_PATHS; path++) {
        const PopulationKernel *kernel = population_kernel(path);
        if (!kernel)
            continue;
        check_function(kernel->exp, expl, -708, 708, 2);
        check_function(kernel->exp, expl, -1, 1, 2);
        check_function(kernel->log, logl, 1e-300, 1e-3, 2);
        check_function(kernel->log, logl, 0.5, 2, 2);
        check_function(kernel->log, logl, 2, 1e9, 2);
        double x[POPULATION_TILE] = { -709, -1e5, -INFINITY, 0, 0x1p-60, -0x1p-60, -1000, 708 };
        double got[POPULATION_TILE];
        kernel->exp(x, got);
        assert_true(got[0] == 0 && got[1] == 0 && got[2] == 0 && got[3] == 1 && got[4] == 1 && got[6] == 0);
    }
}

/* As in test_draw.c, with 40 digits. */
static void test_quantile(void **state)
{
    (void)state;
    static const double p[2][POPULATION_TILE] = { { 0.6, 0.25, 0.075, 0.0749, 0.01, 0.975, 1e-5, 0.9999 },
                                                  { 1e-10, 1.3e-11, 1.4e-11, 0x1p-53, 1 - 0x1p-53, 1e-16,
                                                    0.25, 0.6 } };
    static const double x[2][POPULATION_TILE] = {
        { 0.25334710313579974132, -0.6744897501960817432, -1.4395314709384559349, -1.4402382675279636631,
          -2.3263478740408410931, 1.9599639845400538556, -4.2648907939228246102, 3.7190164854557083867 },
        { -6.3613409024040561991, -6.6676114565107408347, -6.6567230915181836356, -8.2095361516013868556,
          8.2095361516013868556, -8.2220822161304356152, -0.6744897501960817432, 0.25334710313579974132 },
    };
    for (PopulationPath path = POPULATION_PORTABLE; path < POPULATION_PATHS; path++)
        for (int row = 0; row < 2 && population_path_runs(path); row++) {
            double got[POPULATION_TILE];
            population_kernel(path)->quantile(p[row], got);
            for (int i = 0; i < POPULATION_TILE; i++)
                assert_close(got[i], x[row][i], 1e-14, "quantile");
        }
}

/* ---- populations ---- */

static const PopulationWeight all_70_kg = { .typical_kg = 70, .reference_kg = 70 };

static PopulationStar kamp(double sd_log)
{
    return (PopulationStar){ .parameter = { { 25, sd_log, 1 },
                                            { 56, sd_log, 1 },
                                            { 157, sd_log, 1 },
                                            { 84 / 60., sd_log, 0.75 },
                                            { 161 / 60., sd_log, 0.75 },
                                            { 79 / 60., sd_log, 0.75 } },
                             .ke0_per_min = 1.39,
                             .weight = all_70_kg };
}

static PopulationStar domino(void)
{
    double v1 = 0.063 * 70;
    return (PopulationStar){ .parameter = { { v1 },
                                            { v1 * 0.592 / 0.247 },
                                            { v1 * 0.590 / 0.0146 },
                                            { v1 * 0.438 },
                                            { v1 * 0.592 },
                                            { v1 * 0.590 } },
                             .ke0_per_min = 0.238,
                             .weight = all_70_kg };
}

/* Simons 2022; the dehydronorketamine branch is an assumption of ours that gives the chain its twelfth state.
 */
static PopulationChain simons(void)
{
    return (PopulationChain){ .parameter = { { 11.6 },
                                             { 39.0 },
                                             { 174 },
                                             { 1.48 },
                                             { 2.43 },
                                             { 1.21 },
                                             { 20.1 },
                                             { 221 },
                                             { 1.00 },
                                             { 2.63 },
                                             { 1.12 },
                                             { 4.4 },
                                             { 87.5 },
                                             { 0.933 },
                                             { 1.70 },
                                             { 30 },
                                             { 0.8 } },
                              .fraction_nk = 0.8,
                              .fraction_hnk = 0.7,
                              .fraction_dhnk = 0.3,
                              .molar_mass_g_per_mol = 237.73,
                              .weight = all_70_kg };
}

static PopulationChain simons_spread(void)
{
    static const double variance[POPULATION_CHAIN_PARAMETERS] = {
        [POPULATION_KETAMINE_V1_L] = 0.057,
        [POPULATION_KETAMINE_CL_L_PER_MIN] = 0.029,
        [POPULATION_KETAMINE_Q3_L_PER_MIN] = 0.026,
        [POPULATION_DELAY_TO_NK_MIN] = 0.021,
        [POPULATION_NK_CL_L_PER_MIN] = 0.050,
        [POPULATION_HNK_V1_L] = 1.22,
        [POPULATION_HNK_CL_L_PER_MIN] = 0.103,
        [POPULATION_HNK_Q2_L_PER_MIN] = 0.287,
        [POPULATION_DHNK_V_L] = 0.09,
    };
    PopulationChain chain = simons();
    for (int i = 0; i < POPULATION_CHAIN_PARAMETERS; i++)
        chain.parameter[i].sd_log = sqrt(variance[i]);
    return chain;
}

/* Six infusions of 35 mg over 40 min in two weeks, 200 looks, a bolus, and a second rate over the third. */
enum { LOOKS = 200 };
static double looks_min[LOOKS];
static PkpdRate rates[7];
static const PkpdBolus bolus = { .at_min = 100.8 * 50, .dose_mg = 10 };

static PkpdDosing two_weeks(void)
{
    static const double days[] = { 0, 2, 4, 7, 9, 11 };
    for (int i = 0; i < 6; i++)
        rates[i] =
            (PkpdRate){ .from_min = days[i] * 1440, .to_min = days[i] * 1440 + 40, .rate_mg_per_h = 52.5 };
    rates[6] = (PkpdRate){ .from_min = 4 * 1440 + 20, .to_min = 4 * 1440 + 200, .rate_mg_per_h = 10 };
    for (int i = 0; i < LOOKS; i++)
        looks_min[i] = 100.8 * (i + 1);
    return (PkpdDosing){ .rates = rates, .n_rates = 7, .boluses = &bolus, .n_boluses = 1 };
}

static void test_lengths_repeat(void **state)
{
    (void)state;
    PkpdDosing dosing = two_weeks();
    PopulationSchedule schedule = population_schedule(arena, &dosing, looks_min, LOOKS);
    assert_int_equal(schedule.n_steps, 200 + 13);
    assert_in_range(schedule.n_lengths, 2, 16);
    double end_min = 0, given_mg = 0;
    for (size_t i = 0; i < schedule.n_steps; i++) {
        double length_min = schedule.length_min[schedule.step[i].length];
        end_min += length_min;
        given_mg += schedule.step[i].rate_mg_per_min * length_min + schedule.step[i].bolus_mg;
    }
    assert_close(end_min, 20160, 1e-12, "all lengths");
    assert_close(given_mg, 6 * 35 + 30 + 10, 1e-12, "all doses");
}

/* ---- the star ---- */

typedef void StarCurves(const PopulationRun *run, const PopulationStar *star, double *ret_curves);

static double *curves_of(PopulationRun run, const PopulationStar *star, bool effect)
{
    double *curves = arena_new(arena, double, population_room(&run, effect ? 2 : 1));
    (effect ? population_star_effect_curves : population_star_curves)(&run, star, curves);
    return curves;
}

static void check_reference(const char *scenario, const PopulationStar *star, const PkpdDosing *dosing)
{
    FILE *file = fopen(TEST_DATA "/reference-s1-s2.csv", "r");
    assert_non_null(file);
    char line[200];
    int checked = 0;
    while (fgets(line, sizeof line, file)) {
        char id[8], output[8];
        double time_min, want;
        if (sscanf(line, "%7[^,],%lf,%7[^,],%lf", id, &time_min, output, &want) != 4 ||
            strcmp(id, scenario) != 0 || want < 1e-6)
            continue;
        PopulationSchedule schedule = population_schedule(arena, dosing, &time_min, 1);
        PopulationRun run = { .schedule = &schedule, .n_subjects = 1, .path = POPULATION_PORTABLE };
        double *curves = curves_of(run, star, true);
        assert_close(curves[population_index(&run, 2, 0, strcmp(output, "Ce") == 0, 0)], want, 1e-9, line);
        checked++;
    }
    fclose(file);
    assert_true(checked > 20);
}

static void test_reference(void **state)
{
    (void)state;
    PkpdRate s2 = { .from_min = 0, .to_min = 40, .rate_mg_per_h = 52.5 };
    PkpdBolus s1 = { .at_min = 0, .dose_mg = 140 };
    PopulationStar typical_kamp = kamp(0), typical_domino = domino();
    check_reference("S1", &typical_domino, &(PkpdDosing){ .boluses = &s1, .n_boluses = 1 });
    check_reference("S2", &typical_kamp, &(PkpdDosing){ .rates = &s2, .n_rates = 1 });
}

static void test_portable_is_pkpd_at(void **state)
{
    (void)state;
    PkpdDosing dosing = two_weeks();
    PopulationSchedule schedule = population_schedule(arena, &dosing, looks_min, LOOKS);
    PopulationRun run = { .schedule = &schedule, .seed = 3, .n_subjects = 301, .path = POPULATION_PORTABLE };
    PopulationStar star = kamp(0.4);
    star.weight = (PopulationWeight){ 75, 0.2, 40, 150, 70 };
    star.dose_per_kg = true;
    double *curves = curves_of(run, &star, true);
    for (size_t i = 0; i < run.n_subjects; i++) {
        PopulationSubject subject = population_star_subject(&star, run.seed, i);
        PkpdStar numbers = population_star_of(&star, &subject);
        PkpdSystem system = pkpd_star_system(&numbers);
        for (size_t t = 0; t < LOOKS; t += 7) {
            PkpdPoint want = pkpd_at(&system, &dosing, looks_min[t]);
            assert_close(curves[population_index(&run, 2, i, 0, t)], want.cp_ng_per_ml * subject.weight_kg,
                         1e-9, "plasma");
            assert_close(curves[population_index(&run, 2, i, 1, t)], want.ce_ng_per_ml * subject.weight_kg,
                         1e-9, "effect site");
        }
    }
}

/* ke0 equal to one of the typical patient's poles: only the exact solution is right there. */
static void test_effect_site_at_a_pole(void **state)
{
    (void)state;
    PkpdRate rate = { .from_min = 0, .to_min = 40, .rate_mg_per_h = 52.5 };
    PkpdDosing dosing = { .rates = &rate, .n_rates = 1 };
    PopulationStar star = kamp(0);
    PopulationSubject subject = population_star_subject(&star, 0, 0);
    PkpdStar numbers = population_star_of(&star, &subject);
    star.ke0_per_min = numbers.ke0_per_min = pkpd_star_system(&numbers).pole_per_min[0];
    PkpdSystem system = pkpd_star_system(&numbers);
    double times_min[] = { 1, 20, 40, 60, 300 };
    PopulationSchedule schedule = population_schedule(arena, &dosing, times_min, 5);
    PopulationRun run = { .schedule = &schedule, .n_subjects = 1 };
    double *curves = curves_of(run, &star, true);
    for (size_t t = 0; t < 5; t++)
        assert_close(curves[population_index(&run, 2, 0, 1, t)],
                     pkpd_at(&system, &dosing, times_min[t]).ce_ng_per_ml, 1e-9, "effect site");
}

static void test_paths_agree(void **state)
{
    (void)state;
    PkpdDosing dosing = two_weeks();
    PopulationSchedule schedule = population_schedule(arena, &dosing, looks_min, LOOKS);
    PopulationRun run = { .schedule = &schedule, .seed = 1, .n_subjects = 5000, .path = POPULATION_PORTABLE };
    PopulationStar star = kamp(0.3);
    star.weight = (PopulationWeight){ 75, 0.2, 40, 150, 70 };
    double *portable = curves_of(run, &star, true);
    size_t room = population_room(&run, 2);
    for (run.path = POPULATION_AVX2; run.path < POPULATION_PATHS; run.path++) {
        if (!population_path_runs(run.path))
            continue;
        double *curves = curves_of(run, &star, true);
        for (size_t i = 0; i < room; i++)
            assert_close(curves[i], portable[i], 1e-12, population_path_name(run.path).p);
    }
}

static void test_threads_and_places_change_nothing(void **state)
{
    (void)state;
    PkpdDosing dosing = two_weeks();
    PopulationSchedule schedule = population_schedule(arena, &dosing, looks_min, LOOKS);
    PopulationStar star = kamp(0.3);
    for (PopulationPath path = POPULATION_PORTABLE; path < POPULATION_PATHS; path++) {
        if (!population_path_runs(path))
            continue;
        PopulationRun run = {
            .schedule = &schedule, .seed = 5, .n_subjects = 1000, .path = path, .threads = 1
        };
        size_t bytes = population_room(&run, 1) * sizeof(double);
        double *one = curves_of(run, &star, false);
        for (run.threads = 2; run.threads < 6; run.threads++)
            assert_memory_equal(curves_of(run, &star, false), one, bytes);
        run.first_subject = 3;
        double *shifted = curves_of(run, &star, false);
        for (size_t i = 3; i < 1000; i++)
            assert_true(shifted[population_index(&run, 1, i - 3, 0, 77)] ==
                        one[population_index(&run, 1, i, 0, 77)]);
    }
}

/* More different lengths than are kept. */
static void test_irregular_looks(void **state)
{
    (void)state;
    double times_min[LOOKS], time_min = 0;
    for (uint32_t i = 0; i < LOOKS; i++)
        times_min[i] = time_min += 20 * draw_unit(9, 9, i);
    PkpdRate rate = { .from_min = 0, .to_min = 40, .rate_mg_per_h = 52.5 };
    PkpdDosing dosing = { .rates = &rate, .n_rates = 1 };
    PopulationSchedule schedule = population_schedule(arena, &dosing, times_min, LOOKS);
    assert_true(schedule.n_lengths > 150);
    PopulationRun run = { .schedule = &schedule, .n_subjects = 1 };
    PopulationStar star = kamp(0);
    PkpdStar numbers = population_star_of(
        &star, &(PopulationSubject){ .parameter = { 25, 56, 157, 84 / 60., 161 / 60., 79 / 60. } });
    PkpdSystem system = pkpd_star_system(&numbers);
    double *curves = curves_of(run, &star, false);
    for (size_t t = 0; t < LOOKS; t++)
        assert_close(curves[population_index(&run, 1, 0, 0, t)],
                     pkpd_at(&system, &dosing, times_min[t]).cp_ng_per_ml, 1e-9, "plasma");
}

/* ---- the chain ---- */

typedef struct Golden {
    double time_min, nmol_per_ml[POPULATION_CHAIN_OUTPUTS];
} Golden;
enum { GOLDEN = 8 };

/* 20 mg in 20 min; the exponential of the twelve compartments' own matrix with 60 digits. */
static const Golden simons_golden[GOLDEN] = {
    { 1,
      { 0.29384054373099224615, 1.2652607343191013339e-05, 1.9942498558213934005e-8,
        1.3489706447463368693e-9 } },
    { 5,
      { 0.76739598536355334518, 0.0039267562871864304024, 0.00020081165772966333382,
        1.847291362489594779e-05 } },
    { 20,
      { 1.1271819736626866033, 0.13192466221525115082, 0.027917556011847112771, 0.0063488990618353614694 } },
    { 30,
      { 0.33419673640553522207, 0.21917668839476345789, 0.059536894727462438643, 0.020200542644243538817 } },
    { 60,
      { 0.17492898322636422806, 0.1676432255500766402, 0.069243850848639485378, 0.050666903703005907071 } },
    { 180,
      { 0.059045196463025491718, 0.0969303017479883226, 0.067157311354865322008, 0.040040996190753368309 } },
    { 720,
      { 0.0082512335030547983287, 0.031416066163230594205, 0.030623416735777538703,
        0.012979187366769743063 } },
    { 1440,
      { 0.00062307459084442464937, 0.0046525292138818610029, 0.0050480827237345831692,
        0.001954824191311614251 } },
};

/* The same with delays of 20 and 1.25 min, and dehydronorketamine's pole on the second delay's: three poles
 * in one place. */
static const Golden meeting_golden[GOLDEN] = {
    { 1,
      { 0.29384054373099224615, 1.2776869743309584441e-05, 1.6849493046479098047e-8,
        2.8208986272575544779e-9 } },
    { 5,
      { 0.76739598536355334518, 0.0039619389899690323071, 0.00018617203602045903471,
        2.1893221994690496777e-05 } },
    { 20,
      { 1.1271819736626866033, 0.13268051306675481976, 0.027678452407932500068, 0.0020784907466188362284 } },
    { 30,
      { 0.33419673640553522207, 0.21995875226326785607, 0.059468356098982587638, 0.0039490415862330295969 } },
    { 60,
      { 0.17492898322636422806, 0.16745749762833174395, 0.069278346809540416179, 0.0032205771375475543422 } },
    { 180,
      { 0.059045196463025491718, 0.09691165359876328829, 0.067158013079200679321,
        0.0018232098666692015355 } },
    { 720,
      { 0.0082512335030547983287, 0.0314082539886703143, 0.03062531985131885235,
        0.00059160119371486807067 } },
    { 1440,
      { 0.00062307459084442464937, 0.0046511881036265009494, 0.005048461368579495707,
        8.7670018587068455925e-05 } },
};

static double *chain_curves(PopulationRun run, const PopulationChain *chain)
{
    double *curves = arena_new(arena, double, population_room(&run, POPULATION_CHAIN_OUTPUTS));
    population_chain_curves(&run, chain, curves);
    return curves;
}

static void check_golden(const PopulationChain *chain, const Golden *golden, PopulationPath path)
{
    PkpdRate rate = { .from_min = 0, .to_min = 20, .rate_mg_per_h = 60 };
    PkpdDosing dosing = { .rates = &rate, .n_rates = 1 };
    double times_min[GOLDEN];
    for (int i = 0; i < GOLDEN; i++)
        times_min[i] = golden[i].time_min;
    PopulationSchedule schedule = population_schedule(arena, &dosing, times_min, GOLDEN);
    PopulationRun run = { .schedule = &schedule, .n_subjects = 1, .path = path };
    double *curves = chain_curves(run, chain);
    for (size_t i = 0; i < GOLDEN; i++)
        for (size_t output = 0; output < POPULATION_CHAIN_OUTPUTS; output++)
            if (golden[i].nmol_per_ml[output] > 1e-6)
                assert_close(curves[population_index(&run, POPULATION_CHAIN_OUTPUTS, 0, output, i)],
                             golden[i].nmol_per_ml[output], 1e-9, "chain");
}

static void test_chain_golden(void **state)
{
    (void)state;
    PopulationChain typical = simons(), meeting = simons();
    meeting.parameter[POPULATION_DELAY_TO_NK_MIN].typical = 20;
    meeting.parameter[POPULATION_DELAY_TO_HNK_MIN].typical = 1.25;
    meeting.parameter[POPULATION_DHNK_V_L].typical = 10;
    meeting.parameter[POPULATION_DHNK_CL_L_PER_MIN].typical = 16;
    for (PopulationPath path = POPULATION_PORTABLE; path < POPULATION_PATHS; path++) {
        if (!population_path_runs(path))
            continue;
        check_golden(&typical, simons_golden, path);
        check_golden(&meeting, meeting_golden, path);
    }
}

/* 259 to 287 ng/mL measured after 20 mg in 20 min. */
static void test_chain_published_peak(void **state)
{
    (void)state;
    assert_in_range((int)(simons_golden[2].nmol_per_ml[0] * 237.73), 259, 287);
}

static double largest(const PopulationRun *run, const double *curves, size_t subject, size_t output)
{
    double peak = 0;
    for (size_t t = 0; t < LOOKS; t++)
        peak = fmax(peak, curves[population_index(run, POPULATION_CHAIN_OUTPUTS, subject, output, t)]);
    return peak;
}

/* Beside the portable path and beside the solution without partial fractions. Near a meeting of poles, digits
 * of the small values are lost first: 1e-12 of each curve's peak, and 1e-10 of each value. */
static void test_chain_paths_agree(void **state)
{
    (void)state;
    PkpdDosing dosing = two_weeks();
    PkpdBolus between_looks = { .at_min = bolus.at_min - 30, .dose_mg = bolus.dose_mg };
    dosing.boluses = &between_looks;
    PopulationSchedule schedule = population_schedule(arena, &dosing, looks_min, LOOKS);
    PopulationRun run = { .schedule = &schedule, .seed = 1, .n_subjects = 800, .path = POPULATION_PORTABLE };
    PopulationChain chain = simons_spread();
    double *portable = chain_curves(run, &chain), exact[POPULATION_CHAIN_OUTPUTS * LOOKS * POPULATION_TILE];
    double *curves[POPULATION_PATHS] = { [POPULATION_PORTABLE] = portable };
    for (run.path = POPULATION_AVX2; run.path < POPULATION_PATHS; run.path++)
        if (population_path_runs(run.path))
            curves[run.path] = chain_curves(run, &chain);
    for (size_t i = 0; i < run.n_subjects; i++) {
        population_chain_exact(&run, &chain, i, exact);
        for (size_t output = 0; output < POPULATION_CHAIN_OUTPUTS; output++) {
            double peak = largest(&run, portable, i, output);
            for (size_t t = 0; t < LOOKS; t++) {
                size_t at = population_index(&run, POPULATION_CHAIN_OUTPUTS, i, output, t);
                assert_close(portable[at], exact[(output * LOOKS + t) * POPULATION_TILE], 1e-10, "portable");
                for (PopulationPath path = POPULATION_AVX2; path < POPULATION_PATHS; path++)
                    if (curves[path]) {
                        assert_close(curves[path][at], portable[at], 1e-10, population_path_name(path).p);
                        assert_true(fabs(curves[path][at] - portable[at]) <= 4e-12 * peak);
                    }
            }
        }
    }
}

/* ---- who they are ---- */

static void test_subjects_follow_their_distribution(void **state)
{
    (void)state;
    enum { N = 20000 };
    PopulationStar star = kamp(0.3);
    star.weight = (PopulationWeight){ 75, 0.3, 60, 90, 70 };
    double sum = 0, squares = 0, heaviest = 0, lightest = 1000;
    for (uint64_t i = 0; i < N; i++) {
        PopulationSubject subject = population_star_subject(&star, 11, i);
        double clearance =
            log(subject.parameter[POPULATION_CL_L_PER_MIN] / 1.4) - 0.75 * log(subject.weight_kg / 70);
        sum += clearance, squares += clearance * clearance;
        heaviest = fmax(heaviest, subject.weight_kg), lightest = fmin(lightest, subject.weight_kg);
    }
    assert_true(fabs(sum / N) < 5 * 0.3 / sqrt(N));
    assert_true(fabs(squares / N / 0.09 - 1) < 5 * sqrt(2.0 / N));
    assert_true(lightest >= 60 && lightest < 60.1 && heaviest <= 90 && heaviest > 89.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_lengths_repeat),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_portable_is_pkpd_at),
        cmocka_unit_test(test_effect_site_at_a_pole),
        cmocka_unit_test(test_paths_agree),
        cmocka_unit_test(test_threads_and_places_change_nothing),
        cmocka_unit_test(test_irregular_looks),
        cmocka_unit_test(test_chain_golden),
        cmocka_unit_test(test_chain_published_peak),
        cmocka_unit_test(test_chain_paths_agree),
        cmocka_unit_test(test_subjects_follow_their_distribution),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
