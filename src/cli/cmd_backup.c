#include "cli/cli.h"
#include "cli/option.h"
#include "cli/sealed.h"
#include "server/dump.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PASSPHRASE_LEAST = 12, PASSPHRASE_MOST = 1024 };

typedef struct BackupOptions {
    Str db, key_file;
    bool passphrase_from_stdin;
} BackupOptions;

static void show_rows(int64_t rows)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%lld rows", (long long)rows);
}

static void end_progress(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\n");
}

static const DumpProgress progress = { show_rows };

/* The first line of standard input. */
static Err read_secret(Ctx *c, const BackupOptions *o, SealSecret *ret_secret)
{
    char line[PASSPHRASE_MOST + 2];
    *ret_secret = (SealSecret){ .key_file = o->key_file };
    if (!o->passphrase_from_stdin)
        return OK;
    if (!fgets(line, sizeof line, stdin))
        return problem(c, ERR_INVALID, S("--passphrase-stdin"), "Standard input holds no passphrase.");
    line[strcspn(line, "\r\n")] = 0;
    if (strlen(line) < PASSPHRASE_LEAST)
        return problem(c, ERR_INVALID, S("--passphrase-stdin"), "A passphrase has %d characters or more.",
                       PASSPHRASE_LEAST);
    ret_secret->passphrase = arena_str(c->arena, str_from(line));
    return OK;
}

static Err backup(Cli *cli, const BackupOptions *o, Str path)
{
    Ctx *c = &cli->ctx;
    SealSecret secret;
    int64_t rows;
    AUTO(sealed_writer_end) SealedWriter *writer = NULL;
    TRY(read_secret(c, o, &secret));
    TRY(sealed_create(c, path, &secret, &writer));
    TRY(cli_audit_now(c, cli->chain, arena_fmt(c->arena, "backup %.*s", STR_ARG(path))));
    DumpSink sink = { sealed_put, writer };
    TRY(dump_write(c, &sink, &progress, &rows));
    TRY(sealed_finish(c, writer));
    end_progress();
    printf("%lld rows are in %.*s\n", (long long)rows, STR_ARG(path));
    return OK;
}

static Err restore(Cli *cli, const BackupOptions *o, Str path)
{
    Ctx *c = &cli->ctx;
    SealSecret secret;
    int64_t rows;
    AUTO(sealed_reader_end) SealedReader *reader = NULL;
    TRY(read_secret(c, o, &secret));
    TRY(sealed_open(c, path, &secret, &reader));
    DumpSource source = { sealed_next_line, reader };
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(dump_read(c, &source, &progress, &rows));
    TRY(cli_audit(c, cli->chain, arena_fmt(c->arena, "restore %.*s", STR_ARG(path))));
    TRY(tx_commit(tx));
    end_progress();
    printf("%lld rows were restored from %.*s; its index was made anew\n", (long long)rows, STR_ARG(path));
    return OK;
}

static int run(int argc, char **argv, const char *line, const char *summary,
               Err (*act)(Cli *, const BackupOptions *, Str))
{
    BackupOptions o = { .db = S(CLI_DB_USUAL) };
    Operands files = { 0 };
    const Option options[] = {
        { "--key-file", "FILE", "the key: a file of 32 bytes or more that is kept elsewhere",
          .text = &o.key_file },
        { "--passphrase-stdin", NULL, "reads a passphrase from standard input instead",
          .flag = &o.passphrase_from_stdin },
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL ")", .text = &o.db },
        { 0 },
    };
    const Usage usage = { line, summary, options, &files };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (files.n != 1 || str_empty(o.key_file) == !o.passphrase_from_stdin) {
        fprintf(stderr, "a file is needed, and either --key-file or --passphrase-stdin\nusage: %s\n", line);
        return EXIT_USAGE;
    }
    Err err = cli_open(&cli, o.db);
    return cli_exit(&cli.ctx, err == OK ? act(&cli, &o, files.at[0]) : err);
}

int cmd_backup(int argc, char **argv)
{
    return run(
        argc, argv, "euthymia backup FILE --key-file FILE [options]",
        "Writes the whole clinic, sealed, into FILE, while the server goes on. What is derived (the search "
        "index)\nis not in it.",
        backup);
}

int cmd_restore(int argc, char **argv)
{
    return run(argc, argv, "euthymia restore FILE --key-file FILE [options]",
               "Brings a backup into an empty database, whole or not at all; on either engine.", restore);
}
