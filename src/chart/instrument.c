#include "chart/instrument.h"

#include "base/embed.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- read ---- */

static int number_of(Json *json, const char *key)
{
    int64_t value = -1;
    (void)json_int(json_get(json, key), &value);
    return (int)value;
}

static void read_items(Arena *a, Json *list, Instrument *to)
{
    to->n_items = json_count(list);
    to->items = arena_new(a, InstrumentItem, to->n_items);
    for (size_t i = 0; i < to->n_items; i++)
        to->items[i] = (InstrumentItem){ .link_id = json_find_str(json_at(list, i), "link_id"),
                                         .text = json_find_str(json_at(list, i), "text"),
                                         .scored = json_true(json_get(json_at(list, i), "scored")) };
}

static void read_answers(Arena *a, Json *list, Instrument *to)
{
    to->n_answers = json_count(list);
    to->answers = arena_new(a, InstrumentAnswer, to->n_answers);
    for (size_t i = 0; i < to->n_answers; i++)
        to->answers[i] = (InstrumentAnswer){ .code = json_find_str(json_at(list, i), "code"),
                                             .text = json_find_str(json_at(list, i), "text"),
                                             .value = number_of(json_at(list, i), "value") };
}

static void read_bands(Arena *a, Json *list, Instrument *to)
{
    to->n_bands = json_count(list);
    to->bands = arena_new(a, InstrumentBand, to->n_bands);
    for (size_t i = 0; i < to->n_bands; i++)
        to->bands[i] = (InstrumentBand){ .from = number_of(json_at(list, i), "from"),
                                         .to = number_of(json_at(list, i), "to"),
                                         .word = json_find_str(json_at(list, i), "word") };
}

static Instrument read_instrument(Arena *a, Json *json)
{
    Instrument it = { .id = json_find_str(json, "id"),
                      .title = json_find_str(json, "title"),
                      .stem = json_find_str(json, "stem"),
                      .recall = json_find_str(json, "recall"),
                      .panel_code = json_find_str(json, "panel_code"),
                      .total_code = json_find_str(json, "total_code"),
                      .sums = str_is(json_find_str(json, "scoring"), "sum"),
                      .suicide_item = number_of(json, "suicide_item"),
                      .suicide_from = number_of(json, "suicide_from"),
                      .max_total = number_of(json, "max_total"),
                      .prorate_missing_max = number_of(json, "prorate_missing_max"),
                      .remission_max = number_of(json, "remission_max"),
                      .licence = json_find_str(json, "licence"),
                      .cites = json_find_str(json, "cites"),
                      .seen = json_find_str(json, "seen") };
    read_items(a, json_get(json, "items"), &it);
    read_answers(a, json_get(json, "answers"), &it);
    read_bands(a, json_get(json, "bands"), &it);
    return it;
}

static struct {
    Instrument *at;
    size_t n, room;
} instruments;

static void load(void)
{
    Arena *a = arena_forever();
    for (const EmbeddedFile *file = embedded_files; file->path; file++) {
        if (!str_starts(str_from(file->path), S("data/instruments/")))
            continue;
        Json *json = json_parse(a, embedded_file(str_from(file->path)));
        Instrument it = read_instrument(a, json);
        if (str_empty(it.id) || !it.n_items || !it.n_answers || str_empty(it.cites) ||
            str_empty(it.licence)) {
            log_line(LOG_ERROR, "%s is not an instrument with items, answers, source and licence",
                     file->path);
            abort();
        }
        *list_add(a, &instruments) = it;
    }
}

const Instrument *instrument(Str id)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    for (size_t i = 0; i < instruments.n; i++)
        if (str_eq(instruments.at[i].id, id))
            return &instruments.at[i];
    return NULL;
}

/* ---- score ---- */

static const InstrumentBand *band_of(const Instrument *it, int total)
{
    for (size_t i = 0; i < it->n_bands; i++)
        if (total >= it->bands[i].from && total <= it->bands[i].to)
            return &it->bands[i];
    return NULL;
}

/* A missing suicide item is never prorated: the total then cannot be had. */
static bool can_total(const Instrument *it, const InstrumentResult *r, int scored)
{
    bool suicide_known = it->suicide_item < 0 || r->suicide_value >= 0;
    return it->sums && r->answered > 0 && suicide_known && scored - r->answered <= it->prorate_missing_max;
}

InstrumentResult instrument_score(const Instrument *it, const int *values)
{
    InstrumentResult r = { .total = -1,
                           .suicide_value = it->suicide_item < 0 ? -1 : values[it->suicide_item] };
    int sum = 0, scored = 0, seen = 0;
    for (size_t i = 0; i < it->n_items; i++) {
        seen += values[i] >= 0;
        if (!it->items[i].scored)
            continue;
        scored++;
        r.answered += values[i] >= 0;
        sum += values[i] >= 0 ? values[i] : 0;
    }
    r.complete = it->sums ? r.answered == scored : (size_t)seen == it->n_items;
    if (!it->sums)
        r.answered = seen;
    if (can_total(it, &r, scored)) {
        r.prorated = r.answered < scored;
        r.total = (2 * sum * scored + r.answered) / (2 * r.answered); /* rounds half up */
        r.band = band_of(it, r.total);
    }
    return r;
}

static int value_of(const Instrument *it, Json *answer)
{
    Str code = json_find_str(answer, "valueCoding.code");
    for (size_t i = 0; code.p && i < it->n_answers; i++)
        if (str_eq(it->answers[i].code, code))
            return it->answers[i].value;
    return -1;
}

void instrument_values(const Instrument *it, Json *response, int *ret_values)
{
    Json *items = json_get(response, "item");
    for (size_t i = 0; i < it->n_items; i++) {
        ret_values[i] = -1;
        for (size_t k = 0; k < json_count(items); k++) {
            Json *item = json_at(items, k), *answers = json_get(item, "answer");
            if (str_eq(json_find_str(item, "linkId"), it->items[i].link_id) && json_count(answers))
                ret_values[i] = value_of(it, json_at(answers, json_count(answers) - 1));
        }
    }
}
