#include "base/limits.h"
#include "evaluate/evaluate.h"
#include "evaluate/ops.h"

/* ---- the thread: one fact of each step ---- */

typedef struct Stop {
    const char *verb, *state; /* "done", "now", "todo" */
    Str fact;
} Stop;

enum { STEPS = 5 };

static Str counted(Arena *a, int n, const char *one, const char *many)
{
    return arena_fmt(a, "%d %s", n, n == 1 ? one : many);
}

static Stop evaluate_stop(Arena *a, const Chart *chart, const Findings *findings)
{
    if (chart->deceased)
        return (Stop){ "evaluate", "now", S("died") };
    if (findings->open[LEVEL_STOP])
        return (Stop){ "evaluate", "now", counted(a, findings->open[LEVEL_STOP], "stop open", "stops open") };
    if (findings->open[LEVEL_MISSING])
        return (Stop){ "evaluate", "now",
                       counted(a, findings->open[LEVEL_MISSING], "fact missing", "facts missing") };
    if (findings->open[LEVEL_CAUTION])
        return (Stop){ "evaluate", "now",
                       counted(a, findings->open[LEVEL_CAUTION], "caution to sign", "cautions to sign") };
    if (chart->eligibility.at_us == TIME_NONE)
        return (Stop){ "evaluate", "now", S("not recorded yet") };
    return (Stop){ "evaluate", "done",
                   arena_fmt(a, "recorded %.*s", STR_ARG(time_local_day(a, chart->eligibility.at_us))) };
}

static Stop plan_stop(Arena *a, const Chart *chart)
{
    const Course *course = &chart->course;
    if (course->status == COURSE_NONE)
        return (Stop){ "plan", "todo", S("not started") };
    if (course->status == COURSE_DRAFT)
        return (Stop){ "plan", "now", S("draft, not signed") };
    return (Stop){ "plan", "done",
                   arena_fmt(a, "%.*s, %.*s mg", STR_ARG(course->protocol),
                             STR_ARG(decimal_plain(a, course->dose_mg))) };
}

static int infusions_done(const Chart *chart)
{
    int done = 0;
    for (size_t i = 0; i < chart->infusions.n; i++)
        done += chart->infusions.at[i].ended_us != TIME_NONE;
    return done;
}

static Stop infuse_stop(Arena *a, const Chart *chart)
{
    int done = infusions_done(chart), planned = chart->course.infusions_planned;
    if (!chart->infusions.n)
        return (Stop){ "infuse", "todo", planned ? arena_fmt(a, "0 of %d", planned) : S("not started") };
    bool all = planned && done >= planned;
    return (Stop){ "infuse", all ? "done" : "now", arena_fmt(a, "%d of %d", done, planned) };
}

static Stop follow_stop(Arena *a, const Chart *chart)
{
    const Score *score = chart_score(chart, "phq-9", INT64_MIN);
    if (!score)
        return (Stop){ "follow", "todo", S("no score") };
    return (Stop){ "follow", chart->infusions.n ? "now" : "todo",
                   arena_fmt(a, "PHQ-9 %d, %.*s", score->total, STR_ARG(time_local_day(a, score->at_us))) };
}

static void thread_of(Arena *a, const Chart *chart, const Findings *findings, Stop *ret_stops)
{
    ret_stops[0] = evaluate_stop(a, chart, findings);
    ret_stops[1] = plan_stop(a, chart);
    ret_stops[2] = infuse_stop(a, chart);
    ret_stops[3] = follow_stop(a, chart);
    ret_stops[4] = (Stop){ "learn", "todo", chart->infusions.n ? S("counted there") : S("not started") };
}

/* ---- one patient ---- */

/* Without case: lists write "No known allergies" in many ways. */
static bool says_none(Str text)
{
    return text.n >= 8 && strncasecmp(text.p, "no known", 8) == 0;
}

static Str allergies_text(Arena *a, const Chart *chart)
{
    Buf list = buf_make(a, 2000);
    for (size_t i = 0; i < chart->allergies.n; i++)
        if (chart->allergies.at[i].active && !says_none(chart->allergies.at[i].text))
            buf_fmt(&list, "%s%.*s", list.n ? ", " : "", STR_ARG(chart->allergies.at[i].text));
    if (list.n)
        return buf_str(&list);
    return chart->allergies_asked ? S("no known allergies") : S("not asked");
}

/* A date is a day, not an instant: it goes out as the day that the record says. */
static Str birth_text(Arena *a, const Chart *chart)
{
    if (chart->birth_us == TIME_NONE)
        return STR_NONE;
    return str_slice(time_date_time(a, chart->birth_us), 0, 10);
}

static void put_head(Params *out, const Chart *chart)
{
    Arena *a = out->buf.arena;
    params_string(out, "id", chart->patient_id);
    params_string(out, "name", chart->name);
    params_code(out, "sex", chart->sex);
    params_string(out, "birth-date", birth_text(a, chart));
    params_string(out, "mrn", chart->mrn);
    params_bool(out, "deceased", chart->deceased);
    params_instant(out, "deceased-at", chart->deceased_us);
}

static void put_measures(Params *out, const Chart *chart)
{
    if (chart->birth_us != TIME_NONE)
        params_int(out, "age-years",
                   time_age_years(chart->birth_us,
                                  chart->deceased_us == TIME_NONE ? chart->loaded_us : chart->deceased_us));
    const Reading *weight = chart_latest(chart, MEASURE_WEIGHT_KG, INT64_MIN);
    if (weight) {
        params_decimal(out, "weight-kg", decimal_round(weight->exact, 1));
        params_instant(out, "weight-at", weight->at_us);
        params_bool(out, "weight-in-clinic", weight->in_clinic);
    }
    params_string(out, "allergies", allergies_text(out->buf.arena, chart));
}

Err op_chart(Ctx *c, const OpCall *in, Params *out)
{
    Chart chart;
    Stop stops[STEPS];
    TRY(chart_load(c, in->id, &chart));
    Findings findings = evaluate(c->arena, &chart, policy_in_force(), c->now_us);
    put_head(out, &chart);
    put_measures(out, &chart);
    thread_of(c->arena, &chart, &findings, stops);
    for (size_t i = 0; i < STEPS; i++) {
        params_open(out, "thread");
        params_code(out, "verb", str_from(stops[i].verb));
        params_code(out, "state", str_from(stops[i].state));
        params_string(out, "fact", stops[i].fact);
        params_close(out);
    }
    return OK;
}

/* ---- all patients ---- */

static Str next_step(Arena *a, const Chart *chart, const Findings *findings)
{
    static const char *const titles[] = { "Evaluate", "Plan", "Infuse", "Follow", "Learn" };
    Stop stops[STEPS];
    thread_of(a, chart, findings, stops);
    for (size_t i = 0; i < STEPS; i++)
        if (strcmp(stops[i].state, "done") != 0)
            return arena_fmt(a, "%s: %.*s", titles[i], STR_ARG(stops[i].fact));
    return S("Follow");
}

/* Each chart is read in an arena of its own, so that the list costs one chart's memory. */
static Err put_patient(Ctx *c, Str patient_id, Params *out)
{
    AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Ctx own = *c;
    Chart chart;
    own.arena = a;
    TRY(chart_load(&own, patient_id, &chart));
    Findings findings = evaluate(a, &chart, policy_in_force(), c->now_us);
    params_open(out, "patient");
    put_head(out, &chart);
    params_string(out, "next-step", next_step(a, &chart, &findings));
    params_close(out);
    return OK;
}

Err op_patients(Ctx *c, const OpCall *in, Params *out)
{
    (void)in;
    Resources patients = { 0 };
    TRY(fhir_all(c, S("Patient"), &patients));
    for (size_t i = 0; i < patients.n && i < LIMIT_PAGE_ROWS; i++)
        TRY(put_patient(c, patients.at[i].id, out));
    return OK;
}
