/* Random numbers against the generator's published known answers, and the normal distribution against values
 * computed with 40 digits. */
#include "pkpd/pkpd.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } rows[] = {
        { { 0 }, { 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t got[4];
        draw_philox(rows[i].counter, rows[i].key, got);
        assert_memory_equal(got, rows[i].want, sizeof got);
    }
}

/* The first known answer, read as two numbers: words 1 and 0, then 3 and 2, 52 bits of each and a half. */
static void test_unit_is_the_generators(void **state)
{
    (void)state;
    assert_true(draw_unit(0, 0, 0) == ((double)0xe169c58d6627e + 0.5) * 0x1p-52);
    assert_true(draw_unit(0, 0, 1) == ((double)0x9b00dbd8bc57a + 0.5) * 0x1p-52);
}

static void test_places_are_all_different(void **state)
{
    (void)state;
    uint64_t far = (uint64_t)1 << 40;
    double a = draw_unit(1, 2, 3);
    const double others[] = { draw_unit(1, 2, 2),      draw_unit(1, 2, 4),       draw_unit(1, 2, 0x80000003),
                              draw_unit(1, 3, 3),      draw_unit(1, 2 + far, 3), draw_unit(2, 2, 3),
                              draw_unit(1 + far, 2, 3) };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(others[i] != a && others[i] > 0 && others[i] < 1);
    assert_true(draw_unit(1, 2, 3) == a);
}

/* 100,000 normals: moments within five standard errors, and the tail as often as it should be. */
static void test_normals_are_normal(void **state)
{
    (void)state;
    enum { N = 100000 };
    double sum = 0, squares = 0, cubes = 0, beyond = 0;
    for (uint32_t i = 0; i < N; i++) {
        double x = draw_normal(7, i / 4, i % 4);
        sum += x, squares += x * x, cubes += x * x * x, beyond += x > 2.3263478740408411;
    }
    assert_true(fabs(sum / N) < 5 / sqrt(N));
    assert_true(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(cubes / N) < 5 * sqrt(15.0 / N));
    assert_true(fabs(beyond / N - 0.01) < 5 * sqrt(0.0099 / N));
}

static void assert_close(double got, double want, double of)
{
    if (!(fabs(got - want) <= 1e-14 * fmax(fabs(want), of)))
        fail_msg("got %.17g, want %.17g", got, want);
}

static void test_quantile(void **state)
{
    (void)state;
    static const struct {
        double p, x;
    } rows[] = {
        { 0.5, 0 },
        { 0.5 + 0x1p-30, 2.3344794983332981399e-9 },
        { 0.6, 0.25334710313579974132 },
        { 0.25, -0.6744897501960817432 },
        { 0.075, -1.4395314709384559349 },
        { 0.0749, -1.4402382675279636631 },
        { 0.01, -2.3263478740408410931 },
        { 0.975, 1.9599639845400538556 },
        { 1e-05, -4.2648907939228246102 },
        { 0.9999, 3.7190164854557083867 },
        { 1e-10, -6.3613409024040561991 },
        { 1.3e-11, -6.6676114565107408347 },
        { 1.4e-11, -6.6567230915181836356 },
        { 0x1p-53, -8.2095361516013868556 },
        { 1 - 0x1p-53, 8.2095361516013868556 },
        { 1e-100, -21.273453560965324294 },
        { 1e-300, -37.047096299361199237 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_close(normal_quantile(rows[i].p), rows[i].x, 1e-2);
    assert_true(normal_quantile(0) == -INFINITY && normal_quantile(1) == INFINITY);
    assert_true(isnan(normal_quantile(-0.1)) && isnan(normal_quantile(1.1)) && isnan(normal_quantile(NAN)));
}

static void test_cdf(void **state)
{
    (void)state;
    static const struct {
        double x, p;
    } rows[] = {
        { 0.0, 0.5 },
        { 0.1, 0.53982783727702898367 },
        { -0.1, 0.46017216272297101633 },
        { 1.0, 0.84134474606854294859 },
        { -1.0, 0.15865525393145705141 },
        { 1.959963984540054, 0.97499999999999998912 },
        { -3.0, 0.0013498980316300945267 },
        { 5.0, 0.99999971334842812081 },
        { -5.0, 2.8665157187919391167e-7 },
        { -7.5, 3.1908916729108962278e-14 },
        { -8.0, 6.2209605742717841235e-16 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_close(normal_cdf(rows[i].x), rows[i].p, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_unit_is_the_generators),
        cmocka_unit_test(test_places_are_all_different),
        cmocka_unit_test(test_normals_are_normal),
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_cdf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
