#include "cli/cli.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/time.h"
#include "server/chain.h"

#include <errno.h>
#include <stdio.h>

static const Command commands[] = {
    { "serve", "runs the clinic: the page, FHIR, live events", cmd_serve },
    { "migrate", "brings the database's tables up to date, as their owner", cmd_migrate },
    { "import", "loads FHIR bundles, all or nothing each", cmd_import },
    { "user", "adds an account", cmd_user },
    { "token", "makes a bearer token for a machine", cmd_token },
    { "backup", "copies the whole clinic into a sealed file", cmd_backup },
    { "restore", "brings a backup into an empty database", cmd_restore },
    { "export", "prints the whole clinic, to move it to another engine", cmd_export },
    { "verify", "checks the database, its audit and its index", cmd_verify },
    { "simulate", "prints predicted plasma curves", cmd_simulate },
    { "fit", "estimates a population's parameters from concentrations", cmd_fit },
    { "forecast", "prints what a depression score may do in the coming days", cmd_forecast },
    { "advise", "ranks doses and intervals for a person, with reasons", cmd_advise },
    { "trial", "runs a virtual trial of doses and intervals", cmd_trial },
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fprintf(out, "euthymia COMMAND [options]\n\n"
                 "Runs a ketamine treatment service: evaluate, plan, infuse, follow, learn.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\nEvery command takes --help. Version %s.\n", EUTHYMIA_VERSION);
}

int cli_main(int argc, char **argv)
{
    Str name = str_from(argc > 1 ? argv[1] : NULL);
    if (str_is(name, "--help") || str_is(name, "-h") || str_is(name, "help")) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (str_is(name, "--version")) {
        printf("euthymia %s\n", EUTHYMIA_VERSION);
        return EXIT_DONE;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (str_is(name, commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    if (name.p)
        fprintf(stderr, "this command is not known: %.*s\n\n", STR_ARG(name));
    print_help(stderr);
    return EXIT_USAGE;
}

Cli cli_begin(void)
{
    Arena *arena = arena_create(LIMIT_REQUEST_ARENA_BYTES);
    return (Cli){
        .arena = arena,
        .random = random_system(),
        .ctx = { .arena = arena,
                 .now_us = clock_now_us(),
                 .user = { .account = S("command-line"),
                           .display = S("command line"),
                           .role = ROLE_SYSTEM } },
    };
}

static void prepare(Cli *cli)
{
    cli->ctx.random = &cli->random;
    cli->chain = uuid_v7(cli->arena, &cli->random, clock_now_us());
}

Err cli_open(Cli *cli, Str db_url)
{
    prepare(cli);
    return db_open(&cli->ctx, db_url, &cli->ctx.db);
}

Err cli_open_pooled(Cli *cli, Str db_url)
{
    prepare(cli);
    return db_open_pooled(&cli->ctx, db_url, &cli->ctx.db);
}

void cli_end(Cli *cli)
{
    cli->ctx.db = db_close(cli->ctx.db);
    cli->arena = arena_destroy(cli->arena);
}

Err cli_audit(Ctx *c, Str chain, Str what)
{
    AuditRow row = { .id = uuid_v7(c->arena, c->random, clock_now_us()),
                     .at_us = c->now_us,
                     .account = c->user.account,
                     .role = role_name(c->user.role),
                     .method = S("COMMAND"),
                     .path = what,
                     .interaction = S("A command beside the server") };
    return chain_add(c, chain, &row, 1);
}

Err cli_audit_now(Ctx *c, Str chain, Str what)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(cli_audit(c, chain, what));
    return tx_commit(tx);
}

int cli_exit(const Ctx *c, Err err)
{
    if (err == OK)
        return EXIT_DONE;
    for (size_t i = 0; i < c->problems.n; i++) {
        const Problem *problem = &c->problems.at[i];
        fprintf(stderr, "%.*s%s%.*s\n", STR_ARG(problem->path), str_empty(problem->path) ? "" : ": ",
                STR_ARG(problem->text));
    }
    if (c->problems.n == 0)
        fprintf(stderr, "%s\n", err_meaning(err));
    return EXIT_FAILED;
}

Err cli_read(Ctx *c, Str path, Str *ret_text)
{
    Buf bytes = buf_make(c->arena, LIMIT_BODY_BYTES);
    FILE *file = str_is(path, "-") ? stdin : fopen(arena_cstr(c->arena, path), "re");
    if (!file)
        return problem(c, ERR_NOT_FOUND, path, "%s", strerror(errno));
    char part[64 * 1024];
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;)
        buf_bytes(&bytes, part, n);
    bool failed = ferror(file) != 0;
    if (file != stdin)
        (void)fclose(file);
    if (failed || buf_overflowed(&bytes))
        return problem(c, ERR_TOO_LARGE, path, "The file cannot be read, or is too large.");
    *ret_text = buf_str(&bytes);
    return OK;
}
