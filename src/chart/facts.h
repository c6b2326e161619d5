/* What a rule may ask that is neither a measurement, a diagnosis, a medicine, a trial nor an instrument: a
 * table of questions (data/policy/facts.json), from which the screen makes its forms and the chart reads
 * answers. */
#ifndef CHART_FACTS_H
#define CHART_FACTS_H

#include "base/ctx.h"
#include "base/json.h"

typedef enum FactKind { FACT_BOOLEAN, FACT_CHOICE, FACT_QUANTITY } FactKind;

typedef struct FactChoice {
    Str code, text;
} FactChoice;

typedef struct FactRow {
    Str key, title, question;
    FactKind kind;
    FactChoice *choices; /* of a choice */
    size_t n_choices;
    Str unit;        /* of a quantity, UCUM */
    double min, max; /* of a quantity: what is possible at all, both included */
    Str loinc;       /* absent: recorded with SYSTEM_FACT only */
    Str valid_key;   /* policy row: how long an answer holds */
    Str note_title;  /* what the note is for ("Name of the escort"); absent: a free note */
    bool note_required, physician_only;
} FactRow;

/* All rows, in the file's order. Read once from the embedded file. */
const FactRow *fact_rows(size_t *ret_n);
/* NULL where no rule asks it. */
const FactRow *fact_row(Str key);
const FactRow *fact_row_by_loinc(Str code);
/* "yes" as the screens write it: the choice's text, the number with its unit. */
Str fact_text(Arena *a, const FactRow *row, Str value);
/* Whether value is an answer to that question at all: "yes" or "no", one of the codes, a number within its
 * bounds. ret_why is a sentence where it is not. */
bool fact_possible(Arena *a, const FactRow *row, Str value, Str *ret_why);

#endif
