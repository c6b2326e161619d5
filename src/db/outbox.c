#include "db/outbox.h"

/* The UPDATE is what locks: the next writer waits here until this transaction ended, and then reads the
 * number that this one left. */
static Err next_number(Ctx *c, int64_t *ret_number)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("UPDATE counter SET value = value + 1 WHERE name = 'event' RETURNING value"), NO_ARGS,
                 &rows));
    if (!rows_next(rows))
        return rows_error(rows) ?: problem(c, ERR_INTERNAL, STR_NONE, "the counter of events is gone");
    *ret_number = rows_int(rows, 0);
    return OK;
}

Err outbox_add(Ctx *c, const Event *event)
{
    int64_t number = 0;
    TRY(next_number(c, &number));
    return db_exec(c,
                   SQL("INSERT INTO event (number, at_us, patient_id, encounter_id, type, id, version)"
                       " VALUES ($1, $2, $3, $4, $5, $6, $7)"),
                   ARGS(I(number), I(event->at_us), T(event->patient_id), T(event->encounter_id),
                        T(event->type), T(event->id), I(event->version)));
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
    return OK;
}
