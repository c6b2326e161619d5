#include "cli/virtual.h"

#include <assert.h>
#include <math.h>

static const double RESTING_SYSTOLIC = 124, RESTING_DIASTOLIC = 78, RESTING_HEART_RATE = 70;
static const double MG_PER_KG = 0.5, INFUSION_MIN = 40, MIN_PER_H = 60;
static const uint64_t NUMBERS_MOST = 100000;
/* Above this somebody would pause the pump, which is not the demo's story. */
static const int SYSTOLIC_MOST = 152;

static EffectDraw draw(const char *effect, double baseline, uint64_t seed, uint64_t number)
{
    EffectDraw person;
    effect_virtual(effect_model(str_from(effect)), baseline, seed + number, 1, &person);
    return person;
}

static void draw_effects(VirtualPatient *p, uint64_t seed)
{
    p->systolic = draw("systolic", RESTING_SYSTOLIC, seed, p->number);
    p->diastolic = draw("diastolic", RESTING_DIASTOLIC, seed, p->number);
    p->heart_rate = draw("heart-rate", RESTING_HEART_RATE, seed, p->number);
    p->dissociation = draw("dissociation", NAN, seed, p->number);
    p->nausea = draw("nausea", NAN, seed, p->number);
    p->sedation = draw("sedation", NAN, seed, p->number);
}

int virtual_phq9(const VirtualPatient *p, MoodCourse course, double at_d)
{
    const MoodScale *scale = &mood_model(S("clinic"))->scales[MOOD_PHQ9];
    MoodNormal points = { .mean = mood_at(&p->mood, course, at_d) };
    return mood_score_round(scale, mood_scale_normal(scale, &p->mood, points).mean);
}

static double concentration(const VirtualPatient *p, double minute)
{
    AUTO(arena_done) Arena *arena = arena_create(1024 * 1024);
    Ctx c = { .arena = arena };
    PkpdPatient patient = { .age_years = p->age_years, .weight_kg = p->weight_kg };
    PkpdRate rate = { .to_min = INFUSION_MIN,
                      .rate_mg_per_h = MG_PER_KG * p->weight_kg / INFUSION_MIN * MIN_PER_H };
    PkpdSystem system;
    Err err = pkpd_system(&c, pkpd_model(S("kamp-2020")), &patient, &system);
    assert(err == OK);
    return pkpd_at(&system, &(PkpdDosing){ .rates = &rate, .n_rates = 1 }, minute).ce_ng_per_ml;
}

static int at(const char *effect, const EffectDraw *person, double ce_ng_per_ml)
{
    return (int)lround(effect_at(effect_model(str_from(effect)), person, ce_ng_per_ml));
}

VirtualVitals virtual_vitals(const VirtualPatient *p, double minute)
{
    double ce = concentration(p, minute);
    return (VirtualVitals){ .systolic = at("systolic", &p->systolic, ce),
                            .diastolic = at("diastolic", &p->diastolic, ce),
                            .heart_rate = at("heart-rate", &p->heart_rate, ce),
                            .dissociation = at("dissociation", &p->dissociation, ce),
                            .nausea = at("nausea", &p->nausea, ce),
                            .moaas = at("sedation", &p->sedation, ce) };
}

static bool mood_fits(const VirtualPatient *p, MoodCourse course, const VirtualWish *wish)
{
    int before = virtual_phq9(p, (MoodCourse){ 0 }, 0);
    double share = before ? virtual_phq9(p, course, wish->at_d) / (double)before : 1;
    return before >= wish->before_least && before <= wish->before_most && share >= wish->share_least &&
           share <= wish->share_most;
}

static bool session_fits(const VirtualPatient *p)
{
    VirtualVitals start = virtual_vitals(p, 0), most = virtual_vitals(p, INFUSION_MIN);
    return most.systolic <= SYSTOLIC_MOST && start.systolic >= 105 && start.systolic <= 134 &&
           start.diastolic >= 62 && start.diastolic <= 86 && most.diastolic <= 94 && most.dissociation <= 6 &&
           most.moaas >= 4 && most.nausea <= 3;
}

VirtualPatient virtual_find(uint64_t seed, uint64_t number, double age_years, double weight_kg,
                            MoodCourse course, const VirtualWish *wish)
{
    for (uint64_t i = number;; i++) {
        assert(i < number + NUMBERS_MOST); /* else nobody fits the story */
        VirtualPatient p = { .number = i,
                             .age_years = age_years,
                             .weight_kg = weight_kg,
                             .mood = mood_draw_person(mood_model(S("clinic")), seed, i) };
        if (!mood_fits(&p, course, wish))
            continue;
        draw_effects(&p, seed);
        if (session_fits(&p))
            return p;
    }
}
