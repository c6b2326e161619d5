/* The answers of one questionnaire: between the patient's taps and the QuestionnaireResponse and Observations
 * that they become. Pure but for the arena. An item that was left open on purpose is in the response without
 * an answer and says "asked-declined"; one that was not reached is not in it. */
#ifndef FOLLOW_ANSWERS_H
#define FOLLOW_ANSWERS_H

#include "base/json.h"
#include "chart/instrument.h"

enum { ANSWERS_ITEMS_MAX = 64 };

typedef struct Answers {
    int value[ANSWERS_ITEMS_MAX];    /* -1: none */
    bool skipped[ANSWERS_ITEMS_MAX]; /* left open on purpose */
} Answers;

/* What identifies a resource that is written from answers. */
typedef struct AnswersHead {
    Str patient_id, response_id, observation_id;
    int64_t at_us;
} AnswersHead;

Answers answers_none(void);
/* Out of a stored QuestionnaireResponse; NULL gives none. */
Answers answers_from_json(const Instrument *instrument, Json *response);
/* The first item without an answer and not skipped; n_items where there is none. */
size_t answers_first_open(const Instrument *instrument, const Answers *answers);
/* True where every item was answered or skipped. */
bool answers_all_seen(const Instrument *instrument, const Answers *answers);

/* status: "in-progress", "completed" or "amended". */
Str answers_response_json(Arena *a, const Instrument *instrument, const Answers *answers,
                          const AnswersHead *head, Str status);
/* The suicide item: its answer's code, or "asked-declined". amended: an earlier version said something else.
 */
Str answers_item_json(Arena *a, const Instrument *instrument, const Answers *answers, size_t item,
                      const AnswersHead *head, bool amended);
/* The total, marked where it was prorated; dataAbsentReason where it cannot be scored. */
Str answers_score_json(Arena *a, const Instrument *instrument, const InstrumentResult *result,
                       const AnswersHead *head, bool amended);
/* "several days", "not answered": an item's answer in a sentence. */
Str answers_words(Arena *a, const Instrument *instrument, int value);

#endif
