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

/* ---- every route ---- */

typedef struct RouteCase {
    const char *method, *target, *body;
    int status; /* where nothing fails */
    const char *media, *if_none_exist;
    Role role;
} RouteCase;

#define OBSERVATION                                                                                          \
    "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"         \
    "\"subject\":{\"reference\":\"Patient/p\"}}"
#define PATIENT "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true}"
#define QUESTIONNAIRE                                                                                        \
    "{\"resourceType\":\"Questionnaire\",\"id\":\"q\",\"url\":\"http://clinic.example/"                      \
    "q\",\"status\":\"active\","                                                                             \
    "\"extension\":[{\"url\":\"http://hl7.org/fhir/uv/sdc/StructureDefinition/"                              \
    "sdc-questionnaire-observationExtract\",\"valueBoolean\":true}],\"item\":[{\"linkId\":\"1\",\"type\":"   \
    "\"integer\",\"code\":[{\"system\":\"http://loinc.org\",\"code\":\"44261-6\"}],\"extension\":[{\"url\":" \
    "\"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationLinkPeriod\","            \
    "\"valueDuration\":{\"value\":1,\"code\":\"mo\",\"system\":\"http://unitsofmeasure.org\"}}]}]}"
#define RESPONSE                                                                                             \
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"r\",\"status\":\"completed\",\"questionnaire\":"   \
    "\"http://clinic.example/q\",\"item\":[{\"linkId\":\"1\",\"answer\":[{\"valueInteger\":7}]}]}"
#define SUBSCRIPTION                                                                                         \
    "{\"resourceType\":\"Subscription\",\"id\":\"s\",\"status\":\"requested\",\"reason\":\"x\","             \
    "\"criteria\":"                                                                                          \
    "\"Observation?code=x\",\"channel\":{\"type\":\"rest-hook\",\"endpoint\":\"https://hub.example/\"}}"
#define REQUEST(method, url) "\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"}"
#define EMPTY                "{\"resourceType\":\"Parameters\"}"

/* One after the other: each leaves what the next ones need. */
static const RouteCase route_cases[] = {
    { "GET", "/health", NULL, 200, NULL, NULL, ROLE_NONE },
    { "GET", "/fhir/metadata", NULL, 200, NULL, NULL, ROLE_NONE },
    { "GET", "/fhir/OperationDefinition/System-today", NULL, 200, NULL, NULL, ROLE_SYSTEM },
    { "PUT", "/fhir/Patient/p", PATIENT, 201, NULL, NULL, ROLE_SYSTEM },
    { "POST", "/fhir/Observation", OBSERVATION, 201, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/Observation", OBSERVATION, 201, NULL, "code:text=y", ROLE_NURSE },
    { "PUT", "/fhir/Observation/o", OBSERVATION, 201, NULL, NULL, ROLE_NURSE },
    { "PUT", "/fhir/Patient?_id=p", "{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"male\"}", 200,
      NULL, NULL, ROLE_NURSE },
    { "PATCH", "/fhir/Patient/p", "[{\"op\":\"add\",\"path\":\"/active\",\"value\":false}]", 200,
      "application/json-patch+json", NULL, ROLE_NURSE },
    { "PATCH", "/fhir/Patient/p",
      "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"operation\",\"part\":[{\"name\":\"type\","
      "\"valueCode\":\"delete\"},{\"name\":\"path\",\"valueString\":\"Patient.active\"}]}]}",
      200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/p", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/p/_history/1", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/p/_history", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/_history", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/_history", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Observation?patient=p&_include=*&_total=accurate", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient?_has:Observation:patient:code:text=x&_revinclude=Observation:*", NULL, 200, NULL,
      NULL, ROLE_NURSE },
    { "POST", "/fhir/Observation/_search", "patient.active=true", 200, "application/x-www-form-urlencoded",
      NULL, ROLE_NURSE },
    { "GET", "/fhir?_type=Patient,Observation", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/_search", "_type=Patient", 200, "application/x-www-form-urlencoded", NULL, ROLE_NURSE },
    { "POST", "/fhir/$convert", PATIENT, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/Patient/$validate", PATIENT, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/Patient/p/$validate", PATIENT, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/p/$everything", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Observation/$lastn?patient=p", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/DocumentReference/$docref?patient=p", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/DocumentReference/$docref",
      "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"patient\",\"valueId\":\"p\"}]}", 200, NULL,
      NULL, ROLE_NURSE },
    { "PUT", "/fhir/Questionnaire/q", QUESTIONNAIRE, 201, NULL, NULL, ROLE_SYSTEM },
    { "GET", "/fhir/Questionnaire/q/$populate?subject=Patient/p", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/Questionnaire/$populate",
      "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"canonical\",\"valueUri\":\"http://"
      "clinic.example/q\"},"
      "{\"name\":\"subject\",\"valueReference\":{\"reference\":\"Patient/p\"}}]}",
      200, NULL, NULL, ROLE_NURSE },
    { "PUT", "/fhir/QuestionnaireResponse/r", RESPONSE, 201, NULL, NULL, ROLE_SYSTEM },
    { "GET", "/fhir/QuestionnaireResponse/r/$extract", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/QuestionnaireResponse/$extract", RESPONSE, 200, NULL, NULL, ROLE_NURSE },
    { "PUT", "/fhir/Subscription/s", SUBSCRIPTION, 201, NULL, NULL, ROLE_SYSTEM },
    { "GET", "/fhir/Subscription/s/$status", NULL, 200, NULL, NULL, ROLE_SYSTEM },
    { "GET", "/fhir/Subscription/s/$events?eventsSinceNumber=0", NULL, 200, NULL, NULL, ROLE_SYSTEM },
    { "GET", "/fhir/Patient/p/$meta", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/$today", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/$patients", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/$outcomes", NULL, 200, NULL, NULL, ROLE_RESEARCHER },
    { "GET", "/fhir/Patient/p/$chart", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/p/$evaluate", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/Patient/p/$evaluate-record", EMPTY, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/p/$plan", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "GET", "/fhir/Patient/p/$follow", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir/Patient/p/$ask", EMPTY, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/fhir",
      "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"resource\":" OBSERVATION
      "," REQUEST("POST", "Observation") "},{\"resource\":" PATIENT "," REQUEST(
          "PUT", "Patient/p") "},{" REQUEST("DELETE", "Observation/o") "},{" REQUEST("GET",
                                                                                     "Patient/p") "}]}",
      200, NULL, NULL, ROLE_SYSTEM },
    { "DELETE", "/fhir/Observation?_id=none", NULL, 404, NULL, NULL, ROLE_SYSTEM },
    { "DELETE", "/fhir/Patient/p?_cascade=delete", NULL, 204, NULL, NULL, ROLE_SYSTEM },
    { "GET", "/fhir/AuditEvent", NULL, 200, NULL, NULL, ROLE_ADMIN },
    { "POST", "/fhir/AuditEvent/_search", "outcome=0", 200, "application/x-www-form-urlencoded", NULL,
      ROLE_ADMIN },
    { "GET", "/fhir/AuditEvent/none", NULL, 404, NULL, NULL, ROLE_ADMIN },
    { "GET", "/audit", NULL, 200, NULL, NULL, ROLE_ADMIN },
    { "POST", "/access/break-glass", "{\"patient\":\"p\",\"reason\":\"ten letters at least\"}", 410, NULL,
      NULL, ROLE_NURSE },
    { "GET", "/access/break-glass", NULL, 200, NULL, NULL, ROLE_ADMIN },
    { "POST", "/access/break-glass/none/review", "{\"review\":\"ten letters at least\"}", 404, NULL, NULL,
      ROLE_ADMIN },
    { "POST", "/auth/sign-in", "{\"name\":\"nobody\",\"password\":\"none\"}", 401, NULL, NULL, ROLE_NONE },
    { "POST", "/auth/sign-out", NULL, 204, NULL, NULL, ROLE_NURSE },
    { "GET", "/auth/me", NULL, 200, NULL, NULL, ROLE_NURSE },
    { "POST", "/auth/lock", NULL, 400, NULL, NULL, ROLE_NURSE },
    { "POST", "/auth/unlock", "{}", 400, NULL, NULL, ROLE_NONE },
    { "GET", "/r/none", NULL, 404, NULL, NULL, ROLE_NONE },
    { "GET", "/", NULL, 200, NULL, NULL, ROLE_NONE },
};

static const Request *serve_case(Arena *a, Server *server, const RouteCase *row, const Str tokens[ROLE_MAX])
{
    Request *r = arena_new(a, Request, 1);
    r->server = server;
    r->random = random_system();
    r->ctx = (Ctx){ .arena = a, .db = server->db, .now_us = clock_now_us(), .random = &r->random };
    r->ctx.request_id = uuid_v7(a, &r->random, r->ctx.now_us);
    r->method = str_from(row->method);
    r->target = str_from(row->target);
    r->body = str_from(row->body ? row->body : "");
    r->address = S("127.0.0.1");
    *list_add(a, &r->headers) =
        (Header){ S("Content-Type"), str_from(row->media ? row->media : "application/fhir+json") };
    if (row->if_none_exist)
        *list_add(a, &r->headers) = (Header){ S("If-None-Exist"), str_from(row->if_none_exist) };
    if (row->role != ROLE_NONE)
        *list_add(a, &r->headers) =
            (Header){ S("authorization"), arena_fmt(a, "Bearer %.*s", STR_ARG(tokens[row->role])) };
    if (route_begin(r))
        route_serve(r);
    assert_null(r->ctx.tx);
    return r;
}

/* What is stored, but for the audit of requests that only read. */
static int64_t stored(Bed *bed)
{
    return bed_ask(
        &bed->c,
        SQL("SELECT (SELECT COUNT(*) FROM resource_history) * 1000000 + (SELECT COUNT(*) FROM event) * 10000"
            " + (SELECT COUNT(*) FROM access_grant) * 1000 + (SELECT COUNT(*) FROM patient_link) * 100"
            " + (SELECT COUNT(*) FROM idempotency)"),
        NO_ARGS);
}

static void check_case(Bed *bed, Server *server, const RouteCase *row, const Str tokens[ROLE_MAX], Err err)
{
    for (int64_t k = 1; k < 2000; k++) {
        AUTO(arena_done) Arena *a = arena_create(LIMIT_REQUEST_ARENA_BYTES);
        int64_t before = stored(bed);
        db_fail_at(server->db, k, err);
        const Request *r = serve_case(a, server, row, tokens);
        bool has_failed = db_failed(server->db);
        db_fail_at(server->db, 0, OK);
        if (!has_failed) {
            if (r->answer.status != row->status)
                fail_msg("%s %s: %d, want %d: %.*s", row->method, row->target, r->answer.status, row->status,
                         STR_ARG(r->answer.body));
            return;
        }
        /* A refusal stands though the end of its transaction fails: there was nothing to store. */
        bool is_refusal = row->status >= 400 && r->answer.status == row->status;
        bool is_patients_page = strncmp(row->target, "/r/", 3) == 0 && r->answer.status == 503;
        if (r->answer.status != err_http_status(err) && !is_refusal && !is_patients_page)
            fail_msg("%s %s: %d where call %d fails: %.*s", row->method, row->target, r->answer.status,
                     (int)k, STR_ARG(r->answer.body));
        assert_int_equal(stored(bed), before);
    }
    fail_msg("%s %s: the calls never end", row->method, row->target);
}

static const RouteCase *case_of(const Route *route)
{
    for (size_t i = 0; i < sizeof route_cases / sizeof route_cases[0]; i++) {
        Request r = { .ctx = { .arena = arena_create(1 << 20) } };
        r.method = str_from(route_cases[i].method);
        r.target = str_from(route_cases[i].target);
        bool found = route_find(&r) == OK && r.route == route;
        arena_destroy(r.ctx.arena);
        if (found)
            return &route_cases[i];
    }
    return NULL;
}

/* Not here: streams and batches, which the audit's own thread takes part in. */
static void every_route_has_a_case(void **state)
{
    (void)state;
    for (const Route *route = routes; route->pattern; route++)
        if (strcmp(route->pattern, "/events") != 0 &&
            strcmp(route->pattern, "/fhir/{type}/${operation}") != 0 && !case_of(route))
            fail_msg("no case of %s %s", route->methods, route->pattern);
}

/* Wherever the database fails under a request, the client is told so and nothing is stored. */
static void every_route_fails_cleanly(void **state)
{
    Bed *bed = *state;
    Server *server = make_server(bed);
    Str tokens[ROLE_MAX] = { STR_NONE };
    for (Role role = ROLE_PHYSICIAN; role <= ROLE_SYSTEM; role++)
        tokens[role] = sign_in(bed, role);
    for (size_t i = 0; i < sizeof route_cases / sizeof route_cases[0]; i++) {
        Ctx c = bed->c;
        bed->c.problems = (Problems){ 0 };
        check_case(bed, server, &route_cases[i], tokens, i % 2 ? ERR_DISK_FULL : ERR_UNAVAILABLE);
        bed->c = c;
    }
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
        cmocka_unit_test(every_route_has_a_case),
        TEST_ON_BED(every_route_fails_cleanly),
        TEST_ON_BED(an_inner_failure_is_not_told_outside),
        TEST_ON_BED(a_session_ends_by_time_idleness_and_sign_out),
        TEST_ON_BED(a_refused_link_answers_with_a_page),
    };
    return cmocka_run_group_tests_name("serving", tests, NULL, NULL);
}
