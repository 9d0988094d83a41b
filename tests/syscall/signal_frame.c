/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_frame.c - what a handler finds on its stack, what it may change there,
 * and what state it starts with.
 *
 * covers: rt_sigreturn rt_sigaction sigaltstack
 */
#include "check.h"

#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

/* <asm/ucontext.h> and <asm/sigcontext.h>, which clash with libc's headers. */
#define UC_FP_XSTATE_BIT         1
#define UC_SIGCONTEXT_SS_BIT     2
#define UC_STRICT_RESTORE_SS_BIT 4
#define XSTATE_MAGIC1            0x46505853u
#define XSTATE_MAGIC2            0x46505845u
#define SW_BYTES_OFF             464
#define YMM_OFF                  576
#define AUTODISARM               (1u << 31)

struct sw_bytes {
    uint32_t magic1, extended_size;
    uint64_t xfeatures;
    uint32_t xstate_size;
};

static uint8_t alternate[65536] __attribute__((aligned(64)));

static void on(int signo, int flags, void (*fn)(int, siginfo_t *, void *))
{
    struct sigaction a = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

    CHECK_OK(sigaction(signo, &a, NULL));
}

/* What handlers saw, checked after them. */
static struct {
    uint64_t uc_flags, mask, rsp, return_to;
    struct sw_bytes sw;
    uint32_t magic2, mxcsr;
    stack_t stack;
    bool has_avx, in_range;
    uint8_t xmm0[16], ymm0_high[16];
    uint16_t cs, ss, fpu_control;
} seen;

/* Some machines save x87 and SSE alone: there is less to look at then. */
static bool cpu_has_xsave(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE);
}

static bool cpu_has_avx(void)
{
    return __builtin_cpu_supports("avx");
}

static void look(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    uint8_t *fp = (uint8_t *)u->uc_mcontext.fpregs;
    uint64_t segments = (uint64_t)u->uc_mcontext.gregs[REG_CSGSFS];

    (void)signo;
    (void)info;
    __asm__ volatile("stmxcsr %0; fnstcw %1"
                     : "=m"(seen.mxcsr), "=m"(seen.fpu_control));
    seen.uc_flags = u->uc_flags;
    memcpy(&seen.mask, &u->uc_sigmask, 8);
    memcpy(&seen.sw, fp + SW_BYTES_OFF, sizeof(seen.sw));
    if (seen.sw.magic1 == XSTATE_MAGIC1)
        memcpy(&seen.magic2, fp + seen.sw.xstate_size, 4);
    memcpy(seen.xmm0, fp + 160, 16);
    memcpy(seen.ymm0_high, fp + YMM_OFF, 16);
    seen.stack = u->uc_stack;
    seen.rsp = (uint64_t)u->uc_mcontext.gregs[REG_RSP];
    seen.cs = (uint16_t)segments;
    seen.ss = (uint16_t)(segments >> 48);
    seen.in_range = (uintptr_t)fp % 64 == 0;
}

TEST(the_frame_has_linux_layout)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    on(SIGUSR1, 0, look);
    raise(SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(seen.uc_flags & ~(uint64_t)UC_FP_XSTATE_BIT,
             UC_SIGCONTEXT_SS_BIT | UC_STRICT_RESTORE_SS_BIT);
    CHECK(seen.mask & 1ull << (SIGUSR2 - 1));
    if (cpu_has_xsave()) {
        CHECK(seen.uc_flags & UC_FP_XSTATE_BIT);
        CHECK_EQ(seen.sw.magic1, XSTATE_MAGIC1);
        CHECK_EQ(seen.sw.extended_size, seen.sw.xstate_size + 4);
        CHECK_EQ(seen.sw.xfeatures & 3, 3);
        CHECK_EQ(seen.magic2, XSTATE_MAGIC2);
    }
    CHECK(seen.in_range);
    CHECK_EQ(seen.cs, 0x33);
    CHECK_EQ(seen.ss, 0x2b);
    CHECK_EQ(seen.stack.ss_flags, SS_DISABLE);
}

TEST(a_handler_starts_with_fresh_vector_state)
{
    uint32_t changed = 0x3f80, was = 0x1f80; /* round down */
    uint16_t control = 0x0f7f, normal = 0x037f;

    on(SIGUSR1, 0, look);
    __asm__ volatile("ldmxcsr %0; fldcw %1" ::"m"(changed), "m"(control));
    raise(SIGUSR1);
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(changed), "=m"(control));
    __asm__ volatile("ldmxcsr %0; fldcw %1" ::"m"(was), "m"(normal));
    CHECK_EQ(seen.mxcsr, 0x1f80);
    CHECK_EQ(seen.fpu_control, 0x37f);
    CHECK_EQ(changed & 0xffc0, 0x3f80);
    CHECK_EQ(control, 0x0f7f);
}

/* Raise SIGUSR1 by hand, so that vector registers hold what we put there. */
__attribute__((target("avx"))) static void avx_round_trip(uint8_t out[32])
{
    static const uint8_t in[32] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                    12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                    23, 24, 25, 26, 27, 28, 29, 30, 31, 32 };
    long result = SYS_tkill;

    __asm__ volatile("vmovdqu (%1), %%ymm0\n"
                     "syscall\n"
                     "vmovdqu %%ymm0, (%2)\n"
                     "vzeroupper\n"
                     : "+a"(result)
                     : "r"(in), "r"(out), "D"(syscall(SYS_gettid)),
                       "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory", "xmm0");
}

/* The handler changes both halves of ymm0 in the frame. */
static void change_vectors(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    uint8_t *fp = (uint8_t *)u->uc_mcontext.fpregs;

    look(signo, info, context);
    fp[160]++;
    fp[YMM_OFF]++;
    __asm__ volatile("pxor %%xmm0, %%xmm0" ::: "xmm0");
}

TEST(vector_registers_are_in_the_frame)
{
    uint8_t out[32] = { 0 };

    if (!cpu_has_avx())
        return;
    on(SIGUSR1, 0, look);
    avx_round_trip(out);
    CHECK_EQ(out[0], 1);
    CHECK_EQ(out[31], 32);
    CHECK(seen.sw.xfeatures & 4);
    CHECK_EQ(seen.xmm0[0], 1);
    CHECK_EQ(seen.ymm0_high[0], 17);
    on(SIGUSR1, 0, change_vectors);
    avx_round_trip(out);
    CHECK_EQ(out[0], 2);
    CHECK_EQ(out[1], 2);
    CHECK_EQ(out[16], 18);
    CHECK_EQ(out[31], 32);
}

/* Without the magic number only x87 and SSE come from the frame. */
static void forget_magic(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    uint8_t *fp = (uint8_t *)u->uc_mcontext.fpregs;

    (void)signo;
    (void)info;
    memset(fp + SW_BYTES_OFF, 0, 4);
}

static void no_vectors(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)signo;
    (void)info;
    u->uc_mcontext.fpregs = NULL;
}

TEST(frames_of_old_programs)
{
    uint8_t out[32] = { 0 };

    if (!cpu_has_avx())
        return;
    on(SIGUSR1, 0, forget_magic);
    avx_round_trip(out);
    CHECK_EQ(out[0], 1);
    CHECK_EQ(out[15], 16);
    CHECK_EQ(out[16], 0);
    on(SIGUSR1, 0, no_vectors);
    avx_round_trip(out);
    CHECK_EQ(out[0], 0);
    CHECK_EQ(out[16], 0);
}

static sigjmp_buf back;
static volatile siginfo_t fault;

static void jump_back(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    memcpy((void *)&fault, info, sizeof(fault));
    siglongjmp(back, 1);
}

static void bad_mxcsr(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)signo;
    (void)info;
    u->uc_mcontext.fpregs->mxcsr = ~0u;
}

TEST(a_bad_frame_is_a_fault)
{
    on(SIGUSR1, 0, bad_mxcsr);
    on(SIGSEGV, SA_NODEFER, jump_back);
    if (sigsetjmp(back, 1) == 0) {
        raise(SIGUSR1);
        CHECK(false);
    }
    CHECK_EQ(fault.si_signo, SIGSEGV);
    CHECK_EQ(fault.si_code, SI_KERNEL);
}

/* ---- contexts that are changed ---- */

static void change_mask(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)signo;
    (void)info;
    sigaddset(&u->uc_sigmask, SIGUSR2);
    sigaddset(&u->uc_sigmask, SIGKILL);
}

TEST(the_mask_comes_from_the_frame)
{
    sigset_t now;

    on(SIGUSR1, 0, change_mask);
    raise(SIGUSR1);
    sigprocmask(SIG_SETMASK, NULL, &now);
    CHECK_EQ(sigismember(&now, SIGUSR2), 1);
    CHECK_EQ(sigismember(&now, SIGKILL), 0);
    CHECK_EQ(sigismember(&now, SIGUSR1), 0);
    sigemptyset(&now);
    sigprocmask(SIG_SETMASK, &now, NULL);
}

static volatile int jumps;

static void just_jump(int signo)
{
    (void)signo;
    jumps++;
    siglongjmp(back, 1);
}

/* Out of the handler, over system calls that were made into jumps. */
TEST(jumping_out_of_a_handler_again_and_again)
{
    volatile int rounds = 0;

    signal(SIGUSR1, just_jump);
    while (rounds < 1000) {
        rounds++;
        if (sigsetjmp(back, 1) == 0)
            syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
    }
    CHECK_EQ(jumps, 1000);
}

static ucontext_t one, two;
static volatile int turns;

#ifdef __GLIBC__
static void other_context(void)
{
    for (int i = 0; i < 100; i++) {
        turns++;
        swapcontext(&two, &one);
    }
}

TEST(contexts_are_swapped)
{
    getcontext(&two);
    two.uc_stack.ss_sp = alternate;
    two.uc_stack.ss_size = sizeof(alternate);
    two.uc_link = &one;
    makecontext(&two, other_context, 0);
    for (int i = 0; i < 100; i++)
        swapcontext(&one, &two);
    CHECK_EQ(turns, 100);
}
#else
TEST(contexts_are_swapped)
{
    (void)one;
    (void)two;
    (void)turns;
    SKIP("musl has no contexts");
}
#endif

/* ---- the alternate stack ---- */

static volatile bool inside;
static stack_t during;

static bool is_inside(const void *p)
{
    return (const uint8_t *)p >= alternate &&
           (const uint8_t *)p < alternate + sizeof(alternate);
}

static void nested(int signo, siginfo_t *info, void *context)
{
    int local = 0;

    look(signo, info, context);
    inside = is_inside(&local);
    sigaltstack(NULL, &during);
}

static volatile int set_result, set_errno;

static void try_to_change(int signo, siginfo_t *info, void *context)
{
    stack_t s = { .ss_sp = alternate, .ss_size = 32768 };

    nested(signo, info, context);
    set_result = sigaltstack(&s, NULL);
    set_errno = errno;
}

TEST(the_alternate_stack_is_busy_in_a_handler)
{
    stack_t s = { .ss_sp = alternate, .ss_size = sizeof(alternate) }, now;

    CHECK_OK(sigaltstack(&s, NULL));
    on(SIGUSR1, SA_ONSTACK, try_to_change);
    raise(SIGUSR1);
    CHECK(inside);
    CHECK_EQ(during.ss_flags, SS_ONSTACK);
    CHECK_EQ(seen.stack.ss_flags, 0);
    CHECK_EQ(seen.stack.ss_size, sizeof(alternate));
    CHECK_EQ(set_result, -1);
    CHECK_EQ(set_errno, EPERM);
    CHECK_OK(sigaltstack(NULL, &now));
    CHECK_EQ(now.ss_flags, 0);
    s.ss_flags = SS_ONSTACK; /* means nothing, but is kept */
    CHECK_OK(syscall(SYS_sigaltstack, &s, NULL)); /* musl refuses it */
    raise(SIGUSR1);
    CHECK_EQ(seen.stack.ss_flags, SS_ONSTACK);
    CHECK_OK(sigaltstack(NULL, &now));
    CHECK_EQ(now.ss_flags, 0);
}

TEST(autodisarm)
{
    stack_t s = { .ss_sp = alternate,
                  .ss_flags = (int)AUTODISARM,
                  .ss_size = sizeof(alternate) },
            now;

    CHECK_OK(sigaltstack(&s, NULL));
    CHECK_OK(sigaltstack(NULL, &now));
    CHECK_EQ(now.ss_flags, (int)AUTODISARM);
    on(SIGUSR1, SA_ONSTACK, try_to_change);
    raise(SIGUSR1);
    CHECK(inside);
    CHECK_EQ(during.ss_flags, SS_DISABLE);
    CHECK_EQ(set_result, 0); /* it was given up on entry */
    CHECK_EQ(seen.stack.ss_flags, (int)AUTODISARM);
    CHECK_OK(sigaltstack(NULL, &now)); /* and comes back on return */
    CHECK_EQ(now.ss_flags, (int)AUTODISARM);
    CHECK_EQ(now.ss_size, sizeof(alternate));
    s.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&s, NULL));
}

TEST(a_frame_that_does_not_fit_is_a_fault)
{
    stack_t s = { .ss_sp = alternate, .ss_size = 2048 };

    /* 2048 bytes are allowed, yet AVX-512's state alone is more. */
    on(SIGUSR1, SA_ONSTACK, look);
    raise(SIGUSR1);
    if (seen.sw.xstate_size < 2000)
        return;
    CHECK_OK(sigaltstack(&s, NULL));
    on(SIGSEGV, 0, jump_back);
    if (sigsetjmp(back, 1) == 0) {
        raise(SIGUSR1);
        CHECK(false);
    }
    CHECK_EQ(fault.si_code, SI_KERNEL);
    s.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&s, NULL));
}
