/* Content hashes: what names the rules, policy and models that a decision used, so that it can be shown again
 * years later. Not for passwords. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/arena.h"

/* The first 16 hexadecimal digits of BLAKE2b-256 of the bytes. */
Str content_hash(Arena *a, Str bytes);

#endif
