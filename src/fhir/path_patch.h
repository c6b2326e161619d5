/* FHIRPath Patch: a Parameters resource whose parameters "operation" say add, insert, delete, replace or
 * move, each at the node that a FHIRPath names. Pure. */
#ifndef FHIR_PATH_PATCH_H
#define FHIR_PATH_PATCH_H

#include "base/ctx.h"
#include "base/json.h"
#include "fhir/definitions.h"

/* Works on a copy; numbers keep their text. ERR_SYNTAX for what is no patch, ERR_RULE where it does not go
 * with the resource (no such node, or several); the problem's path is the operation's part,
 * "parameter[2].path". */
MUST_USE Err path_patch_apply(Ctx *c, const FhirType *type, Json *resource, Json *parameters,
                              Json **ret_patched);

/* Of either kind: a list is a JSON Patch (fhir/json_patch.h), an object a FHIRPath Patch. */
MUST_USE Err patch_apply(Ctx *c, const FhirType *type, Json *resource, Json *patch, Json **ret_patched);

#endif
