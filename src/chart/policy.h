/* Policy: what a medical director may change, as data with a source (data/policy/FILE.json, one a verb). Code
 * names a threshold by its key and never holds the number. Each row: key, value, unit, title, cites, seen. */
#ifndef CHART_POLICY_H
#define CHART_POLICY_H

#include "base/ctx.h"
#include "base/decimal.h"

typedef struct PolicyRow {
    Str key;
    Decimal value;
    Str unit; /* UCUM, or "1" */
    Str title;
    Str cites; /* the original source */
    Str seen;  /* "paper", "label", "policy", "memory", "secondary: NAME": not paper or label shows as not
                  verified */
} PolicyRow;

typedef struct Policy {
    const PolicyRow *rows;
    size_t n;
    Str version; /* stored with every decision */
    Str hash;    /* BLAKE2b of the file, first 16 hex digits */
} Policy;

/* From the texts of n policy files (a file without "rows" holds settings and is passed over). ERR_INVALID for
 * a row without key, value, unit, title or source, and for a doubled key. Lives in c->arena. */
MUST_USE Err policy_load(Ctx *c, const Str *files, size_t n, Policy *ret_policy);
/* The policy in force: all embedded files of data/policy. Read on first use, lives as long as the program. */
const Policy *policy_in_force(void);

/* A key that is not in the file is a programmer's error and stops the program: a test loads every key in use.
 */
const PolicyRow *policy_row(const Policy *policy, const char *key);
double policy_number(const Policy *policy, const char *key);
Decimal policy_decimal(const Policy *policy, const char *key);
/* A row in "d", "h" or "min", as microseconds. */
int64_t policy_duration_us(const Policy *policy, const char *key);
/* True where a person may see the number without the mark "not verified at source". */
bool policy_verified(const PolicyRow *row);

#endif
