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

static Err begin_alone(Ctx *c, Tx *tx)
{
    for (bool again = false;; again = true) {
        Connection *k = NULL;
        TRY(connection_take(c, c->db, &k));
        Err e = c->db->engine->script(k, c->db->engine->begin);
        if (e == OK) {
            tx->connection = k;
            return OK;
        }
        bool lost = k->lost;
        if (!lost || again)
            e = report(c, k, e, NULL);
        connection_give(k);
        if (!lost || again)
            return e;
        connections_drop_idle(c->db);
    }
}

static Err end_alone(Tx *tx, Err why)
{
    Connection *k = tx->connection;
    const Engine *engine = k->db->engine;
    Err e = why;
    if (why == OK)
        e = engine->script(k, "COMMIT");
    if (why == OK && e != OK)
        (void)report(tx->c, k, e, NULL);
    if (e != OK && !k->lost && engine->in_transaction(k) && engine->script(k, "ROLLBACK") != OK)
        k->lost = true;
    if (e == OK) {
        k->db->transactions++;
        k->db->commits++;
    }
    connection_give(k);
    return e;
}

/* ---- an engine whose transactions share a writer ---- */

static Err begin_shared(Ctx *c, Tx *tx)
{
    tx->connection = writer_connection(c->db->writer);
    Err e = writer_begin(c->db->writer, &tx->job);
    return e == OK ? OK : report(c, NULL, e, NULL);
}

static Err end_shared(Tx *tx, Err why)
{
    Err e = writer_end(tx->connection->db->writer, &tx->job, why);
    return e == why ? e : report(tx->c, NULL, e, NULL);
}

/* ---- both ---- */

Err tx_begin(Ctx *c, Tx **ret_tx)
{
    Tx *tx = arena_new(c->arena, Tx, 1);
    tx->c = c;
    tx->outer = c->tx;
    if (tx->outer) {
        TRY(tx->outer->doomed);
    } else {
        TRY(c->db->engine->one_writer ? begin_shared(c, tx) : begin_alone(c, tx));
        c->tx = tx;
    }
    *ret_tx = tx;
    return OK;
}

static Err tx_end(Tx *tx, Err why)
{
    tx->ended = true;
    close_rows(tx);
    tx->c->tx = NULL;
    return tx->connection->db->engine->one_writer ? end_shared(tx, why) : end_alone(tx, why);
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
