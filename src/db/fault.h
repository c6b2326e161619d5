/* A database that fails when a test wants it to: the engine's row of functions is replaced by one that counts
 * the calls and fails one of them before it reaches the engine.
 *
 *     for (int64_t k = 1;; k++) {
 *         db_fail_at(c->db, k, ERR_DISK_FULL);
 *         Err e = what_is_tested(c);
 *         if (!db_failed(c->db)) break;   (k is past the last call: every one has failed once)
 *         ... e is an error, and nothing of it is stored ...
 *     }
 *     db_fail_at(c->db, 0, OK);
 *
 * A call is a statement, a db_exec_many() or db_exec_each(), or a step of a transaction (begin, savepoint,
 * commit). Only for a Db that no other thread is using. */
#ifndef DB_FAULT_H
#define DB_FAULT_H

#include "db/db.h"

/* The k-th call from now fails with err; 1 is the next one. 0: none, and the engine is itself again. */
void db_fail_at(Db *db, int64_t k, Err err);
/* Whether that call has come. */
bool db_failed(const Db *db);

#endif
