/* Who is on duty, as far as a patient's page needs it. */
#ifndef FOLLOW_DUTY_H
#define FOLLOW_DUTY_H

#include "follow/promise.h"

/* Sets owner ("Mei Castellano, nurse"), owner_on_duty, anyone_on_duty and next_duty_us of facts at
 * facts->now_us from the rota in the record (chart/staff.h). owner_id may be absent. An empty rota is nobody
 * on duty. */
MUST_USE Err duty_read(Ctx *c, Str owner_id, PromiseFacts *facts);

#endif
