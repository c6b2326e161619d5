/* Writes: each runs in one transaction together with its audit row and, where the client sent an
 * Idempotency-Key, with the answer that a repeat of it will get. So a change, who made it and what was
 * answered are on the disk together or not at all. */
#ifndef SERVER_WRITE_H
#define SERVER_WRITE_H

#include "server/route.h"

/* Keys whose first request is still running in this process. */
typedef struct RunningWrites RunningWrites;
RunningWrites *running_writes_make(Arena *a);

/* What of a write needs no database, done before its turn has come. A write with an Idempotency-Key is
 * prepared by write_start(): it may be a repetition. */
MUST_USE Err write_prepare(Request *r);
/* Runs a handler that writes, again where another transaction crossed it (tx_crossed), three times at most. A
 * key seen before gets the stored answer (7 days long); with another request, ERR_RULE; while the first is
 * still running, ERR_CONFLICT with Retry-After. The transaction is left, not awaited: write_finish() must
 * follow whatever this returns, and the answer may not be sent before. more: this thread goes on with another
 * write at once. */
MUST_USE Err write_start(Request *r, RouteFn *handler, bool more);
/* Waits until what write_start() did is on the disk. outcome: what it returned. */
MUST_USE Err write_finish(Request *r, Err outcome);
/* Both. */
MUST_USE Err write_serve(Request *r, RouteFn *handler);

#endif
