#include "base/buf.h"
#include "db/engine.h"

#include <string.h>

/* Where the one row of an INSERT stands, with its brackets; absent where its values ask the database, which
 * must see the rows before. */
static Str row_of(const char *text)
{
    static const char values[] = " VALUES (";
    const char *from = strstr(text, values);
    if (!from || strncmp(text, "INSERT ", strlen("INSERT ")) != 0)
        return STR_NONE;
    from += sizeof values - 2;
    size_t n = 0;
    for (int depth = 0; from[n]; n++) {
        depth += from[n] == '(' ? 1 : from[n] == ')' ? -1 : 0;
        if (depth == 0)
            break;
    }
    bool asks = memmem(from, n, "SELECT", strlen("SELECT")) != NULL;
    return from[n] && !asks ? (Str){ from, n + 1 } : STR_NONE;
}

/* "($1, $2)" as "($3, $4)". */
static void add_row_text(Buf *b, Str row, int64_t shift)
{
    for (size_t i = 0; i < row.n; i++) {
        buf_char(b, row.p[i]);
        int64_t number = 0;
        size_t digits = i + 1;
        while (row.p[i] == '$' && row.p[digits] >= '0' && row.p[digits] <= '9')
            number = number * 10 + (row.p[digits++] - '0');
        if (digits > i + 1) {
            buf_int(b, number + shift);
            i = digits - 1;
        }
    }
}

const char *insert_of_rows(Arena *a, const char *text, size_t rows, size_t columns)
{
    Str row = row_of(text);
    if (!row.p)
        return NULL;
    Buf b = buf_make(a, 64 * 1024);
    buf_bytes(&b, text, (size_t)(row.p - text));
    for (size_t i = 0; i < rows; i++) {
        buf_add(&b, i ? S(", ") : S(""));
        add_row_text(&b, row, (int64_t)(i * columns));
    }
    buf_add(&b, str_from(row.p + row.n));
    return arena_cstr(a, buf_str(&b));
}
