/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit_group.c - the end of a process with threads, its status, atexit.
 *
 * status: 21
 */
#include "check.h"

#include <pthread.h>

static void *sleep_long(void *arg)
{
    struct timespec t = { 600, 0 };

    nanosleep(&t, NULL);
    return arg;
}

static void *leave(void *arg)
{
    (void)arg;
    fflush(stdout);
    exit(21);
}

static void last_words(void)
{
    printf("last words\n");
}

TEST(any_thread_ends_all)
{
    pthread_t t;

    atexit(last_words);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&t, NULL, sleep_long, NULL), 0);
    CHECK_EQ(pthread_create(&t, NULL, leave, NULL), 0);
    pthread_join(t, NULL);
    CHECK(!"came back");
}
