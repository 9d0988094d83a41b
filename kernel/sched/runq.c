/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runq.c - which thread a CPU runs, and for how long.
 *
 * Method: each CPU has a list of ready threads, sorted by a key. SCHED_FIFO and
 * SCHED_RR threads have keys below KEY_FAIR by priority; all others the CPU
 * time that they used, weighted by nice, so whoever had least runs next. A
 * thread that slept starts at most SLEEP_CREDIT behind the others: soon, but
 * it cannot save up. Insertion walks from the back; lists of hundreds of
 * *ready* threads on one CPU are rare enough for that.
 *
 * The slice timer runs only while somebody else is ready, and is left to run
 * out rather than stopped: arming a timer is an exit of the virtual machine,
 * and two threads that hand work to and fro would pay for it every time.
 *
 * There is no idle thread: the last one to sleep waits for interrupts on its
 * own kernel stack, and if it is the one woken, nothing needs switching. Such
 * a thread (on_cpu) can go on only there.
 *
 * Several CPUs: a woken thread goes to its last CPU if that is idle, to another
 * idle one, or stays with the waker; an idle CPU takes from the others before
 * it halts, and at the end of a slice a busy one gives away (balance.c). Waking
 * a halted CPU is an exit and an interrupt, so it is left out for wakers which
 * are known to sleep right after they have woken somebody (wake_gap): two
 * threads that hand work to and fro stay on one CPU. An idle CPU polls for a
 * while before it halts, longer if that paid.
 */
#include "sched/runq.h"

#include <linux/sched.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"
#include "sched/process.h"

#define SLEEP_CREDIT (1ull << 23)
#define WAKE_LEAD    (1ull << 21) /* a woken thread preempts if ahead by more */
#define KEY_FAIR     256ull
#define IDLE_WEIGHT  341u         /* SCHED_IDLE: 1024 / 3 slower, as Linux's */
#define GAP_SHORT    (1ull << 16) /* 23 us at 2.8 GHz */

struct runq runqs[ARCH_CPU_MAX];
unsigned runq_count = 1;

static uint64_t key_of(const struct thread *t)
{
    if (runq_is_realtime(t))
        return (uint64_t)(99 - t->rt_effective);
    return KEY_FAIR + t->vruntime;
}

/* CPU time as the fair policies count it: each nice level is 25 %. */
static NOINLINE uint64_t weigh(const struct thread *t, uint64_t cycles)
{
    if (UNLIKELY(t->policy == SCHED_IDLE))
        return cycles * IDLE_WEIGHT;
    for (int n = t->nice; n > 0; n--)
        cycles += cycles / 4;
    for (int n = t->nice; n < 0; n++)
        cycles -= cycles / 5;
    return cycles;
}

static inline uint64_t weighted(const struct thread *t, uint64_t cycles)
{
    return LIKELY(t->nice == 0 && t->policy != SCHED_IDLE) ? cycles
                                                           : weigh(t, cycles);
}

static struct thread *first_ready(const struct runq *q)
{
    return LIST_ENTRY(q->ready.next, struct thread, ready_link);
}

inline void runq_account(struct runq *q, struct thread *t, uint64_t now)
{
    /* Another CPU's counter may be a little behind. */
    uint64_t used = now > t->switched_in ? now - t->switched_in : 0;
    uint64_t least;

    t->switched_in = now;
    t->cpu_cycles += used;
    if (runq_is_realtime(t))
        return;
    t->vruntime += weighted(t, used);
    least = t->vruntime;
    if (!list_is_empty(&q->ready) && !runq_is_realtime(first_ready(q)))
        least = MIN(least, first_ready(q)->vruntime);
    q->vruntime_min = MAX(q->vruntime_min, least);
}

/* Behind its equals, or before them if it did not have its turn's full time. */
static void enqueue(struct runq *q, struct thread *t, uint64_t key,
                    bool before_equals)
{
    struct list *pos = &q->ready;

    while (pos->prev != &q->ready) {
        uint64_t other =
            LIST_ENTRY(pos->prev, struct thread, ready_link)->ready_key;

        if (other < key || (other == key && !before_equals))
            break;
        pos = pos->prev;
    }
    t->ready_key = key;
    t->state = THREAD_READY;
    list_insert_before(pos, &t->ready_link);
    q->ready_count++;
}

void runq_remove(struct runq *q, struct thread *t)
{
    ASSERT(t->state == THREAD_READY);
    list_remove(&t->ready_link);
    q->ready_count--;
}

/* ---- time slices ---- */

static void resched_current(struct runq *q)
{
    struct thread *t = q->current;

    t->need_resched = true;
    if (runq_is_mine(q) && !t->rseq) {
        arch_resched_set();
        return;
    }
    t->kicked = true; /* rseq_abort() wants all registers */
    if (runq_is_mine(q))
        arch_work_set();
    else
        arch_cpu_kick(q->number);
}

/* When the slice timer is to run out. Where another CPU could take who waits,
 * it is not for the slice's end to come, which may be never. */
static inline uint64_t watch_end(const struct thread *current, uint64_t now)
{
    uint64_t end = current->slice_end;

    return runq_running() > 1 ? MIN(end, now + SLICE) : end;
}

ARCH_SELDOM void runq_slice_arm(struct runq *q)
{
    uint64_t now = arch_cycles();
    uint64_t end = watch_end(q->current, now);
    uint64_t left_ns = end > now ? clock_ns_of_cycles(end - now) : 0;

    q->slice_timer_end = end;
    timer_arm(&q->slice_timer, clock_mono_ns() + left_ns);
}

/* Let the running thread's slice end in time. The ready list of a busy guest
 * empties and fills all the time, so an armed timer stays. */
static inline void slice_watch(struct runq *q, const struct thread *current,
                               uint64_t now)
{
    uint64_t end = watch_end(current, now);

    if (end == UINT64_MAX)
        return; /* SCHED_FIFO */
    if (UNLIKELY(!timer_is_armed(&q->slice_timer) || q->slice_timer_end > end))
        ARCH_CALL_SELDOM(runq_slice_arm, q);
}

COLD void runq_watch(struct runq *q)
{
    if (list_is_empty(&q->ready) || timer_is_armed(&q->slice_timer) ||
        q->current->state != THREAD_RUNNING)
        return;
    slice_watch(q, q->current, arch_cycles());
}

static COLD void slice_expired(struct timer *timer)
{
    struct runq *q = CONTAINER_OF(timer, struct runq, slice_timer);
    struct thread *t;
    uint64_t now = arch_cycles();

    spin_lock(&q->lock);
    t = q->current;
    if (!list_is_empty(&q->ready) && t->state == THREAD_RUNNING) {
        if (now >= t->slice_end)
            resched_current(q);
        else
            slice_watch(q, t, now);
        runq_balance(q);
    }
    spin_unlock(&q->lock);
}

inline void runq_slice_begin(struct thread *t, uint64_t now)
{
    if (LIKELY(!runq_is_realtime(t)))
        t->slice_end = now + SLICE;
    else if (t->policy == SCHED_RR)
        t->slice_end = now + SLICE_RR;
    else
        t->slice_end = UINT64_MAX;
}

/* ---- waking ---- */

/* What a running thread's key lags behind. */
static inline uint64_t unaccounted(const struct thread *t, uint64_t now)
{
    if (runq_is_realtime(t) || now <= t->switched_in)
        return 0;
    return weighted(t, now - t->switched_in);
}

/* A new thread lets its creator go on, as on Linux: some count on that. */
static inline bool may_lead(const struct runq *q, const struct thread *t)
{
    return t->switch_count > 0 || runq_is_realtime(t) || !runq_is_mine(q);
}

/* t has just become ready in q: does it go before the one that runs? */
static inline void preempt_check(struct runq *q, const struct thread *t)
{
    struct thread *current = q->current;
    uint64_t now, key = t->ready_key + (runq_is_realtime(t) ? 0 : WAKE_LEAD);

    if (current->state != THREAD_RUNNING) { /* it will look at the list */
        if (q->idle == RUNQ_HALTED && !runq_is_mine(q))
            arch_cpu_kick(q->number);
        return;
    }
    /* What it has used since it was counted can only make that clearer. */
    if (key < key_of(current) && may_lead(q, t)) {
        resched_current(q);
        return;
    }
    now = arch_cycles();
    if (key < key_of(current) + unaccounted(current, now) && may_lead(q, t)) {
        resched_current(q);
        return;
    }
    /* It ran alone until now, so nobody waited for its slice to end. */
    if (q->ready_count == 1 && current->slice_end <= now)
        runq_slice_begin(current, now);
    if (LIKELY(runq_is_mine(q)))
        slice_watch(q, current, now);
    else if (!timer_is_armed(&q->slice_timer))
        arch_cpu_kick(q->number); /* thread_return_work() watches */
}

/* The waker will most likely sleep in a moment: its CPU is as good as idle. */
static bool waker_is_brief(struct thread *waker)
{
    waker->woke_at = arch_cycles();
    return waker->wake_gap < GAP_SHORT;
}

/* Where t, asleep in q, should run, if there are several CPUs. */
static struct runq *choose_among(unsigned n, struct runq *q,
                                 const struct thread *t)
{
    struct runq *mine = runq_mine(), *halted = NULL;

    if (t->on_cpu)
        return q;
    if (!runq_may_have(q, t))
        q = mine;
    if (q->idle != RUNQ_BUSY && runq_may_have(q, t))
        return q;
    for (unsigned i = 0; i < n; i++) {
        if (!runq_may_have(&runqs[i], t))
            continue;
        if (runqs[i].idle == RUNQ_POLLING)
            return &runqs[i];
        if (runqs[i].idle == RUNQ_HALTED ||
            (!halted && !runq_may_have(mine, t)))
            halted = &runqs[i];
    }
    if (!runq_may_have(mine, t))
        return halted ? halted : q;
    if (mine->current->state != THREAD_RUNNING)
        return mine;
    return halted && !waker_is_brief(mine->current) ? halted : mine;
}

/* Each queue counts from a start of its own: keep t's distance to the least. */
static void move_vruntime(struct thread *t, const struct runq *from,
                          const struct runq *to)
{
    uint64_t lead = MAX(t->vruntime, from->vruntime_min) - from->vruntime_min;
    uint64_t credit = MIN(from->vruntime_min + lead - t->vruntime,
                          MIN(SLEEP_CREDIT, to->vruntime_min));

    t->vruntime = to->vruntime_min + lead - credit;
}

inline void runq_add(struct runq *q, struct thread *t)
{
    if (!runq_is_realtime(t) && q->vruntime_min > SLEEP_CREDIT)
        t->vruntime = MAX(t->vruntime, q->vruntime_min - SLEEP_CREDIT);
    enqueue(q, t, key_of(t), false);
    preempt_check(q, t);
}

void runq_leave(struct runq *q, struct thread *t, struct runq *to)
{
    t->state = THREAD_MOVING;
    move_vruntime(t, q, to);
    t->cpu = to->number;
    __atomic_store_n(&t->runq, to, __ATOMIC_RELEASE);
}

/* From q, locked and released, to another, which is locked then. */
static NOINLINE void change_queue(struct runq *q, struct thread *t,
                                  struct runq *to)
{
    runq_leave(q, t, to);
    spin_unlock(&q->lock);
    spin_lock(&to->lock);
}

/* t, asleep in q, locked, is to run in the queue of the result, locked. */
static NOINLINE struct runq *find_place(unsigned n, struct runq *q,
                                        struct thread *t)
{
    struct runq *to = choose_among(n, q, t);

    if (to != q)
        change_queue(q, t, to);
    return to;
}

void runq_wake(struct runq *q, struct thread *t)
{
    unsigned n = runq_running();

    ASSERT(t->state == THREAD_SLEEPING);
    if (UNLIKELY(n > 1))
        q = find_place(n, q, t);
    runq_add(q, t);
    spin_unlock(&q->lock);
}

/* ---- switching ---- */

/* The thread that went may not run here any more: to where it may. */
static NOINLINE COLD void emigrate(struct runq *q, struct thread *t)
{
    struct runq *to = choose_among(runq_running(), q, t);

    change_queue(q, t, to);
    runq_add(to, t);
    spin_unlock(&to->lock);
}

/* The one that went does not stay in this queue. Releases q. */
static NOINLINE void finish_last(struct runq *q, struct thread *went)
{
    if (went->state == THREAD_MOVING) {
        emigrate(q, went);
        return;
    }
    /* The first thread is static and on the boot stack: nothing to reuse. */
    if (went->state == THREAD_DEAD && went->kstack && went != &q->boot) {
        list_push_front(&q->dead, &went->ready_link);
        q->dead_count++;
    }
    spin_unlock(&q->lock);
}

/* On the stack of the thread that came: the one that went is off the CPU.
 * Releases this CPU's queue. */
static inline void finish_switch(void)
{
    struct runq *q = runq_mine();
    struct thread *went = q->went;

    went->on_cpu = false;
    if (UNLIKELY(went->state >= THREAD_MOVING))
        finish_last(q, went);
    else
        spin_unlock(&q->lock);
}

void thread_begin(void)
{
    finish_switch();
}

/* Make next, in no queue, the running one. True: it was another before. */
static inline bool become_current(struct runq *q, struct thread *prev,
                                  struct thread *next, uint64_t now)
{
    next->need_resched = false;
    arch_resched_clear();
    next->switched_in = now;
    q->current = next;
    runq_slice_begin(next, now);
    if (!list_is_empty(&q->ready))
        slice_watch(q, next, now);
    if (next->rseq && next->rseq_cpu != q->number)
        next->kicked = true; /* the program is told where it runs */
    if (next->kicked | debug_control.is_held)
        arch_work_set();
    if (next == prev)
        return false;
    next->switch_count++;
    next->on_cpu = true;
    q->went = prev;
    arch_thread_set(next);
    return true;
}

/* Whom to run now: the first that is ready, once there is one. */
static inline struct thread *pick(struct runq *q, uint64_t *now)
{
    struct thread *next;

    if (UNLIKELY(list_is_empty(&q->ready))) {
        if (q->current->state == THREAD_MOVING)
            return &q->boot;
        runq_idle(q);
        *now = arch_cycles();
    }
    next = first_ready(q);
    runq_remove(q, next);
    next->state = THREAD_RUNNING;
    return next;
}

/* Nothing is kept over the switch, which saves all registers. */
static NOINLINE void switch_away(struct runq *q, uint64_t now)
{
    struct thread *prev, *next;

    ASSERT(q->current->state != THREAD_RUNNING);
    if (LOCK_CHECKS)
        lock_check_asleep(&q->lock);
    next = pick(q, &now);
    prev = q->current;
    if (become_current(q, prev, next, now)) {
        arch_switch(prev, next);
        finish_switch();
    } else {
        spin_unlock(&q->lock);
    }
}

void runq_switch(struct runq *q, uint64_t now)
{
    if (!kernel_lock_drop()) {
        switch_away(q, now);
        return;
    }
    switch_away(q, now);
    spin_lock(&kernel_lock);
}

void runq_stop(struct runq *q, enum thread_state why, uint64_t now)
{
    struct thread *t = thread_current();

    runq_account(q, t, now);
    t->state = why;
    runq_switch(q, now);
}

void runq_requeue(struct runq *q, bool to_the_end)
{
    struct thread *t = thread_current();
    uint64_t now = arch_cycles();
    bool before_equals = false;
    uint64_t key;

    runq_account(q, t, now);
    key = key_of(t);
    if (UNLIKELY(runq_is_realtime(t)))
        before_equals = !to_the_end && now < t->slice_end;
    else if (to_the_end)
        key = MAX(
            key,
            LIST_ENTRY(q->ready.prev, struct thread, ready_link)->ready_key);
    enqueue(q, t, key, before_equals);
    runq_switch(q, now);
}

COLD void runq_resort(struct runq *q, struct thread *t)
{
    if (t->state == THREAD_READY) {
        runq_remove(q, t);
        runq_add(q, t);
    } else if (t == q->current && t->state == THREAD_RUNNING &&
               !list_is_empty(&q->ready)) {
        runq_slice_begin(t, arch_cycles());
        resched_current(q);
    }
}

/* ---- beginnings ---- */

static void runq_init(struct runq *q, unsigned number, struct thread *current)
{
    spin_init(&q->lock, LOCK_RUNQ);
    list_init(&q->ready);
    list_init(&q->dead);
    timer_init(&q->slice_timer, slice_expired);
    q->poll_ticks = RUNQ_POLL_MIN;
    q->number = number;
    q->current = current;
    current->cpu = number;
    current->runq = q;
    current->on_cpu = true;
    arch_runq_set(q);
    arch_thread_set(current);
}

COLD void runq_init_first(struct thread *t)
{
    runq_init(&runqs[0], 1, t);
    t->state = THREAD_RUNNING;
    t->switched_in = arch_cycles();
    t->affinity = (1ul << arch_cpu_count()) - 1;
    t->wake_gap = WAKE_GAP_MAX;
    runq_slice_begin(t, t->switched_in);
}

/* What a CPU does as nobody: look for a thread, for ever. */
static COLD void run_boot_thread(void)
{
    for (;;) {
        struct runq *q = runq_mine();

        spin_lock(&q->lock);
        runq_switch(q, arch_cycles());
    }
}

static COLD void begin_boot_thread(void)
{
    finish_switch();
    run_boot_thread();
}

static void init_boot_thread(struct runq *q, unsigned number)
{
    q->boot.state = THREAD_DEAD;
    q->boot.process = process_current();
    q->boot.cpu = number;
    q->boot.runq = q;
    list_init(&q->boot.ready_link);
}

/* A further CPU begins as its boot thread. */
static COLD void cpu_run(void)
{
    struct runq *q = &runqs[arch_cpu_number() - 1];

    runq_init(q, arch_cpu_number(), &q->boot);
    /* In their order, so that the first queues are in use. */
    while (runq_running() != q->number - 1)
        arch_spin_wait();
    __atomic_store_n(&runq_count, q->number, __ATOMIC_RELEASE);
    run_boot_thread();
}

COLD int runq_start_cpus(void)
{
    static bool done;
    struct thread *boot = &runqs[0].boot;
    int err;

    if (done || arch_cpu_count() == 1)
        return 0;
    boot->kstack = kmalloc(ARCH_KSTACK_LEN);
    if (!boot->kstack)
        return -ENOMEM;
    err = arch_thread_init_kernel(&boot->arch, boot->kstack, begin_boot_thread);
    if (err) {
        kfree(boot->kstack);
        return err;
    }
    done = true;
    (void)clock_mono_ns(); /* measured by one CPU, if need be */
    for (unsigned i = 0; i < arch_cpu_count(); i++)
        init_boot_thread(&runqs[i], i + 1);
    arch_cpus_start(cpu_run);
    return 0;
}

size_t thread_ready_count(void)
{
    unsigned n = runq_running();
    size_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum +=
            runqs[i].ready_count + (runqs[i].current->state == THREAD_RUNNING);
    return sum;
}
