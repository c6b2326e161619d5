/* Models with metabolites and absorption against values that other means computed: a 40-digit matrix
 * exponential (reference-s5b-s7.csv), and what the papers print. */
#include "pkpd/pkpd.h"

#include "base/embed.h"

#include <assert.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OUTPUTS_MOST = 4, TIMES_MOST = 2000 };

static Ctx test_ctx;

static int setup(void **state)
{
    (void)state;
    test_ctx = (Ctx){ .arena = arena_create(256 * 1024 * 1024) };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(test_ctx.arena);
    return 0;
}

static const PkpdNetwork *network(const char *name)
{
    const PkpdNetwork *found = network_find(test_ctx.arena, str_from(name));
    if (!found)
        fail_msg("there is no model %s", name);
    return found;
}

static double *curve(const PkpdNetwork *model, double age_years, double weight_kg,
                     const NetworkOverrides *overrides, const PkpdDose *doses, size_t n_doses,
                     const double *times_min, size_t n_times)
{
    double *values = arena_new(test_ctx.arena, double, n_times *OUTPUTS_MOST);
    NetworkPerson person = { .age_years = age_years, .weight_kg = weight_kg };
    Err err =
        network_curve(&test_ctx, model, &person, NULL, overrides, doses, n_doses, times_min, n_times, values);
    if (err != OK)
        fail_msg("%.*s", STR_ARG(test_ctx.problems.at[test_ctx.problems.n - 1].text));
    return values;
}

static int output_named(const PkpdNetwork *model, const char *name)
{
    for (size_t i = 0; i < network_outputs(model); i++)
        if (strcmp(network_output_name(model, i), name) == 0)
            return (int)i;
    fail_msg("no output %s", name);
    return -1;
}

/* ---- the reference ---- */

typedef struct Scenario {
    const char *name, *model;
    double min_of_time; /* minutes in the table's unit of time */
    PkpdDose doses[2];
    size_t n_doses;
    const char *parameter;
    double value;
} Scenario;

static const Scenario scenarios[] = {
    { "S1", "domino1984", 1, { { ROUTE_IV, 140, 0, 0 } }, 1, NULL, 0 },
    { "S2", "kamp2020", 1, { { ROUTE_IV, 35, 0, 40 } }, 1, NULL, 0 },
    /* One event of 56 mg, whose absorbed part is the mean of two devices. */
    { "S5b", "perez-ruixo2021", 60, { { ROUTE_IN, 56, 0, 0 } }, 1, "FRn", 0.4374 },
    { "S7", "simons2022", 1, { { ROUTE_SL, 50, 0, 0 }, { ROUTE_IV, 20, 360, 20 } }, 2, NULL, 0 },
};

static const Scenario *scenario_named(const char *name)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    fail_msg("no scenario %s", name);
    abort();
}

static void check_line(char *line)
{
    char *rest, *name = strtok_r(line, ",", &rest), *time = strtok_r(NULL, ",", &rest),
                *output = strtok_r(NULL, ",", &rest), *value = strtok_r(NULL, ",", &rest);
    const Scenario *s = scenario_named(name);
    const PkpdNetwork *model = network(s->model);
    double at_min = strtod(time, NULL) * s->min_of_time, want = strtod(value, NULL);
    NetworkOverride one = { str_from(s->parameter), s->value };
    NetworkOverrides overrides = { .at = &one, .n = s->parameter ? 1 : 0 };
    double got =
        curve(model, 45, 70, &overrides, s->doses, s->n_doses, &at_min, 1)[output_named(model, output)];
    if (want > 1e-6 && !(fabs(got / want - 1) <= 1e-9))
        fail_msg("%s at %s, %s: %.17g, reference %.17g, off by %.2g", name, time, output, got, want,
                 fabs(got / want - 1));
}

static void each_value_agrees_with_the_reference_to_1e9(void **state)
{
    (void)state;
    static const char *const files[] = { "reference-s1-s2.csv", "reference-s5b-s7.csv" };
    int checked = 0;
    for (size_t i = 0; i < 2; i++) {
        char line[256], path[512];
        (void)snprintf(path, sizeof path, "%s/%s", TEST_DATA, files[i]);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file))
            if (line[0] == 'S') {
                check_line(line);
                checked++;
                arena_reset(test_ctx.arena);
            }
        (void)fclose(file);
    }
    assert_int_equal(checked, 264);
}

/* The times in one curve or one at a time: the same. */
static void a_curve_is_its_points(void **state)
{
    (void)state;
    const PkpdNetwork *model = network("simons2022");
    const PkpdDose dose = { ROUTE_SL, 100, 3, 0 };
    double times_min[50];
    for (int i = 0; i < 50; i++)
        times_min[i] = i * 7.5;
    double *all = curve(model, 30, 61.5, NULL, &dose, 1, times_min, 50);
    for (int i = 0; i < 50; i++) {
        double *one = curve(model, 30, 61.5, NULL, &dose, 1, &times_min[i], 1);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(one[k] - all[3 * i + k]) <= 1e-10 * fabs(one[k]));
    }
}

/* ---- published figures ---- */

static void assert_within(double got, double want, double tolerance, const char *what)
{
    print_message("%s: %.5g, published %.5g\n", what, got, want);
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: %.5g, published %.5g +- %.3g", what, got, want, tolerance);
}

typedef struct Summary {
    double largest, area;
} Summary;

/* Every step_min to until_min; the area by trapezoids. */
static Summary summary(const PkpdNetwork *model, int output, double age, const PkpdDose *doses,
                       size_t n_doses, double step_min, double until_min)
{
    size_t n = (size_t)(until_min / step_min) + 1, outputs = network_outputs(model);
    double *times_min = arena_new(test_ctx.arena, double, n);
    for (size_t i = 0; i < n; i++)
        times_min[i] = (double)i * step_min;
    double *values = curve(model, age, 70, NULL, doses, n_doses, times_min, n);
    Summary s = { 0 };
    for (size_t i = 0; i < n; i++) {
        double value = values[i * outputs + (size_t)output];
        s.largest = fmax(s.largest, value);
        if (i > 0)
            s.area += (value + values[(i - 1) * outputs + (size_t)output]) / 2 * step_min;
    }
    return s;
}

/* Perez-Ruixo 2021, Table 4 (seen: secondary, nlmixr2lib), 18 to 60 years: 28, 56 and 84 mg. Tolerance 2 %.
 */
static void perez_ruixo_reproduces_its_table(void **state)
{
    (void)state;
    static const double largest[] = { 43.8, 72.5, 101.0 }, area_ng_h[] = { 147.3, 254.7, 362.2 };
    static const PkpdDose devices[] = { { ROUTE_IN, 28, 0, 0 },
                                        { ROUTE_IN, 28, 0, 0 },
                                        { ROUTE_IN, 28, 0, 0 } };
    for (size_t n = 1; n <= 3; n++) {
        Summary s = summary(network("perez-ruixo2021"), 0, 40, devices, n, 1, 1440);
        assert_within(s.largest, largest[n - 1], 0.02 * largest[n - 1], "largest concentration, ng/mL");
        assert_within(s.area / 60, area_ng_h[n - 1], 0.02 * area_ng_h[n - 1], "area to 24 h, ng h/mL");
    }
}

/* Simons 2022, Table 2 (seen: secondary, nlmixr2lib): means of 50 mg of film. Tolerance 15 %. nmol/mL to
 * ng/mL: the base's molar mass for ketamine; the metabolites' own. */
static void simons_reproduces_its_table(void **state)
{
    (void)state;
    static const PkpdDose film = { ROUTE_SL, 50, 0, 0 }, infusion = { ROUTE_IV, 20, 0, 20 };
    static const double ketamine = 237.73, norketamine = 223.70, hydroxynorketamine = 239.70;
    const PkpdNetwork *model = network("simons2022");
    Summary k = summary(model, 0, 25, &film, 1, 0.5, 360), n = summary(model, 1, 25, &film, 1, 0.5, 360);
    Summary h = summary(model, 2, 25, &film, 1, 0.5, 360), iv = summary(model, 0, 25, &infusion, 1, 0.5, 120);
    assert_within(k.largest * ketamine, 96, 0.15 * 96, "film, largest ketamine, ng/mL");
    assert_within(k.area * ketamine, 8363, 0.15 * 8363, "film, area of ketamine, ng min/mL");
    assert_within(n.area * norketamine, 38497, 0.15 * 38497, "film, area of norketamine");
    assert_within(h.area * hydroxynorketamine, 24087, 0.15 * 24087, "film, area of hydroxynorketamine");
    assert_within(iv.largest * ketamine, 273, 14, "infusion, largest ketamine (259 to 287)");
}

/* Hasan 2021 (seen: secondary): 5 mg of racemate over 30 min, venous, S-ketamine 15.6 (SD 4.5) ng/mL: half of
 * the dose is S-ketamine. Within one SD. */
static void otto_is_within_one_sd_of_hasan(void **state)
{
    (void)state;
    static const PkpdDose half = { ROUTE_IV, 2.5, 0, 30 };
    Summary s = summary(network("otto2021"), 0, 40, &half, 1, 1, 120);
    assert_within(s.largest, 15.6, 4.5, "S-ketamine at the end of 30 min, ng/mL");
}

/* From the decline between 10 and 20 h after a bolus. */
static double terminal_per_min(const PkpdNetwork *model)
{
    static const PkpdDose bolus = { ROUTE_IV, 70, 0, 0 };
    static const double times_min[] = { 1200, 2400 };
    double *values = curve(model, 40, 70, NULL, &bolus, 1, times_min, 2);
    return log(values[0] / values[1]) / 1200;
}

static double clearance_l_per_min(const PkpdNetwork *model)
{
    static const PkpdDose infusion = { ROUTE_IV, 20000, 0, 20000 }; /* 1 mg/min until nothing changes */
    static const double at_min[] = { 19999 };
    return 1000 / curve(model, 40, 70, NULL, &infusion, 1, at_min, 1)[0];
}

/* Hijazi 2003 (seen: secondary): t1/2 4.9 (1.6) h, Vbeta 16.0 (8.6) L/kg; clearance 36.0 (13.3) mL/min/kg. */
static void hijazi_is_within_one_sd_of_its_summary(void **state)
{
    (void)state;
    const PkpdNetwork *model = network("hijazi2003");
    double beta = terminal_per_min(model), clearance = clearance_l_per_min(model);
    assert_within(log(2) / beta / 60, 4.9, 1.6, "half-life, h");
    assert_within(clearance / beta / 70, 16.0, 8.6, "volume of the terminal phase, L/kg");
    assert_within(clearance * 1000 / 70, 36.0, 13.3, "clearance, mL/min/kg");
}

/* Clements 1981 (seen: secondary): clearance 19.1 mL/min/kg, terminal half-life about 3 h. Tolerance 5 %. */
static void clements_has_its_clearance_and_half_life(void **state)
{
    (void)state;
    const PkpdNetwork *model = network("clements1981");
    assert_within(clearance_l_per_min(model) * 1000 / 70, 19.1, 0.05 * 19.1, "clearance, mL/min/kg");
    assert_within(log(2) / terminal_per_min(model) / 60, 3, 0.05 * 3, "half-life, h");
}

/* The cross-model table: 35 mg over 40 min, 70 kg, ng/mL, printed to 1 ng/mL. */
static void the_models_reproduce_the_cross_model_table(void **state)
{
    (void)state;
    static const double times_min[] = { 20, 40, 60, 80, 110, 230 };
    static const struct {
        const char *model;
        double ng_per_ml[6];
    } rows[] = {
        { "clements1981", { 110, 177, 115, 85, 63, 36 } },  { "hijazi2003", { 157, 225, 100, 46, 17, 5 } },
        { "herd2007", { 187, 253, 119, 96, 74, 26 } },      { "otto2021", { 98, 158, 104, 79, 60, 27 } },
        { "perez-ruixo2021", { 74, 125, 88, 65, 45, 19 } },
    };
    static const PkpdDose dose = { ROUTE_IV, 35, 0, 40 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const PkpdNetwork *model = network(rows[i].model);
        double *values = curve(model, 40, 70, NULL, &dose, 1, times_min, 6);
        for (size_t k = 0; k < 6; k++)
            assert_within(values[k * network_outputs(model)], rows[i].ng_per_ml[k], 1, rows[i].model);
    }
}

/* ---- what is always so ---- */

static void every_file_names_its_source_and_its_check(void **state)
{
    (void)state;
    int models = 0;
    for (const char *const *name = network_names(test_ctx.arena); *name; name++, models++) {
        const PkpdNetwork *model = network(*name);
        assert_false(str_empty(network_published_check(model)));
        size_t n;
        const NetworkParameter *parameters = network_parameters(model, &n);
        for (size_t i = 0; i < n; i++)
            assert_false(str_empty(parameters[i].cites) || str_empty(parameters[i].seen));
    }
    assert_int_equal(models, 10);
}

static void twice_the_dose_is_twice_the_concentration(void **state)
{
    (void)state;
    static const PkpdDose one[] = { { ROUTE_SL, 50, 0, 0 } }, two[] = { { ROUTE_SL, 100, 0, 0 } };
    static const double at_min = 77;
    double *single = curve(network("simons2022"), 30, 70, NULL, one, 1, &at_min, 1);
    double *twice = curve(network("simons2022"), 30, 70, NULL, two, 1, &at_min, 1);
    for (int k = 0; k < 3; k++)
        assert_true(fabs(twice[k] / single[k] - 2) < 1e-12);
}

/* 30 mg into a muscle, by the assumption: what enters is 0.93 of it, so the area is 0.93 of the vein's. */
static void what_is_assumed_of_a_muscle_enters(void **state)
{
    (void)state;
    static const PkpdDose muscle = { ROUTE_IM, 30, 0, 0 }, vein = { ROUTE_IV, 30, 0, 0 };
    const PkpdNetwork *model = network("clements1981");
    double ratio =
        summary(model, 0, 40, &muscle, 1, 0.25, 6000).area / summary(model, 0, 40, &vein, 1, 0.25, 6000).area;
    assert_within(ratio, 0.93, 1e-3, "area, muscle to vein");
    static const double soon_min = 1.9;
    assert_true(curve(model, 40, 70, NULL, &muscle, 1, &soon_min, 1)[0] == 0); /* a lag of 2 min */
}

/* Areas with and without, to the time when next to nothing is left. */
static double area_ratio(const char *model, PkpdDose dose, const char *covariate)
{
    enum { STEPS = 8000 };
    static double times_min[STEPS];
    const PkpdNetwork *network_there = network(model);
    size_t outputs = network_outputs(network_there);
    NetworkPerson person = { 40, 70 };
    double area[2] = { 0, 0 }, *values = arena_new(test_ctx.arena, double, STEPS *outputs);
    for (int i = 0; i < STEPS; i++)
        times_min[i] = i;
    for (int with = 0; with < 2; with++) {
        const NetworkCovariate *row = with ? network_covariate(test_ctx.arena, str_from(covariate)) : NULL;
        assert_int_equal(
            network_curve(&test_ctx, network_there, &person, row, NULL, &dose, 1, times_min, STEPS, values),
            OK);
        for (int i = 1; i < STEPS; i++)
            area[with] += (values[(size_t)i * outputs] + values[(size_t)(i - 1) * outputs]) / 2;
    }
    return area[1] / area[0];
}

static void a_covariate_changes_the_area_as_published_and_by_route(void **state)
{
    (void)state;
    static const PkpdDose vein = { ROUTE_IV, 35, 0, 40 }, mouth = { ROUTE_PO, 50, 0, 0 };
    assert_within(area_ratio("otto2021", vein, "rifampicin"), 0.86, 0.002, "rifampicin, vein");
    assert_within(area_ratio("kamp2020", vein, "cyp2b6-1-6"), 68.1 / 40.6, 0.02,
                  "CYP2B6 *1/*6, 68.1 to 40.6 L/h");
    assert_within(area_ratio("perez-ruixo2021", mouth, "ticlopidine"), 2.4, 0.002, "ticlopidine, mouth");
    assert_within(area_ratio("otto2021", vein, "ticlopidine"), 1, 0,
                  "ticlopidine, vein: not known, not changed");
    double value[OUTPUTS_MOST], at_min = 1;
    NetworkPerson person = { 40, 70 };
    const NetworkCovariate *rifampicin = network_covariate(test_ctx.arena, S("rifampicin"));
    assert_int_equal(network_curve(&test_ctx, network("perez-ruixo2021"), &person, rifampicin, NULL, &mouth,
                                   1, &at_min, 1, value),
                     ERR_RULE);
}

/* The disagreement on the racemate from the nose is there to be seen: fourfold. */
static void bioavailabilities_disagree_and_say_so(void **state)
{
    (void)state;
    size_t n;
    double least = 1, most = 0;
    const Bioavailability *list = network_bioavailability(test_ctx.arena, &n);
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].fraction > 0 && list[i].fraction <= 1);
        assert_false(str_empty(list[i].cites) || str_empty(list[i].seen));
        if (str_is(list[i].route, "in") && str_is(list[i].drug, "racemate")) {
            least = fmin(least, list[i].fraction);
            most = fmax(most, list[i].fraction);
        }
    }
    assert_true(most / least > 4);
}

static void what_a_model_does_not_have_is_refused(void **state)
{
    (void)state;
    double value[OUTPUTS_MOST], at_min = 10;
    PkpdDose oral = { ROUTE_PO, 30, 0, 0 }, vein = { ROUTE_IV, 30, 0, 40 };
    NetworkPerson adult = { 40, 70 }, child = { 8, 25 };
    NetworkOverride unknown = { S("V9"), 1 };
    NetworkOverrides overrides = { .at = &unknown, .n = 1 };
    const PkpdNetwork *kamp = network("kamp-2020"), *hornik = network("hornik2018");
    assert_int_equal(network_curve(&test_ctx, kamp, &adult, NULL, NULL, &oral, 1, &at_min, 1, value),
                     ERR_RULE);
    assert_int_equal(network_curve(&test_ctx, kamp, &child, NULL, NULL, &vein, 1, &at_min, 1, value),
                     ERR_RULE);
    assert_int_equal(network_curve(&test_ctx, hornik, &adult, NULL, NULL, &vein, 1, &at_min, 1, value),
                     ERR_RULE);
    assert_int_equal(network_curve(&test_ctx, hornik, &child, NULL, NULL, &vein, 1, &at_min, 1, value), OK);
    assert_int_equal(network_curve(&test_ctx, kamp, &adult, NULL, &overrides, &vein, 1, &at_min, 1, value),
                     ERR_INVALID);
    assert_null(network_find(test_ctx.arena, S("nobody1999")));
}

/* One fault at a time in a file that is good. */
static void a_faulty_file_is_refused_with_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *was, *becomes, *path;
    } rows[] = {
        { "\"unit\": \"L/h\"", "\"unit\": \"L/d\"", "parameters[1].unit" },
        { "\"value\": 133", "\"value\": -133", "parameters[0].value" },
        { "\"value\": 133", "\"value\": 133000", "parameters[0].value" },
        { "\"cites\": \"Otto 2021, Eur J Clin Pharmacol 77:1181; parent fixed to Fanta 2015\"",
          "\"cites\": \" \"", "parameters[0].cites" },
        { "\"to\": \"KP1\"", "\"to\": \"KP9\"", "flows[0].to" },
        { "\"by\": [\"Q1\"]", "\"by\": [\"Q9\"]", "flows[0].by" },
        { "\"route\": \"iv\"", "\"route\": \"by ear\"", "inputs[0].route" },
        { "\"weight_kg_min\": 40", "\"weight_kg_min\": 400", "domain.weight_kg_min" },
        { "\"published_check\"", "\"checked\"", "published_check" },
    };
    const EmbeddedFile *file = embedded_files;
    while (!str_is(str_from(file->path), "data/drugs/otto-2021.json"))
        file++;
    const char *good = arena_cstr(test_ctx.arena, (Str){ file->start, (size_t)(file->end - file->start) });
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = strstr(good, rows[i].was);
        assert_non_null(at);
        assert(at);
        Str bad = arena_fmt(test_ctx.arena, "%.*s%s%s", (int)(at - good), good, rows[i].becomes,
                            at + strlen(rows[i].was));
        const PkpdNetwork *model;
        Ctx c = { .arena = test_ctx.arena };
        assert_int_equal(network_load(&c, bad, &model), ERR_INVALID);
        if (!str_is(c.problems.at[0].path, rows[i].path))
            fail_msg("\"%.*s\", not \"%s\"", STR_ARG(c.problems.at[0].path), rows[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_agrees_with_the_reference_to_1e9),
        cmocka_unit_test(a_curve_is_its_points),
        cmocka_unit_test(perez_ruixo_reproduces_its_table),
        cmocka_unit_test(simons_reproduces_its_table),
        cmocka_unit_test(otto_is_within_one_sd_of_hasan),
        cmocka_unit_test(hijazi_is_within_one_sd_of_its_summary),
        cmocka_unit_test(clements_has_its_clearance_and_half_life),
        cmocka_unit_test(the_models_reproduce_the_cross_model_table),
        cmocka_unit_test(every_file_names_its_source_and_its_check),
        cmocka_unit_test(twice_the_dose_is_twice_the_concentration),
        cmocka_unit_test(what_is_assumed_of_a_muscle_enters),
        cmocka_unit_test(a_covariate_changes_the_area_as_published_and_by_route),
        cmocka_unit_test(bioavailabilities_disagree_and_say_so),
        cmocka_unit_test(what_a_model_does_not_have_is_refused),
        cmocka_unit_test(a_faulty_file_is_refused_with_its_path),
    };
    return cmocka_run_group_tests_name("drug networks", tests, setup, teardown);
}
