/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - what time it is, and timers.
 *
 * What:      CLOCK_MONOTONIC and CLOCK_REALTIME from the TSC. The rate comes
 *            from bootinfo or config; where neither knows it, it is measured
 *            against the PIT on first use, not at boot.
 * Context:   anywhere. Timer functions run with the kernel entered, never in
 *            the middle of other kernel code; they must not sleep.
 * Units:     ns; monotonic time starts near 0 at boot.
 */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include "core/list.h"

struct bootinfo;

void clock_init(const struct bootinfo *boot, uint64_t config_tsc_khz,
                uint64_t config_wall_ns);
uint64_t clock_mono_ns(void);
uint64_t clock_real_ns(void);
void clock_set_real_ns(uint64_t now_ns);
uint64_t clock_tsc_of_mono(uint64_t mono_ns);

struct timer {
    struct list link; /* empty when not armed */
    uint64_t deadline_ns;
    void (*expired)(struct timer *t);
};
void timer_init(struct timer *t, void (*expired)(struct timer *t));
void timer_arm(struct timer *t, uint64_t deadline_ns); /* moves if armed */
void timer_cancel(struct timer *t);
void timers_run(void); /* by arch_irq_poll() */

#endif
