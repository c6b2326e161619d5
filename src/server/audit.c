#include "server/audit.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "server/queue.h"
#include "server/route.h"
#include "server/server_state.h"

#include <pthread.h>

enum { GROUP = 256 };

struct Audit {
    Server *server;
    AuditedFn *audited;
    Queue *queue;
    pthread_t thread;
};

static Err add_row(Ctx *c, const Request *r, Str path, int status)
{
    const User *user = &r->ctx.user;
    return db_exec(
        c,
        SQL("INSERT INTO audit (id, at_us, account, role, person_id, address, method, path, status, "
            "patient_id, interaction, request_id) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"),
        ARGS(T(uuid_v7(c->arena, c->random, clock_now_us())), I(r->ctx.now_us), T(user->account),
             T(user->role == ROLE_NONE ? STR_NONE : role_name(user->role)), T(user->person_id), T(r->address),
             T(r->method), T(path), I(status), T(r->patient_id),
             T(r->route ? str_from(r->route->title) : STR_NONE), T(r->ctx.request_id)));
}

Err audit_add(Request *r, int status)
{
    return add_row(&r->ctx, r, request_path_for_audit(r), status);
}

static Err add_group(Ctx *c, Request *const *group, size_t n)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    for (size_t i = 0; i < n; i++)
        TRY(add_row(c, group[i], request_path_for_audit(group[i]), group[i]->answer.status));
    return tx_commit(tx);
}

/* Nothing leaves that nobody could be asked about. */
static void refuse_unaudited(Request *r)
{
    live_drop(r->answer.stream);
    r->answer = (Answer){ 0 };
    r->ctx.problems.n = 0;
    route_refuse(r, problem(&r->ctx, ERR_UNAVAILABLE, STR_NONE, "The audit cannot be written now."));
}

static void write_group(Audit *audit, Arena *arena, Request *const *group, size_t n)
{
    Random random = random_system();
    Ctx c = { .arena = arena, .db = audit->server->db, .now_us = clock_now_us(), .random = &random };
    Err err = add_group(&c, group, n);
    if (err != OK)
        log_line(LOG_ERROR, "the audit of %zu requests cannot be written: %s", n,
                 c.problems.n ? arena_cstr(arena, c.problems.at[0].text) : err_meaning(err));
    for (size_t i = 0; i < n; i++) {
        Request *r = group[i];
        r->audited = err == OK;
        if (!r->audited)
            refuse_unaudited(r);
        audit->audited(r);
    }
}

static void *run(void *arg)
{
    Audit *audit = arg;
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    void *group[GROUP];
    for (size_t n; (n = queue_take(audit->queue, group, GROUP)) > 0; arena_reset(arena)) {
        Request *requests[GROUP];
        for (size_t i = 0; i < n; i++)
            requests[i] = group[i];
        write_group(audit, arena, requests, n);
    }
    return NULL;
}

Audit *audit_start(Server *server, AuditedFn *audited)
{
    Audit *audit = arena_new(server->arena, Audit, 1);
    audit->server = server;
    audit->audited = audited;
    /* A connection has one request at a time, so this queue is never full. */
    audit->queue = queue_make(server->arena, LIMIT_CONNECTIONS);
    if (pthread_create(&audit->thread, NULL, run, audit) != 0)
        return NULL;
    return audit;
}

/* The queue refuses only while the server stops: the connection must not stay suspended. */
void audit_pass(Audit *audit, Request *r)
{
    if (queue_put(audit->queue, r))
        return;
    refuse_unaudited(r);
    audit->audited(r);
}

Audit *audit_stop(Audit *audit)
{
    if (audit) {
        queue_close(audit->queue);
        pthread_join(audit->thread, NULL);
    }
    return NULL;
}
