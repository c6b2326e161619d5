/* The trial command as a script meets it: its exit codes, and the same rows for any number of threads. */
#include "base/json.h"
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTPUT_MOST = 65536, ARGUMENTS_MOST = 16 };

/* Runs the command with standard output caught; ret_output may be NULL. */
static int run(const char *const *arguments, char *ret_output)
{
    char *argv[ARGUMENTS_MOST] = { NULL };
    int argc = 0;
    for (; arguments[argc]; argc++)
        assert_non_null(argv[argc] = strdup(arguments[argc]));
    (void)fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)dup2(fileno(file), STDOUT_FILENO);
    int code = cmd_trial(argc, argv);
    (void)fflush(stdout);
    (void)dup2(kept, STDOUT_FILENO);
    (void)close(kept);
    if (ret_output) {
        rewind(file);
        ret_output[fread(ret_output, 1, OUTPUT_MOST - 1, file)] = '\0';
    }
    (void)fclose(file);
    while (argc > 0)
        free(argv[--argc]);
    return code;
}

#define ARGUMENTS(...) ((const char *const[]){ "trial", __VA_ARGS__, NULL })

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(run(ARGUMENTS("--help"), NULL), EXIT_DONE);
    assert_int_equal(run((const char *const[]){ "trial", NULL }, NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("0.5 mg"), NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("35 mg over 40 min"), NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("0.5 mg/kg x 2.5"), NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("0.5 mg/kg over 40 h"), NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("--patients", "10000001", "0.5 mg/kg"), NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("--days", "7,1", "0.5 mg/kg"), NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("--csv", "--json", "0.5 mg/kg"), NULL), EXIT_USAGE);
    assert_int_equal(run(ARGUMENTS("2 mg/kg"), NULL), EXIT_FAILED);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

static void test_rows(void **state)
{
    (void)state;
    static char one[OUTPUT_MOST], two[OUTPUT_MOST];
    assert_int_equal(
        run(ARGUMENTS("--patients", "9000", "--csv", "--days", "1,7", "--threads", "1",
                      "drug, \"six\": 0.5 mg/kg over 40 min x 6 every 3 d", "placebo: placebo x 6"),
            one),
        EXIT_DONE);
    assert_int_equal(
        run(ARGUMENTS("--patients", "9000", "--csv", "--days", "1,7", "--threads", "3",
                      "drug, \"six\": 0.5 mg/kg over 40 min x 6 every 3 d", "placebo: placebo x 6"),
            two),
        EXIT_DONE);
    assert_string_equal(one, two);
    assert_int_equal(strncmp(one, "arm,quantity,unit,day,patients,mean,", 36), 0);
    assert_int_equal(count(one, "\"drug, \"\"six\"\"\",\"response\",\"share\",7,9000,"), 1);
    assert_int_equal(count(one, "\"Cmax\""), 1); /* the placebo has none, which is not one of zero */
    assert_int_equal(count(one, "\"score\",\"MADRS\","), 4);
    assert_int_equal(count(one, "assumed spread"), count(one, "\n") - 1 - 16);
}

static void test_json(void **state)
{
    (void)state;
    static char text[OUTPUT_MOST];
    assert_int_equal(run(ARGUMENTS("--patients", "64", "--json", "--scale", "phq9", "a\"b: 0.5 mg/kg"), text),
                     EXIT_DONE);
    Arena *arena = arena_create(1024 * 1024);
    Json *rows = json_parse(arena, str_from(text));
    assert_true(json_count(rows) > 20);
    assert_true(str_is(json_find_str(rows, "[0].arm"), "a\"b"));
    double mean_mg;
    assert_true(json_number(json_find(rows, "[0].mean"), &mean_mg) && mean_mg > 20 && mean_mg < 60);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
