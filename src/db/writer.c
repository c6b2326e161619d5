/* Group commit. One connection, whose turn goes from job to job in the order they came. The first job of a
 * group opens the transaction; each works in a savepoint of its own; when nobody else waits, or the group is
 * full, the turn goes to the writer thread, which commits and then wakes everybody in the group. So one
 * fdatasync serves all who came while the one before was under way.
 *
 * A job that was rolled back waits for the group too: what it saw of the others, and may now tell its client,
 * is not on the disk before. */
#include "db/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { GROUP_JOBS_MAX = 64 };

typedef struct Jobs {
    Job *first, *last;
    size_t n;
} Jobs;

struct Writer {
    Db *db;
    Connection *connection; /* belongs to whoever has the turn */
    bool group_open;        /* likewise */
    pthread_t thread;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    enum { TURN_FREE, TURN_JOB, TURN_KEPT, TURN_COMMIT } turn;
    pthread_t holder; /* in TURN_JOB, and of TURN_KEPT: between two jobs of one thread */
    Jobs queue;       /* JOB_QUEUED */
    Jobs group;       /* JOB_WAITING for the commit */
    bool stopping;
};

static void jobs_add(Jobs *jobs, Job *job)
{
    job->next = NULL;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
    jobs->n++;
}

static Job *jobs_pop(Jobs *jobs)
{
    Job *job = jobs->first;
    jobs->first = job->next;
    if (!jobs->first)
        jobs->last = NULL;
    jobs->n--;
    return job;
}

static void jobs_remove(Jobs *jobs, Job *job)
{
    Jobs rest = { 0 };
    while (jobs->first) {
        Job *other = jobs_pop(jobs);
        if (other != job)
            jobs_add(&rest, other);
    }
    *jobs = rest;
}

/* Whoever calls it has the turn, and with it the connection. */
static void tell_trouble(const Writer *w, Job *job)
{
    memcpy(job->trouble, w->connection->trouble, sizeof job->trouble);
}

/* ---- the turn; all with the lock ---- */

static void set_state(Job *job, JobState state)
{
    job->state = state;
    pthread_cond_signal(&job->wake);
}

static void give_turn(Writer *w, Job *job)
{
    w->turn = TURN_JOB;
    w->holder = job->owner;
    set_state(job, JOB_RUNNING);
}

static void turn_on(Writer *w)
{
    if (w->queue.n > 0 && w->group.n < GROUP_JOBS_MAX) {
        give_turn(w, jobs_pop(&w->queue));
    } else {
        w->turn = w->group.n > 0 ? TURN_COMMIT : TURN_FREE;
        pthread_cond_signal(&w->work);
    }
}

static void end_group(Writer *w, Err e)
{
    int64_t kept = 0;
    while (w->group.first) {
        Job *job = jobs_pop(&w->group);
        if (job->keep && e == OK)
            kept++;
        if (job->keep && e != OK) {
            job->result = e;
            tell_trouble(w, job);
        }
        set_state(job, JOB_ENDED);
    }
    w->db->transactions += kept;
    w->db->commits += kept > 0;
}

/* ---- the writer thread ---- */

static Err commit(Writer *w)
{
    const Engine *engine = w->db->engine;
    Err e = engine->script(w->connection, "COMMIT");
    if (e != OK && engine->in_transaction(w->connection))
        (void)engine->script(w->connection, "ROLLBACK");
    assert(!engine->in_transaction(w->connection));
    w->group_open = false;
    return e;
}

static void *writer_main(void *argument)
{
    Writer *w = argument;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->turn != TURN_COMMIT && !w->stopping)
            pthread_cond_wait(&w->work, &w->lock);
        if (w->turn != TURN_COMMIT)
            break;
        if (w->queue.n > 0 && w->group.n < GROUP_JOBS_MAX) {
            turn_on(w); /* somebody came in the meantime */
            continue;
        }
        pthread_mutex_unlock(&w->lock);
        Err e = commit(w);
        pthread_mutex_lock(&w->lock);
        end_group(w, e);
        turn_on(w);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- the jobs ---- */

static struct timespec deadline(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + INT64_C(1000000) * ms;
    return (struct timespec){ .tv_sec = at.tv_sec + ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

/* False where the turn did not come in time. */
static bool take_turn(Writer *w, Job *job)
{
    bool mine = pthread_equal(w->holder, job->owner);
    /* A thread that begins a second transaction would wait for itself. */
    assert(w->turn != TURN_JOB || !mine);
    if (w->turn == TURN_FREE || (w->turn == TURN_KEPT && mine)) {
        give_turn(w, job);
    } else {
        struct timespec until = deadline(w->db->busy_ms);
        jobs_add(&w->queue, job);
        while (job->state == JOB_QUEUED)
            if (pthread_cond_clockwait(&job->wake, &w->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT)
                break;
    }
    if (job->state == JOB_QUEUED)
        jobs_remove(&w->queue, job);
    return job->state == JOB_RUNNING;
}

static Err open_group(Writer *w)
{
    const Engine *engine = w->db->engine;
    bool first = !w->group_open;
    if (first)
        TRY(engine->script(w->connection, engine->begin));
    Err e = engine->script(w->connection, "SAVEPOINT job");
    if (first && e != OK)
        (void)engine->script(w->connection, "ROLLBACK");
    w->group_open = !first || e == OK;
    return e;
}

static Err open_savepoint(Writer *w, Job *job)
{
    Err e = open_group(w);
    if (e != OK) {
        tell_trouble(w, job);
        pthread_mutex_lock(&w->lock);
        turn_on(w);
        pthread_mutex_unlock(&w->lock);
    }
    return e;
}

Err writer_begin(Writer *w, Job *job)
{
    *job = (Job){ .state = JOB_QUEUED, .owner = pthread_self() };
    pthread_cond_init(&job->wake, NULL);
    pthread_mutex_lock(&w->lock);
    bool mine = take_turn(w, job);
    pthread_mutex_unlock(&w->lock);
    Err e = mine ? open_savepoint(w, job) : ERR_UNAVAILABLE;
    if (!mine)
        (void)snprintf(job->trouble, sizeof job->trouble, "busy with other writes");
    if (e != OK)
        pthread_cond_destroy(&job->wake);
    return e;
}

static Err close_savepoint(Writer *w, Err why)
{
    const Engine *engine = w->db->engine;
    Err e = why ?: engine->script(w->connection, "RELEASE job");
    if (e != OK && engine->in_transaction(w->connection))
        (void)engine->script(w->connection, "ROLLBACK TO job; RELEASE job");
    return e;
}

/* On a full disk or a failed write SQLite may roll back everything, not only the statement: then the jobs
 * that ran before in this group are gone too, and must hear it. */
static void lose_group(Writer *w, Err e)
{
    end_group(w, e ?: ERR_INTERNAL);
    w->group_open = false;
}

Err writer_leave(Writer *w, Job *job, Err why, bool keep_turn)
{
    Err e = close_savepoint(w, why);
    if (e != why)
        tell_trouble(w, job);
    bool group_lost = !w->db->engine->in_transaction(w->connection);
    pthread_mutex_lock(&w->lock);
    job->keep = e == OK;
    job->result = e;
    job->state = JOB_WAITING;
    jobs_add(&w->group, job);
    if (group_lost)
        lose_group(w, e);
    if (keep_turn && w->group.n > 0 && w->group.n < GROUP_JOBS_MAX)
        w->turn = TURN_KEPT;
    else
        turn_on(w);
    pthread_mutex_unlock(&w->lock);
    return e;
}

void writer_release(Writer *w)
{
    pthread_mutex_lock(&w->lock);
    if (w->turn == TURN_KEPT && pthread_equal(w->holder, pthread_self()))
        turn_on(w);
    pthread_mutex_unlock(&w->lock);
}

Err writer_await(Writer *w, Job *job)
{
    pthread_mutex_lock(&w->lock);
    while (job->state != JOB_ENDED)
        pthread_cond_wait(&job->wake, &w->lock);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&job->wake);
    return job->result;
}

/* ---- open, close ---- */

Err writer_open(Ctx *c, Db *db, Writer **ret)
{
    Connection *k = NULL;
    TRY(connection_open(c, db, true, &k));
    Writer *w = db_alloc(sizeof *w);
    w->db = db;
    w->connection = k;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        w->connection = connection_close(k);
        free(w);
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "no thread for the writer of the database");
    }
    *ret = w;
    return OK;
}

Writer *writer_close(Writer *w)
{
    if (w) {
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_signal(&w->work);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        w->connection = connection_close(w->connection);
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->work);
        free(w);
    }
    return NULL;
}

Connection *writer_connection(Writer *w)
{
    return w->connection;
}

size_t writer_waiting(Writer *w)
{
    pthread_mutex_lock(&w->lock);
    size_t n = w->queue.n;
    pthread_mutex_unlock(&w->lock);
    return n;
}
