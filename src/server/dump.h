/* A whole clinic as text, and back: every version of every resource, accounts, sessions, links, events and
 * the audit. What is derived from them (the index, the compartments) is not in it. The text is the same
 * whatever the engine, so a clinic moves from one to the other and is identical afterwards.
 *
 * Its lines are JSON arrays: ["euthymia", FORMAT, SCHEMA] first, a table's name and a row's columns then, and
 * ["end", ROWS, HASH] last, whose BLAKE2b covers every byte before it. */
#ifndef SERVER_DUMP_H
#define SERVER_DUMP_H

#include "db/db.h"

/* Takes text that is borrowed; false ends the dump with ERR_UNAVAILABLE. */
typedef struct DumpSink {
    bool (*take)(void *to, Str text);
    void *to;
} DumpSink;

/* Gives the next line without its newline; absent at the end. A line it cannot read is its error. */
typedef struct DumpSource {
    Err (*next)(void *from, Ctx *c, Str *ret_line);
    void *from;
} DumpSource;

typedef struct DumpProgress {
    void (*show)(int64_t rows); /* may be NULL */
} DumpProgress;

/* One state of the clinic, while others write. */
MUST_USE Err dump_write(Ctx *c, const DumpSink *sink, const DumpProgress *progress, int64_t *ret_rows);
/* Into a database that holds nothing yet, whole or not at all; then derives what is derived. ERR_CONFLICT
 * where it holds something, ERR_INVALID with the line where the text is not whole or not a dump. */
MUST_USE Err dump_read(Ctx *c, const DumpSource *source, const DumpProgress *progress, int64_t *ret_rows);

#endif
