/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - what time it is, and timers.
 *
 * What:      CLOCK_MONOTONIC and CLOCK_REALTIME from the TSC. The rate comes
 *            from bootinfo or config; where neither knows it, it is measured
 *            against the PIT on first use, not at boot.
 * Ownership: a timer belongs to the object that embeds it, which cancels it
 *            before it dies; after that its function runs nowhere.
 * Context:   anywhere. Timer functions run with the kernel entered, never in
 *            the middle of other kernel code; they must not sleep, and may
 *            arm or cancel any timer, their own too.
 * Errors:    none.
 * Units:     ns; monotonic time is CLOCK_START_NS when the kernel starts.
 */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include "core/list.h"

struct bootinfo;

/* No program starts in a Linux machine's first seconds, and some take a time
 * near 0 for "never": libevent's cached time is in 1970 for the first five. */
#define CLOCK_START_NS (10 * NS_PER_SEC)

void clock_init(const struct bootinfo *boot, uint64_t config_tsc_khz,
                uint64_t config_wall_ns);
uint64_t clock_mono_ns(void);
/* False while nobody has asked for the time and its rate must be measured. */
bool clock_is_running(void);
uint64_t clock_real_ns(void); /* with the kernel lock */
/* The same but for what a host has not been asked about: as good as it was when
 * somebody last did, and far in the past before anybody did. */
uint64_t clock_real_about_ns(void);
/* The host's clocks at one moment; set where a host tells them. The wall clock
 * follows it from then on: by steps beyond 1 ms, below that by running up to
 * 500 ppm faster or slower. */
struct clock_reading {
    uint64_t tsc, real_ns;
};
extern bool (*clock_host_hook)(struct clock_reading *out);
void clock_host_stepped(void); /* its wall clock was set, or it had slept */
void clock_set_real_ns(uint64_t now_ns);
/* Told when the wall clock is stepped: what waits for a time on it must look
 * again. Queued until list_remove(&w->link). */
struct clock_watch {
    struct list link;
    void (*stepped)(struct clock_watch *w, int64_t by_ns);
};
void clock_watch_add(struct clock_watch *w);
/* The first TSC value at which clock_mono_ns() gives at least mono_ns. */
uint64_t clock_tsc_of_mono(uint64_t mono_ns);
/* A span of TSC ticks in ns: for accounting that counts in ticks, so that a
 * program that never asks for the time never pays for measuring the rate. */
uint64_t clock_ns_of_cycles(uint64_t cycles);
/* Let the vDSO answer from now on; called by each time call that came here. */
void clock_publish(void);
/* Where a byte of the kernel's own image lies in guest memory. */
paddr_t clock_image_pa(const void *p);

/* Armed timers form a pairing heap by deadline: arming is O(1), expiry and
 * cancelling O(log n) amortised, and no memory is needed beyond this. */
struct timer {
    struct timer *child, *next;
    struct timer **link;       /* what points here; NULL when not armed */
    struct timer_queue *queue; /* of the CPU that armed it; atomic */
    uint64_t deadline_ns;
    void (*expired)(struct timer *t); /* the timer is no longer armed */
};
void timer_init(struct timer *t, void (*expired)(struct timer *t));
void timer_arm(struct timer *t, uint64_t deadline_ns); /* moves if armed */
void timer_cancel(struct timer *t);
static inline bool timer_is_armed(const struct timer *t)
{
    return __atomic_load_n(&t->queue, __ATOMIC_ACQUIRE) != NULL;
}
#define TIMER_REST_NS 50000u /* from one interrupt to the next, at least */
void timers_run(void);       /* by arch_irq_poll() */
/* Before it: the hardware's timer has fired, early perhaps, and must be told
 * anew. */
void timers_fired(void);

#endif
