#include "db/fault.h"

#include "db/engine.h"

/* Undoing is never failed: an engine that cannot even roll back is a lost connection, which is another test.
 */
static bool is_undo(const char *sql)
{
    return strncmp(sql, "ROLLBACK", strlen("ROLLBACK")) == 0;
}

static Err count_call(Connection *k)
{
    Db *db = k->db;
    if (++db->calls != db->fail_at)
        return OK;
    return trouble(k, db->fail_with, "failed on purpose");
}

/* Nor is the wait for the disk: the transaction is committed by then, and a test of its own fails it. */
static bool is_flush(const Connection *k, const char *sql)
{
    return sql == k->db->real_engine->flush;
}

static Err fault_script(Connection *k, const char *sql)
{
    if (!is_undo(sql) && !is_flush(k, sql))
        TRY(count_call(k));
    return k->db->real_engine->script(k, sql);
}

static Err fault_run(Statement *s, DbArgs args, Rows *r)
{
    TRY(count_call(s->on));
    return s->on->db->real_engine->run(s, args, r);
}

static Err fault_run_each(Connection *k, const Prepared *each, size_t n)
{
    TRY(count_call(k));
    return k->db->real_engine->run_each(k, each, n);
}

void db_fail_at(Db *db, int64_t k, Err err)
{
    if (!db->real_engine)
        db->real_engine = db->engine;
    db->fault_engine = *db->real_engine;
    db->fault_engine.script = fault_script;
    db->fault_engine.run = fault_run;
    db->fault_engine.run_each = fault_run_each;
    db->engine = k > 0 ? &db->fault_engine : db->real_engine;
    db->calls = 0;
    db->fail_at = k;
    db->fail_with = err;
}

bool db_failed(const Db *db)
{
    return db->fail_at > 0 && db->calls >= db->fail_at;
}
