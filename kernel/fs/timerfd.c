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
    struct spinlock lock; /* of all below; it may come on top of the kernel's */
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

static COLD void timer_expired(struct timer *timer)
{
    struct timerfd *t = CONTAINER_OF(timer, struct timerfd, timer);

    /* Further periods are counted when somebody looks, so that a timer that
     * nobody reads costs one interrupt. */
    spin_lock(&t->lock);
    waitq_wake_all(&t->expired);
    spin_unlock(&t->lock);
}

static COLD void clock_stepped(struct clock_watch *w, int64_t by_ns)
{
    struct timerfd *t = CONTAINER_OF(w, struct timerfd, watch);

    spin_lock(&t->lock);
    if (t->next_ns) {
        t->next_ns -= (uint64_t)by_ns;
        if ((int64_t)t->next_ns <= 0)
            t->next_ns = 1;
        timer_arm(&t->timer, t->next_ns);
    }
    t->is_cancelled = t->may_cancel;
    if (t->is_cancelled)
        waitq_wake_all(&t->expired);
    spin_unlock(&t->lock);
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
static COLD void catch_up(struct timerfd *t, uint64_t now_ns)
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

/* Wait for a period to be over. Result: how many are; -errno. */
static COLD int64_t await_ticks(struct timerfd *t, const struct file *f)
{
    int64_t ticks;

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
    ticks = (int64_t)t->ticks;
    t->ticks = 0;
    return ticks;
}

static COLD ssize_t timerfd_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct timerfd *t = f->private;
    int64_t ticks;

    (void)pos;
    if (io->left < sizeof(ticks))
        return -EINVAL;
    spin_lock(&t->lock);
    ticks = await_ticks(t, f);
    spin_unlock(&t->lock);
    if (ticks < 0)
        return ticks;
    if (io_put(io, &ticks, sizeof(ticks)) != sizeof(ticks))
        return -EFAULT;
    return sizeof(ticks);
}

static COLD unsigned timerfd_poll(struct file *f, struct poll_table *table)
{
    struct timerfd *t = f->private;
    unsigned events;
    bool was_taken;

    poll_wait(table, &t->expired);
    was_taken = spin_enter(&t->lock);
    catch_up(t, clock_mono_ns());
    events = t->ticks > 0 || t->is_cancelled ? EPOLLIN | EPOLLRDNORM : 0;
    spin_leave(&t->lock, was_taken);
    return events;
}

static COLD void timerfd_release(struct file *f)
{
    struct timerfd *t = f->private;
    bool was_taken = kernel_lock_enter_seldom(); /* the list of watches */

    timer_cancel(&t->timer);
    list_remove(&t->watch.link);
    kernel_lock_leave(was_taken);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .read = timerfd_read,
    .read_plain = file_read_free,
    .poll = timerfd_poll,
    .release = timerfd_release,
    .is_free = true,
    .kind = "anon_inode:[timerfd]",
};

COLD int timerfd_create(int clock, unsigned flags, struct file **out)
{
    struct timerfd *t = kzalloc(sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->clock = clock;
    timer_init(&t->timer, timer_expired);
    spin_init(&t->lock, LOCK_FILE);
    waitq_init_locked(&t->expired, &t->lock);
    list_init(&t->watch.link);
    t->watch.stepped = clock_stepped;
    *out = file_create(&timerfd_ops, O_RDWR | (flags & O_NONBLOCK), t);
    if (!*out) {
        kfree(t);
        return -ENOMEM;
    }
    return 0;
}

COLD int timerfd_get(struct file *f, struct timerfd_time *out)
{
    struct timerfd *t = f->private;
    uint64_t now_ns;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    spin_lock(&t->lock);
    now_ns = clock_mono_ns();
    catch_up(t, now_ns);
    out->interval_ns = t->interval_ns;
    out->value_ns = t->next_ns ? t->next_ns - now_ns : 0;
    spin_unlock(&t->lock);
    return 0;
}

/* An absolute time of the wall clock, which may be past: the first of its
 * periods that is not, and how many are over. */
static COLD void set_wall(struct timerfd *t, uint64_t value_ns, uint64_t now_ns)
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

static COLD void set_value(struct timerfd *t, int flags, uint64_t value_ns)
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

COLD int timerfd_set(struct file *f, int flags,
                     const struct timerfd_time *new_time,
                     struct timerfd_time *old)
{
    struct timerfd *t = f->private;
    int err;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    if (old && timerfd_get(f, old) != 0)
        return -EINVAL;
    timer_cancel(&t->timer); /* who looks just now may arm it once more */
    list_remove(&t->watch.link);
    spin_lock(&t->lock);
    t->may_cancel = false;
    t->ticks = 0;
    t->next_ns = 0;
    t->interval_ns = new_time->interval_ns;
    if (new_time->value_ns)
        set_value(t, flags, new_time->value_ns);
    if (t->ticks)
        waitq_wake_all(&t->expired);
    err = check_cancelled(t);
    spin_unlock(&t->lock);
    return err;
}
