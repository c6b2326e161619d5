#include "plan/plan_ops.h"
const Operation plan_operations[] = { { 0 } };
