/* A Subscription as the server understands it: R4's own, whose criteria is a search, and the R5 Backport's,
 * whose criteria names a topic (topic.h). The channel is rest-hook; where it leads must be among the
 * addresses that the server was started with (--notify-to). */
#ifndef SERVER_SUBSCRIPTION_H
#define SERVER_SUBSCRIPTION_H

#include "db/outbox.h"
#include "fhir/store.h"
#include "server/topic.h"

typedef enum NoticeContent { CONTENT_EMPTY, CONTENT_ID_ONLY, CONTENT_FULL_RESOURCE } NoticeContent;

enum {
    SUBSCRIPTION_TIMEOUT_S = 10,
    SUBSCRIPTION_TIMEOUT_MOST_S = 20,
    SUBSCRIPTION_EVENTS_MOST = 100, /* of a notice */
};

typedef struct Texts {
    Str *at;
    size_t n, room;
} Texts;

typedef struct Subscription {
    Str id, status;
    int64_t version;
    const Topic *topic; /* NULL: a search alone */
    Texts searches;     /* "Observation?code=x": all must find it */
    Str endpoint;
    Texts headers; /* "Authorization: Bearer x" */
    NoticeContent content;
    int64_t heartbeat_s; /* 0: none */
    int64_t timeout_s, events_most;
    int64_t end_us; /* TIME_NONE: none */
} Subscription;

/* allowed: what an endpoint must begin with. ERR_RULE for one that this server cannot serve; the problem list
 * says why, in sentences for whoever wrote it. */
MUST_USE Err subscription_read(Ctx *c, const Resource *resource, const Texts *allowed, Subscription *ret);
/* Asks its searches once: ERR_RULE where one cannot be asked. */
MUST_USE Err subscription_check(Ctx *c, const Subscription *s);
/* Whether what changed concerns it. */
MUST_USE Err subscription_matches(Ctx *c, const Subscription *s, const Event *event, bool *ret_matches);
/* https, or http on this machine; below one of the allowed addresses. */
bool endpoint_is_allowed(Str endpoint, const Texts *allowed);

/* ---- what is known of its deliveries ---- */

typedef struct SubscriptionState {
    int64_t version;   /* of the Subscription that was checked */
    int64_t position;  /* the last event of the outbox that was looked at */
    int64_t events;    /* that matched since the start */
    int64_t delivered; /* the last of them that arrived */
    int64_t failures;  /* since something arrived */
    int64_t next_us;   /* nothing is sent before */
    int64_t contacted_us;
    Str why; /* the last failure; absent where there is none */
} SubscriptionState;

typedef struct SubscriptionEvent {
    int64_t number, at_us, version;
    Str type, id, patient_id; /* patient_id: may be absent */
} SubscriptionEvent;

typedef struct SubscriptionEvents {
    SubscriptionEvent *at;
    size_t n, room;
} SubscriptionEvents;

/* ERR_NOT_FOUND where it has not started. */
MUST_USE Err subscription_state(Ctx *c, Str id, SubscriptionState *ret_state);
/* Those numbered above after, up to and with until, at most limit. */
MUST_USE Err subscription_events(Ctx *c, Str id, int64_t after, int64_t until, size_t limit,
                                 SubscriptionEvents *ret_events);

/* ---- the notice ---- */

/* The Backport's notification Bundle. kind: "handshake", "heartbeat", "event-notification", "query-event".
 * Resources that are gone are named and not shown. */
MUST_USE Err notice_bundle(Ctx *c, Str base, const Subscription *s, Str status, const char *kind,
                           const SubscriptionState *state, const SubscriptionEvents *events, Str *ret_bundle);
/* Its first entry alone, as $status answers it. */
Str notice_status(Ctx *c, Str base, const Subscription *s, Str status, const char *kind,
                  const SubscriptionState *state, const SubscriptionEvents *events);

#endif
