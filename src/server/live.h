/* Live events: GET /events is a stream of what changes in the record (text/event-stream). One thread reads
 * the outbox and feeds every open stream a bounded queue; a stream holds no worker. `id:` is the event's
 * number and Last-Event-ID goes on from there; where too much was missed, `event: reset` says to read again.
 * Every 5 s comes `event: beat` with the server's time, as long as the outbox can be read: silence means that
 * the page is not live. */
#ifndef SERVER_LIVE_H
#define SERVER_LIVE_H

#include "server/request.h"

struct MHD_Connection;
struct MHD_Response;

typedef struct Live Live;

/* NULL where the outbox cannot be read or the thread not started. */
Live *live_start(Server *server);
/* Ends all streams and the thread. NULL is allowed; returns NULL. */
Live *live_stop(Live *live);
/* Ends the streams of a session: after sign-out. */
void live_end_session(Live *live, Str session);

/* The body of an answer whose stream is set; the response owns the stream from here on. */
struct MHD_Response *live_response(Stream *stream, struct MHD_Connection *connection);
/* Ends a stream that will not be answered. NULL is allowed. */
void live_drop(Stream *stream);

#endif
