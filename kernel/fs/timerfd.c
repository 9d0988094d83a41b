/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd.c - timers to wait on, timerfd_create(2).
 *
 * All run on the monotonic clock; an absolute time of CLOCK_REALTIME is
 * converted when it is set, and moved when the wall clock is stepped.
 */
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "core/errno.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "sched/wait.h"
#include "time/clock.h"

struct timerfd {
    struct timer timer;
    struct waitq expired;
    struct clock_watch watch; /* while an absolute wall-clock time is set */
    bool may_cancel;          /* TFD_TIMER_CANCEL_ON_SET */
    bool is_cancelled;        /* and the clock was: nobody was told yet */
    int clock;
    uint64_t interval_ns;
    uint64_t next_ns; /* deadline; 0: disarmed */
    uint64_t ticks;   /* expirations that nobody has read */
};

static void timer_expired(struct timer *timer)
{
    struct timerfd *t = CONTAINER_OF(timer, struct timerfd, timer);

    /* Further periods are counted when somebody looks, so that a timer that
     * nobody reads costs one interrupt. */
    waitq_wake_all(&t->expired);
}

static void clock_stepped(struct clock_watch *w, int64_t by_ns)
{
    struct timerfd *t = CONTAINER_OF(w, struct timerfd, watch);

    if (t->next_ns) {
        t->next_ns -= (uint64_t)by_ns;
        if ((int64_t)t->next_ns <= 0)
            t->next_ns = 1;
        timer_arm(&t->timer, t->next_ns);
    }
    t->is_cancelled = t->may_cancel;
    if (t->is_cancelled)
        waitq_wake_all(&t->expired);
}

/* -ECANCELED, once, when the clock was set. */
static int check_cancelled(struct timerfd *t)
{
    if (!t->is_cancelled)
        return 0;
    t->is_cancelled = false;
    t->ticks = 0;
    return -ECANCELED;
}

/* Count the periods that are over at now_ns. */
static void catch_up(struct timerfd *t, uint64_t now_ns)
{
    uint64_t periods;

    if (t->next_ns == 0 || now_ns < t->next_ns)
        return;
    if (t->interval_ns == 0) {
        t->ticks++;
        t->next_ns = 0;
        return;
    }
    periods = (now_ns - t->next_ns) / t->interval_ns + 1;
    t->ticks += periods;
    t->next_ns += periods * t->interval_ns;
    timer_arm(&t->timer, t->next_ns);
}

static ssize_t timerfd_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct timerfd *t = f->private;
    uint64_t ticks;

    (void)pos;
    if (io->left < sizeof(ticks))
        return -EINVAL;
    for (;;) {
        int err = check_cancelled(t);

        if (err)
            return err;
        catch_up(t, clock_mono_ns());
        if (t->ticks > 0)
            break;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        err = waitq_sleep(&t->expired, WAIT_FOREVER);
        if (err)
            return err;
    }
    ticks = t->ticks;
    t->ticks = 0;
    if (io_put(io, &ticks, sizeof(ticks)) != sizeof(ticks))
        return -EFAULT;
    return sizeof(ticks);
}

static unsigned timerfd_poll(struct file *f, struct poll_table *table)
{
    struct timerfd *t = f->private;

    poll_wait(table, &t->expired);
    catch_up(t, clock_mono_ns());
    return t->ticks > 0 || t->is_cancelled ? EPOLLIN | EPOLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->private;

    timer_cancel(&t->timer);
    list_remove(&t->watch.link);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .read = timerfd_read,
    .poll = timerfd_poll,
    .release = timerfd_release,
    .kind = "anon_inode:[timerfd]",
};

int timerfd_create(int clock, unsigned flags, struct file **out)
{
    struct timerfd *t = kzalloc(sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->clock = clock;
    timer_init(&t->timer, timer_expired);
    waitq_init(&t->expired);
    list_init(&t->watch.link);
    t->watch.stepped = clock_stepped;
    *out = file_create(&timerfd_ops, O_RDWR | (flags & O_NONBLOCK), t);
    if (!*out) {
        kfree(t);
        return -ENOMEM;
    }
    return 0;
}

int timerfd_get(struct file *f, struct timerfd_time *out)
{
    struct timerfd *t = f->private;
    uint64_t now_ns;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    now_ns = clock_mono_ns();
    catch_up(t, now_ns);
    out->interval_ns = t->interval_ns;
    out->value_ns = t->next_ns ? t->next_ns - now_ns : 0;
    return 0;
}

/* An absolute time of the wall clock, which may be past: the first of its
 * periods that is not, and how many are over. */
static void set_wall(struct timerfd *t, uint64_t value_ns, uint64_t now_ns)
{
    uint64_t real_ns = clock_real_ns(), late_ns;

    clock_watch_add(&t->watch);
    if (value_ns > real_ns) {
        t->next_ns = now_ns + (value_ns - real_ns);
        return;
    }
    late_ns = real_ns - value_ns;
    t->ticks = 1;
    if (t->interval_ns == 0)
        return;
    t->ticks += late_ns / t->interval_ns;
    t->next_ns = now_ns + t->interval_ns - late_ns % t->interval_ns;
}

static void set_value(struct timerfd *t, int flags, uint64_t value_ns)
{
    uint64_t now_ns = clock_mono_ns();
    bool is_absolute = (flags & TFD_TIMER_ABSTIME) != 0;
    bool is_wall =
        t->clock == CLOCK_REALTIME || t->clock == CLOCK_REALTIME_ALARM;

    if (is_absolute && is_wall) {
        t->may_cancel = (flags & TFD_TIMER_CANCEL_ON_SET) != 0;
        set_wall(t, value_ns, now_ns);
    } else if (is_absolute) {
        t->next_ns = value_ns;
    } else {
        t->next_ns = MIN(value_ns, UINT64_MAX - 1 - now_ns) + now_ns;
    }
    if (t->next_ns)
        timer_arm(&t->timer, t->next_ns);
}

int timerfd_set(struct file *f, int flags, const struct timerfd_time *new_time,
                struct timerfd_time *old)
{
    struct timerfd *t = f->private;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    if (old && timerfd_get(f, old) != 0)
        return -EINVAL;
    timer_cancel(&t->timer);
    list_remove(&t->watch.link);
    t->may_cancel = false;
    t->ticks = 0;
    t->next_ns = 0;
    t->interval_ns = new_time->interval_ns;
    if (new_time->value_ns)
        set_value(t, flags, new_time->value_ns);
    if (t->ticks)
        waitq_wake_all(&t->expired);
    return check_cancelled(t);
}
