#include "server/write.h"

#include "base/time.h"
#include "server/server_state.h"
#include "server/session.h"

enum { KEY_MIN_BYTES = 16, KEY_MAX_BYTES = 128 };
#define KEY_LIFE_US (7 * US_PER_DAY)

struct RunningWrites {
    pthread_mutex_t lock;
    Str names[LIMIT_CONNECTIONS]; /* account and key; in the arena of the request that runs */
    size_t n;
};

RunningWrites *running_writes_make(Arena *a)
{
    RunningWrites *running = arena_new(a, RunningWrites, 1);
    pthread_mutex_init(&running->lock, NULL);
    return running;
}

static bool key_enter(RunningWrites *running, Str name)
{
    pthread_mutex_lock(&running->lock);
    bool is_free = running->n < LIMIT_CONNECTIONS;
    for (size_t i = 0; i < running->n && is_free; i++)
        is_free = !str_eq(running->names[i], name);
    if (is_free)
        running->names[running->n++] = name;
    pthread_mutex_unlock(&running->lock);
    return is_free;
}

static void key_leave(RunningWrites *running, Str name)
{
    pthread_mutex_lock(&running->lock);
    size_t i = 0;
    while (running->names[i].p != name.p)
        i++;
    running->names[i] = running->names[--running->n];
    pthread_mutex_unlock(&running->lock);
}

static Str answer_headers_text(Request *r)
{
    Buf b = buf_make(r->ctx.arena, LIMIT_URL_BYTES);
    for (size_t i = 0; i < r->answer.headers.n; i++)
        buf_fmt(&b, "%.*s: %.*s\n", STR_ARG(r->answer.headers.at[i].name),
                STR_ARG(r->answer.headers.at[i].value));
    return buf_str(&b);
}

static void answer_headers_read(Request *r, Str text)
{
    while (!str_empty(text)) {
        Str value, line = str_cut(text, '\n', &text);
        Str name = str_cut(line, ':', &value);
        answer_header(r, arena_cstr(r->ctx.arena, name), str_trim(value));
    }
}

static Err refuse_running(Request *r)
{
    answer_header(r, "Retry-After", S("1"));
    return problem(&r->ctx, ERR_CONFLICT, S("Idempotency-Key"),
                   "The first request with this Idempotency-Key is still running.");
}

/* The answer of an earlier request with this key. ERR_NOT_FOUND where there was none. */
static Err replay(Request *r, Str key, Str body_hash)
{
    Ctx *c = &r->ctx;
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT method, path, body_hash, status, headers, body, state FROM idempotency "
                     "WHERE key = $1 AND account = $2 AND created_us > $3"),
                 ARGS(T(key), T(c->user.account), I(c->now_us - KEY_LIFE_US)), &rows));
    if (!rows_next(rows)) {
        TRY(rows_error(rows));
        return ERR_NOT_FOUND;
    }
    if (!str_eq(rows_text(rows, 0), r->method) || !str_eq(rows_text(rows, 1), r->target) ||
        !str_eq(rows_text(rows, 2), body_hash))
        return problem(c, ERR_RULE, S("Idempotency-Key"),
                       "This Idempotency-Key was used for another request. A new request takes a new key.");
    if (!str_is(rows_text(rows, 6), "done"))
        return refuse_running(r);
    r->answer.status = (int)rows_int(rows, 3);
    answer_headers_read(r, arena_str(c->arena, rows_text(rows, 4)));
    r->answer.body = arena_str(c->arena, rows_text(rows, 5));
    return db_await_disk(c); /* another server may have committed it just now */
}

/* Takes the key in this transaction. On PostgreSQL a second server waits here until the first has committed.
 */
static Err key_take(Request *r, Str key, Str body_hash)
{
    Ctx *c = &r->ctx;
    TRY(db_exec(c, SQL("DELETE FROM idempotency WHERE created_us <= $1"), ARGS(I(c->now_us - KEY_LIFE_US))));
    AUTO(rows_done) Rows *taken = NULL;
    TRY(db_query(c,
                 SQL("INSERT INTO idempotency (key, account, method, path, body_hash, created_us, state) "
                     "VALUES ($1, $2, $3, $4, $5, $6, 'running') ON CONFLICT (key, account) DO NOTHING "
                     "RETURNING key"),
                 ARGS(T(key), T(c->user.account), T(r->method), T(r->target), T(body_hash), I(c->now_us)),
                 &taken));
    if (rows_next(taken))
        return OK;
    TRY(rows_error(taken));
    return refuse_running(r);
}

static Err key_finish(Request *r, Str key)
{
    return db_exec(&r->ctx,
                   SQL("UPDATE idempotency SET status = $1, headers = $2, body = $3, state = 'done' "
                       "WHERE key = $4 AND account = $5"),
                   ARGS(I(r->answer.status), T(answer_headers_text(r)), T(r->answer.body), T(key),
                        T(r->ctx.user.account)));
}

static Err run(Request *r, RouteFn *handler, Str key, Str body_hash)
{
    if (key.p)
        TRY(key_take(r, key, body_hash));
    TRY(handler(r));
    if (key.p)
        TRY(key_finish(r, key));
    return audit_add(r);
}

static Err run_in_transaction(Request *r, RouteFn *handler, Str key, Str body_hash, bool more)
{
    enum { TRIES = 4 };
    Request before = *r;
    for (int tries = 1;; tries++) {
        TRY(tx_begin(&r->ctx, &r->left));
        Err err = run(r, handler, key, body_hash);
        tx_leave(r->left, err, more);
        if (!tx_crossed(r->left) || tries == TRIES)
            return err;
        *r = before;
    }
}

static Err check_key(Ctx *c, Str key)
{
    bool is_plain = key.n >= KEY_MIN_BYTES && key.n <= KEY_MAX_BYTES;
    for (size_t i = 0; i < key.n && is_plain; i++)
        is_plain = key.p[i] > ' ' && key.p[i] < 0x7f;
    if (is_plain)
        return OK;
    return problem(c, ERR_SYNTAX, S("Idempotency-Key"), "An Idempotency-Key is %d to %d plain characters.",
                   KEY_MIN_BYTES, KEY_MAX_BYTES);
}

static Err prepare(Request *r)
{
    r->is_prepared = true;
    return r->route->prepare ? r->route->prepare(r) : OK;
}

/* With a key it is asked first whether this is a repetition. */
Err write_prepare(Request *r)
{
    return request_header(r, "Idempotency-Key").p ? OK : prepare(r);
}

Err write_start(Request *r, RouteFn *handler, bool more)
{
    Str key = request_header(r, "Idempotency-Key");
    if (!key.p)
        return run_in_transaction(r, handler, STR_NONE, STR_NONE, more);
    TRY(check_key(&r->ctx, key));
    Str name = arena_fmt(r->ctx.arena, "%.*s %.*s", STR_ARG(r->ctx.user.account), STR_ARG(key));
    if (!key_enter(r->server->running, name))
        return refuse_running(r);
    r->running_key = name;
    Str body_hash = secret_hash(r->ctx.arena, r->body);
    Err err = replay(r, key, body_hash);
    if (err != ERR_NOT_FOUND)
        return err;
    if (!r->is_prepared)
        TRY(prepare(r));
    return run_in_transaction(r, handler, key, body_hash, more);
}

Err write_finish(Request *r, Err outcome)
{
    if (r->left) {
        Err err = tx_await(r->left);
        outcome = outcome ?: err;
        r->left = NULL;
        r->audited = outcome == OK;
    }
    if (r->running_key.p)
        key_leave(r->server->running, r->running_key);
    r->running_key = STR_NONE;
    return outcome;
}

Err write_serve(Request *r, RouteFn *handler)
{
    return write_finish(r, write_start(r, handler, false));
}
