#include "server/rate.h"

#include "base/time.h"

/* FNV-1a with a random start. */
static uint64_t hash_of(const RateTable *table, Str what)
{
    uint64_t hash = 0xcbf29ce484222325u ^ table->key;
    for (size_t i = 0; i < what.n; i++)
        hash = (hash ^ (unsigned char)what.p[i]) * 0x100000001b3u;
    return hash | 1; /* 0 is an empty slot */
}

/* The slot of the hash, or the oldest one in its reach. */
static size_t slot_of(const RateTable *table, uint64_t hash)
{
    size_t oldest = hash % RATE_SLOTS;
    for (size_t i = 0; i < RATE_PROBES; i++) {
        size_t at = (hash + i) % RATE_SLOTS;
        if (table->slots[at].hash == hash)
            return at;
        if (table->slots[at].from_us < table->slots[oldest].from_us)
            oldest = at;
    }
    return oldest;
}

bool rate_take(RateTable *table, Str what, RateRule rule, int64_t now_us, int *ret_wait_s)
{
    uint64_t hash = hash_of(table, what);
    size_t at = slot_of(table, hash);
    if (table->slots[at].hash != hash || now_us - table->slots[at].from_us >= rule.window_us) {
        table->slots[at].hash = hash;
        table->slots[at].from_us = now_us;
        table->slots[at].count = 0;
    }
    if (table->slots[at].count < rule.limit) {
        table->slots[at].count++;
        return true;
    }
    *ret_wait_s = (int)((table->slots[at].from_us + rule.window_us - now_us) / US_PER_S) + 1;
    return false;
}

void rate_forget(RateTable *table, Str what)
{
    uint64_t hash = hash_of(table, what);
    size_t at = slot_of(table, hash);
    if (table->slots[at].hash == hash)
        table->slots[at].count = 0;
}
