#include "server/negotiate.h"

#include "base/time.h"

#include <strings.h>
#include <time.h>

static bool same_word(Str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p ? s.p : "", word, s.n) == 0;
}

static bool is_one_of(Str s, const char *const *words)
{
    for (; *words; words++)
        if (same_word(s, *words))
            return true;
    return false;
}

/* fhirVersion=4.0 is what is sent; any other version is another format. q=0 means "not this". */
static bool parameters_allow(Str parameters)
{
    while (!str_empty(parameters)) {
        Str value, pair = str_trim(str_cut(parameters, ';', &parameters));
        Str name = str_cut(pair, '=', &value);
        if (same_word(name, "fhirVersion") && !str_is(str_trim(value), "4.0"))
            return false;
        if (same_word(name, "q") && (str_is(value, "0") || str_is(value, "0.0") || str_is(value, "0.000")))
            return false;
    }
    return true;
}

bool accept_takes_json(Str accept)
{
    static const char *const ranges[] = {
        "*/*", "application/*", "application/fhir+json", "application/json", "json", NULL
    };
    if (str_empty(str_trim(accept)))
        return true;
    while (!str_empty(accept)) {
        Str parameters, one = str_trim(str_cut(accept, ',', &accept));
        Str range = str_trim(str_cut(one, ';', &parameters));
        if (is_one_of(range, ranges) && parameters_allow(parameters))
            return true;
    }
    return false;
}

bool format_is_json(Str format)
{
    static const char *const names[] = { "json", "application/fhir+json", "application/json", "text/json",
                                         NULL };
    Str parameters;
    return is_one_of(str_trim(str_cut(format, ';', &parameters)), names) && parameters_allow(parameters);
}

Media media_of(Str content_type)
{
    static const struct {
        const char *name;
        Media media;
    } names[] = {
        { "application/fhir+json", MEDIA_JSON },
        { "application/json", MEDIA_JSON },
        { "application/json-patch+json", MEDIA_PATCH },
        { "application/x-www-form-urlencoded", MEDIA_FORM },
    };
    Str parameters, type = str_trim(str_cut(content_type, ';', &parameters));
    if (str_empty(type))
        return MEDIA_NONE;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (same_word(type, names[i].name))
            return names[i].media;
    return MEDIA_OTHER;
}

Prefer prefer_of(Str header)
{
    Prefer prefer = { .returns = RETURN_REPRESENTATION };
    while (!str_empty(header)) {
        Str rest, one = str_cut(header, ',', &header);
        one = str_trim(str_cut(one, ';', &rest));
        if (same_word(one, "return=minimal"))
            prefer.returns = RETURN_MINIMAL;
        else if (same_word(one, "return=OperationOutcome"))
            prefer.returns = RETURN_OUTCOME;
        else if (same_word(one, "handling=strict"))
            prefer.strict = true;
    }
    return prefer;
}

Str etag_of_version(Arena *a, int64_t version)
{
    return arena_fmt(a, "W/\"%lld\"", (long long)version);
}

static Str without_weakness(Str etag)
{
    etag = str_trim(etag);
    return str_starts(etag, S("W/")) ? str_slice(etag, 2, etag.n) : etag;
}

bool etag_version(Str if_match, Str *ret_version)
{
    if (!if_match.p) {
        *ret_version = STR_NONE;
        return true;
    }
    Str quoted = without_weakness(if_match);
    if (quoted.n < 3 || quoted.p[0] != '"' || quoted.p[quoted.n - 1] != '"')
        return false;
    Str version = str_slice(quoted, 1, quoted.n - 1);
    if (str_find(version, '"') != version.n)
        return false;
    *ret_version = version;
    return true;
}

bool etag_listed(Str if_none_match, Str etag)
{
    while (!str_empty(if_none_match)) {
        Str one = without_weakness(str_cut(if_none_match, ',', &if_none_match));
        if (str_is(one, "*") || str_eq(one, without_weakness(etag)))
            return true;
    }
    return false;
}

Str http_date(Arena *a, int64_t at_us)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t s = (time_t)(at_us / US_PER_S);
    struct tm t;
    gmtime_r(&s, &t);
    return arena_fmt(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
                     t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}
