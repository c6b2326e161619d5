/* Arena: memory with one lifetime. A request's arena is reset after the answer, a job's after the job;
 * nothing in it is freed alone. Every allocation is zeroed and never NULL: when malloc fails the process ends
 * cleanly, and an arena over its ceiling makes arena_exhausted() true, which the server turns into a 503 (the
 * memory is still given, so no caller needs a check). */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

typedef struct Arena Arena;

Arena *arena_create(size_t ceiling_bytes);
/* One that lives as long as the program, for what is read once: policy, models, instruments. */
Arena *arena_forever(void);
/* Runs what arena_defer() asked for, newest first, and forgets all allocations. */
void arena_reset(Arena *a);
/* NULL is allowed. Returns NULL, so that p = arena_destroy(p) leaves nothing behind. */
Arena *arena_destroy(Arena *a);
bool arena_exhausted(const Arena *a);
size_t arena_used_bytes(const Arena *a);

void *arena_alloc(Arena *a, size_t size, size_t count);
#define arena_new(a, T, n) ((T *)arena_alloc((a), sizeof(T), (n)))

/* Calls release(thing) when the arena is reset or destroyed: for library objects that have a destructor. */
void arena_defer(Arena *a, void (*release)(void *), void *thing);

Str arena_str(Arena *a, Str s);
/* A NUL-terminated copy, for libraries that want one. */
const char *arena_cstr(Arena *a, Str s);
Str arena_fmt(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For AUTO(arena_done) Arena *a = arena_create(...). */
void arena_done(Arena **a);
#define AUTO(destructor) __attribute__((cleanup(destructor)))

/* A growing list in an arena: LIST(Finding) findings = {0}; *list_add(a, &findings) = finding; */
#define LIST(T)                                                                                              \
    struct {                                                                                                 \
        T *at;                                                                                               \
        size_t n, room;                                                                                      \
    }
void *arena_grow(Arena *a, void *at, size_t size, size_t n, size_t *room);
#define list_add(a, list)                                                                                    \
    ((list)->at = arena_grow((a), (list)->at, sizeof *(list)->at, (list)->n, &(list)->room),                 \
     &(list)->at[(list)->n++])

#endif
