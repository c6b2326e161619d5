/* Between the files of FHIRPath only: the parsed expression, and what evaluates it. */
#ifndef FHIR_FHIRPATH_NODE_H
#define FHIR_FHIRPATH_NODE_H

#include "fhir/fhirpath.h"

typedef enum PathKind {
    PATH_MEMBER,   /* name */
    PATH_CALL,     /* function, arguments */
    PATH_INDEX,    /* left[number] */
    PATH_LITERAL,  /* literal */
    PATH_EMPTY,    /* {} */
    PATH_THIS,     /* $this */
    PATH_VARIABLE, /* %name */
    PATH_STEP,     /* left.right */
    PATH_BINARY,   /* left op right */
    PATH_TYPE,     /* left is name, left as name */
} PathKind;

typedef enum PathOp {
    OP_NONE,
    OP_IMPLIES,
    OP_OR,
    OP_XOR,
    OP_AND,
    OP_IN,
    OP_CONTAINS,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_LESS,
    OP_LESS_OR_EQUAL,
    OP_GREATER,
    OP_GREATER_OR_EQUAL,
    OP_UNION,
    OP_IS,
    OP_AS,
    OP_ADD,
    OP_SUBTRACT,
    OP_CONCATENATE,
    OP_DOT,
    OP_BRACKET,
} PathOp;

enum { PATH_ARGUMENTS = 3 };

typedef struct PathFunction PathFunction;

struct PathNode {
    PathKind kind;
    PathOp op;
    const PathNode *left, *right;
    Str name;
    Item literal;
    const PathFunction *function;
    const PathNode *arguments[PATH_ARGUMENTS];
    size_t n_arguments;
};

typedef struct Eval {
    Arena *a;
    const PathContext *context;
    Item whole;        /* %context: what the evaluation began with */
    const Items *self; /* $this: what the arguments of a function are asked of */
} Eval;

typedef bool PathFunctionRun(const Eval *e, const PathNode *call, const Items *focus, Items *ret_items);
struct PathFunction {
    const char *name;
    size_t least, most; /* arguments */
    PathFunctionRun *run;
};

/* fhirpath_function.c. NULL where it is not covered. */
const PathFunction *path_function(Str name);

/* fhirpath.c */
enum { PATH_ITEMS_MOST = 200000 };
/* focus: what stands before the dot; $this where nothing does. */
bool path_eval(const Eval *e, const PathNode *node, const Items *focus, Items *ret_items);
bool path_add(const Eval *e, Items *items, Item item);
void path_children(Arena *a, const Item *item, Str name, Items *ret_items); /* name absent: all of them */
Truth path_truth(const Items *items);
bool path_equal(Arena *a, const Item *left, const Item *right);
/* Whether a node or value is of the type, or of one made from it ("string", "FHIR.Quantity", "Boolean"). */
bool path_is(const Item *item, Str type);
/* The text of a string-like item, or absent; the number of a numeric one, or false. */
Str path_text(const Item *item);
bool path_number(Arena *a, const Item *item, double *ret_number);

static inline Item path_boolean(bool value)
{
    return (Item){ .kind = ITEM_BOOLEAN, .boolean = value };
}
static inline Item path_of_number(double value)
{
    return (Item){ .kind = ITEM_NUMBER, .number = value };
}
static inline Item path_string(Str text)
{
    return (Item){ .kind = ITEM_STRING, .text = text };
}

#endif
