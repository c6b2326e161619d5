/* Whom a request concerns, for its audit row. */
#ifndef SERVER_PATIENT_H
#define SERVER_PATIENT_H

#include "base/json.h"
#include "server/request.h"

/* Sets r->patient_id to the patient in whose compartment r's resource is. */
MUST_USE Err patient_of_resource(Request *r);
/* The same of what was written as this content. */
void patient_of_content(Request *r, const Content *content);
/* To the one whom a link belongs to. */
MUST_USE Err patient_of_link(Request *r, Str token);
/* To the one that a search names. */
void patient_of_search(Request *r, const SearchTerms *terms);
/* To the one whose Patient resource a bundle holds, where it is one. */
void patient_of_bundle(Request *r, Json *bundle);

#endif
