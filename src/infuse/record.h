/* What infuse writes, as R4 resources (docs/record.md). Each function is called inside the caller's
 * transaction and writes at c->now_us in the name of c->user. */
#ifndef INFUSE_RECORD_H
#define INFUSE_RECORD_H

#include "infuse/session.h"

/* The visit in its chair and the infusion, in preparation. */
MUST_USE Err record_session(Ctx *c, const Chart *chart, int64_t chair, int number, Str *ret_encounter_id);

/* The event, and what follows from it: the stretches that it opens, closes or shifts, and the infusion's
 * state. event->fact is set. session is as it was before; it is not changed. */
MUST_USE Err record_pump_event(Ctx *c, const Session *session, PumpEvent *event);
/* Takes a pump event back, or puts another in its place: a new version of the same Observation, so both are
 * kept. log is the story as it will be. */
MUST_USE Err record_pump_correction(Ctx *c, const Session *session, const PumpLog *log,
                                    const PumpEvent *event, bool withdrawn, Str reason);

MUST_USE Err record_event(Ctx *c, const Session *session, Str code, Str title, Str note, int64_t at_us,
                          Str *ret_id);
/* A vital sign (diastolic is read for a pressure only) or a session scale. */
MUST_USE Err record_reading(Ctx *c, const Session *session, Measure measure, Decimal value, Decimal diastolic,
                            int64_t at_us, Str *ret_id);
/* A new version of an Observation of this session: other values, or entered in error. The reason goes into a
 * note. */
MUST_USE Err record_reading_correction(Ctx *c, const Session *session, const Reading *reading, Decimal value,
                                       Decimal diastolic, bool withdrawn, Str reason);
MUST_USE Err record_event_withdrawal(Ctx *c, const Session *session, const SessionEvent *event, Str reason);

/* Stores each alarm that is not stored yet, and closes those whose cause has gone. */
MUST_USE Err record_alarms(Ctx *c, const Session *session, const Alarms *alarms);
/* Adds who did what about an alarm. It ends nothing: the alarm stays for as long as its cause. */
MUST_USE Err record_acknowledgement(Ctx *c, const Session *session, const Alarm *alarm, Str action, Str text);

MUST_USE Err record_end(Ctx *c, const Session *session, const Account *account);

#endif
