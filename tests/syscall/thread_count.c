/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_count.c - ten thousand threads in 1 GiB, all at once.
 *
 * covers: clone futex
 * run: -m 1G
 */
#include "check.h"

#include <pthread.h>

#define COUNT 10000

static pthread_barrier_t all;
static int seen;

static void *wait_for_all(void *arg)
{
    __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    pthread_barrier_wait(&all);
    return arg;
}

TEST(ten_thousand_at_once)
{
    static pthread_t threads[COUNT];
    pthread_attr_t attr;
    int made = 0;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 32768);
    pthread_barrier_init(&all, NULL, COUNT + 1);
    while (made < COUNT && pthread_create(&threads[made], &attr, wait_for_all,
                                          (void *)(long)made) == 0)
        made++;
    if (!CHECK_EQ(made, COUNT))
        return; /* those that there are wait for ever: exit ends them */
    pthread_barrier_wait(&all);
    for (long i = 0; i < COUNT; i++) {
        void *result;

        pthread_join(threads[i], &result);
        if ((long)result != i)
            CHECK_EQ((long)result, i);
    }
    CHECK_EQ(seen, COUNT);
}
