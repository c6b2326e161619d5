#include "fhir/bundle_link.h"

#include "base/limits.h"
#include "fhir/search.h"

#include <assert.h>
#include <json-c/json.h>

/* ---- the map ---- */

Links links_make(Arena *a, size_t n_most)
{
    size_t n_slots = 8;
    while (n_slots < n_most * 2)
        n_slots *= 2;
    return (Links){ .at = arena_new(a, Link, n_slots), .n_slots = n_slots };
}

/* FNV-1a. The slot of from, or the empty one where it would go. */
static Link *slot_of(const Links *links, Str from)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < from.n; i++)
        hash = (hash ^ (unsigned char)from.p[i]) * UINT64_C(1099511628211);
    size_t at = hash & (links->n_slots - 1);
    while (links->at[at].from.p && !str_eq(links->at[at].from, from))
        at = (at + 1) & (links->n_slots - 1);
    return &links->at[at];
}

bool links_add(Links *links, Str from, Str to)
{
    Link *slot = slot_of(links, from);
    if (slot->from.p)
        return false;
    assert(links->n * 2 < links->n_slots);
    *slot = (Link){ from, to };
    links->n++;
    return true;
}

Str links_find(const Links *links, Str from)
{
    return slot_of(links, from)->to;
}

/* ---- conditional references ---- */

Err links_match(Ctx *c, Str type, Str query, Str path, Str *ret_id)
{
    SearchTerms terms;
    SearchPage page;
    TRY(search_terms_read(c, query, &terms));
    *list_add(c->arena, &terms) = (SearchTerm){ S("_count"), S("2") };
    /* Also among other people's patients: whoever asks "if there is none yet" must not make a second one.
     * What is found is refused when it is read or written. */
    const Rights *own = c->rights;
    Rights wide = own ? *own : (Rights){ 0 };
    wide.own_patients_only = false;
    if (own)
        c->rights = &wide;
    Err err = fhir_search(c, type, &terms, true, &page);
    c->rights = own;
    TRY(err);
    if (terms.n == 1 || page.matches.n > 1)
        return problem(c, ERR_STALE, path, "\"%.*s\" does not name one %.*s", STR_ARG(query), STR_ARG(type));
    *ret_id = page.matches.n ? page.matches.at[0].id : STR_NONE;
    return OK;
}

/* ---- the walk ---- */

typedef struct Walk {
    Ctx *c;
    const Links *links;
    Str path; /* of the resource */
} Walk;

/* Where the walk stands, innermost first: a path is only made of it for a problem. */
typedef struct Place {
    const struct Place *outer;
    const char *key;
    size_t index; /* NOT_LISTED outside of lists */
} Place;

static const size_t NOT_LISTED = SIZE_MAX;

static Str path_of(const Walk *w, const Place *place)
{
    if (!place)
        return w->path;
    Str outer = path_of(w, place->outer);
    if (place->index == NOT_LISTED)
        return arena_fmt(w->c->arena, "%.*s.%s", STR_ARG(outer), place->key);
    return arena_fmt(w->c->arena, "%.*s.%s[%zu]", STR_ARG(outer), place->key, place->index);
}

static void set_text(Json *string, Str text)
{
    json_object_set_string_len(string, text.p, (int)text.n);
}

static Err resolve_query(Walk *w, const Place *place, Json *string)
{
    Str query, id, path = path_of(w, place);
    Str type = str_cut(json_str(string), '?', &query);
    TRY(links_match(w->c, type, query, path, &id));
    if (!id.p)
        return problem(w->c, ERR_STALE, path, "no %.*s matches \"%.*s\"", STR_ARG(type), STR_ARG(query));
    set_text(string, arena_fmt(w->c->arena, "%.*s/%.*s", STR_ARG(type), STR_ARG(id)));
    return OK;
}

static Err resolve_text(Walk *w, const Place *place, Json *string, bool is_reference)
{
    Str text = json_str(string), rest;
    Str to = links_find(w->links, text);
    if (to.p)
        set_text(string, to);
    else if (is_reference && fhir_resource(str_cut(text, '?', &rest)) && rest.p)
        return resolve_query(w, place, string);
    return OK;
}

/* Every quoted attribute value of the narrative that is a link's from. */
static void resolve_narrative(Walk *w, Json *string)
{
    Str rest = json_str(string);
    Buf b = buf_make(w->c->arena, LIMIT_RESOURCE_BYTES);
    bool changed = false;
    while (rest.p) {
        Str value = str_cut(rest, '"', &rest);
        Str to = links_find(w->links, value);
        changed |= to.p != NULL;
        buf_add(&b, to.p ? to : value);
        if (rest.p)
            buf_char(&b, '"');
    }
    if (changed)
        set_text(string, buf_str(&b));
}

static bool is_link_kind(FhirKind kind)
{
    return kind == FHIR_URI || kind == FHIR_URL || kind == FHIR_CANONICAL || kind == FHIR_OID ||
           kind == FHIR_UUID;
}

static Err resolve_object(Walk *w, const Place *place, const FhirType *type, Json *object);

static Err resolve_value(Walk *w, const Place *place, const FhirType *type, const FhirType *holder,
                         Json *value)
{
    if (json_object_is_type(value, json_type_object))
        return resolve_object(w, place, type, value);
    if (!json_object_is_type(value, json_type_string))
        return OK;
    bool is_reference = strcmp(place->key, "reference") == 0 && strcmp(holder->name, "Reference") == 0;
    if (is_reference || is_link_kind(type->kind))
        return resolve_text(w, place, value, is_reference);
    if (type->kind == FHIR_XHTML)
        resolve_narrative(w, value);
    return OK;
}

/* The type of what stands under key; "_birthDate" holds what every element holds, of which only extensions
 * can link. */
static const FhirType *member_type(const FhirType *holder, const char *key)
{
    const FhirElement *element = fhir_element(holder, str_from(key));
    return element ? element->type : NULL;
}

static Err resolve_object(Walk *w, const Place *outer, const FhirType *type, Json *object)
{
    if (type->kind == FHIR_RESOURCE) {
        const FhirResource *resource = fhir_resource(json_find_str(object, "resourceType"));
        if (!resource)
            return OK; /* validation says so */
        type = resource->type;
    }
    json_object_object_foreach(object, key, value)
    {
        const FhirType *inner = key[0] == '_' ? type : member_type(type, key);
        for (size_t i = 0; inner && i < json_count(value); i++)
            TRY(resolve_value(w, &(Place){ outer, key, i }, inner, type, json_at(value, i)));
        if (inner && !json_count(value))
            TRY(resolve_value(w, &(Place){ outer, key, NOT_LISTED }, inner, type, value));
    }
    return OK;
}

Err links_resolve(Ctx *c, const Links *links, const FhirType *type, Json *resource, Str path)
{
    Walk w = { c, links, path };
    return resolve_object(&w, NULL, type, resource);
}
