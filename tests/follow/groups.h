/* The tests of follow, a group a file; test_follow.c runs them. */
#ifndef TESTS_FOLLOW_GROUPS_H
#define TESTS_FOLLOW_GROUPS_H

#include "base/arena.h"
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

int run_judge_tests(void);
int run_worry_tests(void);
int run_page_tests(void);
int run_link_tests(void);
int run_operation_tests(void);

static inline int64_t at(const char *text)
{
    TimeRange range = { 0 };
    assert_true(time_parse(str_from(text), &range));
    return range.from_us;
}

static inline bool contains(Str text, const char *needle)
{
    return memmem(text.p, text.n, needle, strlen(needle)) != NULL;
}

#endif
