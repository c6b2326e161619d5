#include "server/audit.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "server/reserve.h"
#include "server/route.h"
#include "server/server_state.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

enum { RESERVES = 8, STOP_TRIES = 20 };
static const int64_t HEAD_EVERY_US = US_PER_H, RETRY_US = 250 * 1000;

/* Rows that wait, copied out of their requests. */
typedef struct Waiting {
    Arena *arena;
    AuditRow *at;
    size_t n, room;
} Waiting;

struct Audit {
    Server *server;
    Str chain;
    bool has_key;
    AuditKey key;
    Reserve *reserve; /* NULL: there is none */

    pthread_mutex_t lock;
    pthread_cond_t filled, taken, written;
    Waiting sides[2]; /* one is filled while the other is written */
    int filling;
    int64_t n_queued, n_written;
    bool is_closing;
    bool is_shut; /* no row can be kept: nothing of a patient leaves */

    pthread_t thread;
    bool is_running;
};

/* ---- rows ---- */

static AuditRow row_of(Request *r)
{
    const User *user = &r->ctx.user;
    return (AuditRow){ .id = uuid_v7(r->ctx.arena, r->ctx.random, clock_now_us()),
                       .at_us = r->ctx.now_us,
                       .account = user->account,
                       .role = user->role == ROLE_NONE ? STR_NONE : role_name(user->role),
                       .person_id = user->person_id,
                       .address = r->address,
                       .method = r->method,
                       .path = request_path_for_audit(r),
                       .status = r->answer.status,
                       .patient_id = r->patient_id,
                       .interaction = r->route ? str_from(r->route->title) : STR_NONE,
                       .request_id = r->ctx.request_id,
                       .reason = r->reason };
}

/* The texts of a row, to copy or to read them in a loop. */
enum { ROW_TEXTS = 11 };
static void row_texts(AuditRow *row, Str *ret_texts[ROW_TEXTS])
{
    Str *const texts[ROW_TEXTS] = { &row->id,          &row->account,    &row->role,  &row->person_id,
                                    &row->address,     &row->method,     &row->path,  &row->patient_id,
                                    &row->interaction, &row->request_id, &row->reason };
    for (int i = 0; i < ROW_TEXTS; i++)
        ret_texts[i] = texts[i];
}

static const char *const row_names[ROW_TEXTS] = { "id",          "account", "role",  "person",
                                                  "address",     "method",  "path",  "patient",
                                                  "interaction", "request", "reason" };

static AuditRow row_copy(Arena *a, AuditRow row)
{
    Str *texts[ROW_TEXTS];
    row_texts(&row, texts);
    for (int i = 0; i < ROW_TEXTS; i++)
        *texts[i] = texts[i]->p ? arena_str(a, *texts[i]) : STR_NONE;
    return row;
}

static Str row_line(Arena *a, AuditRow row)
{
    Str *texts[ROW_TEXTS];
    row_texts(&row, texts);
    Buf b = buf_make(a, LIMIT_BODY_BYTES);
    buf_json(&b, "{'at':%d,'status':%d", row.at_us, row.status);
    for (int i = 0; i < ROW_TEXTS; i++)
        if (texts[i]->p)
            buf_json(&b, ",'%j':%s", str_from(row_names[i]), *texts[i]);
    buf_char(&b, '}');
    return buf_str(&b);
}

static AuditRow row_read(Json *json)
{
    AuditRow row = { 0 };
    Str *texts[ROW_TEXTS];
    row_texts(&row, texts);
    (void)json_int(json_get(json, "at"), &row.at_us);
    (void)json_int(json_get(json, "status"), &row.status);
    for (int i = 0; i < ROW_TEXTS; i++)
        *texts[i] = json_find_str(json, row_names[i]);
    return row;
}

/* ---- the reserve ---- */

static bool keep_in_reserve(Audit *audit, const Waiting *group)
{
    if (!audit->reserve)
        return false;
    for (size_t i = 0; i < group->n; i++)
        if (!reserve_add(audit->reserve, row_line(group->arena, group->at[i])))
            return false;
    return reserve_sync(audit->reserve);
}

static Err merge(Ctx *c, Audit *audit)
{
    Str text;
    struct {
        AuditRow *at;
        size_t n, room;
    } rows = { 0 };
    TRY(reserve_text(c, audit->reserve, &text));
    while (!str_empty(text)) {
        Json *json = json_parse(c->arena, str_cut(text, '\n', &text));
        if (json) /* the last line may have been cut by a power cut: its answer was not sent */
            *list_add(c->arena, &rows) = row_read(json);
    }
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(chain_add(c, audit->chain, rows.at, rows.n));
    TRY(tx_commit(tx));
    if (!reserve_clear(audit->reserve))
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "the audit's reserve cannot be emptied");
    log_line(LOG_INFO, "%zu rows of the audit were merged from its reserve", rows.n);
    return OK;
}

/* ---- the thread ---- */

static Ctx context(Audit *audit, Arena *arena, Random *random)
{
    return (Ctx){ .arena = arena, .db = audit->server->db, .now_us = clock_now_us(), .random = random };
}

static Err add_group(Ctx *c, const Audit *audit, const Waiting *group)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(chain_add(c, audit->chain, group->at, group->n));
    return tx_commit(tx);
}

static void log_trouble(const Ctx *c, Err err, size_t n)
{
    Str text = c->problems.n ? c->problems.at[0].text : str_from(err_meaning(err));
    log_line(LOG_ERROR, "%zu rows of the audit cannot be written: %.*s", n, STR_ARG(text));
}

/* Into the database, else into the reserve. */
static bool write_group(Audit *audit, const Waiting *group)
{
    Random random = random_system();
    Ctx c = context(audit, group->arena, &random);
    Err err = add_group(&c, audit, group);
    if (err == OK && audit->reserve && !reserve_is_empty(audit->reserve))
        err = merge(&c, audit) == OK ? OK : err;
    if (err == OK)
        return true;
    log_trouble(&c, err, group->n);
    return keep_in_reserve(audit, group);
}

static void print_head(Audit *audit)
{
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Random random = random_system();
    Ctx c = context(audit, arena, &random);
    AuditHead head;
    if (chain_head(&c, audit->chain, &head) != OK || head.number == 0)
        return;
    Str line = chain_head_line(arena, audit->chain, &head, audit->has_key ? &audit->key : NULL);
    log_line(LOG_INFO, "audit head %.*s", STR_ARG(line));
}

static struct timespec after_us(int64_t us)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    int64_t ns = at.tv_nsec + us % US_PER_S * 1000;
    return (struct timespec){ at.tv_sec + us / US_PER_S + ns / 1000000000, ns % 1000000000 };
}

/* Waits for rows, for the end, or for so long. The side that was filled is the caller's to write; empty where
 * none came. */
static Waiting *take(Audit *audit, int64_t wait_us, bool *ret_is_closing)
{
    struct timespec until = after_us(wait_us);
    pthread_mutex_lock(&audit->lock);
    while (audit->sides[audit->filling].n == 0 && !audit->is_closing)
        if (pthread_cond_timedwait(&audit->filled, &audit->lock, &until) != 0)
            break;
    Waiting *side = &audit->sides[audit->filling];
    audit->filling = !audit->filling;
    *ret_is_closing = audit->is_closing;
    pthread_cond_broadcast(&audit->taken);
    pthread_mutex_unlock(&audit->lock);
    return side;
}

static void set_shut(Audit *audit, bool is_shut)
{
    pthread_mutex_lock(&audit->lock);
    if (audit->is_shut != is_shut)
        log_line(is_shut ? LOG_ERROR : LOG_INFO, "the audit takes %s rows", is_shut ? "no" : "its");
    audit->is_shut = is_shut;
    pthread_cond_broadcast(&audit->taken);
    pthread_mutex_unlock(&audit->lock);
}

static void group_done(Audit *audit, Waiting *group)
{
    pthread_mutex_lock(&audit->lock);
    audit->n_written += (int64_t)group->n;
    pthread_cond_broadcast(&audit->written);
    pthread_mutex_unlock(&audit->lock);
    arena_reset(group->arena);
    *group = (Waiting){ .arena = group->arena };
}

/* Does not give up while the server runs: these rows' answers are sent. */
static void write_surely(Audit *audit, Waiting *group, bool is_closing)
{
    for (int tries = 1; !write_group(audit, group); tries++) {
        set_shut(audit, true);
        if (is_closing && tries == STOP_TRIES) {
            log_line(LOG_ERROR, "%zu rows of the audit are lost", group->n);
            break;
        }
        nanosleep(&(struct timespec){ .tv_nsec = RETRY_US * 1000 }, NULL);
    }
    set_shut(audit, false);
    group_done(audit, group);
}

static void *run(void *arg)
{
    Audit *audit = arg;
    int64_t head_us = clock_now_us();
    for (bool is_closing = false; !is_closing;) {
        Waiting *group = take(audit, HEAD_EVERY_US, &is_closing);
        if (group->n)
            write_surely(audit, group, is_closing);
        if (clock_now_us() - head_us < HEAD_EVERY_US)
            continue;
        print_head(audit);
        head_us = clock_now_us();
    }
    /* What was queued between the last take and the end. */
    bool ignored;
    Waiting *rest = take(audit, 0, &ignored);
    if (rest->n)
        write_surely(audit, rest, true);
    print_head(audit);
    return NULL;
}

/* ---- opening and closing ---- */

/* The first that no other process has. */
static Err open_reserve(Ctx *c, Audit *audit, Str files)
{
    Err err = ERR_CONFLICT;
    for (int i = 1; i <= RESERVES && err == ERR_CONFLICT; i++) {
        Str file = arena_fmt(c->arena, "%.*s-%d.reserve", STR_ARG(files), i);
        err = reserve_open(c, audit->server->arena, file, LIMIT_AUDIT_RESERVE_BYTES, &audit->reserve);
    }
    if (err == ERR_CONFLICT)
        return problem(c, err, files, "%d servers have an audit reserve here already", RESERVES);
    return err;
}

static Err open_files(Ctx *c, Audit *audit, Str files)
{
    TRY(audit_key_open(c, arena_fmt(c->arena, "%.*s.key", STR_ARG(files)), &audit->key));
    audit->has_key = true;
    TRY(open_reserve(c, audit, files));
    return reserve_is_empty(audit->reserve) ? OK : merge(c, audit);
}

Err audit_open(Ctx *c, Server *server, Str files, Audit **ret_audit)
{
    Audit *audit = arena_new(server->arena, Audit, 1);
    audit->server = server;
    audit->chain = arena_str(server->arena, uuid_v7(c->arena, c->random, clock_now_us()));
    if (files.p)
        TRY(open_files(c, audit, files));
    pthread_mutex_init(&audit->lock, NULL);
    pthread_cond_init(&audit->filled, NULL);
    pthread_cond_init(&audit->taken, NULL);
    pthread_cond_init(&audit->written, NULL);
    *ret_audit = audit;
    return OK;
}

bool audit_start(Audit *audit)
{
    for (int i = 0; i < 2; i++)
        audit->sides[i].arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    audit->is_running = pthread_create(&audit->thread, NULL, run, audit) == 0;
    return audit->is_running;
}

Audit *audit_stop(Audit *audit)
{
    if (!audit)
        return NULL;
    pthread_mutex_lock(&audit->lock);
    audit->is_closing = true;
    pthread_cond_broadcast(&audit->filled);
    pthread_mutex_unlock(&audit->lock);
    if (audit->is_running)
        pthread_join(audit->thread, NULL);
    for (int i = 0; i < 2; i++)
        arena_destroy(audit->sides[i].arena);
    audit->reserve = reserve_close(audit->reserve);
    return NULL;
}

/* ---- for the requests ---- */

Err audit_add(Request *r)
{
    AuditRow row = row_of(r);
    return chain_add(&r->ctx, r->server->audit->chain, &row, 1);
}

Err audit_add_row(Ctx *c, Audit *audit, const AuditRow *row)
{
    return chain_add(c, audit->chain, row, 1);
}

static bool is_of_a_patient(const Request *r)
{
    return r->patient_id.p || (r->type.p && r->ctx.user.role != ROLE_NONE) || str_starts(r->target, S("/r/"));
}

/* False where the row cannot be kept, and what the answer holds must not leave without one. */
static bool queue_row(Audit *audit, const AuditRow *row, bool is_of_patient)
{
    pthread_mutex_lock(&audit->lock);
    while (audit->sides[audit->filling].n >= LIMIT_AUDIT_ROWS && !audit->is_shut)
        pthread_cond_wait(&audit->taken, &audit->lock);
    Waiting *side = &audit->sides[audit->filling];
    bool takes = side->n < LIMIT_AUDIT_ROWS && !(audit->is_shut && is_of_patient);
    if (takes) {
        *list_add(side->arena, side) = row_copy(side->arena, *row);
        audit->n_queued++;
        if (side->n == 1)
            pthread_cond_signal(&audit->filled);
    }
    pthread_mutex_unlock(&audit->lock);
    return takes;
}

/* Nothing leaves that nobody could be asked about. */
static void refuse_unaudited(Request *r)
{
    live_drop(r->answer.stream);
    r->answer = (Answer){ 0 };
    r->ctx.problems.n = 0;
    route_refuse(r, problem(&r->ctx, ERR_UNAVAILABLE, STR_NONE, "The audit cannot be written now."));
}

void audit_note(Audit *audit, Request *r)
{
    if (r->audited)
        return;
    AuditRow row = row_of(r);
    if (!queue_row(audit, &row, is_of_a_patient(r)))
        refuse_unaudited(r);
}

void audit_settle(Audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    int64_t wanted = audit->n_queued;
    while (audit->n_written < wanted && !audit->is_shut)
        pthread_cond_wait(&audit->written, &audit->lock);
    pthread_mutex_unlock(&audit->lock);
}
