/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hypercall.h - asking Samara's monitor (abi/hypercall.h) for something.
 *
 * What:      fills the shared page, does the one port write, gives the result.
 * Ownership: arguments are lent for the duration of the call.
 * Context:   anywhere; each CPU has a page of its own, so nothing may sleep
 *            between hypercall_set_iov() and its call. Never sleeps itself
 *            (hypercall_wait() lets the host's thread sleep). On other
 *            platforms only hypercall_present() may be used.
 * Errors:    the monitor's -errno.
 * Units:     deadlines in TSC ticks.
 */
#ifndef DRIVERS_HYPERCALL_H
#define DRIVERS_HYPERCALL_H

#include "abi/hypercall.h"
#include "core/types.h"

struct bootinfo;

/* Remember the shared page; nothing is touched yet. */
void hypercall_init(const struct bootinfo *boot);
/* The page of CPU `index` (from 0), before it begins. */
void hypercall_init_cpu(unsigned index, struct hypercall_page *page);
/* True on Samara's monitor. */
bool hypercall_present(void);
/* Guest-physical address of a kernel object: heap, stack or static data. */
uint64_t hypercall_gpa(const void *ptr);
/* iov[idx] of the next call. */
void hypercall_set_iov(unsigned idx, uint64_t gpa, uint64_t len);
int64_t hypercall_call(uint32_t nr, uint64_t arg0, uint64_t arg1,
                       uint64_t arg2);

/* The same at any point of the kernel, another such call included. */
int64_t hypercall_nested(uint32_t nr, uint64_t arg0, uint64_t arg1);

/* arch_timer_arm() on the monitor. Leaves out the exit when the monitor's
 * timer is already set to fire no later: one early interrupt is harmless. */
void hypercall_timer(uint64_t tsc);
/* arch_idle() on the monitor: sleep until there is an event, and note it for
 * hypercall_events(). */
void hypercall_wait(void);
/* True when events wait for hypercall_events(): arch_irq_pending(). */
bool hypercall_pending(void);
/* The monitor's network device, or NULL; and what is called, if anything, when
 * there was HYPERCALL_EVENT_NET. */
struct monitor_net;
struct monitor_net *hypercall_net(void);
extern void (*hypercall_net_hook)(void);
/* The same for HYPERCALL_EVENT_DEBUG. */
extern void (*hypercall_debug_hook)(void);
/* Take the noted events: wakes console readers and writers and passes signals
 * on. Called by arch_irq_poll(), which runs expired timers itself. Allows the
 * monitor to inject the next interrupt. Result: the events taken. */
uint32_t hypercall_events(void);
/* After all that: threads may have been woken, which keep a CPU from sleeping
 * and so from watching the host's descriptors. */
void hypercall_polled(void);

#endif
