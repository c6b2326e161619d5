#include "server/access.h"

/* Classes of resource types. A type that is not in the list belongs to CLASS_OTHER. */
typedef enum Class {
    CLASS_OTHER,      /* machine clients only */
    CLASS_CLINICAL,   /* entered by clinicians */
    CLASS_GUARDED,    /* written by the verbs, whose rules a direct write would pass by */
    CLASS_IMPORTED,   /* comes from elsewhere: read, never entered here */
    CLASS_STAFF,      /* who works where, and who is on duty */
    CLASS_DEFINITION, /* protocols and code systems: a release's business */
    CLASS_AUDIT,
    CLASS_MAX
} Class;

static const struct {
    const char *type;
    Class class;
} classes[] = {
    { "Patient", CLASS_CLINICAL },
    { "RelatedPerson", CLASS_CLINICAL },
    { "Condition", CLASS_CLINICAL },
    { "AllergyIntolerance", CLASS_CLINICAL },
    { "FamilyMemberHistory", CLASS_CLINICAL },
    { "ClinicalImpression", CLASS_CLINICAL },
    { "Observation", CLASS_CLINICAL },
    { "DiagnosticReport", CLASS_CLINICAL },
    { "Specimen", CLASS_CLINICAL },
    { "ServiceRequest", CLASS_CLINICAL },
    { "MedicationStatement", CLASS_CLINICAL },
    { "Immunization", CLASS_CLINICAL },
    { "Consent", CLASS_CLINICAL },
    { "Questionnaire", CLASS_CLINICAL },
    { "QuestionnaireResponse", CLASS_CLINICAL },
    { "Encounter", CLASS_CLINICAL },
    { "EpisodeOfCare", CLASS_CLINICAL },
    { "Appointment", CLASS_CLINICAL },
    { "CareTeam", CLASS_CLINICAL },
    { "Goal", CLASS_CLINICAL },
    { "Communication", CLASS_CLINICAL },
    { "DocumentReference", CLASS_CLINICAL },
    { "AdverseEvent", CLASS_CLINICAL },
    { "CarePlan", CLASS_GUARDED },
    { "MedicationRequest", CLASS_GUARDED },
    { "MedicationAdministration", CLASS_GUARDED },
    { "MedicationDispense", CLASS_GUARDED },
    { "Procedure", CLASS_GUARDED },
    { "DetectedIssue", CLASS_GUARDED },
    { "GuidanceResponse", CLASS_GUARDED },
    { "Task", CLASS_GUARDED },
    { "Flag", CLASS_GUARDED },
    { "RiskAssessment", CLASS_GUARDED },
    { "Provenance", CLASS_GUARDED },
    { "Claim", CLASS_IMPORTED },
    { "Coverage", CLASS_IMPORTED },
    { "Device", CLASS_IMPORTED },
    { "ExplanationOfBenefit", CLASS_IMPORTED },
    { "ImagingStudy", CLASS_IMPORTED },
    { "Media", CLASS_IMPORTED },
    { "Medication", CLASS_IMPORTED },
    { "SupplyDelivery", CLASS_IMPORTED },
    { "Practitioner", CLASS_STAFF },
    { "PractitionerRole", CLASS_STAFF },
    { "Organization", CLASS_STAFF },
    { "Location", CLASS_STAFF },
    { "HealthcareService", CLASS_STAFF },
    { "Schedule", CLASS_STAFF },
    { "Slot", CLASS_STAFF },
    { "PlanDefinition", CLASS_DEFINITION },
    { "ActivityDefinition", CLASS_DEFINITION },
    { "OperationDefinition", CLASS_DEFINITION },
    { "CodeSystem", CLASS_DEFINITION },
    { "ValueSet", CLASS_DEFINITION },
    { "Library", CLASS_DEFINITION },
    { "Measure", CLASS_DEFINITION },
    { "AuditEvent", CLASS_AUDIT },
};

enum {
    NOTHING = 0,
    READ = CAN_READ,
    /* Nobody in the clinic deletes: a mistake is marked entered-in-error, and both versions stay. */
    ENTER = CAN_READ | CAN_CREATE | CAN_UPDATE,
    ALL = CAN_READ | CAN_CREATE | CAN_UPDATE | CAN_DELETE,
};

static const unsigned table[CLASS_MAX][ROLE_MAX] = {
    [CLASS_OTHER] = { [ROLE_SYSTEM] = ALL },
    [CLASS_CLINICAL] = { [ROLE_PHYSICIAN] = ENTER, [ROLE_NURSE] = ENTER, [ROLE_SYSTEM] = ALL },
    [CLASS_GUARDED] = { [ROLE_PHYSICIAN] = READ, [ROLE_NURSE] = READ, [ROLE_SYSTEM] = ALL },
    [CLASS_IMPORTED] = { [ROLE_PHYSICIAN] = READ, [ROLE_NURSE] = READ, [ROLE_SYSTEM] = ALL },
    [CLASS_STAFF] = { [ROLE_PHYSICIAN] = READ,
                      [ROLE_NURSE] = READ,
                      [ROLE_ADMIN] = ENTER,
                      [ROLE_SYSTEM] = ALL },
    [CLASS_DEFINITION] = { [ROLE_PHYSICIAN] = READ,
                           [ROLE_NURSE] = READ,
                           [ROLE_ADMIN] = READ,
                           [ROLE_RESEARCHER] = READ,
                           [ROLE_SYSTEM] = ALL },
    [CLASS_AUDIT] = { [ROLE_ADMIN] = READ, [ROLE_SYSTEM] = READ },
};

static Class class_of(Str type)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (str_is(type, classes[i].type))
            return classes[i].class;
    return CLASS_OTHER;
}

bool access_allows(Role role, Str type, Interaction interaction)
{
    return role < ROLE_MAX && (table[class_of(type)][role] & interaction) == interaction;
}

const char *access_refusal(Role role, Str type, Interaction interaction)
{
    Class class = class_of(type);
    bool may_read = access_allows(role, type, CAN_READ);
    if (role == ROLE_ADMIN && !may_read)
        return "An administrator manages accounts and does not see what is recorded about patients.";
    if (role == ROLE_RESEARCHER)
        return "A researcher sees counts and protocols, and nothing of a single patient.";
    if (may_read && class == CLASS_GUARDED)
        return "It is written by the program's own steps (evaluate, plan, infuse, follow), which check it "
               "first; it "
               "cannot be written directly.";
    if (may_read && class == CLASS_AUDIT)
        return "The audit is written by the server itself, and by nobody else.";
    if (may_read && interaction == CAN_DELETE)
        return "What is recorded is not deleted here: mark it entered-in-error, and both versions stay.";
    if (may_read && class == CLASS_STAFF)
        return "An administrator enters it.";
    return "This role has no access to it.";
}

bool access_may_cascade(Role role)
{
    return role == ROLE_SYSTEM;
}

static bool type_may_be_read(const Ctx *c, Str type)
{
    return access_allows(c->user.role, type, CAN_READ);
}

const Rights access_rights = { .may_read = type_may_be_read };
const Rights access_rights_own_patients = { .may_read = type_may_be_read, .own_patients_only = true };

const Rights *access_rights_of(Role role, bool own_patients_only)
{
    bool is_clinician = role == ROLE_PHYSICIAN || role == ROLE_NURSE;
    return own_patients_only && is_clinician ? &access_rights_own_patients : &access_rights;
}

Err access_check(Ctx *c, Str type, Interaction interaction)
{
    if (access_allows(c->user.role, type, interaction))
        return OK;
    return problem(c, ERR_FORBIDDEN, type, "%s", access_refusal(c->user.role, type, interaction));
}
