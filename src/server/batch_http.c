/* A batch: each entry runs as the request that it is, with the rights, the transaction and the audit row of
 * its own. */
#include "base/limits.h"
#include "server/audit.h"
#include "server/route.h"
#include "server/server_state.h"

#include <sodium.h>

static void add_header(Request *inner, const char *name, Str value)
{
    if (value.p)
        *list_add(inner->ctx.arena, &inner->headers) = (Header){ str_from(name), value };
}

/* A JSON Patch comes as a Binary: there is no other way to put one into a Bundle. */
static void take_binary(Request *inner, Json *binary)
{
    Str data = json_find_str(binary, "data");
    size_t n = 0;
    unsigned char *bytes = (unsigned char *)arena_new(inner->ctx.arena, char, data.n + 1);
    if (sodium_base642bin(bytes, data.n, data.p, data.n, "\r\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL) ==
        0)
        inner->body = (Str){ (const char *)bytes, n };
    add_header(inner, "Content-Type", json_find_str(binary, "contentType"));
}

static void take_resource(Request *inner, Json *resource)
{
    if (!resource)
        return;
    if (str_is(inner->method, "PATCH") && str_is(json_find_str(resource, "resourceType"), "Binary")) {
        take_binary(inner, resource);
        return;
    }
    inner->body = json_text(inner->ctx.arena, resource);
    add_header(inner, "Content-Type", S("application/fhir+json"));
}

static Request inner_request(Request *outer, Json *entry)
{
    Arena *a = outer->ctx.arena;
    Str url = json_find_str(entry, "request.url");
    Request inner = *outer;
    inner.ctx.problems = (Problems){ 0 };
    inner.ctx.random = outer->ctx.random;
    inner.method = json_find_str(entry, "request.method");
    inner.target =
        arena_fmt(a, "/fhir/%.*s", STR_ARG(str_starts(url, S("/")) ? str_slice(url, 1, url.n) : url));
    inner.headers = (Headers){ 0 };
    inner.body = inner.type = inner.id = inner.version = inner.operation = inner.rest = inner.query =
        STR_NONE;
    inner.patient_id = inner.reason = STR_NONE;
    inner.answer = (Answer){ 0 };
    inner.audited = inner.is_prepared = false;
    inner.outcome = OK;
    add_header(&inner, "Host", request_header(outer, "Host"));
    add_header(&inner, "Prefer", request_header(outer, "Prefer"));
    add_header(&inner, "If-Match", json_find_str(entry, "request.ifMatch"));
    add_header(&inner, "If-None-Match", json_find_str(entry, "request.ifNoneMatch"));
    add_header(&inner, "If-None-Exist", json_find_str(entry, "request.ifNoneExist"));
    take_resource(&inner, json_get(entry, "resource"));
    return inner;
}

static void run_entry(Request *inner, Json *entry)
{
    if (!json_find_str(entry, "request.method").p || str_empty(json_find_str(entry, "request.url")))
        route_refuse(inner, problem(&inner->ctx, ERR_SYNTAX, S("request"),
                                    "An entry has a request with method and url."));
    else if (route_begin_inner(inner))
        route_serve(inner);
    audit_note(inner->server->audit, inner);
}

static Str answer_value(const Request *inner, const char *name)
{
    for (size_t i = 0; i < inner->answer.headers.n; i++)
        if (str_is(inner->answer.headers.at[i].name, name))
            return inner->answer.headers.at[i].value;
    return STR_NONE;
}

static void add_answer(Buf *b, const Request *inner)
{
    bool is_refusal = inner->answer.status >= 400;
    Str location = answer_value(inner, "Location"), etag = answer_value(inner, "ETag");
    buf_char(b, '{');
    if (inner->answer.body.n && !is_refusal)
        buf_json(b, "'resource':%j,", inner->answer.body);
    buf_json(b, "'response':{'status':%s", arena_fmt(b->arena, "%d", inner->answer.status));
    if (location.p)
        buf_json(b, ",'location':%s", location);
    if (etag.p)
        buf_json(b, ",'etag':%s", etag);
    if (inner->answer.body.n && is_refusal)
        buf_json(b, ",'outcome':%j", inner->answer.body);
    buf_add(b, S("}}"));
}

Err batch_http(Request *r, Json *bundle)
{
    Json *entries = json_get(bundle, "entry");
    size_t n = json_count(entries);
    Buf b = buf_make(r->ctx.arena, LIMIT_RESPONSE_BYTES);
    if (n > LIMIT_BUNDLE_ENTRIES)
        return problem(&r->ctx, ERR_TOO_LARGE, S("Bundle.entry"), "more than %d entries",
                       LIMIT_BUNDLE_ENTRIES);
    if (request_header(r, "Idempotency-Key").p)
        return problem(
            &r->ctx, ERR_SYNTAX, S("Idempotency-Key"),
            "A batch takes no Idempotency-Key: its entries succeed each for itself. Send a transaction.");
    buf_add(&b, S("{\"resourceType\":\"Bundle\",\"type\":\"batch-response\""));
    for (size_t i = 0; i < n; i++) {
        Request inner = inner_request(r, json_at(entries, i));
        run_entry(&inner, json_at(entries, i));
        buf_add(&b, i ? S(",") : S(",\"entry\":["));
        add_answer(&b, &inner);
    }
    buf_add(&b, n ? S("]}") : S("}"));
    if (buf_overflowed(&b))
        return problem(&r->ctx, ERR_UNAVAILABLE, STR_NONE, "The answers are larger than the limit.");
    answer_body(r, 200, "application/fhir+json; charset=utf-8", buf_str(&b));
    return OK;
}
