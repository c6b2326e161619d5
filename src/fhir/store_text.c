#include "fhir/store_text.h"

#include "base/limits.h"
#include "base/time.h"

#include <inttypes.h>
#include <json-c/json.h>

static void add_key(Buf *b, const char *key)
{
    if (b->n && b->p[b->n - 1] != '{')
        buf_char(b, ',');
    buf_json_string(b, str_from(key));
    buf_char(b, ':');
}

static void add_value(Buf *b, Json *value)
{
    size_t n;
    const int style = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    const char *p = json_object_to_json_string_length(value, style, &n);
    buf_bytes(b, p, n);
}

static void add_version_id(Buf *b, int64_t version)
{
    add_key(b, "versionId");
    buf_fmt(b, "\"%" PRId64 "\"", version);
}

static void add_last_updated(Buf *b, int64_t updated_us)
{
    add_key(b, "lastUpdated");
    buf_json(b, "%t", updated_us);
}

static void add_meta(Buf *b, Json *meta, int64_t version, int64_t updated_us)
{
    add_key(b, "meta");
    buf_char(b, '{');
    if (!json_get(meta, "versionId"))
        add_version_id(b, version);
    if (!json_get(meta, "lastUpdated"))
        add_last_updated(b, updated_us);
    if (meta) {
        json_object_object_foreach(meta, key, value)
        {
            if (strcmp(key, "versionId") == 0) {
                add_version_id(b, version);
            } else if (strcmp(key, "lastUpdated") == 0) {
                add_last_updated(b, updated_us);
            } else {
                add_key(b, key);
                add_value(b, value);
            }
        }
    }
    buf_char(b, '}');
}

static void add_id(Buf *b, Str id)
{
    add_key(b, "id");
    buf_json_string(b, id);
}

Str store_text(Arena *a, Json *resource, Str id, int64_t version, int64_t updated_us)
{
    Buf b = buf_make(a, LIMIT_RESOURCE_BYTES);
    Json *meta = json_get(resource, "meta");
    buf_char(&b, '{');
    json_object_object_foreach(resource, key, value)
    {
        if (strcmp(key, "id") == 0) {
            add_id(&b, id);
        } else if (strcmp(key, "meta") == 0) {
            add_meta(&b, meta, version, updated_us);
        } else {
            add_key(&b, key);
            add_value(&b, value);
        }
        if (strcmp(key, "resourceType") != 0)
            continue;
        if (!json_get(resource, "id"))
            add_id(&b, id);
        if (!meta)
            add_meta(&b, NULL, version, updated_us);
    }
    buf_char(&b, '}');
    return buf_overflowed(&b) ? STR_NONE : buf_str(&b);
}
