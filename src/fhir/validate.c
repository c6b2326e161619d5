#include "fhir/validate.h"

#include "base/limits.h"
#include "fhir/definitions.h"
#include "fhir/invariant.h"
#include "fhir/primitive.h"

#include <json-c/json.h>

/* Where the walk stands: written out only for a problem. */
typedef struct At {
    const struct At *up;
    Str name;
    size_t index;
    bool indexed;
} At;

static const size_t ONE = SIZE_MAX;

static At child(const At *up, Str name, size_t index)
{
    return (At){ .up = up, .name = name, .index = index, .indexed = index != ONE };
}

static void add_path(Buf *b, const At *at)
{
    if (at->up) {
        add_path(b, at->up);
        buf_char(b, '.');
    }
    buf_add(b, at->name);
    if (at->indexed)
        buf_fmt(b, "[%zu]", at->index);
}

typedef struct Validation {
    Ctx *c;
    size_t faults;
} Validation;

static bool enough(const Validation *v)
{
    return v->faults >= LIMIT_PROBLEMS;
}

static void fault(Validation *v, const At *at, const char *what)
{
    if (enough(v))
        return;
    Buf path = buf_make(v->c->arena, 4096);
    add_path(&path, at);
    (void)problem(v->c, ERR_INVALID, buf_str(&path), "%s", what);
    v->faults++;
}

static void fault_about(Validation *v, const At *at, const char *what, Str about)
{
    fault(v, at, arena_cstr(v->c->arena, arena_fmt(v->c->arena, "%s '%.*s'", what, STR_ARG(about))));
}

static void validate_members(Validation *v, const FhirType *type, Json *object, const At *at);
static void validate_resource(Validation *v, Json *resource, const At *at);

static bool is_primitive(const FhirType *type)
{
    return type->kind != FHIR_COMPLEX && type->kind != FHIR_RESOURCE;
}

/* ---- what an element asks of its value ---- */

static bool is_listed(const char *const *list, Str word)
{
    for (; *list; list++)
        if (str_is(word, *list))
            return true;
    return false;
}

static void check_binding(Validation *v, const FhirElement *element, Json *value, const At *at)
{
    if (!element->codes)
        return;
    Str code = json_str(value); /* absent for a Coding or CodeableConcept */
    if (!code.p)
        code = json_find_str(value, "code");
    Json *codings = json_get(value, "coding");
    for (size_t i = 0; !code.p && i < json_count(codings); i++) {
        Str one = json_find_str(json_at(codings, i), "code");
        if (one.p && (is_listed(element->codes, one) || i + 1 == json_count(codings)))
            code = one;
    }
    if (code.p && !is_listed(element->codes, code))
        fault_about(v, at, "not one of the codes that are allowed here:", code);
}

/* The type that a literal reference names: absent for a fragment, a urn, or an address that is not FHIR's. */
static Str referenced_type(Str reference)
{
    if (str_starts(reference, S("#")) || str_starts(reference, S("urn:")))
        return STR_NONE;
    Str rest = reference, part = STR_NONE;
    while (rest.p) {
        part = str_cut(rest, '/', &rest);
        if (rest.p && fhir_resource(part))
            return part;
    }
    return STR_NONE;
}

static void check_target(Validation *v, const FhirElement *element, Json *value, const At *at)
{
    if (!element->targets || strcmp(element->type->name, "Reference") != 0)
        return;
    Str type = referenced_type(json_find_str(value, "reference"));
    if (type.p && !is_listed(element->targets, type))
        fault_about(v, at, "a reference here does not name a", type);
}

static void check_extension(Validation *v, Json *object, const At *at)
{
    bool has_value = false, has_extension = json_count(json_get(object, "extension")) > 0;
    json_object_object_foreach(object, name, value)
    {
        (void)value;
        has_value |= strncmp(name, "value", 5) == 0 || strncmp(name, "_value", 6) == 0;
    }
    if (has_value == has_extension)
        fault(v, at, "an extension has either a value or extensions of its own");
}

/* ---- values ---- */

static void validate_value(Validation *v, const FhirElement *element, Json *value, const At *at)
{
    const FhirType *type = element->type;
    if (is_primitive(type)) {
        const char *what = primitive_fault(type->kind, value);
        if (what)
            fault(v, at, what);
        else
            check_binding(v, element, value, at);
        return;
    }
    if (!json_object_is_type(value, json_type_object)) {
        fault(v, at, "an object is wanted");
        return;
    }
    if (type->kind == FHIR_RESOURCE) {
        validate_resource(v, value, at);
        return;
    }
    validate_members(v, type, value, at);
    check_binding(v, element, value, at);
    check_target(v, element, value, at);
    if (strcmp(type->name, "Extension") == 0)
        check_extension(v, value, at);
}

/* null stands in an array of primitives only where the twin array has something at that place. */
static void validate_array(Validation *v, const FhirElement *element, Json *array, Json *twin, const At *up)
{
    At whole = child(up, str_from(element->name), ONE);
    if (json_count(array) == 0)
        fault(v, &whole, "an array must not be empty");
    for (size_t i = 0; i < json_count(array) && !enough(v); i++) {
        At at = child(up, str_from(element->name), i);
        Json *value = json_at(array, i);
        if (value)
            validate_value(v, element, value, &at);
        else if (!is_primitive(element->type) || !json_at(twin, i))
            fault(v, &at, "null stands for nothing here");
    }
}

/* "_birthDate": the id and extensions of a primitive. */
static void validate_twin_object(Validation *v, Json *object, const At *at)
{
    const FhirType *extension = fhir_element(fhir_resource(S("Patient"))->type, S("extension"))->type;
    const FhirElement row = { .name = "extension", .type = extension, .is_array = true };
    if (!json_object_is_type(object, json_type_object) || json_object_object_length(object) == 0) {
        fault(v, at, "an object with an id or extensions is wanted");
        return;
    }
    json_object_object_foreach(object, name, value)
    {
        if (strcmp(name, "id") == 0 && json_str(value).n)
            continue;
        if (strcmp(name, "extension") == 0 && json_object_is_type(value, json_type_array))
            validate_array(v, &row, value, NULL, at);
        else
            fault_about(v, at, "beside a primitive stand its id and extensions, not", str_from(name));
    }
}

static void validate_twin(Validation *v, const FhirElement *element, Str name, Json *twin, const At *up)
{
    At at = child(up, name, ONE);
    if (element->is_array != json_object_is_type(twin, json_type_array)) {
        fault(v, &at, element->is_array ? "an array is wanted" : "an array is not wanted");
        return;
    }
    if (!element->is_array)
        validate_twin_object(v, twin, &at);
    for (size_t i = 0; i < json_count(twin); i++) {
        At one = child(up, name, i);
        if (json_at(twin, i))
            validate_twin_object(v, json_at(twin, i), &one);
    }
}

/* ---- members ---- */

static void validate_member(Validation *v, const FhirType *type, Json *object, Str name, Json *value,
                            const At *up)
{
    At at = child(up, name, ONE);
    bool is_twin = str_starts(name, S("_"));
    const FhirElement *element = fhir_element(type, is_twin ? str_slice(name, 1, name.n) : name);
    if (!element || (is_twin && !is_primitive(element->type))) {
        fault(v, &at, "there is no such member here");
        return;
    }
    if (is_twin) {
        validate_twin(v, element, name, value, up);
        return;
    }
    bool is_array = json_object_is_type(value, json_type_array);
    if (is_array != element->is_array)
        fault(v, &at, element->is_array ? "an array is wanted" : "an array is not wanted");
    else if (is_array)
        validate_array(
            v, element, value,
            json_get(object, arena_cstr(v->c->arena, arena_fmt(v->c->arena, "_%s", element->name))), up);
    else if (!value)
        fault(v, &at, "null stands for nothing here");
    else
        validate_value(v, element, value, &at);
}

static bool is_present(Json *object, const char *name)
{
    char twin[128] = "_";
    strncat(twin, name, sizeof twin - 2);
    return json_object_object_get_ex(object, name, NULL) || json_object_object_get_ex(object, twin, NULL);
}

static size_t count_choice(const FhirType *type, Json *object, const char *choice)
{
    size_t n = 0;
    for (size_t i = 0; i < type->n_elements; i++)
        if (type->elements[i].choice && strcmp(type->elements[i].choice, choice) == 0)
            n += is_present(object, type->elements[i].name);
    return n;
}

/* Once for each choice: at its first element. */
static bool is_first_of_choice(const FhirType *type, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (type->elements[k].choice && strcmp(type->elements[k].choice, type->elements[i].choice) == 0)
            return false;
    return true;
}

static void check_presence(Validation *v, const FhirType *type, Json *object, const At *up)
{
    for (size_t i = 0; i < type->n_elements; i++) {
        const FhirElement *element = &type->elements[i];
        if (!element->choice) {
            At at = child(up, str_from(element->name), ONE);
            if (element->min && !is_present(object, element->name))
                fault(v, &at, "this is required and is missing");
        } else if (is_first_of_choice(type, i)) {
            Str name = arena_fmt(v->c->arena, "%s[x]", element->choice);
            At at = child(up, name, ONE);
            size_t n = count_choice(type, object, element->choice);
            if (n > 1)
                fault(v, &at, "only one of these may be given");
            else if (n == 0 && element->min)
                fault(v, &at, "this is required and is missing");
        }
    }
}

static void validate_members(Validation *v, const FhirType *type, Json *object, const At *at)
{
    if (json_object_object_length(object) == 0)
        fault(v, at, "an object must not be empty");
    json_object_object_foreach(object, name, value)
    {
        if (enough(v))
            return;
        if (!type->is_resource || strcmp(name, "resourceType") != 0)
            validate_member(v, type, object, str_from(name), value, at);
    }
    check_presence(v, type, object, at);
}

static void validate_resource(Validation *v, Json *resource, const At *at)
{
    Str type = json_find_str(resource, "resourceType");
    const FhirResource *definition = fhir_resource(type);
    if (!definition)
        fault_about(v, at, "R4 has no resource", type);
    else
        validate_members(v, definition->type, resource, at);
}

Err fhir_validate(Ctx *c, Json *resource, Str expected_type, Str path)
{
    Validation v = { .c = c };
    Str type = json_find_str(resource, "resourceType");
    At root = { .name = path.p ? path : type.p ? type : S("Resource") };
    if (!type.p)
        fault(&v, &root, "resourceType is missing");
    else if (expected_type.p && !str_eq(type, expected_type))
        fault_about(&v, &root, "another type is wanted here than", type);
    else
        validate_resource(&v, resource, &root);
    if (v.faults)
        return ERR_INVALID;
    return invariants_check(c, resource, fhir_resource(type)->type, root.name);
}
