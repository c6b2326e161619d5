/* JSON: json-c read through a few words, and text built from templates.
 *
 * A Json is a borrowed pointer into a tree that its arena owns. Every reader accepts NULL and a value of
 * another type and then answers "absent", so that a path can be read without a check at each step; what must
 * be there is checked where it is used. json_parse() is lenient about what json-c is lenient about: bytes
 * from outside go through fhir/json_scan.h first. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

typedef struct json_object Json;

/* NULL where the text is not JSON. */
Json *json_parse(Arena *a, Str text);
/* Compact; members in their order, each number with the text it was read with. */
Str json_text(Arena *a, Json *j);

Json *json_get(Json *object, const char *key);
Json *json_at(Json *array, size_t i);
size_t json_count(Json *array);
/* A path of keys and [i]: json_find(o, "component[0].valueQuantity.value"). */
Json *json_find(Json *root, const char *path);
/* The text of a string; absent for anything else. */
Str json_str(Json *j);
static inline Str json_find_str(Json *root, const char *path)
{
    return json_str(json_find(root, path));
}
/* The text of a number as it was written; absent for anything else. */
Str json_number_text(Arena *a, Json *j);
bool json_number(Json *j, double *ret_value);
bool json_int(Json *j, int64_t *ret_value);
/* True only for the literal true. */
bool json_true(Json *j);

/* Builds JSON text from a template in which ' stands for ": json_build(a, "{'code':%s,'value':%n}", code,
 * text). %s Str, as a JSON string           %n Str, a number's text, as it is %j Str, JSON text, as it is %d
 * int64_t %b int, true or false              %t int64_t microseconds, as an instant string A %s whose Str is
 * absent writes null: leave absent members out of the template instead. */
Str json_build(Arena *a, const char *template, ...);
/* The same, appended. */
void buf_json(Buf *b, const char *template, ...);

#endif
