/* The record. What is stored is the resource as it will be sent: members in the client's order, numbers with
 * their text, with id, meta.versionId and meta.lastUpdated set. Every version is kept. Beside the current
 * version stand derived rows (index, compartment), which can always be rebuilt. Every write puts an event
 * into the outbox in the same transaction.
 *
 * All functions read and write in c's transaction where one is under way; a write outside one makes its own.
 */
#ifndef FHIR_STORE_H
#define FHIR_STORE_H

#include "base/ctx.h"
#include "base/json.h"
#include "fhir/index.h"

typedef struct Resource {
    Str type, id;
    int64_t version, updated_us;
    Str body; /* JSON text; absent for a deleted version */
    bool deleted;
    int64_t number; /* of the current version as it was read to be changed (db_number); else 0 */
    bool created;   /* by the write that returned it */
    bool unchanged; /* by the write that returned it: same content, no new version */
} Resource;

typedef struct Resources {
    Resource *at;
    size_t n, room;
} Resources;

/* ERR_NOT_FOUND; ERR_GONE where it was deleted. */
MUST_USE Err fhir_read(Ctx *c, Str type, Str id, Resource *ret);
/* The same, and in whose compartment it is, as index_patient() says: known also where the read is refused. */
MUST_USE Err fhir_read_of_patient(Ctx *c, Str type, Str id, Resource *ret, Str *ret_patient_id);
MUST_USE Err fhir_read_version(Ctx *c, Str type, Str id, Str version, Resource *ret);

/* What comes from outside, once it was scanned and validated: the only form in which it is written. Made
 * without the database, so that whoever has many writes to do makes it before his turn to write has come. */
typedef struct Content {
    const FhirResource *definition;
    Str id;
    Json *json;
    DerivedRows rows;
    Resource first; /* as it is stored where nothing stands at its id; only of a content for a create */
} Content;
/* A new id, whatever the client's. ERR_SYNTAX, ERR_INVALID, ERR_TOO_LARGE; ERR_NOT_FOUND for a type that R4
 * does not have. */
MUST_USE Err fhir_content_new(Ctx *c, Str type, Str bytes, Content *ret_content);
/* The id in the content must be the given one (ERR_SYNTAX). */
MUST_USE Err fhir_content_at(Ctx *c, Str type, Str id, Str bytes, Content *ret_content);
/* Of a content for a create, once. */
MUST_USE Err fhir_create_content(Ctx *c, const Content *content, Resource *ret);
/* As fhir_update(). */
MUST_USE Err fhir_update_content(Ctx *c, const Content *content, Str if_match, Resource *ret);

/* fhir_content_new() and fhir_create_content(). */
MUST_USE Err fhir_create(Ctx *c, Str type, Str bytes, Resource *ret);
/* if_match: the version the client saw ("3"), or absent. ERR_STALE where it is not the current one: of two
 * who saw the same version one wins. Without it writers take turns. Creates under the given id where there is
 * none. The id in the content must be the given one (ERR_SYNTAX). fhir_delete() of what was deleted is OK and
 * changes nothing. */
MUST_USE Err fhir_update(Ctx *c, Str type, Str id, Str bytes, Str if_match, Resource *ret);
MUST_USE Err fhir_delete(Ctx *c, Str type, Str id, Str if_match);

/* The one resource that a query finds ("identifier=x|1"); absent where none does. ERR_STALE where several do.
 * Inside a transaction: until its end no other transaction matches a query of this type, so of twenty who ask
 * whether a resource is there, one makes it. */
MUST_USE Err fhir_match(Ctx *c, Str type, Str query, Str *ret_id);
/* Deletes it and whatever refers to it, and so on. fhir_delete() refuses what others refer to with
 * ERR_CONFLICT. */
MUST_USE Err fhir_delete_with_referrers(Ctx *c, Str type, Str id, Str if_match);
/* A JSON Patch (RFC 6902) or a FHIRPath Patch on the current version; then as fhir_update(). ERR_SYNTAX for a
 * patch that is none, ERR_RULE for one that does not go with the resource. */
MUST_USE Err fhir_patch(Ctx *c, Str type, Str id, Str patch, Str if_match, Resource *ret);
/* Would it be stored? The problem list says what is wrong; nothing is written. */
MUST_USE Err fhir_check(Ctx *c, Str type, Str bytes);

/* For the verbs: a resource that they built themselves, at an id that they chose (uuid_v7) or that its JSON
 * carries. Validated like any other: a verb that builds a wrong one gets ERR_INVALID and writes nothing. */
MUST_USE Err fhir_put(Ctx *c, Str type, Str id, Str json, Resource *ret);

/* A transaction bundle: all or nothing, in the order DELETE, POST, PUT, PATCH, GET; urn:uuid references
 * resolved, in narrative links too, and so are references such as "Patient?identifier=x|1" that one resource
 * matches (else ERR_STALE). ifMatch, ifNoneExist and conditional entries (PUT Patient?identifier=x|1) are
 * kept; PATCH is a Binary with a JSON Patch, or a FHIRPath Patch; two entries that write one resource are
 * refused. ret_response is the response bundle. import: each urn:uuid becomes the resource's id, content that
 * is already stored makes no new version, and ret_response is absent. Either may be NULL. Problems name the
 * entry: "Bundle.entry[12].resource.status". */
typedef struct BundleCount {
    Str type;
    int64_t created, updated, unchanged, deleted;
} BundleCount;
typedef struct BundleCounts {
    BundleCount *at;
    size_t n, room;
} BundleCounts;
MUST_USE Err fhir_transaction(Ctx *c, Str bytes, bool import, Str *ret_response, BundleCounts *ret_counts);

/* Versions, newest first; deleted ones have no body. */
typedef struct HistoryQuery {
    Str type, id; /* either may be absent: of a type, of the whole record */
    int64_t since_us;
    int64_t count;
    Str cursor; /* absent: from the newest */
} HistoryQuery;
MUST_USE Err fhir_history(Ctx *c, const HistoryQuery *query, Resources *ret_versions, Str *ret_next_cursor);
/* The history Bundle, as fhir_searchset(). self and next: addresses; next may be absent. */
Str fhir_history_bundle(Ctx *c, Str base, const Resources *versions, Str self, Str next);

/* Everything of one patient's compartment, by type and id, current versions. One range read. */
MUST_USE Err fhir_patient_compartment(Ctx *c, Str patient_id, Resources *ret);
/* All current resources of a type, by id. For small types only (Questionnaire, PlanDefinition,
 * PractitionerRole). */
MUST_USE Err fhir_all(Ctx *c, Str type, Resources *ret);

#endif
