/* What the server can do, told by the tables that do it: the R4 definitions and the rows of operations. */
#ifndef FHIR_CAPABILITY_H
#define FHIR_CAPABILITY_H

#include "fhir/operation.h"

typedef struct CapabilityParam {
    const char *name, *kind; /* "date", "date" */
} CapabilityParam;

/* A type that the server treats in its own way. */
typedef struct CapabilityType {
    const char *name;
    const char *const *interactions; /* ends with NULL */
    const CapabilityParam *params;   /* ends with a row whose name is NULL */
} CapabilityType;

/* An operation that FHIR or US Core defines; type NULL: of every type. */
typedef struct CapabilityOperation {
    const char *type, *name, *definition;
} CapabilityOperation;

/* What the dispatch table has. Lists of codes end with NULL, tables of operations with a row without a name.
 */
typedef struct Capability {
    const char *const *type_interactions, *const *system_interactions;
    const Operation *const *tables;
    size_t n_tables;
    const CapabilityOperation *defined; /* ends with a row whose name is NULL */
    const CapabilityType *special;      /* NULL: none */
    const char *const *topics;          /* of Subscriptions; NULL: they are not served */
} Capability;

/* The CapabilityStatement. base: "http://127.0.0.1:8080/fhir". Every interaction, parameter and operation
 * that it declares works; special search parameters are therefore not in it. What US Core expects is marked.
 */
Str fhir_capability(Ctx *c, Str base, const Capability *can);

/* The OperationDefinition of one row, by the id that the CapabilityStatement names it with
 * ("Patient-evaluate"). Absent where no row has it. */
Str fhir_operation_definition(Ctx *c, Str base, Str id, const Operation *const *tables, size_t n);

#endif
