#include "server/route.h"

#include "base/limits.h"
#include "base/log.h"
#include "follow/follow_link.h"
#include "server/auth.h"
#include "server/session.h"
#include "server/write.h"

static bool lists_word(const char *words, Str word)
{
    for (Str rest = str_from(words); !str_empty(rest);)
        if (str_eq(str_cut(rest, ' ', &rest), word))
            return true;
    return false;
}

bool route_exists(const char *method, const char *pattern)
{
    for (const Route *route = routes; route->pattern; route++)
        if (strcmp(route->pattern, pattern) == 0 && lists_word(route->methods, str_from(method)))
            return true;
    return false;
}

static Str *part_named(Request *r, Str name)
{
    return str_is(name, "type")        ? &r->type
           : str_is(name, "id")        ? &r->id
           : str_is(name, "version")   ? &r->version
           : str_is(name, "operation") ? &r->operation
                                       : &r->rest;
}

/* A type starts with a capital letter; an id with neither $ nor _. */
static bool fits_part(Str pattern, Str segment)
{
    char first = segment.n ? segment.p[0] : '$';
    return str_is(pattern, "{type}") ? first >= 'A' && first <= 'Z' : first != '$' && first != '_';
}

/* One segment of the address against one of the pattern. */
static bool segment_matches(Request *r, Str pattern, Str segment)
{
    bool is_operation = str_starts(pattern, S("${"));
    if (is_operation) {
        if (segment.n < 2 || segment.p[0] != '$')
            return false;
        pattern = str_slice(pattern, 1, pattern.n);
        segment = str_slice(segment, 1, segment.n);
    } else if (!str_starts(pattern, S("{"))) {
        return str_eq(pattern, segment);
    } else if (!fits_part(pattern, segment)) {
        return false;
    }
    return percent_decode(r->ctx.arena, segment, false, part_named(r, str_slice(pattern, 1, pattern.n - 1)));
}

static bool route_matches(Request *r, const Route *route, Str path)
{
    r->type = r->id = r->version = r->operation = r->rest = STR_NONE;
    Str pattern = str_from(route->pattern);
    pattern = str_slice(pattern, 1, pattern.n);
    while (pattern.p && path.p) {
        if (str_is(pattern, "{rest}"))
            return percent_decode(r->ctx.arena, path, false, &r->rest);
        if (!segment_matches(r, str_cut(pattern, '/', &pattern), str_cut(path, '/', &path)))
            return false;
    }
    return !pattern.p && !path.p;
}

static void add_methods(Buf *allowed, const char *methods)
{
    for (Str rest = str_from(methods); !str_empty(rest);) {
        Str method = str_cut(rest, ' ', &rest);
        buf_fmt(allowed, "%s%.*s", allowed->n ? ", " : "", STR_ARG(method));
    }
}

static Err refuse_method(Request *r, const Buf *allowed)
{
    answer_header(r, "Allow", buf_str(allowed));
    return problem(&r->ctx, ERR_METHOD, STR_NONE, "%.*s does not go with this address; it takes %.*s.",
                   STR_ARG(r->method), STR_ARG(buf_str(allowed)));
}

/* The page answers every address that is nothing else; but what is under /fhir is never a page. */
static bool is_page(const Route *route)
{
    return strcmp(route->pattern, "/{rest}") == 0;
}

static bool is_fhir(Str path)
{
    return str_is(path, "fhir") || str_starts(path, S("fhir/"));
}

Err route_find(Request *r)
{
    Str path = str_cut(r->target, '?', &r->query);
    if (path.n == 0 || path.p[0] != '/')
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "The address does not start with a slash.");
    path = str_slice(path, 1, path.n);
    if (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    Buf allowed = buf_make(r->ctx.arena, 256);
    for (const Route *route = routes; route->pattern; route++) {
        if (is_page(route) && (allowed.n || is_fhir(path)))
            continue;
        if (!route_matches(r, route, path))
            continue;
        if (lists_word(route->methods, r->method)) {
            r->route = route;
            return OK;
        }
        add_methods(&allowed, route->methods);
    }
    if (allowed.n)
        return refuse_method(r, &allowed);
    return problem(&r->ctx, ERR_NOT_FOUND, STR_NONE, "There is nothing at this address.");
}

static Err check_guard(Request *r)
{
    if (r->route->guard == GUARD_OPEN)
        return OK;
    if (r->locked_account.p)
        return problem(&r->ctx, ERR_SIGN_IN, S("locked"), "This session is locked: enter your password.");
    if (r->ctx.user.role == ROLE_NONE)
        return problem(&r->ctx, ERR_SIGN_IN, STR_NONE, "Sign in first.");
    if (r->route->guard == GUARD_ADMIN && r->ctx.user.role != ROLE_ADMIN && r->ctx.user.role != ROLE_SYSTEM)
        return problem(&r->ctx, ERR_FORBIDDEN, STR_NONE, "Only an administrator may see this.");
    return OK;
}

static Err begin(Request *r)
{
    TRY(route_find(r));
    TRY(auth_recognise(r));
    TRY(check_guard(r));
    return auth_check_origin(r);
}

static Err prepare(Request *r)
{
    if (r->too_large)
        return problem(&r->ctx, ERR_TOO_LARGE, STR_NONE, "The request's body is larger than the limit.");
    return r->route->runs == RUNS_WRITE ? write_prepare(r) : OK;
}

static Err start(Request *r, bool more)
{
    if (r->session.p && !r->locked_account.p)
        TRY(session_touch(&r->ctx, r->session, r->session_seen_us));
    return r->route->runs == RUNS_WRITE ? write_start(r, r->route->run, more) : r->route->run(r);
}

static Err finish(Request *r)
{
    TRY(write_finish(r, r->outcome));
    if (arena_exhausted(r->ctx.arena))
        return problem(&r->ctx, ERR_UNAVAILABLE, STR_NONE, "The answer is too large to make.");
    return OK;
}

/* A failure of the program or its database is logged once, here; a refusal is the client's to read. */
static void log_failure(Request *r, Err err)
{
    if (err != ERR_INTERNAL && err != ERR_UNAVAILABLE && err != ERR_DISK_FULL)
        return;
    Str text = r->ctx.problems.n ? r->ctx.problems.at[0].text : str_from(err_meaning(err));
    Str path = request_path_for_audit(r);
    log_line(LOG_ERROR, "request %.*s, %.*s %.*s: %.*s", STR_ARG(r->ctx.request_id), STR_ARG(r->method),
             STR_ARG(path), STR_ARG(text));
}

void route_refuse(Request *r, Err err)
{
    log_failure(r, err);
    if (!str_starts(r->target, S("/r/"))) {
        answer_refuse(r, err);
        return;
    }
    LinkAnswer page = follow_link_trouble(r->ctx.arena);
    answer_body(r, err_http_status(err), arena_cstr(r->ctx.arena, page.content_type), page.body);
}

bool route_begin(Request *r)
{
    Err err = begin(r);
    if (err != OK)
        route_refuse(r, err);
    return err == OK;
}

bool route_begin_inner(Request *r)
{
    Err err = route_find(r);
    if (err == OK)
        err = check_guard(r);
    if (err != OK)
        route_refuse(r, err);
    return err == OK;
}

void route_prepare(Request *r)
{
    if (!r->is_prepared && r->outcome == OK)
        r->outcome = prepare(r);
}

void route_start(Request *r, bool more)
{
    if (r->outcome == OK)
        r->outcome = start(r, more);
}

void route_finish(Request *r)
{
    Err err = finish(r);
    if (err != OK)
        route_refuse(r, err);
}

void route_serve(Request *r)
{
    route_prepare(r);
    route_start(r, false);
    route_finish(r);
}
