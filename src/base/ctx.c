#include "base/ctx.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>

Err problem(Ctx *c, Err err, Str path, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (c->problems.n < LIMIT_PROBLEMS)
        *list_add(c->arena, &c->problems) = (Problem){ .err = err,
                                                       .path = arena_str(c->arena, path),
                                                       .text = arena_str(c->arena, str_from(text)) };
    return err;
}

static const Str role_names[ROLE_MAX] = {
    [ROLE_NONE] = { "none", 4 },
    [ROLE_PHYSICIAN] = { "physician", 9 },
    [ROLE_NURSE] = { "nurse", 5 },
    [ROLE_ADMIN] = { "admin", 5 },
    [ROLE_RESEARCHER] = { "researcher", 10 },
    [ROLE_SYSTEM] = { "system", 6 },
    [ROLE_PATIENT_LINK] = { "patient-link", 12 },
};

Str role_name(Role role)
{
    return role_names[role];
}

Role role_from_name(Str name)
{
    for (Role role = ROLE_PHYSICIAN; role <= ROLE_SYSTEM; role++)
        if (str_eq(name, role_names[role]))
            return role;
    return ROLE_NONE;
}
