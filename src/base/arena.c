#include "base/arena.h"

#include <assert.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Block {
    struct Block *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
} Block;

typedef struct Deferred {
    struct Deferred *next;
    void (*release)(void *);
    void *thing;
} Deferred;

struct Arena {
    Block *blocks;
    Deferred *deferred;
    size_t used_bytes, ceiling_bytes;
    Arena *next_forever;
};

static const size_t BLOCK_BYTES = 64 * 1024;
/* The library keeps what is freed below something that lives: past this size it is told to give it back. */
static const size_t LARGE_BYTES = 32 * 1024 * 1024;

static void *must_malloc(size_t size)
{
    void *p = malloc(size);
    if (!p) {
        static const char last_words[] = "euthymia: out of memory\n";
        (void)fwrite(last_words, 1, sizeof last_words - 1, stderr);
        exit(EXIT_FAILURE);
    }
    return p;
}

Arena *arena_create(size_t ceiling_bytes)
{
    Arena *a = must_malloc(sizeof *a);
    *a = (Arena){ .ceiling_bytes = ceiling_bytes };
    return a;
}

/* The list is never walked: it shows a leak checker that these are meant to stay. */
static Arena *_Atomic forever;

Arena *arena_forever(void)
{
    Arena *a = arena_create(SIZE_MAX);
    a->next_forever = forever;
    while (!atomic_compare_exchange_weak(&forever, &a->next_forever, a))
        continue;
    return a;
}

static void run_deferred(Arena *a)
{
    while (a->deferred) {
        Deferred *d = a->deferred;
        a->deferred = d->next;
        d->release(d->thing);
    }
}

static void free_blocks(Block *block)
{
    while (block) {
        Block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_reset(Arena *a)
{
    run_deferred(a);
    /* One block of the usual size is kept, so that a steady server does not call malloc for each request. */
    Block *keep = a->blocks;
    if (keep && keep->size == BLOCK_BYTES) {
        free_blocks(keep->next);
        keep->next = NULL;
        keep->used = 0;
    } else {
        free_blocks(keep);
        a->blocks = NULL;
    }
    a->used_bytes = 0;
}

Arena *arena_destroy(Arena *a)
{
    if (a) {
        run_deferred(a);
        free_blocks(a->blocks);
        if (a->used_bytes > LARGE_BYTES)
            (void)malloc_trim(0);
        free(a);
    }
    return NULL;
}

void arena_done(Arena **a)
{
    *a = arena_destroy(*a);
}

bool arena_exhausted(const Arena *a)
{
    return a->used_bytes > a->ceiling_bytes;
}

size_t arena_used_bytes(const Arena *a)
{
    return a->used_bytes;
}

static Block *add_block(Arena *a, size_t need)
{
    size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
    Block *block = must_malloc(sizeof *block + size);
    *block = (Block){ .next = a->blocks, .size = size };
    a->blocks = block;
    return block;
}

void *arena_alloc(Arena *a, size_t size, size_t count)
{
    size_t need;
    if (__builtin_mul_overflow(size, count, &need) || need > SIZE_MAX / 2)
        abort();
    const size_t align = _Alignof(max_align_t);
    need = (need + align - 1) & ~(align - 1);
    Block *block = a->blocks;
    if (!block || block->size - block->used < need)
        block = add_block(a, need);
    void *p = block->bytes + block->used;
    block->used += need;
    a->used_bytes += need;
    return memset(p, 0, need);
}

void arena_defer(Arena *a, void (*release)(void *), void *thing)
{
    assert(release);
    Deferred *d = arena_new(a, Deferred, 1);
    *d = (Deferred){ .next = a->deferred, .release = release, .thing = thing };
    a->deferred = d;
}

const char *arena_cstr(Arena *a, Str s)
{
    char *p = arena_alloc(a, 1, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return p;
}

Str arena_str(Arena *a, Str s)
{
    return s.p ? (Str){ arena_cstr(a, s), s.n } : s;
}

Str arena_fmt(Arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);
    char *p = arena_alloc(a, 1, (size_t)n + 1);
    va_start(args, format);
    (void)vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return (Str){ p, (size_t)n };
}

void *arena_grow(Arena *a, void *at, size_t size, size_t n, size_t *room)
{
    if (n < *room)
        return at;
    size_t bigger = *room ? *room * 2 : 8;
    void *p = arena_alloc(a, size, bigger);
    if (n)
        memcpy(p, at, size * n);
    *room = bigger;
    return p;
}
