/* Who is on duty: PractitionerRole.availableTime in the clinic's zone. An empty rota is nobody on duty. */
#ifndef CHART_STAFF_H
#define CHART_STAFF_H

#include "base/ctx.h"
#include "base/time.h"

typedef struct StaffMember {
    Str person_id, display; /* of the Practitioner */
    Str role;               /* code of the PractitionerRole: "physician", "nurse"; absent where not said */
    Str phone;
    bool on_duty;            /* at the time asked */
    int64_t on_duty_from_us; /* when the next duty begins, on_duty: this one; TIME_NONE: none within 8 days */
    int64_t on_duty_to_us;   /* when it ends */
} StaffMember;

typedef struct Staff {
    StaffMember *at;
    size_t n, room;
} Staff;

/* Everybody of the rota, at at_us. Roles that are not active, or whose period is over, are left out. */
MUST_USE Err staff_read(Ctx *c, int64_t at_us, Staff *ret_staff);
/* NULL where that person is not in the rota. */
const StaffMember *staff_member(const Staff *staff, Str person_id);

#endif
