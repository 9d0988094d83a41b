/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit.c - exit(2) of the first thread: the others go on, the status is the
 * last one's exit_group.
 *
 * status: 9
 */
#include "check.h"

#include <pthread.h>

static void *outlive(void *arg)
{
    struct timespec t = { 0, 30000000 };

    (void)arg;
    nanosleep(&t, NULL);
    printf("still here\n");
    exit(9);
}

TEST(the_first_thread_leaves)
{
    pthread_t t;

    CHECK_EQ(pthread_create(&t, NULL, outlive, NULL), 0);
    syscall(SYS_exit, 3);
}
