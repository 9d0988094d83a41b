/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.h - threads: what runs, and which one runs next.
 *
 * What:      a struct thread is one Linux task. The scheduler keeps the ready
 *            ones in priority order and gives each a time slice; with one
 *            ready thread no timer runs (tickless).
 * Ownership: the process lists its threads; a thread's memory is freed after
 *            it has exited and been switched away from.
 */
#ifndef SCHED_THREAD_H
#define SCHED_THREAD_H

#include "arch/arch.h"
#include "core/list.h"
#include "sched/wait.h"

struct process;
struct signal_thread;
struct fdtable;
struct fs_context;

enum thread_state { THREAD_RUNNING, THREAD_READY, THREAD_SLEEPING, THREAD_DEAD };

struct thread {
    struct arch_thread arch; /* first: assembly knows */
    struct process *process;
    struct fdtable *files;  /* one reference; CLONE_FILES shares it */
    struct fs_context *fs;  /* one reference; CLONE_FS shares it */
    int tid;
    enum thread_state state;
    bool woken; /* thread_wake() since thread_wake_clear() */
    /* Work to do before the next return to the program: signals to deliver,
     * a time slice that is over, exit asked for. Read by assembly through
     * struct percpu.work as well; set with thread_kick(). */
    bool need_resched;
    struct list ready_link;
    struct list process_link;
    uint64_t slice_end_ns;
    uint64_t cpu_ns; /* CPU time used */
    uint64_t switched_in_ns;
    int nice;
    int policy;
    char name[16];
    uaddr_t clear_child_tid;
    uaddr_t robust_list;
    uaddr_t rseq;
    uint32_t rseq_len;
    uint32_t rseq_sig;
    struct signal_thread *signal; /* process/signal.h */
    void *syscall_restart;        /* for ERESTART_RESTARTBLOCK */
    uint64_t fault_addr;
};

extern struct thread *thread_current_ptr; /* per CPU later */
static inline struct thread *thread_current(void)
{
    return thread_current_ptr;
}

/* Set up the first thread of the first process, as current. */
struct thread *thread_init_first(struct process *p);
/* Make t's next return to the program go through thread_return_work(). */
void thread_kick(struct thread *t);
/* Called by the exit path when work is pending: resched, signals, exit. */
void thread_return_work(struct regs *regs);
/* Set once by main.c: delivers signals, see process/signal.h. */
extern void (*thread_signal_hook)(struct regs *regs);
void thread_yield(void);
/* The current thread ends; never returns. */
NORETURN void thread_exit(void);
/* Threads ready to run, for loadavg. */
size_t thread_ready_count(void);

#endif
