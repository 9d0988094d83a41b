/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compute.c - primes below 500,000, size times, then a product of matrices:
 * what each language computes, to compare guest and host.
 */
#include <stdio.h>
#include <stdlib.h>

#define M 500

static double a[M][M];

static size_t primes(size_t n)
{
    unsigned char *sieve = calloc(n, 1);
    size_t count = 0;

    for (size_t i = 2; sieve && i < n; i++) {
        if (sieve[i])
            continue;
        count++;
        for (size_t k = i * 2; k < n; k += i)
            sieve[k] = 1;
    }
    free(sieve);
    return count;
}

static double product(void)
{
    double total = 0;

    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++)
            a[i][j] = i * j % 7 + 0.5;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++)
            for (int k = 0; k < M; k++)
                total += a[i][k] * a[k][j];
    return total;
}

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;

    size_t count = 0;

    while (size-- > 0)
        count += primes(500000);
    printf("%zu %f\n", count, product());
    return 0;
}
