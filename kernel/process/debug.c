/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug.c - see debug.h.
 *
 * A stopped thread is in HYPERCALL_DEBUG, with the kernel lock, and no CPU
 * runs. When it comes back the guest runs, and what debug_control holds says
 * how: a command is done first; then it goes on, or waits until `only` is
 * somebody else no more. Two threads may stop at once: the monitor takes one,
 * and sends the other back to look again.
 *
 * While a debugger is there the program's calls are not rewritten, and where a
 * breakpoint is set they get their own bytes back: so a thread that comes from
 * a trampoline goes on where it would be on Linux.
 */
#include "process/debug.h"

#include <asm/signal.h>

#include "abi/link.h"
#include "core/errno.h"
#include "core/string.h"
#include "drivers/hypercall.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "mm/user.h"
#include "process/debug_stop.h"
#include "process/signal.h"
#include "sched/process.h"

struct breakpoint {
    struct list link;
    uint64_t va;
    uint8_t old;
};

static const uint8_t break_insn = DEBUG_BREAK_INSN;
static struct list breakpoints = LIST_INIT(breakpoints);
static struct waitq frozen = WAITQ_INIT(frozen);

/* ---- what a debugger does to memory ---- */

/* Text is changed in a copy of its page, which stays unwritable. */
static int write_memory(uint64_t va, const void *data, size_t len)
{
    struct space *space = process_current()->space;
    int err;

    arch_rewrite_undo(va, va + len);
    err = space_poke(space, va, data, len, true);
    return err == -EFAULT ? copy_to_user(va, data, len) : err;
}

static struct breakpoint *break_find(uint64_t va)
{
    LIST_FOR_EACH(it, &breakpoints)
    {
        struct breakpoint *b = LIST_ENTRY(it, struct breakpoint, link);

        if (b->va == va)
            return b;
    }
    return NULL;
}

/* Those who sleep in calls come back through debug_begin() once. */
static void kick_all(void)
{
    LIST_FOR_EACH(it, &process_current()->threads)
    thread_kick(LIST_ENTRY(it, struct thread, process_link));
}

static int break_set(uint64_t va)
{
    struct breakpoint *b;
    int err;

    if (break_find(va))
        return 0;
    b = kmalloc(sizeof(*b));
    if (!b)
        return -ENOMEM;
    b->va = va;
    arch_rewrite_undo(va, va + 1);
    err = copy_from_user(&b->old, va, 1);
    if (err == 0)
        err = write_memory(va, &break_insn, 1);
    if (err) {
        kfree(b);
        return err;
    }
    list_push_back(&breakpoints, &b->link);
    kick_all();
    return 0;
}

/* What lies there may have been unmapped, or be something else by now. */
static void break_remove(struct breakpoint *b)
{
    uint8_t now;

    if (copy_from_user(&now, b->va, 1) == 0 && now == break_insn &&
        write_memory(b->va, &b->old, 1) != 0)
        now = 0; /* it has become somebody else's: nothing to undo */
    list_remove(&b->link);
    kfree(b);
}

static int break_clear(uint64_t va)
{
    struct breakpoint *b = break_find(va);

    if (!b)
        return -ENOENT;
    break_remove(b);
    return 0;
}

/* Its call ends as if by a signal that was none after all. */
static int interrupt(uint64_t thread)
{
    LIST_FOR_EACH(it, &process_current()->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if ((uint64_t)t != thread)
            continue;
        t->debug.wants_stop = true;
        thread_interrupt(t);
        return 0;
    }
    return -ESRCH;
}

static void let_go(void)
{
    struct list *it, *next;

    for (it = breakpoints.next; it != &breakpoints; it = next) {
        next = it->next;
        break_remove(LIST_ENTRY(it, struct breakpoint, link));
    }
    LIST_FOR_EACH(at, &process_current()->threads)
    {
        struct thread *t = LIST_ENTRY(at, struct thread, process_link);

        t->debug.wants_step = t->debug.wants_stop = 0;
    }
    debug_control.only = 0;
    debug_control.is_held = 0;
    debug_control.soft_count = 0;
    debug_text_let_go();
    waitq_wake_all(&frozen);
}

static int state_save(struct thread *t)
{
    int err = arch_thread_may_switch(&t->arch);

    if (err == 0)
        arch_xstate_save(t->arch.xstate);
    return err;
}

static int state_load(const struct thread *t, uint64_t fs_base)
{
    int err = t->arch.xstate ? 0 : -EINVAL;

    if (err == 0 && fs_base >= ARCH_USER_MAX)
        err = -EINVAL;
    if (err == 0)
        err = arch_xstate_load(t->arch.xstate);
    if (err == 0)
        arch_set_fs_base(fs_base);
    return err;
}

static int run_command(struct debug_control *c)
{
    size_t len = c->len;

    if (len > sizeof(c->data))
        return -EINVAL;
    switch (c->command) {
    case DEBUG_READ:
        return copy_from_user(c->data, c->va, len);
    case DEBUG_WRITE:
        return write_memory(c->va, c->data, len);
    case DEBUG_BREAK_SET:
        return break_set(c->va);
    case DEBUG_BREAK_CLEAR:
        return break_clear(c->va);
    case DEBUG_INTERRUPT:
        return interrupt(c->va);
    case DEBUG_LET_GO:
        let_go();
        return 0;
    case DEBUG_TEXT_OWN:
        return debug_text_own(c->va, true);
    case DEBUG_STATE_SAVE:
        return state_save(thread_current());
    case DEBUG_STATE_LOAD:
        return state_load(thread_current(), c->va);
    default:
        return -EINVAL;
    }
}

/* ---- stopping ---- */

/* Under QEMU: the other CPUs wait in the kernel, on their way back from which
 * they pass debug_return(). */
static int stop_pc(enum debug_reason reason, const struct thread *t)
{
    struct debug_control *c = &debug_control;

    arch_cpus_stop();
    c->stop_thread = (uint64_t)t;
    c->stop_cpu = arch_cpu_number() - 1;
    __atomic_store_n(&c->stop, reason, __ATOMIC_SEQ_CST);
    arch_out8(LINK_PVPANIC_PORT, LINK_PVPANIC);
    while (__atomic_load_n(&c->stop, __ATOMIC_SEQ_CST))
        arch_spin_wait();
    debug_text_refresh();
    arch_cpus_resume();
    return c->is_attached ? 0 : -ENOTCONN;
}

static int stop_call(enum debug_reason reason, const struct thread *t)
{
    if (!hypercall_present())
        return stop_pc(reason, t);
    return (int)hypercall_nested(HYPERCALL_DEBUG, reason, (uint64_t)t);
}

/* With all locks that there are held, perhaps. */
static int run_in_kernel(const struct debug_control *c)
{
    return c->command == DEBUG_TEXT_OWN ? debug_text_own(c->va, false) : -EBUSY;
}

/* Nobody is there. */
static void stop_in_vain(bool in_kernel)
{
    debug_control.is_attached = 0;
    if (!in_kernel) /* else debug_event() */
        let_go();
}

int debug_stop(enum debug_reason reason, const struct thread *t, bool in_kernel)
{
    struct debug_control *c = &debug_control;

    for (;;) {
        int err = stop_call(reason, t);

        if (err == -EAGAIN && reason == DEBUG_DONE)
            continue; /* the debugger waits for that */
        if (err == -EAGAIN)
            return err;
        if (err)
            stop_in_vain(in_kernel);
        else if (!in_kernel)
            waitq_wake_all(&frozen);
        if (err || !c->command)
            return 0;
        c->result = in_kernel ? run_in_kernel(c) : run_command(c);
        c->command = 0;
        reason = DEBUG_DONE;
        t = NULL;
    }
}

/* Until the debugger lets this thread run. */
static void freeze(const struct thread *t)
{
    struct debug_control *c = &debug_control;
    struct waiter w;
    int err = 0;

    while (err == 0 && c->only && c->only != (uint64_t)t) {
        waiter_init(&w);
        w.exclusive = true;
        waiter_add(&frozen, &w);
        thread_wake_clear();
        err = thread_sleep_deaf(WAIT_FOREVER);
        waiter_remove(&w);
    }
}

/* The debugger sees the thread where it would be on Linux, and perhaps moves
 * it. */
static void stop_thread(struct thread *t, struct regs *regs,
                        enum debug_reason reason)
{
    int err;

    t->debug.reason = (uint8_t)reason;
    t->debug.wants_step = t->debug.wants_stop = 0;
    regs->rflags &= ~(uint64_t)DEBUG_FLAG_TF;
    regs->rip = arch_linux_rip(regs->rip);
    regs->orig_rax = UINT64_MAX;
    do {
        err = debug_stop(reason, t, false);
        freeze(t);
    } while (err == -EAGAIN && debug_control.is_attached &&
             (reason != DEBUG_BREAK || break_find(regs->rip)));
    t->debug.reason = 0;
    regs->rip = arch_real_rip(regs->rip);
    signal_finish_call(regs);
}

/* What the debugger wrote while it was stopped. */
static void take_signal(struct thread *t)
{
    struct signal_info info = { .signo = t->debug.signo };

    t->debug.signo = 0;
    if (info.signo <= 0 || info.signo > (int)SIGNAL_COUNT)
        return;
    t->debug.passing = (uint8_t)info.signo;
    (void)signal_send_thread(t, &info);
}

bool debug_signal(struct regs *regs, struct signal_info *info)
{
    struct thread *t = thread_current();
    int signo;

    if (info->signo == SIGKILL || t->debug.passing == info->signo ||
        debug_control.pass & SIGNAL_BIT(info->signo)) {
        t->debug.passing = 0;
        return true;
    }
    t->debug.signo = info->signo;
    signal_info_encode(info, debug_control.siginfo);
    stop_thread(t, regs, DEBUG_SIGNAL);
    signo = t->debug.signo;
    t->debug.signo = 0;
    if (signo <= 0 || signo > (int)SIGNAL_COUNT)
        return false;
    if (signo != info->signo)
        *info = (struct signal_info){ .signo = signo };
    return true;
}

/* ---- watching memory by steps ---- */

static bool steps(const struct thread *t)
{
    return t->debug.wants_step || debug_control.soft_count > 0;
}

static bool has_soft_hits(void)
{
    struct debug_control *c = &debug_control;
    uint8_t now[sizeof(c->soft[0].old)];

    c->soft_hits = 0;
    for (unsigned i = 0; i < c->soft_count && i < DEBUG_SOFT_MAX; i++) {
        const struct debug_soft *soft = &c->soft[i];

        if (soft->len <= sizeof(now) &&
            copy_from_user(now, soft->va, soft->len) == 0 &&
            memcmp(now, soft->old, soft->len) != 0)
            c->soft_hits |= 1u << i;
    }
    return c->soft_hits != 0;
}

/* ---- on the way to the program ---- */

/* Why the thread is to stop before it goes back; 0: it is not. A step over a
 * call ends with the call. */
static unsigned stop_due(const struct thread *t, const struct regs *regs)
{
    if (t->debug.reason)
        return t->debug.reason;
    if (t->debug.wants_stop)
        return DEBUG_WANTED;
    if (debug_control.is_watched && debug_control.was_hit) {
        debug_control.was_hit = 0;
        return DEBUG_WATCH;
    }
    if (has_soft_hits())
        return DEBUG_WATCH;
    if (t->debug.wants_step && (int64_t)regs->orig_rax >= 0)
        return DEBUG_STEP;
    return 0;
}

void debug_begin(struct regs *regs)
{
    freeze(thread_current());
    if (steps(thread_current()))
        regs->rflags &= ~(uint64_t)DEBUG_FLAG_TF;
    regs->rip = arch_real_rip(arch_linux_rip(regs->rip));
}

void debug_return(struct regs *regs)
{
    struct thread *t = thread_current();
    unsigned reason;

    freeze(t);
    while (debug_control.is_attached && !t->process->exiting &&
           (reason = stop_due(t, regs)) != 0) {
        stop_thread(t, regs, reason);
        take_signal(t);
    }
    t->debug_steps = steps(t);
    if (t->debug_steps)
        regs->rflags |= DEBUG_FLAG_TF;
    if (t->interrupted) /* by take_signal() */
        thread_kick(t);
}

bool debug_trap(struct regs *regs, uint64_t vector)
{
    struct thread *t = thread_current();

    if (vector == DEBUG_VECTOR_BREAK && break_find(regs->rip - 1)) {
        regs->rip--;
        t->debug.reason = DEBUG_BREAK;
    } else if (vector == DEBUG_VECTOR_STEP && t->debug.wants_step) {
        regs->rflags &= ~(uint64_t)DEBUG_FLAG_TF;
        t->debug.reason = DEBUG_STEP;
    } else if (vector == DEBUG_VECTOR_STEP && debug_control.soft_count > 0) {
        if (!has_soft_hits())
            return true;
        regs->rflags &= ~(uint64_t)DEBUG_FLAG_TF;
        t->debug.reason = DEBUG_WATCH;
    } else if (vector == DEBUG_VECTOR_STEP && debug_control.is_watched) {
        t->debug.reason = DEBUG_WATCH;
    } else if (vector == DEBUG_VECTOR_STEP && t->debug_steps) {
        t->debug_steps = false; /* from when somebody wanted it */
        regs->rflags &= ~(uint64_t)DEBUG_FLAG_TF;
        return true;
    } else {
        return false;
    }
    regs->orig_rax = UINT64_MAX;
    arch_work_set();
    return true;
}

void debug_wait(void)
{
    thread_current()->debug.reason = DEBUG_START;
    thread_kick(thread_current());
}

void debug_event(void)
{
    if (!thread_current()) /* DEBUG_START is to come */
        return;
    waitq_wake_all(&frozen);
    if (!debug_control.is_attached) {
        let_go();
        return;
    }
    while (debug_control.ask) {
        debug_control.ask = 0;
        if (debug_stop(DEBUG_ASKED, NULL, false) == -EAGAIN)
            debug_control.ask = 1;
    }
}
