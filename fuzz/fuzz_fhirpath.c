/* A text as a FHIRPath on one resource, and as the path of a FHIRPath Patch: evaluated or refused; what is
 * patched is JSON again. */
#include "base/limits.h"
#include "fhir/fhirpath.h"
#include "fhir/path_patch.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"1\",\"active\":true,\"name\":[{\"family\":\"A\",\"given\":[\"B\","
    "\"C\"],"
    "\"_given\":[null,{\"id\":\"g\"}]},{\"text\":\"D\"}],\"birthDate\":\"1984\",\"multipleBirthInteger\":2,"
    "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\"}]}";

static void evaluate(Arena *a, Str text)
{
    Items items;
    const FhirType *type = fhir_resource(S("Patient"))->type;
    const PathNode *path = fhirpath_parse(a, text);
    Item root = fhirpath_root(json_parse(a, str_from(patient)), type);
    PathContext context = { root, root };
    if (path && fhirpath_evaluate(a, path, root, &context, &items))
        (void)fhirpath_truth(a, path, root, &context);
}

static void patch(Arena *a, Str text, const char *type)
{
    Random random = random_seeded(1);
    Ctx c = { .arena = a, .random = &random };
    Json *patched;
    Str parameters =
        json_build(a,
                   "{'resourceType':'Parameters','parameter':[{'name':'operation','part':[{'name':'type',"
                   "'valueCode':%s},{'name':'path','valueString':%s},{'name':'name','valueString':'given'},"
                   "{'name':'index','valueInteger':1},{'name':'source','valueInteger':0},"
                   "{'name':'destination','valueInteger':1},{'name':'value','valueString':'x'}]}]}",
                   str_from(type), text);
    Json *json = json_parse(a, parameters);
    if (!json)
        return;
    Err e = path_patch_apply(&c, fhir_resource(S("Patient"))->type, json_parse(a, str_from(patient)), json,
                             &patched);
    assert((e == OK) == (c.problems.n == 0));
    if (e == OK)
        assert(json_parse(a, json_text(a, patched)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const types[] = { "add", "insert", "delete", "replace", "move" };
    AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Str text = { (const char *)data, n };
    evaluate(a, text);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        patch(a, text, types[i]);
    return 0;
}
