#include "base/log.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/demo.h"
#include "cli/option.h"
#include "fhir/index.h"
#include "server/account.h"
#include "server/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef struct ServeOptions {
    Str listen, db, now, zone, public_url, tls_cert, tls_key, audit_files;
    bool demo, db_pooled, own_patients;
    Operands notify_to;
} ServeOptions;

static bool is_https(const ServeOptions *o)
{
    return !str_empty(o->tls_cert) || str_starts(o->public_url, S("https://"));
}

static Err check_options(Ctx *c, const ServeOptions *o)
{
    TimeRange now;
    if (str_empty(o->tls_cert) != str_empty(o->tls_key))
        return problem(c, ERR_INVALID, S("--tls-cert"), "--tls-cert and --tls-key come together.");
    if (o->public_url.p && !str_starts(o->public_url, S("https://")) &&
        !str_starts(o->public_url, S("http://")))
        return problem(c, ERR_INVALID, S("--public-url"),
                       "An address such as https://clinic.example is needed.");
    if (o->demo && is_https(o))
        return problem(c, ERR_INVALID, S("--demo"),
                       "Everybody knows the demo's password: it is for this machine only.");
    if (o->now.p && !time_parse(o->now, &now))
        return problem(c, ERR_INVALID, S("--now"), "A time such as 2026-11-17T10:42:00Z is needed.");
    if (o->now.p)
        clock_set(now.from_us);
    if (!time_zone_set(arena_cstr(c->arena, o->zone)))
        return problem(c, ERR_INVALID, S("--zone"), "This system knows no time zone %.*s.", STR_ARG(o->zone));
    return OK;
}

/* ---- the demo clinic ---- */

static Err has_patient(Ctx *c, bool *ret_has)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT id FROM resource WHERE type = 'Patient' AND deleted = 0 LIMIT 1"), NO_ARGS,
                 &rows));
    *ret_has = rows_next(rows);
    return rows_error(rows);
}

static Err add_demo_account(Ctx *c, const DemoAccount *row)
{
    Account there;
    Str person_id;
    Err err = account_find(c, str_from(row->name), &there);
    if (err != ERR_NOT_FOUND)
        return err;
    NewAccount account = { .name = str_from(row->name),
                           .role = row->role,
                           .password = S(DEMO_PASSWORD),
                           .display = str_from(row->display) };
    return account_add(c, &account, &person_id);
}

static Err open_demo(Ctx *c)
{
    bool has = false;
    for (const DemoAccount *row = demo_accounts; row->name; row++)
        TRY(add_demo_account(c, row));
    TRY(has_patient(c, &has));
    if (!has)
        TRY(demo_fill(c));
    fprintf(stderr, "This is the demo clinic: nobody in it is real. Sign in with the password '%s' as\n",
            DEMO_PASSWORD);
    for (const DemoAccount *row = demo_accounts; row->name; row++)
        fprintf(stderr, "  %-12s %s, %.*s\n", row->name, row->display, STR_ARG(role_name(row->role)));
    return OK;
}

/* ---- running ---- */

static Err read_text_file(Ctx *c, Str path, const char **ret_text)
{
    if (str_empty(path))
        return OK;
    char text[64 * 1024];
    FILE *file = fopen(arena_cstr(c->arena, path), "re");
    size_t n = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        (void)fclose(file);
    if (n == 0 || n == sizeof text)
        return problem(c, ERR_INVALID, path, "The file cannot be read, or is no PEM file.");
    *ret_text = arena_cstr(c->arena, (Str){ text, n });
    return OK;
}

static void block_signals(sigset_t *ret_ending)
{
    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(ret_ending);
    sigaddset(ret_ending, SIGTERM);
    sigaddset(ret_ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_ending, NULL);
}

/* Beside the SQLite file. A PostgreSQL has no place of its own here. */
static Str audit_files(Arena *a, const ServeOptions *o)
{
    if (o->audit_files.p || str_starts(o->db, S("postgres")))
        return o->audit_files;
    Str file = str_starts(o->db, S("sqlite:")) ? str_slice(o->db, strlen("sqlite:"), SIZE_MAX) : o->db;
    return arena_fmt(a, "%.*s-audit", STR_ARG(file));
}

static Err run(Ctx *c, const ServeOptions *o, const sigset_t *ending)
{
    Server *server;
    ServerOptions options = { .listen = o->listen,
                              .public_url = o->public_url,
                              .audit_files = audit_files(c->arena, o),
                              .notify_to = o->notify_to.at,
                              .n_notify_to = o->notify_to.n,
                              .own_patients_only = o->own_patients,
                              .demo = o->demo };
    TRY(read_text_file(c, o->tls_cert, &options.tls_cert));
    TRY(read_text_file(c, o->tls_key, &options.tls_key));
    if (o->demo)
        TRY(open_demo(c));
    TRY(server_start(c, &options, &server));
    printf("euthymia is ready at %.*s\n", STR_ARG(server_url(server)));
    (void)fflush(stdout);
    int received;
    (void)sigwait(ending, &received);
    log_line(LOG_INFO, "stopping");
    server_stop(server);
    return OK;
}

int cmd_serve(int argc, char **argv)
{
    ServeOptions o = { .listen = S("127.0.0.1:8080"), .db = S(CLI_DB_USUAL), .zone = S("America/New_York") };
    const Option options[] = {
        { "--listen", "ADDRESS:PORT", "where to listen (127.0.0.1:8080; port 0: a free one)",
          .text = &o.listen },
        { "--db", "URL", "sqlite:FILE or postgres://... (" CLI_DB_USUAL ")", .text = &o.db },
        { "--db-pooled", NULL, "the URL is a pooler's in transaction mode (pgbouncer)",
          .flag = &o.db_pooled },
        { "--public-url", "URL", "how it is reached from outside, where a proxy stands before it",
          .text = &o.public_url },
        { "--tls-cert", "FILE", "certificate chain, PEM", .text = &o.tls_cert },
        { "--tls-key", "FILE", "its key, PEM", .text = &o.tls_key },
        { "--zone", "NAME", "the clinic's time zone (America/New_York)", .text = &o.zone },
        { "--audit-files", "PREFIX",
          "where the audit's signing key and its reserve for a full disk lie (beside the SQLite file; with "
          "PostgreSQL there are none without it)",
          .text = &o.audit_files },
        { "--own-patients", NULL,
          "physicians and nurses see only patients on whose care team they are, or with whom they have a "
          "visit or "
          "appointment within 30 days; without it, all patients of the clinic",
          .flag = &o.own_patients },
        { "--notify-to", "URL",
          "Subscriptions may send to addresses that begin so; again for another one. Without it nothing is "
          "sent",
          .texts = &o.notify_to },
        { "--demo", NULL, "fills an empty database with the demo clinic", .flag = &o.demo },
        { "--now", "TIME", "sets the clock: for tests and the demo only", .text = &o.now },
        { 0 },
    };
    const Usage usage = { "euthymia serve [options]",
                          "Runs the clinic until SIGTERM. Prints one line when it is ready.", options, NULL };
    sigset_t ending;
    block_signals(&ending);
    AUTO(cli_end) Cli cli = cli_begin();
    OptionsRead read = options_read(cli.arena, &usage, argc, argv);
    if (read != OPTIONS_RUN)
        return read == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    Err err = check_options(&cli.ctx, &o);
    if (err != OK) {
        (void)cli_exit(&cli.ctx, err);
        return EXIT_USAGE;
    }
    cli.ctx.now_us = clock_now_us();
    err = o.db_pooled ? cli_open_pooled(&cli, o.db) : cli_open(&cli, o.db);
    if (err == OK)
        err = db_check_add_only(&cli.ctx);
    if (err == OK)
        err = index_refresh(&cli.ctx);
    return cli_exit(&cli.ctx, err == OK ? run(&cli.ctx, &o, &ending) : err);
}
