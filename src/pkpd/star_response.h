/* What a star of compartments answers to doses, with the derivatives by the logarithm of each parameter. In
 * Laplace's world the concentration after 1 at once is 1 / g(s), g(s) = V1 s + CL + sum of Qj s / (s + qj),
 * qj = Qj / Vj, so the poles are the zeros of g, each residue is 1 / g'(pole), and every derivative is one of
 * g: no difference of two poles is ever divided by. (Derivation: docs/models/estimation.md.) */
#ifndef PKPD_STAR_RESPONSE_H
#define PKPD_STAR_RESPONSE_H

#include "pkpd/estimate.h"

enum { STAR_MODES = 3, STAR_DISPOSITION = ESTIMATE_KA /* the parameters that the modes depend on */ };

typedef struct StarModes {
    EstimateStructure structure;
    double ka, lag;
    double pole[STAR_MODES], residue[STAR_MODES];
    double pole_by[STAR_MODES][STAR_DISPOSITION], residue_by[STAR_MODES][STAR_DISPOSITION];
} StarModes;

/* parameter: as they are, not their logarithms. Without derivatives pole_by and residue_by are not set. */
void star_modes(const EstimateStructure *structure, const double parameter[ESTIMATE_PARAMETERS],
                bool derivatives, StarModes *ret_modes);
/* The concentration at a time. ret_by, where not NULL, gets its derivatives by the logarithms; the modes must
 * then have theirs. */
double star_response(const StarModes *modes, const EstimateDose *doses, size_t n_doses, double at,
                     double ret_by[ESTIMATE_PARAMETERS]);

#endif
