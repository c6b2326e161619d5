#include "visit.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Monday 16 November 2026, 10:42 in New York. */
#define MORNING at("2026-11-16T15:42:00Z")
/* Sunday, 03:00 there. */
#define NIGHT at("2026-11-15T08:00:00Z")

static Visitor begin(void **state, int64_t now_us)
{
    Ctx *c = &((Bed *)*state)->c;
    c->now_us = now_us;
    put_people(c);
    return invite(c);
}

static Json *stored(Visitor *v, const char *type, Str id)
{
    Resource resource;
    assert_ok(fhir_read(v->c, str_from(type), id, &resource));
    return json_parse(v->c->arena, resource.body);
}

static void answer_the_first_eight(Visitor *v, int value)
{
    for (int item = 1; item <= 8; item++)
        assert_int_equal(give(v, item, value).status, 303);
}

static void a_report_is_answered_scored_and_thanked_for(void **state)
{
    Visitor v = begin(state, MORNING);
    assert_true(contains(get(&v, "").body, "Hello Margit"));
    assert_true(leads_to(give(&v, 1, 2), "/q/2"));
    for (int item = 2; item <= 8; item++)
        (void)give(&v, item, 1);
    assert_true(leads_to(give(&v, 9, 0), "/done"));
    Link link = link_of(&v);
    assert_null(link.task_id.p);
    assert_true(
        str_is(json_find_str(stored(&v, "QuestionnaireResponse", link.response_id), "status"), "completed"));
    int64_t total = -1;
    assert_true(json_int(json_get(stored(&v, "Observation", link.score_id), "valueInteger"), &total));
    assert_int_equal(total, 9);
    LinkAnswer thanks = get(&v, "done");
    assert_true(contains(thanks.body, "<b>9</b> for the last two weeks"));
    assert_true(contains(thanks.body, "<figure"));
    assert_true(contains(get(&v, "end").body, "You can close this page"));
}

static void each_answer_is_a_version_and_a_change_keeps_both(void **state)
{
    Visitor v = begin(state, MORNING);
    (void)give(&v, 1, 2);
    (void)give(&v, 1, 3);
    (void)give(&v, 1, 3);
    Link link = link_of(&v);
    Resource first, second;
    assert_ok(fhir_read_version(v.c, S("QuestionnaireResponse"), link.response_id, S("1"), &first));
    assert_ok(fhir_read_version(v.c, S("QuestionnaireResponse"), link.response_id, S("2"), &second));
    assert_true(contains(first.body, "LA6570-1"));
    assert_true(contains(second.body, "LA6571-9"));
    assert_int_equal(fhir_read_version(v.c, S("QuestionnaireResponse"), link.response_id, S("3"), &second),
                     ERR_NOT_FOUND);
    assert_true(contains(get(&v, "").body, "Continue"));
}

static void an_answer_that_is_none_of_the_four_is_refused(void **state)
{
    Visitor v = begin(state, MORNING);
    assert_int_equal(post(&v, "q/1", "answer", "4", "next").status, 422);
    assert_int_equal(post(&v, "q/1", "answer", "", "next").status, 422);
    assert_int_equal(post(&v, "q/10", "answer", "1", "next").status, 404);
    assert_int_equal(get(&v, "q/0").status, 404);
    Resource resource;
    assert_int_equal(fhir_read(v.c, S("QuestionnaireResponse"), link_of(&v).response_id, &resource),
                     ERR_NOT_FOUND);
}

static void an_endorsement_is_stored_at_the_tap_with_its_task(void **state)
{
    Visitor v = begin(state, NIGHT);
    LinkAnswer answer = tap(&v, 9, 1);
    assert_int_equal(answer.status, 200);
    assert_true(str_is(answer.body, "kept\n"));
    WorryTask task = worry_of(&v);
    assert_int_equal(task.worry.kind, WORRY_ENDORSED);
    assert_int_equal(task.status, TASK_REQUESTED);
    assert_true(task.worry.owner_due_us == NIGHT + 15 * US_PER_MIN);
    assert_true(task.worry.contact_due_us == NIGHT + 60 * US_PER_MIN);
    assert_true(str_is(json_find_str(stored(&v, "Flag", task.flag_id), "status"), "active"));
    Json *item = stored(&v, "Observation", link_of(&v).item_id);
    assert_true(str_is(json_find_str(item, "valueCodeableConcept.coding[0].code"), "LA6569-3"));
    assert_true(str_is(json_find_str(stored(&v, "QuestionnaireResponse", link_of(&v).response_id), "status"),
                       "in-progress"));
}

static void a_skip_is_not_answered_and_has_a_task_by_the_next_working_day(void **state)
{
    Visitor v = begin(state, MORNING);
    answer_the_first_eight(&v, 1);
    assert_true(leads_to(give(&v, 9, -1), "/safe"));
    WorryTask task = worry_of(&v);
    assert_int_equal(task.worry.kind, WORRY_NOT_ANSWERED);
    assert_true(task.worry.contact_due_us == at("2026-11-17T23:00:00Z"));
    Link link = link_of(&v);
    assert_non_null(json_get(stored(&v, "Observation", link.score_id), "dataAbsentReason"));
    assert_true(
        str_is(json_find_str(stored(&v, "Observation", link.item_id), "dataAbsentReason.coding[0].code"),
               "asked-declined"));
    LinkAnswer done = get(&v, "done");
    assert_false(contains(done.body, "<figure"));
}

static void taking_an_answer_back_removes_nothing(void **state)
{
    Visitor v = begin(state, MORNING);
    answer_the_first_eight(&v, 0);
    (void)tap(&v, 9, 2);
    Str task_id = worry_of(&v).id;
    assert_true(leads_to(give(&v, 9, 0), "/safe"));
    WorryTask task = worry_of(&v);
    assert_true(str_eq(task.id, task_id));
    assert_true(task_is_open(&task));
    assert_int_equal(task.worry.kind, WORRY_ENDORSED);
    assert_true(contains(task.description, "more than half the days"));
    assert_true(contains(task.notes, "not at all, before: more than half the days"));
    assert_false(contains(get(&v, "done").body, "<figure"));
}

static void sending_twice_makes_one_task(void **state)
{
    Visitor v = begin(state, MORNING);
    (void)tap(&v, 9, 1);
    (void)tap(&v, 9, 1);
    (void)give(&v, 9, 1);
    (void)give(&v, 9, 1);
    assert_int_equal(bed_ask(v.c, SQL("SELECT COUNT(*) FROM resource WHERE type = 'Task'"), NO_ARGS), 1);
    assert_int_equal(bed_ask(v.c, SQL("SELECT COUNT(*) FROM resource WHERE type = 'Flag'"), NO_ARGS), 1);
}

static void asking_for_help_raises_and_saying_safe_lowers_nothing(void **state)
{
    Visitor v = begin(state, MORNING);
    answer_the_first_eight(&v, 1);
    (void)give(&v, 9, -1);
    assert_true(leads_to(post(&v, "safe", "safe", "yes", ""), "/done"));
    WorryTask before = worry_of(&v);
    assert_int_equal(before.worry.kind, WORRY_NOT_ANSWERED);
    assert_true(leads_to(post(&v, "safe", "safe", "unsure", ""), "/help/raised"));
    WorryTask raised = worry_of(&v);
    assert_true(str_eq(raised.id, before.id));
    assert_int_equal(raised.worry.kind, WORRY_HELP_ASKED);
    assert_true(raised.worry.contact_due_us == MORNING + 60 * US_PER_MIN);
    (void)post(&v, "safe", "safe", "yes", "");
    WorryTask after = worry_of(&v);
    assert_true(task_is_open(&after));
    assert_int_equal(after.worry.kind, WORRY_HELP_ASKED);
    Str sheet = get(&v, "help/raised").body;
    const char *line = memmem(sheet.p, sheet.n, "tel:988", 7),
               *emergency = memmem(sheet.p, sheet.n, "tel:911", 7),
               *clinic = memmem(sheet.p, sheet.n, "tel:555-0100", 12);
    assert_true(line && emergency && clinic && line < emergency && emergency < clinic);
}

static void help_is_heard_where_no_worry_stood(void **state)
{
    Visitor v = begin(state, MORNING);
    assert_true(leads_to(post(&v, "safe", "safe", "help", ""), "/help/raised"));
    assert_int_equal(worry_of(&v).worry.kind, WORRY_HELP_ASKED);
}

/* ---- links that are not open ---- */

static void an_unknown_expired_or_used_link_is_friendly(void **state)
{
    Visitor v = begin(state, MORNING);
    Visitor stranger = { v.c, S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") };
    LinkAnswer unknown = get(&stranger, "");
    assert_int_equal(unknown.status, 404);
    assert_true(contains(unknown.body, "988"));
    answer_the_first_eight(&v, 1);
    (void)give(&v, 9, 0);
    v.c->now_us += 31 * US_PER_MIN;
    assert_int_equal(get(&v, "done").status, 410);
    assert_true(contains(get(&v, "").body, "988"));
    assert_int_equal(get(&v, "help").status, 200);
    Visitor late = invite(v.c);
    v.c->now_us += 8 * US_PER_DAY;
    assert_int_equal(get(&late, "").status, 410);
    assert_int_equal(give(&late, 1, 2).status, 410);
}

static void an_endorsement_is_heard_on_a_closed_link(void **state)
{
    Visitor v = begin(state, MORNING);
    v.c->now_us += 8 * US_PER_DAY;
    assert_int_equal(tap(&v, 9, 3).status, 200);
    assert_int_equal(worry_of(&v).worry.kind, WORRY_ENDORSED);
    (void)post(&v, "safe", "safe", "help", "");
    assert_int_equal(worry_of(&v).worry.kind, WORRY_HELP_ASKED);
}

static void the_token_is_nowhere_in_the_database(void **state)
{
    Visitor v = begin(state, MORNING);
    assert_int_equal(v.token.n, 43);
    assert_int_equal(
        bed_ask(v.c, SQL("SELECT COUNT(*) FROM patient_link WHERE token_hash = $1"), ARGS(T(v.token))), 0);
    assert_int_equal(bed_ask(v.c, SQL("SELECT COUNT(*) FROM patient_link"), NO_ARGS), 1);
}

static void nobody_answers_for_the_dead(void **state)
{
    Visitor v = begin(state, MORNING);
    put(v.c, "Patient", PATIENT,
        json_build(v.c->arena, "{'resourceType':'Patient','deceasedDateTime':'2026-11-15'}"));
    assert_int_equal(get(&v, "").status, 410);
    assert_int_equal(give(&v, 1, 1).status, 410);
}

/* ---- what the page says at that hour, through the record ---- */

static void the_page_names_a_person_only_while_she_holds_the_task_on_duty(void **state)
{
    Visitor v = begin(state, MORNING);
    (void)tap(&v, 9, 1);
    assert_true(contains(get(&v, "safe").body, "No one at the clinic can see this now"));
    put_duty(v.c, "[\"mon\"]");
    assert_true(contains(get(&v, "safe").body, "No one at the clinic has seen this yet"));
    assert_non_null(operate(v.c, "Task", arena_cstr(v.c->arena, worry_of(&v).id), "take", STR_NONE, NULL));
    assert_true(contains(get(&v, "safe").body,
                         "Mei Castellano, nurse, has your answer and will call 555-0164 before 11:42"));
    (void)post(&v, "number", "number", "right", "");
    assert_true(contains(worry_of(&v).notes, "right and private"));
    v.c->now_us += 61 * US_PER_MIN;
    assert_false(contains(get(&v, "safe").body, "Mei"));
    v.c->now_us = MORNING;
    put_duty(v.c, "[\"tue\"]");
    LinkAnswer off_duty = get(&v, "safe");
    assert_false(contains(off_duty.body, "Mei"));
    assert_true(contains(off_duty.body, "call or text 988"));
}

static void at_night_the_page_says_when_somebody_is_there(void **state)
{
    Visitor v = begin(state, NIGHT);
    put_duty(v.c, "[\"mon\",\"tue\"]");
    (void)tap(&v, 9, 1);
    assert_true(contains(get(&v, "safe").body, "No one at the clinic can see this until Monday 08:00"));
}

static void when_the_server_fails_nothing_is_shown_as_told(void **state)
{
    Visitor v = begin(state, MORNING);
    struct Db *db = v.c->db;
    (void)tap(&v, 9, 1);
    assert_ok(db_exec(v.c, SQL("DROP TABLE patient_link"), NO_ARGS));
    LinkAnswer answer = give(&v, 9, 1);
    assert_int_equal(answer.status, 503);
    assert_true(contains(answer.body, "988"));
    assert_false(contains(answer.body, "will call"));
    assert_true(contains(follow_link_trouble(v.c->arena).body, "988"));
    v.c->db = db;
}

/* ---- EU-S-08 as a property ---- */

enum { ROUNDS = 20, LIVES = 3, STEPS_MAX = 60 };

static void act_at_random(Visitor *v, Random *random, int told_pipe)
{
    static const char *const safe[] = { "yes", "unsure", "help" };
    int value = (int)(random_u64(random) % 5) - 1;
    LinkAnswer answer = { 0 };
    char mark = 0;
    switch (random_u64(random) % 8) {
    case 0:
        (void)give(v, 1 + (int)(random_u64(random) % 8), value);
        break;
    case 1:
    case 2:
        answer = tap(v, 9, value);
        mark = value == 0 ? 0 : (char)('b' + value);
        break;
    case 3:
        answer = give(v, 9, value);
        mark = value == 0 ? 0 : (char)('b' + value);
        break;
    case 4: {
        size_t which = random_u64(random) % 3;
        answer = post(v, "safe", "safe", safe[which], "");
        mark = which ? 'h' : 0;
        break;
    }
    case 5:
        (void)get(v, "safe");
        break;
    case 6: {
        Link link = link_of(v);
        if (link.task_id.p)
            (void)operate(v->c, "Task", arena_cstr(v->c->arena, link.task_id), "take", STR_NONE,
                          &(Err){ OK });
        break;
    }
    default: {
        Link link = link_of(v);
        Str reached = S(
            "{\"name\":\"outcome\",\"valueCode\":\"reached-safe\"},{\"name\":\"note\",\"valueString\":\"n\"},"
            "{\"name\":\"safety-plan\",\"valueCode\":\"made\"}");
        if (link.task_id.p && random_u64(random) % 3 == 0)
            (void)operate(v->c, "Task", arena_cstr(v->c->arena, link.task_id), "outcome", reached,
                          &(Err){ OK });
    }
    }
    if (mark && (answer.status == 200 || answer.status == 303))
        (void)!write(told_pipe, &mark, 1);
    v->c->now_us += (int64_t)(random_u64(random) % 40) * US_PER_MIN;
}

/* A life of the program: it opens the database, acts, and is killed wherever it happens to be. */
static void live(const Bed *bed, Str token, uint64_t seed, int64_t now_us, int told_pipe)
{
    Random random = random_seeded(seed);
    Ctx c = bed_open_again(bed);
    c.random = &random;
    c.now_us = now_us;
    Visitor v = { &c, token };
    for (int step = 0; step < STEPS_MAX; step++)
        act_at_random(&v, &random, told_pipe);
    _exit(0);
}

static void live_and_be_killed(const Bed *bed, Str token, Random *random, int64_t now_us, char *told,
                               size_t *n_told)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    uint64_t seed = random_u64(random);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live(bed, token, seed, now_us, ends[1]);
    close(ends[1]);
    (void)usleep((useconds_t)(20000 + random_u64(random) % 180000));
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    for (char mark; *n_told < LIVES * STEPS_MAX && read(ends[0], &mark, 1) == 1;)
        told[(*n_told)++] = mark;
    close(ends[0]);
}

/* Every change of the suicide item to an endorsement or a skip, in all versions that are kept. */
static int worries_in_history(Visitor *v, const Link *link, bool seen[5])
{
    const Instrument *phq9 = instrument(S("phq-9"));
    Answers before = answers_none();
    int worries = 0;
    for (int version = 1;; version++) {
        Resource resource;
        Str number = arena_fmt(v->c->arena, "%d", version);
        if (fhir_read_version(v->c, S("QuestionnaireResponse"), link->response_id, number, &resource) != OK)
            return worries;
        Answers now = answers_from_json(phq9, json_parse(v->c->arena, resource.body));
        bool changed = now.value[8] != before.value[8] || now.skipped[8] != before.skipped[8];
        worries += changed && now.value[8] != 0;
        seen[now.value[8] + 1] |= now.value[8] >= 0 || now.skipped[8];
        before = now;
    }
}

static int count_of(Str text, const char *needle)
{
    int n = 0;
    for (const char *p = text.p; (p = memmem(p, (size_t)(text.p + text.n - p), needle, strlen(needle))); p++)
        n++;
    return n;
}

/* How many of them some task holds: a note is only ever added to an open task, and a task is closed only by
 * an outcome that comes after. */
static int worries_in_tasks(Visitor *v, const Link *link, int *ret_help)
{
    static const char *const notes[] = { "item 9: several days", "item 9: more than half the days",
                                         "item 9: nearly every day", "item 9: not answered" };
    AUTO(rows_done) Rows *rows = NULL;
    int worries = 0, help = 0;
    assert_ok(db_query(v->c, SQL("SELECT body FROM resource WHERE type = 'Task'"), NO_ARGS, &rows));
    while (rows_next(rows)) {
        WorryTask task;
        Str body = arena_str(v->c->arena, rows_text(rows, 0));
        assert_true(task_from_json(v->c->arena, json_parse(v->c->arena, body), &task));
        if (!str_eq(task.response_id, link->response_id))
            continue;
        for (size_t i = 0; i < 4; i++)
            worries += count_of(task.notes, notes[i]);
        help += count_of(task.notes, "Safety page: \\\"I am not sure") +
                count_of(task.notes, "Safety page: \\\"No");
        assert_true(task.worry.owner_due_us != TIME_NONE && task.worry.contact_due_us != TIME_NONE);
        assert_true(task_is_open(&task) || contains(task.outputs, "contact-outcome"));
    }
    *ret_help = help;
    return worries;
}

static void check_what_is_left(const Bed *bed, Str token, const char *told, size_t n_told)
{
    Ctx c = bed_open_again(bed);
    Random random = random_seeded(1);
    c.random = &random;
    Visitor v = { &c, token };
    Link link = link_of(&v);
    bool seen[5] = { 0 };
    int help = 0, told_help = 0;
    int in_history = worries_in_history(&v, &link, seen);
    int in_tasks = worries_in_tasks(&v, &link, &help);
    if (in_history != in_tasks)
        fail_msg("%d worries in the answers, %d in tasks", in_history, in_tasks);
    for (size_t i = 0; i < n_told; i++) {
        told_help += told[i] == 'h';
        if (told[i] != 'h')
            assert_true(seen[told[i] - 'b' + 1]);
    }
    assert_true(help >= told_help);
    bed_close_again(&c);
}

static void no_worry_is_ever_lost(void **state)
{
    Bed *bed = *state;
    Random random = random_seeded(20261116);
    put_people(&bed->c);
    put_duty(&bed->c, "[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\"]");
    for (int round = 0; round < ROUNDS; round++) {
        char told[LIVES * STEPS_MAX];
        size_t n_told = 0;
        bed->c.now_us = MORNING + (int64_t)(random_u64(&random) % (7 * 24)) * US_PER_H;
        Str token = invite(&bed->c).token;
        /* No thread of ours may run while a child is made. */
        bed->c.db = db_close(bed->c.db);
        for (int life = 0; life < LIVES; life++) {
            int64_t now_us = bed->c.now_us + life * 3 * US_PER_DAY;
            live_and_be_killed(bed, token, &random, now_us, told, &n_told);
            check_what_is_left(bed, token, told, n_told);
        }
        assert_ok(db_open(&bed->c, str_from(bed->url), &bed->c.db));
    }
}

#define NAMED(name, function)                                                                                \
    {                                                                                                        \
        name, function, bed_make, bed_remove, NULL                                                           \
    }

int run_link_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(a_report_is_answered_scored_and_thanked_for),
        NAMED("EU-S-15 each answer is a version and a change keeps both",
              each_answer_is_a_version_and_a_change_keeps_both),
        TEST_ON_BED(an_answer_that_is_none_of_the_four_is_refused),
        NAMED("EU-S-08 an endorsement is stored at the tap with its task",
              an_endorsement_is_stored_at_the_tap_with_its_task),
        NAMED("EU-S-08 a skip is not answered and has a task by the next working day",
              a_skip_is_not_answered_and_has_a_task_by_the_next_working_day),
        NAMED("EU-S-08 taking an answer back removes nothing", taking_an_answer_back_removes_nothing),
        NAMED("EU-S-08 sending twice makes one task", sending_twice_makes_one_task),
        NAMED("EU-S-08 asking for help raises and saying safe lowers nothing",
              asking_for_help_raises_and_saying_safe_lowers_nothing),
        NAMED("EU-S-08 help is heard where no worry stood", help_is_heard_where_no_worry_stood),
        TEST_ON_BED(an_unknown_expired_or_used_link_is_friendly),
        NAMED("EU-S-08 an endorsement is heard on a closed link", an_endorsement_is_heard_on_a_closed_link),
        TEST_ON_BED(the_token_is_nowhere_in_the_database),
        TEST_ON_BED(nobody_answers_for_the_dead),
        NAMED("EU-S-09 the page names a person only while she holds the task on duty",
              the_page_names_a_person_only_while_she_holds_the_task_on_duty),
        NAMED("EU-S-09 at night the page says when somebody is there",
              at_night_the_page_says_when_somebody_is_there),
        NAMED("EU-S-09 when the server fails nothing is shown as told",
              when_the_server_fails_nothing_is_shown_as_told),
        NAMED("EU-S-08 no worry is ever lost: random answers, duplicates, kill -9", no_worry_is_ever_lost),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
