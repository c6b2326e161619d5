/* What a Subscription may be told of (the Subscriptions R5 Backport's topics): each a canonical name and what
 * must hold of a resource, in FHIRPath. It fires where that holds of the new version and did not of the one
 * before. Pure. */
#ifndef SERVER_TOPIC_H
#define SERVER_TOPIC_H

#include "fhir/fhirpath.h"

enum { TOPIC_TRIGGERS = 4 };

typedef struct TopicTrigger {
    const char *type;      /* "Observation"; NULL ends the list */
    const char *criterion; /* FHIRPath */
} TopicTrigger;

typedef struct Topic {
    const char *url; /* "urn:euthymia:topic:session" */
    const char *title;
    TopicTrigger triggers[TOPIC_TRIGGERS];
} Topic;

/* Ends with a row whose url is NULL. */
extern const Topic topics[];

/* NULL where there is no such topic. */
const Topic *topic_find(Str url);
/* Whether it looks at the type at all. */
bool topic_has_type(const Topic *topic, Str type);
/* previous: the version before; NULL where there is none or it was a deletion. */
bool topic_fires(Arena *a, const Topic *topic, Str type, Json *now, Json *previous);

#endif
