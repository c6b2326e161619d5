/* Sessions (a browser's cookie) and bearer tokens (a machine's). The secret is 256 random bits and is nowhere
 * stored, only its BLAKE2b hash. */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include "base/ctx.h"
#include "base/time.h"

#define SESSION_LIFE_US INT64_C(12) * US_PER_H /* from sign-in, whatever happens */
/* Without a request. An open stream of events counts as use, so that the screen at a chair stays live. The
 * page locks its session where nobody touches it. */
#define SESSION_IDLE_US INT64_C(15) * US_PER_MIN

typedef enum SessionKind { SESSION_COOKIE, SESSION_BEARER } SessionKind;

typedef struct Session {
    Str hash;
    User user;
    int64_t last_seen_us, expires_us;
    bool is_locked; /* opens with the password again; until then it may do nothing else */
} Session;

/* Stores a session and gives its secret, the only time that it is seen. Makes its own transaction. */
MUST_USE Err session_open(Ctx *c, SessionKind kind, Str account, int64_t expires_us, Str *ret_secret);
/* ERR_SIGN_IN where there is no such session, or it has ended, or its account is disabled. */
MUST_USE Err session_find(Ctx *c, SessionKind kind, Str secret, Session *ret_session);
/* The same by its hash: for a stream that goes on. A locked one is over for it. */
MUST_USE Err session_still(Ctx *c, Str hash);
/* Notes that it was used, at most once a minute. */
MUST_USE Err session_touch(Ctx *c, Str hash, int64_t last_seen_us);
MUST_USE Err session_close(Ctx *c, Str hash);
MUST_USE Err session_lock(Ctx *c, Str hash);
MUST_USE Err session_unlock(Ctx *c, Str hash);
/* BLAKE2b-256 in hexadecimal digits. */
Str secret_hash(Arena *a, Str secret);

#endif
