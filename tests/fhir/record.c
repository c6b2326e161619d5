#include "record.h"

#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>

Err with_problems(const Ctx *c, Err e)
{
    for (size_t i = 0; e != OK && i < c->problems.n; i++)
        print_error("%.*s: %.*s\n", STR_ARG(c->problems.at[i].path), STR_ARG(c->problems.at[i].text));
    return e;
}

Str test_data(Arena *a, const char *name)
{
    char path[512], part[65536];
    (void)snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    Buf b = buf_make(a, LIMIT_BODY_BYTES);
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;)
        buf_bytes(&b, part, n);
    (void)fclose(file);
    return buf_str(&b);
}

Resource create(Ctx *c, const char *type, Str json)
{
    Resource r;
    assert_done(c, fhir_create(c, str_from(type), json, &r));
    return r;
}

static Err search(Ctx *c, const char *type, const char *query, SearchPage *ret_page)
{
    SearchTerms terms;
    TRY(search_terms_read(c, str_from(query), &terms));
    return fhir_search(c, str_from(type), &terms, true, ret_page);
}

int64_t found(Ctx *c, const char *type, const char *query)
{
    SearchPage page;
    return search(c, type, arena_fmt(c->arena, "%s&_count=0", query).p, &page) == OK ? page.total : -1;
}

Resources matches(Ctx *c, const char *type, const char *query)
{
    SearchPage page;
    assert_done(c, search(c, type, query, &page));
    return page.matches;
}

Str member(Ctx *c, const Resource *r, const char *path)
{
    Json *value = json_find(json_parse(c->arena, r->body), path);
    Str text = json_str(value).p ? json_str(value) : json_number_text(c->arena, value);
    return arena_str(c->arena, text);
}

static void add_rows(Ctx *c, Buf *b, const Sql *sql, int n_columns)
{
    AUTO(rows_done) Rows *rows = NULL;
    assert_done(c, db_query(c, sql, NO_ARGS, &rows));
    while (rows_next(rows)) {
        for (int i = 0; i < n_columns; i++)
            buf_fmt(b, "%.*s|", STR_ARG(rows_text(rows, i)));
        buf_char(b, '\n');
    }
    assert_done(c, rows_error(rows));
}

Str everything(Ctx *c)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    add_rows(c, &b, SQL("SELECT type, id, body FROM resource ORDER BY type, id"), 3);
    add_rows(c, &b, SQL("SELECT type, id, body FROM resource_history ORDER BY type, id, version"), 3);
    add_rows(c, &b,
             SQL("SELECT p.patient_id, r.type, r.id FROM compartment p JOIN resource r ON r.number = "
                 "p.number ORDER BY 1, 2, 3"),
             3);
    add_rows(c, &b,
             SQL("SELECT r.type, r.id, t.param, system, code FROM index_token t JOIN resource r ON r.number "
                 "= t.number ORDER BY 1, 2, 3, 4, 5"),
             5);
    add_rows(c, &b,
             SQL("SELECT r.type, r.id, t.param, folded, exact FROM index_string t JOIN resource r ON "
                 "r.number = t.number ORDER BY 1, 2, 3, 4, 5"),
             5);
    add_rows(c, &b,
             SQL("SELECT r.type, r.id, t.param, CAST(from_us AS TEXT), CAST(to_us AS TEXT) FROM index_date t "
                 "JOIN resource r ON r.number = t.number"
                 " ORDER BY 1, 2, 3, 4, 5"),
             5);
    add_rows(c, &b,
             SQL("SELECT r.type, r.id, t.param, low, high FROM index_number t JOIN resource r ON r.number = "
                 "t.number ORDER BY 1, 2, 3, 4, 5"),
             5);
    add_rows(c, &b,
             SQL("SELECT r.type, r.id, t.param, system, code, unit, low, high FROM index_quantity t JOIN "
                 "resource r ON r.number = t.number"
                 " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"),
             8);
    add_rows(c, &b,
             SQL("SELECT r.type, r.id, t.param, target_type, target_id FROM index_reference t JOIN resource "
                 "r ON r.number = t.number"
                 " ORDER BY 1, 2, 3, 4, 5"),
             5);
    add_rows(c, &b,
             SQL("SELECT r.type, r.id, t.param, uri FROM index_uri t JOIN resource r ON r.number = t.number "
                 "ORDER BY 1, 2, 3, 4"),
             4);
    add_rows(c, &b, SQL("SELECT type, id, patient_id, encounter_id FROM event ORDER BY number"), 4);
    assert_false(buf_overflowed(&b));
    return buf_str(&b);
}
