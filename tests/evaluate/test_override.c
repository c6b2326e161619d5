#include "eligible.h"

/* Invariant 5 as a matrix: who signed, in which role, until when; and whether it holds for a stop, for a
 * caution or a missing fact. Never for an absolute row. */
typedef struct Row {
    const char *person[2], *role[2];
    int expires_h; /* from now */
    const char *reason;
    bool holds_stop, holds_caution;
} Row;

static const Row rows[] = {
    { { "a", "b" }, { "physician", "nurse" }, 24, "why", true, true },
    { { "a", "b" }, { "nurse", "physician" }, 24, "why", true, true },
    { { "a", "b" }, { "physician", "physician" }, 24, "why", true, true },
    { { "a", "b" }, { "nurse", "nurse" }, 24, "why", false, false },
    { { "a", "a" }, { "physician", "nurse" }, 24, "why", false, true },     /* one person, two roles */
    { { "a", "a" }, { "physician", "physician" }, 24, "why", false, true }, /* one person, two sessions */
    { { "a", NULL }, { "physician", NULL }, 24, "why", false, true },
    { { "a", NULL }, { "nurse", NULL }, 24, "why", false, false },
    { { "a", "" }, { "physician", "nurse" }, 24, "why", false, true }, /* nobody is not a second person */
    { { "", "" }, { "physician", "physician" }, 24, "why", false, false },
    { { "a", "b" }, { "physician", "nurse" }, 0, "why", false, false }, /* ended this instant */
    { { "a", "b" }, { "physician", "nurse" }, -1, "why", false, false },
    { { "a", "b" }, { "physician", "nurse" }, 24, "", false, false }, /* without a reason */
    { { "a", "b" }, { "admin", "system" }, 24, "why", false, false },
    { { NULL, NULL }, { NULL, NULL }, 24, "why", false, false },
};

static Override override_of(const Row *row, const char *rule_id)
{
    Override o = { .rule_id = str_from(rule_id),
                   .reason_code = S("benefit"),
                   .reason = str_from(row->reason),
                   .expires_us = NOW_US + row->expires_h * US_PER_H };
    for (size_t i = 0; i < 2 && row->person[i]; i++) {
        o.signer_person_id[i] = str_from(row->person[i]);
        o.signer_role[i] = str_from(row->role[i]);
        o.n_signers++;
    }
    return o;
}

static void matrix(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Override o = override_of(&rows[i], "EU-E-003");
        assert_int_equal(override_in_force(&o, OVERRIDE_TWO, NOW_US), rows[i].holds_stop);
        assert_int_equal(override_in_force(&o, OVERRIDE_ONE, NOW_US), rows[i].holds_caution);
        assert_false(override_in_force(&o, OVERRIDE_NEVER, NOW_US));
    }
}

static void no_reason_code_no_expiry(void **state)
{
    (void)state;
    Override o = override_of(&rows[0], "EU-E-003");
    o.reason_code = STR_NONE;
    assert_false(override_in_force(&o, OVERRIDE_TWO, NOW_US));
    o = override_of(&rows[0], "EU-E-003");
    o.expires_us = TIME_NONE;
    assert_false(override_in_force(&o, OVERRIDE_TWO, NOW_US));
}

static void through_the_rules(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Chart chart = eligible_chart(a);
        set_fact(a, &chart, "airway", "untreated");
        *list_add(a, &chart.overrides) = override_of(&rows[i], "EU-E-027");
        assert_int_equal(finding_of(a, &chart, "EU-E-027").override != NULL, rows[i].holds_stop);
        assert_int_equal(verdict_of(a, &chart), rows[i].holds_stop ? VERDICT_OVERRIDDEN : VERDICT_STOPPED);
        chart = eligible_chart(a);
        chart.deceased = true;
        set_fact(a, &chart, "ketamine-hypersensitivity", "yes");
        *list_add(a, &chart.overrides) = override_of(&rows[i], "EU-E-001");
        *list_add(a, &chart.overrides) = override_of(&rows[i], "EU-E-019");
        assert_null(finding_of(a, &chart, "EU-E-001").override);
        assert_null(finding_of(a, &chart, "EU-E-019").override);
        assert_int_equal(verdict_of(a, &chart), VERDICT_NEVER);
    }
}

/* What was signed for a caution does not carry over to the stop that it became. */
static void a_worse_finding_needs_its_own(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    Chart chart = eligible_chart(a);
    *list_add(a, &chart.overrides) = override_of(&rows[6], "EU-E-012");
    set_fact(a, &chart, "psychosis", "past");
    assert_non_null(finding_of(a, &chart, "EU-E-012").override);
    set_fact(a, &chart, "psychosis", "current");
    assert_null(finding_of(a, &chart, "EU-E-012").override);
    assert_non_null(finding_of(a, &chart, "EU-E-012").pending);
}

static void stays_visible(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(64 * 1024 * 1024);
    Chart chart = eligible_chart(a);
    set_fact(a, &chart, "psychosis", "past");
    *list_add(a, &chart.overrides) = override_of(&rows[6], "EU-E-012");
    Findings findings = judge(a, &chart);
    assert_int_equal(findings.count[LEVEL_CAUTION], 1);
    assert_int_equal(findings.open[LEVEL_CAUTION], 0);
    assert_int_equal(evaluate_verdict(&findings), VERDICT_OVERRIDDEN);
}

int run_override_tests(void)
{
    const struct CMUnitTest tests[] = {
        { "EU-S-05 who may override what: people, roles, sessions, reason, expiry", matrix, NULL, NULL,
          NULL },
        { "EU-S-05 no override without a coded reason or an end", no_reason_code_no_expiry, NULL, NULL,
          NULL },
        { "EU-S-05 an absolute row has no override", through_the_rules, NULL, NULL, NULL },
        { "EU-S-05 a signature for a caution does not cover the stop", a_worse_finding_needs_its_own, NULL,
          NULL, NULL },
        { "EU-S-05 what is overridden stays visible", stays_visible, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("evaluate: overrides", tests, NULL, NULL);
}
