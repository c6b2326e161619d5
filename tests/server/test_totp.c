/* One-time codes against the test vectors of RFC 6238, appendix B (SHA-1), to six digits. */
#include "groups.h"

#include "bed.h"

#include "base/time.h"
#include "server/totp.h"

/* "12345678901234567890" in base32. */
#define SECRET S("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")

static const struct {
    int64_t at_s;
    const char *code;
} vectors[] = {
    { 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
    { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
};

static void codes_are_those_of_the_standard(void **state)
{
    Bed *bed = *state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        Str code = totp_code(bed->arena, SECRET, vectors[i].at_s / 30);
        if (!str_is(code, vectors[i].code))
            fail_msg("%.*s at %lld", STR_ARG(code), (long long)vectors[i].at_s);
    }
}

static bool right(Bed *bed, const char *code, int64_t at_s, int64_t last_step)
{
    int64_t step;
    return totp_is_right(bed->arena, SECRET, str_from(code), at_s * US_PER_S, last_step, &step);
}

static void a_code_is_good_once_and_for_a_step_either_way(void **state)
{
    Bed *bed = *state;
    int64_t at_s = 1111111109, step = at_s / 30;
    assert_true(right(bed, "081804", at_s, 0));
    assert_true(right(bed, "081804", at_s + 30, 0));
    assert_true(right(bed, "081804", at_s - 30, 0));
    assert_false(right(bed, "081804", at_s + 60, 0));
    assert_false(right(bed, "081804", at_s - 60, 0));
    assert_false(right(bed, "081804", at_s, step));
    assert_false(right(bed, "081805", at_s, 0));
    assert_false(right(bed, "81804", at_s, 0));
    assert_false(right(bed, "", at_s, 0));
}

static void secrets_are_made_anew(void **state)
{
    Bed *bed = *state;
    Str one = totp_secret(bed->arena, bed->c.random), other = totp_secret(bed->arena, bed->c.random);
    assert_int_equal(one.n, 32);
    assert_false(str_eq(one, other));
    assert_int_equal(totp_code(bed->arena, one, 1).n, TOTP_DIGITS);
}

int run_totp_tests(void)
{
    const struct CMUnitTest tests[] = { TEST_ON_BED(codes_are_those_of_the_standard),
                                        TEST_ON_BED(a_code_is_good_once_and_for_a_step_either_way),
                                        TEST_ON_BED(secrets_are_made_anew) };
    return cmocka_run_group_tests_name("second factor", tests, NULL, NULL);
}
