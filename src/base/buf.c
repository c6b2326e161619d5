#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

static bool make_room(Buf *b, size_t n)
{
    if (b->overflowed || n > b->ceiling - b->n) {
        b->overflowed = true;
        return false;
    }
    if (b->room - b->n >= n)
        return true;
    size_t room = b->room ? b->room * 2 : 256;
    while (room < b->n + n)
        room *= 2;
    char *p = arena_alloc(b->arena, 1, room);
    if (b->n)
        memcpy(p, b->p, b->n);
    b->p = p;
    b->room = room;
    return true;
}

void buf_bytes(Buf *b, const char *p, size_t n)
{
    if (n == 0 || !make_room(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void buf_add(Buf *b, Str s)
{
    buf_bytes(b, s.p, s.n);
}

void buf_char(Buf *b, char c)
{
    buf_bytes(b, &c, 1);
}

void buf_int(Buf *b, int64_t n)
{
    char text[20]; /* of INT64_MIN */
    size_t at = sizeof text;
    uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do
        text[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        text[--at] = '-';
    buf_bytes(b, text + at, sizeof text - at);
}

void buf_fmt(Buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n <= 0 || !make_room(b, (size_t)n + 1))
        return;
    va_start(args, format);
    (void)vsnprintf(b->p + b->n, (size_t)n + 1, format, args);
    va_end(args);
    b->n += (size_t)n;
}

static const char *short_escape(char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

void buf_json_string(Buf *b, Str s)
{
    buf_char(b, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *escape = short_escape(s.p[i]);
        if (!escape && (unsigned char)s.p[i] >= 0x20)
            continue;
        buf_bytes(b, s.p + from, i - from);
        if (escape)
            buf_bytes(b, escape, strlen(escape));
        else
            buf_fmt(b, "\\u%04x", (unsigned)s.p[i]);
        from = i + 1;
    }
    buf_bytes(b, s.p + from, s.n - from);
    buf_char(b, '"');
}
