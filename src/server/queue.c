#include "server/queue.h"

#include <pthread.h>

struct Queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    size_t first, n, room;
    bool closed;
    void **things;
};

Queue *queue_make(Arena *a, size_t room)
{
    Queue *q = arena_new(a, Queue, 1);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, NULL);
    q->room = room;
    q->things = arena_new(a, void *, room);
    return q;
}

bool queue_put(Queue *q, void *thing)
{
    pthread_mutex_lock(&q->lock);
    bool fits = q->n < q->room && !q->closed;
    if (fits) {
        q->things[(q->first + q->n++) % q->room] = thing;
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    return fits;
}

size_t queue_take(Queue *q, void **ret_things, size_t n)
{
    pthread_mutex_lock(&q->lock);
    while (q->n == 0 && !q->closed)
        pthread_cond_wait(&q->filled, &q->lock);
    size_t taken = q->n < n ? q->n : n;
    for (size_t i = 0; i < taken; i++)
        ret_things[i] = q->things[(q->first + i) % q->room];
    q->first = (q->first + taken) % q->room;
    q->n -= taken;
    pthread_mutex_unlock(&q->lock);
    return taken;
}

void queue_close(Queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
}
