/* The operations of follow. */
#ifndef FOLLOW_FOLLOW_OPS_H
#define FOLLOW_FOLLOW_OPS_H

#include "fhir/operation.h"

extern const Operation follow_operations[];

#endif
