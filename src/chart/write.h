/* Resources that more than one verb writes, built as valid R4 (docs/record.md). Each function only makes the
 * JSON text; fhir_put() stores it. The author is c->user, the time of entry c->now_us. */
#ifndef CHART_WRITE_H
#define CHART_WRITE_H

#include "chart/chart.h"
#include "chart/facts.h"

typedef enum Measured { MEASURED_CLINIC, MEASURED_STATED, MEASURED_DEVICE } Measured;

/* A vital sign or a session scale; diastolic is used for a pressure only. encounter_id may be absent. */
Str observation_reading(Ctx *c, Str id, Str patient_id, Str encounter_id, Measure measure, Decimal value,
                        Decimal diastolic, int64_t at_us, Measured how);
/* ERR_INVALID with a sentence and the bounds where the value cannot be a reading of that measure, or its time
 * is in the future. What observation_reading() is given must have passed. */
MUST_USE Err reading_check(Ctx *c, Measure measure, Decimal value, Decimal diastolic, int64_t at_us);

/* A fact of data/policy/facts.json; value has passed fact_possible(). note may be absent. */
Str observation_fact(Ctx *c, Str id, Str patient_id, const FactRow *row, Str value, Str note);

/* Who did what to which resource: target_type/target_id. activity is a short text ("override signed"). */
Str provenance(Ctx *c, Str id, Str target_type, Str target_id, Str activity);

/* {"reference":"Practitioner/ID","display":"..."} of c->user. */
Str user_reference(Ctx *c);

#endif
