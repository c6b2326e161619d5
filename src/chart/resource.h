/* What R4 says in many places, read in one way: codes, texts, times, references, extensions. Every function
 * accepts NULL and answers "absent". */
#ifndef CHART_RESOURCE_H
#define CHART_RESOURCE_H

#include "base/decimal.h"
#include "base/json.h"
#include "base/time.h"

/* The first code of that system in a CodeableConcept; absent where it has none. */
Str concept_code(Json *concept, const char *system);
/* Its text, else the first display, else the first code. */
Str concept_text(Json *concept);
/* The instant that NAMEDateTime, NAMEInstant or NAMEPeriod.start says, by its first moment; TIME_NONE without
 * one. */
int64_t time_of(Json *resource, const char *name);
int64_t time_at(Json *root, const char *path);
/* The id in "Patient/ID" where the reference is of that type; absent else. */
Str reference_id(Json *reference, const char *type);
/* The extension of that name (docs/record.md); NULL where there is none. */
Json *extension_of(Json *element, const char *url);
/* A decimal's exact value, in at most 9 places; false where it is not a plain number. */
bool exact_of(Arena *a, Json *number, Decimal *ret_value);

#endif
