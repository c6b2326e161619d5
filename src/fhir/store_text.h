/* The text of a resource as it is stored and sent. */
#ifndef FHIR_STORE_TEXT_H
#define FHIR_STORE_TEXT_H

#include "base/json.h"

/* The resource with its id, meta.versionId and meta.lastUpdated set: members in their order, each number with
 * its text. What the client left out of these stands right after resourceType (in meta: first). The same
 * arguments give the same bytes, so contents are equal when these texts are. Absent where it is over
 * LIMIT_RESOURCE_BYTES. */
Str store_text(Arena *a, Json *resource, Str id, int64_t version, int64_t updated_us);

#endif
