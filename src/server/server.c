#include "server/server.h"

#include "server/http.h"

#include <netdb.h>
#include <netinet/in.h>

enum { SERVER_ARENA_BYTES = 64 * 1024 * 1024 };

static Err parse_listen(Ctx *c, Str listen, struct addrinfo **ret_address)
{
    size_t colon = listen.n;
    while (colon > 0 && listen.p[colon - 1] != ':')
        colon--;
    Str host = str_slice(listen, 0, colon ? colon - 1 : 0), port = str_slice(listen, colon, listen.n);
    if (host.n > 2 && host.p[0] == '[')
        host = str_slice(host, 1, host.n - 1);
    int64_t number;
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                              .ai_socktype = SOCK_STREAM };
    if (str_empty(host) || !str_to_int(port, &number) || number < 0 || number > 65535 ||
        getaddrinfo(arena_cstr(c->arena, host), arena_cstr(c->arena, port), &hints, ret_address) != 0)
        return problem(c, ERR_INVALID, S("--listen"), "'%.*s' is not ADDRESS:PORT, such as 127.0.0.1:8080.",
                       STR_ARG(listen));
    return OK;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static Err start_at(Ctx *c, Server *server, const ServerOptions *options, const struct sockaddr *address)
{
    TRY(audit_open(c, server, options->audit_files, &server->audit));
    if (!server->tls && !is_loopback(address))
        return problem(
            c, ERR_INVALID, S("--listen"),
            "Without TLS the server listens on loopback only (127.0.0.1): give --tls-cert and --tls-key, "
            "or put a proxy before it.");
    HttpOptions http = { .address = address, .tls_cert = options->tls_cert, .tls_key = options->tls_key };
    server->live = live_start(server);
    if (!server->live)
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "The outbox cannot be read.");
    TRY(http_start(c, server, &http));
    if (options->n_notify_to == 0)
        return OK;
    server->notifier = notifier_start(server, options->notify_to, options->n_notify_to);
    return server->notifier ? OK : problem(c, ERR_UNAVAILABLE, STR_NONE, "a thread cannot be started");
}

static Str without_slash(Str url)
{
    return str_ends(url, S("/")) ? str_slice(url, 0, url.n - 1) : url;
}

Err server_start(Ctx *c, const ServerOptions *options, Server **ret_server)
{
    struct addrinfo *address;
    TRY(parse_listen(c, options->listen, &address));
    Arena *arena = arena_create(SERVER_ARENA_BYTES);
    Server *server = arena_new(arena, Server, 1);
    server->arena = arena;
    server->db = c->db;
    server->demo = options->demo;
    server->own_patients_only = options->own_patients_only;
    server->tls = options->tls_cert != NULL;
    server->public_url = arena_str(arena, without_slash(options->public_url));
    server->running = running_writes_make(arena);
    server->rate.key = random_u64(c->random);
    pthread_mutex_init(&server->rate_lock, NULL);
    Err err = start_at(c, server, options, address->ai_addr);
    freeaddrinfo(address);
    if (err == OK)
        *ret_server = server;
    return err;
}

Str server_url(const Server *server)
{
    return server->url;
}

Server *server_stop(Server *server)
{
    if (!server)
        return NULL;
    http_stop(server);
    arena_destroy(server->arena);
    return NULL;
}

Err server_rate_take(Request *r, Str what, RateRule rule)
{
    int wait_s = 0;
    pthread_mutex_lock(&r->server->rate_lock);
    bool may = rate_take(&r->server->rate, what, rule, r->ctx.now_us, &wait_s);
    pthread_mutex_unlock(&r->server->rate_lock);
    if (may)
        return OK;
    answer_header(r, "Retry-After", arena_fmt(r->ctx.arena, "%d", wait_s));
    return problem(&r->ctx, ERR_TOO_MANY, STR_NONE, "Too many tries. Try again in %d s.", wait_s);
}

void server_rate_forget(Server *server, Str what)
{
    pthread_mutex_lock(&server->rate_lock);
    rate_forget(&server->rate, what);
    pthread_mutex_unlock(&server->rate_lock);
}
