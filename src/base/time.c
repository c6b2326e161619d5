#include "base/time.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static pthread_once_t anchored = PTHREAD_ONCE_INIT;
static _Atomic int64_t wall_minus_monotonic_us;

static void anchor(void)
{
    wall_minus_monotonic_us = read_clock_us(CLOCK_REALTIME) - read_clock_us(CLOCK_MONOTONIC);
}

int64_t clock_now_us(void)
{
    pthread_once(&anchored, anchor);
    return read_clock_us(CLOCK_MONOTONIC) + wall_minus_monotonic_us;
}

void clock_set(int64_t start_us)
{
    pthread_once(&anchored, anchor);
    wall_minus_monotonic_us = start_us - read_clock_us(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, chrono-compatible date algorithms). */
static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int days_in_month(int y, int m)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : days[m - 1];
}

typedef struct Reader {
    Str s;
    size_t at;
} Reader;

static bool read_digits(Reader *r, int n, int *ret_value)
{
    int value = 0;
    if (r->s.n - r->at < (size_t)n)
        return false;
    for (int i = 0; i < n; i++) {
        char c = r->s.p[r->at + (size_t)i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    r->at += (size_t)n;
    *ret_value = value;
    return true;
}

static bool read_char(Reader *r, char c)
{
    if (r->at < r->s.n && r->s.p[r->at] == c) {
        r->at++;
        return true;
    }
    return false;
}

static bool at_end(const Reader *r)
{
    return r->at == r->s.n;
}

/* ".123456": returns microseconds and the width of the last digit given. */
static bool read_fraction(Reader *r, int64_t *ret_us, int64_t *ret_width_us)
{
    int64_t us = 0, width = US_PER_S;
    size_t from = r->at;
    while (r->at < r->s.n && r->s.p[r->at] >= '0' && r->s.p[r->at] <= '9') {
        if (width > 1) {
            width /= 10;
            us += width * (r->s.p[r->at] - '0');
        }
        r->at++;
    }
    *ret_us = us;
    *ret_width_us = width;
    return r->at > from;
}

static bool read_zone(Reader *r, int64_t *ret_offset_us)
{
    *ret_offset_us = 0;
    if (read_char(r, 'Z'))
        return true;
    int sign = read_char(r, '+') ? 1 : read_char(r, '-') ? -1 : 0;
    int hour, minute;
    if (!sign || !read_digits(r, 2, &hour) || !read_char(r, ':') || !read_digits(r, 2, &minute))
        return false;
    if (hour > 14 || minute > 59)
        return false;
    *ret_offset_us = sign * (hour * US_PER_H + minute * US_PER_MIN);
    return true;
}

static bool read_clock_part(Reader *r, int64_t day_us, TimeRange *ret_range)
{
    int hour, minute, second;
    int64_t fraction_us = 0, width_us = US_PER_S, offset_us;
    if (!read_digits(r, 2, &hour) || !read_char(r, ':') || !read_digits(r, 2, &minute) ||
        !read_char(r, ':') || !read_digits(r, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (read_char(r, '.') && !read_fraction(r, &fraction_us, &width_us))
        return false;
    if (at_end(r))
        offset_us = 0;
    else if (!read_zone(r, &offset_us) || !at_end(r))
        return false;
    int64_t from =
        day_us + hour * US_PER_H + minute * US_PER_MIN + second * US_PER_S + fraction_us - offset_us;
    *ret_range = (TimeRange){ from, from + width_us };
    return true;
}

bool time_parse(Str text, TimeRange *ret_range)
{
    Reader r = { text, 0 };
    int y, m = 1, d = 1;
    if (!read_digits(&r, 4, &y) || y == 0)
        return false;
    if (at_end(&r)) {
        *ret_range =
            (TimeRange){ days_from_civil(y, 1, 1) * US_PER_DAY, days_from_civil(y + 1, 1, 1) * US_PER_DAY };
        return true;
    }
    if (!read_char(&r, '-') || !read_digits(&r, 2, &m) || m < 1 || m > 12)
        return false;
    int64_t month_us = days_from_civil(y, m, 1) * US_PER_DAY;
    if (at_end(&r)) {
        *ret_range = (TimeRange){ month_us, month_us + days_in_month(y, m) * US_PER_DAY };
        return true;
    }
    if (!read_char(&r, '-') || !read_digits(&r, 2, &d) || d < 1 || d > days_in_month(y, m))
        return false;
    int64_t day_us = month_us + (d - 1) * US_PER_DAY;
    if (at_end(&r)) {
        *ret_range = (TimeRange){ day_us, day_us + US_PER_DAY };
        return true;
    }
    return read_char(&r, 'T') && read_clock_part(&r, day_us, ret_range);
}

static struct tm utc(int64_t at_us, int64_t *ret_us)
{
    int64_t s = at_us / US_PER_S, us = at_us % US_PER_S;
    if (us < 0)
        s--, us += US_PER_S;
    time_t t = (time_t)s;
    struct tm tm;
    gmtime_r(&t, &tm);
    *ret_us = us;
    return tm;
}

Str time_instant(Arena *a, int64_t at_us)
{
    int64_t us;
    struct tm tm = utc(at_us, &us);
    return arena_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(us / 1000));
}

Str time_date_time(Arena *a, int64_t at_us)
{
    int64_t us;
    struct tm tm = utc(at_us, &us);
    return arena_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min, tm.tm_sec);
}

bool time_zone_set(const char *zone)
{
    char path[256];
    int n = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    if (n < 0 || (size_t)n >= sizeof path || strstr(zone, "..") || access(path, R_OK) != 0)
        return false;
    if (setenv("TZ", zone, 1) != 0)
        return false;
    tzset();
    return true;
}

Str time_zone(void)
{
    return str_from(getenv("TZ"));
}

LocalTime time_local(int64_t at_us)
{
    time_t t = (time_t)(at_us / US_PER_S - (at_us % US_PER_S < 0));
    struct tm tm;
    localtime_r(&t, &tm);
    return (LocalTime){ .year = tm.tm_year + 1900,
                        .month = tm.tm_mon + 1,
                        .day = tm.tm_mday,
                        .hour = tm.tm_hour,
                        .minute = tm.tm_min,
                        .second = tm.tm_sec,
                        .weekday = tm.tm_wday,
                        .offset_min = (int)(tm.tm_gmtoff / 60) };
}

int64_t time_from_local(LocalTime local)
{
    struct tm tm = { .tm_year = local.year - 1900,
                     .tm_mon = local.month - 1,
                     .tm_mday = local.day,
                     .tm_hour = local.hour,
                     .tm_min = local.minute,
                     .tm_sec = local.second,
                     .tm_isdst = -1 };
    return (int64_t)mktime(&tm) * US_PER_S;
}

Str time_local_date(Arena *a, int64_t at_us)
{
    LocalTime t = time_local(at_us);
    return arena_fmt(a, "%04d-%02d-%02d", t.year, t.month, t.day);
}

Str time_local_day(Arena *a, int64_t at_us)
{
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    LocalTime t = time_local(at_us);
    return arena_fmt(a, "%d %s %d", t.day, months[t.month - 1], t.year);
}

int time_age_years(int64_t birth_us, int64_t at_us)
{
    int64_t ignored;
    struct tm birth = utc(birth_us, &ignored), at = utc(at_us, &ignored);
    bool before_birthday =
        at.tm_mon < birth.tm_mon || (at.tm_mon == birth.tm_mon && at.tm_mday < birth.tm_mday);
    return at.tm_year - birth.tm_year - before_birthday;
}
