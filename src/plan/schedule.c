#include "plan/schedule.h"

#include <stdlib.h>

enum { SUNDAY = 0, SATURDAY = 6, DAYS_A_WEEK = 7 };

static int64_t day_after(int64_t at_us, int days)
{
    LocalTime local = time_local(at_us);
    local.day += days; /* past the end of a month is a day of the next */
    return time_from_local(local);
}

Schedule schedule_dates(const Protocol *protocol, int64_t first_us)
{
    Schedule schedule = { .n = (size_t)protocol->infusions };
    int gap = protocol->days_to_second[time_local(first_us).weekday];
    int day = 0;
    for (size_t i = 0; i < schedule.n; i++) {
        schedule.at_us[i] = day_after(first_us, day);
        if (protocol->infusions_a_week == 2)
            day += i % 2 ? DAYS_A_WEEK - gap : gap;
        else
            day += DAYS_A_WEEK / protocol->infusions_a_week;
    }
    return schedule;
}

static int64_t at_time_of_day(const Protocol *protocol, LocalTime day)
{
    day.hour = protocol->hour;
    day.minute = protocol->minute;
    day.second = 0;
    return time_from_local(day);
}

int64_t schedule_next_weekday(const Protocol *protocol, int64_t at_us)
{
    int64_t day_us = day_after(at_us, 1);
    while (time_local(day_us).weekday == SATURDAY || time_local(day_us).weekday == SUNDAY)
        day_us = day_after(day_us, 1);
    return at_time_of_day(protocol, time_local(day_us));
}

bool schedule_parse(const Protocol *protocol, Str text, int64_t *ret_us)
{
    const size_t date_length = 10;
    TimeRange range;
    if (text.n < date_length || !time_parse(text, &range))
        return false;
    if (text.n > date_length) {
        *ret_us = range.from_us;
        return true;
    }
    int64_t year = 0, month = 0, day = 0;
    (void)(str_to_int(str_slice(text, 0, 4), &year) && str_to_int(str_slice(text, 5, 7), &month) &&
           str_to_int(str_slice(text, 8, 10), &day));
    *ret_us =
        at_time_of_day(protocol, (LocalTime){ .year = (int)year, .month = (int)month, .day = (int)day });
    return true;
}

/* ---- judging ---- */

typedef LIST(int64_t) Times;

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static Times given_and_planned(Arena *a, const Chart *chart, const Schedule *schedule)
{
    Times times = { 0 };
    for (size_t i = 0; i < chart->infusions.n; i++)
        if (chart->infusions.at[i].started_us != TIME_NONE)
            *list_add(a, &times) = chart->infusions.at[i].started_us;
    for (size_t i = 0; i < schedule->n; i++)
        *list_add(a, &times) = schedule->at_us[i];
    qsort(times.at, times.n, sizeof *times.at, by_time);
    return times;
}

static void judge_gaps(Arena *a, const Policy *policy, const Times *times, PlanIssues *issues)
{
    for (size_t i = 1; i < times->n; i++)
        if (times->at[i] - times->at[i - 1] < policy_duration_us(policy, "plan_session_gap")) {
            issue_add(a, issues, "EU-P-201", PLAN_REFUSED, policy_row(policy, "plan_session_gap"),
                      "Two infusions are less than %d h apart.",
                      (int)policy_number(policy, "plan_session_gap"));
            return;
        }
}

static void judge_window(Arena *a, const Policy *policy, const Times *times, PlanIssues *issues)
{
    size_t most = (size_t)policy_number(policy, "plan_sessions_max");
    for (size_t i = most; i < times->n; i++)
        if (times->at[i] - times->at[i - most] < policy_duration_us(policy, "plan_sessions_window")) {
            issue_add(a, issues, "EU-P-202", PLAN_REFUSED, policy_row(policy, "plan_sessions_max"),
                      "More than %zu infusions within %d days.", most,
                      (int)policy_number(policy, "plan_sessions_window"));
            return;
        }
}

static bool before_today(int64_t at_us, int64_t now_us)
{
    LocalTime midnight = time_local(now_us);
    midnight.hour = midnight.minute = midnight.second = 0;
    return at_us < time_from_local(midnight);
}

void schedule_judge(Arena *a, const Chart *chart, const Policy *policy, const Schedule *schedule,
                    int64_t now_us, PlanIssues *issues)
{
    if (schedule->n && before_today(schedule->at_us[0], now_us))
        issue_add(a, issues, "EU-P-203", PLAN_REFUSED, NULL, "The first infusion lies in the past: %.*s.",
                  STR_ARG(time_local_date(a, schedule->at_us[0])));
    Times times = given_and_planned(a, chart, schedule);
    judge_gaps(a, policy, &times, issues);
    judge_window(a, policy, &times, issues);
}
