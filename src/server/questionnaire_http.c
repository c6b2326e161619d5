/* Structured Data Capture: Questionnaire/$populate and QuestionnaireResponse/$extract. */
#include "fhir/questionnaire.h"

#include "base/limits.h"
#include "fhir/json_scan.h"
#include "fhir/operation.h"
#include "fhir/store.h"
#include "server/access.h"
#include "server/form.h"
#include "server/negotiate.h"
#include "server/patient.h"
#include "server/route.h"

static const char fhir_json[] = "application/fhir+json; charset=utf-8";

enum { VARIABLES = 3 };

/* The in parameters: of the body where there is one, else of the query. */
static Err read_parameters(Request *r, OpCall *ret_call)
{
    Ctx *c = &r->ctx;
    SearchTerms terms;
    *ret_call = (OpCall){ .type = r->type, .id = r->id };
    if (r->body.n) {
        if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
            return problem(c, ERR_MEDIA, STR_NONE, "The body must be application/fhir+json.");
        TRY(json_scan(c, r->body));
        ret_call->parameters = json_parse(c->arena, r->body);
        return OK;
    }
    if (!form_parse(c->arena, r->query, LIMIT_SEARCH_TERMS, &terms))
        return problem(c, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
    Buf b = buf_make(c->arena, LIMIT_BODY_BYTES);
    buf_add(&b, S("{\"resourceType\":\"Parameters\",\"parameter\":["));
    for (size_t i = 0; i < terms.n; i++)
        buf_json(&b, "%j{'name':%s,'valueString':%s}", i ? S(",") : S(""), terms.at[i].name,
                 terms.at[i].value);
    buf_add(&b, S("]}"));
    ret_call->parameters = json_parse(c->arena, buf_str(&b));
    return OK;
}

static Err begin(Request *r, const char *type, OpCall *ret_call)
{
    r->type = str_from(type);
    if (!accept_takes_json(request_header(r, "Accept")))
        return problem(&r->ctx, ERR_ACCEPT, STR_NONE,
                       "Answers are application/fhir+json, version 4.0, only.");
    TRY(access_check(&r->ctx, r->type, CAN_READ));
    return read_parameters(r, ret_call);
}

/* What a parameter refers to: valueReference, or the text of a query. */
static Str reference_of(const OpCall *in, const char *name)
{
    Str text = json_find_str(op_parameter(in, name), "valueReference.reference");
    return text.p ? text : op_string(in, name);
}

/* A resource that is given, checked as one that would be stored. */
static Err given_resource(Ctx *c, Json *resource, const char *type, Json **ret)
{
    if (!str_is(json_find_str(resource, "resourceType"), type))
        return problem(c, ERR_SYNTAX, STR_NONE, "A %s is needed here.", type);
    TRY(fhir_check(c, str_from(type), json_text(c->arena, resource)));
    *ret = resource;
    return OK;
}

static Err read_json(Ctx *c, Str type, Str id, Json **ret)
{
    Resource resource;
    TRY(access_check(c, type, CAN_READ));
    TRY(fhir_read(c, type, id, &resource));
    *ret = json_parse(c->arena, resource.body);
    return OK;
}

/* By the address, as a resource in the parameters, or by its canonical. */
static Err find_questionnaire(Request *r, const OpCall *in, Json **ret)
{
    Ctx *c = &r->ctx;
    Json *given = json_get(op_parameter(in, "questionnaire"), "resource");
    Str canonical = op_string(in, "canonical"), reference = reference_of(in, "questionnaireRef");
    if (r->id.p)
        return read_json(c, r->type, r->id, ret);
    if (given)
        return given_resource(c, given, "Questionnaire", ret);
    if (!canonical.p && !reference.p)
        return problem(
            c, ERR_SYNTAX, S("questionnaire"),
            "Which Questionnaire: name it by its address, or give questionnaire, questionnaireRef or "
            "canonical.");
    return questionnaire_find(c, canonical.p ? canonical : reference, ret);
}

/* ---- the context ---- */

static Err add_variable(Ctx *c, const char *name, Str reference, PathVariable *variables, size_t *n)
{
    Json *json;
    Str id, type = str_cut(reference, '/', &id);
    if (!fhir_resource(type) || !id.p)
        return problem(c, ERR_SYNTAX, str_from(name), "%.*s is no reference such as Patient/123.",
                       STR_ARG(reference));
    TRY(read_json(c, type, id, &json));
    variables[(*n)++] = (PathVariable){ name, fhirpath_root(json, fhir_resource(type)->type) };
    return OK;
}

/* A context names what it gives: encounter or user; the patient is the subject. */
static Err add_context(Ctx *c, Json *context, PathVariable *variables, size_t *n)
{
    static const char *const names[] = { "encounter", "user" };
    OpCall parts = { .parameters =
                         json_parse(c->arena, json_build(c->arena, "{'parameter':%j}",
                                                         json_text(c->arena, json_get(context, "part")))) };
    Str name = op_string(&parts, "name"), reference = reference_of(&parts, "content");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_is(name, names[i]) && reference.p && *n < VARIABLES)
            return add_variable(c, names[i], reference, variables, n);
    return OK;
}

static Err read_context(Request *r, const OpCall *in, Population *population, PathVariable *variables)
{
    Ctx *c = &r->ctx;
    Json *list = json_get(in->parameters, "parameter");
    Str id, type = str_cut(population->subject, '/', &id);
    if (!str_is(type, "Patient") || !id.p)
        return problem(c, ERR_SYNTAX, S("subject"), "$populate wants a subject such as Patient/123.");
    r->patient_id = id;
    TRY(add_variable(c, "patient", population->subject, variables, &population->n_variables));
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "name"), "context"))
            TRY(add_context(c, json_at(list, i), variables, &population->n_variables));
    population->variables = variables;
    return OK;
}

/* ---- the operations ---- */

static void answer_with(Request *r, const char *name, Str resource, const Issues *issues)
{
    Ctx *c = &r->ctx;
    Params out = params_make(c->arena);
    params_resource(&out, name, resource);
    if (issues->n) {
        Ctx apart = *c;
        apart.problems = (Problems){ .at = issues->at, .n = issues->n, .room = issues->n };
        params_resource(&out, "issues", outcome_text(&apart, OK, "warning"));
    }
    answer_body(r, 200, fhir_json, params_text(&out));
}

Err questionnaire_http_populate(Request *r)
{
    OpCall in;
    PathVariable variables[VARIABLES];
    Population population = { 0 };
    Str response;
    Issues issues;
    TRY(begin(r, "Questionnaire", &in));
    TRY(find_questionnaire(r, &in, &population.questionnaire));
    population.subject = reference_of(&in, "subject");
    TRY(access_check(&r->ctx, S("Observation"), CAN_READ));
    TRY(read_context(r, &in, &population, variables));
    TRY(questionnaire_populate(&r->ctx, &population, &response, &issues));
    answer_with(r, "response", response, &issues);
    return OK;
}

/* By the address, or in the body: alone or as a parameter. */
static Err find_response(Request *r, const OpCall *in, Json **ret)
{
    Json *given = json_get(op_parameter(in, "questionnaire-response"), "resource");
    if (r->id.p) {
        TRY(patient_of_resource(r));
        return read_json(&r->ctx, r->type, r->id, ret);
    }
    return given_resource(&r->ctx, given ? given : in->parameters, "QuestionnaireResponse", ret);
}

Err questionnaire_http_extract(Request *r)
{
    OpCall in;
    Json *response, *questionnaire, *given;
    Str bundle;
    Issues issues;
    TRY(begin(r, "QuestionnaireResponse", &in));
    TRY(find_response(r, &in, &response));
    given = json_get(op_parameter(&in, "questionnaire"), "resource");
    Str canonical = json_find_str(response, "questionnaire");
    TRY(access_check(&r->ctx, S("Questionnaire"), CAN_READ));
    if (given)
        TRY(given_resource(&r->ctx, given, "Questionnaire", &questionnaire));
    else if (canonical.p)
        TRY(questionnaire_find(&r->ctx, canonical, &questionnaire));
    else
        return problem(&r->ctx, ERR_RULE, S("QuestionnaireResponse.questionnaire"),
                       "The response names no Questionnaire.");
    TRY(questionnaire_extract(&r->ctx, questionnaire, response, &bundle, &issues));
    answer_with(r, "return", bundle, &issues);
    return OK;
}
