#include "cli/option.h"

#include <stdio.h>

static void print_help(const Usage *usage)
{
    printf("%s\n\n%s\n\n", usage->line, usage->summary);
    for (const Option *option = usage->options; option->name; option++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", option->name, option->value ? option->value : "");
        printf("  %-24s %s\n", left, option->help);
    }
    printf("  %-24s %s\n", "--help", "this text");
}

static OptionsRead wrong(const Usage *usage, const char *what, Str word)
{
    fprintf(stderr, "%s: %.*s\nusage: %s\n", what, STR_ARG(word), usage->line);
    return OPTIONS_WRONG;
}

static const Option *option_named(const Usage *usage, Str name)
{
    for (const Option *option = usage->options; option->name; option++)
        if (str_is(name, option->name))
            return option;
    return NULL;
}

/* One option, with its value beside it or in the next word. ret_used: how many words it took. */
static OptionsRead read_option(Arena *a, const Usage *usage, Str word, const char *next, int *ret_used)
{
    Str value, name = str_cut(word, '=', &value);
    const Option *option = option_named(usage, name);
    *ret_used = 1;
    if (!option)
        return wrong(usage, "this option is not known", name);
    if (!option->value) {
        if (value.p)
            return wrong(usage, "this option takes no value", name);
        *option->flag = true;
        return OPTIONS_RUN;
    }
    if (!value.p && !next)
        return wrong(usage, "this option needs a value", name);
    *ret_used = value.p ? 1 : 2;
    Str *to = option->texts ? list_add(a, option->texts) : option->text;
    *to = value.p ? value : str_from(next);
    return OPTIONS_RUN;
}

OptionsRead options_read(Arena *a, const Usage *usage, int argc, char **argv)
{
    bool only_operands = false;
    for (int i = 1, used = 1; i < argc; i += used) {
        Str word = str_from(argv[i]);
        used = 1;
        if (!only_operands && str_is(word, "--")) {
            only_operands = true;
        } else if (!only_operands && str_is(word, "--help")) {
            print_help(usage);
            return OPTIONS_HELP;
        } else if (!only_operands && str_starts(word, S("-")) && !str_is(word, "-")) {
            OptionsRead read = read_option(a, usage, word, i + 1 < argc ? argv[i + 1] : NULL, &used);
            if (read != OPTIONS_RUN)
                return read;
        } else if (usage->operands) {
            *list_add(a, usage->operands) = word;
        } else {
            return wrong(usage, "this word is one too many", word);
        }
    }
    return OPTIONS_RUN;
}
