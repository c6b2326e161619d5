#include "follow/link_store.h"

#include "db/db.h"
#include "fhir/store.h"

#include <sodium.h>

enum { TOKEN_BYTES = 32, HASH_BYTES = 32 };

/* ---- the row ---- */

static Str token_hash(Arena *a, Str token)
{
    unsigned char hash[HASH_BYTES];
    char *hex = arena_new(a, char, HASH_BYTES * 2 + 1);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)token.p, token.n, NULL, 0);
    sodium_bin2hex(hex, HASH_BYTES * 2 + 1, hash, sizeof hash);
    return (Str){ hex, HASH_BYTES * 2 };
}

static Link link_of_row(Arena *a, const Rows *rows)
{
    return (Link){
        .token_hash = arena_str(a, rows_text(rows, 0)),
        .patient_id = arena_str(a, rows_text(rows, 1)),
        .instrument_id = arena_str(a, rows_text(rows, 2)),
        .response_id = arena_str(a, rows_text(rows, 3)),
        .item_id = arena_str(a, rows_text(rows, 4)),
        .score_id = arena_str(a, rows_text(rows, 5)),
        .task_id = rows_null(rows, 6) ? STR_NONE : arena_str(a, rows_text(rows, 6)),
        .created_us = rows_int(rows, 7),
        .expires_us = rows_int(rows, 8),
        .used_us = rows_null(rows, 9) ? TIME_NONE : rows_int(rows, 9),
    };
}

static Err read_row(Ctx *c, Str hash, Link *ret_link)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT token_hash, patient_id, questionnaire, response_id, item_id, score_id, task_id,"
                     " created_us, expires_us, used_us FROM patient_link WHERE token_hash = $1"),
                 ARGS(T(hash)), &rows));
    if (!rows_next(rows))
        return rows_error(rows) ?: ERR_NOT_FOUND;
    *ret_link = link_of_row(c->arena, rows);
    return OK;
}

Err link_find(Ctx *c, Str token, Link *ret_link)
{
    return read_row(c, token_hash(c->arena, token), ret_link);
}

Err link_list(Ctx *c, Str patient_id, size_t limit, Links *ret_links)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT token_hash, patient_id, questionnaire, response_id, item_id, score_id, task_id,"
                     " created_us, expires_us, used_us FROM patient_link WHERE patient_id = $1"
                     " ORDER BY created_us DESC, token_hash"),
                 ARGS(T(patient_id)), &rows));
    Links links = { 0 };
    while (links.n < limit && rows_next(rows))
        *list_add(c->arena, &links) = link_of_row(c->arena, rows);
    TRY(rows_error(rows));
    *ret_links = links;
    return OK;
}

Err link_make(Ctx *c, Str patient_id, Str instrument_id, int64_t expires_us, Str *ret_token)
{
    Str token = random_token(c->arena, c->random, TOKEN_BYTES);
    TRY(db_exec(
        c,
        SQL("INSERT INTO patient_link (token_hash, patient_id, questionnaire, response_id, item_id, score_id,"
            " task_id, encounter_id, created_us, expires_us, used_us)"
            " VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL, $7, $8, NULL)"),
        ARGS(T(token_hash(c->arena, token)), T(patient_id), T(instrument_id),
             T(uuid_v7(c->arena, c->random, c->now_us)), T(uuid_v7(c->arena, c->random, c->now_us)),
             T(uuid_v7(c->arena, c->random, c->now_us)), I(c->now_us), I(expires_us))));
    *ret_token = token;
    return OK;
}

/* From here to the commit nobody else writes this link; what was read of it before may be old. */
static Err lock_row(Ctx *c, Link *link)
{
    TRY(tx_lock(c, arena_fmt(c->arena, "patient_link/%.*s", STR_ARG(link->token_hash))));
    return read_row(c, link->token_hash, link);
}

/* ---- the worry ---- */

static WorryTask new_task(Ctx *c, const Link *link)
{
    return (WorryTask){
        .id = uuid_v7(c->arena, c->random, c->now_us),
        .flag_id = uuid_v7(c->arena, c->random, c->now_us),
        .patient_id = link->patient_id,
        .response_id = link->response_id,
        .status = TASK_REQUESTED,
        .authored_us = c->now_us,
    };
}

/* The open task of this link, or a new one that is not stored yet. */
static Err task_to_write(Ctx *c, const Link *link, WorryTask *ret_task)
{
    WorryTask task = { .status = TASK_OTHER };
    if (link->task_id.p)
        TRY(task_read(c, link->task_id, &task));
    *ret_task = task_is_open(&task) ? task : new_task(c, link);
    return OK;
}

static Err raise_worry(Ctx *c, Link *link, WorryKind kind, Str said)
{
    WorryTask task;
    TRY(task_to_write(c, link, &task));
    bool is_new = task.version == 0;
    if (is_new && kind == WORRY_NONE)
        return OK;
    if (kind >= task.worry.kind)
        task.description = said;
    if (kind != WORRY_NONE) {
        WorryClocks clocks = worry_clocks(policy_in_force());
        task.worry = worry_join(task.worry, worry_arising(kind, &clocks, clinic_in_force(), c->now_us));
    }
    task_add_note(c, &task, said);
    TRY(task_store(c, &task));
    link->task_id = task.id;
    return db_exec(c, SQL("UPDATE patient_link SET task_id = $1 WHERE token_hash = $2"),
                   ARGS(T(task.id), T(link->token_hash)));
}

Err link_store_said(Ctx *c, Link *link, WorryKind kind, Str said)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(lock_row(c, link));
    TRY(raise_worry(c, link, kind, said));
    return tx_commit(tx);
}

/* ---- the answers ---- */

typedef struct StoredResponse {
    Answers answers;
    Str status; /* absent: nothing is stored yet */
} StoredResponse;

static Err read_response(Ctx *c, const Link *link, const Instrument *instrument, StoredResponse *ret_stored)
{
    Resource resource;
    Err e = fhir_read(c, S("QuestionnaireResponse"), link->response_id, &resource);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    Json *json = e == OK ? json_parse(c->arena, resource.body) : NULL;
    *ret_stored = (StoredResponse){ answers_from_json(instrument, json), json_find_str(json, "status") };
    return OK;
}

Err link_answers(Ctx *c, const Link *link, const Instrument *instrument, Answers *ret_answers)
{
    StoredResponse stored;
    TRY(read_response(c, link, instrument, &stored));
    *ret_answers = stored.answers;
    return OK;
}

/* True where the answer says something new. */
static bool take(Answers *answers, const LinkAnswered *answered)
{
    size_t i = answered->item;
    bool skipped = answered->value < 0;
    if (answers->value[i] == answered->value && answers->skipped[i] == skipped)
        return false;
    answers->value[i] = answered->value;
    answers->skipped[i] = skipped;
    return true;
}

static AnswersHead head_of(const Ctx *c, const Link *link, Str observation_id)
{
    return (AnswersHead){ link->patient_id, link->response_id, observation_id, c->now_us };
}

static Str status_after(const StoredResponse *before, const LinkAnswered *answered, bool changed)
{
    bool was_completed = before->status.p && !str_is(before->status, "in-progress");
    if (was_completed)
        return changed ? S("amended") : before->status;
    return answered->finish ? S("completed") : S("in-progress");
}

static Str said_of_item(Arena *a, const Instrument *instrument, const Answers *before,
                        const LinkAnswered *answered)
{
    size_t i = answered->item;
    Str now = answers_words(a, instrument, answered->value);
    if (before->value[i] < 0 && !before->skipped[i])
        return arena_fmt(a, "%.*s item %zu: %.*s", STR_ARG(instrument->title), i + 1, STR_ARG(now));
    Str then = answers_words(a, instrument, before->value[i]);
    return arena_fmt(a, "%.*s item %zu: %.*s, before: %.*s", STR_ARG(instrument->title), i + 1, STR_ARG(now),
                     STR_ARG(then));
}

static Err store_suicide_item(Ctx *c, Link *link, const Instrument *instrument, const Answers *before,
                              const Answers *now, const LinkAnswered *answered)
{
    AnswersHead head = head_of(c, link, link->item_id);
    bool amended = before->value[answered->item] >= 0 || before->skipped[answered->item];
    Resource stored;
    TRY(fhir_put(c, S("Observation"), link->item_id,
                 answers_item_json(c->arena, instrument, now, answered->item, &head, amended), &stored));
    WorryKind kind = worry_kind_of_answer(answered->value, instrument->suicide_from);
    return raise_worry(c, link, kind, said_of_item(c->arena, instrument, before, answered));
}

static Err store_score(Ctx *c, Link *link, const Instrument *instrument, const Answers *answers, bool amended)
{
    AnswersHead head = head_of(c, link, link->score_id);
    InstrumentResult result = instrument_score(instrument, answers->value);
    Resource stored;
    TRY(fhir_put(c, S("Observation"), link->score_id,
                 answers_score_json(c->arena, instrument, &result, &head, amended), &stored));
    if (link->used_us != TIME_NONE)
        return OK;
    link->used_us = c->now_us;
    return db_exec(c, SQL("UPDATE patient_link SET used_us = $1 WHERE token_hash = $2"),
                   ARGS(I(c->now_us), T(link->token_hash)));
}

static Err store_change(Ctx *c, Link *link, const Instrument *instrument, const LinkAnswered *answered)
{
    StoredResponse before;
    TRY(read_response(c, link, instrument, &before));
    Answers now = before.answers;
    bool changed = take(&now, answered);
    Str status = status_after(&before, answered, changed);
    if (!changed && str_eq(status, before.status))
        return OK;
    AnswersHead head = head_of(c, link, STR_NONE);
    Resource stored;
    TRY(fhir_put(c, S("QuestionnaireResponse"), link->response_id,
                 answers_response_json(c->arena, instrument, &now, &head, status), &stored));
    if (changed && (int)answered->item == instrument->suicide_item)
        TRY(store_suicide_item(c, link, instrument, &before.answers, &now, answered));
    if (str_is(status, "in-progress"))
        return OK;
    return store_score(c, link, instrument, &now, str_is(status, "amended"));
}

Err link_store_answer(Ctx *c, Link *link, const Instrument *instrument, const LinkAnswered *answered)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(lock_row(c, link));
    TRY(store_change(c, link, instrument, answered));
    return tx_commit(tx);
}
