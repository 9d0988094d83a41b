/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * die_thread.c - a fault of any thread, on any CPU, is the program's end, and
 * its report does not change the status.
 *
 * status: 139
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>

static void *fault(void *unused)
{
    cpu_set_t all, last;

    sched_getaffinity(0, sizeof(all), &all);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all))
            continue;
        CPU_ZERO(&last);
        CPU_SET(cpu, &last);
    }
    sched_setaffinity(0, sizeof(last), &last);
    *(volatile int *)unused = 1;
    return NULL;
}

TEST(dies)
{
    pthread_t thread;

    printf("before\n");
    fflush(stdout);
    pthread_create(&thread, NULL, fault, (void *)8);
    pthread_join(thread, NULL);
    printf("after\n");
}
