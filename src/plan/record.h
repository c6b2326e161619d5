/* A plan in the record: the CarePlan and the MedicationRequest that docs/record.md describes, made and read
 * back. Only text is made here; fhir_put() stores it. */
#ifndef PLAN_RECORD_H
#define PLAN_RECORD_H

#include "base/json.h"
#include "plan/plan.h"

enum { RECORD_SIGNERS_MAX = 2 };

typedef struct Signer {
    Str person_id, display;
} Signer;

/* What stands beside the plan itself. */
typedef struct PlanRecord {
    Str patient_id, care_plan_id, order_id;
    bool active;                        /* signed by as many as it takes; else draft */
    Signer signers[RECORD_SIGNERS_MAX]; /* in the order in which they signed; the last is the author of an
                                           active plan */
    size_t n_signers;
    Str evaluation_id; /* the GuidanceResponse that it rests on; may be absent */
} PlanRecord;

/* The decision's inputs (request, facts with versions, hashes of policy, protocol and models) go in as one
 * extension. */
Str care_plan_json(Ctx *c, const PlanRecord *record, const Plan *plan, const Protocol *protocol,
                   const Policy *policy);
Str medication_request_json(Ctx *c, const PlanRecord *record, const Plan *plan, const Protocol *protocol);

/* What was asked for when the plan was drafted. False where the CarePlan is not one of ours. */
bool care_plan_request(Arena *a, Json *care_plan, Str *ret_protocol_id, PlanRequest *ret_request);
/* Who has signed so far. */
size_t care_plan_signers(Json *care_plan, Signer ret_signers[RECORD_SIGNERS_MAX]);

#endif
