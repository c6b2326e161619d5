#include "base/json.h"
#include "base/limits.h"
#include "fhir/definitions.h"
#include "fhir/json_scan.h"
#include "server/negotiate.h"
#include "server/operations.h"
#include "server/patient.h"
#include "server/route.h"
#include "server/write.h"

static Err check_call(Request *r, const Operation *operation)
{
    Ctx *c = &r->ctx;
    if (!operation)
        return problem(c, ERR_NOT_FOUND, STR_NONE, "There is no operation $%.*s here.",
                       STR_ARG(r->operation));
    if (operation->kind == OP_WRITE && !str_is(r->method, "POST")) {
        answer_header(r, "Allow", S("POST"));
        return problem(c, ERR_METHOD, STR_NONE, "$%s writes, so it takes POST only.", operation->name);
    }
    if (!(operation->roles & ROLE_BIT(c->user.role)))
        return problem(c, ERR_FORBIDDEN, STR_NONE, "The role %.*s may not use $%s.",
                       STR_ARG(role_name(c->user.role)), operation->name);
    if (!accept_takes_json(request_header(r, "Accept")))
        return problem(c, ERR_ACCEPT, STR_NONE, "Answers are application/fhir+json, version 4.0, only.");
    return OK;
}

static Err parameters_of_query(Request *r, Json **ret_parameters)
{
    SearchTerms terms;
    if (!form_parse(r->ctx.arena, r->query, LIMIT_SEARCH_TERMS, &terms))
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
    Buf b = buf_make(r->ctx.arena, LIMIT_BODY_BYTES);
    buf_add(&b, S("{\"resourceType\":\"Parameters\",\"parameter\":["));
    for (size_t i = 0; i < terms.n; i++)
        buf_json(&b, "%j{'name':%s,'valueString':%s}", i ? S(",") : S(""), terms.at[i].name,
                 terms.at[i].value);
    buf_add(&b, S("]}"));
    *ret_parameters = json_parse(r->ctx.arena, buf_str(&b));
    return OK;
}

static Err parameters_of_body(Request *r, Json **ret_parameters)
{
    Ctx *c = &r->ctx;
    if (r->body.n == 0)
        return OK;
    if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
        return problem(c, ERR_MEDIA, STR_NONE, "The body must be application/fhir+json.");
    TRY(json_scan(c, r->body));
    Json *parameters = json_parse(c->arena, r->body);
    if (!str_is(json_find_str(parameters, "resourceType"), "Parameters"))
        return problem(c, ERR_SYNTAX, S("resourceType"), "The body must be a Parameters resource.");
    *ret_parameters = parameters;
    return OK;
}

static Err run(Request *r)
{
    const Operation *operation = operation_find(r->type, r->operation);
    OpCall call = { .type = r->type, .id = r->id };
    Params out = params_make(r->ctx.arena);
    TRY(str_is(r->method, "POST") ? parameters_of_body(r, &call.parameters)
                                  : parameters_of_query(r, &call.parameters));
    if (r->id.p)
        TRY(patient_of_resource(r));
    TRY(operation->run(&r->ctx, &call, &out));
    if (buf_overflowed(&out.buf))
        return problem(&r->ctx, ERR_UNAVAILABLE, STR_NONE, "The answer is larger than the limit.");
    answer_body(r, 200, "application/fhir+json; charset=utf-8", params_text(&out));
    return OK;
}

Err operation_http(Request *r)
{
    const Operation *operation = operation_find(r->type, r->operation);
    if (r->type.p && !fhir_resource(r->type))
        return problem(&r->ctx, ERR_NOT_FOUND, STR_NONE, "FHIR R4 has no resource type %.*s.",
                       STR_ARG(r->type));
    TRY(check_call(r, operation));
    return operation->kind == OP_WRITE ? write_serve(r, run) : run(r);
}
