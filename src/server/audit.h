/* The audit: one row a request, refused ones too, on the disk before the answer leaves. A write's row is in
 * the write's own transaction; all others are collected by one thread and written in groups. Where a row
 * cannot be written, the answer is 503 instead. */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H

#include "db/db.h"
#include "server/request.h"

typedef struct Audit Audit;

/* The row of a request whose answer stands, in the transaction under way. */
MUST_USE Err audit_add(Request *r, int status);

/* Called from the audit's thread when r's row is on the disk, or when r's answer has become a 503. */
typedef void AuditedFn(Request *r);
Audit *audit_start(Server *server, AuditedFn *audited);
/* Hands over a request whose answer stands. Never waits. */
void audit_pass(Audit *audit, Request *r);
/* Writes what is left, then ends the thread. NULL is allowed; returns NULL. */
Audit *audit_stop(Audit *audit);

#endif
