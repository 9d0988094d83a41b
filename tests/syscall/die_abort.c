/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * die_abort.c - death by SIGABRT: the status is that of a shell.
 *
 * status: 134
 */
#include "check.h"

#include <signal.h>

TEST(dies)
{
    printf("before\n");
    fflush(stdout);
    kill(getpid(), SIGABRT);
    printf("after\n");
}
