/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trap.c - exceptions, page faults, and the work before a return.
 *
 * Exceptions of the program become signals. A page fault is resolved by the
 * address space; if the kernel itself touched the program's memory, by the
 * exception table. Anything else in the kernel is our bug: panic.
 */
#include <asm-generic/siginfo.h>
#include <asm/signal.h>

#include "abi/cpu_tables.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/trap.h"
#include "core/errno.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/printf.h"
#include "mm/fault.h"
#include "mm/space.h"
#include "mm/user.h"
#include "process/debug.h"
#include "process/signal.h"
#include "sched/process.h"

#define IST_STACK_LEN 1024 /* header.S tells it */
#define IST_COUNT     4

/* Page-fault error code, Intel SDM 3A, 4.7. */
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_FETCH   16u

#define FLAG_TF 0x100u

#define CHECK_OFFSET(type, member, value) \
    _Static_assert(offsetof(type, member) == (value), "assembly knows it")
CHECK_OFFSET(struct percpu, kstack_top, PERCPU_KSTACK_TOP);
CHECK_OFFSET(struct percpu, work, PERCPU_WORK);
CHECK_OFFSET(struct percpu, irq_noted, PERCPU_IRQ_NOTED);
CHECK_OFFSET(struct percpu, scratch, PERCPU_SCRATCH);
CHECK_OFFSET(struct percpu, stub_data, PERCPU_STUB_DATA);
CHECK_OFFSET(struct percpu, regs, PERCPU_REGS);
CHECK_OFFSET(struct percpu, thread, PERCPU_THREAD);
CHECK_OFFSET(struct percpu, number, PERCPU_NUMBER);
CHECK_OFFSET(struct percpu, asked, PERCPU_ASKED);
CHECK_OFFSET(struct percpu, reading, PERCPU_READING);
CHECK_OFFSET(struct percpu, runq, PERCPU_RUNQ);
_Static_assert(sizeof(struct percpu) == PERCPU_TABLE, "assembly knows it");
CHECK_OFFSET(struct debug_control, was_hit, 4);
CHECK_OFFSET(struct debug_control, kernel_step, 68);
_Static_assert(ARCH_KSTACK_LEN == 16384, "entry.S knows it");
_Static_assert(DEBUG_CPU_MAX == ARCH_CPU_MAX, "one limit");
CHECK_OFFSET(struct regs, r11, REGS_R11);
CHECK_OFFSET(struct regs, rdi, REGS_RDI);
CHECK_OFFSET(struct regs, orig_rax, REGS_ORIG);
CHECK_OFFSET(struct regs, rip, REGS_RIP);
CHECK_OFFSET(struct regs, rsp, REGS_RSP);
_Static_assert(sizeof(struct regs) == REGS_LEN, "assembly knows it");

__attribute__((section(".percpu"),
               aligned(64))) struct percpu percpu_boot = { .number = 1 };
__attribute__((section(".bss.boot"), aligned(16)))
uint8_t ist_stacks[IST_COUNT * IST_STACK_LEN];

STOP_CODE static bool in_kernel(const struct regs *regs)
{
    uint64_t base = (uint64_t)kernel_base;

    return (regs->cs & 3) == 0 ||
           (regs->rip >= base && regs->rip < (uint64_t)__text_end);
}

struct regs *arch_current_regs(void)
{
    return (struct regs *)percpu_mine()->regs;
}

void arch_regs_changed(void)
{
    percpu_work_set(WORK_FULL);
}

void trap_exit_work(struct regs *regs)
{
    bool was_taken = kernel_lock_enter();

    percpu_work_clear(WORK_TODO | WORK_RESCHED);
    if (arch_irq_pending())
        arch_irq_poll();
    thread_return_work(regs);
    kernel_lock_leave(was_taken);
}

void trap_lock_wait(void)
{
    spin_lock(&kernel_lock);
}

COLD void trap_syscall(struct regs *regs)
{
    bool was_taken = kernel_lock_enter();

    if (debug_is_attached() && (regs->rflags & FLAG_TF)) {
        regs->rflags &= ~(uint64_t)FLAG_TF;
        thread_kick(thread_current()); /* debug_return() goes on with it */
    }
    rewrite_site(regs);
    kernel_lock_leave(was_taken);
}

NORETURN static void kernel_exception(struct regs *regs, uint64_t vector,
                                      uint64_t error, uint64_t address)
{
    panic_regs(regs, address, error,
               "exception %lu in the kernel, error 0x%lx, address 0x%lx",
               vector, error, address);
}

/* What Linux sends for each vector; signo 0: none of a program's business. */
static const struct {
    uint8_t signo, code;
    bool has_address; /* si_addr = rip */
} exception_signals[32] = {
    [0] = { SIGFPE, FPE_INTDIV, true },
    [1] = { SIGTRAP, TRAP_TRACE, true },
    [3] = { SIGTRAP, 0x80 /* SI_KERNEL */, false },
    [4] = { SIGSEGV, 0x80, false },
    [5] = { SIGSEGV, 0x80, false },
    [6] = { SIGILL, ILL_ILLOPN, true },
    [7] = { SIGSEGV, 0x80, false },
    [10] = { SIGSEGV, 0x80, false },
    [11] = { SIGBUS, 0x80, false },
    [12] = { SIGBUS, 0x80, false },
    [13] = { SIGSEGV, 0x80, false },
    [16] = { SIGFPE, FPE_FLTINV, true },
    [17] = { SIGBUS, BUS_ADRALN, false },
    [19] = { SIGFPE, FPE_FLTINV, true },
};

#define FLAG_AC          0x40000u
#define VECTOR_ALIGNMENT 17u
#define VECTOR_STEP      1u
#define VECTOR_BREAK     3u
#define VECTOR_UNDEFINED 6u

static void program_exception(struct regs *regs, uint64_t vector,
                              uint64_t error)
{
    struct signal_info info = { .trapno = vector, .error = error };

    if ((vector == VECTOR_STEP && rewrite_undo_step(regs)) ||
        ((debug_is_attached() || thread_current()->debug_steps) &&
         debug_trap(regs, vector)) ||
        rewrite_undo_at(regs) ||
        (vector == VECTOR_UNDEFINED && rewrite_try_again(regs)))
        return;
    if (vector >= ARRAY_LEN(exception_signals) ||
        exception_signals[vector].signo == 0)
        kernel_exception(regs, vector, error, 0);
    info.signo = exception_signals[vector].signo;
    info.code = exception_signals[vector].code;
    if (exception_signals[vector].has_address)
        info.addr = arch_linux_rip(regs->rip);
    if (vector == 16 || vector == 19)
        info.code = arch_fp_fault_code(vector == 16);
    thread_current()->fault_addr = info.addr;
    signal_force(&info);
}

/* An exception of kernel code that it goes on after? */
STOP_CODE static bool is_foreseen(struct regs *regs, uint64_t vector)
{
    uint64_t fixup = 0;

    if ((vector == VECTOR_STEP || vector == VECTOR_BREAK) && debug_kernel_trap)
        return debug_kernel_trap(regs, vector);
    /* A flag of the program that a call brought along: not in here. The way
     * out restores it. */
    if (vector == VECTOR_ALIGNMENT) {
        regs->rflags &= ~(uint64_t)FLAG_AC;
        return true;
    }
    if (vector == VECTOR_UNDEFINED)
        fixup = extable_find(regs->rip);
    if (fixup)
        regs->rip = fixup;
    return fixup != 0;
}

STOP_CODE COLD int trap_exception(struct regs *regs, uint64_t vector,
                                  uint64_t error)
{
    bool was_taken;

    if (in_kernel(regs)) {
        if (is_foreseen(regs, vector))
            return 1;
        kernel_exception(regs, vector, error, 0);
    }
    was_taken = kernel_lock_enter();
    program_exception(regs, vector, error);
    kernel_lock_leave(was_taken);
    return 0;
}

static void send_fault(enum space_fault_result result, uint64_t address,
                       uint64_t error)
{
    struct signal_info info = {
        .signo = SIGSEGV, .addr = address, .trapno = 14, .error = error
    };

    switch (result) {
    case SPACE_FAULT_OK:
        return;
    case SPACE_FAULT_MAPERR:
        info.code = SEGV_MAPERR;
        break;
    case SPACE_FAULT_ACCERR:
        info.code = SEGV_ACCERR;
        break;
    case SPACE_FAULT_BUS:
        info.signo = SIGBUS;
        info.code = BUS_ADRERR;
        break;
    case SPACE_FAULT_OOM:
        fault_out_of_memory();
    }
    thread_current()->fault_addr = address;
    signal_force(&info);
}

static enum space_access access_of(uint64_t error)
{
    return error & PF_FETCH   ? SPACE_EXEC
           : error & PF_WRITE ? SPACE_WRITE
                              : SPACE_READ;
}

/* It is resolved. began: when the program was interrupted for it. */
static void count_fault(uint64_t began)
{
    /* Nothing is read from a disk. Other CPUs may count, too. */
    __atomic_fetch_add(&process_current()->minor_faults, 1, __ATOMIC_RELAXED);
    thread_current()->timed_cycles += arch_cycles() - began;
}

/* The program's own fault in its private memory: by far the most, and threads
 * on several CPUs do not wait for each other's system calls. */
static bool fault_alone(const struct regs *regs, uint64_t address,
                        uint64_t error)
{
    uint64_t began = arch_cycles();

    if (address >= ARCH_USER_MAX || in_kernel(regs) ||
        !space_fault_alone(process_current()->space, address, access_of(error)))
        return false;
    count_fault(began);
    return true;
}

static int page_fault(struct regs *regs, uint64_t address, uint64_t error)
{
    enum space_fault_result result = SPACE_FAULT_MAPERR;
    bool kernel = in_kernel(regs);
    uint64_t fixup, began = arch_cycles();

    if (kernel && (address >= ARCH_USER_MAX || !thread_current()))
        kernel_exception(regs, 14, error, address);
    if (LOCK_CHECKS)
        lock_check_below(LOCK_FUTEX);
    if (address < ARCH_USER_MAX)
        result =
            space_fault(process_current()->space, address, access_of(error));
    if (result == SPACE_FAULT_OK) {
        count_fault(kernel ? arch_cycles() : began); /* part of a call */
        return kernel;
    }
    if (kernel) {
        fixup = extable_find(regs->rip);
        if (!fixup)
            kernel_exception(regs, 14, error, address);
        if (result == SPACE_FAULT_OOM)
            fault_out_of_memory();
        regs->rip = fixup;
        return 1;
    }
    send_fault(result, address, error);
    return 0;
}

/* Code with locks that must not wait for memory: its copy fails at once. */
static bool refuse_fault(struct regs *regs)
{
    uint64_t fixup;

    if (!in_kernel(regs) || !thread_current() ||
        !thread_current()->must_not_fault)
        return false;
    fixup = extable_find(regs->rip);
    if (!fixup)
        return false;
    regs->rip = fixup;
    return true;
}

int trap_page_fault(struct regs *regs, uint64_t address, uint64_t error)
{
    bool was_taken;
    int to_kernel;

    if (UNLIKELY(refuse_fault(regs)))
        return 1;
    if (LIKELY(fault_alone(regs, address, error)))
        return 0;
    was_taken = kernel_lock_enter();
    to_kernel = page_fault(regs, address, error);
    kernel_lock_leave(was_taken);
    return to_kernel;
}
