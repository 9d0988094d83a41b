/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clocks.h - Linux's clock ids, and timers on them.
 *
 * What:      a clockid_t names wall time, monotonic time or the CPU time of a
 *            process or thread. A clock_timer expires when such a clock has
 *            reached its target: wall and CPU clocks do not run with monotonic
 *            time, so it looks again as often as that needs.
 * Ownership: as for struct timer: whoever embeds it cancels it.
 * Context:   expired() as for struct timer.
 * Errors:    -EINVAL no such clock.
 * Units:     ns.
 */
#ifndef PROCESS_CLOCKS_H
#define PROCESS_CLOCKS_H

#include "time/clock.h"

struct process;

#define CLOCK_TARGET_MAX ((uint64_t)INT64_MAX) /* never, as Linux's KTIME_MAX */

/* What p sees as clock `id` now. */
MUST_CHECK int clock_read(struct process *p, int id, uint64_t *now_out);
/* The same clock under an id that means it for every thread: "this thread's
 * CPU time" becomes the caller's. */
int clock_id_fixed(int id);
bool clock_id_is_cpu(int id);
bool clock_id_is_wall(int id); /* may be set */
/* May be slept on and have timers (coarse and raw ones may not). */
bool clock_id_is_sleepable(int id);
/* Monotonic time at which the clock cannot be short of target by more than it
 * would take to find out again; *reached_out: it is there already. */
MUST_CHECK int clock_deadline(struct process *p, int id, uint64_t target_ns,
                              uint64_t *mono_out, bool *reached_out);

#define CLOCK_PROCESS_USER ((int)(~0u << 3 | 1)) /* ITIMER_VIRTUAL's */

struct clock_timer {
    struct timer timer;
    struct process *process;
    int clock;
    struct clock_watch watch;
    uint64_t target_ns;   /* on that clock; 0: disarmed */
    uint64_t interval_ns; /* 0: once */
    /* overrun: intervals that have passed beyond this one. */
    void (*expired)(struct clock_timer *t, uint64_t overrun);
};

void clock_timer_init(struct clock_timer *t, struct process *p, int clock,
                      void (*expired)(struct clock_timer *t, uint64_t overrun));
/* Arm for an absolute target; 0 disarms. */
void clock_timer_set(struct clock_timer *t, uint64_t target_ns,
                     uint64_t interval_ns);
/* ns left, at least 1 while armed; 0: disarmed. */
uint64_t clock_timer_left(const struct clock_timer *t);

#endif
