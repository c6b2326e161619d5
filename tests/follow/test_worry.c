#include "groups.h"

#include "base/random.h"
#include "follow/promise.h"
#include "follow/worry.h"

static const WorryClocks clocks = { 15 * US_PER_MIN, 60 * US_PER_MIN, 4 * US_PER_H };

/* ---- the clinic's clock ---- */

static Clinic weekdays_8_to_18(void)
{
    Clinic clinic = { .name = S("Test"), .phone = S("555-0100") };
    for (int day = 1; day <= 5; day++)
        clinic.hours[day] = (OpenHours){ 8 * 60, 18 * 60 };
    return clinic;
}

static void opening_hours_are_judged_in_the_clinics_zone(void **state)
{
    (void)state;
    Clinic clinic = weekdays_8_to_18();
    /* Monday 16 November 2026; New York is 5 h behind UTC then, 4 h in summer. */
    assert_true(clinic_is_open(&clinic, at("2026-11-16T13:00:00Z")));
    assert_false(clinic_is_open(&clinic, at("2026-11-16T12:59:59Z")));
    assert_false(clinic_is_open(&clinic, at("2026-11-16T23:00:00Z")));
    assert_true(clinic_open_from_us(&clinic, at("2026-11-14T03:00:00Z")) == at("2026-11-16T13:00:00Z"));
    assert_true(clinic_open_from_us(&clinic, at("2026-03-06T23:30:00Z")) == at("2026-03-09T12:00:00Z"));
    /* Friday to Monday's end. */
    assert_true(clinic_next_working_day_end_us(&clinic, at("2026-11-13T20:00:00Z")) ==
                at("2026-11-16T23:00:00Z"));
    /* Two hours left on Friday, two more on Monday. */
    assert_true(clinic_after_open_us(&clinic, at("2026-11-13T21:00:00Z"), 4 * US_PER_H) ==
                at("2026-11-16T15:00:00Z"));
    Clinic never = { .name = S("Never") };
    assert_true(clinic_open_from_us(&never, at("2026-11-13T20:00:00Z")) == TIME_NONE);
    assert_true(clinic_after_open_us(&never, at("2026-11-13T20:00:00Z"), 1) == TIME_NONE);
}

static void the_settings_in_force_are_complete(void **state)
{
    (void)state;
    const Clinic *clinic = clinic_in_force();
    assert_true(str_is(clinic->line, "988"));
    assert_true(str_is(clinic->emergency, "911"));
    assert_int_equal(clinic->hours[0].from_min, clinic->hours[0].to_min);
    assert_int_equal(clinic->hours[1].from_min, 8 * 60);
}

static void wrong_settings_are_refused_with_their_path(void **state)
{
    Arena *a = *state;
    static const struct {
        const char *json, *path;
    } rows[] = {
        { "{\"clinic\":{}}", "clinic.name" },
        { "[]", "clinic.name" },
        { "{\"clinic\":{\"name\":\"n\",\"phone\":\"p\",\"zone\":\"z\",\"hours_text\":\"h\",\"crisis\":{"
          "\"line\":\"1\",\"line_text\":\"t\","
          "\"deaf_url\":\"u\",\"deaf_text\":\"t\",\"emergency\":\"2\",\"emergency_text\":\"t\"},\"hours\":[{"
          "\"days\":[\"mon\"],"
          "\"from\":\"18:00\",\"to\":\"08:00\"}]}}",
          "clinic.hours" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Ctx c = { .arena = a };
        Clinic clinic;
        assert_int_equal(clinic_parse(&c, str_from(rows[i].json), &clinic), ERR_INVALID);
        assert_true(str_is(c.problems.at[0].path, rows[i].path));
    }
}

/* ---- worries ---- */

static void an_endorsement_has_two_clocks_day_and_night(void **state)
{
    (void)state;
    Clinic clinic = weekdays_8_to_18();
    int64_t night_us = at("2026-11-15T08:00:00Z");
    Worry worry = worry_arising(WORRY_ENDORSED, &clocks, &clinic, night_us);
    assert_true(worry.owner_due_us == night_us + 15 * US_PER_MIN);
    assert_true(worry.contact_due_us == night_us + 60 * US_PER_MIN);
}

static void a_skip_is_asked_about_by_the_next_working_day(void **state)
{
    (void)state;
    Clinic clinic = weekdays_8_to_18(), never = { .name = S("Never") };
    int64_t friday_us = at("2026-11-13T20:00:00Z");
    Worry worry = worry_arising(WORRY_NOT_ANSWERED, &clocks, &clinic, friday_us);
    assert_true(worry.contact_due_us == at("2026-11-16T23:00:00Z"));
    worry = worry_arising(WORRY_NOT_ANSWERED, &clocks, &never, friday_us);
    assert_true(worry.contact_due_us == friday_us + 60 * US_PER_MIN);
}

static void answers_make_the_right_kind(void **state)
{
    (void)state;
    assert_int_equal(worry_kind_of_answer(-1, 1), WORRY_NOT_ANSWERED);
    assert_int_equal(worry_kind_of_answer(0, 1), WORRY_NONE);
    assert_int_equal(worry_kind_of_answer(1, 1), WORRY_ENDORSED);
    assert_int_equal(worry_kind_of_answer(3, 1), WORRY_ENDORSED);
    for (WorryKind kind = WORRY_NOT_ANSWERED; kind < WORRY_MAX; kind++)
        assert_int_equal(worry_kind_from_code(str_from(worry_code(kind))), kind);
    assert_int_equal(worry_kind_from_code(S("form")), WORRY_NONE);
}

/* Whatever comes in whatever order, a worry never becomes weaker or later. */
static void a_worry_only_grows(void **state)
{
    (void)state;
    Clinic clinic = weekdays_8_to_18();
    Random random = random_seeded(8);
    for (int round = 0; round < 20000; round++) {
        int64_t now_us = at("2026-11-13T20:00:00Z") + (int64_t)(random_u64(&random) % (14 * 24)) * US_PER_H;
        WorryKind first = WORRY_NOT_ANSWERED + random_u64(&random) % 3;
        Worry worry = worry_arising(first, &clocks, &clinic, now_us);
        for (int step = 0; step < 5; step++) {
            now_us += (int64_t)(random_u64(&random) % 90) * US_PER_MIN;
            WorryKind kind = WORRY_NOT_ANSWERED + random_u64(&random) % 3;
            Worry joined = worry_join(worry, worry_arising(kind, &clocks, &clinic, now_us));
            assert_true(joined.kind >= worry.kind && joined.kind >= kind);
            assert_true(joined.owner_due_us <= worry.owner_due_us &&
                        joined.contact_due_us <= worry.contact_due_us);
            worry = joined;
        }
    }
}

static void an_unowned_medium_past_its_limit_is_high(void **state)
{
    (void)state;
    int64_t due_us = at("2026-11-16T15:00:00Z");
    assert_int_equal(worry_priority(WORRY_NOT_ANSWERED, false, due_us, due_us), WORRY_MEDIUM);
    assert_int_equal(worry_priority(WORRY_NOT_ANSWERED, false, due_us, due_us + 1), WORRY_HIGH);
    assert_int_equal(worry_priority(WORRY_NOT_ANSWERED, true, due_us, due_us + US_PER_DAY), WORRY_MEDIUM);
    assert_int_equal(worry_priority(WORRY_ENDORSED, true, due_us, due_us - US_PER_DAY), WORRY_HIGH);
    assert_int_equal(worry_priority(WORRY_HELP_ASKED, false, due_us, due_us - US_PER_DAY), WORRY_HIGH);
}

/* ---- promises ---- */

static PromiseFacts held_by_mei(void)
{
    int64_t now_us = at("2026-11-16T15:42:00Z");
    return (PromiseFacts){ .task_open = true,
                           .accepted = true,
                           .owner = S("Mei Castellano, nurse"),
                           .owner_on_duty = true,
                           .contact_due_us = now_us + US_PER_H,
                           .anyone_on_duty = true,
                           .next_duty_us = TIME_NONE,
                           .now_us = now_us };
}

/* All 2^7 combinations of what may be untrue: a name only where every one holds. */
static void a_person_is_promised_only_where_all_of_it_is_so(void **state)
{
    (void)state;
    for (unsigned wrong = 0; wrong < 128; wrong++) {
        PromiseFacts facts = held_by_mei();
        facts.task_open = !(wrong & 1);
        facts.accepted = !(wrong & 2);
        facts.owner = wrong & 4 ? STR_NONE : facts.owner;
        facts.owner_on_duty = !(wrong & 8);
        facts.contact_due_us = wrong & 16 ? facts.now_us : facts.contact_due_us;
        facts.contact_due_us = wrong & 32 ? TIME_NONE : facts.contact_due_us;
        facts.anyone_on_duty = !(wrong & 64);
        Promise promise = promise_made(&facts);
        assert_int_equal(promise.kind == PROMISE_PERSON, (wrong & 63) == 0);
        assert_int_equal(!str_empty(promise.owner), promise.kind == PROMISE_PERSON);
    }
}

static void otherwise_the_page_says_what_is_so(void **state)
{
    (void)state;
    PromiseFacts facts = held_by_mei();
    facts.accepted = false;
    assert_int_equal(promise_made(&facts).kind, PROMISE_UNSEEN);
    facts.anyone_on_duty = false;
    assert_int_equal(promise_made(&facts).kind, PROMISE_CLOSED);
    assert_true(promise_made(&facts).until_us == TIME_NONE);
    facts.next_duty_us = facts.now_us + US_PER_DAY;
    assert_true(promise_made(&facts).until_us == facts.next_duty_us);
    facts.next_duty_us = facts.now_us - 1;
    assert_true(promise_made(&facts).until_us == TIME_NONE);
    assert_int_equal(promise_made(&(PromiseFacts){ 0 }).kind, PROMISE_NONE);
}

static int setup(void **state)
{
    *state = arena_create(4 * 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(*state);
    return 0;
}

int run_worry_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_hours_are_judged_in_the_clinics_zone),
        cmocka_unit_test(the_settings_in_force_are_complete),
        cmocka_unit_test(wrong_settings_are_refused_with_their_path),
        cmocka_unit_test(an_endorsement_has_two_clocks_day_and_night),
        cmocka_unit_test(a_skip_is_asked_about_by_the_next_working_day),
        cmocka_unit_test(answers_make_the_right_kind),
        { "EU-S-08 a worry only grows", a_worry_only_grows, NULL, NULL, NULL },
        { "EU-S-08 an unowned medium past its limit is high", an_unowned_medium_past_its_limit_is_high, NULL,
          NULL, NULL },
        { "EU-S-09 a person is promised only where all of it is so",
          a_person_is_promised_only_where_all_of_it_is_so, NULL, NULL, NULL },
        cmocka_unit_test(otherwise_the_page_says_what_is_so),
    };
    return cmocka_run_group_tests_name("worry", tests, setup, teardown);
}
