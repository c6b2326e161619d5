/* Protocols: what is usual for a course, as data (data/protocols/ID.json) with its evidence and sources. */
#ifndef PLAN_PROTOCOL_H
#define PLAN_PROTOCOL_H

#include "chart/policy.h"

enum { PROTOCOL_INFUSIONS_MAX = 32, PROTOCOL_ROWS_MAX = 16, PROTOCOL_PRODUCTS_MAX = 8 };

typedef struct ProtocolVisit {
    int number;
    Str measures; /* what is measured then */
    bool gate;    /* something is decided before it */
} ProtocolVisit;

typedef struct ProtocolOrder {
    Str title, text, cites, seen;
} ProtocolOrder;

typedef struct Protocol {
    Str id, title, indication, drug, route, evidence, cites, seen;
    Decimal mg_per_kg;
    int64_t minutes;
    int infusions, infusions_a_week;
    int hour, minute;      /* of the day, where the request names none */
    int days_to_second[7]; /* by the weekday of the first (0 Sunday); the course then alternates this and the
                              rest of the week */
    Decimal vials_mg_per_ml[PROTOCOL_PRODUCTS_MAX], usual_vial_mg_per_ml;
    size_t n_vials;
    Decimal bags_ml[PROTOCOL_PRODUCTS_MAX], usual_bag_ml;
    size_t n_bags;
    ProtocolVisit visits[PROTOCOL_INFUSIONS_MAX]; /* one an infusion */
    ProtocolOrder orders[PROTOCOL_ROWS_MAX];
    size_t n_orders;
    Str hash; /* of the file: stored with the decision */
} Protocol;

/* A {key} in the texts of the file becomes the policy's number, so that no limit stands in two places.
 * ERR_INVALID with the member's path. Lives in c's arena. */
MUST_USE Err protocol_load(Ctx *c, Str json, const Policy *policy, Protocol *ret_protocol);

/* Out of the embedded files, with the policy in force; ERR_NOT_FOUND where there is none of that id. */
MUST_USE Err protocol_find(Ctx *c, Str id, Protocol *ret_protocol);

bool protocol_has_vial(const Protocol *protocol, Decimal mg_per_ml);
bool protocol_has_bag(const Protocol *protocol, Decimal ml);

#endif
