/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clocks.c - clock ids and timers on them.
 *
 * One CPU runs all threads, so CPU time never advances faster than monotonic
 * time: a timer that is short by d ns need not look again before d ns passed.
 */
#include "process/clocks.h"

#include <linux/time.h>

#include "core/errno.h"
#include "sched/process.h"

/* Dynamic ids: ~pid << 3, a bit for threads, and which of three times. */
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_TYPE   3
#define CPU_CLOCK_VIRT   1 /* user time */
#define CPU_CLOCK_SCHED  2
#define CPU_CLOCK_FD     3 /* a device's clock: none */
#define CPU_RECHECK_NS   1000000ull

static struct thread *find_thread(struct process *p, int tid)
{
    LIST_FOR_EACH(it, &p->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if (t->tid == tid)
            return t;
    }
    return NULL;
}

static int cpu_clock_read(struct process *p, int id, uint64_t *now_out)
{
    int pid = ~(id >> 3);
    struct thread *t;

    if ((id & CPU_CLOCK_TYPE) == CPU_CLOCK_FD)
        return -EINVAL;
    if (!(id & CPU_CLOCK_THREAD)) {
        if (pid != 0 && pid != p->pid)
            return -EINVAL;
        *now_out = (id & CPU_CLOCK_TYPE) == CPU_CLOCK_VIRT
                       ? process_times(p).user_ns
                       : process_cpu_ns(p);
        return 0;
    }
    t = pid == 0 ? thread_current() : find_thread(p, pid);
    if (!t)
        return -EINVAL;
    *now_out = (id & CPU_CLOCK_TYPE) == CPU_CLOCK_VIRT ? thread_times(t).user_ns
                                                       : thread_cpu_ns(t);
    return 0;
}

int clock_read(struct process *p, int id, uint64_t *now_out)
{
    if (id < 0)
        return cpu_clock_read(p, id, now_out);
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *now_out = clock_real_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *now_out = clock_mono_ns();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *now_out = process_cpu_ns(p);
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        *now_out = thread_cpu_ns(thread_current());
        return 0;
    default:
        return -EINVAL;
    }
}

int clock_id_fixed(int id)
{
    bool is_own = id < 0 && (id & CPU_CLOCK_THREAD) && ~(id >> 3) == 0;

    if (id != CLOCK_THREAD_CPUTIME_ID && !is_own)
        return id;
    return (int)(~(unsigned)thread_current()->tid << 3) | CPU_CLOCK_THREAD |
           CPU_CLOCK_SCHED;
}

bool clock_id_is_cpu(int id)
{
    return id < 0 || id == CLOCK_PROCESS_CPUTIME_ID ||
           id == CLOCK_THREAD_CPUTIME_ID;
}

bool clock_id_is_wall(int id)
{
    return id == CLOCK_REALTIME || id == CLOCK_TAI ||
           id == CLOCK_REALTIME_ALARM;
}

bool clock_id_is_sleepable(int id)
{
    return id != CLOCK_MONOTONIC_RAW && id != CLOCK_MONOTONIC_COARSE &&
           id != CLOCK_REALTIME_COARSE;
}

int clock_deadline(struct process *p, int id, uint64_t target_ns,
                   uint64_t *mono_out, bool *reached_out)
{
    uint64_t now, left;
    int err;

    /* The common case: monotonic time is its own deadline. */
    if (id == CLOCK_MONOTONIC || id == CLOCK_BOOTTIME) {
        *mono_out = target_ns;
        *reached_out = clock_mono_ns() >= target_ns;
        return 0;
    }
    err = clock_read(p, id, &now);
    if (err)
        return err;
    *reached_out = now >= target_ns;
    left = *reached_out ? 0 : target_ns - now;
    /* A process that sleeps gains nothing by looking each microsecond. */
    if (clock_id_is_cpu(id))
        left = MAX(left, CPU_RECHECK_NS);
    *mono_out = MIN(clock_mono_ns() + left, CLOCK_TARGET_MAX);
    return 0;
}

/* ---- timers ---- */

static void look(struct clock_timer *t)
{
    uint64_t deadline, now, overrun = 0;
    bool reached;

    if (clock_deadline(t->process, t->clock, t->target_ns, &deadline,
                       &reached) != 0) {
        t->target_ns = 0; /* its thread has ended */
        return;
    }
    if (!reached) {
        timer_arm(&t->timer, deadline);
        return;
    }
    if (t->interval_ns == 0) {
        t->target_ns = 0;
    } else {
        if (clock_read(t->process, t->clock, &now) == 0 && now > t->target_ns)
            overrun = (now - t->target_ns) / t->interval_ns;
        t->target_ns += (overrun + 1) * t->interval_ns;
        if (clock_deadline(t->process, t->clock, t->target_ns, &deadline,
                           &reached) == 0)
            timer_arm(&t->timer, deadline);
    }
    t->expired(t, overrun);
}

static void timer_expired(struct timer *timer)
{
    look(CONTAINER_OF(timer, struct clock_timer, timer));
}

static void clock_stepped(struct clock_watch *w, int64_t by_ns)
{
    struct clock_timer *t = CONTAINER_OF(w, struct clock_timer, watch);

    (void)by_ns;
    if (t->target_ns != 0)
        look(t);
}

void clock_timer_init(struct clock_timer *t, struct process *p, int clock,
                      void (*expired)(struct clock_timer *t, uint64_t overrun))
{
    timer_init(&t->timer, timer_expired);
    list_init(&t->watch.link);
    t->watch.stepped = clock_stepped;
    t->process = p;
    t->clock = clock;
    t->target_ns = 0;
    t->interval_ns = 0;
    t->expired = expired;
}

void clock_timer_set(struct clock_timer *t, uint64_t target_ns,
                     uint64_t interval_ns)
{
    timer_cancel(&t->timer);
    list_remove(&t->watch.link);
    t->target_ns = target_ns;
    t->interval_ns = interval_ns;
    if (target_ns == 0)
        return;
    if (clock_id_is_wall(t->clock))
        clock_watch_add(&t->watch);
    look(t);
}

uint64_t clock_timer_left(const struct clock_timer *t)
{
    uint64_t now;

    if (t->target_ns == 0 || clock_read(t->process, t->clock, &now) != 0)
        return 0;
    return now < t->target_ns ? t->target_ns - now : 1;
}
