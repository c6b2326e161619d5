/* The same tests on both engines: EUTHYMIA_TEST_DB names the database, without it each test has a SQLite
 * file. With
 * --postgres the database is that of EUTHYMIA_TEST_PG, and without that the tests are skipped. */
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_SKIPPED = 77 };

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--child") == 0)
        return child_main(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "--postgres") == 0) {
        const char *url = getenv("EUTHYMIA_TEST_PG");
        if (!url) {
            fprintf(stderr, "EUTHYMIA_TEST_PG is not set: skipped\n");
            return EXIT_SKIPPED;
        }
        setenv("EUTHYMIA_TEST_DB", url, 1);
    }
    int failed = run_statement_tests() + run_transaction_tests() + run_thread_tests() + run_process_tests() +
                 run_outbox_tests() + run_sqlite_tests() + run_postgres_tests();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
