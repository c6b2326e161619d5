/* The clinic's own settings (data/policy/clinic.json): its name and number, when it is open, and the numbers
 * to call in a crisis, which are its country's. Times are judged in the zone of the process (base/time.h). */
#ifndef FOLLOW_CLINIC_H
#define FOLLOW_CLINIC_H

#include "base/ctx.h"
#include "base/time.h"

typedef struct OpenHours {
    int from_min, to_min; /* minutes of the local day, half open; equal: closed that day */
} OpenHours;

typedef struct Clinic {
    Str name, phone, zone;
    OpenHours hours[7];  /* by weekday, Sunday first */
    Str hours_text;      /* "weekdays, 08:00 to 18:00" */
    Str line, line_text; /* "988" */
    Str deaf_url, deaf_text;
    Str emergency, emergency_text; /* "911" */
} Clinic;

/* ERR_INVALID with the path of what is missing or wrong. The Strs live in c->arena. */
MUST_USE Err clinic_parse(Ctx *c, Str json, Clinic *ret_clinic);
/* The embedded settings; read once, live as long as the program. */
const Clinic *clinic_in_force(void);

bool clinic_is_open(const Clinic *clinic, int64_t at_us);
/* at_us where the clinic is open then; else when it next opens. TIME_NONE where it never opens. */
int64_t clinic_open_from_us(const Clinic *clinic, int64_t at_us);
/* The end of the opening hours on the first working day after the day of at_us. TIME_NONE where it never
 * opens. */
int64_t clinic_next_working_day_end_us(const Clinic *clinic, int64_t at_us);
/* When so many microseconds of opening hours have passed since at_us. TIME_NONE where it never opens. */
int64_t clinic_after_open_us(const Clinic *clinic, int64_t at_us, int64_t open_us);

#endif
