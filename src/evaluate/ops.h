/* Between the files of evaluate's operations only. */
#ifndef EVALUATE_OPS_H
#define EVALUATE_OPS_H

#include "chart/chart.h"
#include "fhir/operation.h"
#include "fhir/store.h"

/* evaluate_ops.c */
Err op_evaluate(Ctx *c, const OpCall *in, Params *out);
Err op_evaluate_record(Ctx *c, const OpCall *in, Params *out);
/* override_ops.c */
Err op_override(Ctx *c, const OpCall *in, Params *out);
/* entry_ops.c */
Err op_record_fact(Ctx *c, const OpCall *in, Params *out);
Err op_record_trial(Ctx *c, const OpCall *in, Params *out);
Err op_record_screen(Ctx *c, const OpCall *in, Params *out);
/* patient_ops.c */
Err op_chart(Ctx *c, const OpCall *in, Params *out);
Err op_patients(Ctx *c, const OpCall *in, Params *out);

/* For a write about a patient: takes the patient's lock, loads the chart, and refuses where the patient has
 * died or where nobody is signed in whom the record could name. Inside a transaction. */
MUST_USE Err open_chart(Ctx *c, Str patient_id, Chart *ret_chart);
/* Stores and counts: the new resource's id goes out as "id". */
MUST_USE Err put_new(Ctx *c, const char *type, Str id, Str json);
Str new_id(Ctx *c);
/* "urn:euthymia:reason" codes of an override, with their texts. */
typedef struct ReasonRow {
    const char *code, *text;
} ReasonRow;
extern const ReasonRow override_reasons[]; /* the last has code NULL */

#endif
