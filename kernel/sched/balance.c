/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * balance.c - threads that wait on one CPU while another has less to do.
 *
 * An idle CPU takes what it finds as it becomes idle (idle.c). Here is the
 * other half, every few milliseconds while anybody waits: an idle CPU that was
 * not kicked for a wake-up is kicked; if there is none, a thread goes to a CPU
 * that has fewer, or to any if a real-time thread keeps this one to itself.
 */
#include "sched/runq.h"

static bool has_work_for(const struct runq *q, const struct runq *other)
{
    LIST_FOR_EACH(it, &q->ready)
    {
        if (runq_may_have(other, LIST_ENTRY(it, struct thread, ready_link)))
            return true;
    }
    return false;
}

/* An idle CPU could take what waits here. False: there is none. */
static bool kick_an_idle_one(const struct runq *q)
{
    unsigned n = runq_running();

    for (unsigned i = 0; i < n; i++) {
        const struct runq *other = &runqs[i];

        if (other->idle == RUNQ_HALTED && has_work_for(q, other)) {
            arch_cpu_kick(i + 1);
            return true;
        }
    }
    return false;
}

bool runq_move_one(struct runq *from, struct runq *to)
{
    for (struct list *it = from->ready.prev; it != &from->ready;
         it = it->prev) {
        struct thread *t = LIST_ENTRY(it, struct thread, ready_link);

        if (t->on_cpu || !runq_may_have(to, t))
            continue;
        runq_remove(from, t);
        runq_leave(from, t, to);
        runq_add(to, t);
        return true;
    }
    return false;
}

/* Who waits in q gets on sooner in the other, which is busy as well. */
static bool is_lighter(const struct runq *other, const struct runq *q)
{
    if (runq_is_realtime(other->current))
        return false;
    return runq_is_realtime(q->current) ||
           other->ready_count + 1 < q->ready_count;
}

/* No CPU is idle: one of those that have less to do gets a thread of q's. */
static void give_away(struct runq *q)
{
    unsigned n = runq_running();
    bool done = false;

    for (unsigned i = 1; i < n && !done; i++) {
        struct runq *other = &runqs[(q->number - 1 + i) % n];

        if (!spin_trylock(&other->lock))
            continue;
        done = is_lighter(other, q) && runq_move_one(q, other);
        spin_unlock(&other->lock);
    }
}

void runq_balance(struct runq *q)
{
    if (!kick_an_idle_one(q))
        give_away(q);
}
