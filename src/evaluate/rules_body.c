#include "base/buf.h"
#include "evaluate/rule.h"

#include <math.h>

/* ---- pressure ---- */

typedef struct Pair {
    const Reading *earlier, *later;
} Pair;

/* The last accepted reading taken here, and the newest one far enough before it. */
static Pair resting_pair(const Asked *q, int64_t oldest_us)
{
    const Readings *list = &q->chart->readings[MEASURE_PRESSURE_MMHG];
    int64_t gap_us = policy_duration_us(q->policy, "evaluate_pressure_gap");
    Pair pair = { 0 };
    for (size_t i = list->n; i > 0 && !pair.earlier; i--) {
        const Reading *reading = &list->at[i - 1];
        if (reading->state != READING_ACCEPTED || !reading->in_clinic || reading->at_us < oldest_us)
            continue;
        if (!pair.later)
            pair.later = reading;
        else if (pair.later->at_us - reading->at_us >= gap_us)
            pair.earlier = reading;
    }
    return pair;
}

static bool at_least(const Asked *q, const Reading *reading, const char *systolic, const char *diastolic)
{
    return reading->value >= policy_number(q->policy, systolic) ||
           reading->diastolic >= policy_number(q->policy, diastolic);
}

static bool low(const Asked *q, const Reading *reading)
{
    double mean = reading->diastolic + (reading->value - reading->diastolic) / 3;
    return reading->value < policy_number(q->policy, "evaluate_pressure_low_systolic") ||
           mean < policy_number(q->policy, "evaluate_pressure_low_mean");
}

static bool high(const Asked *q, const Reading *reading)
{
    return at_least(q, reading, "evaluate_pressure_stop_systolic", "evaluate_pressure_stop_diastolic");
}

static bool raised(const Asked *q, const Reading *reading)
{
    return at_least(q, reading, "evaluate_pressure_caution_systolic", "evaluate_pressure_caution_diastolic");
}

static Level pressure_level(const Asked *q, Pair pair)
{
    if (low(q, pair.later) || (high(q, pair.earlier) && high(q, pair.later)))
        return LEVEL_STOP;
    return raised(q, pair.later) || raised(q, pair.earlier) ? LEVEL_CAUTION : LEVEL_FINE;
}

Judgement rule_pressure(const Asked *q)
{
    int64_t oldest_us = since_us(q, "evaluate_pressure_valid");
    int gap_min = (int)policy_number(q->policy, "evaluate_pressure_gap");
    Pair pair = resting_pair(q, oldest_us);
    if (!pair.later)
        return missing(q, "No resting pressure was measured here today; two are needed, %d min apart.",
                       gap_min);
    Str last = reading_text(q->arena, pair.later);
    if (!pair.earlier && low(q, pair.later))
        return judged(q, LEVEL_STOP, pair.later->fact, pair.later->at_us, "%.*s: too low.", STR_ARG(last));
    if (!pair.earlier)
        return missing(q, "One resting pressure, %.*s; a second is needed, at least %d min apart.",
                       STR_ARG(last), gap_min);
    return judged(q, pressure_level(q, pair), pair.later->fact, pair.later->at_us,
                  "%.*s and %.*s, %.0f min apart.", STR_ARG(reading_text(q->arena, pair.earlier)),
                  STR_ARG(last), (double)(pair.later->at_us - pair.earlier->at_us) / (double)US_PER_MIN);
}

/* ---- weight ---- */

Judgement rule_weight(const Asked *q)
{
    const Reading *last = chart_latest(q->chart, MEASURE_WEIGHT_KG, INT64_MIN);
    int days = (int)policy_number(q->policy, "evaluate_weight_valid");
    if (!last)
        return missing(q, "No weight is on record.");
    Str text = reading_text(q->arena, last), date = date_of(q, last->at_us);
    if (!last->in_clinic)
        return missing(q, "Last weight %.*s of %.*s was not measured here; it never doses.", STR_ARG(text),
                       STR_ARG(date));
    if (last->at_us < since_us(q, "evaluate_weight_valid"))
        return missing(q, "Last weight %.*s of %.*s: older than %d days.", STR_ARG(text), STR_ARG(date),
                       days);
    return judged(q, LEVEL_FINE, last->fact, last->at_us, "%.*s, measured here.", STR_ARG(text));
}

Judgement rule_mass_index(const Asked *q)
{
    const Reading *weight = chart_latest(q->chart, MEASURE_WEIGHT_KG, since_us(q, "evaluate_weight_valid"));
    const Reading *height = chart_latest(q->chart, MEASURE_HEIGHT_CM, INT64_MIN);
    if (!weight || !height)
        return missing(q, "Needs a weight of the last days and a height.");
    double metres = height->value / 100, bmi = weight->value / (metres * metres);
    double least = policy_number(q->policy, "evaluate_bmi_low");
    return judged(q, bmi < least ? LEVEL_STOP : LEVEL_FINE, height->fact, weight->at_us,
                  "Body mass index %.1f (%.*s, %.*s).", bmi, STR_ARG(reading_text(q->arena, weight)),
                  STR_ARG(reading_text(q->arena, height)));
}

/* ---- pregnancy ---- */

typedef enum Possible { POSSIBLE_NO, POSSIBLE_YES, POSSIBLE_UNKNOWN } Possible;

/* Of the record's sex and age; never of how somebody looks. A sex other than male is asked. */
static Possible pregnancy_possible(const Asked *q)
{
    const Chart *chart = q->chart;
    if (str_is(chart->sex, "male"))
        return POSSIBLE_NO;
    if (!str_is(chart->sex, "female") || chart->birth_us == TIME_NONE)
        return POSSIBLE_UNKNOWN;
    int age = time_age_years(chart->birth_us, q->now_us);
    bool of_age = age >= policy_number(q->policy, "evaluate_pregnancy_age_from") &&
                  age <= policy_number(q->policy, "evaluate_pregnancy_age_to");
    return of_age ? POSSIBLE_YES : POSSIBLE_NO;
}

static Judgement not_applicable(const Asked *q)
{
    return judged(q, LEVEL_FINE, q->chart->patient, q->chart->loaded_us,
                  "Not asked: recorded sex is %.*s, %d years old.", STR_ARG(q->chart->sex),
                  q->chart->birth_us == TIME_NONE ? 0 : time_age_years(q->chart->birth_us, q->now_us));
}

Judgement rule_pregnancy(const Asked *q)
{
    static const ChoiceLevel levels[] = { { "negative", LEVEL_FINE },
                                          { "menopause", LEVEL_FINE },
                                          { "hysterectomy", LEVEL_FINE },
                                          { "not-possible", LEVEL_FINE },
                                          { "positive", LEVEL_STOP } };
    Possible possible = pregnancy_possible(q);
    if (possible == POSSIBLE_NO && q->chart->birth_us != TIME_NONE)
        return not_applicable(q);
    Judgement j = BY_CHOICE(q, "pregnancy-test", levels);
    if (possible == POSSIBLE_UNKNOWN && j.level == LEVEL_FINE && str_empty(q->chart->sex))
        return missing(q, "Sex is not on record, so the test cannot be judged.");
    if (possible != POSSIBLE_YES && j.level == LEVEL_MISSING)
        return missing(q, "Sex or date of birth is not on record, and no test either.");
    return j;
}

Judgement rule_breastfeeding(const Asked *q)
{
    if (pregnancy_possible(q) == POSSIBLE_NO && q->chart->birth_us != TIME_NONE)
        return not_applicable(q);
    return yes_no(q, "breastfeeding", LEVEL_CAUTION, LEVEL_FINE);
}

/* ---- heart, vessels, head ---- */

static Judgement unless_listed(const Asked *q, Judgement j, const char *const *words)
{
    const Diagnosis *found = active_diagnosis(q, words);
    if (j.level != LEVEL_FINE || !found)
        return j;
    return missing(q, "The answer is none, but the problem list has %.*s as active.", STR_ARG(found->text));
}

Judgement rule_vascular(const Asked *q)
{
    static const char *const listed[] = { "aneurysm",
                                          "arteriovenous",
                                          "cerebral haemorrhage",
                                          "cerebral hemorrhage",
                                          "intracranial hemorrhage",
                                          "intracranial haemorrhage",
                                          NULL };
    return unless_listed(q, yes_no(q, "vascular-history", LEVEL_STOP, LEVEL_FINE), listed);
}

Judgement rule_cardiovascular(const Asked *q)
{
    static const char *const listed[] = {
        "myocardial infarction",  "stroke",         "angina", "heart failure", "atrial fibrillation",
        "coronary heart disease", "cardiac arrest", NULL
    };
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "stable", LEVEL_CAUTION },
                                          { "recent", LEVEL_STOP },
                                          { "unstable", LEVEL_STOP } };
    return unless_listed(q, BY_CHOICE(q, "cardiovascular", levels), listed);
}

Judgement rule_pressure_hazard(const Asked *q)
{
    return yes_no(q, "pressure-hazard", LEVEL_STOP, LEVEL_FINE);
}

Judgement rule_intracranial(const Asked *q)
{
    return yes_no(q, "intracranial-pressure", LEVEL_STOP, LEVEL_FINE);
}

Judgement rule_eye(const Asked *q)
{
    return yes_no(q, "eye-pressure", LEVEL_CAUTION, LEVEL_FINE);
}

/* ---- allergy ---- */

static const Allergy *ketamine_allergy(const Asked *q)
{
    for (size_t i = 0; i < q->chart->allergies.n; i++) {
        const Allergy *allergy = &q->chart->allergies.at[i];
        for (size_t k = 0; allergy->active && k + 6 <= allergy->text.n; k++)
            if (strncasecmp(allergy->text.p + k, "ketamin", 6) == 0)
                return allergy;
    }
    return NULL;
}

Judgement rule_hypersensitivity(const Asked *q)
{
    const Allergy *listed = ketamine_allergy(q);
    if (listed)
        return judged(q, LEVEL_STOP, listed->fact, TIME_NONE, "The allergy list has %.*s.",
                      STR_ARG(listed->text));
    return yes_no(q, "ketamine-hypersensitivity", LEVEL_STOP, LEVEL_FINE);
}

Judgement rule_allergies(const Asked *q)
{
    const Fact *asked = answer(q, "allergies-asked");
    if (!answered(asked, "yes"))
        return asked ? missing(q, "Allergies could not be asked.") : not_answered(q, "allergies-asked");
    return judged(q, LEVEL_FINE, asked->fact, asked->at_us, "%zu on the list, asked. %.*s",
                  q->chart->allergies.n, STR_ARG(asked->note));
}

/* ---- liver ---- */

typedef struct Enzyme {
    const char *key, *title, *upper;
    bool stops; /* ALT and AST only */
} Enzyme;

static const Enzyme enzymes[] = {
    { "alt", "ALT", "evaluate_alt_upper", true },
    { "ast", "AST", "evaluate_ast_upper", true },
    { "alp", "ALP", "evaluate_alp_upper", false },
    { "ggt", "GGT", "evaluate_ggt_upper", false },
};

static Level enzyme_level(const Asked *q, const Enzyme *enzyme, double value)
{
    double upper = policy_number(q->policy, enzyme->upper);
    if (enzyme->stops && value > upper * policy_number(q->policy, "evaluate_liver_stop_times"))
        return LEVEL_STOP;
    return value > upper ? LEVEL_CAUTION : LEVEL_FINE;
}

Judgement rule_liver_enzymes(const Asked *q)
{
    Buf text = buf_make(q->arena, 500), absent = buf_make(q->arena, 500);
    Judgement j = { .level = LEVEL_FINE, .fact_at_us = INT64_MAX };
    for (size_t i = 0; i < sizeof enzymes / sizeof *enzymes; i++) {
        const Fact *fact = answer(q, enzymes[i].key);
        if (!fact) {
            buf_fmt(&absent, "%s%s", absent.n ? ", " : "", enzymes[i].title);
            continue;
        }
        Level level = enzyme_level(q, &enzymes[i], answer_number(fact));
        j.level = level > j.level ? level : j.level;
        j.fact = fact->fact;
        j.fact_at_us = fact->at_us < j.fact_at_us ? fact->at_us : j.fact_at_us;
        buf_fmt(&text, "%s%s %.*s", text.n ? ", " : "", enzymes[i].title, STR_ARG(fact->value));
    }
    if (absent.n && j.level != LEVEL_STOP)
        return missing(q, "Not on record or too old: %.*s.", STR_ARG(buf_str(&absent)));
    j.because = arena_fmt(q->arena, "%.*s U/L.", STR_ARG(buf_str(&text)));
    return j;
}

Judgement rule_liver_disease(const Asked *q)
{
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "mild-moderate", LEVEL_CAUTION },
                                          { "severe", LEVEL_STOP } };
    static const char *const listed[] = { "cirrhosis", "hepatic failure", "liver failure", NULL };
    return unless_listed(q, BY_CHOICE(q, "liver-disease", levels), listed);
}

/* ---- bladder ---- */

static double lowest_icsi(const Asked *q)
{
    double lowest = 20;
    for (size_t i = 0; i < q->chart->facts.n; i++)
        if (str_is(q->chart->facts.at[i].key, "icsi"))
            lowest = fmin(lowest, answer_number(&q->chart->facts.at[i]));
    return lowest;
}

Judgement rule_bladder(const Asked *q)
{
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "previous", LEVEL_CAUTION },
                                          { "active", LEVEL_STOP } };
    Judgement history = BY_CHOICE(q, "bladder", levels);
    const Fact *icsi = answer(q, "icsi");
    if (history.level == LEVEL_STOP || history.level == LEVEL_MISSING)
        return history;
    if (!icsi)
        return not_answered(q, "icsi");
    double total = answer_number(icsi), rise = total - lowest_icsi(q);
    bool much = total >= policy_number(q->policy, "evaluate_icsi_caution") ||
                rise >= policy_number(q->policy, "evaluate_icsi_rise");
    Level level = much || history.level == LEVEL_CAUTION ? LEVEL_CAUTION : LEVEL_FINE;
    return judged(q, level, icsi->fact, icsi->at_us, "Bladder ICSI %g of 20. %.*s", total,
                  STR_ARG(history.because));
}

/* ---- airway, seizures, thyroid ---- */

Judgement rule_airway(const Asked *q)
{
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "treated", LEVEL_CAUTION },
                                          { "untreated", LEVEL_STOP },
                                          { "difficult", LEVEL_STOP } };
    return BY_CHOICE(q, "airway", levels);
}

Judgement rule_seizures(const Asked *q)
{
    static const char *const listed[] = { "epilepsy", "seizure", NULL };
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "controlled", LEVEL_CAUTION },
                                          { "uncontrolled", LEVEL_CAUTION } };
    Judgement j = unless_listed(q, BY_CHOICE(q, "seizures", levels), listed);
    if (answered(answer(q, "seizures"), "uncontrolled") && rule_theophylline(q).level == LEVEL_STOP)
        j.level = LEVEL_STOP;
    return j;
}

Judgement rule_thyroid(const Asked *q)
{
    return yes_no(q, "thyroid", LEVEL_CAUTION, LEVEL_FINE);
}
