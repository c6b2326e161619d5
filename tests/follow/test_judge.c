#include "groups.h"

#include "follow/answers.h"
#include "follow/follow.h"

static const ResponseRules rules = { .baseline_window_us = 7 * US_PER_DAY,
                                     .response_percent = 50,
                                     .partial_percent = 25,
                                     .worse_points = 5,
                                     .interpretable_min = 10,
                                     .remission_max = 4 };

/* ---- PHQ-9 itself ---- */

typedef struct ScoringRow {
    const char *answers; /* one character an item, "-" for a skip */
    int total, suicide;
    bool prorated;
    const char *band, *cites;
} ScoringRow;

static const ScoringRow scoring[] = {
    { "123102101", 11, 1, false, "moderate", "golden vector of the clinical fact base, 5e" },
    { "000000000", 0, 0, false, "minimal", "lower end" },
    { "333333333", 27, 3, false, "severe", "upper end" },
    { "111111100", 7, 0, false, "mild", "sum" },
    { "-22222220", 16, 0, true, "moderately severe", "one of items 1 to 8 missing: 14 x 9 / 8, safety 2.9" },
    { "--2222220", 15, 0, true, "moderately severe", "two missing: 12 x 9 / 7, safety 2.9" },
    { "---222220", -1, 0, false, NULL, "three missing: no total, safety 2.9" },
    { "22222222-", -1, -1, false, NULL, "the suicide item is never prorated, safety 2.9" },
};

static void scoring_of_phq9_follows_the_golden_table(void **state)
{
    (void)state;
    const Instrument *phq9 = instrument(S("phq-9"));
    assert_non_null(phq9);
    assert_int_equal(phq9->n_items, 9);
    for (size_t i = 0; i < sizeof scoring / sizeof *scoring; i++) {
        int values[9];
        for (int k = 0; k < 9; k++)
            values[k] = scoring[i].answers[k] == '-' ? -1 : scoring[i].answers[k] - '0';
        InstrumentResult result = instrument_score(phq9, values);
        if (result.total != scoring[i].total || result.suicide_value != scoring[i].suicide)
            fail_msg("%s (%s): total %d, suicide item %d", scoring[i].answers, scoring[i].cites, result.total,
                     result.suicide_value);
        assert_int_equal(result.total >= 0 && result.prorated, scoring[i].prorated);
        if (scoring[i].band)
            assert_true(str_is(result.band->word, scoring[i].band));
    }
}

static void wording_of_phq9_is_that_of_the_free_form(void **state)
{
    (void)state;
    const Instrument *phq9 = instrument(S("phq-9"));
    assert_true(str_is(phq9->items[0].text, "Little interest or pleasure in doing things"));
    assert_true(str_is(phq9->items[8].text,
                       "Thoughts that you would be better off dead or of hurting yourself in some way"));
    assert_true(str_is(phq9->items[8].link_id, "44260-8"));
    assert_int_equal(phq9->suicide_item, 8);
    assert_false(str_empty(phq9->licence));
}

/* ---- response ---- */

static Score score_of(int total, const char *when)
{
    return (Score){
        .instrument = S("phq-9"), .complete = true, .total = total, .item_suicide = 0, .at_us = at(when)
    };
}

typedef struct ResponseRow {
    int before, now;
    bool response, partial, remission, worse, low_baseline;
    const char *cites;
} ResponseRow;

static const ResponseRow responses[] = {
    { 18, 9, true, false, false, false, false, "18 to 9: response, not remission; 5e" },
    { 18, 4, true, false, true, false, false, "18 to 4: both; 5e" },
    { 6, 3, true, false, true, false, true, "6 to 3: both, baseline under 10 not interpretable; 5e" },
    { 19, 10, false, true, false, false, false, "a fall of 47 % is partial; 5c" },
    { 20, 15, false, true, false, false, false, "a fall of 25 % is partial; 5c" },
    { 20, 16, false, false, false, false, false, "a fall of 20 % is none; 5c" },
    { 12, 17, false, false, false, true, false, "a rise of 5 is worse; 5c" },
    { 12, 16, false, false, false, false, false, "a rise of 4 is not yet; 5c" },
};

static void response_and_remission_follow_the_golden_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        const ResponseRow *row = &responses[i];
        Score scores[] = { score_of(row->before, "2026-02-28T12:00:00Z"),
                           score_of(row->now, "2026-03-20T12:00:00Z") };
        FollowJudgement j = follow_judge(S("phq-9"), scores, 2, at("2026-03-03T15:00:00Z"), &rules);
        assert_true(j.judged);
        Response r = j.response;
        if (r.response != row->response || r.partial != row->partial || r.remission != row->remission ||
            r.worse != row->worse || r.low_baseline != row->low_baseline)
            fail_msg("%d to %d (%s)", row->before, row->now, row->cites);
    }
}

static void a_baseline_older_than_its_window_judges_nothing(void **state)
{
    (void)state;
    int64_t infusion_us = at("2026-03-10T15:00:00Z");
    Score scores[] = { score_of(20, "2026-03-03T14:59:59Z"), score_of(8, "2026-03-20T12:00:00Z") };
    FollowJudgement j = follow_judge(S("phq-9"), scores, 2, infusion_us, &rules);
    assert_false(j.judged);
    assert_null(j.baseline);
    assert_false(str_empty(j.why_not));
    scores[0].at_us = at("2026-03-03T15:00:00Z");
    assert_true(follow_judge(S("phq-9"), scores, 2, infusion_us, &rules).judged);
}

static void without_an_infusion_nothing_is_judged(void **state)
{
    (void)state;
    Score scores[] = { score_of(20, "2026-03-03T12:00:00Z") };
    FollowJudgement j = follow_judge(S("phq-9"), scores, 1, TIME_NONE, &rules);
    assert_false(j.judged);
    assert_null(j.latest);
}

static void scores_near_a_dose_of_another_scale_or_without_a_total_are_left_out(void **state)
{
    (void)state;
    Score scores[] = { score_of(20, "2026-03-02T12:00:00Z"), score_of(12, "2026-03-10T12:00:00Z"),
                       score_of(3, "2026-03-11T12:00:00Z"), score_of(2, "2026-03-12T12:00:00Z"),
                       score_of(-1, "2026-03-13T12:00:00Z") };
    scores[2].near_dose = true;
    scores[3].instrument = S("qids-sr16");
    FollowJudgement j = follow_judge(S("phq-9"), scores, 5, at("2026-03-03T15:00:00Z"), &rules);
    assert_int_equal(j.latest->total, 12);
    assert_int_equal(j.best->total, 12);
    assert_false(j.response.response);
}

static void headlines_say_what_is_known(void **state)
{
    Arena *a = *state;
    Score scores[] = { score_of(21, "2026-03-02T12:00:00Z"), score_of(9, "2026-03-20T12:00:00Z") };
    FollowJudgement j = follow_judge(S("phq-9"), scores, 2, at("2026-03-03T15:00:00Z"), &rules);
    assert_true(str_is(follow_headline(a, &j, S("PHQ-9")), "PHQ-9 is 9, down 12 from 21 before treatment"));
    j = follow_judge(S("phq-9"), &scores[1], 1, at("2026-03-03T15:00:00Z"), &rules);
    assert_true(contains(follow_headline(a, &j, S("PHQ-9")), "no score from before treatment"));
    j = follow_judge(S("phq-9"), scores, 1, at("2026-03-03T15:00:00Z"), &rules);
    assert_true(contains(follow_headline(a, &j, S("PHQ-9")), "No PHQ-9 since"));
}

/* ---- answers and their resources ---- */

static void answers_come_back_from_the_response_that_they_became(void **state)
{
    Arena *a = *state;
    const Instrument *phq9 = instrument(S("phq-9"));
    Answers answers = answers_none();
    answers.value[0] = 3;
    answers.value[1] = 0;
    answers.skipped[2] = true;
    AnswersHead head = { S("p"), S("r"), S("o"), at("2026-03-20T12:00:00Z") };
    Json *json = json_parse(a, answers_response_json(a, phq9, &answers, &head, S("in-progress")));
    assert_non_null(json);
    assert_int_equal(json_count(json_get(json, "item")), 3);
    Answers back = answers_from_json(phq9, json);
    assert_memory_equal(&back, &answers, sizeof answers);
    assert_int_equal(answers_first_open(phq9, &back), 3);
    assert_null(json_get(
        json_parse(a, answers_response_json(a, phq9,
                                            &(Answers){ .value = { -1, -1, -1, -1, -1, -1, -1, -1, -1 } },
                                            &head, S("in-progress"))),
        "item"));
}

static void a_skipped_suicide_item_is_absent_and_never_zero(void **state)
{
    Arena *a = *state;
    const Instrument *phq9 = instrument(S("phq-9"));
    Answers answers = answers_none();
    answers.skipped[8] = true;
    AnswersHead head = { S("p"), S("r"), S("o"), at("2026-03-20T12:00:00Z") };
    Json *item = json_parse(a, answers_item_json(a, phq9, &answers, 8, &head, false));
    assert_true(str_is(json_find_str(item, "dataAbsentReason.coding[0].code"), "asked-declined"));
    assert_null(json_get(item, "valueCodeableConcept"));
    InstrumentResult result = instrument_score(phq9, answers.value);
    Json *score = json_parse(a, answers_score_json(a, phq9, &result, &head, false));
    assert_null(json_get(score, "valueInteger"));
    assert_non_null(json_get(score, "dataAbsentReason"));
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

int run_judge_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scoring_of_phq9_follows_the_golden_table),
        cmocka_unit_test(wording_of_phq9_is_that_of_the_free_form),
        cmocka_unit_test(response_and_remission_follow_the_golden_table),
        cmocka_unit_test(a_baseline_older_than_its_window_judges_nothing),
        cmocka_unit_test(without_an_infusion_nothing_is_judged),
        { "EU-S-13 scores near a dose, of another scale or without a total are left out",
          scores_near_a_dose_of_another_scale_or_without_a_total_are_left_out, NULL, NULL, NULL },
        cmocka_unit_test(headlines_say_what_is_known),
        cmocka_unit_test(answers_come_back_from_the_response_that_they_became),
        { "EU-S-13 a skipped suicide item is absent and never zero",
          a_skipped_suicide_item_is_absent_and_never_zero, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("judge", tests, setup, teardown);
}
