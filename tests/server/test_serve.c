/* Requests served without a socket: what a refusal leaves behind, and what happens when the database fails
 * under it. */
#include "groups.h"

#include "bed.h"

#include "base/time.h"
#include "db/fault.h"
#include "server/account.h"
#include "server/route.h"
#include "server/server_state.h"
#include "server/session.h"

static const char patient_json[] = "{\"resourceType\":\"Patient\",\"birthDate\":\"1970-01-01\"}";

typedef struct Case {
    const char *method, *target, *body, *key;
    Str token;
} Case;

static Server *make_server(Bed *bed)
{
    Server *server = arena_new(bed->arena, Server, 1);
    server->arena = bed->arena;
    server->db = bed->c.db;
    server->running = running_writes_make(bed->arena);
    pthread_mutex_init(&server->rate_lock, NULL);
    assert_ok(audit_open(&bed->c, server, STR_NONE, &server->audit));
    return server;
}

/* A token of a new account. */
static Str sign_in(Bed *bed, Role role)
{
    Str person_id, secret;
    NewAccount account = { .name = role_name(role), .role = role };
    assert_ok(account_add(&bed->c, &account, &person_id));
    assert_ok(session_open(&bed->c, SESSION_BEARER, account.name, bed->c.now_us + US_PER_DAY, &secret));
    return secret;
}

static Request *serve(Bed *bed, Server *server, const Case *in)
{
    Request *r = arena_new(bed->arena, Request, 1);
    r->server = server;
    r->random = random_system();
    r->ctx = (Ctx){ .arena = bed->arena, .db = server->db, .now_us = clock_now_us(), .random = &r->random };
    r->ctx.request_id = uuid_v7(bed->arena, &r->random, r->ctx.now_us);
    r->method = str_from(in->method);
    r->target = str_from(in->target);
    r->body = str_from(in->body ? in->body : "");
    *list_add(bed->arena, &r->headers) = (Header){ S("Content-Type"), S("application/fhir+json") };
    *list_add(bed->arena, &r->headers) =
        (Header){ S("authorization"), arena_fmt(bed->arena, "Bearer %.*s", STR_ARG(in->token)) };
    if (in->key)
        *list_add(bed->arena, &r->headers) = (Header){ S("Idempotency-Key"), str_from(in->key) };
    if (route_begin(r))
        route_serve(r);
    assert_null(r->ctx.tx);
    return r;
}

static int64_t count_patients(Bed *bed)
{
    return bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM resource WHERE type = 'Patient'"), NO_ARGS);
}

static int64_t count_audited(Bed *bed, const Request *r)
{
    return bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM audit WHERE request_id = $1"),
                   ARGS(T(r->ctx.request_id)));
}

static void a_write_and_its_audit_row_are_stored_together(void **state)
{
    Bed *bed = *state;
    Case post = { "POST", "/fhir/Patient", patient_json, NULL, sign_in(bed, ROLE_NURSE) };
    const Request *r = serve(bed, make_server(bed), &post);
    assert_int_equal(r->answer.status, 201);
    assert_true(r->audited);
    assert_int_equal(count_audited(bed, r), 1);
}

static void a_refused_write_stores_nothing(void **state)
{
    Bed *bed = *state;
    Case post = { "POST", "/fhir/Patient", "{\"resourceType\":\"Patient\",\"birthDate\":\"x\"}",
                  "a key of 16 bytes", sign_in(bed, ROLE_NURSE) };
    post.key = "0123456789abcdef";
    const Request *r = serve(bed, make_server(bed), &post);
    assert_int_equal(r->answer.status, 422);
    assert_false(r->audited);
    assert_int_equal(count_patients(bed), 0);
    assert_int_equal(bed_ask(&bed->c, SQL("SELECT COUNT(*) FROM idempotency"), NO_ARGS), 0);
}

/* Each call to the database fails once, in turn: the client sees an error and nothing is stored, or sees 201
 * and all of it is: resource, audit row and the answer for a repeat. */
static void a_write_is_whole_or_refused(void **state)
{
    Bed *bed = *state;
    Server *server = make_server(bed);
    Case post = { "POST", "/fhir/Patient", patient_json, "0123456789abcdef", sign_in(bed, ROLE_NURSE) };
    for (int64_t k = 1; k < 200; k++) {
        db_fail_at(server->db, k, ERR_UNAVAILABLE);
        const Request *r = serve(bed, server, &post);
        bool has_failed = db_failed(server->db);
        db_fail_at(server->db, 0, OK);
        if (!has_failed) {
            assert_int_equal(r->answer.status, 201);
            assert_int_equal(count_audited(bed, r), 1);
            return;
        }
        assert_int_equal(r->answer.status, 503);
        assert_int_equal(count_patients(bed), 0);
        assert_int_equal(count_audited(bed, r), 0);
    }
    fail_msg("the calls never end");
}

static void an_inner_failure_is_not_told_outside(void **state)
{
    Bed *bed = *state;
    Server *server = make_server(bed);
    Case get = { "GET", "/fhir/Patient/none", NULL, NULL, sign_in(bed, ROLE_NURSE) };
    db_fail_at(server->db, 2, ERR_INTERNAL);
    const Request *r = serve(bed, server, &get);
    db_fail_at(server->db, 0, OK);
    assert_int_equal(r->answer.status, 500);
    assert_non_null(memmem(r->answer.body.p, r->answer.body.n, r->ctx.request_id.p, r->ctx.request_id.n));
    assert_null(memmem(r->answer.body.p, r->answer.body.n, "SELECT", 6));
}

static void a_session_ends_by_time_idleness_and_sign_out(void **state)
{
    Bed *bed = *state;
    Ctx c = bed->c;
    Str person_id, secret;
    Session session;
    NewAccount account = { .name = S("mei"), .role = ROLE_NURSE };
    assert_ok(account_add(&c, &account, &person_id));
    assert_ok(session_open(&c, SESSION_COOKIE, S("mei"), c.now_us + SESSION_LIFE_US, &secret));
    assert_ok(session_find(&c, SESSION_COOKIE, secret, &session));
    assert_int_equal(session_find(&c, SESSION_BEARER, secret, &session), ERR_SIGN_IN);
    int64_t start_us = c.now_us;

    c.now_us = start_us + SESSION_IDLE_US - 1;
    assert_ok(session_find(&c, SESSION_COOKIE, secret, &session));
    c.now_us = start_us + SESSION_IDLE_US;
    assert_int_equal(session_find(&c, SESSION_COOKIE, secret, &session), ERR_SIGN_IN);

    for (c.now_us = start_us; c.now_us < start_us + SESSION_LIFE_US; c.now_us += 10 * US_PER_MIN) {
        assert_ok(session_find(&c, SESSION_COOKIE, secret, &session));
        assert_ok(session_touch(&c, session.hash, session.last_seen_us));
    }
    c.now_us = start_us + SESSION_LIFE_US;
    assert_int_equal(session_find(&c, SESSION_COOKIE, secret, &session), ERR_SIGN_IN);
    c.now_us = start_us + SESSION_LIFE_US - US_PER_MIN;
    assert_ok(session_find(&c, SESSION_COOKIE, secret, &session));
    assert_ok(session_close(&c, session.hash));
    assert_int_equal(session_find(&c, SESSION_COOKIE, secret, &session), ERR_SIGN_IN);
    assert_int_equal(session_still(&c, session.hash), ERR_SIGN_IN);
}

static void a_refused_link_answers_with_a_page(void **state)
{
    Bed *bed = *state;
    Case post = { "DELETE", "/r/secret/q/9", NULL, NULL, S("") };
    Request *r = serve(bed, make_server(bed), &post);
    assert_int_equal(r->answer.status, 405);
    assert_true(str_starts(r->answer.headers.at[r->answer.headers.n - 1].value, S("text/html")));
    assert_true(str_is(request_path_for_audit(r), "/r/-/q/9"));
}

int run_serve_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(a_write_and_its_audit_row_are_stored_together),
        TEST_ON_BED(a_refused_write_stores_nothing),
        TEST_ON_BED(a_write_is_whole_or_refused),
        TEST_ON_BED(an_inner_failure_is_not_told_outside),
        TEST_ON_BED(a_session_ends_by_time_idleness_and_sign_out),
        TEST_ON_BED(a_refused_link_answers_with_a_page),
    };
    return cmocka_run_group_tests_name("serving", tests, NULL, NULL);
}
