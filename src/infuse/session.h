/* A session out of the record: the chart, the visit, and what was recorded in it. */
#ifndef INFUSE_SESSION_H
#define INFUSE_SESSION_H

#include "infuse/infuse.h"

/* ERR_NOT_FOUND where the Encounter is none of ours: it has no infusion, or no patient. */
MUST_USE Err session_load(Ctx *c, Str encounter_id, Session *ret_session);

/* Encounters that are under way in a treatment chair. */
typedef struct OpenVisit {
    Str encounter_id, patient_id, chair;
} OpenVisit;
typedef struct OpenVisits {
    OpenVisit *at;
    size_t n, room;
} OpenVisits;
MUST_USE Err open_visits(Ctx *c, OpenVisits *ret_visits);

/* "Chair 2". */
Str chair_title(Arena *a, int64_t chair);

#endif
