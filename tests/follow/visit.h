/* Words for tests that walk through a link: a clinic with one patient on a bed (tests/db/bed.h), requests as
 * the patient's phone sends them, operations as the clinic's page calls them. */
#ifndef TESTS_FOLLOW_VISIT_H
#define TESTS_FOLLOW_VISIT_H

#include "bed.h"
#include "groups.h"

#include "fhir/operation.h"
#include "fhir/store.h"
#include "follow/follow_link.h"
#include "follow/link_store.h"

#define PATIENT "0192f000-0000-7000-8000-000000000001"
#define NURSE   "0192f000-0000-7000-8000-000000000002"

typedef struct Visitor {
    Ctx *c;
    Str token;
} Visitor;

void put(Ctx *c, const char *type, const char *id, Str json);
/* Margit, with a phone number, and Mei, a nurse without any duty. */
void put_people(Ctx *c);
/* Mei is on duty on those days (a JSON list of codes) from 08:00 to 18:00. */
void put_duty(Ctx *c, const char *days);
Visitor invite(Ctx *c);

LinkAnswer get(Visitor *v, const char *rest);
LinkAnswer post(Visitor *v, const char *rest, const char *name, const char *value, const char *act);
/* POST q/ITEM (from 1) with Next; value < 0 is Skip. */
LinkAnswer give(Visitor *v, int item, int value);
LinkAnswer tap(Visitor *v, int item, int value);
bool leads_to(LinkAnswer answer, const char *rest);

/* Acts as Mei. NULL where the operation refused; the error is in *ret_error where that is not NULL. */
Json *operate(Ctx *c, const char *type, const char *id, const char *name, Str parameters, Err *ret_error);
/* A value of a Parameters resource by name; NULL where it is not there. */
Json *parameter(Json *parameters, const char *name);

Link link_of(Visitor *v);
/* The newest worry of the link; fails the test where there is none. */
WorryTask worry_of(Visitor *v);

#endif
