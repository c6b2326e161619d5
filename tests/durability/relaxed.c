/* Loaded before SQLite (LD_PRELOAD), for the control run of the power cut alone: where the program asks for
 * synchronous = FULL, this gives it NORMAL. A test that cannot see the loss that this causes would see none
 * at all. Built by powercut.test.mjs, never part of the program. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef struct sqlite3 sqlite3;
typedef int Exec(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);

int sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *arg,
                 char **ret_message)
{
    static const char full[] = "synchronous = FULL", normal[] = "synchronous = 1   ";
    Exec *exec = (Exec *)dlsym(RTLD_NEXT, "sqlite3_exec");
    const char *at = strstr(sql, full);
    if (!at)
        return exec(db, sql, row, arg, ret_message);
    char *changed = strdup(sql);
    memcpy(changed + (at - sql), normal, sizeof normal - 1);
    int code = exec(db, changed, row, arg, ret_message);
    free(changed);
    return code;
}
