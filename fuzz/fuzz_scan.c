/* Whatever the scan accepts, json-c reads; and what json-c writes of it, the scan accepts again. */
#include "base/json.h"
#include "base/limits.h"
#include "fhir/json_scan.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Random random = random_seeded(1);
    Ctx c = { .arena = a, .random = &random };
    Str bytes = { (const char *)data, n };
    if (json_scan(&c, bytes) != OK) {
        assert(c.problems.n == 1);
        return 0;
    }
    Json *j = json_parse(a, bytes);
    if (!j && !str_is(str_trim(bytes), "null")) /* json-c's null is NULL */
        assert(false && "json-c cannot read what the scan accepted");
    if (j && json_scan(&c, json_text(a, j)) != OK)
        assert(false && "the scan refuses what json-c wrote");
    return 0;
}
