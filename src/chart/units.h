/* Units at the boundary: the UCUM code that a measure is kept in, and the other codes that are accepted and
 * converted. What is not in the table ("mmHg", "lb", "bpm", a unit without its code) is not understood, and
 * the reading is quarantined. */
#ifndef CHART_UNITS_H
#define CHART_UNITS_H

#include "chart/chart.h"

/* "kg". */
const char *measure_unit(Measure measure);
/* "Weight". */
const char *measure_title(Measure measure);
/* Converts to the measure's own unit; false where the code is not accepted for it. exact is kept where
 * nothing has to be converted. */
bool measure_convert(Measure measure, Str unit_code, Decimal *exact);
/* The measure that a LOINC or scale code means; MEASURE_MAX for another code. */
Measure measure_from_loinc(Str code);
Measure measure_from_scale(Str code);
/* The code that a measure is written with, and its system: codes.h. */
const char *measure_code(Measure measure);
bool measure_is_scale(Measure measure);

/* What a person's reading can be at all, both ends included: policy rows (data/policy/chart.json). For a
 * scale its range. */
typedef struct MeasureBounds {
    double from, to;
} MeasureBounds;
MeasureBounds measure_bounds(Measure measure);
MeasureBounds diastolic_bounds(void);

#endif
