#include "base/random.h"

#include <sodium.h>

Random random_system(void)
{
    return (Random){ .seeded = false };
}

Random random_seeded(uint64_t seed)
{
    return (Random){ .seeded = true, .state = seed };
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The system's bytes, asked for many at once: each request takes some, and a call of the kernel is dear. A
 * byte is given out once and then wiped. */
typedef struct Pool {
    unsigned char bytes[512];
    size_t left;
} Pool;
static _Thread_local Pool pool;

static void system_bytes(unsigned char *out, size_t n)
{
    if (n > sizeof pool.bytes / 4) {
        randombytes_buf(out, n);
        return;
    }
    if (pool.left < n) {
        randombytes_buf(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
    }
    pool.left -= n;
    memcpy(out, pool.bytes + pool.left, n);
    memset(pool.bytes + pool.left, 0, n);
}

void random_bytes(Random *r, void *p, size_t n)
{
    if (!r->seeded) {
        system_bytes(p, n);
        return;
    }
    unsigned char *out = p;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t word = splitmix64(&r->state);
        memcpy(out + i, &word, n - i < 8 ? n - i : 8);
    }
}

uint64_t random_u64(Random *r)
{
    uint64_t word;
    random_bytes(r, &word, sizeof word);
    return word;
}

double random_unit(Random *r)
{
    return (double)(random_u64(r) >> 11) * 0x1p-53;
}

Str uuid_v7(Arena *a, Random *r, int64_t now_us)
{
    unsigned char b[16];
    random_bytes(r, b, sizeof b);
    uint64_t ms = (uint64_t)(now_us / 1000);
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    enum { UUID_CHARS = 36 };
    static const char digits[] = "0123456789abcdef";
    char *text = arena_new(a, char, UUID_CHARS + 1);
    size_t at = 0;
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = digits[b[i] >> 4];
        text[at++] = digits[b[i] & 0xf];
    }
    return (Str){ text, UUID_CHARS };
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool uuid_is(Str s)
{
    if (s.n != 36)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !is_hex(s.p[i]))
            return false;
    }
    return true;
}

Str random_token(Arena *a, Random *r, size_t n)
{
    unsigned char *raw = arena_alloc(a, 1, n);
    random_bytes(r, raw, n);
    size_t room = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(a, 1, room);
    sodium_bin2base64(text, room, raw, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_from(text);
}
