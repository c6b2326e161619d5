#include "follow/duty.h"

#include "chart/staff.h"

static Str name_and_role(Arena *a, const StaffMember *member)
{
    if (str_empty(member->role))
        return member->display;
    return arena_fmt(a, "%.*s, %.*s", STR_ARG(member->display), STR_ARG(member->role));
}

static bool begins_sooner(const StaffMember *member, int64_t than_us)
{
    return member->on_duty_from_us != TIME_NONE &&
           (than_us == TIME_NONE || member->on_duty_from_us < than_us);
}

Err duty_read(Ctx *c, Str owner_id, PromiseFacts *facts)
{
    Staff staff;
    TRY(staff_read(c, facts->now_us, &staff));
    for (size_t i = 0; i < staff.n; i++) {
        const StaffMember *member = &staff.at[i];
        facts->anyone_on_duty |= member->on_duty;
        if (!member->on_duty && begins_sooner(member, facts->next_duty_us))
            facts->next_duty_us = member->on_duty_from_us;
    }
    /* A person may have several rows: on duty by any of them. */
    for (size_t i = 0; i < staff.n && !facts->owner_on_duty; i++) {
        const StaffMember *member = &staff.at[i];
        if (str_empty(owner_id) || !str_eq(member->person_id, owner_id) || !member->on_duty)
            continue;
        facts->owner_on_duty = true;
        if (!str_empty(member->display))
            facts->owner = name_and_role(c->arena, member);
    }
    return OK;
}
