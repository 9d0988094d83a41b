/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites.c - system-call instructions in every surrounding.
 *
 * A guest may rewrite the places from which calls are made. No program may
 * notice: registers, flags, the red zone, jumps into the middle of what was
 * rewritten, the address that a signal handler sees, code that reads itself.
 * Each site runs many times, so that it is met before and after.
 */
#include "check.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define ROUNDS 50

/* getppid from sites with different instructions behind them. Each returns
 * the call's result. */
long site_ret(void), site_pop(void), site_cmp(void), site_jump(void);
long site_branch(void), site_rip(void), site_short(void), site_nops(void);
long site_middle(long skip), site_call(void);
extern const char site_ret_insn[], site_middle_insn[];
__asm__(".text\n"
        "site_ret: mov $110, %eax\nsite_ret_insn: syscall\n ret\n"
        "nop; nop; nop; nop\n"
        "site_pop: push %rbx\n mov $110, %eax\n syscall\n pop %rbx\n ret\n"
        "nop; nop; nop; nop\n"
        "site_cmp: mov $110, %eax\n syscall\n cmp $-4095, %rax\n jae 1f\n"
        " ret\n1: xor %eax, %eax\n ret\n"
        "site_jump: mov $110, %eax\n syscall\n jmp 1f\n ud2\n ud2\n1: ret\n"
        "site_branch: mov $110, %eax\n syscall\n test %eax, %eax\n js 1f\n"
        " ret\n1: neg %rax\n ret\n"
        "site_rip: mov $110, %eax\n syscall\n mov 2f(%rip), %ecx\n"
        " add %rcx, %rax\n sub $77, %rax\n ret\n2: .long 77\n"
        "site_short: mov $110, %eax\n syscall\n nop\n nop\n nop\n ret\n"
        "site_nops: mov $110, %eax\n syscall\n nopw 0(%rax,%rax,1)\n ret\n"
        /* with skip != 0 the instruction behind the call is jumped to */
        "site_middle: test %rdi, %rdi\n mov $110, %eax\n jnz 1f\n"
        "site_middle_insn: syscall\n"
        "1: mov $0, %edx\n add %rdx, %rax\n ret\n"
        "site_call: mov $110, %eax\n syscall\n call site_call_leaf\n ret\n"
        "site_call_leaf: ret\n");

TEST(every_surrounding)
{
    long (*const sites[])(void) = { site_ret,   site_pop,  site_cmp,
                                    site_jump,  site_rip,  site_branch,
                                    site_short, site_nops, site_call };
    long parent = getppid();

    for (int round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < sizeof(sites) / sizeof(sites[0]); i++)
            CHECK_EQ(sites[i](), parent);
}

TEST(jump_behind_the_call)
{
    long parent = getppid();

    for (int round = 0; round < ROUNDS; round++) {
        CHECK_EQ(site_middle(0), parent);
        CHECK_EQ(site_middle(1), 110);
    }
}

TEST(registers_and_flags)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t in[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, out[10];
        uint64_t flags_in = 0x8d5 | 0x400, flags_out; /* all, and DF */
        uint64_t *from = in, flags = flags_in;
        register uint64_t *to __asm__("r15") = out;

        __asm__ volatile(
            "push %%rbp\n"
            "mov 0(%[in]), %%rdi\n mov 8(%[in]), %%rsi\n"
            "mov 16(%[in]), %%rdx\n mov 24(%[in]), %%r10\n"
            "mov 32(%[in]), %%r8\n mov 40(%[in]), %%r9\n"
            "mov 48(%[in]), %%r12\n mov 56(%[in]), %%r13\n"
            "mov 64(%[in]), %%r14\n mov 72(%[in]), %%rbp\n"
            "push %[flags]\n popfq\n"
            "mov $110, %%eax\n syscall\n"
            "pushfq\n pop %[fout]\n cld\n"
            "mov %%rdi, 0(%[out])\n mov %%rsi, 8(%[out])\n"
            "mov %%rdx, 16(%[out])\n mov %%r10, 24(%[out])\n"
            "mov %%r8, 32(%[out])\n mov %%r9, 40(%[out])\n"
            "mov %%r12, 48(%[out])\n mov %%r13, 56(%[out])\n"
            "mov %%r14, 64(%[out])\n mov %%rbp, 72(%[out])\n"
            "pop %%rbp\n"
            : [fout] "=&b"(flags_out), [in] "+a"(from), [flags] "+c"(flags)
            : [out] "r"(to)
            : "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
              "r14", "memory", "cc");
        CHECK(memcmp(in, out, sizeof(in)) == 0);
        CHECK_EQ(flags_out & 0xcd5, flags_in & 0xcd5);
    }
}

TEST(red_zone)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t low, high;

        __asm__ volatile("sub $256, %%rsp\n"
                         "movq $0x1234, -128(%%rsp)\n"
                         "movq $0x5678, -8(%%rsp)\n"
                         "mov $110, %%eax\n syscall\n"
                         "mov -128(%%rsp), %0\n mov -8(%%rsp), %1\n"
                         "add $256, %%rsp\n"
                         : "=&r"(low), "=&r"(high)
                         :
                         : "rax", "rcx", "r11", "memory", "cc");
        CHECK_EQ(low, 0x1234);
        CHECK_EQ(high, 0x5678);
    }
}

TEST(vector_registers)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t in = 0x1122334455667788ull + (unsigned)round, out;

        __asm__ volatile("movq %1, %%xmm7\n mov $110, %%eax\n syscall\n"
                         "movq %%xmm7, %0\n"
                         : "=&r"(out)
                         : "r"(in)
                         : "rax", "rcx", "r11", "xmm7", "memory");
        CHECK_EQ(out, in);
    }
}

/* ---- what a signal handler sees ---- */

static volatile uint64_t seen_rip;
static volatile int handled;
static volatile long call_result;
long site_pause(void);
extern const char site_pause_insn[];
__asm__("site_pause: mov $34, %eax\nsite_pause_insn: syscall\n"
        " cmp $-4095, %rax\n ret\n");

static void on_alarm(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)signo, (void)info;
    /* The alarm that ended the call counts, not one before or after it. */
    if (seen_rip != (uint64_t)site_pause_insn + 2)
        seen_rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    handled++;
}

TEST(address_in_a_handler)
{
    struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
    /* Again and again: on a busy machine the first may come before the call. */
    struct itimerval soon = { { 0, 10000 }, { 0, 10000 } };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };

    CHECK_OK(sigaction(SIGALRM, &sa, NULL));
    for (int round = 0; round < 5; round++) {
        handled = 0;
        seen_rip = 0;
        CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
        call_result = site_pause();
        CHECK_EQ(call_result, -EINTR);
        CHECK(handled >= 1);
        CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
        /* behind the call, as the manual of the processor has it */
        CHECK_EQ(seen_rip, (uint64_t)site_pause_insn + 2);
    }
}

/* Signals that hit a loop of calls anywhere: nothing may be lost. */
TEST(signals_in_a_loop_of_calls)
{
    struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
    struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, off = { 0 };
    long parent = getppid();
    long bad = 0;

    handled = 0;
    CHECK_OK(sigaction(SIGALRM, &sa, NULL));
    CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
    while (handled < 100)
        bad += site_cmp() != parent || site_branch() != parent ||
               site_ret() != parent;
    CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
    CHECK_EQ(bad, 0);
}

/* ---- code that is written by the program ---- */

TEST(code_that_changes)
{
    static const uint8_t code[] = { 0xb8, 110, 0,    0,    0, /* mov $, %eax */
                                    0x0f, 5,   0x48, 0x3d, 0, 0, 0, 0, 0xc3 };
    uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long parent = getppid();
    long (*fn)(void);

    CHECK(p != MAP_FAILED);
    memcpy(&fn, &p, sizeof(fn));
    memcpy(p, code, sizeof(code));
    for (int round = 0; round < 4; round++) {
        CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
        for (int i = 0; i < ROUNDS; i++)
            CHECK_EQ(fn(), parent);
        CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
        CHECK(memcmp(p + 5, code + 5, 9) == 0); /* as we wrote it */
        p[1] = round % 2 ? 110 : 39;            /* getppid, getpid */
        parent = round % 2 ? getppid() : getpid();
    }
    CHECK_OK(munmap(p, PAGE));
}

TEST(code_that_is_replaced)
{
    static const uint8_t call[] = { 0xb8, 110,  0, 0, 0, 0x0f, 5,
                                    0x48, 0x3d, 0, 0, 0, 0,    0xc3 };
    static const uint8_t plain[] = { 0xb8, 5,    0,    0,    0,    0x90,
                                     0x90, 0x83, 0xc0, 0x02, 0x90, 0xc3 };
    long (*fn)(void);
    uint8_t *p, *q;

    for (int round = 0; round < 5; round++) {
        p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED);
        memcpy(p, call, sizeof(call));
        CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
        memcpy(&fn, &p, sizeof(fn));
        for (int i = 0; i < ROUNDS; i++)
            CHECK_EQ(fn(), getppid());
        CHECK_OK(munmap(p, PAGE));
        q = mmap(p, PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(q == p);
        memcpy(q, plain, sizeof(plain));
        CHECK_OK(mprotect(q, PAGE, PROT_READ | PROT_EXEC));
        CHECK_EQ(fn(), 7);
        CHECK_OK(munmap(q, PAGE));
    }
}
