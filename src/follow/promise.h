/* What a patient page may say about the clinic at this moment, pure (safety.md, invariant 9). A person is
 * named only while a named person on duty holds the accepted task, its contact deadline lies ahead and the
 * server has confirmed all of that; everything else is the 24-hour line. */
#ifndef FOLLOW_PROMISE_H
#define FOLLOW_PROMISE_H

#include "base/ctx.h"
#include "base/time.h"

typedef enum PromiseKind {
    PROMISE_NONE,   /* nothing is known that may be said: the 24-hour line alone */
    PROMISE_CLOSED, /* nobody is on duty */
    PROMISE_UNSEEN, /* somebody is on duty, nobody has taken the task */
    PROMISE_PERSON, /* who, by when */
} PromiseKind;

/* The task and the duty rota as they stand in the record at now_us. A fact that could not be read is false or
 * absent. */
typedef struct PromiseFacts {
    bool task_open;     /* not completed, cancelled or failed */
    bool accepted;      /* Task.status is accepted or in-progress */
    Str owner;          /* "Mei Castellano, nurse"; absent: no owner or no name */
    bool owner_on_duty; /* by the rota, at now_us */
    int64_t contact_due_us;
    bool anyone_on_duty;
    int64_t next_duty_us; /* when somebody's duty begins next; TIME_NONE: not known */
    int64_t now_us;
} PromiseFacts;

typedef struct Promise {
    PromiseKind kind;
    Str owner;        /* of PROMISE_PERSON only */
    int64_t until_us; /* PROMISE_PERSON: will call before; PROMISE_CLOSED: until then, or TIME_NONE */
} Promise;

Promise promise_made(const PromiseFacts *facts);

#endif
