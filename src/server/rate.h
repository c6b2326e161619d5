/* How often something may be tried: counters of a fixed number in fixed windows, so that an attacker can fill
 * no memory. Pure but for its own table; the caller locks. */
#ifndef SERVER_RATE_H
#define SERVER_RATE_H

#include "base/str.h"

typedef struct RateRule {
    int limit;         /* tries in a window */
    int64_t window_us; /* from the first try */
} RateRule;

enum { RATE_SLOTS = 4096, RATE_PROBES = 16 };

typedef struct RateTable {
    uint64_t key; /* of the hash: random at start, so that nobody can aim at a slot */
    struct {
        uint64_t hash;
        int64_t from_us;
        int count;
    } slots[RATE_SLOTS];
} RateTable;

/* Counts one try of what. False where the rule's limit is used up; ret_wait_s is then the seconds until it is
 * not. */
bool rate_take(RateTable *table, Str what, RateRule rule, int64_t now_us, int *ret_wait_s);
/* Forgets the tries of what: after a success. */
void rate_forget(RateTable *table, Str what);

#endif
