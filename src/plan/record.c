#include "plan/record.h"

#include "base/limits.h"
#include "chart/codes.h"
#include "pkpd/pkpd.h"

/* ---- the inputs of the decision ---- */

static Str fact_text(Arena *a, const Reading *reading)
{
    const FactRef *fact = &reading->fact;
    return arena_fmt(a, "%.*s/%.*s/_history/%d", STR_ARG(fact->type), STR_ARG(fact->id), (int)fact->version);
}

static void add_models(Buf *b)
{
    size_t n;
    const PkpdModel *models = pkpd_models(&n);
    buf_add(b, S(",\"models\":["));
    for (size_t i = 0; i < n; i++)
        buf_json(b, "%j{'id':%s,'hash':%s}", i ? S(",") : S(""), models[i].id, models[i].hash);
    buf_char(b, ']');
}

static Str decision_inputs(Ctx *c, const PlanRecord *record, const Plan *plan, const Protocol *protocol,
                           const Policy *policy)
{
    Arena *a = c->arena;
    const PlanRequest *request = &plan->request;
    Buf b = buf_make(a, LIMIT_RESOURCE_BYTES);
    buf_json(&b, "{'protocol':%s,'protocol_hash':%s,'policy_version':%s,'policy_hash':%s,'decided':%t",
             protocol->id, protocol->hash, policy->version, policy->hash, c->now_us);
    buf_json(&b,
             ",'request':{'weight_basis':%s,'mg_per_kg':%n,'minutes':%d,'vial_mg_per_ml':%n,'bag_ml':%n,'"
             "first':%t}",
             str_from(weight_basis_word(plan->basis)), decimal_text(a, request->mg_per_kg), request->minutes,
             decimal_text(a, request->vial_mg_per_ml), decimal_text(a, request->bag_ml), request->first_us);
    buf_json(&b, ",'weight':%s,'weight_kg':%n,'height':%s,'height_cm':%n,'first_dose':%b",
             fact_text(a, plan->weights.weight), decimal_text(a, plan->weights.weight->exact),
             fact_text(a, plan->weights.height), decimal_text(a, plan->weights.height->exact),
             (int)plan->first);
    if (record->evaluation_id.n)
        buf_json(&b, ",'evaluation':%s",
                 arena_fmt(a, "GuidanceResponse/%.*s", STR_ARG(record->evaluation_id)));
    buf_json(&b, ",'dose_mg':%n", decimal_text(a, plan->dose.mg));
    add_models(&b);
    buf_char(&b, '}');
    return buf_str(&b);
}

static Json *decision_inputs_of(Arena *a, Json *care_plan)
{
    Json *extensions = json_get(care_plan, "extension");
    for (size_t i = 0; i < json_count(extensions); i++)
        if (str_is(json_find_str(json_at(extensions, i), "url"), EXTENSION("decision-inputs")))
            return json_parse(a, json_find_str(json_at(extensions, i), "valueString"));
    return NULL;
}

static bool number_of(Arena *a, Json *object, const char *member, Decimal *ret_value)
{
    Str text = json_number_text(a, json_get(object, member));
    return text.p && decimal_parse(text, ret_value);
}

bool care_plan_request(Arena *a, Json *care_plan, Str *ret_protocol_id, PlanRequest *ret_request)
{
    Json *inputs = decision_inputs_of(a, care_plan), *asked = json_get(inputs, "request");
    PlanRequest request = { .basis = weight_basis_from_word(json_find_str(asked, "weight_basis")) };
    TimeRange first;
    bool whole = number_of(a, asked, "mg_per_kg", &request.mg_per_kg) &&
                 json_int(json_get(asked, "minutes"), &request.minutes) &&
                 number_of(a, asked, "vial_mg_per_ml", &request.vial_mg_per_ml) &&
                 number_of(a, asked, "bag_ml", &request.bag_ml) &&
                 time_parse(json_find_str(asked, "first"), &first);
    Str protocol_id = json_find_str(inputs, "protocol");
    if (!whole || request.basis == BASIS_NONE || !protocol_id.p)
        return false;
    request.first_us = first.from_us;
    *ret_protocol_id = protocol_id;
    *ret_request = request;
    return true;
}

/* ---- signers ---- */

size_t care_plan_signers(Json *care_plan, Signer ret_signers[RECORD_SIGNERS_MAX])
{
    Json *list = json_get(care_plan, "contributor");
    size_t n = 0;
    for (size_t i = 0; i < json_count(list) && n < RECORD_SIGNERS_MAX; i++) {
        Str reference = json_find_str(json_at(list, i), "reference");
        if (str_starts(reference, S("Practitioner/")))
            ret_signers[n++] = (Signer){ str_slice(reference, sizeof "Practitioner/" - 1, reference.n),
                                         json_find_str(json_at(list, i), "display") };
    }
    return n;
}

static Str signer_reference(Arena *a, const Signer *signer)
{
    return json_build(a, "{'reference':%s,'display':%s}",
                      arena_fmt(a, "Practitioner/%.*s", STR_ARG(signer->person_id)), signer->display);
}

static void add_signers(Buf *b, const PlanRecord *record)
{
    for (size_t i = 0; i < record->n_signers; i++)
        buf_json(b, "%j%j", i ? S(",") : S(",\"contributor\":["),
                 signer_reference(b->arena, &record->signers[i]));
    if (record->n_signers)
        buf_char(b, ']');
    if (record->active)
        buf_json(b, ",'author':%j", signer_reference(b->arena, &record->signers[record->n_signers - 1]));
}

/* ---- the CarePlan ---- */

static Str patient_reference(Arena *a, Str patient_id)
{
    return json_build(a, "{'reference':%s}", arena_fmt(a, "Patient/%.*s", STR_ARG(patient_id)));
}

static Str status_of(const PlanRecord *record)
{
    return record->active ? S("active") : S("draft");
}

static void add_activities(Buf *b, const Plan *plan, const Protocol *protocol)
{
    const Schedule *schedule = &plan->schedule;
    buf_add(b, S(",\"activity\":["));
    for (size_t i = 0; i < schedule->n; i++) {
        int64_t end_us = schedule->at_us[i] + plan->request.minutes * US_PER_MIN;
        buf_json(
            b,
            "%j{'detail':{'kind':'ServiceRequest','code':{'text':'Ketamine infusion'},'status':'not-started',"
            "'scheduledPeriod':{'start':%t,'end':%t},'description':%s}}",
            i ? S(",") : S(""), schedule->at_us[i], end_us,
            arena_fmt(b->arena, "Infusion %zu of %zu. %.*s", i + 1, schedule->n,
                      STR_ARG(protocol->visits[i].measures)));
    }
    buf_char(b, ']');
}

Str care_plan_json(Ctx *c, const PlanRecord *record, const Plan *plan, const Protocol *protocol,
                   const Policy *policy)
{
    Arena *a = c->arena;
    Buf b = buf_make(a, LIMIT_RESOURCE_BYTES);
    buf_json(&b,
             "{'resourceType':'CarePlan','id':%s,'extension':["
             "{'url':'" EXTENSION(
                 "dose-weight-kg") "','valueDecimal':%n},"
                                   "{'url':'" EXTENSION(
                                       "weight-basis") "','valueCode':%s},"
                                                       "{'url':'" EXTENSION(
                                                           "decision-inputs") "','valueString':%s}]",
             record->care_plan_id, decimal_text(a, plan->dose.input.weight_kg),
             str_from(weight_basis_word(plan->basis)), decision_inputs(c, record, plan, protocol, policy));
    buf_json(&b,
             ",'instantiatesUri':[%s],'status':%s,'intent':'plan','title':%s,'description':%s,'subject':%j,'"
             "created':%t",
             arena_fmt(a, URN_PROTOCOL "%.*s", STR_ARG(protocol->id)), status_of(record), protocol->title,
             protocol->indication, patient_reference(a, record->patient_id), c->now_us);
    add_signers(&b, record);
    add_activities(&b, plan, protocol);
    buf_char(&b, '}');
    return buf_str(&b);
}

/* ---- the MedicationRequest ---- */

static Str quantity(Arena *a, Decimal value, const char *unit)
{
    return json_build(a, "{'value':%n,'unit':%s,'system':'" SYSTEM_UCUM "','code':%s}",
                      decimal_text(a, value), str_from(unit), str_from(unit));
}

static Str dosage(Arena *a, const Plan *plan, const Protocol *protocol)
{
    const Dose *dose = &plan->dose;
    Str text = arena_fmt(a, "%.*s mg in %.*s mL over %d min, %.*s mL/h; never a bolus",
                         STR_ARG(decimal_text(a, dose->mg)), STR_ARG(decimal_plain(a, dose->input.bag_ml)),
                         (int)dose->input.minutes, STR_ARG(decimal_plain(a, dose->pump_ml_per_h)));
    return json_build(
        a,
        "{'text':%s,'timing':{'repeat':{'count':%d,'duration':%d,'durationUnit':'min','frequency':%d,"
        "'period':1,'periodUnit':'wk'}},'route':{'text':%s},"
        "'doseAndRate':[{'doseQuantity':%j,'rateQuantity':%j}]}",
        text, (int64_t)plan->schedule.n, dose->input.minutes, (int64_t)protocol->infusions_a_week,
        protocol->route, quantity(a, dose->mg, "mg"), quantity(a, dose->pump_ml_per_h, "mL/h"));
}

Str medication_request_json(Ctx *c, const PlanRecord *record, const Plan *plan, const Protocol *protocol)
{
    Arena *a = c->arena;
    Buf b = buf_make(a, LIMIT_RESOURCE_BYTES);
    buf_json(
        &b,
        "{'resourceType':'MedicationRequest','id':%s,'extension':["
        "{'url':'" EXTENSION(
            "concentration-mg-per-ml") "','valueDecimal':%n}],"
                                       "'status':%s,'intent':'order','medicationCodeableConcept':{'coding':[{"
                                       "'system':'" SYSTEM_RXNORM "','code':'" RXNORM_KETAMINE
                                       "','display':'ketamine'}],'text':%s},'subject':%j,'authoredOn':%t",
        record->order_id, decimal_text(a, plan->dose.concentration_mg_per_ml), status_of(record),
        protocol->drug, patient_reference(a, record->patient_id), c->now_us);
    if (record->active)
        buf_json(&b, ",'requester':%j", signer_reference(a, &record->signers[record->n_signers - 1]));
    buf_json(&b, ",'reasonCode':[{'text':%s}],'basedOn':[{'reference':%s}],'dosageInstruction':[%j]}",
             protocol->indication, arena_fmt(a, "CarePlan/%.*s", STR_ARG(record->care_plan_id)),
             dosage(a, plan, protocol));
    return buf_str(&b);
}
