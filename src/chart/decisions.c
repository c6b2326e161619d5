#include "chart/codes.h"
#include "chart/override.h"
#include "chart/read.h"

/* ---- overrides ---- */

static void add_signer(Json *mitigation, Override *to)
{
    Str person_id = reference_id(json_get(mitigation, "author"), "Practitioner");
    if (to->n_signers == 2 || (to->n_signers == 1 && str_eq(person_id, to->signer_person_id[0])))
        return;
    size_t i = to->n_signers++;
    to->signer_person_id[i] = person_id;
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

static OverrideNeed need_of(Json *issue, Str level)
{
    if (str_is(json_find_str(extension_of(issue, EXTENSION("override-kind")), "valueCode"), "none"))
        return OVERRIDE_NEVER;
    return str_is(level, "stop") ? OVERRIDE_TWO : OVERRIDE_ONE;
}

static bool overridden(const Chart *chart, Json *issue, Str level)
{
    Str rule_id = concept_code(json_get(issue, "code"), SYSTEM_RULE);
    OverrideNeed need = need_of(issue, level);
    for (size_t i = 0; i < chart->overrides.n; i++)
        if (str_eq(chart->overrides.at[i].rule_id, rule_id) &&
            override_in_force(&chart->overrides.at[i], need, chart->loaded_us))
            return true;
    return false;
}

/* What is asked only on the day of an infusion ("day") is missing from the moment that a course is signed. */
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
        bool of_the_day = str_is(level, "day");
        if (of_the_day && chart->course.status != COURSE_ACTIVE)
            continue;
        left->open_stops += str_is(level, "stop");
        left->open_missing += str_is(level, "missing") || of_the_day;
        left->open_cautions += str_is(level, "caution");
        if (str_empty(left->first_open) && !str_is(level, "caution"))
            left->first_open = json_find_str(issue, "detail");
    }
}
