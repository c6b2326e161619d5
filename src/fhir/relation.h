/* Whose data the user may see, beside which types (Rights): where the clinic limits its clinicians to their
 * own patients, what belongs to other patients only does not exist for them in searches, includes, histories
 * and events, and is refused with a sentence where they name it.
 *
 * Related to a patient is who takes part in the patient's CareTeam, or in an Encounter or Appointment that
 * lies within 30 days (as a Practitioner or by a PractitionerRole), who owns an open Task for the patient,
 * and who was granted it: who registered the patient, for as long, and who broke the glass
 * (server/glass_http.c). Everybody is related to a patient who sits in a chair now, whose alarm may ring, and
 * to one with a worry that nobody owns yet.
 *
 * A resource belongs to the patients in whose compartments it is and to those that it refers to. It is seen
 * by who is related to one of them, and by all where it belongs to none. */
#ifndef FHIR_RELATION_H
#define FHIR_RELATION_H

#include "base/time.h"
#include "db/db.h"
#include "fhir/definitions.h"
#include "fhir/store.h"

#define RELATION_DAYS_US (INT64_C(30) * US_PER_DAY)

/* clang-format off */
#define OPEN_TASK "'requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold'"
#define RELATED_BY_PARTICIPATION(person, past, future) \
    "SELECT k.patient_id FROM index_reference t JOIN compartment k ON k.number = t.number" \
    " WHERE ((t.target_type = 'Practitioner' AND t.target_id = " person ")" \
    "   OR (t.target_type = 'PractitionerRole' AND t.target_id IN (SELECT u.id FROM index_reference o JOIN resource u ON u.number = o.number" \
    "        WHERE o.target_id = " person " AND o.type = 'PractitionerRole' AND o.param = 'practitioner')))" \
    " AND ((t.type = 'CareTeam' AND t.param = 'participant')" \
    "   OR (t.type IN ('Encounter', 'Appointment') AND t.param IN ('practitioner', 'participant', 'actor')" \
    "     AND EXISTS (SELECT 1 FROM index_date d WHERE d.number = t.number AND d.param = 'date'" \
    "          AND d.from_us < " future " AND d.to_us > " past ")))" \
    " AND NOT EXISTS (SELECT 1 FROM index_token s WHERE s.number = t.number" \
    "      AND s.param = 'status' AND s.code IN ('entered-in-error', 'inactive', 'proposed', 'cancelled'))"
#define RELATED_BY_OWN_TASK(person) \
    "SELECT p.target_id FROM index_reference t" \
    " JOIN index_reference p ON p.number = t.number AND p.target_type = 'Patient'" \
    " WHERE t.type = 'Task' AND t.param = 'owner' AND t.target_type = 'Practitioner' AND t.target_id = " person \
    " AND EXISTS (SELECT 1 FROM index_token s WHERE s.number = t.number" \
    "      AND s.param = 'status' AND s.code IN (" OPEN_TASK "))"
#define RELATED_BY_GRANT(person, now) \
    "SELECT g.patient_id FROM access_grant g" \
    " WHERE g.person_id = " person " AND g.from_us <= " now " AND g.until_us > " now
#define IN_A_CHAIR_NOW \
    "SELECT k.patient_id FROM index_reference t JOIN compartment k ON k.number = t.number" \
    " WHERE t.type = 'Encounter' AND t.param = 'location'" \
    " AND t.target_id >= 'chair-' AND t.target_id < 'chair.'" \
    " AND EXISTS (SELECT 1 FROM index_token s WHERE s.number = t.number" \
    "      AND s.param = 'status' AND s.code = 'in-progress')"
#define WITH_A_WORRY_OF_NOBODY \
    "SELECT p.target_id FROM index_token s" \
    " JOIN index_reference p ON p.number = s.number AND p.target_type = 'Patient'" \
    " WHERE s.type = 'Task' AND s.param = 'status' AND s.code IN (" OPEN_TASK ")" \
    " AND EXISTS (SELECT 1 FROM index_token w WHERE w.number = s.number" \
    "      AND w.param = 'code' AND w.system = 'urn:euthymia:task')" \
    " AND NOT EXISTS (SELECT 1 FROM index_reference o WHERE o.number = s.number AND o.param = 'owner')"
/* A SELECT of the ids of the person's patients, to stand in brackets. Its parameters: the person's id, and now less
 * 30 days, now and 30 days, now. */
#define RELATED_PATIENTS(person, past, future, now) \
    RELATED_BY_PARTICIPATION(person, past, future) " UNION " RELATED_BY_OWN_TASK(person) \
    " UNION " RELATED_BY_GRANT(person, now) " UNION " IN_A_CHAIR_NOW " UNION " WITH_A_WORRY_OF_NOBODY
/* clang-format on */

/* Whether the user is limited to own patients at all. */
bool relation_limits(const Ctx *c);
/* Whether the user is related to the patient, as things stand now. */
MUST_USE Err relation_to(Ctx *c, Str patient_id, bool *ret_related);
/* Whether the user may see this resource; its body says whose it is, be it current or not. True for a body
 * that is absent: that something was deleted says nothing. */
MUST_USE Err relation_shows(Ctx *c, const Resource *resource, bool *ret_shows);
/* The same as a refusal: ERR_FORBIDDEN with what to do. */
MUST_USE Err relation_check(Ctx *c, const Resource *resource);
/* ERR_FORBIDDEN likewise where the user is limited and not related to the patient. */
MUST_USE Err relation_check_patient(Ctx *c, Str patient_id);

typedef enum GrantKind { GRANT_REGISTERED, GRANT_BROKE_GLASS } GrantKind;

/* Relates the user to the patient from now on until a time; gives the grant's id. Inside a transaction. */
MUST_USE Err relation_grant(Ctx *c, GrantKind kind, Str patient_id, Str reason, int64_t until_us,
                            Str *ret_id);

#endif
