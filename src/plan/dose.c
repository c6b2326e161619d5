#include "plan/dose.h"

#include <assert.h>
#include <inttypes.h>

/* ---- the limits, as a table ---- */

typedef enum Quantity {
    OF_DOSE_MG,
    OF_MG_PER_KG,
    OF_MG_PER_MIN,
    OF_MINUTES,
    OF_CONCENTRATION,
    OF_PUMP,
    OF_STEP
} Quantity;
typedef enum Side { AT_MOST, AT_LEAST } Side;
typedef enum Applies { ALWAYS, FIRST_DOSE, LATER_DOSE } Applies;

typedef struct Limit {
    const char *id, *policy_key;
    Quantity quantity;
    Side side;
    Applies applies;
    PlanLevel level;
    bool has_bar;
} Limit;

/* clang-format off */
static const Limit limits[] = {
    { "EU-P-101", "plan_first_mg_max",                   OF_DOSE_MG,       AT_MOST,  FIRST_DOSE, PLAN_REFUSED, true },
    { "EU-P-102", "plan_first_mg_per_kg_max",            OF_MG_PER_KG,     AT_MOST,  FIRST_DOSE, PLAN_REFUSED, true },
    { "EU-P-103", "plan_refuse_mg",                      OF_DOSE_MG,       AT_MOST,  ALWAYS,     PLAN_REFUSED, false },
    { "EU-P-104", "plan_two_prescribers_mg",             OF_DOSE_MG,       AT_MOST,  LATER_DOSE, PLAN_TWO,     true },
    { "EU-P-105", "plan_confirm_mg",                     OF_DOSE_MG,       AT_MOST,  LATER_DOSE, PLAN_TYPED,   false },
    { "EU-P-106", "plan_hard_mg_per_kg_max",             OF_MG_PER_KG,     AT_MOST,  ALWAYS,     PLAN_REFUSED, false },
    { "EU-P-107", "plan_hard_mg_per_kg_min",             OF_MG_PER_KG,     AT_LEAST, ALWAYS,     PLAN_REFUSED, false },
    { "EU-P-108", "plan_soft_mg_per_kg_max",             OF_MG_PER_KG,     AT_MOST,  LATER_DOSE, PLAN_CAUTION, true },
    { "EU-P-109", "plan_soft_mg_per_kg_min",             OF_MG_PER_KG,     AT_LEAST, ALWAYS,     PLAN_CAUTION, false },
    { "EU-P-110", "plan_rate_mg_per_min_max",            OF_MG_PER_MIN,    AT_MOST,  ALWAYS,     PLAN_REFUSED, true },
    { "EU-P-111", "plan_minutes_min",                    OF_MINUTES,       AT_LEAST, ALWAYS,     PLAN_REFUSED, false },
    { "EU-P-112", "plan_minutes_usual_min",              OF_MINUTES,       AT_LEAST, ALWAYS,     PLAN_CAUTION, false },
    { "EU-P-113", "plan_minutes_max",                    OF_MINUTES,       AT_MOST,  ALWAYS,     PLAN_REFUSED, false },
    { "EU-P-114", "plan_concentration_mg_per_ml_max",    OF_CONCENTRATION, AT_MOST,  ALWAYS,     PLAN_REFUSED, true },
    { "EU-P-115", "plan_pump_ml_per_h_max",              OF_PUMP,          AT_MOST,  ALWAYS,     PLAN_REFUSED, false },
    { "EU-P-116", "plan_step_two_prescribers_mg_per_kg", OF_STEP,          AT_MOST,  LATER_DOSE, PLAN_REFUSED, false },
    { "EU-P-117", "plan_step_mg_per_kg",                 OF_STEP,          AT_MOST,  LATER_DOSE, PLAN_TWO,     false },
};
/* clang-format on */
enum { N_LIMITS = sizeof limits / sizeof *limits };

static bool applies(const Limit *limit, const DoseInput *input)
{
    if (limit->quantity == OF_STEP && !input->has_previous)
        return false;
    return limit->applies == ALWAYS || (limit->applies == FIRST_DOSE) == input->first;
}

/* What a dose of so many mg is in the limit's own unit. */
static Ratio quantity_of(Quantity quantity, const DoseInput *input, Ratio mg)
{
    Ratio minutes = ratio_int(input->minutes), bag_ml = ratio_of(input->bag_ml);
    Ratio mg_per_kg = ratio_divide(mg, ratio_of(input->weight_kg));
    switch (quantity) {
    case OF_DOSE_MG:
        return mg;
    case OF_MG_PER_KG:
        return mg_per_kg;
    case OF_MG_PER_MIN:
        return ratio_divide(mg, minutes);
    case OF_MINUTES:
        return minutes;
    case OF_CONCENTRATION:
        return ratio_divide(mg, bag_ml);
    case OF_PUMP:
        return ratio_multiply(ratio_divide(bag_ml, minutes), ratio_int(60));
    case OF_STEP:
        return ratio_subtract(mg_per_kg, input->previous_mg_per_kg);
    }
    assert(false);
    return mg;
}

static bool breaks(const Limit *limit, const Policy *policy, const DoseInput *input, Ratio mg)
{
    if (!applies(limit, input))
        return false;
    int order = ratio_cmp(quantity_of(limit->quantity, input, mg),
                          ratio_of(policy_decimal(policy, limit->policy_key)));
    return limit->side == AT_MOST ? order > 0 : order < 0;
}

/* ---- the arithmetic ---- */

static bool between(Decimal value, int64_t least, int64_t most, int places)
{
    return value.places <= places && decimal_cmp(value, (Decimal){ least, 0 }) > 0 &&
           decimal_cmp(value, (Decimal){ most, 0 }) <= 0;
}

bool dose_input_possible(const DoseInput *input)
{
    return between(input->weight_kg, 0, 1000, 2) && between(input->actual_kg, 0, 1000, 2) &&
           between(input->mg_per_kg, 0, 100, 3) && between(input->vial_mg_per_ml, 0, 1000, 3) &&
           between(input->bag_ml, 0, 10000, 2) && input->minutes > 0 && input->minutes <= 24 * 60 &&
           decimal_cmp(input->weight_kg, input->actual_kg) <= 0;
}

/* The first limit that the exact dose keeps and the rounded one breaks; NULL where rounding does no harm. */
static const Limit *crossed_by_rounding(const Policy *policy, const DoseInput *input, Ratio exact,
                                        Ratio rounded)
{
    for (size_t i = 0; i < N_LIMITS; i++)
        if (breaks(&limits[i], policy, input, rounded) && !breaks(&limits[i], policy, input, exact))
            return &limits[i];
    return NULL;
}

/* By weight alone: who asks for the protocol's mg/kg does not ask for more than a first dose may be. */
static Ratio first_dose_mg(const Policy *policy, const DoseInput *input, Ratio exact,
                           const PolicyRow **ret_capped_by)
{
    const PolicyRow *most = policy_row(policy, "plan_first_mg_max");
    if (!input->first || ratio_cmp(exact, ratio_of(most->value)) <= 0)
        return exact;
    *ret_capped_by = most;
    return ratio_of(most->value);
}

static Ratio ordered_mg(const Policy *policy, const DoseInput *input, Ratio exact,
                        const PolicyRow **ret_capped_by)
{
    Ratio step = ratio_of(policy_decimal(policy, "plan_round_mg"));
    Ratio allowed = first_dose_mg(policy, input, exact, ret_capped_by);
    Ratio nearest = ratio_round_to(allowed, step, ROUND_NEAREST);
    const Limit *crossed = crossed_by_rounding(policy, input, allowed, nearest);
    if (!crossed)
        return nearest;
    *ret_capped_by = policy_row(policy, crossed->policy_key);
    return ratio_round_to(allowed, step, crossed->side == AT_MOST ? ROUND_DOWN : ROUND_UP);
}

Dose dose_compute(const Policy *policy, const DoseInput *input)
{
    assert(dose_input_possible(input));
    Dose dose = { .input = *input };
    Ratio exact = ratio_multiply(ratio_of(input->weight_kg), ratio_of(input->mg_per_kg));
    Ratio mg = ordered_mg(policy, input, exact, &dose.capped_by);
    Ratio bag_ml = ratio_of(input->bag_ml), minutes = ratio_int(input->minutes);
    dose.exact_mg = ratio_decimal(exact, 5, ROUND_NEAREST);
    dose.nearest_mg =
        ratio_decimal(ratio_round_to(exact, ratio_of(policy_decimal(policy, "plan_round_mg")), ROUND_NEAREST),
                      1, ROUND_NEAREST);
    dose.mg = ratio_decimal(mg, 1, ROUND_DOWN);
    dose.drug_ml = ratio_decimal(ratio_divide(mg, ratio_of(input->vial_mg_per_ml)), 3, ROUND_NEAREST);
    dose.concentration_mg_per_ml = ratio_decimal(ratio_divide(mg, bag_ml), 4, ROUND_NEAREST);
    dose.pump_ml_per_h =
        ratio_decimal(ratio_multiply(ratio_divide(bag_ml, minutes), ratio_int(60)), 1, ROUND_DOWN);
    dose.rate_mg_per_min = ratio_decimal(ratio_divide(mg, minutes), 2, ROUND_NEAREST);
    dose.mg_per_kg_actual = ratio_decimal(ratio_divide(mg, ratio_of(input->actual_kg)), 2, ROUND_NEAREST);
    return dose;
}

/* ---- judging ---- */

/* A number for a sentence: three decimals are enough to tell it from its limit, and it is rounded away from
 * it. */
static Str shown(Arena *a, const Limit *limit, Ratio value)
{
    if (value.num < 0)
        return S("below 0");
    return decimal_plain(a, ratio_decimal(value, 3, limit->side == AT_MOST ? ROUND_UP : ROUND_DOWN));
}

static const char *asks_for(PlanLevel level)
{
    static const char *const words[PLAN_LEVEL_MAX] = {
        [PLAN_NOTE] = "",
        [PLAN_CAUTION] = "",
        [PLAN_TYPED] = " Type the dose once more.",
        [PLAN_TWO] = " Two prescribers sign.",
        [PLAN_REFUSED] = " It cannot be ordered.",
    };
    return words[level];
}

static void judge(Arena *a, const Policy *policy, const Limit *limit, const Dose *dose, PlanIssues *issues)
{
    Ratio mg = ratio_of(dose->mg);
    if (!breaks(limit, policy, &dose->input, mg))
        return;
    const PolicyRow *row = policy_row(policy, limit->policy_key);
    Str unit = str_is(row->unit, "1") ? STR_NONE : row->unit;
    issue_add(a, issues, limit->id, limit->level, row, "%.*s: %.*s %.*s, and it is %.*s %.*s.%s",
              STR_ARG(row->title), STR_ARG(decimal_plain(a, row->value)), STR_ARG(unit),
              STR_ARG(shown(a, limit, quantity_of(limit->quantity, &dose->input, mg))), STR_ARG(unit),
              asks_for(limit->level));
}

void dose_judge(Arena *a, const Policy *policy, const Dose *dose, PlanIssues *issues, DoseCaps *caps)
{
    for (size_t i = 0; i < N_LIMITS; i++) {
        const Limit *limit = &limits[i];
        judge(a, policy, limit, dose, issues);
        if (!limit->has_bar || !applies(limit, &dose->input))
            continue;
        Ratio value = quantity_of(limit->quantity, &dose->input, ratio_of(dose->mg));
        *list_add(a, caps) = (DoseCap){ .row = policy_row(policy, limit->policy_key),
                                        .value = ratio_decimal(value, 3, ROUND_NEAREST),
                                        .at_least = limit->side == AT_LEAST };
    }
}

/* ---- in sentences ---- */

static void add_line(DoseLines *lines, Str line)
{
    assert(lines->n < sizeof lines->at / sizeof *lines->at);
    lines->at[lines->n++] = line;
}

static Str rounding_line(Arena *a, const Dose *dose)
{
    Str mg = decimal_text(a, dose->mg);
    if (!dose->capped_by)
        return arena_fmt(a, "Rounded to 0.5 mg: %.*s mg", STR_ARG(mg));
    return arena_fmt(a, "Rounded to 0.5 mg, and not past a limit (%.*s: %.*s %.*s): %.*s mg",
                     STR_ARG(dose->capped_by->title), STR_ARG(decimal_plain(a, dose->capped_by->value)),
                     STR_ARG(dose->capped_by->unit), STR_ARG(mg));
}

DoseLines dose_lines(Arena *a, const Dose *dose)
{
    const DoseInput *in = &dose->input;
    DoseLines lines = { .n = 0 };
    Str mg = decimal_text(a, dose->mg), bag_ml = decimal_plain(a, in->bag_ml);
    add_line(&lines,
             arena_fmt(a, "%.*s kg × %.*s mg/kg = %.*s mg", STR_ARG(decimal_plain(a, in->weight_kg)),
                       STR_ARG(decimal_plain(a, in->mg_per_kg)), STR_ARG(decimal_plain(a, dose->exact_mg))));
    if (decimal_cmp(dose->exact_mg, dose->mg) != 0)
        add_line(&lines, rounding_line(a, dose));
    add_line(&lines, arena_fmt(a, "%.*s mg ÷ %.*s mg/mL = %.*s mL from the vial", STR_ARG(mg),
                               STR_ARG(decimal_plain(a, in->vial_mg_per_ml)),
                               STR_ARG(decimal_plain(a, dose->drug_ml))));
    add_line(&lines, arena_fmt(a, "%.*s mg in %.*s mL, the drug taking the place of diluent = %.*s mg/mL",
                               STR_ARG(mg), STR_ARG(bag_ml),
                               STR_ARG(decimal_plain(a, dose->concentration_mg_per_ml))));
    add_line(&lines, arena_fmt(a, "%.*s mL over %" PRId64 " min = %.*s mL/h, %.*s mg/min", STR_ARG(bag_ml),
                               in->minutes, STR_ARG(decimal_plain(a, dose->pump_ml_per_h)),
                               STR_ARG(decimal_plain(a, dose->rate_mg_per_min))));
    add_line(&lines, arena_fmt(a, "That is %.*s mg per kg of actual weight",
                               STR_ARG(decimal_plain(a, dose->mg_per_kg_actual))));
    return lines;
}
