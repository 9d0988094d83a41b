/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - spinlocks between CPUs, and the one kernel lock.
 *
 * What:      the kernel is not preemptible and interrupts in it are only
 *            noted, so a lock is never wanted by code that interrupted its
 *            holder: plain test-and-set. Whoever waits attends to what other
 *            CPUs ask of it (arch_spin_wait), so a CPU that waits for all
 *            others may hold locks.
 *
 *            The kernel lock is held by all kernel code but that which says
 *            otherwise: calls declared SYSCALL_FREE or _UNLOCKED, the
 *            scheduler, timers, futexes. It is given up while a thread sleeps,
 *            so between two sleeps nothing else runs that needs it too.
 *            Descriptors are looked up with no lock: arch_reading_begin().
 * Order:     enum lock_rank, taken in rising order; a lock of the same rank
 *            only by spin_trylock(). Built with LOCK_CHECKS=1 (make DEBUG=1)
 *            every lock is checked against it.
 * Context:   anywhere; nothing here sleeps, and nobody may sleep with a
 *            spinlock held.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "arch/arch.h"

#ifndef LOCK_CHECKS
#define LOCK_CHECKS 0
#endif

/* Lowest is taken first. */
enum lock_rank {
    LOCK_KERNEL = 1,
    LOCK_WATCHES, /* which watches of epoll's there are */
    LOCK_ASKING,  /* one instance: its watches stay, and are asked */
    LOCK_UNIX,    /* AF_UNIX: queues, readiness, who waits */
    LOCK_INET,    /* net/inet, lwIP and the network device */
    LOCK_FILE,    /* one pipe or eventfd, and who waits for it */
    LOCK_EPOLL,   /* what watches found, and who waits for that */
    LOCK_FUTEX,   /* one queue of futexes */
    LOCK_SPACE,   /* a space's regions and page tables */
    LOCK_INODE,   /* what shows of one file in memory */
    LOCK_RUNQ,    /* one CPU's ready threads, states of threads */
    LOCK_TIMER,   /* one CPU's timers */
    LOCK_HEAP,    /* free blocks of the heap */
    LOCK_PAGE,    /* free pages */
    LOCK_TLB,     /* asking other CPUs to flush or to stop */
    LOCK_RANK_MAX
};

struct spinlock {
    uint32_t owner; /* number of the CPU, from 1; 0: free */
    uint32_t rank;
};

/* Zero where the rank is of no use: no room in the kernel's file. */
#define SPINLOCK_INIT(rank)         \
    {                               \
        0, LOCK_CHECKS ? (rank) : 0 \
    }

/* LOCK_CHECKS: the order on this CPU. Panics when it is broken. */
void lock_check_take(const struct spinlock *l, bool is_try);
void lock_check_release(const struct spinlock *l);
/* This CPU has it. */
void lock_check_mine(const struct spinlock *l);
/* Nothing is held that comes after `rank`, so that its locks may be taken. */
void lock_check_below(enum lock_rank rank);
/* Something that is no lock but may not be slept with is taken, or given up:
 * 1, -1. */
void lock_check_claim(int by);
/* Nothing is held but `only` and the kernel lock: a sleep follows. */
void lock_check_asleep(const struct spinlock *only);

static inline void spin_init(struct spinlock *l, enum lock_rank rank)
{
    l->owner = 0;
    l->rank = rank;
}

static inline bool spin_try_raw(struct spinlock *l)
{
    uint32_t free = 0;

    return __atomic_compare_exchange_n(&l->owner, &free, arch_cpu_number(),
                                       false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline bool spin_trylock(struct spinlock *l)
{
    if (!spin_try_raw(l))
        return false;
    if (LOCK_CHECKS)
        lock_check_take(l, true);
    return true;
}

/* Another CPU has it: wait, and take it. In unit tests there is none. */
#ifdef SAMARA_GUEST
ARCH_SELDOM void spin_lock_await(struct spinlock *l);
static inline void spin_lock_wait(struct spinlock *l)
{
    ARCH_CALL_SELDOM(spin_lock_await, l);
}
#else
static inline void spin_lock_wait(struct spinlock *l)
{
    (void)l;
}
#endif

static inline void spin_lock(struct spinlock *l)
{
    if (LOCK_CHECKS)
        lock_check_take(l, false);
    if (UNLIKELY(!spin_try_raw(l)))
        spin_lock_wait(l);
}

static inline void spin_unlock(struct spinlock *l)
{
    if (LOCK_CHECKS)
        lock_check_release(l);
    __atomic_store_n(&l->owner, 0, __ATOMIC_RELEASE);
}

/* By this CPU; what others do to it meanwhile makes no difference. */
static inline bool spin_is_mine(const struct spinlock *l)
{
    return __atomic_load_n(&l->owner, __ATOMIC_RELAXED) == arch_cpu_number();
}

/* Take it unless this CPU has it, for where that is seldom done: fewer bytes.
 * The result goes to spin_leave(). */
#ifdef SAMARA_GUEST
bool spin_enter(struct spinlock *l);
#else
static inline bool spin_enter(struct spinlock *l)
{
    if (spin_is_mine(l))
        return false;
    spin_lock(l);
    return true;
}
#endif

static inline void spin_leave(struct spinlock *l, bool was_taken)
{
    if (was_taken)
        spin_unlock(l);
}

/* ---- the kernel lock; entry.S takes it for system calls ---- */

extern struct spinlock kernel_lock;

/* Take it unless this CPU has it: an exception may interrupt code with or
 * without it. The result goes to kernel_lock_leave(). */
static inline bool kernel_lock_enter(void)
{
    if (spin_is_mine(&kernel_lock))
        return false;
    spin_lock(&kernel_lock);
    return true;
}

static inline void kernel_lock_leave(bool was_taken)
{
    if (was_taken)
        spin_unlock(&kernel_lock);
}

/* The same, for where it is seldom done: fewer bytes. */
#ifdef SAMARA_GUEST
bool kernel_lock_enter_seldom(void);
#else
static inline bool kernel_lock_enter_seldom(void)
{
    return kernel_lock_enter();
}
#endif

/* Give it up, if this CPU has it; true: it had. */
static inline bool kernel_lock_drop(void)
{
    bool was_mine = spin_is_mine(&kernel_lock);

    kernel_lock_leave(was_mine);
    return was_mine;
}

#endif
