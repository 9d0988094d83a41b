/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll_watch.c - which watches there are: epoll_ctl(), and the ends of files.
 *
 * All of it under epoll_watch_lock, and what is one instance's under its lock
 * too: epoll.c tells of these.
 */
#include "fs/epoll_watch.h"

#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"

/* ---- finding watches ---- */

static struct list *bucket_of(const struct epoll *ep, int fd)
{
    return &ep->buckets[(unsigned)fd & (ep->bucket_count - 1)];
}

static struct epoll_watch *watch_find(const struct epoll *ep,
                                      const struct file *file, int fd)
{
    LIST_FOR_EACH(it, bucket_of(ep, fd))
    {
        struct epoll_watch *w = LIST_ENTRY(it, struct epoll_watch, bucket_link);

        if (w->fd == fd && w->file == file)
            return w;
    }
    return NULL;
}

/* Without the memory longer chains will do. */
static COLD void buckets_grow(struct epoll *ep)
{
    struct list *old = ep->buckets, *buckets;
    unsigned old_count = ep->bucket_count;

    if (ep->watch_count < 2 * old_count)
        return;
    buckets = kmalloc(4 * old_count * sizeof(*buckets));
    if (!buckets)
        return;
    ep->buckets = buckets;
    ep->bucket_count = 4 * old_count;
    for (unsigned i = 0; i < ep->bucket_count; i++)
        list_init(&buckets[i]);
    for (unsigned i = 0; i < old_count; i++) {
        LIST_FOR_EACH(it, &old[i])
        {
            struct epoll_watch *w =
                LIST_ENTRY(it, struct epoll_watch, bucket_link);

            list_remove(it);
            list_push_back(bucket_of(ep, w->fd), it);
        }
    }
    if (old != ep->first_buckets)
        kfree(old);
}

/* ---- locking an instance ---- */

static COLD void asking_by_all(struct epoll *ep)
{
    spin_lock(&ep->lock);
    ep->asking = &epoll_watch_lock;
    spin_unlock(&ep->lock);
}

static COLD void asking_join(struct epoll *ep)
{
    if (ep->asking != &epoll_watch_lock)
        spin_lock(&ep->lock);
}

static COLD void asking_part(struct epoll *ep)
{
    if (ep->asking != &epoll_watch_lock)
        spin_unlock(&ep->lock);
}

/* ---- watches ---- */

/* The watch asks for `events` from now on: is there something already? What
 * comes after they are stored is noted. */
static void watch_ask(struct epoll_watch *w, struct poll_table *table,
                      const struct epoll_event *event)
{
    epoll_ready_enter();
    w->events = event->events | EPOLL_ALWAYS_REPORTED;
    w->data = event->data;
    epoll_ready_leave();
    if (!(file_poll(w->file, table) & w->events & ~EPOLL_FLAGS))
        return;
    epoll_ready_enter();
    epoll_watch_make_ready(w);
    epoll_ready_leave();
}

struct watch_table {
    struct poll_table table; /* first */
    struct epoll_watch *watch;
};

static void watch_queue(struct poll_table *table, struct waitq *q)
{
    struct epoll_watch *w = ((struct watch_table *)(void *)table)->watch;
    struct watch_waiter *ww = &w->waiters[w->waiter_count];

    ASSERT_OP(w->waiter_count, <, QUEUES_MAX);
    w->waiter_count++;
    waiter_init(&ww->waiter);
    ww->waiter.notify = epoll_watch_notify;
    ww->watch = w;
    ww->events = table->events;
    waiter_add(q, &ww->waiter);
}

COLD void epoll_watch_free(struct epoll_watch *w)
{
    for (unsigned i = 0; i < w->waiter_count; i++)
        waiter_remove(&w->waiters[i].waiter);
    list_remove(&w->bucket_link);
    list_remove(&w->file_link);
    epoll_ready_enter();
    list_remove(&w->ready_link);
    epoll_ready_leave();
    w->owner->watch_count--;
    kfree(w);
}

COLD void epoll_file_released(struct file *f)
{
    spin_lock(&epoll_watch_lock);
    while (!list_is_empty(&f->epoll_watches)) {
        struct epoll_watch *w =
            LIST_ENTRY(f->epoll_watches.next, struct epoll_watch, file_link);
        struct epoll *ep = w->owner;

        asking_join(ep);
        epoll_watch_free(w);
        asking_part(ep);
    }
    spin_unlock(&epoll_watch_lock);
}

/*
 * Linux's rule: no circle of instances, and no chain of more than five. Both
 * walks recurse at most `levels` deep, the number of instances allowed.
 * Result: instances in the longest chain, `levels` + 1 if it is longer.
 */
static COLD unsigned chain_down(const struct epoll *ep,
                                const struct epoll *outer, unsigned levels)
{
    unsigned longest = 0;

    if (levels == 0 || ep == outer)
        return levels + 1;
    for (unsigned i = 0; i < ep->bucket_count; i++) {
        LIST_FOR_EACH(it, &ep->buckets[i])
        {
            const struct epoll_watch *w =
                LIST_ENTRY(it, struct epoll_watch, bucket_link);
            unsigned n;

            if (!epoll_is(w->file))
                continue;
            n = chain_down(w->file->private, outer, levels - 1);
            longest = MAX(longest, n);
        }
    }
    return longest + 1;
}

static void file_watches_init(struct file *f)
{
    if (!f->epoll_watches.next)
        list_init(&f->epoll_watches);
}

static COLD unsigned chain_up(const struct epoll *ep, unsigned levels)
{
    unsigned longest = 0;

    if (levels == 0)
        return 1;
    file_watches_init(ep->file);
    LIST_FOR_EACH(it, &ep->file->epoll_watches)
    {
        const struct epoll_watch *w =
            LIST_ENTRY(it, struct epoll_watch, file_link);
        unsigned n = chain_up(w->owner, levels - 1);

        longest = MAX(longest, n);
    }
    return longest + 1;
}

static bool nests_too_deep(const struct epoll *outer, const struct epoll *inner)
{
    unsigned down = chain_down(inner, outer, EPOLL_DEPTH_MAX - 1);

    return down + chain_up(outer, EPOLL_DEPTH_MAX) > EPOLL_DEPTH_MAX;
}

static COLD void watch_add(struct epoll *ep, struct epoll_watch *w,
                           struct file *target, int fd,
                           const struct epoll_event *event)
{
    struct watch_table table = { .table.queue = watch_queue, .watch = w };

    buckets_grow(ep);
    w->owner = ep;
    w->file = target;
    w->fd = fd;
    w->waiter_count = 0;
    list_init(&w->ready_link);
    list_push_back(bucket_of(ep, fd), &w->bucket_link);
    file_watches_init(target);
    list_push_back(&target->epoll_watches, &w->file_link);
    ep->watch_count++;
    watch_ask(w, &table.table, event);
}

static int watch_change(struct epoll_watch *w, const struct epoll_event *event)
{
    if ((w->events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    watch_ask(w, NULL, event);
    return 0;
}

/* ep is locked. fresh: for EPOLL_CTL_ADD, whose it is then. */
static COLD int control(struct epoll *ep, int op, struct file *target, int fd,
                        const struct epoll_event *event,
                        struct epoll_watch *fresh)
{
    struct epoll_watch *w = watch_find(ep, target, fd);

    switch (op) {
    case EPOLL_CTL_ADD:
        if (w)
            return -EEXIST;
        if (epoll_is(target) && nests_too_deep(ep, target->private))
            return -ELOOP;
        watch_add(ep, fresh, target, fd, event);
        return 0;
    case EPOLL_CTL_MOD:
        return w ? watch_change(w, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (!w)
            return -ENOENT;
        epoll_watch_free(w);
        return 0;
    default:
        return -EINVAL;
    }
}

static COLD int control_locked(struct epoll *ep, int op, struct file *target,
                               int fd, const struct epoll_event *event,
                               struct epoll_watch *fresh)
{
    bool was_taken = !target->polls_free && kernel_lock_enter_seldom();
    int err;

    spin_lock(&epoll_watch_lock);
    if (fresh && !target->polls_free) {
        asking_by_all(ep);
        if (epoll_is(target))
            asking_by_all(target->private);
    }
    asking_join(ep);
    err = control(ep, op, target, fd, event, fresh);
    asking_part(ep);
    spin_unlock(&epoll_watch_lock);
    kernel_lock_leave(was_taken);
    return err;
}

COLD int epoll_control(struct file *ep_file, int op, struct file *target,
                       int fd, const struct epoll_event *event)
{
    struct epoll_watch *fresh = NULL;
    int err;

    if (!target->ops->poll)
        return -EPERM; /* a file that is always ready */
    if (target == ep_file || !epoll_is(ep_file))
        return -EINVAL;
    if (op != EPOLL_CTL_DEL && (event->events & EPOLLEXCLUSIVE) &&
        (op != EPOLL_CTL_ADD || epoll_is(target) ||
         (event->events & ~(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP |
                            EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE))))
        return -EINVAL;
    if (op == EPOLL_CTL_ADD) {
        fresh = kmalloc_free(sizeof(*fresh));
        if (!fresh)
            return -ENOMEM;
    }
    err = control_locked(ep_file->private, op, target, fd, event, fresh);
    if (err)
        kfree(fresh);
    return err;
}
