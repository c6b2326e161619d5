/* Times as a patient reads them, in the clinic's zone. */
#ifndef FOLLOW_WORDS_H
#define FOLLOW_WORDS_H

#include "base/time.h"

/* "Monday 16 November" */
Str words_day(Arena *a, int64_t at_us);
/* "11:45" */
Str words_clock(Arena *a, int64_t at_us);
/* Seen from now_us: "11:45" on the same day, "Monday 08:00" within six days, else "Monday 16 November 08:00".
 */
Str words_moment(Arena *a, int64_t at_us, int64_t now_us);
/* "Nov" */
Str words_month(int64_t at_us);

#endif
