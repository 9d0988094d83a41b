/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp.h - threads that check while others get in their way: what goes wrong in
 * one is its result, and the test's.
 */
#ifndef TESTS_SYSCALL_SMP_H
#define TESTS_SYSCALL_SMP_H

#include "check.h" /* first: _GNU_SOURCE */

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* A thread's result: what did not work, and errno's reason. */
static inline void *fail(const char *what)
{
    static _Thread_local char text[80];

    snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
    return strdup(text);
}

static inline void start(pthread_t *t, void *(*body)(void *), long arg)
{
    CHECK_EQ(pthread_create(t, NULL, body, (void *)arg), 0);
}

static inline void join(pthread_t t)
{
    void *error;

    CHECK_EQ(pthread_join(t, &error), 0);
    CHECK_STR(error ? (char *)error : "", "");
}

#endif
