/* Validation ends, in bounds, with a problem for each refusal. */
#include "base/limits.h"
#include "fhir/json_scan.h"
#include "fhir/validate.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Random random = random_seeded(1);
    Ctx c = { .arena = a, .random = &random };
    Str bytes = { (const char *)data, n };
    if (json_scan(&c, bytes) != OK)
        return 0;
    Err e = fhir_validate(&c, json_parse(a, bytes), STR_NONE, STR_NONE);
    assert((e == OK) == (c.problems.n == 0));
    return 0;
}
