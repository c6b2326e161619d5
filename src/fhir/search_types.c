/* Search over several types: one search a type, in the order of _type, on one keyset of pages. */
#include "base/limits.h"
#include "fhir/definitions.h"
#include "fhir/search.h"

typedef struct Asked {
    Str types; /* "Patient,Observation" */
    SearchTerms terms;
    int64_t count;
    Str from_type, from_cursor; /* where the page starts: absent at the first type, at a type's start */
} Asked;

static Err read_types(Ctx *c, const Asked *asked)
{
    if (str_empty(asked->types))
        return problem(c, ERR_SYNTAX, S("_type"),
                       "A search over types names them: _type=Patient,Observation");
    for (Str left = asked->types; left.p;) {
        Str type = str_cut(left, ',', &left);
        if (!fhir_resource(type))
            return problem(c, ERR_SYNTAX, S("_type"), "R4 has no resource type %.*s", STR_ARG(type));
        if (!may_read(c, type))
            return problem(c, ERR_FORBIDDEN, S("_type"), "This role has no access to %.*s.", STR_ARG(type));
    }
    return OK;
}

static Err read_terms(Ctx *c, const SearchTerms *terms, Asked *asked)
{
    *asked = (Asked){ .count = LIMIT_PAGE_ROWS_USUAL };
    for (size_t i = 0; i < terms->n; i++) {
        const SearchTerm *term = &terms->at[i];
        if (str_is(term->name, "_type"))
            asked->types = term->value;
        else if (str_is(term->name, "_cursor"))
            asked->from_type = str_cut(term->value, ' ', &asked->from_cursor);
        else if (str_is(term->name, "_sort"))
            return problem(c, ERR_SYNTAX, S("_sort"),
                           "a search over types comes type by type: it has no _sort");
        else if (!str_is(term->name, "_count"))
            *list_add(c->arena, &asked->terms) = *term;
        else if (!str_to_int(term->value, &asked->count) || asked->count < 0)
            return problem(c, ERR_SYNTAX, S("_count"), "_count is a whole number");
    }
    if (asked->count > LIMIT_PAGE_ROWS)
        asked->count = LIMIT_PAGE_ROWS;
    for (size_t i = 0; i < asked->terms.n; i++)
        if (str_is(asked->terms.at[i].name, "_summary") && str_is(asked->terms.at[i].value, "count"))
            asked->count = 0;
    return read_types(c, asked);
}

static Err search_one(Ctx *c, const Asked *asked, Str type, int64_t count, Str cursor, bool strict,
                      SearchPage *page)
{
    SearchTerms terms = { 0 };
    for (size_t i = 0; i < asked->terms.n; i++)
        *list_add(c->arena, &terms) = asked->terms.at[i];
    *list_add(c->arena, &terms) = (SearchTerm){ S("_count"), arena_fmt(c->arena, "%lld", (long long)count) };
    if (cursor.p)
        *list_add(c->arena, &terms) = (SearchTerm){ S("_cursor"), cursor };
    return fhir_search(c, type, &terms, strict, page);
}

static void take_page(Arena *a, const SearchPage *one, SearchPage *all)
{
    for (size_t i = 0; i < one->matches.n; i++)
        *list_add(a, &all->matches) = one->matches.at[i];
    for (size_t i = 0; i < one->included.n; i++)
        *list_add(a, &all->included) = one->included.at[i];
    all->subset = one->subset;
    if (one->total >= 0)
        all->total = (all->total < 0 ? 0 : all->total) + one->total;
}

/* A type before the page, or after it, is searched for its total alone: with no rows. */
Err fhir_search_types(Ctx *c, const SearchTerms *terms, bool strict, SearchPage *ret_page)
{
    Asked asked;
    TRY(read_terms(c, terms, &asked));
    SearchPage all = { .total = -1 };
    int64_t left = asked.count;
    bool begun = !asked.from_type.p;
    for (Str types = asked.types; types.p;) {
        SearchPage one;
        Str type = str_cut(types, ',', &types);
        bool starts = !begun && str_eq(type, asked.from_type);
        begun = begun || starts;
        bool is_shown = begun && !all.next_cursor.p && left > 0;
        if (begun && !all.next_cursor.p && left == 0 && asked.count > 0)
            all.next_cursor = type;
        TRY(search_one(c, &asked, type, is_shown ? left : 0, starts ? asked.from_cursor : STR_NONE, strict,
                       &one));
        take_page(c->arena, &one, &all);
        left -= (int64_t)one.matches.n;
        if (one.next_cursor.p)
            all.next_cursor = arena_fmt(c->arena, "%.*s %.*s", STR_ARG(type), STR_ARG(one.next_cursor));
    }
    if (!begun)
        return problem(c, ERR_SYNTAX, S("_cursor"), "not a cursor of this search");
    for (size_t i = 0; i < terms->n; i++)
        if (!str_is(terms->at[i].name, "_cursor"))
            *list_add(c->arena, &all.used) = terms->at[i];
    *ret_page = all;
    return OK;
}
