#include "follow/words.h"

static const char *const day_names[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday" };
static const char *const month_names[12] = { "January",   "February", "March",    "April",
                                             "May",       "June",     "July",     "August",
                                             "September", "October",  "November", "December" };

Str words_day(Arena *a, int64_t at_us)
{
    LocalTime t = time_local(at_us);
    return arena_fmt(a, "%s %d %s", day_names[t.weekday], t.day, month_names[t.month - 1]);
}

Str words_clock(Arena *a, int64_t at_us)
{
    LocalTime t = time_local(at_us);
    return arena_fmt(a, "%02d:%02d", t.hour, t.minute);
}

Str words_moment(Arena *a, int64_t at_us, int64_t now_us)
{
    LocalTime then = time_local(at_us), now = time_local(now_us);
    Str clock = words_clock(a, at_us);
    if (then.day == now.day && at_us - now_us < US_PER_DAY)
        return clock;
    if (at_us - now_us < 6 * US_PER_DAY)
        return arena_fmt(a, "%s %.*s", day_names[then.weekday], STR_ARG(clock));
    return arena_fmt(a, "%.*s %.*s", STR_ARG(words_day(a, at_us)), STR_ARG(clock));
}

Str words_month(int64_t at_us)
{
    return (Str){ month_names[time_local(at_us).month - 1], 3 };
}
