/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.h - what interrupts a guest: timers, other CPUs, the host's signals.
 *
 * What:      signal handlers only note and kick: they set KVM's
 *            immediate_exit, so a signal just before the guest runs is not
 *            lost, and one during the run ends it. The run loop then passes
 *            on what was noted. Signals of the host are CPU 0's business: the
 *            other threads block them.
 * Ownership: static state; there is one guest.
 * Context:   each function for the thread of the CPU that it is given; only
 *            events_raise() reaches another CPU's.
 * Units:     time in guest TSC ticks.
 */
#ifndef MONITOR_EVENTS_H
#define MONITOR_EVENTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "monitor/vm.h"

struct fault;

/* Installs the handlers, and the calling thread as CPU 0's. */
MUST_CHECK int events_init(struct vm *vm, struct fault *fault);
/* The calling thread is this CPU's from now on: its timer. 0 or -errno */
MUST_CHECK int events_init_cpu(struct vcpu *cpu);
/* Block what only CPU 0 may get, in a thread that is about to begin. */
void events_block_signals(void);

/* HYPERCALL_TIMER */
void events_timer(struct vcpu *cpu, uint64_t tsc);
/* HYPERCALL_WAIT: result for the guest. */
int64_t events_wait(struct vcpu *cpu, uint64_t deadline_tsc, uint32_t mask);
/* Set an event in a CPU's page, and wake or interrupt it; from any thread. */
void events_raise(struct vcpu *to, uint32_t event);

/* Before each run: pass on what was noted, ask for the interrupt, and end
 * a guest that ignores being asked to stop. */
void events_deliver(struct vcpu *cpu);
/* Sleep until fd is ready for poll's `how`, or an event is pending (-EINTR).
 * With several CPUs the others may need what this one holds, so it does not
 * sleep at all: -EINTR when the descriptor is not ready now. */
MUST_CHECK int events_poll(int fd, short how);

/* ---- for control.c ---- */

#define EVENTS_CONTROL_SIGNAL (SIGRTMIN + 2)
/* The signal came since the last clear; CPU 0's. */
bool events_control_noted(void);
/* The host asks the program to end, and it has not been told; 0: it does not */
int events_stop_signal(void);
void events_control_clear(void);
/* Send it, from another CPU's thread. */
void events_control_note(const struct vcpu *first);
/* Make another CPU leave the guest. */
void events_interrupt(struct vcpu *cpu);

#endif
