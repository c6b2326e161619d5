#include "chart/override.h"

size_t override_people(const Override *override)
{
    size_t people = 0;
    for (size_t i = 0; i < override->n_signers; i++) {
        bool counted = str_empty(override->signer_person_id[i]);
        for (size_t k = 0; k < i; k++)
            counted |= str_eq(override->signer_person_id[k], override->signer_person_id[i]);
        people += !counted;
    }
    return people;
}

static bool prescriber_signed(const Override *override)
{
    for (size_t i = 0; i < override->n_signers; i++)
        if (str_is(override->signer_role[i], "physician") && !str_empty(override->signer_person_id[i]))
            return true;
    return false;
}

bool override_in_force(const Override *override, OverrideNeed need, int64_t now_us)
{
    if (need == OVERRIDE_NEVER || str_empty(override->reason) || str_empty(override->reason_code))
        return false;
    if (override->expires_us == TIME_NONE || override->expires_us <= now_us)
        return false;
    return prescriber_signed(override) && override_people(override) >= (need == OVERRIDE_TWO ? 2u : 1u);
}
