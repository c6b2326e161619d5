/* One request and its answer, as plain data: the HTTP library is known to http.c and live.c alone, so a
 * handler can be tested without a socket. Everything a request points at lives in its arena, which ends when
 * the answer is sent. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "base/ctx.h"
#include "db/db.h"
#include "fhir/store.h"
#include "server/form.h"

typedef struct Server Server;
typedef struct Route Route;
typedef struct Stream Stream;

typedef struct Header {
    Str name, value;
} Header;

typedef struct Headers {
    Header *at;
    size_t n, room;
} Headers;

/* How the user was recognised. */
typedef enum SignedInBy { BY_NOTHING, BY_COOKIE, BY_TOKEN } SignedInBy;

typedef struct Answer {
    int status; /* HTTP */
    Headers headers;
    Str body;              /* in the request's arena, or part of the program */
    Stream *stream;        /* instead of a body: a stream of events (live.h) */
    bool is_not_supported; /* its refusal says 501: valid, but not in this release */
} Answer;

typedef struct Request {
    Server *server;
    Ctx ctx;
    Random random;

    Str method;
    Str target; /* as it came: path and query */
    Headers headers;
    Str body;
    Str address; /* of the peer, without its port */
    bool too_large;

    const Route *route;
    Str type, id, version, operation, rest; /* the parts of the address that the route names, decoded */
    Str query;                              /* as it came, without the question mark */

    SignedInBy signed_in_by;
    Str session;             /* hash of the session or token; absent without one */
    int64_t session_seen_us; /* when it was last used before */
    Str locked_account;      /* whose session it is, where it is locked: then nobody is signed in by it */
    Str patient_id;          /* whom it concerns, for the audit; absent where not known or nobody */
    Str reason;              /* why, where the user said so: for the audit */

    /* A write between its parts (write.h). */
    bool is_prepared;
    Content *content; /* what it will store, where its route prepares that */
    Tx *left;         /* its transaction, which left and is not awaited yet */
    Str running_key;  /* its account and Idempotency-Key, taken until it ends; absent without one */
    Err outcome;      /* of the parts that are done */

    Answer answer;
    bool audited; /* its audit row was written with what it changed */
} Request;

/* Case does not matter in a header's name. Absent where it is not there. */
Str request_header(const Request *r, const char *name);
/* "https://clinic.example" or what the Host header says: no slash at its end. */
Str request_origin(Request *r);
/* The base of FHIR addresses: origin and "/fhir". */
Str request_base(Request *r);
/* The path without the query, and without a patient's link secret: what may stand in audit and log. */
Str request_path_for_audit(Request *r);

/* ERR_ACCEPT where the address (_format) or the header Accept asks for what is not JSON. */
MUST_USE Err request_check_format(Request *r);

void answer_header(Request *r, const char *name, Str value);
void answer_body(Request *r, int status, const char *content_type, Str body);
/* An OperationOutcome made of the context's problems, with the status of err. */
void answer_refuse(Request *r, Err err);
/* The OperationOutcome alone. severity: "error" or "information". */
Str outcome_text(Ctx *c, Err err, const char *severity);

#endif
