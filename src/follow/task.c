#include "follow/task.h"

#include "fhir/store.h"

enum { TASK_BYTES_MAX = 256 * 1024 };

static const char *const status_codes[] = {
    [TASK_REQUESTED] = "requested",
    [TASK_ACCEPTED] = "accepted",
    [TASK_IN_PROGRESS] = "in-progress",
    [TASK_COMPLETED] = "completed",
};

bool task_is_open(const WorryTask *task)
{
    return task->status == TASK_REQUESTED || task->status == TASK_ACCEPTED ||
           task->status == TASK_IN_PROGRESS;
}

/* ---- reading ---- */

static TaskStatus status_from_code(Str code)
{
    for (TaskStatus status = TASK_REQUESTED; status < TASK_OTHER; status++)
        if (str_is(code, status_codes[status]))
            return status;
    return TASK_OTHER;
}

/* "Patient/17" gives "17"; absent where the reference is to another type. */
static Str referenced_id(Json *resource, const char *path, const char *type)
{
    Str id = STR_NONE;
    Str named = str_cut(json_find_str(resource, path), '/', &id);
    return str_is(named, type) ? id : STR_NONE;
}

static int64_t time_at(Json *resource, const char *path)
{
    TimeRange range;
    return time_parse(json_find_str(resource, path), &range) ? range.from_us : TIME_NONE;
}

static int64_t owner_due_us(Json *resource)
{
    Json *extensions = json_get(resource, "extension");
    for (size_t i = 0; i < json_count(extensions); i++)
        if (str_is(json_find_str(json_at(extensions, i), "url"), "urn:euthymia:extension:owner-due"))
            return time_at(json_at(extensions, i), "valueDateTime");
    return TIME_NONE;
}

/* The elements of an array as JSON text, without its brackets. */
static Str inside(Arena *a, Json *array)
{
    if (json_count(array) == 0)
        return S("");
    Str text = json_text(a, array);
    return str_slice(text, 1, text.n - 1);
}

bool task_from_json(Arena *a, Json *resource, WorryTask *ret_task)
{
    WorryKind kind = WORRY_NONE;
    if (str_is(json_find_str(resource, "code.coding[0].system"), "urn:euthymia:task"))
        kind = worry_kind_from_code(json_find_str(resource, "code.coding[0].code"));
    if (kind == WORRY_NONE)
        return false;
    Str description = json_find_str(resource, "description");
    *ret_task = (WorryTask){
        .id = json_find_str(resource, "id"),
        .patient_id = referenced_id(resource, "for.reference", "Patient"),
        .response_id = referenced_id(resource, "reasonReference.reference", "QuestionnaireResponse"),
        .flag_id = referenced_id(resource, "focus.reference", "Flag"),
        .status = status_from_code(json_find_str(resource, "status")),
        .worry = { kind, owner_due_us(resource), time_at(resource, "restriction.period.end") },
        .authored_us = time_at(resource, "authoredOn"),
        .owner_id = referenced_id(resource, "owner.reference", "Practitioner"),
        .owner = json_find_str(resource, "owner.display"),
        .description = description.p ? description : str_from(worry_title(kind)),
        .notes = inside(a, json_get(resource, "note")),
        .outputs = inside(a, json_get(resource, "output")),
    };
    return true;
}

Err task_read(Ctx *c, Str id, WorryTask *ret_task)
{
    Resource stored;
    TRY(fhir_read(c, S("Task"), id, &stored));
    WorryTask task;
    if (!task_from_json(c->arena, json_parse(c->arena, stored.body), &task))
        return problem(c, ERR_INVALID, S("Task.code"), "this task is not a worry of follow");
    task.version = stored.version;
    *ret_task = task;
    return OK;
}

/* ---- writing ---- */

void task_add_note(Ctx *c, WorryTask *task, Str text)
{
    Str author = str_empty(c->user.person_id)
                     ? json_build(c->arena, "'authorString':%s", S("the patient, by the link"))
                     : json_build(c->arena, "'authorReference':{'reference':%s,'display':%s}",
                                  arena_fmt(c->arena, "Practitioner/%.*s", STR_ARG(c->user.person_id)),
                                  c->user.display);
    Str note = json_build(c->arena, "{%j,'time':%t,'text':%s}", author, c->now_us, text);
    task->notes =
        arena_fmt(c->arena, "%.*s%s%.*s", STR_ARG(task->notes), task->notes.n ? "," : "", STR_ARG(note));
}

void task_add_output(Ctx *c, WorryTask *task, Str kind, Str code, Str text)
{
    Str output = json_build(c->arena,
                            "{'type':{'coding':[{'system':'urn:euthymia:task-output','code':%s}]},"
                            "'valueCodeableConcept':{'coding':[{'system':%s,'code':%s}],'text':%s}}",
                            kind, arena_fmt(c->arena, "urn:euthymia:%.*s", STR_ARG(kind)), code, text);
    task->outputs = arena_fmt(c->arena, "%.*s%s%.*s", STR_ARG(task->outputs), task->outputs.n ? "," : "",
                              STR_ARG(output));
}

static Str task_json(Ctx *c, const WorryTask *task)
{
    Arena *a = c->arena;
    Buf b = buf_make(a, TASK_BYTES_MAX);
    buf_json(&b,
             "{'resourceType':'Task','id':%s,"
             "'extension':[{'url':'urn:euthymia:extension:owner-due','valueDateTime':%t}],"
             "'status':%s,'intent':'order','priority':%s,"
             "'code':{'coding':[{'system':'urn:euthymia:task','code':%s,'display':%s}]},'description':%s,"
             "'focus':{'reference':%s},'for':{'reference':%s},'authoredOn':%t,'lastModified':%t,",
             task->id, task->worry.owner_due_us, str_from(status_codes[task->status]),
             str_from(worry_task_priority(task->worry.kind)), str_from(worry_code(task->worry.kind)),
             str_from(worry_title(task->worry.kind)), task->description,
             arena_fmt(a, "Flag/%.*s", STR_ARG(task->flag_id)),
             arena_fmt(a, "Patient/%.*s", STR_ARG(task->patient_id)), task->authored_us, c->now_us);
    if (!str_empty(task->owner_id))
        buf_json(&b, "'owner':{'reference':%s,'display':%s},",
                 arena_fmt(a, "Practitioner/%.*s", STR_ARG(task->owner_id)), task->owner);
    buf_json(&b, "'reasonReference':{'reference':%s},'restriction':{'period':{'end':%t}}",
             arena_fmt(a, "QuestionnaireResponse/%.*s", STR_ARG(task->response_id)),
             task->worry.contact_due_us);
    if (!str_empty(task->notes))
        buf_json(&b, ",'note':[%j]", task->notes);
    if (!str_empty(task->outputs))
        buf_json(&b, ",'output':[%j]", task->outputs);
    buf_char(&b, '}');
    return buf_str(&b);
}

static Str flag_json(Ctx *c, const WorryTask *task)
{
    bool open = task_is_open(task);
    Str end = open ? S("") : json_build(c->arena, ",'end':%t", c->now_us);
    return json_build(c->arena,
                      "{'resourceType':'Flag','id':%s,'status':%s,"
                      "'category':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/"
                      "flag-category','code':'safety',"
                      "'display':'Safety'}]}],"
                      "'code':{'coding':[{'system':'urn:euthymia:task','code':%s,'display':%s}],'text':%s},"
                      "'subject':{'reference':%s},'period':{'start':%t%j}}",
                      task->flag_id, open ? S("active") : S("inactive"),
                      str_from(worry_code(task->worry.kind)), str_from(worry_title(task->worry.kind)),
                      task->description, arena_fmt(c->arena, "Patient/%.*s", STR_ARG(task->patient_id)),
                      task->authored_us, end);
}

Err task_store(Ctx *c, const WorryTask *task)
{
    Resource stored;
    TRY(fhir_put(c, S("Flag"), task->flag_id, flag_json(c, task), &stored));
    if (task->version == 0)
        return fhir_put(c, S("Task"), task->id, task_json(c, task), &stored);
    /* The version that was read: a clinician and a patient who write at once must not undo each other. */
    Str version = arena_fmt(c->arena, "%lld", (long long)task->version);
    return fhir_update(c, S("Task"), task->id, task_json(c, task), version, &stored);
}
