/* Plans as Parameters, for the page and any other FHIR client. Private to plan. */
#ifndef PLAN_ANSWER_H
#define PLAN_ANSWER_H

#include "fhir/operation.h"
#include "plan/expect.h"
#include "plan/plan.h"
#include "plan/record.h"

/* protocol, vials, bags, visits, orders. */
void answer_protocol(Params *out, const Protocol *protocol);
/* What was asked for, after defaults. */
void answer_request(Params *out, const Plan *plan);
/* weight, height, BMI and the three bases with what the request comes to on each. */
void answer_weights(Params *out, const Plan *plan);
/* The dose with its lines and caps; nothing where there is none. */
void answer_dose(Params *out, const Plan *plan);
void answer_issues(Params *out, const Plan *plan);
void answer_dates(Params *out, const Plan *plan, const Protocol *protocol);
/* The models and one point a minute with a value a model. */
void answer_expectation(Params *out, const Plan *plan);
/* The course in the record: nothing where there is none. signers of the draft or the plan. */
void answer_course(Params *out, const Course *course, const Signer *signers, size_t n_signers);

#endif
