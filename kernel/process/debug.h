/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug.h - the kernel's part in debugging the program: abi/debug.h.
 *
 * What:      breakpoints and steps become stops, threads other than the one
 *            that a debugger steps wait, and memory is read and written as the
 *            program's faults would. All of it is a part of the kernel that an
 *            image may do without: reach these functions weakly.
 * Context:   under the kernel lock. All but debug_control.is_attached is
 *            looked at only while that is set.
 */
#ifndef PROCESS_DEBUG_H
#define PROCESS_DEBUG_H

#include "sched/thread.h"

struct regs;
struct signal_info;

static inline bool debug_is_attached(void)
{
    return UNLIKELY(
        __atomic_load_n(&debug_control.is_attached, __ATOMIC_RELAXED) != 0);
}

/* The current thread is on its way to the program: before signals are looked
 * at, and after. It comes back when it may go there. */
void debug_begin(struct regs *regs);
void debug_return(struct regs *regs);
/* A breakpoint or debug exception of the program. False: not the debugger's. */
bool debug_trap(struct regs *regs, uint64_t vector);
/* The same in the kernel. False: it is nobody's. */
bool debug_kernel_trap(struct regs *regs, uint64_t vector);
/* The signal is about to be delivered. False: it is not to be; else it may
 * have become another one. */
bool debug_signal(struct regs *regs, struct signal_info *info);
/* The current thread stops before it enters the program. */
void debug_wait(void);
/* HYPERCALL_EVENT_DEBUG: something has changed, or the debugger is gone. */
void debug_event(void);

#pragma weak debug_begin
#pragma weak debug_return
#pragma weak debug_trap
#pragma weak debug_kernel_trap
#pragma weak debug_signal
#pragma weak debug_wait
#pragma weak debug_event

#endif
