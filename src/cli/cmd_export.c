#include "cli/cli.h"
#include "cli/option.h"
#include "server/dump.h"

#include <stdio.h>

static bool put(void *to, Str text)
{
    return fwrite(text.p, 1, text.n, to) == text.n;
}

/* The audit says first that everything was read. */
static Err export(Ctx *c, Str chain)
{
    int64_t rows;
    TRY(cli_audit_now(c, chain, S("export")));
    DumpSink sink = { put, stdout };
    TRY(dump_write(c, &sink, &(DumpProgress){ 0 }, &rows));
    return fflush(stdout) == 0 ? OK : problem(c, ERR_UNAVAILABLE, STR_NONE, "the copy cannot be written");
}

int cmd_export(int argc, char **argv)
{
    Str db = S(CLI_DB_USUAL);
    const Option options[] = {
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL ")", .text = &db },
        { 0 },
    };
    const Usage usage = { "euthymia export [options] > FILE",
                          "Prints the whole clinic as lines of JSON, unsealed: to move it to another engine "
                          "(euthymia import FILE\ninto an empty database). For a copy to keep, use backup.",
                          options, NULL };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    Err err = cli_open(&cli, db);
    return cli_exit(&cli.ctx, err == OK ? export(&cli.ctx, cli.chain) : err);
}
