#include "base/time.h"
#include "cli/cli.h"
#include "cli/option.h"

#include <stdio.h>

typedef struct MigrateOptions {
    Str db, may_use;
} MigrateOptions;

static Err run(Ctx *c, const MigrateOptions *o)
{
    int64_t schema;
    TRY(db_migrate(c, o->db, o->may_use, &schema));
    printf("the database has schema %lld\n", (long long)schema);
    if (o->may_use.p)
        printf("%.*s may use it, and only add to the audit and to the history\n", STR_ARG(o->may_use));
    return OK;
}

int cmd_migrate(int argc, char **argv)
{
    MigrateOptions o = { .db = S(CLI_DB_USUAL) };
    const Option options[] = {
        { "--db", "OWNER_URL",
          "postgres://... of the role that owns the tables, or sqlite:FILE (" CLI_DB_USUAL ")",
          .text = &o.db },
        { "--grant", "ROLE", "the role of PostgreSQL that the server runs as: what it needs, and no more",
          .text = &o.may_use },
        { 0 },
    };
    const Usage usage = { "euthymia migrate --db OWNER_URL [--grant ROLE]",
                          "Makes the tables, or brings them up to date after a new release. On SQLite every "
                          "command does that by\nitself; on PostgreSQL none but this one, because 'serve' "
                          "refuses to run as the tables' owner.",
                          options, NULL };
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    return cli_exit(&cli.ctx, run(&cli.ctx, &o));
}
