#include "bed.h"
#include "groups.h"

#include "db/outbox.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WRITERS = 8, EVENTS_EACH = 60 };

static Err add_event(Ctx *c, Str type, Str id, bool keep)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    Event event = { .at_us = 7, .patient_id = S("p1"), .type = type, .id = id, .version = 3 };
    TRY(outbox_add(c, &event));
    return keep ? tx_commit(tx) : OK;
}

static void test_an_event_comes_back(void **state)
{
    Bed *bed = *state;
    int64_t newest = -1;
    assert_ok(outbox_newest(&bed->c, &newest));
    assert_int_equal(newest, 0);
    assert_ok(add_event(&bed->c, S("Observation"), S("lost"), false));
    assert_ok(add_event(&bed->c, S("Observation"), S("o1"), true));
    assert_ok(add_event(&bed->c, S("Flag"), S("f1"), true));
    assert_ok(outbox_newest(&bed->c, &newest));
    assert_int_equal(newest, 2);
    Events events;
    assert_ok(outbox_after(&bed->c, 0, 10, &events));
    assert_int_equal(events.n, 2);
    const Event *first = &events.at[0];
    assert_int_equal(first->number, 1);
    assert_int_equal(first->at_us, 7);
    assert_true(str_is(first->patient_id, "p1"));
    assert_null(first->encounter_id.p);
    assert_true(str_is(first->type, "Observation"));
    assert_true(str_is(first->id, "o1"));
    assert_int_equal(first->version, 3);
    assert_ok(outbox_after(&bed->c, 0, 1, &events));
    assert_int_equal(events.n, 1);
    assert_ok(outbox_after(&bed->c, 2, 10, &events));
    assert_int_equal(events.n, 0);
}

typedef struct Writing {
    const Bed *bed;
    pthread_t thread;
    Err err;
    _Atomic int *still_writing;
} Writing;

static void *write_events(void *argument)
{
    Writing *w = argument;
    Ctx c = bed_context(w->bed);
    for (int i = 0; i < EVENTS_EACH && w->err == OK; i++)
        w->err = add_event(&c, S("Observation"), S("x"), i % 3 != 0);
    bed_context_end(&c);
    (*w->still_writing)--;
    return NULL;
}

/* Asks "what came after the last I saw" as fast as it can while others write: each number must be seen once
 * and in order, without a gap, or a screen would miss an event. */
static void test_a_poller_misses_nothing(void **state)
{
    Bed *bed = *state;
    _Atomic int still_writing = WRITERS;
    Writing writers[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (Writing){ .bed = bed, .still_writing = &still_writing };
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_events, &writers[i]), 0);
    }
    int64_t last = 0;
    for (bool more = true; more;) {
        bool writing = still_writing > 0;
        Events events;
        assert_ok(outbox_after(&bed->c, last, 16, &events));
        for (size_t i = 0; i < events.n; i++)
            assert_int_equal(events.at[i].number, ++last);
        more = writing || events.n > 0;
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_ok(writers[i].err);
    }
    assert_int_equal(last, WRITERS * EVENTS_EACH * 2 / 3);
}

int run_outbox_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(test_an_event_comes_back),
        TEST_ON_BED(test_a_poller_misses_nothing),
    };
    return cmocka_run_group_tests_name("db outbox", tests, NULL, NULL);
}
