/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * die_kill.c - death by SIGKILL: the status is that of a shell.
 *
 * status: 137
 */
#include "check.h"

#include <signal.h>

TEST(dies)
{
    printf("before\n");
    fflush(stdout);
    kill(getpid(), SIGKILL);
    printf("after\n");
}
