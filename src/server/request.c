#include "server/request.h"

#include "base/json.h"
#include "base/limits.h"
#include "server/negotiate.h"
#include "server/server_state.h"

#include <strings.h>

Str request_header(const Request *r, const char *name)
{
    for (size_t i = 0; i < r->headers.n; i++)
        if (r->headers.at[i].name.n == strlen(name) &&
            strncasecmp(r->headers.at[i].name.p, name, r->headers.at[i].name.n) == 0)
            return r->headers.at[i].value;
    return STR_NONE;
}

/* The Host header goes into links, so nothing but a host and a port may stand in it. */
static bool is_host(Str host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
    for (size_t i = 0; i < host.n; i++)
        if (!memchr(allowed, host.p[i], sizeof allowed - 1))
            return false;
    return host.n > 0 && host.n <= 255;
}

Str request_origin(Request *r)
{
    if (!str_empty(r->server->public_url))
        return r->server->public_url;
    Str host = request_header(r, "Host");
    host = is_host(host) ? host : S("localhost");
    return arena_fmt(r->ctx.arena, "%s://%.*s", r->server->tls ? "https" : "http", STR_ARG(host));
}

Str request_base(Request *r)
{
    Str origin = request_origin(r);
    return arena_fmt(r->ctx.arena, "%.*s/fhir", STR_ARG(origin));
}

Str request_path_for_audit(Request *r)
{
    Str query, path = str_cut(r->target, '?', &query);
    if (!str_starts(path, S("/r/")))
        return path;
    Str rest;
    (void)str_cut(str_slice(path, 3, path.n), '/', &rest);
    return rest.p ? arena_fmt(r->ctx.arena, "/r/-/%.*s", STR_ARG(rest)) : S("/r/-");
}

void answer_header(Request *r, const char *name, Str value)
{
    *list_add(r->ctx.arena, &r->answer.headers) = (Header){ str_from(name), value };
}

void answer_body(Request *r, int status, const char *content_type, Str body)
{
    r->answer.status = status;
    r->answer.body = body;
    answer_header(r, "Content-Type", str_from(content_type));
}

static void add_issue(Buf *b, Err err, const char *severity, Str path, Str text)
{
    buf_json(b, "{'severity':%s,'code':%s,'details':{'text':%s}", str_from(severity),
             str_from(err_issue_code(err)), text);
    if (!str_empty(path))
        buf_json(b, ",'expression':[%s]", path);
    buf_char(b, '}');
}

/* What went wrong inside is for the log, not for the wire. */
static Str internal_text(Ctx *c)
{
    return arena_fmt(c->arena, "The program failed. Nothing was recorded. Its log names this request %.*s.",
                     STR_ARG(c->request_id));
}

Str outcome_text(Ctx *c, Err err, const char *severity)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    buf_add(&b, S("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    size_t n = err == ERR_INTERNAL ? 0 : c->problems.n;
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(&b, ',');
        add_issue(&b, c->problems.at[i].err, severity, c->problems.at[i].path, c->problems.at[i].text);
    }
    if (n == 0)
        add_issue(&b, err, severity, STR_NONE,
                  err == ERR_INTERNAL ? internal_text(c) : str_from(err_meaning(err)));
    buf_add(&b, S("]}"));
    return buf_str(&b);
}

/* What the handler had begun to say is not true any more; these headers belong to the refusal. */
static void keep_refusal_headers(Request *r)
{
    static const char *const kept[] = { "Allow", "Retry-After" };
    Headers before = r->answer.headers;
    r->answer.headers = (Headers){ 0 };
    for (size_t i = 0; i < before.n; i++)
        for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++)
            if (str_is(before.at[i].name, kept[k]))
                answer_header(r, kept[k], before.at[i].value);
}

void answer_refuse(Request *r, Err err)
{
    keep_refusal_headers(r);
    if (r->answer.headers.n == 0 && (err == ERR_UNAVAILABLE || err == ERR_TOO_MANY))
        answer_header(r, "Retry-After", S("1"));
    if (err == ERR_SIGN_IN)
        answer_header(r, "WWW-Authenticate", S("Bearer"));
    answer_body(r, r->answer.is_not_supported ? 501 : err_http_status(err),
                "application/fhir+json; charset=utf-8", outcome_text(&r->ctx, err, "error"));
}

Err request_check_format(Request *r)
{
    SearchTerms terms = { 0 };
    (void)form_parse(r->ctx.arena, r->query, LIMIT_SEARCH_TERMS, &terms);
    Str format = form_value(&terms, "_format");
    if (format.p ? format_is_json(format) : accept_takes_json(request_header(r, "Accept")))
        return OK;
    return problem(&r->ctx, ERR_ACCEPT, STR_NONE, "Answers are application/fhir+json, version 4.0, only.");
}
