/* The drug's curves against values that other means computed: a 40-digit matrix exponential
 * (reference-s1-s2.csv), a table of the model library, and an integrator written here that knows only the
 * differential equations. */
#include "pkpd/pkpd.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static Ctx test_ctx;

static int setup(void **state)
{
    (void)state;
    test_ctx = (Ctx){ .arena = arena_create(64 * 1024 * 1024) };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(test_ctx.arena);
    return 0;
}

static PkpdSystem system_of(const char *id, double weight_kg)
{
    const PkpdModel *model = pkpd_model(str_from(id));
    assert_non_null(model);
    PkpdSystem system;
    assert_int_equal(
        pkpd_system(&test_ctx, model, &(PkpdPatient){ .age_years = 40, .weight_kg = weight_kg }, &system),
        OK);
    return system;
}

static void assert_close(double got, double want, double relative, const char *what)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("%s: got %.17g, want %.17g, off by %.2g", what, got, want, fabs(got / want - 1));
}

static const char *const ids[] = { "domino-1984", "kamp-2020" };
enum { MODELS = 2 };

/* ---- against the reference ---- */

static const PkpdBolus s1_bolus = { .at_min = 0, .dose_mg = 140 };
static const PkpdRate s2_rate = { .from_min = 0, .to_min = 40, .rate_mg_per_h = 52.5 };

static void check_reference_line(char *line, int *checked)
{
    char *rest, *scenario = strtok_r(line, ",", &rest), *time = strtok_r(NULL, ",", &rest),
                *output = strtok_r(NULL, ",", &rest), *value = strtok_r(NULL, ",", &rest);
    bool bolus = strcmp(scenario, "S1") == 0;
    PkpdSystem system = system_of(bolus ? "domino-1984" : "kamp-2020", 70);
    PkpdDosing dosing = { .boluses = &s1_bolus, .n_boluses = bolus, .rates = &s2_rate, .n_rates = !bolus };
    PkpdPoint point = pkpd_at(&system, &dosing, atof(time));
    double got = strcmp(output, "Cp") == 0 ? point.cp_ng_per_ml : point.ce_ng_per_ml, want = atof(value);
    if (fabs(want) > 1e-6)
        assert_close(got, want, 1e-9, scenario);
    else
        assert_true(fabs(got - want) <= 1e-9);
    ++*checked;
}

static void both_models_agree_with_the_reference_to_1e9(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/reference-s1-s2.csv", "r");
    assert_non_null(file);
    char line[256];
    int checked = 0;
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file))
        check_reference_line(line, &checked);
    (void)fclose(file);
    assert_int_equal(checked, 108);
}

/* 35 mg over 40 min at 70 kg, in ng/mL: the cross-model table of the model library, which prints whole
 * numbers (and one decimal at 24 h). */
static void both_models_reproduce_the_cross_model_table(void **state)
{
    (void)state;
    static const double times_min[] = { 20, 40, 60, 80, 110, 230, 1440 };
    static const double ng_per_ml[MODELS][7] = { { 210, 240, 55, 46, 38, 18, 0.0 },
                                                 { 198, 253, 96, 74, 54, 27, 0.3 } };
    for (int m = 0; m < MODELS; m++) {
        PkpdSystem system = system_of(ids[m], 70);
        PkpdPoint points[7];
        pkpd_curve(&system, &(PkpdDosing){ .rates = &s2_rate, .n_rates = 1 }, times_min, 7, points);
        for (int i = 0; i < 7; i++)
            assert_true(fabs(points[i].cp_ng_per_ml - ng_per_ml[m][i]) <= (i == 6 ? 0.05 : 0.5));
    }
}

/* Meta-analysis of 18 studies in Kamp 2020 (abstract): volume of distribution 252 (200 to 304) L and
 * clearance 79 (69 to 90) L/h per 70 kg. */
static void kamp_lies_within_its_published_meta_analysis(void **state)
{
    (void)state;
    PkpdSystem system = system_of("kamp-2020", 70);
    assert_true(system.steady_state_volume_l >= 200 && system.steady_state_volume_l <= 304);
    assert_true(system.clearance_l_per_min * 60 >= 69 && system.clearance_l_per_min * 60 <= 90);
}

/* ---- against an integrator that knows nothing of poles ---- */

typedef struct Equations {
    double v1_l, k10, k12, k21, k13, k31, ke0; /* per min */
} Equations;

static const Equations domino_70kg = { 4.41, 0.438, 0.592, 0.247, 0.590, 0.0146, 0.238 };
static const Equations kamp_70kg = {
    25, 84.0 / 60 / 25, 161.0 / 60 / 25, 161.0 / 60 / 56, 79.0 / 60 / 25, 79.0 / 60 / 157, 1.39
};

/* y: mg in the three compartments, mg at the effect site in terms of V1, mg eliminated. */
enum { STATES = 5 };

static void slope(const Equations *e, const double *y, double mg_per_min, double *ret_slope)
{
    ret_slope[0] = mg_per_min - (e->k10 + e->k12 + e->k13) * y[0] + e->k21 * y[1] + e->k31 * y[2];
    ret_slope[1] = e->k12 * y[0] - e->k21 * y[1];
    ret_slope[2] = e->k13 * y[0] - e->k31 * y[2];
    ret_slope[3] = e->ke0 * (y[0] - y[3]);
    ret_slope[4] = e->k10 * y[0];
}

static void runge_kutta_step(const Equations *e, double *y, double mg_per_min, double h)
{
    static const double at[4] = { 0, 0.5, 0.5, 1 }, share[4] = { 1, 2, 2, 1 };
    double k[4][STATES] = { { 0 } }, sum[STATES] = { 0 }, probe[STATES];
    for (int stage = 0; stage < 4; stage++) {
        for (int i = 0; i < STATES; i++)
            probe[i] = y[i] + (stage ? at[stage] * h * k[stage - 1][i] : 0);
        slope(e, probe, mg_per_min, k[stage]);
        for (int i = 0; i < STATES; i++)
            sum[i] += share[stage] * k[stage][i];
    }
    for (int i = 0; i < STATES; i++)
        y[i] += h / 6 * sum[i];
}

static void integrate(const Equations *e, double *y, double mg_per_min, double minutes)
{
    const double step = 1.0 / 512;
    long n = lround(minutes / step);
    for (long i = 0; i < n; i++)
        runge_kutta_step(e, y, mg_per_min, step);
}

/* Started, paused, slower, stopped: what a real session looks like. */
static const PkpdRate session[] = { { 0, 12, 52.5 }, { 16, 30, 40 }, { 30, 41, 60 } };
static const PkpdDosing session_dosing = { .rates = session, .n_rates = 3 };
static const struct {
    double minutes, mg_per_h;
} session_steps[] = { { 12, 52.5 }, { 4, 0 }, { 14, 40 }, { 11, 60 }, { 79, 0 } };

static void the_closed_form_agrees_with_an_integrator(void **state)
{
    (void)state;
    const Equations *equations[MODELS] = { &domino_70kg, &kamp_70kg };
    for (int m = 0; m < MODELS; m++) {
        PkpdSystem system = system_of(ids[m], 70);
        double y[STATES] = { 0 }, now_min = 0;
        for (size_t i = 0; i < sizeof session_steps / sizeof *session_steps; i++) {
            integrate(equations[m], y, session_steps[i].mg_per_h / 60, session_steps[i].minutes);
            now_min += session_steps[i].minutes;
            PkpdPoint point = pkpd_at(&system, &session_dosing, now_min);
            assert_close(point.cp_ng_per_ml, y[0] / equations[m]->v1_l * 1000, 1e-9, "plasma");
            assert_close(point.ce_ng_per_ml, y[3] / equations[m]->v1_l * 1000, 1e-9, "effect site");
        }
    }
}

static void mass_is_balanced(void **state)
{
    (void)state;
    const double given_mg = (12 * 52.5 + 14 * 40 + 11 * 60) / 60.0;
    PkpdSystem system = system_of("kamp-2020", 70);
    double y[STATES] = { 0 }, eliminated_mg = 0, now_min = 0;
    for (size_t i = 0; i < sizeof session_steps / sizeof *session_steps; i++) {
        integrate(&kamp_70kg, y, session_steps[i].mg_per_h / 60, session_steps[i].minutes);
        /* Simpson over the closed form within one stretch, where it is smooth */
        const int n = 4096;
        double h = session_steps[i].minutes / n;
        for (int j = 0; j <= n; j++) {
            double factor = j == 0 || j == n ? 1 : j % 2 ? 4 : 2;
            double mg_per_l = pkpd_at(&system, &session_dosing, now_min + j * h).cp_ng_per_ml / 1000;
            eliminated_mg += factor * h / 3 * system.clearance_l_per_min * mg_per_l;
        }
        now_min += session_steps[i].minutes;
        assert_close(eliminated_mg, y[4], 1e-8, "eliminated");
    }
    assert_close(y[0] + y[1] + y[2] + eliminated_mg, given_mg, 1e-8, "in the body and eliminated");
}

/* The effect site's pole is moved over the slowest, middle and fastest pole of plasma, from far to exactly
 * upon it. */
static void poles_that_meet_lose_no_digits(void **state)
{
    (void)state;
    static const double distances[] = { 0, 1e-15, 1e-12, 1e-9, 1e-6, 9.9e-4, 1.1e-3, 1e-2 };
    PkpdSystem system = system_of("kamp-2020", 70);
    for (int pole = 0; pole < 3; pole++)
        for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
            Equations e = kamp_70kg;
            e.ke0 = system.ke0_per_min = system.pole_per_min[pole] * (1 + distances[i]);
            double y[STATES] = { 0 };
            integrate(&e, y, 52.5 / 60, 12);
            integrate(&e, y, 0, 4);
            assert_close(pkpd_at(&system, &session_dosing, 16).ce_ng_per_ml, y[3] / e.v1_l * 1000, 1e-10,
                         "effect site");
        }
}

/* ---- properties ---- */

static PkpdRate random_rate(Random *random)
{
    double from_min = 120 * random_unit(random);
    return (PkpdRate){ from_min, from_min + 60 * random_unit(random), 150 * random_unit(random) };
}

static void doses_add_up_and_double(void **state)
{
    (void)state;
    Random random = random_seeded(20260101);
    for (int run = 0; run < 500; run++) {
        PkpdSystem system = system_of(ids[run % MODELS], 40 + 120 * random_unit(&random));
        PkpdRate rates[2] = { random_rate(&random), random_rate(&random) };
        PkpdBolus bolus = { 60 * random_unit(&random), 50 * random_unit(&random) };
        double t_min = 500 * random_unit(&random), factor = 3 * random_unit(&random);
        PkpdPoint all = pkpd_at(&system, &(PkpdDosing){ rates, 2, &bolus, 1 }, t_min);
        PkpdPoint first = pkpd_at(&system, &(PkpdDosing){ rates, 1, NULL, 0 }, t_min);
        PkpdPoint rest = pkpd_at(&system, &(PkpdDosing){ rates + 1, 1, &bolus, 1 }, t_min);
        assert_close(first.cp_ng_per_ml + rest.cp_ng_per_ml, all.cp_ng_per_ml, 1e-12, "superposition");
        assert_close(first.ce_ng_per_ml + rest.ce_ng_per_ml, all.ce_ng_per_ml, 1e-12, "superposition");
        rates[0].rate_mg_per_h *= factor;
        PkpdPoint scaled = pkpd_at(&system, &(PkpdDosing){ rates, 1, NULL, 0 }, t_min);
        assert_close(scaled.cp_ng_per_ml, factor * first.cp_ng_per_ml, 1e-12, "linearity");
    }
}

static void a_rate_that_is_cut_in_pieces_is_the_same_rate(void **state)
{
    (void)state;
    PkpdSystem system = system_of("domino-1984", 82);
    static const PkpdRate whole = { 0, 40, 61.5 },
                          pieces[] = { { 0, 7, 61.5 }, { 7, 7, 900 }, { 7, 40, 61.5 } };
    for (double t_min = 0; t_min < 300; t_min += 0.5) {
        PkpdPoint one = pkpd_at(&system, &(PkpdDosing){ &whole, 1, NULL, 0 }, t_min);
        PkpdPoint many = pkpd_at(&system, &(PkpdDosing){ pieces, 3, NULL, 0 }, t_min);
        assert_close(many.cp_ng_per_ml, one.cp_ng_per_ml, 1e-12, "plasma");
        assert_close(many.ce_ng_per_ml, one.ce_ng_per_ml, 1e-11, "effect site");
    }
}

static void a_rate_that_runs_on_comes_to_rate_by_clearance(void **state)
{
    (void)state;
    const PkpdRate forever = { 0, INFINITY, 30 };
    for (int m = 0; m < MODELS; m++) {
        PkpdSystem system = system_of(ids[m], 93);
        PkpdPoint end = pkpd_at(&system, &(PkpdDosing){ &forever, 1, NULL, 0 }, 60 * 24 * 60);
        double steady_ng_per_ml = 30.0 / 60 / system.clearance_l_per_min * 1000;
        assert_close(end.cp_ng_per_ml, steady_ng_per_ml, 1e-12, "plasma");
        assert_close(end.ce_ng_per_ml, steady_ng_per_ml, 1e-12, "effect site");
    }
}

static void shares_sum_to_one_and_concentrations_are_never_negative(void **state)
{
    (void)state;
    for (double kg = 40; kg <= 160; kg += 7.5)
        for (int m = 0; m < MODELS; m++) {
            PkpdSystem system = system_of(ids[m], kg);
            assert_close(system.share[0] + system.share[1] + system.share[2], 1, 1e-14, "shares");
            for (double t_min = -5; t_min < 2000; t_min += 3.7) {
                PkpdPoint point = pkpd_at(&system, &session_dosing, t_min);
                assert_true(point.cp_ng_per_ml >= 0 && point.ce_ng_per_ml >= -1e-12);
                assert_true(t_min > 0 || point.cp_ng_per_ml == 0);
            }
        }
}

/* ---- refusals ---- */

static void eu_s_10_outside_the_domain_there_is_no_curve(void **state)
{
    (void)state;
    static const PkpdPatient outside[] = { { 17, 70 },    { NAN, 70 }, { 40, 39.9 },
                                           { 40, 160.1 }, { 40, NAN }, { 40, -70 } };
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        for (int m = 0; m < MODELS; m++) {
            PkpdSystem untouched = { .compartments = -1 };
            assert_int_equal(pkpd_system(&test_ctx, pkpd_model(str_from(ids[m])), &outside[i], &untouched),
                             ERR_RULE);
            assert_int_equal(untouched.compartments, -1);
        }
}

/* A whole file, with one place changed. */
static Str model_file(const char *volume)
{
    return arena_fmt(
        test_ctx.arena,
        "{\"id\":\"m\",\"title\":\"M\",\"drug\":\"d\",\"cites\":\"c\",\"population\":\"p\","
        "\"sampling_site\":\"venous\",\"effect_endpoint\":\"e\",\"published_check\":\"n\",\"compartments\":1,"
        "\"reference_kg\":70,"
        "\"parameters\":[%s,"
        "{\"name\":\"CL\",\"value\":84,\"unit\":\"L/"
        "h\",\"weight_exponent\":0.75,\"cites\":\"c\",\"seen\":\"paper\"},"
        "{\"name\":\"ke0\",\"value\":1,\"unit\":\"/"
        "min\",\"weight_exponent\":0,\"cites\":\"c\",\"seen\":\"paper\"}],"
        "\"domain\":{\"age_years_min\":18,\"weight_kg_min\":40,\"weight_kg_max\":160,\"title\":\"t\","
        "\"cites\":\"c\","
        "\"seen\":\"policy\"}}",
        volume);
}

static void a_faulty_model_file_is_refused_with_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *volume, *path;
    } rows[] = {
        { "{\"name\":\"V1\",\"value\":25,\"unit\":\"L\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":"
          "\"paper\"}",
          NULL },
        { "{\"name\":\"V1\",\"value\":25,\"unit\":\"L/"
          "h\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":\"paper\"}",
          "parameters[0].unit" },
        { "{\"name\":\"V1\",\"value\":25,\"unit\":\"mL\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":"
          "\"paper\"}",
          "parameters[0].unit" },
        { "{\"name\":\"V1\",\"value\":25,\"unit\":\"L\",\"weight_exponent\":1,\"seen\":\"paper\"}",
          "parameters[0].cites" },
        { "{\"name\":\"V1\",\"value\":25,\"unit\":\"L\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":\" "
          "\"}",
          "parameters[0].seen" },
        { "{\"name\":\"V1\",\"value\":25,\"unit\":\"L\",\"cites\":\"c\",\"seen\":\"paper\"}",
          "parameters[0].weight_exponent" },
        { "{\"name\":\"V1\",\"value\":25,\"unit\":\"L/"
          "kg\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":\"paper\"}",
          "parameters[0].weight_exponent" },
        { "{\"name\":\"V1\",\"value\":25000,\"unit\":\"L\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":"
          "\"paper\"}",
          "parameters[0].value" },
        { "{\"name\":\"V1\",\"value\":-1,\"unit\":\"L\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":"
          "\"paper\"}",
          "parameters[0].value" },
        { "{\"name\":\"V9\",\"value\":25,\"unit\":\"L\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":"
          "\"paper\"}",
          "parameters[0].name" },
        { "{\"name\":\"V2\",\"value\":25,\"unit\":\"L\",\"weight_exponent\":1,\"cites\":\"c\",\"seen\":"
          "\"paper\"}",
          "parameters" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Ctx c = { .arena = test_ctx.arena };
        PkpdModel model;
        Err err = pkpd_model_load(&c, model_file(rows[i].volume), &model);
        assert_int_equal(err, rows[i].path ? ERR_INVALID : OK);
        if (rows[i].path)
            assert_true(str_is(c.problems.at[0].path, rows[i].path));
    }
}

static void every_number_of_the_program_names_its_source(void **state)
{
    (void)state;
    size_t n;
    const PkpdModel *models = pkpd_models(&n);
    assert_int_equal(n, MODELS);
    for (size_t m = 0; m < n; m++) {
        assert_int_equal(models[m].hash.n, 16);
        for (size_t i = 0; i < models[m].n_parameters; i++)
            assert_true(models[m].parameters[i].cites.n && models[m].parameters[i].seen.n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_models_agree_with_the_reference_to_1e9),
        cmocka_unit_test(both_models_reproduce_the_cross_model_table),
        cmocka_unit_test(kamp_lies_within_its_published_meta_analysis),
        cmocka_unit_test(the_closed_form_agrees_with_an_integrator),
        cmocka_unit_test(mass_is_balanced),
        cmocka_unit_test(poles_that_meet_lose_no_digits),
        cmocka_unit_test(doses_add_up_and_double),
        cmocka_unit_test(a_rate_that_is_cut_in_pieces_is_the_same_rate),
        cmocka_unit_test(a_rate_that_runs_on_comes_to_rate_by_clearance),
        cmocka_unit_test(shares_sum_to_one_and_concentrations_are_never_negative),
        { "EU-S-10 outside its domain a model gives no curve", eu_s_10_outside_the_domain_there_is_no_curve,
          NULL, NULL, NULL },
        cmocka_unit_test(a_faulty_model_file_is_refused_with_its_path),
        cmocka_unit_test(every_number_of_the_program_names_its_source),
    };
    return cmocka_run_group_tests_name("pkpd", tests, setup, teardown);
}
