/* What _include and _revinclude bring: the references of a wave of resources, followed through the index.
 * Every row asked for is one that the index has, so an include never brings what was deleted. */
#include "fhir/search_plan.h"

#include "base/limits.h"
#include "fhir/bundle_link.h"
#include "fhir/relation.h"
#include "fhir/store_row.h"

enum { WAVES_MOST = 8, INCLUDED_MOST = 5000 };

typedef struct Gathering {
    Ctx *c;
    Links seen; /* "Patient/1", so that each comes once */
    Resources *included;
    bool full;
} Gathering;

static bool is_new(Gathering *g, const Resource *r)
{
    return links_add(&g->seen, arena_fmt(g->c->arena, "%.*s/%.*s", STR_ARG(r->type), STR_ARG(r->id)), S("."));
}

static Err keep(Gathering *g, Rows *rows, Resources *wave)
{
    while (rows_next(rows)) {
        Str type = rows_text(rows, 0);
        if (!may_read(g->c, type))
            continue;
        bool shows;
        Resource r = store_row_read(g->c->arena, rows);
        TRY(relation_shows(g->c, &r, &shows));
        if (!shows || !is_new(g, &r))
            continue;
        if (g->included->n == INCLUDED_MOST) {
            g->full = true;
            break;
        }
        *list_add(g->c->arena, g->included) = r;
        *list_add(g->c->arena, wave) = r;
    }
    return rows_error(rows);
}

/* "" stands for any parameter and any target. */
static Str or_any(Str name)
{
    return name.p ? name : S("");
}

static Err forward(Gathering *g, const SearchInclude *include, const Resource *from, Resources *wave)
{
    AUTO(rows_done) Rows *rows = NULL;
    if (include->type.p && !str_eq(include->type, from->type))
        return OK;
    TRY(db_query(
        g->c,
        SQL("SELECT DISTINCT r.type, r.id, r.version, r.updated_us, r.deleted, r.body FROM index_reference t"
            " JOIN resource r ON r.type = t.target_type AND r.id = t.target_id"
            " WHERE t.number = (SELECT f.number FROM resource f WHERE f.type = $1 AND f.id = $2)"
            " AND (t.param = $3 OR $3 = '')"
            " AND (t.target_type = $4 OR $4 = '') AND r.deleted = 0 ORDER BY r.type, r.id"),
        ARGS(T(from->type), T(from->id), T(or_any(include->param)), T(or_any(include->target))), &rows));
    return keep(g, rows, wave);
}

static Err backward(Gathering *g, const SearchInclude *include, const Resource *to, Resources *wave)
{
    AUTO(rows_done) Rows *rows = NULL;
    if (include->target.p && !str_eq(include->target, to->type))
        return OK;
    TRY(db_query(
        g->c,
        SQL("SELECT DISTINCT r.type, r.id, r.version, r.updated_us, r.deleted, r.body FROM index_reference t"
            " JOIN resource r ON r.number = t.number"
            " WHERE t.target_id = $1 AND t.target_type = $2 AND (t.type = $3 OR $3 = '')"
            " AND (t.param = $4 OR $4 = '') AND r.deleted = 0 ORDER BY r.type, r.id LIMIT $5"),
        ARGS(T(to->id), T(to->type), T(or_any(include->type)), T(or_any(include->param)),
             I(INCLUDED_MOST + 1)),
        &rows));
    return keep(g, rows, wave);
}

static Err follow(Gathering *g, const SearchPlan *plan, const Resources *from, bool first, Resources *wave)
{
    for (size_t k = 0; k < plan->includes.n; k++) {
        const SearchInclude *include = &plan->includes.at[k];
        if (!first && !include->iterate)
            continue;
        for (size_t i = 0; i < from->n && !g->full; i++)
            TRY(include->reverse ? backward(g, include, &from->at[i], wave)
                                 : forward(g, include, &from->at[i], wave));
    }
    return OK;
}

Err search_include(Ctx *c, const SearchPlan *plan, const Resources *matches, Resources *ret_included)
{
    if (!plan->includes.n)
        return OK;
    Gathering g = { .c = c,
                    .seen = links_make(c->arena, matches->n + INCLUDED_MOST + 1),
                    .included = ret_included };
    for (size_t i = 0; i < matches->n; i++)
        (void)is_new(&g, &matches->at[i]);
    Resources wave = *matches;
    for (int n = 0; n < WAVES_MOST && wave.n; n++) {
        Resources next = { 0 };
        TRY(follow(&g, plan, &wave, n == 0, &next));
        wave = next;
    }
    return g.full ? problem(c, ERR_TOO_LARGE, S("_include"), "more than %d resources would be included",
                            INCLUDED_MOST)
                  : OK;
}
