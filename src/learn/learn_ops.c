#include "learn/learn_ops.h"

#include "base/limits.h"
#include "fhir/store.h"
#include "learn/learn.h"

/* ---- who belongs to the cohort ---- */

typedef struct Patients {
    Str *at;
    size_t n, room;
} Patients;

static bool has_patient(const Patients *patients, Str id)
{
    for (size_t i = 0; i < patients->n; i++)
        if (str_eq(patients->at[i], id))
            return true;
    return false;
}

static bool is_our_course(Json *care_plan)
{
    return str_starts(json_find_str(care_plan, "instantiatesUri[0]"), S("urn:euthymia:protocol:"));
}

static Err patients_with_course(Ctx *c, Patients *ret_patients)
{
    Resources plans;
    Patients patients = { 0 };
    TRY(fhir_all(c, S("CarePlan"), &plans));
    for (size_t i = 0; i < plans.n; i++) {
        Json *plan = json_parse(c->arena, plans.at[i].body);
        Str id = STR_NONE;
        Str type = str_cut(json_find_str(plan, "subject.reference"), '/', &id);
        if (is_our_course(plan) && str_is(type, "Patient") && !has_patient(&patients, id))
            *list_add(c->arena, &patients) = id;
    }
    *ret_patients = patients;
    return OK;
}

/* Each chart in an arena of its own: a cohort is larger than a request. */
static Err count_patient(Ctx *c, Arena *scratch, Str patient_id, const Instrument *scale,
                         const LearnRules *rules, Cohort *cohort)
{
    Ctx own = *c;
    Chart chart;
    own.arena = scratch;
    own.problems = (Problems){ 0 };
    TRY(chart_load(&own, patient_id, &chart));
    Outcome outcome = learn_outcome(&chart, scale->id, rules, c->now_us);
    cohort_add(cohort, &chart, &outcome);
    arena_reset(scratch);
    return OK;
}

static Err count_cohort(Ctx *c, const Instrument *scale, const LearnRules *rules, Cohort *ret_cohort)
{
    Patients patients;
    Cohort cohort = { 0 };
    TRY(patients_with_course(c, &patients));
    AUTO(arena_done) Arena *scratch = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    for (size_t i = 0; i < patients.n; i++)
        TRY(count_patient(c, scratch, patients.at[i], scale, rules, &cohort));
    *ret_cohort = cohort;
    return OK;
}

/* ---- what is told ---- */

enum { SIGNIFICANT = 4 };

static void show_proportion(Params *out, const char *name, Proportion p, bool with_percent)
{
    params_open(out, name);
    params_int(out, "x", p.x);
    params_int(out, "n", p.n);
    if (with_percent) {
        params_number(out, "percent", 100 * p.share, SIGNIFICANT);
        params_number(out, "low", 100 * p.low, SIGNIFICANT);
        params_number(out, "high", 100 * p.high, SIGNIFICANT);
    }
    params_close(out);
}

static void show_row(Params *out, const Cohort *cohort, Str title, Str of, Proportion rate,
                     int64_t x_if_bounded)
{
    int64_t small = policy_row(policy_in_force(), "learn_small_cell")->value.units;
    bool enough = rate.n >= small;
    params_open(out, "row");
    params_string(out, "title", title);
    params_string(out, "of", of);
    show_proportion(out, "rate", rate, enough);
    if (x_if_bounded >= 0) {
        show_proportion(out, "worst-case", cohort_worst_case(cohort, x_if_bounded), enough);
        show_proportion(out, "best-case", cohort_best_case(cohort, x_if_bounded), enough);
    }
    params_bool(out, "too-few", !enough);
    params_close(out);
}

static void show_rows(Params *out, const Cohort *cohort)
{
    Str started = S("courses started"), due = S("courses that are due"), measured = S("courses measured");
    show_row(out, cohort, S("Due for the outcome"), started, wilson(cohort->due, cohort->started), -1);
    show_row(out, cohort, S("Measured in the window"), due, wilson(cohort->measured, cohort->due), -1);
    show_row(out, cohort, S("Responded"), measured, wilson(cohort->responded, cohort->measured),
             cohort->responded);
    show_row(out, cohort, S("Remitted"), measured, wilson(cohort->remitted, cohort->measured),
             cohort->remitted);
    show_row(out, cohort, S("Worse by 5 points or more"), measured, wilson(cohort->worse, cohort->measured),
             -1);
}

static void show_counts(Params *out, const Cohort *cohort)
{
    params_int(out, "started", cohort->started);
    params_int(out, "infusions", cohort->infusions);
    params_int(out, "in-treatment", cohort->in_treatment);
    params_int(out, "not-due", cohort->not_due);
    params_int(out, "due", cohort->due);
    params_int(out, "measured", cohort->measured);
    params_int(out, "missed", cohort->missed);
    params_int(out, "no-baseline", cohort->no_baseline);
    params_int(out, "responded", cohort->responded);
    params_int(out, "remitted", cohort->remitted);
}

static Str headline(Arena *a, const Cohort *cohort)
{
    if (cohort->started == 0)
        return S("No course was started yet");
    if (cohort->due == 0)
        return arena_fmt(a, "%lld started, none is due for its outcome yet", (long long)cohort->started);
    return arena_fmt(a,
                     "%lld of %lld measured courses responded; %lld of %lld that are due were not measured",
                     (long long)cohort->responded, (long long)cohort->measured,
                     (long long)(cohort->due - cohort->measured), (long long)cohort->due);
}

static void show_rules(Ctx *c, Params *out)
{
    static const char *const keys[] = { "learn_window_from", "learn_window_to", "response_percent",
                                        "response_baseline_window", "learn_small_cell" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const PolicyRow *row = policy_row(policy_in_force(), keys[i]);
        params_open(out, "rule");
        params_string(out, "title", row->title);
        params_string(out, "value", decimal_plain(c->arena, row->value));
        params_string(out, "unit", row->unit);
        params_string(out, "cites", row->cites);
        params_string(out, "seen", row->seen);
        params_close(out);
    }
}

static Err show_outcomes(Ctx *c, const OpCall *in, Params *out)
{
    (void)in;
    const Instrument *scale = instrument(S("phq-9"));
    LearnRules rules = learn_rules(policy_in_force(), scale);
    Cohort cohort;
    const Rights *asker = c->rights;
    c->rights = NULL; /* counted are all courses of the clinic, also those that the asker may not open */
    Err err = count_cohort(c, scale, &rules, &cohort);
    c->rights = asker;
    TRY(err);
    params_string(out, "headline", headline(c->arena, &cohort));
    params_string(out, "blinding", S("open label"));
    params_string(out, "instrument", scale->title);
    params_string(
        out, "outcome-rule",
        arena_fmt(c->arena,
                  "The last %.*s from %lld to %lld days after the last induction infusion, against the last "
                  "one before infusion 1. A course is due once that window has closed.",
                  STR_ARG(scale->title), (long long)(rules.window_from_us / US_PER_DAY),
                  (long long)(rules.window_to_us / US_PER_DAY)));
    params_instant(out, "as-of", c->now_us);
    show_counts(out, &cohort);
    show_rows(out, &cohort);
    show_rules(c, out);
    return OK;
}

const Operation learn_operations[] = {
    { NULL, "outcomes", OP_READ, ROLES_COUNTS, show_outcomes,
      "Tells what became of the courses started here" },
    { 0 },
};
