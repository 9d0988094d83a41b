/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c - the scheduler: which thread runs, and for how long.
 *
 * Method: one list of ready threads, sorted by a key. SCHED_FIFO and SCHED_RR
 * threads have keys below KEY_FAIR by priority; all others the CPU time that
 * they used, weighted by nice, so whoever had least runs next. A thread that
 * slept starts at most SLEEP_CREDIT behind the others: soon, but it cannot
 * save up. Insertion walks from the back; lists of hundreds of *ready* threads
 * on one CPU are rare enough for that.
 *
 * The slice timer runs only while somebody else is ready, and is left to run
 * out rather than stopped: arming a timer is an exit of the virtual machine,
 * and two threads that hand work to and fro would pay for it every time.
 *
 * There is no idle thread: the last one to sleep waits for interrupts on its
 * own kernel stack, and if it is the one woken, nothing needs switching.
 */
#include "sched/thread.h"

#include <linux/sched.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "sched/futex.h"
#include "sched/process.h"
#include "time/clock.h"

/* In TSC ticks, whose rate need not be known: 3 ms at 2.8 GHz. */
#define SLICE        (1ull << 23)
#define SLICE_RR     (1ull << 28) /* about Linux's 100 ms */
#define SLICE_NS     3000000ull
#define SLICE_RR_NS  100000000ull /* as sched_rr_get_interval() tells */
#define SLEEP_CREDIT (1ull << 23)
#define WAKE_LEAD    (1ull << 21) /* a woken thread preempts if ahead by more */
#define KEY_FAIR     256ull
#define IDLE_WEIGHT  341u /* SCHED_IDLE: 1024 / 3 slower, as Linux's */
#define CACHE_MAX    8u

struct thread *thread_current_ptr;
void (*thread_signal_hook)(struct regs *regs);

static struct list ready = LIST_INIT(ready);
static size_t ready_count;
static uint64_t vruntime_min;              /* never falls */
static struct list dead = LIST_INIT(dead); /* by ready_link, memory kept */
static size_t dead_count;
static struct timer slice_timer;
static uint64_t slice_timer_end; /* the tick that it is armed for */

static bool is_realtime(const struct thread *t)
{
    return t->rt_effective > 0;
}

static uint64_t key_of(const struct thread *t)
{
    if (is_realtime(t))
        return (uint64_t)(99 - t->rt_effective);
    return KEY_FAIR + t->vruntime;
}

/* CPU time as the fair policies count it: each nice level is 25 %. */
static uint64_t weighted(const struct thread *t, uint64_t cycles)
{
    if (UNLIKELY(t->policy == SCHED_IDLE))
        return cycles * IDLE_WEIGHT;
    for (int n = t->nice; n > 0; n--)
        cycles += cycles / 4;
    for (int n = t->nice; n < 0; n++)
        cycles -= cycles / 5;
    return cycles;
}

uint64_t thread_slice_ns(const struct thread *t)
{
    if (t->rt_priority == 0)
        return SLICE_NS;
    return t->policy == SCHED_RR ? SLICE_RR_NS : 0;
}

static void account(struct thread *t, uint64_t now)
{
    uint64_t used = now - t->switched_in;
    uint64_t least;

    t->switched_in = now;
    t->cpu_cycles += used;
    if (is_realtime(t))
        return;
    t->vruntime += weighted(t, used);
    least = t->vruntime;
    if (!list_is_empty(&ready)) {
        struct thread *first =
            LIST_ENTRY(ready.next, struct thread, ready_link);

        if (!is_realtime(first))
            least = MIN(least, first->vruntime);
    }
    vruntime_min = MAX(vruntime_min, least);
}

/* Behind its equals, or before them if it did not have its turn's full time. */
static void enqueue(struct thread *t, uint64_t key, bool before_equals)
{
    struct list *pos = &ready;

    while (pos->prev != &ready) {
        uint64_t other =
            LIST_ENTRY(pos->prev, struct thread, ready_link)->ready_key;

        if (other < key || (other == key && !before_equals))
            break;
        pos = pos->prev;
    }
    t->ready_key = key;
    t->state = THREAD_READY;
    list_insert_before(pos, &t->ready_link);
    ready_count++;
}

static void dequeue(struct thread *t)
{
    ASSERT(t->state == THREAD_READY);
    list_remove(&t->ready_link);
    ready_count--;
}

static void resched_current(struct thread *current)
{
    current->need_resched = true;
    thread_kick(current);
}

/* Others are ready: let the running thread's slice end in time. The ready list
 * of a busy guest empties and fills all the time, so an armed timer stays. */
static void slice_watch(const struct thread *running, uint64_t now)
{
    uint64_t end = running->slice_end;
    uint64_t left_ns;

    if (end == UINT64_MAX)
        return; /* SCHED_FIFO */
    if (timer_is_armed(&slice_timer) && slice_timer_end <= end)
        return;
    left_ns = end > now ? clock_ns_of_cycles(end - now) : 0;
    slice_timer_end = end;
    timer_arm(&slice_timer, clock_mono_ns() + left_ns);
}

static void slice_expired(struct timer *timer)
{
    struct thread *t = thread_current();
    uint64_t now = arch_cycles();

    (void)timer;
    if (list_is_empty(&ready) || t->state != THREAD_RUNNING)
        return;
    if (now >= t->slice_end)
        resched_current(t);
    else
        slice_watch(t, now);
}

static void slice_begin(struct thread *t, uint64_t now)
{
    if (!is_realtime(t))
        t->slice_end = now + SLICE;
    else if (t->policy == SCHED_RR)
        t->slice_end = now + SLICE_RR;
    else
        t->slice_end = UINT64_MAX;
}

/* t has just become ready: does it go before the one that runs? */
static void preempt_check(const struct thread *t)
{
    struct thread *current = thread_current();
    uint64_t now, lead;

    if (current->state != THREAD_RUNNING)
        return; /* it waits for interrupts, and will look at the list */
    now = arch_cycles();
    account(current, now);
    lead = is_realtime(t) ? 0 : WAKE_LEAD;
    if (t->ready_key + lead < key_of(current)) {
        resched_current(current);
        return;
    }
    /* It ran alone until now, so nobody waited for its slice to end. */
    if (ready_count == 1 && current->slice_end <= now)
        slice_begin(current, now);
    slice_watch(current, now);
}

static void make_ready(struct thread *t)
{
    ASSERT(t->state == THREAD_SLEEPING);
    if (!is_realtime(t) && vruntime_min > SLEEP_CREDIT)
        t->vruntime = MAX(t->vruntime, vruntime_min - SLEEP_CREDIT);
    enqueue(t, key_of(t), false);
    preempt_check(t);
}

static void cache_trim(void)
{
    while (dead_count > CACHE_MAX) {
        struct list *last = dead.prev;

        list_remove(last);
        dead_count--;
        thread_free(LIST_ENTRY(last, struct thread, ready_link));
    }
}

/* Continue with the best ready thread. The current one's state says where it
 * stands: READY ones were queued by the caller. */
static void schedule(uint64_t now)
{
    struct thread *prev = thread_current();
    struct thread *next;

    ASSERT(prev->state != THREAD_RUNNING);
    if (list_is_empty(&ready)) {
        do {
            arch_irq_poll();
            if (!list_is_empty(&ready))
                break;
            arch_idle();
        } while (list_is_empty(&ready));
        now = arch_cycles();
    }
    next = LIST_ENTRY(ready.next, struct thread, ready_link);
    dequeue(next);
    next->state = THREAD_RUNNING;
    next->need_resched = false;
    next->switched_in = now;
    slice_begin(next, now);
    if (!list_is_empty(&ready))
        slice_watch(next, now);
    if (next->kicked)
        arch_work_set();
    if (next == prev)
        return;
    next->switch_count++;
    thread_current_ptr = next;
    arch_switch(prev, next);
    if (UNLIKELY(dead_count > CACHE_MAX))
        cache_trim();
}

/* Give up the CPU but stay ready. */
static void requeue_current(bool to_the_end)
{
    struct thread *t = thread_current();
    uint64_t now = arch_cycles();
    bool before_equals;
    uint64_t key;

    account(t, now);
    key = key_of(t);
    before_equals = !to_the_end && is_realtime(t) && now < t->slice_end;
    if (to_the_end && !is_realtime(t))
        key = MAX(key,
                  LIST_ENTRY(ready.prev, struct thread, ready_link)->ready_key);
    enqueue(t, key, before_equals);
    schedule(now);
}

void thread_yield(void)
{
    if (!list_is_empty(&ready))
        requeue_current(true);
}

void thread_kick(struct thread *t)
{
    t->kicked = true;
    if (t == thread_current_ptr)
        arch_work_set();
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
        if (t->need_resched) {
            t->need_resched = false;
            if (!list_is_empty(&ready))
                requeue_current(false);
            rseq_abort(regs);
        }
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

static void sleep_over(struct timer *timer)
{
    struct sleep_timer *s = CONTAINER_OF(timer, struct sleep_timer, timer);

    s->is_over = true;
    if (s->thread->state == THREAD_SLEEPING)
        make_ready(s->thread);
}

void thread_wake_clear(void)
{
    thread_current()->woken = false;
}

void thread_wake(struct thread *t)
{
    t->woken = true;
    if (t->state == THREAD_SLEEPING)
        make_ready(t);
}

void thread_interrupt(struct thread *t)
{
    t->interrupted = true;
    if (t->state == THREAD_SLEEPING)
        make_ready(t);
    thread_kick(t);
}

static void sleep_now(struct thread *t)
{
    uint64_t now = arch_cycles();

    account(t, now);
    t->state = THREAD_SLEEPING;
    schedule(now);
}

static bool must_not_sleep(const struct thread *t, bool is_deaf)
{
    return (t->interrupted && !is_deaf) || t->process->exiting;
}

static int sleep_until(uint64_t deadline_ns, bool is_deaf)
{
    struct thread *t = thread_current();
    struct sleep_timer s = { .thread = t };

    if (t->woken)
        return 0; /* a wake-up goes before a signal, or it would be lost */
    if (must_not_sleep(t, is_deaf))
        return -ERESTARTSYS;
    if (deadline_ns == WAIT_FOREVER) {
        sleep_now(t);
    } else {
        if (clock_mono_ns() >= deadline_ns)
            return -ETIMEDOUT;
        timer_init(&s.timer, sleep_over);
        timer_arm(&s.timer, deadline_ns);
        sleep_now(t);
        timer_cancel(&s.timer);
    }
    if (t->woken)
        return 0;
    if (must_not_sleep(t, is_deaf))
        return -ERESTARTSYS;
    return s.is_over ? -ETIMEDOUT : 0;
}

int thread_sleep(uint64_t deadline_ns)
{
    return sleep_until(deadline_ns, false);
}

int thread_sleep_deaf(uint64_t deadline_ns)
{
    return sleep_until(deadline_ns, true);
}

/* ---- figures and settings ---- */

size_t thread_ready_count(void)
{
    return ready_count + (thread_current()->state == THREAD_RUNNING);
}

uint64_t thread_cpu_cycles(const struct thread *t)
{
    if (t->state != THREAD_RUNNING)
        return t->cpu_cycles;
    return t->cpu_cycles + (arch_cycles() - t->switched_in);
}

uint64_t thread_cpu_ns(const struct thread *t)
{
    return clock_ns_of_cycles(thread_cpu_cycles(t));
}

uint64_t process_cpu_ns(const struct process *p)
{
    uint64_t sum = p->dead_threads_cycles;

    LIST_FOR_EACH(it, &p->threads)
    sum += thread_cpu_cycles(LIST_ENTRY(it, struct thread, process_link));
    return clock_ns_of_cycles(sum);
}

/* The key of t changed: put it where it belongs now. */
static void resort(struct thread *t)
{
    struct thread *current = thread_current();

    if (t->state == THREAD_READY) {
        dequeue(t);
        enqueue(t, key_of(t), false);
        preempt_check(t);
    } else if (t == current && !list_is_empty(&ready)) {
        slice_begin(t, arch_cycles());
        resched_current(t);
    }
}

void thread_set_effective(struct thread *t, int rt_effective)
{
    bool was_realtime = is_realtime(t);

    if (t->state == THREAD_RUNNING)
        account(t, arch_cycles());
    t->rt_effective = rt_effective;
    if (was_realtime && !is_realtime(t))
        t->vruntime = MAX(t->vruntime, vruntime_min);
    resort(t);
}

void thread_set_policy(struct thread *t, int policy, int rt_priority)
{
    ASSERT((policy == SCHED_FIFO || policy == SCHED_RR) == (rt_priority > 0));
    if (t->state == THREAD_RUNNING)
        account(t, arch_cycles());
    t->policy = policy;
    t->rt_priority = rt_priority;
    futex_pi_adjust(t);
    resort(t);
}

void thread_set_nice(struct thread *t, int nice)
{
    ASSERT(nice >= -20 && nice <= 19);
    if (t->state == THREAD_RUNNING)
        account(t, arch_cycles());
    t->nice = nice;
}

/* ---- birth and death ---- */

void thread_sched_init(struct thread *t, const struct thread *parent)
{
    list_init(&t->ready_link);
    list_init(&t->process_link);
    list_init(&t->pi_waiters);
    if (!parent) {
        timer_init(&slice_timer, slice_expired);
        t->state = THREAD_RUNNING;
        t->switched_in = arch_cycles();
        slice_begin(t, t->switched_in);
        thread_current_ptr = t;
        return;
    }
    t->state = THREAD_SLEEPING;
    t->vruntime = MAX(parent->vruntime, vruntime_min);
    t->nice = parent->nice;
    if (parent->reset_on_fork) {
        t->nice = MAX(t->nice, 0);
        return;
    }
    t->policy = parent->policy;
    t->rt_priority = parent->rt_priority;
    t->rt_effective = t->rt_priority; /* what the parent inherited is its own */
}

struct thread *thread_alloc(const struct regs *regs)
{
    struct thread *t;
    void *kstack, *xstate = NULL;

    if (!list_is_empty(&dead)) {
        t = LIST_ENTRY(list_pop_front(&dead), struct thread, ready_link);
        dead_count--;
        kstack = t->kstack;
        xstate = t->arch.xstate;
    } else {
        t = kmalloc(sizeof(*t));
        if (!t)
            return NULL;
        kstack = kmalloc(ARCH_KSTACK_LEN);
        if (!kstack)
            goto free_thread;
    }
    memset(t, 0, sizeof(*t));
    t->kstack = kstack;
    t->arch.xstate = xstate;
    if (arch_thread_init(&t->arch, kstack, regs) == 0) {
        cputime_thread_begin(t);
        return t;
    }

    kfree(kstack);
free_thread:
    kfree(t);
    return NULL;
}

void thread_free(struct thread *t)
{
    arch_thread_fini(&t->arch);
    kfree(t->kstack);
    kfree(t);
}

void thread_die(void)
{
    struct thread *t = thread_current();
    uint64_t now = arch_cycles();

    account(t, now);
    t->process->dead_threads_cycles += t->cpu_cycles;
    cputime_thread_end(t);
    t->process->thread_count--;
    list_remove(&t->process_link);
    t->state = THREAD_DEAD;
    /* The first thread is static and on the boot stack: nothing to reuse.
     * Others may be reused once this stack is left: nobody allocates a thread
     * before schedule() has switched. */
    if (t->kstack) {
        list_push_front(&dead, &t->ready_link);
        dead_count++;
    }
    schedule(now);
    panic("a dead thread was continued");
}
