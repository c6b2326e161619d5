/* The server: FHIR under /fhir, the page under /, patients' links under /r/, sign-in, audit and live events.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "db/db.h"

typedef struct Server Server;

typedef struct ServerOptions {
    Str listen;     /* "127.0.0.1:8080", "[::1]:8080"; port 0 takes a free one */
    Str public_url; /* how it is reached from outside, where a proxy stands before it; may be absent */
    const char *tls_cert, *tls_key; /* PEM texts, both or neither */
    Str audit_files; /* "clinic.db-audit": where the audit's key and reserve lie; absent: no such files */
    const Str *notify_to; /* what the endpoint of a Subscription must begin with; none: nothing is sent */
    size_t n_notify_to;
    bool own_patients_only; /* clinicians see patients whom they are related to (fhir/relation.h) */
    bool demo;
} ServerOptions;

/* Serves c->db from its own threads. ERR_INVALID for an address that cannot be, or that is not loopback
 * without TLS; ERR_UNAVAILABLE where it cannot be had. The problem list says why. */
MUST_USE Err server_start(Ctx *c, const ServerOptions *options, Server **ret_server);
/* The address to open: "http://127.0.0.1:8080". Lives as long as the server. */
Str server_url(const Server *server);
/* Finishes what is under way. NULL is allowed; returns NULL. The database is the caller's to close. */
Server *server_stop(Server *server);

#endif
