#include "server/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The lines stand at the file's start; the rest is zeros. */
struct Reserve {
    int fd;
    size_t size, used;
};

static bool write_at(int fd, const char *bytes, size_t n, size_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, bytes, n, (off_t)at);
        if (done <= 0)
            return false;
        bytes += done, at += (size_t)done, n -= (size_t)done;
    }
    return true;
}

static bool read_at(int fd, char *bytes, size_t n, size_t at)
{
    while (n > 0) {
        ssize_t done = pread(fd, bytes, n, (off_t)at);
        if (done <= 0)
            return false;
        bytes += done, at += (size_t)done, n -= (size_t)done;
    }
    return true;
}

static const char zeros[64 * 1024];

static bool write_zeros(int fd, size_t from, size_t to)
{
    for (size_t at = from; at < to; at += sizeof zeros)
        if (!write_at(fd, zeros, to - at < sizeof zeros ? to - at : sizeof zeros, at))
            return false;
    return true;
}

/* Zeros that are written, and not only promised by the file system, are room that it cannot take back. */
static bool make_room(Reserve *r)
{
    struct stat now;
    if (fstat(r->fd, &now) != 0)
        return false;
    size_t there = (size_t)now.st_size;
    return there >= r->size || (write_zeros(r->fd, there, r->size) && fsync(r->fd) == 0);
}

static bool find_used(Reserve *r)
{
    char part[4096];
    for (r->used = 0; r->used < r->size; r->used += sizeof part) {
        if (!read_at(r->fd, part, sizeof part, r->used))
            return false;
        const char *end = memchr(part, 0, sizeof part);
        if (end) {
            r->used += (size_t)(end - part);
            return true;
        }
    }
    return true;
}

Err reserve_open(Ctx *c, Arena *a, Str file, size_t size, Reserve **ret_reserve)
{
    Reserve *r = arena_new(a, Reserve, 1);
    r->size = size;
    r->fd = open(arena_cstr(a, file), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (r->fd >= 0 && flock(r->fd, LOCK_EX | LOCK_NB) != 0) {
        (void)reserve_close(r);
        return ERR_CONFLICT;
    }
    if (r->fd < 0 || !make_room(r) || !find_used(r)) {
        int why = errno;
        (void)reserve_close(r);
        return problem(c, ERR_UNAVAILABLE, file, "the audit's reserve cannot be set aside: %s",
                       strerror(why));
    }
    *ret_reserve = r;
    return OK;
}

Reserve *reserve_close(Reserve *r)
{
    if (r && r->fd >= 0)
        close(r->fd);
    return NULL;
}

bool reserve_is_empty(const Reserve *r)
{
    return r->used == 0;
}

bool reserve_add(Reserve *r, Str line)
{
    if (r->used + line.n + 2 > r->size || !write_at(r->fd, line.p, line.n, r->used) ||
        !write_at(r->fd, "\n", 1, r->used + line.n))
        return false;
    r->used += line.n + 1;
    return true;
}

bool reserve_sync(Reserve *r)
{
    return fdatasync(r->fd) == 0;
}

Err reserve_text(Ctx *c, Reserve *r, Str *ret_text)
{
    char *text = arena_alloc(c->arena, 1, r->used + 1);
    if (!read_at(r->fd, text, r->used, 0))
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "the audit's reserve cannot be read");
    *ret_text = (Str){ text, r->used };
    return OK;
}

/* The first byte last: until it is gone all lines are still there. */
bool reserve_clear(Reserve *r)
{
    if (!write_zeros(r->fd, r->used > 0, r->used) || !reserve_sync(r) || !write_at(r->fd, zeros, 1, 0) ||
        !reserve_sync(r))
        return false;
    r->used = 0;
    return true;
}
