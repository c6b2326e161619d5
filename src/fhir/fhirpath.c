#include "fhir/fhirpath.h"

#include "base/time.h"
#include "fhir/fhirpath_node.h"

#include <json-c/json.h>
#include <string.h>

/* ---- items ---- */

bool path_add(const Eval *e, Items *items, Item item)
{
    if (items->n == PATH_ITEMS_MOST)
        return false;
    *list_add(e->a, items) = item;
    return true;
}

static bool is_primitive(const FhirType *type)
{
    return type->kind != FHIR_COMPLEX && type->kind != FHIR_RESOURCE;
}

/* A member that may hold any resource is a node of that resource's type. */
static const FhirType *type_of(const FhirElement *element, Json *value)
{
    if (element->type->kind != FHIR_RESOURCE)
        return element->type;
    const FhirResource *resource = fhir_resource(json_find_str(value, "resourceType"));
    return resource ? resource->type : element->type;
}

static Json *twin_of(Arena *a, const FhirElement *element, Json *holder)
{
    if (!is_primitive(element->type))
        return NULL;
    return json_get(holder, arena_cstr(a, arena_fmt(a, "_%s", element->name)));
}

static void add_member(Arena *a, const FhirElement *element, Json *holder, Items *items)
{
    Json *value = json_get(holder, element->name), *twin = twin_of(a, element, holder);
    Item item = { .kind = ITEM_NODE, .holder = holder, .element = element, .json = value, .twin = twin };
    if (!element->is_array) {
        item.type = type_of(element, value);
        if (value || twin)
            *list_add(a, items) = item;
        return;
    }
    size_t n = json_count(value) > json_count(twin) ? json_count(value) : json_count(twin);
    for (item.index = 0; item.index < n; item.index++) {
        item.json = json_at(value, item.index);
        item.twin = json_at(twin, item.index);
        item.type = type_of(element, item.json);
        if (item.json || item.twin)
            *list_add(a, items) = item;
    }
}

static const FhirType *extension_type(void)
{
    return fhir_element(fhir_resource(S("Patient"))->type, S("extension"))->type;
}

/* Of a primitive: its id and extensions. */
static void add_twin_members(Arena *a, const Item *item, Str name, Items *items)
{
    if (!item->twin)
        return;
    Json *list = json_get(item->twin, "extension");
    for (size_t i = 0; (!name.p || str_is(name, "extension")) && i < json_count(list); i++)
        *list_add(a, items) = (Item){ .kind = ITEM_NODE,
                                      .type = extension_type(),
                                      .json = json_at(list, i),
                                      .holder = item->twin,
                                      .index = i };
    if ((!name.p || str_is(name, "id")) && json_get(item->twin, "id"))
        *list_add(a, items) = path_string(json_find_str(item->twin, "id"));
}

/* In the order of the text. A primitive that has extensions only stands there as its twin alone. */
static void add_all_members(Arena *a, const Item *item, Items *items)
{
    json_object_object_foreach(item->json, name, value)
    {
        (void)value;
        bool is_twin = name[0] == '_';
        const FhirElement *element = fhir_element(item->type, str_from(name + is_twin));
        if (element && !(is_twin && json_get(item->json, element->name)))
            add_member(a, element, item->json, items);
    }
}

void path_children(Arena *a, const Item *item, Str name, Items *ret_items)
{
    if (item->kind != ITEM_NODE)
        return;
    const FhirElement *element = name.p ? fhir_element(item->type, name) : NULL;
    if (is_primitive(item->type))
        add_twin_members(a, item, name, ret_items);
    else if (element)
        add_member(a, element, item->json, ret_items);
    else if (!name.p)
        add_all_members(a, item, ret_items);
    else
        for (uint16_t i = 0; i < item->type->n_elements; i++) {
            element = &item->type->elements[i];
            if (element->choice && str_is(name, element->choice))
                add_member(a, element, item->json, ret_items);
        }
}

/* ---- values ---- */

Str path_text(const Item *item)
{
    return item->kind == ITEM_STRING ? item->text : item->kind == ITEM_NODE ? json_str(item->json) : STR_NONE;
}

bool path_number(Arena *a, const Item *item, double *ret_number)
{
    (void)a;
    if (item->kind == ITEM_NUMBER)
        *ret_number = item->number;
    return item->kind == ITEM_NUMBER || (item->kind == ITEM_NODE && json_number(item->json, ret_number));
}

static bool is_boolean(const Item *item, bool *ret_value)
{
    if (item->kind == ITEM_BOOLEAN)
        *ret_value = item->boolean;
    else if (item->kind == ITEM_NODE && json_object_is_type(item->json, json_type_boolean))
        *ret_value = json_true(item->json);
    else
        return false;
    return true;
}

/* One item that is no Boolean stands for true. */
Truth path_truth(const Items *items)
{
    bool value = true;
    if (items->n == 0)
        return TRUTH_UNKNOWN;
    return !is_boolean(&items->at[0], &value) || value ? TRUTH_TRUE : TRUTH_FALSE;
}

/* Numbers are equal by value, however they are written; members in any order. */
static bool json_same(Json *left, Json *right)
{
    double x, y;
    if (json_number(left, &x) && json_number(right, &y))
        return x == y;
    if (json_object_is_type(left, json_type_array) && json_object_is_type(right, json_type_array)) {
        bool same = json_count(left) == json_count(right);
        for (size_t i = 0; same && i < json_count(left); i++)
            same = json_same(json_at(left, i), json_at(right, i));
        return same;
    }
    if (!json_object_is_type(left, json_type_object) || !json_object_is_type(right, json_type_object))
        return json_object_equal(left, right);
    if (json_object_object_length(left) != json_object_object_length(right))
        return false;
    json_object_object_foreach(left, name, value)
    {
        if (!json_same(value, json_get(right, name)))
            return false;
    }
    return true;
}

bool path_equal(Arena *a, const Item *left, const Item *right)
{
    double x, y;
    bool p, q;
    if (path_number(a, left, &x) && path_number(a, right, &y))
        return x == y;
    if (is_boolean(left, &p) && is_boolean(right, &q))
        return p == q;
    if (path_text(left).p && path_text(right).p)
        return str_eq(path_text(left), path_text(right));
    return left->kind == ITEM_NODE && right->kind == ITEM_NODE && left->json && right->json &&
           json_same(left->json, right->json);
}

bool path_is(const Item *item, Str type)
{
    static const char *const system_names[] = {
        [ITEM_BOOLEAN] = "Boolean", [ITEM_NUMBER] = "Decimal", [ITEM_STRING] = "String"
    };
    if (item->kind != ITEM_NODE)
        return str_is(type, system_names[item->kind]);
    const char *name = item->type->name;
    /* What a primitive is called in both worlds: "boolean" and System's "Boolean". */
    bool same_word = type.n == strlen(name) && type.n && (type.p[0] | 0x20) == (name[0] | 0x20) &&
                     memcmp(type.p + 1, name + 1, type.n - 1) == 0;
    return str_is(type, name) || (is_primitive(item->type) && same_word);
}

/* ---- comparison ---- */

/* Less, equal, greater; false where it cannot be told. */
static bool compare_dates(Str left, Str right, int *ret_order)
{
    TimeRange x, y;
    if (!time_parse(left, &x) || !time_parse(right, &y))
        return false;
    if (x.to_us <= y.from_us)
        *ret_order = -1;
    else if (y.to_us <= x.from_us)
        *ret_order = 1;
    else if (x.from_us == y.from_us && x.to_us == y.to_us)
        *ret_order = 0;
    else
        return false; /* one says less exactly when it is than the other */
    return true;
}

static bool is_date(const Item *item)
{
    FhirKind kind = item->kind == ITEM_NODE ? item->type->kind : FHIR_COMPLEX;
    return kind == FHIR_DATE || kind == FHIR_DATE_TIME || kind == FHIR_INSTANT;
}

/* In the same unit only. */
static bool compare_quantities(Json *left, Json *right, int *ret_order)
{
    double x, y;
    static const char *const units[] = { "code", "system", "unit" };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        Str one = json_find_str(left, units[i]), other = json_find_str(right, units[i]);
        if (one.p != other.p && !str_eq(one, other))
            return false;
    }
    if (!json_number(json_get(left, "value"), &x) || !json_number(json_get(right, "value"), &y))
        return false;
    *ret_order = x < y ? -1 : x > y;
    return true;
}

static bool compare(Arena *a, const Item *left, const Item *right, int *ret_order)
{
    double x, y;
    if (path_number(a, left, &x) && path_number(a, right, &y)) {
        *ret_order = x < y ? -1 : x > y;
        return true;
    }
    if (is_date(left) && is_date(right))
        return compare_dates(path_text(left), path_text(right), ret_order);
    if (path_text(left).p && path_text(right).p) {
        *ret_order = str_cmp(path_text(left), path_text(right));
        return true;
    }
    return left->kind == ITEM_NODE && right->kind == ITEM_NODE &&
           compare_quantities(left->json, right->json, ret_order);
}

/* ---- operators ---- */

static bool give_truth(const Eval *e, Truth truth, Items *ret_items)
{
    return truth == TRUTH_UNKNOWN || path_add(e, ret_items, path_boolean(truth == TRUTH_TRUE));
}

static Truth negated(Truth truth)
{
    return truth == TRUTH_UNKNOWN ? truth : truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static Truth both(Truth x, Truth y)
{
    if (x == TRUTH_FALSE || y == TRUTH_FALSE)
        return TRUTH_FALSE;
    return x == TRUTH_TRUE && y == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

static Truth either(Truth x, Truth y)
{
    return negated(both(negated(x), negated(y)));
}

static Truth logic(PathOp op, Truth x, Truth y)
{
    switch (op) {
    case OP_AND:
        return both(x, y);
    case OP_OR:
        return either(x, y);
    case OP_IMPLIES:
        return either(negated(x), y);
    default: /* xor */
        return x == TRUTH_UNKNOWN || y == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : x != y ? TRUTH_TRUE : TRUTH_FALSE;
    }
}

static Truth equality(Arena *a, const Items *left, const Items *right)
{
    if (!left->n || !right->n)
        return TRUTH_UNKNOWN;
    bool same = left->n == right->n;
    for (size_t i = 0; same && i < left->n; i++)
        same = path_equal(a, &left->at[i], &right->at[i]);
    return same ? TRUTH_TRUE : TRUTH_FALSE;
}

static bool holds(Arena *a, const Items *items, const Item *item)
{
    for (size_t i = 0; i < items->n; i++)
        if (path_equal(a, &items->at[i], item))
            return true;
    return false;
}

static bool membership(const Eval *e, const Items *one, const Items *among, Items *ret_items)
{
    if (one->n == 0)
        return true;
    return one->n == 1 && path_add(e, ret_items, path_boolean(holds(e->a, among, &one->at[0])));
}

static bool order(const Eval *e, PathOp op, const Items *left, const Items *right, Items *ret_items)
{
    int cmp;
    if (!left->n || !right->n)
        return true;
    if (left->n > 1 || right->n > 1)
        return false;
    if (!compare(e->a, &left->at[0], &right->at[0], &cmp))
        return true;
    bool value = op == OP_LESS            ? cmp < 0
                 : op == OP_LESS_OR_EQUAL ? cmp <= 0
                 : op == OP_GREATER       ? cmp > 0
                                          : cmp >= 0;
    return path_add(e, ret_items, path_boolean(value));
}

static bool unite(const Eval *e, const Items *left, const Items *right, Items *ret_items)
{
    for (int side = 0; side < 2; side++) {
        const Items *from = side ? right : left;
        for (size_t i = 0; i < from->n; i++)
            if (!holds(e->a, ret_items, &from->at[i]) && !path_add(e, ret_items, from->at[i]))
                return false;
    }
    return true;
}

static bool arithmetic(const Eval *e, PathOp op, const Items *left, const Items *right, Items *ret_items)
{
    double x, y;
    if (!left->n || !right->n)
        return true;
    if (left->n > 1 || right->n > 1)
        return false;
    if (path_number(e->a, &left->at[0], &x) && path_number(e->a, &right->at[0], &y))
        return path_add(e, ret_items, path_of_number(op == OP_ADD ? x + y : x - y));
    Str one = path_text(&left->at[0]), other = path_text(&right->at[0]);
    if (op != OP_ADD || !one.p || !other.p)
        return false;
    return path_add(e, ret_items, path_string(arena_fmt(e->a, "%.*s%.*s", STR_ARG(one), STR_ARG(other))));
}

/* Nothing counts as an empty text. */
static bool concatenate(const Eval *e, const Items *left, const Items *right, Items *ret_items)
{
    if (left->n > 1 || right->n > 1)
        return false;
    Str one = left->n ? path_text(&left->at[0]) : S(""), other = right->n ? path_text(&right->at[0]) : S("");
    return path_add(e, ret_items, path_string(arena_fmt(e->a, "%.*s%.*s", STR_ARG(one), STR_ARG(other))));
}

static bool binary(const Eval *e, PathOp op, const Items *left, const Items *right, Items *ret_items)
{
    switch (op) {
    case OP_EQUAL:
        return give_truth(e, equality(e->a, left, right), ret_items);
    case OP_NOT_EQUAL:
        return give_truth(e, negated(equality(e->a, left, right)), ret_items);
    case OP_IN:
        return membership(e, left, right, ret_items);
    case OP_CONTAINS:
        return membership(e, right, left, ret_items);
    case OP_UNION:
        return unite(e, left, right, ret_items);
    case OP_ADD:
    case OP_SUBTRACT:
        return arithmetic(e, op, left, right, ret_items);
    case OP_CONCATENATE:
        return concatenate(e, left, right, ret_items);
    case OP_LESS:
    case OP_LESS_OR_EQUAL:
    case OP_GREATER:
    case OP_GREATER_OR_EQUAL:
        return order(e, op, left, right, ret_items);
    default:
        return left->n < 2 && right->n < 2 &&
               give_truth(e, logic(op, path_truth(left), path_truth(right)), ret_items);
    }
}

/* ---- evaluation ---- */

/* "Patient.name" begins at the resource itself. */
static bool eval_member(const Eval *e, const PathNode *node, const Items *focus, Items *ret_items)
{
    bool is_type = node->name.p[0] >= 'A' && node->name.p[0] <= 'Z';
    for (size_t i = 0; i < focus->n; i++) {
        if (is_type && focus->at[i].kind == ITEM_NODE && str_is(node->name, focus->at[i].type->name)) {
            if (!path_add(e, ret_items, focus->at[i]))
                return false;
        } else {
            path_children(e->a, &focus->at[i], node->name, ret_items);
        }
        if (ret_items->n > PATH_ITEMS_MOST)
            return false;
    }
    return true;
}

static bool eval_variable(const Eval *e, const PathNode *node, Items *ret_items)
{
    if (str_is(node->name, "ucum"))
        return path_add(e, ret_items, path_string(S("http://unitsofmeasure.org")));
    if (str_is(node->name, "resource"))
        return path_add(e, ret_items, e->context->resource);
    if (str_is(node->name, "rootResource"))
        return path_add(e, ret_items, e->context->root_resource);
    if (str_is(node->name, "context"))
        return path_add(e, ret_items, e->whole);
    for (size_t i = 0; i < e->context->n_variables; i++)
        if (str_is(node->name, e->context->variables[i].name))
            return path_add(e, ret_items, e->context->variables[i].item);
    return true;
}

/* Every item of the type: more lenient than FHIRPath, which wants one, and as R4's own expressions need it.
 */
static bool eval_type(const Eval *e, const PathNode *node, const Items *left, Items *ret_items)
{
    if (node->op == OP_IS)
        return left->n == 0 ||
               (left->n == 1 && path_add(e, ret_items, path_boolean(path_is(&left->at[0], node->name))));
    for (size_t i = 0; i < left->n; i++)
        if (path_is(&left->at[i], node->name) && !path_add(e, ret_items, left->at[i]))
            return false;
    return true;
}

static bool eval_index(const Eval *e, const PathNode *node, const Items *focus, Items *ret_items)
{
    Items left = { 0 }, number = { 0 };
    double at;
    if (!path_eval(e, node->left, focus, &left) || !path_eval(e, node->right, e->self, &number))
        return false;
    if (number.n != 1 || !path_number(e->a, &number.at[0], &at) || at < 0)
        return false;
    return at >= (double)left.n || path_add(e, ret_items, left.at[(size_t)at]);
}

bool path_eval(const Eval *e, const PathNode *node, const Items *focus, Items *ret_items)
{
    Items left = { 0 }, right = { 0 };
    switch (node->kind) {
    case PATH_MEMBER:
        return eval_member(e, node, focus, ret_items);
    case PATH_CALL:
        return node->function->run(e, node, focus, ret_items);
    case PATH_LITERAL:
        return path_add(e, ret_items, node->literal);
    case PATH_EMPTY:
        return true;
    case PATH_THIS:
        for (size_t i = 0; i < e->self->n; i++)
            if (!path_add(e, ret_items, e->self->at[i]))
                return false;
        return true;
    case PATH_VARIABLE:
        return eval_variable(e, node, ret_items);
    case PATH_INDEX:
        return eval_index(e, node, focus, ret_items);
    case PATH_STEP:
        return path_eval(e, node->left, focus, &left) && path_eval(e, node->right, &left, ret_items);
    case PATH_TYPE:
        return path_eval(e, node->left, focus, &left) && eval_type(e, node, &left, ret_items);
    default: /* PATH_BINARY */
        return path_eval(e, node->left, focus, &left) && path_eval(e, node->right, focus, &right) &&
               binary(e, node->op, &left, &right, ret_items);
    }
}

Item fhirpath_root(Json *resource, const FhirType *type)
{
    return (Item){ .kind = ITEM_NODE, .type = type, .json = resource };
}

bool fhirpath_evaluate(Arena *a, const PathNode *path, Item focus, const PathContext *context,
                       Items *ret_items)
{
    Items start = { .at = &focus, .n = 1 };
    Eval e = { .a = a, .context = context, .whole = focus, .self = &start };
    *ret_items = (Items){ 0 };
    return path_eval(&e, path, &start, ret_items);
}

Truth fhirpath_truth(Arena *a, const PathNode *path, Item focus, const PathContext *context)
{
    Items items;
    return fhirpath_evaluate(a, path, focus, context, &items) ? path_truth(&items) : TRUTH_UNKNOWN;
}
