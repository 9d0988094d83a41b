/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.c - wait queues.
 *
 * Method: pollers sit at the front of a queue and sleepers behind them in the
 * order of their coming, so waking one sleeper stops at the first it finds.
 * Nothing preempts the kernel, so no wake-up can fall between a check of a
 * condition and the sleep that follows it.
 */
#include "sched/wait.h"

#include "core/panic.h"
#include "sched/thread.h"

bool (*wait_look_hook)(void);

void waitq_init(struct waitq *q)
{
    list_init(&q->waiters);
}

void waiter_init(struct waiter *w)
{
    list_init(&w->link);
    w->thread = thread_current();
    w->notify = NULL;
    w->exclusive = false;
}

void waiter_add(struct waitq *q, struct waiter *w)
{
    ASSERT(list_is_empty(&w->link));
    if (w->exclusive)
        list_push_back(&q->waiters, &w->link);
    else
        list_push_front(&q->waiters, &w->link);
}

void waiter_remove(struct waiter *w)
{
    list_remove(&w->link);
}

int waitq_sleep(struct waitq *q, uint64_t deadline_ns)
{
    struct waiter w;
    int err;

    waiter_init(&w);
    w.exclusive = true;
    waiter_add(q, &w);
    thread_wake_clear();
    err = thread_sleep(deadline_ns);
    waiter_remove(&w);
    return err;
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

    LIST_FOR_EACH(it, &q->waiters)
    if (waiter_wake(LIST_ENTRY(it, struct waiter, link), &taken))
        return;
}
