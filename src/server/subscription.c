#include "server/subscription.h"

#include "base/limits.h"
#include "base/time.h"
#include "fhir/search.h"

#include <string.h>

#define BACKPORT "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

/* ---- reading one ---- */

static Err refuse(Ctx *c, const char *path, const char *sentence)
{
    return problem(c, ERR_RULE, str_from(path), "%s", sentence);
}

static bool is_on_this_machine(Str host)
{
    return str_is(host, "127.0.0.1") || str_is(host, "localhost") || str_is(host, "[::1]");
}

/* "hub.example:8443" of "https://hub.example:8443/x"; absent where the address is not of that form. */
static Str authority_of(Str address)
{
    Str rest, scheme = S("https://"), plain = S("http://");
    bool is_plain = str_starts(address, plain);
    if (!is_plain && !str_starts(address, scheme))
        return STR_NONE;
    rest = str_slice(address, is_plain ? plain.n : scheme.n, address.n);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    return str_slice(rest, 0, n);
}

static Str host_of(Str authority)
{
    if (authority.n && authority.p[0] == '[')
        return str_slice(authority, 0, str_find(authority, ']') + 1);
    return str_slice(authority, 0, str_find(authority, ':'));
}

/* Signs that a library may read otherwise than we do. */
static bool has_odd_sign(Str address)
{
    for (size_t i = 0; i < address.n; i++) {
        unsigned char x = (unsigned char)address.p[i];
        if (x <= ' ' || x >= 127 || x == '\\' || x == '@' || x == '#')
            return true;
    }
    return false;
}

static bool is_below(Str endpoint, Str prefix)
{
    if (!str_starts(endpoint, prefix) || !prefix.n)
        return false;
    char last = prefix.p[prefix.n - 1], next = endpoint.n > prefix.n ? endpoint.p[prefix.n] : '/';
    return last == '/' || next == '/' || next == '?';
}

bool endpoint_is_allowed(Str endpoint, const Texts *allowed)
{
    Str host = host_of(authority_of(endpoint));
    if (!host.n || has_odd_sign(endpoint) || endpoint.n > LIMIT_URL_BYTES)
        return false;
    if (str_starts(endpoint, S("http://")) && !is_on_this_machine(host))
        return false;
    /* "/a/../b" is below "/a" in letters only */
    for (size_t i = 0; i + 1 < endpoint.n; i++)
        if (endpoint.p[i] == '.' && endpoint.p[i + 1] == '.')
            return false;
    for (size_t i = 0; i < allowed->n; i++)
        if (is_below(endpoint, allowed->at[i]))
            return true;
    return false;
}

static Json *extension(Json *holder, const char *name)
{
    Json *list = json_get(holder, "extension");
    for (size_t i = 0; i < json_count(list); i++) {
        Str url = json_find_str(json_at(list, i), "url"), base = S(BACKPORT);
        if (str_starts(url, base) && str_is(str_slice(url, base.n, url.n), name))
            return json_at(list, i);
    }
    return NULL;
}

/* The number of an extension of the channel, within its limits. */
static int64_t number_of(Json *channel, const char *name, const char *value, int64_t usual, int64_t most)
{
    int64_t number;
    if (!json_int(json_get(extension(channel, name), value), &number) || number < 1)
        return usual;
    return number < most ? number : most;
}

static Err read_channel(Ctx *c, Json *channel, const Texts *allowed, Subscription *s)
{
    if (!str_is(json_find_str(channel, "type"), "rest-hook"))
        return refuse(c, "Subscription.channel.type", "Only the channel rest-hook is served.");
    s->endpoint = json_find_str(channel, "endpoint");
    if (!s->endpoint.p)
        return refuse(c, "Subscription.channel.endpoint", "A rest-hook needs an endpoint.");
    if (!endpoint_is_allowed(s->endpoint, allowed))
        return refuse(c, "Subscription.channel.endpoint",
                      "This server sends only to https addresses below those that it was started with "
                      "(--notify-to).");
    s->timeout_s = number_of(channel, "backport-timeout", "valueUnsignedInt", SUBSCRIPTION_TIMEOUT_S,
                             SUBSCRIPTION_TIMEOUT_MOST_S);
    s->heartbeat_s = number_of(channel, "backport-heartbeat-period", "valueUnsignedInt", 0, INT32_MAX);
    s->events_most = number_of(channel, "backport-max-count", "valuePositiveInt", SUBSCRIPTION_EVENTS_MOST,
                               SUBSCRIPTION_EVENTS_MOST);
    return OK;
}

/* What the library itself writes would be there twice. */
static bool is_own_header(Str name)
{
    static const char *const own[] = { "host",       "content-length", "content-type", "transfer-encoding",
                                       "connection", "expect" };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strlen(own[i]) == name.n && strncasecmp(own[i], name.p, name.n) == 0)
            return true;
    return false;
}

static Err read_headers(Ctx *c, Json *channel, Subscription *s)
{
    Json *list = json_get(channel, "header");
    for (size_t i = 0; i < json_count(list); i++) {
        Str header = json_str(json_at(list, i)), value, name = str_trim(str_cut(header, ':', &value));
        bool is_fit = value.p && name.n && !is_own_header(name);
        for (size_t k = 0; k < header.n; k++)
            is_fit &= (unsigned char)header.p[k] >= ' ' && header.p[k] != 127;
        if (!is_fit)
            return refuse(c, "Subscription.channel.header",
                          "A header is 'Name: value', and none that the server writes itself.");
        *list_add(c->arena, &s->headers) = header;
    }
    return OK;
}

static Err read_content(Ctx *c, Json *channel, Subscription *s)
{
    static const char *const words[] = {
        [CONTENT_EMPTY] = "empty", [CONTENT_ID_ONLY] = "id-only", [CONTENT_FULL_RESOURCE] = "full-resource"
    };
    Str payload = json_find_str(channel, "payload");
    Str word =
        json_find_str(extension(json_get(channel, "_payload"), "backport-payload-content"), "valueCode");
    if (payload.p && !str_is(payload, "application/fhir+json") && !str_is(payload, "application/json"))
        return refuse(c, "Subscription.channel.payload", "What is sent is application/fhir+json.");
    s->content = payload.p && !s->topic ? CONTENT_FULL_RESOURCE : CONTENT_EMPTY;
    if (!word.p)
        return OK;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_is(word, words[i])) {
            s->content = (NoticeContent)i;
            return OK;
        }
    return refuse(c, "Subscription.channel.payload.extension",
                  "The content of a payload is empty, id-only or full-resource.");
}

/* Terms that choose resources; those that shape an answer have no meaning here. */
static bool chooses(Str name)
{
    static const char *const choosing[] = { "_id", "_tag", "_profile", "_security", "_has", "_lastUpdated" };
    if (!name.n || name.p[0] != '_')
        return true;
    Str rest, stem = str_cut(name, ':', &rest);
    for (size_t i = 0; i < sizeof choosing / sizeof choosing[0]; i++)
        if (str_is(stem, choosing[i]))
            return true;
    return false;
}

static Err find_by(Ctx *c, Str search, Str id, bool *ret_found)
{
    Str query, type = str_cut(search, '?', &query);
    SearchTerms terms;
    SearchPage page;
    TRY(search_terms_read(c, query, &terms));
    for (size_t i = 0; i < terms.n; i++)
        if (!chooses(terms.at[i].name))
            return problem(c, ERR_RULE, terms.at[i].name, "%.*s does not choose resources.",
                           STR_ARG(terms.at[i].name));
    *list_add(c->arena, &terms) = (SearchTerm){ S("_id"), id };
    TRY(fhir_search(c, type, &terms, true, &page));
    *ret_found = page.matches.n > 0;
    return OK;
}

/* The id is one that nothing has: what a search cannot be is known all the same. */
static Err check_search(Ctx *c, const Subscription *s, Str search)
{
    bool found;
    Str rest, type = str_cut(search, '?', &rest);
    if (!fhir_resource(type) || str_is(type, "AuditEvent"))
        return refuse(c, "Subscription.criteria",
                      "It is neither a topic of this server nor a search such as Observation?code=x.");
    if (s->topic && !topic_has_type(s->topic, type))
        return refuse(c, "Subscription.criteria.extension",
                      "The filter is on a type that the topic does not have.");
    Err err = find_by(c, search, S("-"), &found);
    return err == OK || err == ERR_UNAVAILABLE ? err : ERR_RULE;
}

Err subscription_check(Ctx *c, const Subscription *s)
{
    for (size_t i = 0; i < s->searches.n; i++)
        TRY(check_search(c, s, s->searches.at[i]));
    return OK;
}

static void read_searches(Ctx *c, Json *json, Subscription *s)
{
    Str criteria = json_find_str(json, "criteria");
    Json *filters = json_find(json, "_criteria.extension");
    s->topic = topic_find(criteria);
    if (!s->topic)
        *list_add(c->arena, &s->searches) = criteria;
    for (size_t i = 0; s->topic && i < json_count(filters); i++) {
        Json *filter = json_at(filters, i);
        if (str_is(json_find_str(filter, "url"), BACKPORT "backport-filter-criteria"))
            *list_add(c->arena, &s->searches) = json_find_str(filter, "valueString");
    }
}

Err subscription_read(Ctx *c, const Resource *resource, const Texts *allowed, Subscription *ret)
{
    Json *json = json_parse(c->arena, resource->body), *channel = json_get(json, "channel");
    Str end = json_find_str(json, "end");
    TimeRange range;
    *ret = (Subscription){ .id = resource->id,
                           .version = resource->version,
                           .status = json_find_str(json, "status"),
                           .end_us = TIME_NONE };
    if (end.p && time_parse(end, &range))
        ret->end_us = range.from_us;
    read_searches(c, json, ret);
    TRY(read_content(c, channel, ret));
    TRY(read_headers(c, channel, ret));
    return read_channel(c, channel, allowed, ret);
}

/* ---- matching ---- */

static Err version_json(Ctx *c, const Event *event, int64_t version, Json **ret_json)
{
    Resource resource;
    *ret_json = NULL;
    if (version < 1)
        return OK;
    Err err = fhir_read_version(c, event->type, event->id, arena_fmt(c->arena, "%lld", (long long)version),
                                &resource);
    if (err == OK && !resource.deleted)
        *ret_json = json_parse(c->arena, resource.body);
    return err == ERR_NOT_FOUND || err == ERR_GONE ? OK : err;
}

static Err topic_matches(Ctx *c, const Topic *topic, const Event *event, bool *ret_matches)
{
    Json *now, *previous;
    *ret_matches = false;
    if (!topic_has_type(topic, event->type))
        return OK;
    TRY(version_json(c, event, event->version, &now));
    TRY(version_json(c, event, event->version - 1, &previous));
    *ret_matches = now && topic_fires(c->arena, topic, event->type, now, previous);
    return OK;
}

Err subscription_matches(Ctx *c, const Subscription *s, const Event *event, bool *ret_matches)
{
    *ret_matches = true;
    if (s->topic)
        TRY(topic_matches(c, s->topic, event, ret_matches));
    for (size_t i = 0; i < s->searches.n && *ret_matches; i++) {
        Str rest, type = str_cut(s->searches.at[i], '?', &rest);
        /* A topic has several types; a filter is on those of its own. */
        if (str_eq(type, event->type))
            TRY(find_by(c, s->searches.at[i], event->id, ret_matches));
        else if (!s->topic)
            *ret_matches = false;
    }
    return OK;
}

/* ---- what is known of its deliveries ---- */

Err subscription_state(Ctx *c, Str id, SubscriptionState *ret_state)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT version, position, events, delivered, failures, next_us, contacted_us, why"
                     " FROM subscription WHERE id = $1"),
                 ARGS(T(id)), &rows));
    if (!rows_next(rows))
        return rows_error(rows) ?: ERR_NOT_FOUND;
    *ret_state = (SubscriptionState){ .version = rows_int(rows, 0),
                                      .position = rows_int(rows, 1),
                                      .events = rows_int(rows, 2),
                                      .delivered = rows_int(rows, 3),
                                      .failures = rows_int(rows, 4),
                                      .next_us = rows_int(rows, 5),
                                      .contacted_us = rows_int(rows, 6) };
    if (!rows_null(rows, 7))
        ret_state->why = arena_str(c->arena, rows_text(rows, 7));
    return OK;
}

Err subscription_events(Ctx *c, Str id, int64_t after, int64_t until, size_t limit,
                        SubscriptionEvents *ret_events)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT number, at_us, version, type, resource_id, patient_id FROM subscription_event"
                     " WHERE id = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT $4"),
                 ARGS(T(id), I(after), I(until), I((int64_t)limit)), &rows));
    SubscriptionEvents events = { 0 };
    while (rows_next(rows)) {
        SubscriptionEvent *event = list_add(c->arena, &events);
        *event = (SubscriptionEvent){ .number = rows_int(rows, 0),
                                      .at_us = rows_int(rows, 1),
                                      .version = rows_int(rows, 2),
                                      .type = arena_str(c->arena, rows_text(rows, 3)),
                                      .id = arena_str(c->arena, rows_text(rows, 4)) };
        if (!rows_null(rows, 5))
            event->patient_id = arena_str(c->arena, rows_text(rows, 5));
    }
    TRY(rows_error(rows));
    *ret_events = events;
    return OK;
}

/* ---- the notice ---- */

static void add_event(Buf *b, Str base, const Subscription *s, const SubscriptionEvent *event)
{
    buf_json(b,
             ",{'name':'notification-event','part':[{'name':'event-number','valueString':%s},"
             "{'name':'timestamp','valueInstant':%t}",
             arena_fmt(b->arena, "%lld", (long long)event->number), event->at_us);
    if (s->content != CONTENT_EMPTY)
        buf_json(
            b, ",{'name':'focus','valueReference':{'reference':%s}}",
            arena_fmt(b->arena, "%.*s/%.*s/%.*s", STR_ARG(base), STR_ARG(event->type), STR_ARG(event->id)));
    buf_add(b, S("]}"));
}

Str notice_status(Ctx *c, Str base, const Subscription *s, Str status, const char *kind,
                  const SubscriptionState *state, const SubscriptionEvents *events)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    buf_json(&b,
             "{'resourceType':'Parameters','id':%s,'meta':{'profile':['" BACKPORT
             "backport-subscription-status-r4']},'parameter':[{'name':'subscription','valueReference':"
             "{'reference':%s}}",
             uuid_v7(c->arena, c->random, c->now_us),
             arena_fmt(c->arena, "%.*s/Subscription/%.*s", STR_ARG(base), STR_ARG(s->id)));
    if (s->topic)
        buf_json(&b, ",{'name':'topic','valueCanonical':%s}", str_from(s->topic->url));
    buf_json(&b, ",{'name':'status','valueCode':%s},{'name':'type','valueCode':%s}", status, str_from(kind));
    buf_json(&b, ",{'name':'events-since-subscription-start','valueString':%s}",
             arena_fmt(c->arena, "%lld", (long long)state->events));
    for (size_t i = 0; events && i < events->n; i++)
        add_event(&b, base, s, &events->at[i]);
    if (state->why.p)
        buf_json(&b, ",{'name':'error','valueCodeableConcept':{'text':%s}}", state->why);
    buf_add(&b, S("]}"));
    return buf_str(&b);
}

static void add_focus(Buf *b, Str base, const SubscriptionEvent *event, const Resource *resource)
{
    Str address = arena_fmt(b->arena, "%.*s/%.*s", STR_ARG(event->type), STR_ARG(event->id));
    bool is_new = event->version == 1;
    buf_json(b,
             ",{'fullUrl':%s,'resource':%j,'request':{'method':%s,'url':%s},'response':{'status':%s,"
             "'etag':%s}}",
             arena_fmt(b->arena, "%.*s/%.*s", STR_ARG(base), STR_ARG(address)), resource->body,
             is_new ? S("POST") : S("PUT"), is_new ? event->type : address, is_new ? S("201") : S("200"),
             arena_fmt(b->arena, "W/\"%lld\"", (long long)event->version));
}

static Err add_resources(Ctx *c, Buf *b, Str base, const SubscriptionEvents *events)
{
    for (size_t i = 0; i < events->n; i++) {
        const SubscriptionEvent *event = &events->at[i];
        Resource resource;
        Err err = fhir_read_version(c, event->type, event->id,
                                    arena_fmt(c->arena, "%lld", (long long)event->version), &resource);
        if (err == OK && !resource.deleted)
            add_focus(b, base, event, &resource);
        if (err != OK && err != ERR_GONE && err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

Err notice_bundle(Ctx *c, Str base, const Subscription *s, Str status, const char *kind,
                  const SubscriptionState *state, const SubscriptionEvents *events, Str *ret_bundle)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    Str parameters = notice_status(c, base, s, status, kind, state, events);
    Str own = json_find_str(json_parse(c->arena, parameters), "id");
    buf_json(
        &b,
        "{'resourceType':'Bundle','id':%s,'meta':{'profile':['" BACKPORT
        "backport-subscription-notification-r4']},'type':'history','timestamp':%t,'entry':[{'fullUrl':%s,"
        "'resource':%j,'request':{'method':'GET','url':%s},'response':{'status':'200'}}",
        uuid_v7(c->arena, c->random, c->now_us), c->now_us,
        arena_fmt(c->arena, "urn:uuid:%.*s", STR_ARG(own)), parameters,
        arena_fmt(c->arena, "%.*s/Subscription/%.*s/$status", STR_ARG(base), STR_ARG(s->id)));
    if (events && s->content == CONTENT_FULL_RESOURCE)
        TRY(add_resources(c, &b, base, events));
    buf_add(&b, S("]}"));
    if (buf_overflowed(&b))
        return problem(c, ERR_TOO_LARGE, STR_NONE, "The notice is larger than the limit.");
    *ret_bundle = buf_str(&b);
    return OK;
}
