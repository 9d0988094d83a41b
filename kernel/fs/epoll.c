/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll.c - watching many files at once.
 *
 * A watch sits on the wait queues of its file. When one is woken the watch
 * goes to the ready list of its instance, and epoll_wait() asks only those
 * files again: its cost is that of what happened, not of what is watched.
 * Level-triggered watches return to the list until they are found idle.
 *
 * Instances and watches come and go under the kernel lock, and so do epoll_ctl
 * and epoll_wait. What a wake-up touches is under ready_lock, since a pipe is
 * written without the kernel lock: ready lists, what watches ask for, and who
 * sleeps. It is one lock, as a wake-up may go on to the instances outside. No
 * file is asked under it but by a watch that the file has just woken.
 */
#include "fs/epoll.h"

#include <linux/fcntl.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "time/clock.h"

#define BUCKETS_MIN     16u
#define QUEUES_MAX      2u /* wait queues that one file's poll names */
#define ALWAYS_REPORTED (EPOLLERR | EPOLLHUP)

static struct spinlock ready_lock = SPINLOCK_INIT(LOCK_EPOLL);

struct epoll {
    struct file *file;     /* its own; not referenced */
    struct waitq waiting;  /* threads in epoll_wait */
    struct waitq outer;    /* instances that watch this one, pollers */
    struct list ready;     /* struct epoll_watch.ready_link */
    struct thread *timed;  /* sleeps, and is woken by timer */
    struct timer timer;    /* stays armed when its sleep is over */
    struct list *buckets;  /* watches by descriptor; NULL: none yet */
    unsigned bucket_count; /* a power of two */
    unsigned watch_count;
};

/* Functions, since they are many. */
static NOINLINE void ready_enter(void)
{
    spin_lock(&ready_lock);
}

static void ready_leave(void)
{
    spin_unlock(&ready_lock);
}

struct epoll_watch;

struct watch_waiter {
    struct waiter waiter; /* first */
    struct epoll_watch *watch;
    unsigned events; /* what a wake of the queue may be about */
};

struct epoll_watch {
    struct list bucket_link;
    struct list file_link;  /* in file.epoll_watches */
    struct list ready_link; /* empty: not ready */
    struct epoll *owner;
    struct file *file; /* not referenced: its last put ends the watch */
    int fd;
    uint32_t events; /* asked for, flags included; 0 after EPOLLONESHOT */
    uint64_t data;
    unsigned waiter_count;
    struct watch_waiter waiters[QUEUES_MAX];
};

static const struct file_ops epoll_ops;

bool epoll_is(const struct file *f)
{
    return f->ops == &epoll_ops;
}

/* ---- finding watches ---- */

static struct list *bucket_of(const struct epoll *ep, int fd)
{
    return &ep->buckets[(unsigned)fd & (ep->bucket_count - 1)];
}

static struct epoll_watch *watch_find(const struct epoll *ep,
                                      const struct file *file, int fd)
{
    if (!ep->buckets)
        return NULL;
    LIST_FOR_EACH(it, bucket_of(ep, fd))
    {
        struct epoll_watch *w = LIST_ENTRY(it, struct epoll_watch, bucket_link);

        if (w->fd == fd && w->file == file)
            return w;
    }
    return NULL;
}

/* Make room for one more watch. */
static int buckets_grow(struct epoll *ep)
{
    struct list *old = ep->buckets;
    unsigned old_count = ep->bucket_count;

    if (old && ep->watch_count < 2 * old_count)
        return 0;
    ep->bucket_count = old ? 4 * old_count : BUCKETS_MIN;
    ep->buckets = kmalloc(ep->bucket_count * sizeof(*ep->buckets));
    if (!ep->buckets) {
        ep->buckets = old;
        ep->bucket_count = old_count;
        return old ? 0 : -ENOMEM; /* longer chains will do */
    }
    for (unsigned i = 0; i < ep->bucket_count; i++)
        list_init(&ep->buckets[i]);
    for (unsigned i = 0; old && i < old_count; i++) {
        LIST_FOR_EACH(it, &old[i])
        {
            struct epoll_watch *w =
                LIST_ENTRY(it, struct epoll_watch, bucket_link);

            list_remove(it);
            list_push_back(bucket_of(ep, w->fd), it);
        }
    }
    kfree(old);
    return 0;
}

/* ---- watches ---- */

/* ready_lock is held in these three. */
static void watch_list_ready(struct epoll_watch *w)
{
    if (list_is_empty(&w->ready_link))
        list_push_back(&w->owner->ready, &w->ready_link);
}

static void watch_make_ready(struct epoll_watch *w)
{
    watch_list_ready(w);
    waitq_wake_one(&w->owner->waiting);
    waitq_wake_all(&w->owner->outer);
}

/* A queue of the file was woken; any context. Of exclusive watches the first
 * whose instance has a thread asleep takes the event; the others list theirs
 * and let sleep, but not through errors and hang-ups. */
static bool notify_locked(const struct watch_waiter *ww, bool taken)
{
    struct epoll_watch *w = ww->watch;
    unsigned wanted = w->events & ~EPOLL_FLAGS;
    bool takes = (w->events & EPOLLEXCLUSIVE) &&
                 !list_is_empty(&w->owner->waiting.waiters);

    /* Room for output is no edge for who watches input. Errors and hang-ups,
     * which everybody gets, wake all queues of a file. */
    if (wanted & ~ALWAYS_REPORTED)
        wanted &= ww->events & ~ALWAYS_REPORTED;
    if (!wanted)
        return false;
    if (taken && (w->events & EPOLLEXCLUSIVE) &&
        !(file_poll(w->file, NULL) & ALWAYS_REPORTED)) {
        watch_list_ready(w);
        return false;
    }
    watch_make_ready(w);
    return takes;
}

static bool watch_notify(struct waiter *waiter, bool taken)
{
    bool was_taken = !spin_is_mine(&ready_lock); /* not by one further in */
    bool takes;

    if (was_taken)
        ready_enter();
    takes = notify_locked((struct watch_waiter *)(void *)waiter, taken);
    if (was_taken)
        ready_leave();
    return takes;
}

/* The watch asks for `events` from now on: is there something already? What
 * comes after they are stored is noted. */
static void watch_ask(struct epoll_watch *w, struct poll_table *table,
                      const struct epoll_event *event)
{
    ready_enter();
    w->events = event->events | ALWAYS_REPORTED;
    w->data = event->data;
    ready_leave();
    if (!(file_poll(w->file, table) & w->events & ~EPOLL_FLAGS))
        return;
    ready_enter();
    watch_make_ready(w);
    ready_leave();
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
    ww->waiter.notify = watch_notify;
    ww->watch = w;
    ww->events = table->events;
    waiter_add(q, &ww->waiter);
}

static unsigned watch_poll(struct epoll_watch *w)
{
    return file_poll(w->file, NULL) & w->events & ~EPOLL_FLAGS;
}

static void watch_free(struct epoll_watch *w)
{
    for (unsigned i = 0; i < w->waiter_count; i++)
        waiter_remove(&w->waiters[i].waiter);
    list_remove(&w->bucket_link);
    list_remove(&w->file_link);
    ready_enter();
    list_remove(&w->ready_link);
    ready_leave();
    w->owner->watch_count--;
    kfree(w);
}

void epoll_file_released(struct file *f)
{
    while (!list_is_empty(&f->epoll_watches))
        watch_free(
            LIST_ENTRY(f->epoll_watches.next, struct epoll_watch, file_link));
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
    for (unsigned i = 0; ep->buckets && i < ep->bucket_count; i++) {
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

static COLD unsigned chain_up(const struct epoll *ep, unsigned levels)
{
    unsigned longest = 0;

    if (levels == 0)
        return 1;
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

static int watch_add(struct epoll *ep, struct file *target, int fd,
                     const struct epoll_event *event)
{
    struct watch_table table = { .table.queue = watch_queue };
    struct epoll_watch *w;
    int err = buckets_grow(ep);

    if (err)
        return err;
    w = kzalloc(sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->owner = ep;
    w->file = target;
    w->fd = fd;
    list_init(&w->ready_link);
    list_push_back(bucket_of(ep, fd), &w->bucket_link);
    list_push_back(&target->epoll_watches, &w->file_link);
    ep->watch_count++;
    table.watch = w;
    watch_ask(w, &table.table, event);
    return 0;
}

static int watch_change(struct epoll_watch *w, const struct epoll_event *event)
{
    if ((w->events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    watch_ask(w, NULL, event);
    return 0;
}

COLD int epoll_control(struct file *ep_file, int op, struct file *target,
                       int fd, const struct epoll_event *event)
{
    struct epoll *ep = ep_file->private;
    struct epoll_watch *w;

    if (!target->ops->poll)
        return -EPERM; /* a file that is always ready */
    if (target == ep_file || !epoll_is(ep_file))
        return -EINVAL;
    if (op != EPOLL_CTL_DEL && (event->events & EPOLLEXCLUSIVE) &&
        (op != EPOLL_CTL_ADD || epoll_is(target) ||
         (event->events & ~(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP |
                            EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE))))
        return -EINVAL;
    w = watch_find(ep, target, fd);
    switch (op) {
    case EPOLL_CTL_ADD:
        if (w)
            return -EEXIST;
        if (epoll_is(target) && nests_too_deep(ep, target->private))
            return -ELOOP;
        return watch_add(ep, target, fd, event);
    case EPOLL_CTL_MOD:
        return w ? watch_change(w, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (!w)
            return -ENOENT;
        watch_free(w);
        return 0;
    default:
        return -EINVAL;
    }
}

/* ---- waiting ---- */

/* ready_lock is held in these three. */
static inline struct epoll_watch *ready_pop(struct list *list)
{
    struct list *link = list_pop_front(list);

    return link ? LIST_ENTRY(link, struct epoll_watch, ready_link) : NULL;
}

static inline void list_push_all(struct list *to, struct list *from)
{
    struct list *first = from->next, *last = from->prev;

    if (list_is_empty(from))
        return;
    first->prev = to->prev;
    to->prev->next = first;
    last->next = to;
    to->prev = last;
    list_init(from);
}

/* w was told of: what becomes of it. To be looked at again, it is in a list,
 * where it may be already, as more has happened. */
static inline void watch_told(struct epoll_watch *w, struct list *again)
{
    if (w->events & EPOLLONESHOT)
        w->events &= EPOLL_FLAGS;
    else if (!(w->events & EPOLLET) && list_is_empty(&w->ready_link))
        list_push_back(again, &w->ready_link);
}

/*
 * Hand out what is ready now, each watch once: what becomes ready meanwhile is
 * for the next time. -EFAULT only for the first.
 */
static NOINLINE long collect_ready(struct epoll *ep, uaddr_t out, unsigned max)
{
    struct list again = LIST_INIT(again); /* level-triggered: stay listed */
    struct list todo = LIST_INIT(todo);
    struct epoll_watch *w;
    unsigned count = 0;
    long err = 0;

    ready_enter();
    list_push_all(&todo, &ep->ready);
    while (!err && count < max && (w = ready_pop(&todo))) {
        struct epoll_event event = { .data = w->data };

        ready_leave();
        event.events = w->events & ~EPOLL_FLAGS ? watch_poll(w) : 0;
        if (event.events &&
            copy_to_user(out + count * sizeof(event), &event, sizeof(event)))
            err = -EFAULT;
        ready_enter();
        if (err) {
            watch_list_ready(w);
        } else if (event.events) {
            count++;
            watch_told(w, &again);
        }
    }
    if (UNLIKELY(!list_is_empty(&todo))) {
        list_push_all(&todo, &ep->ready); /* those that came meanwhile */
        list_push_all(&ep->ready, &todo);
    }
    list_push_all(&ep->ready, &again);
    if (!list_is_empty(&ep->ready)) /* something is left for another thread */
        waitq_wake_one(&ep->waiting);
    ready_leave();
    return count > 0 ? (long)count : err;
}

static inline long collect(struct epoll *ep, uaddr_t out, unsigned max)
{
    return list_is_empty(&ep->ready) ? 0 : collect_ready(ep, out, max);
}

/* Until something is ready: a wake-up that came since is not lost. */
static int wait_ready(struct epoll *ep, uint64_t deadline_ns)
{
    int err = 0;

    ready_enter();
    if (list_is_empty(&ep->ready))
        err = waitq_sleep(&ep->waiting, deadline_ns);
    ready_leave();
    return err;
}

static void timed_expired(struct timer *t)
{
    struct epoll *ep = CONTAINER_OF(t, struct epoll, timer);

    if (ep->timed)
        thread_wake(ep->timed);
}

/*
 * The same for one thread of the instance's that has a deadline. Servers give
 * one each time and hardly ever reach it, so its timer stays armed when
 * something else ends the sleep, and serves the next one, which ends no
 * earlier: it may be woken too soon, once, and looks at the time.
 */
static int wait_timed(struct epoll *ep, uint64_t deadline_ns)
{
    int err;

    if (!timer_is_armed(&ep->timer) || ep->timer.deadline_ns > deadline_ns)
        timer_arm(&ep->timer, deadline_ns);
    ep->timed = thread_current();
    err = wait_ready(ep, WAIT_FOREVER);
    ep->timed = NULL;
    if (!err && list_is_empty(&ep->ready) && clock_mono_ns() >= deadline_ns)
        return -ETIMEDOUT;
    return err;
}

long epoll_wait_events(struct file *ep_file, uaddr_t out, unsigned max,
                       uint64_t deadline_ns)
{
    struct epoll *ep = ep_file->private;

    for (;;) {
        long n = collect(ep, out, max);
        int err;

        if (n == 0 && wait_look())
            n = collect(ep, out, max);
        if (n != 0 || deadline_ns == 0)
            return n;
        err = deadline_ns == WAIT_FOREVER || ep->timed
                  ? wait_ready(ep, deadline_ns)
                  : wait_timed(ep, deadline_ns);
        if (err == -ETIMEDOUT)
            return collect(ep, out, max);
        if (err)
            return -EINTR; /* never restarted, as Linux */
    }
}

static COLD unsigned epoll_poll(struct file *f, struct poll_table *table)
{
    struct epoll *ep = f->private;
    struct epoll_watch *w;
    bool is_ready = false;

    poll_wait(table, &ep->outer);
    /* Nesting is bounded by EPOLL_DEPTH_MAX, and so is this recursion. */
    ready_enter();
    while (!is_ready && (w = ready_pop(&ep->ready))) {
        ready_leave();
        is_ready = (w->events & ~EPOLL_FLAGS) && watch_poll(w);
        ready_enter();
        if (is_ready && list_is_empty(&w->ready_link))
            list_push_front(&ep->ready, &w->ready_link);
    }
    ready_leave();
    return is_ready ? EPOLLIN | EPOLLRDNORM : 0;
}

static COLD void epoll_release(struct file *f)
{
    struct epoll *ep = f->private;

    for (unsigned i = 0; ep->buckets && i < ep->bucket_count; i++)
        while (!list_is_empty(&ep->buckets[i]))
            watch_free(LIST_ENTRY(ep->buckets[i].next, struct epoll_watch,
                                  bucket_link));
    timer_cancel(&ep->timer);
    kfree(ep->buckets);
    kfree(ep);
}

static const struct file_ops epoll_ops = {
    .poll = epoll_poll,
    .release = epoll_release,
    .kind = "anon_inode:[eventpoll]",
};

COLD int epoll_create_file(struct file **out)
{
    struct epoll *ep = kzalloc(sizeof(*ep));

    if (!ep)
        return -ENOMEM;
    waitq_init_locked(&ep->waiting, &ready_lock);
    waitq_init_locked(&ep->outer, &ready_lock);
    list_init(&ep->ready);
    timer_init(&ep->timer, timed_expired);
    *out = file_create(&epoll_ops, O_RDWR, ep);
    if (!*out) {
        kfree(ep);
        return -ENOMEM;
    }
    ep->file = *out;
    return 0;
}
