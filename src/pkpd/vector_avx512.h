/* Eight doubles at once with AVX-512. */
#include <immintrin.h>

enum { LANES = 8 };
typedef double V __attribute__((vector_size(64)));
typedef uint64_t U __attribute__((vector_size(64)));
typedef double VStored __attribute__((vector_size(64), aligned(8), may_alias));

static inline V fused(V a, V b, V c)
{
    return (V)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}

static inline V root(V x)
{
    return (V)_mm512_sqrt_pd((__m512d)x);
}

static inline U multiply_low(U a, U b)
{
    return (U)_mm512_mul_epu32((__m512i)a, (__m512i)b);
}
