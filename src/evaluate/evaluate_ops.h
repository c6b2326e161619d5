/* The operations of evaluate. */
#ifndef EVALUATE_EVALUATE_OPS_H
#define EVALUATE_EVALUATE_OPS_H

#include "fhir/operation.h"

extern const Operation evaluate_operations[];

#endif
