#include "cli/sealed.h"

#include "base/buf.h"
#include "base/limits.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 64 * 1024,
    SEALED_BYTES = PIECE_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES,
    KEY_BYTES = crypto_secretstream_xchacha20poly1305_KEYBYTES,
    KEY_FILE_MOST_BYTES = 4096,
};

static const char magic[16] = "EUTHYMIA SEALED1";

/* What stands before the pieces, as it is on the disk. */
typedef struct Head {
    char magic[sizeof magic];
    unsigned char salt[crypto_pwhash_SALTBYTES];
    unsigned char cost[8], memory[8]; /* of argon2id, least byte first; 0: the key is from a file */
    unsigned char stream[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
} Head;

static void put_number(unsigned char at[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_number(const unsigned char at[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* ---- keys ---- */

static Err key_of_file(Ctx *c, Str path, unsigned char *ret_key)
{
    unsigned char bytes[KEY_FILE_MOST_BYTES];
    FILE *file = fopen(arena_cstr(c->arena, path), "re");
    size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        (void)fclose(file);
    if (n < KEY_BYTES)
        return problem(c, ERR_INVALID, path, "A key file of at least %d bytes is needed.", KEY_BYTES);
    (void)crypto_generichash(ret_key, KEY_BYTES, bytes, n, NULL, 0);
    sodium_memzero(bytes, sizeof bytes);
    return OK;
}

static Err key_of(Ctx *c, const SealSecret *secret, const Head *head, unsigned char *ret_key)
{
    uint64_t cost = get_number(head->cost), memory = get_number(head->memory);
    if ((cost == 0) != !secret->passphrase.p)
        return problem(c, ERR_SIGN_IN, STR_NONE, "The file was sealed with a %s.",
                       cost == 0 ? "key file" : "passphrase");
    if (cost == 0)
        return key_of_file(c, secret->key_file, ret_key);
    if (cost > crypto_pwhash_OPSLIMIT_SENSITIVE || memory > crypto_pwhash_MEMLIMIT_SENSITIVE ||
        crypto_pwhash(ret_key, KEY_BYTES, secret->passphrase.p, secret->passphrase.n, head->salt, cost,
                      (size_t)memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return problem(c, ERR_UNAVAILABLE, STR_NONE, "There is not enough memory for the passphrase.");
    return OK;
}

/* ---- writing ---- */

struct SealedWriter {
    FILE *file;
    const char *path, *part; /* part: where it is written until it is whole */
    crypto_secretstream_xchacha20poly1305_state stream;
    size_t n;
    unsigned char piece[PIECE_BYTES];
    bool finished;
};

static Err trouble(Ctx *c, const char *path)
{
    return problem(c, errno == ENOSPC ? ERR_DISK_FULL : ERR_UNAVAILABLE, str_from(path),
                   "The file cannot be written: %s", strerror(errno));
}

Err sealed_create(Ctx *c, Str path, const SealSecret *secret, SealedWriter **ret_writer)
{
    unsigned char key[KEY_BYTES];
    Head head = { 0 };
    SealedWriter *w = arena_new(c->arena, SealedWriter, 1);
    memcpy(head.magic, magic, sizeof magic);
    randombytes_buf(head.salt, sizeof head.salt);
    if (secret->passphrase.p) {
        put_number(head.cost, crypto_pwhash_OPSLIMIT_MODERATE);
        put_number(head.memory, crypto_pwhash_MEMLIMIT_MODERATE);
    }
    TRY(key_of(c, secret, &head, key));
    (void)crypto_secretstream_xchacha20poly1305_init_push(&w->stream, head.stream, key);
    sodium_memzero(key, sizeof key);
    w->path = arena_cstr(c->arena, path);
    w->part = arena_cstr(c->arena, arena_fmt(c->arena, "%.*s.part", STR_ARG(path)));
    w->file = fopen(w->part, "wxe");
    if (!w->file || fwrite(&head, sizeof head, 1, w->file) != 1)
        return trouble(c, w->part);
    *ret_writer = w;
    return OK;
}

static bool put_piece(SealedWriter *w, unsigned char tag)
{
    unsigned char sealed[SEALED_BYTES];
    unsigned long long n;
    (void)crypto_secretstream_xchacha20poly1305_push(&w->stream, sealed, &n, w->piece, w->n, NULL, 0, tag);
    w->n = 0;
    return fwrite(sealed, 1, (size_t)n, w->file) == n;
}

bool sealed_put(void *writer, Str bytes)
{
    SealedWriter *w = writer;
    while (bytes.n > 0) {
        size_t room = PIECE_BYTES - w->n, n = bytes.n < room ? bytes.n : room;
        memcpy(w->piece + w->n, bytes.p, n);
        w->n += n;
        bytes = str_slice(bytes, n, SIZE_MAX);
        if (w->n == PIECE_BYTES && !put_piece(w, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE))
            return false;
    }
    return true;
}

Err sealed_finish(Ctx *c, SealedWriter *w)
{
    if (!put_piece(w, crypto_secretstream_xchacha20poly1305_TAG_FINAL) || fflush(w->file) != 0 ||
        fsync(fileno(w->file)) != 0 || rename(w->part, w->path) != 0)
        return trouble(c, w->part);
    w->finished = true;
    return OK;
}

void sealed_writer_end(SealedWriter **writer)
{
    SealedWriter *w = *writer;
    *writer = NULL;
    if (!w)
        return;
    (void)fclose(w->file);
    if (!w->finished)
        (void)unlink(w->part);
    sodium_memzero(w, sizeof *w);
}

/* ---- reading ---- */

struct SealedReader {
    FILE *file;
    Str path;
    crypto_secretstream_xchacha20poly1305_state stream;
    unsigned char piece[PIECE_BYTES];
    size_t n, at;
    bool is_last;
};

static Err altered(Ctx *c, const SealedReader *r)
{
    return problem(c, ERR_INVALID, r->path, "The file was altered or is cut off.");
}

static Err next_piece(Ctx *c, SealedReader *r)
{
    unsigned char sealed[SEALED_BYTES], tag;
    unsigned long long n;
    size_t got = fread(sealed, 1, sizeof sealed, r->file);
    if (crypto_secretstream_xchacha20poly1305_pull(&r->stream, r->piece, &n, &tag, sealed, got, NULL, 0) != 0)
        return altered(c, r);
    r->n = (size_t)n;
    r->at = 0;
    r->is_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return OK;
}

Err sealed_open(Ctx *c, Str path, const SealSecret *secret, SealedReader **ret_reader)
{
    Head head;
    unsigned char key[KEY_BYTES];
    SealedReader *r = arena_new(c->arena, SealedReader, 1);
    r->path = path;
    r->file = fopen(arena_cstr(c->arena, path), "re");
    if (!r->file)
        return problem(c, ERR_NOT_FOUND, path, "The file cannot be read: %s", strerror(errno));
    *ret_reader = r;
    if (fread(&head, sizeof head, 1, r->file) != 1 || memcmp(head.magic, magic, sizeof magic) != 0)
        return problem(c, ERR_INVALID, path, "This is no backup.");
    TRY(key_of(c, secret, &head, key));
    (void)crypto_secretstream_xchacha20poly1305_init_pull(&r->stream, head.stream, key);
    sodium_memzero(key, sizeof key);
    if (next_piece(c, r) != OK) {
        c->problems.n--;
        return problem(c, ERR_SIGN_IN, path, "This is not its passphrase or key, or the file was altered.");
    }
    return OK;
}

/* What is left of the line in the piece; true where its end is in it. */
static bool take_part(SealedReader *r, Buf *line)
{
    const unsigned char *from = r->piece + r->at;
    const unsigned char *end = memchr(from, '\n', r->n - r->at);
    size_t n = end ? (size_t)(end - from) : r->n - r->at;
    buf_bytes(line, (const char *)from, n);
    r->at += n + (end ? 1 : 0);
    return end;
}

Err sealed_next_line(void *reader, Ctx *c, Str *ret_line)
{
    SealedReader *r = reader;
    Buf line = buf_make(c->arena, 2 * LIMIT_RESPONSE_BYTES);
    while (!take_part(r, &line)) {
        if (r->is_last) {
            *ret_line = STR_NONE;
            return line.n ? altered(c, r) : OK;
        }
        TRY(next_piece(c, r));
    }
    *ret_line = buf_str(&line);
    return buf_overflowed(&line) ? altered(c, r) : OK;
}

void sealed_reader_end(SealedReader **reader)
{
    if (*reader && (*reader)->file)
        (void)fclose((*reader)->file);
    *reader = NULL;
}
