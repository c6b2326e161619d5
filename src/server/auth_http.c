#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "fhir/json_scan.h"
#include "server/account.h"
#include "server/auth.h"
#include "server/negotiate.h"
#include "server/route.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/totp.h"

static const char plain_json[] = "application/json; charset=utf-8";

/* A person may mistype often, a program may not guess on. A clinic's computers may share one address. */
static const RateRule tries_of_account = { .limit = 10, .window_us = 5 * US_PER_MIN };
static const RateRule tries_of_address = { .limit = 100, .window_us = 5 * US_PER_MIN };

static Str me_text(Request *r, const User *user)
{
    return json_build(r->ctx.arena,
                      "{'account':%s,'display':%s,'role':%s,'personId':%s,'zone':%s,'now':%t,'demo':%b}",
                      user->account, user->display, role_name(user->role), user->person_id, time_zone(),
                      r->ctx.now_us, (int)r->server->demo);
}

static Str cookie_text(Request *r, Str secret, int64_t life_us)
{
    const char *name = auth_cookie_name(r->server);
    return arena_fmt(r->ctx.arena, "%s=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", name,
                     STR_ARG(secret), (long long)(life_us / US_PER_S),
                     strncmp(name, "__Host-", 7) == 0 ? "; Secure" : "");
}

typedef struct Credentials {
    Str name, password;
    Str code; /* of the second factor; may be absent */
} Credentials;

static Err read_credentials(Request *r, Credentials *ret)
{
    Ctx *c = &r->ctx;
    if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
        return problem(c, ERR_MEDIA, STR_NONE, "The body must be application/json.");
    TRY(json_scan(c, r->body));
    Json *body = json_parse(c->arena, r->body);
    *ret = (Credentials){ json_find_str(body, "name"), json_find_str(body, "password"),
                          json_find_str(body, "code") };
    if (ret->name.p && ret->password.p)
        return OK;
    return problem(c, ERR_SYNTAX, ret->name.p ? S("password") : S("name"),
                   "A name and a password are needed.");
}

static Str rate_name(Request *r, const char *kind, Str what)
{
    return arena_fmt(r->ctx.arena, "%s %.*s", kind, STR_ARG(what));
}

/* The same text and the same time for an unknown name and a wrong password. */
static Err check_credentials(Request *r, const Credentials *credentials, Account *ret_account)
{
    Account account;
    Err err = account_find(&r->ctx, credentials->name, &account);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK)
        r->ctx.user.account = account.name; /* for the audit; what a stranger typed may be a password */
    if (!account_password_right(err == OK ? &account : NULL, credentials->password))
        return problem(&r->ctx, ERR_SIGN_IN, STR_NONE, "The name or the password is not right.");
    *ret_account = account;
    return OK;
}

/* A client knows by the expression, "code", that it is asked for one. */
static Err check_second_factor(Request *r, const Account *account, Str code)
{
    Ctx *c = &r->ctx;
    int64_t step;
    if (!account->second_factor.p)
        return OK;
    if (!code.p)
        return problem(c, ERR_SIGN_IN, S("code"), "The code of your authenticator is needed.");
    if (!totp_is_right(c->arena, account->second_factor, code, clock_now_us(), account->second_factor_step,
                       &step))
        return problem(c, ERR_SIGN_IN, S("code"),
                       "The code is not right, or was used. Wait for the next one.");
    Err err = account_take_step(c, account->name, step);
    if (err == ERR_NOT_FOUND)
        return problem(c, ERR_SIGN_IN, S("code"), "The code was used. Wait for the next one.");
    return err;
}

Err auth_http_sign_in(Request *r)
{
    Ctx *c = &r->ctx;
    Credentials credentials;
    Account account = { 0 };
    Str secret;
    c->user = (User){ 0 };
    TRY(read_credentials(r, &credentials));
    Str account_tries = rate_name(r, "account", credentials.name);
    TRY(server_rate_take(r, rate_name(r, "address", r->address), tries_of_address));
    TRY(server_rate_take(r, account_tries, tries_of_account));
    TRY(check_credentials(r, &credentials, &account));
    TRY(check_second_factor(r, &account, credentials.code));
    server_rate_forget(r->server, account_tries);
    c->user = (User){ account.name, account.person_id, account.display, account.role };
    TRY(session_open(c, SESSION_COOKIE, account.name, c->now_us + SESSION_LIFE_US, &secret));
    answer_header(r, "Set-Cookie", cookie_text(r, secret, SESSION_LIFE_US));
    answer_body(r, 200, plain_json, me_text(r, &c->user));
    return OK;
}

Err auth_http_sign_out(Request *r)
{
    if (r->signed_in_by == BY_COOKIE) {
        TRY(session_close(&r->ctx, r->session));
        live_end_session(r->server->live, r->session);
    }
    answer_header(r, "Set-Cookie", cookie_text(r, S(""), 0));
    r->answer.status = 204;
    return OK;
}

/* A bearer token is a machine's: nobody walks away from it. */
Err auth_http_lock(Request *r)
{
    if (r->signed_in_by != BY_COOKIE)
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "Only a browser's session is locked.");
    TRY(session_lock(&r->ctx, r->session));
    live_end_session(r->server->live, r->session);
    r->answer.status = 204;
    return OK;
}

/* The password alone, of the person whose session it is: the second factor was given when it was opened. */
Err auth_http_unlock(Request *r)
{
    Ctx *c = &r->ctx;
    Account account = { 0 };
    if (!r->locked_account.p)
        return problem(c, ERR_SYNTAX, STR_NONE, "There is no locked session here: sign in.");
    if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
        return problem(c, ERR_MEDIA, STR_NONE, "The body must be application/json.");
    TRY(json_scan(c, r->body));
    Credentials credentials = { .name = r->locked_account,
                                .password = json_find_str(json_parse(c->arena, r->body), "password") };
    if (!credentials.password.p)
        return problem(c, ERR_SYNTAX, S("password"), "The password is needed.");
    Str account_tries = rate_name(r, "account", credentials.name);
    TRY(server_rate_take(r, rate_name(r, "address", r->address), tries_of_address));
    TRY(server_rate_take(r, account_tries, tries_of_account));
    TRY(check_credentials(r, &credentials, &account));
    server_rate_forget(r->server, account_tries);
    TRY(session_unlock(c, r->session));
    c->user = (User){ account.name, account.person_id, account.display, account.role };
    answer_body(r, 200, plain_json, me_text(r, &c->user));
    return OK;
}

Err auth_http_me(Request *r)
{
    answer_body(r, 200, plain_json, me_text(r, &r->ctx.user));
    return OK;
}
