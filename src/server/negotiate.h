/* What a client's headers ask for: formats, versions, how much to send back. Pure. */
#ifndef SERVER_NEGOTIATE_H
#define SERVER_NEGOTIATE_H

#include "base/arena.h"

/* Accept: true where JSON of FHIR 4.0 may be sent; an absent header takes everything. */
bool accept_takes_json(Str accept);
/* _format: "json" or one of its media types. */
bool format_is_json(Str format);

typedef enum Media { MEDIA_NONE, MEDIA_JSON, MEDIA_PATCH, MEDIA_FORM, MEDIA_OTHER } Media;
Media media_of(Str content_type);

typedef enum PreferReturn { RETURN_REPRESENTATION, RETURN_MINIMAL, RETURN_OUTCOME } PreferReturn;
typedef struct Prefer {
    PreferReturn returns;
    bool strict; /* handling=strict */
} Prefer;
/* What is not known in it is passed over, as the standard asks. */
Prefer prefer_of(Str header);

/* W/"3" of a version. */
Str etag_of_version(Arena *a, int64_t version);
/* The version that If-Match names: W/"3" and "3" both are 3; absent header: absent. False for anything else.
 */
bool etag_version(Str if_match, Str *ret_version);
/* If-None-Match: whether etag is among those listed, or the list is *. */
bool etag_listed(Str if_none_match, Str etag);
/* "Mon, 23 Nov 2026 10:42:16 GMT". */
Str http_date(Arena *a, int64_t at_us);

#endif
