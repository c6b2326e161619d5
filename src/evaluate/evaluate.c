#include "evaluate/evaluate.h"

#include "base/buf.h"

static const char *const level_words[LEVEL_MAX] = {
    [LEVEL_FINE] = "fine",       [LEVEL_CAUTION] = "caution", [LEVEL_STOP] = "stop",
    [LEVEL_MISSING] = "missing", [LEVEL_DAY] = "day",
};

const char *level_word(Level level)
{
    return level_words[level];
}

const Rule *evaluate_rule(Str id)
{
    for (const Rule *rule = evaluate_rules; rule->id; rule++)
        if (str_is(id, rule->id))
            return rule;
    return NULL;
}

/* ---- findings ---- */

static OverrideNeed need_of(const Rule *rule, Level level)
{
    if (rule->absolute)
        return OVERRIDE_NEVER;
    return level == LEVEL_STOP ? OVERRIDE_TWO : OVERRIDE_ONE;
}

/* The one that holds; else the newest that is signed by somebody and has not ended. */
static void attach_overrides(Finding *finding, const Chart *chart, int64_t now_us)
{
    if (finding->level == LEVEL_FINE || finding->level == LEVEL_DAY)
        return;
    for (size_t i = 0; i < chart->overrides.n; i++) {
        const Override *override = &chart->overrides.at[i];
        if (!str_is(override->rule_id, finding->rule->id))
            continue;
        if (override_in_force(override, finding->need, now_us))
            finding->override = override;
        else if (override->expires_us != TIME_NONE && override->expires_us > now_us)
            finding->pending = override;
    }
}

static Finding find(const Rule *rule, const Asked *q)
{
    Judgement j = rule->judge(q);
    Finding finding = { .rule = rule,
                        .level = j.level,
                        .because = j.because,
                        .fact = j.fact,
                        .fact_at_us = j.fact_at_us,
                        .need = need_of(rule, j.level) };
    attach_overrides(&finding, q->chart, q->now_us);
    return finding;
}

Findings evaluate(Arena *a, const Chart *chart, const Policy *policy, int64_t now_us)
{
    Asked q = { a, chart, policy, now_us };
    LIST(Finding) list = { 0 };
    Findings findings = { 0 };
    for (const Rule *rule = evaluate_rules; rule->id; rule++) {
        Finding finding = find(rule, &q);
        findings.count[finding.level]++;
        findings.open[finding.level] += !finding.override;
        *list_add(a, &list) = finding;
    }
    findings.at = list.at;
    findings.n = list.n;
    return findings;
}

/* ---- verdict ---- */

static const char *first_title(const Findings *findings, Level level)
{
    for (size_t i = 0; i < findings->n; i++)
        if (findings->at[i].level == level && !findings->at[i].override)
            return findings->at[i].rule->title;
    return "";
}

static const Finding *absolute_stop(const Findings *findings)
{
    for (size_t i = 0; i < findings->n; i++)
        if (findings->at[i].level == LEVEL_STOP && findings->at[i].need == OVERRIDE_NEVER)
            return &findings->at[i];
    return NULL;
}

static bool any_override(const Findings *findings)
{
    for (size_t i = 0; i < findings->n; i++)
        if (findings->at[i].override)
            return true;
    return false;
}

Verdict evaluate_verdict(const Findings *findings)
{
    if (absolute_stop(findings))
        return VERDICT_NEVER;
    if (findings->open[LEVEL_STOP])
        return VERDICT_STOPPED;
    if (findings->open[LEVEL_MISSING])
        return VERDICT_UNKNOWN;
    if (findings->open[LEVEL_CAUTION])
        return VERDICT_TO_SIGN;
    return any_override(findings) ? VERDICT_OVERRIDDEN : VERDICT_ELIGIBLE;
}

const char *verdict_word(Verdict verdict)
{
    static const char *const words[] = {
        [VERDICT_NEVER] = "never",     [VERDICT_STOPPED] = "stopped",       [VERDICT_UNKNOWN] = "unknown",
        [VERDICT_TO_SIGN] = "to-sign", [VERDICT_OVERRIDDEN] = "overridden", [VERDICT_ELIGIBLE] = "eligible",
    };
    return words[verdict];
}

Str verdict_headline(Arena *a, const Findings *findings)
{
    const Finding *absolute = absolute_stop(findings);
    if (absolute)
        return arena_fmt(a, "No treatment: %s", absolute->rule->title);
    switch (evaluate_verdict(findings)) {
    case VERDICT_STOPPED:
        return arena_fmt(a, "Not yet: %s first", first_title(findings, LEVEL_STOP));
    case VERDICT_UNKNOWN:
        return arena_fmt(a, "Not known yet: %s first", first_title(findings, LEVEL_MISSING));
    case VERDICT_TO_SIGN:
        return S("Nothing stops treatment; cautions wait for a prescriber");
    case VERDICT_OVERRIDDEN:
        return S("May be treated under signed overrides");
    default:
        return S("May be treated");
    }
}

static void add_count(Buf *b, int n, const char *one, const char *many)
{
    if (n)
        buf_fmt(b, "%s%d %s", b->n ? ", " : "", n, n == 1 ? one : many);
}

static Str what_is_open(Arena *a, const Findings *findings)
{
    Buf b = buf_make(a, 200);
    add_count(&b, findings->open[LEVEL_STOP], "stop", "stops");
    add_count(&b, findings->open[LEVEL_MISSING], "missing fact", "missing facts");
    add_count(&b, findings->open[LEVEL_CAUTION], "caution to be signed", "cautions to be signed");
    return buf_str(&b);
}

Str verdict_sentence(Arena *a, const Findings *findings)
{
    Str open = what_is_open(a, findings);
    const Finding *never = absolute_stop(findings);
    if (never)
        return arena_fmt(a, "%.*s Nobody can override this, and no later step opens.",
                         STR_ARG(never->because));
    switch (evaluate_verdict(findings)) {
    case VERDICT_STOPPED:
    case VERDICT_UNKNOWN:
        return arena_fmt(a, "Open: %.*s. Not known is not the same as fine.", STR_ARG(open));
    case VERDICT_TO_SIGN:
        return arena_fmt(a, "No stop is open, nothing is missing. Open: %.*s.", STR_ARG(open));
    default:
        return S("No stop is open, nothing is missing. The program informs; the clinicians decide.");
    }
}
