#include <math.h>
#include <stdint.h>

#include "pkpd/vector_avx512.h"

#define KERNEL population_kernel_avx512
#include "pkpd/population_kernel_body.h"
