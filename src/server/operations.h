/* The one table of operations: the verbs' tables, one after the other. Dispatch, roles and the
 * CapabilityStatement come from it. */
#ifndef SERVER_OPERATIONS_H
#define SERVER_OPERATIONS_H

#include "fhir/operation.h"

/* Each ends with a row whose name is NULL. */
extern const Operation *const operation_tables[];
extern const size_t operation_tables_n;

/* NULL where there is no such operation. type absent: an operation on the clinic. */
const Operation *operation_find(Str type, Str name);

#endif
