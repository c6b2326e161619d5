/* R4's own invariants at a write: each is a FHIRPath expression of the definitions, parsed once. Those that
 * the evaluator does not cover are known by name (docs/fhir.md lists them; a test keeps the list true). */
#ifndef FHIR_INVARIANT_H
#define FHIR_INVARIANT_H

#include "base/ctx.h"
#include "base/json.h"
#include "fhir/definitions.h"

/* Of a resource whose structure is valid, and of all in it. Each breach is a problem with the path of its
 * node; ERR_INVALID where there is one. An expression that cannot be told is no breach. path: the resource's
 * place. */
MUST_USE Err invariants_check(Ctx *c, Json *resource, const FhirType *type, Str path);

/* The keys that are not covered, each once: "eld-16". */
typedef struct InvariantKeys {
    Str *at;
    size_t n, room;
} InvariantKeys;
void invariants_not_covered(Arena *a, InvariantKeys *ret_keys);

#endif
