/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c - signals on their way: queues, masks, who gets one.
 *
 * A pending signal is a bit in a set, plus a queue entry with what is known of
 * it where memory and RLIMIT_SIGPENDING allow. Standard signals are pending
 * once; realtime ones as often as they were sent.
 *
 * thread.interrupted is the one flag that ends sleeps and leads to
 * signal_deliver(): true when something pending is not blocked. It may be true
 * for nothing (another thread took the signal), never false for something.
 */
#include "process/signal.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "process/timers.h"
#include "sched/process.h"

/* A kernel linked without timers has none (DESIGN D5). */
#pragma weak posix_timer_delivered

#define RLIMIT_SIGPENDING_IDX 11

_Static_assert(SIGKILL == 9 && SIGSTOP == 19, "SIGNAL_UNBLOCKABLE");

#define STOPPERS                                                       \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | \
     SIGNAL_BIT(SIGTTOU))
/* Faults go first, or a handler would run at the wrong instruction. */
#define SYNCHRONOUS                                                  \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | \
     SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

struct signal_queued {
    struct list link;
    struct signal_info info;
};

/* ---- pending sets ---- */

static void pending_init(struct signal_pending *pending)
{
    pending->set = 0;
    list_init(&pending->queue);
}

/* -EAGAIN when the limit refuses information that may not be lost. */
static int pending_add(struct signal_pending *pending, struct process *p,
                       const struct signal_info *info)
{
    bool is_realtime = info->signo >= SIGRTMIN;
    struct signal_process *sp = p->signal;
    struct signal_queued *q = NULL;
    /* What the kernel or kill() says is one entry per signal at most. */
    bool has_no_limit = !is_realtime && info->code >= 0;

    if (!is_realtime && (pending->set & SIGNAL_BIT(info->signo)))
        return 0;
    if (has_no_limit ||
        sp->queued_count < p->rlimits[RLIMIT_SIGPENDING_IDX].soft)
        q = kmalloc(sizeof(*q));
    if (!q && is_realtime && info->code != SI_USER)
        return -EAGAIN;
    /* Before masks are looked at: signal_set_blocked(). */
    __atomic_fetch_or(&pending->set, SIGNAL_BIT(info->signo), __ATOMIC_SEQ_CST);
    if (q) {
        q->info = *info;
        list_push_back(&pending->queue, &q->link);
        sp->queued_count++;
    }
    return 0;
}

static void queued_free(struct signal_process *sp, struct signal_queued *q)
{
    list_remove(&q->link);
    kfree(q);
    sp->queued_count--;
}

static void pending_take(struct signal_pending *pending,
                         struct signal_process *sp, int signo,
                         struct signal_info *out)
{
    struct signal_queued *first = NULL;
    bool has_more = false;

    LIST_FOR_EACH(it, &pending->queue)
    {
        struct signal_queued *q = LIST_ENTRY(it, struct signal_queued, link);

        if (q->info.signo != signo)
            continue;
        has_more = first != NULL;
        if (has_more)
            break;
        first = q;
    }
    *out = (struct signal_info){ .signo = signo, .code = SI_USER };
    if (first) {
        *out = first->info;
        queued_free(sp, first);
    }
    if (!has_more)
        pending->set &= ~SIGNAL_BIT(signo);
}

static void pending_drop(struct signal_pending *pending,
                         struct signal_process *sp, uint64_t mask)
{
    if (!(pending->set & mask))
        return;
    pending->set &= ~mask;
    LIST_FOR_EACH(it, &pending->queue)
    {
        struct signal_queued *q = LIST_ENTRY(it, struct signal_queued, link);

        if (mask & SIGNAL_BIT(q->info.signo))
            queued_free(sp, q);
    }
}

static void drop_everywhere(struct process *p, uint64_t mask)
{
    pending_drop(&p->signal->pending, p->signal, mask);
    LIST_FOR_EACH(it, &p->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        pending_drop(&t->signal->pending, p->signal, mask);
    }
}

static bool pending_dequeue(struct signal_pending *pending,
                            struct signal_process *sp, uint64_t mask,
                            struct signal_info *out)
{
    uint64_t set = pending->set & mask;

    if (!set)
        return false;
    if (set & SYNCHRONOUS)
        set &= SYNCHRONOUS;
    pending_take(pending, sp, __builtin_ctzll(set) + 1, out);
    return true;
}

bool signal_dequeue(uint64_t mask, struct signal_info *out)
{
    struct thread *t = thread_current();
    struct signal_process *sp = t->process->signal;

    if (!pending_dequeue(&t->signal->pending, sp, mask, out) &&
        !pending_dequeue(&sp->pending, sp, mask, out))
        return false;
    if (out->code == SI_TIMER && posix_timer_delivered)
        posix_timer_delivered(out->timer_id, &out->overrun);
    return true;
}

uint64_t signal_pending_set(void)
{
    struct thread *t = thread_current();

    return t->signal->pending.set | t->process->signal->pending.set;
}

struct waitq *signal_watchers(void)
{
    return &process_current()->signal->watchers;
}

bool signal_pending(void)
{
    struct thread *t = thread_current();

    return t->interrupted || t->process->exiting;
}

void signal_recalc(void)
{
    struct thread *t = thread_current();

    t->interrupted = (signal_pending_set() & ~t->signal->blocked) != 0;
    if (t->interrupted)
        thread_kick(t);
}

/* ---- sending ---- */

static bool is_ignored(const struct signal_process *sp, int signo)
{
    uint64_t handler = sp->actions[signo - 1].handler;

    if (handler == 0) /* continuing has happened when it was sent */
        return signal_default_action(signo) == SIGNAL_IGNORE ||
               signo == SIGCONT;
    return handler == 1;
}

static bool is_blocked(const struct thread *t, int signo)
{
    return (t->signal->blocked & SIGNAL_BIT(signo)) != 0;
}

/* A thread that will take the signal: one that waits for it, else the first
 * that does not block it, best one that has nothing to do yet. */
static struct thread *choose(struct process *p, int signo)
{
    struct thread *chosen = NULL;

    LIST_FOR_EACH(it, &p->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if (t->signal->waiting & SIGNAL_BIT(signo))
            return t;
        if (is_blocked(t, signo))
            continue;
        if (!chosen || (chosen->interrupted && !t->interrupted))
            chosen = t;
    }
    return chosen;
}

static void notify(struct thread *t, int signo)
{
    if (t->signal->waiting & SIGNAL_BIT(signo))
        thread_wake(t);
    else if (!is_blocked(t, signo))
        thread_interrupt(t);
}

/* Effects that a signal has when it is sent, handled or not. */
static void prepare(struct process *p, int signo)
{
    struct signal_process *sp = p->signal;

    if (SIGNAL_BIT(signo) & STOPPERS)
        drop_everywhere(p, SIGNAL_BIT(SIGCONT));
    if (signo == SIGCONT)
        drop_everywhere(p, STOPPERS);
    if ((signo == SIGCONT || signo == SIGKILL) && sp->stopped) {
        sp->stopped = false;
        waitq_wake_all(&sp->stop_queue);
    }
}

static bool is_signo(int signo)
{
    return signo >= 1 && signo <= (int)SIGNAL_COUNT;
}

int signal_send_process(struct process *p, const struct signal_info *info)
{
    struct signal_process *sp = p->signal;
    struct thread *first =
        LIST_ENTRY(p->threads.next, struct thread, process_link);
    struct thread *t;
    int err;

    ASSERT(is_signo(info->signo));
    prepare(p, info->signo);
    if (list_is_empty(&p->threads) ||
        (is_ignored(sp, info->signo) && !is_blocked(first, info->signo)))
        return 0;
    err = pending_add(&sp->pending, p, info);
    if (err)
        return err;
    waitq_wake_all(&sp->watchers);
    t = choose(p, info->signo);
    if (t)
        notify(t, info->signo);
    return 0;
}

int signal_send_thread(struct thread *t, const struct signal_info *info)
{
    struct process *p = t->process;
    int err;

    ASSERT(is_signo(info->signo));
    prepare(p, info->signo);
    if (is_ignored(p->signal, info->signo) && !is_blocked(t, info->signo))
        return 0;
    err = pending_add(&t->signal->pending, p, info);
    if (err)
        return err;
    waitq_wake_all(&p->signal->watchers);
    notify(t, info->signo);
    return 0;
}

void signal_force(const struct signal_info *info)
{
    struct thread *t = thread_current();
    struct signal_process *sp = t->process->signal;
    struct signal_action *action = &sp->actions[info->signo - 1];

    ASSERT(is_signo(info->signo));
    t->fault_addr = info->addr;
    if (is_blocked(t, info->signo) || action->handler == 1) {
        *action = (struct signal_action){ 0 };
        t->signal->blocked &= ~SIGNAL_BIT(info->signo);
    }
    /* An older one of the kind, sent by kill(), must not hide this fault. */
    pending_drop(&t->signal->pending, sp, SIGNAL_BIT(info->signo));
    (void)pending_add(&t->signal->pending, t->process, info);
    signal_recalc();
}

/* A stopped program has no shell here that could continue it, so whatever the
 * user sends from the host does; else Ctrl-C would seem dead. */
void signal_from_host(int signo)
{
    struct process *p = process_current();
    struct signal_info info = { .signo = signo, .code = SI_USER };

    if (!is_signo(signo))
        return;
    if (p->signal->stopped) {
        p->signal->stopped = false;
        waitq_wake_all(&p->signal->stop_queue);
    }
    (void)signal_send_process(p, &info);
}

/* ---- masks ---- */

uint64_t signal_blocked(void)
{
    return thread_current()->signal->blocked;
}

/* The current thread will not take these after all: tell others. */
static void retarget(uint64_t set)
{
    struct process *p = process_current();

    set &= p->signal->pending.set;
    for (; set; set &= set - 1) {
        int signo = __builtin_ctzll(set) + 1;
        struct thread *t = choose(p, signo);

        if (t && t != thread_current())
            notify(t, signo);
    }
}

ARCH_SELDOM void signal_blocked_changed(uint64_t before)
{
    bool was_taken = kernel_lock_enter_seldom();
    uint64_t added = signal_blocked() & ~before;

    if (added)
        retarget(added);
    signal_recalc();
    kernel_lock_leave(was_taken);
}

void signal_set_blocked(uint64_t blocked)
{
    signal_set_blocked_quick(blocked);
}

void signal_mask_swap(uint64_t blocked)
{
    struct signal_thread *s = thread_current()->signal;

    s->saved_blocked = s->blocked;
    s->restore_blocked = true;
    signal_set_blocked(blocked);
}

int signal_mask_swap_user(uint64_t set, size_t set_len)
{
    uint64_t mask;

    if (set == 0)
        return 0;
    if (set_len != sizeof(mask))
        return -EINVAL;
    if (user_get64(&mask, set) != 0)
        return -EFAULT;
    signal_mask_swap(mask);
    return 0;
}

long signal_mask_restore(long result)
{
    struct signal_thread *s = thread_current()->signal;
    bool was_interrupted = result == -EINTR || result == -ERESTARTSYS ||
                           result == -ERESTARTNOHAND ||
                           result == -ERESTART_RESTARTBLOCK;

    if (!s->restore_blocked || (was_interrupted && signal_pending()))
        return result; /* signal_deliver() gives the old mask back */
    s->restore_blocked = false;
    signal_set_blocked(s->saved_blocked);
    return result;
}

/* ---- dispositions ---- */

void signal_action_set(int signo, const struct signal_action *action)
{
    struct process *p = process_current();

    ASSERT(is_signo(signo));
    p->signal->actions[signo - 1] = *action;
    if (is_ignored(p->signal, signo))
        drop_everywhere(p, SIGNAL_BIT(signo));
}

void signal_reset_for_exec(struct process *p)
{
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        if (p->signal->actions[i].handler != 1)
            p->signal->actions[i] = (struct signal_action){ 0 };
}

void signal_describe(const struct thread *t, struct proc_signals *out)
{
    const struct signal_process *sp = t->process->signal;

    *out = (struct proc_signals){
        .shared_pending = sp->pending.set,
        .queued = sp->queued_count,
        .queue_max = t->process->rlimits[RLIMIT_SIGPENDING_IDX].soft,
    };
    if (t->signal) {
        out->pending = t->signal->pending.set;
        out->blocked = t->signal->blocked;
    }
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        if (sp->actions[i].handler == 1)
            out->ignored |= 1ull << i;
        else if (sp->actions[i].handler != 0)
            out->caught |= 1ull << i;
    }
}

/* ---- birth and death ---- */

int signal_process_init(struct process *p)
{
    struct signal_process *sp = kzalloc(sizeof(*sp));

    if (!sp)
        return -ENOMEM;
    pending_init(&sp->pending);
    waitq_init(&sp->stop_queue);
    waitq_init(&sp->watchers);
    p->signal = sp;
    return 0;
}

int signal_thread_init(struct thread *t, const struct thread *parent)
{
    struct signal_thread *s = t->signal;

    if (!s)
        s = kmalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->blocked = parent ? parent->signal->blocked : 0;
    s->waiting = 0;
    s->saved_blocked = 0;
    s->restore_blocked = false;
    pending_init(&s->pending);
    s->alt_sp = 0;
    s->alt_len = 0;
    s->alt_flags = 2; /* SS_DISABLE: a thread has no alternate stack */
    t->signal = s;
    return 0;
}

void signal_thread_fini(struct thread *t)
{
    struct signal_thread *s = t->signal;

    pending_drop(&s->pending, t->process->signal, UINT64_MAX);
    if (t == thread_current()) {
        s->blocked = UINT64_MAX;
        s->waiting = 0;
        if (t->process->signal->pending.set)
            retarget(UINT64_MAX);
    }
}
