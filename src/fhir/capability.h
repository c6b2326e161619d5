/* What the server can do, told by the tables that do it: the R4 definitions and the rows of operations. */
#ifndef FHIR_CAPABILITY_H
#define FHIR_CAPABILITY_H

#include "fhir/operation.h"

/* The CapabilityStatement. base: "http://127.0.0.1:8080/fhir". tables: n tables of operations, each ending
 * with a row without a name. Every interaction, parameter and operation that it declares works; composite and
 * special search parameters are therefore not in it. */
Str fhir_capability(Ctx *c, Str base, const Operation *const *tables, size_t n);

/* The OperationDefinition of one row, by the id that the CapabilityStatement names it with
 * ("Patient-evaluate"). Absent where no row has it. */
Str fhir_operation_definition(Ctx *c, Str base, Str id, const Operation *const *tables, size_t n);

#endif
