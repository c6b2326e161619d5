/* Room on the disk that is set aside at the start, for what must be kept while the disk is full: lines of
 * text, added one after the other and taken out together. One thread uses it. */
#ifndef SERVER_RESERVE_H
#define SERVER_RESERVE_H

#include "base/ctx.h"

typedef struct Reserve Reserve;

/* Opens the file, or makes it, with size bytes of it written; lives in the arena. What an earlier process
 * left in it is still there. ERR_CONFLICT where another process has it open. */
MUST_USE Err reserve_open(Ctx *c, Arena *a, Str file, size_t size, Reserve **ret_reserve);
/* NULL is allowed; returns NULL. */
Reserve *reserve_close(Reserve *r);
bool reserve_is_empty(const Reserve *r);
/* Text without a newline. True where it fits; it is on the disk after reserve_sync(). */
bool reserve_add(Reserve *r, Str line);
bool reserve_sync(Reserve *r);
/* All lines, each ended by a newline; in the arena. */
MUST_USE Err reserve_text(Ctx *c, Reserve *r, Str *ret_text);
/* Empties it, on the disk too. */
bool reserve_clear(Reserve *r);

#endif
