#include "server/live.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "db/outbox.h"
#include "fhir/relation.h"
#include "server/access.h"
#include "server/route.h"
#include "server/server_state.h"
#include "server/session.h"

#include <microhttpd.h>
#include <time.h>

enum {
    POLL_MS = 200,
    BEAT_EVERY_POLLS = 25, /* 5 s */
    POLL_EVENTS = 1000,
    STREAM_QUEUE_BYTES = 64 * 1024,
    STREAM_ARENA_BYTES = 8 * 1024 * 1024,
};

struct Stream {
    Live *live;
    Stream *next;
    Arena *arena;
    struct MHD_Connection *connection; /* NULL until its answer begins */
    User user;                         /* role and person_id alone */
    const Rights *rights;
    Str session;
    int64_t seen_us;
    Str replay; /* what is still to be sent of what was missed; before the queue */
    char queue[STREAM_QUEUE_BYTES];
    size_t queue_from, queue_to;
    bool is_waiting; /* suspended until there is something to send */
    bool has_lost;   /* its queue was full: it will be told to read again */
    bool is_ending;
};

struct Live {
    Server *server;
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows, and of every stream */
    pthread_cond_t stopped;
    Stream *streams;
    size_t n_streams;
    int64_t newest; /* number of the last event that was passed on */
    bool is_stopping;
};

/* ---- one stream; the lock is held ---- */

static void wake(Stream *stream)
{
    if (stream->is_waiting) {
        stream->is_waiting = false;
        MHD_resume_connection(stream->connection);
    }
}

static void end(Stream *stream)
{
    stream->is_ending = true;
    wake(stream);
}

static bool queue_text(Stream *stream, Str text)
{
    if (stream->queue_from == stream->queue_to)
        stream->queue_from = stream->queue_to = 0;
    if (text.n > STREAM_QUEUE_BYTES - stream->queue_to)
        return false;
    memcpy(stream->queue + stream->queue_to, text.p, text.n);
    stream->queue_to += text.n;
    return true;
}

/* After a loss nothing is queued until what is there has been sent and the reset with it. */
static void pass(Stream *stream, Str text)
{
    if (stream->has_lost || !queue_text(stream, text))
        stream->has_lost = true;
    wake(stream);
}

static size_t take(char *out, size_t room, Str *from)
{
    size_t n = from->n < room ? from->n : room;
    memcpy(out, from->p, n);
    *from = str_slice(*from, n, from->n);
    return n;
}

static size_t take_next(Stream *stream, char *out, size_t room)
{
    if (!str_empty(stream->replay))
        return take(out, room, &stream->replay);
    if (stream->queue_from == stream->queue_to && stream->has_lost) {
        stream->has_lost = false;
        (void)queue_text(stream, S("event: reset\ndata: {}\n\n"));
    }
    Str queued = { stream->queue + stream->queue_from, stream->queue_to - stream->queue_from };
    size_t n = take(out, room, &queued);
    stream->queue_from += n;
    return n;
}

/* ---- the HTTP library's side ---- */

static ssize_t read_stream(void *cls, uint64_t position, char *out, size_t room)
{
    Stream *stream = cls;
    (void)position;
    pthread_mutex_lock(&stream->live->lock);
    ssize_t n = stream->is_ending ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)take_next(stream, out, room);
    if (n == 0) {
        stream->is_waiting = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->live->lock);
    return n;
}

static void release(void *cls)
{
    live_drop(cls);
}

void live_drop(Stream *stream)
{
    if (!stream)
        return;
    Live *live = stream->live;
    pthread_mutex_lock(&live->lock);
    Stream **link = &live->streams;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    live->n_streams--;
    pthread_mutex_unlock(&live->lock);
    arena_destroy(stream->arena);
}

struct MHD_Response *live_response(Stream *stream, struct MHD_Connection *connection)
{
    pthread_mutex_lock(&stream->live->lock);
    stream->connection = connection;
    pthread_mutex_unlock(&stream->live->lock);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, stream, release);
}

/* ---- opening ---- */

static void add_event(Buf *b, const Event *event)
{
    buf_fmt(b, "id: %lld\ndata: ", (long long)event->number);
    buf_json(b, "{'number':%d,'patient':%s,'encounter':%s,'type':%s,'id':%s,'version':%d,'at':%t}\n\n",
             event->number, event->patient_id.p ? event->patient_id : S(""),
             event->encounter_id.p ? event->encounter_id : S(""), event->type, event->id, event->version,
             event->at_us);
}

static Str beat_text(Arena *a, int64_t newest)
{
    Str beat = json_build(a, "{'now':%t,'number':%d}", clock_now_us(), newest);
    return arena_fmt(a, "event: beat\ndata: %.*s\n\n", STR_ARG(beat));
}

/* Enters the list: from here on every new event is queued. ret_newest is the last one that will not be. */
static Err join(Request *r, Stream *stream, int64_t *ret_newest)
{
    Live *live = r->server->live;
    pthread_mutex_lock(&live->lock);
    bool has_room = live->n_streams < LIMIT_STREAMS && !live->is_stopping;
    if (has_room) {
        stream->next = live->streams;
        live->streams = stream;
        live->n_streams++;
        *ret_newest = live->newest;
    }
    pthread_mutex_unlock(&live->lock);
    if (has_room)
        return OK;
    return problem(&r->ctx, ERR_UNAVAILABLE, STR_NONE, "There are %d streams open, which is the limit.",
                   LIMIT_STREAMS);
}

/* Whether the user of rights and person may hear of it: of its type, and of whose it is. Of what was deleted
 * the event itself says whose it was. */
static Err hears(Ctx *c, const Rights *rights, User user, const Event *event, bool *ret_hears)
{
    Resource resource;
    *ret_hears = access_allows(user.role, event->type, CAN_READ);
    if (!*ret_hears || !rights->own_patients_only)
        return OK;
    Ctx own = *c;
    own.rights = rights;
    own.user = user;
    own.problems = (Problems){ 0 };
    Err err = fhir_read(&own, event->type, event->id, &resource);
    if (err == ERR_GONE && event->patient_id.p)
        err = relation_check_patient(&own, event->patient_id);
    *ret_hears = err != ERR_FORBIDDEN;
    return err == ERR_FORBIDDEN || err == ERR_GONE || err == ERR_NOT_FOUND ? OK : err;
}

static Err add_missed(Ctx *c, Buf *b, int64_t after, int64_t newest)
{
    Events events;
    if (after > newest || newest - after > LIMIT_EVENT_REPLAY) {
        buf_add(b, S("event: reset\ndata: {}\n\n"));
        return OK;
    }
    TRY(outbox_after(c, after, LIMIT_EVENT_REPLAY, &events));
    for (size_t i = 0; i < events.n && events.at[i].number <= newest; i++) {
        bool is_heard;
        TRY(hears(c, c->rights, c->user, &events.at[i], &is_heard));
        if (is_heard)
            add_event(b, &events.at[i]);
    }
    return OK;
}

static Err fill_replay(Request *r, Stream *stream, int64_t newest)
{
    int64_t after;
    Str last = request_header(r, "Last-Event-ID");
    Buf b = buf_make(stream->arena, STREAM_ARENA_BYTES / 2);
    buf_add(&b, beat_text(r->ctx.arena, newest));
    if (last.p && !str_to_int(last, &after))
        return problem(&r->ctx, ERR_SYNTAX, S("Last-Event-ID"), "Last-Event-ID is the number of an event.");
    if (last.p)
        TRY(add_missed(&r->ctx, &b, after, newest));
    stream->replay = buf_str(&b);
    return OK;
}

Err live_http_events(Request *r)
{
    int64_t newest = 0;
    Arena *arena = arena_create(STREAM_ARENA_BYTES);
    Stream *stream = arena_new(arena, Stream, 1);
    stream->live = r->server->live;
    stream->arena = arena;
    stream->user = (User){ .role = r->ctx.user.role, .person_id = arena_str(arena, r->ctx.user.person_id) };
    stream->rights = r->ctx.rights;
    stream->session = arena_str(arena, r->session);
    stream->seen_us = r->ctx.now_us;
    Err err = join(r, stream, &newest);
    if (err != OK) {
        arena_destroy(arena);
        return err;
    }
    err = fill_replay(r, stream, newest);
    if (err != OK) {
        live_drop(stream);
        return err;
    }
    answer_header(r, "Content-Type", S("text/event-stream; charset=utf-8"));
    answer_header(r, "X-Accel-Buffering", S("no"));
    r->answer.status = 200;
    r->answer.stream = stream;
    return OK;
}

/* ---- the thread ---- */

/* Who listens, copied so that the database is asked without the lock; and whether each hears the event. */
typedef struct Listener {
    User user;
    const Rights *rights;
    bool hears;
} Listener;

static Listener *listeners_of(Live *live, Arena *a, size_t *ret_n)
{
    size_t n = 0;
    pthread_mutex_lock(&live->lock);
    Listener *listeners = arena_new(a, Listener, live->n_streams + 1);
    for (Stream *stream = live->streams; stream; stream = stream->next) {
        User user = { .role = stream->user.role, .person_id = arena_str(a, stream->user.person_id) };
        listeners[n++] = (Listener){ .user = user, .rights = stream->rights };
    }
    pthread_mutex_unlock(&live->lock);
    *ret_n = n;
    return listeners;
}

/* NULL for a stream that joined meanwhile, where nobody else is of its kind: it is told to read again. */
static const Listener *listener_like(const Listener *listeners, size_t n, const Stream *stream)
{
    for (size_t i = 0; i < n; i++)
        if (listeners[i].rights == stream->rights && listeners[i].user.role == stream->user.role &&
            str_eq(listeners[i].user.person_id, stream->user.person_id))
            return &listeners[i];
    return NULL;
}

static Err pass_event(Live *live, Ctx *c, const Event *event)
{
    size_t n;
    Buf b = buf_make(c->arena, STREAM_QUEUE_BYTES);
    add_event(&b, event);
    Listener *listeners = listeners_of(live, c->arena, &n);
    for (size_t i = 0; i < n; i++)
        TRY(hears(c, listeners[i].rights, listeners[i].user, event, &listeners[i].hears));
    pthread_mutex_lock(&live->lock);
    for (Stream *stream = live->streams; stream; stream = stream->next) {
        const Listener *listener = listener_like(listeners, n, stream);
        if (!listener) {
            stream->has_lost = true;
            wake(stream);
        } else if (listener->hears) {
            pass(stream, buf_str(&b));
        }
    }
    live->newest = event->number;
    pthread_mutex_unlock(&live->lock);
    return OK;
}

static Err poll_outbox(Live *live, Ctx *c)
{
    Events events;
    TRY(outbox_after(c, live->newest, POLL_EVENTS, &events));
    for (size_t i = 0; i < events.n; i++)
        TRY(pass_event(live, c, &events.at[i]));
    return OK;
}

static void pass_beat(Live *live, Arena *a)
{
    pthread_mutex_lock(&live->lock);
    Str text = beat_text(a, live->newest);
    for (Stream *stream = live->streams; stream; stream = stream->next)
        pass(stream, text);
    pthread_mutex_unlock(&live->lock);
}

typedef struct OpenSession {
    Str hash;
    int64_t seen_us;
} OpenSession;

/* The sessions of the open streams, copied so that the database is asked without the lock. */
static OpenSession *open_sessions(Live *live, Arena *a, size_t *ret_n)
{
    pthread_mutex_lock(&live->lock);
    OpenSession *sessions = arena_new(a, OpenSession, live->n_streams + 1);
    size_t n = 0;
    for (Stream *stream = live->streams; stream; stream = stream->next)
        sessions[n++] = (OpenSession){ arena_str(a, stream->session), stream->seen_us };
    pthread_mutex_unlock(&live->lock);
    *ret_n = n;
    return sessions;
}

static void note_seen(Live *live, Str session, int64_t now_us)
{
    pthread_mutex_lock(&live->lock);
    for (Stream *stream = live->streams; stream; stream = stream->next)
        if (str_eq(stream->session, session))
            stream->seen_us = now_us;
    pthread_mutex_unlock(&live->lock);
}

static void check_sessions(Live *live, Ctx *c)
{
    size_t n;
    OpenSession *sessions = open_sessions(live, c->arena, &n);
    for (size_t i = 0; i < n; i++) {
        if (session_still(c, sessions[i].hash) == ERR_SIGN_IN)
            live_end_session(live, sessions[i].hash);
        else if (c->now_us - sessions[i].seen_us > US_PER_MIN &&
                 session_touch(c, sessions[i].hash, sessions[i].seen_us) == OK)
            note_seen(live, sessions[i].hash, c->now_us);
    }
}

/* False when it is time to stop. */
static bool wait_for_next(Live *live)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&live->lock);
    if (!live->is_stopping)
        (void)pthread_cond_timedwait(&live->stopped, &live->lock, &until);
    bool goes_on = !live->is_stopping;
    pthread_mutex_unlock(&live->lock);
    return goes_on;
}

static void *run(void *arg)
{
    Live *live = arg;
    AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    Err before = OK;
    for (int polls = 1; wait_for_next(live); polls++, arena_reset(arena)) {
        Random random = random_system();
        Ctx c = { .arena = arena, .db = live->server->db, .now_us = clock_now_us(), .random = &random };
        Err err = poll_outbox(live, &c);
        if (err != OK && before == OK)
            log_line(LOG_ERROR, "the outbox cannot be read: open pages will say that they are not live");
        before = err;
        if (polls % BEAT_EVERY_POLLS == 0 && err == OK) {
            pass_beat(live, arena);
            check_sessions(live, &c);
        }
    }
    return NULL;
}

Live *live_start(Server *server)
{
    Live *live = arena_new(server->arena, Live, 1);
    live->server = server;
    pthread_mutex_init(&live->lock, NULL);
    pthread_cond_init(&live->stopped, NULL);
    Random random = random_system();
    Ctx c = { .arena = server->arena, .db = server->db, .now_us = clock_now_us(), .random = &random };
    if (outbox_newest(&c, &live->newest) != OK)
        return NULL;
    return pthread_create(&live->thread, NULL, run, live) == 0 ? live : NULL;
}

Live *live_stop(Live *live)
{
    if (!live)
        return NULL;
    pthread_mutex_lock(&live->lock);
    live->is_stopping = true;
    for (Stream *stream = live->streams; stream; stream = stream->next)
        end(stream);
    pthread_cond_broadcast(&live->stopped);
    pthread_mutex_unlock(&live->lock);
    pthread_join(live->thread, NULL);
    return NULL;
}

void live_end_session(Live *live, Str session)
{
    pthread_mutex_lock(&live->lock);
    for (Stream *stream = live->streams; stream; stream = stream->next)
        if (str_eq(stream->session, session))
            end(stream);
    pthread_mutex_unlock(&live->lock);
}
