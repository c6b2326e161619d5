#include "chart/policy.h"

#include "base/embed.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static const char *const units[] = { "1",   "%",     "d",  "h",    "min",   "s",     "mm[Hg]", "kg",
                                     "cm",  "mg",    "mL", "mL/h", "mg/kg", "mg/mL", "mg/min", "/min",
                                     "U/L", "kg/m2", "mo", "wk",   "a",     "mg/d",  "ng/mL",  "[USD]" };

static bool unit_known(Str unit)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_is(unit, units[i]))
            return true;
    return false;
}

static const PolicyRow *find(const PolicyRow *rows, size_t n, Str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].key, key))
            return &rows[i];
    return NULL;
}

typedef LIST(PolicyRow) PolicyRows;

static Err read_row(Ctx *c, Json *json, PolicyRows *rows)
{
    PolicyRow row = { .key = json_find_str(json, "key"),
                      .unit = json_find_str(json, "unit"),
                      .title = json_find_str(json, "title"),
                      .cites = json_find_str(json, "cites"),
                      .seen = json_find_str(json, "seen") };
    if (str_empty(row.key) || str_empty(row.title))
        return problem(c, ERR_INVALID, row.key, "a policy row needs a key and a title");
    if (str_empty(row.cites) || str_empty(row.seen))
        return problem(c, ERR_INVALID, row.key, "a policy row needs its source: cites and seen");
    if (!unit_known(row.unit))
        return problem(c, ERR_INVALID, row.key, "the unit %.*s is not one that policy uses",
                       STR_ARG(row.unit));
    if (!decimal_parse(json_number_text(c->arena, json_get(json, "value")), &row.value))
        return problem(c, ERR_INVALID, row.key, "the value is not a plain number");
    if (find(rows->at, rows->n, row.key))
        return problem(c, ERR_INVALID, row.key, "the key stands twice");
    *list_add(c->arena, rows) = row;
    return OK;
}

static Err read_file(Ctx *c, Str file, PolicyRows *rows, Str *version)
{
    Json *json = json_parse(c->arena, file);
    if (!json)
        return problem(c, ERR_INVALID, S("policy"), "a policy file is not JSON");
    Json *list = json_get(json, "rows");
    for (size_t i = 0; i < json_count(list); i++)
        TRY(read_row(c, json_at(list, i), rows));
    Str stated = json_find_str(json, "version");
    if (stated.p)
        *version = stated;
    return OK;
}

static Str hash_text(Arena *a, const Str *files, size_t n)
{
    Buf all = buf_make(a, LIMIT_RESOURCE_BYTES);
    for (size_t i = 0; i < n; i++)
        buf_add(&all, files[i]);
    return content_hash(a, buf_str(&all));
}

Err policy_load(Ctx *c, const Str *files, size_t n, Policy *ret_policy)
{
    PolicyRows rows = { 0 };
    Str version = S("1");
    for (size_t i = 0; i < n; i++)
        TRY(read_file(c, files[i], &rows, &version));
    *ret_policy =
        (Policy){ .rows = rows.at, .n = rows.n, .version = version, .hash = hash_text(c->arena, files, n) };
    return OK;
}

/* ---- the policy in force ---- */

static Policy in_force;

static void load_in_force(void)
{
    Ctx c = { .arena = arena_forever() };
    LIST(Str) files = { 0 };
    for (const EmbeddedFile *file = embedded_files; file->path; file++)
        if (str_starts(str_from(file->path), S("data/policy/")))
            *list_add(c.arena, &files) = embedded_file(str_from(file->path));
    if (policy_load(&c, files.at, files.n, &in_force) == OK)
        return;
    const Problem *wrong = &c.problems.at[0];
    log_line(LOG_ERROR, "policy: %.*s: %.*s", STR_ARG(wrong->path), STR_ARG(wrong->text));
    abort();
}

const Policy *policy_in_force(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_in_force);
    return &in_force;
}

/* ---- its rows ---- */

const PolicyRow *policy_row(const Policy *policy, const char *key)
{
    const PolicyRow *row = find(policy->rows, policy->n, str_from(key));
    if (!row) {
        log_line(LOG_ERROR, "policy has no row %s", key);
        abort();
    }
    return row;
}

double policy_number(const Policy *policy, const char *key)
{
    return decimal_to_double(policy_row(policy, key)->value);
}

Decimal policy_decimal(const Policy *policy, const char *key)
{
    return policy_row(policy, key)->value;
}

int64_t policy_duration_us(const Policy *policy, const char *key)
{
    const PolicyRow *row = policy_row(policy, key);
    assert(row->value.places == 0);
    if (str_is(row->unit, "d"))
        return row->value.units * US_PER_DAY;
    if (str_is(row->unit, "h"))
        return row->value.units * US_PER_H;
    assert(str_is(row->unit, "min"));
    return row->value.units * US_PER_MIN;
}

bool policy_verified(const PolicyRow *row)
{
    return str_is(row->seen, "paper") || str_is(row->seen, "label");
}
