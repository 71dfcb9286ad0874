/* STREAM's copy and triad (J. McCalpin, https://www.cs.virginia.edu/stream/), on float arrays of a size given:
   prints the best and the median rate of each, in GB/s, with the bytes counted as STREAM counts them. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void tell(const char *name, double *seconds, int rounds, double bytes) {
    qsort(seconds, rounds, sizeof *seconds, ascending);
    printf("%s %.6f %.6f\n", name, bytes / seconds[0] / 1e9, bytes / seconds[rounds / 2] / 1e9);
}

int main(int count, char **words) {
    if (count != 3) return 2;
    const long n = atol(words[1]);
    const int rounds = atoi(words[2]);
    float *a = aligned_alloc(64, n * sizeof *a), *b = aligned_alloc(64, n * sizeof *b);
    float *c = aligned_alloc(64, n * sizeof *c);
    double *seconds = malloc(rounds * sizeof *seconds);
    if (!a || !b || !c || !seconds) return 1;
#pragma omp parallel for
    for (long i = 0; i < n; i++) { a[i] = 1.0f; b[i] = 2.0f + i % 7; c[i] = 0.5f; }
    for (int round = 0; round < rounds; round++) {
        double start = omp_get_wtime();
#pragma omp parallel for
        for (long i = 0; i < n; i++) a[i] = b[i];
        seconds[round] = omp_get_wtime() - start;
    }
    tell("copy", seconds, rounds, 2.0 * sizeof *a * n);
    for (int round = 0; round < rounds; round++) {
        double start = omp_get_wtime();
#pragma omp parallel for
        for (long i = 0; i < n; i++) a[i] = b[i] + 3.0f * c[i];
        seconds[round] = omp_get_wtime() - start;
    }
    tell("triad", seconds, rounds, 3.0 * sizeof *a * n);
    return a[n / 2] == b[n / 2] + 1.5f ? 0 : 3;
}
