/* The drug: what a dose does to concentrations, pressures and mood, and what to do next. Numbers in, numbers
 * out; this room includes nothing but base, and this is the one header that others include. */
#ifndef PKPD_PKPD_H
#define PKPD_PKPD_H

#include "pkpd/advice.h"
#include "pkpd/draw.h"
#include "pkpd/effect.h"
#include "pkpd/estimate.h"
#include "pkpd/exposure.h"
#include "pkpd/mood.h"
#include "pkpd/network.h"
#include "pkpd/population.h"
#include "pkpd/trial.h"

#endif
