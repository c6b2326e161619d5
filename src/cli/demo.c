#include "cli/demo.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "chart/instrument.h"
#include "cli/virtual.h"
#include "db/db.h"
#include "fhir/store.h"
#include "follow/follow_link.h"
#include "server/account.h"
#include "server/operations.h"

#include <assert.h>

/* Everything after the six patients' histories is done by the verbs' own operations, each at its time and by
 * its person: what a guard of theirs would refuse cannot stand in the demo either. */
typedef struct Demo {
    Ctx *c;
    int64_t now_us;
    Random random;
    User physician, nurse;
    VirtualPatient people[6];
} Demo;

static const uint64_t SEED = 20261117;

/* ---- one act ---- */

static Str text(Arena *a, const char *name, Str value)
{
    return json_build(a, "{'name':%s,'valueString':%s},", str_from(name), value);
}

static Str number(Arena *a, const char *name, Str value)
{
    return json_build(a, "{'name':%s,'valueDecimal':%n},", str_from(name), value);
}

static Str integer(Arena *a, const char *name, int64_t value)
{
    return json_build(a, "{'name':%s,'valueInteger':%d},", str_from(name), value);
}

static Str join(Arena *a, Str first, Str second)
{
    return arena_fmt(a, "%.*s%.*s", STR_ARG(first), STR_ARG(second));
}

/* parameters: pieces of text(), number(), integer(), each with its comma. ret_answer may be NULL.
 * Each act has an arena of its own: a thousand charts would not fit one. */
static Err act(Demo *d, const User *who, int64_t at_us, const char *type, Str id, const char *operation,
               Str parameters, Json **ret_answer)
{
    Ctx *c = d->c;
    Arena *whole = c->arena;
    AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    const Operation *row = operation_find(str_from(type), str_from(operation));
    assert(row);
    Params out = params_make(a);
    Str json = arena_fmt(a, "{\"resourceType\":\"Parameters\",\"parameter\":[%.*s]}",
                         (int)(parameters.n ? parameters.n - 1 : 0), parameters.p ? parameters.p : "");
    OpCall call = { .type = str_from(type), .id = id, .parameters = json_parse(a, json) };
    c->user = *who;
    c->now_us = at_us;
    c->arena = a;
    Err e = row->run(c, &call, &out);
    c->arena = whole;
    Problems found = c->problems;
    c->problems = (Problems){ 0 };
    if (e == OK && ret_answer)
        *ret_answer = json_parse(whole, params_text(&out));
    if (e == OK)
        return OK;
    for (size_t i = 0; i < found.n; i++)
        (void)problem(c, found.at[i].err, found.at[i].path, "%.*s", STR_ARG(found.at[i].text));
    return problem(c, e, STR_NONE, "demo: %s/%.*s/$%s", type, STR_ARG(id), operation);
}

static Str answered(Json *answer, const char *name)
{
    Json *list = json_get(answer, "parameter");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "name"), name))
            return json_find_str(json_at(list, i), "valueString");
    return STR_NONE;
}

/* ---- who they are ---- */

typedef struct DemoPatient {
    const char *given, *family, *gender, *birth_date, *mrn;
    const char *weight_kg, *height_cm;
    const char *drugs[2]; /* the adequate trials of this episode */
    VirtualWish wish;     /* of the models, for this story */
} DemoPatient;

static const DemoPatient patients[] = {
    { "Clara",
      "Whitfield",
      "female",
      "1991-06-02",
      "DEMO-01",
      "64.2",
      "168",
      { "sertraline", "venlafaxine-xr" },
      { 12, 14, 0, 0.9, 1.1 } },
    { "Tomas",
      "Rivera",
      "male",
      "1979-11-20",
      "DEMO-02",
      "81.5",
      "181",
      { "escitalopram", "bupropion-xl" },
      { 15, 19, 0, 0.9, 1.1 } },
    { "Hannah",
      "Osei",
      "female",
      "1984-03-12",
      "DEMO-03",
      "71.0",
      "171",
      { "fluoxetine", "duloxetine" },
      { 15, 20, 7, 0.5, 0.8 } },
    { "Peter",
      "Lindgren",
      "male",
      "1968-09-30",
      "DEMO-04",
      "77.4",
      "176",
      { "sertraline", "mirtazapine" },
      { 16, 20, 7, 0.6, 0.8 } },
    { "Amina",
      "Farah",
      "female",
      "1995-01-17",
      "DEMO-05",
      "58.6",
      "163",
      { "escitalopram", "venlafaxine-xr" },
      { 17, 23, 25, 0.1, 0.4 } },
    { "George",
      "Mallory",
      "male",
      "1972-05-08",
      "DEMO-06",
      "84.0",
      "184",
      { "citalopram", "duloxetine" },
      { 18, 24, 10, 0.5, 0.75 } },
};
enum { N_PATIENTS = sizeof patients / sizeof *patients };

static const VirtualPatient *virtual_of(const Demo *d, const DemoPatient *p)
{
    return &d->people[p - patients];
}

/* ---- what the models say of them ---- */

static const int induction_days[] = { 0, 3, 7, 10, 14, 17 };
enum { INDUCTION = sizeof induction_days / sizeof *induction_days };

static const MoodDose induction[INDUCTION] = { { 0, 0.5 },  { 3, 0.5 },  { 7, 0.5 },
                                               { 10, 0.5 }, { 14, 0.5 }, { 17, 0.5 } };

/* PHQ-9 at a day of the course, of which the first `done` infusions were given. */
static int score(const Demo *d, const DemoPatient *p, size_t done, double at_d)
{
    return virtual_phq9(virtual_of(d, p), (MoodCourse){ induction, done }, at_d);
}

static void find_people(Demo *d)
{
    static const MoodCourse whole = { induction, INDUCTION };
    for (size_t i = 0; i < N_PATIENTS; i++) {
        TimeRange born = { 0 };
        double weight_kg = 0;
        bool read = time_parse(str_from(patients[i].birth_date), &born) &&
                    str_to_double(str_from(patients[i].weight_kg), &weight_kg);
        assert(read);
        double age_years = (double)time_age_years(born.from_us, d->now_us);
        d->people[i] = virtual_find(SEED, 1000 * i, age_years, weight_kg, whole, &patients[i].wish);
    }
}

static Err put(Demo *d, const char *type, Str id, Str json)
{
    Resource written;
    return fhir_put(d->c, str_from(type), id, json, &written);
}

/* The patient and a diagnosis of depression, as a referral brings them. */
static Err refer(Demo *d, const DemoPatient *p, int64_t at_us, Str *ret_id)
{
    Arena *a = d->c->arena;
    d->c->now_us = at_us;
    d->c->user = d->nurse;
    Str id = uuid_v7(a, &d->random, at_us), condition = uuid_v7(a, &d->random, at_us);
    TRY(put(d, "Patient", id,
            json_build(
                a,
                "{'resourceType':'Patient','id':%s,'identifier':[{'type':{'coding':[{'system':'http:"
                "//terminology.hl7.org/CodeSystem/v2-0203','code':'MR'}]},'system':'urn:euthymia:demo:mrn',"
                "'value':%s}],'active':true,'name':[{'use':'official','family':%s,'given':[%s]}],"
                "'gender':%s,'birthDate':%s}",
                id, str_from(p->mrn), str_from(p->family), str_from(p->given), str_from(p->gender),
                str_from(p->birth_date))));
    *ret_id = id;
    return put(d, "Condition", condition,
               json_build(a,
                          "{'resourceType':'Condition','id':%s,'clinicalStatus':{'coding':[{'system':'http:"
                          "//terminology.hl7.org/CodeSystem/condition-clinical','code':'active'}]},"
                          "'verificationStatus':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/"
                          "condition-ver-status','code':'confirmed'}]},'code':{'coding':[{'system':"
                          "'http://snomed.info/sct','code':'370143000'}],'text':'Major depression'},"
                          "'subject':{'reference':%s},'onsetDateTime':%s}",
                          condition, arena_fmt(a, "Patient/%.*s", STR_ARG(id)),
                          time_local_date(a, at_us - 600 * US_PER_DAY)));
}

/* ---- evaluate ---- */

typedef struct DemoFact {
    const char *key, *value, *note;
    bool number;
} DemoFact;

/* What a work-up records once, and what each day asks anew. */
static const DemoFact workup[] = {
    { "consent", "yes", "version 3" },
    { "capacity", "yes" },
    { "cost-estimate", "yes" },
    { "safety-plan", "yes", "on paper" },
    { "psychosis", "none" },
    { "mania", "none" },
    { "vascular-history", "no" },
    { "cardiovascular", "none" },
    { "pressure-hazard", "no" },
    { "intracranial-pressure", "no" },
    { "eye-pressure", "no" },
    { "ketamine-hypersensitivity", "no" },
    { "allergies-asked", "yes", "none known" },
    { "substance-use", "none" },
    { "urine-drug-screen", "negative" },
    { "monitoring-programme", "clear" },
    { "liver-disease", "none" },
    { "alt", "22", NULL, true },
    { "ast", "19", NULL, true },
    { "alp", "70", NULL, true },
    { "ggt", "18", NULL, true },
    { "bladder", "none" },
    { "icsi", "0", NULL, true },
    { "airway", "none" },
    { "seizures", "none" },
    { "thyroid", "no" },
    { "cognition", "no" },
    { "medicines-reconciled", "yes" },
    { "benzodiazepine-mg", "0", NULL, true },
    { "episode-months", "20", NULL, true },
    { "severity", "moderate", "interview" },
    { "augmentation-used", "no" },
    { "ect-used", "no" },
    { "breastfeeding", "no" },
};
static const DemoFact of_the_day[] = {
    { "fasting", "yes", "clear fluid 3 h ago" },
    { "acute-illness", "no" },
    { "intoxication", "no" },
    { "withdrawal", "no" },
    { "escort", "yes", "a friend, 555-0142" },
    { "pregnancy-test", "negative" },
};

static Err record_fact(Demo *d, Str id, int64_t at_us, const User *who, const DemoFact *fact)
{
    Arena *a = d->c->arena;
    Str parameters = join(a, text(a, "key", str_from(fact->key)),
                          fact->number ? number(a, "value", str_from(fact->value))
                                       : text(a, "value", str_from(fact->value)));
    if (fact->note)
        parameters = join(a, parameters, text(a, "note", str_from(fact->note)));
    return act(d, who, at_us, "Patient", id, "record-fact", parameters, NULL);
}

static Err record_facts(Demo *d, Str id, int64_t at_us, const DemoFact *facts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        TRY(record_fact(d, id, at_us, &d->nurse, &facts[i]));
    return OK;
}

static Err record_size(Demo *d, const DemoPatient *p, Str id, int64_t at_us)
{
    DemoFact weight = { "weight-kg", p->weight_kg, NULL, true },
             height = { "height-cm", p->height_cm, NULL, true };
    TRY(record_fact(d, id, at_us, &d->nurse, &weight));
    return record_fact(d, id, at_us, &d->nurse, &height);
}

static Err record_pressure(Demo *d, Str id, int64_t at_us, int systolic, int diastolic)
{
    Arena *a = d->c->arena;
    Str parameters = join(a, text(a, "key", S("pressure")), integer(a, "systolic", systolic));
    parameters = join(a, parameters, integer(a, "diastolic", diastolic));
    return act(d, &d->nurse, at_us, "Patient", id, "record-fact", parameters, NULL);
}

static Err record_trials(Demo *d, const DemoPatient *p, Str id, int64_t at_us)
{
    Arena *a = d->c->arena;
    static const char *const doses_mg[] = { "sertraline",   "150", "venlafaxine-xr", "225",
                                            "escitalopram", "20",  "bupropion-xl",   "300",
                                            "fluoxetine",   "40",  "duloxetine",     "60",
                                            "mirtazapine",  "30",  "citalopram",     "40" };
    for (size_t i = 0; i < 2; i++) {
        Str dose = STR_NONE;
        for (size_t k = 0; k < sizeof doses_mg / sizeof *doses_mg; k += 2)
            if (strcmp(doses_mg[k], p->drugs[i]) == 0)
                dose = str_from(doses_mg[k + 1]);
        Str parameters = join(a, text(a, "drug", str_from(p->drugs[i])), number(a, "peak-mg-per-day", dose));
        parameters = join(a, parameters, integer(a, "weeks", 9));
        parameters = join(a, parameters, integer(a, "adherence-percent", 90));
        parameters = join(a, parameters, integer(a, "improvement-percent", 15));
        parameters = join(a, parameters, text(a, "reason-stopped", S("inefficacy")));
        parameters = join(a, parameters, text(a, "source", S("record")));
        parameters = join(a, parameters, S("{\"name\":\"current-episode\",\"valueBoolean\":true},"));
        TRY(act(d, &d->nurse, at_us, "Patient", id, "record-trial", parameters, NULL));
    }
    return OK;
}

/* The first eight items share the total as evenly as whole answers can; the ninth is "not at all". */
static void answers_of(int total, int ret_values[9])
{
    enum { WORST = 3, SHARED = 8 };
    for (int i = 0; i < 9; i++)
        ret_values[i] = 0;
    for (int i = 0; total > 0 && i < WORST * SHARED; i++, total--)
        ret_values[i % SHARED]++;
}

static Err record_phq9(Demo *d, Str id, int64_t at_us, int total)
{
    Arena *a = d->c->arena;
    int values[9];
    answers_of(total, values);
    Str parameters = text(a, "instrument", S("phq-9"));
    for (int i = 0; i < 9; i++)
        parameters =
            join(a, parameters, integer(a, arena_cstr(a, arena_fmt(a, "item-%d", i + 1)), values[i]));
    return act(d, &d->nurse, at_us, "Patient", id, "record-screen", parameters, NULL);
}

static Err record_cssrs_none(Demo *d, Str id, int64_t at_us)
{
    Arena *a = d->c->arena;
    Str parameters = text(a, "instrument", S("c-ssrs"));
    for (int i = 1; i <= 7; i++)
        parameters = join(a, parameters, integer(a, arena_cstr(a, arena_fmt(a, "item-%d", i)), 0));
    return act(d, &d->nurse, at_us, "Patient", id, "record-screen", parameters, NULL);
}

enum { PREPARATION_MIN = 20, VISIT_HOUR = 10 };

/* 10:00 at the clinic, on the day of at_us. */
static int64_t visit_hour(int64_t at_us)
{
    LocalTime t = time_local(at_us);
    return time_from_local((LocalTime){ .year = t.year, .month = t.month, .day = t.day, .hour = VISIT_HOUR });
}

/* at_us, or the last minute of the day before where at_us is too early in its day for a visit's preparation:
 * the facts of the day count only on their day, and a demo may be opened at midnight. */
static int64_t with_its_preparation(int64_t at_us)
{
    LocalTime t = time_local(at_us);
    int minutes = t.hour * 60 + t.minute;
    return minutes >= PREPARATION_MIN ? at_us : at_us - (minutes + 1) * US_PER_MIN;
}

/* What each visit needs before the start: the facts of the day, two resting pressures, the level of care. */
static Err prepare_day(Demo *d, const DemoPatient *p, Str id, int64_t at_us)
{
    static const DemoFact level = { "level-of-care", "outpatient",
                                    "no new thoughts; plan agreed until the next visit" };
    TRY(record_size(d, p, id, at_us - PREPARATION_MIN * US_PER_MIN));
    TRY(record_facts(d, id, at_us - 18 * US_PER_MIN, of_the_day, sizeof of_the_day / sizeof *of_the_day));
    TRY(record_cssrs_none(d, id, at_us - 17 * US_PER_MIN));
    TRY(record_pressure(d, id, at_us - 16 * US_PER_MIN, 126, 80));
    TRY(record_pressure(d, id, at_us - 11 * US_PER_MIN, 124, 78));
    TRY(record_fact(d, id, at_us - 10 * US_PER_MIN, &d->physician, &level));
    return act(d, &d->physician, at_us - 9 * US_PER_MIN, "Patient", id, "evaluate-record", STR_NONE, NULL);
}

static Err evaluate_all(Demo *d, const DemoPatient *p, Str id, int64_t at_us)
{
    TRY(record_trials(d, p, id, at_us - US_PER_H));
    TRY(record_facts(d, id, at_us - US_PER_H, workup, sizeof workup / sizeof *workup));
    TRY(record_phq9(d, id, at_us - US_PER_H, score(d, p, 0, 0)));
    return prepare_day(d, p, id, at_us);
}

/* ---- plan ---- */

static Err draft(Demo *d, Str id, int64_t at_us, int64_t first_us, Json **ret_answer)
{
    Arena *a = d->c->arena;
    Str first = json_build(a, "{'name':'first-date','valueDateTime':%t},", first_us);
    return act(d, &d->physician, at_us, "Patient", id, "plan-draft",
               join(a, first, text(a, "weight-basis", S("actual"))), ret_answer);
}

static Err sign(Demo *d, Str id, int64_t at_us, Json *drafted)
{
    Json *list = json_get(drafted, "parameter");
    int64_t version = 0;
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_find_str(json_at(list, i), "name"), "version"))
            (void)json_int(json_get(json_at(list, i), "valueInteger"), &version);
    return act(d, &d->physician, at_us, "Patient", id, "plan-sign", integer(d->c->arena, "version", version),
               NULL);
}

/* ---- infuse ---- */

static int near(Demo *d, int value, int spread)
{
    return value - spread + (int)(random_unit(&d->random) * (2 * spread + 1));
}

/* What the models say of this minute, read with a person's hand. */
static Err record_vitals(Demo *d, const DemoPatient *p, Str encounter, int64_t at_us, int64_t minute)
{
    Arena *a = d->c->arena;
    VirtualVitals now = virtual_vitals(virtual_of(d, p), (double)minute);
    Str parameters = join(a, integer(a, "systolic", near(d, now.systolic, 2)),
                          integer(a, "diastolic", near(d, now.diastolic, 2)));
    parameters = join(a, parameters, integer(a, "heart-rate", near(d, now.heart_rate, 2)));
    parameters = join(a, parameters, integer(a, "spo2", near(d, 97, 1)));
    parameters = join(a, parameters, integer(a, "breaths", near(d, 14, 1)));
    return act(d, &d->nurse, at_us, "Encounter", encounter, "vitals", parameters, NULL);
}

static Err record_scales(Demo *d, const DemoPatient *p, Str encounter, int64_t at_us, int64_t minute)
{
    Arena *a = d->c->arena;
    VirtualVitals now = virtual_vitals(virtual_of(d, p), (double)minute);
    Str parameters = join(a, integer(a, "dissociation", now.dissociation),
                          integer(a, "distress", now.dissociation > 2 ? 2 : 0));
    parameters = join(a, parameters, integer(a, "nausea", now.nausea));
    parameters = join(a, parameters, integer(a, "moaas", now.moaas));
    return act(d, &d->nurse, at_us, "Encounter", encounter, "vitals", parameters, NULL);
}

static Err pump(Demo *d, Str encounter, int64_t at_us, const char *action, Str more)
{
    Arena *a = d->c->arena;
    return act(d, &d->nurse, at_us, "Encounter", encounter, "pump",
               join(a, text(a, "action", str_from(action)), more), NULL);
}

/* The first minutes of a session: into the chair, the pump started as planned (100 mL over 40 min), vitals
 * and a look at the pump until until_min. */
static Err begin_session(Demo *d, const DemoPatient *p, Str id, int64_t start_us, int chair,
                         int64_t until_min, Str *ret_encounter)
{
    Arena *a = d->c->arena;
    Json *opened;
    TRY(act(d, &d->nurse, start_us - 8 * US_PER_MIN, "Patient", id, "session-open",
            integer(a, "chair", chair), &opened));
    Str encounter = answered(opened, "encounter");
    TRY(record_vitals(d, p, encounter, start_us - 6 * US_PER_MIN, 0));
    TRY(record_scales(d, p, encounter, start_us - 5 * US_PER_MIN, 0));
    TRY(pump(d, encounter, start_us, "started", number(a, "rate-ml-per-h", S("150"))));
    for (int64_t minute = 5; minute <= until_min; minute += 5) {
        TRY(record_vitals(d, p, encounter, start_us + minute * US_PER_MIN, minute));
        TRY(pump(d, encounter, start_us + minute * US_PER_MIN, "reading", STR_NONE));
        if (minute % 15 == 0)
            TRY(record_scales(d, p, encounter, start_us + minute * US_PER_MIN, minute));
    }
    *ret_encounter = encounter;
    return OK;
}

static Err whole_session(Demo *d, const DemoPatient *p, Str id, int64_t start_us, int chair)
{
    Arena *a = d->c->arena;
    Str encounter;
    TRY(begin_session(d, p, id, start_us, chair, 35, &encounter));
    TRY(pump(d, encounter, start_us + 40 * US_PER_MIN, "stopped", STR_NONE));
    TRY(pump(d, encounter, start_us + 41 * US_PER_MIN, "volume-left", number(a, "volume-left-ml", S("0"))));
    for (int64_t minute = 45; minute <= 105; minute += 15)
        TRY(record_vitals(d, p, encounter, start_us + minute * US_PER_MIN, minute));
    TRY(record_scales(d, p, encounter, start_us + 100 * US_PER_MIN, 100));
    return act(d, &d->nurse, start_us + 106 * US_PER_MIN, "Encounter", encounter, "session-end", STR_NONE,
               NULL);
}

/* ---- follow ---- */

/* A report as the patient gives it: through the link's own pages. Answers nine questions; stops before done.
 */
static Err report_by_link(Demo *d, Str id, int64_t at_us, const int values[9])
{
    Ctx *c = d->c;
    Arena *a = c->arena;
    Json *asked;
    TRY(act(d, &d->nurse, at_us - 2 * US_PER_H, "Patient", id, "ask", text(a, "instrument", S("phq-9")),
            &asked));
    Str token = str_slice(answered(asked, "path"), strlen("/r/"), SIZE_MAX);
    for (int i = 0; i < 9; i++) {
        LinkField field = { S("answer"), arena_fmt(a, "%d", values[i]) };
        LinkRequest request = { .method = S("POST"),
                                .token = token,
                                .rest = arena_fmt(a, "q/%d", i + 1),
                                .fields = &field,
                                .n_fields = 1,
                                .demo = true };
        c->now_us = at_us + i * 12 * US_PER_S;
        LinkAnswer answer = follow_link_answer(c, &request);
        if (answer.status != 303)
            return problem(c, ERR_INTERNAL, STR_NONE, "demo: question %d answered %d", i + 1, answer.status);
    }
    return OK;
}

/* ---- the six ---- */

/* A course begun days_ago with `done` infusions, one chair for all; reports are the caller's. */
static Err course(Demo *d, size_t patient, int64_t first_us, int done, Str *ret_id)
{
    const DemoPatient *p = &patients[patient];
    Str id;
    Json *drafted;
    TRY(refer(d, p, first_us - 20 * US_PER_DAY, &id));
    TRY(evaluate_all(d, p, id, first_us - US_PER_DAY));
    TRY(draft(d, id, first_us - US_PER_DAY, first_us, &drafted));
    TRY(sign(d, id, first_us - US_PER_DAY + US_PER_MIN, drafted));
    for (int i = 0; i < done; i++) {
        int64_t start_us = first_us + induction_days[i] * US_PER_DAY;
        if (induction_days[i] % 7 == 0 && i > 0)
            TRY(record_phq9(d, id, start_us - 5 * US_PER_H, score(d, p, (size_t)i, induction_days[i])));
        TRY(prepare_day(d, p, id, start_us));
        TRY(whole_session(d, p, id, start_us, (int)patient % 4 + 1));
    }
    *ret_id = id;
    return OK;
}

/* Half evaluated: what is missing shows. */
static Err newly_referred(Demo *d)
{
    Str id;
    int64_t at_us = d->now_us - 3 * US_PER_H;
    TRY(refer(d, &patients[0], at_us - US_PER_DAY, &id));
    TRY(record_size(d, &patients[0], id, at_us));
    TRY(record_phq9(d, id, at_us, score(d, &patients[0], 0, 0)));
    TRY(record_pressure(d, id, at_us, 148, 92));
    return record_facts(d, id, at_us, workup, 6);
}

/* Evaluated today; the plan waits for its signature. */
static Err to_be_signed(Demo *d)
{
    Str id;
    int64_t at_us = with_its_preparation(d->now_us - US_PER_H);
    TRY(refer(d, &patients[1], at_us - 5 * US_PER_DAY, &id));
    TRY(evaluate_all(d, &patients[1], id, at_us));
    return draft(d, id, at_us, visit_hour(d->now_us + US_PER_DAY), NULL);
}

/* The second infusion runs, eighteen minutes in; just after midnight up to thirty-eight. */
static Err in_the_chair(Demo *d)
{
    Str id, encounter;
    int64_t start_us = with_its_preparation(d->now_us - 18 * US_PER_MIN);
    TRY(course(d, 2, visit_hour(start_us - 3 * US_PER_DAY), 1, &id));
    TRY(prepare_day(d, &patients[2], id, start_us));
    return begin_session(d, &patients[2], id, start_us, 2, 15, &encounter);
}

/* Three infusions, and a report of today in which item 9 is not zero: a worry that nobody owns yet. */
static Err worried(Demo *d)
{
    static const int today[9] = { 1, 2, 2, 1, 1, 2, 1, 1, 1 };
    Str id;
    TRY(course(d, 3, visit_hour(d->now_us - 9 * US_PER_DAY), 3, &id));
    return report_by_link(d, id, d->now_us - 9 * US_PER_MIN, today);
}

/* A whole course, answered in the window that Learn reads. */
static Err responded(Demo *d)
{
    enum { IN_WINDOW_D = 25, LATER_D = 35 };
    Str id;
    int64_t first_us = visit_hour(d->now_us - 55 * US_PER_DAY);
    TRY(course(d, 4, first_us, 6, &id));
    TRY(record_phq9(d, id, first_us + IN_WINDOW_D * US_PER_DAY,
                    score(d, &patients[4], INDUCTION, IN_WINDOW_D)));
    return record_phq9(d, id, first_us + LATER_D * US_PER_DAY, score(d, &patients[4], INDUCTION, LATER_D));
}

/* A whole course, last heard of at its end: measured is what he is not. */
static Err not_heard_of(Demo *d)
{
    Str id;
    return course(d, 5, visit_hour(d->now_us - 60 * US_PER_DAY), 6, &id);
}

/* ---- staff ---- */

static Err find_user(Demo *d, const char *name, User *ret_user)
{
    Account account;
    TRY(account_find(d->c, str_from(name), &account));
    *ret_user = (User){ .account = str_from(name),
                        .person_id = account.person_id,
                        .display = account.display,
                        .role = account.role };
    return OK;
}

/* On duty on working days, 08:00 to 18:00. */
static Err put_on_duty(Demo *d, const User *who)
{
    Arena *a = d->c->arena;
    Str id = uuid_v7(a, &d->random, d->now_us);
    return put(
        d, "PractitionerRole", id,
        json_build(a,
                   "{'resourceType':'PractitionerRole','id':%s,'active':true,'practitioner':{'reference':%s,"
                   "'display':%s},'code':[{'coding':[{'system':'urn:euthymia:role','code':%s}]}],'telecom':[{"
                   "'system':'phone','value':'555-0164'}],'availableTime':[{'daysOfWeek':['mon','tue','wed',"
                   "'thu','fri'],'availableStartTime':'08:00:00','availableEndTime':'18:00:00'}]}",
                   id, arena_fmt(a, "Practitioner/%.*s", STR_ARG(who->person_id)), who->display,
                   role_name(who->role)));
}

Err demo_fill(Ctx *c)
{
    /* Who sits in a chair now comes last: a chair that is taken now was not free then either. */
    static Err (*const stories[N_PATIENTS])(Demo *) = { newly_referred, to_be_signed, worried,
                                                        responded,      not_heard_of, in_the_chair };
    AUTO(tx_done) Tx *tx = NULL;
    User user = c->user;
    Demo d = { .c = c, .now_us = c->now_us, .random = random_seeded(SEED) };
    find_people(&d);
    TRY(find_user(&d, "raman", &d.physician));
    TRY(find_user(&d, "castellano", &d.nurse));
    TRY(tx_begin(c, &tx));
    TRY(put_on_duty(&d, &d.physician));
    TRY(put_on_duty(&d, &d.nurse));
    for (size_t i = 0; i < N_PATIENTS; i++)
        TRY(stories[i](&d));
    c->now_us = d.now_us;
    c->user = user;
    return tx_commit(tx);
}
