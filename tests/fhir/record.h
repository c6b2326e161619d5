/* Words for tests of the record, on a bed (tests/db/bed.h). */
#ifndef TESTS_FHIR_RECORD_H
#define TESTS_FHIR_RECORD_H

#include "bed.h"

#include "base/json.h"
#include "fhir/search.h"
#include "fhir/store.h"

/* As assert_ok, and prints the problems. */
#define assert_done(c, expr) assert_int_equal(with_problems((c), (expr)), OK)
Err with_problems(const Ctx *c, Err e);
#define assert_str(actual, expected) assert_string_equal((actual).p ? (actual).p : "(absent)", (expected))

/* A file of tests/data, whole. */
Str test_data(Arena *a, const char *name);

/* The resource as it was stored. */
Resource create(Ctx *c, const char *type, Str json);
/* How many a search finds in all; -1 where it is refused. */
int64_t found(Ctx *c, const char *type, const char *query);
/* The matches of one page. */
Resources matches(Ctx *c, const char *type, const char *query);
/* A value of a stored body. */
Str member(Ctx *c, const Resource *r, const char *path);
/* Everything the database says about resources and what was derived from them, in order, as one text. */
Str everything(Ctx *c);

int run_store_tests(void);
int run_bundle_tests(void);
int run_search_tests(void);
int run_fault_tests(void);

#endif
