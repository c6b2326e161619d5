/* What US Core 6.1.0 wants of a server, for the CapabilityStatement. */
#ifndef FHIR_US_CORE_H
#define FHIR_US_CORE_H

#include "base/str.h"

#define US_CORE_PROFILE "http://hl7.org/fhir/us/core/StructureDefinition/"
#define US_CORE_SERVER  "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server"
#define US_CORE_DOCREF  "http://hl7.org/fhir/us/core/OperationDefinition/docref"

/* Lists of words with a space between. */
typedef struct UsCore {
    const char *type;
    const char *profiles; /* "us-core-vital-signs us-core-bmi": each after US_CORE_PROFILE */
    const char *searches; /* "patient patient+category" */
} UsCore;

/* NULL for a type that US Core has no profile of. */
const UsCore *us_core_of(const char *type);
/* The next word of a list; false at its end. */
bool us_core_next(Str *rest, Str *ret_word);

#endif
