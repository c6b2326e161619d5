/* A search between its two halves: search_parse.c reads terms into a plan and knows no SQL; search_sql.c
 * makes SQL of a plan and knows no URL. */
#ifndef FHIR_SEARCH_PLAN_H
#define FHIR_SEARCH_PLAN_H

#include "db/db.h"
#include "fhir/definitions.h"
#include "fhir/search.h"

typedef enum Prefix {
    PREFIX_EQ,
    PREFIX_NE,
    PREFIX_GT,
    PREFIX_GE,
    PREFIX_LT,
    PREFIX_LE,
    PREFIX_SA,
    PREFIX_EB,
    PREFIX_AP,
    PREFIX_MAX
} Prefix;

/* How one value of a parameter is compared: each is one fragment of SQL. */
typedef enum Match {
    MATCH_ID,              /* text */
    MATCH_UPDATED,         /* low, high: _lastUpdated */
    MATCH_TOKEN_CODE,      /* text: the code, any system */
    MATCH_TOKEN_NO_SYSTEM, /* text: the code; "|code" */
    MATCH_TOKEN_SYSTEM,    /* system; "system|" */
    MATCH_TOKEN_BOTH,      /* system, text */
    MATCH_STRING_PREFIX,   /* low, high: folded */
    MATCH_STRING_EXACT,    /* low: folded; text: as written */
    MATCH_STRING_CONTAINS, /* text: folded */
    MATCH_DATE,            /* low, high */
    MATCH_NUMBER,          /* low, high: of the range that the precision implies; value: the number itself */
    MATCH_REFERENCE_ID,    /* text: the id, any type */
    MATCH_REFERENCE_BOTH,  /* system: the type; text: the id */
    MATCH_REFERENCE_URL,   /* text */
    MATCH_URI,             /* text */
    MATCH_MAX,
} Match;

typedef enum UnitMatch { UNIT_ANY, UNIT_CODE, UNIT_BOTH } UnitMatch;

typedef struct SearchValue {
    Match match;
    Prefix prefix;
    UnitMatch unit_match; /* of a quantity: text is the code or unit, system its system */
    DbArg low, high, value;
    Str system, text;
} SearchValue;

/* Where the rows of a parameter stand: a table of the index, or a column of the resource itself. */
typedef enum Source {
    SOURCE_TOKEN,
    SOURCE_STRING,
    SOURCE_DATE,
    SOURCE_NUMBER,
    SOURCE_QUANTITY,
    SOURCE_REFERENCE,
    SOURCE_URI,
    SOURCE_ID,
    SOURCE_UPDATED,
    SOURCE_MAX
} Source;

typedef enum Presence { PRESENCE_ANY, PRESENCE_NEEDED, PRESENCE_MISSING } Presence;

/* One term: any of its values, or none of them where negated. */
typedef struct SearchFilter {
    Source source;
    Str param;
    Presence presence; /* of :missing; values is then empty */
    bool negated;
    struct {
        SearchValue *at;
        size_t n, room;
    } values;
} SearchFilter;

enum { SEARCH_SORT_KEYS = 8 };

typedef struct SortKey {
    Source source;
    Str param;
    bool descending;
} SortKey;

typedef struct SearchPlan {
    const FhirResource *definition;
    struct {
        SearchFilter *at;
        size_t n, room;
    } filters;
    SortKey sort[SEARCH_SORT_KEYS];
    size_t n_sort;
    DbArg cursor[SEARCH_SORT_KEYS + 1]; /* the sort keys and the id of the last match that was seen */
    size_t n_cursor;                    /* 0: from the start */
    int64_t count;
    bool total;
    SearchTerms used;
} SearchPlan;

bool source_is_time(Source source);

/* ERR_SYNTAX with the parameter's name as path. */
MUST_USE Err search_parse(Ctx *c, const FhirResource *definition, const SearchTerms *terms, bool strict,
                          SearchPlan *ret_plan);
/* The values of one term, "," between them. modifier is absent or one that search_parse allowed. */
MUST_USE Err search_parse_values(Ctx *c, const FhirParam *param, Str modifier, Str text,
                                 SearchFilter *filter);

/* The matches of one page and what the next begins after. */
MUST_USE Err search_run(Ctx *c, const SearchPlan *plan, SearchPage *page);

#endif
