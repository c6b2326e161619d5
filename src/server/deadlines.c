#include "server/deadlines.h"

#include "base/limits.h"

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

enum { CHECK_EVERY_MS = 500 };

struct Deadline {
    Deadline *next; /* in the list of free ones */
    int socket;
    time_t due_s; /* 0: none */
};

struct Deadlines {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool is_stopping;
    Deadline *free;
    Deadline all[LIMIT_CONNECTIONS];
};

static time_t monotonic_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void shut_late(Deadlines *deadlines)
{
    time_t now_s = monotonic_s();
    for (size_t i = 0; i < LIMIT_CONNECTIONS; i++) {
        Deadline *deadline = &deadlines->all[i];
        if (deadline->due_s && now_s >= deadline->due_s) {
            (void)shutdown(deadline->socket, SHUT_RDWR);
            deadline->due_s = 0;
        }
    }
}

static void *run(void *arg)
{
    Deadlines *deadlines = arg;
    pthread_mutex_lock(&deadlines->lock);
    while (!deadlines->is_stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += CHECK_EVERY_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&deadlines->stopped, &deadlines->lock, &until);
        shut_late(deadlines);
    }
    pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

Deadlines *deadlines_start(Arena *a)
{
    Deadlines *deadlines = arena_new(a, Deadlines, 1);
    pthread_mutex_init(&deadlines->lock, NULL);
    pthread_cond_init(&deadlines->stopped, NULL);
    for (size_t i = 0; i < LIMIT_CONNECTIONS; i++) {
        deadlines->all[i].next = deadlines->free;
        deadlines->free = &deadlines->all[i];
    }
    return pthread_create(&deadlines->thread, NULL, run, deadlines) == 0 ? deadlines : NULL;
}

Deadlines *deadlines_stop(Deadlines *deadlines)
{
    if (!deadlines)
        return NULL;
    pthread_mutex_lock(&deadlines->lock);
    deadlines->is_stopping = true;
    pthread_cond_signal(&deadlines->stopped);
    pthread_mutex_unlock(&deadlines->lock);
    pthread_join(deadlines->thread, NULL);
    return NULL;
}

Deadline *deadline_open(Deadlines *deadlines, int socket)
{
    pthread_mutex_lock(&deadlines->lock);
    Deadline *deadline = deadlines->free;
    if (deadline) {
        deadlines->free = deadline->next;
        *deadline = (Deadline){ .socket = socket, .due_s = monotonic_s() + LIMIT_HEADER_SECONDS };
    }
    pthread_mutex_unlock(&deadlines->lock);
    return deadline;
}

void deadline_set(Deadlines *deadlines, Deadline *deadline, int seconds)
{
    if (!deadline)
        return;
    pthread_mutex_lock(&deadlines->lock);
    deadline->due_s = seconds ? monotonic_s() + seconds : 0;
    pthread_mutex_unlock(&deadlines->lock);
}

void deadline_close(Deadlines *deadlines, Deadline *deadline)
{
    if (!deadline)
        return;
    pthread_mutex_lock(&deadlines->lock);
    *deadline = (Deadline){ .next = deadlines->free };
    deadlines->free = deadline;
    pthread_mutex_unlock(&deadlines->lock);
}
