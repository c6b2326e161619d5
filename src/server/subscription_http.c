/* The Backport's operations on a Subscription: $status, and $events for what was missed. */
#include "db/db.h"
#include "server/access.h"
#include "server/negotiate.h"
#include "server/route.h"
#include "server/server_state.h"

static const char fhir_json[] = "application/fhir+json; charset=utf-8";

static Err begin(Request *r, Subscription *ret_s, SubscriptionState *ret_state)
{
    Resource resource;
    r->type = S("Subscription");
    if (!accept_takes_json(request_header(r, "Accept")))
        return problem(&r->ctx, ERR_ACCEPT, STR_NONE,
                       "Answers are application/fhir+json, version 4.0, only.");
    TRY(access_check(&r->ctx, r->type, CAN_READ));
    TRY(fhir_read(&r->ctx, r->type, r->id, &resource));
    /* Whether it can be served is the notifier's to say; what it wants is known all the same. */
    Ctx apart = r->ctx;
    apart.problems = (Problems){ 0 };
    Err refused = subscription_read(&apart, &resource, &(Texts){ 0 }, ret_s);
    if (refused != OK && refused != ERR_RULE)
        return refused;
    Err err = subscription_state(&r->ctx, r->id, ret_state);
    if (err != ERR_NOT_FOUND)
        return err;
    *ret_state = (SubscriptionState){ 0 };
    if (!r->server->notifier)
        ret_state->why = S("This server sends no notices: it was started without --notify-to.");
    return OK;
}

Err subscription_http_status(Request *r)
{
    Subscription s;
    SubscriptionState state;
    TRY(begin(r, &s, &state));
    Str base = request_base(r);
    Str status = notice_status(&r->ctx, base, &s, s.status, "query-status", &state, NULL);
    answer_body(r, 200, fhir_json,
                json_build(r->ctx.arena,
                           "{'resourceType':'Bundle','type':'searchset','total':1,'entry':[{'fullUrl':%s,"
                           "'resource':%j,'search':{'mode':'match'}}]}",
                           arena_fmt(r->ctx.arena, "urn:uuid:%.*s",
                                     STR_ARG(json_find_str(json_parse(r->ctx.arena, status), "id"))),
                           status));
    return OK;
}

static Err number_term(Request *r, const SearchTerms *terms, const char *name, int64_t usual,
                       int64_t *ret_number)
{
    Str text = form_value(terms, name);
    *ret_number = usual;
    if (!text.p || (str_to_int(text, ret_number) && *ret_number >= 0))
        return OK;
    return problem(&r->ctx, ERR_SYNTAX, str_from(name), "%s is the number of an event.", name);
}

Err subscription_http_events(Request *r)
{
    Subscription s;
    SubscriptionState state;
    SubscriptionEvents events;
    SearchTerms terms;
    int64_t since, until;
    Str bundle;
    TRY(begin(r, &s, &state));
    if (!form_parse(r->ctx.arena, r->query, LIMIT_SEARCH_TERMS, &terms))
        return problem(&r->ctx, ERR_SYNTAX, STR_NONE, "The query of the address cannot be decoded.");
    TRY(number_term(r, &terms, "eventsSinceNumber", 1, &since));
    TRY(number_term(r, &terms, "eventsUntilNumber", state.events, &until));
    TRY(subscription_events(&r->ctx, r->id, since > 0 ? since - 1 : 0, until, SUBSCRIPTION_EVENTS_MOST,
                            &events));
    TRY(notice_bundle(&r->ctx, request_base(r), &s, s.status, "query-event", &state, &events, &bundle));
    answer_body(r, 200, fhir_json, bundle);
    return OK;
}
