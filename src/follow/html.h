/* HTML text from small templates, escaped where it comes from outside. */
#ifndef FOLLOW_HTML_H
#define FOLLOW_HTML_H

#include "base/buf.h"

/* Appends a template in which
 *   %s  Str, escaped for text and for quoted attributes; an absent one writes nothing
 *   %h  Str, markup made by this program, as it is
 *   %d  int64_t
 *   %i  const char *, the name of an icon (html_icon)
 *   %%  a percent sign
 * Every other character stands for itself. */
void buf_html(Buf *b, const char *template, ...);
/* The same, as a Str in the arena. */
Str html(Arena *a, const char *template, ...);

/* The drawing of an icon, hidden from screen readers. A name that is not in the table is a programmer's
 * error. */
Str html_icon(const char *name);

#endif
