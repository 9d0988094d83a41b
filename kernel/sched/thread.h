/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.h - threads: what runs, and which one runs next.
 *
 * What:      a struct thread is one Linux task. The scheduler keeps the ready
 *            ones in priority order, on each CPU, and gives each a time slice;
 *            with one ready thread no timer runs (tickless).
 * Ownership: the process lists its threads; a thread's memory is freed after
 *            it has exited and been switched away from.
 */
#ifndef SCHED_THREAD_H
#define SCHED_THREAD_H

#include "abi/debug.h"
#include "arch/arch.h"
#include "core/list.h"
#include "sched/wait.h"

struct process;
struct signal_thread;
struct fdtable;
struct fs_context;

struct cpu_times {
    uint64_t user_ns, system_ns;
};

enum thread_state {
    THREAD_RUNNING,
    THREAD_READY,
    THREAD_SLEEPING,
    THREAD_MOVING, /* from one CPU's queue to another's, in none */
    THREAD_DEAD
};

/* A call that returns -ERESTART_RESTARTBLOCK fills this first; after the stop
 * signal or ignored signal, restart_syscall(2) calls fn. With a handler the
 * program sees -EINTR. */
struct syscall_restart {
    long (*fn)(struct syscall_restart *r);
    uint64_t deadline_ns; /* the rest is fn's own */
    uint64_t arg[4];
};

struct thread {
    struct arch_thread arch; /* first: assembly knows */
    struct process *process;
    struct fdtable *files;        /* one reference; CLONE_FILES shares it */
    struct fs_context *fs;        /* one reference; CLONE_FS shares it */
    void *kstack;                 /* NULL: the boot stack */
    struct signal_thread *signal; /* process/signal.h */
    char name[16];
    int tid;
    /* What the scheduler keeps is guarded by the lock of the queue that the
     * thread is in: of its CPU's, runq.h. */
    enum thread_state state;
    uint32_t cpu;      /* number of the CPU that it runs on, or ran on last */
    bool on_cpu;       /* that CPU is on its stack, running or idle */
    struct runq *runq; /* that CPU's */
    uint64_t affinity; /* bit n: it may run on CPU number n + 1 */
    uint64_t wake_gap; /* average time from woke_at to its sleep */
    struct list ready_link;
    struct list process_link;
    struct list pi_waiters; /* who waits for its locks: futex_pi.c */
    uint64_t ready_key;     /* order in the ready list, lowest first */
    uint64_t vruntime;  /* CPU time weighted by nice; the fair policies' key */
    uint64_t slice_end; /* in TSC ticks, as those below */
    uint64_t switched_in;
    /* Whoever makes a thread sets all above, and zeroes what follows. */
    uint64_t woke_at; /* when it last woke another thread; 0: slept since */
    bool woken;       /* thread_wake() since thread_wake_clear() */
    /* Work to do before the next return to the program: signals to deliver,
     * a time slice that is over, exit asked for. Read by assembly through
     * struct percpu.work as well; set with thread_kick(). */
    bool need_resched;
    bool kicked;      /* thread_kick() since the last thread_return_work() */
    bool interrupted; /* a signal is deliverable: sleeps end. By signals only */
    uint64_t cpu_cycles; /* CPU time used, up to switched_in */
    /* Of them in the kernel, see cputime.c: timed one by one, and estimated;
     * where they stood when a sample began, and when the last one ended. */
    uint64_t timed_cycles, estimated_cycles;
    uint64_t sample_start, sample_timed, sample_last, timed_last;
    uint32_t sample_distance, sample_count;
    uint32_t sample_weight; /* calls that the timed one stands for; 0: none */
    struct cpu_times shown_times;
    uint64_t switch_count;
    uint64_t traced_tsc; /* when the call began that is traced */
    uint64_t call_count; /* system calls: all before the last sample's next */
    uint64_t io[4];      /* bytes read, written; calls for either */
    int nice;            /* -20..19 */
    int policy;          /* SCHED_* */
    int rt_priority;     /* 1..99 for SCHED_FIFO and SCHED_RR, else 0 */
    int rt_effective; /* what it runs with: rt_priority or an inherited one */
    struct futex_waiter *pi_blocked; /* its own waiting for a lock */
    bool reset_on_fork;
    uint16_t ioprio; /* as ioprio_set() has it; 0: from nice */
    uaddr_t clear_child_tid;
    uaddr_t robust_list;
    uaddr_t rseq;
    uint32_t rseq_cpu; /* the CPU number that the program was told; 0: none */
    uint32_t rseq_len;
    uint32_t rseq_sig;
    struct syscall_restart restart; /* for -ERESTART_RESTARTBLOCK */
    uint64_t fault_addr;
    struct debug_thread debug; /* a debugger's */
    bool debug_steps;          /* TF is set, and not by the program */
    bool must_not_fault; /* kernel code gets -EFAULT instead: locks are held */
};

/* What a debugger wants: process/debug.c. */
extern struct debug_control debug_control;

static inline struct thread *thread_current(void)
{
    return arch_thread();
}

static inline void thread_wake_clear(void)
{
    thread_current()->woken = false;
}

/* Set up the first thread of the first process, as current, on the boot stack,
 * with the process's signal state. The caller fills files and fs.
 * NULL: out of memory. */
struct thread *thread_init_first(struct process *p);
/* A new thread of the current process that will enter the program with *regs.
 * Inherits what Linux's clone() lets a thread inherit, shares files and fs.
 * Not ready yet: thread_wake(), or thread_discard() it.
 * -ENOMEM, -EAGAIN too many threads (RLIMIT_NPROC, THREAD_MAX) */
#define THREAD_MAX 32768u
MUST_CHECK int thread_create(const struct regs *regs, struct thread **out);
void thread_discard(struct thread *t);
/* By thread id, in the current process; 0 is the caller. NULL: none. */
struct thread *thread_find(int tid);
/* CPU time used until now, the running slice included. */
uint64_t thread_cpu_ns(const struct thread *t);
uint64_t process_cpu_ns(const struct process *p); /* dead threads included */
uint64_t thread_cpu_cycles(const struct thread *t);
/* The same, in two: what it did itself, and what the kernel did for it. The
 * parts are estimated (cputime.c), their sum is exact; neither ever falls. */
struct cpu_times thread_times(struct thread *t);
struct cpu_times process_times(struct process *p);
/* A system call begins that is to be timed / has come to its end. */
void cputime_sample_begin(void);
void cputime_sample_end(struct thread *t);
void cputime_thread_begin(struct thread *t);
/* Its CPU time has been counted; it becomes the process's. */
void cputime_thread_end(const struct thread *t);
/* Long work of known size for the current thread, timed by itself. */
#define CPUTIME_LONG_LEN 16384u
static inline uint64_t cputime_long_begin(size_t len)
{
    return len >= CPUTIME_LONG_LEN ? thread_cpu_cycles(thread_current()) : 0;
}
static inline void cputime_long_end(uint64_t began)
{
    struct thread *t = thread_current();

    if (began)
        t->timed_cycles += thread_cpu_cycles(t) - began;
}
/* Make t's next return to the program go through thread_return_work(). */
void thread_kick(struct thread *t);
/* Called by the exit path when work is pending: resched, signals, exit. */
void thread_return_work(struct regs *regs);
/* Set once by main.c: delivers signals, see process/signal.h. */
extern void (*thread_signal_hook)(struct regs *regs);
/* Make t, if it runs, go through the scheduler before it goes on. */
void thread_resched(struct thread *t);
void thread_yield(void);
/* Change how t is scheduled, at once. The values are checked by the caller. */
void thread_set_policy(struct thread *t, int policy, int rt_priority);
void thread_set_nice(struct thread *t, int nice);
/* For futex_pi.c, which alone knows what is inherited. */
void thread_set_effective(struct thread *t, int rt_effective);
/* Bit n: CPU number n + 1; at least one that there is. -ENOMEM */
MUST_CHECK int thread_set_affinity(struct thread *t, uint64_t mask);
/* What sched_rr_get_interval() tells; 0 for SCHED_FIFO. */
uint64_t thread_slice_ns(const struct thread *t);
/* The current thread ends; never returns. The last one ends the process. */
NORETURN void thread_exit(void);
/* The scheduler's halves of birth and death, for process/thread.c. A dead
 * thread's memory is kept for the next one, or freed, once it is off the CPU,
 * with it what signal points to. thread_alloc: arch, kstack,
 * signal and what struct thread says is zeroed; NULL: out of memory. */
struct thread *thread_alloc(const struct regs *regs) MUST_CHECK;
void thread_free(struct thread *t); /* one that never ran */
void thread_sched_init(struct thread *t, const struct thread *parent);
NORETURN void thread_die(void);
/* Set t->interrupted and end its sleep: a signal came. */
void thread_interrupt(struct thread *t);
/* The current thread's turn is over if need_resched says so. Without the
 * kernel lock. */
void thread_preempt(void);
/* Restartable sequences: the current thread was preempted or gets a signal;
 * leave a critical section through its abort address. */
void rseq_abort(struct regs *regs);
/* Tell the program on which CPU the current thread runs. */
void rseq_moved(void);
/* entry.S: a new thread's first kernel code. */
void thread_begin(void);
/* Threads ready to run, for loadavg. */
size_t thread_ready_count(void);

#endif
