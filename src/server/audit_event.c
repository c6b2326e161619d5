/* The audit as FHIR AuditEvents (after IHE's Basic Audit Log Patterns): made of its rows when they are asked
 * for. Nobody writes one. */
#include "server/audit_event.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "fhir/search.h"
#include "server/access.h"
#include "server/negotiate.h"
#include "server/route.h"
#include "server/server_state.h"

#include <inttypes.h>

static const char fhir_json[] = "application/fhir+json; charset=utf-8";

#define DICOM    "http://dicom.nema.org/resources/ontology/DCM"
#define RESTFUL  "http://hl7.org/fhir/restful-interaction"
#define EVENT    "http://terminology.hl7.org/CodeSystem/audit-event-type"
#define ROLE     "http://terminology.hl7.org/CodeSystem/object-role"
#define ENTITY   "http://terminology.hl7.org/CodeSystem/audit-entity-type"
#define OBSERVER "http://terminology.hl7.org/CodeSystem/security-source-type"

/* ---- one event ---- */

enum Column {
    ID,
    AT,
    STATUS,
    ACCOUNT,
    ROLE_NAME,
    PERSON,
    ADDRESS,
    METHOD,
    PATH,
    PATIENT,
    REQUEST,
    TITLE,
    REASON
};
#define COLUMNS                                                                                              \
    "id, at_us, status, account, role, person_id, address, method, path, patient_id, request_id, "           \
    "interaction, reason"

typedef struct Kind {
    const char *type_system, *type, *type_display; /* what sort of event */
    const char *subtype;                           /* a RESTful interaction; NULL: none */
    const char *action;                            /* C R U D E */
} Kind;

static Kind rest(const char *subtype, const char *action)
{
    return (Kind){ EVENT, "rest", "RESTful Operation", subtype, action };
}

/* "/fhir/Patient/1/_history/2": what follows the type, by its number of segments. */
static Kind kind_of_read(Str path)
{
    size_t segments = 0;
    for (Str left = path; !str_empty(left);)
        segments += str_cut(left, '/', &left).n > 0;
    bool is_history = str_ends(path, S("/_history")), is_operation = str_find(path, '$') < path.n;
    if (is_history)
        return rest(segments == 2   ? "history-system"
                    : segments == 3 ? "history-type"
                                    : "history-instance",
                    "R");
    if (is_operation || !str_starts(path, S("/fhir/")))
        return rest(is_operation ? "operation" : NULL, is_operation ? "E" : "R");
    return segments == 2 ? rest("search-type", "E") : segments == 3 ? rest("read", "R") : rest("vread", "R");
}

static Kind kind_of(Str method, Str path)
{
    if (str_starts(path, S("/auth/sign-")))
        return (Kind){ DICOM, "110114", "User Authentication", NULL, "E" };
    if (str_is(method, "COMMAND"))
        return (Kind){ DICOM, "110100", "Application Activity", NULL, "E" };
    if (str_is(method, "GET") || str_is(method, "HEAD"))
        return kind_of_read(path);
    if (str_is(method, "PUT"))
        return rest("update", "U");
    if (str_is(method, "PATCH"))
        return rest("patch", "U");
    if (str_is(method, "DELETE"))
        return rest("delete", "D");
    if (str_is(path, "/fhir"))
        return rest("transaction", "E");
    if (str_ends(path, S("/_search")))
        return rest("search-type", "E");
    if (str_find(path, '$') < path.n)
        return rest("operation", "E");
    return rest(str_starts(path, S("/fhir/")) ? "create" : NULL, "C");
}

static void add_agent(Buf *b, const Rows *rows)
{
    Arena *a = b->arena;
    buf_add(b, S("\"agent\":[{"));
    if (!rows_null(rows, ROLE_NAME))
        buf_json(b, "'role':[{'text':%s}],", rows_text(rows, ROLE_NAME));
    buf_add(b, S("\"who\":{"));
    if (!str_empty(rows_text(rows, PERSON)))
        buf_json(b, "'reference':%s,", arena_fmt(a, "Practitioner/%.*s", STR_ARG(rows_text(rows, PERSON))));
    Str account = rows_null(rows, ACCOUNT) ? S("nobody signed in") : rows_text(rows, ACCOUNT);
    buf_json(b, "'identifier':{'system':'urn:euthymia:account','value':%s}},'requestor':true", account);
    if (!str_empty(rows_text(rows, ADDRESS)))
        buf_json(b, ",'network':{'address':%s,'type':'2'}", rows_text(rows, ADDRESS));
    buf_add(b, S("}]"));
}

static void add_entities(Buf *b, const Rows *rows)
{
    Arena *a = b->arena;
    buf_add(b, S("\"entity\":["));
    if (!str_empty(rows_text(rows, PATIENT)))
        buf_json(b,
                 "{'what':{'reference':%s},'type':{'system':'" ENTITY "','code':'1','display':'Person'},"
                 "'role':{'system':'" ROLE "','code':'1','display':'Patient'}},",
                 arena_fmt(a, "Patient/%.*s", STR_ARG(rows_text(rows, PATIENT))));
    buf_json(b, "{'type':{'system':'" ENTITY "','code':'2','display':'System Object'},'name':%s,'detail':[",
             arena_fmt(a, "%.*s %.*s", STR_ARG(rows_text(rows, METHOD)), STR_ARG(rows_text(rows, PATH))));
    buf_json(b, "{'type':'status','valueString':%s}", arena_fmt(a, "%" PRId64, rows_int(rows, STATUS)));
    if (!str_empty(rows_text(rows, REQUEST)))
        buf_json(b, ",{'type':'request','valueString':%s}", rows_text(rows, REQUEST));
    buf_add(b, S("]}]"));
}

/* Success, a refusal (the client's), a failure (ours). */
static const char *outcome_of(int64_t status)
{
    return status < 400 ? "0" : status < 500 ? "4" : "8";
}

static Resource event_of(Arena *a, const Rows *rows)
{
    Buf b = buf_make(a, LIMIT_RESOURCE_BYTES);
    Kind kind = kind_of(rows_text(rows, METHOD), rows_text(rows, PATH));
    buf_json(&b, "{'resourceType':'AuditEvent','id':%s,'meta':{'versionId':'1','lastUpdated':%t},",
             rows_text(rows, ID), rows_int(rows, AT));
    buf_json(&b, "'type':{'system':%s,'code':%s,'display':%s},", str_from(kind.type_system),
             str_from(kind.type), str_from(kind.type_display));
    if (kind.subtype)
        buf_json(&b, "'subtype':[{'system':'" RESTFUL "','code':%s}],", str_from(kind.subtype));
    buf_json(&b, "'action':%s,'recorded':%t,'outcome':%s,", str_from(kind.action), rows_int(rows, AT),
             str_from(outcome_of(rows_int(rows, STATUS))));
    if (!str_empty(rows_text(rows, TITLE)))
        buf_json(&b, "'outcomeDesc':%s,", rows_text(rows, TITLE));
    if (!str_empty(rows_text(rows, REASON)))
        buf_json(&b, "'purposeOfEvent':[{'text':%s}],", rows_text(rows, REASON));
    add_agent(&b, rows);
    buf_add(&b, S(",\"source\":{\"observer\":{\"display\":\"Euthymia\"},\"type\":[{\"system\":\"" OBSERVER
                  "\",\"code\":\"4\",\"display\":\"Application Server\"}]},"));
    add_entities(&b, rows);
    buf_char(&b, '}');
    return (Resource){ .type = S("AuditEvent"),
                       .id = arena_str(a, rows_text(rows, ID)),
                       .version = 1,
                       .updated_us = rows_int(rows, AT),
                       .body = buf_str(&b) };
}

/* ---- read ---- */

static Err begin(Request *r)
{
    r->type = S("AuditEvent");
    if (!accept_takes_json(request_header(r, "Accept")))
        return problem(&r->ctx, ERR_ACCEPT, STR_NONE,
                       "Answers are application/fhir+json, version 4.0, only.");
    TRY(access_check(&r->ctx, r->type, CAN_READ));
    audit_settle(r->server->audit);
    return OK;
}

Err audit_event_http_read(Request *r)
{
    TRY(begin(r));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(&r->ctx, SQL("SELECT " COLUMNS " FROM audit WHERE id = $1"), ARGS(T(r->id)), &rows));
    if (!rows_next(rows))
        return rows_error(rows) ?: problem(&r->ctx, ERR_NOT_FOUND, STR_NONE, "The audit has no such row.");
    Resource event = event_of(r->ctx.arena, rows);
    answer_header(r, "ETag", etag_of_version(r->ctx.arena, event.version));
    answer_header(r, "Last-Modified", http_date(r->ctx.arena, event.updated_us));
    answer_body(r, 200, fhir_json, event.body);
    return OK;
}

/* ---- search ---- */

static const char *const interactions[] = { "read", "search-type", NULL };
static const CapabilityParam params[] = {
    { "_id", "token" },         { "date", "date" },      { "patient", "reference" }, { "agent", "reference" },
    { "agent-name", "string" }, { "address", "string" }, { "outcome", "token" },     { 0 },
};
const CapabilityType audit_event_capability = { "AuditEvent", interactions, params };

typedef struct Asked {
    Str id, patient_id, person_id, account, address; /* "" where it does not matter */
    int64_t from_us, to_us;
    int64_t status_from, status_to;
    int64_t count;
    bool oldest_first;
    Str cursor;
} Asked;

static Str id_of(Str reference, Str type)
{
    Str rest, head = str_cut(reference, '/', &rest);
    return rest.p && str_eq(head, type) ? rest : reference;
}

static Err read_date(Ctx *c, Str value, Asked *asked)
{
    TimeRange at;
    bool has_prefix = value.n > 2 && value.p[0] >= 'a' && value.p[0] <= 'z';
    Str prefix = has_prefix ? str_slice(value, 0, 2) : S("eq");
    if (!time_parse(has_prefix ? str_slice(value, 2, value.n) : value, &at))
        return problem(c, ERR_SYNTAX, S("date"), "date is such as 2026-11-17 or ge2026-11-17T10:00:00Z.");
    int64_t from_us = INT64_MIN, to_us = INT64_MAX;
    if (str_is(prefix, "eq") || str_is(prefix, "ge"))
        from_us = at.from_us;
    else if (str_is(prefix, "gt") || str_is(prefix, "sa"))
        from_us = at.to_us;
    if (str_is(prefix, "eq") || str_is(prefix, "le"))
        to_us = at.to_us;
    else if (str_is(prefix, "lt") || str_is(prefix, "eb"))
        to_us = at.from_us;
    if (from_us == INT64_MIN && to_us == INT64_MAX)
        return problem(c, ERR_SYNTAX, S("date"), "The audit is searched with eq, ge, gt, sa, le, lt and eb.");
    asked->from_us = from_us > asked->from_us ? from_us : asked->from_us;
    asked->to_us = to_us < asked->to_us ? to_us : asked->to_us;
    return OK;
}

static Err read_outcome(Ctx *c, Str value, Asked *asked)
{
    static const struct {
        const char *code;
        int64_t from, to;
    } outcomes[] = { { "0", 0, 400 }, { "4", 400, 500 }, { "8", 500, 1000 } };
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (str_is(value, outcomes[i].code)) {
            asked->status_from = outcomes[i].from;
            asked->status_to = outcomes[i].to;
            return OK;
        }
    return problem(c, ERR_SYNTAX, S("outcome"), "The audit knows the outcomes 0, 4 and 8.");
}

static Err read_control(Ctx *c, const SearchTerm *term, Asked *asked)
{
    if (str_is(term->name, "_cursor")) {
        asked->cursor = term->value;
        return OK;
    }
    if (str_is(term->name, "_count")) {
        if (!str_to_int(term->value, &asked->count) || asked->count < 1)
            return problem(c, ERR_SYNTAX, S("_count"), "_count is a number above zero.");
        asked->count = asked->count > LIMIT_PAGE_ROWS ? LIMIT_PAGE_ROWS : asked->count;
        return OK;
    }
    if (str_is(term->name, "_sort") && (str_is(term->value, "date") || str_is(term->value, "-date"))) {
        asked->oldest_first = str_is(term->value, "date");
        return OK;
    }
    return problem(c, ERR_SYNTAX, term->name,
                   "The audit is searched by _id, date, patient, agent, agent-name, address and outcome, "
                   "with _count and "
                   "_sort=date or -date.");
}

/* Unknown parameters are refused, strict or not: an audit that leaves a condition out shows too much. */
static Err read_term(Ctx *c, const SearchTerm *term, Asked *asked)
{
    if (str_is(term->name, "date"))
        return read_date(c, term->value, asked);
    if (str_is(term->name, "outcome"))
        return read_outcome(c, term->value, asked);
    const struct {
        const char *name;
        Str *to, value;
    } texts[] = {
        { "_id", &asked->id, term->value },
        { "patient", &asked->patient_id, id_of(term->value, S("Patient")) },
        { "agent", &asked->person_id, id_of(term->value, S("Practitioner")) },
        { "agent-name", &asked->account, term->value },
        { "address", &asked->address, term->value },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (str_is(term->name, texts[i].name)) {
            *texts[i].to = texts[i].value;
            return OK;
        }
    return read_control(c, term, asked);
}

/* The rows of a patient or an account are found by an index, the others by the id, which is in the order of
 * time.
 */
#define SELECT_BY(lead, beyond, order)                                                                       \
    SQL("SELECT " COLUMNS " FROM audit WHERE " lead " AND ($2 = '' OR person_id = $2)"                       \
        " AND ($3 = '' OR account = $3) AND ($4 = '' OR address = $4) AND ($5 = '' OR id = $5)"              \
        " AND at_us >= $6 AND at_us < $7 AND status >= $8 AND status < $9"                                   \
        " AND ($10 = '' OR id " beyond " $10) ORDER BY id " order " LIMIT $11")

static Err query(Ctx *c, const Asked *asked, Rows **ret_rows)
{
    bool by_patient = !str_empty(asked->patient_id);
    const Sql *sql = by_patient            ? asked->oldest_first ? SELECT_BY("patient_id = $1", ">", "ASC")
                                                                 : SELECT_BY("patient_id = $1", "<", "DESC")
                                : asked->oldest_first ? SELECT_BY("$1 = ''", ">", "ASC")
                                           : SELECT_BY("$1 = ''", "<", "DESC");
    return db_query(c, sql,
                    ARGS(T(asked->patient_id), T(asked->person_id), T(asked->account), T(asked->address),
                         T(asked->id), I(asked->from_us), I(asked->to_us), I(asked->status_from),
                         I(asked->status_to), T(asked->cursor), I(asked->count + 1)),
                    ret_rows);
}

static Err read_page(Ctx *c, const Asked *asked, SearchPage *page)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(query(c, asked, &rows));
    while (rows_next(rows)) {
        if ((int64_t)page->matches.n == asked->count) {
            page->next_cursor = page->matches.at[page->matches.n - 1].id;
            return OK;
        }
        *list_add(c->arena, &page->matches) = event_of(c->arena, rows);
    }
    return rows_error(rows);
}

Err audit_event_http_search(Request *r)
{
    Ctx *c = &r->ctx;
    SearchTerms terms, more = { 0 };
    SearchPage page = { .total = -1 };
    Asked asked = { .id = S(""),
                    .patient_id = S(""),
                    .person_id = S(""),
                    .account = S(""),
                    .address = S(""),
                    .cursor = S(""),
                    .from_us = INT64_MIN,
                    .to_us = INT64_MAX,
                    .status_to = INT64_MAX,
                    .count = LIMIT_PAGE_ROWS_USUAL };
    bool has_form = str_is(r->method, "POST");
    TRY(begin(r));
    if (!form_parse(c->arena, r->query, LIMIT_SEARCH_TERMS, &terms) ||
        (has_form && !form_parse(c->arena, r->body, LIMIT_SEARCH_TERMS, &more)))
        return problem(c, ERR_SYNTAX, STR_NONE, "The query cannot be decoded.");
    for (size_t i = 0; i < more.n; i++)
        *list_add(c->arena, &terms) = more.at[i];
    for (size_t i = 0; i < terms.n; i++) {
        if (str_is(terms.at[i].name, "_format") || str_is(terms.at[i].name, "_pretty"))
            continue;
        TRY(read_term(c, &terms.at[i], &asked));
        if (!str_is(terms.at[i].name, "_cursor"))
            *list_add(c->arena, &page.used) = terms.at[i];
    }
    r->patient_id = str_empty(asked.patient_id) ? STR_NONE : asked.patient_id;
    TRY(read_page(c, &asked, &page));
    Str bundle = fhir_searchset(c, request_base(r), r->type, &page);
    if (!bundle.p)
        return problem(c, ERR_TOO_LARGE, STR_NONE, "The answer is larger than the limit: ask for less.");
    answer_body(r, 200, fhir_json, bundle);
    return OK;
}
