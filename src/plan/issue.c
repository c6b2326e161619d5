#include "plan/issue.h"

#include <stdarg.h>
#include <stdio.h>

void issue_add(Arena *a, PlanIssues *issues, const char *id, PlanLevel level, const PolicyRow *row,
               const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *list_add(a, issues) =
        (PlanIssue){ .id = str_from(id), .level = level, .text = arena_str(a, str_from(text)), .row = row };
}

PlanLevel issues_worst(const PlanIssues *issues)
{
    PlanLevel worst = PLAN_NOTE;
    for (size_t i = 0; i < issues->n; i++)
        if (issues->at[i].level > worst)
            worst = issues->at[i].level;
    return worst;
}

const char *plan_level_word(PlanLevel level)
{
    static const char *const words[PLAN_LEVEL_MAX] = {
        [PLAN_NOTE] = "note", [PLAN_CAUTION] = "caution", [PLAN_TYPED] = "typed",
        [PLAN_TWO] = "two",   [PLAN_REFUSED] = "refused",
    };
    return words[level];
}
