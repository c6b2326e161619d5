#include "chart/codes.h"
#include "evaluate/rule.h"
#include "evaluate/trials.h"

/* ---- depression ---- */

static const char *const depressions[] = { "major depress", "depressive disorder", "depression", NULL };

Judgement rule_depression(const Asked *q)
{
    const Diagnosis *found = active_diagnosis(q, depressions);
    if (!found)
        return missing(q, "No active diagnosis of depression is on record.");
    return judged(q, LEVEL_FINE, found->fact, found->onset_us, "%.*s, active.", STR_ARG(found->text));
}

Judgement rule_resistance(const Asked *q)
{
    Resistance r = resistance_judge(q->arena, q->chart, q->policy);
    if (r.resistant)
        return judged(q, LEVEL_FINE, r.at[0].trial->fact, r.at[0].trial->from_us,
                      "%d medicines failed an adequate trial in this episode; %d make resistance.", r.failed,
                      r.needed);
    if (!r.n)
        return missing(q, "No antidepressant trial is recorded.");
    if (r.failed + r.unknown >= r.needed)
        return missing(q, "%d failed an adequate trial, %d of %d are needed; %d cannot be judged.", r.failed,
                       r.needed, r.needed, r.unknown);
    return judged(q, LEVEL_STOP, r.at[0].trial->fact, r.at[0].trial->from_us,
                  "%d of %d: not treatment resistant by rule (%zu trials on record).", r.failed, r.needed,
                  r.n);
}

Judgement rule_baseline(const Asked *q)
{
    const Score *score = chart_score(q->chart, "phq-9", since_us(q, "evaluate_phq9_valid"));
    if (!score) {
        const Score *old = chart_score(q->chart, "phq-9", INT64_MIN);
        return old ? missing(q, "Last complete PHQ-9 was %d on %.*s: too old.", old->total,
                             STR_ARG(date_of(q, old->at_us)))
                   : missing(q, "No complete PHQ-9 is on record.");
    }
    int gate = (int)policy_number(q->policy, "evaluate_phq9_min");
    bool course_runs = q->chart->course.status == COURSE_ACTIVE; /* then a low score is what is hoped for */
    if (score->total < gate && !course_runs)
        return judged(q, LEVEL_CAUTION, score->fact, score->at_us,
                      "PHQ-9 is %d, under %d, for the last two weeks.", score->total, gate);
    return judged(q, LEVEL_FINE, score->fact, score->at_us, "PHQ-9 is %d for the last two weeks.",
                  score->total);
}

/* ---- suicidal thoughts and behaviour ---- */

typedef enum Triage { TRIAGE_NOTHING, TRIAGE_LOW, TRIAGE_MODERATE, TRIAGE_HIGH, TRIAGE_NOT_ANSWERED } Triage;

static bool yes(const SuicideScreen *screen, ScreenItem item)
{
    return screen->answer[item] == 1;
}

/* Items 3 to 5 are asked only after a yes to 2. */
static bool all_answered(const SuicideScreen *screen)
{
    for (ScreenItem item = 0; item < SCREEN_ITEMS; item++) {
        bool skipped_by_rule =
            item >= SCREEN_METHOD && item <= SCREEN_PLAN && screen->answer[SCREEN_THOUGHTS] == 0;
        bool recent = item == SCREEN_BEHAVIOUR_RECENT && screen->answer[SCREEN_BEHAVIOUR_EVER] == 0;
        if (screen->answer[item] < 0 && !skipped_by_rule && !recent)
            return false;
    }
    return true;
}

/* The official triage: 4, 5 or behaviour within 3 months is high. */
static Triage triage(const SuicideScreen *screen)
{
    if (yes(screen, SCREEN_INTENT) || yes(screen, SCREEN_PLAN) || yes(screen, SCREEN_BEHAVIOUR_RECENT))
        return TRIAGE_HIGH;
    if (!all_answered(screen))
        return TRIAGE_NOT_ANSWERED;
    if (yes(screen, SCREEN_METHOD) || yes(screen, SCREEN_BEHAVIOUR_EVER))
        return TRIAGE_MODERATE;
    return yes(screen, SCREEN_THOUGHTS) || yes(screen, SCREEN_WISH) ? TRIAGE_LOW : TRIAGE_NOTHING;
}

static int highest_item(const SuicideScreen *screen)
{
    int highest = 0;
    for (ScreenItem item = SCREEN_WISH; item <= SCREEN_PLAN; item++)
        if (yes(screen, item))
            highest = item + 1;
    return highest;
}

static Str screen_words(const Asked *q, const SuicideScreen *screen)
{
    const char *behaviour = yes(screen, SCREEN_BEHAVIOUR_RECENT) ? ", behaviour in the past 3 months"
                            : yes(screen, SCREEN_BEHAVIOUR_EVER) ? ", behaviour in the past"
                                                                 : "";
    return arena_fmt(q->arena, "C-SSRS %d%s", highest_item(screen), behaviour);
}

/* The level of care that a physician wrote after the screen: only that lets the patient go on. */
static const Fact *care_decided(const Asked *q, int64_t after_us)
{
    const Fact *care = answer(q, "level-of-care");
    return care && care->at_us >= after_us ? care : NULL;
}

static Judgement high_risk(const Asked *q, const SuicideScreen *screen)
{
    const Fact *care = care_decided(q, screen->at_us);
    Str words = screen_words(q, screen);
    if (!care)
        return judged(q, LEVEL_STOP, screen->fact, screen->at_us,
                      "%.*s: imminent risk. Not left alone; a psychiatrist writes the level of care first.",
                      STR_ARG(words));
    return judged(q, LEVEL_CAUTION, screen->fact, screen->at_us, "%.*s, high. Level of care written by %.*s.",
                  STR_ARG(words), STR_ARG(care->by));
}

Judgement rule_suicide_screen(const Asked *q)
{
    const SuicideScreen *screen = chart_screen(q->chart, since_us(q, "evaluate_screen_valid"));
    const SuicideScreen *last = chart_screen(q->chart, INT64_MIN);
    if (!last)
        return missing(q, "The C-SSRS screener was never asked.");
    if (!screen)
        return missing(q, "The C-SSRS screener was last asked on %.*s: too long ago.",
                       STR_ARG(date_of(q, last->at_us)));
    Str words = screen_words(q, screen);
    switch (triage(screen)) {
    case TRIAGE_HIGH:
        return high_risk(q, screen);
    case TRIAGE_NOT_ANSWERED:
        return missing(q, "Not every item of the C-SSRS screener was answered: a person asks.");
    case TRIAGE_MODERATE:
        return judged(q, LEVEL_CAUTION, screen->fact, screen->at_us,
                      "%.*s, moderate. A clinician sees the patient before dosing and before leaving.",
                      STR_ARG(words));
    case TRIAGE_LOW:
        return judged(q, LEVEL_CAUTION, screen->fact, screen->at_us,
                      "%.*s: thoughts without method or intent.", STR_ARG(words));
    default:
        return judged(q, LEVEL_FINE, screen->fact, screen->at_us,
                      "Nothing reported: every item answered no. That is not \"no risk\".");
    }
}

Judgement rule_safety_plan(const Asked *q)
{
    const SuicideScreen *screen = chart_screen(q->chart, since_us(q, "evaluate_screen_valid"));
    const Fact *plan = answer(q, "safety-plan");
    if (answered(plan, "yes"))
        return by_answer(q, LEVEL_FINE, plan);
    if (answered(plan, "no") && !care_decided(q, plan->at_us))
        return judged(q, LEVEL_STOP, plan->fact, plan->at_us,
                      "No safety plan could be agreed: a psychiatrist writes the level of care first.");
    if (answered(plan, "no"))
        return by_answer(q, LEVEL_CAUTION, plan);
    if (screen && triage(screen) == TRIAGE_NOTHING)
        return judged(q, LEVEL_FINE, screen->fact, screen->at_us,
                      "Not asked for: the C-SSRS screener reports nothing.");
    return not_answered(q, "safety-plan");
}

/* ---- psychosis, mania, cognition, substances ---- */

/* An answer of "none" beside an active diagnosis is a contradiction, and neither is believed. */
static Judgement unless_listed(const Asked *q, Judgement j, const char *const *words)
{
    const Diagnosis *found = active_diagnosis(q, words);
    if (j.level != LEVEL_FINE || !found)
        return j;
    return missing(q, "The answer is none, but the problem list has %.*s as active.", STR_ARG(found->text));
}

Judgement rule_psychosis(const Asked *q)
{
    static const char *const listed[] = { "schizo", "psychosis", "psychotic disorder", "delirium", NULL };
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "past", LEVEL_CAUTION },
                                          { "current", LEVEL_STOP } };
    return unless_listed(q, BY_CHOICE(q, "psychosis", levels), listed);
}

Judgement rule_mania(const Asked *q)
{
    static const char *const listed[] = { "bipolar", "mania", "manic", NULL };
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "bipolar-stabilised", LEVEL_CAUTION },
                                          { "bipolar-not-stabilised", LEVEL_CAUTION },
                                          { "current", LEVEL_STOP } };
    return unless_listed(q, BY_CHOICE(q, "mania", levels), listed);
}

Judgement rule_cognition(const Asked *q)
{
    static const char *const listed[] = { "dementia", "alzheimer", "neurocognitive", NULL };
    return unless_listed(q, yes_no(q, "cognition", LEVEL_CAUTION, LEVEL_FINE), listed);
}

Judgement rule_substance_use(const Asked *q)
{
    static const char *const listed[] = { "drug dependence", "drug overdose", "alcoholism",
                                          "opioid",          "substance",     NULL };
    static const ChoiceLevel levels[] = { { "none", LEVEL_FINE },
                                          { "mild", LEVEL_CAUTION },
                                          { "moderate-severe", LEVEL_STOP },
                                          { "ketamine-misuse", LEVEL_STOP } };
    return unless_listed(q, BY_CHOICE(q, "substance-use", levels), listed);
}

Judgement rule_drug_screen(const Asked *q)
{
    static const ChoiceLevel levels[] = { { "negative", LEVEL_FINE },
                                          { "explained", LEVEL_FINE },
                                          { "stimulant-unexplained", LEVEL_STOP },
                                          { "other-unexplained", LEVEL_CAUTION } };
    return BY_CHOICE(q, "urine-drug-screen", levels);
}
