/* The words of a model file: names of parameters and their dimensions, units and what they convert to.
 * Private to pkpd. */
#ifndef PKPD_PARAMETER_H
#define PKPD_PARAMETER_H

#include "pkpd/exposure.h"

typedef enum Dimension { VOLUME, CLEARANCE, RATE_CONSTANT } Dimension;

typedef struct Unit {
    const char *name;
    Dimension dimension;
    double factor; /* to L, L/min, 1/min */
    bool per_kg;
} Unit;

typedef enum Form { FORM_BOTH, FORM_CLEARANCES, FORM_CONSTANTS } Form;

typedef struct ParameterRow {
    const char *name;
    Dimension dimension;
    Form form;
    int from_compartments; /* a model of so many compartments or more has it */
} ParameterRow;

extern const ParameterRow parameter_rows[]; /* ends with name NULL */

/* NULL where there is no such word. */
const Unit *unit_find(Str name);
const ParameterRow *parameter_row(Str name);
/* The model's parameter of that name. One that is not there is a programmer's error: the loader has checked.
 */
const PkpdParameter *parameter_find(const PkpdModel *model, const char *name);

/* "a volume (L or L/kg)": for a sentence. */
const char *dimension_words(Dimension dimension);
/* In the dimension's own unit at the reference weight: what no adult's value exceeds. */
double dimension_ceiling(Dimension dimension);

#endif
