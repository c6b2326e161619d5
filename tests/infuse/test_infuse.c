/* The decisions of infuse on plain structs: golden rate logs, alarms, due list, start gate; then random
 * histories. */
#include "infuse/infuse.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define T0         (INT64_C(1763376840) * US_PER_S) /* 2025-11-17 10:54:00 UTC */
#define AT(minute) (T0 + (int64_t)(minute)*US_PER_MIN)
#define D(text)    decimal_of(text)

static Arena *arena;

static Decimal decimal_of(const char *text)
{
    Decimal d;
    assert_true(decimal_parse(str_from(text), &d));
    return d;
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_create(64 * 1024 * 1024);
    assert_true(time_zone_set("UTC"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena = arena_destroy(arena);
    return 0;
}

static InfuseLimits limits(void)
{
    return infuse_limits(policy_in_force());
}

static void assert_text(Str got, const char *wanted)
{
    assert_string_equal(arena_cstr(arena, got), wanted);
}

static bool has(Str text, const char *part)
{
    return strstr(arena_cstr(arena, text), part) != NULL;
}

/* ---- golden rate logs: mg by hand ---- */

typedef struct Step {
    PumpAction action;
    int64_t at_us;
    const char *number; /* rate in mL/h, or volume left in mL; NULL: none */
} Step;

typedef struct Golden {
    const char *what;
    const char *concentration, *dose;
    int32_t duration_min;
    Step steps[8];
    int64_t asked_us;
    const char *by_rate_mg;
    const char *by_volume_mg; /* NULL: not read */
} Golden;

static PumpEvent event_of(const Step *step, int entry)
{
    PumpEvent event = { .action = step->action, .at_us = step->at_us, .entered_us = step->at_us + entry };
    event.fact.id = arena_fmt(arena, "event-%d", entry);
    if (step->number && (step->action == PUMP_VOLUME_LEFT || step->action == PUMP_READING)) {
        event.has_volume = true;
        event.volume_left_ml = D(step->number);
    } else if (step->number) {
        event.rate_ml_per_h = D(step->number);
    }
    return event;
}

static PumpLog log_of(const Step *steps, size_t n)
{
    PumpLog log = { 0 };
    for (size_t i = 0; i < n && steps[i].at_us; i++) {
        PumpEvent event = event_of(&steps[i], (int)i);
        assert_true(str_empty(pump_conflict(arena, &log, event)));
        pump_insert(arena, &log, event);
    }
    return log;
}

/* The first is the test vector of the dose arithmetic (80 kg x 0.5 mg/kg = 40 mg in 100 mL at 0.40 mg/mL, 150
 * mL/h for 40 min); the others are worked by hand from it. */
static const Golden goldens[] = {
    { "the whole bag",
      "0.40",
      "40",
      40,
      { { PUMP_STARTED, AT(0), "150" }, { PUMP_STOPPED, AT(40), NULL }, { PUMP_VOLUME_LEFT, AT(41), "0" } },
      AT(60),
      "40.000",
      "40.000" },
    { "still running after 10 min",
      "0.40",
      "40",
      40,
      { { PUMP_STARTED, AT(0), "150" } },
      AT(10),
      "10.000",
      NULL },
    { "before the start", "0.40", "40", 40, { { PUMP_STARTED, AT(5), "150" } }, AT(0), "0.000", NULL },
    { "paused from 10 to 15, resumed, stopped at 45",
      "0.40",
      "40",
      40,
      { { PUMP_STARTED, AT(0), "150" },
        { PUMP_PAUSED, AT(10), NULL },
        { PUMP_RESUMED, AT(15), "150" },
        { PUMP_STOPPED, AT(45), NULL } },
      AT(50),
      "40.000",
      NULL },
    { "halved at 20: 20 mg + 10 mg",
      "0.40",
      "40",
      40,
      { { PUMP_STARTED, AT(0), "150" }, { PUMP_RATE, AT(20), "75" }, { PUMP_STOPPED, AT(40), NULL } },
      AT(40),
      "30.000",
      NULL },
    { "stopped at 28, 27.5 mL left: 28.0 by rate, 29.0 by volume",
      "0.40",
      "40",
      40,
      { { PUMP_STARTED, AT(0), "150" },
        { PUMP_STOPPED, AT(28), NULL },
        { PUMP_VOLUME_LEFT, AT(29), "27.5" } },
      AT(60),
      "28.000",
      "29.000" },
    { "1 mg/mL: 61.5 mL/h for 28 min = 28.7 mg",
      "1",
      "41",
      40,
      { { PUMP_STARTED, AT(0), "61.5" } },
      AT(28),
      "28.700",
      NULL },
    { "one third of a mL/h step rounds once: 55.555 x 0.735 x 7 min / 60 = 4.763841...",
      "0.735",
      "40",
      60,
      { { PUMP_STARTED, AT(0), "55.555" } },
      AT(7),
      "4.764",
      NULL },
};

static void golden_logs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
        const Golden *g = &goldens[i];
        Bag bag = { D(g->dose), D(g->concentration), g->duration_min };
        PumpLog log = log_of(g->steps, 8);
        RateSegments segments = pump_segments(arena, &log);
        Account account = pump_account(&log, &segments, &bag, g->asked_us);
        print_message("%s\n", g->what);
        assert_text(decimal_text(arena, account.by_rate_mg), g->by_rate_mg);
        assert_int_equal(account.has_volume, g->by_volume_mg != NULL);
        if (g->by_volume_mg)
            assert_text(decimal_text(arena, account.by_volume_mg), g->by_volume_mg);
    }
}

static void volume_left_prevails_and_both_are_kept(void **state)
{
    (void)state;
    PumpLog log = log_of(goldens[5].steps, 8);
    Bag bag = { D("40"), D("0.40"), 40 };
    RateSegments segments = pump_segments(arena, &log);
    Account account = pump_account(&log, &segments, &bag, AT(60));
    assert_text(decimal_text(arena, account.given_mg), "29.000");
    assert_text(decimal_text(arena, account.by_rate_mg), "28.000");
    assert_text(decimal_text(arena, account.difference_mg), "1.000");
}

static void a_bag_gives_no_more_than_it_held(void **state)
{
    (void)state;
    const Step started[8] = { { PUMP_STARTED, AT(0), "150" } };
    PumpLog log = log_of(started, 8);
    Bag bag = { D("40"), D("0.40"), 40 };
    RateSegments segments = pump_segments(arena, &log);
    Account account = pump_account(&log, &segments, &bag, AT(40));
    assert_text(decimal_plain(arena, account.given_mg), "40");
    account = pump_account(&log, &segments, &bag, AT(90)); /* the stop was not recorded */
    assert_text(decimal_plain(arena, account.given_mg), "40");
    assert_text(decimal_plain(arena, account.by_rate_mg), "90");
}

static void the_bag_and_its_rate(void **state)
{
    (void)state;
    Bag bag = { D("40.0"), D("0.40"), 40 };
    assert_text(decimal_plain(arena, bag_volume_ml(&bag)), "100");
    assert_text(decimal_plain(arena, bag_rate_ml_per_h(&bag)), "150");
    assert_text(decimal_plain(arena, rate_mg_per_min(D("150"), D("0.40"))), "1");
    RateSegments none = { 0 };
    assert_int_equal(pump_time_left_us(&bag, &none, D("150"), AT(0)), 40 * US_PER_MIN);
    assert_int_equal(pump_time_left_us(&bag, &none, D("0"), AT(0)), -1);
}

/* ---- random histories ---- */

/* Millisecond by millisecond, in floating point: another way to the same number. */
static double integrated_mg(const PumpLog *log, double mg_per_ml, int64_t at_us)
{
    double mg = 0;
    for (size_t i = 0; i < log->n; i++) {
        const PumpEvent *event = &log->at[i];
        bool runs =
            event->action == PUMP_STARTED || event->action == PUMP_RESUMED || event->action == PUMP_RATE;
        int64_t to_us = i + 1 < log->n && log->at[i + 1].at_us < at_us ? log->at[i + 1].at_us : at_us;
        if (runs && to_us > event->at_us)
            mg +=
                decimal_to_double(event->rate_ml_per_h) * mg_per_ml * (double)(to_us - event->at_us) / 3.6e9;
    }
    return mg;
}

/* A possible next record, at random. */
static bool random_event(Random *random, const PumpLog *log, int64_t at_us, PumpEvent *ret_event)
{
    static const PumpAction next[][3] = { [PUMP_NOT_STARTED] = { PUMP_STARTED, PUMP_STARTED, PUMP_STARTED },
                                          [PUMP_RUNNING] = { PUMP_PAUSED, PUMP_RATE, PUMP_RATE },
                                          [PUMP_ON_HOLD] = { PUMP_RESUMED, PUMP_RESUMED, PUMP_STOPPED } };
    PumpState now = pump_state(log);
    if (now == PUMP_ENDED)
        return false;
    PumpEvent event = { .action = next[now][random_u64(random) % 3], .at_us = at_us, .entered_us = at_us };
    event.rate_ml_per_h = (Decimal){ (int64_t)(random_u64(random) % 300000) + 1, 3 };
    event.fact.id = arena_fmt(arena, "e%zu", log->n);
    *ret_event = event;
    return true;
}

static PumpLog random_log(Random *random)
{
    PumpLog log = { 0 };
    PumpEvent event;
    int64_t at_us = AT(0);
    size_t wanted = 1 + random_u64(random) % 12;
    while (log.n < wanted && random_event(random, &log, at_us, &event)) {
        assert_true(str_empty(pump_conflict(arena, &log, event)));
        pump_insert(arena, &log, event);
        at_us += (int64_t)(random_u64(random) % (20 * (uint64_t)US_PER_MIN));
    }
    return log;
}

static void random_histories_integrate(void **state)
{
    (void)state;
    Random random = random_seeded(20261117);
    for (int run = 0; run < 5000; run++) {
        PumpLog log = random_log(&random);
        Decimal concentration = { (int64_t)(random_u64(&random) % 2000000) + 1, 6 };
        RateSegments segments = pump_segments(arena, &log);
        Decimal before = { 0, MG_PLACES };
        for (int minute = -5; minute < 300; minute += 7) {
            Decimal mg = pump_given_mg(&segments, concentration, AT(minute));
            double wanted = integrated_mg(&log, decimal_to_double(concentration), AT(minute));
            assert_true(mg.units >= 0);
            assert_true(decimal_cmp(mg, before) >= 0);
            assert_true(fabs(decimal_to_double(mg) - wanted) < 0.000501 + 1e-9 * wanted);
            before = mg;
        }
        arena_reset(arena);
    }
}

static void order_of_entry_does_not_matter(void **state)
{
    (void)state;
    Random random = random_seeded(7);
    for (int run = 0; run < 500; run++) {
        PumpLog log = random_log(&random), shuffled = { 0 };
        for (size_t i = log.n; i > 0; i--)
            pump_insert(arena, &shuffled, log.at[i - 1]);
        RateSegments a = pump_segments(arena, &log), b = pump_segments(arena, &shuffled);
        Decimal concentration = D("0.4");
        assert_int_equal(
            decimal_cmp(pump_given_mg(&a, concentration, AT(500)), pump_given_mg(&b, concentration, AT(500))),
            0);
        arena_reset(arena);
    }
}

/* ---- stories that cannot be ---- */

static void conflicting_orders_are_refused(void **state)
{
    (void)state;
    static const struct {
        Step steps[4];
        Step next;
        const char *word;
    } table[] = {
        { { { 0 } }, { PUMP_PAUSED, AT(1), NULL }, "not started" },
        { { { 0 } }, { PUMP_STOPPED, AT(1), NULL }, "not started" },
        { { { PUMP_STARTED, AT(0), "150" } }, { PUMP_STARTED, AT(1), "150" }, "running" },
        { { { PUMP_STARTED, AT(0), "150" } }, { PUMP_RESUMED, AT(1), "150" }, "running" },
        { { { PUMP_STARTED, AT(0), "150" } }, { PUMP_VOLUME_LEFT, AT(1), "90" }, "running" },
        { { { PUMP_STARTED, AT(0), "150" }, { PUMP_PAUSED, AT(1), NULL } },
          { PUMP_PAUSED, AT(2), NULL },
          "paused" },
        { { { PUMP_STARTED, AT(0), "150" }, { PUMP_PAUSED, AT(1), NULL } },
          { PUMP_RATE, AT(2), "90" },
          "paused" },
        { { { PUMP_STARTED, AT(0), "150" }, { PUMP_STOPPED, AT(9), NULL } },
          { PUMP_RESUMED, AT(10), "9" },
          "stopped" },
        /* a late pause at minute 5 does not fit a record that pauses at 4 and goes on at 6 */
        { { { PUMP_STARTED, AT(0), "150" }, { PUMP_PAUSED, AT(4), NULL }, { PUMP_RESUMED, AT(6), "150" } },
          { PUMP_PAUSED, AT(5), NULL },
          "paused" },
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        PumpLog log = log_of(table[i].steps, 4);
        Str why = pump_conflict(arena, &log, event_of(&table[i].next, 99));
        assert_false(str_empty(why));
        assert_true(has(why, table[i].word));
    }
}

/* ---- a session ---- */

static Chart chart;

static Session session_of(const Step *steps, size_t n)
{
    chart = (Chart){ .patient_id = S("p"), .birth_us = TIME_NONE, .deceased_us = TIME_NONE };
    Session session = {
        .chart = &chart, .encounter_id = S("e"), .number = 1, .opened_us = AT(-60), .closed_us = TIME_NONE
    };
    session.bag = (Bag){ D("40"), D("0.40"), 40 };
    session.pump = log_of(steps, n);
    session.segments = pump_segments(arena, &session.pump);
    return session;
}

static Session running(void)
{
    Step started = { PUMP_STARTED, AT(0), "150" };
    return session_of(&started, 1);
}

static Reading *read_at(Session *session, Measure measure, double value, double diastolic, int64_t at_us)
{
    Reading *reading = list_add(arena, &session->readings[measure]);
    *reading = (Reading){ .measure = measure,
                          .value = value,
                          .diastolic = diastolic,
                          .at_us = at_us,
                          .entered_us = at_us,
                          .in_clinic = true,
                          .encounter_id = S("e") };
    reading->exact = (Decimal){ (int64_t)value, 0 };
    reading->fact.id = arena_fmt(arena, "r%zu", session->readings[measure].n);
    return reading;
}

static Reading *pressure_at(Session *session, double systolic, double diastolic, int64_t at_us)
{
    return read_at(session, MEASURE_PRESSURE_MMHG, systolic, diastolic, at_us);
}

static const Alarm *alarm_of(const Alarms *alarms, const char *rule_id)
{
    for (size_t i = 0; i < alarms->n; i++)
        if (str_is(alarms->at[i].rule_id, rule_id))
            return &alarms->at[i];
    return NULL;
}

/* ---- pressure: golden table of the row "during, high" of the safety review, systolic OR diastolic ---- */

static const struct {
    double systolic, diastolic;
    int resting;
    PressureLevel level;
} LEVELS[] = {
    { 159, 99, 0, PRESSURE_GREEN },
    { 160, 70, 0, PRESSURE_AMBER },
    { 162, 70, 0, PRESSURE_AMBER },
    { 130, 100, 0, PRESSURE_AMBER },
    { 130, 101, 0, PRESSURE_AMBER },
    { 179, 109, 0, PRESSURE_AMBER },
    { 180, 70, 0, PRESSURE_RED },
    { 120, 110, 0, PRESSURE_RED },
    { 199, 119, 0, PRESSURE_RED },
    { 200, 70, 0, PRESSURE_STOP },
    { 120, 120, 0, PRESSURE_STOP },
    { 143, 80, 110, PRESSURE_GREEN }, /* 30% above 110, but under 150: no alarm for an ordinary rise */
    { 150, 80, 115, PRESSURE_AMBER },
    { 150, 80, 116, PRESSURE_GREEN },
    { 150, 80, 0, PRESSURE_GREEN },
};

static void pressure_levels(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    for (size_t i = 0; i < sizeof(LEVELS) / sizeof(*LEVELS); i++) {
        Reading reading = { .value = LEVELS[i].systolic, .diastolic = LEVELS[i].diastolic };
        assert_int_equal(pressure_level(&reading, LEVELS[i].resting, &l), LEVELS[i].level);
    }
}

static void amber_is_confirmed_by_the_recheck(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = running();
    pressure_at(&session, 164, 90, AT(5));
    Alarms first = session_alarms(arena, &session, &l, AT(5));
    assert_int_equal(alarm_of(&first, "EU-I-001")->priority, PRIORITY_LOW);
    assert_false(alarm_of(&first, "EU-I-001")->confirmed);
    pressure_at(&session, 168, 102, AT(7));
    Alarms second = session_alarms(arena, &session, &l, AT(7));
    const Alarm *alarm = alarm_of(&second, "EU-I-001");
    assert_int_equal(alarm->priority, PRIORITY_MEDIUM);
    assert_true(alarm->confirmed);
    assert_int_equal(alarm->onset_us, AT(5));
    assert_true(has(alarm->title, "168/102"));
    assert_true(has(alarm->detail, "160 systolic OR 100 diastolic"));
    assert_true(has(alarm->detail, "164/90"));
}

static void red_at_the_first_reading(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = running();
    pressure_at(&session, 130, 112, AT(5));
    Alarms alarms = session_alarms(arena, &session, &l, AT(5));
    assert_int_equal(alarms.at[0].priority, PRIORITY_HIGH);
    assert_true(has(alarms.at[0].title, "PAUSE THE PUMP NOW"));
    pressure_at(&session, 205, 90, AT(6));
    alarms = session_alarms(arena, &session, &l, AT(6));
    assert_true(has(alarms.at[0].title, "STOP THE PUMP NOW"));
}

static void acknowledge(Session *session, const char *rule_id, int64_t onset_us, int64_t at_us)
{
    AlarmRecord *record = list_add(arena, &session->alarms);
    *record = (AlarmRecord){ .rule_id = str_from(rule_id), .onset_us = onset_us, .fact = { .id = S("a") } };
    *list_add(arena, &record->acknowledgements) =
        (Acknowledgement){ S("slowed"), S("Pump slowed"), S("Nurse"), at_us };
}

static void acknowledging_never_closes(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = running();
    pressure_at(&session, 165, 90, AT(5));
    pressure_at(&session, 166, 90, AT(7));
    acknowledge(&session, "EU-I-001", AT(5), AT(8));
    for (int minute = 8; minute < 600; minute += 37) {
        Alarms alarms = session_alarms(arena, &session, &l, AT(minute));
        assert_non_null(alarm_of(&alarms, "EU-I-001"));
        assert_true(alarm_of(&alarms, "EU-I-001")->acknowledged);
    }
    pressure_at(&session, 184, 90, AT(9));
    Alarms worse = session_alarms(arena, &session, &l, AT(9));
    assert_false(
        alarm_of(&worse, "EU-I-001")->acknowledged); /* it got worse: the answer was to another alarm */
    pressure_at(&session, 140, 80, AT(11));
    Alarms over = session_alarms(arena, &session, &l, AT(11));
    assert_null(alarm_of(&over, "EU-I-001"));
}

static void only_good_readings_clear(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = running();
    pressure_at(&session, 172, 90, AT(5));
    pressure_at(&session, 120, 70, AT(7))->state = READING_QUARANTINED;
    Alarms alarms = session_alarms(arena, &session, &l, AT(7));
    assert_non_null(alarm_of(&alarms, "EU-I-001"));
    assert_int_equal(session_latest(&session, MEASURE_PRESSURE_MMHG)->value, 172);
    /* entered late: it was read before the high one, so it ends nothing */
    Session late = running();
    pressure_at(&late, 120, 70, AT(3))->entered_us = AT(9);
    pressure_at(&late, 172, 90, AT(5));
    alarms = session_alarms(arena, &late, &l, AT(9));
    assert_non_null(alarm_of(&alarms, "EU-I-001"));
}

/* ---- due and overdue ---- */

static int64_t due_us_of(const Dues *dues, DueKind kind)
{
    for (size_t i = 0; i < dues->n; i++)
        if (dues->at[i].kind == kind)
            return dues->at[i].due_us;
    return TIME_NONE;
}

static void observations_are_due(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = running();
    Dues dues = session_dues(&session, &l);
    assert_int_equal(due_us_of(&dues, DUE_PRESSURE), AT(5));
    assert_int_equal(due_us_of(&dues, DUE_SCALES), AT(15));
    assert_int_equal(due_us_of(&dues, DUE_END), AT(40));
    pressure_at(&session, 130, 80, AT(4));
    dues = session_dues(&session, &l);
    assert_int_equal(due_us_of(&dues, DUE_PRESSURE), AT(9));
    pressure_at(&session, 162, 80, AT(9));
    dues = session_dues(&session, &l);
    assert_int_equal(due_us_of(&dues, DUE_PRESSURE), AT(11)); /* two minutes in an alarm */
}

static void missing_observations_alarm(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = running();
    pressure_at(&session, 130, 80, AT(4));
    Alarms before = session_alarms(arena, &session, &l, AT(11) - 1);
    assert_null(alarm_of(&before, "EU-I-002"));
    Alarms after = session_alarms(arena, &session, &l, AT(11)); /* due at 9, 2 min late */
    assert_non_null(alarm_of(&after, "EU-I-002"));
    /* a quarantined reading does not stand for one */
    pressure_at(&session, 20, 400, AT(10))->state = READING_QUARANTINED;
    after = session_alarms(arena, &session, &l, AT(11));
    assert_non_null(alarm_of(&after, "EU-I-002"));
}

static void the_pump_is_confirmed_or_it_alarms(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = running();
    Alarms early = session_alarms(arena, &session, &l, AT(5) - 1),
           late = session_alarms(arena, &session, &l, AT(5));
    assert_null(alarm_of(&early, "EU-I-005"));
    assert_non_null(alarm_of(&late, "EU-I-005"));
    Step steps[] = { { PUMP_STARTED, AT(0), "150" }, { PUMP_READING, AT(5), NULL } };
    Session confirmed = session_of(steps, 2);
    late = session_alarms(arena, &confirmed, &l, AT(6));
    assert_null(alarm_of(&late, "EU-I-005"));
}

static void volume_left_unanswered_alarms(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Step steps[] = { { PUMP_STARTED, AT(0), "150" },
                     { PUMP_STOPPED, AT(40), NULL },
                     { PUMP_VOLUME_LEFT, AT(44), "0" } };
    Session stopped = session_of(steps, 2);
    Alarms early = session_alarms(arena, &stopped, &l, AT(42) - 1),
           late = session_alarms(arena, &stopped, &l, AT(42));
    assert_null(alarm_of(&early, "EU-I-006"));
    assert_non_null(alarm_of(&late, "EU-I-006"));
    late = session_alarms(arena, &stopped, &l, AT(45));
    assert_non_null(alarm_of(&late, "EU-I-005"));
    Session answered = session_of(steps, 3);
    late = session_alarms(arena, &answered, &l, AT(45));
    assert_null(alarm_of(&late, "EU-I-006"));
    assert_null(alarm_of(&late, "EU-I-005"));
}

/* ---- the start ---- */

static Fact escort_fact;
static Reading weight_reading;

/* A chart that lets the pump start. */
static Session ready(void)
{
    Session session = session_of(NULL, 0);
    chart.course = (Course){
        .status = COURSE_ACTIVE, .signed_by = S("Dr Raman"), .signed_us = AT(-2000), .infusions_planned = 6
    };
    chart.eligibility = (Eligibility){ .at_us = AT(-30) };
    escort_fact =
        (Fact){ .key = S("escort"), .value = S("yes"), .note = S("Ruth, sister"), .at_us = AT(-30) };
    *list_add(arena, &chart.facts) = escort_fact;
    weight_reading = (Reading){
        .measure = MEASURE_WEIGHT_KG, .value = 80, .exact = { 800, 1 }, .at_us = AT(-50), .in_clinic = true
    };
    *list_add(arena, &chart.readings[MEASURE_WEIGHT_KG]) = weight_reading;
    Readings *pressures = &chart.readings[MEASURE_PRESSURE_MMHG];
    *list_add(arena, pressures) = (Reading){
        .measure = MEASURE_PRESSURE_MMHG, .value = 132, .diastolic = 82, .at_us = AT(-20), .in_clinic = true
    };
    *list_add(arena, pressures) = (Reading){
        .measure = MEASURE_PRESSURE_MMHG, .value = 130, .diastolic = 80, .at_us = AT(-10), .in_clinic = true
    };
    return session;
}

static const GateItem *item_of(const Gate *gate, const char *id)
{
    for (size_t i = 0; i < gate->n; i++)
        if (str_is(gate->at[i].id, id))
            return &gate->at[i];
    return NULL;
}

static void a_whole_chart_opens_the_gate(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = ready();
    Gate gate = start_gate(arena, &session, &l, AT(0));
    for (size_t i = 0; i < gate.n; i++)
        print_message("%s %s\n", gate.at[i].met ? "met" : "NOT MET", arena_cstr(arena, gate.at[i].sentence));
    assert_true(gate.open);
}

static void lose_course(void)
{
    chart.course.status = COURSE_NONE;
}
static void lose_signature(void)
{
    chart.course.signed_by = STR_NONE;
}
static void lose_evaluation(void)
{
    chart.eligibility.at_us = TIME_NONE;
}
static void age_evaluation(void)
{
    chart.eligibility.at_us = AT(-24 * 60);
}
static void open_stop(void)
{
    chart.eligibility.open_stops = 1;
}
static void open_missing(void)
{
    chart.eligibility.open_missing = 1;
}
static void lose_weight(void)
{
    chart.readings[MEASURE_WEIGHT_KG].n = 0;
}
static void age_weight(void)
{
    chart.readings[MEASURE_WEIGHT_KG].at[0].at_us = AT(-8 * 24 * 60);
}
static void state_weight(void)
{
    chart.readings[MEASURE_WEIGHT_KG].at[0].in_clinic = false;
}
static void quarantine_weight(void)
{
    chart.readings[MEASURE_WEIGHT_KG].at[0].state = READING_QUARANTINED;
}
static void lose_escort(void)
{
    chart.facts.n = 0;
}
static void age_escort(void)
{
    chart.facts.at[0].at_us = AT(-23 * 60);
}
static void no_escort(void)
{
    chart.facts.at[0].value = S("no");
}
static void unnamed_escort(void)
{
    chart.facts.at[0].note = STR_NONE;
}
static void lose_one_pressure(void)
{
    chart.readings[MEASURE_PRESSURE_MMHG].n = 1;
}
static void age_pressure(void)
{
    chart.readings[MEASURE_PRESSURE_MMHG].at[0].at_us = AT(-61);
}
static void crowd_pressures(void)
{
    chart.readings[MEASURE_PRESSURE_MMHG].at[0].at_us = AT(-14);
}
static void quarantine_pressure(void)
{
    chart.readings[MEASURE_PRESSURE_MMHG].at[1].state = READING_QUARANTINED;
}
static void low_pressure(void)
{
    chart.readings[MEASURE_PRESSURE_MMHG].at[1].value = 88;
}
static void high_pressures(void)
{
    chart.readings[MEASURE_PRESSURE_MMHG].at[0].diastolic = 100;
    chart.readings[MEASURE_PRESSURE_MMHG].at[1].value = 160;
}
static void die(void)
{
    chart.deceased = true;
}
static void infuse_yesterday(void)
{
    *list_add(arena, &chart.infusions) =
        (Infusion){ .encounter_id = S("x"), .started_us = AT(-20 * 60), .ended_us = AT(-19 * 60) };
}

static void each_missing_fact_closes_the_gate(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(void);
        const char *item;
    } table[] = {
        { die, "alive" },
        { lose_course, "course" },
        { lose_signature, "course" },
        { lose_evaluation, "evaluation" },
        { age_evaluation, "evaluation" },
        { open_stop, "evaluation" },
        { open_missing, "evaluation" },
        { lose_weight, "weight" },
        { age_weight, "weight" },
        { state_weight, "weight" },
        { quarantine_weight, "weight" },
        { lose_escort, "escort" },
        { age_escort, "escort" },
        { no_escort, "escort" },
        { unnamed_escort, "escort" },
        { lose_one_pressure, "pressures" },
        { age_pressure, "pressures" },
        { crowd_pressures, "pressures" },
        { quarantine_pressure, "pressures" },
        { low_pressure, "pressures" },
        { high_pressures, "pressures" },
        { infuse_yesterday, "gap" },
    };
    InfuseLimits l = limits();
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        Session session = ready();
        table[i].spoil();
        Gate gate = start_gate(arena, &session, &l, AT(0));
        print_message("%zu %s\n", i, arena_cstr(arena, item_of(&gate, table[i].item)->sentence));
        assert_false(gate.open);
        assert_false(item_of(&gate, table[i].item)->met);
    }
}

static void one_infusion_too_many(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = ready();
    session.number = 7;
    Gate gate = start_gate(arena, &session, &l, AT(0));
    assert_false(item_of(&gate, "number")->met);
}

/* ---- rates ---- */

static void no_rate_above_the_limit(void **state)
{
    (void)state;
    InfuseLimits l = limits();
    Session session = session_of(NULL, 0);
    assert_true(str_empty(rate_refusal(arena, &session, D("150"), &l, AT(0))));
    assert_false(str_empty(rate_refusal(arena, &session, D("0"), &l, AT(0))));
    assert_false(str_empty(rate_refusal(arena, &session, D("225.001"), &l, AT(0)))); /* 1.500006.. mg/min */
    assert_false(str_empty(rate_refusal(arena, &session, D("210"), &l, AT(0)))); /* 28.6 min for the bag */
    assert_true(str_empty(rate_refusal(arena, &session, D("200"), &l, AT(0))));  /* exactly 30 min */
    Random random = random_seeded(4);
    for (int run = 0; run < 20000; run++) {
        Decimal rate = { (int64_t)(random_u64(&random) % 600000), 3 };
        session.bag.concentration_mg_per_ml = (Decimal){ (int64_t)(random_u64(&random) % 2000000) + 1, 6 };
        session.bag.dose_mg = (Decimal){ (int64_t)(random_u64(&random) % 1000) + 1, 1 };
        Str why = rate_refusal(arena, &session, rate, &l, AT(0));
        double mg_per_min =
            decimal_to_double(rate) * decimal_to_double(session.bag.concentration_mg_per_ml) / 60;
        if (str_empty(why))
            assert_true(mg_per_min <= 1.5 * (1 + 1e-12) && rate.units > 0);
        arena_reset(arena);
    }
}

/* ---- late entries ---- */

static void late_entries_keep_both_times(void **state)
{
    (void)state;
    Step steps[] = { { PUMP_STARTED, AT(0), "150" }, { PUMP_STOPPED, AT(40), NULL } };
    Session session = session_of(steps, 2);
    PumpEvent late = { .action = PUMP_RATE, .at_us = AT(20), .entered_us = AT(45), .rate_ml_per_h = D("75") };
    assert_true(str_empty(pump_conflict(arena, &session.pump, late)));
    pump_insert(arena, &session.pump, late);
    assert_int_equal(session.pump.at[1].at_us, AT(20));
    assert_int_equal(session.pump.at[1].entered_us, AT(45));
    RateSegments segments = pump_segments(arena, &session.pump);
    assert_text(decimal_text(arena, pump_given_mg(&segments, D("0.40"), AT(60))), "30.000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_logs),
        cmocka_unit_test(volume_left_prevails_and_both_are_kept),
        cmocka_unit_test(a_bag_gives_no_more_than_it_held),
        cmocka_unit_test(the_bag_and_its_rate),
        cmocka_unit_test(random_histories_integrate),
        cmocka_unit_test(order_of_entry_does_not_matter),
        cmocka_unit_test(conflicting_orders_are_refused),
        cmocka_unit_test(pressure_levels),
        cmocka_unit_test(amber_is_confirmed_by_the_recheck),
        cmocka_unit_test(red_at_the_first_reading),
        { "EU-S-07 acknowledging an alarm never closes it while its cause lasts", acknowledging_never_closes,
          0, 0, 0 },
        { "EU-S-06 a quarantined or older reading ends no alarm and is never current",
          only_good_readings_clear, 0, 0, 0 },
        cmocka_unit_test(observations_are_due),
        { "EU-S-06 a missing or quarantined observation becomes an alarm", missing_observations_alarm, 0, 0,
          0 },
        { "EU-S-01 infusing without a confirmed pump reading alarms in 5 min",
          the_pump_is_confirmed_or_it_alarms, 0, 0, 0 },
        { "EU-S-01 stopped without the volume left alarms in 2 min", volume_left_unanswered_alarms, 0, 0, 0 },
        cmocka_unit_test(a_whole_chart_opens_the_gate),
        { "EU-S-02 each missing, stale or contradictory fact keeps the start closed",
          each_missing_fact_closes_the_gate, 0, 0, 0 },
        { "EU-S-04 no infusion beyond the signed course", one_infusion_too_many, 0, 0, 0 },
        { "EU-S-04 no rate above the hard limit is recorded as a change", no_rate_above_the_limit, 0, 0, 0 },
        { "EU-S-15 a late entry keeps its stated and its entry time", late_entries_keep_both_times, 0, 0, 0 },
    };
    return cmocka_run_group_tests_name("infuse", tests, set_up, tear_down);
}
