#include "fhir/index.h"

static void walk(Arena *a, const FhirType *type, Json *at, const FhirPath *path, uint8_t depth,
                 Leaves *leaves);

bool index_reference_parts(Str reference, ReferenceParts *ret_parts)
{
    if (str_empty(reference) || reference.p[0] == '#')
        return false;
    Str rest, version;
    Str type = str_cut(reference, '/', &rest);
    Str id = str_cut(rest, '/', &version);
    bool is_local =
        !str_empty(id) && fhir_resource(type) && (!version.p || str_starts(version, S("_history/")));
    *ret_parts = is_local ? (ReferenceParts){ .type = type, .id = id } : (ReferenceParts){ .url = reference };
    return true;
}

static bool resolves_to(Json *reference, const char *type)
{
    ReferenceParts parts;
    if (index_reference_parts(json_find_str(reference, "reference"), &parts) && parts.type.p)
        return str_is(parts.type, type);
    return str_is(json_find_str(reference, "type"), type);
}

static bool step_holds(const FhirStep *step, const FhirType *type, Json *value)
{
    if (step->only_type && strcmp(step->only_type, type->name) != 0)
        return false;
    if (step->where_key && !str_is(json_find_str(value, step->where_key), step->where_value))
        return false;
    return !step->resolves_to || resolves_to(value, step->resolves_to);
}

static void take(Arena *a, const FhirType *type, Json *value, const FhirPath *path, uint8_t depth,
                 Leaves *leaves)
{
    if (type->kind == FHIR_RESOURCE) {
        const FhirResource *resource = fhir_resource(json_find_str(value, "resourceType"));
        if (!resource)
            return;
        type = resource->type;
    }
    if (!value || !step_holds(&path->steps[depth], type, value))
        return;
    if (depth + 1 == path->n)
        *list_add(a, leaves) = (Leaf){ value, type };
    else
        walk(a, type, value, path, (uint8_t)(depth + 1), leaves);
}

static void walk(Arena *a, const FhirType *type, Json *at, const FhirPath *path, uint8_t depth,
                 Leaves *leaves)
{
    Str name = str_from(path->steps[depth].name);
    for (size_t i = 0; i < type->n_elements; i++) {
        const FhirElement *element = &type->elements[i];
        if (!str_is(name, element->name) && !(element->choice && str_is(name, element->choice)))
            continue;
        Json *value = json_get(at, element->name);
        for (size_t k = 0; k < json_count(value); k++)
            take(a, element->type, json_at(value, k), path, depth, leaves);
        if (!element->is_array)
            take(a, element->type, value, path, depth, leaves);
    }
}

void index_leaves(Arena *a, const FhirType *type, Json *resource, const FhirPath *path, Leaves *leaves)
{
    if (path->n)
        walk(a, type, resource, path, 0, leaves);
}
