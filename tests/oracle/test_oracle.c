/* The dose and the typical patients' curves against the golden tables that another implementation wrote
 * (oracle.mjs): every row, doses to the digit, curves to 1e-9. */
#include "base/str.h"
#include "pkpd/pkpd.h"
#include "plan/dose.h"
#include "plan/weight.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { FIELDS_MOST = 16 };

typedef struct Row {
    Str field[FIELDS_MOST];
    size_t n;
} Row;

static Ctx test_ctx;

static Row row_of(Str line)
{
    Row row = { .n = 0 };
    while (line.p) {
        assert_true(row.n < FIELDS_MOST);
        row.field[row.n++] = str_cut(line, ',', &line);
    }
    return row;
}

/* Calls once for each row but the heading; says how many there were. */
static size_t each_row(const char *file, void (*check)(const Row *))
{
    char path[512], text[512];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "%s/%s", ORACLE, file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(text, sizeof text, in));
    while (fgets(text, sizeof text, in)) {
        Row row = row_of(str_trim(str_from(text)));
        check(&row);
        n++;
    }
    (void)fclose(in);
    return n;
}

/* ---- doses ---- */

static Decimal decimal(Str text)
{
    Decimal value;
    assert_true(decimal_parse(text, &value));
    return value;
}

static void assert_decimal(const Row *row, const char *what, Decimal got, Str want)
{
    if (decimal_cmp(got, decimal(want)) != 0)
        fail_msg("%.*s cm, %.*s kg, %.*s, %.*s mg/kg: %s is %.*s, the oracle has %.*s",
                 STR_ARG(row->field[1]), STR_ARG(row->field[2]), STR_ARG(row->field[3]),
                 STR_ARG(row->field[4]), what, STR_ARG(decimal_text(test_ctx.arena, got)), STR_ARG(want));
}

static Reading measured(Measure measure, Str value)
{
    Decimal exact = decimal(value);
    return (Reading){ .measure = measure,
                      .state = READING_ACCEPTED,
                      .exact = exact,
                      .value = decimal_to_double(exact),
                      .in_clinic = true,
                      .fact = { S("Observation"), S("w"), 1 } };
}

/* Measured in the minute of the decision. */
static Decimal dose_weight_kg(const Row *row, Decimal *ret_actual_kg)
{
    Reading height = measured(MEASURE_HEIGHT_CM, row->field[1]),
            weight = measured(MEASURE_WEIGHT_KG, row->field[2]);
    Chart chart = { .patient_id = S("p"),
                    .sex = row->field[0],
                    .deceased_us = TIME_NONE,
                    .birth_us = -40 * 365 * US_PER_DAY };
    *list_add(test_ctx.arena, &chart.readings[MEASURE_HEIGHT_CM]) = height;
    *list_add(test_ctx.arena, &chart.readings[MEASURE_WEIGHT_KG]) = weight;
    PlanIssues issues = { 0 };
    DoseWeights weights = dose_weights(test_ctx.arena, &chart, policy_in_force(), 0, true, 0, &issues);
    const BasisWeight *basis = &weights.basis[weight_basis_from_word(row->field[3])];
    assert_true(basis->usable);
    *ret_actual_kg = weights.weight_kg;
    return basis->kg;
}

static void check_dose(const Row *row)
{
    int64_t minutes;
    assert_true(str_to_int(row->field[5], &minutes));
    DoseInput input = { .mg_per_kg = decimal(row->field[4]),
                        .minutes = minutes,
                        .vial_mg_per_ml = decimal(row->field[6]),
                        .bag_ml = decimal(row->field[7]),
                        .first = str_is(row->field[8], "1") };
    input.weight_kg = dose_weight_kg(row, &input.actual_kg);
    assert_decimal(row, "the dose weight", input.weight_kg, row->field[9]);
    assert_true(dose_input_possible(&input));
    Dose dose = dose_compute(policy_in_force(), &input);
    assert_decimal(row, "the nearest dose", dose.nearest_mg, row->field[10]);
    assert_decimal(row, "the dose", dose.mg, row->field[11]);
    assert_decimal(row, "the drug's volume", dose.drug_ml, row->field[12]);
    assert_decimal(row, "the concentration", dose.concentration_mg_per_ml, row->field[13]);
    assert_decimal(row, "the pump's rate", dose.pump_ml_per_h, row->field[14]);
    assert_decimal(row, "the rate", dose.rate_mg_per_min, row->field[15]);
}

static void doses_are_the_oracles(void **state)
{
    (void)state;
    assert_int_equal(each_row("doses.csv", check_dose), 192);
}

/* ---- curves ---- */

typedef struct Schedule {
    const char *name;
    PkpdRate rates[2];
    size_t n;
} Schedule;

static const Schedule schedules[] = {
    { "planned", { { 0, 40, 52.5 } }, 1 },
    { "paused", { { 0, 12, 52.5 }, { 17, 60, 39.9 } }, 2 },
    { "twice", { { 0, 40, 52.5 }, { 5760, 5800, 60 } }, 2 },
};

static PkpdDosing dosing_of(Str name)
{
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        if (str_is(name, schedules[i].name))
            return (PkpdDosing){ .rates = schedules[i].rates, .n_rates = schedules[i].n };
    fail_msg("no schedule %.*s", STR_ARG(name));
    return (PkpdDosing){ 0 };
}

static double number(Str text)
{
    double value;
    assert_true(str_to_double(text, &value));
    return value;
}

static void assert_near(const Row *row, const char *what, double got, Str want)
{
    static const double RELATIVE = 1e-9, FROM_NG_PER_ML = 1e-6;
    double wanted = number(want);
    if (wanted > FROM_NG_PER_ML && !(fabs(got - wanted) <= RELATIVE * wanted))
        fail_msg("%.*s at %.*s kg, %.*s, %.*s min: %s is %.15g, the oracle has %.*s", STR_ARG(row->field[0]),
                 STR_ARG(row->field[1]), STR_ARG(row->field[2]), STR_ARG(row->field[3]), what, got,
                 STR_ARG(want));
}

static void check_point(const Row *row)
{
    PkpdSystem system;
    PkpdPatient patient = { .age_years = 45, .weight_kg = number(row->field[1]) };
    PkpdDosing dosing = dosing_of(row->field[2]);
    assert_int_equal(pkpd_system(&test_ctx, pkpd_model(row->field[0]), &patient, &system), OK);
    PkpdPoint point = pkpd_at(&system, &dosing, number(row->field[3]));
    assert_near(row, "plasma", point.cp_ng_per_ml, row->field[4]);
    assert_near(row, "the effect site", point.ce_ng_per_ml, row->field[5]);
}

static void curves_are_the_oracles(void **state)
{
    (void)state;
    assert_int_equal(each_row("curves.csv", check_point), 144);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(doses_are_the_oracles),
                                        cmocka_unit_test(curves_are_the_oracles) };
    test_ctx = (Ctx){ .arena = arena_create(SIZE_MAX) };
    if (!time_zone_set("America/New_York"))
        return 1;
    int failed = cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
    arena_destroy(test_ctx.arena);
    return failed;
}
