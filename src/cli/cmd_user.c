#include "base/json.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "server/account.h"
#include "server/totp.h"

#include <stdio.h>

typedef struct UserOptions {
    Str db, role, display, person, same_as;
    bool password_from_stdin, json, off;
} UserOptions;

/* The first line of standard input, without its end. */
static Err read_password(Ctx *c, Str *ret_password)
{
    char line[PASSWORD_MAX_BYTES + 3];
    if (!fgets(line, sizeof line, stdin))
        return problem(c, ERR_INVALID, S("--password-stdin"), "Standard input holds no password.");
    Str password = str_from(line);
    while (password.n && (password.p[password.n - 1] == '\n' || password.p[password.n - 1] == '\r'))
        password.n--;
    *ret_password = arena_str(c->arena, password);
    return OK;
}

static Err add_user(Ctx *c, Str chain, const UserOptions *o, Str name)
{
    Account same;
    Str person_id;
    NewAccount account = {
        .name = name, .role = role_from_name(o->role), .display = o->display, .person_id = o->person
    };
    if (o->password_from_stdin)
        TRY(read_password(c, &account.password));
    if (o->same_as.p) {
        if (account_find(c, o->same_as, &same) != OK)
            return problem(c, ERR_NOT_FOUND, S("--same-person-as"), "There is no account named %.*s.",
                           STR_ARG(o->same_as));
        account.person_id = same.person_id;
        if (!account.display.p)
            account.display = same.display;
    }
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(account_add(c, &account, &person_id));
    TRY(cli_audit(c, chain, arena_fmt(c->arena, "user add %.*s", STR_ARG(name))));
    TRY(tx_commit(tx));
    if (o->json) {
        Str text = json_build(c->arena, "{'account':%s,'role':%s,'personId':%s}", name, o->role, person_id);
        printf("%.*s\n", STR_ARG(text));
    } else {
        printf("%.*s, %.*s, may sign in. Practitioner/%.*s\n", STR_ARG(name), STR_ARG(o->role),
               STR_ARG(person_id));
    }
    return OK;
}

/* The secret is shown once, for the authenticator. */
static Err set_second_factor(Ctx *c, Str chain, Str name, bool off)
{
    Str secret = off ? STR_NONE : totp_secret(c->arena, c->random);
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    Err err = account_set_second_factor(c, name, secret);
    if (err == ERR_NOT_FOUND)
        return problem(c, err, S("NAME"), "There is no account named %.*s.", STR_ARG(name));
    TRY(err);
    TRY(cli_audit(c, chain,
                  arena_fmt(c->arena, "user second-factor %.*s%s", STR_ARG(name), off ? " --off" : "")));
    TRY(tx_commit(tx));
    if (off) {
        printf("%.*s signs in with the password alone\n", STR_ARG(name));
        return OK;
    }
    Str address = totp_address(c->arena, secret, name);
    printf("%.*s\nEnter it in an authenticator now: it is shown once. From the next sign-in on a code is "
           "needed.\n",
           STR_ARG(address));
    return OK;
}

static bool asked_for(const Operands *operands, const char *action)
{
    return operands->n == 2 && str_is(operands->at[0], action);
}

int cmd_user(int argc, char **argv)
{
    UserOptions o = { .db = S(CLI_DB_USUAL) };
    Operands operands = { 0 };
    const Option options[] = {
        { "--role", "ROLE", "physician, nurse, admin, researcher or system", .text = &o.role },
        { "--password-stdin", NULL, "reads the password from standard input; without it, tokens only",
          .flag = &o.password_from_stdin },
        { "--display", "TEXT", "the name that others see, such as \"Dr Priya Raman\"", .text = &o.display },
        { "--person", "ID", "the person's Practitioner, where there is one already", .text = &o.person },
        { "--same-person-as", "NAME", "a second account of one person, who still signs as one",
          .text = &o.same_as },
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL "); created where missing",
          .text = &o.db },
        { "--off", NULL, "with second-factor: no code is asked for any more", .flag = &o.off },
        { "--json", NULL, "prints the account as JSON", .flag = &o.json },
        { 0 },
    };
    const Usage usage = {
        "euthymia user add NAME --role ROLE [options]\n       euthymia user second-factor NAME "
        "[--off] [--db URL]",
        "Adds an account, or makes the sign-in of one ask for a code of an authenticator.", options, &operands
    };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (asked_for(&operands, "second-factor")) {
        Err opened = cli_open(&cli, o.db);
        return cli_exit(&cli.ctx, opened == OK ? set_second_factor(&cli.ctx, cli.chain, operands.at[1], o.off)
                                               : opened);
    }
    if (!asked_for(&operands, "add") || role_from_name(o.role) == ROLE_NONE) {
        fprintf(stderr, "a name and a role are needed\nusage: %s\n", usage.line);
        return EXIT_USAGE;
    }
    Err err = cli_open(&cli, o.db);
    return cli_exit(&cli.ctx, err == OK ? add_user(&cli.ctx, cli.chain, &o, operands.at[1]) : err);
}
