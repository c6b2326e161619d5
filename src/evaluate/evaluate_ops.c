#include "evaluate/evaluate_ops.h"

#include "base/buf.h"
#include "base/limits.h"
#include "chart/codes.h"
#include "chart/facts.h"
#include "chart/instrument.h"
#include "chart/resource.h"
#include "chart/write.h"
#include "db/db.h"
#include "evaluate/maudsley.h"
#include "evaluate/ops.h"

/* ---- what every write needs ---- */

Str new_id(Ctx *c)
{
    return uuid_v7(c->arena, c->random, c->now_us);
}

Err put_new(Ctx *c, const char *type, Str id, Str json)
{
    Resource stored;
    return fhir_put(c, str_from(type), id, json, &stored);
}

Err open_chart(Ctx *c, Str patient_id, Chart *ret_chart)
{
    Chart chart;
    if (str_empty(c->user.person_id))
        return problem(c, ERR_FORBIDDEN, S("user"),
                       "this account names no person, so nothing can be recorded by it");
    TRY(tx_lock(c, arena_fmt(c->arena, "Patient/%.*s", STR_ARG(patient_id))));
    TRY(chart_load(c, patient_id, &chart));
    if (chart.deceased)
        return problem(c, ERR_RULE, S("Patient.deceased[x]"),
                       "this person has died: nothing more is recorded here");
    *ret_chart = chart;
    return OK;
}

/* ---- shown ---- */

static void put_source(Params *out, const Rule *rule)
{
    const PolicyRow *row = rule->policy ? policy_row(policy_in_force(), rule->policy) : NULL;
    params_string(out, "limit", str_from(rule->limit));
    params_string(out, "source", str_from(rule->cites));
    params_string(out, "seen", str_from(rule->seen));
    if (!row)
        return;
    params_open(out, "policy");
    params_string(out, "key", row->key);
    params_string(out, "title", row->title);
    params_decimal(out, "value", row->value);
    params_string(out, "unit", row->unit);
    params_string(out, "source", row->cites);
    params_string(out, "seen", row->seen);
    params_close(out);
}

static void put_override(Params *out, const char *name, const Override *override)
{
    if (!override)
        return;
    params_open(out, name);
    params_code(out, "reason-code", override->reason_code);
    params_string(out, "reason", override->reason);
    params_instant(out, "expires", override->expires_us);
    for (size_t i = 0; i < override->n_signers; i++) {
        params_open(out, "signer");
        params_string(out, "name", override->signer_display[i]);
        params_code(out, "role", override->signer_role[i]);
        params_instant(out, "at", override->signed_us[i]);
        params_close(out);
    }
    params_close(out);
}

static Str fact_reference(Arena *a, const FactRef *fact)
{
    if (!fact->type.p)
        return STR_NONE;
    return arena_fmt(a, "%.*s/%.*s/_history/%lld", STR_ARG(fact->type), STR_ARG(fact->id),
                     (long long)fact->version);
}

static const char *const need_words[] = {
    [OVERRIDE_NEVER] = "none", [OVERRIDE_TWO] = "two", [OVERRIDE_ONE] = "one"
};

static void put_finding(Params *out, const Finding *finding)
{
    params_open(out, "finding");
    params_code(out, "rule", str_from(finding->rule->id));
    params_string(out, "title", str_from(finding->rule->title));
    params_code(out, "level", str_from(level_word(finding->level)));
    params_string(out, "because", finding->because);
    params_string(out, "fact", fact_reference(out->buf.arena, &finding->fact));
    params_instant(out, "fact-at", finding->fact_at_us);
    put_source(out, finding->rule);
    params_code(out, "override-kind", str_from(need_words[finding->need]));
    put_override(out, "override", finding->override);
    put_override(out, "pending", finding->pending);
    for (size_t i = 0; i < RULE_ASKS_MAX && finding->rule->asks[i]; i++)
        params_code(out, "asks", str_from(finding->rule->asks[i]));
    params_close(out);
}

static void put_trial(Params *out, const TrialJudgement *judgement)
{
    const Trial *trial = judgement->trial;
    params_open(out, "trial");
    params_string(out, "drug", judgement->drug ? judgement->drug->title : trial->drug);
    if (trial->peak_mg_per_day >= 0)
        params_number(out, "peak-mg-per-day", trial->peak_mg_per_day, 6);
    if (trial->weeks_at_dose >= 0)
        params_number(out, "weeks", trial->weeks_at_dose, 4);
    if (trial->adherence_percent >= 0)
        params_number(out, "adherence-percent", trial->adherence_percent, 4);
    if (trial->improvement_percent >= 0)
        params_number(out, "improvement-percent", trial->improvement_percent, 4);
    params_code(out, "outcome", str_from(trial_outcome_word(judgement->outcome)));
    params_string(out, "why", judgement->why);
    params_bool(out, "current-episode", trial->current_episode);
    params_string(out, "reason-stopped", trial->reason_stopped);
    params_string(out, "source", trial->source);
    params_instant(out, "from", trial->from_us);
    params_instant(out, "to", trial->to_us);
    params_string(out, "fact", fact_reference(out->buf.arena, &trial->fact));
    params_close(out);
}

static void put_resistance(Params *out, const Resistance *r, const Policy *policy)
{
    params_open(out, "resistance");
    params_bool(out, "resistant", r->resistant);
    params_int(out, "failed", r->failed);
    params_int(out, "needed", r->needed);
    params_int(out, "unknown", r->unknown);
    params_number(out, "weeks-needed", policy_number(policy, "evaluate_trial_weeks"), 4);
    params_string(out, "source", policy_row(policy, "evaluate_trials_needed")->cites);
    params_string(out, "seen", policy_row(policy, "evaluate_trials_needed")->seen);
    params_close(out);
    for (size_t i = 0; i < r->n; i++)
        put_trial(out, &r->at[i]);
}

static void put_maudsley(Params *out, const Maudsley *m)
{
    params_open(out, "maudsley");
    for (size_t i = 0; i < MAUDSLEY_PARTS; i++) {
        params_open(out, "part");
        params_string(out, "title", str_from(m->part[i].title));
        if (m->part[i].points >= 0)
            params_int(out, "points", m->part[i].points);
        params_int(out, "max", m->part[i].max);
        params_string(out, "text", m->part[i].text);
        params_close(out);
    }
    if (m->total >= 0)
        params_int(out, "total", m->total);
    params_string(out, "stage", str_from(m->stage));
    params_string(out, "source", str_from(m->cites));
    params_string(out, "seen", str_from(m->seen));
    params_close(out);
}

/* What stands between the patient and treatment, in the order of the table: stops, then what is missing, then
 * what waits for a signature. */
static void put_path(Params *out, const Findings *findings)
{
    static const Level order[] = { LEVEL_STOP, LEVEL_MISSING, LEVEL_CAUTION, LEVEL_DAY };
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        for (size_t i = 0; i < findings->n; i++) {
            const Finding *finding = &findings->at[i];
            if (finding->level != order[k] || finding->override)
                continue;
            params_open(out, "path-to-eligible");
            params_code(out, "level", str_from(level_word(finding->level)));
            params_code(out, "rule", str_from(finding->rule->id));
            params_string(out, "title", str_from(finding->rule->title));
            params_string(out, "because", finding->because);
            params_close(out);
        }
    }
}

static void put_counts(Params *out, const Findings *findings)
{
    params_open(out, "counts");
    for (Level level = 0; level < LEVEL_MAX; level++)
        params_int(out, level_word(level), findings->count[level]);
    params_int(out, "overridden",
               findings->n - (size_t)findings->open[LEVEL_FINE] - (size_t)findings->open[LEVEL_CAUTION] -
                   (size_t)findings->open[LEVEL_STOP] - (size_t)findings->open[LEVEL_MISSING] -
                   (size_t)findings->open[LEVEL_DAY]);
    params_close(out);
}

static const char *const kind_words[] = {
    [FACT_BOOLEAN] = "boolean", [FACT_CHOICE] = "choice", [FACT_QUANTITY] = "quantity"
};

/* The forms that the page makes for what rules ask. */
static void put_questions(Params *out)
{
    size_t n;
    const FactRow *rows = fact_rows(&n);
    for (size_t i = 0; i < n; i++) {
        params_open(out, "question");
        params_code(out, "key", rows[i].key);
        params_string(out, "title", rows[i].title);
        params_string(out, "question", rows[i].question);
        params_code(out, "kind", str_from(kind_words[rows[i].kind]));
        params_string(out, "unit", rows[i].unit);
        params_string(out, "note", rows[i].note_title);
        params_bool(out, "note-required", rows[i].note_required);
        params_bool(out, "physician-only", rows[i].physician_only);
        for (size_t k = 0; k < rows[i].n_choices; k++) {
            params_open(out, "choice");
            params_code(out, "code", rows[i].choices[k].code);
            params_string(out, "text", rows[i].choices[k].text);
            params_close(out);
        }
        params_close(out);
    }
}

/* The scales that a clinician asks here. An item without wording is asked from the clinic's licensed form. */
static void put_instrument(Params *out, const Instrument *it)
{
    params_open(out, "instrument");
    params_code(out, "id", it->id);
    params_string(out, "title", it->title);
    params_string(out, "stem", it->stem);
    params_string(out, "licence", it->licence);
    for (size_t i = 0; i < it->n_items; i++) {
        params_open(out, "item");
        params_code(out, "link", it->items[i].link_id);
        params_string(out, "text", it->items[i].text);
        params_close(out);
    }
    for (size_t i = 0; i < it->n_answers; i++) {
        params_open(out, "answer");
        params_int(out, "value", it->answers[i].value);
        params_string(out, "text", it->answers[i].text);
        params_close(out);
    }
    params_close(out);
}

static void put_choices(Params *out)
{
    size_t n;
    const TrialDrug *drugs = trial_drugs(&n);
    for (size_t i = 0; i < n; i++) {
        params_open(out, "drug");
        params_code(out, "key", drugs[i].key);
        params_string(out, "title", drugs[i].title);
        params_string(out, "class", drugs[i].drug_class);
        params_number(out, "min-mg-per-day", drugs[i].min_mg_per_day, 6);
        params_string(out, "seen", drugs[i].seen);
        params_close(out);
    }
    for (const ReasonRow *row = override_reasons; row->code; row++) {
        params_open(out, "reason");
        params_code(out, "code", str_from(row->code));
        params_string(out, "text", str_from(row->text));
        params_close(out);
    }
}

static void put_quarantined(Params *out, const Chart *chart)
{
    for (size_t i = 0; i < chart->quarantined.n; i++) {
        const Quarantined *q = &chart->quarantined.at[i];
        params_open(out, "quarantined");
        params_string(out, "what", q->what);
        params_string(out, "why", q->why);
        params_instant(out, "at", q->at_us);
        params_string(out, "fact", fact_reference(out->buf.arena, &q->fact));
        params_close(out);
    }
}

static void put_verdict(Params *out, const Findings *findings, const Policy *policy)
{
    Arena *a = out->buf.arena;
    params_code(out, "verdict", str_from(verdict_word(evaluate_verdict(findings))));
    params_string(out, "headline", verdict_headline(a, findings));
    params_string(out, "sentence", verdict_sentence(a, findings));
    put_counts(out, findings);
    params_string(out, "rule-set-version", str_from(evaluate_rule_set_version));
    params_string(out, "policy-version", policy->version);
    params_string(out, "policy-hash", policy->hash);
}

Err op_evaluate(Ctx *c, const OpCall *in, Params *out)
{
    Chart chart;
    TRY(chart_load(c, in->id, &chart));
    const Policy *policy = policy_in_force();
    Findings findings = evaluate(c->arena, &chart, policy, c->now_us);
    Resistance resistance = resistance_judge(c->arena, &chart, policy);
    Maudsley maudsley = maudsley_judge(c->arena, &chart, policy, &resistance, c->now_us);
    params_string(out, "name", chart.name);
    params_bool(out, "deceased", chart.deceased);
    params_instant(out, "at", c->now_us);
    params_instant(out, "recorded-at", chart.eligibility.at_us);
    put_verdict(out, &findings, policy);
    for (size_t i = 0; i < findings.n; i++)
        put_finding(out, &findings.at[i]);
    put_maudsley(out, &maudsley);
    put_resistance(out, &resistance, policy);
    put_path(out, &findings);
    put_quarantined(out, &chart);
    put_questions(out);
    put_instrument(out, instrument(S("c-ssrs")));
    put_instrument(out, instrument(S("phq-9")));
    put_choices(out);
    return OK;
}

/* ---- recorded ---- */

static Str guidance_json(Ctx *c, Str id, Str patient_id, const Findings *findings, const Policy *policy)
{
    Verdict verdict = evaluate_verdict(findings);
    return json_build(
        c->arena,
        "{'resourceType':'GuidanceResponse','id':%s,'extension':["
        "{'url':'" EXTENSION(
            "evaluation-verdict") "','valueCode':%s},"
                                  "{'url':'" EXTENSION(
                                      "rule-set-version") "','valueString':%s},"
                                                          "{'url':'" EXTENSION(
                                                              "policy-hash") "','valueString':%s}],"
                                                                             "'moduleUri':'" URN_RULE_SET
                                                                             "evaluate','status':'success',"
                                                                             "'subject':{'reference':%s},'"
                                                                             "occurrenceDateTime':%t,"
                                                                             "'note':[{'authorReference':%j,'"
                                                                             "time':%t,'text':%s}]}",
        id, str_from(verdict_word(verdict)), str_from(evaluate_rule_set_version), policy->hash,
        arena_fmt(c->arena, "Patient/%.*s", STR_ARG(patient_id)), c->now_us, user_reference(c), c->now_us,
        verdict_headline(c->arena, findings));
}

static Str severity_of(Level level)
{
    return level == LEVEL_STOP ? S("high") : level == LEVEL_DAY ? S("low") : S("moderate");
}

static Str issue_json(Ctx *c, Str id, Str patient_id, const Finding *finding)
{
    Buf b = buf_make(c->arena, LIMIT_RESOURCE_BYTES);
    bool stands = finding->level != LEVEL_FINE;
    buf_json(&b,
             "{'resourceType':'DetectedIssue','id':%s,'extension':["
             "{'url':'" EXTENSION(
                 "finding-level") "','valueCode':%s},"
                                  "{'url':'" EXTENSION(
                                      "override-kind") "','valueCode':%s}],"
                                                       "'status':%s,'code':{'coding':[{'system':'" SYSTEM_RULE
                                                       "','code':%s}],'text':%s},'severity':%s,"
                                                       "'patient':{'reference':%s},'identifiedDateTime':%t,'"
                                                       "author':%j,'detail':%s",
             id, str_from(level_word(finding->level)), str_from(need_words[finding->need]),
             stands ? S("preliminary") : S("final"), str_from(finding->rule->id),
             str_from(finding->rule->title), severity_of(finding->level),
             arena_fmt(c->arena, "Patient/%.*s", STR_ARG(patient_id)), c->now_us, user_reference(c),
             finding->because);
    if (finding->fact.type.p)
        buf_json(&b, ",'evidence':[{'detail':[{'reference':%s}]}]", fact_reference(c->arena, &finding->fact));
    buf_char(&b, '}');
    return buf_str(&b);
}

/* The issue that already stands for a rule: one resource a rule, whose versions are its history. */
typedef struct Standing {
    Str id, level, detail;
    bool open;
} Standing;

static Standing standing_of(Ctx *c, const Resources *all, const char *rule_id)
{
    for (size_t i = 0; i < all->n; i++) {
        if (!str_is(all->at[i].type, "DetectedIssue"))
            continue;
        Json *json = json_parse(c->arena, all->at[i].body);
        Json *level = extension_of(json, EXTENSION("finding-level"));
        if (level && str_is(concept_code(json_get(json, "code"), SYSTEM_RULE), rule_id))
            return (Standing){ all->at[i].id, json_find_str(level, "valueCode"),
                               json_find_str(json, "detail"),
                               str_is(json_find_str(json, "status"), "preliminary") };
    }
    return (Standing){ 0 };
}

static Err record_finding(Ctx *c, Str patient_id, const Resources *all, const Finding *finding)
{
    Standing before = standing_of(c, all, finding->rule->id);
    bool stands = finding->level != LEVEL_FINE;
    bool same = str_is(before.level, level_word(finding->level)) && str_eq(before.detail, finding->because);
    if ((!stands && !before.open) || (stands && before.open && same))
        return OK;
    Str id = before.id.p ? before.id : new_id(c);
    return put_new(c, "DetectedIssue", id, issue_json(c, id, patient_id, finding));
}

Err op_evaluate_record(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    Resources all = { 0 };
    TRY(tx_begin(c, &tx));
    TRY(tx_lock(c, arena_fmt(c->arena, "Patient/%.*s", STR_ARG(in->id))));
    TRY(chart_load(c, in->id, &chart));
    TRY(fhir_patient_compartment(c, in->id, &all));
    const Policy *policy = policy_in_force();
    Findings findings = evaluate(c->arena, &chart, policy, c->now_us);
    for (size_t i = 0; i < findings.n; i++)
        TRY(record_finding(c, in->id, &all, &findings.at[i]));
    Str id = new_id(c), provenance_id = new_id(c);
    TRY(put_new(c, "GuidanceResponse", id, guidance_json(c, id, in->id, &findings, policy)));
    TRY(put_new(c, "Provenance", provenance_id,
                provenance(c, provenance_id, S("GuidanceResponse"), id, S("evaluation recorded"))));
    params_string(out, "id", id);
    put_verdict(out, &findings, policy);
    return tx_commit(tx);
}

/* ---- the door ---- */

const Operation evaluate_operations[] = {
    { "Patient", "evaluate", OP_READ, ROLES_CLINICAL_READ, op_evaluate,
      "Judges who may be treated, and why" },
    { "Patient", "evaluate-record", OP_WRITE, ROLES_CLINICAL, op_evaluate_record,
      "Judges, and leaves the judgement in the record" },
    { "Patient", "override", OP_WRITE, ROLES_CLINICAL, op_override,
      "Signs past a finding, with reason and expiry" },
    { "Patient", "record-fact", OP_WRITE, ROLES_CLINICAL, op_record_fact,
      "Records an answer that a rule asks for, or a weight, height or pressure" },
    { "Patient", "record-trial", OP_WRITE, ROLES_CLINICAL, op_record_trial,
      "Records an antidepressant trial" },
    { "Patient", "record-screen", OP_WRITE, ROLES_CLINICAL, op_record_screen,
      "Records the answers of an instrument that a clinician asked" },
    { "Patient", "chart", OP_READ, ROLES_CLINICAL_READ, op_chart, "Who this is, and one fact of each step" },
    { NULL, "patients", OP_READ, ROLES_CLINICAL_READ, op_patients,
      "All patients, with the next step of each" },
    { 0 }
};
