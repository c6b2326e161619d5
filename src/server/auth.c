#include "server/auth.h"

#include "server/access.h"
#include "server/route.h"
#include "server/server_state.h"
#include "server/session.h"

static bool is_https(const Server *server)
{
    return server->tls || str_starts(server->public_url, S("https://"));
}

const char *auth_cookie_name(const Server *server)
{
    return is_https(server) ? "__Host-euthymia" : "euthymia";
}

static Str bearer_of(const Request *r)
{
    Str header = request_header(r, "Authorization");
    return str_starts(header, S("Bearer ")) ? str_trim(str_slice(header, 7, header.n)) : STR_NONE;
}

Err auth_recognise(Request *r)
{
    Session session;
    Str bearer = bearer_of(r);
    Str cookie = cookie_value(request_header(r, "Cookie"), auth_cookie_name(r->server));
    if (str_empty(bearer) && str_empty(cookie))
        return OK;
    SessionKind kind = str_empty(bearer) ? SESSION_COOKIE : SESSION_BEARER;
    Err err = session_find(&r->ctx, kind, kind == SESSION_BEARER ? bearer : cookie, &session);
    if (err == ERR_SIGN_IN)
        return OK;
    TRY(err);
    r->signed_in_by = kind == SESSION_BEARER ? BY_TOKEN : BY_COOKIE;
    r->session = session.hash;
    if (session.is_locked) {
        r->locked_account = session.user.account;
        return OK;
    }
    r->session_seen_us = session.last_seen_us;
    r->ctx.user = session.user;
    r->ctx.rights = access_rights_of(session.user.role, r->server->own_patients_only);
    return OK;
}

static bool is_safe(Str method)
{
    return str_is(method, "GET") || str_is(method, "HEAD") || str_is(method, "OPTIONS");
}

Err auth_check_origin(Request *r)
{
    bool opens_session = r->route->run == auth_http_sign_in;
    if (is_safe(r->method) || (r->signed_in_by != BY_COOKIE && !opens_session))
        return OK;
    Str site = request_header(r, "Sec-Fetch-Site"), origin = request_header(r, "Origin");
    bool says_nothing = !site.p && !origin.p;
    bool from_here =
        (!site.p || str_is(site, "same-origin")) && (!origin.p || str_eq(origin, request_origin(r)));
    if (says_nothing ? opens_session : from_here)
        return OK;
    return problem(&r->ctx, ERR_FORBIDDEN, STR_NONE,
                   "A change made with a browser's session must come from this server's own page.");
}
