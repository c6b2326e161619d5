/* Worries, pure: what an answer about suicide, or a call for help, obliges the clinic to do and by when
 * (safety.md, invariant 8). A worry only ever grows: another answer, a "yes, safe" or a restart never lowers
 * it, and only a recorded contact closes it. */
#ifndef FOLLOW_WORRY_H
#define FOLLOW_WORRY_H

#include "chart/policy.h"
#include "follow/clinic.h"

/* Each outweighs those before it. */
typedef enum WorryKind {
    WORRY_NONE,
    WORRY_NOT_ANSWERED, /* the suicide item was skipped or refused: not known, never 0 */
    WORRY_ENDORSED,     /* answered at or above the instrument's threshold */
    WORRY_HELP_ASKED,   /* "I need help now", "I am not sure" */
    WORRY_MAX,
} WorryKind;

typedef enum WorryPriority { WORRY_LOW, WORRY_MEDIUM, WORRY_HIGH } WorryPriority;

typedef struct WorryClocks {
    int64_t endorsed_owner_us, endorsed_contact_us,
        skipped_owner_open_us; /* durations; the last in opening hours */
} WorryClocks;

typedef struct Worry {
    WorryKind kind;
    int64_t owner_due_us;   /* a person has taken it */
    int64_t contact_due_us; /* the patient has been reached, or the attempt recorded */
} Worry;

WorryClocks worry_clocks(const Policy *policy);

/* value: the answer given, -1 for a skip; from: the instrument's threshold. */
WorryKind worry_kind_of_answer(int value, int from);
/* What a worry of this kind asks for when it arises at now_us. Where a clinic never opens, a skip has the
 * clocks of an endorsement: an unknown opening hour is no reason to wait. */
Worry worry_arising(WorryKind kind, const WorryClocks *clocks, const Clinic *clinic, int64_t now_us);
/* The stronger kind, the earlier of each deadline. */
Worry worry_join(Worry standing, Worry arising);

/* An unowned medium past its owner's deadline has become high. */
WorryPriority worry_priority(WorryKind kind, bool owned, int64_t owner_due_us, int64_t now_us);

/* In the record: code in urn:euthymia:task ("suicide-item"), Task.priority ("stat", "urgent"), what it is
 * called. */
const char *worry_code(WorryKind kind);
const char *worry_task_priority(WorryKind kind);
const char *worry_title(WorryKind kind);
/* WORRY_NONE for another code. */
WorryKind worry_kind_from_code(Str code);
const char *worry_priority_word(WorryPriority priority); /* "high", "medium", "low" */

#endif
