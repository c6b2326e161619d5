/* Two doubles at once in what every compiler can do: on x86-64 one SSE2 register. */
enum { LANES = 2 };
typedef double V __attribute__((vector_size(16)));
typedef uint64_t U __attribute__((vector_size(16)));
typedef double VStored __attribute__((vector_size(16), aligned(8), may_alias));

static inline V fused(V a, V b, V c)
{
    return a * b + c;
}

static inline V root(V x)
{
    return (V){ sqrt(x[0]), sqrt(x[1]) };
}

static inline U multiply_low(U a, U b)
{
    return (a & 0xffffffff) * (b & 0xffffffff);
}
