/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rt_sigreturn.c - what a handler interrupts goes on as if nothing had been.
 *
 * A timer interrupts loops that keep known values in the general registers,
 * the flags and the vector registers, while the handler uses all of them. Then
 * frames that the program changes itself: registers, mask, a bad one.
 */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

#define INTERRUPTS 60

static volatile unsigned seen;
static volatile double sum = 1;

static void disturb(int sig)
{
    (void)sig;
    seen++;
    sum = sum * 1.000001 + seen; /* vector registers */
    __asm__ volatile("std\n cld\n xor %%eax, %%eax\n"
                     "xorps %%xmm7, %%xmm7\n xorps %%xmm15, %%xmm15\n"
                     "mov $-1, %%r11\n mov $-1, %%r10\n mov $-1, %%r8\n"
                     "mov $-1, %%rcx\n mov $-1, %%rdx\n"
                     :
                     :
                     : "rax", "rcx", "rdx", "r8", "r10", "r11", "xmm7", "xmm15",
                       "cc");
}

static void tick(int signo, void (*handler)(int), long period_us)
{
    struct sigaction a = { .sa_handler = handler };
    struct itimerval t = { { 0, period_us }, { 0, period_us } };

    sigemptyset(&a.sa_mask);
    seen = 0;
    sigaction(signo, &a, NULL);
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
}

static void tick_stop(void)
{
    struct itimerval none = { { 0, 0 }, { 0, 0 } };

    setitimer(ITIMER_REAL, &none, NULL);
}

/* One round over every register; 0: all as they were. */
static long registers_round(void)
{
    long bad;

    __asm__ volatile("push %%rbp\n"
                     "mov $1, %%rbx\n mov $2, %%rcx\n mov $3, %%rdx\n"
                     "mov $4, %%rsi\n mov $5, %%rdi\n mov $6, %%r8\n"
                     "mov $7, %%r9\n mov $8, %%r10\n mov $9, %%r11\n"
                     "mov $10, %%r12\n mov $11, %%r13\n mov $12, %%r14\n"
                     "mov $13, %%r15\n mov $14, %%rbp\n"
                     "movq %%rbp, %%xmm7\n movq %%r15, %%xmm15\n"
                     "mov $20000, %%eax\n"
                     "1: dec %%eax\n jnz 1b\n"
                     "movq %%xmm7, %%rax\n sub $14, %%rax\n"
                     "sub $14, %%rbp\n or %%rbp, %%rax\n"
                     "movq %%xmm15, %%rbp\n sub $13, %%rbp\n or %%rbp, %%rax\n"
                     "sub $1, %%rbx\n or %%rbx, %%rax\n"
                     "sub $2, %%rcx\n or %%rcx, %%rax\n"
                     "sub $3, %%rdx\n or %%rdx, %%rax\n"
                     "sub $4, %%rsi\n or %%rsi, %%rax\n"
                     "sub $5, %%rdi\n or %%rdi, %%rax\n"
                     "sub $6, %%r8\n or %%r8, %%rax\n"
                     "sub $7, %%r9\n or %%r9, %%rax\n"
                     "sub $8, %%r10\n or %%r10, %%rax\n"
                     "sub $9, %%r11\n or %%r11, %%rax\n"
                     "sub $10, %%r12\n or %%r12, %%rax\n"
                     "sub $11, %%r13\n or %%r13, %%rax\n"
                     "sub $12, %%r14\n or %%r14, %%rax\n"
                     "sub $13, %%r15\n or %%r15, %%rax\n"
                     "pop %%rbp\n"
                     : "=&a"(bad)
                     :
                     : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
                       "r11", "r12", "r13", "r14", "r15", "xmm7", "xmm15", "cc",
                       "memory");
    return bad;
}

TEST(registers_survive_a_timer)
{
    long bad = 0;

    tick(SIGALRM, disturb, 500);
    while (seen < INTERRUPTS && bad == 0)
        bad = registers_round();
    tick_stop();
    CHECK_EQ(bad, 0);
    CHECK(seen >= INTERRUPTS);
}

/* A loop that lives on its flags: an interrupt between the two instructions
 * must bring back what the first one found. */
TEST(flags_survive_a_timer)
{
    long wrong = 0;

    tick(SIGALRM, disturb, 500);
    for (int i = 0; i < 4000 && seen < INTERRUPTS; i++) {
        long n = 50000, odd = 0;

        __asm__ volatile("1: cmp $0, %0\n jle 2f\n"
                         "stc\n jnc 3f\n clc\n jc 3f\n"
                         "dec %0\n jmp 1b\n"
                         "3: inc %1\n"
                         "2:\n"
                         : "+r"(n), "+r"(odd)
                         :
                         : "cc");
        wrong += odd + (n != 0);
    }
    tick_stop();
    CHECK_EQ(wrong, 0);
    CHECK(seen >= INTERRUPTS);
}

/* Calls and signals at once: results of calls must not reach the wrong
 * register, nor a signal be lost between a call and its return. */
TEST(system_calls_survive_a_timer)
{
    long me = getpid(), wrong = 0;

    tick(SIGALRM, disturb, 500);
    while (seen < INTERRUPTS) {
        wrong += syscall(SYS_getpid) != me;
        wrong += syscall(SYS_getpgid, 999999) != -1 || errno != ESRCH;
        wrong += syscall(100000) != -1 || errno != ENOSYS;
    }
    tick_stop();
    CHECK_EQ(wrong, 0);
}

/* ---- frames that the handler changes ---- */

static void skip_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    uc->uc_mcontext.gregs[REG_RIP] += 2; /* ud2 */
    uc->uc_mcontext.gregs[REG_RAX] = 4711;
    uc->uc_mcontext.gregs[REG_EFL] |= 1; /* carry */
    sigaddset(&uc->uc_sigmask, SIGUSR2);
}

TEST(a_handler_changes_registers_flags_and_mask)
{
    struct sigaction a = { .sa_sigaction = skip_fault, .sa_flags = SA_SIGINFO };
    sigset_t now;
    long rax;
    unsigned char carry;

    sigemptyset(&a.sa_mask);
    sigaction(SIGILL, &a, NULL);
    __asm__ volatile("xor %%eax, %%eax\n ud2\n setc %1\n"
                     : "=&a"(rax), "=r"(carry)
                     :
                     : "cc");
    CHECK_EQ(rax, 4711);
    CHECK_EQ(carry, 1);
    CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &now));
    CHECK(sigismember(&now, SIGUSR2));
    sigdelset(&now, SIGUSR2);
    sigprocmask(SIG_SETMASK, &now, NULL);
    signal(SIGILL, SIG_DFL);
}

static sigjmp_buf back;
static volatile int fault_code;

static void leave(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    fault_code = info->si_code;
    siglongjmp(back, 1);
}

static void break_frame(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)0x8000000000000000ull;
}

TEST(a_frame_that_returns_nowhere_is_a_fault)
{
    struct sigaction a = { .sa_sigaction = break_frame,
                           .sa_flags = SA_SIGINFO };
    struct sigaction segv = { .sa_sigaction = leave, .sa_flags = SA_SIGINFO };

    sigemptyset(&a.sa_mask);
    sigemptyset(&segv.sa_mask);
    sigaction(SIGUSR1, &a, NULL);
    sigaction(SIGSEGV, &segv, NULL);
    if (sigsetjmp(back, 1) == 0) {
        raise(SIGUSR1);
        CHECK(!"it came back");
    }
    CHECK_EQ(fault_code, SI_KERNEL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
}

/* ---- what a refused frame leaves behind ---- */

static void break_state(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    uc->uc_mcontext.fpregs = (fpregset_t)16;
    uc->uc_mcontext.gregs[REG_R15] = 4711;
}

static volatile long seen_r15;

static void leave_with_r15(int sig, siginfo_t *info, void *context)
{
    seen_r15 = ((ucontext_t *)context)->uc_mcontext.gregs[REG_R15];
    leave(sig, info, context);
}

/* The mask is the frame's already, and so are the registers, when the vector
 * state turns out bad: SIGSEGV, blocked while the handler ran, has a handler
 * again. */
TEST(a_bad_frame_restores_mask_and_registers_first)
{
    struct sigaction a = { .sa_sigaction = break_state,
                           .sa_flags = SA_SIGINFO };
    struct sigaction segv = { .sa_sigaction = leave_with_r15,
                              .sa_flags = SA_SIGINFO };

    sigfillset(&a.sa_mask);
    sigemptyset(&segv.sa_mask);
    sigaction(SIGUSR1, &a, NULL);
    sigaction(SIGSEGV, &segv, NULL);
    fault_code = 0;
    if (sigsetjmp(back, 1) == 0) {
        raise(SIGUSR1);
        CHECK(!"it came back");
    }
    CHECK_EQ(fault_code, SI_KERNEL);
    CHECK_EQ(seen_r15, 4711);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
}

/* ---- flags that a call is made with ---- */

#define FLAG_NT 0x4000l
#define FLAG_DF 0x400l
#define FLAG_AC 0x40000l

/* getpid and a call of many parts with flags set, which stay set. */
static long flags_after_call(long flags, long nr, long a, long b, long c,
                             long d)
{
    register long r10 __asm__("r10") = d;
    long after, rax = nr;

    __asm__ volatile("pushfq\n or %[flags], (%%rsp)\n popfq\n"
                     "syscall\n"
                     "pushfq\n pop %[after]\n"
                     "pushq $0x202\n popfq\n"
                     : [after] "=&r"(after), "+a"(rax)
                     : [flags] "r"(flags), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "cc", "memory");
    CHECK(rax >= 0);
    return after;
}

TEST(calls_with_odd_flags_work_and_keep_them)
{
    char name[400];

    for (int i = 0; i < 4; i++) { /* trapped, and then by a jump */
        CHECK(flags_after_call(FLAG_AC, SYS_getpid, 0, 0, 0, 0) & FLAG_AC);
        CHECK(flags_after_call(FLAG_NT, SYS_getpid, 0, 0, 0, 0) & FLAG_NT);
        CHECK(flags_after_call(FLAG_DF, SYS_uname, (long)name, 0, 0, 0) &
              FLAG_DF);
        CHECK(flags_after_call(FLAG_AC, SYS_uname, (long)name + 1, 0, 0, 0) &
              FLAG_AC);
        CHECK(flags_after_call(FLAG_NT, SYS_sched_yield, 0, 0, 0, 0) & FLAG_NT);
        CHECK(flags_after_call(FLAG_AC, SYS_sched_yield, 0, 0, 0, 0) & FLAG_AC);
    }
}

/* A signal that comes when the call is nearly over, and the flags are the
 * program's again. */
TEST(calls_with_odd_flags_survive_a_timer)
{
    long kept = FLAG_DF;

    tick(SIGALRM, disturb, 200);
    while (seen < 20 * INTERRUPTS && kept)
        kept = flags_after_call(FLAG_DF, SYS_getpid, 0, 0, 0, 0) & FLAG_DF;
    tick_stop();
    CHECK_EQ(kept, FLAG_DF);
}

static void count_step(int sig)
{
    (void)sig;
    seen++;
}

/* A program that steps itself through a call finds its red zone as it was. */
TEST(stepping_through_a_call)
{
    struct sigaction a = { .sa_handler = count_step };

    sigaction(SIGTRAP, &a, NULL);
    seen = 0;
    for (int i = 0; i < 4; i++) {
        long pid = SYS_getpid, below;

        __asm__ volatile("sub $256, %%rsp\n"
                         "pushfq\n orq $0x100, (%%rsp)\n popfq\n"
                         "movq $4711, -64(%%rsp)\n"
                         "syscall\n"
                         "movq -64(%%rsp), %[below]\n"
                         "pushfq\n andq $~0x100, (%%rsp)\n popfq\n"
                         "add $256, %%rsp\n"
                         : "+a"(pid), [below] "=&r"(below)
                         :
                         : "rcx", "r11", "cc", "memory");
        CHECK_EQ(pid, getpid());
        CHECK_EQ(below, 4711);
    }
    CHECK(seen >= 4);
    signal(SIGTRAP, SIG_DFL);
}

/* Where a time slice ends, or a misaligned word of the kernel's own is read. */
TEST(a_long_call_with_alignment_checks)
{
    char buf[4096];

    tick(SIGALRM, disturb, 500);
    while (seen < 20) {
        CHECK(flags_after_call(FLAG_AC, SYS_getrandom, (long)buf + 1, 4001, 0,
                               0) &
              FLAG_AC);
        CHECK(flags_after_call(FLAG_AC, SYS_uname, (long)buf + 3, 0, 0, 0) &
              FLAG_AC);
    }
    tick_stop();
    signal(SIGALRM, SIG_DFL);
}

/* The same on the slow way out, with a signal's frame to make. */
TEST(signals_arrive_in_calls_with_odd_flags)
{
    struct sigaction a = { .sa_handler = disturb };

    sigaction(SIGUSR1, &a, NULL);
    seen = 0;
    for (int i = 0; i < 4; i++) {
        sigset_t all, none;

        sigfillset(&all);
        sigemptyset(&none);
        sigprocmask(SIG_BLOCK, &all, NULL);
        raise(SIGUSR1);
        CHECK(flags_after_call(FLAG_NT | FLAG_AC, SYS_rt_sigprocmask,
                               SIG_SETMASK, (long)&none, 0, 8) &
              FLAG_NT);
    }
    CHECK_EQ(seen, 4);
    signal(SIGUSR1, SIG_DFL);
}
