/* Files that are part of the program: everything under data/ and the built page under web/. They are linked
 * in, so that one file is the whole clinic. Paths are relative to the project: "data/drugs/kamp-2020.json".
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "base/str.h"

typedef struct EmbeddedFile {
    const char *path;
    const char *start, *end;
} EmbeddedFile;

/* Made by tools/embed.mjs; sorted by path; the last row has path NULL. */
extern const EmbeddedFile embedded_files[];

/* Absent where there is no such file. Lives as long as the program. */
Str embedded_file(Str path);

#endif
