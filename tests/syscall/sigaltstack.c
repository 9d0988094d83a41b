/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sigaltstack.c - sigaltstack(2), and what a fault tells its handler.
 */
#include "check.h"
#include "raise_at.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#define AUTODISARM (1u << 31) /* not in glibc's headers */

static char stack[64 * 1024];
static sigjmp_buf back;
static char *volatile handler_frame;
static volatile siginfo_t last;
static volatile uintptr_t last_rip;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    char here;

    (void)sig;
    handler_frame = &here;
    memcpy((void *)&last, info, sizeof(last));
    last_rip = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
    siglongjmp(back, 1);
}

static void catch_signal(int sig, int flags)
{
    struct sigaction a = { .sa_sigaction = on_fault,
                           .sa_flags = SA_SIGINFO | flags };

    sigemptyset(&a.sa_mask);
    CHECK_OK(sigaction(sig, &a, NULL));
}

static int deeper(volatile char *above)
{
    volatile char frame[16384];

    frame[0] = above[0];
    return deeper(frame) + frame[0];
}

static bool on_alternate(void)
{
    return handler_frame >= stack && handler_frame < stack + sizeof(stack);
}

TEST(none_at_first)
{
    stack_t s;

    CHECK_OK(sigaltstack(NULL, &s));
    CHECK_EQ(s.ss_flags, SS_DISABLE);
}

TEST(stack_overflow_is_handled_on_it)
{
    stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) }, old;

    CHECK_OK(sigaltstack(&s, NULL));
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK(old.ss_sp == stack);
    CHECK_EQ(old.ss_flags, 0);
    catch_signal(SIGSEGV, SA_ONSTACK);
    handler_frame = NULL;
    if (sigsetjmp(back, 1) == 0) {
        char c = 0;

        deeper(&c);
        CHECK(!"came back");
    }
    CHECK(on_alternate());
    CHECK_EQ(last.si_signo, SIGSEGV);
}

TEST(without_the_flag_the_normal_stack_is_used)
{
    catch_signal(SIGUSR1, 0);
    handler_frame = NULL;
    if (sigsetjmp(back, 1) == 0)
        raise(SIGUSR1);
    CHECK(handler_frame != NULL);
    CHECK(!on_alternate());
}

TEST(a_fault_tells_address_and_kind)
{
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    catch_signal(SIGSEGV, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)(p + 123) = 1;
    CHECK(last.si_addr == p + 123);
    CHECK_EQ(last.si_code, SEGV_ACCERR);
    munmap(p, PAGE);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)(p + 5) = 1;
    CHECK(last.si_addr == p + 5);
    CHECK_EQ(last.si_code, SEGV_MAPERR);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)0xdead000000000000ul = 1; /* not canonical */
    CHECK_EQ(last.si_code, SI_KERNEL);
}

TEST(illegal_instructions_divisions_and_breakpoints)
{
    catch_signal(SIGILL, 0);
    catch_signal(SIGFPE, 0);
    catch_signal(SIGTRAP, 0);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("ud2");
    CHECK_EQ(last.si_signo, SIGILL);
    CHECK_EQ(last.si_code, ILL_ILLOPN);
    CHECK_EQ((uintptr_t)last.si_addr, last_rip);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx"
                         :
                         :
                         : "eax", "ecx", "edx");
    CHECK_EQ(last.si_signo, SIGFPE);
    CHECK_EQ(last.si_code, FPE_INTDIV);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("int3");
    CHECK_EQ(last.si_signo, SIGTRAP);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("hlt"); /* privileged */
    CHECK_EQ(last.si_signo, SIGSEGV);
    CHECK_EQ(last.si_code, SI_KERNEL);
}

static void skip_instruction(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)sig;
    (void)info;
    u->uc_mcontext.gregs[REG_RIP] += 2;
    u->uc_mcontext.gregs[REG_RAX] = 77;
}

TEST(a_handler_may_change_registers)
{
    struct sigaction a = { .sa_sigaction = skip_instruction,
                           .sa_flags = SA_SIGINFO };
    long result = 0;

    CHECK_OK(sigaction(SIGILL, &a, NULL));
    __asm__ volatile("ud2" : "+a"(result));
    CHECK_EQ(result, 77);
}

static sigjmp_buf on_alternate_stack;
static volatile int handled[65];

static void at_the_bottom(int sig, siginfo_t *info, void *context)
{
    (void)context;
    handled[sig]++;
    memcpy((void *)&last, info, sizeof(last));
    handler_frame = __builtin_frame_address(0);
    siglongjmp(on_alternate_stack, 1);
}

/* Linux lays its frames so: one that does not fit is SIGSEGV, which is at the
 * stack's upper end again when less than a red zone is left at the lower. */
TEST(a_frame_that_does_not_fit_is_a_fault)
{
    stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction a = { .sa_sigaction = at_the_bottom,
                           .sa_flags = SA_SIGINFO };

    CHECK_OK(sigaltstack(&s, NULL));
    CHECK_OK(sigaction(SIGUSR2, &a, NULL));
    a.sa_flags |= SA_ONSTACK;
    CHECK_OK(sigaction(SIGUSR1, &a, NULL));
    CHECK_OK(sigaction(SIGSEGV, &a, NULL));
    memset((void *)handled, 0, sizeof(handled));
    if (sigsetjmp(on_alternate_stack, 1) == 0)
        raise_at(stack, 64, SIGUSR2);
    CHECK_EQ(handled[SIGUSR2], 0);
    CHECK_EQ(handled[SIGSEGV], 1);
    CHECK_EQ(last.si_code, SI_KERNEL);
    CHECK(last.si_addr == NULL);
    CHECK(handler_frame > stack + sizeof(stack) / 2);
    if (sigsetjmp(on_alternate_stack, 1) == 0)
        raise_at(stack, 64, SIGUSR1);
    CHECK_EQ(handled[SIGUSR1], 1);
    CHECK(handler_frame > stack + sizeof(stack) / 2);
}

TEST(a_frame_that_fits_goes_below_the_last)
{
    stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction a = { .sa_sigaction = at_the_bottom,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK };

    CHECK_OK(sigaltstack(&s, NULL));
    CHECK_OK(sigaction(SIGUSR1, &a, NULL));
    handled[SIGUSR1] = 0;
    if (sigsetjmp(on_alternate_stack, 1) == 0)
        raise_at(stack, sizeof(stack) / 2, SIGUSR1);
    CHECK_EQ(handled[SIGUSR1], 1);
    CHECK(handler_frame < stack + sizeof(stack) / 2);
    CHECK(handler_frame > stack);
}

/* With it nobody counts as being on the stack: each frame begins at its end. */
TEST(a_disarmed_stack_is_entered_anew)
{
    stack_t s = { .ss_sp = stack,
                  .ss_size = sizeof(stack),
                  .ss_flags = (int)AUTODISARM };
    struct sigaction a = { .sa_sigaction = at_the_bottom,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK };

    CHECK_OK(sigaltstack(&s, NULL));
    CHECK_OK(sigaction(SIGUSR1, &a, NULL));
    handled[SIGUSR1] = 0;
    if (sigsetjmp(on_alternate_stack, 1) == 0)
        raise_at(stack, 1024, SIGUSR1);
    CHECK_EQ(handled[SIGUSR1], 1);
    CHECK(handler_frame > stack + sizeof(stack) / 2);
    CHECK_OK(sigaltstack(NULL, &s));
    CHECK_EQ(s.ss_flags, SS_DISABLE);
}

TEST(errors)
{
    stack_t s = { .ss_sp = stack, .ss_size = 100 };

    CHECK_ERR(sigaltstack(&s, NULL), ENOMEM);
    s.ss_size = sizeof(stack);
    s.ss_flags = 0x100;
    CHECK_ERR(sigaltstack(&s, NULL), EINVAL);
    s.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&s, NULL));
    CHECK_ERR(syscall(SYS_sigaltstack, bad_pointer(), NULL), EFAULT);
}
