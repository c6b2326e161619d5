/* The groups of tests of this program; each returns how many failed. */
#ifndef TESTS_DB_GROUPS_H
#define TESTS_DB_GROUPS_H

int run_statement_tests(void);
int run_transaction_tests(void);
int run_thread_tests(void);
int run_process_tests(void);
int run_sqlite_tests(void);
int run_postgres_tests(void);
int run_outbox_tests(void);

/* What a child process does: the program runs itself. Returns the exit code. */
int child_main(int argc, char **argv);

#endif
