#include "fhir/store_row.h"

bool store_is_id(Str id)
{
    if (id.n < 1 || id.n > 64)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char x = id.p[i];
        bool letter = (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z');
        if (!letter && !(x >= '0' && x <= '9') && x != '-' && x != '.')
            return false;
    }
    return true;
}

Resource store_row_read(Arena *a, const Rows *rows)
{
    return (Resource){
        .type = arena_str(a, rows_text(rows, 0)),
        .id = arena_str(a, rows_text(rows, 1)),
        .version = rows_int(rows, 2),
        .updated_us = rows_int(rows, 3),
        .deleted = rows_int(rows, 4) != 0,
        .body = arena_str(a, rows_text(rows, 5)),
    };
}

Resource store_row_read_numbered(Arena *a, const Rows *rows)
{
    Resource r = store_row_read(a, rows);
    r.number = rows_int(rows, 6);
    return r;
}

Err store_rows_read(Ctx *c, Rows *rows, Resources *ret_resources)
{
    while (rows_next(rows))
        *list_add(c->arena, ret_resources) = store_row_read(c->arena, rows);
    return rows_error(rows);
}

Err store_row_current(Ctx *c, Str type, Str id, Resource *ret_resource)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT type, id, version, updated_us, deleted, body, number FROM resource WHERE type = "
                     "$1 AND id = $2"),
                 ARGS(T(type), T(id)), &rows));
    *ret_resource = (Resource){ .type = type, .id = id };
    if (rows_next(rows))
        *ret_resource = store_row_read_numbered(c->arena, rows);
    return rows_error(rows);
}
