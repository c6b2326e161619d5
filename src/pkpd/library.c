#include "pkpd/pkpd.h"

#include "base/embed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MODELS_MAX = 16 };

static PkpdModel models[MODELS_MAX];
static size_t n_models;

static void load_or_stop(Ctx *c, const EmbeddedFile *file)
{
    Str json = { file->start, (size_t)(file->end - file->start) };
    if (n_models < MODELS_MAX && pkpd_model_load(c, json, &models[n_models]) == OK) {
        n_models++;
        return;
    }
    for (size_t i = 0; i < c->problems.n; i++)
        fprintf(stderr, "%s: %.*s: %.*s\n", file->path, STR_ARG(c->problems.at[i].path),
                STR_ARG(c->problems.at[i].text));
    abort();
}

/* Never destroyed: the models live as long as the program. */
static Arena *lifetime;

static void load_all(void)
{
    lifetime = arena_create(SIZE_MAX);
    Ctx c = { .arena = lifetime };
    for (const EmbeddedFile *file = embedded_files; file->path; file++)
        if (str_starts(str_from(file->path), S("data/drugs/")) &&
            pkpd_is_star_file(lifetime, (Str){ file->start, (size_t)(file->end - file->start) }))
            load_or_stop(&c, file);
}

const PkpdModel *pkpd_models(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load_all);
    *ret_n = n_models;
    return models;
}

const PkpdModel *pkpd_model(Str id)
{
    size_t n;
    const PkpdModel *list = pkpd_models(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].id, id))
            return &list[i];
    return NULL;
}
