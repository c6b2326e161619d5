/* The groups of this test program. */
#ifndef TESTS_SERVER_GROUPS_H
#define TESTS_SERVER_GROUPS_H

int run_http_word_tests(void);
int run_access_tests(void);
int run_chain_tests(void);
int run_serve_tests(void);
int run_subscription_tests(void);
int run_totp_tests(void);

#endif
