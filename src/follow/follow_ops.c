#include "follow/follow_ops.h"

#include "chart/chart.h"
#include "db/db.h"
#include "fhir/search.h"
#include "fhir/store.h"
#include "follow/follow.h"
#include "follow/follow_link.h"
#include "follow/link_store.h"
#include "follow/task.h"

#include <stdlib.h>

enum { LINKS_SHOWN = 5, TASKS_MAX = 500 };

/* ---- $ask ---- */

/* The scale asks about two weeks: two answers close together overlap. Said, not refused. */
static Str overlap_warning(Ctx *c, const Chart *chart, const Instrument *scale)
{
    int64_t interval_us = policy_duration_us(policy_in_force(), "follow_ask_interval");
    const char *id = arena_cstr(c->arena, scale->id);
    const Score *recent = chart_score(chart, id, c->now_us - interval_us);
    if (!recent)
        return STR_NONE;
    long long days = (c->now_us - recent->at_us) / US_PER_DAY;
    Str when = days ? arena_fmt(c->arena, "%lld days ago", days) : S("within a day");
    return arena_fmt(c->arena, "%.*s was answered %.*s and asks about %.*s: the two will overlap.",
                     STR_ARG(scale->title), STR_ARG(when), STR_ARG(scale->recall));
}

static bool every_item_has_text(const Instrument *scale)
{
    for (size_t i = 0; i < scale->n_items; i++)
        if (str_empty(scale->items[i].text))
            return false;
    return scale->n_items > 0;
}

static Err ask_patient(Ctx *c, const OpCall *in, Params *out)
{
    Str id = op_string(in, "instrument");
    const Instrument *scale = instrument(str_empty(id) ? S("phq-9") : id);
    if (!scale || !every_item_has_text(scale))
        return problem(c, ERR_INVALID, S("instrument"),
                       "there is no such instrument whose wording may be shown");
    Chart chart;
    TRY(chart_load(c, in->id, &chart));
    if (chart.deceased)
        return problem(c, ERR_RULE, S("Patient.deceased[x]"), "the patient has died: no link is made");
    int64_t expires_us = c->now_us + policy_duration_us(policy_in_force(), "follow_link_valid");
    Str path;
    TRY(follow_link_make(c, in->id, scale->id, expires_us, &path));
    params_string(out, "path", path);
    params_string(out, "instrument", scale->title);
    params_instant(out, "expires", expires_us);
    params_string(out, "warning", overlap_warning(c, &chart, scale));
    return OK;
}

/* ---- tasks ---- */

typedef struct TaskList {
    WorryTask *at;
    size_t n, room;
} TaskList;

static Err find_tasks(Ctx *c, const SearchTerms *terms, TaskList *ret_tasks)
{
    SearchPage found;
    TaskList tasks = { 0 };
    TRY(fhir_search(c, S("Task"), terms, true, &found));
    for (size_t i = 0; i < found.matches.n; i++) {
        WorryTask task;
        if (task_from_json(c->arena, json_parse(c->arena, found.matches.at[i].body), &task))
            *list_add(c->arena, &tasks) = task;
    }
    *ret_tasks = tasks;
    return OK;
}

static void add_term(Ctx *c, SearchTerms *terms, const char *name, Str value)
{
    *list_add(c->arena, terms) = (SearchTerm){ str_from(name), value };
}

static Err tasks_of_patient(Ctx *c, Str patient_id, TaskList *ret_tasks)
{
    SearchTerms terms = { 0 };
    add_term(c, &terms, "patient", patient_id);
    add_term(c, &terms, "code", S("urn:euthymia:task|"));
    add_term(c, &terms, "_count", arena_fmt(c->arena, "%d", TASKS_MAX));
    return find_tasks(c, &terms, ret_tasks);
}

static Err open_tasks(Ctx *c, TaskList *ret_tasks)
{
    SearchTerms terms = { 0 };
    add_term(c, &terms, "status", S("requested,accepted,in-progress"));
    add_term(c, &terms, "code", S("urn:euthymia:task|"));
    add_term(c, &terms, "_count", arena_fmt(c->arena, "%d", TASKS_MAX));
    return find_tasks(c, &terms, ret_tasks);
}

static bool is_owned(const WorryTask *task)
{
    return !str_empty(task->owner_id);
}

static WorryPriority priority_now(const WorryTask *task, int64_t now_us)
{
    return worry_priority(task->worry.kind, is_owned(task), task->worry.owner_due_us, now_us);
}

static void show_notes(Ctx *c, const WorryTask *task, Params *out)
{
    Json *notes = json_parse(c->arena, arena_fmt(c->arena, "[%.*s]", STR_ARG(task->notes)));
    for (size_t i = 0; i < json_count(notes); i++) {
        Json *note = json_at(notes, i);
        Str by = json_find_str(note, "authorReference.display");
        params_open(out, "note");
        params_string(out, "text", json_find_str(note, "text"));
        params_string(out, "by", by.p ? by : json_find_str(note, "authorString"));
        params_string(out, "at", json_find_str(note, "time"));
        params_close(out);
    }
}

static void show_task(Ctx *c, const WorryTask *task, Params *out)
{
    WorryPriority priority = priority_now(task, c->now_us);
    bool raised = priority != worry_priority(task->worry.kind, true, TIME_NONE, c->now_us);
    params_string(out, "id", task->id);
    params_string(out, "patient-id", task->patient_id);
    params_code(out, "kind", str_from(worry_code(task->worry.kind)));
    params_string(out, "response",
                  arena_fmt(c->arena, "QuestionnaireResponse/%.*s", STR_ARG(task->response_id)));
    params_string(out, "title", str_from(worry_title(task->worry.kind)));
    params_string(out, "description", task->description);
    params_code(out, "priority", str_from(worry_priority_word(priority)));
    params_bool(out, "raised-by-age", raised);
    params_bool(out, "open", task_is_open(task));
    params_bool(out, "owned", is_owned(task));
    params_string(out, "owner", task->owner);
    params_string(out, "owner-id", task->owner_id);
    params_instant(out, "raised", task->authored_us);
    params_instant(out, "owner-due", task->worry.owner_due_us);
    params_instant(out, "contact-due", task->worry.contact_due_us);
    show_notes(c, task, out);
}

/* Unowned high first, then by priority, then the oldest. */
static int by_urgency(const void *left, const void *right, void *now)
{
    const WorryTask *a = left, *b = right;
    int64_t now_us = *(const int64_t *)now;
    int rank_a = 2 * (int)priority_now(a, now_us) + !is_owned(a);
    int rank_b = 2 * (int)priority_now(b, now_us) + !is_owned(b);
    if (rank_a != rank_b)
        return rank_b - rank_a;
    return (a->authored_us > b->authored_us) - (a->authored_us < b->authored_us);
}

static void sort_tasks(TaskList *tasks, int64_t now_us)
{
    if (tasks->n)
        qsort_r(tasks->at, tasks->n, sizeof *tasks->at, by_urgency, &now_us);
}

/* "Margit Solberg"; absent where the patient cannot be read, which must not hide the task. */
static Str patient_name(Ctx *c, Str patient_id)
{
    Resource patient;
    if (fhir_read(c, S("Patient"), patient_id, &patient) != OK)
        return STR_NONE;
    Json *json = json_parse(c->arena, patient.body);
    Str given = json_find_str(json, "name[0].given[0]"), family = json_find_str(json, "name[0].family");
    return str_trim(arena_fmt(c->arena, "%.*s %.*s", STR_ARG(given), STR_ARG(family)));
}

static Err show_open_tasks(Ctx *c, const OpCall *in, Params *out)
{
    (void)in;
    TaskList tasks;
    TRY(open_tasks(c, &tasks));
    sort_tasks(&tasks, c->now_us);
    int64_t unowned_high = 0;
    for (size_t i = 0; i < tasks.n; i++)
        unowned_high += !is_owned(&tasks.at[i]) && priority_now(&tasks.at[i], c->now_us) == WORRY_HIGH;
    params_int(out, "count", (int64_t)tasks.n);
    params_int(out, "unowned-high", unowned_high);
    for (size_t i = 0; i < tasks.n; i++) {
        params_open(out, "task");
        params_string(out, "patient", patient_name(c, tasks.at[i].patient_id));
        show_task(c, &tasks.at[i], out);
        params_close(out);
    }
    return OK;
}

/* Reads a task that may be acted on; the caller is in a transaction and holds the task's lock. */
static Err open_task(Ctx *c, Str id, WorryTask *ret_task)
{
    TRY(tx_lock(c, arena_fmt(c->arena, "Task/%.*s", STR_ARG(id))));
    WorryTask task;
    TRY(task_read(c, id, &task));
    if (!task_is_open(&task))
        return problem(c, ERR_CONFLICT, S("Task.status"), "this task is closed already");
    if (str_empty(c->user.person_id))
        return problem(c, ERR_FORBIDDEN, STR_NONE, "this account is not a person: only a person owns a task");
    *ret_task = task;
    return OK;
}

static Err take_task(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    WorryTask task;
    TRY(tx_begin(c, &tx));
    TRY(open_task(c, in->id, &task));
    bool mine = str_eq(task.owner_id, c->user.person_id);
    if (is_owned(&task) && !mine && !op_true(in, "take-over"))
        return problem(c, ERR_CONFLICT, S("Task.owner"),
                       "%.*s has this task; say take-over to take it from them", STR_ARG(task.owner));
    if (!mine)
        task_add_note(c, &task, S("Taken"));
    task.owner_id = c->user.person_id;
    task.owner = c->user.display;
    task.status = task.status == TASK_REQUESTED ? TASK_ACCEPTED : task.status;
    TRY(task_store(c, &task));
    TRY(tx_commit(tx));
    show_task(c, &task, out);
    return OK;
}

/* ---- $outcome ---- */

/* What came of trying to reach the patient. Only a person who was reached, or is in others' hands, closes a
 * task. */
static const struct {
    const char *code, *text;
    bool closes;
} outcomes[] = {
    { "reached-safe", "Reached, safe for now, plan agreed", true },
    { "reached-appointment", "Reached, seen today or tomorrow", true },
    { "reached-higher-care", "Reached, went to a higher level of care", true },
    { "reached-other", "Reached, see the note", true },
    { "not-reached", "Not reached", false },
    { "left-message", "Not reached, left a message without clinical content", false },
    { "welfare-check", "Not reached, welfare check or emergency services sent", false },
};
static const struct {
    const char *code, *text;
} safety_plans[] = {
    { "reviewed", "Safety plan reviewed" },
    { "made", "Safety plan made" },
    { "refused", "Safety plan refused" },
    { "none", "No safety plan" },
};

static Err outcome_named(Ctx *c, const OpCall *in, size_t *ret_outcome)
{
    Str code = op_string(in, "outcome");
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (str_is(code, outcomes[i].code)) {
            *ret_outcome = i;
            return OK;
        }
    return problem(c, ERR_INVALID, S("outcome"),
                   "a task ends with what came of the contact, such as reached-safe");
}

static Err safety_plan_named(Ctx *c, const OpCall *in, bool needed, Str *ret_code, Str *ret_text)
{
    Str code = op_string(in, "safety-plan");
    for (size_t i = 0; i < sizeof safety_plans / sizeof *safety_plans; i++)
        if (str_is(code, safety_plans[i].code)) {
            *ret_code = code;
            *ret_text = str_from(safety_plans[i].text);
            return OK;
        }
    if (needed || !str_empty(code))
        return problem(c, ERR_INVALID, S("safety-plan"),
                       "say how the safety plan stands: reviewed, made, refused, none");
    return OK;
}

static Err record_outcome(Ctx *c, const OpCall *in, Params *out)
{
    size_t outcome = 0;
    Str plan_code = STR_NONE, plan_text = STR_NONE, note = str_trim(op_string(in, "note"));
    TRY(outcome_named(c, in, &outcome));
    TRY(safety_plan_named(c, in, outcomes[outcome].closes, &plan_code, &plan_text));
    if (outcomes[outcome].closes && str_empty(note))
        return problem(c, ERR_INVALID, S("note"),
                       "write what was said: a contact without a note closes nothing");
    AUTO(tx_done) Tx *tx = NULL;
    WorryTask task;
    TRY(tx_begin(c, &tx));
    TRY(open_task(c, in->id, &task));
    Str text = str_from(outcomes[outcome].text);
    task_add_output(c, &task, S("contact-outcome"), str_from(outcomes[outcome].code), text);
    if (plan_code.p)
        task_add_output(c, &task, S("safety-plan"), plan_code, plan_text);
    task_add_note(c, &task,
                  str_empty(note) ? text : arena_fmt(c->arena, "%.*s. %.*s", STR_ARG(text), STR_ARG(note)));
    if (!is_owned(&task)) {
        task.owner_id = c->user.person_id;
        task.owner = c->user.display;
    }
    task.status = outcomes[outcome].closes ? TASK_COMPLETED : TASK_IN_PROGRESS;
    TRY(task_store(c, &task));
    TRY(tx_commit(tx));
    show_task(c, &task, out);
    return OK;
}

/* ---- $follow ---- */

static void show_score(const Score *score, const Instrument *scale, Params *out)
{
    params_open(out, "score");
    params_instant(out, "at", score->at_us);
    if (score->total >= 0)
        params_int(out, "total", score->total);
    for (size_t i = 0; score->total >= 0 && i < scale->n_bands; i++)
        if (score->total >= scale->bands[i].from && score->total <= scale->bands[i].to)
            params_string(out, "band", scale->bands[i].word);
    params_bool(out, "complete", score->complete);
    params_bool(out, "prorated", score->total >= 0 && !score->complete);
    params_int(out, "answered", score->answered);
    if (score->has_suicide_item && score->item_suicide >= 0)
        params_int(out, "suicide-item", score->item_suicide);
    params_bool(out, "suicide-item-missing", score->has_suicide_item && score->item_suicide < 0);
    params_bool(out, "near-dose", score->near_dose);
    params_string(out, "reference",
                  arena_fmt(out->buf.arena, "%.*s/%.*s", STR_ARG(score->fact.type), STR_ARG(score->fact.id)));
    params_close(out);
}

static void show_infusions(const Chart *chart, Params *out)
{
    int64_t before_us = TIME_NONE;
    for (size_t i = 0; i < chart->infusions.n; i++) {
        const Infusion *infusion = &chart->infusions.at[i];
        if (infusion->started_us == TIME_NONE)
            continue;
        params_open(out, "infusion");
        params_int(out, "number", infusion->number);
        params_instant(out, "at", infusion->started_us);
        if (before_us != TIME_NONE)
            params_int(out, "days-since-last",
                       (infusion->started_us - before_us + US_PER_DAY / 2) / US_PER_DAY);
        params_decimal(out, "given-mg", infusion->given_mg);
        params_code(out, "status", infusion->status);
        params_close(out);
        before_us = infusion->started_us;
    }
}

static void show_named_score(Params *out, const char *name, const Score *score)
{
    if (!score)
        return;
    params_open(out, name);
    params_int(out, "total", score->total);
    params_instant(out, "at", score->at_us);
    params_close(out);
}

static void show_judgement(Ctx *c, const Chart *chart, const Instrument *scale, Params *out)
{
    ResponseRules rules = response_rules(policy_in_force(), scale);
    FollowJudgement judgement =
        follow_judge(scale->id, chart->scores.at, chart->scores.n, response_first_infusion_us(chart), &rules);
    params_string(out, "headline", follow_headline(c->arena, &judgement, scale->title));
    params_string(out, "verdict", follow_verdict(c->arena, &judgement, &rules));
    params_bool(out, "judged", judgement.judged);
    if (judgement.judged) {
        params_bool(out, "response", judgement.response.response);
        params_bool(out, "partial", judgement.response.partial);
        params_bool(out, "remission", judgement.response.remission);
        params_bool(out, "worse", judgement.response.worse);
    }
    show_named_score(out, "baseline", judgement.baseline);
    show_named_score(out, "latest", judgement.latest);
    show_named_score(out, "best", judgement.best);
    params_int(out, "remission-max", scale->remission_max);
    if (judgement.baseline)
        params_int(out, "response-max", judgement.baseline->total * (100 - rules.response_percent) / 100);
}

/* The rules that the judgement rests on, each with its source, so that the screen can mark what was not
 * verified. */
static void show_rules(Params *out)
{
    static const char *const keys[] = { "response_percent", "response_partial_percent",
                                        "response_worse_points", "response_baseline_window",
                                        "response_interpretable_min" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const PolicyRow *row = policy_row(policy_in_force(), keys[i]);
        params_open(out, "rule");
        params_string(out, "title", row->title);
        params_string(out, "value", decimal_plain(out->buf.arena, row->value));
        params_string(out, "unit", row->unit);
        params_string(out, "cites", row->cites);
        params_string(out, "seen", row->seen);
        params_close(out);
    }
}

static Err show_links(Ctx *c, Str patient_id, Params *out)
{
    Links links;
    TRY(link_list(c, patient_id, LINKS_SHOWN, &links));
    for (size_t i = 0; i < links.n; i++) {
        bool used = links.at[i].used_us != TIME_NONE, expired = c->now_us >= links.at[i].expires_us;
        params_open(out, "link");
        params_string(out, "instrument", links.at[i].instrument_id);
        params_instant(out, "made", links.at[i].created_us);
        params_instant(out, "expires", links.at[i].expires_us);
        params_instant(out, "used", links.at[i].used_us);
        params_code(out, "state", used ? S("used") : expired ? S("expired") : S("open"));
        params_close(out);
    }
    return OK;
}

static Err show_patient_tasks(Ctx *c, Str patient_id, Params *out)
{
    TaskList tasks;
    TRY(tasks_of_patient(c, patient_id, &tasks));
    sort_tasks(&tasks, c->now_us);
    for (size_t i = 0; i < tasks.n; i++) {
        params_open(out, "task");
        show_task(c, &tasks.at[i], out);
        params_close(out);
    }
    return OK;
}

static Err show_follow(Ctx *c, const OpCall *in, Params *out)
{
    const Instrument *scale = instrument(S("phq-9"));
    Chart chart;
    TRY(chart_load(c, in->id, &chart));
    params_string(out, "instrument", scale->title);
    params_string(out, "recall", scale->recall);
    params_int(out, "max-total", scale->max_total);
    params_bool(out, "deceased", chart.deceased);
    show_judgement(c, &chart, scale, out);
    show_rules(out);
    params_int(out, "gap-days", policy_row(policy_in_force(), "follow_report_gap")->value.units);
    for (size_t i = 0; i < chart.scores.n; i++)
        if (str_eq(chart.scores.at[i].instrument, scale->id))
            show_score(&chart.scores.at[i], scale, out);
    show_infusions(&chart, out);
    TRY(show_patient_tasks(c, in->id, out));
    return show_links(c, in->id, out);
}

const Operation follow_operations[] = {
    { "Patient", "ask", OP_WRITE, ROLES_CLINICAL, ask_patient, "Makes a link to a questionnaire" },
    { "Patient", "follow", OP_READ, ROLES_CLINICAL_READ, show_follow, "Shows reports, response and worries" },
    { "Task", "take", OP_WRITE, ROLES_CLINICAL, take_task, "Takes a worry: the caller owns it" },
    { "Task", "outcome", OP_WRITE, ROLES_CLINICAL, record_outcome, "Records what came of the contact" },
    { NULL, "tasks", OP_READ, ROLES_CLINICAL_READ, show_open_tasks, "Lists the open worries, unowned first" },
    { 0 },
};
