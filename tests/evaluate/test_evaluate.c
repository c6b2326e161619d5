#include "eligible.h"

#include "base/time.h"

int main(void)
{
    if (!time_zone_set("UTC"))
        return 1;
    return run_rule_tests() + run_override_tests() + run_trial_tests() + run_operation_tests();
}
