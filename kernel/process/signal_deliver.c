/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_deliver.c - what happens to a signal on the way back to the program:
 * its handler is entered, its default action taken, or the call it interrupted
 * is started again.
 */
#include <asm/signal.h>
#include <asm/unistd.h>

#include "core/errno.h"
#include "core/panic.h"
#include "process/debug.h"
#include "process/exec.h"
#include "process/signal.h"

#define SYSCALL_INSN_LEN 2u

/* Let the interrupted call run again: point at its instruction. The address
 * is Linux's; a rewritten site has another real one. */
static void restart_call(struct regs *regs, uint64_t nr)
{
    regs->rax = nr;
    regs->rip = arch_real_rip(arch_linux_rip(regs->rip) - SYSCALL_INSN_LEN);
    regs->orig_rax = UINT64_MAX;
}

/* A call ended with one of the inner codes; what the program sees depends on
 * whether a handler runs first. */
static void finish_call(struct regs *regs, const struct signal_action *handler)
{
    if ((int64_t)regs->orig_rax < 0)
        return;
    switch (-(int64_t)regs->rax) {
    case ERESTARTNOINTR:
        restart_call(regs, regs->orig_rax);
        break;
    case ERESTARTSYS:
        if (handler && !(handler->flags & SA_RESTART))
            regs->rax = (uint64_t)-EINTR;
        else
            restart_call(regs, regs->orig_rax);
        break;
    case ERESTARTNOHAND:
        if (handler)
            regs->rax = (uint64_t)-EINTR;
        else
            restart_call(regs, regs->orig_rax);
        break;
    case ERESTART_RESTARTBLOCK:
        if (handler)
            regs->rax = (uint64_t)-EINTR;
        else
            restart_call(regs, __NR_restart_syscall);
        break;
    default:
        return;
    }
    regs->orig_rax = UINT64_MAX;
}

void signal_finish_call(struct regs *regs)
{
    finish_call(regs, NULL);
}

static NORETURN void die(const struct regs *regs,
                         const struct signal_info *info, bool with_report)
{
    if (signal_traced)
        signal_traced(info, true);
    if (with_report)
        signal_report_crash(regs, info);
    process_exit_group(128 + info->signo);
}

/* Every thread of the program waits here until SIGCONT or SIGKILL. */
static void wait_while_stopped(struct process *p)
{
    struct waiter w;

    while (p->signal->stopped && !p->exiting) {
        int err;

        waiter_init(&w);
        w.exclusive = true;
        waiter_add(&p->signal->stop_queue, &w);
        thread_wake_clear();
        err = thread_sleep_deaf(WAIT_FOREVER);
        waiter_remove(&w);
        if (err)
            return; /* the process ends */
    }
}

static void stop_program(struct process *p)
{
    p->signal->stopped = true;
    LIST_FOR_EACH(it, &p->threads)
    thread_kick(LIST_ENTRY(it, struct thread, process_link));
    wait_while_stopped(p);
}

static void default_action(struct regs *regs, const struct signal_info *info)
{
    switch (signal_default_action(info->signo)) {
    case SIGNAL_IGNORE:
    case SIGNAL_CONTINUE:
        return;
    case SIGNAL_STOP:
        stop_program(process_current());
        return;
    case SIGNAL_DIE:
        die(regs, info, false);
    case SIGNAL_CRASH:
        die(regs, info, true);
    }
}

/* The frame could not be written: a handler for SIGSEGV itself is hopeless. */
static void force_segv(int failed_signo, uint64_t sp)
{
    struct signal_info info = { .signo = SIGSEGV,
                                .code = 0x80 /* SI_KERNEL */,
                                .addr = sp };

    if (failed_signo == SIGSEGV)
        process_current()->signal->actions[SIGSEGV - 1] =
            (struct signal_action){ 0 };
    signal_force(&info);
}

static void run_handler(struct regs *regs, const struct signal_info *info)
{
    struct thread *t = thread_current();
    struct signal_thread *s = t->signal;
    struct signal_action *slot = &t->process->signal->actions[info->signo - 1];
    struct signal_action action = *slot;
    uint64_t old = s->restore_blocked ? s->saved_blocked : s->blocked;
    uint64_t blocked = s->blocked | action.mask;

    finish_call(regs, &action);
    rseq_abort(regs);
    if (signal_frame_push(regs, info, &action, old) != 0) {
        force_segv(info->signo, regs->rsp);
        return;
    }
    s->restore_blocked = false;
    if (action.flags & SA_RESETHAND)
        slot->handler = 0;
    if (!(action.flags & SA_NODEFER))
        blocked |= SIGNAL_BIT(info->signo);
    signal_set_blocked(blocked);
}

static void deliver_pending(struct thread *t, struct regs *regs)
{
    const struct signal_thread *s = t->signal;
    struct process *p = t->process;
    struct signal_info info;

    if (p->signal->stopped)
        wait_while_stopped(p);
    while (t->interrupted && !p->exiting) {
        if (!signal_dequeue(~s->blocked, &info)) {
            t->interrupted = false;
            break;
        }
        if (debug_is_attached() && !debug_signal(regs, &info)) {
            signal_recalc();
            continue;
        }
        if (signal_traced && p->signal->actions[info.signo - 1].handler != 1)
            signal_traced(&info, false);
        if (p->signal->actions[info.signo - 1].handler == 0)
            default_action(regs, &info);
        else if (p->signal->actions[info.signo - 1].handler != 1)
            run_handler(regs, &info);
        signal_recalc();
    }
}

static NOINLINE void deliver(struct thread *t, struct regs *regs)
{
    struct signal_thread *s = t->signal;

    if (t->interrupted || t->process->signal->stopped)
        deliver_pending(t, regs);
    finish_call(regs, NULL);
    if (s->restore_blocked && !t->process->exiting) {
        s->restore_blocked = false;
        signal_set_blocked(s->saved_blocked);
    }
}

/* Most who come here were preempted: no signal, and no call to begin again. */
void signal_deliver(struct regs *regs)
{
    struct thread *t = thread_current();

    if (debug_is_attached())
        debug_begin(regs);
    if (UNLIKELY(t->interrupted || t->process->signal->stopped ||
                 t->signal->restore_blocked ||
                 regs->rax + ERESTART_RESTARTBLOCK <=
                     ERESTART_RESTARTBLOCK - ERESTARTSYS))
        deliver(t, regs);
    if (debug_is_attached())
        debug_return(regs);
}
