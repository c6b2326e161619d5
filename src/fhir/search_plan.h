/* A search between its two halves: search_parse.c reads terms into a plan and knows no SQL; search_sql.c
 * makes SQL of a plan and knows no URL. */
#ifndef FHIR_SEARCH_PLAN_H
#define FHIR_SEARCH_PLAN_H

#include "db/db.h"
#include "fhir/definitions.h"
#include "fhir/search.h"
#include "fhir/subset.h"

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
    MATCH_TOKEN_OF_TYPE,   /* system: of the type; text: "code|value" */
    MATCH_DATE,            /* low, high; value: a day before what it must end after */
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

typedef enum FilterKind {
    FILTER_OWN,      /* the parameter has any of the values, or none of them where negated */
    FILTER_ANY,      /* any of the branches */
    FILTER_TOGETHER, /* the branches' parameters have their values in one element: a composite */
    FILTER_ALL,      /* all of the branches, each FILTER_OWN: a composite of the whole resource */
    FILTER_CHAIN,    /* the reference param points to what one of the branches finds */
    FILTER_HAS,      /* what the one branch finds points here with its reference param */
} FilterKind;

/* Where the rows of a parameter stand in its table: under these names, its own or those that it is made of.
 */
typedef struct ParamRows {
    LIST(Str) names;
    Str only_target;     /* of references: of this type only; absent: any */
    const char *at;      /* the date whose start they carry, where they carry a patient; or NULL */
    bool is_by_patient;  /* they carry the patient's id */
    bool are_of_patient; /* they are the references to that patient */
} ParamRows;

/* One term: what it asks of the resources of one type. */
typedef struct SearchFilter SearchFilter;
struct SearchFilter {
    FilterKind kind;
    Str type; /* whose resources it finds */
    Source source;
    ParamRows rows;
    Presence presence; /* of :missing; values is then empty */
    bool negated;
    LIST(SearchValue) values;
    LIST(SearchFilter) branches;
};

enum { SEARCH_SORT_KEYS = 8 };

typedef struct SortKey {
    Source source;
    ParamRows rows;
    bool descending;
} SortKey;

/* _include=Observation:subject:Patient, _revinclude=Provenance:target; type is the one that refers. */
typedef struct SearchInclude {
    bool reverse, iterate;
    Str type, param; /* param absent: "*"; else one that has rows of its own */
    Str target;      /* only resources of this type; absent: any */
} SearchInclude;

typedef struct SearchPlan {
    const FhirResource *definition;
    LIST(SearchFilter) filters;
    SortKey sort[SEARCH_SORT_KEYS];
    size_t n_sort;
    DbArg
        cursor[SEARCH_SORT_KEYS + 1]; /* the sort keys and the id (late: the number) of the last match seen */
    size_t n_cursor;                  /* 0: from the start */
    int64_t count;
    bool total;
    LIST(SearchInclude) includes;
    Subset subset;
    SearchTerms used;
} SearchPlan;

bool source_is_time(Source source);
/* SOURCE_MAX for a composite or special one. */
Source search_source(const FhirParam *param);
/* suffix: "" or one of index.h. */
ParamRows search_rows(Arena *a, const FhirParam *param, const char *suffix);
/* The rows under this name alone. */
ParamRows search_rows_named(Arena *a, Str name);

/* ERR_SYNTAX with the parameter's name as path. */
MUST_USE Err search_parse(Ctx *c, const FhirResource *definition, const SearchTerms *terms, bool strict,
                          SearchPlan *ret_plan);
/* A term of a type's search: chains and _has included. ERR_FORBIDDEN where the user may not read a type on
 * the way. */
MUST_USE Err search_parse_filter(Ctx *c, const FhirResource *definition, Str name, Str value,
                                 SearchFilter *ret_filter);
/* The values of one term, "," between them. modifier is absent or one that search_parse_filter allowed. */
MUST_USE Err search_parse_values(Ctx *c, const FhirParam *param, Str modifier, Str text,
                                 SearchFilter *filter);

/* Up to the first sep that no backslash stands before; the rest is absent where there was none. */
Str search_cut(Str s, char sep, Str *rest);

/* Whether the matches are found and sorted by their numbers alone, and only those of the page are read. */
bool search_is_late(const Ctx *c, const SearchPlan *plan);

/* What the matches' includes bring: each once, without the matches themselves. */
MUST_USE Err search_include(Ctx *c, const SearchPlan *plan, const Resources *matches,
                            Resources *ret_included);

/* The matches of one page and what the next begins after. */
MUST_USE Err search_run(Ctx *c, const SearchPlan *plan, SearchPage *page);

#endif
