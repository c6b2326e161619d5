/* The patient's side of follow: the pages behind /r/TOKEN. They work without script and without an account,
 * from 320 px up. A page never promises what is not so at that moment (follow/promise.h).
 *
 * The table patient_link holds one row a link: the BLAKE2b hash of its 256-bit token (the token itself is
 * nowhere), the patient, the instrument, and the ids of what its answers become. Every answer is stored as it
 * is given, a new version of one QuestionnaireResponse; the suicide item, its Observation, Flag and Task in
 * one transaction. */
#ifndef FOLLOW_FOLLOW_LINK_H
#define FOLLOW_FOLLOW_LINK_H

#include "base/ctx.h"

typedef struct LinkField {
    Str name, value; /* decoded */
} LinkField;

typedef struct LinkRequest {
    Str method;              /* "GET" or "POST" */
    Str token;               /* the first segment after /r/ */
    Str rest;                /* what follows it, without the slash: "", "q/9", "safe", "help" */
    const LinkField *fields; /* of the posted form (application/x-www-form-urlencoded) */
    size_t n_fields;
    bool demo; /* the word "demo" stands on the page */
} LinkRequest;

typedef struct LinkAnswer {
    int status;       /* 200, 303 (see location), 404, 410, 422, 503 */
    Str content_type; /* absent with a location */
    Str body;
    Str location; /* a path on this server: "/r/TOKEN/q/2" */
} LinkAnswer;

/* Answers one request and always has a page to show: an unknown, expired or finished link, or a database that
 * does not answer, gives a page with the numbers to call and no promise. Sets c->user to the link. The answer
 * lives in c->arena. The server adds Cache-Control: no-store and Referrer-Policy: no-referrer. */
LinkAnswer follow_link_answer(Ctx *c, const LinkRequest *request);

/* The answer where the server could not even begin (503): a static page, no promise. */
LinkAnswer follow_link_trouble(Arena *a);

/* Makes a link for a patient and instrument, inside c's transaction. ret_path is "/r/TOKEN", to be shown
 * once. */
MUST_USE Err follow_link_make(Ctx *c, Str patient_id, Str instrument, int64_t expires_us, Str *ret_path);

#endif
