/* The outbox: an event is a row written in the transaction of its change and read by every server in commit
 * order. Its number is taken from a counter row that stays locked until the commit, so a lower number can
 * never become visible after a higher one and "what came after 17" is a safe question.
 *
 * That lock is one for all who write, so it is taken last: events wait in their transaction and are written
 * when it commits. */
#ifndef DB_OUTBOX_H
#define DB_OUTBOX_H

#include "db/db.h"

typedef struct Event {
    int64_t number;
    int64_t at_us;
    Str patient_id;   /* absent where it concerns no patient */
    Str encounter_id; /* absent likewise */
    Str type, id;     /* the resource that changed */
    int64_t version;
} Event;

typedef struct Events {
    Event *at;
    size_t n, room;
} Events;

/* Inside a transaction: with its commit the event is there. event->number is ignored. */
MUST_USE Err outbox_add(Ctx *c, const Event *event);
/* Both return when what they tell is on the disk. */
/* At most limit events with number > after, oldest first, in c->arena. */
MUST_USE Err outbox_after(Ctx *c, int64_t after, size_t limit, Events *ret_events);
/* The newest number; 0 while there is none. */
MUST_USE Err outbox_newest(Ctx *c, int64_t *ret_number);

#endif
