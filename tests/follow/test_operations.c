#include "visit.h"

#include "follow/follow_ops.h"

#define MORNING at("2026-11-16T15:42:00Z")

static Visitor begin(void **state)
{
    Ctx *c = &((Bed *)*state)->c;
    c->now_us = MORNING;
    put_people(c);
    return invite(c);
}

static Str parameter_str(Json *parameters, const char *name)
{
    Json *p = parameter(parameters, name);
    Str text = json_find_str(p, "valueString");
    if (!text.p)
        text = json_find_str(p, "valueCode");
    return text.p ? text : json_find_str(p, "valueInstant");
}

static const char *task_id(Visitor *v)
{
    return arena_cstr(v->c->arena, worry_of(v).id);
}

static void asking_makes_a_link_that_works(void **state)
{
    Visitor v = begin(state);
    Json *answer = operate(v.c, "Patient", PATIENT, "ask", STR_NONE, NULL);
    Str path = parameter_str(answer, "path");
    assert_true(str_starts(path, S("/r/")));
    Visitor asked = { v.c, str_slice(path, 3, path.n) };
    assert_true(contains(get(&asked, "").body, "Hello Margit"));
    assert_null(parameter(answer, "warning"));
    for (int item = 1; item <= 9; item++)
        (void)give(&asked, item, 0);
    v.c->now_us += 2 * US_PER_DAY;
    answer = operate(v.c, "Patient", PATIENT, "ask", STR_NONE, NULL);
    assert_true(contains(parameter_str(answer, "warning"), "2 days ago"));
}

static void asking_is_refused_for_the_dead_and_for_wording_that_is_not_ours(void **state)
{
    Visitor v = begin(state);
    Err e;
    assert_null(operate(v.c, "Patient", PATIENT, "ask",
                        S("{\"name\":\"instrument\",\"valueString\":\"c-ssrs\"}"), &e));
    assert_int_equal(e, ERR_INVALID);
    put(v.c, "Patient", PATIENT, json_build(v.c->arena, "{'resourceType':'Patient','deceasedBoolean':true}"));
    assert_null(operate(v.c, "Patient", PATIENT, "ask", STR_NONE, &e));
    assert_int_equal(e, ERR_RULE);
}

static void taking_makes_me_the_owner_and_nobody_takes_it_from_me_unsaid(void **state)
{
    Visitor v = begin(state);
    (void)tap(&v, 9, 2);
    assert_non_null(operate(v.c, "Task", task_id(&v), "take", STR_NONE, NULL));
    WorryTask task = worry_of(&v);
    assert_int_equal(task.status, TASK_ACCEPTED);
    assert_true(str_is(task.owner_id, NURSE));
    /* Taken again by the same person: nothing new. */
    assert_non_null(operate(v.c, "Task", task_id(&v), "take", STR_NONE, NULL));
    put(v.c, "Task", task_id(&v),
        json_build(v.c->arena,
                   "{'resourceType':'Task','extension':[{'url':'urn:euthymia:extension:owner-due','"
                   "valueDateTime':%t}],"
                   "'status':'accepted','intent':'order','priority':'stat','code':{'coding':[{'system':"
                   "'urn:euthymia:task','code':'suicide-item'}]},'focus':{'reference':%s},'for':{'reference':"
                   "'Patient/" PATIENT "'},'authoredOn':%t,'lastModified':%t,'owner':{'reference':"
                   "'Practitioner/0192f000-0000-7000-8000-00000000000a','display':'Dr "
                   "Raman'},'reasonReference':{'reference':%s},"
                   "'restriction':{'period':{'end':%t}}}",
                   MORNING, arena_fmt(v.c->arena, "Flag/%.*s", STR_ARG(task.flag_id)), MORNING, MORNING,
                   arena_fmt(v.c->arena, "QuestionnaireResponse/%.*s", STR_ARG(task.response_id)),
                   MORNING + US_PER_H));
    Err e;
    assert_null(operate(v.c, "Task", task_id(&v), "take", STR_NONE, &e));
    assert_int_equal(e, ERR_CONFLICT);
    assert_non_null(
        operate(v.c, "Task", task_id(&v), "take", S("{\"name\":\"take-over\",\"valueBoolean\":true}"), NULL));
    assert_true(str_is(worry_of(&v).owner, "Mei Castellano"));
}

static Str outcome(Ctx *c, const char *code, const char *note, const char *plan)
{
    return json_build(c->arena,
                      "{'name':'outcome','valueCode':%s},{'name':'note','valueString':%s},"
                      "{'name':'safety-plan','valueCode':%s}",
                      str_from(code), str_from(note), str_from(plan));
}

static void only_a_contact_closes_a_task(void **state)
{
    Visitor v = begin(state);
    Err e;
    (void)tap(&v, 9, 2);
    static const struct {
        const char *outcome, *note, *plan;
    } refused[] = { { "", "spoke", "made" },
                    { "fine", "spoke", "made" },
                    { "reached-safe", "", "made" },
                    { "reached-safe", "spoke", "" },
                    { "not-reached", "rang", "lost" } };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        Str given = outcome(v.c, refused[i].outcome, refused[i].note, refused[i].plan);
        assert_null(operate(v.c, "Task", task_id(&v), "outcome", given, &e));
        assert_int_equal(e, ERR_INVALID);
    }
    assert_non_null(
        operate(v.c, "Task", task_id(&v), "outcome", outcome(v.c, "not-reached", "rang twice", ""), NULL));
    WorryTask task = worry_of(&v);
    assert_true(task_is_open(&task));
    assert_true(str_is(task.owner_id, NURSE));
    assert_non_null(
        operate(v.c, "Task", task_id(&v), "outcome", outcome(v.c, "reached-safe", "spoke", "made"), NULL));
    task = worry_of(&v);
    assert_int_equal(task.status, TASK_COMPLETED);
    Resource flag;
    assert_ok(fhir_read(v.c, S("Flag"), task.flag_id, &flag));
    assert_true(contains(flag.body, "inactive"));
    assert_null(
        operate(v.c, "Task", task_id(&v), "outcome", outcome(v.c, "reached-safe", "again", "made"), &e));
    assert_int_equal(e, ERR_CONFLICT);
    /* A new endorsement after the contact is a new task. */
    (void)tap(&v, 9, 3);
    assert_false(str_eq(worry_of(&v).id, task.id));
}

static void an_account_that_is_no_person_owns_nothing(void **state)
{
    Visitor v = begin(state);
    (void)tap(&v, 9, 1);
    Params out = params_make(v.c->arena);
    OpCall call = { S("Task"), worry_of(&v).id, NULL };
    v.c->user = (User){ S("machine"), STR_NONE, S("machine"), ROLE_SYSTEM };
    for (const Operation *op = follow_operations; op->name; op++)
        if (strcmp(op->name, "take") == 0)
            assert_int_equal(op->run(v.c, &call, &out), ERR_FORBIDDEN);
}

static void open_tasks_come_with_the_most_urgent_first(void **state)
{
    Visitor skipped = begin(state);
    Ctx *c = skipped.c;
    for (int item = 1; item <= 9; item++)
        (void)give(&skipped, item, -1);
    c->now_us += US_PER_MIN;
    Visitor taken = invite(c);
    (void)tap(&taken, 9, 1);
    assert_non_null(operate(c, "Task", task_id(&taken), "take", STR_NONE, NULL));
    c->now_us += US_PER_MIN;
    Visitor unowned = invite(c);
    (void)tap(&unowned, 9, 1);
    Json *answer = operate(c, "", "", "tasks", STR_NONE, NULL);
    const char *order[] = { task_id(&unowned), task_id(&taken), task_id(&skipped) };
    size_t found = 0;
    Json *list = json_get(answer, "parameter");
    for (size_t i = 0; i < json_count(list); i++) {
        if (!str_is(json_find_str(json_at(list, i), "name"), "task"))
            continue;
        assert_true(found < 3);
        assert_true(str_is(parameter_str(json_at(list, i), "id"), order[found++]));
        assert_true(str_is(parameter_str(json_at(list, i), "patient"), "Margit Solberg"));
    }
    assert_int_equal(found, 3);
    /* The skip, unowned past its limit, is high. */
    c->now_us += 3 * US_PER_DAY;
    answer = operate(c, "", "", "tasks", STR_NONE, NULL);
    int64_t unowned_high = 0;
    assert_true(json_int(json_get(parameter(answer, "unowned-high"), "valueInteger"), &unowned_high));
    assert_int_equal(unowned_high, 2);
}

static void follow_shows_reports_worries_and_links(void **state)
{
    Visitor v = begin(state);
    for (int item = 1; item <= 9; item++)
        (void)give(&v, item, 1);
    Json *answer = operate(v.c, "Patient", PATIENT, "follow", STR_NONE, NULL);
    Json *score = parameter(answer, "score");
    int64_t total = 0;
    assert_true(json_int(json_get(parameter(score, "total"), "valueInteger"), &total));
    assert_int_equal(total, 9);
    assert_true(str_is(parameter_str(parameter(answer, "task"), "kind"), "suicide-item"));
    assert_true(str_is(parameter_str(parameter(answer, "link"), "state"), "used"));
    assert_true(str_is(parameter_str(answer, "headline"), "No PHQ-9 since treatment began"));
    assert_true(contains(parameter_str(answer, "verdict"), "No infusion was started"));
}

static void statements_are_accepted_by_the_engine(void **state)
{
    Bed *bed = *state;
    Err e = db_check_texts(&bed->c);
    bed_show_problems(&bed->c);
    assert_ok(e);
}

int run_operation_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(asking_makes_a_link_that_works),
        TEST_ON_BED(asking_is_refused_for_the_dead_and_for_wording_that_is_not_ours),
        TEST_ON_BED(taking_makes_me_the_owner_and_nobody_takes_it_from_me_unsaid),
        { "EU-S-08 only a contact closes a task", only_a_contact_closes_a_task, bed_make, bed_remove, NULL },
        TEST_ON_BED(an_account_that_is_no_person_owns_nothing),
        TEST_ON_BED(open_tasks_come_with_the_most_urgent_first),
        TEST_ON_BED(follow_shows_reports_worries_and_links),
        TEST_ON_BED(statements_are_accepted_by_the_engine),
    };
    return cmocka_run_group_tests_name("operations", tests, NULL, NULL);
}
