/* The operations of infuse. */
#ifndef INFUSE_INFUSE_OPS_H
#define INFUSE_INFUSE_OPS_H

#include "fhir/operation.h"

extern const Operation infuse_operations[];

#endif
