#include "follow/clinic.h"

#include "base/embed.h"
#include "base/json.h"

#include <assert.h>
#include <pthread.h>

enum { DAYS_AHEAD_MAX = 15, MINUTES_A_DAY = 24 * 60 };

static const char *const weekdays[7] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

/* ---- reading ---- */

static int weekday_from_name(Str name)
{
    for (int day = 0; day < 7; day++)
        if (str_is(name, weekdays[day]))
            return day;
    return -1;
}

/* "08:00" as minutes; -1 where it is not such a time. */
static int minutes_from_text(Str text)
{
    Str minutes_text = STR_NONE;
    int64_t hours = 0, minutes = 0;
    Str hours_text = str_cut(text, ':', &minutes_text);
    if (text.n != 5 || !str_to_int(hours_text, &hours) || !str_to_int(minutes_text, &minutes))
        return -1;
    int64_t total = hours * 60 + minutes;
    return hours < 0 || minutes < 0 || minutes > 59 || total > MINUTES_A_DAY ? -1 : (int)total;
}

static Err read_hours(Ctx *c, Json *list, Clinic *clinic)
{
    for (size_t i = 0; i < json_count(list); i++) {
        Json *row = json_at(list, i);
        OpenHours hours = { minutes_from_text(json_find_str(row, "from")),
                            minutes_from_text(json_find_str(row, "to")) };
        if (hours.from_min < 0 || hours.to_min <= hours.from_min)
            return problem(c, ERR_INVALID, S("clinic.hours"),
                           "hours %zu: from and to are times such as 08:00, from first", i);
        Json *days = json_get(row, "days");
        for (size_t d = 0; d < json_count(days); d++) {
            int day = weekday_from_name(json_str(json_at(days, d)));
            if (day < 0)
                return problem(c, ERR_INVALID, S("clinic.hours"),
                               "hours %zu: a day is one of sun mon tue wed thu fri sat", i);
            clinic->hours[day] = hours;
        }
    }
    return OK;
}

Err clinic_parse(Ctx *c, Str json, Clinic *ret_clinic)
{
    Json *settings = json_get(json_parse(c->arena, json), "clinic");
    Clinic clinic = { 0 };
    const struct {
        const char *path;
        Str *text;
    } members[] = {
        { "name", &clinic.name },
        { "phone", &clinic.phone },
        { "zone", &clinic.zone },
        { "hours_text", &clinic.hours_text },
        { "crisis.line", &clinic.line },
        { "crisis.line_text", &clinic.line_text },
        { "crisis.deaf_url", &clinic.deaf_url },
        { "crisis.deaf_text", &clinic.deaf_text },
        { "crisis.emergency", &clinic.emergency },
        { "crisis.emergency_text", &clinic.emergency_text },
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        *members[i].text = arena_str(c->arena, json_find_str(settings, members[i].path));
        if (str_empty(*members[i].text))
            return problem(c, ERR_INVALID, arena_fmt(c->arena, "clinic.%s", members[i].path), "is missing");
    }
    TRY(read_hours(c, json_get(settings, "hours"), &clinic));
    *ret_clinic = clinic;
    return OK;
}

static Clinic in_force;

static void load_in_force(void)
{
    Random random = random_system();
    Ctx c = { .arena = arena_forever(), .random = &random };
    Err e = clinic_parse(&c, embedded_file(S("data/policy/clinic.json")), &in_force);
    assert(e == OK);
}

const Clinic *clinic_in_force(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_in_force);
    return &in_force;
}

/* ---- the clock ---- */

static int64_t local_minute_us(int64_t day_us, int days_later, int minute)
{
    LocalTime local = time_local(day_us);
    /* Noon of the day first: a day with a change of the clock has 23 or 25 hours. */
    LocalTime noon = { .year = local.year, .month = local.month, .day = local.day, .hour = 12 };
    LocalTime then = time_local(time_from_local(noon) + days_later * US_PER_DAY);
    then.hour = minute / 60;
    then.minute = minute % 60;
    then.second = 0;
    return time_from_local(then);
}

static OpenHours hours_on(const Clinic *clinic, int64_t at_us, int days_later)
{
    return clinic->hours[(time_local(at_us).weekday + days_later) % 7];
}

int64_t clinic_open_from_us(const Clinic *clinic, int64_t at_us)
{
    for (int days = 0; days < DAYS_AHEAD_MAX; days++) {
        OpenHours hours = hours_on(clinic, at_us, days);
        int64_t from_us = local_minute_us(at_us, days, hours.from_min);
        int64_t to_us = local_minute_us(at_us, days, hours.to_min);
        if (hours.to_min > hours.from_min && at_us < to_us)
            return at_us > from_us ? at_us : from_us;
    }
    return TIME_NONE;
}

bool clinic_is_open(const Clinic *clinic, int64_t at_us)
{
    return clinic_open_from_us(clinic, at_us) == at_us;
}

int64_t clinic_next_working_day_end_us(const Clinic *clinic, int64_t at_us)
{
    for (int days = 1; days < DAYS_AHEAD_MAX; days++) {
        OpenHours hours = hours_on(clinic, at_us, days);
        if (hours.to_min > hours.from_min)
            return local_minute_us(at_us, days, hours.to_min);
    }
    return TIME_NONE;
}

int64_t clinic_after_open_us(const Clinic *clinic, int64_t at_us, int64_t open_us)
{
    int64_t from_us = clinic_open_from_us(clinic, at_us);
    while (from_us != TIME_NONE) {
        int64_t end_us = local_minute_us(from_us, 0, hours_on(clinic, from_us, 0).to_min);
        if (open_us <= end_us - from_us)
            return from_us + open_us;
        open_us -= end_us - from_us;
        from_us = clinic_open_from_us(clinic, end_us);
    }
    return TIME_NONE;
}
