/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busy.c - computes for ten seconds, without a system call.
 */
#include <signal.h>
#include <unistd.h>

#define SECONDS 10u

static void end(int signo)
{
    (void)signo;
    _exit(0);
}

int main(void)
{
    signal(SIGALRM, end);
    alarm(SECONDS);
    for (;;)
        __asm__ volatile("pause");
}
