/* The chart: one patient as C structs, read from the record and judged as it is read. The verbs decide on a
 * Chart and on nothing else. Every fact names the resource and version it rests on; what the record does not
 * hold is absent, never zero, never fine. All of it lives in the arena of the context that loaded it. */
#ifndef CHART_CHART_H
#define CHART_CHART_H

#include "base/ctx.h"
#include "base/decimal.h"
#include "base/time.h"

/* The resource and version that a fact rests on. type absent: no fact. */
typedef struct FactRef {
    Str type, id;
    int64_t version;
} FactRef;

/* ---- measurements ---- */

typedef enum Measure {
    MEASURE_WEIGHT_KG,
    MEASURE_HEIGHT_CM,
    MEASURE_PRESSURE_MMHG,
    MEASURE_HEART_RATE_PER_MIN,
    MEASURE_SPO2_PERCENT,
    MEASURE_BREATHS_PER_MIN,
    MEASURE_DISSOCIATION_0_10,
    MEASURE_DISTRESS_0_10,
    MEASURE_NAUSEA_0_10,
    MEASURE_MOAAS_0_5,
    MEASURE_MAX,
} Measure;

/* A reading with a wrong or missing patient, an unknown unit or range, an impossible value, or a time in the
 * future is quarantined: kept and shown as such, never current, never a criterion (safety.md, invariant 6).
 */
typedef enum ReadingState { READING_ACCEPTED, READING_QUARANTINED } ReadingState;

typedef struct Reading {
    Measure measure;
    ReadingState state;
    Str why_quarantined;
    double value;       /* systolic for a pressure */
    double diastolic;   /* for a pressure only */
    Decimal exact;      /* value with the text it was entered with; a weight doses from this */
    int64_t at_us;      /* when it was read */
    int64_t entered_us; /* when it was recorded */
    bool late;          /* entered more than 15 min after it was read: the screen says so */
    bool in_clinic;     /* measured here; a stated or imported value is not */
    bool typed;         /* by a person, not a device */
    Str entered_by;     /* display name */
    Str encounter_id;   /* absent outside a visit */
    FactRef fact;
} Reading;

typedef struct Readings {
    Reading *at; /* oldest first */
    size_t n, room;
} Readings;

/* ---- history ---- */

typedef struct Diagnosis {
    Str text, system, code;
    bool active;
    int64_t onset_us; /* TIME_NONE where not recorded */
    FactRef fact;
} Diagnosis;

typedef struct Medicine {
    Str text, system, code;
    bool active;
    int64_t from_us;
    FactRef fact;
} Medicine;

typedef struct Allergy {
    Str text;
    bool active;
    FactRef fact;
} Allergy;

/* An antidepressant trial as it was entered; whether it was adequate is judged by evaluate. Not known is < 0.
 */
typedef struct Trial {
    Str drug; /* a key of the adequate-trial table: "sertraline" */
    double peak_mg_per_day, weeks_at_dose, adherence_percent, improvement_percent;
    int64_t from_us, to_us;
    bool current_episode;
    Str reason_stopped; /* "inefficacy", "intolerance", "other"; absent: going on */
    Str source;         /* "record", "pharmacy", "patient" */
    FactRef fact;
} Trial;

/* The C-SSRS screener as it was answered: its items 1 to 5, then behaviour ever, then behaviour in the past
 * three months. Never a sum. */
typedef enum ScreenItem {
    SCREEN_WISH,
    SCREEN_THOUGHTS,
    SCREEN_METHOD,
    SCREEN_INTENT,
    SCREEN_PLAN,
    SCREEN_BEHAVIOUR_EVER,
    SCREEN_BEHAVIOUR_RECENT,
    SCREEN_ITEMS,
} ScreenItem;

typedef struct SuicideScreen {
    int answer[SCREEN_ITEMS]; /* 1 yes, 0 no, -1 not asked or refused */
    int64_t at_us;
    Str by;
    FactRef fact;
} SuicideScreen;

/* What was read from the record and is not believed: shown with the reason, used by no rule. */
typedef struct Quarantined {
    Str what, why; /* "Body weight 900 kg", "outside 20 to 400 kg" */
    int64_t at_us; /* TIME_NONE where it has none */
    FactRef fact;
} Quarantined;

/* A yes/no, coded or numeric fact that a rule asks for and that is none of the above ("escort",
 * "urine-drug-screen", "level-of-care", "consent", ...). chart/facts.h lists the keys. The newest of each key
 * comes first. */
typedef struct Fact {
    Str key;
    Str value; /* "yes", "no", or a code or number as text */
    Str note;
    int64_t at_us;
    Str by;            /* display name */
    bool contradicted; /* another of the same key and time says otherwise: neither is believed */
    FactRef fact;
} Fact;

/* ---- instruments ---- */

typedef struct Score {
    Str instrument;   /* "phq-9" */
    bool complete;    /* every scored item answered */
    int total;        /* -1: cannot be scored */
    int item_suicide; /* -1: skipped or not asked; the instrument says which item */
    bool has_suicide_item;
    int answered, items;
    int64_t at_us;
    bool near_dose; /* within 4 h of a dose: never in outcome statistics (invariant 13) */
    FactRef fact;
} Score;

/* ---- course, visits, infusions ---- */

typedef enum CourseStatus { COURSE_NONE, COURSE_DRAFT, COURSE_ACTIVE, COURSE_ENDED } CourseStatus;

typedef struct Course {
    CourseStatus status;
    Str protocol;    /* "IV-6x2" */
    Decimal dose_mg; /* as ordered, rounded */
    Decimal dose_weight_kg;
    Str weight_basis; /* "actual", "ideal", "adjusted" */
    Decimal concentration_mg_per_ml;
    int32_t duration_min;
    int infusions_planned;
    int64_t dates_us[32];
    size_t n_dates;
    Str signed_by; /* display; absent while draft */
    int64_t signed_us;
    FactRef care_plan, order; /* CarePlan and MedicationRequest */
} Course;

/* One stretch of the pump at one rate, as it was recorded. rate 0: paused. */
typedef struct RateSegment {
    int64_t from_us;
    int64_t to_us; /* TIME_NONE: still so */
    Decimal rate_ml_per_h;
    FactRef fact;
} RateSegment;

typedef struct Infusion {
    int number; /* 1 is the first of the course */
    Str encounter_id;
    Str status; /* of the Procedure: "preparation", "in-progress", "on-hold", "stopped", "completed" */
    int64_t started_us, ended_us; /* TIME_NONE: not yet */
    Decimal planned_mg,
        given_mg; /* given: from the rate log, or from the volume left when that was recorded */
    Decimal concentration_mg_per_ml;
    RateSegment *segments;
    size_t n_segments;
    FactRef procedure;
} Infusion;

typedef struct Infusions {
    Infusion *at; /* oldest first */
    size_t n, room;
} Infusions;

/* ---- overrides ---- */

/* An overridden finding: a DetectedIssue with one mitigation a signer. In force when the rule's kind of
 * override is met (a stop: two different people, one a physician; a caution or missing fact: one prescriber)
 * and now < expiry. */
typedef struct Override {
    Str rule_id;
    Str reason_code, reason;
    Str signer_person_id[2], signer_display[2], signer_role[2];
    int64_t signed_us[2];
    size_t n_signers;
    int64_t expires_us;
    FactRef fact;
} Override;

/* What the newest evaluation left in the record: one GuidanceResponse, and a DetectedIssue for each finding
 * that is not fine. An issue is open while its status is preliminary and no override of its rule is in force.
 */
typedef struct Eligibility {
    int64_t at_us;    /* TIME_NONE: never evaluated */
    int open_stops;   /* severity high */
    int open_missing; /* and, once a course is signed, what is asked on the day of an infusion */
    int open_cautions;
    Str first_open; /* the sentence of the first open stop or missing fact; absent where there is none */
    FactRef fact;   /* the GuidanceResponse */
} Eligibility;

/* ---- the chart ---- */

typedef struct Chart {
    Str patient_id;
    FactRef patient;
    Str name, family, given, mrn, sex; /* sex: "male", "female", "other", "unknown" or absent */
    int64_t birth_us;                  /* TIME_NONE where not recorded */
    bool deceased;
    int64_t deceased_us; /* TIME_NONE: dead, time not recorded */
    Readings readings[MEASURE_MAX];
    struct {
        Diagnosis *at;
        size_t n, room;
    } diagnoses;
    struct {
        Medicine *at;
        size_t n, room;
    } medicines;
    struct {
        Allergy *at;
        size_t n, room;
    } allergies;
    bool allergies_asked; /* false: not known, not "none" */
    struct {
        Trial *at;
        size_t n, room;
    } trials;
    struct {
        Fact *at;
        size_t n, room;
    } facts;
    struct {
        Score *at;
        size_t n, room;
    } scores; /* oldest first */
    struct {
        SuicideScreen *at;
        size_t n, room;
    } screens; /* C-SSRS, oldest first */
    struct {
        Quarantined *at;
        size_t n, room;
    } quarantined;
    struct {
        Override *at;
        size_t n, room;
    } overrides;
    Eligibility eligibility;
    Course course; /* the newest that was not revoked */
    Infusions infusions;
    int64_t loaded_us; /* c->now_us: ages are counted from here */
} Chart;

/* Reads the patient's compartment in one range read and judges every reading. ERR_NOT_FOUND, ERR_GONE. */
MUST_USE Err chart_load(Ctx *c, Str patient_id, Chart *ret_chart);

/* The newest accepted reading not older than since_us; NULL where there is none. */
const Reading *chart_latest(const Chart *chart, Measure measure, int64_t since_us);
/* The newest fact of that key not older than since_us; NULL where there is none or where it is contradicted.
 */
const Fact *chart_fact(const Chart *chart, const char *key, int64_t since_us);
/* The newest accepted C-SSRS screener not older than since_us; NULL where there is none. */
const SuicideScreen *chart_screen(const Chart *chart, int64_t since_us);
/* The newest complete score of that instrument not older than since_us; NULL where there is none. */
const Score *chart_score(const Chart *chart, const char *instrument, int64_t since_us);
/* The infusion of that encounter; NULL where there is none. */
const Infusion *chart_infusion(const Chart *chart, Str encounter_id);

/* "168/104", "98.3 kg": a reading as the screens write it. */
Str reading_text(Arena *a, const Reading *reading);

#endif
