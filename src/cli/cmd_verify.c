#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "fhir/index_check.h"
#include "server/chain.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct VerifyOptions {
    Str db, heads, key;
    bool index, json;
} VerifyOptions;

typedef struct Verdict {
    ChainReport audit;
    int64_t heads;
    Str faults[8];
    size_t n_faults;
} Verdict;

static void add_fault(Verdict *verdict, Str fault)
{
    if (fault.p && verdict->n_faults < sizeof verdict->faults / sizeof verdict->faults[0])
        verdict->faults[verdict->n_faults++] = fault;
}

static void show_rows(int64_t rows)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%lld rows of the audit", (long long)rows);
}

/* Each line of a log that has "audit head" in it. */
static Err check_heads(Ctx *c, const VerifyOptions *o, const AuditKey *key, Verdict *verdict)
{
    static const char words[] = "audit head ";
    char line[512];
    FILE *file = fopen(arena_cstr(c->arena, o->heads), "re");
    if (!file)
        return problem(c, ERR_NOT_FOUND, o->heads, "the file cannot be read");
    Err err = OK;
    while (err == OK && fgets(line, sizeof line, file)) {
        const char *head = strstr(line, words);
        if (!head)
            continue;
        Str fault;
        err = chain_check_head(c, str_trim(str_from(head + strlen(words))), key, &fault);
        if (err == OK)
            add_fault(verdict, fault);
        verdict->heads++;
    }
    (void)fclose(file);
    return err;
}

static Err verify(Ctx *c, const VerifyOptions *o, Verdict *verdict)
{
    AuditKey key;
    Str fault;
    if (o->key.p)
        TRY(audit_key_read(c, o->key, &key));
    TRY(db_integrity(c, &fault));
    add_fault(verdict, fault);
    TRY(chain_verify(c, show_rows, &verdict->audit));
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\n");
    add_fault(verdict, verdict->audit.first_fault);
    if (o->heads.p)
        TRY(check_heads(c, o, o->key.p ? &key : NULL, verdict));
    if (o->index) {
        TRY(index_check(c, &fault));
        add_fault(verdict, fault);
    }
    return OK;
}

static void print_json(Arena *a, const Verdict *verdict)
{
    Buf b = buf_make(a, LIMIT_RESPONSE_BYTES);
    buf_json(&b, "{'auditChains':%d,'auditRows':%d,'auditRowsWithoutChain':%d,'heads':%d,'faults':[",
             verdict->audit.chains, verdict->audit.rows, verdict->audit.unchained, verdict->heads);
    for (size_t i = 0; i < verdict->n_faults; i++)
        buf_json(&b, "%j%s", i ? S(",") : S(""), verdict->faults[i]);
    buf_add(&b, S("]}"));
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

static void print_words(const VerifyOptions *o, const Verdict *verdict)
{
    printf("audit: %lld rows in %lld chains", (long long)verdict->audit.rows,
           (long long)verdict->audit.chains);
    if (verdict->audit.unchained)
        printf(", %lld from before there were chains", (long long)verdict->audit.unchained);
    if (o->heads.p)
        printf("; %lld heads", (long long)verdict->heads);
    printf("\nindex: %s\n", o->index ? "compared with the resources" : "not looked at (--index)");
    for (size_t i = 0; i < verdict->n_faults; i++)
        printf("FAULT: %.*s\n", STR_ARG(verdict->faults[i]));
    if (verdict->n_faults == 0)
        printf("nothing is wrong\n");
}

int cmd_verify(int argc, char **argv)
{
    VerifyOptions o = { .db = S(CLI_DB_USUAL) };
    Verdict verdict = { 0 };
    const Option options[] = {
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL ")", .text = &o.db },
        { "--index", NULL, "compares the search index with the resources too; holds writers meanwhile",
          .flag = &o.index },
        { "--heads", "FILE", "the server's log, whose \"audit head\" lines must still be true",
          .text = &o.heads },
        { "--key", "FILE", "the audit's key, which must have signed those heads", .text = &o.key },
        { "--json", NULL, "prints the verdict as JSON", .flag = &o.json },
        { 0 },
    };
    const Usage usage = {
        "euthymia verify [options]",
        "Checks the database file, every chain of the audit and, if asked, the index. Names "
        "the first\naltered row. Exit code 1 where anything is wrong.",
        options, NULL
    };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    Err err = cli_open(&cli, o.db);
    if (err == OK)
        err = verify(&cli.ctx, &o, &verdict);
    if (err != OK)
        return cli_exit(&cli.ctx, err);
    if (o.json)
        print_json(cli.arena, &verdict);
    else
        print_words(&o, &verdict);
    return verdict.n_faults ? EXIT_FAILED : EXIT_DONE;
}
