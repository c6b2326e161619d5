#include "bed.h"

#include "base/time.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *bed_server_url(void)
{
    return getenv("EUTHYMIA_TEST_DB");
}

bool bed_on_postgres(void)
{
    return bed_server_url() && str_starts(str_from(bed_server_url()), S("postgres"));
}

static void on_server(const char *sql)
{
    PGconn *server = PQconnectdb(bed_server_url());
    assert_int_equal(PQstatus(server), CONNECTION_OK);
    PQclear(PQexec(server, "SET client_min_messages = error"));
    PGresult *result = PQexec(server, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s", PQerrorMessage(server));
    PQclear(result);
    PQfinish(server);
}

static void place(Bed *bed)
{
    static int made = 0;
    char sql[128];
    if (!bed_on_postgres()) {
        (void)snprintf(bed->folder, sizeof bed->folder, "/tmp/euthymia-db-XXXXXX");
        assert_non_null(mkdtemp(bed->folder));
        (void)snprintf(bed->url, sizeof bed->url, "sqlite:%s/clinic.db", bed->folder);
        return;
    }
    (void)snprintf(bed->schema, sizeof bed->schema, "bed_%d_%d", (int)getpid(), ++made);
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA %s", bed->schema);
    on_server(sql);
    (void)snprintf(bed->url, sizeof bed->url, "%s?application_name=%s&options=-csearch_path%%3D%s",
                   bed_server_url(), bed->schema, bed->schema);
}

static Ctx make_context(Arena *arena, Random *random, struct Db *db)
{
    return (Ctx){ .arena = arena, .random = random, .db = db, .now_us = clock_now_us() };
}

void bed_show_problems(const Ctx *c)
{
    for (size_t i = 0; i < c->problems.n; i++)
        print_message("problem: %.*s\n", STR_ARG(c->problems.at[i].text));
}

int bed_place(void **state)
{
    Bed *bed = calloc(1, sizeof *bed);
    assert_non_null(bed);
    place(bed);
    bed->arena = arena_create(1 << 30);
    bed->random = random_seeded(1);
    bed->c = make_context(bed->arena, &bed->random, NULL);
    *state = bed;
    return 0;
}

int bed_make(void **state)
{
    (void)bed_place(state);
    Bed *bed = *state;
    int64_t schema;
    Err e = db_migrate(&bed->c, str_from(bed->url), STR_NONE, &schema);
    if (e == OK)
        e = db_open(&bed->c, str_from(bed->url), &bed->c.db);
    if (e == OK)
        e = db_exec(
            &bed->c,
            SQL("CREATE TABLE IF NOT EXISTS sample (name TEXT PRIMARY KEY, note TEXT, number BIGINT)"),
            NO_ARGS);
    bed_show_problems(&bed->c);
    return e;
}

int bed_remove(void **state)
{
    Bed *bed = *state;
    char command[128];
    bed->c.db = db_close(bed->c.db);
    bed->arena = arena_destroy(bed->arena);
    if (bed->folder[0]) {
        (void)snprintf(command, sizeof command, "rm -rf '%s'", bed->folder);
        assert_int_equal(system(command), 0);
    } else {
        (void)snprintf(command, sizeof command, "DROP SCHEMA %s CASCADE", bed->schema);
        on_server(command);
    }
    free(bed);
    return 0;
}

Ctx bed_context(const Bed *bed)
{
    return make_context(arena_create(1 << 28), NULL, bed->c.db);
}

void bed_context_end(Ctx *c)
{
    c->arena = arena_destroy(c->arena);
}

Ctx bed_open_again(const Bed *bed)
{
    Ctx c = make_context(arena_create(1 << 28), NULL, NULL);
    Err e = db_open(&c, str_from(bed->url), &c.db);
    bed_show_problems(&c);
    assert_ok(e);
    return c;
}

void bed_close_again(Ctx *c)
{
    c->db = db_close(c->db);
    bed_context_end(c);
}

int64_t bed_ask(Ctx *c, const Sql *sql, DbArgs args)
{
    AUTO(rows_done) Rows *rows = NULL;
    Err e = db_query(c, sql, args, &rows);
    if (e != OK)
        bed_show_problems(c);
    assert_ok(e);
    int64_t value = rows_next(rows) ? rows_int(rows, 0) : -1;
    assert_ok(rows_error(rows));
    return value;
}

bool bed_said(const Ctx *c, const char *words)
{
    for (size_t i = 0; i < c->problems.n; i++)
        if (memmem(c->problems.at[i].text.p, c->problems.at[i].text.n, words, strlen(words)))
            return true;
    bed_show_problems(c);
    return false;
}
