#include "follow/html.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>

enum { PAGE_BYTES_MAX = 256 * 1024 };

#define ICON(drawing)                                                                                        \
    "<svg class=\"i\" viewBox=\"0 0 20 20\" aria-hidden=\"true\" focusable=\"false\">" drawing "</svg>"

static const struct {
    const char *name, *markup;
} icons[] = {
    { "right", ICON("<path d=\"m8 5 5 5-5 5\"/>") },
    { "left", ICON("<path d=\"m12 5-5 5 5 5\"/>") },
    { "close", ICON("<path d=\"m5 5 10 10M15 5 5 15\"/>") },
    { "clock", ICON("<circle cx=\"10\" cy=\"10\" r=\"7\"/><path d=\"M10 6v4.2l2.8 1.8\"/>") },
    { "undo", ICON("<path d=\"M7 4.5 3.5 8 7 11.5M3.5 8H12a4.3 4.3 0 0 1 0 8.5H8\"/>") },
    { "people",
      ICON("<circle cx=\"7.5\" cy=\"7\" r=\"3\"/><path d=\"M2 16.5c.5-3 2.6-4.5 5.5-4.5s5 1.5 5.5 4.5"
           "M13 4.4a3 3 0 0 1 0 5.3M15 12.4c1.7.6 2.7 2 3 4.1\"/>") },
    { "person",
      ICON("<circle cx=\"10\" cy=\"6.8\" r=\"3.3\"/><path d=\"M3.8 17c.6-3.4 3-5 6.2-5s5.6 1.6 6.2 5\"/>") },
    { "phone",
      ICON("<path d=\"M5 3.5h2.6l1.2 3.6-1.7 1.3a9.5 9.5 0 0 0 4.5 4.5l1.3-1.7 3.6 1.2V15a1.8 1.8 0 0 1-2 1.7"
           "A12.6 12.6 0 0 1 3.3 5.5 1.8 1.8 0 0 1 5 3.5z\"/>") },
    { "bell", ICON("<path d=\"M10 3a4.6 4.6 0 0 0-4.6 4.6c0 4.2-1.6 5.4-1.6 5.4h12.4s-1.6-1.2-1.6-5.4A4.6 "
                   "4.6 0 0 0 10 3z"
                   "M8.4 16a1.7 1.7 0 0 0 3.2 0\"/>") },
    { "heart", ICON("<path d=\"M10 16.5S3.5 12.7 3.5 8.2A3.5 3.5 0 0 1 10 6.5a3.5 3.5 0 0 1 6.5 1.7c0 "
                    "4.5-6.5 8.3-6.5 8.3z\"/>") },
    { "shield", ICON("<path d=\"M10 3 4.5 5v4.5c0 3.6 2.3 6 5.5 7.5 3.2-1.5 5.5-3.9 5.5-7.5V5z\"/>") },
    { "mark",
      "<svg viewBox=\"0 0 28 28\" aria-hidden=\"true\" focusable=\"false\"><g fill=\"none\" "
      "stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\" stroke-linejoin=\"round\">"
      "<circle cx=\"14\" cy=\"14\" r=\"12.5\"/><path d=\"M4.5 14c1.7-7.5 3.8-7.5 5.3 0 1.2 5.6 2.6 5.6 3.8 0 "
      ".8-3 1.7-3 2.5 0 .5 1.5 1.1 1.5 1.7 0H23.5\"/></g></svg>" },
};

Str html_icon(const char *name)
{
    for (size_t i = 0; i < sizeof icons / sizeof *icons; i++)
        if (strcmp(icons[i].name, name) == 0)
            return str_from(icons[i].markup);
    assert(false && "an icon of that name");
    return STR_NONE;
}

static void add_escaped(Buf *b, Str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<':
            buf_add(b, S("&lt;"));
            break;
        case '>':
            buf_add(b, S("&gt;"));
            break;
        case '&':
            buf_add(b, S("&amp;"));
            break;
        case '"':
            buf_add(b, S("&quot;"));
            break;
        case '\'':
            buf_add(b, S("&#39;"));
            break;
        default:
            buf_char(b, s.p[i]);
        }
    }
}

static void add_argument(Buf *b, char kind, va_list *args)
{
    switch (kind) {
    case 's':
        add_escaped(b, va_arg(*args, Str));
        return;
    case 'h':
        buf_add(b, va_arg(*args, Str));
        return;
    case 'd':
        buf_fmt(b, "%" PRId64, va_arg(*args, int64_t));
        return;
    case 'i':
        buf_add(b, html_icon(va_arg(*args, const char *)));
        return;
    case '%':
        buf_char(b, '%');
        return;
    default:
        assert(false && "a letter of the template");
    }
}

static void add_template(Buf *b, const char *template, va_list *args)
{
    for (const char *p = template; *p; p++) {
        if (*p == '%')
            add_argument(b, *++p, args);
        else
            buf_char(b, *p);
    }
}

void buf_html(Buf *b, const char *template, ...)
{
    va_list args;
    va_start(args, template);
    add_template(b, template, &args);
    va_end(args);
}

Str html(Arena *a, const char *template, ...)
{
    Buf b = buf_make(a, PAGE_BYTES_MAX);
    va_list args;
    va_start(args, template);
    add_template(&b, template, &args);
    va_end(args);
    return buf_str(&b);
}
