/* JSON Patch (RFC 6902): add, remove, replace, move, copy, test. Pure. */
#ifndef FHIR_JSON_PATCH_H
#define FHIR_JSON_PATCH_H

#include "base/ctx.h"
#include "base/json.h"

/* Works on a copy; numbers keep their text. ERR_SYNTAX for what is no patch, ERR_RULE where it does not go
 * with the resource (no such place, a test that fails); the problem's path is the operation's, "[2].path". */
MUST_USE Err json_patch_apply(Ctx *c, Json *resource, Json *patch, Json **ret_patched);

#endif
