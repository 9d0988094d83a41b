/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runq.h - each CPU's ready threads: the scheduler's inside, for kernel/sched.
 *
 * What:      a run queue for each CPU. A thread belongs to the queue of the CPU
 *            that it runs on or ran on last; that queue's lock guards the
 *            thread's state and place.
 * Context:   the lock is held over a switch: the thread that comes releases
 *            what the one that went has taken.
 * Units:     times in TSC ticks, but for names that end in _ns.
 */
#ifndef SCHED_RUNQ_H
#define SCHED_RUNQ_H

#include "core/lock.h"
#include "sched/thread.h"
#include "time/clock.h"

/* In TSC ticks, whose rate need not be known: 3 ms at 2.8 GHz. */
#define SLICE        (1ull << 23)
#define SLICE_RR     (1ull << 28) /* about Linux's 100 ms */
#define WAKE_GAP_MAX (1ull << 24)

enum runq_idle {
    RUNQ_BUSY,
    RUNQ_POLLING, /* looks at the queue all the time */
    RUNQ_HALTED   /* must be kicked to look */
};

struct runq {
    struct spinlock lock;
    unsigned number; /* the CPU's, from 1; 0: it does not run */
    struct list ready;
    size_t ready_count;
    uint64_t vruntime_min; /* never falls */
    struct thread *current;
    struct thread *went; /* whom the last switch left */
    struct list dead;    /* by ready_link, memory kept; used by this CPU ... */
    size_t dead_count;   /* ... alone, so without the lock */
    struct timer slice_timer;
    uint64_t slice_timer_end; /* the tick that it is armed for */
    enum runq_idle idle;
    uint64_t poll_ticks; /* how long it polls before it halts */
    struct thread boot;  /* runs while nobody else can, see runq_stop() */
};

extern struct runq runqs[ARCH_CPU_MAX]; /* by number - 1 */
extern unsigned runq_count; /* of CPUs that run, the first; atomic; grows */
#define RUNQ_POLL_MIN (1ull << 14)

static inline struct runq *runq_mine(void)
{
    return arch_runq();
}

static inline bool runq_is_mine(const struct runq *q)
{
    return q->number == arch_cpu_number();
}

static inline unsigned runq_running(void)
{
    return __atomic_load_n(&runq_count, __ATOMIC_ACQUIRE);
}

static inline bool runq_is_realtime(const struct thread *t)
{
    return t->rt_effective > 0;
}

static inline bool runq_may_have(const struct runq *q, const struct thread *t)
{
    return t->affinity >> (q->number - 1) & 1;
}

/* The lock of t's queue, which is t's as long as it is held. */
static inline struct runq *runq_lock_of(struct thread *t)
{
    for (;;) { /* again if it moved before the lock was there */
        struct runq *q = __atomic_load_n(&t->runq, __ATOMIC_ACQUIRE);

        spin_lock(&q->lock);
        if (LIKELY(__atomic_load_n(&t->runq, __ATOMIC_RELAXED) == q))
            return q;
        spin_unlock(&q->lock);
    }
}

/* Put a sleeping thread into a queue, its own or a better one. Releases q. */
void runq_wake(struct runq *q, struct thread *t);
/* The current thread's state says why it stops; q is its queue, locked, and
 * released when it goes on. Gives up the kernel lock meanwhile. */
void runq_switch(struct runq *q, uint64_t now);
/* Give up the CPU but stay ready. q as above. */
void runq_requeue(struct runq *q, bool to_the_end);
/* The current thread stops, and this is why; its time is counted. q as above:
 * THREAD_MOVING when it must leave this CPU. */
void runq_stop(struct runq *q, enum thread_state why, uint64_t now);
/* Take a ready thread out of q, locked. */
void runq_remove(struct runq *q, struct thread *t);
/* t, in no queue, leaves q, locked, for another: THREAD_MOVING, nobody's ... */
void runq_leave(struct runq *q, struct thread *t, struct runq *to);
/* ... until it becomes ready in that one, locked. */
void runq_add(struct runq *q, struct thread *t);
/* Somebody waits in q, this CPU's, locked, beside the one that runs: let other
 * CPUs help. */
void runq_balance(struct runq *q);
/* One that waits in `from` and may go; both are locked. False: none. */
bool runq_move_one(struct runq *from, struct runq *to);
/* Until q, locked, has a ready thread: idle.c. */
void runq_idle(struct runq *q);
/* Set by whoever has a device that is polled: called before a CPU halts, with
 * or without the kernel lock. True: there was work, look at the queue again. */
extern bool (*runq_idle_hook)(void);
/* Something waits for this CPU to halt: when it is idle next, it does not poll
 * before that. */
void runq_halt_soon(void);
/* t's key, in its locked queue, has changed. */
void runq_resort(struct runq *q, struct thread *t);
/* Count what t has used of its CPU until now. */
void runq_account(struct runq *q, struct thread *t, uint64_t now);
/* Somebody is ready: see to it that the running thread's slice ends. */
void runq_watch(struct runq *q);
/* The slice timer is armed anew. */
ARCH_SELDOM void runq_slice_arm(struct runq *q);
void runq_slice_begin(struct thread *t, uint64_t now);
void runq_init_first(struct thread *t);
/* Once, before there is a second thread: the other CPUs begin. -ENOMEM */
MUST_CHECK int runq_start_cpus(void);

#endif
