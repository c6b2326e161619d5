/* Ctx: everything that one request, job or command may touch. It is passed first and there are no globals, so
 * a test decides the clock, the randomness, the user and the database. */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/random.h"

struct Db;
struct Tx;
struct Ctx;

typedef enum Role {
    ROLE_NONE,
    ROLE_PHYSICIAN,
    ROLE_NURSE,
    ROLE_ADMIN,
    ROLE_RESEARCHER,
    ROLE_SYSTEM,
    ROLE_PATIENT_LINK,
    ROLE_MAX
} Role;

/* Who acts. person_id is the id of the person's Practitioner: two accounts of one person are one person
 * (safety.md, invariant 5). */
typedef struct User {
    Str account; /* sign-in name; absent where nobody is signed in */
    Str person_id;
    Str display; /* "Dr Priya Raman" */
    Role role;
} User;

/* One thing that is wrong, for a person: where (a FHIRPath such as Patient.birthDate; may be absent), what.
 */
typedef struct Problem {
    Err err;
    Str path, text;
} Problem;

typedef struct Problems {
    Problem *at;
    size_t n, room;
} Problems;

/* What the user may see of the record, which asks it for each type that a request touches. */
typedef struct Rights {
    bool (*may_read)(const struct Ctx *c, Str type);
    bool own_patients_only; /* fhir/relation.h */
} Rights;

typedef struct Ctx {
    Arena *arena;
    struct Db *db;
    struct Tx *tx; /* the transaction under way, or NULL: db/db.h keeps it */
    User user;
    const Rights *rights; /* NULL: everything; the program itself works so */
    int64_t now_us;       /* one instant for the whole request */
    Random *random;
    Problems problems;
    Str request_id;
} Ctx;

/* Notes a problem and returns err, so that a refusal is one line:
 *     return problem(c, ERR_RULE, S("Patient.deceased[x]"), "died %.*s", STR_ARG(when)); */
Err problem(Ctx *c, Err err, Str path, const char *format, ...) __attribute__((format(printf, 4, 5)));
static inline bool may_read(const Ctx *c, Str type)
{
    return !c->rights || c->rights->may_read(c, type);
}
/* "physician": the word on the command line and in the record. */
Str role_name(Role role);
/* ROLE_NONE for another word. */
Role role_from_name(Str name);

#endif
