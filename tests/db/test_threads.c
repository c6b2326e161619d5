#include "bed.h"
#include "groups.h"

#include "db/engine.h"
#include "db/fault.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define ADD SQL("INSERT INTO counter (name, value) VALUES ($1, $2)")

enum { THREADS = 32, WRITES = 40 };

/* What a thread is given and what it tells; cmocka's asserts are for the main thread only. */
typedef struct Worker {
    const Bed *bed;
    int number;
    pthread_t thread;
    Err err;
    int acknowledged, refused;
} Worker;

static void run_workers(const Bed *bed, Worker *workers, int n, void *(*work)(void *))
{
    for (int i = 0; i < n; i++) {
        workers[i] = (Worker){ .bed = bed, .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < n; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < n; i++)
        assert_ok(workers[i].err);
}

static void pause_1ms(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* ---- writing ---- */

/* Every fifth is given up, every seventh takes a key that exists. */
static Err write_one(Ctx *c, Worker *w, int i)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(db_exec(c, ADD, ARGS(T(arena_fmt(c->arena, "w%02d-%03d", w->number, i)), I(1))));
    if (i % 5 == 0)
        return OK;
    if (i % 7 == 0) {
        Err e = db_exec(c, ADD, ARGS(T(S("event")), I(0)));
        w->refused += e == ERR_CONFLICT;
        return e == ERR_CONFLICT ? OK : ERR_INTERNAL;
    }
    TRY(tx_commit(tx));
    w->acknowledged++;
    return OK;
}

/* Nobody but this thread writes this key, so what was acknowledged must be read at once. */
static Err read_own(Ctx *c, Worker *w, int i)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT value FROM counter WHERE name = $1"),
                 ARGS(T(arena_fmt(c->arena, "w%02d-%03d", w->number, i))), &rows));
    bool there = rows_next(rows), wanted = i % 5 != 0 && i % 7 != 0;
    return there == wanted ? OK : ERR_NOT_FOUND;
}

static void *write_many(void *argument)
{
    Worker *w = argument;
    Ctx c = bed_context(w->bed);
    for (int i = 0; i < WRITES && w->err == OK; i++) {
        w->err = write_one(&c, w, i);
        if (w->err == OK)
            w->err = read_own(&c, w, i);
    }
    bed_context_end(&c);
    return NULL;
}

static void test_many_threads_write(void **state)
{
    Bed *bed = *state;
    Worker workers[THREADS];
    DbCounts before = db_counts(bed->c.db);
    run_workers(bed, workers, THREADS, write_many);
    int acknowledged = 0;
    for (int i = 0; i < THREADS; i++) {
        acknowledged += workers[i].acknowledged;
        assert_int_equal(workers[i].refused, 4);
    }
    DbCounts after = db_counts(bed->c.db);
    int64_t commits = after.commits - before.commits;
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter WHERE value = 1"), NO_ARGS),
                     acknowledged);
    assert_int_equal(after.transactions - before.transactions, acknowledged);
    print_message("%d writes in %d commits\n", acknowledged, (int)commits);
    if (bed_on_postgres())
        assert_int_equal(commits, acknowledged);
    else
        assert_true(commits * 2 < acknowledged);
}

/* ---- a decision over several rows ---- */

static Err add_one_to_what_was_read(Ctx *c)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(tx_lock(c, S("stock")));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT value FROM counter WHERE name = 'event'"), NO_ARGS, &rows));
    if (!rows_next(rows))
        return ERR_NOT_FOUND;
    TRY(db_exec(c, SQL("UPDATE counter SET value = $1 WHERE name = 'event'"),
                ARGS(I(rows_int(rows, 0) + 1))));
    return tx_commit(tx);
}

static void *count_up(void *argument)
{
    Worker *w = argument;
    Ctx c = bed_context(w->bed);
    for (int i = 0; i < 25 && w->err == OK; i++)
        w->err = add_one_to_what_was_read(&c);
    bed_context_end(&c);
    return NULL;
}

static void test_a_lock_makes_a_decision_whole(void **state)
{
    Bed *bed = *state;
    Worker workers[8];
    run_workers(bed, workers, 8, count_up);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT value FROM counter WHERE name = 'event'"), NO_ARGS),
                     8 * 25);
}

/* ---- a commit that fails ---- */

static void *write_expecting_failure(void *argument)
{
    Worker *w = argument;
    Ctx c = bed_context(w->bed);
    Err e = db_exec(&c, ADD, ARGS(T(S("other")), I(1)));
    w->err = e == ERR_DISK_FULL ? OK : ERR_INTERNAL;
    bed_context_end(&c);
    return NULL;
}

/* Returns when it waits for its turn, which the caller has. */
static void start(const Bed *bed, Worker *worker, void *(*work)(void *))
{
    *worker = (Worker){ .bed = bed };
    assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
    for (int tries = 0; tries < 10000 && db_counts(bed->c.db).waiting == 0; tries++)
        pause_1ms();
}

static void finish(Worker *worker)
{
    pthread_join(worker->thread, NULL);
    assert_ok(worker->err);
}

/* The main thread holds the turn until the other queues: then both are one group. The main thread makes four
 * calls (begin, savepoint, insert, release), the other three (savepoint, insert, release); the eighth is the
 * commit. */
static void test_a_failed_commit_fails_the_whole_group(void **state)
{
    Bed *bed = *state;
    if (bed_on_postgres())
        skip();
    Worker other;
    AUTO(tx_done) Tx *tx = NULL;
    db_fail_at(bed->c.db, 8, ERR_DISK_FULL);
    assert_ok(tx_begin(&bed->c, &tx));
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("main")), I(1))));
    start(bed, &other, write_expecting_failure);
    assert_int_equal(tx_commit(tx), ERR_DISK_FULL);
    finish(&other);
    db_fail_at(bed->c.db, 0, OK);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter WHERE value = 1"), NO_ARGS), 0);
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("after")), I(1))));
}

static Err roll_everything_back(Ctx *c)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query_composed(c, "ROLLBACK", NO_ARGS, &rows));
    return tx_commit(tx);
}

static void *roll_back_thread(void *argument)
{
    Worker *w = argument;
    Ctx c = bed_context(w->bed);
    w->err = roll_everything_back(&c) == OK ? ERR_INTERNAL : OK;
    bed_context_end(&c);
    return NULL;
}

/* As SQLite does by itself on some failures of the disk. */
static void test_a_lost_group_is_told_to_all(void **state)
{
    Bed *bed = *state;
    if (bed_on_postgres())
        skip();
    Worker other;
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("main")), I(1))));
    start(bed, &other, roll_back_thread);
    assert_int_equal(tx_commit(tx), ERR_INTERNAL);
    finish(&other);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter WHERE value = 1"), NO_ARGS), 0);
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("after")), I(1))));
}

/* ---- waiting too long ---- */

static void *write_expecting_busy(void *argument)
{
    Worker *w = argument;
    Ctx c = bed_context(w->bed);
    Err e = db_exec(&c, ADD, ARGS(T(S("late")), I(1)));
    w->err = e == ERR_UNAVAILABLE && bed_said(&c, "busy") ? OK : ERR_INTERNAL;
    bed_context_end(&c);
    return NULL;
}

static void test_a_turn_that_does_not_come(void **state)
{
    Bed *bed = *state;
    if (bed_on_postgres())
        skip();
    Worker other;
    bed->c.db->busy_ms = 300;
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    start(bed, &other, write_expecting_busy);
    finish(&other);
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("main")), I(1))));
    assert_ok(tx_commit(tx));
}

/* Another process is another writer: here the database is opened twice. */
static void test_a_lock_that_another_process_keeps(void **state)
{
    Bed *bed = *state;
    if (bed_on_postgres())
        skip();
    Ctx other = bed_open_again(bed);
    other.db->busy_ms = 20;
    AUTO(tx_done) Tx *tx = NULL, *late = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    assert_int_equal(tx_begin(&other, &late), ERR_UNAVAILABLE);
    assert_true(bed_said(&other, "locked"));
    assert_ok(tx_commit(tx));
    assert_ok(db_exec(&other, ADD, ARGS(T(S("other")), I(1))));
    bed_close_again(&other);
}

/* ---- reading beside a write ---- */

static void *read_many(void *argument)
{
    Worker *w = argument;
    Ctx c = bed_context(w->bed);
    int64_t last = 0;
    for (int i = 0; i < 200 && w->err == OK; i++) {
        AUTO(rows_done) Rows *rows = NULL;
        w->err = db_query(&c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS, &rows);
        bool there = w->err == OK && rows_next(rows);
        if (!there || rows_int(rows, 0) < last)
            w->err = w->err ?: ERR_INTERNAL;
        else
            last = rows_int(rows, 0);
    }
    bed_context_end(&c);
    return NULL;
}

static void *write_or_read(void *argument)
{
    Worker *w = argument;
    return w->number % 4 == 0 ? write_many(w) : read_many(w);
}

static void test_readers_do_not_wait_for_writers(void **state)
{
    Bed *bed = *state;
    Worker workers[12];
    run_workers(bed, workers, 12, write_or_read);
}

int run_thread_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(test_many_threads_write),
        TEST_ON_BED(test_a_lock_makes_a_decision_whole),
        TEST_ON_BED(test_a_failed_commit_fails_the_whole_group),
        TEST_ON_BED(test_a_lost_group_is_told_to_all),
        TEST_ON_BED(test_a_turn_that_does_not_come),
        TEST_ON_BED(test_a_lock_that_another_process_keeps),
        TEST_ON_BED(test_readers_do_not_wait_for_writers),
    };
    return cmocka_run_group_tests_name("db threads", tests, NULL, NULL);
}
