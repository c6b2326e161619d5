/* A Questionnaire filled in from what is known, and what its answers say as Observations: Structured Data
 * Capture 3.0, the parts that need no other language than FHIRPath.
 *
 * Filled in: items with initialExpression (FHIRPath on %patient, %encounter, %user), with
 * observationLinkPeriod (the newest Observation of the item's code), or with an initial value. An answer that
 * does not fit its item is left out and said in the issues; a quantity becomes a bare number only where the
 * item names its very unit.
 *
 * Taken out: an Observation an answer, of items that are marked observationExtract. */
#ifndef FHIR_QUESTIONNAIRE_H
#define FHIR_QUESTIONNAIRE_H

#include "base/ctx.h"
#include "fhir/fhirpath.h"

/* Sentences, each with the item's linkId. */
typedef struct Issues {
    Problem *at;
    size_t n, room;
} Issues;

typedef struct Population {
    Json *questionnaire;
    Str subject;                   /* "Patient/123" */
    const PathVariable *variables; /* what is known of the context */
    size_t n_variables;
} Population;

/* The QuestionnaireResponse, in progress. Searches with c's rights. */
MUST_USE Err questionnaire_populate(Ctx *c, const Population *population, Str *ret_response,
                                    Issues *ret_issues);

/* A transaction Bundle that creates the Observations; sent twice it creates them once where the response has
 * an id. ERR_RULE for a response that is neither completed nor amended. */
MUST_USE Err questionnaire_extract(Ctx *c, Json *questionnaire, Json *response, Str *ret_bundle,
                                   Issues *ret_issues);

/* The Questionnaire that a canonical address names ("http://x|2", "Questionnaire/id"), the newest of its
 * versions where none is said; ERR_NOT_FOUND. */
MUST_USE Err questionnaire_find(Ctx *c, Str canonical, Json **ret_questionnaire);

#endif
