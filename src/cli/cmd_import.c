#include "base/json.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "fhir/index.h"
#include "fhir/store.h"
#include "server/dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BAR_CELLS = 30 };

/* One bar for all files, by bytes; on a terminal only. */
typedef struct Progress {
    int64_t done_bytes, all_bytes;
    bool is_shown;
} Progress;

static int64_t file_bytes(Arena *a, Str path)
{
    struct stat info;
    return stat(arena_cstr(a, path), &info) == 0 ? info.st_size : 0;
}

static Progress progress_begin(Arena *a, const Operands *files)
{
    Progress progress = { .is_shown = isatty(STDERR_FILENO) };
    for (size_t i = 0; i < files->n; i++)
        progress.all_bytes += file_bytes(a, files->at[i]);
    return progress;
}

static void progress_show(Progress *progress, int64_t more_bytes)
{
    progress->done_bytes += more_bytes;
    if (!progress->is_shown || progress->all_bytes == 0)
        return;
    int cells = (int)(progress->done_bytes * BAR_CELLS / progress->all_bytes);
    fprintf(stderr, "\r[%-*.*s] %3d %%%s", BAR_CELLS, cells,
            "==============================", (int)(progress->done_bytes * 100 / progress->all_bytes),
            progress->done_bytes >= progress->all_bytes ? "\n" : "");
}

static Err read_file(Ctx *c, Str path, Str *ret_bytes)
{
    Buf bytes = buf_make(c->arena, LIMIT_BODY_BYTES);
    FILE *file = fopen(arena_cstr(c->arena, path), "re");
    if (!file)
        return problem(c, ERR_NOT_FOUND, path, "%s", strerror(errno));
    char part[64 * 1024];
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;)
        buf_bytes(&bytes, part, n);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed || buf_overflowed(&bytes))
        return problem(c, ERR_TOO_LARGE, path,
                       failed ? "the file cannot be read" : "the file is over the limit of 32 MB");
    *ret_bytes = buf_str(&bytes);
    return OK;
}

static void add_counts(Arena *a, BundleCounts *all, const BundleCounts *more)
{
    for (size_t i = 0; i < more->n; i++) {
        BundleCount *row = NULL;
        for (size_t k = 0; k < all->n && !row; k++)
            row = str_eq(all->at[k].type, more->at[i].type) ? &all->at[k] : NULL;
        if (!row) {
            row = list_add(a, all);
            *row = (BundleCount){ .type = arena_str(a, more->at[i].type) };
        }
        row->created += more->at[i].created;
        row->updated += more->at[i].updated;
        row->unchanged += more->at[i].unchanged;
        row->deleted += more->at[i].deleted;
    }
}

static BundleCount sum_of(const BundleCounts *counts)
{
    BundleCount sum = { .type = S("written") };
    for (size_t i = 0; i < counts->n; i++) {
        sum.created += counts->at[i].created;
        sum.updated += counts->at[i].updated;
        sum.unchanged += counts->at[i].unchanged;
        sum.deleted += counts->at[i].deleted;
    }
    return sum;
}

static void print_json(Arena *a, const BundleCounts *counts)
{
    BundleCount sum = sum_of(counts);
    Buf b = buf_make(a, LIMIT_RESPONSE_BYTES);
    buf_json(&b, "{'written':%d,'unchanged':%d,'types':[", sum.created + sum.updated + sum.deleted,
             sum.unchanged);
    for (size_t i = 0; i < counts->n; i++)
        buf_json(&b, "%j{'type':%s,'created':%d,'updated':%d,'unchanged':%d}", i ? S(",") : S(""),
                 counts->at[i].type, counts->at[i].created, counts->at[i].updated, counts->at[i].unchanged);
    buf_add(&b, S("]}"));
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

static void print_table(const BundleCounts *counts)
{
    BundleCount sum = sum_of(counts);
    for (size_t i = 0; i < counts->n; i++) {
        const BundleCount *row = &counts->at[i];
        printf("%-26.*s %6lld created %6lld updated %6lld unchanged\n", STR_ARG(row->type),
               (long long)row->created, (long long)row->updated, (long long)row->unchanged);
    }
    printf("%lld written, %lld unchanged\n", (long long)(sum.created + sum.updated + sum.deleted),
           (long long)sum.unchanged);
}

/* One bundle, in one transaction. What went wrong is named by file, entry and path. */
static Err import_file(Ctx *c, Arena *a, Str chain, Str path, BundleCounts *all)
{
    Str bytes, response;
    BundleCounts counts = { 0 };
    TRY(read_file(c, path, &bytes));
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    Err err = fhir_transaction(c, bytes, true, &response, &counts);
    if (err == OK)
        err = cli_audit(c, chain, arena_fmt(c->arena, "import %.*s", STR_ARG(path)));
    if (err == OK)
        err = tx_commit(tx);
    if (err != OK) {
        fprintf(stderr, "%.*s: nothing of this file was stored\n", STR_ARG(path));
        return err;
    }
    add_counts(a, all, &counts);
    return OK;
}

/* ---- a whole clinic ---- */

static const char clinic_start[] = "[\"euthymia\",";

static bool is_clinic(Arena *a, Str path)
{
    char start[sizeof clinic_start] = "";
    FILE *file = fopen(arena_cstr(a, path), "re");
    size_t n = file ? fread(start, 1, sizeof clinic_start - 1, file) : 0;
    if (file)
        (void)fclose(file);
    return n == sizeof clinic_start - 1 && strcmp(start, clinic_start) == 0;
}

static Err next_line(void *from, Ctx *c, Str *ret_line)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, from);
    *ret_line = n > 0 ? arena_str(c->arena, (Str){ line, (size_t)n - (line[n - 1] == '\n') }) : STR_NONE;
    free(line);
    return OK;
}

static void show_rows(int64_t rows)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%lld rows", (long long)rows);
}

static Err import_clinic(Cli *cli, Str path)
{
    Ctx *c = &cli->ctx;
    FILE *file = fopen(arena_cstr(c->arena, path), "re");
    if (!file)
        return problem(c, ERR_NOT_FOUND, path, "%s", strerror(errno));
    int64_t rows;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    Err err = dump_read(c, &(DumpSource){ next_line, file }, &(DumpProgress){ show_rows }, &rows);
    (void)fclose(file);
    TRY(err);
    TRY(cli_audit(c, cli->chain, arena_fmt(c->arena, "import %.*s", STR_ARG(path))));
    TRY(tx_commit(tx));
    printf("%lld rows of a whole clinic; its index was made anew\n", (long long)rows);
    return OK;
}

static Err import_files(Cli *cli, const Operands *files, bool json)
{
    BundleCounts all = { 0 };
    Progress progress = progress_begin(cli->arena, files);
    Err err = OK;
    progress_show(&progress, 0);
    for (size_t i = 0; i < files->n && err == OK; i++) {
        /* Each file in its own arena: a folder of thousands must not add up. */
        AUTO(arena_done) Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
        Ctx c = cli->ctx;
        c.arena = arena;
        err = import_file(&c, cli->arena, cli->chain, files->at[i], &all);
        for (size_t k = 0; k < c.problems.n; k++)
            (void)problem(&cli->ctx, c.problems.at[k].err, c.problems.at[k].path, "%.*s",
                          STR_ARG(c.problems.at[k].text));
        progress_show(&progress, file_bytes(cli->arena, files->at[i]));
    }
    if (json)
        print_json(cli->arena, &all);
    else
        print_table(&all);
    return err;
}

int cmd_import(int argc, char **argv)
{
    Str db = S(CLI_DB_USUAL);
    bool json = false;
    Operands files = { 0 };
    const Option options[] = {
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL ")", .text = &db },
        { "--json", NULL, "prints the counts as JSON", .flag = &json },
        { 0 },
    };
    const Usage usage = {
        "euthymia import [options] FILE...",
        "Loads FHIR transaction bundles (Synthea's, for one), each all or nothing. A urn:uuid "
        "becomes the\nresource's id, and what is already stored makes no new version. Or brings one file of "
        "euthymia export into\nan empty database.",
        options, &files
    };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (files.n == 0) {
        fprintf(stderr, "a file is needed\nusage: %s\n", usage.line);
        return EXIT_USAGE;
    }
    Err err = cli_open(&cli, db);
    if (err == OK)
        err = index_refresh(&cli.ctx);
    if (err == OK)
        err = files.n == 1 && is_clinic(cli.arena, files.at[0]) ? import_clinic(&cli, files.at[0])
                                                                : import_files(&cli, &files, json);
    return cli_exit(&cli.ctx, err);
}
