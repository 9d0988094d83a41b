/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * die_altstack.c - a handler whose frame would overrun the alternate stack does
 * not run, and neither does SIGSEGV's, whose frame would do so as well.
 *
 * status: 139
 */
#include "check.h"
#include "raise_at.h"

#include <signal.h>

static char stack[64 * 1024];

static void never(int sig)
{
    _exit(sig);
}

TEST(dies)
{
    stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction a = { .sa_handler = never, .sa_flags = SA_ONSTACK };

    printf("before\n");
    fflush(stdout);
    CHECK_OK(sigaltstack(&s, NULL));
    CHECK_OK(sigaction(SIGSEGV, &a, NULL));
    CHECK_OK(sigaction(SIGUSR1, &a, NULL));
    raise_at(stack, 512, SIGUSR1);
    printf("after\n");
}
