#include "base/log.h"

#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>

static LogLevel threshold = LOG_INFO;

void log_threshold(LogLevel level)
{
    threshold = level;
}

void log_line(LogLevel level, const char *format, ...)
{
    static const char *const names[] = { "info", "warn", "error" };
    if (level < threshold)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* A line break would let logged text forge a line of its own. */
    for (int i = 0; i < n && i < (int)sizeof text; i++)
        if ((unsigned char)text[i] < 0x20 && text[i])
            text[i] = ' ';
    AUTO(arena_done) Arena *a = arena_create(4096);
    Str at = time_instant(a, clock_now_us());
    fprintf(stderr, "%.*s %s %s\n", STR_ARG(at), names[level], text);
}
