#include "evaluate/rule.h"

Judgement rule_fasting(const Asked *q)
{
    return of_the_day(q, "fasting", LEVEL_FINE, LEVEL_STOP);
}

Judgement rule_acute_illness(const Asked *q)
{
    return of_the_day(q, "acute-illness", LEVEL_STOP, LEVEL_FINE);
}

Judgement rule_intoxication(const Asked *q)
{
    return of_the_day(q, "intoxication", LEVEL_STOP, LEVEL_FINE);
}

Judgement rule_withdrawal(const Asked *q)
{
    return of_the_day(q, "withdrawal", LEVEL_STOP, LEVEL_FINE);
}
