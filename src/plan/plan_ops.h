/* The operations of plan. */
#ifndef PLAN_PLAN_OPS_H
#define PLAN_PLAN_OPS_H

#include "fhir/operation.h"

extern const Operation plan_operations[];

#endif
