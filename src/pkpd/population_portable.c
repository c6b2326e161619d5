#include <math.h>
#include <stdint.h>

#include "pkpd/vector_portable.h"

#define KERNEL population_kernel_portable
#include "pkpd/population_kernel_body.h"
