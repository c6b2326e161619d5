#include "follow/worry.h"

static const struct {
    const char *code, *task_priority, *title;
    WorryPriority priority;
} kinds[WORRY_MAX] = {
    [WORRY_NONE] = { "form", "routine", "Report", WORRY_LOW },
    [WORRY_NOT_ANSWERED] = { "suicide-item-not-answered", "urgent", "Suicide item not answered",
                             WORRY_MEDIUM },
    [WORRY_ENDORSED] = { "suicide-item", "stat", "Suicide item above zero", WORRY_HIGH },
    [WORRY_HELP_ASKED] = { "help-asked", "stat", "Asked for help", WORRY_HIGH },
};

WorryClocks worry_clocks(const Policy *policy)
{
    return (WorryClocks){
        .endorsed_owner_us = policy_duration_us(policy, "follow_endorsed_owner_due"),
        .endorsed_contact_us = policy_duration_us(policy, "follow_endorsed_contact_due"),
        .skipped_owner_open_us = policy_duration_us(policy, "follow_skipped_owner_due"),
    };
}

WorryKind worry_kind_of_answer(int value, int from)
{
    if (value < 0)
        return WORRY_NOT_ANSWERED;
    return value >= from ? WORRY_ENDORSED : WORRY_NONE;
}

Worry worry_arising(WorryKind kind, const WorryClocks *clocks, const Clinic *clinic, int64_t now_us)
{
    Worry worry = { kind, now_us + clocks->endorsed_owner_us, now_us + clocks->endorsed_contact_us };
    int64_t day_end_us = clinic_next_working_day_end_us(clinic, now_us);
    if (kind == WORRY_NOT_ANSWERED && day_end_us != TIME_NONE) {
        worry.owner_due_us = clinic_after_open_us(clinic, now_us, clocks->skipped_owner_open_us);
        worry.contact_due_us = day_end_us;
    }
    return worry;
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

Worry worry_join(Worry standing, Worry arising)
{
    if (standing.kind == WORRY_NONE)
        return arising;
    return (Worry){
        .kind = standing.kind > arising.kind ? standing.kind : arising.kind,
        .owner_due_us = earlier(standing.owner_due_us, arising.owner_due_us),
        .contact_due_us = earlier(standing.contact_due_us, arising.contact_due_us),
    };
}

WorryPriority worry_priority(WorryKind kind, bool owned, int64_t owner_due_us, int64_t now_us)
{
    WorryPriority priority = kinds[kind].priority;
    if (priority == WORRY_MEDIUM && !owned && owner_due_us != TIME_NONE && now_us > owner_due_us)
        return WORRY_HIGH;
    return priority;
}

const char *worry_code(WorryKind kind)
{
    return kinds[kind].code;
}

const char *worry_task_priority(WorryKind kind)
{
    return kinds[kind].task_priority;
}

const char *worry_title(WorryKind kind)
{
    return kinds[kind].title;
}

WorryKind worry_kind_from_code(Str code)
{
    for (WorryKind kind = WORRY_NOT_ANSWERED; kind < WORRY_MAX; kind++)
        if (str_is(code, kinds[kind].code))
            return kind;
    return WORRY_NONE;
}

const char *worry_priority_word(WorryPriority priority)
{
    static const char *const words[] = {
        [WORRY_LOW] = "low", [WORRY_MEDIUM] = "medium", [WORRY_HIGH] = "high"
    };
    return words[priority];
}
