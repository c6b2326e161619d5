#include "follow/follow_link.h"

#include "chart/chart.h"
#include "fhir/store.h"
#include "follow/duty.h"
#include "follow/follow.h"
#include "follow/link_store.h"
#include "follow/pages.h"

enum { ATTEMPTS = 3 };

/* One request for one link that was found. */
typedef struct Visit {
    Ctx *c;
    const LinkRequest *request;
    Link link;
    const Instrument *instrument;
    PageFacts facts;
    Json *patient;
    Str tail;    /* what follows the route's prefix: "3" of "q/3", "/q/3" of "help/q/3" */
    bool closed; /* expired, or completed too long ago to be changed */
} Visit;

typedef Err VisitFn(Visit *v, LinkAnswer *ret_answer);

/* ---- answers ---- */

static LinkAnswer page(int status, Str body)
{
    return (LinkAnswer){ .status = status, .content_type = S("text/html; charset=utf-8"), .body = body };
}

static LinkAnswer go_to(Visit *v, Str rest)
{
    Str location = arena_fmt(v->c->arena, "%.*s%.*s", STR_ARG(v->facts.path), STR_ARG(rest));
    return (LinkAnswer){ .status = 303, .location = location };
}

static LinkAnswer trouble(Arena *a, const PageFacts *facts)
{
    return page(503,
                page_closed(a, facts, S("That could not be kept just now"),
                            S("Nothing was lost that was kept before. Go back and try again in a minute.")));
}

LinkAnswer follow_link_trouble(Arena *a)
{
    PageFacts facts = { .clinic = clinic_in_force() };
    return trouble(a, &facts);
}

static Str field(const LinkRequest *request, const char *name)
{
    for (size_t i = 0; i < request->n_fields; i++)
        if (str_is(request->fields[i].name, name))
            return request->fields[i].value;
    return STR_NONE;
}

/* ---- who it is ---- */

/* The first number that is not marked old; absent where there is none. */
static Str phone_of(Json *telecoms)
{
    for (size_t i = 0; i < json_count(telecoms); i++) {
        Json *telecom = json_at(telecoms, i);
        if (str_is(json_find_str(telecom, "system"), "phone") &&
            !str_is(json_find_str(telecom, "use"), "old"))
            return json_find_str(telecom, "value");
    }
    return STR_NONE;
}

static Str name_said(Json *name)
{
    Str given = json_find_str(name, "given[0]");
    return str_empty(given) ? json_find_str(name, "text") : given;
}

static bool is_dead(Json *patient)
{
    return json_true(json_get(patient, "deceasedBoolean")) || json_get(patient, "deceasedDateTime");
}

/* ---- hello and the questions ---- */

static Err show_hello(Visit *v, LinkAnswer *ret_answer)
{
    Answers answers;
    TRY(link_answers(v->c, &v->link, v->instrument, &answers));
    size_t first = answers_first_open(v->instrument, &answers);
    if (first == v->instrument->n_items && v->link.used_us != TIME_NONE) {
        *ret_answer = go_to(v, S("/done"));
        return OK;
    }
    size_t last = v->instrument->n_items - 1;
    *ret_answer = page(200, page_hello(v->c->arena, &v->facts, first < last ? first : last, first > 0));
    return OK;
}

/* The item that the address names, counted from 1 there. */
static bool item_named(const Visit *v, size_t *ret_item)
{
    int64_t number;
    if (!str_to_int(v->tail, &number) || number < 1 || number > (int64_t)v->instrument->n_items)
        return false;
    *ret_item = (size_t)number - 1;
    return true;
}

static Err show_question(Visit *v, LinkAnswer *ret_answer)
{
    size_t item;
    Answers answers;
    if (!item_named(v, &item))
        return ERR_NOT_FOUND;
    TRY(link_answers(v->c, &v->link, v->instrument, &answers));
    *ret_answer = page(200, page_question(v->c->arena, &v->facts, item, answers.value[item], STR_NONE));
    return OK;
}

static bool answer_named(const Visit *v, int *ret_value)
{
    int64_t value;
    if (str_is(field(v->request, "act"), "skip")) {
        *ret_value = -1;
        return true;
    }
    if (!str_to_int(field(v->request, "answer"), &value))
        return false;
    for (size_t i = 0; i < v->instrument->n_answers; i++)
        if (v->instrument->answers[i].value == value) {
            *ret_value = (int)value;
            return true;
        }
    return false;
}

static LinkAnswer after_answer(Visit *v, const LinkAnswered *answered)
{
    if (answered->item + 1 < v->instrument->n_items)
        return go_to(v, arena_fmt(v->c->arena, "/q/%zu", answered->item + 2));
    /* An endorsement that was changed back to zero has raised a worry, and its task stands. */
    return go_to(v, v->link.task_id.p ? S("/safe") : S("/done"));
}

static Err take_answer(Visit *v, LinkAnswer *ret_answer)
{
    LinkAnswered answered = { 0 };
    if (!item_named(v, &answered.item))
        return ERR_NOT_FOUND;
    if (!answer_named(v, &answered.value)) {
        *ret_answer = page(422, page_question(v->c->arena, &v->facts, answered.item, -1,
                                              S("Choose one of the answers, or Skip.")));
        return OK;
    }
    bool tapped = str_is(field(v->request, "act"), "tap");
    answered.finish = !tapped && answered.item + 1 == v->instrument->n_items;
    TRY(link_store_answer(v->c, &v->link, v->instrument, &answered));
    *ret_answer = tapped ? (LinkAnswer){ 200, S("text/plain; charset=utf-8"), S("kept\n"), STR_NONE }
                         : after_answer(v, &answered);
    return OK;
}

/* ---- safety ---- */

/* What may be promised at this moment. What cannot be read is not promised. */
static Promise promise_now(Visit *v)
{
    WorryTask task;
    PromiseFacts facts = { .contact_due_us = TIME_NONE, .next_duty_us = TIME_NONE, .now_us = v->c->now_us };
    if (!v->link.task_id.p || task_read(v->c, v->link.task_id, &task) != OK)
        return promise_made(&facts);
    facts.task_open = task_is_open(&task);
    facts.accepted = task.status == TASK_ACCEPTED || task.status == TASK_IN_PROGRESS;
    facts.owner = task.owner;
    facts.contact_due_us = task.worry.contact_due_us;
    if (duty_read(v->c, task.owner_id, &facts) != OK)
        facts =
            (PromiseFacts){ .contact_due_us = TIME_NONE, .next_duty_us = TIME_NONE, .now_us = v->c->now_us };
    return promise_made(&facts);
}

static Err safety_facts(Visit *v, SafetyFacts *ret_safety)
{
    Answers answers;
    TRY(link_answers(v->c, &v->link, v->instrument, &answers));
    *ret_safety = (SafetyFacts){
        .promise = promise_now(v),
        .skipped = v->instrument->suicide_item >= 0 && answers.skipped[v->instrument->suicide_item],
        .callback = phone_of(json_get(v->patient, "telecom")),
        .number_noted = str_is(v->tail, "/noted"),
    };
    return OK;
}

static Err show_safety(Visit *v, LinkAnswer *ret_answer)
{
    if (!v->link.task_id.p) {
        *ret_answer = go_to(v, S(""));
        return OK;
    }
    SafetyFacts safety;
    TRY(safety_facts(v, &safety));
    *ret_answer = page(200, page_safety(v->c->arena, &v->facts, &safety));
    return OK;
}

/* "Yes, safe" is noted and changes nothing; the other two make the task high, or make one. */
static const struct {
    const char *value;
    WorryKind kind;
    const char *said, *then;
} safe_answers[] = {
    { "yes", WORRY_NONE, "Safety page: \"Yes, I am safe right now\"", "/done" },
    { "unsure", WORRY_HELP_ASKED, "Safety page: \"I am not sure\" whether safe right now", "/help/raised" },
    { "help", WORRY_HELP_ASKED, "Safety page: \"No, I need help now\"", "/help/raised" },
};

static Err take_safety(Visit *v, LinkAnswer *ret_answer)
{
    Str value = field(v->request, "safe");
    for (size_t i = 0; i < sizeof safe_answers / sizeof *safe_answers; i++) {
        if (!str_is(value, safe_answers[i].value))
            continue;
        TRY(link_store_said(v->c, &v->link, safe_answers[i].kind, str_from(safe_answers[i].said)));
        *ret_answer = go_to(v, str_from(safe_answers[i].then));
        return OK;
    }
    *ret_answer = go_to(v, S("/safe"));
    return OK;
}

static Err take_number(Visit *v, LinkAnswer *ret_answer)
{
    static const struct {
        const char *value, *said;
    } rows[] = {
        { "right", "Callback number: right and private" },
        { "change", "Callback number: not right or not private. Ask for another one" },
        { "text", "Callback: asks for a text message instead of a call" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_is(field(v->request, "number"), rows[i].value))
            TRY(link_store_said(v->c, &v->link, WORRY_NONE, str_from(rows[i].said)));
    *ret_answer = go_to(v, S("/safe/noted"));
    return OK;
}

/* ---- afterwards ---- */

static void gather_curve(Ctx *c, const Chart *chart, const Instrument *instrument, CurveFacts *ret_curve)
{
    ResponseRules rules = response_rules(policy_in_force(), instrument);
    CurvePoint *points = arena_new(c->arena, CurvePoint, chart->scores.n + 1);
    int64_t *infusions_us = arena_new(c->arena, int64_t, chart->infusions.n + 1);
    CurveFacts curve = { .points = points,
                         .infusions_us = infusions_us,
                         .remission_max = instrument->remission_max,
                         .max_total = instrument->max_total,
                         .gap_us = policy_duration_us(policy_in_force(), "follow_report_gap") };
    for (size_t i = 0; i < chart->scores.n; i++)
        if (response_counts(&chart->scores.at[i], instrument->id))
            points[curve.n_points++] = (CurvePoint){ chart->scores.at[i].at_us, chart->scores.at[i].total };
    for (size_t i = 0; i < chart->infusions.n; i++)
        if (chart->infusions.at[i].started_us != TIME_NONE)
            infusions_us[curve.n_infusions++] = chart->infusions.at[i].started_us;
    FollowJudgement judgement = follow_judge(instrument->id, chart->scores.at, chart->scores.n,
                                             response_first_infusion_us(chart), &rules);
    curve.before_treatment = judgement.baseline ? judgement.baseline->total : -1;
    *ret_curve = curve;
}

static Err show_thanks(Visit *v, LinkAnswer *ret_answer)
{
    Answers answers;
    Chart chart;
    CurveFacts curve;
    TRY(link_answers(v->c, &v->link, v->instrument, &answers));
    TRY(chart_load(v->c, v->link.patient_id, &chart));
    gather_curve(v->c, &chart, v->instrument, &curve);
    InstrumentResult result = instrument_score(v->instrument, answers.value);
    *ret_answer = page(200, page_thanks(v->c->arena, &v->facts, result.total, result.prorated, &curve));
    return OK;
}

static Err show_done(Visit *v, LinkAnswer *ret_answer)
{
    if (v->link.used_us == TIME_NONE) {
        *ret_answer = go_to(v, S(""));
        return OK;
    }
    if (!v->link.task_id.p)
        return show_thanks(v, ret_answer);
    SafetyFacts safety;
    TRY(safety_facts(v, &safety));
    *ret_answer = page(200, page_kept(v->c->arena, &v->facts, &safety));
    return OK;
}

static Err show_end(Visit *v, LinkAnswer *ret_answer)
{
    *ret_answer = page(200, page_closed(v->c->arena, &v->facts, S("Your answers are kept"),
                                        S("You can close this page now.")));
    return OK;
}

static Err show_help(Visit *v, LinkAnswer *ret_answer)
{
    bool raised = str_is(v->tail, "/raised");
    *ret_answer = page(200, page_help(v->c->arena, &v->facts, raised ? S("/safe") : v->tail, raised));
    return OK;
}

static Err show_numbers(Visit *v, LinkAnswer *ret_answer)
{
    const Clinic *clinic = v->facts.clinic;
    Str card = arena_fmt(
        v->c->arena,
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%.*s day and night\r\nN:%.*s;;;;\r\nTEL:%.*s\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%.*s\r\nN:%.*s;;;;\r\nTEL:%.*s\r\nEND:VCARD\r\n",
        STR_ARG(clinic->line), STR_ARG(clinic->line), STR_ARG(clinic->line), STR_ARG(clinic->name),
        STR_ARG(clinic->name), STR_ARG(clinic->phone));
    *ret_answer = (LinkAnswer){ 200, S("text/vcard; charset=utf-8"), card, STR_NONE };
    return OK;
}

/* ---- the table ---- */

static const struct {
    const char *method, *prefix;
    bool has_tail;
    bool when_closed; /* a worry is heard, and the numbers are shown, on a link that is no longer open */
    VisitFn *run;
} routes[] = {
    { "GET", "", false, false, show_hello },      { "GET", "q/", true, false, show_question },
    { "POST", "q/", true, true, take_answer },    { "GET", "safe", true, false, show_safety },
    { "POST", "safe", false, true, take_safety }, { "POST", "number", false, false, take_number },
    { "GET", "done", false, false, show_done },   { "GET", "end", false, true, show_end },
    { "GET", "help", true, true, show_help },     { "GET", "numbers.vcf", false, true, show_numbers },
};

/* Only the suicide item is still taken on a closed link: an endorsement is never turned away. */
static bool takes_when_closed(Visit *v, VisitFn *run)
{
    size_t item;
    return run != take_answer || (item_named(v, &item) && (int)item == v->instrument->suicide_item);
}

static LinkAnswer closed_page(Visit *v)
{
    bool used = v->link.used_us != TIME_NONE;
    return page(
        410, page_closed(v->c->arena, &v->facts, used ? S("Your answers are kept") : S("This link has ended"),
                         used ? S("This link was used, so it is closed now.")
                              : S("It was open for a few days only. The clinic can send a new one.")));
}

static Err dispatch(Visit *v, LinkAnswer *ret_answer)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        Str prefix = str_from(routes[i].prefix);
        bool matches =
            routes[i].has_tail ? str_starts(v->request->rest, prefix) : str_eq(v->request->rest, prefix);
        if (!matches || !str_is(v->request->method, routes[i].method))
            continue;
        v->tail = str_slice(v->request->rest, prefix.n, v->request->rest.n);
        if (v->closed && !(routes[i].when_closed && takes_when_closed(v, routes[i].run))) {
            *ret_answer = closed_page(v);
            return OK;
        }
        return routes[i].run(v, ret_answer);
    }
    return ERR_NOT_FOUND;
}

static Err begin_visit(Visit *v)
{
    Ctx *c = v->c;
    TRY(link_find(c, v->request->token, &v->link));
    v->instrument = instrument(v->link.instrument_id);
    if (!v->instrument)
        return ERR_INTERNAL;
    Resource patient;
    TRY(fhir_read(c, S("Patient"), v->link.patient_id, &patient));
    v->patient = json_parse(c->arena, patient.body);
    if (is_dead(v->patient))
        return ERR_GONE;
    v->facts.instrument = v->instrument;
    v->facts.path = arena_fmt(c->arena, "/r/%.*s", STR_ARG(v->request->token));
    v->facts.given_name = name_said(json_find(v->patient, "name[0]"));
    v->facts.contact_name = name_said(json_find(v->patient, "contact[0].name"));
    v->facts.contact_phone = phone_of(json_find(v->patient, "contact[0].telecom"));
    int64_t change_us = policy_duration_us(policy_in_force(), "follow_link_change");
    v->closed = v->link.used_us == TIME_NONE ? c->now_us >= v->link.expires_us
                                             : c->now_us >= v->link.used_us + change_us;
    return OK;
}

static Err answer_once(Visit *v, LinkAnswer *ret_answer)
{
    TRY(begin_visit(v));
    return dispatch(v, ret_answer);
}

static bool worth_another_try(Err e)
{
    return e == ERR_STALE || e == ERR_CONFLICT || e == ERR_UNAVAILABLE;
}

LinkAnswer follow_link_answer(Ctx *c, const LinkRequest *request)
{
    c->user = (User){ .display = S("the patient, by the link"), .role = ROLE_PATIENT_LINK };
    Visit v = { .c = c, .request = request };
    v.facts = (PageFacts){ .clinic = clinic_in_force(), .now_us = c->now_us, .demo = request->demo };
    LinkAnswer answer;
    Err e = ERR_UNAVAILABLE;
    for (int attempt = 0; attempt < ATTEMPTS && worth_another_try(e); attempt++)
        e = answer_once(&v, &answer);
    if (e == OK)
        return answer;
    if (e == ERR_NOT_FOUND)
        return page(404, page_closed(c->arena, &v.facts, S("This page is not here"),
                                     S("Look at the link again: it may have been cut off.")));
    if (e == ERR_GONE)
        return page(410,
                    page_closed(c->arena, &v.facts, S("This link has ended"), S("It is no longer in use.")));
    return trouble(c->arena, &v.facts);
}

Err follow_link_make(Ctx *c, Str patient_id, Str instrument_id, int64_t expires_us, Str *ret_path)
{
    Str token;
    TRY(link_make(c, patient_id, instrument_id, expires_us, &token));
    *ret_path = arena_fmt(c->arena, "/r/%.*s", STR_ARG(token));
    return OK;
}
