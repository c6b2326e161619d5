/* On PostgreSQL a transaction commits without waiting for the disk, so that the locks which its end takes
 * (the outbox's counter, the audit's chain) are held for some hundred microseconds and not for a flush. Then
 * it waits here: one flush of the write-ahead log serves all that committed before it began. What is
 * committed is seen by others a few milliseconds before it is on the disk; nobody is told that it is stored
 * before. */
#include "db/engine.h"

/* On a connection that had died while it idled it is tried once more: a flush may be repeated. */
static Err flush(Ctx *c, Db *db)
{
    Connection *k = NULL;
    TRY(connection_take(c, db, &k));
    Err e = db->engine->script(k, db->engine->flush);
    if (e != OK && k->lost) {
        TRY(connection_replace(c, &k));
        e = db->engine->script(k, db->engine->flush);
    }
    if (e != OK) {
        e = report(c, e, k->trouble, NULL);
        k->lost = true; /* it may stand in a transaction that failed half-way */
    }
    connection_give(k);
    return e;
}

/* With the lock, which is given back while the flush is under way. */
static Err flush_for_all(Ctx *c, Db *db)
{
    Barrier *b = &db->barrier;
    int64_t covers = b->asked;
    b->is_flushing = true;
    pthread_mutex_unlock(&b->lock);
    Err e = flush(c, db);
    pthread_mutex_lock(&b->lock);
    b->is_flushing = false;
    if (e == OK)
        b->flushed = covers;
    pthread_cond_broadcast(&b->ended);
    return e;
}

Err barrier_wait(Ctx *c, Db *db)
{
    Barrier *b = &db->barrier;
    Err e = OK;
    if (!db->engine->flush)
        return OK;
    pthread_mutex_lock(&b->lock);
    int64_t own = ++b->asked;
    while (e == OK && b->flushed < own) {
        if (b->is_flushing)
            pthread_cond_wait(&b->ended, &b->lock);
        else
            e = flush_for_all(c, db);
    }
    pthread_mutex_unlock(&b->lock);
    return e;
}

Err db_await_disk(Ctx *c)
{
    return barrier_wait(c, c->db);
}
