#include "fhir/fhirpath_node.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* ---- what most of them need ---- */

static bool give(const Eval *e, bool value, Items *ret_items)
{
    return path_add(e, ret_items, path_boolean(value));
}

/* The argument evaluated with one item as $this. */
static bool of_item(const Eval *e, const PathNode *argument, const Item *item, Items *ret_items)
{
    Item one = *item;
    Items focus = { .at = &one, .n = 1 };
    Eval inner = *e;
    inner.self = &focus;
    *ret_items = (Items){ 0 };
    return path_eval(&inner, argument, &focus, ret_items);
}

static bool criterion(const Eval *e, const PathNode *argument, const Item *item, Truth *ret_truth)
{
    Items items;
    if (!of_item(e, argument, item, &items))
        return false;
    *ret_truth = path_truth(&items);
    return true;
}

static bool filter(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    for (size_t i = 0; i < focus->n; i++) {
        Truth truth = TRUTH_TRUE;
        if (call->n_arguments && !criterion(e, call->arguments[0], &focus->at[i], &truth))
            return false;
        if (truth == TRUTH_TRUE && !path_add(e, ret_items, focus->at[i]))
            return false;
    }
    return true;
}

static bool copy(const Eval *e, const Items *from, size_t first, size_t n, Items *ret_items)
{
    for (size_t i = first; i < from->n && i < first + n; i++)
        if (!path_add(e, ret_items, from->at[i]))
            return false;
    return true;
}

static bool holds(Arena *a, const Items *items, const Item *item)
{
    for (size_t i = 0; i < items->n; i++)
        if (path_equal(a, &items->at[i], item))
            return true;
    return false;
}

/* The one text that an argument says; absent where it says nothing. */
static bool text_argument(const Eval *e, const PathNode *call, Str *ret_text)
{
    Items items = { 0 };
    if (!path_eval(e, call->arguments[0], e->self, &items) || items.n > 1)
        return false;
    *ret_text = items.n ? path_text(&items.at[0]) : STR_NONE;
    return true;
}

/* ---- there or not ---- */

static bool run_exists(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    Items left = { 0 };
    return filter(e, call, focus, &left) && give(e, left.n > 0, ret_items);
}

static bool run_empty(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    return give(e, focus->n == 0, ret_items);
}

static bool run_count(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    return path_add(e, ret_items, path_of_number((double)focus->n));
}

static bool run_not(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    Truth truth = path_truth(focus);
    return truth == TRUTH_UNKNOWN || give(e, truth == TRUTH_FALSE, ret_items);
}

static bool run_has_value(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    const Item *item = focus->at;
    bool is_value = focus->n == 1 &&
                    (item->kind != ITEM_NODE ||
                     (item->json && item->type->kind != FHIR_COMPLEX && item->type->kind != FHIR_RESOURCE));
    return give(e, is_value, ret_items);
}

static bool run_all(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    bool all = true;
    for (size_t i = 0; all && i < focus->n; i++) {
        Truth truth;
        if (!criterion(e, call->arguments[0], &focus->at[i], &truth))
            return false;
        all = truth == TRUTH_TRUE;
    }
    return give(e, all, ret_items);
}

static bool run_all_false(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    bool all = true;
    for (size_t i = 0; i < focus->n; i++) {
        Items one = { .at = &focus->at[i], .n = 1 };
        all = all && path_truth(&one) == TRUTH_FALSE;
    }
    return give(e, all, ret_items);
}

static bool run_distinct(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    for (size_t i = 0; i < focus->n; i++)
        if (!holds(e->a, ret_items, &focus->at[i]) && !path_add(e, ret_items, focus->at[i]))
            return false;
    return true;
}

static bool run_is_distinct(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    Items distinct = { 0 };
    return run_distinct(e, call, focus, &distinct) && give(e, distinct.n == focus->n, ret_items);
}

/* ---- choosing ---- */

static bool run_select(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    for (size_t i = 0; i < focus->n; i++) {
        Items of_one;
        if (!of_item(e, call->arguments[0], &focus->at[i], &of_one) ||
            !copy(e, &of_one, 0, of_one.n, ret_items))
            return false;
    }
    return true;
}

static bool run_first(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    return copy(e, focus, 0, 1, ret_items);
}

static bool run_last(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    return copy(e, focus, focus->n ? focus->n - 1 : 0, 1, ret_items);
}

static bool run_tail(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    return copy(e, focus, 1, focus->n, ret_items);
}

static bool run_combine(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    Items other = { 0 };
    return path_eval(e, call->arguments[0], e->self, &other) && copy(e, focus, 0, focus->n, ret_items) &&
           copy(e, &other, 0, other.n, ret_items);
}

static bool run_intersect(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    Items other = { 0 };
    if (!path_eval(e, call->arguments[0], e->self, &other))
        return false;
    for (size_t i = 0; i < focus->n; i++)
        if (holds(e->a, &other, &focus->at[i]) && !holds(e->a, ret_items, &focus->at[i]) &&
            !path_add(e, ret_items, focus->at[i]))
            return false;
    return true;
}

static bool run_iif(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    Items asked = { 0 };
    Eval inner = *e;
    inner.self = focus;
    if (!path_eval(&inner, call->arguments[0], focus, &asked))
        return false;
    if (path_truth(&asked) == TRUTH_TRUE)
        return path_eval(&inner, call->arguments[1], focus, ret_items);
    return call->n_arguments < 3 || path_eval(&inner, call->arguments[2], focus, ret_items);
}

/* For a log that nobody reads: the items themselves. */
static bool run_trace(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    return copy(e, focus, 0, focus->n, ret_items);
}

/* ---- the tree ---- */

static bool run_children(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    for (size_t i = 0; i < focus->n; i++)
        path_children(e->a, &focus->at[i], STR_NONE, ret_items);
    return ret_items->n <= PATH_ITEMS_MOST;
}

/* Level by level: what was added last is asked for its own. */
static bool run_descendants(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    if (!run_children(e, call, focus, ret_items))
        return false;
    for (size_t i = 0; i < ret_items->n && ret_items->n <= PATH_ITEMS_MOST; i++) {
        Item item = ret_items->at[i];
        path_children(e->a, &item, STR_NONE, ret_items);
    }
    return ret_items->n <= PATH_ITEMS_MOST;
}

/* ---- types: their argument is a name ---- */

static Str type_argument(const PathNode *call)
{
    const PathNode *type = call->arguments[0];
    return type->kind == PATH_STEP ? type->right->name : type->name;
}

static bool run_of_type(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    for (size_t i = 0; i < focus->n; i++)
        if (path_is(&focus->at[i], type_argument(call)) && !path_add(e, ret_items, focus->at[i]))
            return false;
    return true;
}

static bool run_is(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    return focus->n == 0 ||
           (focus->n == 1 && give(e, path_is(&focus->at[0], type_argument(call)), ret_items));
}

/* ---- texts ---- */

typedef bool TextTest(Str text, Str asked);

static bool test_text(const Eval *e, const PathNode *call, const Items *focus, TextTest *test,
                      Items *ret_items)
{
    Str asked;
    if (!text_argument(e, call, &asked) || focus->n > 1)
        return false;
    Str text = focus->n ? path_text(&focus->at[0]) : STR_NONE;
    return !text.p || !asked.p || give(e, test(text, asked), ret_items);
}

static bool begins(Str text, Str asked)
{
    return str_starts(text, asked);
}

static bool ends(Str text, Str asked)
{
    return str_ends(text, asked);
}

static bool holds_text(Str text, Str asked)
{
    return asked.n == 0 || memmem(text.p, text.n, asked.p, asked.n);
}

static bool run_starts_with(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    return test_text(e, call, focus, begins, ret_items);
}

static bool run_ends_with(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    return test_text(e, call, focus, ends, ret_items);
}

static bool run_contains(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    return test_text(e, call, focus, holds_text, ret_items);
}

/* By bytes: R4's expressions cut a '#' off. */
static bool run_substring(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    Items from = { 0 };
    double at;
    if (focus->n == 0)
        return true;
    if (focus->n > 1 || !path_eval(e, call->arguments[0], e->self, &from) || from.n != 1 ||
        !path_number(e->a, &from.at[0], &at))
        return false;
    Str text = path_text(&focus->at[0]);
    return !text.p || at < 0 || at >= (double)text.n ||
           path_add(e, ret_items, path_string(str_slice(text, (size_t)at, text.n)));
}

static bool run_to_string(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    if (focus->n != 1)
        return focus->n == 0;
    const Item *item = &focus->at[0];
    Str text = path_text(item);
    if (!text.p && item->kind == ITEM_NODE)
        text = json_text(e->a, item->json);
    return !text.p || path_add(e, ret_items, path_string(text));
}

static bool run_to_integer(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    int64_t value;
    double number;
    if (focus->n != 1)
        return focus->n == 0;
    if (path_number(e->a, &focus->at[0], &number))
        return path_add(e, ret_items, path_of_number(number));
    return !str_to_int(path_text(&focus->at[0]), &value) ||
           path_add(e, ret_items, path_of_number((double)value));
}

/* The narrative was checked when its resource was (fhir/xhtml.c). */
static bool run_html_checks(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items)
{
    (void)call;
    (void)focus;
    return give(e, true, ret_items);
}

static const PathFunction functions[] = {
    { "all", 1, 1, run_all },
    { "allFalse", 0, 0, run_all_false },
    { "as", 1, 1, run_of_type },
    { "children", 0, 0, run_children },
    { "combine", 1, 1, run_combine },
    { "contains", 1, 1, run_contains },
    { "count", 0, 0, run_count },
    { "descendants", 0, 0, run_descendants },
    { "distinct", 0, 0, run_distinct },
    { "empty", 0, 0, run_empty },
    { "endsWith", 1, 1, run_ends_with },
    { "exists", 0, 1, run_exists },
    { "first", 0, 0, run_first },
    { "hasValue", 0, 0, run_has_value },
    { "htmlChecks", 0, 0, run_html_checks },
    { "iif", 2, 3, run_iif },
    { "intersect", 1, 1, run_intersect },
    { "is", 1, 1, run_is },
    { "isDistinct", 0, 0, run_is_distinct },
    { "last", 0, 0, run_last },
    { "not", 0, 0, run_not },
    { "ofType", 1, 1, run_of_type },
    { "select", 1, 1, run_select },
    { "startsWith", 1, 1, run_starts_with },
    { "substring", 1, 1, run_substring },
    { "tail", 0, 0, run_tail },
    { "toInteger", 0, 0, run_to_integer },
    { "toString", 0, 0, run_to_string },
    { "trace", 1, 2, run_trace },
    { "where", 1, 1, filter },
};

const PathFunction *path_function(Str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (str_is(name, functions[i].name))
            return &functions[i];
    return NULL;
}
