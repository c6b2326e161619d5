#include "chart/codes.h"
#include "chart/read.h"

#include <stdlib.h>

/* ---- which resources ---- */

static bool is_type(const Source *from, const char *type)
{
    return str_is(from->fact.type, type);
}

static bool in_error(const Source *from)
{
    return str_is(json_find_str(from->json, "status"), "entered-in-error");
}

static bool course_plan(const Source *from)
{
    Str status = json_find_str(from->json, "status");
    return is_type(from, "CarePlan") && !str_is(status, "revoked") && !str_is(status, "entered-in-error") &&
           str_starts(json_find_str(from->json, "instantiatesUri[0]"), S(URN_PROTOCOL));
}

static int64_t plan_made_us(const Source *from)
{
    int64_t created_us = time_at(from->json, "created");
    return created_us == TIME_NONE ? from->updated_us : created_us;
}

static const Source *newest_plan(const Sources *all)
{
    const Source *newest = NULL;
    for (size_t i = 0; i < all->n; i++)
        if (course_plan(&all->at[i]) && (!newest || plan_made_us(&all->at[i]) >= plan_made_us(newest)))
            newest = &all->at[i];
    return newest;
}

static bool refers_to(Json *list, const char *type, Str id)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (str_eq(reference_id(json_at(list, i), type), id))
            return true;
    return false;
}

static const Source *order_of(const Sources *all, Str plan_id)
{
    for (size_t i = 0; i < all->n; i++)
        if (is_type(&all->at[i], "MedicationRequest") && !in_error(&all->at[i]) &&
            refers_to(json_get(all->at[i].json, "basedOn"), "CarePlan", plan_id))
            return &all->at[i];
    return NULL;
}

/* ---- course ---- */

static Decimal decimal_of(Arena *a, Json *number)
{
    Decimal value = { 0 };
    (void)exact_of(a, number, &value);
    return value;
}

static Decimal extension_decimal(Arena *a, Json *json, const char *url)
{
    return decimal_of(a, json_get(extension_of(json, url), "valueDecimal"));
}

static CourseStatus course_status(Str status)
{
    if (str_is(status, "draft"))
        return COURSE_DRAFT;
    return str_is(status, "active") ? COURSE_ACTIVE : COURSE_ENDED;
}

static void read_dates(Json *activities, Course *course)
{
    course->infusions_planned = (int)json_count(activities);
    for (size_t i = 0; i < json_count(activities); i++) {
        int64_t at_us = time_at(json_at(activities, i), "detail.scheduledPeriod.start");
        if (at_us != TIME_NONE && course->n_dates < sizeof course->dates_us / sizeof *course->dates_us)
            course->dates_us[course->n_dates++] = at_us;
    }
}

static void read_order(Arena *a, const Source *order, Course *course)
{
    Json *json = order->json, *dosage = json_find(json, "dosageInstruction[0]");
    Decimal minutes = decimal_of(a, json_find(dosage, "timing.repeat.duration"));
    course->order = order->fact;
    course->dose_mg = decimal_of(a, json_find(dosage, "doseAndRate[0].doseQuantity.value"));
    course->concentration_mg_per_ml = extension_decimal(a, json, EXTENSION("concentration-mg-per-ml"));
    course->duration_min = (int32_t)decimal_round(minutes, 0).units;
    course->signed_us = time_at(json, "authoredOn");
}

void read_course(Arena *a, const Sources *all, Chart *chart)
{
    Course *course = &chart->course;
    course->signed_us = TIME_NONE;
    const Source *plan = newest_plan(all);
    if (!plan)
        return;
    Json *json = plan->json;
    Str protocol = json_find_str(json, "instantiatesUri[0]");
    course->status = course_status(json_find_str(json, "status"));
    course->care_plan = plan->fact;
    course->protocol = str_slice(protocol, sizeof URN_PROTOCOL - 1, protocol.n);
    course->dose_weight_kg = extension_decimal(a, json, EXTENSION("dose-weight-kg"));
    course->weight_basis = json_find_str(extension_of(json, EXTENSION("weight-basis")), "valueCode");
    read_dates(json_get(json, "activity"), course);
    const Source *order = order_of(all, plan->fact.id);
    if (order)
        read_order(a, order, course);
    if (course->status == COURSE_DRAFT)
        course->signed_us = TIME_NONE;
    else
        course->signed_by = json_find_str(json, "author.display");
}

/* ---- infusions ---- */

static int segment_order(const void *x, const void *y)
{
    const RateSegment *a = x, *b = y;
    return a->from_us != b->from_us ? (a->from_us < b->from_us ? -1 : 1) : str_cmp(a->fact.id, b->fact.id);
}

static bool segment_of(const Source *from, Str procedure_id)
{
    return is_type(from, "MedicationAdministration") && !in_error(from) &&
           refers_to(json_get(from->json, "partOf"), "Procedure", procedure_id);
}

static void read_segments(Arena *a, const Sources *all, Infusion *to)
{
    LIST(RateSegment) found = { 0 };
    for (size_t i = 0; i < all->n; i++) {
        Json *json = all->at[i].json;
        if (segment_of(&all->at[i], to->procedure.id))
            *list_add(a, &found) =
                (RateSegment){ .from_us = time_at(json, "effectivePeriod.start"),
                               .to_us = time_at(json, "effectivePeriod.end"),
                               .rate_ml_per_h = decimal_of(a, json_find(json, "dosage.rateQuantity.value")),
                               .fact = all->at[i].fact };
    }
    if (found.n)
        qsort(found.at, found.n, sizeof *found.at, segment_order);
    to->segments = found.at;
    to->n_segments = found.n;
}

static Decimal in_places(Decimal value, int places)
{
    return decimal_round(value, places);
}

/* From the rate log, in whole tenths of a milligram, downward: microseconds times thousandths of mL/h times
 * thousandths of mg/mL fit 128 bits. */
static Decimal integrated_mg(const Infusion *infusion, int64_t now_us)
{
    __int128 sum = 0;
    int64_t concentration = in_places(infusion->concentration_mg_per_ml, 3).units;
    for (size_t i = 0; i < infusion->n_segments; i++) {
        const RateSegment *segment = &infusion->segments[i];
        int64_t to_us = segment->to_us == TIME_NONE ? now_us : segment->to_us;
        if (segment->from_us != TIME_NONE && to_us > segment->from_us)
            sum += (__int128)(to_us - segment->from_us) * in_places(segment->rate_ml_per_h, 3).units *
                   concentration;
    }
    return (Decimal){ (int64_t)(sum / ((__int128)US_PER_H * 100000)), 1 };
}

static Infusion infusion_head(Arena *a, const Source *from)
{
    Json *json = from->json;
    int64_t number = 0;
    (void)json_int(json_get(extension_of(json, EXTENSION("infusion-number")), "valueInteger"), &number);
    return (Infusion){ .number = (int)number,
                       .encounter_id = reference_id(json_get(json, "encounter"), "Encounter"),
                       .status = json_find_str(json, "status"),
                       .started_us = time_at(json, "performedPeriod.start"),
                       .ended_us = time_at(json, "performedPeriod.end"),
                       .planned_mg = extension_decimal(a, json, EXTENSION("planned-mg")),
                       .concentration_mg_per_ml =
                           extension_decimal(a, json, EXTENSION("concentration-mg-per-ml")),
                       .procedure = from->fact };
}

static int infusion_order(const void *x, const void *y)
{
    const Infusion *a = x, *b = y;
    if (a->started_us == TIME_NONE || b->started_us == TIME_NONE)
        return (a->started_us == TIME_NONE) - (b->started_us == TIME_NONE);
    return a->started_us < b->started_us ? -1 : a->started_us > b->started_us;
}

void read_infusions(Arena *a, const Sources *all, Chart *chart)
{
    for (size_t i = 0; i < all->n; i++) {
        const Source *from = &all->at[i];
        if (!is_type(from, "Procedure") || in_error(from) ||
            !extension_of(from->json, EXTENSION("infusion-number")))
            continue;
        Infusion infusion = infusion_head(a, from);
        read_segments(a, all, &infusion);
        Json *given = extension_of(from->json, EXTENSION("given-mg"));
        infusion.given_mg = given ? decimal_of(a, json_get(given, "valueDecimal"))
                                  : integrated_mg(&infusion, chart->loaded_us);
        *list_add(a, &chart->infusions) = infusion;
    }
    if (chart->infusions.n)
        qsort(chart->infusions.at, chart->infusions.n, sizeof *chart->infusions.at, infusion_order);
}

const Infusion *chart_infusion(const Chart *chart, Str encounter_id)
{
    for (size_t i = 0; i < chart->infusions.n; i++)
        if (str_eq(chart->infusions.at[i].encounter_id, encounter_id))
            return &chart->infusions.at[i];
    return NULL;
}
