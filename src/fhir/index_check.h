/* Does the search index agree with the resources that it was derived from? */
#ifndef FHIR_INDEX_CHECK_H
#define FHIR_INDEX_CHECK_H

#include "base/ctx.h"

/* Derives the index once more in a transaction that is rolled back, which holds other writers meanwhile, and
 * compares. A sentence that names the first table that differs; absent where all agree. */
MUST_USE Err index_check(Ctx *c, Str *ret_fault);

#endif
