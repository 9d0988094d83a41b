/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_faults.c - faults as runtimes use them: what siginfo and the context
 * say, and handlers that mend the cause and continue.
 *
 * covers: rt_sigreturn rt_sigaction mprotect
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

static volatile siginfo_t last;
static volatile long last_trap, last_error, last_cr2;
static volatile int faults;
static volatile uint64_t last_rip;

static void note(siginfo_t *info, ucontext_t *u)
{
    memcpy((void *)&last, info, sizeof(last));
    last_trap = u->uc_mcontext.gregs[REG_TRAPNO];
    last_error = u->uc_mcontext.gregs[REG_ERR];
    last_cr2 = u->uc_mcontext.gregs[REG_CR2];
    last_rip = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
    faults++;
}

static void on(int signo, void (*fn)(int, siginfo_t *, void *))
{
    struct sigaction a = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO };

    CHECK_OK(sigaction(signo, &a, NULL));
}

/* As a garbage collector's write barrier: open the page, go on. */
static void open_page(int signo, siginfo_t *info, void *context)
{
    uintptr_t page = (uintptr_t)info->si_addr & ~(PAGE - 1);

    (void)signo;
    note(info, context);
    if (mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) != 0)
        _exit(3);
}

TEST(a_write_barrier)
{
    size_t pages = 64;
    char *p =
        mmap(NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    on(SIGSEGV, open_page);
    faults = 0;
    for (size_t i = 0; i < pages; i++)
        *(volatile char *)(p + i * PAGE + i) = (char)i;
    CHECK_EQ(faults, pages);
    CHECK_EQ(last.si_code, SEGV_ACCERR);
    CHECK(last.si_addr == p + 63 * PAGE + 63);
    CHECK_EQ(last_cr2, (long)(p + 63 * PAGE + 63));
    CHECK_EQ(last_trap, 14);
    CHECK_EQ(last_error & 6, 6); /* a write, by the program */
    for (size_t i = 0; i < pages; i++)
        CHECK_EQ(p[i * PAGE + i], (char)i);
    faults = 0;
    mprotect(p, pages * PAGE, PROT_READ);
    p[5] = 1;
    CHECK_EQ(faults, 1);
    CHECK_EQ(last_error & 7, 7); /* and the page is there */
    munmap(p, pages * PAGE);
}

/* As a lazily mapped heap. */
static void map_page(int signo, siginfo_t *info, void *context)
{
    void *page = (void *)((uintptr_t)info->si_addr & ~(PAGE - 1));

    (void)signo;
    note(info, context);
    if (mmap(page, PAGE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
        _exit(3);
    *(int *)page = 4711;
}

TEST(memory_that_comes_when_it_is_touched)
{
    char *p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(p, PAGE);
    on(SIGSEGV, map_page);
    faults = 0;
    CHECK_EQ(*(volatile int *)p, 4711);
    CHECK_EQ(faults, 1);
    CHECK_EQ(last.si_code, SEGV_MAPERR);
    CHECK_EQ(last_error & 7, 4);
    munmap(p, PAGE);
}

/* As Go and Java do for a NULL dereference: run other code instead. */
static void to_other_code(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)signo;
    note(info, u);
    u->uc_mcontext.gregs[REG_RIP] = u->uc_mcontext.gregs[REG_R12];
}

TEST(a_null_pointer_becomes_another_path)
{
    for (int i = 0; i < 100; i++) {
        long result = 0;

        on(SIGSEGV, to_other_code);
        __asm__ volatile("lea 1f(%%rip), %%r12\n"
                         "xor %%edx, %%edx\n"
                         "mov 8(%%rdx), %%rax\n"
                         "jmp 2f\n"
                         "1: mov $99, %%eax\n"
                         "2:"
                         : "+a"(result)
                         :
                         : "r12", "rdx", "memory");
        CHECK_EQ(result, 99);
    }
    CHECK(last.si_addr == (void *)8);
    CHECK_EQ(last.si_code, SEGV_MAPERR);
}

TEST(code_that_may_not_be_executed)
{
    uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    p[0] = 0xc3;
    on(SIGSEGV, to_other_code);
    __asm__ volatile("lea 1f(%%rip), %%r12\n"
                     "jmp *%0\n"
                     "1:" ::"r"(p)
                     : "r12", "memory");
    CHECK(last.si_addr == p);
    CHECK_EQ(last.si_code, SEGV_ACCERR);
    CHECK_EQ(last_error & 0x14, 0x14); /* a fetch */
    CHECK_EQ(last_rip, (uintptr_t)p);
    munmap(p, PAGE);
}

TEST(beyond_the_end_of_a_file)
{
    char *p;
    int fd;

    make_file("short", "x");
    fd = open("short", O_RDWR);
    p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    on(SIGBUS, to_other_code);
    __asm__ volatile("lea 1f(%%rip), %%r12\n"
                     "movb $1, (%0)\n"
                     "1:" ::"r"(p + PAGE + 7)
                     : "r12", "memory");
    CHECK_EQ(last.si_signo, SIGBUS);
    CHECK_EQ(last.si_code, BUS_ADRERR);
    CHECK(last.si_addr == p + PAGE + 7);
    munmap(p, 2 * PAGE);
    close(fd);
}

/* ---- arithmetic ---- */

static void mask_exceptions(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)signo;
    note(info, u);
    u->uc_mcontext.fpregs->mxcsr = 0x1f80;
    u->uc_mcontext.fpregs->cwd = 0x37f;
    u->uc_mcontext.fpregs->swd = 0;
}

TEST(x87_tells_it_with_the_next_instruction)
{
    uint16_t control = 0x37f & ~4; /* division by zero */
    uint16_t normal = 0x37f;

    on(SIGFPE, mask_exceptions);
    faults = 0;
    __asm__ volatile("fldcw %0\n"
                     "fldz\n"
                     "fld1\n"
                     "fdiv %%st(1), %%st\n"
                     "fwait\n"
                     "fninit\n"
                     "fldcw %1\n" ::"m"(control),
                     "m"(normal));
    CHECK_EQ(faults, 1);
    CHECK_EQ(last.si_code, FPE_FLTDIV);
    CHECK_EQ(last_trap, 16);
}

/* ---- traps ---- */

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    note(info, context);
}

TEST(breakpoints_continue_behind_themselves)
{
    on(SIGTRAP, count);
    faults = 0;
    __asm__ volatile("int3; int3");
    CHECK_EQ(faults, 2);
    CHECK_EQ(last.si_code, SI_KERNEL);
    CHECK_EQ(last_trap, 3);
}

TEST(single_steps)
{
    on(SIGTRAP, count);
    faults = 0;
    __asm__ volatile("pushfq\n"
                     "orl $0x100, (%%rsp)\n"
                     "popfq\n"
                     "nop\n"
                     "nop\n"
                     "nop\n"
                     "pushfq\n"
                     "andl $~0x100, (%%rsp)\n"
                     "popfq\n" ::
                         : "memory", "cc");
    CHECK_EQ(faults, 6);
    CHECK_EQ(last.si_code, TRAP_TRACE);
    CHECK_EQ(last_trap, 1);
}

/* ---- faults and threads ---- */

static void *faulting_thread(void *arg)
{
    char *p = arg;

    for (int i = 0; i < 200; i++) {
        mprotect(p, PAGE, PROT_READ);
        *(volatile int *)p = i;
    }
    return NULL;
}

TEST(threads_fault_for_themselves)
{
    char *p =
        mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t t[4];

    on(SIGSEGV, open_page);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, faulting_thread, p + i * PAGE);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(*(int *)(p + i * PAGE), 199);
    munmap(p, 4 * PAGE);
}

/* A pointer that a system call gets is an error, not a fault. */
TEST(system_calls_do_not_fault)
{
    char *p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int pipes[2];

    on(SIGSEGV, open_page);
    CHECK_OK(pipe(pipes));
    faults = 0;
    CHECK_ERR(write(pipes[1], p, 1), EFAULT);
    CHECK_EQ(faults, 0);
    munmap(p, PAGE);
    close(pipes[0]);
    close(pipes[1]);
}
