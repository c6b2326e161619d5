/* What a patient's link stores: its row (table patient_link), the answers as they are given, and the worry
 * that an answer raises, in the same transaction as the answer. follow_link.c shows the pages. */
#ifndef FOLLOW_LINK_STORE_H
#define FOLLOW_LINK_STORE_H

#include "follow/answers.h"
#include "follow/task.h"

typedef struct Link {
    Str token_hash; /* BLAKE2b-256 of the token, in hexadecimal */
    Str patient_id, instrument_id;
    Str response_id, item_id, score_id; /* ids of what the answers become */
    Str task_id;                        /* the newest worry; absent: none was ever raised */
    int64_t created_us, expires_us;
    int64_t used_us; /* TIME_NONE: not completed */
} Link;

/* ERR_NOT_FOUND for a token that we did not make. */
MUST_USE Err link_find(Ctx *c, Str token, Link *ret_link);
/* Inserts a row for a new token. */
MUST_USE Err link_make(Ctx *c, Str patient_id, Str instrument_id, int64_t expires_us, Str *ret_token);
/* The links of a patient, newest first, at most limit. */
typedef struct Links {
    Link *at;
    size_t n, room;
} Links;
MUST_USE Err link_list(Ctx *c, Str patient_id, size_t limit, Links *ret_links);

/* What was answered so far. */
MUST_USE Err link_answers(Ctx *c, const Link *link, const Instrument *instrument, Answers *ret_answers);

/* One answer: value, or -1 for "not answered". finish: it came with Finish, so the form is completed (or
 * amended) and scored. All of it or nothing: the response's new version, the suicide item's Observation, the
 * Flag and the Task, the score. The same answer again changes nothing. link is read again inside. */
typedef struct LinkAnswered {
    size_t item;
    int value;
    bool finish;
} LinkAnswered;
MUST_USE Err link_store_answer(Ctx *c, Link *link, const Instrument *instrument,
                               const LinkAnswered *answered);

/* The safety page: raises or makes the task (high), or only notes what was said where kind is WORRY_NONE. */
MUST_USE Err link_store_said(Ctx *c, Link *link, WorryKind kind, Str said);

#endif
