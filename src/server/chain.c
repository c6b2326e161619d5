#include "server/chain.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_ROWS = 1000, HASH_BYTES = 32, ROW_TEXT_BYTES = 64 * 1024 };

static Str hex(Arena *a, const unsigned char *bytes, size_t n)
{
    char *text = arena_alloc(a, 1, n * 2 + 1);
    sodium_bin2hex(text, n * 2 + 1, bytes, n);
    return str_from(text);
}

/* False where it is not that many bytes in hexadecimal. */
static bool unhex(Str text, unsigned char *ret_bytes, size_t n)
{
    size_t got;
    return sodium_hex2bin(ret_bytes, n, text.p, text.n, NULL, &got, NULL) == 0 && got == n && text.n == n * 2;
}

/* ---- rows ---- */

static void add_text(Buf *b, Str text)
{
    if (!text.p) {
        buf_char(b, '-');
        return;
    }
    buf_int(b, (int64_t)text.n);
    buf_char(b, ':');
    buf_add(b, text);
}

static void add_number(Buf *b, int64_t number)
{
    buf_char(b, '#');
    buf_int(b, number);
}

Str chain_hash(Arena *a, Str previous, int64_t number, const AuditRow *row)
{
    Buf b = buf_make(a, ROW_TEXT_BYTES);
    add_text(&b, previous);
    add_number(&b, number);
    add_text(&b, row->id);
    add_number(&b, row->at_us);
    const Str who[] = { row->account, row->role, row->person_id, row->address, row->method, row->path };
    for (size_t i = 0; i < sizeof who / sizeof who[0]; i++)
        add_text(&b, who[i]);
    add_number(&b, row->status);
    const Str whom[] = { row->patient_id, row->interaction, row->request_id, row->reason };
    for (size_t i = 0; i < sizeof whom / sizeof whom[0]; i++)
        add_text(&b, whom[i]);
    Str text = buf_str(&b);
    unsigned char hash[HASH_BYTES];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)text.p, text.n, NULL, 0);
    return hex(a, hash, sizeof hash);
}

Err chain_head(Ctx *c, Str chain, AuditHead *ret_head)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT number, hash FROM audit WHERE chain = $1 ORDER BY number DESC LIMIT 1"),
                 ARGS(T(chain)), &rows));
    *ret_head = (AuditHead){ .hash = S("") };
    if (rows_next(rows))
        *ret_head = (AuditHead){ rows_int(rows, 0), arena_str(c->arena, rows_text(rows, 1)) };
    return rows_error(rows);
}

static Err insert(Ctx *c, Str chain, const AuditHead *place, const AuditRow *row)
{
    return db_exec(
        c,
        SQL("INSERT INTO audit (id, at_us, account, role, person_id, address, method, path, status, "
            "patient_id, interaction, request_id, reason, chain, number, hash) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"),
        ARGS(T(row->id), I(row->at_us), T(row->account), T(row->role), T(row->person_id), T(row->address),
             T(row->method), T(row->path), I(row->status), T(row->patient_id), T(row->interaction),
             T(row->request_id), T(row->reason), T(chain), I(place->number), T(place->hash)));
}

Err chain_add(Ctx *c, Str chain, const AuditRow *rows, size_t n)
{
    AuditHead head;
    TRY(tx_lock(c, arena_fmt(c->arena, "audit %.*s", STR_ARG(chain))));
    TRY(chain_head(c, chain, &head));
    for (size_t i = 0; i < n; i++) {
        head.number++;
        head.hash = chain_hash(c->arena, head.hash, head.number, &rows[i]);
        TRY(insert(c, chain, &head, &rows[i]));
    }
    return OK;
}

/* ---- verification ---- */

typedef struct Walk {
    Str chain, hash; /* of the row that was read last; in its own arena's keep */
    int64_t number;
    char chain_text[64], hash_text[2 * HASH_BYTES + 1];
} Walk;

static AuditRow row_of(const Rows *rows)
{
    return (AuditRow){ .id = rows_text(rows, 0),
                       .at_us = rows_int(rows, 1),
                       .account = rows_text(rows, 2),
                       .role = rows_text(rows, 3),
                       .person_id = rows_text(rows, 4),
                       .address = rows_text(rows, 5),
                       .method = rows_text(rows, 6),
                       .path = rows_text(rows, 7),
                       .status = rows_int(rows, 8),
                       .patient_id = rows_text(rows, 9),
                       .interaction = rows_text(rows, 10),
                       .request_id = rows_text(rows, 11),
                       .reason = rows_text(rows, 12) };
}

static Str keep(char *room, size_t size, Str text)
{
    size_t n = text.n < size - 1 ? text.n : size - 1;
    memcpy(room, text.p, n);
    room[n] = 0;
    return (Str){ room, n };
}

/* The next row of the walk. A sentence where it does not follow from the row before. */
static Str step(Arena *keeps, Arena *a, Walk *walk, const Rows *rows, ChainReport *report)
{
    Str chain = rows_text(rows, 13), hash = rows_text(rows, 15);
    int64_t number = rows_int(rows, 14);
    AuditRow row = row_of(rows);
    bool is_new = !str_eq(chain, walk->chain);
    int64_t expected = is_new ? 1 : walk->number + 1;
    if (number != expected)
        return arena_fmt(keeps, "chain %.*s: row %lld is missing", STR_ARG(chain), (long long)expected);
    if (!str_eq(hash, chain_hash(a, is_new ? S("") : walk->hash, number, &row)))
        return arena_fmt(keeps, "chain %.*s: row %lld, id %.*s, was altered", STR_ARG(chain),
                         (long long)number, STR_ARG(row.id));
    report->chains += is_new;
    report->rows++;
    walk->chain = keep(walk->chain_text, sizeof walk->chain_text, chain);
    walk->hash = keep(walk->hash_text, sizeof walk->hash_text, hash);
    walk->number = number;
    return STR_NONE;
}

static Err page(Ctx *c, Walk *walk, Arena *keeps, ChainReport *report, bool *ret_more)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c,
                 SQL("SELECT id, at_us, account, role, person_id, address, method, path, status, patient_id, "
                     "interaction, request_id, reason, chain, number, hash FROM audit "
                     "WHERE chain > $1 OR (chain = $1 AND number > $2) ORDER BY chain, number LIMIT $3"),
                 ARGS(T(walk->chain), I(walk->number), I(PAGE_ROWS)), &rows));
    int64_t n = 0;
    while (str_empty(report->first_fault) && rows_next(rows)) {
        report->first_fault = step(keeps, c->arena, walk, rows, report);
        n++;
    }
    *ret_more = n == PAGE_ROWS && str_empty(report->first_fault);
    return rows_error(rows);
}

static Err count_unchained(Ctx *c, int64_t *ret_n)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT COUNT(*) FROM audit WHERE chain IS NULL"), NO_ARGS, &rows));
    *ret_n = rows_next(rows) ? rows_int(rows, 0) : 0;
    return rows_error(rows);
}

Err chain_verify(Ctx *c, void (*progress)(int64_t rows), ChainReport *ret_report)
{
    AUTO(arena_done) Arena *arena = arena_create(SIZE_MAX);
    ChainReport report = { 0 };
    Walk walk = { .chain = S("") };
    TRY(count_unchained(c, &report.unchained));
    for (bool more = true; more; arena_reset(arena)) {
        Ctx one = *c;
        one.arena = arena;
        Err err = page(&one, &walk, c->arena, &report, &more);
        if (err != OK)
            return problem(c, err, STR_NONE, "the audit cannot be read");
        if (progress)
            progress(report.rows);
    }
    *ret_report = report;
    return OK;
}

/* ---- signed heads ---- */

static Err key_make(Ctx *c, Str file)
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    randombytes_buf(seed, sizeof seed);
    Str text = hex(c->arena, seed, sizeof seed);
    int fd = open(arena_cstr(c->arena, file), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) != 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return problem(c, ERR_UNAVAILABLE, file, "the audit's key cannot be made: %s", strerror(why));
    }
    close(fd);
    return OK;
}

Err audit_key_read(Ctx *c, Str file, AuditKey *ret_key)
{
    char text[crypto_sign_SEEDBYTES * 2];
    unsigned char seed[crypto_sign_SEEDBYTES];
    int fd = open(arena_cstr(c->arena, file), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT
                   ? ERR_NOT_FOUND
                   : problem(c, ERR_UNAVAILABLE, file, "the audit's key cannot be read: %s", strerror(errno));
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    if (n != (ssize_t)sizeof text || !unhex((Str){ text, sizeof text }, seed, sizeof seed))
        return problem(c, ERR_INVALID, file, "this is no key of the audit: 64 hexadecimal digits");
    (void)crypto_sign_seed_keypair(ret_key->open, ret_key->secret, seed);
    return OK;
}

Err audit_key_open(Ctx *c, Str file, AuditKey *ret_key)
{
    if (access(arena_cstr(c->arena, file), F_OK) != 0)
        TRY(key_make(c, file));
    return audit_key_read(c, file, ret_key);
}

static Str signed_text(Arena *a, Str chain, int64_t number, Str hash)
{
    return arena_fmt(a, "%.*s %lld %.*s", STR_ARG(chain), (long long)number, STR_ARG(hash));
}

Str chain_head_line(Arena *a, Str chain, const AuditHead *head, const AuditKey *key)
{
    Str text = signed_text(a, chain, head->number, head->hash);
    if (!key)
        return arena_fmt(a, "%.*s -", STR_ARG(text));
    unsigned char signature[crypto_sign_BYTES];
    (void)crypto_sign_detached(signature, NULL, (const unsigned char *)text.p, text.n, key->secret);
    Str words = hex(a, signature, sizeof signature);
    return arena_fmt(a, "%.*s %.*s", STR_ARG(text), STR_ARG(words));
}

static bool is_signed_by(Arena *a, Str chain, int64_t number, Str hash, Str words, const AuditKey *key)
{
    unsigned char signature[crypto_sign_BYTES];
    Str text = signed_text(a, chain, number, hash);
    return unhex(words, signature, sizeof signature) &&
           crypto_sign_verify_detached(signature, (const unsigned char *)text.p, text.n, key->open) == 0;
}

static Err hash_at(Ctx *c, Str chain, int64_t number, Str *ret_hash)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(c, SQL("SELECT hash FROM audit WHERE chain = $1 AND number = $2"), ARGS(T(chain), I(number)),
                 &rows));
    *ret_hash = rows_next(rows) ? arena_str(c->arena, rows_text(rows, 0)) : STR_NONE;
    return rows_error(rows);
}

Err chain_check_head(Ctx *c, Str line, const AuditKey *key, Str *ret_fault)
{
    Str rest, hash_there;
    Str chain = str_cut(line, ' ', &rest);
    Str number_text = str_cut(rest, ' ', &rest);
    Str hash = str_cut(rest, ' ', &rest), words = str_trim(rest);
    int64_t number;
    if (str_empty(words) || !str_to_int(number_text, &number))
        return problem(c, ERR_SYNTAX, STR_NONE, "this is no head of an audit chain: %.*s", STR_ARG(line));
    *ret_fault = STR_NONE;
    if (key && !is_signed_by(c->arena, chain, number, hash, words, key)) {
        *ret_fault = arena_fmt(c->arena, "the head of chain %.*s at row %lld is not signed with this key",
                               STR_ARG(chain), (long long)number);
        return OK;
    }
    TRY(hash_at(c, chain, number, &hash_there));
    if (number > 0 && !str_eq(hash_there, hash))
        *ret_fault = arena_fmt(c->arena, "chain %.*s: row %lld, whose hash was printed, is %s",
                               STR_ARG(chain), (long long)number, hash_there.p ? "another" : "gone");
    return OK;
}
