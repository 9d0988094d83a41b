/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.h - sleeping on a word of the program's memory.
 *
 * What:      a hash table of queues; waiters live on their kernel stacks, so
 *            nothing is allocated. A word is known by address space and
 *            address, one in a shared mapping by object and offset: mapped at
 *            two addresses it is one word.
 * Context:   a thread's system call; wake also from a thread's end. One lock
 *            guards all queues. futex_wait() and futex_wake() of a private
 *            word need no more; everything else wants the kernel lock too, and
 *            takes the queues' lock inside it.
 * Errors:    those of futex(2), as -errno.
 * Units:     deadline_ns on CLOCK_MONOTONIC; WAIT_FOREVER for none.
 */
#ifndef SCHED_FUTEX_H
#define SCHED_FUTEX_H

#include "core/lock.h"
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
    /* futex_wait_requeue_pi(): the lock to wait for next. NULL: none. */
    const struct futex_word *requeue_to;
    struct thread *owner;   /* of the lock that it wants */
    struct list owner_link; /* in owner->pi_waiters */
    int result;             /* of the call, once woken */
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

/* Locks whose word holds the owner's tid. A thread runs with the highest
 * priority among its own and those that wait, directly or through other locks,
 * for what it holds; it need not be in the kernel to hold one.
 * 0: the word names the caller. -EDEADLK, -EAGAIN (trylock), -EINVAL the word
 * and the kernel disagree, -ESRCH the owner does not exist, -EPERM (unlock),
 * -ETIMEDOUT, -ERESTARTSYS, -EFAULT */
MUST_CHECK int futex_lock_pi(const struct futex_word *word,
                             uint64_t deadline_ns);
MUST_CHECK int futex_trylock_pi(const struct futex_word *word);
MUST_CHECK int futex_unlock_pi(const struct futex_word *word);
/* Sleep on `word` while it is expected until futex_requeue_pi() moves the
 * caller to the lock, then until it owns that. -EAGAIN, -ERESTARTNOINTR */
MUST_CHECK int futex_wait_requeue_pi(const struct futex_word *word,
                                     const struct futex_word *lock,
                                     uint32_t expected, uint64_t deadline_ns);
/* Give the free lock to one sleeper of `word`, and let move_max others wait for
 * it. -> sleepers that were given or moved */
int futex_requeue_pi(const struct futex_word *word,
                     const struct futex_word *lock, unsigned move_max,
                     uint32_t expected);
/* t's own priority was changed: hand it on to those it waits for. */
void futex_pi_adjust(struct thread *t);

/* The current thread ends: mark and wake what its robust list names, hand over
 * what others wait to own, clear and wake clear_child_tid. */
void futex_thread_exit(void);

/* ---- between the futex*.c files ---- */

/* Of the queues, of the waiters in them, and of who owns what. With the kernel
 * lock held, the program's memory may be touched under it: a fault then takes
 * no lock that comes before it. */
extern struct spinlock futex_lock;

struct list *futex_queue_of(const struct futex_word *word);
static inline bool futex_is_aligned(const struct futex_word *word)
{
    return word->addr % 4 == 0;
}
static inline bool futex_is_same(const struct futex_word *a,
                                 const struct futex_word *b)
{
    return a->at == b->at && a->owner == b->owner;
}
static inline bool futex_is_at(const struct futex_waiter *w,
                               const struct futex_word *word)
{
    return futex_is_same(&w->word, word);
}
/* Alignment, ranges and *expected of a call with two words. */
MUST_CHECK int futex_check_two(const struct futex_word *from,
                               const struct futex_word *to,
                               const uint32_t *expected);
/* A waiter of the current thread, in no queue; queue it before the sleep, which
 * ends it and gives futex_lock up meanwhile. 0: woken, whatever came at the
 * same time. futex_lock is held in all of these. */
void futex_waiter_init(struct futex_waiter *w, const struct futex_word *word,
                       uint32_t bitset);
void futex_waiter_queue(struct futex_waiter *w);
MUST_CHECK int futex_waiter_sleep(struct futex_waiter *w, uint64_t deadline_ns);
void futex_waiter_fini(struct futex_waiter *w);
void futex_waiter_release(struct futex_waiter *w); /* take off, wake */
void futex_waiter_move(struct futex_waiter *w, const struct futex_word *to);
void futex_pi_exit(void);

#endif
