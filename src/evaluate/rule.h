/* Between the rules' files only: how a rule says what it found, and how it looks up what it asks. */
#ifndef EVALUATE_RULE_H
#define EVALUATE_RULE_H

#include "evaluate/evaluate.h"

/* The sentence is formatted; fact may be a FactRef without type. */
Judgement judged(const Asked *q, Level level, FactRef fact, int64_t at_us, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
Judgement missing(const Asked *q, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The newest answer that is not older than the policy of its row allows; NULL where it is not known. */
const Fact *answer(const Asked *q, const char *key);
bool answered(const Fact *fact, const char *value);
double answer_number(const Fact *fact);
/* Missing: never asked, too old, or contradicted, with the time of the last answer. */
Judgement not_answered(const Asked *q, const char *key);
/* A finding that rests on an answer: its text, note, author and date are the sentence. */
Judgement by_answer(const Asked *q, Level level, const Fact *fact);
/* A yes/no question: what yes means, what no means. */
Judgement yes_no(const Asked *q, const char *key, Level yes, Level no);
/* A choice: the level of each code; a code without a row is a stop. */
typedef struct ChoiceLevel {
    const char *code;
    Level level;
} ChoiceLevel;
Judgement by_choice(const Asked *q, const char *key, const ChoiceLevel *levels, size_t n);
#define BY_CHOICE(q, key, levels) by_choice(q, key, levels, sizeof(levels) / sizeof *(levels))

/* Asked on the day of an infusion only: before a course is signed, LEVEL_DAY. */
Judgement of_the_day(const Asked *q, const char *key, Level yes, Level no);

/* The first active diagnosis or medicine whose text has one of the words (without case); the last word is
 * NULL. NULL where there is none. */
const Diagnosis *active_diagnosis(const Asked *q, const char *const *words);
const Medicine *active_medicine(const Asked *q, const char *const *words);

Str date_of(const Asked *q, int64_t at_us);
int64_t since_us(const Asked *q, const char *policy_key);

/* ---- the rules ---- */

/* rules_person.c */
Judgement rule_level_of_care(const Asked *q), rule_alive(const Asked *q), rule_age(const Asked *q),
    rule_capacity(const Asked *q), rule_consent(const Asked *q), rule_escort(const Asked *q),
    rule_supply(const Asked *q);
/* rules_mind.c */
Judgement rule_depression(const Asked *q), rule_resistance(const Asked *q),
    rule_suicide_screen(const Asked *q), rule_safety_plan(const Asked *q), rule_psychosis(const Asked *q),
    rule_mania(const Asked *q), rule_baseline(const Asked *q), rule_cognition(const Asked *q),
    rule_substance_use(const Asked *q), rule_drug_screen(const Asked *q);
/* rules_body.c */
Judgement rule_pressure(const Asked *q), rule_weight(const Asked *q), rule_mass_index(const Asked *q),
    rule_pregnancy(const Asked *q), rule_breastfeeding(const Asked *q), rule_vascular(const Asked *q),
    rule_cardiovascular(const Asked *q), rule_pressure_hazard(const Asked *q),
    rule_intracranial(const Asked *q), rule_eye(const Asked *q), rule_hypersensitivity(const Asked *q),
    rule_allergies(const Asked *q), rule_liver_enzymes(const Asked *q), rule_liver_disease(const Asked *q),
    rule_bladder(const Asked *q), rule_airway(const Asked *q), rule_seizures(const Asked *q),
    rule_thyroid(const Asked *q);
/* rules_medicine.c */
Judgement rule_medicines(const Asked *q), rule_benzodiazepine(const Asked *q),
    rule_theophylline(const Asked *q), rule_maoi(const Asked *q), rule_stimulant(const Asked *q),
    rule_lamotrigine(const Asked *q), rule_sedative(const Asked *q);
/* rules_day.c */
Judgement rule_fasting(const Asked *q), rule_acute_illness(const Asked *q), rule_intoxication(const Asked *q),
    rule_withdrawal(const Asked *q);

#endif
