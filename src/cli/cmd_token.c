#include "cli/cli.h"
#include "cli/option.h"
#include "server/account.h"
#include "server/session.h"

#include <stdio.h>

enum { DAYS_USUAL = 30, DAYS_MOST = 366 };

static Err make_token(Ctx *c, Str chain, Str name, int64_t days)
{
    Account account;
    Str secret;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    if (account_find(c, name, &account) != OK)
        return problem(c, ERR_NOT_FOUND, S("NAME"), "There is no account named %.*s.", STR_ARG(name));
    TRY(session_open(c, SESSION_BEARER, account.name, c->now_us + days * US_PER_DAY, &secret));
    TRY(cli_audit(c, chain, arena_fmt(c->arena, "token %.*s", STR_ARG(name))));
    TRY(tx_commit(tx));
    printf("%.*s\n", STR_ARG(secret));
    return OK;
}

int cmd_token(int argc, char **argv)
{
    Str db = S(CLI_DB_USUAL), days_text = STR_NONE;
    int64_t days = DAYS_USUAL;
    Operands operands = { 0 };
    const Option options[] = {
        { "--days", "N", "how long it lives (30)", .text = &days_text },
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL ")", .text = &db },
        { 0 },
    };
    const Usage usage = { "euthymia token NAME [options]",
                          "Prints one bearer token of an account, and nothing else. It is stored nowhere.",
                          options, &operands };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    bool days_wrong = days_text.p && (!str_to_int(days_text, &days) || days < 1 || days > DAYS_MOST);
    if (operands.n != 1 || days_wrong) {
        fprintf(stderr, "%s\nusage: %s\n", days_wrong ? "--days is 1 to 366" : "a name is needed",
                usage.line);
        return EXIT_USAGE;
    }
    Err err = cli_open(&cli, db);
    return cli_exit(&cli.ctx, err == OK ? make_token(&cli.ctx, cli.chain, operands.at[0], days) : err);
}
