#include "fhir/subset.h"

#include "base/json.h"
#include "fhir/definitions.h"

#include <json-c/json.h>

bool subset_of_summary(Str word, Subset *ret_subset)
{
    static const struct {
        const char *word;
        SubsetKind kind;
    } words[] = { { "false", SUBSET_WHOLE },
                  { "true", SUBSET_SUMMARY },
                  { "text", SUBSET_TEXT },
                  { "data", SUBSET_DATA } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_is(word, words[i].word)) {
            *ret_subset = (Subset){ .kind = words[i].kind };
            return true;
        }
    return false;
}

static bool is_named(Str list, Str type, Str element)
{
    for (Str rest = list; rest.p;) {
        Str name = str_trim(str_cut(rest, ',', &rest)), member;
        Str owner = str_cut(name, '.', &member);
        if (member.p ? str_eq(owner, type) && str_eq(member, element) : str_eq(name, element))
            return true;
    }
    return false;
}

/* "birthDate" for "_birthDate", "value" for "valueQuantity" */
static const FhirElement *element_of(const FhirType *type, Str key)
{
    return fhir_element(type, str_starts(key, S("_")) ? str_slice(key, 1, key.n) : key);
}

static bool is_kept(const Subset *subset, const FhirResource *definition, Str key)
{
    static const char *const always[] = { "resourceType", "id", "meta", "implicitRules" };
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (str_is(key, always[i]))
            return true;
    if (subset->kind == SUBSET_DATA)
        return !str_is(key, "text");
    const FhirElement *element = element_of(definition->type, key);
    if (!element || element->min > 0)
        return true;
    if (subset->kind == SUBSET_SUMMARY)
        return element->is_summary;
    if (subset->kind == SUBSET_TEXT)
        return str_is(key, "text");
    Str type = str_from(definition->type->name);
    return is_named(subset->elements, type, str_from(element->choice ? element->choice : element->name)) ||
           is_named(subset->elements, type, str_from(element->name));
}

static void mark(Json *resource)
{
    Json *meta = json_get(resource, "meta"), *tags = json_get(meta, "tag"), *tag = json_object_new_object();
    if (!meta)
        json_object_object_add(resource, "meta", meta = json_object_new_object());
    if (!tags)
        json_object_object_add(meta, "tag", tags = json_object_new_array());
    json_object_object_add(
        tag, "system", json_object_new_string("http://terminology.hl7.org/CodeSystem/v3-ObservationValue"));
    json_object_object_add(tag, "code", json_object_new_string("SUBSETTED"));
    json_object_array_add(tags, tag);
}

Str subset_body(Arena *a, const Subset *subset, Str type, Str body)
{
    const FhirResource *definition = fhir_resource(type);
    Json *resource = subset->kind == SUBSET_WHOLE || !definition ? NULL : json_parse(a, body);
    if (!resource)
        return body;
    LIST(const char *) dropped = { 0 };
    json_object_object_foreach(resource, key, value)
    {
        (void)value;
        if (!is_kept(subset, definition, str_from(key)))
            *list_add(a, &dropped) = arena_cstr(a, str_from(key));
    }
    for (size_t i = 0; i < dropped.n; i++)
        json_object_object_del(resource, dropped.at[i]);
    mark(resource);
    return json_text(a, resource);
}
