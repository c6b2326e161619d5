#include "fhir/primitive.h"

#include "base/random.h"
#include "base/time.h"

#include <json-c/json.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *integer_fault(Json *value, int64_t low)
{
    int64_t n;
    if (!json_int(value, &n))
        return "a whole number is wanted";
    return n < low || n > INT32_MAX ? "the number is out of range" : NULL;
}

static const char *string_fault(Str s)
{
    if (str_empty(str_trim(s)))
        return "a string must not be empty";
    return NULL;
}

static const char *code_fault(Str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (is_space(s.p[i]) && (i == 0 || i + 1 == s.n || s.p[i] != ' ' || is_space(s.p[i - 1])))
            return "a code has no white space but single spaces within";
    return NULL;
}

static const char *id_fault(Str s)
{
    if (s.n > 64)
        return "an id has at most 64 characters";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !is_digit(c) && c != '-' && c != '.')
            return "an id has letters, digits, '-' and '.' only";
    }
    return NULL;
}

static const char *uri_fault(Str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (is_space(s.p[i]))
            return "a uri has no white space";
    return NULL;
}

static const char *oid_fault(Str s)
{
    const Str prefix = S("urn:oid:");
    if (!str_starts(s, prefix) || s.n < prefix.n + 3 || s.p[prefix.n] > '2')
        return "an oid looks like urn:oid:2.16.840";
    for (size_t i = prefix.n; i < s.n; i++) {
        bool dot = s.p[i] == '.';
        bool leading_zero = s.p[i] == '0' && s.p[i - 1] == '.' && i + 1 < s.n && is_digit(s.p[i + 1]);
        if ((!dot && !is_digit(s.p[i])) || (dot && (i + 1 == s.n || s.p[i + 1] == '.')) || leading_zero)
            return "an oid looks like urn:oid:2.16.840";
    }
    return NULL;
}

static const char *uuid_fault(Str s)
{
    const Str prefix = S("urn:uuid:");
    bool good = str_starts(s, prefix) && uuid_is(str_slice(s, prefix.n, s.n));
    return good ? NULL : "a uuid looks like urn:uuid:c757873d-ec9a-4326-a141-556f43239520";
}

static const char *date_fault(Str s)
{
    TimeRange ignored;
    return s.n <= 10 && time_parse(s, &ignored) ? NULL
                                                : "not a date that exists (YYYY, YYYY-MM or YYYY-MM-DD)";
}

static bool has_zone(Str s)
{
    return str_ends(s, S("Z")) || (s.n > 6 && strchr("+-", s.p[s.n - 6]) && s.p[s.n - 3] == ':');
}

static const char *date_time_fault(Str s)
{
    TimeRange ignored;
    if (!time_parse(s, &ignored))
        return "not a date and time that exist (YYYY-MM-DDThh:mm:ss with a zone, or a date)";
    return s.n > 10 && !has_zone(s) ? "a time needs its zone" : NULL;
}

static const char *instant_fault(Str s)
{
    TimeRange ignored;
    return s.n > 10 && has_zone(s) && time_parse(s, &ignored)
               ? NULL
               : "not an instant (YYYY-MM-DDThh:mm:ss with a zone)";
}

static const char *time_fault(Str s)
{
    char text[40] = "1970-01-01T";
    TimeRange ignored;
    if (s.n >= sizeof text - 12 || has_zone(s))
        return "not a time of day (hh:mm:ss)";
    memcpy(text + 11, s.p, s.n);
    return time_parse((Str){ text, 11 + s.n }, &ignored) ? NULL : "not a time of day (hh:mm:ss)";
}

static const char *base64_fault(Str s)
{
    size_t n = 0, padding = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '+' || c == '/';
        if (is_space(c))
            continue;
        if (c == '=')
            padding++;
        else if (!letter || padding)
            return "this is not base64";
        n++;
    }
    return n % 4 || padding > 2 ? "this is not base64" : NULL;
}

static const char *text_fault(FhirKind kind, Str s)
{
    switch (kind) {
    case FHIR_CODE:
        return code_fault(s);
    case FHIR_ID:
        return id_fault(s);
    case FHIR_URI:
    case FHIR_URL:
    case FHIR_CANONICAL:
        return uri_fault(s);
    case FHIR_OID:
        return oid_fault(s);
    case FHIR_UUID:
        return uuid_fault(s);
    case FHIR_DATE:
        return date_fault(s);
    case FHIR_DATE_TIME:
        return date_time_fault(s);
    case FHIR_INSTANT:
        return instant_fault(s);
    case FHIR_TIME:
        return time_fault(s);
    case FHIR_BASE64:
        return base64_fault(s);
    case FHIR_XHTML:
        return xhtml_fault(s);
    default:
        return NULL;
    }
}

const char *primitive_fault(FhirKind kind, Json *value)
{
    switch (kind) {
    case FHIR_BOOLEAN:
        return json_object_is_type(value, json_type_boolean) ? NULL : "true or false is wanted";
    case FHIR_INTEGER:
        return integer_fault(value, INT32_MIN);
    case FHIR_UNSIGNED_INT:
        return integer_fault(value, 0);
    case FHIR_POSITIVE_INT:
        return integer_fault(value, 1);
    case FHIR_DECIMAL: {
        double ignored;
        return json_number(value, &ignored) ? NULL : "a number is wanted";
    }
    default: {
        Str s = json_str(value);
        if (!s.p)
            return "a string is wanted";
        const char *fault = string_fault(s);
        return fault ? fault : text_fault(kind, s);
    }
    }
}
