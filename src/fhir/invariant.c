#include "fhir/invariant.h"

#include "base/limits.h"
#include "fhir/fhirpath_node.h"

#include <pthread.h>

/* ---- the expressions, parsed once a program ---- */

enum { SLOTS = 4096, PARSED_BYTES = 8 * 1024 * 1024 };

typedef struct Parsed {
    const char *expression;
    const char *key;
    const PathNode *path; /* NULL: not covered */
} Parsed;

static Parsed parsed[SLOTS];
static pthread_once_t parsing = PTHREAD_ONCE_INIT;

/* Equal expressions are one text in the program, or several: they are told apart by where they lie. */
static Parsed *slot_of(const char *expression)
{
    size_t i = (uintptr_t)expression / 8 % SLOTS;
    while (parsed[i].expression && parsed[i].expression != expression)
        i = (i + 1) % SLOTS;
    return &parsed[i];
}

static void parse_list(Arena *a, const FhirInvariant *list)
{
    for (; list && list->key; list++) {
        Parsed *slot = slot_of(list->expression);
        if (!slot->expression)
            *slot = (Parsed){ list->expression, list->key, fhirpath_parse(a, str_from(list->expression)) };
    }
}

static void parse_type(Arena *a, const FhirType *type)
{
    parse_list(a, type->invariants);
    for (uint16_t i = 0; i < type->n_elements; i++)
        parse_list(a, type->elements[i].invariants);
}

static Arena *parsed_arena; /* as long as the program */

static void parse_all(void)
{
    parsed_arena = arena_create(PARSED_BYTES);
    for (size_t i = 0; i < fhir_n_types; i++)
        parse_type(parsed_arena, &fhir_types[i]);
}

void invariants_not_covered(Arena *a, InvariantKeys *ret_keys)
{
    pthread_once(&parsing, parse_all);
    *ret_keys = (InvariantKeys){ 0 };
    for (size_t i = 0; i < SLOTS; i++) {
        bool is_new = parsed[i].expression && !parsed[i].path;
        for (size_t k = 0; is_new && k < ret_keys->n; k++)
            is_new = !str_is(ret_keys->at[k], parsed[i].key);
        if (is_new)
            *list_add(a, ret_keys) = str_from(parsed[i].key);
    }
}

/* ---- the walk ---- */

typedef struct At {
    const struct At *up;
    const Item *item; /* NULL for the resource that was given */
    Str name;
} At;

typedef struct Check {
    Ctx *c;
    PathContext context;
    size_t breaches;
} Check;

static void add_path(Buf *b, const At *at)
{
    if (at->up) {
        add_path(b, at->up);
        buf_char(b, '.');
    }
    buf_add(b, at->name);
    if (at->item && at->item->element && at->item->element->is_array)
        buf_fmt(b, "[%zu]", at->item->index);
}

static void note_breach(Check *check, const FhirInvariant *invariant, const At *at)
{
    Buf path = buf_make(check->c->arena, 4096);
    add_path(&path, at);
    check->breaches++;
    (void)problem(check->c, ERR_INVALID, buf_str(&path), "%s (%s)", invariant->meaning, invariant->key);
}

static void check_list(Check *check, const FhirInvariant *list, const Item *item, const At *at)
{
    for (; list && list->key && check->breaches < LIMIT_PROBLEMS; list++) {
        const PathNode *path = slot_of(list->expression)->path;
        if (path && fhirpath_truth(check->c->arena, path, *item, &check->context) == TRUTH_FALSE)
            note_breach(check, list, at);
    }
}

static void check_node(Check *check, const Item *item, const At *at);

/* A resource within another one is %resource to what is in it; %rootResource where it stands by itself. */
static void check_inner(Check *check, const Item *item, const At *at)
{
    Check inner = *check;
    inner.context.resource = *item;
    if (!item->element || strcmp(item->element->name, "contained") != 0)
        inner.context.root_resource = *item;
    check_node(&inner, item, at);
    check->breaches = inner.breaches;
}

static void check_children(Check *check, const Item *item, const At *at)
{
    Items children = { 0 };
    path_children(check->c->arena, item, STR_NONE, &children);
    for (size_t i = 0; i < children.n && check->breaches < LIMIT_PROBLEMS; i++) {
        const Item *child = &children.at[i];
        if (child->kind != ITEM_NODE || !child->element)
            continue;
        At below = { .up = at, .item = child, .name = str_from(child->element->name) };
        check_list(check, child->element->invariants, child, &below);
        if (child->type->kind != FHIR_COMPLEX || !child->json)
            continue;
        if (child->type->is_resource)
            check_inner(check, child, &below);
        else
            check_node(check, child, &below);
    }
}

static void check_node(Check *check, const Item *item, const At *at)
{
    check_list(check, item->type->invariants, item, at);
    check_children(check, item, at);
}

Err invariants_check(Ctx *c, Json *resource, const FhirType *type, Str path)
{
    pthread_once(&parsing, parse_all);
    Item root = fhirpath_root(resource, type);
    Check check = { .c = c, .context = { .resource = root, .root_resource = root } };
    At at = { .name = path.p ? path : str_from(type->name) };
    check_node(&check, &root, &at);
    return check.breaches ? ERR_INVALID : OK;
}
