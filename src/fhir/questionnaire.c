#include "fhir/questionnaire.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/time.h"
#include "fhir/search.h"

#include <string.h>

#define SDC "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"

enum { ITEM_DEPTH = 32 };

typedef struct Form {
    Ctx *c;
    const Population *population;
    Issues *issues;
} Form;

static Json *extension(Json *holder, const char *url)
{
    Json *list = json_get(holder, "extension");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "url"), url))
            return json_at(list, i);
    return NULL;
}

static void add_issue(Ctx *c, Issues *issues, Json *item, const char *sentence)
{
    if (issues->n < LIMIT_PROBLEMS)
        *list_add(c->arena, issues) = (Problem){
            .path = arena_fmt(c->arena, "Questionnaire.descendants().where(linkId = '%.*s')",
                              STR_ARG(json_find_str(item, "linkId"))),
            .text = str_from(sentence),
        };
}

/* ---- finding a Questionnaire ---- */

Err questionnaire_find(Ctx *c, Str canonical, Json **ret_questionnaire)
{
    Resource resource;
    Str version, url = str_cut(canonical, '|', &version), prefix = S("Questionnaire/");
    if (str_starts(url, prefix)) {
        TRY(fhir_read(c, S("Questionnaire"), str_slice(url, prefix.n, url.n), &resource));
        *ret_questionnaire = json_parse(c->arena, resource.body);
        return OK;
    }
    SearchTerms terms = { 0 };
    SearchPage page;
    *list_add(c->arena, &terms) = (SearchTerm){ S("url"), url };
    if (version.p)
        *list_add(c->arena, &terms) = (SearchTerm){ S("version"), version };
    *list_add(c->arena, &terms) = (SearchTerm){ S("_sort"), S("-_lastUpdated") };
    *list_add(c->arena, &terms) = (SearchTerm){ S("_count"), S("1") };
    TRY(fhir_search(c, S("Questionnaire"), &terms, true, &page));
    if (!page.matches.n)
        return problem(c, ERR_NOT_FOUND, S("questionnaire"), "There is no Questionnaire %.*s here.",
                       STR_ARG(canonical));
    *ret_questionnaire = json_parse(c->arena, page.matches.at[0].body);
    return OK;
}

/* ---- one answer ---- */

/* What an item's type wants: the member of the answer, and the types that it is made from. */
static const struct {
    const char *type, *member;
    const char *takes[3];
} kinds[] = {
    { "boolean", "valueBoolean", { "boolean" } },
    { "decimal", "valueDecimal", { "decimal", "integer" } },
    { "integer", "valueInteger", { "integer" } },
    { "date", "valueDate", { "date", "dateTime", "instant" } },
    { "dateTime", "valueDateTime", { "dateTime", "instant", "date" } },
    { "time", "valueTime", { "time" } },
    { "string", "valueString", { "string" } },
    { "text", "valueString", { "string" } },
    { "url", "valueUri", { "uri", "url", "canonical" } },
    { "choice", "valueCoding", { "Coding" } },
    { "open-choice", "valueCoding", { "Coding" } },
    { "quantity", "valueQuantity", { "Quantity" } },
    { "reference", "valueReference", { "Reference" } },
    { "attachment", "valueAttachment", { "Attachment" } },
};

static size_t kind_of(Str type)
{
    size_t i = 0;
    while (i < sizeof kinds / sizeof kinds[0] && !str_is(type, kinds[i].type))
        i++;
    return i;
}

/* A code as one of the item's own options. */
static Str option_with(Arena *a, Json *item, Str code)
{
    Json *options = json_get(item, "answerOption");
    for (size_t i = 0; i < json_count(options); i++) {
        Json *coding = json_get(json_at(options, i), "valueCoding");
        if (str_eq(json_find_str(coding, "code"), code))
            return json_text(a, coding);
    }
    return STR_NONE;
}

/* The first coding that is one of the item's options, or the first where it lists none. */
static Str coding_of_concept(Arena *a, Json *item, Json *concept)
{
    Json *codings = json_get(concept, "coding");
    bool has_options = json_count(json_get(item, "answerOption")) > 0;
    for (size_t i = 0; i < json_count(codings); i++) {
        Str code = json_find_str(json_at(codings, i), "code");
        if (!has_options || option_with(a, item, code).p)
            return json_text(a, json_at(codings, i));
    }
    return STR_NONE;
}

static Str unit_of(Json *item)
{
    return json_find_str(extension(item, "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"),
                         "valueCoding.code");
}

/* The number of a quantity, where the item's unit is the quantity's. */
static Str bare_number(Arena *a, Json *item, Json *quantity)
{
    Str unit = unit_of(item);
    return unit.p && str_eq(unit, json_find_str(quantity, "code")) && !json_get(quantity, "comparator")
               ? json_number_text(a, json_get(quantity, "value"))
               : STR_NONE;
}

static Str json_string(Arena *a, Str text)
{
    return json_build(a, "%s", text);
}

static bool takes(size_t kind, Str type)
{
    for (size_t i = 0; i < 3 && kinds[kind].takes[i]; i++)
        if (str_is(type, kinds[kind].takes[i]))
            return true;
    return false;
}

/* A value of a FHIR type as JSON for an answer of the item; absent where it does not fit. */
static Str fitted(Arena *a, Json *item, size_t kind, Str type, Json *value)
{
    bool is_date = str_is(str_from(kinds[kind].type), "date");
    Str text = json_str(value);
    if (is_date && takes(kind, type) && text.n > 10)
        return json_string(a, str_slice(text, 0, 10));
    if (takes(kind, type))
        return json_text(a, value);
    if (strcmp(kinds[kind].member, "valueString") == 0 && text.p)
        return json_string(a, text);
    if (strcmp(kinds[kind].member, "valueCoding") == 0)
        return str_is(type, "CodeableConcept") ? coding_of_concept(a, item, value)
               : text.p                        ? option_with(a, item, text)
                                               : STR_NONE;
    if (str_is(type, "Quantity") && takes(kind, S("decimal")))
        return bare_number(a, item, value);
    return STR_NONE;
}

/* A computed value has no JSON of its own. */
static Str fitted_item(Arena *a, Json *item, size_t kind, const Item *value)
{
    bool is_whole =
        value->number >= -1e15 && value->number <= 1e15 && (double)(int64_t)value->number == value->number;
    switch (value->kind) {
    case ITEM_NODE:
        return value->json ? fitted(a, item, kind, str_from(value->type->name), value->json) : STR_NONE;
    case ITEM_BOOLEAN:
        return takes(kind, S("boolean")) ? (value->boolean ? S("true") : S("false")) : STR_NONE;
    case ITEM_NUMBER:
        if (is_whole && takes(kind, S("integer")))
            return arena_fmt(a, "%lld", (long long)value->number);
        return takes(kind, S("decimal")) ? arena_fmt(a, "%.15g", value->number) : STR_NONE;
    default:
        if (takes(kind, S("string")))
            return json_string(a, value->text);
        return strcmp(kinds[kind].member, "valueCoding") == 0 ? option_with(a, item, value->text) : STR_NONE;
    }
}

/* ---- filling in ---- */

typedef struct Answers {
    Str *at; /* JSON */
    size_t n, room;
} Answers;

static void add_answer(Form *f, Json *item, Str value, Answers *answers)
{
    if (value.p)
        *list_add(f->c->arena, answers) = value;
    else
        add_issue(f->c, f->issues, item, "What is recorded does not fit the item, and was left out.");
}

static void answer_by_expression(Form *f, Json *item, size_t kind, Json *expression, Answers *answers)
{
    Arena *a = f->c->arena;
    Items values;
    Item root = fhirpath_root(f->population->questionnaire, fhir_resource(S("Questionnaire"))->type);
    PathContext context = { .resource = root,
                            .root_resource = root,
                            .variables = f->population->variables,
                            .n_variables = f->population->n_variables };
    bool is_fhirpath = str_is(json_find_str(expression, "language"), "text/fhirpath");
    const PathNode *path = is_fhirpath ? fhirpath_parse(a, json_find_str(expression, "expression")) : NULL;
    if (!path)
        add_issue(f->c, f->issues, item, "Its initialExpression is none that this server can evaluate.");
    else if (!fhirpath_evaluate(a, path, root, &context, &values))
        add_issue(f->c, f->issues, item, "Its initialExpression cannot be evaluated here.");
    else
        for (size_t i = 0; i < values.n; i++)
            add_answer(f, item, fitted_item(a, item, kind, &values.at[i]), answers);
}

/* UCUM codes of a Duration; 0 for another one. */
static int64_t duration_us(Json *duration)
{
    static const struct {
        const char *code;
        double days;
    } units[] = { { "a", 365.25 }, { "mo", 30.4375 }, { "wk", 7 },
                  { "d", 1 },      { "h", 1.0 / 24 }, { "min", 1.0 / 1440 } };
    double value;
    if (!json_number(json_get(duration, "value"), &value) || value <= 0 || value > 1e6)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (str_is(json_find_str(duration, "code"), units[i].code))
            return (int64_t)(value * units[i].days * (double)US_PER_DAY);
    return 0;
}

static Str codes_of(Arena *a, Json *item)
{
    Buf b = buf_make(a, LIMIT_URL_BYTES);
    Json *codes = json_get(item, "code");
    for (size_t i = 0; i < json_count(codes); i++) {
        Str system = json_find_str(json_at(codes, i), "system"),
            code = json_find_str(json_at(codes, i), "code");
        if (code.p)
            buf_fmt(&b, "%s%.*s%s%.*s", b.n ? "," : "", STR_ARG(system.p ? system : S("")),
                    system.p ? "|" : "", STR_ARG(code));
    }
    return buf_overflowed(&b) || !b.n ? STR_NONE : buf_str(&b);
}

static Err newest_observation(Form *f, Str codes, int64_t period_us, Json **ret_observation)
{
    Ctx *c = f->c;
    SearchTerms terms = { 0 };
    SearchPage page;
    const SearchTerm asked[] = {
        { S("subject"), f->population->subject },
        { S("code"), codes },
        { S("status"), S("final,amended,corrected") },
        { S("date"), arena_fmt(c->arena, "ge%.*s", STR_ARG(time_instant(c->arena, c->now_us - period_us))) },
        { S("_sort"), S("-date") },
        { S("_count"), S("1") },
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        *list_add(c->arena, &terms) = asked[i];
    *ret_observation = NULL;
    TRY(fhir_search(c, S("Observation"), &terms, true, &page));
    if (page.matches.n)
        *ret_observation = json_parse(c->arena, page.matches.at[0].body);
    return OK;
}

static Err answer_by_observation(Form *f, Json *item, size_t kind, Json *period, Answers *answers)
{
    Arena *a = f->c->arena;
    int64_t period_us = duration_us(json_get(period, "valueDuration"));
    Str codes = codes_of(a, item);
    Json *observation;
    if (!period_us || !codes.p) {
        add_issue(f->c, f->issues, item, "Its observationLinkPeriod needs a code and a duration in UCUM.");
        return OK;
    }
    TRY(newest_observation(f, codes, period_us, &observation));
    const FhirType *type = fhir_resource(S("Observation"))->type;
    for (uint16_t i = 0; observation && i < type->n_elements; i++) {
        const FhirElement *element = &type->elements[i];
        Json *value = json_get(observation, element->name);
        if (element->choice && strcmp(element->choice, "value") == 0 && value)
            add_answer(f, item, fitted(a, item, kind, str_from(element->type->name), value), answers);
    }
    return OK;
}

static void answer_by_initial(Form *f, Json *item, size_t kind, Answers *answers)
{
    Json *initial = json_get(item, "initial"), *options = json_get(item, "answerOption");
    for (size_t i = 0; i < json_count(initial); i++)
        add_answer(f, item, json_text(f->c->arena, json_get(json_at(initial, i), kinds[kind].member)),
                   answers);
    for (size_t i = 0; i < json_count(options); i++)
        if (json_true(json_get(json_at(options, i), "initialSelected")))
            add_answer(f, item, json_text(f->c->arena, json_get(json_at(options, i), kinds[kind].member)),
                       answers);
}

static Err find_answers(Form *f, Json *item, size_t kind, Answers *answers)
{
    Json *expression = json_get(extension(item, SDC "initialExpression"), "valueExpression");
    Json *period = extension(item, SDC "observationLinkPeriod");
    if (expression)
        answer_by_expression(f, item, kind, expression, answers);
    if (!answers->n && period)
        TRY(answer_by_observation(f, item, kind, period, answers));
    if (!answers->n)
        answer_by_initial(f, item, kind, answers);
    if (answers->n > 1 && !json_true(json_get(item, "repeats"))) {
        add_issue(f->c, f->issues, item,
                  "Several values are recorded and the item takes one: none was chosen.");
        answers->n = 0;
    }
    return OK;
}

static Err add_items(Form *f, Buf *b, Json *items, int depth);

static Err add_item(Form *f, Buf *b, Json *item, int depth)
{
    Answers answers = { 0 };
    size_t kind = kind_of(json_find_str(item, "type"));
    Str text = json_find_str(item, "text");
    if (kind < sizeof kinds / sizeof kinds[0])
        TRY(find_answers(f, item, kind, &answers));
    Buf inner = buf_make(f->c->arena, LIMIT_RESOURCE_BYTES);
    TRY(add_items(f, &inner, json_get(item, "item"), depth + 1));
    if (!answers.n && !inner.n)
        return OK;
    buf_json(b, "%j{'linkId':%s", b->n ? S(",") : S(""), json_find_str(item, "linkId"));
    if (text.p)
        buf_json(b, ",'text':%s", text);
    /* What belongs to a question stands in its answer, what belongs to a group in the group. */
    for (size_t i = 0; i < answers.n; i++) {
        buf_json(b, "%j{'%j':%j", i ? S(",") : S(",\"answer\":["), str_from(kinds[kind].member),
                 answers.at[i]);
        if (inner.n && i == 0)
            buf_json(b, ",'item':[%j]", buf_str(&inner));
        buf_char(b, '}');
    }
    if (answers.n)
        buf_char(b, ']');
    else
        buf_json(b, ",'item':[%j]", buf_str(&inner));
    buf_char(b, '}');
    return OK;
}

static Err add_items(Form *f, Buf *b, Json *items, int depth)
{
    if (depth > ITEM_DEPTH)
        return problem(f->c, ERR_RULE, S("Questionnaire.item"), "Its items are nested too deeply.");
    for (size_t i = 0; i < json_count(items); i++)
        TRY(add_item(f, b, json_at(items, i), depth));
    return OK;
}

static Str canonical_of(Arena *a, Json *questionnaire)
{
    Str url = json_find_str(questionnaire, "url"), version = json_find_str(questionnaire, "version"),
        id = json_find_str(questionnaire, "id");
    if (url.p && version.p)
        return arena_fmt(a, "%.*s|%.*s", STR_ARG(url), STR_ARG(version));
    return url.p ? url : id.p ? arena_fmt(a, "Questionnaire/%.*s", STR_ARG(id)) : STR_NONE;
}

Err questionnaire_populate(Ctx *c, const Population *population, Str *ret_response, Issues *ret_issues)
{
    *ret_issues = (Issues){ 0 };
    Form f = { .c = c, .population = population, .issues = ret_issues };
    Buf items = buf_make(c->arena, LIMIT_RESOURCE_BYTES), b = buf_make(c->arena, LIMIT_RESOURCE_BYTES);
    Str canonical = canonical_of(c->arena, population->questionnaire);
    TRY(add_items(&f, &items, json_get(population->questionnaire, "item"), 0));
    buf_json(&b, "{'resourceType':'QuestionnaireResponse'");
    if (canonical.p)
        buf_json(&b, ",'questionnaire':%s", canonical);
    buf_json(&b, ",'status':'in-progress','subject':{'reference':%s},'authored':%t", population->subject,
             c->now_us);
    if (items.n)
        buf_json(&b, ",'item':[%j]", buf_str(&items));
    buf_char(&b, '}');
    if (buf_overflowed(&b) || buf_overflowed(&items))
        return problem(c, ERR_TOO_LARGE, STR_NONE, "The filled-in form is larger than the limit.");
    *ret_response = buf_str(&b);
    return OK;
}

/* ---- taking out ---- */

typedef struct Extraction {
    Ctx *c;
    Json *response;
    Issues *issues;
    Buf entries;
} Extraction;

/* Those that hold for an item and, where it says nothing else, for what is below it. */
typedef struct Marks {
    bool is_extracted;
    Json *category;
} Marks;

static Marks marks_of(Json *holder, Marks outer)
{
    Json *extract = extension(holder, SDC "observationExtract"),
         *category = extension(holder, SDC "observation-extract-category");
    if (extract)
        outer.is_extracted = json_true(json_get(extract, "valueBoolean"));
    if (category)
        outer.category = json_get(category, "valueCodeableConcept");
    return outer;
}

/* The value of an Observation as members; absent where it cannot be one. */
static Str observation_value(Arena *a, Json *item, Json *answer)
{
    Json *coding = json_get(answer, "valueCoding"), *quantity = json_get(answer, "valueQuantity"),
         *boolean = json_get(answer, "valueBoolean");
    Str integer = json_number_text(a, json_get(answer, "valueInteger")),
        decimal = json_number_text(a, json_get(answer, "valueDecimal")), unit = unit_of(item);
    Str text = json_find_str(answer, "valueString"), time = json_find_str(answer, "valueTime");
    Str date = json_find_str(answer, "valueDateTime");
    if (!date.p)
        date = json_find_str(answer, "valueDate");
    if (coding) {
        Str display = json_find_str(coding, "display");
        return display.p ? json_build(a, "'valueCodeableConcept':{'coding':[%j],'text':%s}",
                                      json_text(a, coding), display)
                         : json_build(a, "'valueCodeableConcept':{'coding':[%j]}", json_text(a, coding));
    }
    if (quantity)
        return json_build(a, "'valueQuantity':%j", json_text(a, quantity));
    if ((decimal.p || integer.p) && unit.p)
        return json_build(
            a, "'valueQuantity':{'value':%n,'unit':%s,'system':'http://unitsofmeasure.org','code':%s}",
            decimal.p ? decimal : integer, unit, unit);
    if (decimal.p)
        return json_build(a, "'valueQuantity':{'value':%n}", decimal);
    if (integer.p)
        return json_build(a, "'valueInteger':%n", integer);
    if (boolean)
        return json_build(a, "'valueBoolean':%j", json_text(a, boolean));
    if (date.p)
        return json_build(a, "'valueDateTime':%s", date);
    if (time.p)
        return json_build(a, "'valueTime':%s", time);
    if (!text.p)
        text = json_find_str(answer, "valueUri");
    return text.p ? json_build(a, "'valueString':%s", text) : STR_NONE;
}

static bool may_perform(Str reference)
{
    static const char *const types[] = { "Practitioner/", "PractitionerRole/", "Organization/",
                                         "CareTeam/",     "Patient/",          "RelatedPerson/" };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_starts(reference, str_from(types[i])))
            return true;
    return false;
}

/* Who, when and of what: the same for each Observation of a response. */
static void add_head(Extraction *e, Buf *b)
{
    Arena *a = e->c->arena;
    Json *r = e->response, *subject = json_get(r, "subject"), *encounter = json_get(r, "encounter"),
         *author = json_get(r, "author");
    Str authored = json_find_str(r, "authored"), id = json_find_str(r, "id");
    if (subject)
        buf_json(b, ",'subject':%j", json_text(a, subject));
    if (encounter)
        buf_json(b, ",'encounter':%j", json_text(a, encounter));
    if (authored.p)
        buf_json(b, ",'effectiveDateTime':%s", authored);
    if (may_perform(json_find_str(author, "reference")))
        buf_json(b, ",'performer':[%j]", json_text(a, author));
    if (id.p)
        buf_json(b, ",'derivedFrom':[{'reference':%s}]",
                 arena_fmt(a, "QuestionnaireResponse/%.*s", STR_ARG(id)));
}

#define SYSTEM_EXTRACTED "urn:euthymia:extracted"

static void add_observation(Extraction *e, Json *item, const Marks *marks, size_t place, Str value)
{
    Ctx *c = e->c;
    Buf *b = &e->entries;
    Str id = json_find_str(e->response, "id"), text = json_find_str(item, "text");
    Str key = arena_fmt(c->arena, "%.*s/%zu", STR_ARG(json_find_str(item, "linkId")), place);
    key = arena_fmt(c->arena, "%.*s.%.*s", STR_ARG(id), STR_ARG(content_hash(c->arena, key)));
    bool is_amended = str_is(json_find_str(e->response, "status"), "amended");
    buf_json(b, "%j{'fullUrl':%s,'resource':{'resourceType':'Observation'", b->n ? S(",") : S(""),
             arena_fmt(c->arena, "urn:uuid:%.*s", STR_ARG(uuid_v7(c->arena, c->random, c->now_us))));
    if (id.p)
        buf_json(b, ",'identifier':[{'system':'" SYSTEM_EXTRACTED "','value':%s}]", key);
    buf_json(b, ",'status':%s", is_amended ? S("amended") : S("final"));
    if (marks->category)
        buf_json(b, ",'category':[%j]", json_text(c->arena, marks->category));
    buf_json(b, ",'code':{'coding':%j", json_text(c->arena, json_get(item, "code")));
    if (text.p)
        buf_json(b, ",'text':%s", text);
    buf_char(b, '}');
    add_head(e, b);
    buf_json(b, ",%j},'request':{'method':'POST','url':'Observation'", value);
    if (id.p)
        buf_json(b, ",'ifNoneExist':%s",
                 arena_fmt(c->arena, "identifier=" SYSTEM_EXTRACTED "|%.*s", STR_ARG(key)));
    buf_add(b, S("}}"));
}

static void extract_answers(Extraction *e, Json *item, const Marks *marks, Json *answered)
{
    Json *answers = json_get(answered, "answer");
    for (size_t i = 0; i < json_count(answers); i++) {
        Str value = observation_value(e->c->arena, item, json_at(answers, i));
        if (value.p)
            add_observation(e, item, marks, i + 1, value);
        else
            add_issue(e->c, e->issues, item, "Its answer cannot be the value of an Observation.");
    }
}

static Err extract_items(Extraction *e, Json *items, Marks outer, Json *answered, int depth);

static Err extract_item(Extraction *e, Json *item, Marks outer, Json *answered, int depth)
{
    Marks marks = marks_of(item, outer);
    Json *answers = json_get(answered, "answer");
    if (extension(item, SDC "itemExtractionContext"))
        add_issue(e->c, e->issues, item, "Extraction by definitions is not done here.");
    if (marks.is_extracted && json_count(json_get(item, "code")))
        extract_answers(e, item, &marks, answered);
    TRY(extract_items(e, json_get(item, "item"), marks, json_get(answered, "item"), depth + 1));
    for (size_t i = 0; i < json_count(answers); i++)
        TRY(extract_items(e, json_get(item, "item"), marks, json_get(json_at(answers, i), "item"),
                          depth + 1));
    return OK;
}

static Err extract_items(Extraction *e, Json *items, Marks outer, Json *answered, int depth)
{
    if (depth > ITEM_DEPTH)
        return problem(e->c, ERR_RULE, S("Questionnaire.item"), "Its items are nested too deeply.");
    for (size_t i = 0; i < json_count(items); i++)
        for (size_t k = 0; k < json_count(answered); k++)
            if (str_eq(json_find_str(json_at(items, i), "linkId"),
                       json_find_str(json_at(answered, k), "linkId")))
                TRY(extract_item(e, json_at(items, i), outer, json_at(answered, k), depth));
    return OK;
}

Err questionnaire_extract(Ctx *c, Json *questionnaire, Json *response, Str *ret_bundle, Issues *ret_issues)
{
    *ret_issues = (Issues){ 0 };
    Str status = json_find_str(response, "status");
    if (!str_is(status, "completed") && !str_is(status, "amended"))
        return problem(c, ERR_RULE, S("QuestionnaireResponse.status"),
                       "Only a completed or amended response is extracted; this one is %.*s.",
                       STR_ARG(status));
    Extraction e = { .c = c,
                     .response = response,
                     .issues = ret_issues,
                     .entries = buf_make(c->arena, LIMIT_RESOURCE_BYTES) };
    Marks none = { 0 };
    TRY(extract_items(&e, json_get(questionnaire, "item"), marks_of(questionnaire, none),
                      json_get(response, "item"), 0));
    if (buf_overflowed(&e.entries))
        return problem(c, ERR_TOO_LARGE, STR_NONE, "What was extracted is larger than the limit.");
    *ret_bundle = e.entries.n
                      ? json_build(c->arena, "{'resourceType':'Bundle','type':'transaction','entry':[%j]}",
                                   buf_str(&e.entries))
                      : S("{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}");
    return OK;
}
