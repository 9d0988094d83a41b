/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c - the dispatch arrays, made from what the link put in.
 *
 * Which handlers there are is the link's choice: calls.ld.in for the kernel
 * with all of them, the command for an image that names its own. Nothing here
 * refers to a handler, so that one which is left out leaves nothing behind.
 */
#include "abi/calls.h"
#include "core/errno.h"
#include "drivers/console.h"
#include "sched/thread.h"
#include "syscall/syscall.h"
#include "syscall/trace.h"

/* What the entry jumps to: the handler, or through the kernel lock to it.
 * Right behind struct percpu, so that a call needs no address of it. */
__attribute__((section(".bss.syscall_table"), used))
syscall_fn syscall_table[SYSCALL_MAX];
syscall_handler syscall_handlers[SYSCALL_MAX];

_Static_assert(SYSCALL_MAX == 464,
               "calls.ld.in, and percpu.h: PERCPU_TABLE_LEN");

SYSCALL_ABI static long no_such_call(long a, long b, long c, long d, long e,
                                     long f)
{
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -ENOSYS;
}

/* Told once for each call: a program may go on without it, and ask often. */
static long left_out_call(long a, long b, long c, long d, long e, long f)
{
    const struct regs *regs =
        (const struct regs *)thread_current()->arch.kstack_top - 1;
    uint64_t nr = regs->orig_rax;

    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    syscall_handlers[nr] = (syscall_handler)(uintptr_t)no_such_call;
    console_left_out((unsigned)nr);
    return -ENOSYS;
}

/* What the link says of a call, and the flags in it. */
static int32_t offset_of(unsigned nr, unsigned *flags_out)
{
    int32_t offset = &syscall_offsets[nr] < syscall_offsets_end
                         ? syscall_offsets[nr]
                         : CALL_LEFT_OUT;

    *flags_out = ((unsigned)offset + CALL_RANGE) & CALL_FLAGS;
    return offset - (int32_t)*flags_out;
}

/* What syscall_locked() calls. */
static syscall_handler handler_of(int32_t at, unsigned flags)
{
    const char *base = (const char *)syscall_offsets;

    if (at == CALL_LEFT_OUT)
        return left_out_call;
    if (flags == CALL_REGS)
        return syscall_regs;
    return (syscall_handler)(uintptr_t)(base + at);
}

/* What the entry calls, when handlers[nr] is filled in. */
static syscall_fn entry_of(unsigned nr, int32_t at, unsigned flags)
{
    if (at == CALL_NONE)
        return no_such_call;
    if (flags == CALL_UNLOCKED)
        return syscall_unlocked;
    if (flags == CALL_FREE)
        return SYSCALL_ENTRY(syscall_handlers[nr]);
    return syscall_locked;
}

/* A tool has asked for it before the start. The other CPUs' tables are copies
 * of this one. */
static void trace_selected(void)
{
    for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
        if (trace_control.selected[nr / 8] & 1u << nr % 8)
            syscall_table[nr] = syscall_traced;
}

void syscall_init(void)
{
    for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
        unsigned flags;
        int32_t at = offset_of(nr, &flags);

        syscall_handlers[nr] = handler_of(at, flags);
        syscall_table[nr] = entry_of(nr, at, flags);
    }
    if (UNLIKELY(trace_control.wanted != TRACE_OFF))
        trace_selected();
}

static void table_restore(syscall_fn *table)
{
    for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
        unsigned flags;
        int32_t at = offset_of(nr, &flags);

        table[nr] = entry_of(nr, at, flags);
    }
}

void syscall_untrace(void)
{
    for (unsigned i = 0; i < ARCH_CPU_MAX; i++)
        if (arch_call_table(i))
            table_restore(arch_call_table(i));
}
