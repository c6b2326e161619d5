/* Names and values as they travel in addresses, forms and cookies. Pure. */
#ifndef SERVER_FORM_H
#define SERVER_FORM_H

#include "fhir/search.h"

/* For a query's value. */
Str percent_encode(Arena *a, Str text);
/* Undoes %XX; in a form a + is a space. False where a % stands without two hexadecimal digits, or where the
 * result holds a NUL or is not UTF-8. */
bool percent_decode(Arena *a, Str raw, bool is_form, Str *ret_text);
/* "a=1&b=2": names and values decoded, in their order, repeated ones kept. False as above, or over limit
 * pairs. */
bool form_parse(Arena *a, Str raw, size_t limit, SearchTerms *ret_terms);
/* The value of the first pair of that name; absent where there is none. */
Str form_value(const SearchTerms *terms, const char *name);
/* The value of a cookie in a Cookie header; absent where it is not there. */
Str cookie_value(Str header, const char *name);

#endif
