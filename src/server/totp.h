/* Time-based one-time codes (RFC 6238: HMAC-SHA-1, 30 s, six digits), as any authenticator makes them. */
#ifndef SERVER_TOTP_H
#define SERVER_TOTP_H

#include "base/ctx.h"

enum { TOTP_SECRET_BYTES = 20, TOTP_DIGITS = 6 };

/* A new secret, in base32: 32 characters. */
Str totp_secret(Arena *a, Random *random);
/* What an authenticator reads from a QR code. */
Str totp_address(Arena *a, Str secret, Str account);
/* The code of a step, which is the time in 30 s since 1970. */
Str totp_code(Arena *a, Str secret, int64_t step);
/* True for the code of now, of the step before or the one after, none of them at or before last_step: a code
 * is good once. */
bool totp_is_right(Arena *a, Str secret, Str code, int64_t now_us, int64_t last_step, int64_t *ret_step);

#endif
