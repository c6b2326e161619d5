#include <math.h>
#include <stdint.h>

#include "pkpd/vector_avx2.h"

#define KERNEL population_kernel_avx2
#include "pkpd/population_kernel_body.h"
