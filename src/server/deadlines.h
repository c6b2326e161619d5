/* Deadlines of connections. The HTTP library's own timeout starts again with each byte, so a client that
 * sends one byte at a time would never meet it: here every phase of a connection has its end, and a
 * connection past it is shut down. */
#ifndef SERVER_DEADLINES_H
#define SERVER_DEADLINES_H

#include "base/arena.h"

typedef struct Deadlines Deadlines;
typedef struct Deadline Deadline;

/* NULL where the thread cannot be started. */
Deadlines *deadlines_start(Arena *a);
/* NULL is allowed; returns NULL. */
Deadlines *deadlines_stop(Deadlines *deadlines);

/* A new connection, its headers due. NULL where there are LIMIT_CONNECTIONS already: it then has no deadline
 * of its own. */
Deadline *deadline_open(Deadlines *deadlines, int socket);
/* From now on, seconds; 0: none. A NULL deadline is allowed. */
void deadline_set(Deadlines *deadlines, Deadline *deadline, int seconds);
/* Before the socket is closed. */
void deadline_close(Deadlines *deadlines, Deadline *deadline);

#endif
