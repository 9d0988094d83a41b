/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd.c - timers to wait on, timerfd_create(2).
 *
 * All run on the monotonic clock; an absolute time of CLOCK_REALTIME is
 * converted when it is set. So setting the clock later does not move it, and
 * TFD_TIMER_CANCEL_ON_SET is accepted and never cancels: in a guest only the
 * program itself can set the clock.
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

/* Count the periods that are over. */
static void catch_up(struct timerfd *t)
{
    uint64_t now, periods;

    if (t->next_ns == 0)
        return;
    now = clock_mono_ns();
    if (now < t->next_ns)
        return;
    if (t->interval_ns == 0) {
        t->ticks++;
        t->next_ns = 0;
        return;
    }
    periods = (now - t->next_ns) / t->interval_ns + 1;
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
        int err;

        catch_up(t);
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
    catch_up(t);
    return t->ticks > 0 ? EPOLLIN | EPOLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->private;

    timer_cancel(&t->timer);
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

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    catch_up(t);
    out->interval_ns = t->interval_ns;
    out->value_ns = t->next_ns ? t->next_ns - clock_mono_ns() : 0;
    return 0;
}

int timerfd_set(struct file *f, int flags, const struct timerfd_time *new_time,
                struct timerfd_time *old)
{
    struct timerfd *t = f->private;
    uint64_t now = clock_mono_ns();
    uint64_t value = new_time->value_ns;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    if (old && timerfd_get(f, old) != 0)
        return -EINVAL;
    timer_cancel(&t->timer);
    t->ticks = 0;
    t->next_ns = 0;
    t->interval_ns = new_time->interval_ns;
    if (value == 0)
        return 0;
    if ((flags & TFD_TIMER_ABSTIME) &&
        (t->clock == CLOCK_REALTIME || t->clock == CLOCK_REALTIME_ALARM)) {
        uint64_t real = clock_real_ns();

        value = value > real ? now + (value - real) : now;
    } else if (!(flags & TFD_TIMER_ABSTIME)) {
        value = value > UINT64_MAX - now ? UINT64_MAX - 1 : now + value;
    }
    t->next_ns = value ? value : 1;
    timer_arm(&t->timer, t->next_ns);
    return 0;
}
