#include "base/json.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "server/account.h"

#include <stdio.h>

typedef struct UserOptions {
    Str db, role, display, person, same_as;
    bool password_from_stdin, json;
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

int cmd_user(int argc, char **argv)
{
    UserOptions o = { .db = S(CLI_DB_USUAL) };
    Operands operands = { 0 };
    const Option options[] = {
        { "--role", "ROLE", "physician, nurse, admin or system", .text = &o.role },
        { "--password-stdin", NULL, "reads the password from standard input; without it, tokens only",
          .flag = &o.password_from_stdin },
        { "--display", "TEXT", "the name that others see, such as \"Dr Priya Raman\"", .text = &o.display },
        { "--person", "ID", "the person's Practitioner, where there is one already", .text = &o.person },
        { "--same-person-as", "NAME", "a second account of one person, who still signs as one",
          .text = &o.same_as },
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL "); created where missing",
          .text = &o.db },
        { "--json", NULL, "prints the account as JSON", .flag = &o.json },
        { 0 },
    };
    const Usage usage = { "euthymia user add NAME --role ROLE [options]", "Adds an account.", options,
                          &operands };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (operands.n != 2 || !str_is(operands.at[0], "add") || role_from_name(o.role) == ROLE_NONE) {
        fprintf(stderr, "a name and a role are needed\nusage: %s\n", usage.line);
        return EXIT_USAGE;
    }
    Err err = cli_open(&cli, o.db);
    return cli_exit(&cli.ctx, err == OK ? add_user(&cli.ctx, cli.chain, &o, operands.at[1]) : err);
}
