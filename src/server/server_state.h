/* What lives as long as the server: handlers read it, server.c makes it. */
#ifndef SERVER_SERVER_STATE_H
#define SERVER_SERVER_STATE_H

#include "base/limits.h"
#include "db/db.h"
#include "server/audit.h"
#include "server/deadlines.h"
#include "server/live.h"
#include "server/notifier.h"
#include "server/queue.h"
#include "server/rate.h"
#include "server/server.h"
#include "server/write.h"

#include <pthread.h>

struct MHD_Daemon;

/* Where all writes share one connection, two threads take turns: one runs a batch of writes while the other's
 * is on its way to the disk. On PostgreSQL each write has a thread and a connection. */
enum {
    HTTP_THREADS = 4,
    READERS = 8,
    WRITERS = 16,
    BATCH_WRITERS = 2,
    BATCH_WRITES = 64,
};

struct Server {
    Arena *arena;
    Db *db;
    Str public_url; /* without a slash at its end; absent where links follow the Host header */
    bool tls, demo, own_patients_only;
    Str url; /* "http://127.0.0.1:8080" */

    Audit *audit;
    Live *live;
    Notifier *notifier; /* NULL: Subscriptions are stored and not served */
    RunningWrites *running;

    pthread_mutex_t rate_lock;
    RateTable rate;

    Queue *reads, *writes; /* requests, for the workers */
    pthread_t workers[READERS + WRITERS];
    int n_workers;
    struct MHD_Daemon *daemon;
    Deadlines *deadlines;
    _Atomic bool is_stopping;
    _Atomic int n_exchanges; /* requests from their first line to the end of their answer */
};

/* Counts one try against the server's table. ERR_TOO_MANY with Retry-After where the rule's limit is used up.
 */
MUST_USE Err server_rate_take(Request *r, Str what, RateRule rule);
void server_rate_forget(Server *server, Str what);

#endif
