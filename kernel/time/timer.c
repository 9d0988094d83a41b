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
 */
#include "core/panic.h"
#include "time/clock.h"

#include "arch/arch.h"

#define TIMER_NEVER UINT64_MAX

static struct timer *heap_root;
static uint64_t armed_ns = TIMER_NEVER; /* what the hardware was told */
static uint64_t rest_end_ns;            /* no interrupt before */

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

static void heap_remove(struct timer *t)
{
    struct timer *children = heap_merge_list(t->child);

    set_link(t->link, t->next);
    t->child = NULL;
    t->next = NULL;
    t->link = NULL;
    if (children)
        set_link(&heap_root, heap_meld(heap_root, children));
}

static void heap_insert(struct timer *t)
{
    ASSERT(!t->child && !t->next);
    set_link(&heap_root, heap_meld(heap_root, t));
}

void timer_init(struct timer *t, void (*expired)(struct timer *t))
{
    t->child = NULL;
    t->next = NULL;
    t->link = NULL;
    t->deadline_ns = 0;
    t->expired = expired;
}

static void arm_hardware(void)
{
    uint64_t when_ns;

    if (!heap_root)
        return;
    when_ns = MAX(heap_root->deadline_ns, rest_end_ns);
    if (when_ns >= armed_ns)
        return;
    armed_ns = when_ns;
    arch_timer_arm(clock_tsc_of_mono(armed_ns));
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    ASSERT(t->expired);
    if (t->link)
        heap_remove(t);
    t->deadline_ns = deadline_ns;
    heap_insert(t);
    arm_hardware();
}

void timer_cancel(struct timer *t)
{
    if (t->link)
        heap_remove(t);
}

void timers_fired(void)
{
    armed_ns = TIMER_NEVER;
}

void timers_run(void)
{
    uint64_t now_ns;

    if (armed_ns == TIMER_NEVER && !heap_root)
        return; /* do not ask for the time, which may have to be measured */
    now_ns = clock_mono_ns();
    while (heap_root && heap_root->deadline_ns <= now_ns) {
        struct timer *t = heap_root;

        rest_end_ns = now_ns + TIMER_REST_NS;
        heap_remove(t);
        t->expired(t);
    }
    if (armed_ns <= now_ns)
        armed_ns = TIMER_NEVER; /* it has fired */
    arm_hardware();
}
