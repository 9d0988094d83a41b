/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.h - what interrupts a guest: its timer, the host's signals.
 *
 * What:      signal handlers only note and kick: they set KVM's
 *            immediate_exit, so a signal just before the guest runs is not
 *            lost, and one during the run ends it. The run loop then passes
 *            on what was noted.
 * Ownership: static state; there is one guest.
 * Context:   events_kick() and the noting are async-signal-safe, the rest is
 *            for the run loop.
 * Units:     time in guest TSC ticks.
 */
#ifndef MONITOR_EVENTS_H
#define MONITOR_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vm.h"

struct fault;

/* Installs the handlers and the kick timer. */
MUST_CHECK int events_init(struct vm *vm, struct fault *fault);

/* HYPERCALL_TIMER */
void events_timer(uint64_t tsc);
/* HYPERCALL_WAIT: result for the guest. */
int64_t events_wait(struct vm *vm, uint64_t deadline_tsc, uint32_t mask);

/* True when something waits to be passed on: blocking calls give up. */
bool events_pending(void);
/* Before each run: pass on what was noted, ask for the interrupt, and end
 * a guest that ignores being asked to stop. */
void events_deliver(struct vm *vm);
/* Sleep until fd is ready for poll's `how`, or an event is pending (-EINTR).
 * limit_ns < 0: no limit. */
MUST_CHECK int events_poll(int fd, short how);

#endif
