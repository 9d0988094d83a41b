/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c - armed timers in a pairing heap, and the hardware's one-shot timer.
 *
 * The heap's root has the earliest deadline. A node's children hang in a list
 * from `child` through `next`; `link` is the pointer that points to the node
 * (the root pointer, its parent's child, its elder sibling's next), so any
 * node can be cut out in one step.
 *
 * Telling the hardware costs an exit of 1 to 100 us. So it is told only when
 * a deadline comes to lie before the one it has: a cancelled timer leaves the
 * hardware armed, and the one early interrupt that this may cost is cheaper
 * than an exit for each sleep that ends before its time-out.
 *
 * After timers have run there is no interrupt for TIMER_REST_NS, however many
 * deadlines lie in it: else a program's timer of a few ns would leave no time
 * for the program. Linux's sleeps end up to 50 us late as well (timer slack).
 *
 * Each CPU has a heap and a hardware timer of its own; a timer is in the heap
 * of the CPU that armed it.
 */
#include "arch/arch.h"
#include "core/lock.h"
#include "core/panic.h"
#include "time/clock.h"

#define TIMER_NEVER 0 /* as armed_ns */

static struct timer_queue {
    struct spinlock lock;
    struct timer *root;
    uint64_t armed_ns;      /* what the hardware was told */
    uint64_t rest_end_ns;   /* no interrupt before */
    struct timer *expiring; /* its function runs now; atomic */
} timer_queues[ARCH_CPU_MAX] = { [0 ... ARCH_CPU_MAX -
                                  1] = { .lock = SPINLOCK_INIT(LOCK_TIMER) } };

static struct timer_queue *queue_mine(void)
{
    return &timer_queues[arch_cpu_number() - 1];
}

static void set_link(struct timer **place, struct timer *t)
{
    *place = t;
    if (t)
        t->link = place;
}

/* Join two heaps; either may be NULL. The result is not linked anywhere. */
static struct timer *heap_meld(struct timer *a, struct timer *b)
{
    struct timer *t;

    if (!a || !b)
        return a ? a : b;
    if (b->deadline_ns < a->deadline_ns) {
        t = a;
        a = b;
        b = t;
    }
    set_link(&b->next, a->child);
    set_link(&a->child, b);
    return a;
}

/* Make one heap of a list of siblings: meld pairs from the left, then the
 * results from the right. The second pass needs the first's results in
 * reverse, which is how a stack through `next` leaves them. */
static struct timer *heap_merge_list(struct timer *list)
{
    struct timer *pairs = NULL, *heap = NULL;

    while (list) {
        struct timer *a = list, *b = a->next, *pair;

        list = b ? b->next : NULL;
        a->next = NULL;
        if (b)
            b->next = NULL;
        pair = heap_meld(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct timer *next = pairs->next;

        pairs->next = NULL;
        heap = heap_meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

static void heap_remove(struct timer_queue *q, struct timer *t)
{
    struct timer *children = heap_merge_list(t->child);

    set_link(t->link, t->next);
    t->child = NULL;
    t->next = NULL;
    t->link = NULL;
    if (children)
        set_link(&q->root, heap_meld(q->root, children));
}

static void heap_insert(struct timer_queue *q, struct timer *t)
{
    ASSERT(!t->child && !t->next);
    set_link(&q->root, heap_meld(q->root, t));
}

void timer_init(struct timer *t, void (*expired)(struct timer *t))
{
    t->child = NULL;
    t->next = NULL;
    t->link = NULL;
    t->queue = NULL;
    t->deadline_ns = 0;
    t->expired = expired;
}

static void arm_hardware(struct timer_queue *q)
{
    uint64_t when_ns;

    if (!q->root)
        return;
    when_ns = MAX(q->root->deadline_ns, q->rest_end_ns);
    if (q->armed_ns != TIMER_NEVER && when_ns >= q->armed_ns)
        return;
    q->armed_ns = when_ns;
    arch_timer_arm(clock_tsc_of_mono(q->armed_ns));
}

/* Lock the queue that t is in; NULL: it is in none. */
static struct timer_queue *lock_queue_of(struct timer *t)
{
    struct timer_queue *q;

    while ((q = __atomic_load_n(&t->queue, __ATOMIC_ACQUIRE)) != NULL) {
        spin_lock(&q->lock);
        if (t->queue == q)
            return q;
        spin_unlock(&q->lock);
    }
    return NULL;
}

static void take_out(struct timer_queue *q, struct timer *t)
{
    heap_remove(q, t);
    __atomic_store_n(&t->queue, NULL, __ATOMIC_RELEASE);
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    struct timer_queue *q = lock_queue_of(t), *mine = queue_mine();

    ASSERT(t->expired);
    if (q) {
        take_out(q, t);
        spin_unlock(&q->lock);
    }
    spin_lock(&mine->lock);
    t->deadline_ns = MAX(deadline_ns, 1ul);
    heap_insert(mine, t);
    __atomic_store_n(&t->queue, mine, __ATOMIC_RELEASE);
    arm_hardware(mine);
    spin_unlock(&mine->lock);
}

/* Another CPU may be running t's function: the caller may free t after this. */
static void wait_for_expiry(const struct timer *t)
{
    for (unsigned i = 0; i < arch_cpu_count(); i++) {
        if (i + 1 == arch_cpu_number())
            continue;
        while (__atomic_load_n(&timer_queues[i].expiring, __ATOMIC_ACQUIRE) ==
               t)
            arch_spin_wait();
    }
}

void timer_cancel(struct timer *t)
{
    struct timer_queue *q = lock_queue_of(t);

    if (q) {
        take_out(q, t);
        spin_unlock(&q->lock);
    }
    wait_for_expiry(t);
}

void timers_fired(void)
{
    queue_mine()->armed_ns = TIMER_NEVER;
}

/* Its function runs without the lock. */
static NOINLINE void expire(struct timer_queue *q, struct timer *t,
                            uint64_t now_ns)
{
    /* Before it is out: timer_cancel() looks in this order too. */
    __atomic_store_n(&q->expiring, t, __ATOMIC_SEQ_CST);
    take_out(q, t);
    spin_unlock(&q->lock);
    q->rest_end_ns = now_ns + TIMER_REST_NS;
    t->expired(t);
    __atomic_store_n(&q->expiring, NULL, __ATOMIC_RELEASE);
    spin_lock(&q->lock);
}

void timers_run(void)
{
    struct timer_queue *q = queue_mine();
    uint64_t now_ns;

    if (q->armed_ns == TIMER_NEVER && !q->root)
        return; /* do not ask for the time, which may have to be measured */
    now_ns = clock_mono_ns();
    spin_lock(&q->lock);
    while (q->root && q->root->deadline_ns <= now_ns)
        expire(q, q->root, now_ns);
    if (q->armed_ns <= now_ns)
        q->armed_ns = TIMER_NEVER; /* it has fired */
    arm_hardware(q);
    spin_unlock(&q->lock);
}
