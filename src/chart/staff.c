#include "chart/staff.h"

#include "chart/read.h"
#include "fhir/store.h"

#define DAYS_AHEAD 8

static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

static bool has_day(Json *days, int weekday)
{
    for (size_t i = 0; i < json_count(days); i++)
        if (str_is(json_str(json_at(days, i)), weekdays[weekday]))
            return true;
    return false;
}

/* "08:30:00" as minutes of the day; -1 where it is not a time. */
static int minutes_of(Str text)
{
    Str rest, hour = str_cut(text, ':', &rest), minute = str_cut(rest, ':', &rest);
    int64_t h, m;
    if (!str_to_int(hour, &h) || !str_to_int(minute, &m) || h < 0 || h > 24 || m < 0 || m > 59)
        return -1;
    return (int)(h * 60 + m);
}

/* The stretch of that day, day_offset days from at_us; a night duty runs into the next day. */
static bool duty_on(Json *available, int64_t at_us, int day_offset, TimeRange *ret_duty)
{
    LocalTime day = time_local(at_us + day_offset * US_PER_DAY);
    if (!has_day(json_get(available, "daysOfWeek"), day.weekday))
        return false;
    int from_min = 0, to_min = 24 * 60;
    if (!json_true(json_get(available, "allDay"))) {
        from_min = minutes_of(json_find_str(available, "availableStartTime"));
        to_min = minutes_of(json_find_str(available, "availableEndTime"));
    }
    if (from_min < 0 || to_min < 0)
        return false;
    day.hour = from_min / 60, day.minute = from_min % 60, day.second = 0;
    int64_t from_us = time_from_local(day);
    if (to_min <= from_min)
        to_min += 24 * 60;
    *ret_duty = (TimeRange){ from_us, from_us + (to_min - from_min) * US_PER_MIN };
    return true;
}

static void consider(StaffMember *member, TimeRange duty, int64_t at_us)
{
    bool now = duty.from_us <= at_us && at_us < duty.to_us;
    bool sooner = member->on_duty_from_us == TIME_NONE || duty.from_us < member->on_duty_from_us;
    if (duty.to_us <= at_us || !(now || sooner))
        return;
    member->on_duty |= now;
    member->on_duty_from_us = duty.from_us;
    member->on_duty_to_us = duty.to_us;
}

static StaffMember read_member(Json *role, int64_t at_us)
{
    StaffMember member = { .person_id = reference_id(json_get(role, "practitioner"), "Practitioner"),
                           .display = json_find_str(role, "practitioner.display"),
                           .role = json_find_str(role, "code[0].coding[0].code"),
                           .phone = json_find_str(role, "telecom[0].value"),
                           .on_duty_from_us = TIME_NONE,
                           .on_duty_to_us = TIME_NONE };
    Json *times = json_get(role, "availableTime");
    for (size_t i = 0; i < json_count(times); i++) {
        for (int day = -1; day < DAYS_AHEAD; day++) { /* -1: a night duty that began yesterday */
            TimeRange duty;
            if (duty_on(json_at(times, i), at_us, day, &duty))
                consider(&member, duty, at_us);
        }
    }
    return member;
}

static bool role_current(Json *role, int64_t at_us)
{
    int64_t from_us = time_at(role, "period.start"), to_us = time_at(role, "period.end");
    Json *active = json_get(role, "active");
    return (!active || json_true(active)) && (from_us == TIME_NONE || from_us <= at_us) &&
           (to_us == TIME_NONE || at_us < to_us);
}

Err staff_read(Ctx *c, int64_t at_us, Staff *ret_staff)
{
    Resources roles = { 0 };
    Staff staff = { 0 };
    TRY(fhir_all(c, S("PractitionerRole"), &roles));
    for (size_t i = 0; i < roles.n; i++) {
        Json *role = json_parse(c->arena, roles.at[i].body);
        if (role_current(role, at_us))
            *list_add(c->arena, &staff) = read_member(role, at_us);
    }
    *ret_staff = staff;
    return OK;
}

const StaffMember *staff_member(const Staff *staff, Str person_id)
{
    for (size_t i = 0; person_id.n && i < staff->n; i++)
        if (str_eq(staff->at[i].person_id, person_id))
            return &staff->at[i];
    return NULL;
}
