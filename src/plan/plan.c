#include "plan/plan.h"

#include <inttypes.h>
#include <math.h>

PlanRequest plan_usual(const Protocol *protocol, int64_t now_us)
{
    return (PlanRequest){ .mg_per_kg = protocol->mg_per_kg,
                          .minutes = protocol->minutes,
                          .vial_mg_per_ml = protocol->usual_vial_mg_per_ml,
                          .bag_ml = protocol->usual_bag_ml,
                          .first_us = schedule_next_weekday(protocol, now_us) };
}

/* ---- what the chart says ---- */

static bool any_infusion_given(const Chart *chart)
{
    for (size_t i = 0; i < chart->infusions.n; i++)
        if (chart->infusions.at[i].started_us != TIME_NONE)
            return true;
    return false;
}

static void judge_person(Arena *a, const Chart *chart, const Policy *policy, Plan *plan)
{
    const PolicyRow *age_min = policy_row(policy, "plan_age_min");
    if (chart->deceased)
        issue_add(a, &plan->issues, "EU-P-301", PLAN_REFUSED, NULL,
                  "The patient has died: nothing can be planned.");
    if (isnan(plan->age_years))
        issue_add(a, &plan->issues, "EU-P-302", PLAN_REFUSED, age_min,
                  "The birth date is not known, so neither is the age.");
    else if (plan->age_years < decimal_to_double(age_min->value))
        issue_add(a, &plan->issues, "EU-P-302", PLAN_REFUSED, age_min, "Age %g is under %g: not in a clinic.",
                  plan->age_years, decimal_to_double(age_min->value));
}

static void judge_products(Arena *a, const Protocol *protocol, Plan *plan)
{
    const PlanRequest *request = &plan->request;
    if (!protocol_has_vial(protocol, request->vial_mg_per_ml))
        issue_add(a, &plan->issues, "EU-P-303", PLAN_REFUSED, NULL,
                  "The protocol knows no vial of %.*s mg/mL.",
                  STR_ARG(decimal_plain(a, request->vial_mg_per_ml)));
    if (!protocol_has_bag(protocol, request->bag_ml))
        issue_add(a, &plan->issues, "EU-P-304", PLAN_REFUSED, NULL, "The protocol knows no bag of %.*s mL.",
                  STR_ARG(decimal_plain(a, request->bag_ml)));
}

/* ---- the dose ---- */

/* Below the BMI of choice the measured weight is the only basis; from it on, nobody chooses for the
 * prescriber. */
static WeightBasis choose(Arena *a, const Policy *policy, Plan *plan)
{
    const DoseWeights *weights = &plan->weights;
    const PolicyRow *choice = policy_row(policy, "plan_bmi_choice");
    WeightBasis asked = plan->request.basis;
    if (!weights->weight || !weights->has_bmi)
        return BASIS_NONE;
    Str bmi = decimal_plain(a, weights->bmi_kg_per_m2);
    if (weights->preselected == BASIS_ACTUAL && asked != BASIS_NONE && asked != BASIS_ACTUAL) {
        issue_add(a, &plan->issues, "EU-P-009", PLAN_REFUSED, choice,
                  "BMI is %.*s: below %.*s the dose goes by actual weight.", STR_ARG(bmi),
                  STR_ARG(decimal_plain(a, choice->value)));
        return BASIS_NONE;
    }
    WeightBasis basis = asked == BASIS_NONE ? weights->preselected : asked;
    if (basis == BASIS_NONE)
        issue_add(a, &plan->issues, "EU-P-008", PLAN_REFUSED, choice,
                  "BMI is %.*s: from %.*s on, choose the weight to dose on. Adjusted weight is proposed.",
                  STR_ARG(bmi), STR_ARG(decimal_plain(a, choice->value)));
    else if (!weights->basis[basis].usable) {
        issue_add(a, &plan->issues, "EU-P-009", PLAN_REFUSED, choice, "The %s weight cannot be used. %.*s",
                  weight_basis_word(basis), STR_ARG(weights->basis[basis].why_not));
        return BASIS_NONE;
    }
    return basis;
}

static DoseInput input_on(const Chart *chart, const Plan *plan, WeightBasis basis)
{
    const PlanRequest *request = &plan->request;
    const Course *last = &chart->course;
    bool has_previous = !plan->first && last->dose_weight_kg.units > 0 && last->dose_mg.units > 0;
    DoseInput input = { .weight_kg = plan->weights.basis[basis].kg,
                        .actual_kg = plan->weights.weight_kg,
                        .mg_per_kg = request->mg_per_kg,
                        .minutes = request->minutes,
                        .vial_mg_per_ml = request->vial_mg_per_ml,
                        .bag_ml = request->bag_ml,
                        .first = plan->first,
                        .has_previous = has_previous };
    if (has_previous)
        input.previous_mg_per_kg = ratio_divide(ratio_of(last->dose_mg), ratio_of(last->dose_weight_kg));
    return input;
}

static void compute_doses(Arena *a, const Chart *chart, const Policy *policy, Plan *plan)
{
    plan->basis = choose(a, policy, plan);
    for (int basis = BASIS_ACTUAL; basis < BASIS_MAX; basis++) {
        DoseInput input = input_on(chart, plan, (WeightBasis)basis);
        plan->has_on_basis[basis] = plan->weights.basis[basis].usable && dose_input_possible(&input);
        if (plan->has_on_basis[basis])
            plan->on_basis[basis] = dose_compute(policy, &input);
    }
    plan->has_dose = plan->basis != BASIS_NONE && plan->has_on_basis[plan->basis];
    if (plan->has_dose) {
        plan->dose = plan->on_basis[plan->basis];
        dose_judge(a, policy, &plan->dose, &plan->issues, &plan->caps);
    } else if (plan->basis != BASIS_NONE) {
        issue_add(a, &plan->issues, "EU-P-305", PLAN_REFUSED, NULL,
                  "Dose, duration, vial and bag must be plain positive numbers.");
    }
}

Plan plan_decide(Arena *a, const Chart *chart, const Policy *policy, const Protocol *protocol,
                 const PlanRequest *request, int64_t now_us)
{
    Plan plan = { .request = *request, .first = !any_infusion_given(chart) };
    plan.age_years =
        chart->birth_us == TIME_NONE ? (double)NAN : (double)time_age_years(chart->birth_us, now_us);
    judge_person(a, chart, policy, &plan);
    judge_products(a, protocol, &plan);
    plan.weights = dose_weights(a, chart, policy, request->first_us, plan.first, now_us, &plan.issues);
    compute_doses(a, chart, policy, &plan);
    plan.schedule = schedule_dates(protocol, request->first_us);
    schedule_judge(a, chart, policy, &plan.schedule, now_us, &plan.issues);
    plan.worst = plan.has_dose ? issues_worst(&plan.issues) : PLAN_REFUSED;
    return plan;
}

/* ---- the gate ---- */

static PlanGate closed(Str text)
{
    return (PlanGate){ .open = false, .text = text };
}

static Str first_refusal(const Plan *plan)
{
    for (size_t i = 0; i < plan->issues.n; i++)
        if (plan->issues.at[i].level == PLAN_REFUSED)
            return plan->issues.at[i].text;
    return S("There is no dose yet.");
}

PlanGate plan_gate(Arena *a, const Chart *chart, const Plan *plan, int64_t now_us)
{
    const Eligibility *left = &chart->eligibility;
    if (chart->deceased)
        return closed(S("The patient has died: nothing can be signed."));
    if (left->at_us == TIME_NONE || str_empty(left->fact.id))
        return closed(S("Signing opens when Evaluate has been recorded."));
    Str judged_on = time_local_date(a, left->at_us);
    if (!str_eq(judged_on, time_local_date(a, now_us)))
        return closed(arena_fmt(a,
                                "Signing opens when Evaluate has been recorded today; the last is of %.*s.",
                                STR_ARG(judged_on)));
    if (left->open_stops > 0)
        return closed(arena_fmt(a, "Signing opens when Evaluate has no open stop: %d now. %.*s",
                                left->open_stops, STR_ARG(left->first_open)));
    if (plan->worst == PLAN_REFUSED)
        return closed(first_refusal(plan));
    if (left->open_missing > 0)
        return (PlanGate){
            true,
            arena_fmt(a,
                      "A physician may sign. The infusion room stays closed: Evaluate still lacks %d fact%s.",
                      left->open_missing, left->open_missing == 1 ? "" : "s")
        };
    return (PlanGate){ true, S("A physician may sign. Evaluate has no open stop and lacks nothing today.") };
}
