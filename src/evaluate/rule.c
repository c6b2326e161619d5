#include "evaluate/rule.h"

#include "chart/facts.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0))) static Str formatted(const Asked *q, const char *format, va_list args)
{
    char text[1000];
    (void)vsnprintf(text, sizeof text, format, args);
    return arena_str(q->arena, str_from(text));
}

Judgement judged(const Asked *q, Level level, FactRef fact, int64_t at_us, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Judgement j = { level, formatted(q, format, args), fact, at_us };
    va_end(args);
    return j;
}

Judgement missing(const Asked *q, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Judgement j = { .level = LEVEL_MISSING, .because = formatted(q, format, args), .fact_at_us = TIME_NONE };
    va_end(args);
    return j;
}

Str date_of(const Asked *q, int64_t at_us)
{
    return at_us == TIME_NONE ? S("an unknown day") : time_local_day(q->arena, at_us);
}

int64_t since_us(const Asked *q, const char *policy_key)
{
    return q->now_us - policy_duration_us(q->policy, policy_key);
}

/* ---- answers ---- */

static const FactRow *row_of(const char *key)
{
    const FactRow *row = fact_row(str_from(key));
    assert(row); /* a test asks every rule */
    return row;
}

static const char *valid_key(const Asked *q, const FactRow *row)
{
    return arena_cstr(q->arena, row->valid_key);
}

const Fact *answer(const Asked *q, const char *key)
{
    return chart_fact(q->chart, key, since_us(q, valid_key(q, row_of(key))));
}

bool answered(const Fact *fact, const char *value)
{
    return fact && str_is(fact->value, value);
}

double answer_number(const Fact *fact)
{
    double value = 0;
    bool number = str_to_double(fact->value, &value);
    assert(number); /* the chart quarantines what is not */
    return value;
}

static const Fact *any_age(const Chart *chart, const char *key)
{
    for (size_t i = 0; i < chart->facts.n; i++)
        if (str_is(chart->facts.at[i].key, key))
            return &chart->facts.at[i];
    return NULL;
}

Judgement not_answered(const Asked *q, const char *key)
{
    const FactRow *row = row_of(key);
    const Fact *last = any_age(q->chart, key);
    if (!last)
        return missing(q, "Not on record: %.*s", STR_ARG(row->question));
    if (last->contradicted)
        return missing(q, "Two answers of %.*s contradict each other: %.*s", STR_ARG(date_of(q, last->at_us)),
                       STR_ARG(row->question));
    const PolicyRow *valid = policy_row(q->policy, valid_key(q, row));
    return missing(q, "Last answered %.*s, which holds for %.*s %s: %.*s", STR_ARG(date_of(q, last->at_us)),
                   STR_ARG(decimal_plain(q->arena, valid->value)),
                   str_is(valid->unit, "h") ? "hours" : "days", STR_ARG(row->question));
}

Judgement by_answer(const Asked *q, Level level, const Fact *fact)
{
    const FactRow *row = fact_row(fact->key);
    Str text = row->kind == FACT_BOOLEAN ? arena_fmt(q->arena, "Answered %.*s", STR_ARG(fact->value))
                                         : fact_text(q->arena, row, fact->value);
    if (fact->note.n)
        return judged(q, level, fact->fact, fact->at_us, "%.*s. %.*s", STR_ARG(text), STR_ARG(fact->note));
    return judged(q, level, fact->fact, fact->at_us, "%.*s.", STR_ARG(text));
}

Judgement yes_no(const Asked *q, const char *key, Level yes, Level no)
{
    const Fact *fact = answer(q, key);
    if (!fact)
        return not_answered(q, key);
    return by_answer(q, answered(fact, "yes") ? yes : no, fact);
}

Judgement by_choice(const Asked *q, const char *key, const ChoiceLevel *levels, size_t n)
{
    const Fact *fact = answer(q, key);
    if (!fact)
        return not_answered(q, key);
    for (size_t i = 0; i < n; i++)
        if (answered(fact, levels[i].code))
            return by_answer(q, levels[i].level, fact);
    return by_answer(q, LEVEL_STOP, fact);
}

Judgement of_the_day(const Asked *q, const char *key, Level yes, Level no)
{
    if (q->chart->course.status == COURSE_ACTIVE || answer(q, key))
        return yes_no(q, key, yes, no);
    return judged(q, LEVEL_DAY, (FactRef){ 0 }, TIME_NONE, "Asked on the day of each infusion.");
}

/* ---- lists of the record ---- */

static bool has_word(Str text, const char *const *words)
{
    char lower[256] = "";
    for (size_t i = 0; i < text.n && i < sizeof lower - 1; i++)
        lower[i] = (char)tolower((unsigned char)text.p[i]);
    for (; *words; words++)
        if (strstr(lower, *words))
            return true;
    return false;
}

const Diagnosis *active_diagnosis(const Asked *q, const char *const *words)
{
    for (size_t i = 0; i < q->chart->diagnoses.n; i++)
        if (q->chart->diagnoses.at[i].active && has_word(q->chart->diagnoses.at[i].text, words))
            return &q->chart->diagnoses.at[i];
    return NULL;
}

const Medicine *active_medicine(const Asked *q, const char *const *words)
{
    for (size_t i = 0; i < q->chart->medicines.n; i++)
        if (q->chart->medicines.at[i].active && has_word(q->chart->medicines.at[i].text, words))
            return &q->chart->medicines.at[i];
    return NULL;
}
