/* What travels in addresses, forms, cookies and headers: pure readers, by tables. */
#include "groups.h"

#include "base/time.h"
#include "server/form.h"
#include "server/negotiate.h"
#include "server/queue.h"
#include "server/rate.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

static int make_arena(void **state)
{
    *state = arena_create(16 * 1024 * 1024);
    return 0;
}

static int end_arena(void **state)
{
    *state = arena_destroy(*state);
    return 0;
}

static void assert_text(Str got, const char *want)
{
    if (want ? !str_is(got, want) || !got.p : got.p != NULL)
        fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want ? want : "(absent)");
}

static void percent_signs_are_undone_or_refused(void **state)
{
    static const struct {
        const char *raw;
        bool is_form;
        const char *text; /* NULL: refused */
    } rows[] = {
        { "plain", false, "plain" },
        { "a%20b", false, "a b" },
        { "a+b", false, "a+b" },
        { "a+b%2B", true, "a b+" },
        { "m%C3%BCller", true, "m\xc3\xbcller" },
        { "%", false, NULL },
        { "%4", false, NULL },
        { "%zz", false, NULL },
        { "a%00b", false, NULL },
        { "%ff", false, NULL },
        { "%c0%af", false, NULL },
        { "%ed%a0%80", false, NULL },
        { "", true, "" },
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        Str text = STR_NONE;
        bool is_good = percent_decode(*state, str_from(rows[i].raw), rows[i].is_form, &text);
        assert_int_equal(is_good, rows[i].text != NULL);
        assert_text(text, rows[i].text);
    }
}

static void forms_keep_order_and_repeats(void **state)
{
    SearchTerms terms;
    assert_true(form_parse(*state, S("date=ge1&&date=lt2&empty=&bare"), 10, &terms));
    assert_int_equal(terms.n, 4);
    assert_text(terms.at[0].value, "ge1");
    assert_text(terms.at[1].value, "lt2");
    assert_text(form_value(&terms, "empty"), "");
    assert_text(form_value(&terms, "bare"), "");
    assert_text(form_value(&terms, "none"), NULL);
    assert_false(form_parse(*state, S("a=1&b=2&c=3"), 2, &terms));
}

static void cookies_are_found_by_their_whole_name(void **state)
{
    (void)state;
    assert_text(cookie_value(S("a=1; euthymia=t; b=2"), "euthymia"), "t");
    assert_text(cookie_value(S("euthymia=x=y"), "euthymia"), "x=y");
    assert_text(cookie_value(S("not-euthymia=1"), "euthymia"), NULL);
    assert_text(cookie_value(S("__Host-euthymia=1"), "euthymia"), NULL);
    assert_text(cookie_value(STR_NONE, "euthymia"), NULL);
}

static void formats_are_json_of_this_version(void **state)
{
    static const struct {
        const char *accept;
        bool takes;
    } rows[] = {
        { NULL, true },
        { "*/*", true },
        { "application/fhir+json", true },
        { "Application/JSON;q=0.5", true },
        { "text/html, application/xhtml+xml, */*;q=0.8", true },
        { "application/fhir+json; fhirVersion=4.0", true },
        { "application/fhir+json; fhirVersion=3.0", false },
        { "application/fhir+xml", false },
        { "image/png", false },
        { "application/json;q=0", false },
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(accept_takes_json(str_from(rows[i].accept)), rows[i].takes);
    assert_true(format_is_json(S("json")) && format_is_json(S("application/fhir+json")));
    assert_false(format_is_json(S("xml")) || format_is_json(S("ttl")));
    assert_int_equal(media_of(S("application/fhir+json; charset=utf-8")), MEDIA_JSON);
    assert_int_equal(media_of(S("application/json-patch+json")), MEDIA_PATCH);
    assert_int_equal(media_of(S("text/plain")), MEDIA_OTHER);
    assert_int_equal(media_of(STR_NONE), MEDIA_NONE);
}

static void versions_are_read_from_etags(void **state)
{
    Str version;
    assert_true(etag_version(STR_NONE, &version));
    assert_text(version, NULL);
    assert_true(etag_version(S("W/\"17\""), &version));
    assert_text(version, "17");
    assert_true(etag_version(S("\"17\""), &version));
    assert_false(etag_version(S("17"), &version));
    assert_false(etag_version(S("\"1\", \"2\""), &version));
    assert_false(etag_version(S("\"\""), &version));
    assert_true(etag_listed(S("\"1\", W/\"3\""), etag_of_version(*state, 3)));
    assert_true(etag_listed(S("*"), S("W/\"3\"")));
    assert_false(etag_listed(STR_NONE, S("W/\"3\"")));
    assert_text(http_date(*state, INT64_C(1795430536) * US_PER_S), "Mon, 23 Nov 2026 10:42:16 GMT");
}

static void preferences_pass_over_what_they_do_not_know(void **state)
{
    (void)state;
    Prefer prefer = prefer_of(S("respond-async, handling=strict, return=minimal"));
    assert_true(prefer.strict);
    assert_int_equal(prefer.returns, RETURN_MINIMAL);
    assert_int_equal(prefer_of(STR_NONE).returns, RETURN_REPRESENTATION);
    assert_int_equal(prefer_of(S("return=OperationOutcome")).returns, RETURN_OUTCOME);
}

static void tries_are_counted_in_their_window(void **state)
{
    RateTable *table = arena_new(*state, RateTable, 1);
    RateRule rule = { .limit = 3, .window_us = US_PER_MIN };
    int wait_s = 0;
    for (int i = 0; i < 3; i++)
        assert_true(rate_take(table, S("ana"), rule, US_PER_H + i, &wait_s));
    assert_false(rate_take(table, S("ana"), rule, US_PER_H + 30 * US_PER_S, &wait_s));
    assert_int_equal(wait_s, 31);
    assert_true(rate_take(table, S("ben"), rule, US_PER_H, &wait_s));
    assert_true(rate_take(table, S("ana"), rule, US_PER_H + US_PER_MIN, &wait_s));
    for (int i = 0; i < 3; i++)
        (void)rate_take(table, S("ana"), rule, 2 * US_PER_H, &wait_s);
    rate_forget(table, S("ana"));
    assert_true(rate_take(table, S("ana"), rule, 2 * US_PER_H, &wait_s));
}

static void a_flood_of_names_frees_the_oldest(void **state)
{
    RateTable *table = arena_new(*state, RateTable, 1);
    RateRule rule = { .limit = 1, .window_us = US_PER_DAY };
    int wait_s;
    for (int i = 0; i < 5 * RATE_SLOTS; i++)
        assert_true(rate_take(table, arena_fmt(*state, "name %d", i), rule, US_PER_H + i, &wait_s));
    assert_false(
        rate_take(table, arena_fmt(*state, "name %d", 5 * RATE_SLOTS - 1), rule, 2 * US_PER_H, &wait_s));
}

static void a_queue_is_bounded_and_drains_after_it_closed(void **state)
{
    int things[3];
    void *taken[4];
    Queue *queue = queue_make(*state, 2);
    assert_true(queue_put(queue, &things[0]) && queue_put(queue, &things[1]));
    assert_false(queue_put(queue, &things[2]));
    assert_int_equal(queue_take(queue, taken, 1), 1);
    assert_ptr_equal(taken[0], &things[0]);
    assert_true(queue_put(queue, &things[2]));
    queue_close(queue);
    assert_false(queue_put(queue, &things[0]));
    assert_int_equal(queue_take(queue, taken, 4), 2);
    assert_ptr_equal(taken[1], &things[2]);
    assert_int_equal(queue_take(queue, taken, 4), 0);
}

int run_http_word_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_signs_are_undone_or_refused),
        cmocka_unit_test(forms_keep_order_and_repeats),
        cmocka_unit_test(cookies_are_found_by_their_whole_name),
        cmocka_unit_test(formats_are_json_of_this_version),
        cmocka_unit_test(versions_are_read_from_etags),
        cmocka_unit_test(preferences_pass_over_what_they_do_not_know),
        cmocka_unit_test(tries_are_counted_in_their_window),
        cmocka_unit_test(a_flood_of_names_frees_the_oldest),
        cmocka_unit_test(a_queue_is_bounded_and_drains_after_it_closed),
    };
    return cmocka_run_group_tests_name("words of HTTP", tests, make_arena, end_arena);
}
