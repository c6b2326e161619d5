/* Who sends a request: a session's cookie or a bearer token. */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "server/request.h"

/* Sets the context's user where the request carries a valid session or token; nobody is signed in otherwise.
 * Fails only where that cannot be found out. */
MUST_USE Err auth_recognise(Request *r);
/* A write that a cookie authorises must come from this server's own page: Sec-Fetch-Site or Origin says so.
 */
MUST_USE Err auth_check_origin(Request *r);
/* The name of the cookie: the prefix __Host- can be had under TLS only. */
const char *auth_cookie_name(const Server *server);

#endif
