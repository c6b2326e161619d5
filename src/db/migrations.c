/* The schema, one forward numbering. A row of migrations[] that has been released is never edited: what
 * changes comes as a new row. One text serves both engines; where they differ in what can be said at all, a
 * row has a text for each.
 *
 * Column names ending in _us are microseconds since 1970 UTC. Flags are BIGINT 0 or 1. Text that is absent is
 * NULL only where the column allows it; the index tables write '' instead, so that equality finds it. */
#include "base/time.h"
#include "db/engine.h"

/* clang-format off */

/* The record. body is the resource as it is sent; NULL in a deleted version. resource has the current
 * version, resource_history every one, the current one included. Text is ordered by bytes, so that (type, id)
 * pages. */
static const char record[] =
    "CREATE TABLE resource ("
    "  type TEXT NOT NULL,"
    "  id TEXT NOT NULL,"
    "  version BIGINT NOT NULL,"
    "  updated_us BIGINT NOT NULL,"
    "  deleted BIGINT NOT NULL,"
    "  body TEXT,"
    "  PRIMARY KEY (type, id));"
    "CREATE INDEX resource_by_time ON resource (type, updated_us, id);"
    "CREATE TABLE resource_history ("
    "  type TEXT NOT NULL,"
    "  id TEXT NOT NULL,"
    "  version BIGINT NOT NULL,"
    "  updated_us BIGINT NOT NULL,"
    "  deleted BIGINT NOT NULL,"
    "  body TEXT,"
    "  PRIMARY KEY (type, id, version));"
    /* Which patients a resource belongs to: a chart is one range of this key, access one lookup. */
    "CREATE TABLE compartment ("
    "  patient_id TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  id TEXT NOT NULL,"
    "  PRIMARY KEY (patient_id, type, id));"
    "CREATE INDEX compartment_by_resource ON compartment (type, id);";

/* The search index: rows derived from resource, rebuilt at will. Each table has one index to search by, which
 * ends in id so that a page starts where the last one ended, and one to find a resource's rows when it
 * changes, which ends in what a result is sorted by: SQLite takes the other one for MIN() and MAX() unless this
 * one covers the question. There is no unique key: two names may fold to the same text. PostgreSQL refuses index entries over
 * 2,704 bytes, so whoever fills these tables cuts long texts (and whoever searches cuts alike).
 *
 * low and high are decimals of any size as text that sorts by bytes as the numbers do (fhir/index_text.h): SQL
 * of both engines then compares them exactly, without a floating-point column. */
static const char search_index[] =
    "CREATE TABLE index_token ("
    "  type TEXT NOT NULL, param TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, id TEXT NOT NULL);"
    "CREATE INDEX index_token_by_code ON index_token (type, param, code, system, id);"
    "CREATE INDEX index_token_by_resource ON index_token (type, id, param, code);"

    /* folded: without case and accents, for the usual search; exact: as written, for :exact. */
    "CREATE TABLE index_string ("
    "  type TEXT NOT NULL, param TEXT NOT NULL, folded TEXT NOT NULL, exact TEXT NOT NULL, id TEXT NOT NULL);"
    "CREATE INDEX index_string_by_text ON index_string (type, param, folded, id);"
    "CREATE INDEX index_string_by_resource ON index_string (type, id, param, folded);"

    /* The half-open range that a date, dateTime, instant, Period or Timing covers. */
    "CREATE TABLE index_date ("
    "  type TEXT NOT NULL, param TEXT NOT NULL, from_us BIGINT NOT NULL, to_us BIGINT NOT NULL, id TEXT NOT "
    "NULL);"
    "CREATE INDEX index_date_by_start ON index_date (type, param, from_us, to_us, id);"
    "CREATE INDEX index_date_by_end ON index_date (type, param, to_us, id);"
    "CREATE INDEX index_date_by_resource ON index_date (type, id, param, from_us);"

    "CREATE TABLE index_number ("
    "  type TEXT NOT NULL, param TEXT NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL, id TEXT NOT NULL);"
    "CREATE INDEX index_number_by_value ON index_number (type, param, low, high, id);"
    "CREATE INDEX index_number_by_resource ON index_number (type, id, param, low);"

    "CREATE TABLE index_quantity ("
    "  type TEXT NOT NULL, param TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, unit TEXT NOT NULL,"
    "  low TEXT NOT NULL, high TEXT NOT NULL, id TEXT NOT NULL);"
    "CREATE INDEX index_quantity_by_value ON index_quantity (type, param, low, high, id);"
    "CREATE INDEX index_quantity_by_code ON index_quantity (type, param, code, low, id);"
    "CREATE INDEX index_quantity_by_resource ON index_quantity (type, id, param, low);"

    "CREATE TABLE index_reference ("
    "  type TEXT NOT NULL, param TEXT NOT NULL, target_type TEXT NOT NULL, target_id TEXT NOT NULL,"
    "  id TEXT NOT NULL);"
    "CREATE INDEX index_reference_by_target ON index_reference (type, param, target_id, target_type, id);"
    "CREATE INDEX index_reference_by_resource ON index_reference (type, id, param, target_id);"

    "CREATE TABLE index_uri ("
    "  type TEXT NOT NULL, param TEXT NOT NULL, uri TEXT NOT NULL, id TEXT NOT NULL);"
    "CREATE INDEX index_uri_by_uri ON index_uri (type, param, uri, id);"
    "CREATE INDEX index_uri_by_resource ON index_uri (type, id, param, uri);";

/* The outbox (db/outbox.h). The counter's row is locked from the event to the commit, which puts the numbers
 * in the order of the commits. */
static const char events[] =
    "CREATE TABLE counter ("
    "  name TEXT NOT NULL PRIMARY KEY,"
    "  value BIGINT NOT NULL);"
    "INSERT INTO counter (name, value) VALUES ('event', 0);"
    "CREATE TABLE event ("
    "  number BIGINT NOT NULL PRIMARY KEY,"
    "  at_us BIGINT NOT NULL,"
    "  patient_id TEXT,"
    "  encounter_id TEXT,"
    "  type TEXT NOT NULL,"
    "  id TEXT NOT NULL,"
    "  version BIGINT NOT NULL);";

/* Who may sign in, and what happened. Secrets are stored only as hashes. */
static const char accounts[] =
    /* person_id: the person's Practitioner; two accounts may name the same one. */
    "CREATE TABLE account ("
    "  name TEXT NOT NULL PRIMARY KEY,"
    "  role TEXT NOT NULL,"
    "  person_id TEXT NOT NULL,"
    "  display TEXT NOT NULL,"
    "  password_hash TEXT,"
    "  disabled BIGINT NOT NULL,"
    "  created_us BIGINT NOT NULL);"
    /* kind: 'cookie' or 'bearer'. */
    "CREATE TABLE session ("
    "  token_hash TEXT NOT NULL PRIMARY KEY,"
    "  account TEXT NOT NULL,"
    "  created_us BIGINT NOT NULL,"
    "  last_seen_us BIGINT NOT NULL,"
    "  expires_us BIGINT NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  revoked_us BIGINT);"
    "CREATE INDEX session_by_account ON session (account);"
    /* One row a request. id is a UUIDv7, so the key is the order of time. Rows are only ever added. */
    "CREATE TABLE audit ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  at_us BIGINT NOT NULL,"
    "  account TEXT,"
    "  role TEXT,"
    "  person_id TEXT,"
    "  address TEXT,"
    "  method TEXT NOT NULL,"
    "  path TEXT NOT NULL,"
    "  status BIGINT NOT NULL,"
    "  patient_id TEXT,"
    "  interaction TEXT,"
    "  request_id TEXT,"
    "  reason TEXT);"
    "CREATE INDEX audit_by_patient ON audit (patient_id, at_us);"
    "CREATE INDEX audit_by_account ON audit (account, at_us);"
    /* A form that a patient answers without an account. used_us: when it was completed. Its answers become
     * the QuestionnaireResponse response_id and the Observations item_id (the suicide item) and score_id;
     * task_id is the newest worry that they raised. */
    "CREATE TABLE patient_link ("
    "  token_hash TEXT NOT NULL PRIMARY KEY,"
    "  patient_id TEXT NOT NULL,"
    "  questionnaire TEXT NOT NULL,"
    "  response_id TEXT NOT NULL,"
    "  item_id TEXT NOT NULL,"
    "  score_id TEXT NOT NULL,"
    "  task_id TEXT,"
    "  encounter_id TEXT,"
    "  created_us BIGINT NOT NULL,"
    "  expires_us BIGINT NOT NULL,"
    "  used_us BIGINT);"
    "CREATE INDEX patient_link_by_patient ON patient_link (patient_id);"
    /* A write that may be repeated, and its answer. state: 'running' or 'done'. */
    "CREATE TABLE idempotency ("
    "  key TEXT NOT NULL,"
    "  account TEXT NOT NULL,"
    "  method TEXT NOT NULL,"
    "  path TEXT NOT NULL,"
    "  body_hash TEXT NOT NULL,"
    "  status BIGINT,"
    "  headers TEXT,"
    "  body TEXT,"
    "  created_us BIGINT NOT NULL,"
    "  state TEXT NOT NULL,"
    "  PRIMARY KEY (key, account));"
    "CREATE INDEX idempotency_by_time ON idempotency (created_us);";

/* What must never change is refused by the engine itself, also to us: audit rows, and past versions. */
static const char add_only_sqlite[] =
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'rows of audit are only added'); END;"
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'rows of audit are only added'); END;"
    "CREATE TRIGGER resource_history_no_update BEFORE UPDATE ON resource_history"
    "  BEGIN SELECT RAISE(ABORT, 'rows of resource_history are only added'); END;"
    "CREATE TRIGGER resource_history_no_delete BEFORE DELETE ON resource_history"
    "  BEGIN SELECT RAISE(ABORT, 'rows of resource_history are only added'); END;";

static const char add_only_postgres[] =
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
    "  $$ BEGIN RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME; END $$;"
    "CREATE TRIGGER audit_add_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    "  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
    "CREATE TRIGGER resource_history_add_only BEFORE UPDATE OR DELETE OR TRUNCATE ON resource_history"
    "  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";

/* The audit's rows in chains (server/chain.h): chain and number name a row, hash covers it and the one before.
 * Rows from before have none. */
static const char audit_chains[] =
    "ALTER TABLE audit ADD COLUMN chain TEXT;"
    "ALTER TABLE audit ADD COLUMN number BIGINT;"
    "ALTER TABLE audit ADD COLUMN hash TEXT;"
    "CREATE UNIQUE INDEX audit_by_chain ON audit (chain, number);";

/* A second factor at the sign-in (server/totp.h): its secret, and the newest step whose code was used. */
static const char second_factor[] =
    "ALTER TABLE account ADD COLUMN second_factor TEXT;"
    "ALTER TABLE account ADD COLUMN second_factor_step BIGINT;";

/* Rows of a composite's parts carry their element (fhir/index.h). What refers to a resource is found by the
 * resource alone, whatever refers to it: target_id leads. History is paged by time. */
static const char composites_and_history[] =
    "ALTER TABLE index_token ADD COLUMN element BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE index_string ADD COLUMN element BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE index_date ADD COLUMN element BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE index_number ADD COLUMN element BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE index_quantity ADD COLUMN element BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE index_reference ADD COLUMN element BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE index_uri ADD COLUMN element BIGINT NOT NULL DEFAULT 0;"
    "DROP INDEX index_reference_by_target;"
    "CREATE INDEX index_reference_by_target ON index_reference (target_id, type, param, target_type, id);"
    "CREATE INDEX resource_history_by_time ON resource_history (updated_us, type, id, version);";

/* Fewer pages change with a write. A token is looked up by its code and then, for one resource among many, by
 * the id: all resources with one code lie together, so that is cheaper than to look at each resource's rows.
 * The rows of a resource are found to be forgotten and to be sorted by: its type and id are enough. */
static const char lean_index[] =
    "DROP INDEX index_token_by_code;"
    "CREATE INDEX index_token_by_code ON index_token (type, param, code, id, system);"
    "DROP INDEX index_quantity_by_code;"
    "DROP INDEX index_token_by_resource;"
    "DROP INDEX index_string_by_resource;"
    "DROP INDEX index_number_by_resource;"
    "DROP INDEX index_quantity_by_resource;"
    "DROP INDEX index_reference_by_resource;"
    "DROP INDEX index_uri_by_resource;"
    "CREATE INDEX index_token_by_resource ON index_token (type, id);"
    "CREATE INDEX index_string_by_resource ON index_string (type, id);"
    "CREATE INDEX index_number_by_resource ON index_number (type, id);"
    "CREATE INDEX index_quantity_by_resource ON index_quantity (type, id);"
    "CREATE INDEX index_reference_by_resource ON index_reference (type, id);"
    "CREATE INDEX index_uri_by_resource ON index_uri (type, id);";

/* Who may see a patient beside those whom the record relates to the patient (fhir/relation.h). kind: 'registered' or
 * 'broke-glass', which somebody else looks at afterwards. */
static const char access_grants[] =
    "CREATE TABLE access_grant ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  kind TEXT NOT NULL,"
    "  person_id TEXT NOT NULL,"
    "  display TEXT NOT NULL,"
    "  patient_id TEXT NOT NULL,"
    "  reason TEXT NOT NULL,"
    "  from_us BIGINT NOT NULL,"
    "  until_us BIGINT NOT NULL,"
    "  reviewed_us BIGINT,"
    "  reviewed_by TEXT,"
    "  review TEXT);"
    "CREATE INDEX access_grant_by_person ON access_grant (person_id, until_us);"
    "CREATE INDEX access_grant_by_kind ON access_grant (kind, id);";

/* A session that nobody uses is locked until its person says the password again. */
static const char session_lock[] =
    "ALTER TABLE session ADD COLUMN locked_us BIGINT;";

/* What is known of a Subscription's deliveries (server/notifier.h), and the events that concern it. A lease is work
 * that one of several servers does. */
static const char subscriptions[] =
    "CREATE TABLE subscription ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  version BIGINT NOT NULL,"
    "  position BIGINT NOT NULL,"
    "  events BIGINT NOT NULL,"
    "  delivered BIGINT NOT NULL,"
    "  failures BIGINT NOT NULL,"
    "  next_us BIGINT NOT NULL,"
    "  contacted_us BIGINT NOT NULL,"
    "  why TEXT);"
    "CREATE TABLE subscription_event ("
    "  id TEXT NOT NULL,"
    "  number BIGINT NOT NULL,"
    "  at_us BIGINT NOT NULL,"
    "  version BIGINT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  resource_id TEXT NOT NULL,"
    "  patient_id TEXT,"
    "  PRIMARY KEY (id, number));"
    "CREATE TABLE lease ("
    "  name TEXT NOT NULL PRIMARY KEY,"
    "  holder TEXT NOT NULL,"
    "  until_us BIGINT NOT NULL);";

/* The record and its index once more, by less writing. A resource has a number, by which the rows derived from it name
 * it: short, and kept for ever (db.h db_number). What is searched by is a table's own order on SQLite, which then keeps
 * a row once in that order and once by its resource; PostgreSQL has an index for it. The end of a range is indexed
 * only where it is_long: more than a day after its start; the others are found by their start. patient_id and at_us stand
 * in rows of a code (fhir/definitions.h is_by_patient), else '' and 0: a patient's resources with one code are found at
 * once, however many the patient or the code has, and by their time. All of it is derived anew when the database is next
 * opened to serve (INDEX_RULE). */
#define NUMBER_BLOCKS "CREATE TABLE number_block (name TEXT NOT NULL PRIMARY KEY, newest BIGINT NOT NULL);"
#define DROP_INDEX_TABLES \
    "DROP TABLE index_token; DROP TABLE index_string; DROP TABLE index_date; DROP TABLE index_number;" \
    "DROP TABLE index_quantity; DROP TABLE index_reference; DROP TABLE index_uri; DROP TABLE compartment;"
/* ORDER ends a table: its name, what is searched by, and what makes that unique. */
#define NUMBERED_INDEX_TABLES(ORDER) \
    "CREATE TABLE index_token (" \
    "  number BIGINT NOT NULL, type TEXT NOT NULL, param TEXT NOT NULL, element BIGINT NOT NULL, system TEXT NOT NULL," \
    "  code TEXT NOT NULL, patient_id TEXT NOT NULL, at_us BIGINT NOT NULL" ORDER("index_token", "type, param, code, number", ", system, element") \
    "CREATE TABLE index_string (" \
    "  number BIGINT NOT NULL, type TEXT NOT NULL, param TEXT NOT NULL, element BIGINT NOT NULL, folded TEXT NOT NULL," \
    "  exact TEXT NOT NULL" ORDER("index_string", "type, param, folded, number", ", exact, element") \
    "CREATE TABLE index_date (" \
    "  number BIGINT NOT NULL, type TEXT NOT NULL, param TEXT NOT NULL, element BIGINT NOT NULL, from_us BIGINT NOT NULL," \
    "  to_us BIGINT NOT NULL, is_long BIGINT NOT NULL" ORDER("index_date", "type, param, from_us, to_us, number", ", element") \
    "CREATE TABLE index_number (" \
    "  number BIGINT NOT NULL, type TEXT NOT NULL, param TEXT NOT NULL, element BIGINT NOT NULL, low TEXT NOT NULL," \
    "  high TEXT NOT NULL" ORDER("index_number", "type, param, low, high, number", ", element") \
    "CREATE TABLE index_quantity (" \
    "  number BIGINT NOT NULL, type TEXT NOT NULL, param TEXT NOT NULL, element BIGINT NOT NULL, system TEXT NOT NULL," \
    "  code TEXT NOT NULL, unit TEXT NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL" \
        ORDER("index_quantity", "type, param, low, high, number", ", element, code, system, unit") \
    "CREATE TABLE index_reference (" \
    "  number BIGINT NOT NULL, type TEXT NOT NULL, param TEXT NOT NULL, element BIGINT NOT NULL, target_type TEXT NOT NULL," \
    "  target_id TEXT NOT NULL" ORDER("index_reference", "target_id, type, param, target_type, number", ", element") \
    "CREATE TABLE index_uri (" \
    "  number BIGINT NOT NULL, type TEXT NOT NULL, param TEXT NOT NULL, element BIGINT NOT NULL, uri TEXT NOT NULL" \
        ORDER("index_uri", "type, param, uri, number", ", element") \
    "CREATE TABLE compartment (" \
    "  patient_id TEXT NOT NULL, type TEXT NOT NULL, number BIGINT NOT NULL" \
        ORDER("compartment", "patient_id, type, number", "") \
    "CREATE INDEX index_token_by_resource ON index_token (number, param);" \
    "CREATE INDEX index_token_by_patient ON index_token (patient_id, type, param, code, at_us, number) WHERE patient_id <> '';" \
    "CREATE INDEX index_string_by_resource ON index_string (number, param);" \
    "CREATE INDEX index_date_by_resource ON index_date (number, param, from_us);" \
    "CREATE INDEX index_date_by_end ON index_date (type, param, to_us, number) WHERE is_long = 1;" \
    "CREATE INDEX index_number_by_resource ON index_number (number, param);" \
    "CREATE INDEX index_quantity_by_resource ON index_quantity (number, param);" \
    "CREATE INDEX index_reference_by_resource ON index_reference (number, param);" \
    "CREATE INDEX index_uri_by_resource ON index_uri (number, param);" \
    "CREATE INDEX compartment_by_resource ON compartment (number);"

#define ORDER_SQLITE(table, columns, unique) ", PRIMARY KEY (" columns unique ")) WITHOUT ROWID;"
static const char numbered_sqlite[] =
    NUMBER_BLOCKS DROP_INDEX_TABLES
    NUMBERED_INDEX_TABLES(ORDER_SQLITE)
    "ALTER TABLE resource RENAME TO resource_before;"
    "DROP INDEX resource_by_time;"
    "CREATE TABLE resource ("
    "  number INTEGER PRIMARY KEY," /* on SQLite the row's own */
    "  type TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, updated_us BIGINT NOT NULL,"
    "  deleted BIGINT NOT NULL, body TEXT, UNIQUE (type, id));"
    "INSERT INTO resource (type, id, version, updated_us, deleted, body)"
    "  SELECT type, id, version, updated_us, deleted, body FROM resource_before ORDER BY type, id;"
    "DROP TABLE resource_before;"
    "CREATE INDEX resource_by_time ON resource (type, updated_us, id);"
    "ALTER TABLE event RENAME TO event_before;"
    "CREATE TABLE event ("
    "  number BIGINT NOT NULL PRIMARY KEY, at_us BIGINT NOT NULL, patient_id TEXT, encounter_id TEXT,"
    "  type TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO event SELECT number, at_us, patient_id, encounter_id, type, id, version FROM event_before;"
    "DROP TABLE event_before;";

#define ORDER_POSTGRES(table, columns, unique) "); CREATE INDEX " table "_by_value ON " table " (" columns ");"
static const char numbered_postgres[] =
    NUMBER_BLOCKS DROP_INDEX_TABLES
    NUMBERED_INDEX_TABLES(ORDER_POSTGRES)
    "ALTER TABLE resource ADD COLUMN number BIGINT;"
    "UPDATE resource SET number = n.number FROM"
    "  (SELECT type, id, ROW_NUMBER() OVER (ORDER BY type, id) AS number FROM resource) AS n"
    "  WHERE n.type = resource.type AND n.id = resource.id;"
    "ALTER TABLE resource ALTER COLUMN number SET NOT NULL;"
    "CREATE UNIQUE INDEX resource_by_number ON resource (number);";

/* clang-format on */

typedef struct Migration {
    int64_t number;
    const char *text; /* for both engines, or */
    const char *sqlite, *postgres;
} Migration;

static const Migration migrations[] = {
    { 1, .text = record },
    { 2, .text = search_index },
    { 3, .text = events },
    { 4, .text = accounts },
    { 5, .sqlite = add_only_sqlite, .postgres = add_only_postgres },
    { 6, .text = audit_chains },
    { 7, .text = second_factor },
    { 8, .text = composites_and_history },
    { 9, .text = lean_index },
    { 10, .text = access_grants },
    { 11, .text = session_lock },
    { 12, .text = subscriptions },
    { 13, .sqlite = numbered_sqlite, .postgres = numbered_postgres },
};
static const size_t migrations_n = sizeof migrations / sizeof migrations[0];

int64_t schema_newest(void)
{
    return migrations[migrations_n - 1].number;
}

static const char *text_for(const Migration *m, const Db *db)
{
    return m->text ? m->text : db->engine->one_writer ? m->sqlite : m->postgres;
}

static Err script(Ctx *c, const char *text)
{
    Connection *k = c->tx->connection;
    Err e = c->db->engine->script(k, text);
    return e == OK ? OK : report(c, e, k->trouble, NULL);
}

/* 0 for a new database. */
static Err newest_applied(Ctx *c, int64_t *ret_number)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT number FROM migration ORDER BY number DESC LIMIT 1"), NO_ARGS, &rows));
    *ret_number = rows_next(rows) ? rows_int(rows, 0) : 0;
    return rows_error(rows);
}

static Err apply(Ctx *c, const Migration *m)
{
    TRY(script(c, text_for(m, c->db)));
    return db_exec(c, SQL("INSERT INTO migration (number, applied_us) VALUES ($1, $2)"),
                   ARGS(I(m->number), I(clock_now_us())));
}

static Err refuse_later(Ctx *c, int64_t applied)
{
    if (applied <= schema_newest())
        return OK;
    return problem(c, ERR_INTERNAL, STR_NONE,
                   "the database is of a later release (schema %lld) than this program (schema %lld)",
                   (long long)applied, (long long)schema_newest());
}

static Err apply_missing(Ctx *c)
{
    if (c->db->engine->migration_lock)
        TRY(script(c, c->db->engine->migration_lock));
    TRY(script(c, "CREATE TABLE IF NOT EXISTS migration"
                  " (number BIGINT NOT NULL PRIMARY KEY, applied_us BIGINT NOT NULL)"));
    int64_t applied = 0;
    TRY(newest_applied(c, &applied));
    TRY(refuse_later(c, applied));
    for (size_t i = 0; i < migrations_n; i++)
        if (migrations[i].number > applied)
            TRY(apply(c, &migrations[i]));
    return OK;
}

/* The role's name cannot be an argument of GRANT; as a setting it is quoted by PostgreSQL itself. */
static Err let_use(Ctx *c, Str role)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query_composed(c, "SELECT set_config('euthymia.may_use', $1, true)", ARGS(T(role)), &rows));
    return script(c, "DO $$ DECLARE role TEXT := current_setting('euthymia.may_use'); entry RECORD; BEGIN"
                     "  IF role = current_user THEN RAISE EXCEPTION 'the owner of the tables needs no grant:"
                     " name the role that the server will run as'; END IF;"
                     "  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role);"
                     "  FOR entry IN SELECT relname FROM pg_class"
                     "      WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' LOOP"
                     "    EXECUTE format('REVOKE ALL ON %I FROM %I', entry.relname, role);"
                     "    EXECUTE format('GRANT %s ON %I TO %I', CASE"
                     "      WHEN entry.relname = 'migration' THEN 'SELECT'"
                     "      WHEN entry.relname IN ('audit', 'resource_history') THEN 'SELECT, INSERT'"
                     "      ELSE 'SELECT, INSERT, UPDATE, DELETE' END, entry.relname, role);"
                     "  END LOOP; END $$");
}

/* A table that PostgreSQL does not have would be an error of its own words. */
static Err has_schema(Ctx *c, bool *ret_has)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query_composed(c, "SELECT 1 FROM pg_class WHERE oid = to_regclass('migration')", NO_ARGS, &rows));
    *ret_has = rows_next(rows);
    return rows_error(rows);
}

static Err check_schema(Ctx *c)
{
    int64_t applied = 0;
    bool has = false;
    TRY(has_schema(c, &has));
    if (has)
        TRY(newest_applied(c, &applied));
    TRY(refuse_later(c, applied));
    if (applied == schema_newest())
        return OK;
    return problem(
        c, ERR_INTERNAL, STR_NONE,
        "the database has schema %lld and this program needs %lld: as the owner of its tables, run "
        "'euthymia migrate --db OWNER_URL --grant ROLE'",
        (long long)applied, (long long)schema_newest());
}

static Err migrate_in_transaction(Ctx *c, Str may_use)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(apply_missing(c));
    if (may_use.p)
        TRY(let_use(c, may_use));
    return tx_commit(tx);
}

/* The caller's context with this database in it: the caller may have another one open. */
static Ctx within(const Ctx *c, Db *db)
{
    Ctx own = *c;
    own.db = db;
    own.tx = NULL;
    return own;
}

Err migrate(Ctx *c, Db *db, Str may_use)
{
    Ctx own = within(c, db);
    Err e = migrate_in_transaction(&own, may_use);
    c->problems = own.problems;
    return e;
}

Err schema_check(Ctx *c, Db *db)
{
    Ctx own = within(c, db);
    Err e = check_schema(&own);
    c->problems = own.problems;
    return e;
}
