#include "bed.h"
#include "groups.h"

#include "base/time.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADD SQL("INSERT INTO counter (name, value) VALUES ($1, $2)")

/* ---- what a child does ---- */

/* Writes row after row and tells each number on standard output once it is acknowledged. */
static int child_write(Ctx *c, const char *prefix, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        Str name = arena_fmt(c->arena, "%s%06d", prefix, (int)i);
        if (db_exec(c, ADD, ARGS(T(name), I(i))) != OK)
            return EXIT_FAILURE;
        if (write(STDOUT_FILENO, &i, sizeof i) != sizeof i)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int child_main(int argc, char **argv)
{
    if (argc != 3)
        return EXIT_FAILURE;
    AUTO(arena_done) Arena *arena = arena_create(1 << 28);
    Ctx c = { .arena = arena, .now_us = clock_now_us() };
    int64_t n = 0;
    if (!str_to_int(str_from(argv[2]), &n) || db_open(&c, str_from(argv[0]), &c.db) != OK)
        return EXIT_FAILURE;
    int status = child_write(&c, argv[1], n);
    c.db = db_close(c.db);
    return status;
}

/* ---- starting one ---- */

typedef struct Child {
    pid_t pid;
    int told; /* its standard output */
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
    return (Child){ pid, ends[0] };
}

/* The last number that the child told; reads until there are n, or to the end. */
static int64_t child_told(const Child *child, int64_t n)
{
    int64_t last = -1, number;
    while (last + 1 < n && read(child->told, &number, sizeof number) == sizeof number)
        last = number;
    return last;
}

static int child_end(Child *child)
{
    int status = 0;
    close(child->told);
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
    Child child = child_start(bed, "child", "200");
    for (int i = 0; i < 200; i++)
        assert_ok(db_exec(&bed->c, ADD, ARGS(T(arena_fmt(bed->arena, "parent%d", i)), I(1))));
    assert_int_equal(child_told(&child, 200), 199);
    assert_int_equal(child_end(&child), 0);
    assert_int_equal(count_of(&bed->c, "child"), 200);
    assert_int_equal(count_of(&bed->c, "parent"), 200);
}

static void test_a_killed_process_loses_nothing_acknowledged(void **state)
{
    Bed *bed = *state;
    static const char *const prefixes[] = { "a", "b", "c", "d", "e" };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        Child child = child_start(bed, prefixes[i], "1000000");
        int64_t told = child_told(&child, 20 + (int64_t)i * 17);
        kill(child.pid, SIGKILL);
        int64_t after_kill = child_told(&child, INT64_MAX);
        (void)child_end(&child);
        int64_t acknowledged = (after_kill > told ? after_kill : told) + 1;
        assert_true(acknowledged >= 20);
        assert_true(count_of(&bed->c, prefixes[i]) >= acknowledged);
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
        assert_int_equal(child_told(&children[i], 5), 4);
        assert_int_equal(child_end(&children[i]), 0);
    }
    assert_ok(db_open(&bed->c, str_from(bed->url), &bed->c.db));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS), CHILDREN * 5 + 1);
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
