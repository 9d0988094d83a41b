/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.h - sleeping on a word of the program's memory.
 *
 * What:      a hash table of queues; waiters live on their kernel stacks, so
 *            nothing is allocated. A word is known by address space and
 *            address; a page that is mapped at two addresses of one program
 *            is two words (Linux: one, if the mapping is shared).
 * Context:   a thread's system call; wake also from a thread's end.
 * Errors:    those of futex(2), as -errno.
 * Units:     deadline_ns on CLOCK_MONOTONIC; WAIT_FOREVER for none.
 */
#ifndef SCHED_FUTEX_H
#define SCHED_FUTEX_H

#include "sched/wait.h"

struct futex_queue;
struct thread;
struct space;

#define FUTEX_QUEUE_COUNT 128u
#define FUTEX_WAIT_MAX    128u /* words in futex_waitv() */
#define FUTEX_ROBUST_MAX  2048u

/* One sleeper on one word. */
struct futex_waiter {
    struct list link; /* empty once woken */
    struct thread *thread;
    struct space *space;
    uaddr_t addr;
    uint32_t bitset;
    bool wants_pi; /* waits to own the word, see futex_lock_pi() */
};

/* Sleep while *addr is expected. -EAGAIN it is not, -ETIMEDOUT,
 * -ERESTARTSYS, -EFAULT, -EINVAL */
MUST_CHECK int futex_wait(uaddr_t addr, uint32_t expected, uint32_t bitset,
                          uint64_t deadline_ns);
/* Sleep until one of the words is woken; waiters[i].addr is set, expected[i]
 * its value. -> the index */
MUST_CHECK int futex_wait_many(struct futex_waiter *waiters,
                               const uint32_t *expected, unsigned count,
                               uint64_t deadline_ns);
/* -> sleepers woken. -EFAULT, -EINVAL */
int futex_wake(uaddr_t addr, unsigned count_max, uint32_t bitset);
/* Wake, and move up to move_max others to the queue of `to`.
 * -> both counts together when compare, else those woken */
int futex_requeue(uaddr_t from, uaddr_t to, unsigned wake_max,
                  unsigned move_max, const uint32_t *expected);
int futex_wake_op(uaddr_t addr, uaddr_t addr2, unsigned wake_max,
                  unsigned wake2_max, uint32_t op);

/* Locks whose word holds the owner's tid. */
MUST_CHECK int futex_lock_pi(uaddr_t addr, uint64_t deadline_ns);
MUST_CHECK int futex_trylock_pi(uaddr_t addr);
MUST_CHECK int futex_unlock_pi(uaddr_t addr);

/* The current thread ends: mark and wake what its robust list names, then
 * clear and wake clear_child_tid. */
void futex_thread_exit(void);

#endif
