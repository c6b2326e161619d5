/* The pages of the patient's link as HTML, pure: facts in, text out, everything from outside escaped. Help
 * stands last on every page, at the same place. */
#ifndef FOLLOW_PAGES_H
#define FOLLOW_PAGES_H

#include "chart/instrument.h"
#include "follow/clinic.h"
#include "follow/promise.h"

typedef struct PageFacts {
    const Clinic *clinic;
    const Instrument *instrument;
    Str path;                        /* "/r/TOKEN" */
    Str given_name;                  /* absent: no name is said */
    Str contact_name, contact_phone; /* of the patient's own choice; absent: none with a number */
    int64_t now_us;
    bool demo;
} PageFacts;

/* A point of the patient's own curve. */
typedef struct CurvePoint {
    int64_t at_us;
    int total;
} CurvePoint;

typedef struct CurveFacts {
    const CurvePoint *points; /* oldest first; the last is today's */
    size_t n_points;
    const int64_t *infusions_us;
    size_t n_infusions;
    int before_treatment; /* -1: not known */
    int remission_max;    /* -1: the scale defines none */
    int max_total;
    int64_t gap_us; /* points further apart are not joined */
} CurveFacts;

/* first_open: the question to go to; started: some answer is stored already. */
Str page_hello(Arena *a, const PageFacts *facts, size_t first_open, bool started);
/* index from 0; value: the stored answer, -1 for none; problem: a sentence when the last submission could not
 * be taken, else absent. */
Str page_question(Arena *a, const PageFacts *facts, size_t index, int value, Str problem);

typedef struct SafetyFacts {
    Promise promise;
    bool skipped;      /* the item was not answered, rather than endorsed */
    Str callback;      /* the patient's number; absent: not known */
    bool number_noted; /* the question about the number has been answered */
} SafetyFacts;
Str page_safety(Arena *a, const PageFacts *facts, const SafetyFacts *safety);
/* After the safety page: no score, no curve. */
Str page_kept(Arena *a, const PageFacts *facts, const SafetyFacts *safety);
/* After a report without a worry. total: -1 where it could not be scored. */
Str page_thanks(Arena *a, const PageFacts *facts, int total, bool prorated, const CurveFacts *curve);
/* The call sheet: 988 first, 911 second, contact third. back: the page to return to ("/q/3"). raised: the
 * patient has just asked for help, and that is stored. */
Str page_help(Arena *a, const PageFacts *facts, Str back, bool raised);
/* The end of the way: a link that is unknown, expired or used, or a form that is finished: title and
 * sentence; facts->instrument and path may be absent.
 */
Str page_closed(Arena *a, const PageFacts *facts, Str title, Str sentence);

/* The figure of page_thanks. */
Str curve_svg(Arena *a, const CurveFacts *curve);

#endif
