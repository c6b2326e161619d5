/* What only the whole program can show: that each of its SQL texts prepares on both engines, and that the
 * demo clinic, made by the verbs themselves, is refused nothing. With --postgres on the server of
 * EUTHYMIA_TEST_PG. */
#include "bed.h"

#include "cli/demo.h"
#include "fhir/store.h"
#include "server/account.h"
#include "server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_SKIPPED = 77, DEMO_PATIENTS = 6 };

/* Keeps the server's rooms in the link, and with them their SQL. */
Server *(*const link_whole_program)(Server *) = server_stop;

static void every_sql_text_prepares(void **state)
{
    Bed *bed = *state;
    const Sql *const *first, *const *end;
    db_sql_texts(&first, &end);
    assert_true(end - first > 40);
    Err e = db_check_texts(&bed->c);
    if (e != OK)
        bed_show_problems(&bed->c);
    assert_int_equal(e, OK);
}

static void the_demo_clinic_has_six_patients_and_one_open_worry(void **state)
{
    Bed *bed = *state;
    if (bed_on_postgres()) /* a thousand operations: once is enough, the engines are compared elsewhere */
        skip();
    for (const DemoAccount *row = demo_accounts; row->name; row++) {
        Str person;
        NewAccount account = { .name = str_from(row->name),
                               .role = row->role,
                               .password = S(DEMO_PASSWORD),
                               .display = str_from(row->display) };
        assert_ok(account_add(&bed->c, &account, &person));
    }
    Err e = demo_fill(&bed->c);
    if (e != OK)
        bed_show_problems(&bed->c);
    assert_int_equal(e, OK);
    Resources found;
    assert_ok(fhir_all(&bed->c, S("Patient"), &found));
    assert_int_equal(found.n, DEMO_PATIENTS);
    assert_ok(fhir_all(&bed->c, S("Task"), &found));
    assert_int_equal(found.n, 1);
    assert_string_equal(
        "requested",
        arena_cstr(bed->arena, json_find_str(json_parse(bed->arena, found.at[0].body), "status")));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { TEST_ON_BED(every_sql_text_prepares),
                                        TEST_ON_BED(the_demo_clinic_has_six_patients_and_one_open_worry) };
    if (argc > 1 && strcmp(argv[1], "--postgres") == 0) {
        const char *url = getenv("EUTHYMIA_TEST_PG");
        if (!url)
            return EXIT_SKIPPED;
        (void)setenv("EUTHYMIA_TEST_DB", url, 1);
    }
    (void)link_whole_program;
    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
