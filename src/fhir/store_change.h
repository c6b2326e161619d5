/* The one way by which resources are written. A change is prepared (current version read, next version's text
 * made), then all changes of a request are applied together: resources, history, derived rows, and last the
 * events. */
#ifndef FHIR_STORE_CHANGE_H
#define FHIR_STORE_CHANGE_H

#include "fhir/definitions.h"
#include "fhir/store.h"

typedef struct Change {
    const FhirResource *definition;
    Json *json;              /* NULL: a deletion */
    const DerivedRows *rows; /* those of json; NULL: not derived yet */
    Resource before;         /* version 0: there was none */
    Resource after;
    bool if_match; /* the client named the version: losing a race is ERR_STALE, else ERR_CONFLICT */
} Change;

typedef struct Changes {
    Change *at;
    size_t n, room;
} Changes;

/* ERR_SYNTAX for an id that FHIR does not allow. */
MUST_USE Err change_check_id(Ctx *c, const FhirResource *definition, Str id);
/* Reads what stands at type and id and makes the next version of it. json NULL deletes: ERR_NOT_FOUND where
 * there is nothing, and after.unchanged where it was deleted before. if_match may be absent. With skip_equal
 * a content that is already stored makes after.unchanged. ERR_STALE; ERR_SYNTAX for an id that FHIR does not
 * allow; ERR_TOO_LARGE. */
MUST_USE Err change_prepare(Ctx *c, const FhirResource *definition, Str id, Json *json, Str if_match,
                            bool skip_equal, Change *ret_change);
/* For an id that was made just now, so that nothing can stand there. */
MUST_USE Err change_prepare_new(Ctx *c, const FhirResource *definition, Str id, Json *json,
                                Change *ret_change);

/* Inside a transaction. What is unchanged is left alone. ERR_STALE or ERR_CONFLICT where another writer came
 * first. */
MUST_USE Err changes_apply(Ctx *c, const Changes *changes);

#endif
