/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.h - sleeping until something happens.
 *
 * What:      a wait queue belongs to an object; threads sleep on it, events
 *            wake them. poll-like calls register one waiter on many queues.
 * Locks:     each queue is guarded by the lock of what it belongs to: the
 *            kernel lock, unless waitq_init_locked() names another. Who sleeps
 *            or wakes has that lock, so a condition that changes under the same
 *            lock is never missed. Those who poll add and remove their waiters
 *            without it; they look at the condition after.
 * Context:   sleeping only from a thread's system call; waking from anywhere,
 *            timers and interrupts included.
 * Errors:    -ERESTARTSYS a signal is pending, -ETIMEDOUT the deadline passed.
 * Units:     deadline_ns on CLOCK_MONOTONIC; WAIT_FOREVER for none.
 *
 * A sleeper always loops, since it may be woken for nothing:
 *     while (!condition) { err = waitq_sleep(&q, deadline); if (err) ... }
 */
#ifndef SCHED_WAIT_H
#define SCHED_WAIT_H

#include "core/list.h"
#include "core/lock.h"

#define WAIT_FOREVER UINT64_MAX

struct thread;

struct waitq {
    struct list waiters;   /* struct waiter */
    struct spinlock *lock; /* NULL: the kernel lock */
};

struct waiter {
    struct list link;      /* empty when not queued */
    struct spinlock *lock; /* the queue's */
    struct thread *thread;
    /* NULL: just wake the thread. Else called instead, in any context, with the
     * queue's lock, perhaps without the kernel lock. Result: it took the event,
     * so that others of its kind (EPOLLEXCLUSIVE), who are called with `taken`
     * then, need not. */
    bool (*notify)(struct waiter *w, bool taken);
    /* waitq_sleep()'s own: woken one at a time and taken off the queue then.
     * All others (poll, epoll) are woken by each event and stay queued. */
    bool exclusive;
};

#define WAITQ_INIT(name)                \
    {                                   \
        LIST_INIT((name).waiters), NULL \
    }
void waitq_init(struct waitq *q);
void waitq_init_locked(struct waitq *q, struct spinlock *lock);
/* The lock is given up meanwhile. */
MUST_CHECK int waitq_sleep(struct waitq *q, uint64_t deadline_ns);
void waitq_wake_waiters(struct waitq *q);
static inline void waitq_check(const struct waitq *q)
{
    if (LOCK_CHECKS)
        lock_check_mine(q->lock ? q->lock : &kernel_lock);
}
static inline void waitq_wake_all(struct waitq *q)
{
    waitq_check(q);
    if (!list_is_empty(&q->waiters))
        waitq_wake_waiters(q);
}
/* One of those in waitq_sleep(), the longest there, and all pollers. */
void waitq_wake_one(struct waitq *q);

/* Set by whoever has a device that is polled. Whoever waits for what may come
 * from one calls wait_look() before it sleeps, with the kernel lock or without,
 * but with no other; true: look again first. */
extern bool (*wait_look_hook)(void);
static inline bool wait_look(void)
{
    return wait_look_hook && wait_look_hook();
}

/* For poll and friends: queue by hand, then look and sleep. Both take the
 * queue's lock; of those who sleep on several queues each is taken off. */
void waiter_init(struct waiter *w); /* for the current thread */
void waiter_add(struct waitq *q, struct waiter *w);
void waiter_remove(struct waiter *w);
/* Sleep until thread_wake(), which is remembered if it came before: call
 * thread_wake_clear() first, then check the condition, then sleep. */
MUST_CHECK int thread_sleep(uint64_t deadline_ns);
/* The same, but signals do not end it: for waits that the program's own
 * signals must not break. Process exit does: -ERESTARTSYS. */
MUST_CHECK int thread_sleep_deaf(uint64_t deadline_ns);
void thread_wake(struct thread *t);

#endif
