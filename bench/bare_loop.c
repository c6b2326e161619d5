/* What the machine itself allows: writes the rows that the server wrote for its creates, in groups of the
 * same size, into a database of the same schema, with the same durability and no HTTP, JSON, check or
 * derivation. bare_loop SOURCE.db TARGET.db --creates N [--group 64] SOURCE is a server's database after a
 * load of creates. All of it but the last N Observations is copied first, untimed; then those are written
 * again and timed. Prints creates a second. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS_MAX = 20 };

/* The tables that a create writes, and how their rows are read in the order of the creates. The first column
 * says which create a row belongs to; those of one_each have one row a create. */
typedef struct Table {
    const char *name, *rows;
    bool one_each;
    int columns;
    sqlite3_stmt *read, *insert;
} Table;

#define OF_CREATES(table)                                                                                    \
    "SELECT t.number, t.* FROM " table " t WHERE t.type = 'Observation' ORDER BY t.number"
static Table tables[] = {
    { .name = "resource", .rows = OF_CREATES("resource") },
    { .name = "resource_history",
      .rows = "SELECT r.number, t.* FROM resource r CROSS JOIN resource_history t ON t.type = r.type AND "
              "t.id = r.id"
              " WHERE r.type = 'Observation' ORDER BY r.number" },
    { .name = "index_token", .rows = OF_CREATES("index_token") },
    { .name = "index_string", .rows = OF_CREATES("index_string") },
    { .name = "index_date", .rows = OF_CREATES("index_date") },
    { .name = "index_quantity", .rows = OF_CREATES("index_quantity") },
    { .name = "index_reference", .rows = OF_CREATES("index_reference") },
    { .name = "compartment", .rows = OF_CREATES("compartment") },
    { .name = "event",
      .rows = "SELECT t.number, t.* FROM event t WHERE t.type = 'Observation' ORDER BY t.number",
      .one_each = true },
    { .name = "audit",
      .rows = "SELECT 0, t.* FROM audit t WHERE t.method = 'POST' AND t.path = '/fhir/Observation' AND "
              "t.status = 201"
              " ORDER BY t.id",
      .one_each = true },
};
enum { TABLES = sizeof tables / sizeof tables[0] };

typedef struct Row {
    int table;
    sqlite3_value *at[COLUMNS_MAX];
} Row;

typedef struct Create {
    Row *rows;
    size_t n, room;
} Create;

static sqlite3 *source, *target;

static void die(sqlite3 *db, const char *what)
{
    fprintf(stderr, "bare_loop: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        die(db, sql);
    return s;
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = prepare(db, sql);
    int64_t n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return n;
}

/* Tables, indexes and triggers as the server made them. */
static void copy_schema(void)
{
    sqlite3_stmt *s = prepare(source, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
                                      " AND name NOT LIKE 'sqlite_%' ORDER BY rowid");
    while (sqlite3_step(s) == SQLITE_ROW)
        run(target, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
}

static void open_table(Table *t)
{
    char sql[512];
    t->read = prepare(source, t->rows);
    t->columns = sqlite3_column_count(t->read) - 1;
    char marks[2 * COLUMNS_MAX + 1] = "?";
    for (int i = 1; i < t->columns; i++)
        strcat(marks, ",?");
    (void)snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (%s)", t->name, marks);
    t->insert = prepare(target, sql);
    if (sqlite3_step(t->read) != SQLITE_ROW)
        die(source, t->name);
}

static void take_row(Create *create, int table)
{
    Table *t = &tables[table];
    if (create->n == create->room) {
        create->room = create->room ? 2 * create->room : 32;
        create->rows = realloc(create->rows, create->room * sizeof *create->rows);
        if (!create->rows)
            exit(1);
    }
    Row *row = &create->rows[create->n++];
    row->table = table;
    for (int i = 0; i < t->columns; i++)
        row->at[i] = sqlite3_value_dup(sqlite3_column_value(t->read, i + 1));
    if (sqlite3_step(t->read) != SQLITE_ROW)
        t->read = NULL; /* the last create */
}

static void take_create(Create *create)
{
    int64_t number = sqlite3_column_int64(tables[0].read, 0);
    for (int table = 0; table < TABLES; table++) {
        Table *t = &tables[table];
        if (t->one_each && t->read)
            take_row(create, table);
        while (!t->one_each && t->read && sqlite3_column_int64(t->read, 0) == number)
            take_row(create, table);
    }
}

static void write_create(const Create *create)
{
    for (size_t i = 0; i < create->n; i++) {
        const Row *row = &create->rows[i];
        Table *t = &tables[row->table];
        for (int column = 0; column < t->columns; column++)
            sqlite3_bind_value(t->insert, column + 1, row->at[column]);
        if (sqlite3_step(t->insert) != SQLITE_DONE)
            die(target, t->name);
        sqlite3_reset(t->insert);
    }
}

static void free_create(Create *create)
{
    for (size_t i = 0; i < create->n; i++)
        for (int column = 0; column < tables[create->rows[i].table].columns; column++)
            sqlite3_value_free(create->rows[i].at[column]);
    free(create->rows);
    *create = (Create){ 0 };
}

static double now_s(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    int64_t timed = 10000, group = 64;
    if (argc < 3) {
        fprintf(stderr, "usage: bare_loop SOURCE.db TARGET.db [--creates N] [--group N]\n");
        return 2;
    }
    for (int i = 3; i + 1 < argc; i += 2)
        *(strcmp(argv[i], "--group") == 0 ? &group : &timed) = atoll(argv[i + 1]);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2(argv[1], &source, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        die(source, argv[1]);
    if (sqlite3_open(argv[2], &target) != SQLITE_OK)
        die(target, argv[2]);
    /* As db/sqlite.c sets its writer. */
    run(target, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 16000; PRAGMA temp_store = MEMORY;"
                "PRAGMA journal_size_limit = 67108864");
    copy_schema();
    for (int i = 0; i < TABLES; i++)
        open_table(&tables[i]);
    int64_t all = number(source, "SELECT COUNT(*) FROM resource WHERE type = 'Observation'");
    if (timed > all)
        timed = all;

    run(target, "BEGIN");
    for (int64_t i = 0; i < all - timed; i++) {
        Create create = { 0 };
        take_create(&create);
        write_create(&create);
        free_create(&create);
    }
    run(target, "COMMIT");
    run(target, "PRAGMA wal_checkpoint(TRUNCATE)");

    Create *creates = calloc((size_t)timed, sizeof *creates);
    if (!creates)
        return 1;
    for (int64_t i = 0; i < timed; i++)
        take_create(&creates[i]);
    double from_s = now_s(CLOCK_MONOTONIC), cpu_from_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int64_t i = 0; i < timed; i++) {
        if (i % group == 0)
            run(target, "BEGIN IMMEDIATE");
        write_create(&creates[i]);
        if (i % group == group - 1 || i == timed - 1)
            run(target, "COMMIT");
    }
    double took_s = now_s(CLOCK_MONOTONIC) - from_s, cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_from_s;
    printf("%.1f creates/s, %.3f ms of CPU each, groups of %lld, after %lld of the same\n",
           (double)timed / took_s, cpu_s * 1000 / (double)timed, (long long)group, (long long)(all - timed));
    return 0;
}
