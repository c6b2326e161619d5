#include "visit.h"

#include "follow/follow_ops.h"

#include <stdlib.h>

void put(Ctx *c, const char *type, const char *id, Str json)
{
    Resource stored;
    Err e = fhir_put(c, str_from(type), str_from(id), json, &stored);
    bed_show_problems(c);
    assert_ok(e);
}

void put_people(Ctx *c)
{
    put(c, "Patient", PATIENT,
        json_build(c->arena, "{'resourceType':'Patient','name':[{'family':'Solberg','given':['Margit']}],"
                             "'telecom':[{'system':'phone','value':'555-0164'}],'birthDate':'1982-03-03'}"));
    put(c, "Practitioner", NURSE,
        json_build(c->arena, "{'resourceType':'Practitioner','name':[{'text':'Mei Castellano'}]}"));
}

void put_duty(Ctx *c, const char *days)
{
    put(c, "PractitionerRole", "0192f000-0000-7000-8000-000000000003",
        json_build(c->arena,
                   "{'resourceType':'PractitionerRole','active':true,"
                   "'practitioner':{'reference':'Practitioner/" NURSE "','display':'Mei Castellano'},"
                   "'code':[{'coding':[{'code':'nurse'}]}],'availableTime':[{'daysOfWeek':%j,"
                   "'availableStartTime':'08:00:00','availableEndTime':'18:00:00'}]}",
                   str_from(days)));
}

Visitor invite(Ctx *c)
{
    Str path;
    assert_ok(follow_link_make(c, S(PATIENT), S("phq-9"), c->now_us + 7 * US_PER_DAY, &path));
    return (Visitor){ c, str_slice(path, 3, path.n) };
}

static LinkAnswer ask(Visitor *v, LinkRequest request)
{
    v->c->problems = (Problems){ 0 };
    request.token = v->token;
    return follow_link_answer(v->c, &request);
}

LinkAnswer get(Visitor *v, const char *rest)
{
    return ask(v, (LinkRequest){ .method = S("GET"), .rest = str_from(rest) });
}

LinkAnswer post(Visitor *v, const char *rest, const char *name, const char *value, const char *act)
{
    LinkField fields[] = { { str_from(name), str_from(value) }, { S("act"), str_from(act) } };
    return ask(v,
               (LinkRequest){ .method = S("POST"), .rest = str_from(rest), .fields = fields, .n_fields = 2 });
}

static LinkAnswer answer_item(Visitor *v, int item, int value, const char *act)
{
    char rest[16], text[16];
    (void)snprintf(rest, sizeof rest, "q/%d", item);
    (void)snprintf(text, sizeof text, "%d", value);
    return post(v, rest, value < 0 ? "none" : "answer", text, value < 0 ? "skip" : act);
}

LinkAnswer give(Visitor *v, int item, int value)
{
    return answer_item(v, item, value, "next");
}

LinkAnswer tap(Visitor *v, int item, int value)
{
    return answer_item(v, item, value, "tap");
}

bool leads_to(LinkAnswer answer, const char *rest)
{
    return answer.status == 303 && str_ends(answer.location, str_from(rest));
}

Json *operate(Ctx *c, const char *type, const char *id, const char *name, Str parameters, Err *ret_error)
{
    c->user = (User){ S("mei"), S(NURSE), S("Mei Castellano"), ROLE_NURSE };
    c->problems = (Problems){ 0 };
    Json *json =
        parameters.p ? json_parse(c->arena, json_build(c->arena, "{'parameter':[%j]}", parameters)) : NULL;
    OpCall call = { str_from(type), str_from(id), json };
    Params out = params_make(c->arena);
    Err e = ERR_NOT_FOUND;
    for (const Operation *op = follow_operations; op->name; op++)
        if (strcmp(op->name, name) == 0)
            e = op->run(c, &call, &out);
    if (ret_error)
        *ret_error = e;
    else if (e != OK)
        bed_show_problems(c);
    return e == OK ? json_parse(c->arena, params_text(&out)) : NULL;
}

Json *parameter(Json *parameters, const char *name)
{
    OpCall call = { .parameters = parameters };
    return op_parameter(&call, name);
}

Link link_of(Visitor *v)
{
    Link link;
    assert_ok(link_find(v->c, v->token, &link));
    return link;
}

WorryTask worry_of(Visitor *v)
{
    Link link = link_of(v);
    WorryTask task;
    assert_non_null(link.task_id.p);
    assert_ok(task_read(v->c, link.task_id, &task));
    return task;
}
