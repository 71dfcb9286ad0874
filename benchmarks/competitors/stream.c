/* STREAM's copy and triad (J. McCalpin, https://www.cs.virginia.edu/stream/), on float arrays that are given, each
   timed by itself, pass by pass. */
#include <omp.h>

#define TIMED(statement)                                     \
    for (int pass = 0; pass < passes; pass++) {              \
        const double start = omp_get_wtime();                \
        _Pragma("omp parallel for")                          \
        for (long i = 0; i < n; i++) statement;              \
        seconds[pass] = omp_get_wtime() - start;             \
    }

void copy(float *a, const float *b, const float *c, long n, int passes, double *seconds) {
    (void)c;
    TIMED(a[i] = b[i])
}

void triad(float *a, const float *b, const float *c, long n, int passes, double *seconds) {
    TIMED(a[i] = b[i] + 3.0f * c[i])
}
