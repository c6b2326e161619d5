/* Who may do what with which type of resource: one table, role by class of types. What the table does not
 * allow is refused. Pure. */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include "base/ctx.h"

typedef enum Interaction {
    CAN_READ = 1, /* read, vread, search, and the events of the type */
    CAN_CREATE = 2,
    CAN_UPDATE = 4,
    CAN_DELETE = 8,
} Interaction;

bool access_allows(Role role, Str type, Interaction interaction);
/* One sentence for the person who was refused. */
const char *access_refusal(Role role, Str type, Interaction interaction);
bool access_may_cascade(Role role);
/* What search, includes, history and events ask (base/ctx.h). Where the clinic limits its clinicians to their
 * own patients (fhir/relation.h), physicians and nurses get the second. */
extern const Rights access_rights, access_rights_own_patients;
const Rights *access_rights_of(Role role, bool own_patients_only);
/* OK, or ERR_FORBIDDEN with the sentence of access_refusal(). */
MUST_USE Err access_check(Ctx *c, Str type, Interaction interaction);

#endif
