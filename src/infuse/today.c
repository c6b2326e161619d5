#include "infuse/today.h"

#include "fhir/search.h"
#include "fhir/store.h"
#include "infuse/session.h"
#include "infuse/show.h"

/* The clinic's day in its own zone. */
static TimeRange today_of(int64_t now_us)
{
    LocalTime start = time_local(now_us);
    start.hour = start.minute = start.second = 0;
    LocalTime end = start;
    end.day++;
    return (TimeRange){ time_from_local(start), time_from_local(end) };
}

static bool in_range(TimeRange range, int64_t at_us)
{
    return at_us >= range.from_us && at_us < range.to_us;
}

static Err search(Ctx *c, Str type, SearchTerm first, SearchTerm second, Resources *ret_found)
{
    SearchTerms terms = { 0 };
    SearchPage page;
    *list_add(c->arena, &terms) = first;
    if (second.name.p)
        *list_add(c->arena, &terms) = second;
    *list_add(c->arena, &terms) = (SearchTerm){ S("_count"), S("1000") };
    TRY(fhir_search(c, type, &terms, true, &page));
    *ret_found = page.matches;
    return OK;
}

/* ---- chairs ---- */

typedef struct Sessions {
    Session *at;
    size_t n, room;
} Sessions;

static Err sessions_open(Ctx *c, Sessions *ret_sessions)
{
    OpenVisits visits;
    Sessions sessions = { 0 };
    TRY(open_visits(c, &visits));
    for (size_t i = 0; i < visits.n; i++) {
        Session session;
        TRY(session_load(c, visits.at[i].encounter_id, &session));
        *list_add(c->arena, &sessions) = session;
    }
    *ret_sessions = sessions;
    return OK;
}

static const Session *in_chair(const Sessions *sessions, Str chair)
{
    for (size_t i = 0; i < sessions->n; i++)
        if (str_eq(sessions->at[i].chair, chair))
            return &sessions->at[i];
    return NULL;
}

static const Session *of_patient(const Sessions *sessions, Str patient_id)
{
    for (size_t i = 0; i < sessions->n; i++)
        if (str_eq(sessions->at[i].chart->patient_id, patient_id))
            return &sessions->at[i];
    return NULL;
}

static void show_chairs(Ctx *c, const Sessions *sessions, const InfuseLimits *limits, Params *out)
{
    for (int chair = 1; chair <= limits->chairs; chair++) {
        const Session *session = in_chair(sessions, chair_title(c->arena, chair));
        params_open(out, "chair");
        params_int(out, "seat", chair);
        params_bool(out, "free", !session);
        if (session)
            show_chair(out, session, limits, c->now_us);
        params_close(out);
    }
}

/* "BP 168/102" for a pressure alarm, else what is to be done. */
static Str short_text(Ctx *c, const Session *session, const Alarm *alarm)
{
    const Reading *pressure = session_latest(session, MEASURE_PRESSURE_MMHG);
    if (str_is(alarm->rule_id, "EU-I-001") && pressure)
        return arena_fmt(c->arena, "BP %.*s", STR_ARG(reading_text(c->arena, pressure)));
    return alarm->title;
}

typedef struct Worst {
    const Session *session;
    Alarm alarm;
} Worst;

static void show_worst(Ctx *c, const Worst *worst, Params *out)
{
    params_open(out, "alarm");
    params_code(out, "priority", priority_word(worst->alarm.priority));
    params_string(out, "patient", worst->session->chart->patient_id);
    params_string(out, "encounter", worst->session->encounter_id);
    params_string(out, "chair", worst->session->chair);
    params_string(out, "short", short_text(c, worst->session, &worst->alarm));
    params_string(out, "title", worst->alarm.title);
    params_bool(out, "acknowledged", worst->alarm.acknowledged);
    params_close(out);
}

/* The worst alarm of each chair, the worst of all first. */
static void show_alarming(Ctx *c, const Sessions *sessions, const InfuseLimits *limits, Params *out)
{
    for (Priority wanted = PRIORITY_HIGH; wanted > PRIORITY_NONE; wanted--)
        for (size_t i = 0; i < sessions->n; i++) {
            Alarms alarms = session_alarms(c->arena, &sessions->at[i], limits, c->now_us);
            if (alarms.n && alarms.at[0].priority == wanted)
                show_worst(c, &(Worst){ &sessions->at[i], alarms.at[0] }, out);
        }
}

/* ---- arrivals ---- */

typedef struct Day {
    TimeRange range;
    int visits, here, home, to_come;
} Day;

static bool is_planned_today(Json *care_plan, TimeRange today)
{
    Json *activities = json_get(care_plan, "activity");
    for (size_t i = 0; i < json_count(activities); i++) {
        TimeRange at;
        if (time_parse(json_find_str(json_at(activities, i), "detail.scheduledPeriod.start"), &at) &&
            in_range(today, at.from_us))
            return true;
    }
    return false;
}

static int64_t planned_us(const Course *course, TimeRange today)
{
    for (size_t i = 0; i < course->n_dates; i++)
        if (in_range(today, course->dates_us[i]))
            return course->dates_us[i];
    return TIME_NONE;
}

static bool was_infused_today(const Chart *chart, TimeRange today)
{
    for (size_t i = 0; i < chart->infusions.n; i++)
        if (in_range(today, chart->infusions.at[i].started_us))
            return true;
    return false;
}

/* What would keep the pump off, but for the resting pressures, which are taken in the chair. */
static void show_exceptions(Ctx *c, const Chart *chart, const InfuseLimits *limits, Params *out)
{
    Session coming = { .chart = chart, .number = next_infusion_number(chart) };
    Gate gate = start_gate(c->arena, &coming, limits, c->now_us);
    for (size_t i = 0; i < gate.n; i++)
        if (!gate.at[i].met && !str_is(gate.at[i].id, "pressures"))
            params_string(out, "exception", gate.at[i].sentence);
}

static Str visit_state(const Sessions *sessions, const Chart *chart, Day *day)
{
    if (of_patient(sessions, chart->patient_id)) {
        day->here++;
        return S("here");
    }
    if (was_infused_today(chart, day->range)) {
        day->home++;
        return S("home");
    }
    day->to_come++;
    return S("to-come");
}

static void show_visit(Ctx *c, const Sessions *sessions, const Chart *chart, const InfuseLimits *limits,
                       Day *day, Params *out)
{
    Str state = visit_state(sessions, chart, day);
    const Session *seated = of_patient(sessions, chart->patient_id);
    day->visits++;
    params_open(out, "visit");
    params_string(out, "patient", chart->patient_id);
    params_string(out, "name", chart->name);
    params_instant(out, "at", planned_us(&chart->course, day->range));
    params_int(out, "number", seated ? seated->number : next_infusion_number(chart));
    params_int(out, "planned-infusions", chart->course.infusions_planned);
    params_int(out, "minutes", chart->course.duration_min);
    params_code(out, "state", state);
    if (str_is(state, "to-come"))
        show_exceptions(c, chart, limits, out);
    params_close(out);
}

/* "Patient/1" -> "1". */
static Str after_slash(Str reference)
{
    Str rest;
    (void)str_cut(reference, '/', &rest);
    return rest;
}

static Err show_visits(Ctx *c, const Sessions *sessions, const InfuseLimits *limits, Day *day, Params *out)
{
    Resources plans;
    TRY(search(
        c, S("CarePlan"), (SearchTerm){ S("status"), S("active") },
        (SearchTerm){ S("activity-date"),
                      arena_fmt(c->arena, "ge%.*s", STR_ARG(time_date_time(c->arena, day->range.from_us))) },
        &plans));
    for (size_t i = 0; i < plans.n; i++) {
        Json *plan = json_parse(c->arena, plans.at[i].body);
        Chart chart;
        if (!is_planned_today(plan, day->range))
            continue;
        TRY(chart_load(c, after_slash(json_find_str(plan, "subject.reference")), &chart));
        if (str_eq(chart.course.care_plan.id, plans.at[i].id))
            show_visit(c, sessions, &chart, limits, day, out);
    }
    return OK;
}

/* ---- tasks ---- */

static Str patient_name(Ctx *c, Str patient_id)
{
    Resource resource;
    size_t problems = c->problems.n;
    if (fhir_read(c, S("Patient"), patient_id, &resource) != OK) {
        c->problems.n = problems;
        return S("name not known");
    }
    Json *name = json_find(json_parse(c->arena, resource.body), "name[0]");
    Str text = json_find_str(name, "text");
    if (!str_empty(text))
        return text;
    return arena_fmt(c->arena, "%.*s %.*s", STR_ARG(json_find_str(name, "given[0]")),
                     STR_ARG(json_find_str(name, "family")));
}

static void show_time(Params *out, const char *name, Json *task, const char *path)
{
    TimeRange at;
    if (time_parse(json_find_str(task, path), &at))
        params_instant(out, name, at.from_us);
}

static Json *extension_of(Json *resource, const char *url)
{
    Json *list = json_get(resource, "extension");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "url"), url))
            return json_at(list, i);
    return NULL;
}

static void show_task(Ctx *c, Json *task, Params *out)
{
    Str patient_id = after_slash(json_find_str(task, "for.reference"));
    params_open(out, "task");
    params_string(out, "id", json_find_str(task, "id"));
    params_code(out, "code", json_find_str(task, "code.coding[0].code"));
    params_string(out, "title", json_find_str(task, "code.coding[0].display"));
    params_string(out, "description", json_find_str(task, "description"));
    params_code(out, "priority", json_find_str(task, "priority"));
    params_code(out, "status", json_find_str(task, "status"));
    params_string(out, "patient", patient_id);
    params_string(out, "name", patient_name(c, patient_id));
    params_string(out, "owner", json_find_str(task, "owner.display"));
    params_string(out, "owner-id", after_slash(json_find_str(task, "owner.reference")));
    show_time(out, "raised", task, "authoredOn");
    show_time(out, "changed", task, "lastModified");
    show_time(out, "contact-due", task, "restriction.period.end");
    show_time(out, "owner-due", extension_of(task, "urn:euthymia:extension:owner-due"), "valueDateTime");
    params_close(out);
}

static Err show_tasks(Ctx *c, Params *out)
{
    Resources tasks;
    TRY(search(c, S("Task"), (SearchTerm){ S("status"), S("requested,accepted,in-progress") },
               (SearchTerm){ 0 }, &tasks));
    for (size_t i = 0; i < tasks.n; i++)
        show_task(c, json_parse(c->arena, tasks.at[i].body), out);
    return OK;
}

/* ---- the day ---- */

static void show_counts(const Sessions *sessions, const InfuseLimits *limits, const Day *day, Params *out)
{
    int of_phase[PHASE_HOME + 1] = { 0 };
    for (size_t i = 0; i < sessions->n; i++)
        of_phase[session_phase(&sessions->at[i])]++;
    params_int(out, "preparing", of_phase[PHASE_PREPARE]);
    params_int(out, "infusing", of_phase[PHASE_INFUSE]);
    params_int(out, "recovering", of_phase[PHASE_RECOVER]);
    params_int(out, "chairs-free", limits->chairs - (int64_t)sessions->n);
    params_int(out, "visits", day->visits);
    params_int(out, "visits-home", day->home);
    params_int(out, "visits-to-come", day->to_come);
}

Err today_show(Ctx *c, const OpCall *in, Params *out)
{
    (void)in;
    InfuseLimits limits = infuse_limits(policy_in_force());
    Sessions sessions;
    Day day = { .range = today_of(c->now_us) };
    TRY(sessions_open(c, &sessions));
    params_instant(out, "now", c->now_us);
    show_alarming(c, &sessions, &limits, out);
    show_chairs(c, &sessions, &limits, out);
    TRY(show_visits(c, &sessions, &limits, &day, out));
    TRY(show_tasks(c, out));
    show_counts(&sessions, &limits, &day, out);
    return OK;
}
