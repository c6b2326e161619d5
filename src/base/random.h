/* Randomness as a value that is passed in: the real one from libsodium, a seeded one for tests and the demo.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/arena.h"

typedef struct Random Random;
struct Random {
    bool seeded; /* false: the system's; state is not used */
    uint64_t state;
};

Random random_system(void);
/* The same seed gives the same bytes, on every machine (SplitMix64). Never for anything secret. */
Random random_seeded(uint64_t seed);
void random_bytes(Random *r, void *p, size_t n);
uint64_t random_u64(Random *r);
/* Uniform in [0, 1). */
double random_unit(Random *r);

/* A UUIDv7 as 36 lower-case characters: its first 48 bits are now_us in milliseconds, so ids sort by time. */
Str uuid_v7(Arena *a, Random *r, int64_t now_us);
/* True for 36 characters in the 8-4-4-4-12 form, either case. */
bool uuid_is(Str s);
/* n random bytes in base64url without padding: tokens and link secrets. */
Str random_token(Arena *a, Random *r, size_t n);

#endif
