/* The commands: one table, one file a command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "db/db.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* argv[0] is the command's name. Each prints its own --help. */
typedef int CommandFn(int argc, char **argv);

typedef struct Command {
    const char *name, *summary;
    CommandFn *run;
} Command;

/* argv[0] is the program's name. */
int cli_main(int argc, char **argv);

CommandFn cmd_serve, cmd_migrate, cmd_import, cmd_user, cmd_token, cmd_verify, cmd_backup, cmd_restore,
    cmd_export, cmd_simulate, cmd_trial, cmd_forecast, cmd_advise, cmd_fit;

/* ---- for the commands ---- */

#define CLI_DB_USUAL "sqlite:clinic.db"

/* What a command works in: its arena, its database, and the machine as its user. */
typedef struct Cli {
    Arena *arena;
    Random random;
    Ctx ctx;
    Str chain; /* of its own, in the audit */
} Cli;

Cli cli_begin(void);
/* Opens the database into cli->ctx, which from then on stays at its address. */
MUST_USE Err cli_open(Cli *cli, Str db_url);
/* The same through a pooler in transaction mode. */
MUST_USE Err cli_open_pooled(Cli *cli, Str db_url);
/* Closes what is open; for AUTO(cli_end). */
void cli_end(Cli *cli);
/* The audit row of what the command does ("user add raman"), in the transaction under way. */
MUST_USE Err cli_audit(Ctx *c, Str chain, Str what);
/* The same in a transaction of its own. */
MUST_USE Err cli_audit_now(Ctx *c, Str chain, Str what);
/* The whole of a file, or of standard input for "-". ERR_NOT_FOUND, ERR_TOO_LARGE over LIMIT_BODY_BYTES. */
MUST_USE Err cli_read(Ctx *c, Str path, Str *ret_text);
/* Says on standard error why it failed; EXIT_FAILED, or EXIT_DONE for OK. */
int cli_exit(const Ctx *c, Err err);

#endif
