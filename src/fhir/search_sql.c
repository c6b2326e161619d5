/* The only place where SQL is composed. Every byte of a text comes from a literal in this file; whatever a
 * request holds goes into an argument. */
#include "fhir/search_plan.h"

#include "base/json.h"
#include "base/limits.h"
#include "fhir/index.h"
#include "fhir/relation.h"
#include "fhir/store_row.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>

typedef struct Query {
    const Ctx *c;
    Buf sql;
    DbArg args[LIMIT_SQL_ARGS];
    size_t n_args;
    bool too_many;
} Query;

/* ---- fragments ---- */

/* In a fragment %l %h %v are a value's low, high and value, %t and %s its text and system; each becomes a
 * parameter. replace() is what both engines have for "contains": it leaves a text alone that does not hold
 * the words. */
static const char *const match_fragments[MATCH_MAX] = {
    [MATCH_ID] = "r.id = %t",
    [MATCH_TOKEN_CODE] = "t.code = %t",
    [MATCH_TOKEN_NO_SYSTEM] = "(t.code = %t AND t.system IN ('', '" INDEX_ANY_SYSTEM "'))",
    [MATCH_TOKEN_SYSTEM] = "t.system = %s",
    [MATCH_TOKEN_BOTH] = "(t.code = %t AND t.system IN (%s, '" INDEX_ANY_SYSTEM "'))",
    [MATCH_TOKEN_OF_TYPE] = "(t.code = %t AND t.system = %s)",
    [MATCH_STRING_PREFIX] = "(t.folded >= %l AND t.folded < %h)",
    [MATCH_STRING_EXACT] = "(t.folded = %l AND t.exact = %t)",
    [MATCH_STRING_CONTAINS] = "replace(t.folded, %t, '') <> t.folded",
    [MATCH_REFERENCE_ID] = "(t.target_id = %t AND t.target_type <> '')",
    [MATCH_REFERENCE_BOTH] = "(t.target_id = %t AND t.target_type = %s)",
    [MATCH_REFERENCE_URL] = "(t.target_id = %t AND t.target_type = '')",
    [MATCH_URI] = "t.uri = %t",
};

/* What ends after a time is found by its start too, where it is no longer than a day: %v is that day before.
 */
#define ENDS_AFTER(time)                                                                                     \
    "((t.is_long = 0 AND t.from_us >= %v AND t.to_us > " time ") OR (t.is_long = 1 AND t.to_us > " time "))"
static const char *const date_fragments[PREFIX_MAX] = {
    [PREFIX_EQ] = "(t.from_us >= %l AND t.to_us <= %h)",
    [PREFIX_NE] = "(t.from_us < %l OR t.to_us > %h)",
    [PREFIX_GT] = ENDS_AFTER("%h"),
    [PREFIX_GE] = "(" ENDS_AFTER("%h") " OR (t.from_us >= %l AND t.to_us <= %h))",
    [PREFIX_LT] = "t.from_us < %l",
    [PREFIX_LE] = "(t.from_us < %l OR (t.from_us >= %l AND t.to_us <= %h))",
    [PREFIX_SA] = "t.from_us >= %h",
    [PREFIX_EB] = "(t.from_us < %l AND t.to_us <= %l)",
    [PREFIX_AP] = "(t.from_us < %h AND " ENDS_AFTER("%l") ")",
};

static const char *const number_fragments[PREFIX_MAX] = {
    [PREFIX_EQ] = "(t.low >= %l AND t.high < %h)",
    [PREFIX_NE] = "(t.low < %l OR t.high >= %h)",
    [PREFIX_GT] = "t.high > %v",
    [PREFIX_GE] = "t.high >= %v",
    [PREFIX_LT] = "t.low < %v",
    [PREFIX_LE] = "t.low <= %v",
    [PREFIX_SA] = "t.low > %v",
    [PREFIX_EB] = "t.high < %v",
    [PREFIX_AP] = "(t.low <= %h AND t.high >= %l)",
};

static const char *const updated_fragments[PREFIX_MAX] = {
    [PREFIX_EQ] = "(r.updated_us >= %l AND r.updated_us < %h)",
    [PREFIX_NE] = "(r.updated_us < %l OR r.updated_us >= %h)",
    [PREFIX_GT] = "r.updated_us >= %h",
    [PREFIX_GE] = "r.updated_us >= %l",
    [PREFIX_LT] = "r.updated_us < %l",
    [PREFIX_LE] = "r.updated_us < %h",
    [PREFIX_SA] = "r.updated_us >= %h",
    [PREFIX_EB] = "r.updated_us < %l",
    [PREFIX_AP] = "(r.updated_us >= %l AND r.updated_us < %h)",
};

static const char *const unit_fragments[] = {
    [UNIT_CODE] = " AND (t.code = %t OR t.unit = %t)",
    [UNIT_BOTH] = " AND t.code = %t AND t.system = %s",
};

/* %s is the type; the parameters' names follow. */
static const char *const table_fragments[SOURCE_MAX] = {
    [SOURCE_TOKEN] = "FROM index_token t WHERE t.type = %s AND t.param ",
    [SOURCE_STRING] = "FROM index_string t WHERE t.type = %s AND t.param ",
    [SOURCE_DATE] = "FROM index_date t WHERE t.type = %s AND t.param ",
    [SOURCE_NUMBER] = "FROM index_number t WHERE t.type = %s AND t.param ",
    [SOURCE_QUANTITY] = "FROM index_quantity t WHERE t.type = %s AND t.param ",
    [SOURCE_REFERENCE] = "FROM index_reference t WHERE t.type = %s AND t.param ",
    [SOURCE_URI] = "FROM index_uri t WHERE t.type = %s AND t.param ",
};

/* A resource's key in a sort: its least value going up, its greatest going down. Without a value it comes
 * last, by the argument %d. */
static const char *const sort_fragments[SOURCE_MAX][2] = {
    [SOURCE_TOKEN] = { "COALESCE((SELECT MIN(t.code) FROM index_token t",
                       "COALESCE((SELECT MAX(t.code) FROM index_token t" },
    [SOURCE_STRING] = { "COALESCE((SELECT MIN(t.folded) FROM index_string t",
                        "COALESCE((SELECT MAX(t.folded) FROM index_string t" },
    [SOURCE_DATE] = { "COALESCE((SELECT MIN(t.from_us) FROM index_date t",
                      "COALESCE((SELECT MAX(t.from_us) FROM index_date t" },
    [SOURCE_NUMBER] = { "COALESCE((SELECT MIN(t.low) FROM index_number t",
                        "COALESCE((SELECT MAX(t.low) FROM index_number t" },
    [SOURCE_QUANTITY] = { "COALESCE((SELECT MIN(t.low) FROM index_quantity t",
                          "COALESCE((SELECT MAX(t.low) FROM index_quantity t" },
    [SOURCE_REFERENCE] = { "COALESCE((SELECT MIN(t.target_id) FROM index_reference t",
                           "COALESCE((SELECT MAX(t.target_id) FROM index_reference t" },
    [SOURCE_URI] = { "COALESCE((SELECT MIN(t.uri) FROM index_uri t",
                     "COALESCE((SELECT MAX(t.uri) FROM index_uri t" },
    [SOURCE_ID] = { "r.id", "r.id" },
    [SOURCE_UPDATED] = { "r.updated_us", "r.updated_us" },
};

static const char *const key_names[SEARCH_SORT_KEYS] = { "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8" };

/* ---- composing ---- */

static Query *query_make(Ctx *c)
{
    Query *q = arena_new(c->arena, Query, 1);
    q->c = c;
    q->sql = buf_make(c->arena, LIMIT_URL_BYTES * 16);
    return q;
}

static void add_sql(Query *q, const char *literal)
{
    buf_bytes(&q->sql, literal, strlen(literal));
}

static void add_arg(Query *q, DbArg arg)
{
    if (q->n_args == LIMIT_SQL_ARGS) {
        q->too_many = true;
        return;
    }
    q->args[q->n_args++] = arg;
    buf_fmt(&q->sql, "$%zu", q->n_args);
}

static DbArg argument(const SearchValue *value, char letter)
{
    switch (letter) {
    case 'l':
        return value->low;
    case 'h':
        return value->high;
    case 'v':
        return value->value;
    case 's':
        return T(value->system);
    default:
        assert(letter == 't');
        return T(value->text);
    }
}

static void add_fragment(Query *q, const char *fragment, const SearchValue *value)
{
    for (const char *p = fragment; *p; p++) {
        if (*p == '%')
            add_arg(q, argument(value, *++p));
        else
            buf_char(&q->sql, *p);
    }
}

static void add_value(Query *q, const SearchValue *value)
{
    const char *fragment = match_fragments[value->match];
    if (value->match == MATCH_DATE)
        fragment = date_fragments[value->prefix];
    if (value->match == MATCH_UPDATED)
        fragment = updated_fragments[value->prefix];
    if (value->match == MATCH_NUMBER)
        fragment = number_fragments[value->prefix];
    add_fragment(q, fragment, value);
    if (value->unit_match != UNIT_ANY)
        add_fragment(q, unit_fragments[value->unit_match], value);
}

static void add_values(Query *q, const SearchFilter *filter)
{
    add_sql(q, "(");
    for (size_t i = 0; i < filter->values.n; i++) {
        if (i)
            add_sql(q, " OR ");
        add_value(q, &filter->values.at[i]);
    }
    add_sql(q, ")");
}

/* "= $2", or "IN ($2, $3)" */
static void add_names(Query *q, const ParamRows *rows)
{
    add_sql(q, rows->names.n == 1 ? "= " : "IN (");
    for (size_t i = 0; i < rows->names.n; i++) {
        add_sql(q, i ? ", " : "");
        add_arg(q, T(rows->names.at[i]));
    }
    add_sql(q, rows->names.n == 1 ? "" : ")");
}

/* with_urls: a reference to another server's resource does not say its type. */
static void add_only_target(Query *q, const ParamRows *rows, bool with_urls)
{
    if (rows->only_target.p)
        add_fragment(q, with_urls ? " AND t.target_type IN (%t, '')" : " AND t.target_type = %t",
                     &(SearchValue){ .text = rows->only_target });
}

static void add_table(Query *q, const SearchFilter *filter)
{
    add_fragment(q, table_fragments[filter->source], &(SearchValue){ .system = filter->type });
    add_names(q, &filter->rows);
    add_only_target(q, &filter->rows, filter->values.n > 0);
}

static void add_references(Query *q, Str type, const ParamRows *rows)
{
    add_fragment(q, table_fragments[SOURCE_REFERENCE], &(SearchValue){ .system = type });
    add_names(q, rows);
    add_only_target(q, rows, false);
}

/* %t: the person; %l and %h: 30 days before and after %v, now. */
#define OWN_PATIENTS " IN (" RELATED_PATIENTS("%t", "%l", "%h", "%v") ")"
static const char of_own_patients[] =
    " AND (EXISTS (SELECT 1 FROM compartment w WHERE w.number = r.number AND "
    "w.patient_id" OWN_PATIENTS ") OR EXISTS (SELECT 1 FROM index_reference w WHERE w.number = r.number"
    " AND w.target_type = 'Patient' AND w.target_id" OWN_PATIENTS
    ") OR (NOT EXISTS (SELECT 1 FROM compartment w WHERE w.number = r.number)"
    " AND NOT EXISTS (SELECT 1 FROM index_reference w WHERE w.number = r.number"
    " AND w.target_type = 'Patient')))";

/* Leaves of r what the user is related to (fhir/relation.h). */
static void add_relation(Query *q)
{
    if (!relation_limits(q->c))
        return;
    SearchValue value = { .text = q->c->user.person_id,
                          .low = I(q->c->now_us - RELATION_DAYS_US),
                          .high = I(q->c->now_us + RELATION_DAYS_US),
                          .value = I(q->c->now_us) };
    add_fragment(q, of_own_patients, &value);
}

static void add_condition(Query *q, const SearchFilter *filter);

static void add_and_values(Query *q, const SearchFilter *filter)
{
    if (!filter->values.n)
        return;
    add_sql(q, " AND ");
    add_values(q, filter);
}

/* The parts of one element: each lies in the element of the one before. */
static void add_together(Query *q, const SearchFilter *filter)
{
    for (size_t i = 0; i < filter->branches.n; i++) {
        const SearchFilter *part = &filter->branches.at[i];
        add_sql(q, i ? " AND (t.number, t.element) IN (SELECT t.number, t.element " : "SELECT t.number ");
        add_table(q, part);
        add_and_values(q, part);
    }
    for (size_t i = 1; i < filter->branches.n; i++)
        add_sql(q, ")");
}

/* In brackets: the ids of the resources of its type that a filter finds. */
static void add_set(Query *q, const SearchFilter *filter)
{
    bool by_column = filter->kind == FILTER_OWN && filter->source >= SOURCE_ID;
    bool outside = filter->negated || filter->presence == PRESENCE_MISSING;
    if (filter->kind == FILTER_OWN && !by_column && !outside && !relation_limits(q->c)) {
        add_sql(q, "(SELECT t.number ");
        add_table(q, filter);
        add_and_values(q, filter);
        add_sql(q, ")");
    } else {
        add_fragment(q, "(SELECT r.number FROM resource r WHERE r.type = %t AND r.deleted = 0",
                     &(SearchValue){ .text = filter->type });
        add_condition(q, filter);
        add_relation(q);
        add_sql(q, ")");
    }
}

static void add_chain(Query *q, const SearchFilter *filter)
{
    add_sql(q, " AND r.number IN (SELECT t.number ");
    add_references(q, filter->type, &filter->rows);
    add_sql(q, " AND (");
    for (size_t i = 0; i < filter->branches.n; i++) {
        add_sql(q, i ? " OR " : "");
        add_fragment(q,
                     "(t.target_type = %t AND t.target_id IN (SELECT u.id FROM resource u WHERE u.number IN ",
                     &(SearchValue){ .text = filter->branches.at[i].type });
        add_set(q, &filter->branches.at[i]);
        add_sql(q, "))");
    }
    add_sql(q, "))");
}

static void add_has(Query *q, const SearchFilter *filter)
{
    add_sql(q, " AND r.id IN (SELECT t.target_id ");
    add_references(q, filter->branches.at[0].type, &filter->rows);
    add_fragment(q, " AND t.target_type = %t AND t.number IN ", &(SearchValue){ .text = filter->type });
    add_set(q, &filter->branches.at[0]);
    add_sql(q, ")");
}

static void add_found(Query *q, const SearchFilter *filters, size_t n, bool with_at);

static void add_any(Query *q, const SearchFilter *filter)
{
    add_sql(q, " AND (");
    for (size_t i = 0; i < filter->branches.n; i++) {
        const SearchFilter *branch = &filter->branches.at[i];
        add_sql(q, i ? " OR r.number IN (" : "r.number IN (");
        if (branch->kind == FILTER_ALL)
            add_found(q, branch->branches.at, branch->branches.n, false);
        else
            add_together(q, branch);
        add_sql(q, ")");
    }
    add_sql(q, ")");
}

static void add_column_filter(Query *q, const SearchFilter *filter)
{
    if (filter->presence == PRESENCE_MISSING)
        add_sql(q, " AND 0 = 1"); /* every resource has an id and a time */
    if (!filter->values.n)
        return;
    add_sql(q, filter->negated ? " AND NOT " : " AND ");
    add_values(q, filter);
}

/* Asked of one resource: same_id says which, " AND t.number = r.number". The OFFSET keeps PostgreSQL from
 * making a join of it, which without statistics, after a great import, runs through all that have the code
 * for each.
 */
static void add_probe(Query *q, const SearchFilter *filter, const char *same_id)
{
    if (!filter->values.n && filter->presence == PRESENCE_ANY)
        return;
    bool outside = filter->negated || filter->presence == PRESENCE_MISSING;
    add_sql(q, outside ? " AND NOT EXISTS (SELECT 1 " : " AND EXISTS (SELECT 1 ");
    add_table(q, filter);
    add_sql(q, same_id);
    add_and_values(q, filter);
    add_sql(q, " LIMIT 1 OFFSET 0)");
}

static void add_own(Query *q, const SearchFilter *filter)
{
    if (filter->source >= SOURCE_ID)
        add_column_filter(q, filter);
    else
        add_probe(q, filter, " AND t.number = r.number");
}

/* " AND ..." of the resource r. */
static void add_condition(Query *q, const SearchFilter *filter)
{
    static void (*const adders[])(Query * q, const SearchFilter *filter) = {
        [FILTER_OWN] = add_own,
        [FILTER_ANY] = add_any,
        [FILTER_CHAIN] = add_chain,
        [FILTER_HAS] = add_has,
    };
    adders[filter->kind](q, filter);
}

enum { RANK_LAST = 9 };

/* How few resources a filter is likely to leave, least first; the last rank cannot lead. */
static int rank_of(const SearchFilter *filter)
{
    static const int ranks[SOURCE_MAX] = {
        [SOURCE_REFERENCE] = 1, [SOURCE_STRING] = 2,     [SOURCE_DATE] = 3,
        [SOURCE_NUMBER] = 4,    [SOURCE_QUANTITY] = 4,   [SOURCE_URI] = 5,
        [SOURCE_TOKEN] = 5,     [SOURCE_ID] = RANK_LAST, [SOURCE_UPDATED] = RANK_LAST,
    };
    if (filter->kind != FILTER_OWN || filter->negated || !filter->values.n)
        return RANK_LAST;
    return str_is(filter->rows.names.at[0], "identifier") ? 0 : ranks[filter->source];
}

/* The filter that is looked up first, as a set; each of the others is then asked of every resource in it.
 * Without this SQLite, which keeps no statistics here, makes a set of each: of all that have a common code,
 * to find one patient's. NULL where none can lead. */
static const SearchFilter *leader_of(const SearchFilter *filters, size_t n)
{
    const SearchFilter *leader = NULL;
    int least = RANK_LAST;
    for (size_t i = 0; i < n; i++) {
        int rank = rank_of(&filters[i]);
        if (rank < least) {
            least = rank;
            leader = &filters[i];
        }
    }
    return leader;
}

static bool has_leader(const SearchPlan *plan)
{
    return leader_of(plan->filters.at, plan->filters.n) != NULL;
}

static bool is_probe(const SearchFilter *filter)
{
    return filter->kind == FILTER_OWN && filter->source < SOURCE_ID;
}

/* The patient's id, where the filter asks for the resources of one patient; else absent. */
static Str patient_of(const SearchFilter *filter)
{
    if (filter->kind != FILTER_OWN || !filter->rows.are_of_patient || filter->negated ||
        filter->values.n != 1)
        return STR_NONE;
    const SearchValue *value = &filter->values.at[0];
    Str type = value->match == MATCH_REFERENCE_BOTH ? value->system : filter->rows.only_target;
    bool is_id = value->match == MATCH_REFERENCE_BOTH || value->match == MATCH_REFERENCE_ID;
    return is_id && str_is(type, "Patient") ? value->text : STR_NONE;
}

static bool is_code_by_patient(const SearchFilter *filter)
{
    bool is_code =
        filter->kind == FILTER_OWN && filter->rows.is_by_patient && !filter->negated && filter->values.n;
    for (size_t i = 0; i < filter->values.n && is_code; i++)
        is_code = filter->values.at[i].match != MATCH_TOKEN_SYSTEM;
    return is_code;
}

static const SearchFilter *find_filter(const SearchFilter *filters, size_t n,
                                       bool (*is_one)(const SearchFilter *))
{
    for (size_t i = 0; i < n; i++)
        if (is_one(&filters[i]))
            return &filters[i];
    return NULL;
}

static bool names_patient(const SearchFilter *filter)
{
    return patient_of(filter).p != NULL;
}

/* The code by which a patient's resources are looked up; NULL where the filters do not ask for that. */
static const SearchFilter *code_of_patient(const SearchFilter *filters, size_t n)
{
    return find_filter(filters, n, names_patient) ? find_filter(filters, n, is_code_by_patient) : NULL;
}

/* Those that the leader finds and the other probes leave, before any row of theirs is read. with_at: and when
 * each begins, of what code_of_patient() finds. */
static void add_found(Query *q, const SearchFilter *filters, size_t n, bool with_at)
{
    const SearchFilter *code = code_of_patient(filters, n), *leader = code ? code : leader_of(filters, n);
    const SearchFilter *patient = code ? find_filter(filters, n, names_patient) : NULL;
    add_sql(q, with_at ? "SELECT DISTINCT l.number, l.at_us FROM (SELECT t.number, t.at_us "
                       : "SELECT DISTINCT l.number FROM (SELECT t.number ");
    add_table(q, leader);
    add_and_values(q, leader);
    if (patient)
        add_fragment(q, " AND t.patient_id = %t AND t.patient_id <> ''",
                     &(SearchValue){ .text = patient_of(patient) });
    add_sql(q, ") AS l WHERE 0 = 0");
    for (size_t i = 0; i < n; i++)
        if (&filters[i] != leader && &filters[i] != patient && is_probe(&filters[i]))
            add_probe(q, &filters[i], " AND t.number = l.number");
}

/* What a leader finds is of the type and not deleted: nothing else has rows. */
static void add_where(Query *q, const SearchPlan *plan)
{
    bool is_led = has_leader(plan);
    if (is_led) {
        add_sql(q, " FROM resource r WHERE r.number IN (");
        add_found(q, plan->filters.at, plan->filters.n, false);
        add_sql(q, ")");
    } else {
        add_fragment(q, " FROM resource r WHERE r.type = %t AND r.deleted = 0",
                     &(SearchValue){ .text = str_from(plan->definition->type->name) });
    }
    add_relation(q);
    for (size_t i = 0; i < plan->filters.n; i++)
        if (!is_led || !is_probe(&plan->filters.at[i]))
            add_condition(q, &plan->filters.at[i]);
}

/* ---- sort and cursor ---- */

static DbArg key_of_missing(const SortKey *key)
{
    if (source_is_time(key->source))
        return I(key->descending ? INT64_MIN : INT64_MAX);
    return T(key->descending ? S("") : S("\xF4\x8F\xBF\xBF"));
}

/* The time of a resource that a leader found is an expression: as a column it tempts SQLite to walk the whole
 * type in its order, and to ask of each resource whether it was found. */
static void add_sort_key(Query *q, const SearchPlan *plan, const SortKey *key, const char *name,
                         const char *of_same)
{
    add_sql(q, key->source == SOURCE_UPDATED && has_leader(plan) ? ", +" : ", ");
    add_sql(q, sort_fragments[key->source][key->descending]);
    if (key->source < SOURCE_ID) {
        add_sql(q, of_same);
        add_names(q, &key->rows);
        add_only_target(q, &key->rows, false);
        add_sql(q, "), ");
        add_arg(q, key_of_missing(key));
        add_sql(q, ")");
    }
    add_sql(q, " AS ");
    add_sql(q, name);
}

/* After (a, b, id): a is past, or a is the same and b is past, or both are the same and id is past. */
static void add_after(Query *q, const SearchPlan *plan, const char *last_key)
{
    add_sql(q, " WHERE (");
    for (size_t last = 0; last <= plan->n_sort; last++) {
        add_sql(q, last ? " OR (" : "(");
        for (size_t i = 0; i <= last; i++) {
            bool is_id = i == plan->n_sort;
            bool descending = !is_id && plan->sort[i].descending;
            add_sql(q, i ? " AND " : "");
            add_sql(q, is_id ? last_key : key_names[i]);
            add_sql(q, i < last ? " = " : descending ? " < " : " > ");
            add_arg(q, plan->cursor[i]);
        }
        add_sql(q, ")");
    }
    add_sql(q, ")");
}

static void add_order(Query *q, const SearchPlan *plan, const char *last_key)
{
    add_sql(q, " ORDER BY ");
    for (size_t i = 0; i < plan->n_sort; i++) {
        add_sql(q, key_names[i]);
        add_sql(q, plan->sort[i].descending ? " DESC, " : ", ");
    }
    add_sql(q, last_key);
}

/* One more than the page holds says whether there is a next one. */
static void add_limit(Query *q, const SearchPlan *plan)
{
    add_sql(q, " LIMIT ");
    add_arg(q, I(plan->count + 1));
}

static const char resource_columns[] = "SELECT r.type, r.id, r.version, r.updated_us, r.deleted, r.body";

/* Resources are read, and then sorted. */
static void compose_early(Query *q, const SearchPlan *plan)
{
    add_sql(q, "SELECT * FROM (");
    add_sql(q, resource_columns);
    for (size_t i = 0; i < plan->n_sort; i++)
        add_sort_key(q, plan, &plan->sort[i], key_names[i], " WHERE t.number = r.number AND t.param ");
    add_where(q, plan);
    add_sql(q, ") AS s");
    if (plan->n_cursor)
        add_after(q, plan, "id");
    add_order(q, plan, "id");
    add_limit(q, plan);
}

/* Whether the rows of what is found carry this key already. */
static bool is_carried(const SearchPlan *plan, const SortKey *key)
{
    const SearchFilter *code = code_of_patient(plan->filters.at, plan->filters.n);
    return code && code->rows.at && key->source == SOURCE_DATE && key->rows.names.n == 1 &&
           str_is(key->rows.names.at[0], code->rows.at);
}

static void add_carried_key(Query *q, const SortKey *key, const char *name)
{
    add_fragment(q, ", CASE WHEN f.at_us = %l THEN %h ELSE f.at_us END AS ",
                 &(SearchValue){ .low = I(INDEX_AT_NONE_US), .high = key_of_missing(key) });
    add_sql(q, name);
}

/* Numbers are sorted, and then the resources of the page are read. The CROSS JOIN keeps SQLite to this order.
 */
static void compose_late(Query *q, const SearchPlan *plan)
{
    bool with_at = false;
    add_sql(q, resource_columns);
    for (size_t i = 0; i < plan->n_sort; i++) {
        add_sql(q, ", ");
        add_sql(q, key_names[i]);
    }
    add_sql(q, ", p.number FROM (SELECT * FROM (SELECT f.number");
    for (size_t i = 0; i < plan->n_sort; i++) {
        bool is_there = is_carried(plan, &plan->sort[i]);
        with_at |= is_there;
        if (is_there)
            add_carried_key(q, &plan->sort[i], key_names[i]);
        else
            add_sort_key(q, plan, &plan->sort[i], key_names[i], " WHERE t.number = f.number AND t.param ");
    }
    add_sql(q, " FROM (");
    add_found(q, plan->filters.at, plan->filters.n, with_at);
    add_sql(q, ") AS f) AS s");
    if (plan->n_cursor)
        add_after(q, plan, "number");
    add_order(q, plan, "number");
    add_limit(q, plan);
    add_sql(q, ") AS p CROSS JOIN resource r WHERE r.number = p.number");
    add_order(q, plan, "p.number");
}

bool search_is_late(const Ctx *c, const SearchPlan *plan)
{
    bool is_late = has_leader(plan) && !relation_limits(c);
    for (size_t i = 0; i < plan->filters.n && is_late; i++)
        is_late = is_probe(&plan->filters.at[i]);
    for (size_t i = 0; i < plan->n_sort && is_late; i++)
        is_late = plan->sort[i].source < SOURCE_ID;
    return is_late;
}

/* ---- running ---- */

static Err run(Ctx *c, Query *q, Rows **ret_rows)
{
    if (q->too_many || buf_overflowed(&q->sql))
        return problem(c, ERR_SYNTAX, STR_NONE, "the search has too many values");
    return db_query_composed(c, arena_cstr(c->arena, buf_str(&q->sql)), (DbArgs){ q->args, q->n_args },
                             ret_rows);
}

static Str cursor_after(Ctx *c, const SearchPlan *plan, const Rows *rows)
{
    enum { ID = 1, FIRST_KEY = 6 };
    Buf b = buf_make(c->arena, LIMIT_URL_BYTES);
    buf_char(&b, '[');
    for (size_t i = 0; i < plan->n_sort; i++) {
        int column = FIRST_KEY + (int)i;
        if (source_is_time(plan->sort[i].source))
            buf_json(&b, "%d,", rows_int(rows, column));
        else
            buf_json(&b, "%s,", rows_text(rows, column));
    }
    if (search_is_late(c, plan))
        buf_json(&b, "%d]", rows_int(rows, FIRST_KEY + (int)plan->n_sort));
    else
        buf_json(&b, "%s]", rows_text(rows, ID));
    const int form = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t room = sodium_base64_encoded_len(b.n, form);
    char *text = arena_new(c->arena, char, room);
    sodium_bin2base64(text, room, (const unsigned char *)b.p, b.n, form);
    return str_from(text);
}

static Err read_page(Ctx *c, const SearchPlan *plan, SearchPage *page)
{
    AUTO(rows_done) Rows *rows = NULL;
    Query *q = query_make(c);
    if (search_is_late(c, plan))
        compose_late(q, plan);
    else
        compose_early(q, plan);
    TRY(run(c, q, &rows));
    Str cursor = STR_NONE;
    while (rows_next(rows)) {
        if ((int64_t)page->matches.n == plan->count) {
            page->next_cursor = cursor;
            return OK;
        }
        *list_add(c->arena, &page->matches) = store_row_read(c->arena, rows);
        if ((int64_t)page->matches.n == plan->count)
            cursor = cursor_after(c, plan, rows);
    }
    return rows_error(rows);
}

static Err count_all(Ctx *c, const SearchPlan *plan, int64_t *ret_total)
{
    AUTO(rows_done) Rows *rows = NULL;
    Query *q = query_make(c);
    add_sql(q, "SELECT COUNT(*)");
    if (search_is_late(c, plan)) {
        add_sql(q, " FROM (");
        add_found(q, plan->filters.at, plan->filters.n, false);
        add_sql(q, ") AS f");
    } else {
        add_where(q, plan);
    }
    TRY(run(c, q, &rows));
    if (rows_next(rows))
        *ret_total = rows_int(rows, 0);
    return rows_error(rows);
}

Err search_run(Ctx *c, const SearchPlan *plan, SearchPage *page)
{
    if (plan->count > 0)
        TRY(read_page(c, plan, page));
    if (plan->total)
        TRY(count_all(c, plan, &page->total));
    return OK;
}
