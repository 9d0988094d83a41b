/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll.c - watching many files at once.
 *
 * A watch sits on the wait queues of its file. When one is woken the watch
 * goes to the ready list of its instance, and epoll_wait() asks only those
 * files again: its cost is that of what happened, not of what is watched.
 * Level-triggered watches return to the list until they are found idle.
 *
 * Three kinds of locks, and the kernel lock only for files whose poll() wants
 * it. Watches come and go under epoll_watch_lock and their instance's. While
 * files are asked, the instance's keeps its watches, and a watch its file: the
 * last file_put() ends the watches first. An instance that has watched a file
 * which wants the kernel lock, or is watched by another, has epoll_watch_lock
 * for its own, since asking may go on to the instances inside.
 *
 * What a wake-up touches is under ready_lock: ready lists, what watches ask
 * for, and who sleeps. It is one lock, as a wake-up may go on to the instances
 * outside. No file is asked under it but by a watch that the file has just
 * woken.
 */
#include "fs/epoll_watch.h"

#include <linux/fcntl.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"
#include "sched/thread.h"

struct spinlock epoll_watch_lock = SPINLOCK_INIT(LOCK_WATCHES);
static struct spinlock ready_lock = SPINLOCK_INIT(LOCK_EPOLL);

void epoll_ready_enter(void)
{
    spin_lock(&ready_lock);
}

void epoll_ready_leave(void)
{
    spin_unlock(&ready_lock);
}

static const struct file_ops epoll_ops;

bool epoll_is(const struct file *f)
{
    return f->ops == &epoll_ops;
}

/* ---- whose watches stay ---- */

/* Lock ep, on top of the kernel lock if one of its files may want that. Result:
 * that was taken. */
static NOINLINE bool asking_enter(struct epoll *ep)
{
    for (;;) {
        struct spinlock *lock = __atomic_load_n(&ep->asking, __ATOMIC_RELAXED);
        bool was_taken = lock == &epoll_watch_lock && kernel_lock_enter();

        spin_lock(lock);
        if (LIKELY(lock == ep->asking))
            return was_taken;
        spin_unlock(lock); /* its own: there was no other yet */
    }
}

static NOINLINE void asking_leave(struct epoll *ep, bool was_taken)
{
    spin_unlock(ep->asking);
    kernel_lock_leave(was_taken);
}

/* ---- watches ---- */

/* ready_lock is held in these three. */
static void watch_list_ready(struct epoll_watch *w)
{
    if (list_is_empty(&w->ready_link))
        list_push_back(&w->owner->ready, &w->ready_link);
}

void epoll_watch_make_ready(struct epoll_watch *w)
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
    if (wanted & ~EPOLL_ALWAYS_REPORTED)
        wanted &= ww->events & ~EPOLL_ALWAYS_REPORTED;
    if (!wanted)
        return false;
    if (taken && (w->events & EPOLLEXCLUSIVE) &&
        !(file_poll(w->file, NULL) & EPOLL_ALWAYS_REPORTED)) {
        watch_list_ready(w);
        return false;
    }
    epoll_watch_make_ready(w);
    return takes;
}

bool epoll_watch_notify(struct waiter *waiter, bool taken)
{
    bool was_taken = !spin_is_mine(&ready_lock); /* not by one further in */
    bool takes;

    if (was_taken)
        epoll_ready_enter();
    takes = notify_locked((struct watch_waiter *)(void *)waiter, taken);
    if (was_taken)
        epoll_ready_leave();
    return takes;
}

static unsigned watch_poll(struct epoll_watch *w)
{
    return file_poll(w->file, NULL) & w->events & ~EPOLL_FLAGS;
}

/* ---- waiting ---- */

/* ready_lock is held in these three. */
static inline struct epoll_watch *ready_pop(struct list *list)
{
    struct list *link = list_pop_front(list);

    return link ? LIST_ENTRY(link, struct epoll_watch, ready_link) : NULL;
}

static NOINLINE void list_push_all(struct list *to, struct list *from)
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

/* The program's memory is not waited for: ep is locked. */
static int event_put(uaddr_t out, const struct epoll_event *event)
{
    struct thread *t = thread_current();
    int err;

    t->must_not_fault = true;
    err = copy_to_user(out, event, sizeof(*event));
    t->must_not_fault = false;
    return err;
}

/* The program's memory at `at` must be brought in, with ep not locked, before w
 * is told. */
static COLD int memory_await(struct epoll *ep, struct epoll_watch *w,
                             struct list *todo, uaddr_t at, bool *was_taken)
{
    int err;

    list_remove(&w->ready_link);
    list_push_front(todo, &w->ready_link);
    epoll_ready_leave();
    asking_leave(ep, *was_taken);
    err = zero_user(at, sizeof(struct epoll_event));
    *was_taken = asking_enter(ep);
    epoll_ready_enter();
    return err;
}

/*
 * Hand out what is ready now, each watch once: what becomes ready meanwhile is
 * for the next time. -EFAULT only for the first.
 */
static NOINLINE long collect(struct epoll *ep, uaddr_t out, unsigned max)
{
    struct list again = LIST_INIT(again); /* level-triggered: stay listed */
    struct list todo = LIST_INIT(todo);
    bool was_taken = asking_enter(ep);
    struct epoll_watch *w;
    unsigned count = 0;
    int err = 0;

    epoll_ready_enter();
    list_push_all(&todo, &ep->ready);
    while (!err && count < max && (w = ready_pop(&todo))) {
        struct epoll_event event = { .data = w->data };
        uaddr_t at = out + count * sizeof(event);
        bool is_cut;

        epoll_ready_leave();
        event.events = w->events & ~EPOLL_FLAGS ? watch_poll(w) : 0;
        is_cut = event.events && event_put(at, &event);
        epoll_ready_enter();
        if (UNLIKELY(is_cut)) {
            err = memory_await(ep, w, &todo, at, &was_taken);
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
    epoll_ready_leave();
    asking_leave(ep, was_taken);
    return count > 0 ? (long)count : err;
}

/* Until something is ready: a wake-up that came since is not lost. */
static int wait_ready(struct epoll *ep, uint64_t deadline_ns)
{
    int err = 0;

    epoll_ready_enter();
    if (list_is_empty(&ep->ready))
        err = waitq_sleep(&ep->waiting, deadline_ns);
    epoll_ready_leave();
    return err;
}

static void timed_expired(struct timer *t)
{
    struct epoll *ep = CONTAINER_OF(t, struct epoll, timer);

    epoll_ready_enter();
    if (ep->timed)
        thread_wake(ep->timed);
    epoll_ready_leave();
}

/*
 * The same for one thread of the instance's that has a deadline. Servers give
 * one each time and hardly ever reach it, so its timer stays armed when
 * something else ends the sleep, and serves the next one, which ends no
 * earlier: it may be woken too soon, once, and looks at the time. A timer that
 * has expired since it was looked at ends no sleep, so there is none.
 */
static int wait_timed(struct epoll *ep, uint64_t deadline_ns)
{
    struct thread *none = NULL;
    int err = 0;

    if (!__atomic_compare_exchange_n(&ep->timed, &none, thread_current(), false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return wait_ready(ep, deadline_ns);
    if (!timer_is_armed(&ep->timer) || ep->timer.deadline_ns > deadline_ns)
        timer_arm(&ep->timer, deadline_ns);
    epoll_ready_enter();
    if (list_is_empty(&ep->ready) && timer_is_armed(&ep->timer))
        err = waitq_sleep(&ep->waiting, WAIT_FOREVER);
    ep->timed = NULL;
    epoll_ready_leave();
    if (!err && list_is_empty(&ep->ready) && clock_mono_ns() >= deadline_ns)
        return -ETIMEDOUT;
    return err;
}

static bool is_idle(const struct epoll *ep)
{
    return list_is_empty(&ep->ready);
}

long epoll_wait_events(struct file *ep_file, uaddr_t out, unsigned max,
                       uint64_t deadline_ns)
{
    struct epoll *ep = ep_file->private;

    for (;;) {
        long n = is_idle(ep) ? 0 : collect(ep, out, max);
        int err = -ETIMEDOUT;

        if (n == 0 && wait_look() && !is_idle(ep))
            n = collect(ep, out, max);
        if (n != 0)
            return n;
        if (deadline_ns)
            err = deadline_ns == WAIT_FOREVER ? wait_ready(ep, deadline_ns)
                                              : wait_timed(ep, deadline_ns);
        /* Another thread may have had the list while it was looked at. */
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
    bool is_nested = spin_is_mine(&epoll_watch_lock);
    bool was_taken;

    poll_wait(table, &ep->outer);
    was_taken = !is_nested && asking_enter(ep);
    /* Nesting is bounded by EPOLL_DEPTH_MAX, and so is this recursion. */
    epoll_ready_enter();
    while (!is_ready && (w = ready_pop(&ep->ready))) {
        epoll_ready_leave();
        is_ready = (w->events & ~EPOLL_FLAGS) && watch_poll(w);
        epoll_ready_enter();
        if (is_ready && list_is_empty(&w->ready_link)) {
            list_push_front(&ep->ready, &w->ready_link);
            waitq_wake_one(&ep->waiting); /* who found it missing */
        }
    }
    epoll_ready_leave();
    if (!is_nested)
        asking_leave(ep, was_taken);
    return is_ready ? EPOLLIN | EPOLLRDNORM : 0;
}

static COLD void epoll_release(struct file *f)
{
    struct epoll *ep = f->private;

    spin_lock(&epoll_watch_lock);
    for (unsigned i = 0; i < ep->bucket_count; i++)
        while (!list_is_empty(&ep->buckets[i]))
            epoll_watch_free(LIST_ENTRY(ep->buckets[i].next, struct epoll_watch,
                                        bucket_link));
    spin_unlock(&epoll_watch_lock);
    timer_cancel(&ep->timer);
    if (ep->buckets != ep->first_buckets)
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
    spin_init(&ep->lock, LOCK_ASKING);
    ep->asking = &ep->lock;
    ep->buckets = ep->first_buckets;
    ep->bucket_count = BUCKETS_MIN;
    for (unsigned i = 0; i < BUCKETS_MIN; i++)
        list_init(&ep->first_buckets[i]);
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
