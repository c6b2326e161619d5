/* Every ceiling of the program, in one place. Past a ceiling comes a clear error, never a slow death. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
    LIMIT_JSON_DEPTH = 64,
    LIMIT_BODY_BYTES = 32 * 1024 * 1024,
    LIMIT_PREPARE_HERE_BYTES = 64 * 1024, /* a body that the HTTP thread itself checks */
    LIMIT_OPEN_BODY_BYTES = 64 * 1024,    /* where nobody is signed in */
    LIMIT_RESOURCE_BYTES = 16 * 1024 * 1024,
    LIMIT_RESPONSE_BYTES = 64 * 1024 * 1024,
    LIMIT_REQUEST_ARENA_BYTES = 512 * 1024 * 1024,
    LIMIT_BUNDLE_ENTRIES = 20000,
    LIMIT_URL_BYTES = 8192,
    LIMIT_SEARCH_TERMS = 32,
    LIMIT_PAGE_ROWS = 1000,     /* the largest _count */
    LIMIT_PAGE_ROWS_USUAL = 50, /* without _count */
    LIMIT_PROBLEMS = 50,
    LIMIT_SQL_ARGS = 256,
    LIMIT_EVENT_REPLAY = 5000,
    LIMIT_STREAMS = 256,
    LIMIT_CONNECTIONS = 1024,
    LIMIT_QUEUE = 1024,
    LIMIT_AUDIT_ROWS = 4096, /* that wait to be written */
    LIMIT_AUDIT_RESERVE_BYTES = 16 * 1024 * 1024,
    LIMIT_HEADER_SECONDS = 10,
    LIMIT_BODY_SECONDS = 60,
    LIMIT_ANSWER_SECONDS = 300, /* for the client to read an answer */
    LIMIT_IDLE_SECONDS = 75,    /* between two requests of a connection */
};

#endif
