/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.c - wait queues.
 *
 * Method: pollers sit at the front of a queue and sleepers behind them in the
 * order of their coming, so waking one sleeper stops at the first it finds.
 * Who sleeps queues itself, and forgets what wake-ups there were, under the
 * queue's lock, which it had when it looked at the condition. A thread that is
 * woken takes that lock before it goes on, so a waker may touch it.
 */
#include "sched/wait.h"

#include "core/panic.h"
#include "sched/thread.h"

bool (*wait_look_hook)(void);

void waitq_init(struct waitq *q)
{
    waitq_init_locked(q, NULL);
}

void waitq_init_locked(struct waitq *q, struct spinlock *lock)
{
    list_init(&q->waiters);
    q->lock = lock;
}

static inline void lock_enter(struct spinlock *lock)
{
    if (lock)
        spin_lock(lock);
}

static inline void lock_leave(struct spinlock *lock)
{
    if (lock)
        spin_unlock(lock);
}

void waiter_init(struct waiter *w)
{
    list_init(&w->link);
    w->lock = NULL;
    w->thread = thread_current();
    w->notify = NULL;
    w->exclusive = false;
}

void waiter_add(struct waitq *q, struct waiter *w)
{
    ASSERT(list_is_empty(&w->link));
    w->lock = q->lock;
    lock_enter(w->lock);
    waitq_check(q);
    if (w->exclusive)
        list_push_back(&q->waiters, &w->link);
    else
        list_push_front(&q->waiters, &w->link);
    lock_leave(w->lock);
}

void waiter_remove(struct waiter *w)
{
    struct spinlock *lock = w->lock ? w->lock : &kernel_lock;
    bool was_taken = spin_enter(lock);

    list_remove(&w->link);
    spin_leave(lock, was_taken);
}

static inline int sleep_on(struct waitq *q, struct spinlock *lock,
                           uint64_t deadline_ns)
{
    struct waiter w;
    int err;

    w.thread = thread_current();
    w.notify = NULL;
    w.exclusive = true;
    list_push_back(&q->waiters, &w.link);
    thread_wake_clear();
    lock_leave(lock);
    err = thread_sleep(deadline_ns);
    lock_enter(lock);
    if (UNLIKELY(!list_is_empty(&w.link)))
        list_remove(&w.link);
    return err;
}

/* A queue under the kernel lock may be gone after the sleep. */
int waitq_sleep(struct waitq *q, uint64_t deadline_ns)
{
    waitq_check(q);
    return q->lock ? sleep_on(q, q->lock, deadline_ns)
                   : sleep_on(q, NULL, deadline_ns);
}

/* A sleeper leaves the queue as it is woken, so that the next event goes to
 * the next one even if this one has not run yet. Result: it was one. */
static inline bool waiter_wake(struct waiter *w, bool *taken)
{
    bool is_sleeper = w->exclusive;

    if (w->notify) {
        *taken |= w->notify(w, *taken);
        return false;
    }
    if (is_sleeper)
        list_remove(&w->link);
    thread_wake(w->thread);
    return is_sleeper;
}

void waitq_wake_waiters(struct waitq *q)
{
    bool taken = false;

    LIST_FOR_EACH(it, &q->waiters)
    (void)waiter_wake(LIST_ENTRY(it, struct waiter, link), &taken);
}

void waitq_wake_one(struct waitq *q)
{
    bool taken = false;

    waitq_check(q);
    LIST_FOR_EACH(it, &q->waiters)
    if (waiter_wake(LIST_ENTRY(it, struct waiter, link), &taken))
        return;
}
