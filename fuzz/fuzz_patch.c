/* A JSON Patch of any shape on one resource: applied, or refused with a problem; what comes out is JSON
 * again. */
#include "base/limits.h"
#include "fhir/json_patch.h"
#include "fhir/json_scan.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Random random = random_seeded(1);
    Ctx c = { .arena = a, .random = &random };
    Str patch = { (const char *)data, n };
    Json *patched,
        *resource = json_parse(
            a, S("{\"resourceType\":\"Patient\",\"id\":\"1\",\"active\":true,\"name\":[{\"family\":\"A\","
                 "\"given\":[\"B\",\"C\"]},{\"text\":\"D\"}],\"multipleBirthInteger\":2}"));
    if (json_scan(&c, patch) != OK)
        return 0;
    Err e = json_patch_apply(&c, resource, json_parse(a, patch), &patched);
    assert((e == OK) == (c.problems.n == 0));
    if (e == OK)
        assert(json_parse(a, json_text(a, patched)));
    return 0;
}
