/* A bounded queue of pointers between threads. */
#ifndef SERVER_QUEUE_H
#define SERVER_QUEUE_H

#include "base/arena.h"

typedef struct Queue Queue;

/* Lives in the arena. */
Queue *queue_make(Arena *a, size_t room);
/* False where it is full or closed: never waits. */
bool queue_put(Queue *q, void *thing);
/* Waits for at least one and takes up to n. 0 where the queue is closed and empty. */
size_t queue_take(Queue *q, void **ret_things, size_t n);
/* Takes no more; what is in it still comes out. */
void queue_close(Queue *q);

#endif
