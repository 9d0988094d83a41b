/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locks.c - advisory locks on files.
 *
 * One wait queue for all: lock hand-overs are rare, and a waiter looks again
 * anyway. A new lock first cuts its range out of the owner's older ones, which
 * is how Linux upgrades, downgrades and splits.
 */
#include "fs/locks.h"

#include "core/errno.h"
#include "mm/heap.h"
#include "sched/wait.h"

static struct waitq lock_waiters = WAITQ_INIT(lock_waiters);

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

/* flock is a world of its own; POSIX and OFD locks see each other. */
static bool same_world(const struct file_lock *a, const struct file_lock *b)
{
    return (a->kind == LOCK_KIND_FLOCK) == (b->kind == LOCK_KIND_FLOCK);
}

static bool same_owner(const struct file_lock *a, const struct file_lock *b)
{
    return a->kind == b->kind && a->owner == b->owner;
}

const struct file_lock *locks_conflict(struct inode *i,
                                       const struct file_lock *want)
{
    LIST_FOR_EACH(it, &i->locks)
    {
        struct file_lock *l = LIST_ENTRY(it, struct file_lock, link);

        if (same_world(l, want) && !same_owner(l, want) && overlaps(l, want) &&
            (l->is_write || want->is_write))
            return l;
    }
    return NULL;
}

static void lock_free(struct file_lock *l)
{
    list_remove(&l->link);
    kfree(l);
}

/* Cut range out of one lock; spare is used up when that leaves two parts. */
static void cut(struct file_lock *l, const struct file_lock *range,
                struct file_lock **spare)
{
    bool keeps_head = l->start < range->start;
    bool keeps_tail = l->end > range->end;

    if (keeps_head && keeps_tail) {
        struct file_lock *tail = *spare;

        *spare = NULL;
        *tail = *l;
        list_init(&tail->link);
        tail->start = range->end + 1;
        list_push_front(&l->link, &tail->link);
        l->end = range->start - 1;
    } else if (keeps_head) {
        l->end = range->start - 1;
    } else if (keeps_tail) {
        l->start = range->end + 1;
    } else {
        lock_free(l);
    }
}

static void cut_all(struct inode *i, const struct file_lock *range,
                    struct file_lock **spare)
{
    LIST_FOR_EACH(it, &i->locks)
    {
        struct file_lock *l = LIST_ENTRY(it, struct file_lock, link);

        if (same_owner(l, range) && overlaps(l, range))
            cut(l, range, spare);
    }
    waitq_wake_all(&lock_waiters);
}

/* Join neighbours of one kind, so that /proc/locks and F_GETLK show one. */
static void join(struct inode *i, struct file_lock *mine)
{
    LIST_FOR_EACH(it, &i->locks)
    {
        struct file_lock *l = LIST_ENTRY(it, struct file_lock, link);

        if (l == mine || !same_owner(l, mine) || l->is_write != mine->is_write)
            continue;
        if (l->end != UINT64_MAX && l->end + 1 == mine->start)
            mine->start = l->start;
        else if (mine->end != UINT64_MAX && mine->end + 1 == l->start)
            mine->end = l->end;
        else
            continue;
        lock_free(l);
    }
}

int locks_take(struct inode *i, const struct file_lock *want, bool wait)
{
    struct file_lock *lock = kmalloc(sizeof(*lock));
    struct file_lock *spare = kmalloc(sizeof(*spare));
    int err = lock && spare ? 0 : -ENOLCK;

    /* flock changes a lock by giving it up first, as its manual page says. */
    if (!err && want->kind == LOCK_KIND_FLOCK)
        cut_all(i, want, &spare);
    while (!err && locks_conflict(i, want))
        err = wait ? waitq_sleep(&lock_waiters, WAIT_FOREVER) : -EAGAIN;
    if (err) {
        kfree(lock);
        kfree(spare);
        return err;
    }
    cut_all(i, want, &spare);
    kfree(spare);
    *lock = *want;
    list_push_back(&i->locks, &lock->link);
    join(i, lock);
    return 0;
}

int locks_drop(struct inode *i, const struct file_lock *range)
{
    struct file_lock *spare;

    if (list_is_empty(&i->locks))
        return 0;
    spare = kmalloc(sizeof(*spare));
    if (!spare)
        return -ENOLCK;
    cut_all(i, range, &spare);
    kfree(spare);
    return 0;
}

void locks_release(struct inode *i, const void *owner)
{
    bool any = false;

    LIST_FOR_EACH(it, &i->locks)
    {
        struct file_lock *l = LIST_ENTRY(it, struct file_lock, link);

        if (l->owner != owner)
            continue;
        lock_free(l);
        any = true;
    }
    if (any)
        waitq_wake_all(&lock_waiters);
}
