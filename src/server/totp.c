#include "server/totp.h"

#include "base/time.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <sodium.h>
#include <string.h>

enum { STEP_S = 30, DRIFT_STEPS = 1, CODES = 1000000, HASH_BYTES = 20, BASE32_BITS = 5 };
static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

Str totp_secret(Arena *a, Random *random)
{
    enum { CHARACTERS = TOTP_SECRET_BYTES * 8 / BASE32_BITS };
    unsigned char bytes[CHARACTERS];
    char *text = arena_alloc(a, 1, CHARACTERS + 1);
    random_bytes(random, bytes, sizeof bytes);
    for (int i = 0; i < CHARACTERS; i++)
        text[i] = base32[bytes[i] % (sizeof base32 - 1)];
    return (Str){ text, CHARACTERS };
}

Str totp_address(Arena *a, Str secret, Str account)
{
    return arena_fmt(a, "otpauth://totp/Euthymia:%.*s?secret=%.*s&issuer=Euthymia", STR_ARG(account),
                     STR_ARG(secret));
}

/* Only what totp_secret() made comes here. */
static size_t unbase32(Str text, unsigned char *ret_bytes)
{
    unsigned bits = 0, held = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < TOTP_SECRET_BYTES; i++) {
        const char *at = memchr(base32, text.p[i], sizeof base32 - 1);
        assert(at);
        held = held << BASE32_BITS | (unsigned)(at - base32);
        bits += BASE32_BITS;
        if (bits >= 8) {
            bits -= 8;
            ret_bytes[n++] = (unsigned char)(held >> bits);
        }
    }
    return n;
}

Str totp_code(Arena *a, Str secret, int64_t step)
{
    unsigned char key[TOTP_SECRET_BYTES], counter[8], hash[HASH_BYTES];
    size_t n = unbase32(secret, key);
    for (int i = 0; i < 8; i++)
        counter[i] = (unsigned char)(step >> (8 * (7 - i)));
    int failed = gnutls_hmac_fast(GNUTLS_MAC_SHA1, key, n, counter, sizeof counter, hash);
    assert(failed == 0);
    const unsigned char *at = hash + (hash[HASH_BYTES - 1] & 0xf);
    unsigned number = (unsigned)(at[0] & 0x7f) << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
    return arena_fmt(a, "%06u", number % CODES);
}

bool totp_is_right(Arena *a, Str secret, Str code, int64_t now_us, int64_t last_step, int64_t *ret_step)
{
    int64_t now = now_us / US_PER_S / STEP_S;
    bool right = false;
    for (int64_t step = now - DRIFT_STEPS; step <= now + DRIFT_STEPS; step++) {
        Str wanted = totp_code(a, secret, step);
        bool same = code.n == wanted.n && sodium_memcmp(code.p, wanted.p, wanted.n) == 0;
        if (same && step > last_step && !right) {
            *ret_step = step;
            right = true;
        }
    }
    return right;
}
