/* A query of any bytes: read into a plan, or refused with a problem; its cursor and values too. The first
 * line names the type.
 */
#include "base/limits.h"
#include "fhir/search_plan.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Ctx c = { .arena = a };
    Str query, type = str_cut((Str){ (const char *)data, n }, '\n', &query);
    const FhirResource *definition = fhir_resource(type);
    SearchTerms terms;
    SearchPlan plan;
    if (!definition)
        return 0;
    Err e = search_terms_read(&c, query, &terms);
    if (e == OK)
        e = search_parse(&c, definition, &terms, true, &plan);
    assert((e == OK) == (c.problems.n == 0));
    return 0;
}
