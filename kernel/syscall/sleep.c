/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleep.c - nanosleep(2) and clock_nanosleep(2).
 *
 * A relative sleep is kept as its deadline: stopped and continued, it ends
 * when it would have, through restart_syscall(2). An absolute one is simply
 * called again.
 */
#include <linux/time.h>

#include "core/errno.h"
#include "mm/user.h"
#include "process/clocks.h"
#include "sched/process.h"
#include "syscall/syscall.h"
#include "time/timespec.h"

enum restart_arg { RESTART_CLOCK, RESTART_REM };

struct sleeper {
    struct clock_watch watch;
    struct thread *thread;
};

static void clock_stepped(struct clock_watch *w, int64_t by_ns)
{
    (void)by_ns;
    thread_wake(CONTAINER_OF(w, struct sleeper, watch)->thread);
}

/* Sleep until the clock reaches target. -ERESTARTSYS: a signal came first. */
static int sleep_until(int clock, uint64_t target_ns)
{
    struct sleeper s = { .watch.stepped = clock_stepped,
                         .thread = thread_current() };
    bool reached = false;
    uint64_t deadline;
    int err;

    list_init(&s.watch.link);
    if (clock_id_is_wall(clock))
        clock_watch_add(&s.watch);
    do {
        thread_wake_clear();
        err = clock_deadline(s.thread->process, clock, target_ns, &deadline,
                             &reached);
        if (err == 0 && !reached)
            err = thread_sleep(deadline);
        if (err == -ETIMEDOUT)
            err = 0; /* look at the clock */
    } while (err == 0 && !reached);
    list_remove(&s.watch.link);
    return err;
}

/* The call was interrupted: tell what is left, arrange for the rest. */
static long interrupted(int clock, uint64_t target_ns, uaddr_t rem,
                        long (*again)(struct syscall_restart *))
{
    struct syscall_restart *r = &thread_current()->restart;
    struct __kernel_timespec left;
    uint64_t now;

    if (clock_read(process_current(), clock, &now) != 0 || now >= target_ns)
        return 0;
    left = timespec_of_ns(target_ns - now);
    if (rem && copy_to_user(rem, &left, sizeof(left)) != 0)
        return -EFAULT;
    r->fn = again;
    r->deadline_ns = target_ns;
    r->arg[RESTART_CLOCK] = (uint64_t)clock;
    r->arg[RESTART_REM] = rem;
    return -ERESTART_RESTARTBLOCK;
}

static long sleep_again(struct syscall_restart *r)
{
    int clock = (int)r->arg[RESTART_CLOCK];
    uint64_t target_ns = r->deadline_ns;
    uaddr_t rem = r->arg[RESTART_REM];
    int err = sleep_until(clock, target_ns);

    if (err != -ERESTARTSYS)
        return err;
    return interrupted(clock, target_ns, rem, sleep_again);
}

static long sleep_for(int clock, uint64_t ns, uaddr_t rem)
{
    uint64_t now = 0, target_ns;
    int err = clock_read(process_current(), clock, &now);

    if (err)
        return err;
    target_ns = MIN(now + ns, TIMESPEC_NS_MAX);
    err = sleep_until(clock, target_ns);
    if (err != -ERESTARTSYS)
        return err;
    return interrupted(clock, target_ns, rem, sleep_again);
}

static int get_timespec(uaddr_t from, uint64_t *ns_out)
{
    struct __kernel_timespec ts;

    if (copy_from_user(&ts, from, sizeof(ts)) != 0)
        return -EFAULT;
    return timespec_to_ns(&ts, ns_out);
}

long sys_nanosleep(uaddr_t req, uaddr_t rem)
{
    uint64_t ns;
    int err = get_timespec(req, &ns);

    return err ? err : sleep_for(CLOCK_MONOTONIC, ns, rem);
}

long sys_clock_nanosleep(int clock, int flags, uaddr_t req, uaddr_t rem)
{
    uint64_t ns, now;
    int err = clock_read(process_current(), clock, &now);

    if (err)
        return err;
    if (!clock_id_is_sleepable(clock))
        return -EOPNOTSUPP;
    /* Asleep, a thread would wait for itself. */
    if (clock == CLOCK_THREAD_CPUTIME_ID)
        return -EOPNOTSUPP;
    if (clock_id_fixed(clock) == clock_id_fixed(CLOCK_THREAD_CPUTIME_ID))
        return -EINVAL;
    err = get_timespec(req, &ns);
    if (err)
        return err;
    if (flags & TIMER_ABSTIME) {
        err = sleep_until(clock, ns);
        return err == -ERESTARTSYS ? -ERESTARTNOHAND : err;
    }
    /* A relative sleep lasts as long however the wall clock is set. */
    if (!clock_id_is_cpu(clock))
        clock = CLOCK_MONOTONIC;
    return sleep_for(clock, ns, rem);
}
