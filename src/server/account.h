/* Accounts: who may sign in. Each belongs to a person, a Practitioner; two accounts of one person (a
 * physician who also administers) name the same one and count as one signer. Passwords are stored as argon2id
 * hashes only. */
#ifndef SERVER_ACCOUNT_H
#define SERVER_ACCOUNT_H

#include "base/ctx.h"

enum {
    PASSWORD_MIN_CHARACTERS = 8, /* NIST SP 800-63B; 15 are advised */
    PASSWORD_MAX_BYTES = 256,
    ACCOUNT_NAME_MAX_BYTES = 64,
};

typedef struct NewAccount {
    Str name; /* a-z 0-9 . _ - */
    Role role;
    Str password;  /* absent: signs in with bearer tokens only */
    Str display;   /* absent: the name */
    Str person_id; /* an existing Practitioner; absent: a new one is stored */
} NewAccount;

typedef struct Account {
    Str name, person_id, display;
    Role role;
    Str password_hash;          /* absent: no password */
    Str second_factor;          /* its secret (totp.h); absent: the password alone is asked for */
    int64_t second_factor_step; /* the newest that was used */
    bool disabled;
} Account;

/* ERR_CONFLICT where the name is taken, ERR_INVALID for a name or password that cannot be, ERR_NOT_FOUND
 * where person_id is no Practitioner. Makes its own transaction. */
MUST_USE Err account_add(Ctx *c, const NewAccount *account, Str *ret_person_id);
/* ERR_NOT_FOUND. */
MUST_USE Err account_find(Ctx *c, Str name, Account *ret_account);
/* secret absent: the password alone is asked for from now on. ERR_NOT_FOUND. */
MUST_USE Err account_set_second_factor(Ctx *c, Str name, Str secret);
/* Uses the step's code up; ERR_NOT_FOUND where it or a newer one was used already. */
MUST_USE Err account_take_step(Ctx *c, Str name, int64_t step);
/* Takes the same time whether there is such an account or not: account may be NULL. */
bool account_password_right(const Account *account, Str password);

#endif
