/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c - setitimer(2), alarm(2), timer_create(2) and their kin.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/time.h>

#include "core/errno.h"
#include "mm/user.h"
#include "process/signal.h"
#include "process/timers.h"
#include "sched/process.h"
#include "syscall/syscall.h"
#include "time/timespec.h"

#define NS_PER_US 1000ull

/* ---- interval timers ---- */

/* What is left is never shown as 0 while the timer runs. */
static uint64_t at_least_us(uint64_t left_ns)
{
    return left_ns != 0 && left_ns < NS_PER_US ? NS_PER_US : left_ns;
}

static int itimer_find(int which, struct clock_timer **out)
{
    struct process_timers *all;

    if (which < 0 || which >= (int)ITIMER_COUNT)
        return -EINVAL;
    all = process_timers();
    if (!all)
        return -ENOMEM;
    *out = &all->itimers[which];
    return 0;
}

static struct __kernel_old_itimerval itimer_value(const struct clock_timer *t)
{
    struct __kernel_old_itimerval v = {
        .it_interval = timeval_of_ns(t->interval_ns),
        .it_value = timeval_of_ns(at_least_us(clock_timer_left(t))),
    };

    return v;
}

/* value_ns from now; 0 stops it. Those of CPU time keep the interval then. */
static void itimer_start(struct clock_timer *t, uint64_t value_ns,
                         uint64_t interval_ns)
{
    uint64_t now = 0;

    if (value_ns == 0 || clock_read(t->process, t->clock, &now) != 0)
        clock_timer_set(t, 0, t->clock == CLOCK_MONOTONIC ? 0 : interval_ns);
    else
        clock_timer_set(t, MIN(now + value_ns, CLOCK_TARGET_MAX), interval_ns);
}

long sys_getitimer(int which, uaddr_t value)
{
    struct __kernel_old_itimerval v;
    struct clock_timer *t;
    int err = itimer_find(which, &t);

    if (err)
        return err;
    v = itimer_value(t);
    return copy_to_user(value, &v, sizeof(v));
}

long sys_setitimer(int which, uaddr_t value, uaddr_t old)
{
    struct __kernel_old_itimerval v = { { 0, 0 }, { 0, 0 } }, was;
    uint64_t value_ns, interval_ns;
    struct clock_timer *t;
    int err;

    /* No value means stop, as in Linux, which calls that misuse. */
    if (value && copy_from_user(&v, value, sizeof(v)) != 0)
        return -EFAULT;
    if (timeval_to_ns(&v.it_value, &value_ns) != 0 ||
        timeval_to_ns(&v.it_interval, &interval_ns) != 0)
        return -EINVAL;
    err = itimer_find(which, &t);
    if (err)
        return err;
    was = itimer_value(t);
    itimer_start(t, value_ns, interval_ns);
    if (old && copy_to_user(old, &was, sizeof(was)) != 0)
        return -EFAULT;
    return 0;
}

long sys_alarm(unsigned seconds)
{
    struct __kernel_old_itimerval was;
    struct clock_timer *t;

    if (itimer_find(ITIMER_REAL, &t) != 0)
        return 0; /* alarm() has no errors */
    was = itimer_value(t);
    itimer_start(t, seconds * NS_PER_SEC, 0);
    if ((was.it_value.tv_sec == 0 && was.it_value.tv_usec != 0) ||
        was.it_value.tv_usec >= 500000)
        was.it_value.tv_sec++;
    return was.it_value.tv_sec;
}

/* ---- POSIX timers ---- */

/* The event of a timer, checked; from 0: SIGALRM with the timer's id. */
struct timer_event {
    int signo, tid;
    uint64_t value;
    bool is_default;
};

static int read_event(uaddr_t from, struct timer_event *out)
{
    struct sigevent event;

    *out = (struct timer_event){ .signo = SIGALRM, .is_default = from == 0 };
    if (from == 0)
        return 0;
    if (copy_from_user(&event, from, sizeof(event)) != 0)
        return -EFAULT;
    out->value = (uint64_t)event.sigev_value.sival_ptr;
    out->signo = event.sigev_signo;
    switch (event.sigev_notify) {
    case SIGEV_NONE:
        out->signo = 0;
        return 0;
    case SIGEV_THREAD_ID:
        out->tid = event._sigev_un._tid;
        if (out->tid <= 0 || !thread_find(out->tid))
            return -EINVAL;
        break;
    case SIGEV_SIGNAL:
    case SIGEV_THREAD:
        break;
    default:
        return -EINVAL;
    }
    if (out->signo < 1 || out->signo > (int)SIGNAL_COUNT)
        return -EINVAL;
    return 0;
}

long sys_timer_create(int clock, uaddr_t event_from, uaddr_t id_out)
{
    struct timer_event event;
    struct posix_timer *t;
    uint64_t now;
    int err = clock_read(process_current(), clock, &now);

    if (err)
        return err;
    if (!clock_id_is_sleepable(clock))
        return -EOPNOTSUPP;
    err = read_event(event_from, &event);
    if (err)
        return err;
    err = posix_timer_create(clock, &t);
    if (err)
        return err;
    t->signo = event.signo;
    t->tid = event.tid;
    t->value = event.is_default ? (uint64_t)t->id : event.value;
    err = user_put32(id_out, (uint32_t)t->id);
    if (err)
        posix_timer_delete(t);
    return err;
}

static struct __kernel_itimerspec timer_value(const struct posix_timer *t)
{
    struct __kernel_itimerspec v = {
        .it_interval = timespec_of_ns(t->timer.interval_ns),
        .it_value = timespec_of_ns(clock_timer_left(&t->timer)),
    };

    return v;
}

/* An absolute timer follows its clock; a relative one lasts as long however
 * the wall clock is set. */
static void timer_start(struct posix_timer *t, bool is_absolute,
                        uint64_t value_ns, uint64_t interval_ns)
{
    uint64_t now = 0;

    t->queued = false;
    t->overrun = t->last_overrun = 0;
    clock_timer_set(&t->timer, 0, 0);
    if (value_ns == 0)
        return;
    t->timer.clock =
        is_absolute || clock_id_is_cpu(t->clock) ? t->clock : CLOCK_MONOTONIC;
    if (!is_absolute && clock_read(t->timer.process, t->timer.clock, &now) != 0)
        return; /* the thread whose time it is has ended */
    clock_timer_set(&t->timer, MIN(now + value_ns, CLOCK_TARGET_MAX),
                    interval_ns);
}

long sys_timer_settime(int id, int flags, uaddr_t value, uaddr_t old)
{
    struct __kernel_itimerspec v, was;
    uint64_t value_ns, interval_ns;
    struct posix_timer *t;

    if (value == 0)
        return -EINVAL;
    if (copy_from_user(&v, value, sizeof(v)) != 0)
        return -EFAULT;
    if (timespec_to_ns(&v.it_value, &value_ns) != 0 ||
        timespec_to_ns(&v.it_interval, &interval_ns) != 0)
        return -EINVAL;
    t = posix_timer_find(id);
    if (!t)
        return -EINVAL;
    was = timer_value(t);
    timer_start(t, flags & TIMER_ABSTIME, value_ns, interval_ns);
    if (old && copy_to_user(old, &was, sizeof(was)) != 0)
        return -EFAULT;
    return 0;
}

long sys_timer_gettime(int id, uaddr_t value)
{
    struct posix_timer *t = posix_timer_find(id);
    struct __kernel_itimerspec v;

    if (!t)
        return -EINVAL;
    v = timer_value(t);
    return copy_to_user(value, &v, sizeof(v));
}

long sys_timer_getoverrun(int id)
{
    struct posix_timer *t = posix_timer_find(id);

    return t ? posix_timer_overrun(t) : -EINVAL;
}

long sys_timer_delete(int id)
{
    struct posix_timer *t = posix_timer_find(id);

    if (!t)
        return -EINVAL;
    posix_timer_delete(t);
    return 0;
}
