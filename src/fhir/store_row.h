/* Rows of the table resource as Resource structs. */
#ifndef FHIR_STORE_ROW_H
#define FHIR_STORE_ROW_H

#include "db/db.h"
#include "fhir/store.h"

/* The columns that store_row_read() reads, in this order: type, id, version, updated_us, deleted, body. Texts
 * are copied into a. */
Resource store_row_read(Arena *a, const Rows *rows);
/* Whether R4 allows it as an id: 1 to 64 letters, digits, hyphens and full stops. */
bool store_is_id(Str id);
/* Appends all rows that are left. */
/* The same with its number in a seventh column. */
Resource store_row_read_numbered(Arena *a, const Rows *rows);
MUST_USE Err store_rows_read(Ctx *c, Rows *rows, Resources *ret_resources);
/* The current version, deleted or not; version 0 where there is none. */
MUST_USE Err store_row_current(Ctx *c, Str type, Str id, Resource *ret_resource);

#endif
