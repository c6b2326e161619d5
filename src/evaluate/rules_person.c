#include "evaluate/rule.h"

Judgement rule_level_of_care(const Asked *q)
{
    static const ChoiceLevel levels[] = { { "outpatient", LEVEL_FINE },
                                          { "same-day-clinic", LEVEL_FINE },
                                          { "intensive-outpatient", LEVEL_CAUTION },
                                          { "emergency-department", LEVEL_STOP },
                                          { "inpatient", LEVEL_STOP } };
    Judgement j = BY_CHOICE(q, "level-of-care", levels);
    const Fact *fact = answer(q, "level-of-care");
    if (fact && fact->by.n)
        j.because = arena_fmt(q->arena, "%.*s %.*s.", STR_ARG(j.because), STR_ARG(fact->by));
    return j;
}

Judgement rule_alive(const Asked *q)
{
    const Chart *chart = q->chart;
    if (!chart->deceased)
        return judged(q, LEVEL_FINE, chart->patient, chart->loaded_us, "No death is recorded.");
    if (chart->deceased_us == TIME_NONE)
        return judged(q, LEVEL_STOP, chart->patient, TIME_NONE, "The record says that this person has died.");
    return judged(q, LEVEL_STOP, chart->patient, chart->deceased_us, "Died on %.*s.",
                  STR_ARG(date_of(q, chart->deceased_us)));
}

Judgement rule_age(const Asked *q)
{
    const Chart *chart = q->chart;
    if (chart->birth_us == TIME_NONE || chart->birth_us > q->now_us)
        return missing(q, "The date of birth is not on record.");
    int age = time_age_years(chart->birth_us, q->now_us);
    Str born =
        date_of(q, chart->birth_us + US_PER_DAY / 2); /* noon, so that the clinic's zone keeps the day */
    if (age < policy_number(q->policy, "evaluate_age_min"))
        return judged(q, LEVEL_STOP, chart->patient, TIME_NONE, "%d years old, born %.*s.", age,
                      STR_ARG(born));
    if (age <= policy_number(q->policy, "evaluate_age_young"))
        return judged(q, LEVEL_CAUTION, chart->patient, TIME_NONE,
                      "%d years old: extra contact on day 2 to 3, then weekly for 4 weeks and after each "
                      "change of dose.",
                      age);
    if (age >= policy_number(q->policy, "evaluate_age_old"))
        return judged(q, LEVEL_CAUTION, chart->patient, TIME_NONE,
                      "%d years old: falls and cognition asked, pressure every 5 min.", age);
    return judged(q, LEVEL_FINE, chart->patient, TIME_NONE, "%d years old, born %.*s.", age, STR_ARG(born));
}

Judgement rule_capacity(const Asked *q)
{
    return yes_no(q, "capacity", LEVEL_FINE, LEVEL_STOP);
}

/* A consent is not complete before the patient has heard what it costs. */
Judgement rule_consent(const Asked *q)
{
    const Fact *consent = answer(q, "consent"), *estimate = answer(q, "cost-estimate");
    if (!consent)
        return not_answered(q, "consent");
    if (!answered(consent, "yes"))
        return by_answer(q, LEVEL_STOP, consent);
    if (!estimate)
        return not_answered(q, "cost-estimate");
    if (!answered(estimate, "yes"))
        return judged(q, LEVEL_STOP, estimate->fact, estimate->at_us,
                      "Consent is not complete: the estimate of the cost was not given.");
    return by_answer(q, LEVEL_FINE, consent);
}

Judgement rule_escort(const Asked *q)
{
    return yes_no(q, "escort", LEVEL_FINE, LEVEL_STOP);
}

Judgement rule_supply(const Asked *q)
{
    static const ChoiceLevel levels[] = { { "clear", LEVEL_FINE }, { "other-supply", LEVEL_STOP } };
    return BY_CHOICE(q, "monitoring-programme", levels);
}
