#include "chart/units.h"

#include "chart/codes.h"
#include "chart/policy.h"

#include <math.h>

typedef struct MeasureRow {
    const char *title, *code, *other_code, *unit;
    const char *min_key, *max_key; /* of policy; NULL for a scale */
    int scale_max;
    const char *other_unit;
    double factor; /* other_unit to unit */
} MeasureRow;

/* The factors are exact by definition: the international pound and inch. */
static const MeasureRow measures[MEASURE_MAX] = {
    [MEASURE_WEIGHT_KG] = { "Weight", LOINC_WEIGHT, NULL, "kg", "reading_weight_min", "reading_weight_max", 0,
                            "[lb_av]", 0.45359237 },
    [MEASURE_HEIGHT_CM] = { "Height", LOINC_HEIGHT, NULL, "cm", "reading_height_min", "reading_height_max", 0,
                            "[in_i]", 2.54 },
    [MEASURE_PRESSURE_MMHG] = { "Blood pressure", LOINC_PRESSURE_PANEL, LOINC_PRESSURE_PANEL_OLD, "mm[Hg]",
                                "reading_systolic_min", "reading_systolic_max" },
    [MEASURE_HEART_RATE_PER_MIN] = { "Heart rate", LOINC_HEART_RATE, NULL, "/min", "reading_heart_rate_min",
                                     "reading_heart_rate_max", 0, "{beats}/min", 1 },
    [MEASURE_SPO2_PERCENT] = { "SpO2", LOINC_SPO2, LOINC_SPO2_ANY, "%", "reading_spo2_min",
                               "reading_spo2_max" },
    [MEASURE_BREATHS_PER_MIN] = { "Breaths", LOINC_BREATHS, NULL, "/min", "reading_breaths_min",
                                  "reading_breaths_max", 0, "{breaths}/min", 1 },
    [MEASURE_DISSOCIATION_0_10] = { "Dissociation 0-10", "dissociation-0-10", NULL, "{score}",
                                    .scale_max = 10 },
    [MEASURE_DISTRESS_0_10] = { "Distress 0-10", "distress-0-10", NULL, "{score}", .scale_max = 10 },
    [MEASURE_NAUSEA_0_10] = { "Nausea 0-10", "nausea-0-10", NULL, "{score}", .scale_max = 10 },
    [MEASURE_MOAAS_0_5] = { "MOAA/S 0-5", "moaas-0-5", NULL, "{score}", .scale_max = 5 },
};

const char *measure_unit(Measure measure)
{
    return measures[measure].unit;
}

const char *measure_title(Measure measure)
{
    return measures[measure].title;
}

const char *measure_code(Measure measure)
{
    return measures[measure].code;
}

bool measure_is_scale(Measure measure)
{
    return !measures[measure].min_key;
}

static Measure from_code(Str code, bool scale)
{
    for (Measure m = 0; code.p && m < MEASURE_MAX; m++) {
        const MeasureRow *row = &measures[m];
        bool same = str_is(code, row->code) || (row->other_code && str_is(code, row->other_code));
        if (same && measure_is_scale(m) == scale)
            return m;
    }
    return MEASURE_MAX;
}

Measure measure_from_loinc(Str code)
{
    return from_code(code, false);
}

Measure measure_from_scale(Str code)
{
    return from_code(code, true);
}

bool measure_convert(Measure measure, Str unit_code, Decimal *exact)
{
    const MeasureRow *row = &measures[measure];
    if (str_is(unit_code, row->unit))
        return true;
    if (!row->other_unit || !str_is(unit_code, row->other_unit))
        return false;
    if (row->factor != 1)
        *exact = (Decimal){ llround(decimal_to_double(*exact) * row->factor * 1000), 3 };
    return true;
}

MeasureBounds measure_bounds(Measure measure)
{
    const MeasureRow *row = &measures[measure];
    if (measure_is_scale(measure))
        return (MeasureBounds){ 0, row->scale_max };
    const Policy *policy = policy_in_force();
    return (MeasureBounds){ policy_number(policy, row->min_key), policy_number(policy, row->max_key) };
}

MeasureBounds diastolic_bounds(void)
{
    const Policy *policy = policy_in_force();
    return (MeasureBounds){ policy_number(policy, "reading_diastolic_min"),
                            policy_number(policy, "reading_diastolic_max") };
}
