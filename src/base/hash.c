#include "base/hash.h"

#include <sodium.h>

Str content_hash(Arena *a, Str bytes)
{
    unsigned char hash[32];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes.p, bytes.n, NULL, 0);
    char hex[2 * sizeof hash + 1];
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return arena_str(a, (Str){ hex, 16 });
}
