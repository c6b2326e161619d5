#include "server/notifier.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "server/server_state.h"

#include <curl/curl.h>

enum {
    TICK_MS = 250,
    BATCH_EVENTS = 500,
    BATCHES = 20, /* of a Subscription at a tick */
    CONNECT_S = 5,
    FAILURES_TO_ERROR = 10,
    SENDING_ARENA_BYTES = 2 * LIMIT_RESPONSE_BYTES,
};
static const int64_t LEASE_US = 20 * US_PER_S, RENEW_US = 10 * US_PER_S, RETRY_MOST_US = 10 * US_PER_MIN,
                     KEEP_US = 7 * US_PER_DAY;

/* One notice on its way. */
typedef struct Sending {
    struct Sending *next;
    Arena *arena;
    CURL *easy;
    struct curl_slist *headers;
    Str id;
    int64_t until; /* arrived, everything up to this number has */
    char error[CURL_ERROR_SIZE];
} Sending;

struct Notifier {
    Server *server;
    Arena *arena;
    Texts allowed;
    Str name; /* in the lease */
    int64_t lease_until_us;
    CURLM *multi;
    Sending *sendings;
    pthread_t thread;
    _Atomic bool is_stopping;
};

static Str base_of(Ctx *c, const Server *server)
{
    Str origin = server->public_url.p ? server->public_url : server->url;
    return arena_fmt(c->arena, "%.*s/fhir", STR_ARG(origin));
}

/* ---- the lease ---- */

static Err lease_is_free(Ctx *c, const Notifier *n, bool *ret_is_free)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT holder, until_us FROM lease WHERE name = 'notifier'"), NO_ARGS, &rows));
    *ret_is_free = !rows_next(rows) || str_eq(rows_text(rows, 0), n->name) || rows_int(rows, 1) < c->now_us;
    return rows_error(rows);
}

static Err hold_lease(Ctx *c, Notifier *n, bool *ret_holds)
{
    *ret_holds = n->lease_until_us - c->now_us > RENEW_US;
    if (*ret_holds)
        return OK;
    bool is_free;
    TRY(lease_is_free(c, n, &is_free));
    if (!is_free)
        return OK;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(
        c,
        SQL("INSERT INTO lease (name, holder, until_us) VALUES ('notifier', $1, $2)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_us = excluded.until_us"
            " WHERE lease.holder = $1 OR lease.until_us < $3 RETURNING holder"),
        ARGS(T(n->name), I(c->now_us + LEASE_US), I(c->now_us)), &rows));
    bool holds = rows_next(rows);
    TRY(rows_error(rows));
    TRY(tx_commit(tx));
    *ret_holds = holds;
    n->lease_until_us = holds ? c->now_us + LEASE_US : 0;
    return OK;
}

/* ---- what is stored ---- */

static Err add_audit_row(Ctx *c, Notifier *n, Str id, const char *what, Str patient_id)
{
    AuditRow row = { .id = uuid_v7(c->arena, c->random, clock_now_us()),
                     .at_us = c->now_us,
                     .role = role_name(ROLE_SYSTEM),
                     .method = S("POST"),
                     .path = arena_fmt(c->arena, "/fhir/Subscription/%.*s", STR_ARG(id)),
                     .status = 200,
                     .patient_id = patient_id,
                     .interaction = str_from(what) };
    return audit_add_row(c, n->server->audit, &row);
}

/* Somebody may have changed it meanwhile: then the next tick sees to it. */
static Err set_status(Ctx *c, Notifier *n, Str id, const char *status, Str error)
{
    Resource resource;
    TRY(fhir_read(c, S("Subscription"), id, &resource));
    bool had_error = json_find_str(json_parse(c->arena, resource.body), "error").p;
    Buf b = buf_make(c->arena, LIMIT_URL_BYTES);
    buf_json(&b, "[{'op':'replace','path':'/status','value':%s}", str_from(status));
    if (error.p)
        buf_json(&b, ",{'op':'add','path':'/error','value':%s}", error);
    else if (had_error)
        buf_json(&b, ",{'op':'remove','path':'/error'}");
    buf_char(&b, ']');
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(fhir_patch(c, S("Subscription"), id, buf_str(&b),
                   arena_fmt(c->arena, "%lld", (long long)resource.version), &resource));
    TRY(add_audit_row(c, n, id, "The status of a Subscription", STR_NONE));
    TRY(tx_commit(tx));
    log_line(LOG_INFO, "Subscription %.*s is %s now", STR_ARG(id), status);
    return OK;
}

static Err forget(Ctx *c, Str id)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(db_exec(c, SQL("DELETE FROM subscription_event WHERE id = $1"), ARGS(T(id))));
    TRY(db_exec(c, SQL("DELETE FROM subscription WHERE id = $1"), ARGS(T(id))));
    return tx_commit(tx);
}

static Err forget_deleted(Ctx *c)
{
    AUTO(rows_done) Rows *rows = NULL;
    Texts gone = { 0 };
    TRY(db_query(c,
                 SQL("SELECT s.id FROM subscription s WHERE NOT EXISTS (SELECT 1 FROM resource r"
                     " WHERE r.type = 'Subscription' AND r.id = s.id AND r.deleted = 0)"),
                 NO_ARGS, &rows));
    while (rows_next(rows))
        *list_add(c->arena, &gone) = arena_str(c->arena, rows_text(rows, 0));
    TRY(rows_error(rows));
    for (size_t i = 0; i < gone.n; i++)
        TRY(forget(c, gone.at[i]));
    return OK;
}

/* It hears of what changes from now on. */
static Err start(Ctx *c, const Subscription *s, SubscriptionState *ret_state)
{
    *ret_state = (SubscriptionState){ .version = s->version, .contacted_us = c->now_us };
    TRY(outbox_newest(c, &ret_state->position));
    return db_exec(
        c,
        SQL("INSERT INTO subscription (id, version, position, events, delivered, failures, next_us,"
            " contacted_us) VALUES ($1, $2, $3, 0, 0, 0, 0, $4)"),
        ARGS(T(s->id), I(s->version), I(ret_state->position), I(c->now_us)));
}

/* ---- what concerns it ---- */

static Err keep_events(Ctx *c, const Subscription *s, SubscriptionState *state, int64_t position,
                       const Events *matching)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    for (size_t i = 0; i < matching->n; i++) {
        const Event *event = &matching->at[i];
        TRY(db_exec(c,
                    SQL("INSERT INTO subscription_event (id, number, at_us, version, type, resource_id,"
                        " patient_id) VALUES ($1, $2, $3, $4, $5, $6, $7)"),
                    ARGS(T(s->id), I(state->events + (int64_t)i + 1), I(event->at_us), I(event->version),
                         T(event->type), T(event->id), T(event->patient_id))));
    }
    TRY(db_exec(c, SQL("UPDATE subscription SET position = $2, events = $3 WHERE id = $1"),
                ARGS(T(s->id), I(position), I(state->events + (int64_t)matching->n))));
    TRY(tx_commit(tx));
    state->position = position;
    state->events += (int64_t)matching->n;
    return OK;
}

/* The searches are asked before the transaction: on SQLite nobody else writes during one. */
static Err collect(Ctx *c, const Subscription *s, SubscriptionState *state)
{
    for (int batch = 0; batch < BATCHES; batch++) {
        Events events, matching = { 0 };
        TRY(outbox_after(c, state->position, BATCH_EVENTS, &events));
        if (!events.n)
            return OK;
        for (size_t i = 0; i < events.n; i++) {
            bool matches;
            TRY(subscription_matches(c, s, &events.at[i], &matches));
            if (matches)
                *list_add(c->arena, &matching) = events.at[i];
        }
        TRY(keep_events(c, s, state, events.at[events.n - 1].number, &matching));
    }
    return OK;
}

/* ---- sending ---- */

static size_t pass_over(char *bytes, size_t size, size_t n, void *cls)
{
    (void)bytes;
    (void)cls;
    return size * n;
}

static bool is_sending(const Notifier *n, Str id)
{
    for (const Sending *sending = n->sendings; sending; sending = sending->next)
        if (str_eq(sending->id, id))
            return true;
    return false;
}

static void free_sending(Notifier *n, Sending *sending)
{
    Sending **link = &n->sendings;
    while (*link != sending)
        link = &(*link)->next;
    *link = sending->next;
    curl_multi_remove_handle(n->multi, sending->easy);
    curl_easy_cleanup(sending->easy);
    curl_slist_free_all(sending->headers);
    arena_destroy(sending->arena);
}

/* False where there is no memory. */
static bool add_headers(Sending *sending, const Subscription *s, bool has_body)
{
    struct curl_slist *list = curl_slist_append(
        NULL, has_body ? "Content-Type: application/fhir+json; charset=utf-8" : "Content-Type:");
    for (size_t i = 0; i < s->headers.n && list; i++) {
        struct curl_slist *longer = curl_slist_append(list, arena_cstr(sending->arena, s->headers.at[i]));
        if (!longer)
            curl_slist_free_all(list);
        list = longer;
    }
    sending->headers = list;
    return list && curl_easy_setopt(sending->easy, CURLOPT_HTTPHEADER, list) == CURLE_OK;
}

static bool set_options(Sending *sending, const Subscription *s, const char *method, Str address, Str body)
{
    CURL *easy = sending->easy;
    const char *url = arena_cstr(sending->arena, address);
    body = arena_str(sending->arena, body);
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)s->timeout_s) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, pass_over) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, sending->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "Euthymia") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.n ? body.p : "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, sending) == CURLE_OK &&
           add_headers(sending, s, body.n > 0);
}

static Err send_request(Ctx *c, Notifier *n, const Subscription *s, const char *method, Str address, Str body,
                        int64_t until)
{
    Arena *arena = arena_create(SENDING_ARENA_BYTES);
    Sending *sending = arena_new(arena, Sending, 1);
    *sending =
        (Sending){ .next = n->sendings, .arena = arena, .id = arena_str(arena, s->id), .until = until };
    sending->easy = curl_easy_init();
    n->sendings = sending;
    if (sending->easy && set_options(sending, s, method, address, body) &&
        curl_multi_add_handle(n->multi, sending->easy) == CURLM_OK)
        return OK;
    free_sending(n, sending);
    return problem(c, ERR_UNAVAILABLE, STR_NONE, "there is not enough memory to send a notice");
}

static Err audit_events(Ctx *c, Notifier *n, const Subscription *s, const SubscriptionEvents *events)
{
    if (s->content == CONTENT_EMPTY)
        return OK;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    for (size_t i = 0; i < events->n; i++)
        TRY(add_audit_row(c, n, s->id, "A notice is sent to a Subscription", events->at[i].patient_id));
    return tx_commit(tx);
}

static Err send_notice(Ctx *c, Notifier *n, const Subscription *s, const SubscriptionState *state,
                       const char *kind, const SubscriptionEvents *events, int64_t until)
{
    Str body;
    TRY(notice_bundle(c, base_of(c, n->server), s, s->status, kind, state, events, &body));
    return send_request(c, n, s, "POST", s->endpoint, body, until);
}

static Err note_arrival(Ctx *c, Str id, int64_t until)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(db_exec(c,
                SQL("UPDATE subscription SET delivered = $2, failures = 0, next_us = 0, contacted_us = $3,"
                    " why = NULL WHERE id = $1"),
                ARGS(T(id), I(until), I(c->now_us))));
    TRY(db_exec(c, SQL("DELETE FROM subscription_event WHERE id = $1 AND number <= $2 AND at_us < $3"),
                ARGS(T(id), I(until), I(c->now_us - KEEP_US))));
    return tx_commit(tx);
}

/* R4's own: the changed resource is put below the endpoint, or, without a payload, an empty POST says that
 * there is something to look at. */
static Err send_plain(Ctx *c, Notifier *n, const Subscription *s, const SubscriptionState *state,
                      const SubscriptionEvents *events)
{
    if (s->content != CONTENT_FULL_RESOURCE)
        return send_request(c, n, s, "POST", s->endpoint, S(""), state->events);
    const SubscriptionEvent *event = &events->at[0];
    Resource resource;
    Err err = fhir_read_version(c, event->type, event->id,
                                arena_fmt(c->arena, "%lld", (long long)event->version), &resource);
    if (err == ERR_GONE || err == ERR_NOT_FOUND)
        return note_arrival(c, s->id, event->number);
    TRY(err);
    Str slash = str_ends(s->endpoint, S("/")) ? S("") : S("/");
    Str address = arena_fmt(c->arena, "%.*s%.*s%.*s/%.*s", STR_ARG(s->endpoint), STR_ARG(slash),
                            STR_ARG(event->type), STR_ARG(event->id));
    return send_request(c, n, s, "PUT", address, resource.body, event->number);
}

static Err send_events(Ctx *c, Notifier *n, const Subscription *s, const SubscriptionState *state)
{
    SubscriptionEvents events;
    size_t most = s->topic ? (size_t)s->events_most : 1;
    TRY(subscription_events(c, s->id, state->delivered, state->events, most, &events));
    if (!events.n)
        return note_arrival(c, s->id, state->events);
    TRY(audit_events(c, n, s, &events));
    if (!s->topic)
        return send_plain(c, n, s, state, &events);
    return send_notice(c, n, s, state, "event-notification", &events, events.at[events.n - 1].number);
}

static Err send_what_is_due(Ctx *c, Notifier *n, const Subscription *s, const SubscriptionState *state)
{
    bool has_events = state->events > state->delivered, is_active = str_is(s->status, "active");
    if (c->now_us < state->next_us)
        return OK;
    if (str_is(s->status, "requested") || (!is_active && !has_events))
        return s->topic ? send_notice(c, n, s, state, "handshake", NULL, state->delivered)
                        : set_status(c, n, s->id, "active", STR_NONE);
    if (has_events)
        return send_events(c, n, s, state);
    if (s->topic && s->heartbeat_s && c->now_us - state->contacted_us >= s->heartbeat_s * US_PER_S)
        return send_notice(c, n, s, state, "heartbeat", NULL, state->delivered);
    return OK;
}

/* ---- how it went ---- */

static Err note_failure(Ctx *c, Notifier *n, Str id, Str why)
{
    SubscriptionState state;
    TRY(subscription_state(c, id, &state));
    int64_t doublings = state.failures < 10 ? state.failures : 10, wait_us = US_PER_S << doublings;
    int64_t next_us = c->now_us + (wait_us < RETRY_MOST_US ? wait_us : RETRY_MOST_US);
    TRY(db_exec(c,
                SQL("UPDATE subscription SET failures = failures + 1, next_us = $2, why = $3 WHERE id = $1"),
                ARGS(T(id), I(next_us), T(why))));
    if (state.failures + 1 == FAILURES_TO_ERROR)
        return set_status(c, n, id, "error", why);
    return OK;
}

static Err note_end(Ctx *c, Notifier *n, const Sending *sending, CURLcode result)
{
    long status = 0;
    Resource resource;
    (void)curl_easy_getinfo(sending->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK)
        return note_failure(c, n, sending->id,
                            str_from(sending->error[0] ? sending->error : curl_easy_strerror(result)));
    if (status < 200 || status > 299)
        return note_failure(c, n, sending->id, arena_fmt(c->arena, "The endpoint answered %ld.", status));
    TRY(note_arrival(c, sending->id, sending->until));
    TRY(fhir_read(c, S("Subscription"), sending->id, &resource));
    Str is = json_find_str(json_parse(c->arena, resource.body), "status");
    return str_is(is, "requested") || str_is(is, "error") ? set_status(c, n, sending->id, "active", STR_NONE)
                                                          : OK;
}

static void log_trouble(Str id, Err err)
{
    if (err != OK && err != ERR_STALE && err != ERR_NOT_FOUND && err != ERR_GONE)
        log_line(LOG_WARN, "Subscription %.*s: %s", STR_ARG(id), err_meaning(err));
}

static void see_ends(Ctx *c, Notifier *n)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(n->multi, &left));) {
        char *mark = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &mark);
        Sending *sending = (Sending *)(void *)mark;
        log_trouble(sending->id, note_end(c, n, sending, result));
        free_sending(n, sending);
    }
}

/* ---- the thread ---- */

/* What cannot be served is said in the Subscription itself; whoever mends it asks again. */
static Err refuse(Ctx *c, Notifier *n, const Subscription *s)
{
    const Problem *last = c->problems.n ? &c->problems.at[c->problems.n - 1] : NULL;
    Str why = last ? arena_fmt(c->arena, "%.*s: %.*s", STR_ARG(last->path), STR_ARG(last->text))
                   : S("It cannot be served.");
    TRY(forget(c, s->id));
    return str_is(s->status, "error") ? OK : set_status(c, n, s->id, "error", why);
}

static Err step(Ctx *c, Notifier *n, const Resource *resource)
{
    Subscription s;
    SubscriptionState state;
    if (is_sending(n, resource->id))
        return OK;
    Err read = subscription_read(c, resource, &n->allowed, &s);
    Err known = subscription_state(c, s.id, &state);
    if (known != OK && known != ERR_NOT_FOUND)
        return known;
    if (str_is(s.status, "off"))
        return known == OK ? forget(c, s.id) : OK;
    if (known == ERR_NOT_FOUND && str_is(s.status, "error"))
        return OK;
    if (s.end_us != TIME_NONE && s.end_us <= c->now_us)
        return set_status(c, n, s.id, "off", STR_NONE);
    bool is_new = known == ERR_NOT_FOUND || state.version != s.version;
    if (read == OK && is_new)
        read = subscription_check(c, &s);
    if (read == ERR_RULE)
        return refuse(c, n, &s);
    TRY(read);
    if (known == ERR_NOT_FOUND)
        TRY(start(c, &s, &state));
    else if (is_new)
        TRY(db_exec(c, SQL("UPDATE subscription SET version = $2, next_us = 0 WHERE id = $1"),
                    ARGS(T(s.id), I(s.version))));
    TRY(collect(c, &s, &state));
    return send_what_is_due(c, n, &s, &state);
}

static Err tick(Ctx *c, Notifier *n)
{
    Resources all;
    bool holds;
    TRY(fhir_all(c, S("Subscription"), &all));
    TRY(forget_deleted(c));
    if (!all.n)
        return OK;
    TRY(hold_lease(c, n, &holds));
    for (size_t i = 0; holds && i < all.n && !n->is_stopping; i++) {
        c->problems = (Problems){ 0 };
        log_trouble(all.at[i].id, step(c, n, &all.at[i]));
    }
    return OK;
}

static Ctx context_of(Notifier *n, Arena *arena, Random *random)
{
    return (Ctx){ .arena = arena,
                  .db = n->server->db,
                  .now_us = clock_now_us(),
                  .random = random,
                  .user = { .role = ROLE_SYSTEM, .display = S("Subscriptions") } };
}

static void *run(void *arg)
{
    Notifier *n = arg;
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Random random = random_system();
    Err before = OK;
    for (int64_t tick_us = 0; !n->is_stopping; arena_reset(arena)) {
        int running;
        Ctx c = context_of(n, arena, &random);
        (void)curl_multi_perform(n->multi, &running);
        see_ends(&c, n);
        if (c.now_us - tick_us >= TICK_MS * INT64_C(1000)) {
            Err err = tick(&c, n);
            if (err != OK && before == OK)
                log_line(LOG_ERROR, "Subscriptions wait: %s", err_meaning(err));
            before = err;
            tick_us = c.now_us;
        }
        (void)curl_multi_poll(n->multi, NULL, 0, TICK_MS, NULL);
    }
    return NULL;
}

Notifier *notifier_start(Server *server, const Str *allowed, size_t n_allowed)
{
    Random random = random_system();
    Notifier *n = arena_new(server->arena, Notifier, 1);
    n->server = server;
    n->name = uuid_v7(server->arena, &random, clock_now_us());
    for (size_t i = 0; i < n_allowed; i++)
        *list_add(server->arena, &n->allowed) = arena_str(server->arena, allowed[i]);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(n->multi = curl_multi_init()))
        return NULL;
    return pthread_create(&n->thread, NULL, run, n) == 0 ? n : NULL;
}

/* What is on its way is sent again later: only an answer counts. */
Notifier *notifier_stop(Notifier *n)
{
    if (!n)
        return NULL;
    n->is_stopping = true;
    (void)curl_multi_wakeup(n->multi);
    pthread_join(n->thread, NULL);
    while (n->sendings)
        free_sending(n, n->sendings);
    (void)curl_multi_cleanup(n->multi);
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_BODY_BYTES);
    Random random = random_system();
    Ctx c = context_of(n, arena, &random);
    if (db_exec(&c, SQL("DELETE FROM lease WHERE holder = $1"), ARGS(T(n->name))) != OK)
        log_line(LOG_INFO, "another server sends notices in 20 s");
    return NULL;
}
