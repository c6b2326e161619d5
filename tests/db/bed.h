/* What a test of the database stands on: a fresh database of the engine that EUTHYMIA_TEST_DB names (a
 * postgres:// URL; without it a temporary SQLite file), opened, with a context. Tests of other rooms may use
 * it too. */
#ifndef TESTS_DB_BED_H
#define TESTS_DB_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/db.h"

typedef struct Bed {
    char url[512];
    char folder[64]; /* of the SQLite file; empty on PostgreSQL */
    char schema[64]; /* of PostgreSQL, one a test; empty on SQLite */
    Arena *arena;
    Random random;
    Ctx c;
} Bed;

/* For cmocka_unit_test_setup_teardown: *state becomes a Bed. */
int bed_make(void **state);
/* The same, but the database does not exist yet (on PostgreSQL: is empty) and is not opened. */
int bed_place(void **state);
int bed_remove(void **state);
bool bed_on_postgres(void);
/* The URL of EUTHYMIA_TEST_DB itself. */
const char *bed_server_url(void);

/* Another context of the same database, as another thread has: with an arena of its own. */
Ctx bed_context(const Bed *bed);
void bed_context_end(Ctx *c);
/* Opens the database once more. */
Ctx bed_open_again(const Bed *bed);
void bed_close_again(Ctx *c);

/* The first column of the first row; -1 where there is none. Fails the test on an error. */
int64_t bed_ask(Ctx *c, const Sql *sql, DbArgs args);
void bed_show_problems(const Ctx *c);
/* Whether a problem's text holds the words. */
bool bed_said(const Ctx *c, const char *words);

#define assert_ok(expr)       assert_int_equal((expr), OK)
#define TEST_ON_BED(function) cmocka_unit_test_setup_teardown(function, bed_make, bed_remove)

#endif
