/* The grammar of FHIRPath by binding power: each operator binds its right side as far as stronger ones go. */
#include "fhir/fhirpath_node.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 64 };

typedef struct Parser {
    Arena *a;
    Str rest;
    int depth;
    bool failed;
} Parser;

static const PathNode *parse(Parser *p, int power);

static bool is_space(char x)
{
    return x == ' ' || x == '\t' || x == '\r' || x == '\n';
}

static bool is_letter(char x)
{
    return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || x == '_';
}

static bool is_digit(char x)
{
    return x >= '0' && x <= '9';
}

static void skip_space(Parser *p)
{
    while (p->rest.n && is_space(p->rest.p[0]))
        p->rest = str_slice(p->rest, 1, p->rest.n);
}

static const PathNode *fail(Parser *p)
{
    p->failed = true;
    return NULL;
}

static bool take(Parser *p, const char *sign)
{
    skip_space(p);
    Str wanted = str_from(sign);
    if (!str_starts(p->rest, wanted))
        return false;
    p->rest = str_slice(p->rest, wanted.n, p->rest.n);
    return true;
}

/* A word at the front, not taken yet. */
static Str word_ahead(Parser *p)
{
    skip_space(p);
    size_t n = 0;
    while (n < p->rest.n && (is_letter(p->rest.p[n]) || (n && is_digit(p->rest.p[n]))))
        n++;
    return str_slice(p->rest, 0, n);
}

static Str take_word(Parser *p)
{
    Str word = word_ahead(p);
    p->rest = str_slice(p->rest, word.n, p->rest.n);
    return word;
}

static PathNode *node_of(Parser *p, PathKind kind)
{
    PathNode *node = arena_new(p->a, PathNode, 1);
    node->kind = kind;
    return node;
}

static const PathNode *literal(Parser *p, Item item)
{
    PathNode *node = node_of(p, PATH_LITERAL);
    node->literal = item;
    return node;
}

/* ---- terms ---- */

static char unescaped(char x)
{
    return x == 'n' ? '\n' : x == 't' ? '\t' : x == 'r' ? '\r' : x == 'f' ? '\f' : x;
}

/* After the opening quote. */
static const PathNode *parse_string(Parser *p)
{
    char *text = arena_alloc(p->a, 1, p->rest.n + 1);
    size_t n = 0, i = 0;
    for (; i < p->rest.n && p->rest.p[i] != '\''; i++) {
        bool escaped = p->rest.p[i] == '\\' && i + 1 < p->rest.n;
        if (escaped && p->rest.p[i + 1] == 'u')
            return fail(p);
        text[n++] = escaped ? unescaped(p->rest.p[++i]) : p->rest.p[i];
    }
    if (i == p->rest.n)
        return fail(p);
    p->rest = str_slice(p->rest, i + 1, p->rest.n);
    return literal(p, path_string((Str){ text, n }));
}

static const PathNode *parse_number(Parser *p)
{
    size_t n = 0;
    while (n < p->rest.n && (is_digit(p->rest.p[n]) ||
                             (p->rest.p[n] == '.' && n + 1 < p->rest.n && is_digit(p->rest.p[n + 1]))))
        n++;
    double value = strtod(arena_cstr(p->a, str_slice(p->rest, 0, n)), NULL);
    p->rest = str_slice(p->rest, n, p->rest.n);
    return literal(p, path_of_number(value));
}

static const PathNode *parse_call(Parser *p, Str name)
{
    PathNode *node = node_of(p, PATH_CALL);
    node->function = path_function(name);
    if (!node->function)
        return fail(p);
    while (!take(p, ")")) {
        if (node->n_arguments && !take(p, ","))
            return fail(p);
        if (node->n_arguments == PATH_ARGUMENTS)
            return fail(p);
        node->arguments[node->n_arguments++] = parse(p, 0);
        if (p->failed)
            return NULL;
    }
    bool fits = node->n_arguments >= node->function->least && node->n_arguments <= node->function->most;
    return fits ? node : fail(p);
}

static const PathNode *parse_word(Parser *p)
{
    Str word = take_word(p);
    if (str_is(word, "true") || str_is(word, "false"))
        return literal(p, path_boolean(str_is(word, "true")));
    if (take(p, "("))
        return parse_call(p, word);
    PathNode *node = node_of(p, PATH_MEMBER);
    node->name = word;
    return node;
}

static const PathNode *parse_variable(Parser *p)
{
    PathNode *node = node_of(p, PATH_VARIABLE);
    node->name = take_word(p);
    static const char *const known[] = { "resource", "rootResource", "context", "ucum",
                                         "patient",  "encounter",    "user" };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_is(node->name, known[i]))
            return node;
    return fail(p);
}

static const PathNode *parse_term(Parser *p)
{
    skip_space(p);
    if (take(p, "(")) {
        const PathNode *inner = parse(p, 0);
        return !p->failed && take(p, ")") ? inner : fail(p);
    }
    if (take(p, "{"))
        return take(p, "}") ? node_of(p, PATH_EMPTY) : fail(p);
    if (take(p, "'"))
        return parse_string(p);
    if (take(p, "%"))
        return parse_variable(p);
    if (take(p, "$this"))
        return node_of(p, PATH_THIS);
    if (p->rest.n && is_digit(p->rest.p[0]))
        return parse_number(p);
    return word_ahead(p).n ? parse_word(p) : fail(p);
}

/* ---- operators ---- */

typedef struct OpRow {
    const char *sign;
    PathOp op;
    int power;
} OpRow;

/* Longer signs before the shorter ones that begin alike. */
static const OpRow signs[] = {
    { "!=", OP_NOT_EQUAL, 6 },   { "<=", OP_LESS_OR_EQUAL, 7 }, { ">=", OP_GREATER_OR_EQUAL, 7 },
    { "=", OP_EQUAL, 6 },        { "<", OP_LESS, 7 },           { ">", OP_GREATER, 7 },
    { "|", OP_UNION, 8 },        { "+", OP_ADD, 10 },           { "-", OP_SUBTRACT, 10 },
    { "&", OP_CONCATENATE, 10 }, { ".", OP_DOT, 13 },           { "[", OP_BRACKET, 12 },
};
static const OpRow words[] = {
    { "implies", OP_IMPLIES, 1 }, { "or", OP_OR, 2 }, { "xor", OP_XOR, 2 },
    { "and", OP_AND, 3 },         { "in", OP_IN, 5 }, { "contains", OP_CONTAINS, 5 },
    { "is", OP_IS, 9 },           { "as", OP_AS, 9 },
};

static const OpRow *op_ahead(Parser *p)
{
    Str word = word_ahead(p);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_is(word, words[i].sign))
            return &words[i];
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (str_starts(p->rest, str_from(signs[i].sign)))
            return &signs[i];
    return NULL;
}

/* "FHIR.Quantity" is Quantity. */
static const PathNode *parse_type(Parser *p, PathOp op, const PathNode *left)
{
    PathNode *node = node_of(p, PATH_TYPE);
    node->op = op;
    node->left = left;
    node->name = take_word(p);
    if ((str_is(node->name, "FHIR") || str_is(node->name, "System")) && take(p, "."))
        node->name = take_word(p);
    return node->name.n ? node : fail(p);
}

static const PathNode *parse_index(Parser *p, const PathNode *left)
{
    PathNode *node = node_of(p, PATH_INDEX);
    node->left = left;
    node->right = parse(p, 0);
    return !p->failed && take(p, "]") ? node : fail(p);
}

static const PathNode *parse_operation(Parser *p, const OpRow *row, const PathNode *left)
{
    p->rest = str_slice(p->rest, strlen(row->sign), p->rest.n);
    if (row->op == OP_IS || row->op == OP_AS)
        return parse_type(p, row->op, left);
    if (row->op == OP_BRACKET)
        return parse_index(p, left);
    PathNode *node = node_of(p, row->op == OP_DOT ? PATH_STEP : PATH_BINARY);
    node->op = row->op;
    node->left = left;
    node->right = row->op == OP_DOT ? (word_ahead(p).n ? parse_word(p) : fail(p)) : parse(p, row->power);
    return p->failed ? NULL : node;
}

static const PathNode *parse(Parser *p, int power)
{
    if (++p->depth > DEPTH_MOST)
        return fail(p);
    const PathNode *left = parse_term(p);
    while (!p->failed) {
        const OpRow *row = op_ahead(p);
        if (!row || row->power <= power)
            break;
        left = parse_operation(p, row, left);
    }
    p->depth--;
    return p->failed ? NULL : left;
}

const PathNode *fhirpath_parse(Arena *a, Str text)
{
    Parser p = { .a = a, .rest = text };
    const PathNode *node = parse(&p, 0);
    skip_space(&p);
    return p.failed || p.rest.n ? NULL : node;
}
