/* A command's options: one table, from which the command line is read and --help is printed. */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include "base/arena.h"

typedef struct Operands {
    Str *at;
    size_t n, room;
} Operands;

typedef struct Option {
    const char *name;  /* "--db" */
    const char *value; /* what stands for its value in --help: "URL"; NULL: a flag */
    const char *help;
    Str *text;       /* where the value goes, borrowed from argv */
    bool *flag;      /* where a flag goes */
    Operands *texts; /* where the values go of an option that may come more than once */
} Option;

/* What a command takes. */
typedef struct Usage {
    const char *line; /* "euthymia import [options] FILE..." */
    const char *summary;
    const Option *options; /* ends with a row whose name is NULL */
    Operands *operands;    /* what is no option; NULL: none are taken */
} Usage;

typedef enum OptionsRead { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG } OptionsRead;

/* Reads argv[1..] (argv[0] is the command). "--name VALUE" and "--name=VALUE"; "--" ends the options. --help
 * is printed to standard output; what is wrong is said on standard error. */
OptionsRead options_read(Arena *a, const Usage *usage, int argc, char **argv);

#endif
