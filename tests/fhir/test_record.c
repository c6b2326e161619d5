/* The record: store, bundles, search. The same tests on both engines: without an argument on SQLite, with
 * --postgres on the server of EUTHYMIA_TEST_PG; without that they are skipped. */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_SKIPPED = 77 };

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--postgres") == 0) {
        const char *url = getenv("EUTHYMIA_TEST_PG");
        if (!url) {
            (void)fprintf(stderr, "EUTHYMIA_TEST_PG is not set: skipped\n");
            return EXIT_SKIPPED;
        }
        (void)setenv("EUTHYMIA_TEST_DB", url, 1);
    }
    int failed = run_store_tests() + run_bundle_tests() + run_search_tests() + run_fault_tests();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
