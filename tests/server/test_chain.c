/* The audit's chains: what was altered, taken out or put in shows, and a head that was kept shows a lost end.
 */
#include "groups.h"

#include "bed.h"

#include "db/engine.h"
#include "server/chain.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* Computed with another implementation of BLAKE2b, from the rule in chain.h. */
static const char first_hash[] = "8749da704fecc3e9ea66304c57aedea46aef0dd5582c236f3da7d59e2b5ea7f9";
static const char second_hash[] = "a018698a393a065373b5428d8dea843d4a3435da8da62a0103b7deca0ab93a3c";

static AuditRow rows[] = {
    { .at_us = 1000000, .status = 200 },
    { .at_us = 2000000, .status = 200 },
    { .at_us = 3000000, .status = 404 },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void fill_rows(void)
{
    AuditRow *r = rows;
    r[0].id = S("a1"), r[0].account = S("raman"), r[0].role = S("physician"), r[0].person_id = S("p-1");
    r[0].address = S("127.0.0.1"), r[0].method = S("GET"), r[0].path = S("/fhir/Patient/7");
    r[0].patient_id = S("7"), r[0].interaction = S("Reads a resource"), r[0].request_id = S("q-1");
    r[1].id = S("a2"), r[1].address = S("127.0.0.1"), r[1].method = S("GET"), r[1].path = S("/health");
    r[1].interaction = S("Health"), r[1].request_id = S("q-2");
    r[2].id = S("a3"), r[2].method = S("GET"), r[2].path = S("/nowhere"), r[2].request_id = S("q-3");
}

static void add(Bed *bed, Str chain, const AuditRow *row, size_t n)
{
    Tx *tx;
    assert_ok(tx_begin(&bed->c, &tx));
    assert_ok(chain_add(&bed->c, chain, row, n));
    assert_ok(tx_commit(tx));
}

/* Two at once and one alone. */
static void fill(Bed *bed)
{
    fill_rows();
    add(bed, S("c-1"), rows, 2);
    add(bed, S("c-1"), &rows[2], 1);
}

static ChainReport verified(Bed *bed)
{
    ChainReport report;
    assert_ok(chain_verify(&bed->c, NULL, &report));
    return report;
}

/* Somebody with the database in his hands. */
static void lift_the_guard(Bed *bed)
{
    if (bed_on_postgres()) {
        assert_ok(db_exec(&bed->c, SQL("DROP TRIGGER audit_add_only ON audit"), NO_ARGS));
        return;
    }
    sqlite3_set_authorizer(writer_connection(bed->c.db->writer)->handle, NULL, NULL);
    assert_ok(db_exec(&bed->c, SQL("DROP TRIGGER audit_no_update"), NO_ARGS));
    assert_ok(db_exec(&bed->c, SQL("DROP TRIGGER audit_no_delete"), NO_ARGS));
}

static void hashes_are_those_of_another_implementation(void **state)
{
    Bed *bed = *state;
    fill_rows();
    Str first = chain_hash(bed->arena, S(""), 1, &rows[0]);
    assert_true(str_is(first, first_hash));
    assert_true(str_is(chain_hash(bed->arena, first, 2, &rows[1]), second_hash));
}

static void an_untouched_audit_verifies(void **state)
{
    Bed *bed = *state;
    ChainReport report = verified(bed);
    assert_int_equal(report.rows, 0);
    fill(bed);
    AuditRow other = { .id = S("b1"), .method = S("COMMAND"), .path = S("import") };
    add(bed, S("c-2"), &other, 1);
    report = verified(bed);
    assert_true(str_empty(report.first_fault));
    assert_int_equal(report.chains, 2);
    assert_int_equal(report.rows, 4);
}

static void what_is_rolled_back_leaves_no_gap(void **state)
{
    Bed *bed = *state;
    fill(bed);
    AuditRow lost = { .id = S("x"), .method = S("GET"), .path = S("/") };
    Tx *tx;
    assert_ok(tx_begin(&bed->c, &tx));
    assert_ok(chain_add(&bed->c, S("c-1"), &lost, 1));
    tx_done(&tx);
    lost.id = S("y");
    add(bed, S("c-1"), &lost, 1);
    ChainReport report = verified(bed);
    assert_true(str_empty(report.first_fault));
    assert_int_equal(report.rows, 4);
}

static void assert_fault(Bed *bed, const char *words)
{
    ChainReport report = verified(bed);
    if (!report.first_fault.p || !strstr(arena_cstr(bed->arena, report.first_fault), words))
        fail_msg("\"%.*s\" does not say \"%s\"", STR_ARG(report.first_fault), words);
}

static void an_altered_row_is_named(void **state)
{
    Bed *bed = *state;
    fill(bed);
    lift_the_guard(bed);
    assert_ok(db_exec(&bed->c, SQL("UPDATE audit SET account = 'nobody' WHERE id = 'a2'"), NO_ARGS));
    assert_fault(bed, "row 2, id a2, was altered");
    assert_ok(db_exec(&bed->c, SQL("UPDATE audit SET account = NULL WHERE id = 'a2'"), NO_ARGS));
    assert_true(str_empty(verified(bed).first_fault));
    assert_ok(db_exec(&bed->c, SQL("UPDATE audit SET at_us = at_us + 1 WHERE id = 'a1'"), NO_ARGS));
    assert_fault(bed, "row 1, id a1, was altered");
}

static void a_row_that_is_gone_is_named(void **state)
{
    Bed *bed = *state;
    fill(bed);
    lift_the_guard(bed);
    assert_ok(db_exec(&bed->c, SQL("DELETE FROM audit WHERE id = 'a2'"), NO_ARGS));
    assert_fault(bed, "row 2 is missing");
    assert_ok(db_exec(&bed->c, SQL("UPDATE audit SET number = 2 WHERE id = 'a3'"), NO_ARGS));
    assert_fault(bed, "row 2, id a3, was altered");
}

static void a_row_that_was_put_in_is_named(void **state)
{
    Bed *bed = *state;
    fill(bed);
    assert_ok(db_exec(&bed->c,
                      SQL("INSERT INTO audit (id, at_us, method, path, status, chain, number, hash) "
                          "VALUES ('z', 1, 'GET', '/', 200, 'c-1', 4, 'made up')"),
                      NO_ARGS));
    assert_fault(bed, "row 4, id z, was altered");
}

static Str head_line(Bed *bed, const AuditKey *key)
{
    AuditHead head;
    assert_ok(chain_head(&bed->c, S("c-1"), &head));
    assert_int_equal(head.number, ROWS);
    return chain_head_line(bed->arena, S("c-1"), &head, key);
}

static void a_kept_head_shows_a_lost_end(void **state)
{
    Bed *bed = *state;
    AuditKey key, other;
    Str fault;
    Str file = arena_fmt(bed->arena, "%s/key", bed->folder[0] ? bed->folder : "/tmp");
    if (!bed->folder[0])
        file = arena_fmt(bed->arena, "/tmp/%s.key", bed->schema);
    assert_ok(audit_key_open(&bed->c, file, &key));
    assert_ok(audit_key_open(&bed->c, file, &other));
    assert_memory_equal(&key, &other, sizeof key);
    (void)remove(arena_cstr(bed->arena, file));
    fill(bed);
    Str line = head_line(bed, &key);
    assert_ok(chain_check_head(&bed->c, line, &key, &fault));
    assert_true(str_empty(fault));
    assert_ok(audit_key_open(&bed->c, file, &other));
    (void)remove(arena_cstr(bed->arena, file));
    assert_ok(chain_check_head(&bed->c, line, &other, &fault));
    assert_true(str_ends(fault, S("not signed with this key")));
    lift_the_guard(bed);
    assert_ok(db_exec(&bed->c, SQL("DELETE FROM audit WHERE id = 'a3'"), NO_ARGS));
    assert_true(str_empty(verified(bed).first_fault)); /* what the chain alone cannot see */
    assert_ok(chain_check_head(&bed->c, line, &key, &fault));
    assert_true(str_ends(fault, S("is gone")));
    assert_int_equal(chain_check_head(&bed->c, S("no head"), &key, &fault), ERR_SYNTAX);
}

int run_chain_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(hashes_are_those_of_another_implementation),
        TEST_ON_BED(an_untouched_audit_verifies),
        TEST_ON_BED(what_is_rolled_back_leaves_no_gap),
        TEST_ON_BED(an_altered_row_is_named),
        TEST_ON_BED(a_row_that_is_gone_is_named),
        TEST_ON_BED(a_row_that_was_put_in_is_named),
        TEST_ON_BED(a_kept_head_shows_a_lost_end),
    };
    return cmocka_run_group_tests_name("audit chain", tests, NULL, NULL);
}
