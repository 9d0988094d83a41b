/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.c - futex queues.
 *
 * A waiter is queued by (owner, place) in one of FUTEX_QUEUE_COUNT lists. It
 * is on its list exactly while nobody has woken it: the waker takes it off, so
 * an empty link after the sleep tells a wake-up from a signal or time-out.
 * Reading the word, comparing and queueing happen without another thread in
 * between, for the kernel is not preempted and memory never sleeps.
 */
#include "sched/futex.h"

#include <linux/futex.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/object.h"
#include "mm/space.h"
#include "mm/user.h"
#include "sched/process.h"

/* Zeroed memory until first used, so that boot touches nothing. */
static struct list queues[FUTEX_QUEUE_COUNT];

static struct list *queue_of(const struct futex_word *word)
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

static bool is_aligned(const struct futex_word *word)
{
    return word->addr % 4 == 0;
}

static bool is_at(const struct futex_waiter *w, const struct futex_word *word)
{
    return w->word.at == word->at && w->word.owner == word->owner;
}

static void waiter_queue(struct futex_waiter *w)
{
    list_push_back(queue_of(&w->word), &w->link);
}

/* An object must not go, and another come in its place, while w sleeps. */
static void waiter_set_word(struct futex_waiter *w,
                            const struct futex_word *word)
{
    w->word = *word;
    if (word->obj)
        word->obj->ops->ref(word->obj);
}

static void waiter_fini(struct futex_waiter *w)
{
    list_remove(&w->link);
    if (w->word.obj)
        w->word.obj->ops->unref(w->word.obj);
}

static void waiter_setup(struct futex_waiter *w, const struct futex_word *word,
                         uint32_t bitset)
{
    list_init(&w->link);
    w->thread = thread_current();
    waiter_set_word(w, word);
    w->bitset = bitset;
    w->wants_pi = false;
}

/* Queue, and sleep until woken. 0: woken, whatever came at the same time. */
static int waiter_sleep(struct futex_waiter *w, uint64_t deadline_ns)
{
    bool woken;
    int err;

    waiter_queue(w);
    do {
        thread_wake_clear();
        err = thread_sleep(deadline_ns);
        woken = list_is_empty(&w->link);
    } while (err == 0 && !woken);
    waiter_fini(w);
    return woken ? 0 : err;
}

static void waiter_release(struct futex_waiter *w)
{
    list_remove(&w->link);
    thread_wake(w->thread);
}

int futex_wait(const struct futex_word *word, uint32_t expected,
               uint32_t bitset, uint64_t deadline_ns)
{
    struct futex_waiter w;
    uint32_t seen;
    int err;

    if (!is_aligned(word) || bitset == 0)
        return -EINVAL;
    err = user_get32(&seen, word->addr);
    if (err)
        return err;
    if (seen != expected)
        return -EAGAIN;
    waiter_setup(&w, word, bitset);
    return waiter_sleep(&w, deadline_ns);
}

static int many_queue(struct futex_waiter *waiters, const uint32_t *expected,
                      unsigned count)
{
    uint32_t seen;
    int err;

    for (unsigned i = 0; i < count; i++) {
        struct futex_word word = waiters[i].word;

        waiter_setup(&waiters[i], &word, FUTEX_BITSET_MATCH_ANY);
    }
    for (unsigned i = 0; i < count; i++) {
        if (!is_aligned(&waiters[i].word))
            return -EINVAL;
        err = user_get32(&seen, waiters[i].word.addr);
        if (err)
            return err;
        if (seen != expected[i])
            return -EAGAIN;
        waiter_queue(&waiters[i]);
    }
    return 0;
}

/* Take all off their queues. -> the last that was woken before, or -1 */
static int many_unqueue(struct futex_waiter *waiters, unsigned count)
{
    int woken = -1;

    for (unsigned i = 0; i < count; i++) {
        if (list_is_empty(&waiters[i].link))
            woken = (int)i;
        waiter_fini(&waiters[i]);
    }
    return woken;
}

int futex_wait_many(struct futex_waiter *waiters, const uint32_t *expected,
                    unsigned count, uint64_t deadline_ns)
{
    int err = many_queue(waiters, expected, count);
    int woken = -1;

    ASSERT(count > 0 && count <= FUTEX_WAIT_MAX);
    if (err) {
        (void)many_unqueue(waiters, count);
        return err;
    }
    while (err == 0 && woken < 0) {
        thread_wake_clear();
        err = thread_sleep(deadline_ns);
        for (unsigned i = 0; i < count; i++)
            if (list_is_empty(&waiters[i].link))
                woken = (int)i;
    }
    woken = many_unqueue(waiters, count);
    return woken >= 0 ? woken : err;
}

static unsigned wake_queued(const struct futex_word *word, unsigned count_max,
                            uint32_t bitset)
{
    unsigned count = 0;

    LIST_FOR_EACH(it, queue_of(word))
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        if (count >= count_max)
            break;
        if (!is_at(w, word) || !(w->bitset & bitset) || w->wants_pi)
            continue;
        waiter_release(w);
        count++;
    }
    return count;
}

int futex_wake(const struct futex_word *word, unsigned count_max,
               uint32_t bitset)
{
    if (!is_aligned(word) || bitset == 0)
        return -EINVAL;
    if (!user_range_ok(word->addr, 4))
        return -EFAULT;
    return (int)wake_queued(word, count_max, bitset);
}

/* Move up to `count_max` sleepers from one word to the other. */
static unsigned move_queued(const struct futex_word *from,
                            const struct futex_word *to, unsigned count_max)
{
    unsigned count = 0;

    if (from->owner == to->owner && from->at == to->at)
        return 0; /* they would be put behind themselves for ever */
    LIST_FOR_EACH(it, queue_of(from))
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        if (count >= count_max)
            break;
        if (!is_at(w, from) || w->wants_pi)
            continue;
        waiter_fini(w);
        waiter_set_word(w, to);
        /* Both words may share this queue: w then comes up again at its end,
         * where is_at() passes over it. */
        waiter_queue(w);
        count++;
    }
    return count;
}

int futex_requeue(const struct futex_word *from, const struct futex_word *to,
                  unsigned wake_max, unsigned move_max,
                  const uint32_t *expected)
{
    unsigned woken, moved;
    uint32_t seen;
    int err;

    if (!is_aligned(from) || !is_aligned(to))
        return -EINVAL;
    if (!user_range_ok(from->addr, 4) || !user_range_ok(to->addr, 4))
        return -EFAULT;
    if (expected) {
        err = user_get32(&seen, from->addr);
        if (err)
            return err;
        if (seen != *expected)
            return -EAGAIN;
    }
    woken = wake_queued(from, wake_max, FUTEX_BITSET_MATCH_ANY);
    moved = move_queued(from, to, move_max);
    return (int)(expected ? woken + moved : woken);
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

int futex_wake_op(const struct futex_word *word, const struct futex_word *word2,
                  unsigned wake_max, unsigned wake2_max, uint32_t encoded)
{
    uint32_t op = encoded >> 28 & 7, cmp = encoded >> 24 & 15;
    uint32_t arg = (uint32_t)sign_extend12(encoded >> 12 & 0xfff);
    int32_t cmp_arg = sign_extend12(encoded & 0xfff);
    uint32_t old, seen;
    unsigned count;
    int err;

    if (!is_aligned(word) || !is_aligned(word2))
        return -EINVAL;
    if (!user_range_ok(word->addr, 4))
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
    count = wake_queued(word, wake_max, FUTEX_BITSET_MATCH_ANY);
    if (op_compare(cmp, (int32_t)old, cmp_arg))
        count += wake_queued(word2, wake2_max, FUTEX_BITSET_MATCH_ANY);
    return (int)count;
}

/* ---- locks that know their owner ---- */

/* The best waiter of a lock: highest priority, then longest there. */
static struct futex_waiter *pi_best(const struct futex_word *word,
                                    unsigned *count_out)
{
    struct futex_waiter *best = NULL;

    *count_out = 0;
    LIST_FOR_EACH(it, queue_of(word))
    {
        struct futex_waiter *w = LIST_ENTRY(it, struct futex_waiter, link);

        if (!is_at(w, word) || !w->wants_pi)
            continue;
        ++*count_out;
        if (!best || w->thread->rt_priority > best->thread->rt_priority)
            best = w;
    }
    return best;
}

/* One try to take the lock. 0 taken, -EAGAIN held by another (the word then
 * has FUTEX_WAITERS if mark), else what lock_pi reports. */
static int pi_try(uaddr_t addr, bool mark)
{
    uint32_t tid = (uint32_t)thread_current()->tid;
    uint32_t word, seen, next;
    int err = user_get32(&word, addr);

    while (!err) {
        uint32_t owner = word & FUTEX_TID_MASK;

        if (owner == tid)
            return -EDEADLK;
        if (owner == 0)
            next = tid | (word & (FUTEX_OWNER_DIED | FUTEX_WAITERS));
        else if (!thread_find((int)owner))
            return -ESRCH;
        else if (!mark)
            return -EAGAIN;
        else
            next = word | FUTEX_WAITERS;
        err = user_cmpxchg32(addr, word, next, &seen);
        if (!err && seen == word)
            return owner == 0 ? 0 : -EAGAIN;
        word = seen;
    }
    return err;
}

int futex_trylock_pi(const struct futex_word *word)
{
    return is_aligned(word) ? pi_try(word->addr, false) : -EINVAL;
}

/* Give the lock to its best waiter, or free it. */
static int pi_hand_over(const struct futex_word *word, uint32_t flags)
{
    unsigned count;
    struct futex_waiter *w = pi_best(word, &count);
    uint32_t next = flags;

    if (w)
        next |= (uint32_t)w->thread->tid | (count > 1 ? FUTEX_WAITERS : 0);
    if (user_put32(word->addr, next) != 0)
        return -EFAULT;
    if (w)
        waiter_release(w);
    return 0;
}

/* Nobody inherits a priority: with one CPU and the owner running whenever no
 * ready thread has a higher one, a middle thread can delay it, as documented
 * in docs/syscalls.md. Everything else is as with a real PI lock. */
int futex_lock_pi(const struct futex_word *word, uint64_t deadline_ns)
{
    struct futex_waiter w;
    int err;

    if (!is_aligned(word))
        return -EINVAL;
    err = pi_try(word->addr, true);
    if (err != -EAGAIN)
        return err;
    waiter_setup(&w, word, FUTEX_BITSET_MATCH_ANY);
    w.wants_pi = true;
    return waiter_sleep(&w, deadline_ns); /* the word names us already */
}

int futex_unlock_pi(const struct futex_word *word)
{
    uint32_t value;
    int err;

    if (!is_aligned(word))
        return -EINVAL;
    err = user_get32(&value, word->addr);
    if (err)
        return err;
    if ((value & FUTEX_TID_MASK) != (uint32_t)thread_current()->tid)
        return -EPERM;
    return pi_hand_over(word, 0);
}

/* ---- the end of a thread ---- */

/* A lock that the ending thread may hold: tell who comes next. */
static int robust_release(uaddr_t addr, bool is_pi, bool is_pending)
{
    struct futex_word word = futex_word_at(addr, false);
    uint32_t tid = (uint32_t)thread_current()->tid;
    uint32_t value, seen;

    if (!is_aligned(&word) || user_get32(&value, addr) != 0)
        return -EFAULT;
    /* It was about to lock or unlock: the word may be free with sleepers. */
    if (is_pending && !is_pi && value == 0)
        return futex_wake(&word, 1, FUTEX_BITSET_MATCH_ANY);
    if ((value & FUTEX_TID_MASK) != tid)
        return 0;
    if (is_pi)
        return pi_hand_over(&word, FUTEX_OWNER_DIED);
    if (user_cmpxchg32(addr, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                       &seen) != 0)
        return -EFAULT;
    if (value & FUTEX_WAITERS)
        return futex_wake(&word, 1, FUTEX_BITSET_MATCH_ANY);
    return 0;
}

/* The list is the program's: bounded, and any bad pointer ends the walk. Bit 0
 * of a link marks a PI lock. */
static void robust_exit(uaddr_t head)
{
    uint64_t entry, offset, pending, next;
    unsigned budget = FUTEX_ROBUST_MAX;

    if (user_get64(&entry, head) != 0 || user_get64(&offset, head + 8) != 0 ||
        user_get64(&pending, head + 16) != 0)
        return;
    while ((entry & ~1ull) != head && budget-- > 0) {
        uaddr_t node = entry & ~1ull;
        bool is_bad = user_get64(&next, node) != 0;

        if (node != (pending & ~1ull) &&
            robust_release(node + offset, entry & 1, false) < 0)
            return;
        if (is_bad)
            return;
        entry = next;
    }
    if (pending & ~1ull)
        (void)robust_release((pending & ~1ull) + offset, pending & 1, true);
}

void futex_thread_exit(void)
{
    struct thread *t = thread_current();
    struct futex_word word;

    if (t->robust_list)
        robust_exit(t->robust_list);
    t->robust_list = 0;
    if (t->clear_child_tid && user_put32(t->clear_child_tid, 0) == 0) {
        word = futex_word_at(t->clear_child_tid, false);
        (void)futex_wake(&word, 1, FUTEX_BITSET_MATCH_ANY);
    }
    t->clear_child_tid = 0;
}
