#include "base/arena.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = arena_create(1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(*state);
    return 0;
}

static void assert_str(Str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static void strings_cut_trim_and_compare_by_bytes(void **state)
{
    (void)state;
    Str rest;
    assert_str(str_cut(S("a=b=c"), '=', &rest), "a");
    assert_str(rest, "b=c");
    assert_str(str_cut(S("abc"), '=', &rest), "abc");
    assert_null(rest.p);
    assert_str(str_trim(S(" \t x y \n")), "x y");
    assert_true(str_cmp(S("a"), S("b")) < 0 && str_cmp(S("ab"), S("a")) > 0 && str_cmp(S("a"), S("a")) == 0);
    assert_true(str_cmp(S("z"), S("\xc3\xa9")) < 0);
}

static void integers_are_whole_and_in_range(void **state)
{
    (void)state;
    int64_t value;
    assert_true(str_to_int(S("-9223372036854775808"), &value) && value == INT64_MIN);
    assert_true(str_to_int(S("9223372036854775807"), &value) && value == INT64_MAX);
    const char *refused[] = { "", "-", "9223372036854775808", "1 ", "+1", "1.0", "0x1" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(str_to_int(str_from(refused[i]), &value));
}

static void numbers_follow_the_grammar_of_json(void **state)
{
    (void)state;
    double value;
    assert_true(str_to_double(S("-0.5e2"), &value) && value == -50);
    const char *refused[] = { "", ".5", "5.", "01", "+1", "1e", "NaN", "Infinity", "1e999", "0x10", "1,5" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(str_to_double(str_from(refused[i]), &value));
}

static void count_release(void *thing)
{
    ++*(int *)thing;
}

static void arenas_zero_release_and_know_their_ceiling(void **state)
{
    (void)state;
    int released = 0;
    Arena *a = arena_create(1000);
    char *p = arena_new(a, char, 500);
    for (int i = 0; i < 500; i++)
        assert_int_equal(p[i], 0);
    arena_defer(a, count_release, &released);
    assert_false(arena_exhausted(a));
    (void)arena_new(a, char, 200000);
    assert_true(arena_exhausted(a));
    arena_reset(a);
    assert_int_equal(released, 1);
    assert_false(arena_exhausted(a));
    assert_null(arena_destroy(a));
    assert_int_equal(released, 1);
}

static void output_stops_at_its_ceiling(void **state)
{
    Buf b = buf_make(*state, 10);
    buf_add(&b, S("12345"));
    assert_false(buf_overflowed(&b));
    buf_add(&b, S("678901"));
    assert_true(buf_overflowed(&b));
    assert_str(buf_str(&b), "12345");
}

static void json_strings_are_escaped(void **state)
{
    Buf b = buf_make(*state, 1000);
    buf_json_string(&b, S("a\"b\\c\n\x01 \xc3\xa9"));
    assert_str(buf_str(&b), "\"a\\\"b\\\\c\\n\\u0001 \xc3\xa9\"");
}

static void json_keeps_the_text_of_numbers_and_the_order_of_members(void **state)
{
    const char *text = "{\"b\":0.50,\"a\":[1.0,10,-0.0,1e-3],\"c\":{\"d\":\"x/y\"}}";
    Json *j = json_parse(*state, str_from(text));
    assert_non_null(j);
    assert_str(json_text(*state, j), text);
    assert_str(json_number_text(*state, json_find(j, "b")), "0.50");
    assert_str(json_find_str(j, "c.d"), "x/y");
    assert_null(json_find(j, "c.e[3].f"));
    assert_null(json_parse(*state, S("{\"a\":1} x")));
}

static void json_templates_fill_in_each_kind(void **state)
{
    Str built = json_build(*state, "{'s':%s,'none':%s,'n':%n,'d':%d,'b':%b,'j':%j,'t':%t}", S("it's \"x\""),
                           STR_NONE, S("0.50"), (int64_t)-7, 1, S("[1]"), INT64_C(1479379336123000));
    assert_str(built, "{\"s\":\"it's \\\"x\\\"\",\"none\":null,\"n\":0.50,\"d\":-7,\"b\":true,\"j\":[1],"
                      "\"t\":\"2016-11-17T10:42:16.123Z\"}");
}

static void decimals_are_exact(void **state)
{
    Decimal d;
    assert_true(decimal_parse(S("-0.05"), &d) && d.units == -5 && d.places == 2);
    assert_str(decimal_text(*state, d), "-0.05");
    assert_true(decimal_parse(S("0.50"), &d));
    assert_str(decimal_text(*state, d), "0.50");
    assert_str(decimal_plain(*state, d), "0.5");
    assert_str(decimal_plain(*state, (Decimal){ 400, 1 }), "40");
    assert_int_equal(decimal_cmp((Decimal){ 5, 1 }, (Decimal){ 50, 2 }), 0);
    assert_true(decimal_cmp((Decimal){ 49, 2 }, (Decimal){ 5, 1 }) < 0);
    assert_int_equal(decimal_round((Decimal){ 2846, 2 }, 1).units, 285);
    assert_int_equal(decimal_round((Decimal){ -25, 1 }, 0).units, -3);
    assert_int_equal(decimal_truncate((Decimal){ 2849, 2 }, 1).units, 284);
    const char *refused[] = {
        "", ".5", "5.", "1e3", "0.1234567890", "--1", "1.-5", "x", "99999999999999999999"
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(decimal_parse(str_from(refused[i]), &d));
}

typedef struct TimeRow {
    const char *text;
    int64_t from_us, to_us;
} TimeRow;

/* Seconds checked with date(1): date -u -d TEXT +%s. */
static const TimeRow times[] = {
    { "1970-01-01", 0, US_PER_DAY },
    { "2020-02", INT64_C(1580515200) * US_PER_S, INT64_C(1583020800) * US_PER_S },
    { "2016", INT64_C(1451606400) * US_PER_S, INT64_C(1483228800) * US_PER_S },
    { "2026-11-17T10:42:16Z", INT64_C(1794912136) * US_PER_S, INT64_C(1794912137) * US_PER_S },
    { "2026-11-17T10:42:16.5-05:00", INT64_C(1794930136500000), INT64_C(1794930136600000) },
    { "1993-01-09T06:38:03+00:00", INT64_C(726561483) * US_PER_S, INT64_C(726561484) * US_PER_S },
};

static void times_are_read_as_the_range_they_cover(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        TimeRange got;
        assert_true(time_parse(str_from(times[i].text), &got));
        if (got.from_us != times[i].from_us || got.to_us != times[i].to_us)
            fail_msg("%s: got %lld to %lld", times[i].text, (long long)got.from_us, (long long)got.to_us);
    }
    const char *refused[] = { "",
                              "20",
                              "2020-13",
                              "2021-02-29",
                              "2020-02-30",
                              "2020-1-1",
                              "2020-01-01T",
                              "2020-01-01T25:00:00Z",
                              "2020-01-01T10:00Z",
                              "2020-01-01T10:00:00+15:00",
                              "2020-01-01 10:00:00Z",
                              "0000",
                              "2020-01-01T10:00:00.Z" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        TimeRange ignored;
        if (time_parse(str_from(refused[i]), &ignored))
            fail_msg("read \"%s\"", refused[i]);
    }
}

static void times_written_are_read_back(void **state)
{
    Random r = random_seeded(7);
    for (int i = 0; i < 2000; i++) {
        int64_t at_us = (int64_t)(random_unit(&r) * 4e15) / 1000 * 1000;
        TimeRange got;
        assert_true(time_parse(time_instant(*state, at_us), &got));
        assert_true(got.from_us == at_us);
    }
}

static void local_time_follows_the_zone(void **state)
{
    assert_true(time_zone_set("America/New_York"));
    assert_false(time_zone_set("Nowhere/At_All"));
    assert_false(time_zone_set("../../etc/passwd"));
    LocalTime summer = time_local(INT64_C(1784289600) * US_PER_S); /* 2026-07-17 12:00 UTC */
    assert_int_equal(summer.hour, 8);
    assert_int_equal(summer.offset_min, -240);
    LocalTime winter = time_local(INT64_C(1794912136) * US_PER_S);
    assert_int_equal(winter.hour, 5);
    assert_int_equal(winter.weekday, 2);
    assert_true(time_from_local(winter) == INT64_C(1794912136) * US_PER_S);
    assert_str(time_local_date(*state, INT64_C(1794888000) * US_PER_S),
               "2026-11-16"); /* 04:00 UTC is 23:00 the day before */
}

static void age_counts_birthdays(void **state)
{
    (void)state;
    TimeRange birth, before, on;
    assert_true(time_parse(S("1988-03-12"), &birth) && time_parse(S("2026-03-11"), &before) &&
                time_parse(S("2026-03-12"), &on));
    assert_int_equal(time_age_years(birth.from_us, before.from_us), 37);
    assert_int_equal(time_age_years(birth.from_us, on.from_us), 38);
}

static void the_clock_goes_on_from_where_it_is_set(void **state)
{
    (void)state;
    clock_set(INT64_C(1794912136) * US_PER_S);
    int64_t a = clock_now_us(), b = clock_now_us();
    assert_true(a >= INT64_C(1794912136) * US_PER_S && a < INT64_C(1794912146) * US_PER_S);
    assert_true(b >= a);
}

static void ids_are_uuids_that_sort_by_time(void **state)
{
    Random r = random_system();
    Str before = uuid_v7(*state, &r, INT64_C(1794912136000000)),
        after = uuid_v7(*state, &r, INT64_C(1794912136001000));
    assert_true(uuid_is(before) && uuid_is(after));
    assert_true(str_cmp(before, after) < 0);
    assert_int_equal(before.p[14], '7');
    assert_false(uuid_is(S("0194e2a0-0000-7000-8000-00000000000")));
    assert_false(uuid_is(S("0194e2a0-0000-7000-8000-00000000000g")));
}

static void a_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    Random a = random_seeded(42), b = random_seeded(42);
    for (int i = 0; i < 100; i++)
        assert_true(random_u64(&a) == random_u64(&b));
    /* The first output of SplitMix64 from state 0, as published with the generator. */
    Random zero = random_seeded(0);
    assert_true(random_u64(&zero) == UINT64_C(0xe220a8397b1dcdaf));
}

static void problems_are_kept_with_their_path(void **state)
{
    Ctx c = { .arena = *state };
    assert_int_equal(problem(&c, ERR_RULE, S("Patient.name"), "%d names", 2), ERR_RULE);
    assert_int_equal(c.problems.n, 1);
    assert_str(c.problems.at[0].text, "2 names");
    for (int i = 0; i < 2 * LIMIT_PROBLEMS; i++)
        (void)problem(&c, ERR_RULE, STR_NONE, "x");
    assert_int_equal(c.problems.n, LIMIT_PROBLEMS);
}

static void roles_have_one_name_each(void **state)
{
    (void)state;
    for (Role role = ROLE_PHYSICIAN; role <= ROLE_SYSTEM; role++)
        assert_int_equal(role_from_name(role_name(role)), role);
    assert_int_equal(role_from_name(S("patient-link")), ROLE_NONE);
    assert_int_equal(role_from_name(S("surgeon")), ROLE_NONE);
}

static void errors_have_a_status_and_an_issue_code(void **state)
{
    (void)state;
    assert_int_equal(err_http_status(ERR_STALE), 412);
    assert_string_equal(err_issue_code(ERR_RULE), "business-rule");
    for (Err e = OK; e < ERR_MAX; e++)
        assert_true(err_http_status(e) >= 200 && err_issue_code(e)[0] && err_meaning(e)[0]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(strings_cut_trim_and_compare_by_bytes),
        TEST(integers_are_whole_and_in_range),
        TEST(numbers_follow_the_grammar_of_json),
        TEST(arenas_zero_release_and_know_their_ceiling),
        TEST(output_stops_at_its_ceiling),
        TEST(json_strings_are_escaped),
        TEST(json_keeps_the_text_of_numbers_and_the_order_of_members),
        TEST(json_templates_fill_in_each_kind),
        TEST(decimals_are_exact),
        TEST(times_are_read_as_the_range_they_cover),
        TEST(times_written_are_read_back),
        TEST(local_time_follows_the_zone),
        TEST(age_counts_birthdays),
        TEST(the_clock_goes_on_from_where_it_is_set),
        TEST(ids_are_uuids_that_sort_by_time),
        TEST(a_seed_gives_the_same_numbers),
        TEST(problems_are_kept_with_their_path),
        TEST(roles_have_one_name_each),
        TEST(errors_have_a_status_and_an_issue_code),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
