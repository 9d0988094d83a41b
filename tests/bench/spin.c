/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin.c - two threads that compute, and nothing else; prints nothing.
 */
#include <pthread.h>
#include <stdint.h>

#define STEPS 700000000u

static void *spin(void *arg)
{
    volatile uint64_t *out = arg;
    uint64_t x = 88172645463325252ull;

    for (uint32_t i = 0; i < STEPS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    *out = x;
    return NULL;
}

int main(void)
{
    uint64_t result[2] = { 0, 0 };
    pthread_t other;

    if (pthread_create(&other, NULL, spin, &result[1]) != 0)
        return 1;
    spin(&result[0]);
    pthread_join(other, NULL);
    return result[0] != result[1];
}
