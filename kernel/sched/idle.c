/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idle.c - a CPU without a ready thread.
 *
 * It takes a thread from another CPU's queue if one waits there. With several
 * CPUs it then polls for a while before it halts, since a halted CPU must be
 * kicked, an exit there and an interrupt here; for longer if that paid.
 */
#include "sched/runq.h"

#define POLL_MAX  (1ull << 18) /* 94 us: about what an exit and back costs */
#define POLL_PAYS (1ull << 20) /* a shorter halt should have been a poll */

/* Take a thread from another CPU's queue; q is locked and has none. */
static void steal(struct runq *q)
{
    unsigned n = runq_running();

    for (unsigned i = 1; i < n; i++) {
        struct runq *from = &runqs[(q->number - 1 + i) % n];

        if (from->ready_count == 0 || !spin_trylock(&from->lock))
            continue;
        (void)runq_move_one(from, q);
        spin_unlock(&from->lock);
        if (q->ready_count > 0)
            return;
    }
}

/* Nothing is ready. Look at the queue for a while; q is not locked. */
static void poll(const struct runq *q)
{
    uint64_t start = arch_cycles();

    while (arch_cycles() - start < q->poll_ticks) {
        if (__atomic_load_n(&q->ready_count, __ATOMIC_ACQUIRE) ||
            arch_irq_pending())
            return;
        arch_spin_wait();
    }
}

static void handle_interrupts(void)
{
    bool was_taken = kernel_lock_enter();

    arch_irq_poll();
    kernel_lock_leave(was_taken);
}

bool (*runq_idle_hook)(void);

void runq_halt_soon(void)
{
    runq_mine()->poll_ticks = 0;
}

/* Is there work that no interrupt will tell of? */
static bool look_before_halt(void)
{
    return runq_idle_hook && runq_idle_hook();
}

static void halt(struct runq *q)
{
    uint64_t start = arch_cycles(), slept;

    arch_idle();
    slept = arch_cycles() - start;
    /* What woke this CPU is not an interrupt that the way out would find: it
     * was taken while the CPU slept. Even if there is a thread to run now. */
    if (arch_irq_pending())
        handle_interrupts();
    if (slept < POLL_PAYS)
        q->poll_ticks = MIN(MAX(q->poll_ticks * 2, RUNQ_POLL_MIN), POLL_MAX);
    else
        q->poll_ticks = MAX(q->poll_ticks / 2, RUNQ_POLL_MIN);
}

void runq_idle(struct runq *q)
{
    bool is_alone = runq_running() == 1;
    bool may_halt = is_alone;

    while (list_is_empty(&q->ready)) {
        steal(q);
        if (!list_is_empty(&q->ready))
            return;
        q->idle = may_halt ? RUNQ_HALTED : RUNQ_POLLING;
        spin_unlock(&q->lock);
        if (arch_irq_pending()) {
            handle_interrupts();
        } else if (may_halt) {
            if (!look_before_halt())
                halt(q);
            may_halt = is_alone;
        } else {
            poll(q);
            may_halt = true;
        }
        spin_lock(&q->lock);
        q->idle = RUNQ_BUSY;
    }
}
