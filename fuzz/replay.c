/* Replays a folder of inputs through a fuzz target, as an ordinary test: replay DIR. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void replay(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return;
    static uint8_t bytes[1 << 20];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    /* A copy of exactly its size, so that a sanitizer sees a read past the end. */
    uint8_t *copy = malloc(n ? n : 1);
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = bytes[i];
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

int main(int argc, char **argv)
{
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
    if (!d)
        return 2;
    int n = 0;
    for (struct dirent *entry; (entry = readdir(d)); n++)
        if (entry->d_name[0] != '.')
            replay(argv[1], entry->d_name);
    (void)closedir(d);
    printf("%d inputs replayed\n", n);
    return n > 2 ? 0 : 1;
}
