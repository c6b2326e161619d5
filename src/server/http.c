#include "server/http.h"

#include "base/log.h"
#include "base/time.h"
#include "server/access.h"
#include "server/deadlines.h"
#include "server/route.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    LIBRARY_TIMEOUT_S = 30,
    HEADERS_MEMORY = 32 * 1024, /* cleared for each request */
    /* A body that is refused is still read up to this size, so that the client sees the refusal and not a
       reset. */
    DRAIN_BYTES = 2 * LIMIT_BODY_BYTES,
    STOP_WAIT_MS = 10000,
};

/* A request on its way: it lives in its own arena, from the first line to the end of the answer. */
typedef struct Exchange {
    Request request; /* first: a Request is its Exchange */
    struct MHD_Connection *connection;
    Buf body;
    size_t body_limit, drained;
    bool has_headers, is_refused, is_answered;
} Exchange;

static Exchange *exchange_of(Request *r)
{
    return (Exchange *)(void *)r;
}

static Deadline *deadline_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- the answer ---- */

static const struct {
    const char *name, *value;
} security_headers[] = {
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
      "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Permissions-Policy", "camera=(), microphone=(), geolocation=()" },
};

static void add_headers(struct MHD_Response *response, Request *r)
{
    Arena *a = r->ctx.arena;
    bool has_cache_rule = false;
    for (size_t i = 0; i < r->answer.headers.n; i++) {
        const Header *header = &r->answer.headers.at[i];
        (void)MHD_add_response_header(response, arena_cstr(a, header->name), arena_cstr(a, header->value));
        has_cache_rule |= str_is(header->name, "Cache-Control");
    }
    for (size_t i = 0; i < sizeof security_headers / sizeof security_headers[0]; i++)
        (void)MHD_add_response_header(response, security_headers[i].name, security_headers[i].value);
    if (!has_cache_rule)
        (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    if (str_starts(request_origin(r), S("https://")))
        (void)MHD_add_response_header(response, "Strict-Transport-Security",
                                      "max-age=31536000; includeSubDomains");
    (void)MHD_add_response_header(response, "X-Request-Id", arena_cstr(a, r->ctx.request_id));
}

/* The library asks for a mutable pointer and does not write through it. */
static void *lent(Str s)
{
    union {
        const char *borrowed;
        void *lent;
    } p = { s.p };
    return p.lent;
}

static enum MHD_Result send_answer(Exchange *x)
{
    Request *r = &x->request;
    Server *server = r->server;
    struct MHD_Response *response =
        r->answer.stream
            ? live_response(r->answer.stream, x->connection)
            : MHD_create_response_from_buffer(r->answer.body.n, lent(r->answer.body), MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_headers(response, r);
    deadline_set(server->deadlines, deadline_of(x->connection), r->answer.stream ? 0 : LIMIT_ANSWER_SECONDS);
    enum MHD_Result queued = MHD_queue_response(x->connection, (unsigned)r->answer.status, response);
    MHD_destroy_response(response);
    return queued;
}

/* The answer stands, and its row with the audit: the HTTP thread sends it. */
static void resume(Request *r)
{
    Exchange *x = exchange_of(r);
    audit_note(r->server->audit, r);
    x->is_answered = true;
    MHD_resume_connection(x->connection);
}

/* The same from the HTTP thread itself. */
static enum MHD_Result answer_here(Exchange *x)
{
    audit_note(x->request.server->audit, &x->request);
    x->is_answered = true;
    return send_answer(x);
}

/* ---- the request ---- */

static void *open_exchange(void *cls, const char *target, struct MHD_Connection *connection)
{
    Server *server = cls;
    Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Exchange *x = arena_new(arena, Exchange, 1);
    Request *r = &x->request;
    server->n_exchanges++;
    x->connection = connection;
    r->server = server;
    r->random = random_system();
    r->ctx = (Ctx){ .arena = arena,
                    .db = server->db,
                    .now_us = clock_now_us(),
                    .random = &r->random,
                    .rights = &access_rights };
    r->ctx.request_id = uuid_v7(arena, r->ctx.random, r->ctx.now_us);
    r->method = S("?");
    r->target = arena_str(arena, str_from(target));
    deadline_set(server->deadlines, deadline_of(connection), LIMIT_HEADER_SECONDS);
    return x;
}

static enum MHD_Result copy_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    Request *r = cls;
    (void)kind;
    *list_add(r->ctx.arena, &r->headers) = (Header){ arena_str(r->ctx.arena, str_from(name)),
                                                     arena_str(r->ctx.arena, str_from(value ? value : "")) };
    return MHD_YES;
}

static const void *address_bytes(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6
               ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
               : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
}

static Str peer_address(Arena *a, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return STR_NONE;
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *address = info->client_addr;
    return inet_ntop(address->sa_family, address_bytes(address), text, sizeof text)
               ? arena_str(a, str_from(text))
               : STR_NONE;
}

/* Serves the request here, or hands it to a worker. It is suspended first: the worker may resume it before
 * this returns. */
static enum MHD_Result dispatch(Exchange *x)
{
    Request *r = &x->request;
    Server *server = r->server;
    deadline_set(server->deadlines, deadline_of(x->connection), 0);
    r->body = buf_str(&x->body);
    if (!x->is_refused && r->route->runs == RUNS_HERE) {
        route_serve(r);
        return answer_here(x);
    }
    if (x->is_refused)
        return answer_here(x);
    if (r->route->runs == RUNS_WRITE && r->body.n <= LIMIT_PREPARE_HERE_BYTES)
        route_prepare(r);
    MHD_suspend_connection(x->connection);
    if (queue_put(r->route->runs == RUNS_WRITE ? server->writes : server->reads, r))
        return MHD_YES;
    route_refuse(r, problem(&r->ctx, ERR_UNAVAILABLE, STR_NONE, "The server is busy."));
    resume(r);
    return MHD_YES;
}

static size_t announced_length(const Request *r)
{
    int64_t n;
    return str_to_int(request_header(r, "Content-Length"), &n) && n > 0 ? (size_t)n : 0;
}

/* The headers are there. Who may not send this at all is refused before his body is kept. */
static enum MHD_Result begin(Exchange *x, const char *method)
{
    Request *r = &x->request;
    x->has_headers = true;
    r->method = arena_str(r->ctx.arena, str_from(method));
    r->address = peer_address(r->ctx.arena, x->connection);
    (void)MHD_get_connection_values(x->connection, MHD_HEADER_KIND, copy_header, r);
    deadline_set(r->server->deadlines, deadline_of(x->connection), LIMIT_BODY_SECONDS);
    x->is_refused = !route_begin(r);
    x->body_limit = x->is_refused || r->route->guard == GUARD_OPEN ? LIMIT_OPEN_BODY_BYTES : LIMIT_BODY_BYTES;
    x->body = buf_make(r->ctx.arena, x->body_limit);
    if (announced_length(r) > DRAIN_BYTES) {
        r->too_large = true;
        if (!x->is_refused)
            route_serve(r);
        x->is_refused = true;
        MHD_suspend_connection(x->connection);
        resume(r);
    }
    return MHD_YES;
}

static enum MHD_Result take_body(Exchange *x, const char *data, size_t n)
{
    if (!x->is_refused && !x->request.too_large)
        buf_bytes(&x->body, data, n);
    x->request.too_large |= buf_overflowed(&x->body);
    x->drained += n;
    return x->drained > DRAIN_BYTES ? MHD_NO : MHD_YES;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *n,
                              void **exchange)
{
    Exchange *x = *exchange;
    (void)connection, (void)url, (void)version;
    if (x->is_answered)
        return send_answer(x);
    if (((Server *)cls)->is_stopping)
        return MHD_NO;
    if (!x->has_headers)
        return begin(x, method);
    if (*n == 0)
        return dispatch(x);
    size_t taken = *n;
    *n = 0;
    return take_body(x, data, taken);
}

/* The end of a request. One that the library refused by itself, or that broke off, still gets its audit row.
 */
static void close_exchange(void *cls, struct MHD_Connection *connection, void **exchange,
                           enum MHD_RequestTerminationCode code)
{
    Server *server = cls;
    Exchange *x = *exchange;
    (void)code;
    deadline_set(server->deadlines, deadline_of(connection), LIMIT_IDLE_SECONDS);
    *exchange = NULL;
    if (!x)
        return;
    server->n_exchanges--;
    if (x->is_answered) {
        arena_destroy(x->request.ctx.arena);
        return;
    }
    x->request.answer.status = x->has_headers ? 408 : 400;
    audit_note(server->audit, &x->request);
    arena_destroy(x->request.ctx.arena);
}

static void connection_changed(void *cls, struct MHD_Connection *connection, void **context,
                               enum MHD_ConnectionNotificationCode code)
{
    Server *server = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        int socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        *context = deadline_open(server->deadlines, socket);
    } else {
        deadline_close(server->deadlines, *context);
        *context = NULL;
    }
}

/* ---- workers ---- */

static void *serve_each(void *arg)
{
    Queue *queue = arg;
    for (void *taken; queue_take(queue, &taken, 1) > 0;) {
        Request *r = taken;
        route_serve(r);
        resume(r);
    }
    return NULL;
}

/* Whatever waits is run as one group, and one wait for the disk serves all of it. */
static void *write_batches(void *arg)
{
    Server *server = arg;
    void *taken[BATCH_WRITES];
    for (size_t n; (n = queue_take(server->writes, taken, BATCH_WRITES)) > 0;) {
        for (size_t i = 0; i < n; i++)
            route_prepare(taken[i]);
        for (size_t i = 0; i < n; i++)
            route_start(taken[i], i + 1 < n);
        tx_no_more(server->db);
        for (size_t i = 0; i < n; i++) {
            route_finish(taken[i]);
            resume(taken[i]);
        }
    }
    return NULL;
}

static bool start_workers(Server *server, int n, void *(*work)(void *), void *arg)
{
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        ok = pthread_create(&server->workers[server->n_workers], NULL, work, arg) == 0;
        server->n_workers += ok;
    }
    return ok;
}

static bool start_all_workers(Server *server)
{
    if (!start_workers(server, READERS, serve_each, server->reads))
        return false;
    return db_has_one_writer(server->db) ? start_workers(server, BATCH_WRITERS, write_batches, server)
                                         : start_workers(server, WRITERS, serve_each, server->writes);
}

/* ---- start and stop ---- */

static void log_library(void *cls, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void log_library(void *cls, const char *format, va_list args)
{
    char text[512];
    (void)cls;
    (void)vsnprintf(text, sizeof text, format, args);
    log_line(LOG_WARN, "http: %s", text);
}

static struct MHD_Daemon *start_daemon(Server *server, const HttpOptions *options)
{
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    const struct MHD_OptionItem settings[] = {
        { MHD_OPTION_THREAD_POOL_SIZE, HTTP_THREADS, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, LIMIT_CONNECTIONS, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, LIBRARY_TIMEOUT_S, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADERS_MEMORY, NULL },
        { MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
        { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, lent(str_from(options->tls_cert)) },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, lent(str_from(options->tls_key)) },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, lent(S("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2")) },
        { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem *no_tls = &settings[sizeof settings / sizeof settings[0] - 1];
    if (options->address->sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    if (server->tls)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, log_library,
                            NULL, MHD_OPTION_SOCK_ADDR, options->address, MHD_OPTION_URI_LOG_CALLBACK,
                            open_exchange, server, MHD_OPTION_NOTIFY_COMPLETED, close_exchange, server,
                            MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server, MHD_OPTION_ARRAY,
                            settings, MHD_OPTION_ARRAY, server->tls ? tls : no_tls, MHD_OPTION_END);
}

static Str url_of(Server *server, const struct sockaddr *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool is_ipv6 = address->sa_family == AF_INET6;
    (void)inet_ntop(address->sa_family, address_bytes(address), host, sizeof host);
    int port = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return arena_fmt(server->arena, "%s://%s%s%s:%d", server->tls ? "https" : "http", is_ipv6 ? "[" : "",
                     host, is_ipv6 ? "]" : "", port);
}

Err http_start(Ctx *c, Server *server, const HttpOptions *options)
{
    server->reads = queue_make(server->arena, LIMIT_QUEUE);
    server->writes = queue_make(server->arena, LIMIT_QUEUE);
    server->deadlines = deadlines_start(server->arena);
    if (!server->deadlines || !audit_start(server->audit))
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "a thread cannot be started");
    if (!start_all_workers(server))
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "a thread cannot be started");
    server->daemon = start_daemon(server, options);
    if (!server->daemon)
        return problem(c, ERR_UNAVAILABLE, S("--listen"), "the address cannot be listened on");
    server->url = url_of(server, options->address);
    return OK;
}

static void wait_for_answers(const Server *server)
{
    for (int waited_ms = 0; waited_ms < STOP_WAIT_MS && server->n_exchanges > 0; waited_ms += 20)
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000000L }, NULL);
}

static void stop_workers(Server *server)
{
    queue_close(server->reads);
    queue_close(server->writes);
    for (int i = 0; i < server->n_workers; i++)
        pthread_join(server->workers[i], NULL);
}

void http_stop(Server *server)
{
    MHD_socket listening = MHD_quiesce_daemon(server->daemon);
    server->is_stopping = true;
    server->live = live_stop(server->live);
    server->notifier = notifier_stop(server->notifier);
    stop_workers(server);
    wait_for_answers(server);
    MHD_stop_daemon(server->daemon);
    server->audit = audit_stop(server->audit);
    server->deadlines = deadlines_stop(server->deadlines);
    if (listening != MHD_INVALID_SOCKET)
        (void)close(listening);
}
