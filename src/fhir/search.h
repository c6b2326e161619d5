/* Search by any indexed parameter of R4: all prefixes (eq ne gt ge lt le sa eb ap), modifiers :exact
 * :contains :missing :not :text :of-type :identifier and :Type of a reference, token forms, partial dates as
 * ranges, composites (their parts in one element), chains ("subject:Patient.name"), _has, "," for or,
 * repetition for and; _id, _lastUpdated, _tag, _profile, _security, _count, _sort (one or more parameters,
 * "-" for descending), _total, _summary, _elements, _include and _revinclude with :iterate, paging by keyset
 * so that each match comes once even while rows are added.
 *
 * Refused with ERR_SYNTAX: special parameters, other modifiers, values that cannot be read. Units are
 * compared as they are written, never converted. Texts are compared by their first 1,000 bytes. What the user
 * may not read (ctx.h, rights) is in no page, no total and no include, and no chain leads through it. */
#ifndef FHIR_SEARCH_H
#define FHIR_SEARCH_H

#include "base/ctx.h"
#include "fhir/store.h"
#include "fhir/subset.h"

typedef struct SearchTerm {
    Str name;  /* decoded, with its modifier: "name:exact" */
    Str value; /* decoded */
} SearchTerm;

typedef struct SearchTerms {
    SearchTerm *at;
    size_t n, room;
} SearchTerms;

typedef struct SearchPage {
    Resources matches, included;
    Subset subset;    /* of what is shown */
    SearchTerms used; /* for the self link: unknown parameters are dropped unless strict */
    Str next_cursor;  /* absent on the last page; sent back as _cursor */
    int64_t total;    /* -1: not counted (_total=accurate counts) */
} SearchPage;

/* The terms of a URL's query or a form's body ("a=b&c=d", percent-encoded). ERR_SYNTAX for a broken escape.
 */
MUST_USE Err search_terms_read(Ctx *c, Str query, SearchTerms *ret_terms);

/* strict: an unknown parameter is ERR_SYNTAX instead of being dropped. */
MUST_USE Err fhir_search(Ctx *c, Str type, const SearchTerms *terms, bool strict, SearchPage *ret_page);

/* Over the types that _type lists, one after the other; no _sort. ERR_FORBIDDEN for a type that the user may
 * not read. */
MUST_USE Err fhir_search_types(Ctx *c, const SearchTerms *terms, bool strict, SearchPage *ret_page);

/* The searchset Bundle. type "": of a search over types. base: "http://127.0.0.1:8080/fhir"; empty makes
 * relative links. Absent where it is over LIMIT_RESPONSE_BYTES. */
Str fhir_searchset(Ctx *c, Str base, Str type, const SearchPage *page);

#endif
