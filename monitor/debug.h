/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug.h - the monitor's part in debugging the program: abi/debug.h.
 *
 * What:      a guest's kernel says that a thread has stopped; no CPU runs then
 *            until the debugger's connection (control.c) says so. One thread's
 *            stop is at hand at a time; other CPUs that come with theirs are
 *            sent back when the guest goes on.
 * Ownership: static state; there is one guest.
 * Context:   debug_call() on any CPU's thread, the rest on CPU 0's.
 */
#ifndef MONITOR_DEBUG_H
#define MONITOR_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vm.h"

struct control_event;

/* is_waited: the program does not begin before a debugger was there. */
void debug_init(struct vm *vm, bool is_waited);
/* HYPERCALL_DEBUG */
int64_t debug_call(struct vcpu *cpu, uint64_t reason, uint64_t thread);

/* A debugger connects: [gpa, gpa + len) becomes zeros when it is gone.
 *   -EBUSY   there is one
 *   -EFAULT  that is not memory that the guest may write */
MUST_CHECK int debug_attach(gpa_t gpa, uint64_t len);
void debug_detach(void);
struct control_watch;
int debug_watch(const struct control_watch *w);
/* A stop that the debugger has not been told of. */
bool debug_take_event(struct control_event *out);
/* The program waits for a debugger, and there is none. */
bool debug_is_waited_for(void);
/* The guest goes on: who waits in debug_call() comes back. */
void debug_go(void);
/* HYPERCALL_EVENT_DEBUG for every CPU, before it runs any of the program. */
void debug_tell(void);

#endif
