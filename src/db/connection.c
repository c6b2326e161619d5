#include "db/engine.h"

#include <stdlib.h>

/* ---- connections ---- */

Err connection_open(Ctx *c, Db *db, bool to_write, Connection **ret)
{
    Connection *k = db_alloc(sizeof *k);
    k->db = db;
    Err e = db->engine->connect(k, db->url, to_write);
    if (e != OK) {
        e = report(c, e, k->trouble, NULL);
        k = connection_close(k);
        return e;
    }
    *ret = k;
    return OK;
}

static void statements_forget(Connection *k);

Connection *connection_close(Connection *k)
{
    if (k) {
        k->lost = true;
        statements_forget(k);
        k->db->engine->disconnect(k);
        free(k);
    }
    return NULL;
}

Err connection_take(Ctx *c, Db *db, Connection **ret)
{
    pthread_mutex_lock(&db->lock);
    Connection *k = db->idle;
    if (k)
        db->idle = k->next_idle;
    pthread_mutex_unlock(&db->lock);
    if (!k)
        return connection_open(c, db, false, ret);
    *ret = k;
    return OK;
}

void connection_give(Connection *k)
{
    if (k->lost) {
        connection_close(k);
        return;
    }
    Db *db = k->db;
    pthread_mutex_lock(&db->lock);
    k->next_idle = db->idle;
    db->idle = k;
    pthread_mutex_unlock(&db->lock);
}

void connections_drop_idle(Db *db)
{
    pthread_mutex_lock(&db->lock);
    Connection *k = db->idle;
    db->idle = NULL;
    pthread_mutex_unlock(&db->lock);
    while (k) {
        Connection *next = k->next_idle;
        connection_close(k);
        k = next;
    }
}

Err connection_replace(Ctx *c, Connection **k)
{
    Db *db = (*k)->db;
    *k = connection_close(*k);
    connections_drop_idle(db);
    return connection_open(c, db, false, k);
}

/* ---- statements ---- */

/* FNV-1a. */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

static void statement_free(Statement *s)
{
    s->on->db->engine->forget(s);
    free(s->text);
    free(s);
}

/* One that is being read stays alive until it is given back. */
static void statements_forget(Connection *k)
{
    for (size_t i = 0; i < STATEMENT_BUCKETS; i++) {
        while (k->statements[i]) {
            Statement *s = k->statements[i];
            k->statements[i] = s->next;
            s->cached = false;
            if (!s->busy)
                statement_free(s);
        }
    }
    k->statements_n = 0;
}

static Statement *statement_find(Connection *k, const char *text, uint64_t hash)
{
    Statement *s = k->statements[hash % STATEMENT_BUCKETS];
    while (s && (s->hash != hash || s->busy || strcmp(s->text, text) != 0))
        s = s->next;
    return s;
}

static void statement_keep(Connection *k, Statement *s)
{
    if (k->statements_n >= STATEMENTS_KEPT)
        statements_forget(k);
    Statement **bucket = &k->statements[s->hash % STATEMENT_BUCKETS];
    s->next = *bucket;
    *bucket = s;
    s->cached = true;
    k->statements_n++;
}

/* A text that is being read and asked again, as in a recursion, is prepared a second time. */
Err statement_take(Connection *k, const char *text, DbArgs like, Statement **ret)
{
    uint64_t hash = hash_text(text);
    Statement *s = statement_find(k, text, hash);
    if (!s) {
        s = db_alloc(sizeof *s);
        *s = (Statement){ .on = k, .hash = hash, .text = strdup(text), .number = ++k->statements_made };
        Err e = s->text ? k->db->engine->prepare(s, like) : ERR_UNAVAILABLE;
        if (e != OK) {
            statement_free(s);
            return e;
        }
        statement_keep(k, s);
    }
    s->busy = true;
    *ret = s;
    return OK;
}

void statement_give(Statement *s)
{
    s->busy = false;
    if (!s->cached)
        statement_free(s);
}
