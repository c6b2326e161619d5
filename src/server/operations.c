#include "server/operations.h"

#include "evaluate/evaluate_ops.h"
#include "follow/follow_ops.h"
#include "infuse/infuse_ops.h"
#include "learn/learn_ops.h"
#include "plan/plan_ops.h"

const Operation *const operation_tables[] = { evaluate_operations, plan_operations, infuse_operations,
                                              follow_operations, learn_operations };
const size_t operation_tables_n = sizeof operation_tables / sizeof operation_tables[0];

const Operation *operation_find(Str type, Str name)
{
    for (size_t i = 0; i < operation_tables_n; i++)
        for (const Operation *row = operation_tables[i]; row->name; row++)
            if (str_is(name, row->name) && str_eq(type, str_from(row->type)))
                return row;
    return NULL;
}
