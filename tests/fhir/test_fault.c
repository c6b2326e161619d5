/* Every call to the database fails once, in turn: what was asked for is then done or untouched, never half.
 */
#include "record.h"

#include "db/fault.h"

typedef Err Action(Ctx *c);

static Str patient_json(Ctx *c, const char *family)
{
    return json_build(c->arena,
                      "{'resourceType':'Patient','id':'p','name':[{'family':%s}],'gender':'female',"
                      "'birthDate':'1970','identifier':[{'system':'urn:x','value':'1'}]}",
                      str_from(family));
}

static Err do_create(Ctx *c)
{
    Resource ignored;
    return fhir_create(c, S("Patient"), patient_json(c, "Made"), &ignored);
}

static Err do_update(Ctx *c)
{
    Resource ignored;
    return fhir_update(c, S("Patient"), S("p"), patient_json(c, "Changed"), S("1"), &ignored);
}

static Err do_delete(Ctx *c)
{
    return fhir_delete(c, S("Patient"), S("p"), STR_NONE);
}

static Err do_transaction(Ctx *c)
{
    static const char bundle[] =
        "{'resourceType':'Bundle','type':'transaction','entry':["
        "{'fullUrl':'urn:uuid:22222222-2222-4222-8222-222222222222','resource':{'resourceType':'Encounter',"
        "'status':'finished','class':{'code':'AMB'},'subject':{'reference':'Patient/p'}},"
        "'request':{'method':'POST','url':'Encounter'}},"
        "{'resource':{'resourceType':'Patient','id':'p','active':true},'request':{'method':'PUT','url':'"
        "Patient/p'}},"
        "{'request':{'method':'GET','url':'Patient/p'}}]}";
    Str ignored;
    return fhir_transaction(c, json_build(c->arena, bundle), false, &ignored, NULL);
}

static void fails_cleanly(void **state, Action *action)
{
    Ctx *c = &((Bed *)*state)->c;
    Resource p;
    assert_done(c, fhir_put(c, S("Patient"), S("p"), patient_json(c, "First"), &p));
    Str before = everything(c);
    for (int64_t k = 1; k < 200; k++) {
        db_fail_at(c->db, k, ERR_DISK_FULL);
        Err e = action(c);
        bool failed = db_failed(c->db);
        db_fail_at(c->db, 0, OK);
        if (!failed) {
            assert_done(c, e);
            assert_false(str_eq(everything(c), before));
            return;
        }
        assert_int_equal(e, ERR_DISK_FULL);
        assert_true(str_eq(everything(c), before));
    }
    fail_msg("the calls never end");
}

static void creates_wholly_or_not(void **state)
{
    fails_cleanly(state, do_create);
}

static void updates_wholly_or_not(void **state)
{
    fails_cleanly(state, do_update);
}

static void deletes_wholly_or_not(void **state)
{
    fails_cleanly(state, do_delete);
}

static void does_a_transaction_wholly_or_not(void **state)
{
    fails_cleanly(state, do_transaction);
}

int run_fault_tests(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BED(creates_wholly_or_not),
        TEST_ON_BED(updates_wholly_or_not),
        TEST_ON_BED(deletes_wholly_or_not),
        TEST_ON_BED(does_a_transaction_wholly_or_not),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
