/* Err: how a call failed. One table gives each error its HTTP status and its FHIR issue code, so that the
 * same word means the same thing in C, on the wire and on the screen. The details (where, and a sentence for
 * a person) go into the context's problem list: see base/ctx.h. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* clang-format off */
/*    name             http  FHIR issue code  what it means */
#define ERR_TABLE(X)                                                                                         \
    X(OK,              200, "informational", "it worked")                                                    \
    X(ERR_SYNTAX,      400, "structure",     "the request cannot be read")                                   \
    X(ERR_SIGN_IN,     401, "login",         "nobody is signed in")                                          \
    X(ERR_FORBIDDEN,   403, "forbidden",     "this role may not do that")                                    \
    X(ERR_NOT_FOUND,   404, "not-found",     "there is no such thing")                                       \
    X(ERR_METHOD,      405, "not-supported", "the method does not go with this address")                     \
    X(ERR_ACCEPT,      406, "not-supported", "the answer cannot be had in that format")                      \
    X(ERR_CONFLICT,    409, "conflict",      "it clashes with what is recorded")                             \
    X(ERR_GONE,        410, "deleted",       "it was deleted")                                               \
    X(ERR_STALE,       412, "conflict",      "the record has moved on since it was read")                    \
    X(ERR_TOO_LARGE,   413, "too-long",      "the request is larger than the limit")                         \
    X(ERR_MEDIA,       415, "not-supported", "the request's format is not supported")                        \
    X(ERR_RULE,        422, "business-rule", "a rule forbids it")                                            \
    X(ERR_INVALID,     422, "invalid",       "the content breaks its definition")                            \
    X(ERR_TOO_MANY,    429, "throttled",     "too many requests")                                            \
    X(ERR_INTERNAL,    500, "exception",     "the program failed")                                           \
    X(ERR_UNAVAILABLE, 503, "transient",     "not now: try again")                                           \
    X(ERR_DISK_FULL,   507, "no-store",      "there is no room to store it")

typedef enum Err {
#define X(name, http, issue, meaning) name,
    ERR_TABLE(X)
#undef X
    ERR_MAX
} Err;
/* clang-format on */

int err_http_status(Err e);
const char *err_issue_code(Err e);
const char *err_meaning(Err e);

#define MUST_USE __attribute__((warn_unused_result))

/* Returns the error of a call that failed, at once. Arenas and cleanup attributes make that always safe. */
#define TRY(expr)                                                                                            \
    do {                                                                                                     \
        Err try_err_ = (expr);                                                                               \
        if (try_err_ != OK)                                                                                  \
            return try_err_;                                                                                 \
    } while (0)

#endif
