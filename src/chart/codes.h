/* Code systems and codes of the record (docs/record.md), so that what one verb writes another reads by the
 * same name. String literals: S(LOINC_WEIGHT), or joined inside a JSON template. */
#ifndef CHART_CODES_H
#define CHART_CODES_H

/* ---- systems of others ---- */
#define SYSTEM_LOINC              "http://loinc.org"
#define SYSTEM_UCUM               "http://unitsofmeasure.org"
#define SYSTEM_SNOMED             "http://snomed.info/sct"
#define SYSTEM_RXNORM             "http://www.nlm.nih.gov/research/umls/rxnorm"
#define SYSTEM_CATEGORY           "http://terminology.hl7.org/CodeSystem/observation-category"
#define SYSTEM_CONDITION_CLINICAL "http://terminology.hl7.org/CodeSystem/condition-clinical"
#define SYSTEM_DATA_ABSENT        "http://terminology.hl7.org/CodeSystem/data-absent-reason"
#define SYSTEM_IDENTIFIER_TYPE    "http://terminology.hl7.org/CodeSystem/v2-0203"

/* ---- our own ---- */
#define SYSTEM_FACT     "urn:euthymia:fact"
#define SYSTEM_SCALE    "urn:euthymia:scale"
#define SYSTEM_RULE     "urn:euthymia:rule"
#define SYSTEM_EVENT    "urn:euthymia:event"
#define SYSTEM_TASK     "urn:euthymia:task"
#define SYSTEM_MEASURED "urn:euthymia:measured"
#define SYSTEM_ACCOUNT  "urn:euthymia:account"
#define SYSTEM_REASON   "urn:euthymia:reason" /* why a finding was overridden */
#define URN_INSTRUMENT  "urn:euthymia:instrument:"
#define URN_PROTOCOL    "urn:euthymia:protocol:"
#define URN_RULE_SET    "urn:euthymia:rule-set:"
#define EXTENSION(name) "urn:euthymia:extension:" name

/* ---- LOINC ---- */
#define LOINC_PRESSURE_PANEL     "85354-9"
#define LOINC_PRESSURE_PANEL_OLD "55284-4" /* discouraged since; found in imported records */
#define LOINC_SYSTOLIC           "8480-6"
#define LOINC_DIASTOLIC          "8462-4"
#define LOINC_HEART_RATE         "8867-4"
#define LOINC_SPO2               "59408-5"
#define LOINC_SPO2_ANY           "2708-6" /* arterial oxygen saturation; monitors send it beside the former */
#define LOINC_BREATHS            "9279-1"
#define LOINC_WEIGHT             "29463-7"
#define LOINC_HEIGHT             "8302-2"
#define LOINC_PHQ9_TOTAL         "44261-6"
#define LOINC_PHQ9_SUICIDE       "44260-8"
#define LOINC_CSSRS_PANEL        "93373-9"
#define LOINC_ALT                "1742-6"
#define LOINC_AST                "1920-8"
#define LOINC_ALP                "6768-6"
#define LOINC_GGT                "2324-2"

/* ---- RxNorm ingredients ---- */
#define RXNORM_KETAMINE "6130"

#endif
