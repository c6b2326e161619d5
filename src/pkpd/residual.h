/* What an observation says of a prediction: minus its log likelihood (less log 2 pi / 2 where it is
 * measured), and how that changes with the prediction and with the two errors. */
#ifndef PKPD_RESIDUAL_H
#define PKPD_RESIDUAL_H

#include "pkpd/estimate.h"

typedef struct ResidualError {
    double additive_sd, proportional_sd;
} ResidualError;

typedef struct Surprise {
    double value;
    double by_prediction;
    double curvature; /* its expectation, never negative: what Fisher scoring takes */
    double by_log_additive, by_log_proportional;
} Surprise;

Surprise surprise(ResidualError error, double prediction, const EstimateObservation *observation);

#endif
