/* Instruments: scales as data (data/instruments/ID.json): items with their codes, answers with their values,
 * scoring, bands, which item asks about suicide and from which answer on it counts, licence and source.
 * Wording only where the licence allows; else codes and scoring only. */
#ifndef CHART_INSTRUMENT_H
#define CHART_INSTRUMENT_H

#include "base/ctx.h"
#include "base/json.h"

typedef struct InstrumentItem {
    Str link_id; /* the LOINC code where there is one: "44250-9" */
    Str text;    /* absent where the licence does not allow it */
    bool scored;
} InstrumentItem;

typedef struct InstrumentAnswer {
    Str code, text; /* "LA6568-5" */
    int value;
} InstrumentAnswer;

typedef struct InstrumentBand {
    int from, to;
    Str word; /* "moderate" */
} InstrumentBand;

typedef struct Instrument {
    Str id, title, stem, recall; /* "phq-9"; recall: "the last two weeks" */
    Str panel_code, total_code;  /* LOINC, or absent */
    InstrumentItem *items;
    size_t n_items;
    InstrumentAnswer *answers; /* the same for every item */
    size_t n_answers;
    InstrumentBand *bands;
    size_t n_bands;
    bool sums;        /* false: no total exists (the C-SSRS is triaged, never summed) */
    int suicide_item; /* index; -1: none */
    int suicide_from; /* an answer of this value or more is an endorsement */
    int max_total;
    int prorate_missing_max; /* never the suicide item */
    int remission_max;       /* -1: not defined */
    Str licence, cites, seen;
} Instrument;

/* NULL where there is no such instrument. Read once from the embedded files. */
const Instrument *instrument(Str id);

typedef struct InstrumentResult {
    int total; /* -1: cannot be scored */
    bool complete, prorated;
    int answered;
    int suicide_value;          /* -1: skipped */
    const InstrumentBand *band; /* NULL without a total */
} InstrumentResult;

/* Pure. values[i] is the answer of item i, -1 where it was skipped. */
InstrumentResult instrument_score(const Instrument *instrument, const int *values);
/* The values out of a QuestionnaireResponse, by linkId; -1 where absent. The last answer of an item counts.
 */
void instrument_values(const Instrument *instrument, Json *response, int *ret_values);

#endif
