/* Who may do what: the table of access, and the tables of routes and operations that it stands behind. */
#include "groups.h"

#include "fhir/definitions.h"
#include "server/access.h"
#include "server/operations.h"
#include "server/route.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

static const Interaction interactions[] = { CAN_READ, CAN_CREATE, CAN_UPDATE, CAN_DELETE };

static void nobody_without_a_role_may_do_anything(void **state)
{
    static const Role roles[] = { ROLE_NONE, ROLE_PATIENT_LINK, ROLE_MAX };
    (void)state;
    for (size_t t = 0; t < fhir_n_resources; t++)
        for (size_t i = 0; i < ROWS(roles); i++)
            for (size_t k = 0; k < ROWS(interactions); k++)
                assert_false(
                    access_allows(roles[i], str_from(fhir_resources[t].type->name), interactions[k]));
}

static void a_machine_may_do_everything_but_write_the_audit(void **state)
{
    (void)state;
    for (size_t t = 0; t < fhir_n_resources; t++)
        for (size_t k = 0; k < ROWS(interactions); k++) {
            Str type = str_from(fhir_resources[t].type->name);
            bool writes_audit = str_is(type, "AuditEvent") && interactions[k] != CAN_READ;
            assert_int_equal(access_allows(ROLE_SYSTEM, type, interactions[k]), !writes_audit);
        }
}

static void who_may_change_may_also_read(void **state)
{
    (void)state;
    for (size_t t = 0; t < fhir_n_resources; t++)
        for (Role role = ROLE_NONE; role < ROLE_MAX; role++)
            for (size_t k = 0; k < ROWS(interactions); k++) {
                Str type = str_from(fhir_resources[t].type->name);
                if (access_allows(role, type, interactions[k]))
                    assert_true(access_allows(role, type, CAN_READ));
                else
                    assert_true(strlen(access_refusal(role, type, interactions[k])) > 20);
            }
}

static void a_type_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    for (Role role = ROLE_PHYSICIAN; role < ROLE_SYSTEM; role++)
        for (size_t k = 0; k < ROWS(interactions); k++) {
            assert_false(access_allows(role, S("Subscription"), interactions[k]));
            assert_false(access_allows(role, S("Binary"), interactions[k]));
            assert_false(access_allows(role, STR_NONE, interactions[k]));
        }
}

/* EU-S-10: what a verb decides cannot be written round it by a person of any role. */
static void guarded_types_are_written_by_the_verbs_alone(void **state)
{
    static const char *const guarded[] = { "CarePlan",
                                           "MedicationRequest",
                                           "MedicationAdministration",
                                           "Procedure",
                                           "DetectedIssue",
                                           "GuidanceResponse",
                                           "Task",
                                           "Flag",
                                           "RiskAssessment",
                                           "Provenance",
                                           "AuditEvent" };
    (void)state;
    for (size_t t = 0; t < ROWS(guarded); t++)
        for (Role role = ROLE_PHYSICIAN; role < ROLE_SYSTEM; role++)
            for (size_t k = 1; k < ROWS(interactions); k++)
                assert_false(access_allows(role, str_from(guarded[t]), interactions[k]));
}

static void clinicians_read_and_enter_and_do_not_delete(void **state)
{
    static const char *const entered[] = {
        "Patient",   "Observation", "Condition", "MedicationStatement", "QuestionnaireResponse",
        "Encounter", "Consent"
    };
    (void)state;
    for (size_t t = 0; t < ROWS(entered); t++)
        for (Role role = ROLE_PHYSICIAN; role <= ROLE_NURSE; role++) {
            Str type = str_from(entered[t]);
            assert_true(access_allows(role, type, CAN_CREATE) && access_allows(role, type, CAN_UPDATE));
            assert_false(access_allows(role, type, CAN_DELETE));
            assert_false(access_allows(ROLE_ADMIN, type, CAN_READ));
        }
}

static void routes_are_complete(void **state)
{
    (void)state;
    for (const Route *route = routes; route->pattern; route++) {
        assert_true(route->pattern[0] == '/' && route->run && route->methods && strlen(route->title) > 3);
        bool is_open = route->guard == GUARD_OPEN;
        bool is_fhir = strncmp(route->pattern, "/fhir", 5) == 0;
        assert_true(!is_open || !is_fhir || strcmp(route->pattern, "/fhir/metadata") == 0);
        /* What runs in an HTTP thread only reads. */
        assert_true(route->runs != RUNS_HERE || strcmp(route->methods, "GET HEAD") == 0);
    }
}

static void operations_are_complete_and_named_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < operation_tables_n; i++)
        for (const Operation *row = operation_tables[i]; row->name; row++) {
            assert_true(row->run && row->title && row->roles && row->name[0] != '$');
            assert_true(row->kind == OP_READ || row->kind == OP_WRITE);
            assert_false(row->roles & (ROLE_BIT(ROLE_NONE) | ROLE_BIT(ROLE_PATIENT_LINK)));
            assert_ptr_equal(operation_find(str_from(row->type), str_from(row->name)), row);
            assert_true(!row->type || fhir_resource(str_from(row->type)));
        }
    assert_null(operation_find(S("Patient"), S("no-such-operation")));
}

int run_access_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_without_a_role_may_do_anything),
        cmocka_unit_test(a_machine_may_do_everything_but_write_the_audit),
        cmocka_unit_test(who_may_change_may_also_read),
        cmocka_unit_test(a_type_that_is_not_listed_is_refused),
        { "EU-S-10 guarded types are written by the verbs alone",
          guarded_types_are_written_by_the_verbs_alone, NULL, NULL, NULL },
        cmocka_unit_test(clinicians_read_and_enter_and_do_not_delete),
        cmocka_unit_test(routes_are_complete),
        cmocka_unit_test(operations_are_complete_and_named_once),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
