#include "base/buf.h"
#include "base/limits.h"
#include "chart/codes.h"
#include "chart/facts.h"
#include "chart/instrument.h"
#include "chart/policy.h"
#include "chart/write.h"
#include "db/db.h"
#include "evaluate/ops.h"
#include "evaluate/trials.h"

static Str patient_reference(Ctx *c, Str patient_id)
{
    return arena_fmt(c->arena, "Patient/%.*s", STR_ARG(patient_id));
}

/* When it was: "time", or "minutes-ago", or now. */
static Err time_asked(Ctx *c, const OpCall *in, int64_t *ret_us)
{
    int64_t minutes = 0, at_us = c->now_us;
    if (op_parameter(in, "time") && !op_time(in, "time", &at_us))
        return problem(c, ERR_INVALID, S("time"), "the time cannot be read");
    if (op_parameter(in, "minutes-ago") && (!op_int(in, "minutes-ago", &minutes) || minutes < 0))
        return problem(c, ERR_INVALID, S("minutes-ago"), "minutes ago is a whole number, not below 0");
    *ret_us = at_us - minutes * US_PER_MIN;
    return OK;
}

/* ---- weight, height, pressure ---- */

static const struct {
    const char *key, *value;
    Measure measure;
} reading_keys[] = {
    { "weight-kg", "value", MEASURE_WEIGHT_KG },
    { "height-cm", "value", MEASURE_HEIGHT_CM },
    { "pressure", "systolic", MEASURE_PRESSURE_MMHG },
};

static Err record_reading(Ctx *c, const OpCall *in, Measure measure, const char *value_name, Str *ret_id)
{
    Decimal value, diastolic = { 0 };
    int64_t at_us = TIME_NONE;
    bool stated = str_is(op_string(in, "how"), "stated");
    if (!op_decimal(in, value_name, &value))
        return problem(c, ERR_INVALID, str_from(value_name), "a number is needed");
    if (measure == MEASURE_PRESSURE_MMHG && !op_decimal(in, "diastolic", &diastolic))
        return problem(c, ERR_INVALID, S("diastolic"), "a pressure needs its diastolic value");
    TRY(time_asked(c, in, &at_us));
    TRY(reading_check(c, measure, value, diastolic, at_us));
    Str id = new_id(c);
    *ret_id = id;
    return put_new(c, "Observation", id,
                   observation_reading(c, id, in->id, STR_NONE, measure, value, diastolic, at_us,
                                       stated ? MEASURED_STATED : MEASURED_CLINIC));
}

/* ---- facts ---- */

/* A page may send a number as a number; a fact is kept as text. */
static Str value_asked(Ctx *c, const OpCall *in, const FactRow *row)
{
    Decimal number;
    if (row->kind == FACT_QUANTITY)
        return op_decimal(in, "value", &number) ? decimal_text(c->arena, number) : STR_NONE;
    Str value = op_string(in, "value");
    if (row->kind == FACT_BOOLEAN && !value.p && op_parameter(in, "value"))
        return op_true(in, "value") ? S("yes") : S("no");
    return value;
}

static Err record_answer(Ctx *c, const OpCall *in, const FactRow *row, Str *ret_id)
{
    Str why, value = value_asked(c, in, row), note = str_trim(op_string(in, "note"));
    if (!fact_possible(c->arena, row, value, &why))
        return problem(c, ERR_INVALID, S("value"), "%.*s", STR_ARG(why));
    if (row->physician_only && c->user.role != ROLE_PHYSICIAN)
        return problem(c, ERR_FORBIDDEN, S("user"), "\"%.*s\" is recorded by a physician",
                       STR_ARG(row->title));
    if (row->note_required && str_empty(note) && !str_is(value, "no"))
        return problem(c, ERR_INVALID, S("note"), "needed too: %.*s", STR_ARG(row->note_title));
    Str id = new_id(c);
    *ret_id = id;
    return put_new(c, "Observation", id, observation_fact(c, id, in->id, row, value, note));
}

static Err record_key(Ctx *c, const OpCall *in, Str *ret_id)
{
    Str key = op_string(in, "key");
    for (size_t i = 0; i < sizeof reading_keys / sizeof *reading_keys; i++)
        if (str_is(key, reading_keys[i].key))
            return record_reading(c, in, reading_keys[i].measure, reading_keys[i].value, ret_id);
    const FactRow *row = fact_row(key);
    if (!row)
        return problem(c, ERR_INVALID, S("key"), "no rule asks for \"%.*s\"", STR_ARG(key));
    return record_answer(c, in, row, ret_id);
}

Err op_record_fact(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    Str id;
    TRY(tx_begin(c, &tx));
    TRY(open_chart(c, in->id, &chart));
    TRY(record_key(c, in, &id));
    params_string(out, "id", id);
    return tx_commit(tx);
}

/* ---- trials ---- */

typedef struct Bounded {
    const char *name, *unit;
    int64_t max;
} Bounded;

/* Absent stays absent: "%" by "%" a trial says what is known of it. */
static Err optional_number(Ctx *c, const OpCall *in, const Bounded *field, Decimal *ret_value,
                           bool *ret_known)
{
    Str text = op_string(in, field->name);
    *ret_known = op_parameter(in, field->name) && !(text.p && str_empty(str_trim(text)));
    if (!*ret_known)
        return OK;
    if (!op_decimal(in, field->name, ret_value))
        return problem(c, ERR_INVALID, str_from(field->name),
                       "a number is needed, or nothing where it is not known");
    if (ret_value->units < 0 || decimal_cmp(*ret_value, (Decimal){ field->max, 0 }) > 0)
        return problem(c, ERR_INVALID, str_from(field->name), "from 0 to %lld %s", (long long)field->max,
                       field->unit);
    return OK;
}

static const Bounded trial_weeks = { "weeks", "weeks", 2000 };
static const Bounded trial_dose = { "peak-mg-per-day", "mg/d", 2000 };
static const Bounded trial_adherence = { "adherence-percent", "%", 100 };
static const Bounded trial_improvement = { "improvement-percent", "%", 100 };

static Err add_number(Ctx *c, const OpCall *in, const Bounded *field, const char *url, Buf *extensions)
{
    Decimal value;
    bool known;
    TRY(optional_number(c, in, field, &value, &known));
    if (known)
        buf_json(extensions, ",{'url':%s,'valueDecimal':%n}", str_from(url), decimal_text(c->arena, value));
    return OK;
}

static Err add_period(Ctx *c, const OpCall *in, Buf *b)
{
    int64_t from_us = TIME_NONE, to_us = TIME_NONE;
    if ((op_parameter(in, "from") && !op_time(in, "from", &from_us)) ||
        (op_parameter(in, "to") && !op_time(in, "to", &to_us)))
        return problem(c, ERR_INVALID, S("from"), "the dates of the trial cannot be read");
    if (from_us != TIME_NONE && to_us != TIME_NONE && to_us < from_us)
        return problem(c, ERR_INVALID, S("to"), "the trial ends before it begins");
    if (from_us == TIME_NONE)
        return OK;
    buf_json(b, ",'effectivePeriod':{'start':%s", time_date_time(c->arena, from_us));
    if (to_us != TIME_NONE)
        buf_json(b, ",'end':%s", time_date_time(c->arena, to_us));
    buf_char(b, '}');
    return OK;
}

static Err trial_json(Ctx *c, const OpCall *in, Str id, Str *ret_json)
{
    Str drug = op_string(in, "drug"), stopped = op_string(in, "reason-stopped"),
        source = op_string(in, "source");
    if (!trial_drug(drug))
        return problem(c, ERR_INVALID, S("drug"), "\"%.*s\" is not in the table of adequate trials",
                       STR_ARG(drug));
    Buf extensions = buf_make(c->arena, LIMIT_RESOURCE_BYTES), b = buf_make(c->arena, LIMIT_RESOURCE_BYTES);
    buf_json(&extensions, "{'url':'" EXTENSION("trial-current-episode") "','valueBoolean':%b}",
             (int)op_true(in, "current-episode"));
    TRY(add_number(c, in, &trial_weeks, EXTENSION("trial-weeks"), &extensions));
    TRY(add_number(c, in, &trial_adherence, EXTENSION("trial-adherence-percent"), &extensions));
    TRY(add_number(c, in, &trial_improvement, EXTENSION("trial-improvement-percent"), &extensions));
    buf_json(&b,
             "{'resourceType':'MedicationStatement','id':%s,'extension':[%j],'status':%s,"
             "'category':{'text':'antidepressant-trial'},'medicationCodeableConcept':{'text':%s},"
             "'subject':{'reference':%s},'dateAsserted':%t",
             id, buf_str(&extensions), str_empty(stopped) ? S("active") : S("stopped"), drug,
             patient_reference(c, in->id), c->now_us);
    Decimal dose;
    bool known;
    TRY(optional_number(c, in, &trial_dose, &dose, &known));
    if (known)
        buf_json(&b,
                 ",'dosage':[{'doseAndRate':[{'doseQuantity':{'value':%n,'unit':'mg','system':'" SYSTEM_UCUM
                 "','code':'mg'}}]}]",
                 decimal_text(c->arena, dose));
    TRY(add_period(c, in, &b));
    if (stopped.n)
        buf_json(&b, ",'statusReason':[{'text':%s}]", stopped);
    if (source.n)
        buf_json(&b, ",'informationSource':{'display':%s}", source);
    buf_char(&b, '}');
    *ret_json = buf_str(&b);
    return OK;
}

Err op_record_trial(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    Str json, id = new_id(c), provenance_id = new_id(c);
    TRY(tx_begin(c, &tx));
    TRY(open_chart(c, in->id, &chart));
    TRY(trial_json(c, in, id, &json));
    TRY(put_new(c, "MedicationStatement", id, json));
    TRY(put_new(c, "Provenance", provenance_id,
                provenance(c, provenance_id, S("MedicationStatement"), id, S("trial recorded"))));
    params_string(out, "id", id);
    return tx_commit(tx);
}

/* ---- instruments ---- */

static Err read_answers(Ctx *c, const OpCall *in, const Instrument *it, int *values)
{
    for (size_t i = 0; i < it->n_items; i++) {
        int64_t value;
        const char *name = arena_cstr(c->arena, arena_fmt(c->arena, "item-%zu", i + 1));
        bool known = false;
        values[i] = -1;
        if (!op_parameter(in, name) || str_is(op_string(in, name), "skipped"))
            continue;
        if (op_int(in, name, &value))
            for (size_t k = 0; k < it->n_answers; k++)
                known |= it->answers[k].value == value;
        if (!known)
            return problem(c, ERR_INVALID, str_from(name), "%.*s has no such answer", STR_ARG(it->title));
        values[i] = (int)value;
    }
    return OK;
}

static const InstrumentAnswer *answer_of(const Instrument *it, int value)
{
    for (size_t i = 0; i < it->n_answers; i++)
        if (it->answers[i].value == value)
            return &it->answers[i];
    return NULL;
}

static Str response_json(Ctx *c, Str id, Str patient_id, const Instrument *it, const int *values)
{
    Buf b = buf_make(c->arena, LIMIT_RESOURCE_BYTES);
    buf_json(&b,
             "{'resourceType':'QuestionnaireResponse','id':%s,'questionnaire':%s,'status':'completed',"
             "'subject':{'reference':%s},'authored':%t,'author':%j,'item':[",
             id, arena_fmt(c->arena, URN_INSTRUMENT "%.*s", STR_ARG(it->id)),
             patient_reference(c, patient_id), c->now_us, user_reference(c));
    for (size_t i = 0; i < it->n_items; i++) {
        const InstrumentAnswer *answer = answer_of(it, values[i]);
        buf_json(&b, "%j{'linkId':%s", i ? S(",") : S(""), it->items[i].link_id);
        if (answer)
            buf_json(&b, ",'answer':[{'valueCoding':{'system':'" SYSTEM_LOINC "','code':%s,'display':%s}}]",
                     answer->code, answer->text);
        else
            buf_json(&b, ",'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/data-absent-reason',"
                         "'valueCode':'asked-declined'}]");
        buf_char(&b, '}');
    }
    buf_add(&b, S("]}"));
    return buf_str(&b);
}

static Str survey_json(Ctx *c, Str id, Str patient_id, Str response_id, Str code, Str title, Str value)
{
    return json_build(c->arena,
                      "{'resourceType':'Observation','id':%s,'status':'final',"
                      "'category':[{'coding':[{'system':'" SYSTEM_CATEGORY "','code':'survey'}]}],"
                      "'code':{'coding':[{'system':'" SYSTEM_LOINC "','code':%s}],'text':%s},"
                      "'subject':{'reference':%s},'effectiveDateTime':%t,'issued':%t,'performer':[%j],%j,"
                      "'derivedFrom':[{'reference':%s}]}",
                      id, code, title, patient_reference(c, patient_id), c->now_us, c->now_us,
                      user_reference(c), value,
                      arena_fmt(c->arena, "QuestionnaireResponse/%.*s", STR_ARG(response_id)));
}

static Err put_scores(Ctx *c, Str patient_id, Str response_id, const Instrument *it, const int *values,
                      const InstrumentResult *result)
{
    const InstrumentAnswer *answer = it->suicide_item < 0 ? NULL : answer_of(it, values[it->suicide_item]);
    if (answer) {
        Str id = new_id(c);
        Str value = json_build(c->arena,
                               "'valueCodeableConcept':{'coding':[{'system':'" SYSTEM_LOINC
                               "','code':%s,'display':%s}]}",
                               answer->code, answer->text);
        TRY(put_new(c, "Observation", id,
                    survey_json(c, id, patient_id, response_id, it->items[it->suicide_item].link_id,
                                it->items[it->suicide_item].text, value)));
    }
    if (result->total < 0)
        return OK;
    Str id = new_id(c), total = json_build(c->arena, "'valueInteger':%d", (int64_t)result->total);
    return put_new(c, "Observation", id,
                   survey_json(c, id, patient_id, response_id, it->total_code,
                               arena_fmt(c->arena, "%.*s total", STR_ARG(it->title)), total));
}

/* ---- what a suicide item sets off ---- */

typedef enum Worry { WORRY_NONE, WORRY_NOT_ANSWERED, WORRY_ENDORSED } Worry;

/* The C-SSRS screener is suicide items throughout; 3 to 5 and recent behaviour may rightly stay unasked. */
static Worry worry_of(const Instrument *it, const int *values, const InstrumentResult *result)
{
    if (it->suicide_item >= 0)
        return result->suicide_value >= it->suicide_from ? WORRY_ENDORSED
               : result->suicide_value < 0               ? WORRY_NOT_ANSWERED
                                                         : WORRY_NONE;
    if (!str_is(it->id, "c-ssrs"))
        return WORRY_NONE;
    bool skipped =
        values[SCREEN_WISH] < 0 || values[SCREEN_THOUGHTS] < 0 || values[SCREEN_BEHAVIOUR_EVER] < 0;
    for (size_t i = 0; i < it->n_items; i++)
        if (values[i] > 0)
            return WORRY_ENDORSED;
    return skipped ? WORRY_NOT_ANSWERED : WORRY_NONE;
}

/* Who asked is with the patient, so the task is theirs from the start; it stays open until the outcome is
 * written. */
static Err open_task(Ctx *c, Str patient_id, Str response_id, const Instrument *it, Worry worry)
{
    bool endorsed = worry == WORRY_ENDORSED;
    Str task_id = new_id(c), flag_id = new_id(c);
    Str code = endorsed ? S("suicide-item") : S("suicide-item-not-answered");
    Str text = arena_fmt(c->arena, endorsed ? "%.*s: reported when a clinician asked" : "%.*s: not answered",
                         STR_ARG(it->title));
    int64_t due_us = c->now_us + policy_duration_us(policy_in_force(), "evaluate_worry_contact");
    TRY(put_new(
        c, "Flag", flag_id,
        json_build(c->arena,
                   "{'resourceType':'Flag','id':%s,'status':'active','category':[{'coding':[{'system':"
                   "'http://terminology.hl7.org/CodeSystem/flag-category','code':'safety'}]}],"
                   "'code':{'coding':[{'system':'" SYSTEM_TASK "','code':%s}],'text':%s},"
                   "'subject':{'reference':%s},'period':{'start':%t}}",
                   flag_id, code, text, patient_reference(c, patient_id), c->now_us)));
    return put_new(c, "Task", task_id,
                   json_build(c->arena,
                              "{'resourceType':'Task','id':%s,"
                              "'extension':[{'url':'" EXTENSION(
                                  "owner-due") "','valueDateTime':%t}],"
                                               "'status':'accepted','intent':'order','priority':%s,"
                                               "'code':{'coding':[{'system':'" SYSTEM_TASK
                                               "','code':%s}]},'description':%s,"
                                               "'focus':{'reference':%s},'for':{'reference':%s},'authoredOn':"
                                               "%t,'lastModified':%t,"
                                               "'owner':%j,'reasonReference':{'reference':%s},'restriction':{"
                                               "'period':{'end':%t}}}",
                              task_id, c->now_us, endorsed ? S("stat") : S("urgent"), code, text,
                              arena_fmt(c->arena, "Flag/%.*s", STR_ARG(flag_id)),
                              patient_reference(c, patient_id), c->now_us, c->now_us, user_reference(c),
                              arena_fmt(c->arena, "QuestionnaireResponse/%.*s", STR_ARG(response_id)),
                              due_us));
}

static Err record_screen(Ctx *c, const OpCall *in, const Instrument *it, Params *out)
{
    int *values = arena_new(c->arena, int, it->n_items);
    TRY(read_answers(c, in, it, values));
    InstrumentResult result = instrument_score(it, values);
    Worry worry = worry_of(it, values, &result);
    Str id = new_id(c);
    TRY(put_new(c, "QuestionnaireResponse", id, response_json(c, id, in->id, it, values)));
    TRY(put_scores(c, in->id, id, it, values, &result));
    if (worry != WORRY_NONE)
        TRY(open_task(c, in->id, id, it, worry));
    params_string(out, "id", id);
    if (it->sums)
        params_bool(out, "complete", result.complete);
    if (result.total >= 0)
        params_int(out, "total", result.total);
    params_bool(out, "task-opened", worry != WORRY_NONE);
    return OK;
}

Err op_record_screen(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    const Instrument *it = instrument(op_string(in, "instrument"));
    if (!it)
        return problem(c, ERR_INVALID, S("instrument"), "there is no such instrument");
    TRY(tx_begin(c, &tx));
    TRY(open_chart(c, in->id, &chart));
    TRY(record_screen(c, in, it, out));
    return tx_commit(tx);
}
