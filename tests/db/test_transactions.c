#include "bed.h"
#include "groups.h"

#include "db/fault.h"

#define ADD         SQL("INSERT INTO counter (name, value) VALUES ($1, 1)")
#define COUNT_ADDED SQL("SELECT COUNT(*) FROM counter WHERE value = 1")

static Err add(Ctx *c, const char *name)
{
    return db_exec(c, ADD, ARGS(T(str_from(name))));
}

static int64_t added(Ctx *c)
{
    return bed_ask(c, COUNT_ADDED, NO_ARGS);
}

static Err add_two(Ctx *c, bool keep)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(add(c, "one"));
    TRY(add(c, "two"));
    return keep ? tx_commit(tx) : OK;
}

static void test_without_commit_nothing_is_kept(void **state)
{
    Bed *bed = *state;
    assert_ok(add_two(&bed->c, false));
    assert_null(bed->c.tx);
    assert_int_equal(added(&bed->c), 0);
    assert_ok(add_two(&bed->c, true));
    assert_int_equal(added(&bed->c), 2);
}

static void test_a_transaction_sees_itself_and_others_do_not(void **state)
{
    Bed *bed = *state;
    Ctx other = bed_context(bed);
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    assert_ok(add(&bed->c, "one"));
    assert_int_equal(added(&bed->c), 1);
    assert_int_equal(added(&other), 0);
    assert_ok(tx_commit(tx));
    assert_int_equal(added(&other), 1);
    bed_context_end(&other);
}

static Err inner(Ctx *c, bool keep)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(add(c, "inner"));
    return keep ? tx_commit(tx) : OK;
}

static Err outer(Ctx *c, bool inner_keeps, bool keep)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(add(c, "outer"));
    TRY(inner(c, inner_keeps));
    return keep ? tx_commit(tx) : OK;
}

static void test_an_inner_transaction_joins(void **state)
{
    Bed *bed = *state;
    assert_ok(outer(&bed->c, true, false));
    assert_int_equal(added(&bed->c), 0);
    assert_ok(outer(&bed->c, true, true));
    assert_int_equal(added(&bed->c), 2);
}

static void test_an_inner_without_commit_dooms_the_outer(void **state)
{
    Bed *bed = *state;
    assert_int_equal(outer(&bed->c, false, true), ERR_INTERNAL);
    assert_int_equal(added(&bed->c), 0);
}

static Err add_after_a_failure(Ctx *c)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(add(c, "one"));
    assert_int_equal(add(c, "one"), ERR_CONFLICT);
    assert_int_equal(add(c, "two"), ERR_CONFLICT);
    return tx_commit(tx);
}

static void test_a_failed_statement_dooms(void **state)
{
    Bed *bed = *state;
    assert_int_equal(add_after_a_failure(&bed->c), ERR_CONFLICT);
    assert_int_equal(added(&bed->c), 0);
    assert_ok(add(&bed->c, "one"));
}

static Err commit_with_open_rows(Ctx *c, Rows **ret_rows)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(add(c, "one"));
    TRY(add(c, "two"));
    TRY(db_query(c, SQL("SELECT name FROM counter ORDER BY name"), NO_ARGS, ret_rows));
    assert_true(rows_next(*ret_rows));
    return tx_commit(tx);
}

static void test_the_end_closes_open_rows(void **state)
{
    Bed *bed = *state;
    AUTO(rows_done) Rows *rows = NULL;
    assert_ok(commit_with_open_rows(&bed->c, &rows));
    assert_false(rows_next(rows));
    assert_null(rows_text(rows, 0).p);
    assert_int_equal(added(&bed->c), 2);
}

static void test_rows_from_before_live_on(void **state)
{
    Bed *bed = *state;
    assert_ok(add_two(&bed->c, true));
    AUTO(rows_done) Rows *rows = NULL;
    assert_ok(
        db_query(&bed->c, SQL("SELECT name FROM counter WHERE value = 1 ORDER BY name"), NO_ARGS, &rows));
    assert_true(rows_next(rows));
    assert_ok(db_exec(&bed->c, SQL("DELETE FROM counter WHERE value = 1"), NO_ARGS));
    assert_true(rows_next(rows));
    assert_true(str_is(rows_text(rows, 0), "two"));
    assert_int_equal(added(&bed->c), 0);
}

static Err add_under_locks(Ctx *c)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(tx_lock(c, S("Patient/1")));
    TRY(tx_lock(c, S("Patient/1")));
    TRY(add(c, "locked"));
    return tx_commit(tx);
}

static void test_a_lock_may_be_taken_twice(void **state)
{
    Bed *bed = *state;
    assert_ok(add_under_locks(&bed->c));
    assert_int_equal(added(&bed->c), 1);
}

static Err add_in_several_ways(Ctx *c)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(add(c, "one"));
    TRY(inner(c, true));
    DbArgs rows[] = { ARGS(T(S("three"))), ARGS(T(S("four"))) };
    TRY(db_exec_many(c, ADD, rows, 2));
    AUTO(rows_done) Rows *found = NULL;
    TRY(db_query(c, COUNT_ADDED, NO_ARGS, &found));
    return tx_commit(tx);
}

/* Whichever call fails, the caller hears that error, nothing is stored, and the next attempt works. */
static void test_any_call_may_fail(void **state)
{
    Bed *bed = *state;
    int64_t k = 1;
    for (;; k++) {
        db_fail_at(bed->c.db, k, ERR_DISK_FULL);
        Err e = add_in_several_ways(&bed->c);
        bool failed = db_failed(bed->c.db);
        db_fail_at(bed->c.db, 0, OK);
        if (!failed) {
            assert_ok(e);
            break;
        }
        assert_int_equal(e, ERR_DISK_FULL);
        assert_null(bed->c.tx);
        assert_int_equal(added(&bed->c), 0);
    }
    assert_in_range(k, 5, 12);
    assert_int_equal(added(&bed->c), 4);
}

static void test_a_later_schema_is_refused(void **state)
{
    Bed *bed = *state;
    assert_ok(db_exec(&bed->c, SQL("INSERT INTO migration (number, applied_us) VALUES (999, 0)"), NO_ARGS));
    Ctx other = bed_context(bed);
    other.db = NULL;
    assert_int_equal(db_open(&other, str_from(bed->url), &other.db), ERR_INTERNAL);
    assert_null(other.db);
    assert_true(bed_said(&other, "schema 999"));
    bed_context_end(&other);
}

static void test_counts(void **state)
{
    Bed *bed = *state;
    DbCounts before = db_counts(bed->c.db);
    assert_ok(add_two(&bed->c, true));
    assert_int_equal(add_two(&bed->c, false), ERR_CONFLICT);
    DbCounts after = db_counts(bed->c.db);
    assert_int_equal(after.transactions - before.transactions, 1);
    assert_int_equal(after.commits - before.commits, 1);
}

int run_transaction_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(test_without_commit_nothing_is_kept),
        TEST_ON_BED(test_a_transaction_sees_itself_and_others_do_not),
        TEST_ON_BED(test_an_inner_transaction_joins),
        TEST_ON_BED(test_an_inner_without_commit_dooms_the_outer),
        TEST_ON_BED(test_a_failed_statement_dooms),
        TEST_ON_BED(test_the_end_closes_open_rows),
        TEST_ON_BED(test_rows_from_before_live_on),
        TEST_ON_BED(test_a_lock_may_be_taken_twice),
        TEST_ON_BED(test_any_call_may_fail),
        TEST_ON_BED(test_a_later_schema_is_refused),
        TEST_ON_BED(test_counts),
    };
    return cmocka_run_group_tests_name("db transactions", tests, NULL, NULL);
}
