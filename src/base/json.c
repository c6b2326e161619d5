#include "base/json.h"

#include "base/limits.h"
#include "base/time.h"

#include <assert.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>

static void put_object(void *object)
{
    json_object_put(object);
}

Json *json_parse(Arena *a, Str text)
{
    struct json_tokener *tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH + 1);
    if (!tokener || text.n > INT32_MAX) {
        json_tokener_free(tokener);
        return NULL;
    }
    Json *j = json_tokener_parse_ex(tokener, text.p, (int)text.n);
    enum json_tokener_error e = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    if (e == json_tokener_continue) { /* a number at the very end: only a NUL tells json-c that it is whole */
        j = json_tokener_parse_ex(tokener, "", 1);
        e = json_tokener_get_error(tokener);
        end = text.n;
    }
    json_tokener_free(tokener);
    if (j)
        arena_defer(a, put_object, j);
    if (e != json_tokener_success || str_trim(str_slice(text, end, text.n)).n)
        return NULL;
    return j;
}

Str json_text(Arena *a, Json *j)
{
    size_t n;
    const char *p =
        json_object_to_json_string_length(j, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
    return arena_str(a, (Str){ p, n });
}

Json *json_get(Json *object, const char *key)
{
    Json *value = NULL;
    if (json_object_is_type(object, json_type_object))
        (void)json_object_object_get_ex(object, key, &value);
    return value;
}

size_t json_count(Json *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

Json *json_at(Json *array, size_t i)
{
    return i < json_count(array) ? json_object_array_get_idx(array, i) : NULL;
}

Json *json_find(Json *root, const char *path)
{
    char key[128];
    while (root && *path) {
        if (*path == '.')
            path++;
        if (*path == '[') {
            size_t i = 0;
            for (path++; *path != ']'; path++) {
                assert(*path >= '0' && *path <= '9');
                i = i * 10 + (size_t)(*path - '0');
            }
            path++;
            root = json_at(root, i);
            continue;
        }
        size_t n = strcspn(path, ".[");
        assert(n && n < sizeof key);
        memcpy(key, path, n);
        key[n] = '\0';
        root = json_get(root, key);
        path += n;
    }
    return root;
}

Str json_str(Json *j)
{
    if (!json_object_is_type(j, json_type_string))
        return STR_NONE;
    return (Str){ json_object_get_string(j), (size_t)json_object_get_string_len(j) };
}

static bool is_number(Json *j)
{
    return json_object_is_type(j, json_type_int) || json_object_is_type(j, json_type_double);
}

Str json_number_text(Arena *a, Json *j)
{
    return is_number(j) ? json_text(a, j) : STR_NONE;
}

bool json_number(Json *j, double *ret_value)
{
    if (!is_number(j))
        return false;
    *ret_value = json_object_get_double(j);
    return true;
}

bool json_int(Json *j, int64_t *ret_value)
{
    if (!json_object_is_type(j, json_type_int))
        return false;
    *ret_value = json_object_get_int64(j);
    return true;
}

bool json_true(Json *j)
{
    return json_object_is_type(j, json_type_boolean) && json_object_get_boolean(j);
}

static void add_argument(Buf *b, char kind, va_list *args)
{
    switch (kind) {
    case 's': {
        Str s = va_arg(*args, Str);
        if (s.p)
            buf_json_string(b, s);
        else
            buf_add(b, S("null"));
        return;
    }
    case 'n':
    case 'j':
        buf_add(b, va_arg(*args, Str));
        return;
    case 'd':
        buf_fmt(b, "%" PRId64, va_arg(*args, int64_t));
        return;
    case 'b':
        buf_add(b, va_arg(*args, int) ? S("true") : S("false"));
        return;
    case 't':
        buf_json_string(b, time_instant(b->arena, va_arg(*args, int64_t)));
        return;
    default:
        assert(false && "unknown letter in a JSON template");
    }
}

static void add_template(Buf *b, const char *template, va_list *args)
{
    for (const char *p = template; *p; p++) {
        if (*p == '%')
            add_argument(b, *++p, args);
        else
            buf_char(b, *p == '\'' ? '"' : *p);
    }
}

Str json_build(Arena *a, const char *template, ...)
{
    Buf b = buf_make(a, LIMIT_RESOURCE_BYTES);
    va_list args;
    va_start(args, template);
    add_template(&b, template, &args);
    va_end(args);
    return buf_str(&b);
}

void buf_json(Buf *b, const char *template, ...)
{
    va_list args;
    va_start(args, template);
    add_template(b, template, &args);
    va_end(args);
}
