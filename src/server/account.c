#include "server/account.h"

#include "base/json.h"
#include "db/db.h"
#include "fhir/store.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>

/* libsodium's "interactive" argon2id: 64 MiB and two passes. Tests pay for it too: there is no cheaper
 * setting. */
static const unsigned long long hash_operations = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE;
static const size_t hash_bytes = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE;

/* Hashing takes 64 MiB: two at a time are enough for any clinic and no attacker gets more. */
static pthread_mutex_t hashing[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };

static pthread_mutex_t *hashing_begin(void)
{
    pthread_mutex_t *turn = pthread_mutex_trylock(&hashing[0]) == 0 ? &hashing[0] : &hashing[1];
    if (turn == &hashing[1])
        pthread_mutex_lock(turn);
    return turn;
}

static Err password_hash(Ctx *c, Str password, Str *ret_hash)
{
    char *hash = arena_alloc(c->arena, 1, crypto_pwhash_STRBYTES);
    pthread_mutex_t *turn = hashing_begin();
    int failed = crypto_pwhash_str_alg(hash, password.p, password.n, hash_operations, hash_bytes,
                                       crypto_pwhash_ALG_ARGON2ID13);
    pthread_mutex_unlock(turn);
    if (failed)
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "There is not enough memory to hash a password.");
    *ret_hash = str_from(hash);
    return OK;
}

/* The hash that an unknown name is checked against. */
static char stranger_hash[crypto_pwhash_STRBYTES];
static pthread_once_t stranger_made = PTHREAD_ONCE_INIT;

static void make_stranger(void)
{
    unsigned char secret[32];
    randombytes_buf(secret, sizeof secret);
    int failed = crypto_pwhash_str_alg(stranger_hash, (const char *)secret, sizeof secret, hash_operations,
                                       hash_bytes, crypto_pwhash_ALG_ARGON2ID13);
    assert(!failed); /* 64 MiB at the first sign-in */
}

bool account_password_right(const Account *account, Str password)
{
    pthread_once(&stranger_made, make_stranger);
    bool known = account && !account->disabled && account->password_hash.n > 0 &&
                 account->password_hash.n < crypto_pwhash_STRBYTES && password.n <= PASSWORD_MAX_BYTES;
    char hash[crypto_pwhash_STRBYTES] = { 0 };
    memcpy(hash, known ? account->password_hash.p : stranger_hash,
           known ? account->password_hash.n : sizeof stranger_hash);
    pthread_mutex_t *turn = hashing_begin();
    int wrong = crypto_pwhash_str_verify(hash, password.p ? password.p : "",
                                         password.n <= PASSWORD_MAX_BYTES ? password.n : PASSWORD_MAX_BYTES);
    pthread_mutex_unlock(turn);
    return known && !wrong;
}

static bool name_is_fit(Str name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    for (size_t i = 0; i < name.n; i++)
        if (!memchr(allowed, name.p[i], sizeof allowed - 1))
            return false;
    return name.n > 0 && name.n <= ACCOUNT_NAME_MAX_BYTES;
}

static size_t count_characters(Str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static Err check_new(Ctx *c, const NewAccount *account)
{
    if (!name_is_fit(account->name))
        return problem(c, ERR_INVALID, S("name"),
                       "A sign-in name is 1 to %d of a-z, 0-9, dot, hyphen and underscore.",
                       ACCOUNT_NAME_MAX_BYTES);
    if (account->role < ROLE_PHYSICIAN || account->role > ROLE_SYSTEM)
        return problem(c, ERR_INVALID, S("role"), "The role is physician, nurse, admin or system.");
    if (account->password.p && count_characters(account->password) < PASSWORD_MIN_CHARACTERS)
        return problem(c, ERR_INVALID, S("password"), "A password has at least %d characters; 15 are better.",
                       PASSWORD_MIN_CHARACTERS);
    if (account->password.n > PASSWORD_MAX_BYTES)
        return problem(c, ERR_INVALID, S("password"), "A password has at most %d bytes.", PASSWORD_MAX_BYTES);
    return OK;
}

/* The person's own resource: an existing one must be there, a new one is stored. */
static Err settle_person(Ctx *c, const NewAccount *account, Str display, Str *ret_person_id)
{
    Resource practitioner;
    if (!str_empty(account->person_id)) {
        Err err = fhir_read(c, S("Practitioner"), account->person_id, &practitioner);
        if (err == ERR_NOT_FOUND)
            return problem(c, err, S("person"), "There is no Practitioner %.*s.",
                           STR_ARG(account->person_id));
        TRY(err);
        *ret_person_id = account->person_id;
        return OK;
    }
    Str id = uuid_v7(c->arena, c->random, c->now_us);
    Str json =
        json_build(c->arena,
                   "{'resourceType':'Practitioner','id':%s,'identifier':[{'system':'urn:euthymia:account',"
                   "'value':%s}],'active':true,'name':[{'text':%s}]}",
                   id, account->name, display);
    TRY(fhir_put(c, S("Practitioner"), id, json, &practitioner));
    *ret_person_id = id;
    return OK;
}

Err account_add(Ctx *c, const NewAccount *account, Str *ret_person_id)
{
    TRY(check_new(c, account));
    Str hash = STR_NONE, person_id;
    Str display = str_empty(account->display) ? account->name : account->display;
    if (account->password.p)
        TRY(password_hash(c, account->password, &hash));
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(settle_person(c, account, display, &person_id));
    AUTO(rows_done) Rows *added = NULL;
    TRY(db_query(
        c,
        SQL("INSERT INTO account (name, role, person_id, display, password_hash, disabled, created_us) "
            "VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (name) DO NOTHING RETURNING name"),
        ARGS(T(account->name), T(role_name(account->role)), T(person_id), T(display), T(hash), I(c->now_us)),
        &added));
    if (!rows_next(added)) {
        TRY(rows_error(added));
        return problem(c, ERR_CONFLICT, S("name"), "There is already an account named %.*s.",
                       STR_ARG(account->name));
    }
    rows_done(&added);
    added = NULL;
    TRY(tx_commit(tx));
    *ret_person_id = person_id;
    return OK;
}

Err account_find(Ctx *c, Str name, Account *ret_account)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT name, role, person_id, display, password_hash, disabled, second_factor, "
                     "second_factor_step "
                     "FROM account WHERE name = $1"),
                 ARGS(T(name)), &rows));
    if (!rows_next(rows)) {
        TRY(rows_error(rows));
        return ERR_NOT_FOUND;
    }
    *ret_account = (Account){
        .name = arena_str(c->arena, rows_text(rows, 0)),
        .role = role_from_name(rows_text(rows, 1)),
        .person_id = arena_str(c->arena, rows_text(rows, 2)),
        .display = arena_str(c->arena, rows_text(rows, 3)),
        .password_hash = rows_null(rows, 4) ? STR_NONE : arena_str(c->arena, rows_text(rows, 4)),
        .disabled = rows_int(rows, 5) != 0,
        .second_factor = rows_null(rows, 6) ? STR_NONE : arena_str(c->arena, rows_text(rows, 6)),
        .second_factor_step = rows_int(rows, 7),
    };
    return OK;
}

static Err changed_one(Rows *rows)
{
    if (rows_next(rows))
        return OK;
    TRY(rows_error(rows));
    return ERR_NOT_FOUND;
}

Err account_set_second_factor(Ctx *c, Str name, Str secret)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("UPDATE account SET second_factor = $1, second_factor_step = 0 WHERE name = $2 "
                     "RETURNING name"),
                 ARGS(T(secret), T(name)), &rows));
    TRY(changed_one(rows));
    return tx_commit(tx);
}

Err account_take_step(Ctx *c, Str name, int64_t step)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("UPDATE account SET second_factor_step = $1 WHERE name = $2 AND second_factor_step < $1 "
                     "RETURNING name"),
                 ARGS(I(step), T(name)), &rows));
    TRY(changed_one(rows));
    return tx_commit(tx);
}
