/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.h - sleeping on a word of the program's memory.
 *
 * What:      a hash table of queues; waiters live on their kernel stacks, so
 *            nothing is allocated. A word is known by address space and
 *            address, one in a shared mapping by object and offset: mapped at
 *            two addresses it is one word.
 * Context:   a thread's system call; wake also from a thread's end.
 * Errors:    those of futex(2), as -errno.
 * Units:     deadline_ns on CLOCK_MONOTONIC; WAIT_FOREVER for none.
 */
#ifndef SCHED_FUTEX_H
#define SCHED_FUTEX_H

#include "sched/wait.h"

struct thread;
struct vm_object;

#define FUTEX_QUEUE_COUNT 128u
#define FUTEX_WAIT_MAX    128u /* words in futex_waitv() */
#define FUTEX_ROBUST_MAX  2048u

/* A word: where to read it, and what it is known by. */
struct futex_word {
    uaddr_t addr;
    const void *owner;     /* the space; of a shared mapping the object */
    struct vm_object *obj; /* the same object, or NULL */
    uint64_t at;           /* address in the space, offset in the object */
};

/* is_private: FUTEX_PRIVATE_FLAG, the program promises that no shared mapping
 * is meant, which saves looking. Fits until the program maps otherwise: waiters
 * hold a reference of the object, callers need none before they sleep. */
struct futex_word futex_word_at(uaddr_t addr, bool is_private);

/* One sleeper on one word. */
struct futex_waiter {
    struct list link; /* empty once woken */
    struct thread *thread;
    struct futex_word word;
    uint32_t bitset;
    bool wants_pi; /* waits to own the word, see futex_lock_pi() */
};

/* Sleep while the word is expected. -EAGAIN it is not, -ETIMEDOUT,
 * -ERESTARTSYS, -EFAULT, -EINVAL */
MUST_CHECK int futex_wait(const struct futex_word *word, uint32_t expected,
                          uint32_t bitset, uint64_t deadline_ns);
/* Sleep until one of the words is woken; waiters[i].word is set, expected[i]
 * its value. -> the index */
MUST_CHECK int futex_wait_many(struct futex_waiter *waiters,
                               const uint32_t *expected, unsigned count,
                               uint64_t deadline_ns);
/* -> sleepers woken. -EFAULT, -EINVAL */
int futex_wake(const struct futex_word *word, unsigned count_max,
               uint32_t bitset);
/* Wake, and move up to move_max others to the queue of `to`.
 * -> both counts together when compare, else those woken */
int futex_requeue(const struct futex_word *from, const struct futex_word *to,
                  unsigned wake_max, unsigned move_max,
                  const uint32_t *expected);
int futex_wake_op(const struct futex_word *word, const struct futex_word *word2,
                  unsigned wake_max, unsigned wake2_max, uint32_t op);

/* Locks whose word holds the owner's tid. */
MUST_CHECK int futex_lock_pi(const struct futex_word *word,
                             uint64_t deadline_ns);
MUST_CHECK int futex_trylock_pi(const struct futex_word *word);
MUST_CHECK int futex_unlock_pi(const struct futex_word *word);

/* The current thread ends: mark and wake what its robust list names, then
 * clear and wake clear_child_tid. */
void futex_thread_exit(void);

#endif
