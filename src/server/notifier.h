/* Delivers what Subscriptions (subscription.h) want to hear. One thread reads the outbox, keeps for each the
 * events that concern it, and sends them in order until they have arrived: at least once, and again after a
 * crash. Of several servers on one database one does it, who holds the lease; another takes over when it is
 * gone.
 *
 * What does not arrive is tried again after 1 s, 2 s, 4 s and so on to 10 min. After ten failures the
 * Subscription's status is error, and active again once something arrives. Each resource that leaves has an
 * audit row, written before it does. */
#ifndef SERVER_NOTIFIER_H
#define SERVER_NOTIFIER_H

#include "server/subscription.h"

typedef struct Server Server;
typedef struct Notifier Notifier;

/* allowed: what endpoints must begin with; copied. NULL where the thread cannot be started. */
Notifier *notifier_start(Server *server, const Str *allowed, size_t n_allowed);
/* Ends what is being sent, gives the lease back, ends the thread. NULL is allowed; returns NULL. */
Notifier *notifier_stop(Notifier *notifier);

#endif
