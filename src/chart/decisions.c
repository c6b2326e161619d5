#include "chart/codes.h"
#include "chart/read.h"

/* ---- overrides ---- */

static void add_signer(Json *mitigation, Override *to)
{
    if (to->n_signers == 2)
        return;
    size_t i = to->n_signers++;
    to->signer_person_id[i] = reference_id(json_get(mitigation, "author"), "Practitioner");
    to->signer_display[i] = json_find_str(mitigation, "author.display");
    to->signer_role[i] = json_find_str(extension_of(mitigation, EXTENSION("signer-role")), "valueCode");
    to->signed_us[i] = time_at(mitigation, "date");
}

void read_detected_issue(const Source *from, Chart *chart)
{
    Json *mitigations = json_get(from->json, "mitigation");
    Str rule_id = concept_code(json_get(from->json, "code"), SYSTEM_RULE);
    if (!rule_id.p || !json_count(mitigations) || !str_is(json_find_str(from->json, "status"), "final"))
        return;
    Json *expires = extension_of(from->json, EXTENSION("override-expires"));
    if (!expires) /* an acknowledged alarm, not an override: that always expires */
        return;
    Override override = { .rule_id = rule_id,
                          .reason_code = concept_code(json_find(mitigations, "[0].action"), SYSTEM_REASON),
                          .reason = json_find_str(mitigations, "[0].action.text"),
                          .expires_us = time_at(expires, "valueDateTime"),
                          .fact = from->fact };
    for (size_t i = 0; i < json_count(mitigations); i++)
        add_signer(json_at(mitigations, i), &override);
    *list_add(from->c->arena, &chart->overrides) = override;
}

/* ---- the newest evaluation ---- */

void read_guidance(const Source *from, Chart *chart)
{
    int64_t at_us = time_at(from->json, "occurrenceDateTime");
    bool ours = str_starts(json_find_str(from->json, "moduleUri"), S(URN_RULE_SET "evaluate"));
    if (ours && at_us != TIME_NONE && at_us <= from->c->now_us && at_us >= chart->eligibility.at_us) {
        chart->eligibility.at_us = at_us;
        chart->eligibility.fact = from->fact;
    }
}

static bool complete(const Override *override, Str level, int64_t now_us)
{
    if (override->expires_us == TIME_NONE || override->expires_us <= now_us || str_empty(override->reason))
        return false;
    bool prescriber = false;
    for (size_t i = 0; i < override->n_signers; i++)
        prescriber |= str_is(override->signer_role[i], "physician");
    bool two = override->n_signers == 2 && !str_empty(override->signer_person_id[0]) &&
               !str_empty(override->signer_person_id[1]) &&
               !str_eq(override->signer_person_id[0], override->signer_person_id[1]);
    return prescriber && (two || !str_is(level, "stop"));
}

static bool overridden(const Chart *chart, Json *issue, Str level)
{
    Str rule_id = concept_code(json_get(issue, "code"), SYSTEM_RULE);
    if (str_is(json_find_str(extension_of(issue, EXTENSION("override-kind")), "valueCode"), "none"))
        return false;
    for (size_t i = 0; i < chart->overrides.n; i++)
        if (str_eq(chart->overrides.at[i].rule_id, rule_id) &&
            complete(&chart->overrides.at[i], level, chart->loaded_us))
            return true;
    return false;
}

void read_eligibility(const Sources *all, Chart *chart)
{
    Eligibility *left = &chart->eligibility;
    for (size_t i = 0; i < all->n; i++) {
        Json *issue = all->at[i].json;
        Json *level_extension = extension_of(issue, EXTENSION("finding-level"));
        if (!str_is(all->at[i].fact.type, "DetectedIssue") || !level_extension ||
            !str_is(json_find_str(issue, "status"), "preliminary"))
            continue;
        Str level = json_find_str(level_extension, "valueCode");
        if (overridden(chart, issue, level))
            continue;
        left->open_stops += str_is(level, "stop");
        left->open_missing += str_is(level, "missing");
        left->open_cautions += str_is(level, "caution");
        if (str_empty(left->first_open) && !str_is(level, "caution"))
            left->first_open = json_find_str(issue, "detail");
    }
}
