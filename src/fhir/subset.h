/* A part of a resource, as _summary and _elements ask for it: marked with the tag SUBSETTED, so that nobody
 * stores it as the whole. */
#ifndef FHIR_SUBSET_H
#define FHIR_SUBSET_H

#include "base/ctx.h"

typedef enum SubsetKind {
    SUBSET_WHOLE,
    SUBSET_ELEMENTS, /* those named, and what is mandatory */
    SUBSET_SUMMARY,  /* what the definitions mark as summary */
    SUBSET_TEXT,     /* the narrative, and what is mandatory */
    SUBSET_DATA      /* all but the narrative */
} SubsetKind;

typedef struct Subset {
    SubsetKind kind;
    Str elements; /* "status,code"; "Observation.status" names one type's */
} Subset;

/* "true", "text", "data", "false" of _summary; false for another word. */
bool subset_of_summary(Str word, Subset *ret_subset);
/* The body of a resource of that type, or as much of it; in a. */
Str subset_body(Arena *a, const Subset *subset, Str type, Str body);

#endif
