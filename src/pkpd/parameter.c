#include "pkpd/parameter.h"

#include <assert.h>

/* clang-format off */
static const Unit units[] = {
    { "L",     VOLUME,        1,        false },
    { "L/kg",  VOLUME,        1,        true },
    { "L/min", CLEARANCE,     1,        false },
    { "L/h",   CLEARANCE,     1.0 / 60, false },
    { "/min",  RATE_CONSTANT, 1,        false },
    { "/h",    RATE_CONSTANT, 1.0 / 60, false },
};

const ParameterRow parameter_rows[] = {
    { "V1",  VOLUME,        FORM_BOTH,       1 },
    { "V2",  VOLUME,        FORM_CLEARANCES, 2 },
    { "V3",  VOLUME,        FORM_CLEARANCES, 3 },
    { "CL",  CLEARANCE,     FORM_CLEARANCES, 1 },
    { "Q2",  CLEARANCE,     FORM_CLEARANCES, 2 },
    { "Q3",  CLEARANCE,     FORM_CLEARANCES, 3 },
    { "k10", RATE_CONSTANT, FORM_CONSTANTS,  1 },
    { "k12", RATE_CONSTANT, FORM_CONSTANTS,  2 },
    { "k21", RATE_CONSTANT, FORM_CONSTANTS,  2 },
    { "k13", RATE_CONSTANT, FORM_CONSTANTS,  3 },
    { "k31", RATE_CONSTANT, FORM_CONSTANTS,  3 },
    { "ke0", RATE_CONSTANT, FORM_BOTH,       1 },
    { 0 },
};

/* The ceilings only catch a slipped unit or decimal point: no drug of this program comes near them. */
static const struct {
    const char *words;
    double ceiling;
} dimensions[] = {
    [VOLUME]        = { "a volume (L or L/kg)", 2000 },
    [CLEARANCE]     = { "a clearance (L/h or L/min)", 20 },
    [RATE_CONSTANT] = { "a rate constant (/min or /h)", 20 },
};
/* clang-format on */

const Unit *unit_find(Str name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_is(name, units[i].name))
            return &units[i];
    return NULL;
}

const ParameterRow *parameter_row(Str name)
{
    for (const ParameterRow *row = parameter_rows; row->name; row++)
        if (str_is(name, row->name))
            return row;
    return NULL;
}

const PkpdParameter *parameter_find(const PkpdModel *model, const char *name)
{
    size_t i = 0;
    while (i < model->n_parameters && !str_is(model->parameters[i].name, name))
        i++;
    assert(i < model->n_parameters);
    return &model->parameters[i];
}

const char *dimension_words(Dimension dimension)
{
    return dimensions[dimension].words;
}

double dimension_ceiling(Dimension dimension)
{
    return dimensions[dimension].ceiling;
}
