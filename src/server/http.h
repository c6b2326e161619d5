/* The HTTP library (libmicrohttpd), and the way of a request through the threads: read and judged in an HTTP
 * thread, run there or in a worker, written to the audit, answered in the HTTP thread. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "server/server_state.h"

#include <sys/socket.h>

typedef struct HttpOptions {
    const struct sockaddr *address;
    const char *tls_cert, *tls_key; /* PEM texts; NULL: no TLS */
} HttpOptions;

/* Starts the audit's thread, the workers and the daemon; sets server->url. ERR_UNAVAILABLE where the address
 * cannot be had. */
MUST_USE Err http_start(Ctx *c, Server *server, const HttpOptions *options);
/* Takes no more connections, finishes what is under way, ends all threads. */
void http_stop(Server *server);

#endif
