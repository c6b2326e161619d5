/* What only one of the engines can do or suffer. */
#include "bed.h"
#include "groups.h"

#include "db/engine.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ADD SQL("INSERT INTO counter (name, value) VALUES ($1, $2)")

/* ---- SQLite ---- */

static Err set_pages(Ctx *c, const char *pragma)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query_composed(c, pragma, NO_ARGS, &rows));
    return tx_commit(tx);
}

static Err fill(Ctx *c, int from, int *ret_added)
{
    char *p = arena_new(c->arena, char, 20000);
    memset(p, 'x', 20000);
    Err e = OK;
    for (int i = from; e == OK && i < from + 1000; i++) {
        e = db_exec(c,
                    SQL("INSERT INTO resource (type, id, version, updated_us, deleted, body)"
                        " VALUES ('Binary', $1, 1, 0, 0, $2)"),
                    ARGS(T(arena_fmt(c->arena, "%d", i)), T(((Str){ p, 20000 }))));
        *ret_added += e == OK;
    }
    return e;
}

static void test_a_full_disk(void **state)
{
    Bed *bed = *state;
    int added = 0;
    assert_ok(set_pages(&bed->c, "PRAGMA max_page_count = 300"));
    assert_int_equal(fill(&bed->c, 0, &added), ERR_DISK_FULL);
    assert_true(added > 10);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM resource"), NO_ARGS), added);
    assert_ok(set_pages(&bed->c, "PRAGMA max_page_count = 100000"));
    assert_ok(fill(&bed->c, 1000, &added));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM resource"), NO_ARGS), added);
}

static void test_settings(void **state)
{
    Bed *bed = *state;
    static const struct {
        const char *pragma, *is;
    } settings[] = { { "PRAGMA journal_mode", "wal" },
                     { "PRAGMA synchronous", "2" },
                     { "PRAGMA foreign_keys", "1" } };
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        AUTO(rows_done) Rows *rows = NULL;
        assert_ok(db_query_composed(&bed->c, settings[i].pragma, NO_ARGS, &rows));
        assert_true(rows_next(rows));
        assert_true(str_is(rows_text(rows, 0), settings[i].is));
    }
    assert_ok(tx_commit(tx));
}

static void test_the_file_is_private(void **state)
{
    Bed *bed = *state;
    static const char *const endings[] = { "", "-wal" };
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("x")), I(1))));
    for (size_t i = 0; i < 2; i++) {
        struct stat file;
        Str name = arena_fmt(bed->arena, "%s/clinic.db%s", bed->folder, endings[i]);
        assert_int_equal(stat(name.p, &file), 0);
        assert_int_equal(file.st_mode & 0777, S_IRUSR | S_IWUSR);
    }
}

static void test_a_closed_database_is_one_file(void **state)
{
    Bed *bed = *state;
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("x")), I(1))));
    bed->c.db = db_close(bed->c.db);
    Str log = arena_fmt(bed->arena, "%s/clinic.db-wal", bed->folder);
    assert_int_not_equal(access(log.p, F_OK), 0);
    assert_ok(db_open(&bed->c, str_from(bed->url), &bed->c.db));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS), 2);
}

static void expect_no_database(const char *url, Err err, const char *words)
{
    Ctx c = { .arena = arena_create(1 << 20) };
    assert_int_equal(db_open(&c, str_from(url), &c.db), err);
    assert_null(c.db);
    if (!bed_said(&c, words))
        fail_msg("%.*s", STR_ARG(c.problems.at[0].text));
    c.arena = arena_destroy(c.arena);
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    expect_no_database("sqlite:", ERR_INTERNAL, "is not the name of a file");
    expect_no_database("sqlite::memory:", ERR_INTERNAL, "is not the name of a file");
    expect_no_database("/nowhere/at/all.db", ERR_INTERNAL, "/nowhere/at/all.db");
    expect_no_database("/etc/hostname", ERR_INTERNAL, "not a database");
}

int run_sqlite_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(test_a_full_disk),          TEST_ON_BED(test_settings),
        TEST_ON_BED(test_the_file_is_private),  TEST_ON_BED(test_a_closed_database_is_one_file),
        cmocka_unit_test(test_what_is_no_file),
    };
    return bed_on_postgres() ? 0 : cmocka_run_group_tests_name("db on SQLite", tests, NULL, NULL);
}

/* ---- PostgreSQL ---- */

static void on_server(const char *sql)
{
    PGconn *server = PQconnectdb(bed_server_url());
    assert_int_equal(PQstatus(server), CONNECTION_OK);
    PGresult *result = PQexec(server, sql);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        fail_msg("%s", PQerrorMessage(server));
    PQclear(result);
    PQfinish(server);
}

/* The bed's own only: other tests are on the same server. */
static void cut_connections(const Bed *bed)
{
    char sql[192];
    (void)snprintf(sql, sizeof sql,
                   "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '%s'",
                   bed->schema);
    on_server(sql);
}

static void test_a_lost_connection_is_opened_again(void **state)
{
    Bed *bed = *state;
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("before")), I(1))));
    cut_connections(bed);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS), 2);
    cut_connections(bed);
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("after")), I(1))));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS), 3);
}

static Err write_while_cut(const Bed *bed, Ctx *c)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(db_exec(c, ADD, ARGS(T(S("lost")), I(1))));
    cut_connections(bed);
    TRY(db_exec(c, ADD, ARGS(T(S("lost too")), I(1))));
    return tx_commit(tx);
}

static void test_a_connection_lost_in_a_transaction(void **state)
{
    Bed *bed = *state;
    assert_int_equal(write_while_cut(bed, &bed->c), ERR_UNAVAILABLE);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS), 1);
    assert_ok(db_exec(&bed->c, ADD, ARGS(T(S("after")), I(1))));
}

typedef struct Crossing {
    const Bed *bed;
    const char *first, *second;
    pthread_t thread;
    Err err;
} Crossing;

static Err cross(Ctx *c, const Crossing *x)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(tx_lock(c, str_from(x->first)));
    nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000000L }, NULL);
    TRY(tx_lock(c, str_from(x->second)));
    return tx_commit(tx);
}

static void *cross_thread(void *argument)
{
    Crossing *x = argument;
    Ctx c = bed_context(x->bed);
    x->err = cross(&c, x);
    bed_context_end(&c);
    return NULL;
}

static void test_a_deadlock_ends_one_of_two(void **state)
{
    Bed *bed = *state;
    Crossing a = { .bed = bed, .first = "a", .second = "b" }, b = { .bed = bed, .first = "b", .second = "a" };
    assert_int_equal(pthread_create(&a.thread, NULL, cross_thread, &a), 0);
    assert_int_equal(pthread_create(&b.thread, NULL, cross_thread, &b), 0);
    pthread_join(a.thread, NULL);
    pthread_join(b.thread, NULL);
    assert_true((a.err == OK && b.err == ERR_UNAVAILABLE) || (a.err == ERR_UNAVAILABLE && b.err == OK));
}

/* The server's URL with another database's name. */
static const char *url_of(Arena *a, const char *database)
{
    Str url = str_from(bed_server_url());
    size_t slash = url.n;
    while (slash > 0 && url.p[slash - 1] != '/')
        slash--;
    return arena_fmt(a, "%.*s%s", (int)slash, url.p, database).p;
}

static void test_another_order_of_text_is_refused(void **state)
{
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(1 << 20);
    static const struct {
        const char *make, *words;
    } cases[] = {
        { "CREATE DATABASE refused TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'", "C.UTF-8" },
        { "CREATE DATABASE refused TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'", "SQL_ASCII" },
        { "CREATE DATABASE refused TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu"
          " ICU_LOCALE 'en-US'",
          "collation provider" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        on_server("DROP DATABASE IF EXISTS refused");
        on_server(cases[i].make);
        expect_no_database(url_of(a, "refused"), ERR_INTERNAL, cases[i].words);
        expect_no_database(url_of(a, "refused"), ERR_INTERNAL,
                           "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
    }
    on_server("DROP DATABASE refused");
}

/* In a cluster whose default is not C, the database that initdb made is refused; EUTHYMIA_TEST_PG_NOT_C is
 * such a cluster's URL of its database 'euthymia', which was made as it must be. */
static void test_a_cluster_of_another_locale(void **state)
{
    (void)state;
    const char *url = getenv("EUTHYMIA_TEST_PG_NOT_C");
    if (!url)
        skip();
    AUTO(arena_done) Arena *a = arena_create(1 << 20);
    Str server = str_slice(str_from(url), 0, strlen(url) - strlen("euthymia"));
    expect_no_database(arena_fmt(a, "%.*spostgres", STR_ARG(server)).p, ERR_INTERNAL, "collation is");
    Ctx c = { .arena = a };
    int64_t schema;
    assert_ok(db_migrate(&c, str_from(url), STR_NONE, &schema));
    assert_ok(db_open(&c, str_from(url), &c.db));
    c.db = db_close(c.db);
}

/* Only the owner of the tables makes them: whoever opens the database is told what to do. */
static void test_tables_are_made_by_their_owner(void **state)
{
    Bed *bed = *state;
    Ctx c = { .arena = arena_create(1 << 20) };
    int64_t schema;
    assert_int_equal(db_open(&c, str_from(bed->url), &c.db), ERR_INTERNAL);
    assert_true(bed_said(&c, "euthymia migrate --db OWNER_URL"));
    assert_int_equal(db_migrate(&c, str_from(bed->url), S("no \"such' role"), &schema), ERR_INTERNAL);
    assert_true(bed_said(&c, "does not exist"));
    assert_ok(db_migrate(&c, str_from(bed->url), STR_NONE, &schema));
    assert_ok(db_open(&c, str_from(bed->url), &c.db));
    assert_int_equal(bed_ask(&c, SQL("SELECT MAX(number) FROM migration"), NO_ARGS), schema);
    assert_int_equal(db_check_add_only(&c), ERR_FORBIDDEN);
    assert_true(bed_said(&c, "must run as another one"));
    c.db = db_close(c.db);
    c.arena = arena_destroy(c.arena);
}

static void test_nobody_listens(void **state)
{
    (void)state;
    expect_no_database("postgres://euthymia@127.0.0.1:1/euthymia", ERR_UNAVAILABLE, "127.0.0.1");
}

static Str ask_text(Ctx *c, const char *sql, DbArgs args)
{
    AUTO(rows_done) Rows *rows = NULL;
    assert_ok(db_query_composed(c, sql, args, &rows));
    assert_true(rows_next(rows));
    return arena_str(c->arena, rows_text(rows, 0));
}

static Str write_row(Ctx *c, int64_t number)
{
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(c, &tx));
    assert_ok(db_exec(c, SQL("INSERT INTO counter (name, value) VALUES ($1, $2)"),
                      ARGS(T(arena_fmt(c->arena, "flushed %lld", (long long)number)), I(number))));
    Str written = ask_text(c, "SELECT pg_current_wal_insert_lsn()::text", NO_ARGS);
    assert_ok(tx_commit(tx));
    return written;
}

static bool is_flushed(Ctx *c, Str written)
{
    return str_is(ask_text(c, "SELECT (pg_current_wal_flush_lsn() > $1::pg_lsn)::text", ARGS(T(written))),
                  "true");
}

/* What the server's log has flushed when a commit returns reaches beyond what the transaction wrote. */
static void test_a_commit_returns_when_it_is_flushed(void **state)
{
    Bed *bed = *state;
    for (int i = 0; i < 20; i++)
        assert_true(is_flushed(&bed->c, write_row(&bed->c, i)));
}

static void *write_rows(void *arg)
{
    Bed *bed = arg;
    static _Atomic int64_t next = 1000;
    Ctx c = { .arena = arena_create(1 << 24), .db = bed->c.db };
    bool all = true;
    for (int i = 0; i < 50; i++)
        all &= is_flushed(&c, write_row(&c, next++));
    c.arena = arena_destroy(c.arena);
    return all ? NULL : arg;
}

/* The same where many wait for one flush. */
static void test_commits_that_wait_together_are_flushed(void **state)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_rows, *state), 0);
    for (int i = 0; i < THREADS; i++) {
        void *not_flushed;
        pthread_join(threads[i], &not_flushed);
        assert_null(not_flushed);
    }
}

/* Whoever wrote hears that it is not known to be on the disk, and no connection is left in what failed. */
static void test_a_flush_that_fails_is_told(void **state)
{
    Bed *bed = *state;
    const Engine *whole = bed->c.db->engine;
    Engine broken = *whole;
    broken.flush = "BEGIN; SELECT 1 / 0";
    assert_ok(db_exec(&bed->c, SQL("DELETE FROM counter WHERE name = 'broken'"), NO_ARGS));
    bed->c.db->engine = &broken;
    Err e = db_exec(&bed->c, SQL("INSERT INTO counter (name, value) VALUES ('broken', 1)"), NO_ARGS);
    bed->c.db->engine = whole;
    assert_int_not_equal(e, OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter WHERE name = 'broken'"), NO_ARGS),
                         1);
}

int run_postgres_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tables_are_made_by_their_owner, bed_place, bed_remove),
        TEST_ON_BED(test_a_lost_connection_is_opened_again),
        TEST_ON_BED(test_a_connection_lost_in_a_transaction),
        TEST_ON_BED(test_a_deadlock_ends_one_of_two),
        TEST_ON_BED(test_a_commit_returns_when_it_is_flushed),
        TEST_ON_BED(test_commits_that_wait_together_are_flushed),
        TEST_ON_BED(test_a_flush_that_fails_is_told),
        cmocka_unit_test(test_another_order_of_text_is_refused),
        cmocka_unit_test(test_a_cluster_of_another_locale),
        cmocka_unit_test(test_nobody_listens),
    };
    return bed_on_postgres() ? cmocka_run_group_tests_name("db on PostgreSQL", tests, NULL, NULL) : 0;
}
