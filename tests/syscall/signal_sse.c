/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_sse.c - faults of SSE arithmetic: their codes, and going on with the
 * exceptions masked in the frame.
 *
 * covers: rt_sigreturn
 */
#include "check.h"

#include <signal.h>
#include <ucontext.h>

static volatile siginfo_t last;
static volatile long last_trap;
static volatile int faults;
static volatile uint64_t last_rip;

static void mask_exceptions(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)signo;
    memcpy((void *)&last, info, sizeof(last));
    last_trap = u->uc_mcontext.gregs[REG_TRAPNO];
    last_rip = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
    faults++;
    u->uc_mcontext.fpregs->mxcsr = 0x1f80;
}

/* a / b with all SSE exceptions but inexact and denormal unmasked */
static int sse_code(double a, double b, uint32_t mxcsr)
{
    uint32_t normal = 0x1f80;

    last.si_code = 0;
    __asm__ volatile("ldmxcsr %2\n"
                     "divsd %1, %0\n"
                     "ldmxcsr %3\n"
                     : "+x"(a)
                     : "x"(b), "m"(mxcsr), "m"(normal));
    return last.si_code;
}

TEST(arithmetic_tells_what_was_wrong)
{
    uint32_t all = 0x1f80 & ~(0x1d << 7);

    struct sigaction a = { .sa_sigaction = mask_exceptions,
                           .sa_flags = SA_SIGINFO };

    CHECK_OK(sigaction(SIGFPE, &a, NULL));
    CHECK_EQ(sse_code(1, 0, all), FPE_FLTDIV);
    CHECK_EQ(last_trap, 19);
    CHECK_EQ((uintptr_t)last.si_addr, last_rip);
    CHECK_EQ(sse_code(0, 0, all), FPE_FLTINV);
    CHECK_EQ(sse_code(1e300, 1e-300, all), FPE_FLTOVF);
    CHECK_EQ(sse_code(1e-300, 1e300, all), FPE_FLTUND);
    CHECK_EQ(sse_code(1, 3, 0x1f80 & ~(0x20 << 7)), FPE_FLTRES);
    CHECK_EQ(faults, 5);
}
