#include "evaluate/maudsley.h"

#include "evaluate/rule.h"

typedef struct Band {
    double above; /* points from the first value greater than this */
    int points;
} Band;

static const Band length_months[] = { { 24, 3 }, { 12, 2 }, { -1, 1 } };
static const Band failures[] = { { 10, 5 }, { 6, 4 }, { 4, 3 }, { 2, 2 }, { 0, 1 } };

static int banded(const Band *bands, size_t n, double value)
{
    for (size_t i = 0; i < n; i++)
        if (value > bands[i].above)
            return bands[i].points;
    return -1;
}

static const struct {
    const char *code, *text;
    int points;
} severities[] = {
    { "subsyndromal", "subsyndromal", 1 },
    { "mild", "mild", 2 },
    { "moderate", "moderate", 3 },
    { "severe", "severe, not psychotic", 4 },
    { "severe-psychotic", "severe, psychotic", 5 },
};

static MaudsleyPart length_part(Arena *a, double months)
{
    MaudsleyPart part = { "Length of episode", -1, 3, S("not known") };
    if (months < 0)
        return part;
    part.points = banded(length_months, 3, months);
    part.text = arena_fmt(a, "%g months", months);
    return part;
}

static MaudsleyPart severity_part(const char *code)
{
    MaudsleyPart part = { "Severity", -1, 5, S("not rated") };
    for (size_t i = 0; code && i < sizeof severities / sizeof *severities; i++) {
        if (strcmp(code, severities[i].code) != 0)
            continue;
        part.points = severities[i].points;
        part.text = str_from(severities[i].text);
    }
    return part;
}

static MaudsleyPart failure_part(Arena *a, int failed)
{
    MaudsleyPart part = { "Antidepressants failed", -1, 5, S("none yet: the score is not defined") };
    if (failed <= 0)
        return part;
    part.points = banded(failures, 5, failed);
    part.text = arena_fmt(a, "%d adequate", failed);
    return part;
}

static MaudsleyPart used_part(const char *title, int used)
{
    return (MaudsleyPart){ title, used, 1, used < 0 ? S("not known") : used ? S("tried") : S("not tried") };
}

static const char *stage_of(int total)
{
    return total <= 6 ? "mild" : total <= 10 ? "moderate" : "severe";
}

Maudsley maudsley_score(Arena *a, const MaudsleyInput *input)
{
    Maudsley m = { .part = { length_part(a, input->episode_months), severity_part(input->severity),
                             failure_part(a, input->failures), used_part("Augmentation", input->augmentation),
                             used_part("ECT", input->ect) },
                   .cites = "Fekadu 2018",
                   .seen = "secondary: clinical fact base, F56 and F57" };
    for (size_t i = 0; i < MAUDSLEY_PARTS; i++) {
        m.total = m.part[i].points < 0 || m.total < 0 ? -1 : m.total + m.part[i].points;
    }
    m.stage = m.total < 0 ? NULL : stage_of(m.total);
    return m;
}

static int yes_or_no(const Fact *fact)
{
    return fact ? answered(fact, "yes") : -1;
}

Maudsley maudsley_judge(Arena *a, const Chart *chart, const Policy *policy, const Resistance *resistance,
                        int64_t now_us)
{
    Asked q = { a, chart, policy, now_us };
    const Fact *months = answer(&q, "episode-months"), *severity = answer(&q, "severity");
    MaudsleyInput input = { .episode_months = months ? answer_number(months) : -1,
                            .severity = severity ? arena_cstr(a, severity->value) : NULL,
                            .failures = resistance->failed,
                            .augmentation = yes_or_no(answer(&q, "augmentation-used")),
                            .ect = yes_or_no(answer(&q, "ect-used")) };
    return maudsley_score(a, &input);
}
