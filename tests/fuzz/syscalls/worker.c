/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.c - threads that call, and what happens to them: faults lead back to
 * the landing, and a signal's handler may return to a hostile frame.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

static char slot_memory[THREADS_MAX][SLOT_LEN]
    __attribute__((aligned(SLOT_LEN)));

#define SLOT(n) ((struct slot *)slot_memory[n])
struct slot *const slots[THREADS_MAX] = {
    SLOT(0), SLOT(1), SLOT(2),  SLOT(3),  SLOT(4),  SLOT(5),  SLOT(6),  SLOT(7),
    SLOT(8), SLOT(9), SLOT(10), SLOT(11), SLOT(12), SLOT(13), SLOT(14), SLOT(15)
};

unsigned calls_each = 5000, thread_count = 4;
uint64_t seed;
bool is_verbose;

__attribute__((used)) static const uint64_t every_signal = ~0ull, no_signal;

/*
 * A new thread's stack may be anything, or its maker's: the child ends here,
 * without touching it. Nor may a handler run in it: that would use the maker's
 * stack, and a fault's would land in the maker's slot, two threads in one.
 */
__asm__(".globl system_call\n"
        "system_call:\n"
        "    mov $2, %edx\n"
        ".globl system_call_with\n"
        "system_call_with:\n"
        "    push %rbx\n"
        "    push %rdx\n" /* the flags */
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rbx\n"
        "    mov (%rbx), %rdi\n"
        "    mov 8(%rbx), %rsi\n"
        "    mov 16(%rbx), %rdx\n"
        "    mov 24(%rbx), %r10\n"
        "    mov 32(%rbx), %r8\n"
        "    mov 40(%rbx), %r9\n"
        "    popfq\n"
        "    syscall\n"
        "    pushq $2\n"
        "    popfq\n"
        "    pop %rbx\n"
        "    ret\n"

        /* rt_sigprocmask(SIG_SETMASK, &name, NULL, 8), without a stack. */
        ".macro mask_set name\n"
        "    mov $14, %eax\n"
        "    mov $2, %edi\n"
        "    lea \\name(%rip), %rsi\n"
        "    xor %edx, %edx\n"
        "    mov $8, %r10d\n"
        "    syscall\n"
        ".endm\n"

        /* Between the two masks nothing can fault, whatever a handler made of
         * the stack pointer before. */
        "system_call_clone:\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    mov %rdi, %r12\n"
        "    mov %rsi, %rbx\n"
        "    mask_set every_signal\n"
        "    mov %r12, %rax\n"
        "    mov (%rbx), %rdi\n"
        "    mov 8(%rbx), %rsi\n"
        "    mov 16(%rbx), %rdx\n"
        "    mov 24(%rbx), %r10\n"
        "    mov 32(%rbx), %r8\n"
        "    mov 40(%rbx), %r9\n"
        "    syscall\n"
        "    test %rax, %rax\n"
        "    je 1f\n"
        "    mask_set no_signal\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    ret\n"
        "1:  mov $24, %eax\n" /* sched_yield */
        "    syscall\n"
        "    mov $60, %eax\n" /* exit */
        "    xor %edi, %edi\n"
        "    syscall\n"
        "    ud2\n"
        "system_call_clone_end:\n"

        ".globl handler_return\n"
        "handler_return:\n"
        "    mov $15, %eax\n" /* rt_sigreturn */
        "    syscall\n"
        "    ud2\n"

        /* long thread_make(flags, stack): the slot is where the stack is. */
        "thread_make:\n"
        "    mov $56, %eax\n"
        "    xor %edx, %edx\n"
        "    xor %r10d, %r10d\n"
        "    xor %r8d, %r8d\n"
        "    syscall\n"
        "    test %rax, %rax\n"
        "    je 1f\n"
        "    ret\n"
        "1:  xor %ebp, %ebp\n"
        "    call worker_main\n"
        "    ud2\n"

        /* void thread_leave(uint32_t *state): says so, and ends. */
        "thread_leave:\n"
        "    movl $2, (%rdi)\n"
        "    mov $60, %eax\n"
        "    xor %edi, %edi\n"
        "    syscall\n"
        "    ud2\n");
_Static_assert(SLOT_GONE == 2, "thread_leave() stores it");

/* system_call() with flags; and for clone and clone3, without a result. */
long system_call_with(long nr, const long *args, uint64_t flags);
void system_call_clone(long nr, const long *args);
extern const char system_call_clone_end[];
long thread_make(uint64_t flags, char *stack);
void thread_leave(volatile uint32_t *state);
void worker_main(void);

long call3(long nr, long a, long b, long c)
{
    const long args[ARGS_MAX] = { a, b, c, 0, 0, 0 };

    return system_call(nr, args);
}

static struct slot *slot_of(uint64_t sp)
{
    uint64_t base = (uint64_t)slot_memory;

    if (sp < base || sp >= base + sizeof(slot_memory))
        return NULL;
    return (struct slot *)(sp & ~(uint64_t)(SLOT_LEN - 1));
}

static struct slot *slot_here(void)
{
    return slot_of((uint64_t)__builtin_frame_address(0));
}

static void mask_set(uint64_t mask)
{
    const long args[ARGS_MAX] = { SIG_SETMASK, (long)&mask, 0, 8, 0, 0 };

    system_call(SYS_rt_sigprocmask, args);
}

/* Words of struct ucontext, as x86-64 Linux has it. */
enum frame_word {
    FRAME_FLAGS = 0,
    FRAME_STACK = 2,
    FRAME_REGS = 5,
    FRAME_RSP = FRAME_REGS + 15,
    FRAME_RIP,
    FRAME_EFLAGS,
    FRAME_SELECTORS,
    FRAME_FP = FRAME_REGS + 23,
};

/* Words of the saved vector state: control, mask, sizes, header. */
static void state_spoil(struct slot *slot, uint64_t *state)
{
    static const uint8_t words[] = { 0, 1, 3, 58, 59, 60, 64, 65, 66, 67 };

    if (state)
        state[words[random_below(slot, sizeof(words))]] = random_next(slot);
}

/* No AC: our own code need not be aligned. No TF where a trap would meet its
 * signal blocked, which is the end, as on Linux. */
static uint64_t spoilt_flags(struct slot *slot, uint64_t ip)
{
    uint64_t flags = random_next(slot) & ~(1ull << 18);

    if (ip >= (uint64_t)system_call_clone &&
        ip < (uint64_t)system_call_clone_end)
        flags &= ~(1ull << 8);
    return flags;
}

/* Give rt_sigreturn something to refuse, or to survive. The thread lands. */
static void frame_spoil(struct slot *slot, uint64_t *frame)
{
    static const uint64_t places[] = { 0x800000000000,     0xffff800000000000,
                                       0x4141414141414141, ~0ull,
                                       0xffffffff80000000, 0x7fffffffffff };
    static const uint64_t selectors[] = {
        0,
        0x2b00000000000033,
        0x33,
        0x0023,
        0x10,
        0x2b0000002b,
        0x18000000000008,
        0xffff,
        0x002b00000000ffff,
    };
    uint64_t place = places[random_below(slot, 6)];

    switch (random_below(slot, 8)) {
    case 0:
        frame[FRAME_RIP] = place;
        break;
    case 1:
        frame[FRAME_RSP] = place;
        break;
    case 2:
        frame[FRAME_EFLAGS] = spoilt_flags(slot, frame[FRAME_RIP]);
        break;
    case 3:
        frame[FRAME_SELECTORS] = selectors[random_below(slot, 9)];
        break;
    case 4:
        frame[FRAME_FP] = random_below(slot, 2) ? place : 0;
        break;
    case 5:
        frame[FRAME_FP] += random_below(slot, 64);
        break;
    case 6:
        frame[FRAME_FLAGS] = random_next(slot);
        break;
    default:
        state_spoil(slot, (uint64_t *)frame[FRAME_FP]);
        break;
    }
}

void handler(int signo, void *info, void *context)
{
    struct slot *slot = slot_here();

    (void)info;
    if (!slot)
        return;
    switch (signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        __builtin_longjmp(slot->landing, 1);
    default:
        if (random_below(slot, 4) == 0)
            frame_spoil(slot, context);
    }
}

/* With all signals blocked, no handler's frame is spoilt while another one's
 * handler runs: a fault there would be the end, as on Linux. */
void signals_init(void)
{
    uint64_t action[4] = { (uint64_t)handler, SA_SIGINFO | 0x04000000,
                           (uint64_t)handler_return, ~0ull };

    for (long signo = 1; signo <= 64; signo++) {
        const long args[ARGS_MAX] = { signo, (long)action, 0, 8, 0, 0 };

        action[1] &= ~(uint64_t)SA_ONSTACK;
        if (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL ||
            signo == SIGFPE || signo == SIGTRAP || signo == SIGSYS)
            action[1] |= SA_ONSTACK;
        system_call(SYS_rt_sigaction, args);
    }
}

static void leave(struct slot *slot)
{
    mask_set(~FAULTS);
    thread_leave(&slot->state);
}

static unsigned choose_any(struct slot *slot)
{
    unsigned i;

    do
        i = (unsigned)random_below(slot, calls_count);
    while ((calls[i].never && random_below(slot, 32)) ||
           (calls[i].rare && random_below(slot, 16)));
    return i;
}

/* A few calls for some time, so that they meet each other's results. */
static const struct call *choose(struct slot *slot)
{
    if (slot->done % 256 == 0) {
        for (unsigned i = 0; i < FOCUS_COUNT; i++)
            slot->focus[i] = (uint16_t)choose_any(slot);
    }
    if (random_below(slot, 8) == 0)
        return &calls[choose_any(slot)];
    return &calls[slot->focus[random_below(slot, FOCUS_COUNT)]];
}

/* The flags that only a hostile program has at a call: ID AC NT DF TF. */
static uint64_t odd_flags(struct slot *slot)
{
    if (random_below(slot, 16))
        return 2;
    return 2 | (random_next(slot) & 0x244500);
}

static void act(struct slot *slot, const struct call *call)
{
    long result;

    if (is_verbose)
        report_call(slot, call);
    switch (call->nr) {
    case SYS_exit:
        if (random_below(slot, 4) == 0)
            leave(slot);
        return;
    case SYS_clone:
    case SYS_clone3:
    case SYS_fork:
    case SYS_vfork:
        system_call_clone(call->nr, slot->args);
        return;
    default:
        result = system_call_with(call->nr, slot->args, odd_flags(slot));
        break;
    }
    if ((call->nr == SYS_mmap || call->nr == SYS_mremap ||
         call->nr == SYS_shmat) &&
        result > 0)
        mapped_add(slot, (uint64_t)result);
    if (call->makes && result >= 0)
        made_add(slot, call->makes, (int)result);
}

static void step(struct slot *slot)
{
    const struct call *call = choose(slot);

    slot->done++;
    slot->current = call->nr;
    args_make(slot, call);
    if (guard_allows(call, slot->args))
        act(slot, call);
}

static void stack_restore(struct slot *slot)
{
    const uint64_t stack[3] = { (uint64_t)slot->altstack, 0, ALTSTACK_LEN };

    call3(SYS_sigaltstack, (long)stack, 0, 0);
}

__attribute__((used, noinline)) void worker_main(void)
{
    struct slot *slot = slot_here();

    __builtin_setjmp(slot->landing);
    slot = slot_here();
    __asm__ volatile("pushq $2; popfq" ::: "cc", "memory");
    stack_restore(slot);
    mask_set(0);
    while (slot->done < calls_each)
        step(slot);
    leave(slot);
}

long worker_start(struct slot *slot)
{
    char *stack = (char *)slot + SLOT_LEN;
    long tid;

    slot->lives++;
    slot->random = seed * 0x10001 + (uint64_t)(stack - slot_memory[0]) +
                   ((uint64_t)slot->lives << 40);
    slot->state = SLOT_RUNS;
    tid = thread_make(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                          CLONE_THREAD | CLONE_SYSVSEM,
                      stack);
    if (tid < 0)
        slot->state = SLOT_FREE;
    else
        slot->tid = (int)tid;
    return tid < 0 ? tid : 0;
}
