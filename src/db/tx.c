#include "db/engine.h"

#include <assert.h>

static void close_rows(Tx *tx)
{
    while (tx->open) {
        Rows *r = tx->open;
        tx->open = r->next_open;
        rows_close(r);
    }
}

/* ---- an engine whose transactions are independent of each other ---- */

static Err begin_alone(Ctx *c, Tx *tx, const char *begin)
{
    const Engine *engine = c->db->engine;
    Connection *k = NULL;
    TRY(connection_take(c, c->db, &k));
    k->crossed = false;
    Err e = engine->script(k, begin);
    if (e != OK && k->lost) {
        TRY(connection_replace(c, &k));
        e = engine->script(k, begin);
    }
    if (e != OK) {
        e = report(c, e, k->trouble, NULL);
        connection_give(k);
        return e;
    }
    tx->connection = k;
    return OK;
}

static Err commit_alone(Tx *tx)
{
    Connection *k = tx->connection;
    Err e = k->db->engine->script(k, "COMMIT");
    if (e != OK)
        return report(tx->c, e, k->trouble, NULL);
    k->db->transactions++;
    k->db->commits++;
    return OK;
}

static Err end_alone(Tx *tx, Err why)
{
    Connection *k = tx->connection;
    Db *db = k->db;
    Err e = why ?: commit_alone(tx);
    if (e != OK && !k->lost && db->engine->in_transaction(k))
        k->lost = db->engine->script(k, "ROLLBACK") != OK;
    tx->crossed = e != OK && k->crossed;
    connection_give(k);
    return e != OK || tx->is_snapshot ? e : barrier_wait(tx->c, db);
}

/* ---- an engine whose transactions share a writer ---- */

static Err begin_shared(Ctx *c, Tx *tx)
{
    tx->connection = writer_connection(c->db->writer);
    Err e = writer_begin(c->db->writer, &tx->job);
    return e == OK ? OK : report(c, e, tx->job.trouble, NULL);
}

static Err await_shared(Tx *tx)
{
    Err e = writer_await(tx->connection->db->writer, &tx->job);
    return e == tx->why ? e : report(tx->c, e, tx->job.trouble, NULL);
}

static Err end_shared(Tx *tx, Err why)
{
    tx->why = why;
    (void)writer_leave(tx->connection->db->writer, &tx->job, why, false);
    return await_shared(tx);
}

/* ---- both ---- */

static Err begin(Ctx *c, Tx **ret_tx)
{
    Tx *tx = arena_new(c->arena, Tx, 1);
    tx->c = c;
    tx->arena = c->arena;
    tx->outer = c->tx;
    if (tx->outer) {
        TRY(tx->outer->doomed);
    } else {
        TRY(c->db->engine->one_writer ? begin_shared(c, tx) : begin_alone(c, tx, c->db->engine->begin));
        c->tx = tx;
    }
    *ret_tx = tx;
    return OK;
}

/* ---- numbers ---- */

enum { NUMBERS_BITS = 32 };

/* Each program that writes has the numbers of one great block to itself, and takes the block in a transaction
 * of its own, so that it stays taken whatever becomes of what follows. Two threads may take one each: the
 * first stands. */
static Err take_numbers(Ctx *c)
{
    int64_t none = 0;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(begin(c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("INSERT INTO number_block (name, newest) VALUES ('resource', 1)"
                     " ON CONFLICT (name) DO UPDATE SET newest = number_block.newest + 1 RETURNING newest"),
                 NO_ARGS, &rows));
    int64_t block = rows_next(rows) ? rows_int(rows, 0) : 0;
    TRY(rows_error(rows));
    TRY(tx_commit(tx));
    assert(block > 0 && block < INT64_C(1) << (62 - NUMBERS_BITS));
    (void)atomic_compare_exchange_strong(&c->db->next_number, &none, block << NUMBERS_BITS);
    return OK;
}

int64_t db_number(Ctx *c)
{
    assert(c->tx && c->db->next_number > 0);
    int64_t number = c->db->next_number++;
    assert((number + 1) % (INT64_C(1) << NUMBERS_BITS) != 0);
    return number;
}

Err tx_begin(Ctx *c, Tx **ret_tx)
{
    if (!c->tx && c->db->has_schema && !c->db->next_number)
        TRY(take_numbers(c));
    return begin(c, ret_tx);
}

Err snapshot_begin(Ctx *c, Tx **ret_tx)
{
    assert(!c->tx);
    Tx *tx = arena_new(c->arena, Tx, 1);
    tx->c = c;
    tx->arena = c->arena;
    tx->is_snapshot = true;
    TRY(begin_alone(c, tx, c->db->engine->begin_snapshot));
    c->tx = tx;
    *ret_tx = tx;
    return OK;
}

static void close(Tx *tx)
{
    tx->ended = true;
    tx->c->tx = NULL;
}

static bool is_shared(const Tx *tx)
{
    return tx->connection->db->engine->one_writer && !tx->is_snapshot;
}

/* Before the end: a transaction that is kept writes its events. */
static Err before_end(Tx *tx, Err why)
{
    close_rows(tx);
    return why ?: outbox_write(tx->c, &tx->events);
}

static Err tx_end(Tx *tx, Err why)
{
    why = before_end(tx, why);
    close(tx);
    return is_shared(tx) ? end_shared(tx, why) : end_alone(tx, why);
}

void tx_leave(Tx *tx, Err why, bool more)
{
    assert(!tx->ended && !tx->outer);
    tx->why = before_end(tx, why ?: tx->doomed);
    close(tx);
    tx->is_left = is_shared(tx);
    if (tx->is_left)
        (void)writer_leave(tx->connection->db->writer, &tx->job, tx->why, more);
    else
        tx->why = end_alone(tx, tx->why);
}

Err tx_await(Tx *tx)
{
    bool waits = tx->is_left;
    tx->is_left = false;
    return waits ? await_shared(tx) : tx->why;
}

bool tx_crossed(const Tx *tx)
{
    return tx->crossed;
}

void tx_no_more(Db *db)
{
    if (db->writer)
        writer_release(db->writer);
}

Err tx_commit(Tx *tx)
{
    assert(!tx->ended);
    if (!tx->outer)
        return tx_end(tx, tx->doomed);
    tx->ended = true;
    return tx->outer->doomed;
}

void tx_done(Tx **tx)
{
    Tx *t = *tx;
    *tx = NULL;
    if (!t || t->ended)
        return;
    t->ended = true;
    if (!t->outer)
        (void)tx_end(t, t->doomed ?: ERR_INTERNAL);
    else if (t->outer->doomed == OK)
        t->outer->doomed = ERR_INTERNAL;
}

Err tx_lock(Ctx *c, Str name)
{
    assert(c->tx);
    const char *lock = c->db->engine->lock;
    if (!lock)
        return c->tx->doomed;
    AUTO(rows_done) Rows *rows = NULL;
    return db_query_composed(c, lock, ARGS(T(name)), &rows);
}
