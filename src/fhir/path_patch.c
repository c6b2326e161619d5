#include "fhir/path_patch.h"

#include "fhir/fhirpath_node.h"
#include "fhir/json_patch.h"

#include <json-c/json.h>
#include <string.h>

typedef struct Operation {
    Ctx *c;
    size_t number;
    Json *json; /* the parameter "operation" */
    Json *root;
    const FhirType *type; /* of the root */
} Operation;

static Err fault(const Operation *o, Err err, const char *part, const char *why)
{
    return problem(o->c, err, arena_fmt(o->c->arena, "parameter[%zu].%s", o->number, part), "%s", why);
}

/* ---- the parts of an operation ---- */

static Json *part(const Operation *o, const char *name)
{
    Json *parts = json_get(o->json, "part");
    for (size_t i = 0; i < json_count(parts); i++)
        if (str_is(json_find_str(json_at(parts, i), "name"), name))
            return json_at(parts, i);
    return NULL;
}

/* "valueString" and its like: NULL where there is none. ret_type: what follows "value". */
static Json *value_x(Json *holder, Str *ret_type)
{
    if (!json_object_is_type(holder, json_type_object))
        return NULL;
    json_object_object_foreach(holder, name, value)
    {
        if (strncmp(name, "value", 5) == 0 && name[5]) {
            *ret_type = str_from(name + 5);
            return value;
        }
    }
    return NULL;
}

static Str text_part(const Operation *o, const char *name)
{
    Str type;
    return json_str(value_x(part(o, name), &type));
}

static Err index_part(const Operation *o, const char *name, size_t *ret_index)
{
    Str type;
    int64_t index;
    if (!json_int(value_x(part(o, name), &type), &index) || index < 0)
        return fault(o, ERR_SYNTAX, name, "a whole number is wanted, from 0");
    *ret_index = (size_t)index;
    return OK;
}

/* ---- the nodes that a path names ---- */

static Err find(const Operation *o, Items *ret_items)
{
    Arena *a = o->c->arena;
    Str text = text_part(o, "path");
    if (!text.p)
        return fault(o, ERR_SYNTAX, "path", "a FHIRPath is wanted, such as Patient.name[0]");
    const PathNode *path = fhirpath_parse(a, text);
    if (!path)
        return fault(o, ERR_SYNTAX, "path", "this is no FHIRPath, or one that is not supported here");
    Item root = fhirpath_root(o->root, o->type);
    PathContext context = { root, root };
    if (!fhirpath_evaluate(a, path, root, &context, ret_items))
        return fault(o, ERR_RULE, "path", "this cannot be evaluated here");
    for (size_t i = 0; i < ret_items->n; i++)
        if (ret_items->at[i].kind != ITEM_NODE)
            return fault(o, ERR_RULE, "path",
                         "this names a value that is computed, not a place in the resource");
    return OK;
}

static Err find_one(const Operation *o, Item *ret_item)
{
    Items items;
    TRY(find(o, &items));
    if (items.n == 0)
        return fault(o, ERR_RULE, "path", "there is no such place in the resource");
    if (items.n > 1)
        return fault(o, ERR_RULE, "path", "there are several such places: name one");
    *ret_item = items.at[0];
    return OK;
}

/* A place that holds a value: not the resource itself, nor an extension of a primitive. */
static Err find_member(const Operation *o, Item *ret_item)
{
    TRY(find_one(o, ret_item));
    return ret_item->element
               ? OK
               : fault(o, ERR_RULE, "path", "the resource itself is not patched: name a part of it");
}

/* The items of one list, all of them. */
static Err find_list(const Operation *o, Items *ret_items)
{
    TRY(find(o, ret_items));
    for (size_t i = 0; i < ret_items->n; i++) {
        const Item *item = &ret_items->at[i];
        bool same = item->holder == ret_items->at[0].holder && item->element == ret_items->at[0].element;
        if (!item->element || !item->element->is_array || !same)
            return fault(o, ERR_RULE, "path", "this is not one list");
    }
    if (ret_items->n == 0)
        return fault(o, ERR_RULE, "path", "there is no such list in the resource: add to it instead");
    if (json_count(json_get(ret_items->at[0].holder, ret_items->at[0].element->name)) != ret_items->n)
        return fault(o, ERR_RULE, "path", "this names a part of a list: name the list");
    return OK;
}

/* ---- values ---- */

static Json *copy_of(Arena *a, Json *value)
{
    return json_parse(a, json_text(a, value));
}

/* "value" of a choice becomes the member that its type makes: valueQuantity. */
static const FhirElement *element_for(Arena *a, const FhirType *type, Str name, Str value_type)
{
    const FhirElement *element = fhir_element(type, name);
    return element ? element
                   : fhir_element(type, arena_fmt(a, "%.*s%.*s", STR_ARG(name), STR_ARG(value_type)));
}

static void put_member(Json *holder, const FhirElement *element, Json *value)
{
    Json *list = json_get(holder, element->name);
    if (!element->is_array) {
        json_object_object_add(holder, element->name, json_object_get(value));
        return;
    }
    if (!list) {
        list = json_object_new_array();
        json_object_object_add(holder, element->name, list);
    }
    json_object_array_add(list, json_object_get(value));
}

/* What has no type of its own (a Patient.contact) comes in parts, by its members' names. */
static Err value_of(const Operation *o, Json *holder, const FhirType *type, Json **ret_value)
{
    Str value_type;
    Arena *a = o->c->arena;
    Json *value = value_x(holder, &value_type), *parts = json_get(holder, "part");
    if (value) {
        *ret_value = copy_of(a, value);
        return OK;
    }
    if (!json_count(parts))
        return fault(o, ERR_SYNTAX, "value", "this operation wants a value");
    Json *object = json_parse(a, S("{}"));
    for (size_t i = 0; i < json_count(parts); i++) {
        Json *inner = json_at(parts, i), *inner_value;
        value_type = STR_NONE;
        (void)value_x(inner, &value_type);
        const FhirElement *element = element_for(a, type, json_find_str(inner, "name"), value_type);
        if (!element)
            return fault(o, ERR_RULE, "value", "a part of the value is no member here");
        TRY(value_of(o, inner, element->type, &inner_value));
        put_member(object, element, inner_value);
    }
    *ret_value = object;
    return OK;
}

/* ---- changing a list, and the twin beside a list of primitives ---- */

static Json *list_of(const Item *item, bool twin)
{
    char name[128] = "_";
    strncat(name, item->element->name, sizeof name - 2);
    return json_get(item->holder, twin ? name : item->element->name);
}

static void list_insert(Json *list, size_t at, Json *value)
{
    size_t n = json_count(list);
    json_object_array_add(list, NULL);
    for (size_t i = n; i > at; i--)
        json_object_array_put_idx(list, i, json_object_get(json_at(list, i - 1)));
    json_object_array_put_idx(list, at, json_object_get(value));
}

static void drop_member(const Item *item, bool twin)
{
    char name[128] = "_";
    strncat(name, item->element->name, sizeof name - 2);
    json_object_object_del(item->holder, twin ? name : item->element->name);
}

static void list_erase(const Item *item, size_t at, bool twin)
{
    Json *list = list_of(item, twin);
    if (at < json_count(list))
        json_object_array_del_idx(list, at, 1);
    if (list && json_count(list) == 0)
        drop_member(item, twin);
}

/* The twin of one place is gone; where no place has one any more, all of them are. */
static void list_clear(const Item *item, size_t at)
{
    Json *twins = list_of(item, true);
    bool is_empty = true;
    json_object_array_put_idx(twins, at, NULL);
    for (size_t i = 0; i < json_count(twins); i++)
        is_empty = is_empty && !json_at(twins, i);
    if (is_empty)
        drop_member(item, true);
}

/* ---- operations ---- */

static Err run_add(const Operation *o)
{
    Item holder;
    Json *value;
    Str value_type = STR_NONE, name = text_part(o, "name");
    TRY(find_one(o, &holder));
    if (!name.p)
        return fault(o, ERR_SYNTAX, "name", "the name of the member is wanted");
    (void)value_x(part(o, "value"), &value_type);
    const FhirElement *element = element_for(o->c->arena, holder.type, name, value_type);
    if (!element || !holder.json)
        return fault(o, ERR_RULE, "name", "there is no such member at this place");
    TRY(value_of(o, part(o, "value"), element->type, &value));
    if (!element->is_array && json_get(holder.json, element->name))
        return fault(o, ERR_RULE, "name", "it is there already: replace it");
    put_member(holder.json, element, value);
    return OK;
}

static Err run_insert(const Operation *o)
{
    Items items;
    Json *value;
    size_t at;
    TRY(find_list(o, &items));
    TRY(index_part(o, "index", &at));
    if (at > items.n)
        return fault(o, ERR_RULE, "index", "the list is not so long");
    TRY(value_of(o, part(o, "value"), items.at[0].type, &value));
    list_insert(list_of(&items.at[0], false), at, value);
    if (list_of(&items.at[0], true))
        list_insert(list_of(&items.at[0], true), at, NULL);
    return OK;
}

/* Nothing there is nothing to delete. */
static Err run_delete(const Operation *o)
{
    Items items;
    Item item;
    TRY(find(o, &items));
    if (items.n == 0)
        return OK;
    TRY(find_member(o, &item));
    for (int twin = 0; twin < 2; twin++) {
        if (item.element->is_array)
            list_erase(&item, item.index, twin);
        else
            drop_member(&item, twin);
    }
    return OK;
}

static Err run_replace(const Operation *o)
{
    Item item;
    Json *value;
    TRY(find_member(o, &item));
    TRY(value_of(o, part(o, "value"), item.type, &value));
    if (item.element->is_array) {
        json_object_array_put_idx(list_of(&item, false), item.index, json_object_get(value));
        if (item.twin)
            list_clear(&item, item.index);
    } else {
        json_object_object_add(item.holder, item.element->name, json_object_get(value));
        drop_member(&item, true);
    }
    return OK;
}

static void list_move(Json *list, size_t from, size_t to)
{
    Json *moved = json_object_get(json_at(list, from));
    json_object_array_del_idx(list, from, 1);
    list_insert(list, to, moved);
    json_object_put(moved);
}

static Err run_move(const Operation *o)
{
    Items items;
    size_t from, to;
    TRY(find_list(o, &items));
    TRY(index_part(o, "source", &from));
    TRY(index_part(o, "destination", &to));
    if (from >= items.n || to >= items.n)
        return fault(o, ERR_RULE, from >= items.n ? "source" : "destination", "the list is not so long");
    list_move(list_of(&items.at[0], false), from, to);
    Json *twins = list_of(&items.at[0], true);
    if (twins && json_count(twins) == items.n)
        list_move(twins, from, to);
    return OK;
}

static const struct {
    const char *name;
    Err (*run)(const Operation *o);
} operations[] = { { "add", run_add },
                   { "insert", run_insert },
                   { "delete", run_delete },
                   { "replace", run_replace },
                   { "move", run_move } };

static Err run(const Operation *o)
{
    Str name = text_part(o, "type");
    if (!str_is(json_find_str(o->json, "name"), "operation"))
        return fault(o, ERR_SYNTAX, "name", "each parameter of a FHIRPath Patch is an \"operation\"");
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (str_is(name, operations[i].name))
            return operations[i].run(o);
    return fault(o, ERR_SYNTAX, "type", "an operation is add, insert, delete, replace or move");
}

Err path_patch_apply(Ctx *c, const FhirType *type, Json *resource, Json *parameters, Json **ret_patched)
{
    Json *root = copy_of(c->arena, resource), *list = json_get(parameters, "parameter");
    if (!str_is(json_find_str(parameters, "resourceType"), "Parameters") ||
        !json_object_is_type(list, json_type_array))
        return problem(c, ERR_SYNTAX, S("parameter"),
                       "a FHIRPath Patch is a Parameters resource with operations");
    for (size_t i = 0; i < json_count(list); i++)
        TRY(run(&(Operation){ c, i, json_at(list, i), root, type }));
    *ret_patched = root;
    return OK;
}

Err patch_apply(Ctx *c, const FhirType *type, Json *resource, Json *patch, Json **ret_patched)
{
    return json_object_is_type(patch, json_type_object)
               ? path_patch_apply(c, type, resource, patch, ret_patched)
               : json_patch_apply(c, resource, patch, ret_patched);
}
