/* Structural validation against R4: members known, kinds and formats right, cardinalities kept, choices
 * single, required bindings met, references to allowed types, primitive extensions (_name) paired, dates that
 * exist, narrative without active content. One problem each, with its path ("Patient.contact[1].gender"). */
#ifndef FHIR_VALIDATE_H
#define FHIR_VALIDATE_H

#include "base/ctx.h"
#include "base/json.h"

/* ERR_INVALID when any problem was noted. expected_type may be absent. path is where the resource stands, for
 * the problems ("Bundle.entry[3].resource"); absent: the type's name. */
MUST_USE Err fhir_validate(Ctx *c, Json *resource, Str expected_type, Str path);

#endif
