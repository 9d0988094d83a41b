/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex_pi.c - futexes that are locks: the word holds the owner's thread id,
 * and the owner inherits the priority of those who wait for it.
 *
 * A waiter knows the lock's owner and is in the owner's list. So priorities are
 * handed on, and deadlocks found, by walking from a thread to the owner of what
 * it waits for; that chain has no ring, since whoever would close one gets
 * -EDEADLK. Unlocking passes the lock on, word and waiters together, before the
 * new owner runs. FUTEX_WAITERS stays set in the word while the kernel knows
 * the lock, as on Linux: that brings the next unlock in here.
 */
#include <linux/futex.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/user.h"
#include "sched/futex.h"
#include "sched/thread.h"

/* ---- priorities ---- */

void futex_pi_adjust(struct thread *t)
{
    while (t) {
        int priority = t->rt_priority;

        LIST_FOR_EACH(it, &t->pi_waiters)
        {
            const struct futex_waiter *w =
                LIST_ENTRY(it, struct futex_waiter, owner_link);

            priority = MAX(priority, w->thread->rt_effective);
        }
        if (priority == t->rt_effective)
            return;
        thread_set_effective(t, priority);
        t = t->pi_blocked ? t->pi_blocked->owner : NULL;
    }
}

static void set_owner(struct futex_waiter *w, struct thread *owner)
{
    ASSERT(!w->owner);
    w->owner = owner;
    w->thread->pi_blocked = w;
    list_push_back(&owner->pi_waiters, &w->owner_link);
}

static void clear_owner(struct futex_waiter *w)
{
    list_remove(&w->owner_link);
    w->owner = NULL;
    w->thread->pi_blocked = NULL;
}

static bool would_deadlock(const struct thread *t, const struct thread *owner)
{
    while (owner && owner != t)
        owner = owner->pi_blocked ? owner->pi_blocked->owner : NULL;
    return owner != NULL;
}

/* ---- the word ---- */

/* The first waiter of the word, of any kind. */
static struct futex_waiter *first_waiter(const struct futex_word *word)
{
    LIST_FOR_EACH(it, futex_queue_of(word))
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        if (futex_is_at(w, word))
            return w;
    }
    return NULL;
}

/* Who waits for the lock with the highest priority, the longest among those. */
static struct futex_waiter *best_waiter(const struct futex_word *word)
{
    struct futex_waiter *best = NULL;

    LIST_FOR_EACH(it, futex_queue_of(word))
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        if (futex_is_at(w, word) &&
            (!best || w->thread->rt_effective > best->thread->rt_effective))
            best = w;
    }
    return best;
}

/* One try to take the lock for t. 1: the word names it; 0: *owner_out has it,
 * and FUTEX_WAITERS is set. */
static int take_word(const struct futex_word *word, const struct thread *t,
                     bool has_waiters, struct thread **owner_out)
{
    const struct futex_waiter *first = first_waiter(word);
    uint32_t value, seen, next, owner;
    int err = user_get32(&seen, word->addr);

    if (err)
        return err;
    do {
        value = seen;
        owner = value & FUTEX_TID_MASK;
        if (owner == (uint32_t)t->tid)
            return -EDEADLK;
        if (first) { /* the kernel knows the lock: do they agree? */
            if (!first->owner || owner != (uint32_t)first->owner->tid)
                return -EINVAL;
            *owner_out = first->owner;
            return 0;
        }
        next = value | FUTEX_WAITERS;
        if (owner == 0)
            next = (value & FUTEX_OWNER_DIED) | (uint32_t)t->tid |
                   (has_waiters ? FUTEX_WAITERS : 0);
        err = user_cmpxchg32(word->addr, value, next, &seen);
        if (err)
            return err;
    } while (seen != value);
    if (owner == 0)
        return 1;
    *owner_out = thread_find((int)owner);
    return *owner_out ? 0 : -ESRCH;
}

/* ---- lock and unlock ---- */

/* w owns the lock now, and the word says so: the others wait for w. */
static void pass_on(struct futex_waiter *w)
{
    struct thread *old = w->owner, *t = w->thread;

    clear_owner(w);
    LIST_FOR_EACH(it, futex_queue_of(&w->word))
    {
        struct futex_waiter *other = LIST_ENTRY(it, struct futex_waiter, link);

        if (other == w || !futex_is_at(other, &w->word) || !other->owner)
            continue;
        clear_owner(other);
        set_owner(other, t);
    }
    futex_pi_adjust(t);
    futex_waiter_release(w);
    futex_pi_adjust(old);
}

static int lock_locked(const struct futex_word *word, uint64_t deadline_ns,
                       bool is_try)
{
    struct thread *t = thread_current(), *owner;
    struct futex_waiter w;
    int err;

    if (!futex_is_aligned(word))
        return -EINVAL;
    err = take_word(word, t, false, &owner);
    if (err)
        return err > 0 ? 0 : err;
    if (is_try)
        return -EAGAIN;
    if (would_deadlock(t, owner))
        return -EDEADLK;
    futex_waiter_init(&w, word, FUTEX_BITSET_MATCH_ANY);
    w.wants_pi = true;
    futex_waiter_queue(&w);
    set_owner(&w, owner);
    futex_pi_adjust(owner);
    err = futex_waiter_sleep(&w, deadline_ns);
    if (err == 0)
        return w.result; /* the word names us already */
    owner = w.owner;
    clear_owner(&w);
    futex_pi_adjust(owner);
    return err;
}

static int lock(const struct futex_word *word, uint64_t deadline_ns,
                bool is_try)
{
    int err;

    spin_lock(&futex_lock);
    err = lock_locked(word, deadline_ns, is_try);
    spin_unlock(&futex_lock);
    return err;
}

int futex_lock_pi(const struct futex_word *word, uint64_t deadline_ns)
{
    return lock(word, deadline_ns, false);
}

int futex_trylock_pi(const struct futex_word *word)
{
    return lock(word, 0, true);
}

static int unlock_locked(const struct futex_word *word)
{
    struct thread *t = thread_current();
    struct futex_waiter *w;
    uint32_t value, seen;
    int err;

    err = user_get32(&value, word->addr); /* before all else, as on Linux */
    if (err)
        return err;
    if ((value & FUTEX_TID_MASK) != (uint32_t)t->tid)
        return -EPERM;
    if (!futex_is_aligned(word))
        return -EINVAL;
    w = best_waiter(word);
    if (w && w->owner != t)
        return -EINVAL;
    err =
        user_cmpxchg32(word->addr, value,
                       w ? (uint32_t)w->thread->tid | FUTEX_WAITERS : 0, &seen);
    if (err)
        return err;
    if (seen != value)
        return -EAGAIN;
    if (w)
        pass_on(w);
    return 0;
}

int futex_unlock_pi(const struct futex_word *word)
{
    int err;

    spin_lock(&futex_lock);
    err = unlock_locked(word);
    spin_unlock(&futex_lock);
    return err;
}

/* The lock that w waits for is left by an owner that ends. */
static void inherit(struct futex_waiter *w)
{
    uint32_t value = 0, seen;
    uint32_t mine = (uint32_t)w->thread->tid | FUTEX_WAITERS | FUTEX_OWNER_DIED;
    int err = user_get32(&seen, w->word.addr);

    while (!err) {
        value = seen;
        err = user_cmpxchg32(w->word.addr, value, mine, &seen);
        if (seen == value)
            break;
    }
    w->result = err;
    pass_on(w);
}

void futex_pi_exit(void)
{
    struct list *waiters = &thread_current()->pi_waiters;

    spin_lock(&futex_lock);
    while (!list_is_empty(waiters)) {
        struct futex_waiter *w =
            LIST_ENTRY(waiters->next, struct futex_waiter, owner_link);

        inherit(best_waiter(&w->word));
    }
    spin_unlock(&futex_lock);
}

/* ---- from a condition to a lock ---- */

static int wait_requeue_locked(const struct futex_word *word,
                               const struct futex_word *to, uint32_t expected,
                               uint64_t deadline_ns)
{
    struct futex_waiter w;
    struct thread *owner;
    int err;

    if (word->addr == to->addr || futex_is_same(word, to))
        return -EINVAL;
    err = futex_check_two(word, to, &expected);
    if (err)
        return err;
    futex_waiter_init(&w, word, FUTEX_BITSET_MATCH_ANY);
    w.requeue_to = to;
    futex_waiter_queue(&w);
    err = futex_waiter_sleep(&w, deadline_ns);
    if (err == 0)
        return w.result;
    owner = w.owner;
    if (!owner)
        return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
    clear_owner(&w);
    futex_pi_adjust(owner);
    return err == -ERESTARTSYS ? -EAGAIN : err;
}

int futex_wait_requeue_pi(const struct futex_word *word,
                          const struct futex_word *to, uint32_t expected,
                          uint64_t deadline_ns)
{
    int err;

    spin_lock(&futex_lock);
    err = wait_requeue_locked(word, to, expected, deadline_ns);
    spin_unlock(&futex_lock);
    return err;
}

/* Let w wait for the lock, or have it. */
static int requeue_one(struct futex_waiter *w, const struct futex_word *to)
{
    struct thread *owner;
    int err;

    if (!w->requeue_to || !futex_is_same(w->requeue_to, to))
        return -EINVAL;
    err = take_word(to, w->thread, true, &owner);
    if (err < 0)
        return err;
    if (err > 0) {
        futex_waiter_release(w);
        return 0;
    }
    if (would_deadlock(w->thread, owner))
        return -EDEADLK;
    futex_waiter_move(w, to);
    w->requeue_to = NULL;
    w->wants_pi = true;
    set_owner(w, owner);
    futex_pi_adjust(owner);
    return 0;
}

static int pi_requeue_locked(const struct futex_word *word,
                             const struct futex_word *to, unsigned move_max,
                             uint32_t expected)
{
    unsigned count = 0;
    int err;

    if (futex_is_same(word, to))
        return -EINVAL;
    err = futex_check_two(word, to, &expected);
    if (err)
        return err;
    LIST_FOR_EACH(it, futex_queue_of(word))
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        /* One more than asked for: that one stands for who is woken. */
        if (count > move_max)
            break;
        if (!futex_is_at(w, word))
            continue;
        err = requeue_one(w, to);
        if (err)
            return err;
        count++;
    }
    return (int)count;
}

int futex_requeue_pi(const struct futex_word *word, const struct futex_word *to,
                     unsigned move_max, uint32_t expected)
{
    int result;

    spin_lock(&futex_lock);
    result = pi_requeue_locked(word, to, move_max, expected);
    spin_unlock(&futex_lock);
    return result;
}
