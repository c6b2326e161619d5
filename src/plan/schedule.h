/* The dates of a course. Wall times in the clinic's zone, so that 09:00 stays 09:00 over a change of the
 * clocks. */
#ifndef PLAN_SCHEDULE_H
#define PLAN_SCHEDULE_H

#include "chart/chart.h"
#include "plan/issue.h"
#include "plan/protocol.h"

typedef struct Schedule {
    int64_t at_us[PROTOCOL_INFUSIONS_MAX];
    size_t n;
} Schedule;

/* Pure. One date an infusion from first_us on, alternating the protocol's gap and the rest of its week. */
Schedule schedule_dates(const Protocol *protocol, int64_t first_us);

/* The first day at the protocol's time of day: of the local date of at_us, or the next weekday after it. */
int64_t schedule_next_weekday(const Protocol *protocol, int64_t at_us);
/* "2026-11-17" at the protocol's time of day; or a dateTime as it stands. False for another text. */
bool schedule_parse(const Protocol *protocol, Str text, int64_t *ret_us);

/* In the past, too close together, or too many in the window, with the infusions that were given counted in:
 * to issues. */
void schedule_judge(Arena *a, const Chart *chart, const Policy *policy, const Schedule *schedule,
                    int64_t now_us, PlanIssues *issues);

#endif
