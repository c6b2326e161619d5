/* The server: words of HTTP, access, serving. The same tests on both engines: with --postgres on the server
 * of EUTHYMIA_TEST_PG; without that they are skipped. */
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        return run_chain_tests() + run_serve_tests() ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    int failed = run_http_word_tests() + run_access_tests() + run_chain_tests() + run_serve_tests() +
                 run_subscription_tests() + run_totp_tests();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
