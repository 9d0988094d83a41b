/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * die_segv.c - death by SIGSEGV: the status is that of a shell.
 *
 * status: 139
 */
#include "check.h"

#include <signal.h>

TEST(dies)
{
    printf("before\n");
    fflush(stdout);
    kill(getpid(), SIGSEGV);
    printf("after\n");
}
