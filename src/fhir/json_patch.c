#include "fhir/json_patch.h"

#include <json-c/json.h>
#include <string.h>

typedef struct Operation {
    Ctx *c;
    size_t number;
    Json *json, *root;
} Operation;

static Err fault(const Operation *o, Err err, const char *member, const char *why)
{
    return problem(o->c, err, arena_fmt(o->c->arena, "[%zu].%s", o->number, member), "%s", why);
}

/* A copy that the arena owns; whatever it is put into owns it too. */
static Json *copy_of(Arena *a, Json *value)
{
    return json_parse(a, json_text(a, value));
}

/* ---- pointers ---- */

/* "~1" is "/", "~0" is "~" */
static const char *unescape(Arena *a, Str token)
{
    char *text = arena_alloc(a, 1, token.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        bool escaped = token.p[i] == '~' && i + 1 < token.n;
        text[n++] = !escaped ? token.p[i] : token.p[++i] == '1' ? '/' : '~';
    }
    return text;
}

/* A place: a member of an object, or an index of an array. */
typedef struct Place {
    Json *holder;
    const char *key; /* of an object */
    size_t index;    /* of an array */
    bool at_end;     /* "-", or the index after the last */
} Place;

static bool array_index(Json *array, Str token, Place *place)
{
    int64_t index;
    size_t n = json_count(array);
    place->at_end = str_is(token, "-");
    if (place->at_end)
        return true;
    if (!str_to_int(token, &index) || index < 0 || (token.n > 1 && token.p[0] == '0') || (size_t)index > n)
        return false;
    place->index = (size_t)index;
    place->at_end = (size_t)index == n;
    return true;
}

static bool step(Arena *a, Json *holder, Str token, Place *place)
{
    *place = (Place){ .holder = holder };
    if (json_object_is_type(holder, json_type_array))
        return array_index(holder, token, place);
    place->key = unescape(a, token);
    return json_object_is_type(holder, json_type_object);
}

static Json *value_at(const Place *place)
{
    if (place->key)
        return json_get(place->holder, place->key);
    return place->at_end ? NULL : json_at(place->holder, place->index);
}

/* The place that a pointer names: all but its last step must be there. */
static Err find(const Operation *o, const char *member, Place *ret_place)
{
    Str pointer = json_find_str(o->json, member), token, rest;
    Json *at = o->root;
    if (!pointer.p || (pointer.n && pointer.p[0] != '/'))
        return fault(o, ERR_SYNTAX, member, "a JSON pointer is wanted, such as /name/0/family");
    if (!pointer.n)
        return fault(o, ERR_RULE, member, "the whole resource is not patched: replace its members");
    for (rest = str_slice(pointer, 1, pointer.n); rest.p;) {
        token = str_cut(rest, '/', &rest);
        if (!at || !step(o->c->arena, at, token, ret_place))
            return fault(o, ERR_RULE, member, "there is no such place in the resource");
        at = value_at(ret_place);
    }
    return OK;
}

static Err find_value(const Operation *o, const char *member, Place *ret_place)
{
    TRY(find(o, member, ret_place));
    return value_at(ret_place) ? OK : fault(o, ERR_RULE, member, "there is no such place in the resource");
}

/* ---- operations ---- */

static void put(const Place *place, Json *value)
{
    Json *owned = json_object_get(value);
    if (place->key)
        json_object_object_add(place->holder, place->key, owned);
    else if (place->at_end)
        json_object_array_add(place->holder, owned);
    else
        json_object_array_put_idx(place->holder, place->index, owned);
}

/* In an array, what stands there and after moves on by one. */
static void insert(const Place *place, Json *value)
{
    if (!place->key && !place->at_end) {
        size_t n = json_count(place->holder);
        json_object_array_add(place->holder, NULL);
        for (size_t i = n; i > place->index; i--)
            json_object_array_put_idx(place->holder, i, json_object_get(json_at(place->holder, i - 1)));
    }
    put(place, value);
}

static void erase(const Place *place)
{
    if (place->key)
        json_object_object_del(place->holder, place->key);
    else
        json_object_array_del_idx(place->holder, place->index, 1);
}

static Err value_of(const Operation *o, Json **ret_value)
{
    *ret_value = json_get(o->json, "value");
    return *ret_value ? OK : fault(o, ERR_SYNTAX, "value", "this operation wants a value");
}

static Err run_add(const Operation *o)
{
    Place place;
    Json *value;
    TRY(value_of(o, &value));
    TRY(find(o, "path", &place));
    insert(&place, copy_of(o->c->arena, value));
    return OK;
}

static Err run_remove(const Operation *o)
{
    Place place;
    TRY(find_value(o, "path", &place));
    erase(&place);
    return OK;
}

static Err run_replace(const Operation *o)
{
    Place place;
    Json *value;
    TRY(value_of(o, &value));
    TRY(find_value(o, "path", &place));
    put(&place, copy_of(o->c->arena, value));
    return OK;
}

static Err run_move(const Operation *o)
{
    Place from, to;
    Str from_text = json_find_str(o->json, "from"), path = json_find_str(o->json, "path");
    TRY(find_value(o, "from", &from));
    if (str_starts(path, arena_fmt(o->c->arena, "%.*s/", STR_ARG(from_text))))
        return fault(o, ERR_RULE, "path", "a value is not moved into itself");
    Json *value = copy_of(o->c->arena, value_at(&from));
    erase(&from);
    TRY(find(o, "path", &to));
    insert(&to, value);
    return OK;
}

static Err run_copy(const Operation *o)
{
    Place from, to;
    TRY(find_value(o, "from", &from));
    TRY(find(o, "path", &to));
    insert(&to, copy_of(o->c->arena, value_at(&from)));
    return OK;
}

static Err run_test(const Operation *o)
{
    Place place;
    Json *value;
    TRY(value_of(o, &value));
    TRY(find_value(o, "path", &place));
    return json_object_equal(value_at(&place), value)
               ? OK
               : fault(o, ERR_RULE, "value", "the resource has another value there");
}

static const struct {
    const char *name;
    Err (*run)(const Operation *o);
} operations[] = { { "add", run_add },   { "remove", run_remove }, { "replace", run_replace },
                   { "move", run_move }, { "copy", run_copy },     { "test", run_test } };

static Err run(const Operation *o)
{
    Str name = json_find_str(o->json, "op");
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (str_is(name, operations[i].name))
            return operations[i].run(o);
    return fault(o, ERR_SYNTAX, "op", "an operation is add, remove, replace, move, copy or test");
}

Err json_patch_apply(Ctx *c, Json *resource, Json *patch, Json **ret_patched)
{
    Json *root = json_parse(c->arena, json_text(c->arena, resource));
    if (!json_object_is_type(patch, json_type_array))
        return problem(c, ERR_SYNTAX, STR_NONE, "a JSON Patch is a list of operations");
    for (size_t i = 0; i < json_count(patch); i++)
        TRY(run(&(Operation){ c, i, json_at(patch, i), root }));
    *ret_patched = root;
    return OK;
}
