/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * die_term.c - death by SIGTERM: the status is that of a shell.
 *
 * status: 143
 */
#include "check.h"

#include <signal.h>

TEST(dies)
{
    printf("before\n");
    fflush(stdout);
    kill(getpid(), SIGTERM);
    printf("after\n");
}
