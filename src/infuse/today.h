/* The clinic's day: chairs, arrivals, tasks, and the worst alarm in the building. */
#ifndef INFUSE_TODAY_H
#define INFUSE_TODAY_H

#include "fhir/operation.h"

OperationFn today_show;

#endif
