#include "evaluate/trials.h"

#include "base/embed.h"
#include "base/json.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- the table ---- */

static struct {
    TrialDrug *at;
    size_t n, room;
} drugs;

static void load(void)
{
    Arena *a = arena_forever();
    Json *list = json_get(json_parse(a, embedded_file(S("data/policy/trials.json"))), "trials");
    for (size_t i = 0; i < json_count(list); i++) {
        Json *json = json_at(list, i);
        TrialDrug drug = { .key = json_find_str(json, "key"),
                           .title = json_find_str(json, "title"),
                           .drug_class = json_find_str(json, "class"),
                           .cites = json_find_str(json, "cites"),
                           .seen = json_find_str(json, "seen") };
        bool has_dose = json_number(json_get(json, "min_mg_per_day"), &drug.min_mg_per_day);
        if (str_empty(drug.key) || str_empty(drug.cites) || str_empty(drug.seen) || !has_dose) {
            log_line(LOG_ERROR, "data/policy/trials.json: row %zu is not complete", i);
            abort();
        }
        *list_add(a, &drugs) = drug;
    }
}

const TrialDrug *trial_drugs(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    *ret_n = drugs.n;
    return drugs.at;
}

const TrialDrug *trial_drug(Str key)
{
    size_t n;
    const TrialDrug *all = trial_drugs(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].key, key))
            return &all[i];
    return NULL;
}

/* ---- one trial ---- */

const char *trial_outcome_word(TrialOutcome outcome)
{
    static const char *const words[] = { "unknown", "not-adequate", "helped", "failed" };
    return words[outcome];
}

typedef struct Part {
    const char *what, *unit;
    double value, least;
} Part;

static TrialJudgement not_known(Arena *a, TrialJudgement j, const char *what)
{
    j.outcome = TRIAL_UNKNOWN;
    j.why = arena_fmt(a, "%s is not known", what);
    return j;
}

static TrialJudgement judge(Arena *a, const Trial *trial, const Policy *policy)
{
    TrialJudgement j = { .trial = trial, .drug = trial_drug(trial->drug) };
    if (!j.drug)
        return not_known(a, j, "the adequate dose of this medicine");
    const Part parts[] = {
        { "the dose", "mg/d", trial->peak_mg_per_day, j.drug->min_mg_per_day },
        { "the time at that dose", "weeks", trial->weeks_at_dose,
          policy_number(policy, "evaluate_trial_weeks") },
        { "the adherence", "%", trial->adherence_percent, policy_number(policy, "evaluate_trial_adherence") },
    };
    /* One part that falls short decides, whatever is not known of the others. */
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].value < 0 || parts[i].value >= parts[i].least)
            continue;
        j.outcome = TRIAL_NOT_ADEQUATE;
        j.why = arena_fmt(a, "%g %s of at least %g", parts[i].value, parts[i].unit, parts[i].least);
        return j;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value < 0)
            return not_known(a, j, parts[i].what);
    if (trial->improvement_percent < 0)
        return not_known(a, j, "the improvement");
    double limit = policy_number(policy, "evaluate_trial_improvement");
    j.outcome = trial->improvement_percent < limit ? TRIAL_FAILED : TRIAL_HELPED;
    j.why = arena_fmt(a, "%g %% better; below %g %% is a failure", trial->improvement_percent, limit);
    return j;
}

/* ---- all of them ---- */

/* Two forms of one substance are one medicine: "bupropion-xl" is bupropion. */
static Str substance(Str key)
{
    Str form;
    return str_cut(key, '-', &form);
}

static bool counted_before(const Resistance *r, size_t n, Str drug)
{
    for (size_t i = 0; i < n; i++)
        if (r->at[i].outcome == TRIAL_FAILED && r->at[i].trial->current_episode &&
            str_eq(substance(r->at[i].trial->drug), substance(drug)))
            return true;
    return false;
}

Resistance resistance_judge(Arena *a, const Chart *chart, const Policy *policy)
{
    Resistance r = { .n = chart->trials.n, .needed = (int)policy_number(policy, "evaluate_trials_needed") };
    r.at = arena_new(a, TrialJudgement, r.n);
    for (size_t i = 0; i < r.n; i++) {
        const Trial *trial = &chart->trials.at[i];
        r.at[i] = judge(a, trial, policy);
        if (!trial->current_episode)
            continue;
        r.unknown += r.at[i].outcome == TRIAL_UNKNOWN;
        r.failed += r.at[i].outcome == TRIAL_FAILED && !counted_before(&r, i, trial->drug);
    }
    r.resistant = r.failed >= r.needed;
    return r;
}
