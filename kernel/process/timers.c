/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.c - timers that send signals.
 *
 * Linux queues a POSIX timer's signal once and counts what expires until it is
 * delivered. Whether ours is still queued is read off the target's pending
 * set: once the signal's bit is clear, all timers that use it were delivered.
 */
#include "process/timers.h"

#include <asm/resource.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/time.h>

#include "core/errno.h"
#include "mm/heap.h"
#include "process/signal.h"
#include "sched/process.h"

static void itimer_expired(struct clock_timer *t, uint64_t overrun)
{
    static const uint8_t signals[ITIMER_COUNT] = { SIGALRM, SIGVTALRM,
                                                   SIGPROF };
    struct process *p = t->process;
    struct signal_info info = {
        .signo = signals[t - p->timers->itimers],
        .code = SI_KERNEL,
    };

    (void)overrun; /* coalesced, as all standard signals are */
    (void)signal_send_process(p, &info);
}

static void cpu_limit_arm(struct process *p)
{
    const struct rlimit64 *limit = &p->rlimits[RLIMIT_CPU];
    uint64_t second = MAX(MIN(limit->soft, limit->hard), 1ul);

    /* Beyond centuries it is no limit. */
    clock_timer_set(
        &p->timers->cpu_limit,
        second < CLOCK_TARGET_MAX / NS_PER_SEC ? second * NS_PER_SEC : 0, 0);
}

/* Linux moves the soft limit on, and the program sees that. */
static void cpu_limit_expired(struct clock_timer *t, uint64_t overrun)
{
    struct process *p = t->process;
    struct rlimit64 *limit = &p->rlimits[RLIMIT_CPU];
    struct signal_info info = { .signo = SIGXCPU, .code = SI_KERNEL };

    (void)overrun;
    if (process_cpu_ns(p) / NS_PER_SEC >= limit->hard)
        info.signo = SIGKILL;
    else
        limit->soft++;
    (void)signal_send_process(p, &info);
    cpu_limit_arm(p);
}

int process_cpu_limit_set(void)
{
    if (!process_timers())
        return -ENOMEM;
    cpu_limit_arm(process_current());
    return 0;
}

struct process_timers *process_timers(void)
{
    struct process *p = process_current();
    struct process_timers *all = p->timers;

    if (all)
        return all;
    all = kzalloc(sizeof(*all));
    if (!all)
        return NULL;
    list_init(&all->posix);
    clock_timer_init(&all->itimers[0], p, CLOCK_MONOTONIC, itimer_expired);
    clock_timer_init(&all->itimers[1], p, CLOCK_PROCESS_USER, itimer_expired);
    clock_timer_init(&all->itimers[2], p, CLOCK_PROCESS_CPUTIME_ID,
                     itimer_expired);
    clock_timer_init(&all->cpu_limit, p, CLOCK_PROCESS_CPUTIME_ID,
                     cpu_limit_expired);
    p->timers = all;
    return all;
}

/* ---- POSIX timers ---- */

static struct thread *target_thread(struct process *p, int tid)
{
    LIST_FOR_EACH(it, &p->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if (t->tid == tid)
            return t;
    }
    return NULL;
}

static int overrun_int(uint64_t overrun)
{
    return (int)MIN(overrun, (uint64_t)INT32_MAX);
}

/* Is a signal of this number still waiting where t would send it? If not, all
 * timers that share it have been delivered. */
static void settle(struct posix_timer *t, struct thread *target)
{
    struct process *p = t->timer.process;
    uint64_t set =
        target ? target->signal->pending.set : p->signal->pending.set;

    if (set & SIGNAL_BIT(t->signo))
        return;
    LIST_FOR_EACH(it, &p->timers->posix)
    {
        struct posix_timer *o = LIST_ENTRY(it, struct posix_timer, link);

        if (!o->queued || o->signo != t->signo || o->tid != t->tid)
            continue;
        o->queued = false;
        o->last_overrun = o->overrun;
        o->overrun = 0;
    }
}

static void posix_expired(struct clock_timer *ct, uint64_t overrun)
{
    struct posix_timer *t = CONTAINER_OF(ct, struct posix_timer, timer);
    struct thread *target = NULL;
    struct signal_info info = {
        .signo = t->signo,
        .code = SI_TIMER,
        .timer_id = t->id,
        .value = t->value,
    };
    int err;

    if (t->signo == 0)
        return;
    if (t->tid != 0) {
        target = target_thread(ct->process, t->tid);
        if (!target)
            return; /* the thread has ended, and the signal with it */
    }
    settle(t, target);
    if (t->queued) {
        t->overrun += overrun + 1;
        return;
    }
    t->queued = true;
    t->overrun = overrun;
    err = target ? signal_send_thread(target, &info)
                 : signal_send_process(ct->process, &info);
    if (err)
        t->queued = false; /* the queue is full: this one is lost */
}

static int pick_id(struct process_timers *all)
{
    int id;

    do {
        id = all->next_id;
        all->next_id = id == INT32_MAX ? 0 : id + 1;
    } while (posix_timer_find(id));
    return id;
}

int posix_timer_create(int clock, struct posix_timer **out)
{
    struct process_timers *all = process_timers();
    struct posix_timer *t;

    if (!all)
        return -ENOMEM;
    if (all->posix_count >= POSIX_TIMER_MAX)
        return -EAGAIN;
    t = kzalloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    clock_timer_init(&t->timer, process_current(), clock_id_fixed(clock),
                     posix_expired);
    t->clock = t->timer.clock;
    t->id = pick_id(all);
    list_push_back(&all->posix, &t->link);
    all->posix_count++;
    *out = t;
    return 0;
}

struct posix_timer *posix_timer_find(int id)
{
    struct process_timers *all = process_current()->timers;

    if (!all)
        return NULL;
    LIST_FOR_EACH(it, &all->posix)
    {
        struct posix_timer *t = LIST_ENTRY(it, struct posix_timer, link);

        if (t->id == id)
            return t;
    }
    return NULL;
}

int posix_timer_overrun(struct posix_timer *t)
{
    struct thread *target = NULL;

    if (t->signo == 0)
        return 0;
    if (t->tid != 0)
        target = target_thread(t->timer.process, t->tid);
    if (t->tid == 0 || target)
        settle(t, target);
    return overrun_int(t->last_overrun);
}

void posix_timer_delivered(int id, int *overrun)
{
    struct posix_timer *t = posix_timer_find(id);

    if (!t || !t->queued)
        return; /* deleted or set anew since, or a program sent it */
    t->queued = false;
    t->last_overrun = t->overrun;
    t->overrun = 0;
    *overrun = overrun_int(t->last_overrun);
}

void posix_timer_delete(struct posix_timer *t)
{
    clock_timer_set(&t->timer, 0, 0);
    list_remove(&t->link);
    t->timer.process->timers->posix_count--;
    kfree(t);
}
