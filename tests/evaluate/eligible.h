/* A chart that meets every rule, for tests that change one thing of it. A woman of 40 on the day of an
 * infusion. */
#ifndef TESTS_EVALUATE_ELIGIBLE_H
#define TESTS_EVALUATE_ELIGIBLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "evaluate/evaluate.h"
#include "evaluate/trials.h"

#define NOW_US INT64_C(1795000000000000) /* 2026-11-18 */

typedef struct Answered {
    const char *key, *value;
} Answered;
/* The facts of the eligible chart; the last has key NULL. */
extern const Answered eligible_facts[];

Chart eligible_chart(Arena *a);
/* The fact of that key; made, where there is none. */
Fact *fact_of(Arena *a, Chart *chart, const char *key);
void forget_fact(Chart *chart, const char *key);
void set_fact(Arena *a, Chart *chart, const char *key, const char *value);
void add_reading(Arena *a, Chart *chart, Measure measure, double value, double diastolic, int64_t at_us,
                 bool in_clinic);
void add_trial(Arena *a, Chart *chart, const char *drug, double mg, double weeks, double adherence,
               double improvement);
void add_medicine(Arena *a, Chart *chart, const char *text);
void add_diagnosis(Arena *a, Chart *chart, const char *text);

Findings judge(Arena *a, const Chart *chart);
Verdict verdict_of(Arena *a, const Chart *chart);
/* The finding of that rule; fails the test where there is none. */
Finding finding_of(Arena *a, const Chart *chart, const char *rule_id);

int run_rule_tests(void);
int run_override_tests(void);
int run_trial_tests(void);
int run_operation_tests(void);

#endif
