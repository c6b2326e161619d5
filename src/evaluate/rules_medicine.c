#include "evaluate/rule.h"

static const char *const benzodiazepines[] = { "diazepam",   "lorazepam",  "alprazolam", "clonazepam",
                                               "temazepam",  "oxazepam",   "triazolam",  "chlordiazep",
                                               "midazolam",  "flurazepam", "estazolam",  "clorazepate",
                                               "nitrazepam", NULL };
static const char *const opioids[] = { "morphine", "oxycodone",  "hydrocodone",   "hydromorphone",
                                       "fentanyl", "methadone",  "buprenorphine", "tramadol",
                                       "codeine",  "tapentadol", "oxymorphone",   NULL };
static const char *const other_sedatives[] = { "zolpidem",   "zaleplon",   "eszopiclone",     "zopiclone",
                                               "gabapentin", "pregabalin", "barbital",        "carisoprodol",
                                               "baclofen",   "tizanidine", "cyclobenzaprine", NULL };
static const char *const theophyllines[] = { "theophylline", "aminophylline", NULL };
static const char *const maois[] = { "phenelzine",  "tranylcypromine", "isocarboxazid", "selegiline",
                                     "moclobemide", "rasagiline",      "linezolid",     NULL };
static const char *const stimulants[] = { "amphetamine", "amfetamine",  "methylphenidate",
                                          "modafinil",   "armodafinil", "pseudoephedrine",
                                          "phentermine", "atomoxetine", NULL };
static const char *const lamotrigines[] = { "lamotrigine", NULL };

/* The list is believed only once somebody went through it with the patient; what stands on it counts at once.
 */
static Judgement listed(const Asked *q, const char *const *words, Level level, const char *effect)
{
    const Medicine *found = active_medicine(q, words);
    const Fact *reconciled = answer(q, "medicines-reconciled");
    if (found)
        return judged(q, level, found->fact, found->from_us, "%.*s: %s", STR_ARG(found->text), effect);
    if (!answered(reconciled, "yes"))
        return missing(q, "None on the list, but the list was not checked with the patient.");
    return judged(q, LEVEL_FINE, reconciled->fact, reconciled->at_us,
                  "None on the list, checked with the patient.");
}

Judgement rule_medicines(const Asked *q)
{
    const Fact *reconciled = answer(q, "medicines-reconciled");
    if (!reconciled)
        return not_answered(q, "medicines-reconciled");
    if (!answered(reconciled, "yes"))
        return missing(q, "The list of medicines could not be checked with the patient.");
    size_t active = 0;
    for (size_t i = 0; i < q->chart->medicines.n; i++)
        active += q->chart->medicines.at[i].active;
    return judged(q, LEVEL_FINE, reconciled->fact, reconciled->at_us,
                  "%zu active, checked with the patient. %.*s", active, STR_ARG(reconciled->note));
}

Judgement rule_benzodiazepine(const Asked *q)
{
    const Fact *daily = answer(q, "benzodiazepine-mg");
    const Medicine *listed_one = active_medicine(q, benzodiazepines), *opioid = active_medicine(q, opioids);
    if (!daily)
        return not_answered(q, "benzodiazepine-mg");
    double mg = answer_number(daily);
    if (mg == 0 && listed_one)
        return missing(q, "The answer is none, but %.*s stands on the list as active.",
                       STR_ARG(listed_one->text));
    if (mg == 0)
        return judged(q, LEVEL_FINE, daily->fact, daily->at_us, "None taken.");
    if (opioid)
        return judged(
            q, LEVEL_STOP, daily->fact, daily->at_us,
            "%g mg diazepam equivalent a day together with %.*s: deep sedation and respiratory depression.",
            mg, STR_ARG(opioid->text));
    return judged(q, LEVEL_CAUTION, daily->fact, daily->at_us,
                  "%g mg diazepam equivalent a day. %.*s%sAdds to sedation and may weaken the response; "
                  "stopping abruptly can cause seizures.",
                  mg, STR_ARG(daily->note), daily->note.n ? ". " : "");
}

Judgement rule_theophylline(const Asked *q)
{
    return listed(q, theophyllines, LEVEL_STOP,
                  "lowers the seizure threshold; an alternative is considered.");
}

Judgement rule_maoi(const Asked *q)
{
    return listed(q, maois, LEVEL_CAUTION, "pressure may rise; measured every 5 min.");
}

Judgement rule_stimulant(const Asked *q)
{
    return listed(q, stimulants, LEVEL_CAUTION,
                  "pressure and heart rate may rise; the morning dose is decided.");
}

Judgement rule_lamotrigine(const Asked *q)
{
    return listed(q, lamotrigines, LEVEL_CAUTION, "may blunt the effect in some studies.");
}

static bool heavy(const Asked *q, double *ret_bmi)
{
    const Reading *weight = chart_latest(q->chart, MEASURE_WEIGHT_KG, INT64_MIN);
    const Reading *height = chart_latest(q->chart, MEASURE_HEIGHT_CM, INT64_MIN);
    if (!weight || !height)
        return false;
    *ret_bmi = weight->value / (height->value * height->value / 1e4);
    return *ret_bmi >= policy_number(q->policy, "evaluate_bmi_airway");
}

Judgement rule_sedative(const Asked *q)
{
    double bmi;
    Judgement j = listed(q, opioids, LEVEL_CAUTION, "adds to sedation and slows breathing.");
    if (j.level != LEVEL_CAUTION)
        j = listed(q, other_sedatives, LEVEL_CAUTION, "adds to sedation.");
    if (j.level == LEVEL_CAUTION && heavy(q, &bmi))
        j.because = arena_fmt(q->arena, "%.*s Body mass index %.1f: capnography.", STR_ARG(j.because), bmi);
    return j;
}
