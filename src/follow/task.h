/* A worry in the record: the Task that someone must own and close, and its Flag. Read from and written as
 * FHIR R4 (docs/record.md); the pure half is follow/worry.h. */
#ifndef FOLLOW_TASK_H
#define FOLLOW_TASK_H

#include "base/ctx.h"
#include "base/json.h"
#include "follow/worry.h"

typedef enum TaskStatus {
    TASK_REQUESTED,
    TASK_ACCEPTED,
    TASK_IN_PROGRESS,
    TASK_COMPLETED,
    TASK_OTHER
} TaskStatus;

typedef struct WorryTask {
    Str id, patient_id, response_id, flag_id;
    TaskStatus status;
    Worry worry;
    int64_t authored_us;
    Str owner_id, owner; /* Practitioner and display; absent: nobody has taken it */
    Str description;     /* the newest sentence: "PHQ-9 item 9: several days" */
    Str notes;           /* JSON: the inside of Task.note, "" or "{...},{...}" */
    Str outputs;         /* JSON: the inside of Task.output, likewise */
    int64_t version;     /* 0: not stored yet */
} WorryTask;

/* Open: somebody still has to act. */
bool task_is_open(const WorryTask *task);

/* ERR_NOT_FOUND where there is none, ERR_INVALID where it is not a worry of ours. */
MUST_USE Err task_read(Ctx *c, Str id, WorryTask *ret_task);
/* The same from a resource that was read already. False where it is not a worry of ours. */
bool task_from_json(Arena *a, Json *resource, WorryTask *ret_task);
/* Writes the Task and its Flag (active while the task is open) in c's transaction. ERR_STALE where the task
 * has changed since it was read. */
MUST_USE Err task_store(Ctx *c, const WorryTask *task);
/* Adds a note: text, when, by whom (c->user). */
void task_add_note(Ctx *c, WorryTask *task, Str text);
/* Adds an output: kind and code are codes in urn:euthymia:task-output and urn:euthymia:KIND. */
void task_add_output(Ctx *c, WorryTask *task, Str kind, Str code, Str text);

#endif
