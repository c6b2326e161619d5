/* Links between the entries of a transaction: what an entry is called there, what it is called in the record.
 */
#ifndef FHIR_BUNDLE_LINK_H
#define FHIR_BUNDLE_LINK_H

#include "base/ctx.h"
#include "base/json.h"
#include "fhir/definitions.h"

typedef struct Link {
    Str from, to; /* "urn:uuid:...", "Patient/..." */
} Link;

typedef struct Links {
    Link *at;
    size_t n, n_slots; /* hashed by from */
} Links;

/* For at most n_most links. */
Links links_make(Arena *a, size_t n_most);
/* False where from is there already. */
bool links_add(Links *links, Str from, Str to);
/* Absent where there is none. */
Str links_find(const Links *links, Str from);

/* Rewrites, in place, every Reference, every uri, url, canonical, oid and uuid, and every href and src of a
 * narrative that is a link's from. A Reference "Type?query" is looked up: ERR_STALE unless one resource
 * matches, told at the reference within path, the resource's place. */
MUST_USE Err links_resolve(Ctx *c, const Links *links, const FhirType *type, Json *resource, Str path);

/* The only resource that a query ("identifier=x|1") finds; absent where none does. ERR_STALE where several
 * do. */
MUST_USE Err links_match(Ctx *c, Str type, Str query, Str path, Str *ret_id);

#endif
