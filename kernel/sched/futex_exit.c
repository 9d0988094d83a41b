/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex_exit.c - what a thread that ends leaves behind: locks that it holds by
 * its robust list, locks that others wait to own, and its id's word.
 */
#include <linux/futex.h>

#include "core/errno.h"
#include "mm/user.h"
#include "sched/futex.h"
#include "sched/thread.h"

/* A lock that the ending thread may hold: mark it. A sleeper is woken; who
 * waits to own it gets it in futex_pi_exit(). */
static int robust_release(uaddr_t addr, bool is_pi, bool is_pending)
{
    struct futex_word word = futex_word_at(addr, false);
    uint32_t tid = (uint32_t)thread_current()->tid;
    uint32_t value, seen;

    if (!futex_is_aligned(&word) || user_get32(&seen, addr) != 0)
        return -EFAULT;
    do {
        value = seen;
        /* It was about to lock or unlock: it may be free with sleepers. */
        if (is_pending && !is_pi && (value & FUTEX_TID_MASK) == 0)
            return futex_wake(&word, 1, FUTEX_BITSET_MATCH_ANY);
        if ((value & FUTEX_TID_MASK) != tid)
            return 0;
        if (user_cmpxchg32(addr, value,
                           (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                           &seen) != 0)
            return -EFAULT;
    } while (seen != value);
    if (!is_pi && (value & FUTEX_WAITERS))
        return futex_wake(&word, 1, FUTEX_BITSET_MATCH_ANY);
    return 0;
}

/* The list is the program's: bounded, and any bad pointer ends the walk. Bit 0
 * of a link marks a PI lock. */
static NOINLINE void robust_exit(uaddr_t head)
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

    if (t->robust_list)
        robust_exit(t->robust_list);
    t->robust_list = 0;
    if (!list_is_empty(&t->pi_waiters))
        futex_pi_exit(); /* the kernel lock keeps others from waiting */
    if (t->clear_child_tid && user_put32(t->clear_child_tid, 0) == 0) {
        struct futex_word word = futex_word_at(t->clear_child_tid, false);

        (void)futex_wake(&word, 1, FUTEX_BITSET_MATCH_ANY);
    }
    t->clear_child_tid = 0;
}
