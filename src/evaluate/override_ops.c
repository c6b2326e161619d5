#include "base/buf.h"
#include "base/limits.h"
#include "chart/codes.h"
#include "chart/write.h"
#include "db/db.h"
#include "evaluate/evaluate.h"
#include "evaluate/ops.h"

const ReasonRow override_reasons[] = {
    { "benefit", "Benefit outweighs risk" },
    { "being-treated", "Cause is being treated; plan in the chart" },
    { "data-wrong", "Data are wrong or out of date; seen in person" },
    { "no-alternative", "No alternative left; discussed with the patient" },
    { NULL, NULL },
};

typedef struct Signature {
    Str reason_code, reason;
    int64_t expires_us;
} Signature;

enum { REASON_MIN = 10 };

static Err read_signature(Ctx *c, const OpCall *in, Signature *ret)
{
    Signature s = { .reason_code = op_string(in, "reason-code"),
                    .reason = str_trim(op_string(in, "reason")) };
    bool known = false;
    for (const ReasonRow *row = override_reasons; row->code; row++)
        known |= str_is(s.reason_code, row->code);
    if (!known)
        return problem(c, ERR_INVALID, S("reason-code"), "an override needs one of the listed reasons");
    if (s.reason.n < REASON_MIN)
        return problem(c, ERR_INVALID, S("reason"), "an override needs its reason in your own words");
    if (!op_time(in, "expires", &s.expires_us))
        return problem(c, ERR_INVALID, S("expires"), "an override needs the day on which it ends");
    int64_t longest_us = policy_duration_us(policy_in_force(), "evaluate_override_max");
    if (s.expires_us <= c->now_us || s.expires_us > c->now_us + longest_us)
        return problem(c, ERR_RULE, S("expires"), "an override ends after now and within %d days",
                       (int)(longest_us / US_PER_DAY));
    *ret = s;
    return OK;
}

static Str mitigation_json(Ctx *c, const Signature *s)
{
    return json_build(
        c->arena,
        "{'extension':[{'url':'" EXTENSION("signer-role") "','valueCode':%s}],"
                                                          "'action':{'coding':[{'system':'" SYSTEM_REASON
                                                          "','code':%s}],'text':%s},'date':%t,'author':%j}",
        role_name(c->user.role), s->reason_code, s->reason, c->now_us, user_reference(c));
}

static Str issue_json(Ctx *c, Str id, Str patient_id, const Finding *finding, int64_t expires_us,
                      Str mitigations)
{
    return json_build(
        c->arena,
        "{'resourceType':'DetectedIssue','id':%s,'extension':["
        "{'url':'" EXTENSION("override-expires") "','valueDateTime':%t}],"
                                                 "'status':'final','code':{'coding':[{'system':'" SYSTEM_RULE
                                                 "','code':%s}],'text':%s},"
                                                 "'patient':{'reference':%s},'identifiedDateTime':%t,'detail'"
                                                 ":%s,'mitigation':[%j]}",
        id, expires_us, str_from(finding->rule->id), str_from(finding->rule->title),
        arena_fmt(c->arena, "Patient/%.*s", STR_ARG(patient_id)), c->now_us, finding->because, mitigations);
}

/* ---- who may sign ---- */

static Err may_sign(Ctx *c, const Finding *finding)
{
    if (finding->level == LEVEL_FINE || finding->level == LEVEL_DAY)
        return problem(c, ERR_RULE, S("rule"), "%s stands in nobody's way", finding->rule->title);
    if (finding->need == OVERRIDE_NEVER)
        return problem(c, ERR_RULE, S("rule"), "%s: nobody can override this", finding->rule->title);
    if (finding->override)
        return problem(c, ERR_CONFLICT, S("rule"), "%s is overridden already", finding->rule->title);
    if (finding->need == OVERRIDE_ONE && c->user.role != ROLE_PHYSICIAN)
        return problem(c, ERR_FORBIDDEN, S("user"), "a caution or a missing fact is signed by a prescriber");
    return OK;
}

static Err may_sign_second(Ctx *c, const Override *first)
{
    if (str_eq(first->signer_person_id[0], c->user.person_id))
        return problem(c, ERR_RULE, S("user"), "you signed already: a stop needs two different people");
    if (!str_is(first->signer_role[0], "physician") && c->user.role != ROLE_PHYSICIAN)
        return problem(c, ERR_RULE, S("user"), "one of the two must be a physician");
    return OK;
}

static const Finding *finding_of(const Findings *findings, Str rule_id)
{
    for (size_t i = 0; i < findings->n; i++)
        if (str_is(rule_id, findings->at[i].rule->id))
            return &findings->at[i];
    return NULL;
}

/* ---- signing ---- */

/* The second signature ends with the first: nobody lengthens what another has signed. */
static Err sign_second(Ctx *c, const Finding *finding, Str patient_id, const Signature *s)
{
    Resource stored;
    const Override *first = finding->pending;
    TRY(may_sign_second(c, first));
    TRY(fhir_read(c, S("DetectedIssue"), first->fact.id, &stored));
    Json *before = json_find(json_parse(c->arena, stored.body), "mitigation[0]");
    Str both = arena_fmt(c->arena, "%.*s,%.*s", STR_ARG(json_text(c->arena, before)),
                         STR_ARG(mitigation_json(c, s)));
    return put_new(c, "DetectedIssue", first->fact.id,
                   issue_json(c, first->fact.id, patient_id, finding, first->expires_us, both));
}

static Err sign(Ctx *c, const Finding *finding, Str patient_id, const Signature *s, Str *ret_id)
{
    bool second = finding->need == OVERRIDE_TWO && finding->pending;
    Str id = second ? finding->pending->fact.id : new_id(c), provenance_id = new_id(c);
    TRY(may_sign(c, finding));
    if (second)
        TRY(sign_second(c, finding, patient_id, s));
    else
        TRY(put_new(c, "DetectedIssue", id,
                    issue_json(c, id, patient_id, finding, s->expires_us, mitigation_json(c, s))));
    *ret_id = id;
    return put_new(c, "Provenance", provenance_id,
                   provenance(c, provenance_id, S("DetectedIssue"), id, S("override signed")));
}

Err op_override(Ctx *c, const OpCall *in, Params *out)
{
    AUTO(tx_done) Tx *tx = NULL;
    Chart chart;
    Signature signature = { 0 };
    Str id;
    TRY(read_signature(c, in, &signature));
    TRY(tx_begin(c, &tx));
    TRY(open_chart(c, in->id, &chart));
    Findings findings = evaluate(c->arena, &chart, policy_in_force(), c->now_us);
    const Finding *finding = finding_of(&findings, op_string(in, "rule"));
    if (!finding)
        return problem(c, ERR_INVALID, S("rule"), "there is no such rule");
    TRY(sign(c, finding, in->id, &signature, &id));
    bool complete = finding->need == OVERRIDE_ONE || finding->pending;
    params_string(out, "id", id);
    params_bool(out, "in-force", complete);
    params_string(out, "sentence",
                  complete ? S("Overridden.") : S("Signed by one. A second person has to sign."));
    return tx_commit(tx);
}
