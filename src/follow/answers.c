#include "follow/answers.h"

#include "base/time.h"

#include <assert.h>
#include <ctype.h>

enum { RESPONSE_BYTES_MAX = 64 * 1024 };

static const char absent_reason_url[] = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
static const char loinc[] = "http://loinc.org";

/* ---- reading ---- */

Answers answers_none(void)
{
    Answers answers = { 0 };
    for (size_t i = 0; i < ANSWERS_ITEMS_MAX; i++)
        answers.value[i] = -1;
    return answers;
}

static bool was_declined(Json *item)
{
    Json *extensions = json_get(item, "extension");
    for (size_t i = 0; i < json_count(extensions); i++)
        if (str_is(json_find_str(json_at(extensions, i), "url"), absent_reason_url))
            return true;
    return false;
}

static int item_index(const Instrument *instrument, Str link_id)
{
    for (size_t i = 0; i < instrument->n_items; i++)
        if (str_eq(instrument->items[i].link_id, link_id))
            return (int)i;
    return -1;
}

Answers answers_from_json(const Instrument *instrument, Json *response)
{
    assert(instrument->n_items <= ANSWERS_ITEMS_MAX);
    Answers answers = answers_none();
    if (response)
        instrument_values(instrument, response, answers.value);
    Json *items = json_get(response, "item");
    for (size_t i = 0; i < json_count(items); i++) {
        int index = item_index(instrument, json_find_str(json_at(items, i), "linkId"));
        if (index >= 0)
            answers.skipped[index] = was_declined(json_at(items, i));
    }
    return answers;
}

size_t answers_first_open(const Instrument *instrument, const Answers *answers)
{
    size_t i = 0;
    while (i < instrument->n_items && (answers->value[i] >= 0 || answers->skipped[i]))
        i++;
    return i;
}

bool answers_all_seen(const Instrument *instrument, const Answers *answers)
{
    return answers_first_open(instrument, answers) == instrument->n_items;
}

static const InstrumentAnswer *answer_of(const Instrument *instrument, int value)
{
    for (size_t i = 0; i < instrument->n_answers; i++)
        if (instrument->answers[i].value == value)
            return &instrument->answers[i];
    return NULL;
}

Str answers_words(Arena *a, const Instrument *instrument, int value)
{
    const InstrumentAnswer *answer = answer_of(instrument, value);
    if (!answer)
        return S("not answered");
    char *words = arena_new(a, char, answer->text.n + 1);
    for (size_t i = 0; i < answer->text.n; i++)
        words[i] = (char)tolower((unsigned char)answer->text.p[i]);
    return (Str){ words, answer->text.n };
}

/* ---- writing ---- */

static Str coding_json(Arena *a, const InstrumentAnswer *answer)
{
    return json_build(a, "{'system':%s,'code':%s,'display':%s}", str_from(loinc), answer->code, answer->text);
}

static void add_item(Buf *b, const Instrument *instrument, const Answers *answers, size_t i)
{
    const InstrumentItem *item = &instrument->items[i];
    const InstrumentAnswer *answer = answer_of(instrument, answers->value[i]);
    buf_json(b, "{");
    if (!answer)
        buf_json(b, "'extension':[{'url':%s,'valueCode':'asked-declined'}],", str_from(absent_reason_url));
    buf_json(b, "'linkId':%s", item->link_id);
    if (!str_empty(item->text))
        buf_json(b, ",'text':%s", item->text);
    if (answer)
        buf_json(b, ",'answer':[{'valueCoding':%j}]", coding_json(b->arena, answer));
    buf_json(b, "}");
}

Str answers_response_json(Arena *a, const Instrument *instrument, const Answers *answers,
                          const AnswersHead *head, Str status)
{
    Str patient = arena_fmt(a, "Patient/%.*s", STR_ARG(head->patient_id));
    Buf b = buf_make(a, RESPONSE_BYTES_MAX);
    buf_json(&b,
             "{'resourceType':'QuestionnaireResponse','id':%s,'questionnaire':%s,'status':%s,"
             "'subject':{'reference':%s},'authored':%t,'source':{'reference':%s}",
             head->response_id, arena_fmt(a, "urn:euthymia:instrument:%.*s", STR_ARG(instrument->id)), status,
             patient, head->at_us, patient);
    size_t written = 0;
    for (size_t i = 0; i < instrument->n_items; i++) {
        if (answers->value[i] < 0 && !answers->skipped[i])
            continue;
        buf_add(&b, written++ ? S(",") : S(",\"item\":["));
        add_item(&b, instrument, answers, i);
    }
    buf_add(&b, written ? S("]}") : S("}"));
    return buf_str(&b);
}

/* value: what stands in the place of value[x], as members. */
static Str observation_json(Arena *a, const AnswersHead *head, Str code, Str display, bool amended, Str value)
{
    return json_build(
        a,
        "{'resourceType':'Observation','id':%s,'status':%s,"
        "'category':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/observation-category',"
        "'code':'survey','display':'Survey'}]}],"
        "'code':{'coding':[{'system':%s,'code':%s}],'text':%s},'subject':{'reference':%s},"
        "'effectiveDateTime':%t,'issued':%t,%j,'derivedFrom':[{'reference':%s}]}",
        head->observation_id, amended ? S("amended") : S("final"), str_from(loinc), code, display,
        arena_fmt(a, "Patient/%.*s", STR_ARG(head->patient_id)), head->at_us, head->at_us, value,
        arena_fmt(a, "QuestionnaireResponse/%.*s", STR_ARG(head->response_id)));
}

static Str absent_json(Arena *a, const char *code)
{
    return json_build(a,
                      "'dataAbsentReason':{'coding':[{'system':"
                      "'http://terminology.hl7.org/CodeSystem/data-absent-reason','code':%s}]}",
                      str_from(code));
}

Str answers_item_json(Arena *a, const Instrument *instrument, const Answers *answers, size_t item,
                      const AnswersHead *head, bool amended)
{
    const InstrumentAnswer *answer = answer_of(instrument, answers->value[item]);
    Str value = answer ? json_build(a, "'valueCodeableConcept':{'coding':[%j],'text':%s}",
                                    coding_json(a, answer), answer->text)
                       : absent_json(a, "asked-declined");
    Str title = arena_fmt(a, "%.*s item %zu", STR_ARG(instrument->title), item + 1);
    return observation_json(a, head, instrument->items[item].link_id, title, amended, value);
}

Str answers_score_json(Arena *a, const Instrument *instrument, const InstrumentResult *result,
                       const AnswersHead *head, bool amended)
{
    Str value = absent_json(a, "unknown");
    if (result->total >= 0)
        value = json_build(a, "'valueInteger':%d", (int64_t)result->total);
    if (result->total >= 0 && result->prorated)
        value = json_build(
            a, "%j,'note':[{'text':%s}]", value,
            arena_fmt(a, "Prorated: %d of %zu items were answered.", result->answered, instrument->n_items));
    Str title = arena_fmt(a, "%.*s total", STR_ARG(instrument->title));
    return observation_json(a, head, instrument->total_code, title, amended, value);
}
