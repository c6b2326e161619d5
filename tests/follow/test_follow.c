#include "groups.h"

int main(void)
{
    if (!time_zone_set("America/New_York"))
        return 1;
    return run_judge_tests() + run_worry_tests() + run_page_tests() + run_link_tests() +
           run_operation_tests();
}
