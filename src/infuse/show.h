/* A session as the answer of an operation. */
#ifndef INFUSE_SHOW_H
#define INFUSE_SHOW_H

#include "fhir/operation.h"
#include "infuse/expect.h"
#include "infuse/session.h"

/* The whole session: who, where it stands, what was given, seen, due and alarming, what the models expect. */
void show_session(Params *out, const Session *session, const ExpectedCurves *curves, const Policy *policy,
                  int64_t now_us);
/* One chair's line for the Today screen, in an open group. */
void show_chair(Params *out, const Session *session, const InfuseLimits *limits, int64_t now_us);
/* "EU-I-001.1763376000000": names an alarm to $alarm. */
Str alarm_id(Arena *a, const Alarm *alarm);
/* "not-started", "running", "paused", "stopped". */
Str pump_state_word(PumpState state);
/* "prepare", "infuse", "recover", "home". */
Str phase_word(Phase phase);
/* "blood-pressure", "heart-rate", ... */
Str measure_word(Measure measure);

#endif
