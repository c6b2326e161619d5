#include "server/session.h"

#include "db/db.h"

#include <sodium.h>

enum { SECRET_BYTES = 32, TOUCH_EVERY_S = 60 };

static Str kind_name(SessionKind kind)
{
    return kind == SESSION_COOKIE ? S("cookie") : S("bearer");
}

Str secret_hash(Arena *a, Str secret)
{
    unsigned char hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)secret.p, secret.n, NULL, 0);
    char *text = arena_alloc(a, 1, sizeof hash * 2 + 1);
    sodium_bin2hex(text, sizeof hash * 2 + 1, hash, sizeof hash);
    return str_from(text);
}

Err session_open(Ctx *c, SessionKind kind, Str account, int64_t expires_us, Str *ret_secret)
{
    Str secret = random_token(c->arena, c->random, SECRET_BYTES);
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(db_exec(c,
                SQL("INSERT INTO session (token_hash, account, created_us, last_seen_us, expires_us, kind) "
                    "VALUES ($1, $2, $3, $4, $5, $6)"),
                ARGS(T(secret_hash(c->arena, secret)), T(account), I(c->now_us), I(c->now_us), I(expires_us),
                     T(kind_name(kind)))));
    TRY(tx_commit(tx));
    *ret_secret = secret;
    return OK;
}

static bool is_over(int64_t now_us, SessionKind kind, int64_t last_seen_us, int64_t expires_us)
{
    return now_us >= expires_us || (kind == SESSION_COOKIE && now_us - last_seen_us >= SESSION_IDLE_US);
}

Err session_find(Ctx *c, SessionKind kind, Str secret, Session *ret_session)
{
    Str hash = secret_hash(c->arena, secret);
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(
        c,
        SQL("SELECT a.name, a.role, a.person_id, a.display, s.last_seen_us, s.expires_us, s.locked_us "
            "FROM session s JOIN account a ON a.name = s.account "
            "WHERE s.token_hash = $1 AND s.kind = $2 AND s.revoked_us IS NULL AND a.disabled = 0"),
        ARGS(T(hash), T(kind_name(kind))), &rows));
    if (!rows_next(rows)) {
        TRY(rows_error(rows));
        return ERR_SIGN_IN;
    }
    int64_t last_seen_us = rows_int(rows, 4), expires_us = rows_int(rows, 5);
    if (is_over(c->now_us, kind, last_seen_us, expires_us))
        return ERR_SIGN_IN;
    *ret_session = (Session){
        .hash = hash,
        .user = { .account = arena_str(c->arena, rows_text(rows, 0)),
                  .role = role_from_name(rows_text(rows, 1)),
                  .person_id = arena_str(c->arena, rows_text(rows, 2)),
                  .display = arena_str(c->arena, rows_text(rows, 3)) },
        .last_seen_us = last_seen_us,
        .expires_us = expires_us,
        .is_locked = !rows_null(rows, 6),
    };
    return OK;
}

Err session_still(Ctx *c, Str hash)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(
        c,
        SQL("SELECT s.expires_us FROM session s JOIN account a ON a.name = s.account "
            "WHERE s.token_hash = $1 AND s.revoked_us IS NULL AND s.locked_us IS NULL AND a.disabled = 0"),
        ARGS(T(hash)), &rows));
    if (!rows_next(rows)) {
        TRY(rows_error(rows));
        return ERR_SIGN_IN;
    }
    return c->now_us < rows_int(rows, 0) ? OK : ERR_SIGN_IN;
}

Err session_touch(Ctx *c, Str hash, int64_t last_seen_us)
{
    if (c->now_us - last_seen_us < TOUCH_EVERY_S * US_PER_S)
        return OK;
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(db_exec(c, SQL("UPDATE session SET last_seen_us = $1 WHERE token_hash = $2"),
                ARGS(I(c->now_us), T(hash))));
    return tx_commit(tx);
}

Err session_close(Ctx *c, Str hash)
{
    AUTO(tx_done) Tx *tx = NULL;
    TRY(tx_begin(c, &tx));
    TRY(db_exec(c, SQL("UPDATE session SET revoked_us = $1 WHERE token_hash = $2"),
                ARGS(I(c->now_us), T(hash))));
    return tx_commit(tx);
}

Err session_lock(Ctx *c, Str hash)
{
    return db_exec(c, SQL("UPDATE session SET locked_us = $1 WHERE token_hash = $2 AND locked_us IS NULL"),
                   ARGS(I(c->now_us), T(hash)));
}

Err session_unlock(Ctx *c, Str hash)
{
    return db_exec(c, SQL("UPDATE session SET locked_us = NULL, last_seen_us = $1 WHERE token_hash = $2"),
                   ARGS(I(c->now_us), T(hash)));
}
