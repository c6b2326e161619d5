/* A file that only who has the key can read or make: libsodium's secret stream (XChaCha20-Poly1305) in pieces
 * of 64 KiB. A piece that was altered, moved or left out is refused when it is read, and so is an end that
 * was cut off. The key is made from a passphrase (argon2id, its parameters stand in the file) or from a key
 * file. */
#ifndef CLI_SEALED_H
#define CLI_SEALED_H

#include "base/ctx.h"

/* One of the two. */
typedef struct SealSecret {
    Str passphrase;
    Str key_file; /* its bytes are the key: 32 at least */
} SealSecret;

typedef struct SealedWriter SealedWriter;
typedef struct SealedReader SealedReader;

/* Writes beside the path and takes its place at sealed_finish(). Lives in the arena. */
MUST_USE Err sealed_create(Ctx *c, Str path, const SealSecret *secret, SealedWriter **ret_writer);
/* For a DumpSink. */
bool sealed_put(void *writer, Str bytes);
/* The file is whole and on the disk when this returns OK. */
MUST_USE Err sealed_finish(Ctx *c, SealedWriter *writer);
/* Leaves nothing behind of a file that was not finished. For AUTO(). */
void sealed_writer_end(SealedWriter **writer);

/* ERR_INVALID where it is no sealed file; ERR_SIGN_IN where the secret is not its secret. */
MUST_USE Err sealed_open(Ctx *c, Str path, const SealSecret *secret, SealedReader **ret_reader);
/* For a DumpSource: the next line, in c's arena, without its newline; absent at the end. ERR_INVALID where
 * the file was altered or cut off. */
MUST_USE Err sealed_next_line(void *reader, Ctx *c, Str *ret_line);
void sealed_reader_end(SealedReader **reader);

#endif
