/* The addresses of the server: one table, from which requests are dispatched and refused. */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "base/json.h"
#include "server/request.h"

/* Runs with r->ctx ready and the guard passed, and fills r->answer. On an error the caller makes the refusal.
 */
typedef Err RouteFn(Request *r);

typedef enum RouteRuns {
    RUNS_HERE,   /* in the HTTP thread: one indexed statement at most */
    RUNS_WORKER, /* in a worker */
    RUNS_WRITE,  /* in a worker, in one transaction with its audit row and its Idempotency-Key (write.h) */
} RouteRuns;

typedef enum RouteGuard {
    GUARD_OPEN,      /* no sign-in */
    GUARD_SIGNED_IN, /* any role; the handler asks access.h about the type */
    GUARD_ADMIN,     /* admin or system */
} RouteGuard;

struct Route {
    const char *methods; /* "GET HEAD" */
    const char *pattern; /* segments: a literal, {type} {id} {version}, ${operation}, or {rest} for all that
                          * follows. A segment that starts with $ or _ is never a {type} or an {id} */
    RouteRuns runs;
    RouteGuard guard;
    RouteFn *run;
    const char *title;
    RouteFn
        *prepare; /* of RUNS_WRITE: what needs no database, done before its turn to write has come; or NULL */
};

/* Ends with a row whose pattern is NULL. */
extern const Route routes[];

/* Whether the table has such a row: "GET", "/fhir/{type}/{id}". */
bool route_exists(const char *method, const char *pattern);

/* Sets r->route and the parts of the address. ERR_NOT_FOUND, ERR_METHOD. */
MUST_USE Err route_find(Request *r);

/* When the headers are there and the body is not: finds the route, recognises the user and asks the guard.
 * False where the request is refused; its answer then stands. */
bool route_begin(Request *r);
/* The same for a request within another one, whose user stands already. */
bool route_begin_inner(Request *r);
/* When the body is there: runs the route, in this thread. Never fails: an error becomes a refusal. */
void route_serve(Request *r);
/* What comes before route_start(), once, and needs no turn to write. */
void route_prepare(Request *r);
/* The same in two halves, for a thread that has several writes to run and waits once for all: their
 * transactions are on the disk, and the answers may be sent, when route_finish() has returned. more: another
 * route_start() follows at once. */
void route_start(Request *r, bool more);
void route_finish(Request *r);
/* Makes the refusal that goes with the address: an OperationOutcome, or for a patient's link a page to read.
 */
void route_refuse(Request *r, Err err);

/* The handlers, by file. */
/* fhir_http.c */
RouteFn fhir_http_metadata, fhir_http_definition, fhir_http_read, fhir_http_vread, fhir_http_search,
    fhir_http_search_post, fhir_http_create, fhir_http_update, fhir_http_delete, fhir_http_patch,
    fhir_http_where, fhir_http_create_prepare, fhir_http_update_prepare, fhir_http_history, fhir_http_bundle,
    fhir_http_search_types;
/* audit_event.c */
RouteFn audit_event_http_read, audit_event_http_search;
/* batch_http.c: the entries of a batch, each as the request that it is. */
Err batch_http(Request *r, Json *bundle);
/* fhir_ops_http.c: $validate, $everything, $lastn, $docref, $meta */
RouteFn fhir_ops_validate, fhir_ops_convert, fhir_ops_everything, fhir_ops_lastn, fhir_ops_docref,
    fhir_ops_meta;
/* subscription_http.c */
RouteFn subscription_http_status, subscription_http_events;
/* questionnaire_http.c */
RouteFn questionnaire_http_populate, questionnaire_http_extract;
/* operation_http.c */
RouteFn operation_http;
/* auth_http.c */
RouteFn auth_http_sign_in, auth_http_sign_out, auth_http_lock, auth_http_unlock, auth_http_me;
/* plain_http.c */
RouteFn plain_http_health, plain_http_audit, plain_http_page, plain_http_link;
/* glass_http.c: a clinician opens the record of a patient of others, with a reason and an end, and somebody
 * else looks at it afterwards. */
RouteFn glass_http_break, glass_http_list, glass_http_review;
/* live.c */
RouteFn live_http_events;

#endif
