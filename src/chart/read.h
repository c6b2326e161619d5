/* Between the files of chart/ only: what reads one kind of resource into a chart. Each function takes one
 * resource of the patient's compartment and adds what it says; what it cannot believe goes to
 * chart->quarantined. */
#ifndef CHART_READ_H
#define CHART_READ_H

#include "chart/chart.h"
#include "chart/resource.h"

typedef struct Source {
    Ctx *c;
    FactRef fact;
    int64_t updated_us;
    Json *json;
} Source;

void read_patient(const Source *from, Chart *chart);
void read_observation(const Source *from, Chart *chart); /* reading or fact */
void read_condition(const Source *from, Chart *chart);
void read_medication_request(const Source *from, Chart *chart);
void read_medication_statement(const Source *from, Chart *chart);
void read_allergy(const Source *from, Chart *chart);
void read_response(const Source *from, Chart *chart); /* QuestionnaireResponse */
void read_detected_issue(const Source *from, Chart *chart);
void read_guidance(const Source *from, Chart *chart);

/* False where the Observation is no vital sign and no session scale. */
bool read_reading(const Source *from, Chart *chart);
bool read_fact(const Source *from, Chart *chart);
/* A total that came without its answers. */
bool read_total(const Source *from, Chart *chart);

/* Course and infusions lean on several resources each, so they are read when all are known. */
typedef struct Sources {
    Source *at;
    size_t n, room;
} Sources;
void read_course(Arena *a, const Sources *all, Chart *chart);
void read_infusions(Arena *a, const Sources *all, Chart *chart);
/* Counts what is open in the newest evaluation, now that overrides are known. */
void read_eligibility(const Sources *all, Chart *chart);

void sort_readings(Arena *a, Chart *chart);
void sort_facts(Chart *chart);
void sort_scores(Chart *chart);

void quarantine(const Source *from, Chart *chart, Str what, int64_t at_us, const char *why, ...)
    __attribute__((format(printf, 5, 6)));

#endif
