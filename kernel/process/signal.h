/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.h - signals: queues, masks, delivery.
 *
 * What:      Linux's semantics and frame layout. Faults arrive through
 *            signal_force(), other sources through signal_send_*().
 * Context:   send from anywhere; deliver on the way back to the program.
 */
#ifndef PROCESS_SIGNAL_H
#define PROCESS_SIGNAL_H

#include "core/list.h"
#include "sched/process.h"
#include "sched/wait.h"

struct regs;

#define SIGNAL_COUNT 64u

#define SIGNAL_BIT(signo)  (1ull << ((signo)-1))
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(9) | SIGNAL_BIT(19)) /* KILL, STOP */

struct signal_info { /* what siginfo_t carries, decoded */
    int signo, code, err;
    int pid;
    uint32_t uid;
    uint64_t addr;  /* faults; SIGIO: the band */
    uint64_t value; /* sigqueue, timers; SIGIO: the descriptor */
    int timer_id, overrun;
    uint64_t trapno, error; /* faults: as the CPU gave them */
};

/* One disposition, laid out as rt_sigaction's struct. */
struct signal_action {
    uint64_t handler; /* 0 SIG_DFL, 1 SIG_IGN */
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

/* Signals that wait: a set, and what is known of each, oldest first. */
struct signal_pending {
    uint64_t set;
    struct list queue; /* struct signal_queued */
};

/* What the threads of a process share. */
struct signal_process {
    struct signal_action actions[SIGNAL_COUNT];
    struct signal_pending pending;
    size_t queued_count; /* of all threads, against RLIMIT_SIGPENDING */
    bool stopped;        /* by SIGSTOP & co., until SIGCONT */
    struct waitq stop_queue;
    struct waitq watchers; /* signalfd: woken when any signal is queued */
};

struct signal_thread {
    uint64_t blocked; /* changed by its thread alone, perhaps without a lock */
    uint64_t waiting; /* sigtimedwait()'s set while it sleeps */
    uint64_t saved_blocked;
    bool restore_blocked; /* sigsuspend & co.: saved_blocked is due back */
    struct signal_pending pending;
    uint64_t alt_sp; /* sigaltstack */
    uint64_t alt_len;
    uint32_t alt_flags; /* SS_DISABLE, SS_AUTODISARM */
};

/* Queue for a process (any thread may take it) or one thread. 0, -EAGAIN. */
int signal_send_process(struct process *p, const struct signal_info *info);
int signal_send_thread(struct thread *t, const struct signal_info *info);
/* A fault of the current thread: delivered even if blocked or ignored (then
 * the default action, death, is taken). regs: full registers. */
void signal_force(const struct signal_info *info);
/* True when the current thread has a signal that would be delivered now. */
bool signal_pending(void);
/* Deliver one pending signal by changing regs, or die. Also restarts system
 * calls (ERESTART*). Called from thread_return_work(). */
void signal_deliver(struct regs *regs);
/* What no handler interrupted begins again, if it is to. */
void signal_finish_call(struct regs *regs);
/*
 * The signal mask, with all that hangs on a change. SIGKILL and SIGSTOP stay
 * open. The kernel lock need not be held: who sends adds what is pending and
 * looks at the mask then, who sets the mask looks at what is pending then, so
 * one of the two sees the other's.
 */
uint64_t signal_blocked(void);
void signal_set_blocked(uint64_t blocked);
/* Something is pending, or was: look who takes it. */
ARCH_SELDOM void signal_blocked_changed(uint64_t before);
static ALWAYS_INLINE void signal_set_blocked_quick(uint64_t blocked)
{
    struct thread *t = thread_current();
    struct signal_thread *s = t->signal;
    uint64_t before = __atomic_exchange_n(
        &s->blocked, blocked & ~SIGNAL_UNBLOCKABLE, __ATOMIC_SEQ_CST);

    if (UNLIKELY(s->pending.set | t->process->signal->pending.set |
                 t->interrupted))
        ARCH_CALL_SELDOM(signal_blocked_changed, before);
}
/* For calls that swap the mask while they sleep (ppoll, pselect6, epoll_pwait,
 * sigsuspend): begin before, and finish after with the call's result, which
 * says whether the old mask comes back now or after the handler. */
void signal_mask_swap(uint64_t blocked);
long signal_mask_restore(long result);
/* The same from user pointers, as ppoll and friends get them: set 0 means no
 * change. -EFAULT, -EINVAL */
MUST_CHECK int signal_mask_swap_user(uint64_t set, size_t set_len);

/* For signalfd and sigtimedwait: take the first pending signal of mask. */
bool signal_dequeue(uint64_t mask, struct signal_info *out);
/* Pending for the current thread or its process. */
uint64_t signal_pending_set(void);
/* Woken when a signal is queued; of the current process. */
struct waitq *signal_watchers(void);
const char *signal_name(int signo); /* "SIGSEGV"; "SIGRTMIN+3" is "SIGRT" */

/* siginfo_t as the program sees it, both ways. */
#define SIGNAL_INFO_LEN 128u
void signal_info_encode(const struct signal_info *info,
                        uint8_t out[SIGNAL_INFO_LEN]);
void signal_info_decode(const uint8_t in[SIGNAL_INFO_LEN],
                        struct signal_info *out);

/* ---- between the signal*.c files ---- */

/* Build the handler's frame on the program's stack and enter it. -EFAULT */
MUST_CHECK int signal_frame_push(struct regs *regs,
                                 const struct signal_info *info,
                                 const struct signal_action *action,
                                 uint64_t saved_blocked);
/* rt_sigreturn: the registers and mask of the frame at regs->rsp - 8.
 * -EFAULT: a bad frame, the caller forces SIGSEGV. Registers and mask may be
 * the frame's then, and must not be returned to. */
MUST_CHECK int signal_frame_pop(struct regs *regs);
/* sigaltstack's flags as seen from this stack pointer: SS_ONSTACK, ... */
uint32_t signal_stack_flags(const struct signal_thread *s, uint64_t sp);
/* Set the alternate stack. -EINVAL, -ENOMEM, -EPERM while it is in use */
MUST_CHECK int signal_stack_set(struct signal_thread *s, uint64_t sp,
                                uint32_t flags, uint64_t len,
                                uint64_t current_sp);
/* Tell the host why the program dies, if it would want to know. */
void signal_report_crash(const struct regs *regs,
                         const struct signal_info *info);
/* The action when there is no handler. */
enum signal_default {
    SIGNAL_IGNORE,
    SIGNAL_DIE,
    SIGNAL_CRASH, /* die, with a report */
    SIGNAL_STOP,
    SIGNAL_CONTINUE
};
enum signal_default signal_default_action(int signo);
/* A handler was set or removed: pending signals that are ignored now go. */
void signal_action_set(int signo, const struct signal_action *action);
void signal_recalc(void); /* the current thread's `interrupted` */

/* exec(): handlers become default, pending signals and masks stay. */
void signal_reset_for_exec(struct process *p);
/* A process's and a thread's state; parent NULL for the first. -ENOMEM */
MUST_CHECK int signal_process_init(struct process *p);
MUST_CHECK int signal_thread_init(struct thread *t,
                                  const struct thread *parent);
/* The thread leaves its process's list before anything can be sent again. */
void signal_thread_fini(struct thread *t);
/* syscall/trace.c: what a tool outside wants to see. It is about to be
 * delivered, or has just decided the program's end. */
void signal_traced(const struct signal_info *info, bool is_deadly);
#pragma weak signal_traced
/* From the host: Ctrl-C, SIGTERM, SIGWINCH ... */
void signal_from_host(int signo);

#endif
