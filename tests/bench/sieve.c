/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sieve.c - work for the processor alone: primes below a limit, some times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 4000000

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 40;
    char *composite = malloc(LIMIT);
    long sum = 0;

    for (int r = 0; r < rounds; r++) {
        memset(composite, 0, LIMIT);
        for (long i = 2; i < LIMIT; i++) {
            if (composite[i])
                continue;
            sum += i;
            for (long j = i * i; j < LIMIT; j += i)
                composite[j] = 1;
        }
    }
    printf("%ld\n", sum);
    free(composite);
    return 0;
}
