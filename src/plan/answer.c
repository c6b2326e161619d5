#include "plan/answer.h"

static Arena *arena_of(const Params *out)
{
    return out->buf.arena;
}

static void answer_source(Params *out, Str cites, Str seen)
{
    params_string(out, "cites", cites);
    params_string(out, "seen", seen);
}

/* ---- protocol ---- */

static void answer_orders(Params *out, const Protocol *protocol)
{
    for (size_t i = 0; i < protocol->n_orders; i++) {
        const ProtocolOrder *order = &protocol->orders[i];
        params_open(out, "order");
        params_string(out, "title", order->title);
        params_string(out, "text", order->text);
        answer_source(out, order->cites, order->seen);
        params_close(out);
    }
}

void answer_protocol(Params *out, const Protocol *protocol)
{
    params_open(out, "protocol");
    params_string(out, "id", protocol->id);
    params_string(out, "title", protocol->title);
    params_string(out, "indication", protocol->indication);
    params_decimal(out, "mg-per-kg", protocol->mg_per_kg);
    params_int(out, "minutes", protocol->minutes);
    params_int(out, "infusions", protocol->infusions);
    params_string(out, "evidence", protocol->evidence);
    answer_source(out, protocol->cites, protocol->seen);
    for (size_t i = 0; i < protocol->n_vials; i++)
        params_decimal(out, "vial-mg-per-ml", protocol->vials_mg_per_ml[i]);
    for (size_t i = 0; i < protocol->n_bags; i++)
        params_decimal(out, "bag-ml", protocol->bags_ml[i]);
    params_close(out);
    answer_orders(out, protocol);
}

/* ---- request and weights ---- */

void answer_request(Params *out, const Plan *plan)
{
    const PlanRequest *request = &plan->request;
    params_open(out, "request");
    params_string(out, "weight-basis", str_from(weight_basis_word(plan->basis)));
    params_decimal(out, "mg-per-kg", request->mg_per_kg);
    params_int(out, "minutes", request->minutes);
    params_decimal(out, "vial-mg-per-ml", request->vial_mg_per_ml);
    params_decimal(out, "bag-ml", request->bag_ml);
    params_instant(out, "first-date", request->first_us);
    params_close(out);
}

static void answer_reading(Params *out, const char *name, const Reading *reading)
{
    if (!reading)
        return;
    params_open(out, name);
    params_decimal(out, "value", reading->exact);
    params_instant(out, "at", reading->at_us);
    params_bool(out, "in-clinic", reading->in_clinic);
    params_string(out, "by", reading->entered_by);
    params_close(out);
}

static void answer_basis(Params *out, const Plan *plan, WeightBasis basis)
{
    const BasisWeight *weight = &plan->weights.basis[basis];
    params_open(out, "basis");
    params_code(out, "name", str_from(weight_basis_word(basis)));
    params_bool(out, "usable", plan->has_on_basis[basis]);
    params_string(out, "why-not", weight->why_not);
    params_string(out, "how", weight->how);
    if (plan->has_on_basis[basis]) {
        const Dose *dose = &plan->on_basis[basis];
        params_decimal(out, "weight-kg", weight->kg);
        params_bool(out, "measured", weight->measured);
        params_decimal(out, "exact-mg", dose->exact_mg);
        params_decimal(out, "nearest-mg", dose->nearest_mg);
        params_decimal(out, "mg", dose->mg);
        params_decimal(out, "mg-per-kg-actual", dose->mg_per_kg_actual);
    }
    params_close(out);
}

void answer_weights(Params *out, const Plan *plan)
{
    const DoseWeights *weights = &plan->weights;
    answer_reading(out, "weight", weights->weight);
    answer_reading(out, "height", weights->height);
    if (weights->has_bmi)
        params_decimal(out, "bmi", weights->bmi_kg_per_m2);
    params_string(out, "basis-preselected", str_from(weight_basis_word(weights->preselected)));
    params_string(out, "basis-proposed", str_from(weight_basis_word(weights->proposed)));
    for (int basis = BASIS_ACTUAL; weights->weight && basis < BASIS_MAX; basis++)
        answer_basis(out, plan, (WeightBasis)basis);
}

/* ---- dose ---- */

static void answer_caps(Params *out, const DoseCaps *caps)
{
    for (size_t i = 0; i < caps->n; i++) {
        const DoseCap *cap = &caps->at[i];
        params_open(out, "cap");
        params_string(out, "name", cap->row->title);
        params_decimal(out, "value", cap->value);
        params_decimal(out, "limit", cap->row->value);
        params_string(out, "unit", cap->row->unit);
        params_bool(out, "at-least", cap->at_least);
        params_string(out, "source", cap->row->cites);
        params_string(out, "seen", cap->row->seen);
        params_close(out);
    }
}

void answer_dose(Params *out, const Plan *plan)
{
    if (!plan->has_dose)
        return;
    const Dose *dose = &plan->dose;
    DoseLines lines = dose_lines(arena_of(out), dose);
    params_open(out, "dose");
    params_decimal(out, "mg", dose->mg);
    params_bool(out, "first", plan->first);
    params_decimal(out, "weight-kg", dose->input.weight_kg);
    params_string(out, "weight-basis", str_from(weight_basis_word(plan->basis)));
    params_decimal(out, "mg-per-kg", dose->input.mg_per_kg);
    params_decimal(out, "mg-per-kg-actual", dose->mg_per_kg_actual);
    params_int(out, "minutes", dose->input.minutes);
    params_decimal(out, "drug-ml", dose->drug_ml);
    params_decimal(out, "bag-ml", dose->input.bag_ml);
    params_decimal(out, "concentration-mg-per-ml", dose->concentration_mg_per_ml);
    params_decimal(out, "pump-ml-per-h", dose->pump_ml_per_h);
    params_decimal(out, "rate-mg-per-min", dose->rate_mg_per_min);
    for (size_t i = 0; i < lines.n; i++)
        params_string(out, "line", lines.at[i]);
    params_close(out);
    answer_caps(out, &plan->caps);
}

/* ---- issues and dates ---- */

void answer_issues(Params *out, const Plan *plan)
{
    params_code(out, "worst", str_from(plan_level_word(plan->worst)));
    for (size_t i = 0; i < plan->issues.n; i++) {
        const PlanIssue *issue = &plan->issues.at[i];
        params_open(out, "issue");
        params_code(out, "rule", issue->id);
        params_code(out, "level", str_from(plan_level_word(issue->level)));
        params_string(out, "text", issue->text);
        if (issue->row)
            answer_source(out, issue->row->cites, issue->row->seen);
        params_close(out);
    }
}

void answer_dates(Params *out, const Plan *plan, const Protocol *protocol)
{
    for (size_t i = 0; i < plan->schedule.n; i++) {
        params_open(out, "date");
        params_int(out, "number", (int64_t)i + 1);
        params_instant(out, "at", plan->schedule.at_us[i]);
        params_string(out, "measures", protocol->visits[i].measures);
        params_bool(out, "gate", protocol->visits[i].gate);
        params_close(out);
    }
}

/* ---- what to expect ---- */

static Str unverified_of(const PkpdModel *model)
{
    for (size_t i = 0; i < model->n_parameters; i++)
        if (!str_is(model->parameters[i].seen, "paper"))
            return model->parameters[i].seen;
    return S("paper");
}

static void answer_model(Params *out, const ExpectedCurve *curve)
{
    const PkpdModel *model = curve->model;
    params_open(out, "model");
    params_code(out, "id", model->id);
    params_string(out, "title", model->title);
    params_string(out, "sampling-site", model->sampling_site);
    params_string(out, "population", model->population);
    params_string(out, "domain", model->domain.title);
    params_string(out, "hash", model->hash);
    answer_source(out, model->cites, unverified_of(model));
    params_string(out, "why-not", curve->why_not);
    if (curve->shown) {
        params_number(out, "peak-ng-per-ml", curve->peak_ng_per_ml, 6);
        params_number(out, "peak-min", curve->peak_min, 6);
    }
    params_close(out);
}

static void answer_points(Params *out, const Expectation *expectation)
{
    for (size_t i = 0; i < expectation->n_minutes && expectation->n_shown; i++) {
        params_open(out, "point");
        params_number(out, "time-min", expectation->minutes[i], 6);
        for (size_t m = 0; m < expectation->n_curves; m++)
            if (expectation->curves[m].shown)
                params_number(out, arena_cstr(arena_of(out), expectation->curves[m].model->id),
                              expectation->curves[m].cp_ng_per_ml[i], 6);
        params_close(out);
    }
}

/* On each basis that is not the plan's own: what its dose would come to. */
static void answer_alternatives(Params *out, const Plan *plan)
{
    for (int basis = BASIS_ACTUAL; basis < BASIS_MAX; basis++) {
        if (!plan->has_on_basis[basis])
            continue;
        Expectation expectation = expect_curves(arena_of(out), &plan->on_basis[basis], plan->age_years);
        for (size_t m = 0; m < expectation.n_curves; m++)
            if (expectation.curves[m].shown) {
                params_open(out, "peak");
                params_code(out, "weight-basis", str_from(weight_basis_word((WeightBasis)basis)));
                params_code(out, "model", expectation.curves[m].model->id);
                params_decimal(out, "mg", plan->on_basis[basis].mg);
                params_number(out, "ng-per-ml", expectation.curves[m].peak_ng_per_ml, 6);
                params_close(out);
            }
    }
}

void answer_expectation(Params *out, const Plan *plan)
{
    if (!plan->has_dose)
        return;
    Expectation expectation = expect_curves(arena_of(out), &plan->dose, plan->age_years);
    params_string(out, "band", S("between two models, not a range of patients"));
    params_number(out, "infusing-min", expectation.infusing_min, 6);
    for (size_t m = 0; m < expectation.n_curves; m++)
        answer_model(out, &expectation.curves[m]);
    answer_points(out, &expectation);
    answer_alternatives(out, plan);
}

/* ---- the course in the record ---- */

static Str course_word(CourseStatus status)
{
    static const char *const words[] = {
        [COURSE_NONE] = "none", [COURSE_DRAFT] = "draft", [COURSE_ACTIVE] = "active", [COURSE_ENDED] = "ended"
    };
    return str_from(words[status]);
}

void answer_course(Params *out, const Course *course, const Signer *signers, size_t n_signers)
{
    params_open(out, "course");
    params_code(out, "status", course_word(course->status));
    if (course->status != COURSE_NONE) {
        params_string(out, "care-plan", course->care_plan.id);
        params_int(out, "version", course->care_plan.version);
        params_string(out, "order", course->order.id);
        params_string(out, "protocol", course->protocol);
        params_decimal(out, "dose-mg", course->dose_mg);
        params_decimal(out, "dose-weight-kg", course->dose_weight_kg);
        params_string(out, "weight-basis", course->weight_basis);
        params_decimal(out, "concentration-mg-per-ml", course->concentration_mg_per_ml);
        params_int(out, "minutes", course->duration_min);
        params_string(out, "signed-by", course->signed_by);
        params_instant(out, "signed", course->signed_us);
        for (size_t i = 0; i < n_signers; i++)
            params_string(out, "signer", signers[i].display);
        for (size_t i = 0; i < course->n_dates; i++)
            params_instant(out, "date", course->dates_us[i]);
    }
    params_close(out);
}
