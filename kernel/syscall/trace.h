/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - system calls that a tool outside watches: abi/trace.h.
 *
 * What:      the tool puts syscall_traced() into the tables of calls; entry.S
 *            calls trace_begin() and trace_end() around the handler.
 * Context:   a system call, under the kernel lock; neither sleeps.
 */
#ifndef SYSCALL_TRACE_H
#define SYSCALL_TRACE_H

#include "abi/trace.h"
#include "syscall/syscall.h"

extern struct trace_control trace_control;

/* entry.S: as syscall_locked(), with the two calls below. */
SYSCALL_ABI long syscall_traced(long, long, long, long, long, long);
/* r10, r9, r8, rdx, rsi, rdi, as entry.S saves them. */
void trace_begin(const uint64_t saved_args[6]);
void trace_end(const uint64_t saved_args[6], long result);
/* Before the program: until a tool has said what it wants traced, or for some
 * seconds. */
void trace_wait(void);
/* table.c: the tables of all CPUs as they are without tracing. */
void syscall_untrace(void);

#endif
