/* The audit: one row a request, refused ones too, in a chain of the server's own (chain.h). A write's row is
 * in the write's own transaction. The row of anything else is queued before its answer is sent and is on the
 * disk within 50 ms; a power cut may lose those 50 ms of rows of reads. A full queue makes reads wait.
 *
 * Where the database takes no rows, they go to a reserve on the disk and are merged later. Once that is used
 * up, nothing of a patient leaves: such reads answer 503. */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H

#include "server/chain.h"
#include "server/request.h"

typedef struct Audit Audit;

/* files: see ServerOptions. Reads or makes the key and the reserve; lives in the server's arena. */
MUST_USE Err audit_open(Ctx *c, Server *server, Str files, Audit **ret_audit);
/* Starts its thread; false where that cannot be. */
bool audit_start(Audit *audit);
/* Writes what is left, prints the chain's head, ends the thread. NULL is allowed; returns NULL. */
Audit *audit_stop(Audit *audit);

/* The row of a request whose answer stands, in the transaction under way. */
MUST_USE Err audit_add(Request *r);
/* A row that is no request's, likewise. */
MUST_USE Err audit_add_row(Ctx *c, Audit *audit, const AuditRow *row);
/* Queues the row of a request whose answer stands; nothing where it was written with what it changed. Where
 * it cannot be kept the answer becomes a 503. */
void audit_note(Audit *audit, Request *r);
/* Waits until every row that was queued before is written. */
void audit_settle(Audit *audit);

#endif
