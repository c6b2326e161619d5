/* Time: always microseconds since 1970 UTC in an int64_t named ..._us. Text is made and read only here.
 * A FHIR date or dateTime may be partial ("2020", "2020-09"): it is then the half-open range that it covers.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/arena.h"

#define US_PER_S   INT64_C(1000000)
#define US_PER_MIN (60 * US_PER_S)
#define US_PER_H   (60 * US_PER_MIN)
#define US_PER_DAY (24 * US_PER_H)
/* No time recorded. Never shown, never compared as if it were one. */
#define TIME_NONE INT64_MIN

typedef struct TimeRange {
    int64_t from_us, to_us; /* half open */
} TimeRange;

/* The wall clock read once at start, then the monotonic clock: a step of the system's clock never makes
 * an elapsed time negative or an infusion longer. */
int64_t clock_now_us(void);
/* For tests and the demo: the clock stands at start_us now and goes on from there. */
void clock_set(int64_t start_us);

/* date, dateTime or instant of FHIR R4, partial or with any zone. A time without a zone and a date are
 * read as UTC. False where the text is not of that grammar or the day does not exist (30 February). */
bool time_parse(Str text, TimeRange *ret_range);
/* "2026-11-17T10:42:16.123Z". */
Str time_instant(Arena *a, int64_t at_us);
/* "2026-11-17T10:42:16Z": a dateTime without a fraction. */
Str time_date_time(Arena *a, int64_t at_us);

/* Broken-down time in the clinic's zone, an IANA name such as "America/New_York". */
typedef struct LocalTime {
    int year, month, day, hour, minute, second;
    int weekday;    /* 0 Sunday ... 6 Saturday */
    int offset_min; /* east of UTC */
} LocalTime;
/* Sets the zone of the process once, at start. False where the system has no such zone. */
bool time_zone_set(const char *zone);
/* Its name; absent where none was set. */
Str time_zone(void);
LocalTime time_local(int64_t at_us);
/* The UTC time of a local wall time; an hour that does not exist moves forward. */
int64_t time_from_local(LocalTime local);
/* "2026-11-17" in the clinic's zone. */
Str time_local_date(Arena *a, int64_t at_us);
/* "17 Nov 2026" in the clinic's zone, as a person reads it. */
Str time_local_day(Arena *a, int64_t at_us);
/* Whole years from a birth date (its first instant) to at_us. */
int time_age_years(int64_t birth_us, int64_t at_us);

#endif
