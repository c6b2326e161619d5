#include "follow/promise.h"

static bool person_holds_it(const PromiseFacts *facts)
{
    return facts->task_open && facts->accepted && !str_empty(facts->owner) && facts->owner_on_duty &&
           facts->contact_due_us != TIME_NONE && facts->contact_due_us > facts->now_us;
}

Promise promise_made(const PromiseFacts *facts)
{
    if (person_holds_it(facts))
        return (Promise){ PROMISE_PERSON, facts->owner, facts->contact_due_us };
    /* Taken by someone who has gone home, or closed already: "nobody has seen it" would be untrue. */
    if (!facts->task_open || facts->accepted)
        return (Promise){ .kind = PROMISE_NONE, .until_us = TIME_NONE };
    if (facts->anyone_on_duty)
        return (Promise){ .kind = PROMISE_UNSEEN, .until_us = TIME_NONE };
    bool ahead = facts->next_duty_us != TIME_NONE && facts->next_duty_us > facts->now_us;
    return (Promise){ .kind = PROMISE_CLOSED, .until_us = ahead ? facts->next_duty_us : TIME_NONE };
}
