#include "bed.h"
#include "groups.h"

#include "base/buf.h"
#include "db/engine.h"

#define ADD_COUNTER SQL("INSERT INTO counter (name, value) VALUES ($1, $2)")

static void add_sample(Ctx *c, Str name, Str note, DbArg number)
{
    assert_ok(db_exec(c, SQL("INSERT INTO sample (name, note, number) VALUES ($1, $2, $3)"),
                      ARGS(T(name), T(note), number)));
}

static Rows *sample_rows(Ctx *c, Str name)
{
    Rows *rows = NULL;
    assert_ok(db_query(c, SQL("SELECT note, number FROM sample WHERE name = $1"), ARGS(T(name)), &rows));
    assert_true(rows_next(rows));
    return rows;
}

static void test_values_come_back(void **state)
{
    Bed *bed = *state;
    const struct {
        Str text;
        int64_t integer;
    } cases[] = {
        { S("plain"), 0 },
        { S(""), 1 },
        { STR_NONE, -1 },
        { S("Zoë Ångström 東京 \xF0\x9F\xA6\x8B"), INT64_MAX },
        { S("it's $1; -- \" \\ \r\n\t"), INT64_MIN },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str name = arena_fmt(bed->arena, "t%zu", i);
        add_sample(&bed->c, name, cases[i].text, I(cases[i].integer));
        AUTO(rows_done) Rows *rows = sample_rows(&bed->c, name);
        Str text = rows_text(rows, 0);
        assert_int_equal(text.p == NULL, cases[i].text.p == NULL);
        assert_true(str_eq(text, cases[i].text));
        assert_int_equal(rows_null(rows, 0), cases[i].text.p == NULL);
        assert_true(rows_int(rows, 1) == cases[i].integer);
        assert_false(rows_next(rows));
        assert_ok(rows_error(rows));
    }
}

static void test_an_integer_may_be_null(void **state)
{
    Bed *bed = *state;
    add_sample(&bed->c, S("null"), S("x"), I_NULL);
    AUTO(rows_done) Rows *rows = sample_rows(&bed->c, S("null"));
    assert_true(rows_null(rows, 1));
    assert_int_equal(rows_int(rows, 1), 0);
}

static void test_a_large_text_comes_back(void **state)
{
    Bed *bed = *state;
    size_t n = 3 * 1024 * 1024 + 7;
    char *p = arena_new(bed->arena, char, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 26);
    add_sample(&bed->c, S("large"), (Str){ p, n }, I(0));
    AUTO(rows_done) Rows *rows = sample_rows(&bed->c, S("large"));
    assert_true(str_eq(rows_text(rows, 0), ((Str){ p, n })));
}

static void test_text_sorts_by_bytes(void **state)
{
    Bed *bed = *state;
    static const char *const in_order[] = { "", "A", "B", "Z", "_", "a", "a b", "aB", "ab", "b", "é", "東" };
    size_t n = sizeof in_order / sizeof in_order[0];
    for (size_t i = n; i-- > 0;)
        assert_ok(db_exec(&bed->c, ADD_COUNTER, ARGS(T(str_from(in_order[i])), I(1))));
    AUTO(rows_done) Rows *rows = NULL;
    assert_ok(
        db_query(&bed->c, SQL("SELECT name FROM counter WHERE value = 1 ORDER BY name"), NO_ARGS, &rows));
    for (size_t i = 0; i < n; i++) {
        assert_true(rows_next(rows));
        assert_true(str_is(rows_text(rows, 0), in_order[i]));
    }
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter WHERE name >= $1 AND name < $2"),
                             ARGS(T(S("a")), T(S("b")))),
                     4);
}

static void test_parameters_go_by_number(void **state)
{
    Bed *bed = *state;
    assert_ok(db_exec(&bed->c, SQL("INSERT INTO counter (value, name) VALUES ($2, $1)"),
                      ARGS(T(S("named")), I(42))));
    assert_int_equal(bed_ask(&bed->c,
                             SQL("SELECT value FROM counter WHERE value < $3 AND name = $1 AND value > $2"
                                 " AND name = $1"),
                             ARGS(T(S("named")), I(41), I(43))),
                     42);
}

static void test_reading_cannot_write(void **state)
{
    Bed *bed = *state;
    AUTO(rows_done) Rows *rows = NULL;
    Err e = db_query(&bed->c, SQL("UPDATE counter SET value = 9 WHERE name = 'event' RETURNING value"),
                     NO_ARGS, &rows);
    assert_int_equal(e, ERR_INTERNAL);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT value FROM counter WHERE name = 'event'"), NO_ARGS), 0);
}

static void test_a_taken_key_is_a_conflict(void **state)
{
    Bed *bed = *state;
    DbArgs args = ARGS(T(S("Secret Patient")), I(1));
    assert_ok(db_exec(&bed->c, ADD_COUNTER, args));
    assert_int_equal(db_exec(&bed->c, ADD_COUNTER, args), ERR_CONFLICT);
    assert_false(bed_said(&bed->c, "Secret"));
    assert_ok(db_exec(&bed->c,
                      SQL("INSERT INTO counter (name, value) VALUES ($1, $2)"
                          " ON CONFLICT (name) DO UPDATE SET value = counter.value + 1"),
                      args));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT value FROM counter WHERE name = $1"), ARGS(args.at[0])), 2);
}

static void test_a_missing_value_is_refused(void **state)
{
    Bed *bed = *state;
    assert_int_equal(db_exec(&bed->c, ADD_COUNTER, ARGS(T(S("x")), I_NULL)), ERR_INTERNAL);
    assert_true(bed_said(&bed->c, "value"));
    assert_true(bed_said(&bed->c, "test_statements.c:"));
}

static void test_a_nul_is_refused(void **state)
{
    Bed *bed = *state;
    assert_int_equal(db_exec(&bed->c, ADD_COUNTER, ARGS(T(S("a\0b")), I(1))), ERR_INVALID);
}

static void test_a_wrong_text_is_named(void **state)
{
    Bed *bed = *state;
    static const Sql wrong = { "SELECT name FROM nowhere", "room/file.c", 7 };
    AUTO(rows_done) Rows *rows = NULL;
    assert_int_equal(db_query(&bed->c, &wrong, NO_ARGS, &rows), ERR_INTERNAL);
    assert_true(bed_said(&bed->c, "nowhere"));
    assert_true(bed_said(&bed->c, "room/file.c:7"));
}

static void test_an_insert_of_several_rows(void **state)
{
    static const struct {
        const char *insert, *of_three; /* NULL: stays one of one */
    } cases[] = {
        { "INSERT INTO t (a, b) VALUES ($1, $2)",
          "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4), ($5, $6)" },
        { "INSERT INTO t (a, b) VALUES ($2, lower($1)) ON CONFLICT DO NOTHING",
          "INSERT INTO t (a, b) VALUES ($2, lower($1)), ($4, lower($3)), ($6, lower($5)) ON CONFLICT DO "
          "NOTHING" },
        { "INSERT INTO t (a, b) VALUES ((SELECT MAX(a) FROM t) + $1, $2)", NULL },
        { "INSERT INTO t SELECT $1, $2", NULL },
        { "UPDATE t SET a = $1 WHERE b = $2", NULL },
    };
    (void)state;
    AUTO(arena_done) Arena *a = arena_create(1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *wide = insert_of_rows(a, cases[i].insert, 3, 2);
        assert_true(cases[i].of_three ? wide && strcmp(wide, cases[i].of_three) == 0 : !wide);
    }
}

static void test_a_wrong_count_of_arguments_is_refused(void **state)
{
    Bed *bed = *state;
    assert_int_equal(db_exec(&bed->c, ADD_COUNTER, ARGS(T(S("x")))), ERR_INTERNAL);
    assert_int_equal(db_exec(&bed->c, ADD_COUNTER, ARGS(T(S("x")), I(1), I(2))), ERR_INTERNAL);
}

static void add_counters(Ctx *c, int64_t n)
{
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(c, &tx));
    for (int64_t i = 0; i < n; i++)
        assert_ok(db_exec(c, ADD_COUNTER, ARGS(T(arena_fmt(c->arena, "n%04d", (int)i)), I(i))));
    assert_ok(tx_commit(tx));
}

static int64_t sum_below(Ctx *c, int64_t value)
{
    AUTO(rows_done) Rows *rows = NULL;
    int64_t sum = value;
    assert_ok(
        db_query(c, SQL("SELECT value FROM counter WHERE value < $1 AND name <> 'event' ORDER BY value DESC"),
                 ARGS(I(value)), &rows));
    if (rows_next(rows))
        sum += sum_below(c, rows_int(rows, 0));
    return sum;
}

static void test_a_statement_may_be_open_many_times(void **state)
{
    Bed *bed = *state;
    add_counters(&bed->c, 20);
    assert_int_equal(sum_below(&bed->c, 20), 210);
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    assert_int_equal(sum_below(&bed->c, 20), 210);
    assert_ok(tx_commit(tx));
}

static void test_rows_may_be_left_half_read(void **state)
{
    Bed *bed = *state;
    add_counters(&bed->c, 20);
    for (int i = 0; i < 3; i++) {
        AUTO(rows_done) Rows *rows = NULL;
        assert_ok(db_query(&bed->c, SQL("SELECT name FROM counter WHERE name <> 'event' ORDER BY name"),
                           NO_ARGS, &rows));
        assert_true(rows_next(rows));
        assert_true(str_is(rows_text(rows, 0), "n0000"));
    }
}

static void test_the_end_stays_the_end(void **state)
{
    Bed *bed = *state;
    AUTO(rows_done) Rows *rows = NULL;
    assert_ok(db_query(&bed->c, SQL("SELECT value FROM counter"), NO_ARGS, &rows));
    assert_true(rows_next(rows));
    for (int i = 0; i < 3; i++)
        assert_false(rows_next(rows));
    assert_ok(rows_error(rows));
}

static void test_returning_answers_what_was_written(void **state)
{
    Bed *bed = *state;
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    assert_ok(db_query(&bed->c, SQL("UPDATE counter SET value = value + $1 RETURNING name, value"),
                       ARGS(I(5)), &rows));
    assert_true(rows_next(rows));
    assert_true(str_is(rows_text(rows, 0), "event"));
    assert_int_equal(rows_int(rows, 1), 5);
    assert_ok(tx_commit(tx));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT value FROM counter"), NO_ARGS), 5);
}

static DbArgs *counter_rows(Arena *a, size_t n)
{
    DbArgs *rows = arena_new(a, DbArgs, n);
    for (size_t i = 0; i < n; i++) {
        DbArg *row = arena_new(a, DbArg, 2);
        row[0] = T(arena_fmt(a, "m%05zu", i));
        row[1] = I((int64_t)i);
        rows[i] = (DbArgs){ row, 2 };
    }
    return rows;
}

static void test_many_rows_at_once(void **state)
{
    Bed *bed = *state;
    enum { MANY = 3000 };
    AUTO(tx_done) Tx *tx = NULL;
    assert_ok(tx_begin(&bed->c, &tx));
    assert_ok(db_exec_many(&bed->c, ADD_COUNTER, NULL, 0));
    assert_ok(db_exec_many(&bed->c, ADD_COUNTER, counter_rows(bed->arena, MANY), MANY));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS), MANY + 1);
    assert_ok(tx_commit(tx));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT SUM(value) FROM counter"), NO_ARGS), MANY * (MANY - 1) / 2);
}

static Err add_many_with_a_duplicate(Ctx *c)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    DbArgs *rows = counter_rows(c->arena, 600);
    rows[300] = rows[299];
    assert_int_equal(db_exec_many(c, ADD_COUNTER, rows, 600), ERR_CONFLICT);
    return tx_commit(tx);
}

static void test_one_bad_row_of_many_stores_none(void **state)
{
    Bed *bed = *state;
    assert_int_equal(add_many_with_a_duplicate(&bed->c), ERR_CONFLICT);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM counter"), NO_ARGS), 1);
}

static void test_more_texts_than_are_kept(void **state)
{
    Bed *bed = *state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < STATEMENTS_KEPT + 50; i++) {
            const char *text = arena_cstr(bed->arena, arena_fmt(bed->arena, "SELECT %d + $1", i));
            AUTO(rows_done) Rows *rows = NULL;
            assert_ok(db_query_composed(&bed->c, text, ARGS(I(1)), &rows));
            assert_true(rows_next(rows));
            assert_int_equal(rows_int(rows, 0), i + 1);
        }
    }
}

static void test_every_text_of_the_room_prepares(void **state)
{
    Bed *bed = *state;
    const Sql *const *first, *const *end;
    db_sql_texts(&first, &end);
    assert_true(end - first > 10);
    Err e = db_check_texts(&bed->c);
    bed_show_problems(&bed->c);
    assert_ok(e);
}

static void test_what_must_not_change_cannot(void **state)
{
    Bed *bed = *state;
    assert_ok(db_exec(
        &bed->c, SQL("INSERT INTO audit (id, at_us, method, path, status) VALUES ('a', 1, 'GET', '/', 200)"),
        NO_ARGS));
    assert_ok(db_exec(&bed->c,
                      SQL("INSERT INTO resource_history (type, id, version, updated_us, deleted, body)"
                          " VALUES ('Patient', '1', 1, 1, 0, '{}')"),
                      NO_ARGS));
    assert_int_equal(db_exec(&bed->c, SQL("UPDATE audit SET status = 500"), NO_ARGS), ERR_INTERNAL);
    assert_int_equal(db_exec(&bed->c, SQL("DELETE FROM audit"), NO_ARGS), ERR_INTERNAL);
    assert_int_equal(db_exec(&bed->c, SQL("UPDATE resource_history SET version = 2"), NO_ARGS), ERR_INTERNAL);
    assert_int_equal(db_exec(&bed->c, SQL("DELETE FROM resource_history"), NO_ARGS), ERR_INTERNAL);
    assert_true(bed_said(&bed->c, bed_on_postgres() ? "rows of audit are only added" : "not authorized"));
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT status FROM audit"), NO_ARGS), 200);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT version FROM resource_history"), NO_ARGS), 1);
}

/* Nor the way around: what guards the rows cannot be taken away either. Of PostgreSQL's role: tests/api. */
static void test_sqlite_guards_its_guards(void **state)
{
    static const char *const ways[] = {
        "DROP TRIGGER audit_no_update",
        "DROP TRIGGER resource_history_no_delete",
        "DROP TABLE audit",
        "ALTER TABLE resource_history RENAME TO past",
        "ALTER TABLE AUDIT RENAME COLUMN status TO answer",
        "CREATE TRIGGER mine AFTER INSERT ON audit BEGIN DELETE FROM counter; END",
        "CREATE TEMP TRIGGER mine AFTER INSERT ON counter BEGIN DELETE FROM audit; END",
        "WITH one AS (SELECT 1) UPDATE main.audit SET status = 500",
        "INSERT OR REPLACE INTO audit (id, at_us, method, path, status) VALUES ('a', 1, 'GET', '/', 500)",
        "PRAGMA writable_schema = ON",
        "PRAGMA Recursive_Triggers = OFF",
    };
    Bed *bed = *state;
    if (bed_on_postgres())
        skip();
    assert_ok(db_exec(
        &bed->c, SQL("INSERT INTO audit (id, at_us, method, path, status) VALUES ('a', 1, 'GET', '/', 200)"),
        NO_ARGS));
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        Tx *tx;
        assert_ok(tx_begin(&bed->c, &tx));
        AUTO(rows_done) Rows *rows = NULL;
        if (db_query_composed(&bed->c, ways[i], NO_ARGS, &rows) == OK)
            fail_msg("allowed: %s", ways[i]);
        tx_done(&tx);
    }
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT status FROM audit"), NO_ARGS), 200);
}

int run_statement_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(test_values_come_back),
        TEST_ON_BED(test_an_integer_may_be_null),
        TEST_ON_BED(test_a_large_text_comes_back),
        TEST_ON_BED(test_text_sorts_by_bytes),
        TEST_ON_BED(test_parameters_go_by_number),
        TEST_ON_BED(test_reading_cannot_write),
        TEST_ON_BED(test_a_taken_key_is_a_conflict),
        TEST_ON_BED(test_a_missing_value_is_refused),
        TEST_ON_BED(test_a_nul_is_refused),
        TEST_ON_BED(test_a_wrong_text_is_named),
        TEST_ON_BED(test_a_wrong_count_of_arguments_is_refused),
        cmocka_unit_test(test_an_insert_of_several_rows),
        TEST_ON_BED(test_a_statement_may_be_open_many_times),
        TEST_ON_BED(test_rows_may_be_left_half_read),
        TEST_ON_BED(test_the_end_stays_the_end),
        TEST_ON_BED(test_returning_answers_what_was_written),
        TEST_ON_BED(test_many_rows_at_once),
        TEST_ON_BED(test_one_bad_row_of_many_stores_none),
        TEST_ON_BED(test_more_texts_than_are_kept),
        TEST_ON_BED(test_every_text_of_the_room_prepares),
        TEST_ON_BED(test_what_must_not_change_cannot),
        TEST_ON_BED(test_sqlite_guards_its_guards),
    };
    return cmocka_run_group_tests_name("db statements", tests, NULL, NULL);
}
