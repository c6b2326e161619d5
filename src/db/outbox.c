#include "db/outbox.h"

#include "db/engine.h"

#include <assert.h>

Err outbox_add(Ctx *c, const Event *event)
{
    assert(c->tx);
    Arena *a = c->tx->arena; /* the caller's may end before the transaction does */
    *list_add(a, &c->tx->events) = (Event){
        .at_us = event->at_us,
        .patient_id = arena_str(a, event->patient_id),
        .encounter_id = arena_str(a, event->encounter_id),
        .type = arena_str(a, event->type),
        .id = arena_str(a, event->id),
        .version = event->version,
    };
    return OK;
}

/* The UPDATE is what locks: the next writer waits here until this transaction ended, and then goes on from
 * the number that this one left. Were the counter gone, an event's number would be NULL, which its table
 * refuses. */
Err outbox_write(Ctx *c, const Events *events)
{
    enum { COLUMNS = 7 };
    if (events->n == 0)
        return OK;
    DbArgs *rows = arena_new(c->arena, DbArgs, events->n);
    for (size_t i = 0; i < events->n; i++) {
        const Event *event = &events->at[i];
        DbArg *args = arena_new(c->arena, DbArg, COLUMNS);
        const DbArg values[COLUMNS] = { I((int64_t)(events->n - 1 - i)),
                                        I(event->at_us),
                                        T(event->patient_id),
                                        T(event->encounter_id),
                                        T(event->type),
                                        T(event->id),
                                        I(event->version) };
        memcpy(args, values, sizeof values);
        rows[i] = (DbArgs){ args, COLUMNS };
    }
    const DbMany each[] = {
        { SQL("UPDATE counter SET value = value + $1 WHERE name = 'event'"), &ARGS(I((int64_t)events->n)),
          1 },
        { SQL("INSERT INTO event (number, at_us, patient_id, encounter_id, type, id, version)"
              " VALUES ((SELECT value FROM counter WHERE name = 'event') - $1, $2, $3, $4, $5, $6, $7)"),
          rows, events->n },
    };
    return db_exec_each(c, each, sizeof each / sizeof each[0]);
}

static Event read_event(Arena *a, const Rows *rows)
{
    return (Event){
        .number = rows_int(rows, 0),
        .at_us = rows_int(rows, 1),
        .patient_id = arena_str(a, rows_text(rows, 2)),
        .encounter_id = arena_str(a, rows_text(rows, 3)),
        .type = arena_str(a, rows_text(rows, 4)),
        .id = arena_str(a, rows_text(rows, 5)),
        .version = rows_int(rows, 6),
    };
}

Err outbox_after(Ctx *c, int64_t after, size_t limit, Events *ret_events)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT number, at_us, patient_id, encounter_id, type, id, version FROM event"
                     " WHERE number > $1 ORDER BY number LIMIT $2"),
                 ARGS(I(after), I((int64_t)limit)), &rows));
    Events events = { 0 };
    while (rows_next(rows))
        *list_add(c->arena, &events) = read_event(c->arena, rows);
    TRY(rows_error(rows));
    /* What a power cut could still take back is not told: its number would be another event's afterwards. */
    if (events.n)
        TRY(barrier_wait(c, c->db));
    *ret_events = events;
    return OK;
}

Err outbox_newest(Ctx *c, int64_t *ret_number)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT value FROM counter WHERE name = 'event'"), NO_ARGS, &rows));
    if (!rows_next(rows))
        return rows_error(rows) ?: ERR_INTERNAL;
    *ret_number = rows_int(rows, 0);
    return barrier_wait(c, c->db);
}
