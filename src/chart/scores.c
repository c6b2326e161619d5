#include "chart/codes.h"
#include "chart/instrument.h"
#include "chart/read.h"

#include <stdlib.h>

#define NEAR_DOSE_US (4 * US_PER_H) /* safety.md, invariant 13 */

/* "urn:euthymia:instrument:phq-9|1" is phq-9. */
static const Instrument *instrument_of(Json *response)
{
    Str name = json_find_str(response, "questionnaire"), version;
    if (!str_starts(name, S(URN_INSTRUMENT)))
        return NULL;
    name = str_cut(name, '|', &version);
    return instrument(str_slice(name, sizeof URN_INSTRUMENT - 1, name.n));
}

static void add_screen(const Source *from, Chart *chart, const int *values, int64_t at_us)
{
    SuicideScreen screen = { .at_us = at_us,
                             .by = json_find_str(from->json, "author.display"),
                             .fact = from->fact };
    memcpy(screen.answer, values, sizeof screen.answer);
    *list_add(from->c->arena, &chart->screens) = screen;
}

static void add_score(const Source *from, Chart *chart, const Instrument *it, const int *values,
                      int64_t at_us)
{
    InstrumentResult r = instrument_score(it, values);
    *list_add(from->c->arena, &chart->scores) = (Score){ .instrument = it->id,
                                                         .complete = r.complete,
                                                         .total = r.total,
                                                         .item_suicide = r.suicide_value,
                                                         .has_suicide_item = it->suicide_item >= 0,
                                                         .answered = r.answered,
                                                         .items = (int)it->n_items,
                                                         .at_us = at_us,
                                                         .fact = from->fact };
}

void read_response(const Source *from, Chart *chart)
{
    const Instrument *it = instrument_of(from->json);
    if (!it || str_is(json_find_str(from->json, "status"), "entered-in-error"))
        return;
    int64_t at_us = time_at(from->json, "authored");
    if (at_us == TIME_NONE || at_us > from->c->now_us + US_PER_MIN) {
        quarantine(from, chart, it->title, at_us, "it has no time, or one in the future");
        return;
    }
    int *values = arena_new(from->c->arena, int, it->n_items);
    instrument_values(it, from->json, values);
    if (str_is(it->id, "c-ssrs"))
        add_screen(from, chart, values, at_us);
    else
        add_score(from, chart, it, values, at_us);
}

/* A score that follow derived from a response is already known by its answers. */
bool read_total(const Source *from, Chart *chart)
{
    const Instrument *it = instrument(S("phq-9"));
    int64_t total, at_us = time_of(from->json, "effective");
    if (!str_eq(concept_code(json_get(from->json, "code"), SYSTEM_LOINC), it->total_code))
        return false;
    if (json_count(json_get(from->json, "derivedFrom")) || at_us == TIME_NONE)
        return true;
    Json *integer = json_get(from->json, "valueInteger");
    bool readable = json_int(integer ? integer : json_find(from->json, "valueQuantity.value"), &total);
    if (!readable || total < 0 || total > it->max_total) {
        quarantine(from, chart, it->title, at_us, "the total is not from 0 to %d", it->max_total);
        return true;
    }
    *list_add(from->c->arena, &chart->scores) = (Score){ .instrument = it->id,
                                                         .complete = true,
                                                         .total = (int)total,
                                                         .item_suicide = -1,
                                                         .has_suicide_item = true,
                                                         .items = (int)it->n_items,
                                                         .at_us = at_us,
                                                         .fact = from->fact };
    return true;
}

static int score_order(const void *x, const void *y)
{
    const Score *a = x, *b = y;
    return a->at_us != b->at_us ? (a->at_us < b->at_us ? -1 : 1) : str_cmp(a->fact.id, b->fact.id);
}

static int screen_order(const void *x, const void *y)
{
    const SuicideScreen *a = x, *b = y;
    return a->at_us != b->at_us ? (a->at_us < b->at_us ? -1 : 1) : str_cmp(a->fact.id, b->fact.id);
}

static bool near_dose(const Chart *chart, int64_t at_us)
{
    for (size_t i = 0; i < chart->infusions.n; i++) {
        const Infusion *infusion = &chart->infusions.at[i];
        if (infusion->started_us == TIME_NONE || at_us < infusion->started_us)
            continue;
        int64_t end_us = infusion->ended_us == TIME_NONE ? chart->loaded_us : infusion->ended_us;
        if (at_us <= end_us + NEAR_DOSE_US)
            return true;
    }
    return false;
}

void sort_scores(Chart *chart)
{
    if (chart->scores.n)
        qsort(chart->scores.at, chart->scores.n, sizeof *chart->scores.at, score_order);
    if (chart->screens.n)
        qsort(chart->screens.at, chart->screens.n, sizeof *chart->screens.at, screen_order);
    for (size_t i = 0; i < chart->scores.n; i++)
        chart->scores.at[i].near_dose = near_dose(chart, chart->scores.at[i].at_us);
}

const Score *chart_score(const Chart *chart, const char *name, int64_t since_us)
{
    for (size_t i = chart->scores.n; i > 0; i--) {
        const Score *score = &chart->scores.at[i - 1];
        if (str_is(score->instrument, name) && score->complete)
            return score->at_us >= since_us ? score : NULL;
    }
    return NULL;
}

const SuicideScreen *chart_screen(const Chart *chart, int64_t since_us)
{
    if (!chart->screens.n)
        return NULL;
    const SuicideScreen *last = &chart->screens.at[chart->screens.n - 1];
    return last->at_us >= since_us ? last : NULL;
}
