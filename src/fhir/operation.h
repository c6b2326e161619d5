/* A verb's door: each operation is a row of a table, which dispatches it, documents it (OperationDefinition,
 * CapabilityStatement) and guards it (roles). In goes a Parameters resource, out comes one, so any FHIR
 * client can use it; the web page is just such a client.
 *
 *     const Operation evaluate_operations[] = {
 *         { "Patient", "evaluate", OP_READ, ROLES_CLINICAL, evaluate_show, "Judges who may be treated" },
 *         { 0 } };
 */
#ifndef FHIR_OPERATION_H
#define FHIR_OPERATION_H

#include "base/ctx.h"
#include "base/decimal.h"
#include "base/json.h"

/* ---- in ---- */
typedef struct OpCall {
    Str type, id;     /* "Patient", its id; id absent for an operation on the system or a type */
    Json *parameters; /* the Parameters resource, also of a GET's query; NULL where none was sent */
} OpCall;

/* Each answers absent (or false) where the parameter is missing or of another kind. A parameter of a GET has
 * no kind (it arrives as valueString), so a text that is wholly such a value is read too. For the parts of a
 * group, read with an OpCall whose parameters is the group. */

/* The parameter or part object itself, the first of its name. */
Json *op_parameter(const OpCall *in, const char *name);
/* valueString, valueCode, valueUri, valueId, valueCanonical */
Str op_string(const OpCall *in, const char *name);
/* Exact: from the number's text. */
bool op_decimal(const OpCall *in, const char *name, Decimal *ret_value);
bool op_int(const OpCall *in, const char *name, int64_t *ret_value);
bool op_true(const OpCall *in, const char *name);
/* valueDateTime, valueInstant, valueDate: the start of the time that it covers. */
bool op_time(const OpCall *in, const char *name, int64_t *ret_us);

/* ---- out ---- */
typedef struct Params {
    Buf buf;
    int depth;
    bool first[16];
} Params;

Params params_make(Arena *a);
/* What is not there writes nothing: an absent or empty text, TIME_NONE, a number that is not finite. */
void params_string(Params *p, const char *name, Str value);
void params_code(Params *p, const char *name, Str value);
void params_int(Params *p, const char *name, int64_t value);
void params_decimal(Params *p, const char *name, Decimal value);
void params_number(Params *p, const char *name, double value, int significant);
void params_bool(Params *p, const char *name, bool value);
void params_instant(Params *p, const char *name, int64_t at_us);
void params_resource(Params *p, const char *name, Str json);
/* A group: { "name": name, "part": [ ... ] }. */
void params_open(Params *p, const char *name);
void params_close(Params *p);
/* The whole Parameters resource. */
Str params_text(Params *p);

/* ---- the row ---- */
typedef Err OperationFn(Ctx *c, const OpCall *in, Params *out);

/* OP_READ answers GET and POST; OP_WRITE POST only. */
typedef enum OperationKind { OP_READ = 1, OP_WRITE } OperationKind;

#define ROLE_BIT(role)      (1u << (role))
#define ROLES_CLINICAL      (ROLE_BIT(ROLE_PHYSICIAN) | ROLE_BIT(ROLE_NURSE))
#define ROLES_PHYSICIAN     ROLE_BIT(ROLE_PHYSICIAN)
#define ROLES_CLINICAL_READ (ROLES_CLINICAL | ROLE_BIT(ROLE_SYSTEM))
/* Numbers in which no patient can be told from another. */
#define ROLES_COUNTS (ROLES_CLINICAL_READ | ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_RESEARCHER))

typedef struct Operation {
    const char *type; /* "Patient", "Encounter"; NULL: on the system */
    const char *name; /* without the $ */
    OperationKind kind;
    unsigned roles;
    OperationFn *run;
    const char *title;
} Operation;

#endif
