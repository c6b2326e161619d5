/* Virtual patients for the demo clinic: who they are, what the bedside reads of them and how their depression
 * goes are drawn from the drug's own models (pkpd/effect.h, pkpd/mood.h), by number. Nobody real. */
#ifndef CLI_VIRTUAL_H
#define CLI_VIRTUAL_H

#include "pkpd/pkpd.h"

typedef struct VirtualPatient {
    uint64_t number;
    double age_years, weight_kg;
    MoodPerson mood;
    EffectDraw systolic, diastolic, heart_rate, dissociation, nausea, sedation;
} VirtualPatient;

/* What a story asks of its patient: PHQ-9 before, and at a day of the course as a share of that. */
typedef struct VirtualWish {
    int before_least, before_most;
    double at_d, share_least, share_most;
} VirtualWish;

/* The first from number on who fits, when treated as often as the course says. */
VirtualPatient virtual_find(uint64_t seed, uint64_t number, double age_years, double weight_kg,
                            MoodCourse course, const VirtualWish *wish);

/* The PHQ-9 total at a day of the course; before its first dose the baseline. */
int virtual_phq9(const VirtualPatient *p, MoodCourse course, double at_d);

typedef struct VirtualVitals {
    int systolic, diastolic, heart_rate;
    int dissociation, nausea, moaas;
} VirtualVitals;

/* So many minutes into an infusion of 0.5 mg/kg over 40 min, without the noise of reading. */
VirtualVitals virtual_vitals(const VirtualPatient *p, double minute);

#endif
