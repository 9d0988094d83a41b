/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.h - a process's timers that send signals.
 *
 * What:      the three interval timers (setitimer) and the POSIX timers
 *            (timer_create).
 * Ownership: struct process.timers, made when the first one is asked for.
 * Context:   a thread's system call.
 * Errors:    as listed per function.
 * Units:     ns.
 */
#ifndef PROCESS_TIMERS_H
#define PROCESS_TIMERS_H

#include "process/clocks.h"

#define POSIX_TIMER_MAX 4096u
#define ITIMER_COUNT    3u

struct posix_timer {
    struct list link;
    struct clock_timer timer;
    int clock; /* as created; timer.clock: as armed */
    int id;
    int signo; /* 0: SIGEV_NONE */
    int tid;   /* SIGEV_THREAD_ID; 0: the process */
    uint64_t value;
    /* A timer's signal is queued once; what expires meanwhile is counted. */
    bool queued;
    uint64_t overrun;      /* since it was queued */
    uint64_t last_overrun; /* of the one that was delivered last */
};

struct process_timers {
    struct clock_timer itimers[ITIMER_COUNT];
    struct clock_timer cpu_limit; /* RLIMIT_CPU */
    struct list posix;            /* struct posix_timer */
    unsigned posix_count;
    int next_id;
};

/* The current process's; NULL: out of memory. */
struct process_timers *process_timers(void) MUST_CHECK;
/* RLIMIT_CPU was set: SIGXCPU at the soft limit and each second after it,
 * SIGKILL at the hard one. -ENOMEM */
MUST_CHECK int process_cpu_limit_set(void);
/* -EAGAIN too many, -ENOMEM. The fields signo, tid, value are the caller's. */
MUST_CHECK int posix_timer_create(int clock, struct posix_timer **out);
struct posix_timer *posix_timer_find(int id); /* NULL: none */
int posix_timer_overrun(struct posix_timer *t);
/* The signal of timer `id` is being taken: *overrun becomes its count. */
void posix_timer_delivered(int id, int *overrun);
void posix_timer_delete(struct posix_timer *t);

#endif
