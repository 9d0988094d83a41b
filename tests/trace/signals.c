/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - signals, up to the one that ends the program: tools/run-trace. */
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <ucontext.h>

#include "tests/trace/trace.h"

static void handler(int signo)
{
    CALL(write, 1, "handled\n", 8);
    (void)signo;
}

static void faulted(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    CALL(write, 1, "fault\n", 6);
    uc->uc_mcontext.gregs[REG_RIP] += 2; /* ud2 */
    (void)signo;
    (void)info;
}

int main(void)
{
    struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART };
    const struct timespec none = { 0, 0 };
    stack_t stack = { 0 };
    siginfo_t info;
    sigset_t set;

    begin();
    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    sigaddset(&act.sa_mask, SIGINT);
    sigaddset(&act.sa_mask, SIGRTMIN);
    act.sa_flags = SA_NODEFER | SA_ONSTACK;
    sigaction(SIGUSR2, &act, NULL);
    sigaction(SIGUSR2, NULL, &act);
    act.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &act, NULL);
    act.sa_sigaction = faulted;
    act.sa_flags = SA_SIGINFO | SA_RESETHAND;
    sigaction(SIGILL, &act, NULL);
    sigaction(SIGKILL, &act, NULL);
    CALL(kill, CALL(getpid), SIGUSR1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CALL(tgkill, CALL(getpid), CALL(gettid), SIGUSR1);
    CALL(rt_sigpending, &set, 8);
    CALL(rt_sigtimedwait, &set, &info, &none, 8);
    CALL(rt_sigtimedwait, &set, &info, &none, 8);
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, &set);
    sigdelset(&set, SIGTERM);
    sigaddset(&set, SIGRTMAX);
    CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
    CALL(rt_sigprocmask, 7, &set, NULL, 8);
    CALL(rt_sigprocmask, SIG_BLOCK, NULL, &set, 8);
    CALL(signalfd4, -1, &set, 8, SFD_CLOEXEC | SFD_NONBLOCK);
    CALL(sigaltstack, NULL, &stack);
    stack.ss_flags = SS_DISABLE;
    CALL(sigaltstack, &stack, NULL);
    CALL(tkill, CALL(gettid), SIGUSR2);
    __asm__ volatile("ud2");
    CALL(kill, 0x7ffffff0, 0);
    *(volatile int *)16 = 1;
}
