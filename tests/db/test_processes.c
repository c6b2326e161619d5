#include "bed.h"
#include "groups.h"

#include "base/time.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADD SQL("INSERT INTO counter (name, value) VALUES ($1, $2)")

/* ---- what a child does ---- */

enum { CHILD_THREADS = 4 };

/* What a child tells on standard output once a row is acknowledged: row number of that thread is stored. */
typedef struct Told {
    int32_t thread, number;
} Told;

typedef struct ChildThread {
    struct Db *db;
    const char *prefix;
    int64_t n;
    int32_t number;
    pthread_t thread;
    bool failed;
} ChildThread;

static Err child_add(Ctx *c, const ChildThread *t, int32_t i)
{
    Str name = arena_fmt(c->arena, "%s%d-%06d", t->prefix, t->number, i);
    return db_exec(c, ADD, ARGS(T(name), I(i)));
}

static void *child_write(void *argument)
{
    ChildThread *t = argument;
    AUTO(arena_done) Arena *arena = arena_create(1 << 28);
    Ctx c = { .arena = arena, .db = t->db };
    for (int32_t i = 0; i < t->n && !t->failed; i++) {
        Told told = { t->number, i };
        t->failed = child_add(&c, t, i) != OK || write(STDOUT_FILENO, &told, sizeof told) != sizeof told;
    }
    return NULL;
}

static bool child_write_all(struct Db *db, const char *prefix, int64_t n)
{
    ChildThread threads[CHILD_THREADS];
    bool failed = false;
    for (int32_t i = 0; i < CHILD_THREADS; i++) {
        threads[i] = (ChildThread){ .db = db, .prefix = prefix, .n = n, .number = i };
        if (pthread_create(&threads[i].thread, NULL, child_write, &threads[i]) != 0)
            _exit(EXIT_FAILURE);
    }
    for (int i = 0; i < CHILD_THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        failed = failed || threads[i].failed;
    }
    return !failed;
}

/* URL PREFIX N: each thread writes N rows. */
int child_main(int argc, char **argv)
{
    AUTO(arena_done) Arena *arena = arena_create(1 << 20);
    Ctx c = { .arena = arena, .now_us = clock_now_us() };
    int64_t n = 0, schema;
    if (argc != 3 || !str_to_int(str_from(argv[2]), &n) ||
        db_migrate(&c, str_from(argv[0]), STR_NONE, &schema) != OK ||
        db_open(&c, str_from(argv[0]), &c.db) != OK)
        return EXIT_FAILURE;
    bool written = child_write_all(c.db, argv[1], n);
    c.db = db_close(c.db);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- starting one ---- */

typedef struct Child {
    pid_t pid;
    int output;
    int64_t told; /* rows acknowledged so far */
} Child;

static Child child_start(const Bed *bed, const char *prefix, const char *n)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "test_db", "--child", bed->url, prefix, n, (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    close(ends[1]);
    return (Child){ .pid = pid, .output = ends[0] };
}

/* Reads until the child has told n rows, or to its end. A thread tells its rows in order. */
static void child_listen(Child *child, int64_t n)
{
    Told told;
    while (child->told < n && read(child->output, &told, sizeof told) == sizeof told)
        child->told++;
}

static int child_end(Child *child)
{
    int status = 0;
    child_listen(child, INT64_MAX);
    close(child->output);
    waitpid(child->pid, &status, 0);
    return status;
}

/* ---- the tests ---- */

static int64_t count_of(Ctx *c, const char *prefix)
{
    Str from = str_from(prefix), to = arena_fmt(c->arena, "%s~", prefix);
    return bed_ask(c, SQL("SELECT COUNT(*) FROM counter WHERE name >= $1 AND name < $2"),
                   ARGS(T(from), T(to)));
}

static void test_two_processes_write(void **state)
{
    Bed *bed = *state;
    Child child = child_start(bed, "child", "50");
    for (int i = 0; i < 200; i++)
        assert_ok(db_exec(&bed->c, ADD, ARGS(T(arena_fmt(bed->arena, "parent%d", i)), I(1))));
    assert_int_equal(child_end(&child), 0);
    assert_int_equal(child.told, 200);
    assert_int_equal(count_of(&bed->c, "child"), 200);
    assert_int_equal(count_of(&bed->c, "parent"), 200);
}

static void test_a_killed_process_loses_nothing_acknowledged(void **state)
{
    Bed *bed = *state;
    static const char *const prefixes[] = { "a", "b", "c", "d", "e" };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        Child child = child_start(bed, prefixes[i], "1000000");
        child_listen(&child, 20 + (int64_t)i * 41);
        kill(child.pid, SIGKILL);
        assert_int_not_equal(child_end(&child), 0);
        assert_true(child.told >= 20);
        assert_in_range(count_of(&bed->c, prefixes[i]), child.told, child.told + CHILD_THREADS);
    }
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("after")), I(1))));
}

/* All find no schema and bring it up; one does, the others wait for it. */
static void test_processes_open_a_new_database_at_once(void **state)
{
    enum { CHILDREN = 6 };
    Bed *bed = *state;
    Child children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        char prefix[] = { (char)('a' + i), 0 };
        children[i] = child_start(bed, prefix, "5");
    }
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(child_end(&children[i]), 0);
    }
    assert_ok(db_open(&bed->c, str_from(bed->url), &bed->c.db));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS),
                     CHILDREN * CHILD_THREADS * 5 + 1);
}

int run_process_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(test_two_processes_write),
        TEST_ON_BED(test_a_killed_process_loses_nothing_acknowledged),
        cmocka_unit_test_setup_teardown(test_processes_open_a_new_database_at_once, bed_place, bed_remove),
    };
    return cmocka_run_group_tests_name("db processes", tests, NULL, NULL);
}
