#include "plan/plan_ops.h"

#include "chart/write.h"
#include "db/db.h"
#include "fhir/store.h"
#include "plan/answer.h"

/* ---- in ---- */

static Str word_of(const OpCall *in, const char *name)
{
    Str text = op_string(in, name);
    return text.p ? text : json_find_str(op_parameter(in, name), "valueDate");
}

static Err read_decimal(Ctx *c, const OpCall *in, const char *name, Decimal *value)
{
    if (!op_parameter(in, name) || op_decimal(in, name, value))
        return OK;
    return problem(c, ERR_INVALID, str_from(name), "It must be a plain number.");
}

static Err read_first_date(Ctx *c, const OpCall *in, const Protocol *protocol, int64_t *first_us)
{
    if (!op_parameter(in, "first-date") || schedule_parse(protocol, word_of(in, "first-date"), first_us) ||
        op_time(in, "first-date", first_us))
        return OK;
    return problem(c, ERR_INVALID, S("first-date"), "It must be a date such as 2026-11-17, or a dateTime.");
}

/* What is absent stays as the protocol has it. */
static Err read_request(Ctx *c, const OpCall *in, const Protocol *protocol, PlanRequest *ret_request)
{
    PlanRequest request = plan_usual(protocol, c->now_us);
    Str basis = op_string(in, "weight-basis");
    request.basis = weight_basis_from_word(basis);
    if (!str_empty(basis) && request.basis == BASIS_NONE)
        return problem(c, ERR_INVALID, S("weight-basis"), "It is actual, ideal or adjusted, not \"%.*s\".",
                       STR_ARG(basis));
    TRY(read_decimal(c, in, "mg-per-kg", &request.mg_per_kg));
    TRY(read_decimal(c, in, "vial-mg-per-ml", &request.vial_mg_per_ml));
    TRY(read_decimal(c, in, "bag-ml", &request.bag_ml));
    if (op_parameter(in, "minutes") && !op_int(in, "minutes", &request.minutes))
        return problem(c, ERR_INVALID, S("minutes"), "It must be a whole number.");
    TRY(read_first_date(c, in, protocol, &request.first_us));
    *ret_request = request;
    return OK;
}

static Err find_protocol(Ctx *c, const OpCall *in, Protocol *ret_protocol)
{
    Str id = op_string(in, "protocol");
    return protocol_find(c, str_empty(id) ? S("IV-6x2") : id, ret_protocol);
}

static Err load_living(Ctx *c, Str patient_id, Chart *ret_chart)
{
    Chart chart;
    TRY(chart_load(c, patient_id, &chart));
    if (chart.deceased)
        return problem(c, ERR_RULE, S("Patient.deceased[x]"),
                       "The patient has died: nothing can be planned.");
    *ret_chart = chart;
    return OK;
}

/* ---- what the record holds ---- */

typedef struct Recorded {
    Json *care_plan; /* NULL: no course */
    Signer signers[RECORD_SIGNERS_MAX];
    size_t n_signers;
} Recorded;

static Err read_recorded(Ctx *c, const Course *course, Recorded *ret_recorded)
{
    Recorded recorded = { 0 };
    if (course->status != COURSE_NONE) {
        Resource resource;
        TRY(fhir_read(c, S("CarePlan"), course->care_plan.id, &resource));
        recorded.care_plan = json_parse(c->arena, resource.body);
        recorded.n_signers = care_plan_signers(recorded.care_plan, recorded.signers);
    }
    *ret_recorded = recorded;
    return OK;
}

static void answer_gate(Ctx *c, const Chart *chart, const Plan *plan, Params *out)
{
    const Eligibility *left = &chart->eligibility;
    PlanGate gate = plan_gate(c->arena, chart, plan, c->now_us);
    params_open(out, "gate");
    params_bool(out, "open", gate.open);
    params_string(out, "text", gate.text);
    if (left->at_us != TIME_NONE) {
        params_instant(out, "evaluated", left->at_us);
        params_int(out, "open-stops", left->open_stops);
        params_int(out, "open-missing", left->open_missing);
        params_int(out, "open-cautions", left->open_cautions);
    }
    params_close(out);
}

/* ---- $plan and $plan-preview ---- */

static Err plan_show(Ctx *c, const OpCall *in, Params *out)
{
    Chart chart;
    Recorded recorded;
    TRY(chart_load(c, in->id, &chart));
    TRY(read_recorded(c, &chart.course, &recorded));
    answer_course(out, &chart.course, recorded.signers, recorded.n_signers);
    Str protocol_id;
    Plan asked = { 0 };
    if (!recorded.care_plan || !care_plan_request(c->arena, recorded.care_plan, &protocol_id, &asked.request))
        return OK;
    asked.basis = asked.request.basis;
    answer_request(out, &asked);
    return OK;
}

static Err plan_preview(Ctx *c, const OpCall *in, Params *out)
{
    Chart chart;
    Protocol protocol;
    PlanRequest request;
    TRY(load_living(c, in->id, &chart));
    TRY(find_protocol(c, in, &protocol));
    TRY(read_request(c, in, &protocol, &request));
    const Policy *policy = policy_in_force();
    Plan plan = plan_decide(c->arena, &chart, policy, &protocol, &request, c->now_us);
    answer_protocol(out, &protocol);
    answer_request(out, &plan);
    answer_weights(out, &plan);
    answer_dose(out, &plan);
    answer_issues(out, &plan);
    answer_dates(out, &plan, &protocol);
    answer_expectation(out, &plan);
    answer_gate(c, &chart, &plan, out);
    params_string(out, "policy-version", policy->version);
    params_string(out, "policy-hash", policy->hash);
    return OK;
}

/* ---- writing ---- */

/* Every reason at once: a person mends them together. */
static Err refuse_if_refused(Ctx *c, const Plan *plan)
{
    if (plan->worst != PLAN_REFUSED)
        return OK;
    for (size_t i = 0; i < plan->issues.n; i++)
        if (plan->issues.at[i].level == PLAN_REFUSED)
            (void)problem(c, ERR_RULE, plan->issues.at[i].id, "%.*s", STR_ARG(plan->issues.at[i].text));
    return ERR_RULE;
}

static Err put_both(Ctx *c, const PlanRecord *record, const Plan *plan, const Protocol *protocol,
                    Resource *ret_care_plan)
{
    Resource order;
    TRY(fhir_put(c, S("CarePlan"), record->care_plan_id,
                 care_plan_json(c, record, plan, protocol, policy_in_force()), ret_care_plan));
    return fhir_put(c, S("MedicationRequest"), record->order_id,
                    medication_request_json(c, record, plan, protocol), &order);
}

static Err put_provenance(Ctx *c, Str type, Str id, Str activity)
{
    Resource resource;
    Str provenance_id = uuid_v7(c->arena, c->random, c->now_us);
    return fhir_put(c, S("Provenance"), provenance_id, provenance(c, provenance_id, type, id, activity),
                    &resource);
}

/* A course that runs is changed only before its first infusion; then it is a draft again and must be signed
 * again. */
static Err may_be_drafted(Ctx *c, const Chart *chart)
{
    const Course *course = &chart->course;
    if (course->status != COURSE_ACTIVE)
        return OK;
    for (size_t i = 0; i < chart->infusions.n; i++)
        if (chart->infusions.at[i].started_us != TIME_NONE &&
            chart->infusions.at[i].started_us >= course->signed_us)
            return problem(c, ERR_CONFLICT, S("CarePlan.status"),
                           "Infusions of this course were given: this release cannot change its plan. End "
                           "the course first.");
    return OK;
}

static PlanRecord record_for(Ctx *c, const Chart *chart)
{
    const Course *course = &chart->course;
    bool again = course->status == COURSE_DRAFT || course->status == COURSE_ACTIVE;
    bool same_order = again && !str_empty(course->order.id);
    return (PlanRecord){ .patient_id = chart->patient_id,
                         .care_plan_id =
                             again ? course->care_plan.id : uuid_v7(c->arena, c->random, c->now_us),
                         .order_id = same_order ? course->order.id : uuid_v7(c->arena, c->random, c->now_us),
                         .evaluation_id = chart->eligibility.fact.id };
}

static void answer_written(Params *out, const PlanRecord *record, const Resource *care_plan, const Plan *plan)
{
    params_code(out, "status", record->active ? S("active") : S("draft"));
    params_string(out, "care-plan", record->care_plan_id);
    params_int(out, "version", care_plan->version);
    params_string(out, "order", record->order_id);
    params_decimal(out, "dose-mg", plan->dose.mg);
    for (size_t i = 0; i < record->n_signers; i++)
        params_string(out, "signer", record->signers[i].display);
}

static Err plan_draft(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    Protocol protocol;
    PlanRequest request;
    Resource care_plan;
    TRY(tx_begin(c, &tx));
    TRY(load_living(c, in->id, &chart));
    TRY(may_be_drafted(c, &chart));
    TRY(find_protocol(c, in, &protocol));
    TRY(read_request(c, in, &protocol, &request));
    Plan plan = plan_decide(c->arena, &chart, policy_in_force(), &protocol, &request, c->now_us);
    TRY(refuse_if_refused(c, &plan));
    PlanRecord record = record_for(c, &chart);
    TRY(put_both(c, &record, &plan, &protocol, &care_plan));
    TRY(put_provenance(c, S("CarePlan"), record.care_plan_id, S("plan drafted")));
    TRY(tx_commit(tx));
    answer_written(out, &record, &care_plan, &plan);
    return OK;
}

/* ---- signing ---- */

/* Who signs names what he saw: a plan that moved on since is not signed unseen. */
static Err check_version(Ctx *c, const OpCall *in, const Course *course)
{
    int64_t version;
    if (course->status != COURSE_DRAFT)
        return problem(c, ERR_CONFLICT, S("CarePlan.status"), "There is no draft to sign.");
    if (!op_int(in, "version", &version))
        return problem(c, ERR_INVALID, S("version"),
                       "A signature names the version of the draft that was seen.");
    if (version != course->care_plan.version)
        return problem(c, ERR_STALE, S("version"), "The draft is at version %d now: look at it again.",
                       (int)course->care_plan.version);
    return OK;
}

/* Decides again, with today's chart, policy and clock. The dose must come out as it stands in the draft. */
static Err decide_again(Ctx *c, const Chart *chart, const Recorded *recorded, Protocol *ret_protocol,
                        Plan *ret_plan)
{
    Str protocol_id;
    PlanRequest request;
    if (!care_plan_request(c->arena, recorded->care_plan, &protocol_id, &request))
        return problem(c, ERR_CONFLICT, S("CarePlan.extension"),
                       "The draft does not say what it rests on: draft again.");
    TRY(protocol_find(c, protocol_id, ret_protocol));
    Plan plan = plan_decide(c->arena, chart, policy_in_force(), ret_protocol, &request, c->now_us);
    TRY(refuse_if_refused(c, &plan));
    if (decimal_cmp(plan.dose.mg, chart->course.dose_mg) != 0)
        return problem(c, ERR_CONFLICT, S("dose"),
                       "The dose is now %.*s mg, not the %.*s mg of the draft: draft again.",
                       STR_ARG(decimal_text(c->arena, plan.dose.mg)),
                       STR_ARG(decimal_text(c->arena, chart->course.dose_mg)));
    *ret_plan = plan;
    return OK;
}

static Err check_typed(Ctx *c, const OpCall *in, const Plan *plan)
{
    Decimal typed;
    if (plan->worst < PLAN_TYPED ||
        (op_decimal(in, "typed-mg", &typed) && decimal_cmp(typed, plan->dose.mg) == 0))
        return OK;
    return problem(c, ERR_RULE, S("typed-mg"), "Type the dose once more to sign it: %.*s mg.",
                   STR_ARG(decimal_text(c->arena, plan->dose.mg)));
}

/* One person under two roles or in two sessions is one person. */
static Err add_signer(Ctx *c, const Recorded *recorded, const Plan *plan, PlanRecord *record)
{
    if (str_empty(c->user.person_id))
        return problem(c, ERR_FORBIDDEN, STR_NONE,
                       "This account names no person, and a signature is a person's.");
    bool two = plan->worst >= PLAN_TWO;
    for (size_t i = 0; two && i < recorded->n_signers && i + 1 < RECORD_SIGNERS_MAX; i++) {
        if (str_eq(recorded->signers[i].person_id, c->user.person_id))
            return problem(c, ERR_RULE, S("CarePlan.contributor"),
                           "You have signed. A second prescriber must sign too.");
        record->signers[record->n_signers++] = recorded->signers[i];
    }
    record->signers[record->n_signers++] = (Signer){ c->user.person_id, c->user.display };
    record->active = !two || record->n_signers == 2;
    return OK;
}

static Err check_gate(Ctx *c, const Chart *chart, const Plan *plan)
{
    PlanGate gate = plan_gate(c->arena, chart, plan, c->now_us);
    return gate.open ? OK : problem(c, ERR_RULE, S("GuidanceResponse"), "%.*s", STR_ARG(gate.text));
}

static Err plan_sign(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    Recorded recorded;
    Protocol protocol;
    Plan plan;
    Resource care_plan;
    TRY(tx_begin(c, &tx));
    TRY(load_living(c, in->id, &chart));
    TRY(check_version(c, in, &chart.course));
    TRY(read_recorded(c, &chart.course, &recorded));
    TRY(decide_again(c, &chart, &recorded, &protocol, &plan));
    TRY(check_gate(c, &chart, &plan));
    TRY(check_typed(c, in, &plan));
    PlanRecord record = record_for(c, &chart);
    TRY(add_signer(c, &recorded, &plan, &record));
    TRY(put_both(c, &record, &plan, &protocol, &care_plan));
    TRY(put_provenance(c, S("CarePlan"), record.care_plan_id, S("plan signed")));
    TRY(put_provenance(c, S("MedicationRequest"), record.order_id, S("order signed")));
    TRY(tx_commit(tx));
    answer_written(out, &record, &care_plan, &plan);
    return OK;
}

const Operation plan_operations[] = {
    { "Patient", "plan", OP_READ, ROLES_CLINICAL_READ, plan_show,
      "The course in the record, draft or signed" },
    { "Patient", "plan-preview", OP_READ, ROLES_CLINICAL_READ, plan_preview,
      "A dose with its arithmetic, limits, dates and what to expect; writes nothing" },
    { "Patient", "plan-draft", OP_WRITE, ROLES_CLINICAL, plan_draft,
      "Writes the plan as a draft CarePlan and order" },
    { "Patient", "plan-sign", OP_WRITE, ROLES_PHYSICIAN, plan_sign,
      "Decides again, and activates the draft by a signature" },
    { 0 },
};
