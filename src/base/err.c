#include "base/err.h"

#include <assert.h>

typedef struct ErrRow {
    int http;
    const char *issue, *meaning;
} ErrRow;

static const ErrRow rows[ERR_MAX] = {
#define X(name, http, issue, meaning) [name] = { http, issue, meaning },
    ERR_TABLE(X)
#undef X
};

int err_http_status(Err e)
{
    assert(e < ERR_MAX);
    return rows[e].http;
}

const char *err_issue_code(Err e)
{
    assert(e < ERR_MAX);
    return rows[e].issue;
}

const char *err_meaning(Err e)
{
    assert(e < ERR_MAX);
    return rows[e].meaning;
}
