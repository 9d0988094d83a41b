/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c - threads for the rest of the kernel: sleeping, waking, settings,
 * birth and death. Which one runs is decided in runq.c.
 */
#include "sched/thread.h"

#include <linux/sched.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "sched/futex.h"
#include "sched/process.h"
#include "sched/runq.h"
#include "time/clock.h"

#define SLICE_NS    3000000ull
#define SLICE_RR_NS 100000000ull /* as sched_rr_get_interval() tells */
#define CACHE_MAX   8u

void (*thread_signal_hook)(struct regs *regs);
struct debug_control debug_control;

uint64_t thread_slice_ns(const struct thread *t)
{
    if (t->rt_priority == 0)
        return SLICE_NS;
    return t->policy == SCHED_RR ? SLICE_RR_NS : 0;
}

void thread_yield(void)
{
    struct runq *q = runq_mine();

    if (q->ready_count == 0)
        return;
    spin_lock(&q->lock);
    if (q->ready_count > 0)
        runq_requeue(q, true);
    else
        spin_unlock(&q->lock);
}

/* q is t's, locked. */
static void kick_locked(struct runq *q, struct thread *t)
{
    t->kicked = true;
    if (t == thread_current())
        arch_work_set();
    else if (t == q->current && t->state == THREAD_RUNNING)
        arch_cpu_kick(q->number);
}

void thread_kick(struct thread *t)
{
    struct runq *q;

    if (t == thread_current()) {
        t->kicked = true;
        arch_work_set();
        return;
    }
    q = runq_lock_of(t);
    kick_locked(q, t);
    spin_unlock(&q->lock);
}

void thread_resched(struct thread *t)
{
    struct runq *q = runq_lock_of(t);

    t->need_resched = true;
    kick_locked(q, t);
    spin_unlock(&q->lock);
}

/* The slice is over, the CPU forbidden, or somebody waits for one. */
static void resched(struct thread *t, struct regs *regs)
{
    struct runq *q = runq_mine();

    spin_lock(&q->lock);
    if (!runq_may_have(q, t)) {
        runq_stop(q, THREAD_MOVING, arch_cycles());
    } else if (t->need_resched && q->ready_count > 0) {
        t->need_resched = false;
        runq_requeue(q, false);
    } else {
        runq_watch(q);
        spin_unlock(&q->lock);
        if (!t->need_resched)
            return;
        t->need_resched = false;
    }
    if (UNLIKELY(t->rseq))
        rseq_abort(regs);
}

void thread_preempt(void)
{
    struct runq *q = runq_mine();

    spin_lock(&q->lock);
    if (thread_current()->need_resched && q->ready_count > 0) {
        runq_requeue(q, false);
        return;
    }
    arch_resched_clear();
    spin_unlock(&q->lock);
}

void thread_return_work(struct regs *regs)
{
    struct thread *t = thread_current();

    if (t->sample_weight)
        cputime_sample_end(t);
    do {
        t->kicked = false;
        if (UNLIKELY(t->process->exiting))
            thread_exit();
        if (t->need_resched || arch_cpu_count() > 1)
            resched(t, regs);
        if (t->rseq && t->rseq_cpu != arch_cpu_number())
            rseq_moved();
        if (thread_signal_hook)
            thread_signal_hook(regs);
    } while (t->kicked);
}

/* ---- sleeping ---- */

struct sleep_timer {
    struct timer timer;
    struct thread *thread;
    bool is_over;
};

static inline void wake_locked(struct runq *q, struct thread *t)
{
    if (t->state == THREAD_SLEEPING)
        runq_wake(q, t);
    else
        spin_unlock(&q->lock);
}

static void sleep_over(struct timer *timer)
{
    struct sleep_timer *s = CONTAINER_OF(timer, struct sleep_timer, timer);
    struct runq *q = runq_lock_of(s->thread);

    s->is_over = true;
    wake_locked(q, s->thread);
}

void thread_wake(struct thread *t)
{
    struct runq *q = runq_lock_of(t);

    t->woken = true;
    wake_locked(q, t);
}

COLD void thread_interrupt(struct thread *t)
{
    struct runq *q = runq_lock_of(t);

    t->interrupted = true;
    kick_locked(q, t);
    wake_locked(q, t);
}

static bool must_not_sleep(const struct thread *t, bool is_deaf)
{
    return (t->interrupted && !is_deaf) || t->process->exiting;
}

/* How soon a thread sleeps after it has woken another: see runq.c. */
static void note_gap(struct thread *t, uint64_t now)
{
    if (t->woke_at == 0)
        return;
    t->wake_gap = (t->wake_gap * 3 + MIN(now - t->woke_at, WAKE_GAP_MAX)) / 4;
    t->woke_at = 0;
}

/* Sleep unless there is a reason not to: its result, or 0 after a sleep. */
static inline int sleep_now(struct thread *t, bool is_deaf)
{
    struct runq *q = runq_mine();
    uint64_t now;
    int err = 0;

    spin_lock(&q->lock);
    if (!t->woken && must_not_sleep(t, is_deaf))
        err = -ERESTARTSYS;
    if (t->woken || err) {
        spin_unlock(&q->lock);
        return err;
    }
    now = arch_cycles();
    note_gap(t, now);
    runq_stop(q, THREAD_SLEEPING, now);
    return 0;
}

static NOINLINE int sleep_timed(struct thread *t, uint64_t deadline_ns,
                                bool is_deaf)
{
    struct sleep_timer s = { .thread = t };
    int err;

    if (t->woken)
        return 0; /* a wake-up goes before a signal, or it would be lost */
    if (must_not_sleep(t, is_deaf))
        return -ERESTARTSYS;
    if (clock_mono_ns() >= deadline_ns)
        return -ETIMEDOUT;
    timer_init(&s.timer, sleep_over);
    timer_arm(&s.timer, deadline_ns);
    err = sleep_now(t, is_deaf);
    timer_cancel(&s.timer);
    return s.is_over ? -ETIMEDOUT : err;
}

static inline int sleep_until(uint64_t deadline_ns, bool is_deaf)
{
    struct thread *t = thread_current();
    int err = LIKELY(deadline_ns == WAIT_FOREVER)
                  ? sleep_now(t, is_deaf)
                  : sleep_timed(t, deadline_ns, is_deaf);

    if (LIKELY(t->woken))
        return 0;
    return must_not_sleep(t, is_deaf) ? -ERESTARTSYS : err;
}

int thread_sleep(uint64_t deadline_ns)
{
    return sleep_until(deadline_ns, false);
}

COLD int thread_sleep_deaf(uint64_t deadline_ns)
{
    return sleep_until(deadline_ns, true);
}

/* ---- figures and settings ---- */

uint64_t thread_cpu_cycles(const struct thread *t)
{
    uint64_t since = __atomic_load_n(&t->switched_in, __ATOMIC_RELAXED);
    uint64_t now;

    if (t->state != THREAD_RUNNING)
        return t->cpu_cycles;
    now = arch_cycles(); /* another CPU's counter may be a little ahead */
    return t->cpu_cycles + (now > since ? now - since : 0);
}

uint64_t thread_cpu_ns(const struct thread *t)
{
    return clock_ns_of_cycles(thread_cpu_cycles(t));
}

COLD uint64_t process_cpu_ns(const struct process *p)
{
    uint64_t sum = p->dead_threads_cycles;

    LIST_FOR_EACH(it, &p->threads)
    sum += thread_cpu_cycles(LIST_ENTRY(it, struct thread, process_link));
    return clock_ns_of_cycles(sum);
}

COLD void thread_set_effective(struct thread *t, int rt_effective)
{
    struct runq *q = runq_lock_of(t);
    bool was_realtime = t->rt_effective > 0;

    if (t->state == THREAD_RUNNING)
        runq_account(q, t, arch_cycles());
    t->rt_effective = rt_effective;
    if (was_realtime && rt_effective == 0)
        t->vruntime = MAX(t->vruntime, q->vruntime_min);
    runq_resort(q, t);
    spin_unlock(&q->lock);
}

COLD void thread_set_policy(struct thread *t, int policy, int rt_priority)
{
    struct runq *q = runq_lock_of(t);

    ASSERT((policy == SCHED_FIFO || policy == SCHED_RR) == (rt_priority > 0));
    if (t->state == THREAD_RUNNING)
        runq_account(q, t, arch_cycles());
    t->policy = policy;
    t->rt_priority = rt_priority;
    spin_unlock(&q->lock);
    futex_pi_adjust(t);
    q = runq_lock_of(t);
    runq_resort(q, t);
    spin_unlock(&q->lock);
}

COLD void thread_set_nice(struct thread *t, int nice)
{
    struct runq *q = runq_lock_of(t);

    ASSERT(nice >= -20 && nice <= 19);
    if (t->state == THREAD_RUNNING)
        runq_account(q, t, arch_cycles());
    t->nice = nice;
    spin_unlock(&q->lock);
}

/* The CPUs of mask may not run yet: they begin with the second thread, in
 * their order, and a moment later. */
static int await_cpus(struct thread *t, uint64_t mask)
{
    if (runq_start_cpus() != 0 || arch_thread_may_switch(&t->arch) != 0)
        return -ENOMEM;
    while (!(mask & ((1ul << runq_running()) - 1)))
        arch_spin_wait();
    return 0;
}

COLD int thread_set_affinity(struct thread *t, uint64_t mask)
{
    struct runq *q;
    bool may_stay;

    if (!(mask & 1) && await_cpus(t, mask) != 0)
        return -ENOMEM;
    q = runq_lock_of(t);
    may_stay = mask >> (q->number - 1) & 1;
    t->affinity = mask;
    if (!may_stay && t->state == THREAD_READY && !t->on_cpu) {
        runq_remove(q, t);
        t->state = THREAD_SLEEPING;
        runq_wake(q, t);
        return 0;
    }
    if (!may_stay)
        kick_locked(q, t); /* it leaves by itself */
    spin_unlock(&q->lock);
    return 0;
}

/* ---- birth and death ---- */

void thread_sched_init(struct thread *t, const struct thread *parent)
{
    list_init(&t->ready_link);
    list_init(&t->process_link);
    list_init(&t->pi_waiters);
    if (!parent) {
        runq_init_first(t);
        return;
    }
    t->state = THREAD_SLEEPING;
    t->cpu = arch_cpu_number();
    t->on_cpu = false;
    t->runq = runq_mine();
    t->affinity = parent->affinity;
    t->wake_gap = WAKE_GAP_MAX;
    t->vruntime = MAX(parent->vruntime, t->runq->vruntime_min);
    t->nice = parent->nice;
    if (parent->reset_on_fork) {
        t->nice = MAX(t->nice, 0);
        return;
    }
    t->policy = parent->policy;
    t->rt_priority = parent->rt_priority;
    t->rt_effective = t->rt_priority; /* what the parent inherited is its own */
}

/* A dead thread's memory; NULL: this CPU, which alone looks, has none. */
static struct thread *take_dead(void)
{
    struct runq *q = runq_mine();

    if (list_is_empty(&q->dead))
        return NULL;
    q->dead_count--;
    return LIST_ENTRY(list_pop_front(&q->dead), struct thread, ready_link);
}

struct thread *thread_alloc(const struct regs *regs)
{
    struct thread *t = take_dead();
    struct signal_thread *signal = NULL;
    void *kstack, *xstate = NULL;

    if (t) {
        kstack = t->kstack;
        xstate = t->arch.xstate;
        signal = t->signal;
    } else {
        if (runq_start_cpus() != 0)
            return NULL;
        t = kmalloc(sizeof(*t));
        if (!t)
            return NULL;
        kstack = kmalloc(ARCH_KSTACK_LEN);
        if (!kstack)
            goto free_thread;
    }
    __builtin_memset(&t->woke_at, 0,
                     sizeof(*t) - offsetof(struct thread, woke_at));
    t->kstack = kstack;
    t->arch.xstate = xstate;
    t->signal = signal;
    if (arch_thread_init(&t->arch, kstack, regs) == 0) {
        cputime_thread_begin(t);
        return t;
    }

    thread_free(t);
    return NULL;

free_thread:
    kfree(t);
    return NULL;
}

void thread_free(struct thread *t)
{
    arch_thread_fini(&t->arch);
    kfree(t->signal);
    kfree(t->kstack);
    kfree(t);
}

/* Some of the dead are kept for those that come. */
static void trim_dead(void)
{
    struct thread *t;

    while (runq_mine()->dead_count > CACHE_MAX && (t = take_dead()) != NULL)
        thread_free(t);
}

void thread_die(void)
{
    struct thread *t = thread_current();
    struct runq *q;
    uint64_t now;

    trim_dead();
    q = runq_mine();
    spin_lock(&q->lock);
    now = arch_cycles();
    runq_account(q, t, now);
    cputime_thread_end(t);
    t->process->thread_count--;
    list_remove(&t->process_link);
    t->state = THREAD_DEAD;
    runq_switch(q, now);
    panic("a dead thread was continued");
}
