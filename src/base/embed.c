#include "base/embed.h"

Str embedded_file(Str path)
{
    for (const EmbeddedFile *f = embedded_files; f->path; f++)
        if (str_is(path, f->path))
            return (Str){ f->start, (size_t)(f->end - f->start) };
    return STR_NONE;
}
