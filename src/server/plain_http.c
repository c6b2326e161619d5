#include "base/embed.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "follow/follow_link.h"
#include "server/negotiate.h"
#include "server/patient.h"
#include "server/route.h"
#include "server/server_state.h"
#include "server/session.h"

static const char plain_json[] = "application/json; charset=utf-8";

/* ---- health and audit ---- */

/* Anybody may ask: the database is looked at, and nothing waits for its disk. */
static Err ask_database(Ctx *c)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT MAX(number) FROM migration"), NO_ARGS, &rows));
    while (rows_next(rows))
        ;
    return rows_error(rows);
}

Err plain_http_health(Request *r)
{
    TRY(ask_database(&r->ctx));
    answer_body(r, 200, plain_json,
                json_build(r->ctx.arena, "{'status':'ok','engine':%s,'version':%s}",
                           str_from(db_engine_name(r->server->db)), S(EUTHYMIA_VERSION)));
    return OK;
}

/* A column as a JSON member; an absent one is left out. */
static void add_member(Buf *b, const char *name, const Rows *rows, int column)
{
    if (!rows_null(rows, column))
        buf_json(b, ",'%j':%s", str_from(name), rows_text(rows, column));
}

static void add_audit_row(Buf *b, const Rows *rows)
{
    buf_json(b, "{'id':%s,'at':%t,'status':%d", rows_text(rows, 0), rows_int(rows, 1), rows_int(rows, 2));
    static const char *const names[] = { "account", "role",    "person",  "address",     "method",
                                         "path",    "patient", "request", "interaction", "reason" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add_member(b, names[i], rows, (int)i + 3);
    buf_char(b, '}');
}

Err plain_http_audit(Request *r)
{
    Ctx *c = &r->ctx;
    SearchTerms terms;
    int64_t limit = LIMIT_PAGE_ROWS_USUAL;
    if (!form_parse(c->arena, r->query, LIMIT_SEARCH_TERMS, &terms))
        return problem(c, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
    Str after = form_value(&terms, "after"), count = form_value(&terms, "_count");
    if (count.p && (!str_to_int(count, &limit) || limit < 1 || limit > LIMIT_PAGE_ROWS))
        return problem(c, ERR_SYNTAX, S("_count"), "_count is 1 to %d.", LIMIT_PAGE_ROWS);
    audit_settle(r->server->audit);
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT id, at_us, status, account, role, person_id, address, method, path, patient_id, "
                     "request_id, interaction, reason FROM audit WHERE id > $1 ORDER BY id LIMIT $2"),
                 ARGS(T(after.p ? after : S("")), I(limit)), &rows));
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    buf_add(&b, S("{\"rows\":["));
    for (bool is_first = true; rows_next(rows); is_first = false) {
        if (!is_first)
            buf_char(&b, ',');
        add_audit_row(&b, rows);
    }
    TRY(rows_error(rows));
    buf_add(&b, S("]}"));
    answer_body(r, 200, plain_json, buf_str(&b));
    return OK;
}

/* ---- the page and its files ---- */

static const char *media_type_of(Str path)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" },        { ".js", "text/javascript; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },          { ".svg", "image/svg+xml" },
        { ".json", "application/json; charset=utf-8" }, { ".woff2", "font/woff2" },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_ends(path, str_from(types[i].ending)))
            return types[i].type;
    return "application/octet-stream";
}

static bool takes_gzip(const Request *r)
{
    for (Str rest = request_header(r, "Accept-Encoding"); !str_empty(rest);) {
        Str quality, coding = str_trim(str_cut(str_cut(rest, ',', &rest), ';', &quality));
        if (str_is(coding, "gzip") && !str_is(str_trim(quality), "q=0"))
            return true;
    }
    return false;
}

/* An address with a version in it never changes what it means. */
static Str cache_rule(const Request *r)
{
    return str_starts(r->query, S("v=")) ? S("public, max-age=31536000, immutable") : S("no-cache");
}

static Err answer_file(Request *r, Str path)
{
    Arena *a = r->ctx.arena;
    Str packed = embedded_file(arena_fmt(a, "%.*s.gz", STR_ARG(path)));
    bool is_packed = packed.p && takes_gzip(r);
    Str file = is_packed ? packed : embedded_file(path);
    Str etag = arena_fmt(a, "\"%.*s\"", STR_ARG(str_slice(secret_hash(a, file), 0, 24)));
    answer_header(r, "ETag", etag);
    answer_header(r, "Cache-Control", cache_rule(r));
    answer_header(r, "Vary", S("Accept-Encoding"));
    if (etag_listed(request_header(r, "If-None-Match"), etag)) {
        r->answer.status = 304;
        return OK;
    }
    if (is_packed)
        answer_header(r, "Content-Encoding", S("gzip"));
    answer_body(r, 200, media_type_of(path), file);
    return OK;
}

/* An address that is no file is a place of the page, which its script finds: unless it asks for a file. */
Err plain_http_page(Request *r)
{
    Str path = arena_fmt(r->ctx.arena, "web/dist/%.*s", STR_ARG(r->rest));
    if (!str_empty(r->rest) && !str_ends(path, S(".gz")) && embedded_file(path).p)
        return answer_file(r, path);
    Str index = S("web/dist/index.html");
    bool is_place = str_find(r->rest, '.') == r->rest.n;
    if (is_place && embedded_file(index).p)
        return answer_file(r, index);
    return problem(&r->ctx, ERR_NOT_FOUND, STR_NONE, "There is nothing at this address.");
}

/* ---- a patient's own pages ---- */

/* Against floods only: an answer must never be lost to it. */
static const RateRule link_requests = { .limit = 600, .window_us = US_PER_MIN };

static Err read_fields(Request *r, LinkRequest *in)
{
    SearchTerms terms;
    if (!str_is(r->method, "POST"))
        return OK;
    if (!form_parse(r->ctx.arena, r->body, LIMIT_SEARCH_TERMS, &terms))
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "The form cannot be decoded.");
    LinkField *fields = arena_new(r->ctx.arena, LinkField, terms.n + 1);
    for (size_t i = 0; i < terms.n; i++)
        fields[i] = (LinkField){ terms.at[i].name, terms.at[i].value };
    in->fields = fields;
    in->n_fields = terms.n;
    return OK;
}

Err plain_http_link(Request *r)
{
    TRY(server_rate_take(r, arena_fmt(r->ctx.arena, "link %.*s", STR_ARG(r->address)), link_requests));
    LinkRequest in = { .method = str_is(r->method, "HEAD") ? S("GET") : r->method, .demo = r->server->demo };
    Str rest;
    in.token = str_cut(r->rest, '/', &rest);
    in.rest = rest.p ? rest : S("");
    r->ctx.user = (User){ .role = ROLE_PATIENT_LINK };
    TRY(read_fields(r, &in));
    TRY(patient_of_link(r, in.token));
    LinkAnswer out = follow_link_answer(&r->ctx, &in);
    if (out.location.p)
        answer_header(r, "Location", out.location);
    if (out.content_type.p)
        answer_body(r, out.status, arena_cstr(r->ctx.arena, out.content_type), out.body);
    r->answer.status = out.status;
    return OK;
}
