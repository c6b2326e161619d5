/* US Core 6.1.0, from its CapabilityStatement us-core-server: the profiles of each type, and the searches
 * that a server must have, as names of parameters; "patient+category" are two in one search. */
#include "fhir/us_core.h"

static const UsCore types[] = {
    { "AllergyIntolerance", "us-core-allergyintolerance", "patient" },
    { "CarePlan", "us-core-careplan", "patient+category" },
    { "CareTeam", "us-core-careteam", "patient+status" },
    { "Condition",
      "us-core-condition-encounter-diagnosis "
      "us-core-condition-problems-health-concerns",
      "patient patient+category" },
    { "Coverage", "us-core-coverage", "patient" },
    { "Device", "us-core-implantable-device", "patient" },
    { "DiagnosticReport", "us-core-diagnosticreport-lab us-core-diagnosticreport-note",
      "patient patient+category patient+category+date patient+code" },
    { "DocumentReference", "us-core-documentreference",
      "_id patient patient+category patient+category+date patient+type" },
    { "Encounter", "us-core-encounter", "_id patient date+patient" },
    { "Goal", "us-core-goal", "patient" },
    { "Immunization", "us-core-immunization", "patient" },
    { "Location", "us-core-location", "address name" },
    { "Medication", "us-core-medication", "" },
    { "MedicationDispense", "us-core-medicationdispense", "patient" },
    { "MedicationRequest", "us-core-medicationrequest", "patient+intent patient+intent+status" },
    { "Observation",
      "head-occipital-frontal-circumference-percentile pediatric-bmi-for-age "
      "pediatric-weight-for-height us-core-blood-pressure us-core-bmi "
      "us-core-body-height us-core-body-temperature us-core-body-weight "
      "us-core-head-circumference us-core-heart-rate "
      "us-core-observation-clinical-result us-core-observation-lab "
      "us-core-observation-occupation us-core-observation-pregnancyintent "
      "us-core-observation-pregnancystatus us-core-observation-screening-assessment "
      "us-core-observation-sexual-orientation us-core-pulse-oximetry "
      "us-core-respiratory-rate us-core-simple-observation us-core-smokingstatus "
      "us-core-vital-signs",
      "patient+category patient+category+date patient+code" },
    { "Organization", "us-core-organization", "address name" },
    { "Patient", "us-core-patient", "_id identifier name birthdate+name gender+name" },
    { "Practitioner", "us-core-practitioner", "identifier name" },
    { "PractitionerRole", "us-core-practitionerrole", "practitioner specialty" },
    { "Procedure", "us-core-procedure", "patient patient+date" },
    { "Provenance", "us-core-provenance", "" },
    { "QuestionnaireResponse", "us-core-questionnaireresponse", "_id patient" },
    { "RelatedPerson", "us-core-relatedperson", "_id" },
    { "ServiceRequest", "us-core-servicerequest",
      "_id patient patient+category patient+category+authored patient+code" },
    { "Specimen", "us-core-specimen", "_id" },
};

const UsCore *us_core_of(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].type, type) == 0)
            return &types[i];
    return NULL;
}

bool us_core_next(Str *rest, Str *ret_word)
{
    *ret_word = rest->p ? str_cut(*rest, ' ', rest) : STR_NONE;
    return ret_word->n > 0;
}
