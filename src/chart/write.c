#include "chart/write.h"

#include "base/limits.h"
#include "chart/codes.h"
#include "chart/policy.h"
#include "chart/units.h"

static const char *const measured_words[] = {
    [MEASURED_CLINIC] = "clinic",
    [MEASURED_STATED] = "stated",
    [MEASURED_DEVICE] = "device",
};

/* A person without a Practitioner (a machine client) is named by the account alone. */
Str user_reference(Ctx *c)
{
    Str display = c->user.display.n ? c->user.display : c->user.account;
    if (str_empty(c->user.person_id))
        return json_build(c->arena, "{'display':%s}", display.n ? display : S("system"));
    Str reference = arena_fmt(c->arena, "Practitioner/%.*s", STR_ARG(c->user.person_id));
    return json_build(c->arena, "{'reference':%s,'display':%s}", reference, display.n ? display : reference);
}

static Str patient_reference(Arena *a, Str patient_id)
{
    return json_build(a, "{'reference':%s}", arena_fmt(a, "Patient/%.*s", STR_ARG(patient_id)));
}

static Str quantity(Arena *a, Decimal value, Str unit)
{
    return json_build(a, "{'value':%n,'unit':%s,'system':'" SYSTEM_UCUM "','code':%s}",
                      decimal_text(a, value), unit, unit);
}

/* What every Observation begins with, without the closing brace. */
static Buf head(Ctx *c, Str id, Str patient_id, const char *category, int64_t at_us)
{
    Buf b = buf_make(c->arena, LIMIT_RESOURCE_BYTES);
    buf_json(&b,
             "{'resourceType':'Observation','id':%s,'status':'final',"
             "'category':[{'coding':[{'system':'" SYSTEM_CATEGORY "','code':%s}]}],"
             "'subject':%j,'effectiveDateTime':%t,'issued':%t,'performer':[%j]",
             id, str_from(category), patient_reference(c->arena, patient_id), at_us, c->now_us,
             user_reference(c));
    return b;
}

/* ---- readings ---- */

static void add_component(Buf *b, const char *code, const char *title, Decimal value)
{
    buf_json(b,
             "{'code':{'coding':[{'system':'" SYSTEM_LOINC "','code':%s,'display':%s}]},'valueQuantity':%j}",
             str_from(code), str_from(title), quantity(b->arena, value, S("mm[Hg]")));
}

static void add_value(Buf *b, Measure measure, Decimal value, Decimal diastolic)
{
    if (measure == MEASURE_PRESSURE_MMHG) {
        buf_add(b, S(",\"component\":["));
        add_component(b, LOINC_SYSTOLIC, "Systolic blood pressure", value);
        buf_char(b, ',');
        add_component(b, LOINC_DIASTOLIC, "Diastolic blood pressure", diastolic);
        buf_char(b, ']');
    } else if (measure_is_scale(measure)) {
        buf_json(b, ",'valueInteger':%d", decimal_round(value, 0).units);
    } else {
        buf_json(b, ",'valueQuantity':%j", quantity(b->arena, value, str_from(measure_unit(measure))));
    }
}

Str observation_reading(Ctx *c, Str id, Str patient_id, Str encounter_id, Measure measure, Decimal value,
                        Decimal diastolic, int64_t at_us, Measured how)
{
    bool scale = measure_is_scale(measure);
    Buf b = head(c, id, patient_id, scale ? "survey" : "vital-signs", at_us);
    buf_json(&b, ",'code':{'coding':[{'system':%s,'code':%s}],'text':%s}",
             scale ? S(SYSTEM_SCALE) : S(SYSTEM_LOINC), str_from(measure_code(measure)),
             str_from(measure_title(measure)));
    buf_json(&b, ",'method':{'coding':[{'system':'" SYSTEM_MEASURED "','code':%s}]}",
             str_from(measured_words[how]));
    if (encounter_id.n)
        buf_json(&b, ",'encounter':{'reference':%s}",
                 arena_fmt(c->arena, "Encounter/%.*s", STR_ARG(encounter_id)));
    add_value(&b, measure, value, diastolic);
    buf_char(&b, '}');
    return buf_str(&b);
}

static Err outside(Ctx *c, const char *title, Decimal value, MeasureBounds bounds, const char *unit)
{
    double number = decimal_to_double(value);
    if (number >= bounds.from && number <= bounds.to)
        return OK;
    return problem(c, ERR_INVALID, S("value"), "%s %.*s %s is not possible: %g to %g %s is", title,
                   STR_ARG(decimal_plain(c->arena, value)), unit, bounds.from, bounds.to, unit);
}

Err reading_check(Ctx *c, Measure measure, Decimal value, Decimal diastolic, int64_t at_us)
{
    const char *unit = measure_is_scale(measure) ? "" : measure_unit(measure);
    TRY(outside(c, measure_title(measure), value, measure_bounds(measure), unit));
    if (measure_is_scale(measure) && decimal_cmp(decimal_truncate(value, 0), value) != 0)
        return problem(c, ERR_INVALID, S("value"), "%s takes whole numbers", measure_title(measure));
    if (measure == MEASURE_PRESSURE_MMHG) {
        TRY(outside(c, "Diastolic pressure", diastolic, diastolic_bounds(), unit));
        if (decimal_cmp(diastolic, value) >= 0)
            return problem(c, ERR_INVALID, S("diastolic"),
                           "the diastolic pressure must be below the systolic");
    }
    if (at_us == TIME_NONE || at_us > c->now_us + policy_duration_us(policy_in_force(), "reading_ahead"))
        return problem(c, ERR_INVALID, S("time"), "a reading needs a time that is not in the future");
    return OK;
}

/* ---- facts ---- */

static Str fact_value(Arena *a, const FactRow *row, Str value)
{
    if (row->kind == FACT_BOOLEAN)
        return json_build(a, "'valueBoolean':%b", (int)str_is(value, "yes"));
    if (row->kind == FACT_CHOICE)
        return json_build(
            a, "'valueCodeableConcept':{'coding':[{'system':'" SYSTEM_FACT "','code':%s}],'text':%s}", value,
            fact_text(a, row, value));
    return json_build(a, "'valueQuantity':{'value':%n,'unit':%s,'system':'" SYSTEM_UCUM "','code':%s}", value,
                      row->unit, row->unit);
}

Str observation_fact(Ctx *c, Str id, Str patient_id, const FactRow *row, Str value, Str note)
{
    Buf b = head(c, id, patient_id, row->loinc.n ? "laboratory" : "exam", c->now_us);
    buf_json(&b, ",'code':{'coding':[{'system':'" SYSTEM_FACT "','code':%s}", row->key);
    if (row->loinc.n)
        buf_json(&b, ",{'system':'" SYSTEM_LOINC "','code':%s}", row->loinc);
    buf_json(&b, "],'text':%s},%j", row->title, fact_value(c->arena, row, value));
    if (note.n)
        buf_json(&b, ",'note':[{'text':%s}]", note);
    buf_char(&b, '}');
    return buf_str(&b);
}

/* ---- provenance ---- */

Str provenance(Ctx *c, Str id, Str target_type, Str target_id, Str activity)
{
    Str target = arena_fmt(c->arena, "%.*s/%.*s", STR_ARG(target_type), STR_ARG(target_id));
    return json_build(c->arena,
                      "{'resourceType':'Provenance','id':%s,'target':[{'reference':%s}],'recorded':%t,"
                      "'activity':{'text':%s},'agent':[{'who':%j}]}",
                      id, target, c->now_us, activity, user_reference(c));
}
