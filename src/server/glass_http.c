/* Breaking the glass: whoever is limited to own patients (fhir/relation.h) opens another one's record in an
 * emergency, at once, with a reason and an end. It is in the audit, and on a list until somebody else
 * reviewed it. */
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "fhir/json_scan.h"
#include "fhir/relation.h"
#include "server/negotiate.h"
#include "server/route.h"

static const char plain_json[] = "application/json; charset=utf-8";

enum { REASON_LEAST = 10, REASON_MOST = 1000, HOURS_MOST = 24, HOURS_USUAL = 4 };

static Err read_body(Request *r, Json **ret_body)
{
    if (media_of(request_header(r, "Content-Type")) != MEDIA_JSON)
        return problem(&r->ctx, ERR_MEDIA, STR_NONE, "The body must be application/json.");
    TRY(json_scan(&r->ctx, r->body));
    *ret_body = json_parse(r->ctx.arena, r->body);
    return OK;
}

static Err read_words(Request *r, Json *body, const char *name, Str *ret_words)
{
    *ret_words = str_trim(json_find_str(body, name));
    if (ret_words->n >= REASON_LEAST && ret_words->n <= REASON_MOST)
        return OK;
    return problem(&r->ctx, ERR_INVALID, str_from(name), "Say why, in %d to %d characters.", REASON_LEAST,
                   REASON_MOST);
}

/* The patient must be there; the check of the relation is what is being broken. */
static Err check_patient(Ctx *c, Str id)
{
    const Rights *asker = c->rights;
    Resource patient;
    c->rights = NULL;
    Err err = fhir_read(c, S("Patient"), id, &patient);
    c->rights = asker;
    return err;
}

Err glass_http_break(Request *r)
{
    Ctx *c = &r->ctx;
    Json *body;
    Str reason, id;
    int64_t hours = HOURS_USUAL;
    bool related;
    if (c->user.role != ROLE_PHYSICIAN && c->user.role != ROLE_NURSE)
        return problem(c, ERR_FORBIDDEN, STR_NONE,
                       "Only physicians and nurses treat, so only they break the glass.");
    TRY(read_body(r, &body));
    Str patient_id = json_find_str(body, "patient");
    if (json_get(body, "hours") &&
        (!json_int(json_get(body, "hours"), &hours) || hours < 1 || hours > HOURS_MOST))
        return problem(c, ERR_INVALID, S("hours"), "It ends after 1 to %d hours.", HOURS_MOST);
    TRY(read_words(r, body, "reason", &reason));
    TRY(check_patient(c, patient_id));
    r->patient_id = patient_id;
    r->reason = reason;
    TRY(relation_to(c, patient_id, &related));
    if (related || !relation_limits(c))
        return problem(c, ERR_CONFLICT, S("patient"),
                       "You see this patient already: there is no glass to break.");
    int64_t until_us = c->now_us + hours * US_PER_H;
    TRY(relation_grant(c, GRANT_BROKE_GLASS, patient_id, reason, until_us, &id));
    answer_body(r, 201, plain_json,
                json_build(c->arena, "{'id':%s,'patient':%s,'until':%t}", id, patient_id, until_us));
    return OK;
}

/* ---- the list ---- */

static void add_row(Buf *b, const Rows *rows)
{
    buf_json(b, "{'id':%s,'person':%s,'display':%s,'patient':%s,'reason':%s,'from':%t,'until':%t",
             rows_text(rows, 0), rows_text(rows, 1), rows_text(rows, 2), rows_text(rows, 3),
             rows_text(rows, 4), rows_int(rows, 5), rows_int(rows, 6));
    if (!rows_null(rows, 7))
        buf_json(b, ",'reviewed':%t,'reviewedBy':%s,'review':%s", rows_int(rows, 7), rows_text(rows, 8),
                 rows_text(rows, 9));
    buf_char(b, '}');
}

/* What nobody looked at yet comes first, the oldest of it before the others; "open=true" leaves the rest out.
 */
Err glass_http_list(Request *r)
{
    Ctx *c = &r->ctx;
    SearchTerms terms;
    if (!form_parse(c->arena, r->query, LIMIT_SEARCH_TERMS, &terms))
        return problem(c, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
    int64_t open_only = str_is(form_value(&terms, "open"), "true");
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(
        c,
        SQL("SELECT id, person_id, display, patient_id, reason, from_us, until_us, reviewed_us, reviewed_by,"
            " review FROM access_grant WHERE kind = 'broke-glass' AND (reviewed_us IS NULL OR $1 = 0)"
            " ORDER BY CASE WHEN reviewed_us IS NULL THEN 0 ELSE 1 END, id LIMIT $2"),
        ARGS(I(open_only), I(LIMIT_PAGE_ROWS)), &rows));
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    buf_add(&b, S("{\"rows\":["));
    for (bool is_first = true; rows_next(rows); is_first = false) {
        buf_add(&b, is_first ? S("") : S(","));
        add_row(&b, rows);
    }
    TRY(rows_error(rows));
    buf_add(&b, S("]}"));
    answer_body(r, 200, plain_json, buf_str(&b));
    return OK;
}

/* Once, and by another person than the one who broke it. */
Err glass_http_review(Request *r)
{
    Ctx *c = &r->ctx;
    Json *body;
    Str words;
    TRY(read_body(r, &body));
    TRY(read_words(r, body, "review", &words));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("UPDATE access_grant SET reviewed_us = $2, reviewed_by = $3, review = $4"
                     " WHERE id = $1 AND kind = 'broke-glass' AND reviewed_us IS NULL AND person_id <> $5"
                     " RETURNING patient_id"),
                 ARGS(T(r->id), I(c->now_us), T(c->user.display), T(words), T(c->user.person_id)), &rows));
    if (!rows_next(rows))
        return rows_error(rows)
                   ?: problem(c, ERR_NOT_FOUND, STR_NONE,
                              "There is no such entry that waits for a review by somebody else than who "
                              "broke the glass.");
    r->patient_id = arena_str(c->arena, rows_text(rows, 0));
    r->reason = words;
    answer_body(r, 200, plain_json, json_build(c->arena, "{'id':%s,'reviewed':%t}", r->id, c->now_us));
    return OK;
}
