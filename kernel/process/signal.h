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

#include "core/types.h"

struct regs;
struct thread;
struct process;

#define SIGNAL_COUNT 64u

struct signal_info { /* what siginfo_t carries, decoded */
    int signo, code, err;
    int pid;
    uint32_t uid;
    uint64_t addr;  /* faults */
    uint64_t value; /* sigqueue, timers */
    int timer_id, overrun;
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
/* From the host: Ctrl-C, SIGTERM, SIGWINCH ... */
void signal_from_host(int signo);

#endif
