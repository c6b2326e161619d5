/* Four doubles at once with AVX2 and FMA. */
#include <immintrin.h>

enum { LANES = 4 };
typedef double V __attribute__((vector_size(32)));
typedef uint64_t U __attribute__((vector_size(32)));
typedef double VStored __attribute__((vector_size(32), aligned(8), may_alias));

static inline V fused(V a, V b, V c)
{
    return (V)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}

static inline V root(V x)
{
    return (V)_mm256_sqrt_pd((__m256d)x);
}

static inline U multiply_low(U a, U b)
{
    return (U)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}
