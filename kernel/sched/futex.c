/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.c - futex queues; locks with owners are in futex_pi.c.
 *
 * A waiter is queued by (owner, place) in one of FUTEX_QUEUE_COUNT lists. It
 * is on its list exactly while nobody has woken it: the waker takes it off, so
 * an empty link after the sleep tells a wake-up from a signal or time-out.
 * Reading the word, comparing and queueing happen under the lock that a waker
 * takes after the word was changed. A thread that is woken takes that lock
 * before it goes on, so the waker may touch it while it holds the lock.
 */
#include "sched/futex.h"

#include <linux/futex.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/object.h"
#include "mm/space.h"
#include "mm/user.h"
#include "sched/process.h"

/* Zeroed memory until first used, so that boot touches nothing. Under the lock:
 * two who both find a queue unused would empty it again behind a waiter. */
static struct list queues[FUTEX_QUEUE_COUNT];
struct spinlock futex_lock = SPINLOCK_INIT(LOCK_FUTEX);

inline struct list *futex_queue_of(const struct futex_word *word)
{
    uint64_t hash = ((word->at >> 2) ^ ((uintptr_t)word->owner >> 4)) *
                    0x9e3779b97f4a7c15ull; /* 2^64 / golden ratio */
    struct list *q = &queues[hash >> 57];

    _Static_assert(FUTEX_QUEUE_COUNT == 1u << (64 - 57), "bits of the hash");
    if (UNLIKELY(!q->next))
        list_init(q);
    return q;
}

struct futex_word futex_word_at(uaddr_t addr, bool is_private)
{
    struct space *space = process_current()->space;
    struct futex_word word = { .addr = addr, .owner = space, .at = addr };

    if (is_private)
        return word;
    word.obj = space_shared_object(space, addr, &word.at);
    if (word.obj)
        word.owner = word.obj;
    return word;
}

inline void futex_waiter_queue(struct futex_waiter *w)
{
    list_push_back(futex_queue_of(&w->word), &w->link);
}

/* An object must not go, and another come in its place, while w sleeps. */
static inline void set_word(struct futex_waiter *w,
                            const struct futex_word *word)
{
    w->word = *word;
    if (word->obj)
        word->obj->ops->ref(word->obj);
}

inline void futex_waiter_fini(struct futex_waiter *w)
{
    list_remove(&w->link);
    if (w->word.obj)
        w->word.obj->ops->unref(w->word.obj);
}

void futex_waiter_init(struct futex_waiter *w, const struct futex_word *word,
                       uint32_t bitset)
{
    list_init(&w->link);
    w->thread = thread_current();
    w->bitset = bitset;
    w->wants_pi = false;
    w->requeue_to = NULL;
    w->owner = NULL;
    w->result = 0;
    list_init(&w->owner_link);
    set_word(w, word);
}

int futex_waiter_sleep(struct futex_waiter *w, uint64_t deadline_ns)
{
    bool woken;
    int err;

    do {
        thread_wake_clear(); /* a wake from here on is remembered */
        spin_unlock(&futex_lock);
        err = thread_sleep(deadline_ns);
        spin_lock(&futex_lock);
        woken = list_is_empty(&w->link);
    } while (err == 0 && !woken);
    futex_waiter_fini(w);
    return woken ? 0 : err;
}

COLD void futex_waiter_move(struct futex_waiter *w, const struct futex_word *to)
{
    futex_waiter_fini(w);
    set_word(w, to);
    futex_waiter_queue(w);
}

void futex_waiter_release(struct futex_waiter *w)
{
    list_remove(&w->link);
    thread_wake(w->thread);
}

/* 0 with the lock held: the word is as expected. A fault under the lock could
 * want the kernel lock, so it is not resolved there, but without. */
static inline int compare(const struct futex_word *word, uint32_t expected)
{
    struct thread *t = thread_current();
    uint32_t seen;
    int err;

    for (;;) {
        spin_lock(&futex_lock);
        t->must_not_fault = true;
        err = user_get32(&seen, word->addr);
        t->must_not_fault = false;
        if (LIKELY(err == 0 && seen == expected))
            return 0;
        spin_unlock(&futex_lock);
        if (err == 0)
            return -EAGAIN;
        err = user_get32(&seen, word->addr); /* the page comes, or not */
        if (err)
            return err;
    }
}

int futex_wait(const struct futex_word *word, uint32_t expected,
               uint32_t bitset, uint64_t deadline_ns)
{
    struct futex_waiter w;
    int err;

    if (!futex_is_aligned(word) || bitset == 0)
        return -EINVAL;
    err = compare(word, expected);
    if (err)
        return err;
    futex_waiter_init(&w, word, bitset);
    futex_waiter_queue(&w);
    err = futex_waiter_sleep(&w, deadline_ns);
    spin_unlock(&futex_lock);
    return err;
}

static int many_queue(struct futex_waiter *waiters, const uint32_t *expected,
                      unsigned count)
{
    uint32_t seen;
    int err;

    for (unsigned i = 0; i < count; i++) {
        struct futex_word word = waiters[i].word;

        futex_waiter_init(&waiters[i], &word, FUTEX_BITSET_MATCH_ANY);
    }
    for (unsigned i = 0; i < count; i++) {
        if (!futex_is_aligned(&waiters[i].word))
            return -EINVAL;
        err = user_get32(&seen, waiters[i].word.addr);
        if (err)
            return err;
        if (seen != expected[i])
            return -EAGAIN;
        futex_waiter_queue(&waiters[i]);
    }
    return 0;
}

/* Take all off their queues. -> the last that was woken before, or -1 */
static COLD int many_unqueue(struct futex_waiter *waiters, unsigned count)
{
    int woken = -1;

    for (unsigned i = 0; i < count; i++) {
        if (list_is_empty(&waiters[i].link))
            woken = (int)i;
        futex_waiter_fini(&waiters[i]);
    }
    return woken;
}

COLD int futex_wait_many(struct futex_waiter *waiters, const uint32_t *expected,
                         unsigned count, uint64_t deadline_ns)
{
    int woken = -1;
    int err;

    ASSERT(count > 0 && count <= FUTEX_WAIT_MAX);
    spin_lock(&futex_lock);
    err = many_queue(waiters, expected, count);
    if (err) {
        (void)many_unqueue(waiters, count);
        spin_unlock(&futex_lock);
        return err;
    }
    while (err == 0 && woken < 0) {
        thread_wake_clear();
        spin_unlock(&futex_lock);
        err = thread_sleep(deadline_ns);
        spin_lock(&futex_lock);
        for (unsigned i = 0; i < count; i++)
            if (list_is_empty(&waiters[i].link))
                woken = (int)i;
    }
    woken = many_unqueue(waiters, count);
    spin_unlock(&futex_lock);
    return woken >= 0 ? woken : err;
}

/* One that waits to own a lock is woken by its owner alone. */
static bool is_for_owner(const struct futex_waiter *w)
{
    return w->wants_pi || w->requeue_to;
}

/* -> sleepers woken; -EINVAL: some of those wait for a lock's owner */
static int wake_queued(const struct list *queue, const struct futex_word *word,
                       unsigned count_max, uint32_t bitset)
{
    unsigned count = 0;

    if (count_max == 0)
        return 0;
    LIST_FOR_EACH(it, queue)
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        if (!futex_is_at(w, word))
            continue;
        if (UNLIKELY(is_for_owner(w)))
            return -EINVAL;
        if (!(w->bitset & bitset))
            continue;
        futex_waiter_release(w);
        if (++count >= count_max)
            break;
    }
    return (int)count;
}

int futex_wake(const struct futex_word *word, unsigned count_max,
               uint32_t bitset)
{
    const struct list *queue;
    int count = 0;

    if (!futex_is_aligned(word) || bitset == 0)
        return -EINVAL;
    if (!user_word_ok(word->addr, 4))
        return -EFAULT;
    spin_lock(&futex_lock);
    queue = futex_queue_of(word);
    if (!list_is_empty(queue))
        count = wake_queued(queue, word, count_max, bitset);
    spin_unlock(&futex_lock);
    return count;
}

/* Move up to `count_max` sleepers from one word to the other. -EINVAL as in
 * wake_queued() */
static int move_queued(const struct futex_word *from,
                       const struct futex_word *to, unsigned count_max)
{
    unsigned count = 0;

    if (futex_is_same(from, to))
        return 0; /* they would be put behind themselves for ever */
    LIST_FOR_EACH(it, futex_queue_of(from))
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        if (count >= count_max)
            break;
        if (!futex_is_at(w, from))
            continue;
        if (UNLIKELY(is_for_owner(w)))
            return -EINVAL;
        /* Both words may share this queue: w then comes up again at its end,
         * where futex_is_at() passes over it. */
        futex_waiter_move(w, to);
        count++;
    }
    return (int)count;
}

int futex_check_two(const struct futex_word *from, const struct futex_word *to,
                    const uint32_t *expected)
{
    uint32_t seen;
    int err;

    if (!futex_is_aligned(from) || !futex_is_aligned(to))
        return -EINVAL;
    if (!user_word_ok(from->addr, 4) || !user_word_ok(to->addr, 4))
        return -EFAULT;
    if (!expected)
        return 0;
    err = user_get32(&seen, from->addr);
    if (err)
        return err;
    return seen == *expected ? 0 : -EAGAIN;
}

static int requeue_locked(const struct futex_word *from,
                          const struct futex_word *to, unsigned wake_max,
                          unsigned move_max, const uint32_t *expected)
{
    int err = futex_check_two(from, to, expected);
    int woken, moved;

    if (err)
        return err;
    woken = wake_queued(futex_queue_of(from), from, wake_max,
                        FUTEX_BITSET_MATCH_ANY);
    if (woken < 0)
        return woken;
    moved = move_queued(from, to, move_max);
    if (moved < 0)
        return moved;
    return expected ? woken + moved : woken;
}

COLD int futex_requeue(const struct futex_word *from,
                       const struct futex_word *to, unsigned wake_max,
                       unsigned move_max, const uint32_t *expected)
{
    int result;

    spin_lock(&futex_lock);
    result = requeue_locked(from, to, wake_max, move_max, expected);
    spin_unlock(&futex_lock);
    return result;
}

static uint32_t op_apply(uint32_t op, uint32_t old, uint32_t arg)
{
    switch (op) {
    case FUTEX_OP_SET:
        return arg;
    case FUTEX_OP_ADD:
        return old + arg;
    case FUTEX_OP_OR:
        return old | arg;
    case FUTEX_OP_ANDN:
        return old & ~arg;
    default:
        return old ^ arg; /* FUTEX_OP_XOR */
    }
}

static bool op_compare(uint32_t cmp, int32_t old, int32_t arg)
{
    switch (cmp) {
    case FUTEX_OP_CMP_EQ:
        return old == arg;
    case FUTEX_OP_CMP_NE:
        return old != arg;
    case FUTEX_OP_CMP_LT:
        return old < arg;
    case FUTEX_OP_CMP_LE:
        return old <= arg;
    case FUTEX_OP_CMP_GT:
        return old > arg;
    default:
        return old >= arg; /* FUTEX_OP_CMP_GE */
    }
}

static int32_t sign_extend12(uint32_t field)
{
    return (int32_t)(field << 20) >> 20;
}

COLD int futex_wake_op(const struct futex_word *word,
                       const struct futex_word *word2, unsigned wake_max,
                       unsigned wake2_max, uint32_t encoded)
{
    uint32_t op = encoded >> 28 & 7, cmp = encoded >> 24 & 15;
    uint32_t arg = (uint32_t)sign_extend12(encoded >> 12 & 0xfff);
    int32_t cmp_arg = sign_extend12(encoded & 0xfff);
    uint32_t old, seen;
    int err, count, count2;

    if (!futex_is_aligned(word) || !futex_is_aligned(word2))
        return -EINVAL;
    if (!user_word_ok(word->addr, 4))
        return -EFAULT;
    if (op > FUTEX_OP_XOR || cmp > FUTEX_OP_CMP_GE)
        return -ENOSYS;
    if (encoded >> 28 & FUTEX_OP_OPARG_SHIFT)
        arg = 1u << (arg & 31);
    err = user_get32(&old, word2->addr);
    if (err)
        return err;
    for (;;) {
        err = user_cmpxchg32(word2->addr, old, op_apply(op, old, arg), &seen);
        if (err)
            return err;
        if (seen == old)
            break;
        old = seen;
    }
    /* A count of 0 wakes one here, as it does on Linux. */
    count = futex_wake(word, MAX(wake_max, 1u), FUTEX_BITSET_MATCH_ANY);
    if (count < 0 || !op_compare(cmp, (int32_t)old, cmp_arg))
        return count;
    count2 = futex_wake(word2, MAX(wake2_max, 1u), FUTEX_BITSET_MATCH_ANY);
    return count2 < 0 ? count2 : count + count2;
}
