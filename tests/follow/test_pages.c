#include "groups.h"

#include "follow/html.h"
#include "follow/pages.h"
#include "follow/words.h"

static PageFacts facts_of(const char *given_name)
{
    return (PageFacts){ .clinic = clinic_in_force(),
                        .instrument = instrument(S("phq-9")),
                        .path = S("/r/TOKEN"),
                        .given_name = str_from(given_name),
                        .now_us = at("2026-11-16T15:42:00Z") };
}

static void text_from_outside_is_escaped(void **state)
{
    Arena *a = *state;
    assert_true(str_is(html(a, "<p>%s</p>%d%%", S("<b>\"O'Neil\" & co</b>"), (int64_t)5),
                       "<p>&lt;b&gt;&quot;O&#39;Neil&quot; &amp; co&lt;/b&gt;</p>5%"));
    PageFacts facts = facts_of("<script>alert(1)</script>");
    Str page = page_hello(a, &facts, 0, false);
    assert_false(contains(page, "<script>alert"));
    assert_true(contains(page, "&lt;script&gt;alert"));
}

static void moments_are_said_as_a_person_would(void **state)
{
    Arena *a = *state;
    int64_t now_us = at("2026-11-13T20:00:00Z");
    assert_true(str_is(words_moment(a, at("2026-11-13T21:30:00Z"), now_us), "16:30"));
    assert_true(str_is(words_moment(a, at("2026-11-16T13:00:00Z"), now_us), "Monday 08:00"));
    assert_true(str_is(words_moment(a, at("2026-11-30T13:00:00Z"), now_us), "Monday 30 November 08:00"));
}

/* The numbers to call are the last thing on every page, and no page needs script. */
static void every_page_has_help_and_works_without_script(void **state)
{
    Arena *a = *state;
    PageFacts facts = facts_of("Margit");
    SafetyFacts safety = { .promise = { .kind = PROMISE_CLOSED, .until_us = TIME_NONE } };
    CurvePoint points[] = { { at("2026-11-09T15:42:00Z"), 12 }, { facts.now_us, 9 } };
    CurveFacts curve = { points, 2, NULL, 0, 21, 4, 27, 10 * US_PER_DAY };
    Str pages[] = {
        page_hello(a, &facts, 0, false),
        page_question(a, &facts, 0, -1, STR_NONE),
        page_question(a, &facts, 8, 1, STR_NONE),
        page_safety(a, &facts, &safety),
        page_kept(a, &facts, &safety),
        page_thanks(a, &facts, 9, false, &curve),
        page_help(a, &facts, S("/q/3"), false),
        page_closed(a, &facts, S("This link has ended"), S("It was open for a few days only.")),
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        assert_true(contains(pages[i], "988"));
        assert_false(contains(pages[i], "onclick"));
        assert_false(contains(pages[i], "style="));
        assert_false(contains(pages[i], "<script>"));
    }
}

static void a_question_shows_the_instruments_words_and_nothing_preselected(void **state)
{
    Arena *a = *state;
    PageFacts facts = facts_of("Margit");
    for (size_t i = 0; i < 9; i++) {
        Str page = page_question(a, &facts, i, -1, STR_NONE);
        assert_true(contains(page, arena_cstr(a, facts.instrument->items[i].text)));
        assert_true(contains(page, "Over the last 2 weeks, how often have you been bothered by"));
        assert_false(contains(page, " checked"));
        assert_int_equal(contains(page, "data-store-at-tap"), i == 8);
        /* Enter takes the first button: it must not skip. */
        Str next = S("value=\"next\""), skip = S("value=\"skip\"");
        const char *at_next = memmem(page.p, page.n, next.p, next.n),
                   *at_skip = memmem(page.p, page.n, skip.p, skip.n);
        assert_true(at_next && at_skip && at_next < at_skip);
    }
}

/* Words that promise a person. None of them may stand on a page without a named person behind it. */
static const char *const promise_words[] = { "will call", "has your answer", "has seen your",   "was told",
                                             "have told", "is on the way",   "within one hour", "Mei" };

static bool promises(Str page)
{
    for (size_t i = 0; i < sizeof promise_words / sizeof *promise_words; i++)
        if (contains(page, promise_words[i]))
            return true;
    return false;
}

static void only_a_held_task_is_promised(void **state)
{
    Arena *a = *state;
    PageFacts facts = facts_of("Margit");
    int64_t now_us = facts.now_us;
    const struct {
        PromiseFacts at_that_moment;
        bool may_promise;
        const char *says, *why;
    } rows[] = {
        { { .task_open = true,
            .accepted = true,
            .owner = S("Mei Castellano, nurse"),
            .owner_on_duty = true,
            .contact_due_us = now_us + US_PER_H,
            .anyone_on_duty = true,
            .next_duty_us = TIME_NONE,
            .now_us = now_us },
          true,
          "Mei Castellano, nurse, has your answer and will call 555-0164 before 11:42",
          "held by a person on duty" },
        { { .task_open = true,
            .accepted = false,
            .contact_due_us = now_us + US_PER_H,
            .anyone_on_duty = true,
            .next_duty_us = TIME_NONE,
            .now_us = now_us },
          false,
          "No one at the clinic has seen this yet",
          "task not yet accepted" },
        { { .task_open = true,
            .accepted = true,
            .owner = S("Mei Castellano, nurse"),
            .owner_on_duty = false,
            .contact_due_us = now_us + US_PER_H,
            .anyone_on_duty = false,
            .next_duty_us = TIME_NONE,
            .now_us = now_us },
          false,
          "If you need someone now",
          "accepted by someone who is off duty" },
        { { .task_open = true,
            .contact_due_us = now_us + US_PER_H,
            .next_duty_us = TIME_NONE,
            .now_us = now_us },
          false,
          "No one at the clinic can see this now",
          "rota empty" },
        { { .task_open = true,
            .contact_due_us = now_us + US_PER_H,
            .next_duty_us = at("2026-11-17T13:00:00Z"),
            .now_us = now_us },
          false,
          "No one at the clinic can see this until Tuesday 08:00",
          "03:00: nobody on duty" },
        { { .task_open = true,
            .accepted = true,
            .owner = S("Mei Castellano, nurse"),
            .owner_on_duty = true,
            .contact_due_us = now_us - 1,
            .anyone_on_duty = true,
            .next_duty_us = TIME_NONE,
            .now_us = now_us },
          false,
          "If you need someone now",
          "the deadline has passed" },
        { { .contact_due_us = TIME_NONE, .next_duty_us = TIME_NONE, .now_us = now_us },
          false,
          "If you need someone now",
          "nothing could be read" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SafetyFacts safety = { .promise = promise_made(&rows[i].at_that_moment), .callback = S("555-0164") };
        Str pages[] = { page_safety(a, &facts, &safety), page_kept(a, &facts, &safety) };
        for (size_t p = 0; p < 2; p++) {
            if (promises(pages[p]) != rows[i].may_promise || !contains(pages[p], rows[i].says))
                fail_msg("%s: page %zu", rows[i].why, p);
            assert_true(contains(pages[p], "988"));
        }
    }
}

static void the_other_pages_promise_nothing(void **state)
{
    Arena *a = *state;
    PageFacts facts = facts_of("Margit");
    CurvePoint point = { facts.now_us, 9 };
    CurveFacts curve = { &point, 1, NULL, 0, -1, 4, 27, 10 * US_PER_DAY };
    Str pages[] = {
        page_hello(a, &facts, 0, false),
        page_question(a, &facts, 8, -1, STR_NONE),
        page_thanks(a, &facts, 9, false, &curve),
        page_help(a, &facts, S(""), true),
        page_help(a, &facts, S(""), false),
        page_closed(a, &facts, S("That could not be kept just now"), S("Try again.")),
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        assert_false(promises(pages[i]));
    assert_true(contains(pages[0], "not watched at night"));
}

static void after_a_worry_there_is_no_score_and_no_curve(void **state)
{
    Arena *a = *state;
    PageFacts facts = facts_of("Margit");
    SafetyFacts safety = { .promise = { .kind = PROMISE_UNSEEN, .until_us = TIME_NONE } };
    Str page = page_kept(a, &facts, &safety);
    assert_false(contains(page, "<figure"));
    assert_false(contains(page, "class=\"score\""));
    assert_false(contains(page, ">Done"));
}

static void a_curve_does_not_join_across_a_gap(void **state)
{
    Arena *a = *state;
    int64_t now_us = at("2026-11-16T15:42:00Z");
    CurvePoint points[] = { { now_us - 30 * US_PER_DAY, 12 },
                            { now_us - 23 * US_PER_DAY, 11 },
                            { now_us, 9 } };
    CurveFacts curve = { points, 3, NULL, 0, -1, 4, 27, 10 * US_PER_DAY };
    Str svg = curve_svg(a, &curve);
    const char *line = memmem(svg.p, svg.n, "class=\"line\" d=\"", 16);
    assert_non_null(line);
    Str path = str_cut((Str){ line + 16, 200 }, '"', &(Str){ 0 });
    size_t moves = 0, lines = 0;
    for (size_t i = 0; i < path.n; i++) {
        moves += path.p[i] == 'M';
        lines += path.p[i] == 'L';
    }
    assert_int_equal(moves, 2);
    assert_int_equal(lines, 1);
}

static int setup(void **state)
{
    *state = arena_create(64 * 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(*state);
    return 0;
}

int run_page_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_from_outside_is_escaped),
        cmocka_unit_test(moments_are_said_as_a_person_would),
        cmocka_unit_test(every_page_has_help_and_works_without_script),
        { "EU-S-13 a question shows the instrument's words and nothing preselected",
          a_question_shows_the_instruments_words_and_nothing_preselected, NULL, NULL, NULL },
        { "EU-S-09 only a held task is promised", only_a_held_task_is_promised, NULL, NULL, NULL },
        { "EU-S-09 the other pages promise nothing", the_other_pages_promise_nothing, NULL, NULL, NULL },
        cmocka_unit_test(after_a_worry_there_is_no_score_and_no_curve),
        cmocka_unit_test(a_curve_does_not_join_across_a_gap),
    };
    return cmocka_run_group_tests_name("pages", tests, setup, teardown);
}
