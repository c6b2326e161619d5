/* The operations of learn. */
#ifndef LEARN_LEARN_OPS_H
#define LEARN_LEARN_OPS_H

#include "fhir/operation.h"

extern const Operation learn_operations[];

#endif
