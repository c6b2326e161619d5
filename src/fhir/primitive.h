/* The formats of R4's primitive types. Pure. */
#ifndef FHIR_PRIMITIVE_H
#define FHIR_PRIMITIVE_H

#include "base/json.h"
#include "fhir/definitions.h"

/* NULL where value is a correct one of that kind; else what is wrong, for a person. */
const char *primitive_fault(FhirKind kind, Json *value);

/* Narrative: NULL where the div holds only the formatting that R4 allows; else what is wrong. Elements and
 * attributes are a whitelist: no script, no event handler, no style sheet, no address that runs or loads
 * something. */
const char *xhtml_fault(Str div);

#endif
