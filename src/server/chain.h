/* The audit as chains of rows: each row's hash covers its columns and the hash of the row before, so that a
 * row that is changed, taken out or put in later shows. A server process has one chain, and each command that
 * writes has its own: none waits for another's.
 *
 * What a chain cannot show is that its newest rows are gone. For that its head, the newest row's number and
 * hash, is signed and printed from time to time, to be kept elsewhere. */
#ifndef SERVER_CHAIN_H
#define SERVER_CHAIN_H

#include "db/db.h"

/* One row, as it is stored. Absent texts are NULL. */
typedef struct AuditRow {
    Str id; /* UUIDv7: the order of time */
    int64_t at_us;
    Str account, role, person_id, address, method, path;
    int64_t status; /* HTTP; of a command 0 done, 1 failed */
    Str patient_id, interaction, request_id, reason;
} AuditRow;

typedef struct AuditHead {
    int64_t number; /* 0: the chain has no row yet */
    Str hash;       /* hexadecimal */
} AuditHead;

/* Adds rows to the chain's end, in the transaction under way, which holds the chain until it ends. */
MUST_USE Err chain_add(Ctx *c, Str chain, const AuditRow *rows, size_t n);
MUST_USE Err chain_head(Ctx *c, Str chain, AuditHead *ret_head);

/* The hash of a row with that number whose predecessor's hash is previous ("" for the first). BLAKE2b, 256
 * bits, over the previous hash, the number and the columns in the order of the struct, each as its length, a
 * colon and its bytes, or "-" where it is NULL. */
Str chain_hash(Arena *a, Str previous, int64_t number, const AuditRow *row);

typedef struct ChainReport {
    int64_t chains, rows;
    int64_t unchained; /* rows from before there were chains */
    Str first_fault;   /* a sentence that names the chain and the row; absent where all holds */
} ChainReport;

/* Reads every row of every chain. progress may be NULL: called now and then with how many were read. */
MUST_USE Err chain_verify(Ctx *c, void (*progress)(int64_t rows), ChainReport *ret_report);

/* ---- signed heads ---- */

typedef struct AuditKey {
    unsigned char secret[64], open[32];
} AuditKey;

/* ERR_NOT_FOUND where there is no such file, ERR_INVALID where it holds no key. */
MUST_USE Err audit_key_read(Ctx *c, Str file, AuditKey *ret_key);
/* Reads the key from the file, or makes one there that only its owner may read. */
MUST_USE Err audit_key_open(Ctx *c, Str file, AuditKey *ret_key);
/* "CHAIN NUMBER HASH SIGNATURE". key NULL: "-" stands for the signature. */
Str chain_head_line(Arena *a, Str chain, const AuditHead *head, const AuditKey *key);
/* Is that row still there, with that hash, and is the signature the key's? A sentence in ret_fault where not;
 * absent where all holds. ERR_SYNTAX for what is no such line. key NULL: signatures are not looked at. */
MUST_USE Err chain_check_head(Ctx *c, Str line, const AuditKey *key, Str *ret_fault);

#endif
