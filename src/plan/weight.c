#include "plan/weight.h"

static const char *const basis_words[BASIS_MAX] = {
    [BASIS_NONE] = "", [BASIS_ACTUAL] = "actual", [BASIS_IDEAL] = "ideal", [BASIS_ADJUSTED] = "adjusted"
};

const char *weight_basis_word(WeightBasis basis)
{
    return basis_words[basis];
}

WeightBasis weight_basis_from_word(Str word)
{
    for (int i = BASIS_ACTUAL; i < BASIS_MAX; i++)
        if (str_is(word, basis_words[i]))
            return (WeightBasis)i;
    return BASIS_NONE;
}

/* ---- which readings ---- */

/* An entry may carry any number of decimals; these bound the arithmetic. */
static Decimal weight_of(const Reading *reading)
{
    return decimal_truncate(reading->exact, 2);
}

static Ratio height_cm_of(const Reading *reading)
{
    return ratio_of(decimal_round(reading->exact, 1));
}

static bool believed(const Reading *reading, int64_t now_us)
{
    return reading->state == READING_ACCEPTED && reading->at_us != TIME_NONE && reading->at_us <= now_us &&
           reading->exact.units > 0;
}

static bool same_day(Arena *a, int64_t one_us, int64_t other_us)
{
    return str_eq(time_local_date(a, one_us), time_local_date(a, other_us));
}

static const Reading *newest_weight_here(const Readings *weights, int64_t now_us)
{
    for (size_t i = weights->n; i-- > 0;)
        if (weights->at[i].in_clinic && believed(&weights->at[i], now_us))
            return &weights->at[i];
    return NULL;
}

static const Reading *newest_before(const Readings *weights, const Reading *weight, int64_t now_us)
{
    for (size_t i = weights->n; i-- > 0;)
        if (&weights->at[i] != weight && weights->at[i].at_us < weight->at_us &&
            believed(&weights->at[i], now_us))
            return &weights->at[i];
    return NULL;
}

static const Reading *newest_adult_height(const Chart *chart, int64_t now_us)
{
    const int adult_years = 18;
    const Readings *heights = &chart->readings[MEASURE_HEIGHT_CM];
    for (size_t i = heights->n; i-- > 0;)
        if (believed(&heights->at[i], now_us) && chart->birth_us != TIME_NONE &&
            time_age_years(chart->birth_us, heights->at[i].at_us) >= adult_years)
            return &heights->at[i];
    return NULL;
}

/* ---- is the weight good enough ---- */

static const Reading *weight_within_age(Arena *a, const Readings *weights, const Policy *policy,
                                        int64_t first_us, bool first, int64_t now_us, PlanIssues *issues)
{
    const PolicyRow *valid = policy_row(policy, "plan_weight_valid");
    const Reading *weight = newest_weight_here(weights, now_us);
    if (!weight) {
        issue_add(a, issues, "EU-P-001", PLAN_REFUSED, valid,
                  "No weight was measured here. Weigh first: a stated or imported weight never doses.");
        return NULL;
    }
    Str kg = decimal_plain(a, weight->exact), date = time_local_date(a, weight->at_us);
    if (now_us - weight->at_us > policy_duration_us(policy, "plan_weight_valid")) {
        issue_add(a, issues, "EU-P-002", PLAN_REFUSED, valid,
                  "The newest weight, %.*s kg of %.*s, is older than %d days. Weigh again.", STR_ARG(kg),
                  STR_ARG(date), (int)decimal_to_double(valid->value));
        return NULL;
    }
    if (first && same_day(a, first_us, now_us) && !same_day(a, weight->at_us, now_us)) {
        issue_add(a, issues, "EU-P-003", PLAN_REFUSED, valid,
                  "Infusion 1 is today: the weight must be of today, not %.*s kg of %.*s.", STR_ARG(kg),
                  STR_ARG(date));
        return NULL;
    }
    if (first && !same_day(a, first_us, now_us))
        issue_add(a, issues, "EU-P-003", PLAN_NOTE, valid,
                  "Weigh again on %.*s, before infusion 1: another weight reopens the dose.",
                  STR_ARG(time_local_date(a, first_us)));
    return weight;
}

static bool weight_in_range(Arena *a, const Reading *weight, const Policy *policy, PlanIssues *issues)
{
    const PolicyRow *least = policy_row(policy, "plan_weight_kg_min"),
                    *most = policy_row(policy, "plan_weight_kg_max");
    bool low = decimal_cmp(weight->exact, least->value)<0, high = decimal_cmp(weight->exact, most->value)> 0;
    if (low || high)
        issue_add(a, issues, "EU-P-004", PLAN_REFUSED, low ? least : most,
                  "%.*s kg is outside %.*s to %.*s kg.", STR_ARG(decimal_plain(a, weight->exact)),
                  STR_ARG(decimal_plain(a, least->value)), STR_ARG(decimal_plain(a, most->value)));
    return !low && !high;
}

/* |ratio - mistake| <= tolerance of mistake. */
static bool near_mistake(Ratio ratio, const Policy *policy, const char *key)
{
    Ratio mistake = ratio_of(policy_decimal(policy, key));
    Ratio tolerance =
        ratio_multiply(mistake, ratio_divide(ratio_of(policy_decimal(policy, "plan_pound_tolerance_percent")),
                                             ratio_int(100)));
    return ratio_cmp(ratio, ratio_subtract(mistake, tolerance)) >= 0 &&
           ratio_cmp(ratio, ratio_add(mistake, tolerance)) <= 0;
}

static bool changed_too_fast(const Reading *now, const Reading *before, Ratio ratio, const Policy *policy)
{
    Ratio part = ratio_divide(ratio_of(policy_decimal(policy, "plan_weight_change_percent")), ratio_int(100));
    Ratio change = ratio_subtract(ratio, ratio_int(1));
    if (change.num < 0)
        change.num = -change.num;
    return now->at_us - before->at_us <= policy_duration_us(policy, "plan_weight_change_window") &&
           ratio_cmp(change, part) > 0;
}

static void look_for_pounds(Arena *a, const Readings *weights, const Reading *weight, const Policy *policy,
                            int64_t now_us, PlanIssues *issues)
{
    const Reading *before = newest_before(weights, weight, now_us);
    if (!before || weight_of(before).units <= 0)
        return;
    Ratio ratio = ratio_divide(ratio_of(weight_of(weight)), ratio_of(weight_of(before)));
    Str now_kg = decimal_plain(a, weight->exact), before_kg = decimal_plain(a, before->exact);
    Str date = time_local_date(a, before->at_us);
    if (near_mistake(ratio, policy, "plan_pound_kg") || near_mistake(ratio, policy, "plan_kg_pound"))
        issue_add(a, issues, "EU-P-005", PLAN_TYPED, policy_row(policy, "plan_pound_kg"),
                  "%.*s kg after %.*s kg on %.*s is the ratio of pounds to kilograms: a likely error of the "
                  "unit. Weigh again.",
                  STR_ARG(now_kg), STR_ARG(before_kg), STR_ARG(date));
    else if (changed_too_fast(weight, before, ratio, policy))
        issue_add(a, issues, "EU-P-006", PLAN_TYPED, policy_row(policy, "plan_weight_change_percent"),
                  "%.*s kg after %.*s kg on %.*s: more than %d %% in %d days, a likely error of weight or "
                  "unit. Weigh again.",
                  STR_ARG(now_kg), STR_ARG(before_kg), STR_ARG(date),
                  (int)policy_number(policy, "plan_weight_change_percent"),
                  (int)policy_number(policy, "plan_weight_change_window"));
}

/* ---- the three bases ---- */

static BasisWeight not_usable(Str why)
{
    return (BasisWeight){ .why_not = why };
}

static BasisWeight at_most_measured(const DoseWeights *weights, Ratio kg, Str how)
{
    Ratio actual = ratio_of(weights->weight_kg);
    return (BasisWeight){ .usable = true,
                          .kg = ratio_decimal(ratio_smaller(kg, actual), 1, ROUND_DOWN),
                          .measured = ratio_cmp(kg, actual) > 0,
                          .how = how };
}

/* Devine's formula; why_not where it is not defined for this person. */
static bool ideal_kg(const Chart *chart, const DoseWeights *weights, const Policy *policy, Ratio *ret_kg,
                     Str *ret_why_not)
{
    const Ratio cm_per_inch = { 254, 100 };
    bool male = str_is(chart->sex, "male"), female = str_is(chart->sex, "female");
    Ratio from_cm = ratio_of(policy_decimal(policy, "plan_devine_height_cm_min"));
    if (!weights->height)
        *ret_why_not = S("Height is not known.");
    else if (!male && !female)
        *ret_why_not = S("The formula is defined for male and female only.");
    else if (ratio_cmp(height_cm_of(weights->height), from_cm) < 0)
        *ret_why_not = S("The formula is not used below 152.4 cm.");
    else {
        Ratio inches = ratio_divide(ratio_subtract(height_cm_of(weights->height), from_cm), cm_per_inch);
        Ratio base = ratio_of(policy_decimal(policy, male ? "plan_devine_male_kg" : "plan_devine_female_kg"));
        *ret_kg = ratio_add(
            base, ratio_multiply(ratio_of(policy_decimal(policy, "plan_devine_kg_per_inch")), inches));
        return true;
    }
    return false;
}

static Ratio adjusted_kg(const DoseWeights *weights, const Policy *policy, Ratio ideal)
{
    Ratio part = ratio_divide(ratio_of(policy_decimal(policy, "plan_adjusted_percent")), ratio_int(100));
    return ratio_add(ideal, ratio_multiply(part, ratio_subtract(ratio_of(weights->weight_kg), ideal)));
}

static void three_bases(Arena *a, const Chart *chart, const Policy *policy, DoseWeights *weights)
{
    Ratio ideal = { 0, 1 };
    Str why_not = STR_NONE, kg = decimal_plain(a, weights->weight_kg);
    weights->basis[BASIS_ACTUAL] = at_most_measured(weights, ratio_of(weights->weight_kg),
                                                    arena_fmt(a, "%.*s kg measured", STR_ARG(kg)));
    if (!ideal_kg(chart, weights, policy, &ideal, &why_not)) {
        weights->basis[BASIS_IDEAL] = weights->basis[BASIS_ADJUSTED] = not_usable(why_not);
        return;
    }
    Str ideal_text = decimal_plain(a, ratio_decimal(ideal, 1, ROUND_DOWN));
    Str cm = decimal_plain(a, decimal_round(weights->height->exact, 1));
    weights->basis[BASIS_IDEAL] = at_most_measured(
        weights, ideal, arena_fmt(a, "Devine at %.*s cm: %.*s kg", STR_ARG(cm), STR_ARG(ideal_text)));
    weights->basis[BASIS_ADJUSTED] = at_most_measured(
        weights, adjusted_kg(weights, policy, ideal),
        arena_fmt(a, "ideal %.*s kg plus %d %% of the difference to %.*s kg", STR_ARG(ideal_text),
                  (int)policy_number(policy, "plan_adjusted_percent"), STR_ARG(kg)));
}

static void choose_basis(const Policy *policy, DoseWeights *weights)
{
    if (!weights->height)
        return;
    Ratio m = ratio_divide(height_cm_of(weights->height), ratio_int(100));
    Ratio bmi = ratio_divide(ratio_of(weight_of(weights->weight)), ratio_multiply(m, m));
    bool choice = ratio_cmp(bmi, ratio_of(policy_decimal(policy, "plan_bmi_choice"))) >= 0;
    weights->has_bmi = true;
    weights->bmi_kg_per_m2 = ratio_decimal(bmi, 1, ROUND_NEAREST);
    weights->preselected = choice ? BASIS_NONE : BASIS_ACTUAL;
    weights->proposed =
        choice && weights->basis[BASIS_ADJUSTED].usable ? BASIS_ADJUSTED : weights->preselected;
}

DoseWeights dose_weights(Arena *a, const Chart *chart, const Policy *policy, int64_t first_us, bool first,
                         int64_t now_us, PlanIssues *issues)
{
    const Readings *all = &chart->readings[MEASURE_WEIGHT_KG];
    DoseWeights weights = { .height = newest_adult_height(chart, now_us) };
    const Reading *weight = weight_within_age(a, all, policy, first_us, first, now_us, issues);
    if (!weights.height)
        issue_add(a, issues, "EU-P-007", PLAN_REFUSED, policy_row(policy, "plan_bmi_choice"),
                  "Height is not known, so neither is BMI, which decides the weight to dose on. Measure it.");
    if (!weight || !weight_in_range(a, weight, policy, issues))
        return weights;
    look_for_pounds(a, all, weight, policy, now_us, issues);
    weights.weight = weight;
    weights.weight_kg = decimal_truncate(weight->exact, 1);
    three_bases(a, chart, policy, &weights);
    choose_basis(policy, &weights);
    return weights;
}
