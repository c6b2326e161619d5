#include "fhir/search.h"

#include "base/limits.h"
#include "fhir/search_plan.h"

Err fhir_search(Ctx *c, Str type, const SearchTerms *terms, bool strict, SearchPage *ret_page)
{
    const FhirResource *definition = fhir_resource(type);
    if (!definition)
        return problem(c, ERR_NOT_FOUND, STR_NONE, "R4 has no such resource type");
    SearchPlan plan;
    TRY(search_parse(c, definition, terms, strict, &plan));
    SearchPage page = { .used = plan.used, .total = -1 };
    page.subset = plan.subset;
    TRY(search_run(c, &plan, &page));
    TRY(search_include(c, &plan, &page.matches, &page.included));
    *ret_page = page;
    return OK;
}

/* ---- terms from a query ---- */

static int hex_value(char x)
{
    if (x >= '0' && x <= '9')
        return x - '0';
    x |= 0x20;
    return x >= 'a' && x <= 'f' ? x - 'a' + 10 : -1;
}

/* False for a broken escape and for %00. */
static bool decode(Arena *a, Str s, Str *ret_text)
{
    char *p = arena_new(a, char, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char x = s.p[i] == '+' ? ' ' : s.p[i];
        if (x == '%') {
            if (i + 2 >= s.n || hex_value(s.p[i + 1]) < 0 || hex_value(s.p[i + 2]) < 0)
                return false;
            x = (char)(hex_value(s.p[i + 1]) * 16 + hex_value(s.p[i + 2]));
            i += 2;
        }
        if (!x)
            return false;
        p[n++] = x;
    }
    *ret_text = (Str){ p, n };
    return true;
}

Err search_terms_read(Ctx *c, Str query, SearchTerms *ret_terms)
{
    SearchTerms terms = { 0 };
    while (query.p) {
        Str value;
        Str name = str_cut(str_cut(query, '&', &query), '=', &value);
        SearchTerm term;
        if (!name.n)
            continue;
        if (!decode(c->arena, name, &term.name) || !decode(c->arena, value, &term.value))
            return problem(c, ERR_SYNTAX, name, "a broken escape in the query");
        *list_add(c->arena, &terms) = term;
    }
    *ret_terms = terms;
    return OK;
}

/* ---- the Bundle ---- */

static void add_encoded(Buf *b, Str s)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:,";
    for (size_t i = 0; i < s.n; i++) {
        if (memchr(plain, s.p[i], sizeof plain - 1))
            buf_char(b, s.p[i]);
        else
            buf_fmt(b, "%%%02X", (unsigned)(unsigned char)s.p[i]);
    }
}

static void add_term(Buf *b, bool first, Str name, Str value)
{
    buf_char(b, first ? '?' : '&');
    add_encoded(b, name);
    buf_char(b, '=');
    add_encoded(b, value);
}

/* cursor absent: the search as it was asked. */
static Str link_url(Ctx *c, Str base, Str type, const SearchPage *page, Str cursor)
{
    Buf b = buf_make(c->arena, LIMIT_URL_BYTES * 4);
    buf_add(&b, base);
    if (base.n && type.n)
        buf_char(&b, '/');
    buf_add(&b, type);
    size_t n = 0;
    for (size_t i = 0; i < page->used.n; i++) {
        const SearchTerm *term = &page->used.at[i];
        if (!cursor.p || !str_is(term->name, "_cursor"))
            add_term(&b, n++ == 0, term->name, term->value);
    }
    if (cursor.p)
        add_term(&b, n == 0, S("_cursor"), cursor);
    return buf_str(&b);
}

static void add_entry(Buf *b, Str base, const Resource *r, const Subset *subset, const char *mode)
{
    Str url = arena_fmt(b->arena, "%.*s%s%.*s/%.*s", STR_ARG(base), base.n ? "/" : "", STR_ARG(r->type),
                        STR_ARG(r->id));
    buf_json(b, "{'fullUrl':%s,'resource':%j,'search':{'mode':%s}}", url,
             subset_body(b->arena, subset, r->type, r->body), str_from(mode));
}

static void add_entries(Buf *b, Str base, const SearchPage *page)
{
    size_t n = page->matches.n + page->included.n;
    for (size_t i = 0; i < n; i++) {
        bool is_match = i < page->matches.n;
        buf_add(b, i ? S(",") : S(",\"entry\":["));
        add_entry(b, base, is_match ? &page->matches.at[i] : &page->included.at[i - page->matches.n],
                  &page->subset, is_match ? "match" : "include");
    }
    if (n)
        buf_char(b, ']');
}

Str fhir_searchset(Ctx *c, Str base, Str type, const SearchPage *page)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    buf_add(&b, S("{\"resourceType\":\"Bundle\",\"type\":\"searchset\""));
    if (page->total >= 0)
        buf_json(&b, ",'total':%d", page->total);
    buf_json(&b, ",'link':[{'relation':'self','url':%s}", link_url(c, base, type, page, STR_NONE));
    if (page->next_cursor.p)
        buf_json(&b, ",{'relation':'next','url':%s}", link_url(c, base, type, page, page->next_cursor));
    buf_char(&b, ']');
    add_entries(&b, base, page);
    buf_char(&b, '}');
    return buf_overflowed(&b) ? STR_NONE : buf_str(&b);
}
