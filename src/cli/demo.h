/* The demo clinic: virtual patients at different points of their course. Made by this program's own models
 * and verbs from a seed, so the same on every machine. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "base/ctx.h"

typedef struct DemoAccount {
    const char *name, *display;
    Role role;
} DemoAccount;

/* Who can sign in to the demo clinic; the last row has no name. `serve --demo` adds them, with DEMO_PASSWORD,
 * before demo_fill() is called: account_find() gives the person of each. */
#define DEMO_PASSWORD "demo clinic only"
extern const DemoAccount demo_accounts[];

/* Writes the demo clinic's resources. Called by `serve --demo` where the record holds no patient yet. */
MUST_USE Err demo_fill(Ctx *c);

#endif
