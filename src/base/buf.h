/* Buf: growing output in an arena, with a ceiling. Past the ceiling it stops growing and buf_overflowed()
 * says so: whoever sends the result asks once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"

typedef struct Buf {
    Arena *arena;
    char *p;
    size_t n, room, ceiling;
    bool overflowed;
} Buf;

static inline Buf buf_make(Arena *a, size_t ceiling_bytes)
{
    return (Buf){ .arena = a, .ceiling = ceiling_bytes };
}

static inline bool buf_overflowed(const Buf *b)
{
    return b->overflowed;
}

/* What was written so far; borrowed until the next write. Never absent. */
static inline Str buf_str(const Buf *b)
{
    return (Str){ b->p ? b->p : "", b->n };
}

void buf_bytes(Buf *b, const char *p, size_t n);
void buf_add(Buf *b, Str s);
void buf_char(Buf *b, char c);
void buf_int(Buf *b, int64_t n);
void buf_fmt(Buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* s as a JSON string with its quotes. s must be UTF-8. */
void buf_json_string(Buf *b, Str s);

#endif
