/* FHIRPath, the part of it that R4's own invariants and FHIRPath Patch need: paths with indexes, the
 * operators, types, and thirty functions over a resource's tree. Not: dates arithmetic, regular expressions,
 * quantities with units, resolve(). An expression that needs those does not parse, so it is known beforehand
 * what is covered.
 *
 * Collections are what FHIRPath says: several items, or none for "not known". Pure; what is made lies in the
 * arena. */
#ifndef FHIR_FHIRPATH_H
#define FHIR_FHIRPATH_H

#include "base/arena.h"
#include "base/json.h"
#include "fhir/definitions.h"

typedef enum ItemKind { ITEM_NODE, ITEM_BOOLEAN, ITEM_NUMBER, ITEM_STRING } ItemKind;

/* A node of the tree, or a value that was computed. */
typedef struct Item {
    ItemKind kind;
    const FhirType *type; /* of a node */
    Json *json;           /* of a node; NULL for a primitive that has extensions only */
    Json *twin;           /* of a primitive: its id and extensions ("_birthDate"), or NULL */
    /* Where a node stands: a member of an object, and its place there where it is an array. */
    Json *holder;
    const FhirElement *element;
    size_t index;

    bool boolean;
    double number;
    Str text;
} Item;

typedef struct Items {
    Item *at;
    size_t n, room;
} Items;

typedef struct PathNode PathNode;

/* NULL where the text is no FHIRPath, or one that this part of it does not cover. Kept as long as the arena.
 */
const PathNode *fhirpath_parse(Arena *a, Str text);

/* What the variables stand for: nodes; %ucum is known. */
typedef struct PathVariable {
    const char *name; /* "patient", "encounter", "user": of a form that is filled in (questionnaire.h) */
    Item item;
} PathVariable;

typedef struct PathContext {
    Item resource, root_resource;  /* %resource and %rootResource */
    const PathVariable *variables; /* the others; one that is not among them stands for nothing */
    size_t n_variables;
} PathContext;

/* The resource itself as a node. */
Item fhirpath_root(Json *resource, const FhirType *type);
/* False where it cannot be evaluated: several items where one is meant, or too many of them. */
bool fhirpath_evaluate(Arena *a, const PathNode *path, Item focus, const PathContext *context,
                       Items *ret_items);

typedef enum Truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN } Truth;
/* What a criterion says: TRUTH_UNKNOWN for nothing, or where it cannot be evaluated. */
Truth fhirpath_truth(Arena *a, const PathNode *path, Item focus, const PathContext *context);

#endif
