/* The derived rows of a resource: what search finds it by (token, string, date, number, quantity, reference,
 * uri) and whose compartment it is in. One walker over the definitions' paths; nothing here knows a resource
 * type. Derived rows can always be rebuilt from the resources. */
#ifndef FHIR_INDEX_H
#define FHIR_INDEX_H

#include "base/ctx.h"
#include "base/json.h"
#include "db/db.h"
#include "fhir/definitions.h"

typedef enum IndexTable {
    INDEX_TOKEN,
    INDEX_STRING,
    INDEX_DATE,
    INDEX_NUMBER,
    INDEX_QUANTITY,
    INDEX_REFERENCE,
    INDEX_URI,
    INDEX_COMPARTMENT,
    INDEX_TABLES
} IndexTable;

/* Rows of many resources, to be written together; zeroed is empty. */
typedef struct DerivedRows {
    struct {
        DbArgs *at;
        size_t n, room;
        size_t found; /* n and those that were left out, because they say again what one before says */
    } tables[INDEX_TABLES];
} DerivedRows;

/* Adds the rows of one resource. number is what they name it by (db_number). Pure. */
void index_derive(Arena *a, const FhirResource *definition, Str id, int64_t number, Json *resource,
                  DerivedRows *rows);
/* The patient in whose compartment the resource is, the first where there are several; absent where in none.
 */
Str index_patient(Arena *a, const FhirResource *definition, Str id, Json *resource);

/* Adds rows that were derived before their resource had its number. */
void index_append(Arena *a, const DerivedRows *more, int64_t number, DerivedRows *rows);
/* What writes them, to go with other statements. Returns how many they are. */
size_t index_statements(const DerivedRows *rows, DbMany each[INDEX_TABLES]);
/* All three inside a transaction. */
MUST_USE Err index_write(Ctx *c, const DerivedRows *rows);
MUST_USE Err index_forget(Ctx *c, int64_t number);
/* Forgets all derived rows and derives them again from the current resources. */
MUST_USE Err index_rebuild(Ctx *c);
/* Rebuilds where the index was derived by an earlier rule (INDEX_RULE): called when a database is opened to
 * serve. */
MUST_USE Err index_refresh(Ctx *c);

/* at_us of a token by patient whose resource has no date: none begins then. */
#define INDEX_AT_NONE_US (INT64_MIN + 1)

/* The system of a token whose element implies one (a code, a boolean): any system asked for will do. */
#define INDEX_ANY_SYSTEM "*"

/* Rows beside a parameter's own, under its name and one of these: what :text and :of-type find a token by. */
#define INDEX_TEXT_SUFFIX    ":text"
#define INDEX_OF_TYPE_SUFFIX ":of-type"
/* The name under which a part of a composite is indexed: "code-value-quantity.0". Its rows carry the number
 * of the element that they came from. */
Str index_part_name(Arena *a, const FhirParam *param, int part);

/* A reference as it is indexed and searched: "Patient/1", "Patient/1/_history/2" and a bare canonical with
 * its version. Of another server's resource only url is set. */
typedef struct ReferenceParts {
    Str type, id; /* of a resource here */
    Str url;      /* of anything else */
} ReferenceParts;
/* False for a contained resource ("#x") and for an empty text. */
bool index_reference_parts(Str reference, ReferenceParts *ret_parts);

/* A path's leaves, with their types: the walker, for the index and its tests. */
typedef struct Leaf {
    Json *value;
    const FhirType *type;
} Leaf;
typedef struct Leaves {
    Leaf *at;
    size_t n, room;
} Leaves;
void index_leaves(Arena *a, const FhirType *type, Json *resource, const FhirPath *path, Leaves *leaves);

#endif
